//! Markdown to HTML that is safe to show: what is written as HTML comes out as text.

use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{
    entities::{escaped_attribute, escaped_text},
    links::{is_safe_link, is_safe_source},
    sanitize::sanitised,
};

/// How Markdown is turned into HTML.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// HTML in the text is kept as far as it is harmless, instead of being shown as text.
    pub raw_html: bool,
    /// A line break in the text is one in the result, as people expect of messages.
    pub line_breaks: bool,
}

/// Markdown as HTML; HTML in it is shown as text.
pub fn markdown_to_html(text: &str) -> String {
    markdown_to_html_with(text, MarkdownOptions::default())
}

pub fn markdown_to_html_with(text: &str, options: MarkdownOptions) -> String {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let mut writer = Writer { options, ..Writer::default() };
    for event in parser {
        writer.take(event);
    }
    let html = writer.html.trim_end().to_owned();
    if options.raw_html { sanitised(&html).markup } else { html }
}

#[derive(Debug, Default)]
struct Writer {
    html: String,
    options: MarkdownOptions,
    alignments: Vec<Alignment>,
    column: usize,
    in_head: bool,
    /// Pictures whose description is being read: their text becomes `alt`.
    pictures: Vec<Picture>,
    /// What closes each open link: nothing where the address was not one to follow.
    links: Vec<bool>,
}

#[derive(Debug)]
struct Picture {
    source: String,
    title: String,
    description: String,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        if !self.pictures.is_empty() {
            return self.in_picture(event);
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.html.push_str(&escaped_text(&text)),
            Event::Code(code) => self.html.push_str(&format!("<code>{}</code>", escaped_text(&code))),
            Event::Html(html) | Event::InlineHtml(html) if self.options.raw_html => self.html.push_str(&html),
            Event::Html(html) | Event::InlineHtml(html) => self.html.push_str(&escaped_text(&html)),
            Event::SoftBreak if !self.options.line_breaks => self.html.push('\n'),
            Event::SoftBreak | Event::HardBreak => self.html.push_str("<br/>\n"),
            Event::Rule => self.html.push_str("<hr/>\n"),
            // Extensions that are not switched on.
            Event::FootnoteReference(_)
            | Event::TaskListMarker(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => {}
        }
    }

    fn in_picture(&mut self, event: Event<'_>) {
        let depth = self.pictures.len();
        let Some(picture) = self.pictures.last_mut() else { return };
        match event {
            Event::Text(text) | Event::Code(text) | Event::InlineHtml(text) => {
                picture.description.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak => picture.description.push(' '),
            Event::Start(Tag::Image { .. }) => self.pictures.push(Picture {
                source: String::new(),
                title: String::new(),
                description: String::new(),
            }),
            Event::End(TagEnd::Image) => {
                let Some(done) = self.pictures.pop() else { return };
                match self.pictures.last_mut() {
                    Some(outer) if depth > 1 => outer.description.push_str(&done.description),
                    _ => self.picture(&done),
                }
            }
            _ => {}
        }
    }

    fn picture(&mut self, picture: &Picture) {
        let description = escaped_attribute(&picture.description);
        if !is_safe_source(&picture.source) {
            self.html.push_str(&escaped_text(&picture.description));
            return;
        }
        let source = escaped_attribute(&picture.source);
        self.html
            .push_str(&format!("<img src=\"{source}\" alt=\"{description}\"{}/>", title(&picture.title)));
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.html.push_str("<p>"),
            Tag::Heading { level, .. } => self.html.push_str(&format!("<h{}>", number(level))),
            Tag::BlockQuote(_) => self.html.push_str("<blockquote>\n"),
            Tag::CodeBlock(kind) => self.code_block(&kind),
            Tag::List(None) => self.html.push_str("<ul>\n"),
            Tag::List(Some(1)) => self.html.push_str("<ol>\n"),
            Tag::List(Some(first)) => self.html.push_str(&format!("<ol start=\"{first}\">\n")),
            Tag::Item => self.html.push_str("<li>"),
            Tag::Emphasis => self.html.push_str("<em>"),
            Tag::Strong => self.html.push_str("<strong>"),
            Tag::Strikethrough => self.html.push_str("<del>"),
            Tag::Link { dest_url, title: text, .. } => self.link(&dest_url, &text),
            Tag::Image { dest_url, title, .. } => self.pictures.push(Picture {
                source: dest_url.to_string(),
                title: title.to_string(),
                description: String::new(),
            }),
            Tag::Table(alignments) => {
                self.alignments = alignments;
                self.html.push_str("<table class=\"table table-bordered\">\n");
            }
            Tag::TableHead => {
                (self.in_head, self.column) = (true, 0);
                self.html.push_str("<thead>\n<tr>");
            }
            Tag::TableRow => {
                self.column = 0;
                self.html.push_str("<tr>");
            }
            Tag::TableCell => self.cell(),
            // A block of HTML that is shown as text needs a paragraph of its own.
            Tag::HtmlBlock if !self.options.raw_html => self.html.push_str("<p>"),
            Tag::HtmlBlock
            | Tag::FootnoteDefinition(_)
            | Tag::MetadataBlock(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.html.push_str("</p>\n"),
            TagEnd::Heading(level) => self.html.push_str(&format!("</h{}>\n", number(level))),
            TagEnd::BlockQuote(_) => self.html.push_str("</blockquote>\n"),
            TagEnd::CodeBlock => self.html.push_str("</code></pre>\n"),
            TagEnd::List(ordered) => self.html.push_str(if ordered { "</ol>\n" } else { "</ul>\n" }),
            TagEnd::Item => self.html.push_str("</li>\n"),
            TagEnd::Emphasis => self.html.push_str("</em>"),
            TagEnd::Strong => self.html.push_str("</strong>"),
            TagEnd::Strikethrough => self.html.push_str("</del>"),
            TagEnd::Link if self.links.pop() == Some(true) => self.html.push_str("</a>"),
            TagEnd::Table => self.html.push_str("</tbody>\n</table>\n"),
            TagEnd::TableHead => {
                self.in_head = false;
                self.html.push_str("</tr>\n</thead>\n<tbody>\n");
            }
            TagEnd::TableRow => self.html.push_str("</tr>\n"),
            TagEnd::TableCell => self.html.push_str(if self.in_head { "</th>" } else { "</td>" }),
            TagEnd::HtmlBlock if !self.options.raw_html => {
                let kept = self.html.trim_end().len();
                self.html.truncate(kept);
                self.html.push_str("</p>\n");
            }
            TagEnd::Link
            | TagEnd::Image
            | TagEnd::HtmlBlock
            | TagEnd::FootnoteDefinition
            | TagEnd::MetadataBlock(_)
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Superscript
            | TagEnd::Subscript => {}
        }
    }

    /// The words of a link that must not be followed stay.
    fn link(&mut self, address: &str, text: &str) {
        let safe = is_safe_link(address);
        if safe {
            self.html.push_str(&format!("<a href=\"{}\"{}>", escaped_attribute(address), title(text)));
        }
        self.links.push(safe);
    }

    fn code_block(&mut self, kind: &CodeBlockKind<'_>) {
        let language = match kind {
            CodeBlockKind::Fenced(info) => info.split([' ', ',']).next().unwrap_or_default(),
            CodeBlockKind::Indented => "",
        };
        let plain = !language.is_empty()
            && language.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '#'));
        match plain {
            true => self.html.push_str(&format!("<pre><code class=\"language-{language}\">")),
            false => self.html.push_str("<pre><code>"),
        }
    }

    fn cell(&mut self) {
        let name = if self.in_head { "th" } else { "td" };
        let align = match self.alignments.get(self.column) {
            Some(Alignment::Left) => " style=\"text-align: left;\"",
            Some(Alignment::Center) => " style=\"text-align: center;\"",
            Some(Alignment::Right) => " style=\"text-align: right;\"",
            Some(Alignment::None) | None => "",
        };
        self.column += 1;
        self.html.push_str(&format!("<{name}{align}>"));
    }
}

