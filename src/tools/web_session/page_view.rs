//! A page as a reader gets it: its words, its links and its tables, a stretch at a time.

use schemars::JsonSchema;
use serde::Serialize;

use crate::markup::{self, Page};

/// Characters of text in one answer unless the call asks otherwise.
pub(super) const TEXT_CHARS_DEFAULT: u32 = 20_000;
/// Links and tables of one answer; longer lists are for a tool of their own.
const LINKS_MAX: usize = 100;
const TABLES_MAX: usize = 20;
const TABLE_ROWS_MAX: usize = 100;
/// Longest address that is shown.
const HREF_BYTES_MAX: usize = 500;

/// What a page says.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct PageView {
    /// Title of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    /// The readable text, from `offset` on.
    pub(super) text: String,
    /// Characters of the whole text.
    pub(super) text_chars: usize,
    /// Pass this as `offset` for the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_offset: Option<usize>,
    /// Links of the page, on its first stretch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) links: Vec<LinkView>,
    /// Tables of the page, on its first stretch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tables: Vec<TableView>,
}

/// A link.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LinkView {
    /// What it is called.
    text: String,
    /// Where it leads.
    href: String,
}

/// A table.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TableView {
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<String>,
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl PageView {
    /// Everything of it in lines, which is shorter than the same as JSON.
    pub(super) fn readable(&self, status: u16, path: &str) -> String {
        let mut lines = vec![format!("{status} {path}")];
        lines.extend(self.title.iter().map(|title| format!("# {title}")));
        lines.push(self.text.clone());
        for table in &self.tables {
            lines.extend(table.caption.iter().map(|caption| format!("table: {caption}")));
            lines.push(table.headers.join(" | "));
            lines.extend(table.rows.iter().map(|row| row.join(" | ")));
        }
        if !self.links.is_empty() {
            lines.push("links:".to_owned());
            lines.extend(self.links.iter().map(|link| format!("{} -> {}", link.text, link.href)));
        }
        let rest = self.next_offset.map(|next| {
            format!(
                "{} of {} characters; `offset: {next}` shows more",
                self.text.chars().count(),
                self.text_chars
            )
        });
        lines.extend(rest);
        lines.join("\n")
    }

    /// A stretch of an HTML page.
    pub(super) fn of_html(html: &str, offset: usize, chars_max: usize) -> Self {
        let page = Page::parse(html);
        let mut view = Self::of_text(&page.text(), offset, chars_max);
        view.title = page.title();
        if offset > 0 {
            return view;
        }
        let within = page.main().unwrap_or(page.document().root());
        let useful = |link: &markup::Link| {
            markup::is_safe_link(&link.href)
                && !link.href.starts_with('#')
                && link.href.len() <= HREF_BYTES_MAX
        };
        for link in page.links_within(within).into_iter().filter(useful) {
            if view.links.len() >= LINKS_MAX {
                break;
            }
            if !view.links.iter().any(|known| known.href == link.href && known.text == link.text) {
                view.links.push(LinkView { text: link.text, href: link.href });
            }
        }
        let table = |table: markup::Table| TableView {
            caption: table.caption,
            headers: table.headers,
            rows: table
                .rows
                .into_iter()
                .take(TABLE_ROWS_MAX)
                .map(|row| row.into_iter().map(|cell| cell.text).collect())
                .collect(),
        };
        view.tables = page
            .tables()
            .into_iter()
            .filter(|table| !table.rows.is_empty())
            .take(TABLES_MAX)
            .map(table)
            .collect();
        view
    }

    /// A stretch of plain text.
    pub(super) fn of_text(text: &str, offset: usize, chars_max: usize) -> Self {
        let whole = text.chars().count();
        let shown: String = text.chars().skip(offset).take(chars_max).collect();
        let end = offset.saturating_add(shown.chars().count());
        Self { text: shown, text_chars: whole, next_offset: (end < whole).then_some(end), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_comes_in_stretches() {
        let html = "<html><head><title>Orders</title></head><body><main><h1>Orders</h1><p>one two three</p>\
             <a href=\"/my/orders/7\">S7</a><a href=\"javascript:x\">bad</a><a href=\"#top\">top</a>\
             <table><tr><th>No</th></tr><tr><td>S7</td></tr></table></main></body></html>";
        let view = PageView::of_html(html, 0, 10);
        assert_eq!(view.title.as_deref(), Some("Orders"));
        assert_eq!((view.links.len(), view.tables.len()), (1, 1));
        assert_eq!(view.text.chars().count(), 10);
        let rest = PageView::of_html(html, view.next_offset.unwrap(), 10_000);
        assert!(rest.links.is_empty() && rest.next_offset.is_none());
        assert_eq!(rest.text_chars, view.text_chars);
        assert!(PageView::of_text("\u{e9}\u{e9}", 5, 10).text.is_empty());
    }
}