fn title(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" title=\"{}\"", escaped_attribute(text)) }
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markdown: &str, html: &str) {
        assert_eq!(markdown_to_html(markdown).replace('\n', ""), html, "{markdown}");
    }

    #[test]
    fn the_basics() {
        check(
            "# A *b*\n\ntext **c** `d<e`",
            "<h1>A <em>b</em></h1><p>text <strong>c</strong> <code>d&lt;e</code></p>",
        );
        check("- a\n- b\n  1. c\n  2. d", "<ul><li>a</li><li>b<ol><li>c</li><li>d</li></ol></li></ul>");
        check("3. x", "<ol start=\"3\"><li>x</li></ol>");
        check("> a\n\n---\n\nb  \nc", "<blockquote><p>a</p></blockquote><hr/><p>b<br/>c</p>");
        check(
            "```rust\nlet a = \"<b>\";\n```",
            "<pre><code class=\"language-rust\">let a = \"&lt;b&gt;\";</code></pre>",
        );
        check("```\"><script>\nx\n```", "<pre><code>x</code></pre>");
        check("~~a~~", "<p><del>a</del></p>");
        check(
            "| a | b |\n|---|--:|\n| 1 | 2 |",
            "<table class=\"table table-bordered\"><thead><tr><th>a</th><th style=\"text-align: right;\">b</th></tr></thead>\
             <tbody><tr><td>1</td><td style=\"text-align: right;\">2</td></tr></tbody></table>",
        );
        check("", "");
    }

    #[test]
    fn links_go_where_links_may_go() {
        check(
            "[a](https://b.example/?c=d&e \"t\")",
            "<p><a href=\"https://b.example/?c=d&amp;e\" title=\"t\">a</a></p>",
        );
        check("[a](javascript:alert(1)) [b](JaVa&#115;cript:x)", "<p>a b</p>");
        check(
            "[a](/odoo/1) <mailto:x@y.z> [t](tel:+33)",
            "<p><a href=\"/odoo/1\">a</a> <a href=\"mailto:x@y.z\">mailto:x@y.z</a> <a href=\"tel:+33\">t</a></p>",
        );
        check("<javascript:x>", "<p>javascript:x</p>");
        check("[a](data:text/html,x)", "<p>a</p>");
        check("![a \"b\" ![c](x)](/d.png)", "<p><img src=\"/d.png\" alt=\"a &quot;b&quot; c\"/></p>");
        check("![a](javascript:x)", "<p>a</p>");
        check("[a](\"onclick=x)", "<p><a href=\"&quot;onclick=x\">a</a></p>");
    }

    #[test]
    fn html_is_shown_as_text() {
        check("a <b>c</b>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>");
        check("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>");
        check("<div onclick=x>\n\n*a*", "<p>&lt;div onclick=x&gt;</p><p><em>a</em></p>");
    }

    #[test]
    fn harmless_html_may_be_allowed() {
        let options = MarkdownOptions { raw_html: true, line_breaks: true };
        let html = markdown_to_html_with("a <b onclick=x>*c*</b><script>d</script>\ne", options);
        assert_eq!(html, "<p>a <b><em>c</em></b><br/>\ne</p>");
    }

    #[test]
    fn much_nesting_ends() {
        for text in
            [">".repeat(5000), "- ".repeat(3000), "*".repeat(20_000), "[".repeat(20_000), "![".repeat(5000)]
        {
            assert!(markdown_to_html(&text).len() < 1_000_000);
        }
    }
}
