//! What an HTML page offers: title, links, tables, forms, and whether it is Odoo's login instead.

use super::{
    readable::{readable_text, text_in_a_line},
    tokens::Mode,
    tree::{Document, NodeId},
};

/// A link and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub text: String,
    /// As written, references read.
    pub href: String,
    pub element: NodeId,
}

/// A table as people see it. Cells that span columns are repeated empty, so that columns stay in line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub caption: Option<String>,
    /// The cells of the first row, where it is one of headings.
    pub headers: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
    pub element: NodeId,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    pub text: String,
    /// Where its first link leads.
    pub href: Option<String>,
}

/// A form and what it would send as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    pub action: String,
    /// In capitals; `GET` where the page does not say.
    pub method: String,
    pub fields: Vec<FormField>,
    pub element: NodeId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormField {
    pub name: String,
    /// The type of an input; `select` and `textarea` for those.
    pub kind: String,
    pub value: String,
}

/// Widest cell that is believed; a larger span is a mistake or an attack on memory.
const SPAN_MAX: usize = 100;

/// A page, read once.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    document: Document<'a>,
}

impl<'a> Page<'a> {
    pub fn parse(html: &'a str) -> Self {
        Self { document: Document::parse(html, Mode::Html) }
    }

    pub fn document(&self) -> &Document<'a> {
        &self.document
    }

    pub fn title(&self) -> Option<String> {
        let title = self
            .all("title")
            .find(|id| !self.document.ancestors(*id).any(|up| self.document.is(up, "svg")))?;
        let text: String = self.document.whole_text(title).split_whitespace().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    }

    /// The readable text: of the main part where the page names one, of everything else otherwise.
    pub fn text(&self) -> String {
        readable_text(&self.document, self.main().unwrap_or(self.document.root()))
    }

    /// The part that is this page and not its frame: Odoo's `#wrap`, or `main`.
    pub fn main(&self) -> Option<NodeId> {
        let wrap =
            self.by_id("wrap").or_else(|| self.by_id("wrapwrap").and_then(|_| self.all("main").next()));
        wrap.or_else(|| self.all("main").next())
    }

    pub fn by_id(&self, id: &str) -> Option<NodeId> {
        self.document.ids().find(|node| self.document.value(*node, "id").is_some_and(|value| value == id))
    }

    /// Elements of a name, in document order.
    pub fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = NodeId> + 'b {
        self.document.ids().filter(move |id| self.document.is(*id, name))
    }

    /// Links with an address, in document order.
    pub fn links(&self) -> Vec<Link> {
        self.links_within(self.document.root())
    }

    pub fn links_within(&self, id: NodeId) -> Vec<Link> {
        let document = &self.document;
        let link = |element: NodeId| {
            let href = document.value(element, "href")?.trim().to_owned();
            let mut text = text_in_a_line(document, element);
            if text.is_empty() {
                let named = ["aria-label", "title"].iter().find_map(|name| document.value(element, name));
                text = named.map(|name| name.trim().to_owned()).unwrap_or_default();
            }
            Some(Link { text, href, element })
        };
        document.elements_within(id).filter(|inner| document.is(*inner, "a")).filter_map(link).collect()
    }

    /// Tables, outermost first; a table inside a cell is one of its own.
    pub fn tables(&self) -> Vec<Table> {
        self.all("table").map(|element| self.table(element)).collect()
    }

    fn table(&self, element: NodeId) -> Table {
        let document = &self.document;
        let own = |id: &NodeId| document.ancestors(*id).find(|up| document.is(*up, "table")) == Some(element);
        let caption = document.elements_within(element).filter(own).find(|id| document.is(*id, "caption"));
        let rows: Vec<NodeId> =
            document.elements_within(element).filter(|id| document.is(*id, "tr")).filter(own).collect();
        let mut headers = Vec::new();
        let mut cells = Vec::new();
        for (index, row) in rows.into_iter().enumerate() {
            let heading = index == 0 && self.is_heading(row);
            let row = self.row(row);
            if heading {
                headers = row.into_iter().map(|cell| cell.text).collect();
            } else if !row.is_empty() {
                cells.push(row);
            }
        }
        Table { caption: caption.map(|id| text_in_a_line(document, id)), headers, rows: cells, element }
    }

    fn is_heading(&self, row: NodeId) -> bool {
        let mut cells = self.document.child_elements(row).peekable();
        let in_head = self.document.parent(row).is_some_and(|parent| self.document.is(parent, "thead"));
        cells.peek().is_some() && (in_head || cells.all(|cell| self.document.is(cell, "th")))
    }

    fn row(&self, row: NodeId) -> Vec<Cell> {
        let document = &self.document;
        let mut cells = Vec::new();
        for cell in document.child_elements(row) {
            if !document.is(cell, "td") && !document.is(cell, "th") {
                continue;
            }
            let href = self.links_within(cell).into_iter().map(|link| link.href).next();
            cells.push(Cell { text: text_in_a_line(document, cell), href });
            let span = document.value(cell, "colspan").and_then(|span| span.trim().parse::<usize>().ok());
            for _ in 1..span.unwrap_or(1).min(SPAN_MAX) {
                cells.push(Cell::default());
            }
        }
        cells
    }

    pub fn forms(&self) -> Vec<Form> {
        self.all("form").map(|element| self.form(element)).collect()
    }

    fn form(&self, element: NodeId) -> Form {
        let document = &self.document;
        let text = |name: &str| document.value(element, name).map(|value| value.trim().to_owned());
        let method = text("method").filter(|method| !method.is_empty()).unwrap_or_else(|| "GET".to_owned());
        Form {
            action: text("action").unwrap_or_default(),
            method: method.to_ascii_uppercase(),
            fields: document.elements_within(element).filter_map(|id| self.field(id)).collect(),
            element,
        }
    }

    /// A named control with the value it would send; unchecked boxes send none.
    fn field(&self, id: NodeId) -> Option<FormField> {
        let document = &self.document;
        let element = document.name(id).to_ascii_lowercase();
        let name = document.value(id, "name")?.into_owned();
        let value = document.value(id, "value").map(std::borrow::Cow::into_owned);
        let (kind, value) = match element.as_str() {
            "input" => {
                let kind = document.value(id, "type").unwrap_or("text".into()).to_ascii_lowercase();
                let box_like = matches!(kind.as_str(), "checkbox" | "radio");
                if box_like && document.attribute(id, "checked").is_none() {
                    return None;
                }
                let value = value.unwrap_or_else(|| if box_like { "on".to_owned() } else { String::new() });
                (kind, value)
            }
            "select" => ("select".to_owned(), self.selected(id)),
            "textarea" => ("textarea".to_owned(), document.whole_text(id)),
            "button" => ("button".to_owned(), value.unwrap_or_default()),
            _ => return None,
        };
        Some(FormField { name, kind, value })
    }

    fn selected(&self, select: NodeId) -> String {
        let document = &self.document;
        let options: Vec<NodeId> =
            document.elements_within(select).filter(|id| document.is(*id, "option")).collect();
        let chosen = options.iter().find(|id| document.attribute(**id, "selected").is_some());
        let Some(option) = chosen.or(options.first()) else { return String::new() };
        let value = document.value(*option, "value").map(std::borrow::Cow::into_owned);
        value.unwrap_or_else(|| text_in_a_line(document, *option))
    }

    /// The token that Odoo wants back with every form: an input of the page, or a value in its scripts.
    pub fn csrf_token(&self) -> Option<String> {
        let document = &self.document;
        let named = |id: &NodeId| document.value(*id, "name").is_some_and(|name| name == "csrf_token");
        let input = self.all("input").filter(named).find_map(|id| document.value(id, "value"));
        let found = input
            .map(std::borrow::Cow::into_owned)
            .or_else(|| self.all("script").find_map(|id| token_in_script(document.inner(id))));
        found.filter(|token| !token.is_empty() && token.bytes().all(is_token_byte))
    }

    /// Is this the page that asks for login and password?
    pub fn is_login_page(&self) -> bool {
        self.forms().iter().any(|form| {
            let has = |name: &str, kind: &str| {
                form.fields.iter().any(|field| field.name == name && (kind.is_empty() || field.kind == kind))
            };
            let to_login =
                form.action.split(['?', '#']).next().is_some_and(|path| path.ends_with("/web/login"))
                    || self.document.has_class(form.element, "oe_login_form");
            has("login", "") && has("password", "password") && (to_login || has("csrf_token", ""))
        })
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=' | b'+' | b'/')
}

/// `csrf_token: "…"` and `"csrf_token": "…"`.
fn token_in_script(script: &str) -> Option<String> {
    let (_, after) = script.split_once("csrf_token")?;
    let value = after.trim_start_matches(['"', '\'', ' ', '\t', ':', '=']);
    let end = value.find(|c: char| !u8::try_from(c).is_ok_and(is_token_byte)).unwrap_or(value.len());
    value.get(..end).filter(|token| !token.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTAL: &str = r#"<html><head><title> My
      Orders </title><script>var odoo = { csrf_token: "abc123o456", debug: "" };</script></head>
      <body><header><a href="/">Home</a></header><main><div id="wrap"><h1>Orders</h1>
      <table><caption>Yours</caption><thead><tr><th>Order</th><th class="text-end">Total</th></tr></thead>
      <tr><td><a href="/my/orders/7?a=1&amp;b=2">S00007</a></td><td>1&nbsp;200.00</td></tr>
      <tr><td colspan="2">none <table><tr><td>in</td></tr></table></td></tr></table>
      <a href="x"><i class="fa"></i></a><a>no</a></div></main></body></html>"#;

    #[test]
    fn a_page_is_read() {
        let page = Page::parse(PORTAL);
        assert_eq!(page.title().as_deref(), Some("My Orders"));
        assert_eq!(page.csrf_token().as_deref(), Some("abc123o456"));
        let links: Vec<(String, String)> = page.links().into_iter().map(|l| (l.text, l.href)).collect();
        let expected = [("Home", "/"), ("S00007", "/my/orders/7?a=1&b=2"), ("", "x")];
        assert_eq!(links, expected.map(|(text, href)| (text.to_owned(), href.to_owned())));
        assert!(page.text().starts_with("Orders\n") && !page.text().contains("Home"));
        assert!(!page.is_login_page());
        let tables = page.tables();
        assert_eq!(tables.len(), 2);
        assert_eq!(tables[0].headers, ["Order", "Total"]);
        assert_eq!(tables[0].caption.as_deref(), Some("Yours"));
        assert_eq!(tables[0].rows[0][0].href.as_deref(), Some("/my/orders/7?a=1&b=2"));
        assert_eq!(tables[0].rows[0][1].text, "1 200.00");
        assert_eq!(tables[0].rows[1].len(), 2);
        assert_eq!(tables[1].rows[0][0].text, "in");
    }

    #[test]
    fn a_form_says_what_it_sends() {
        let page = Page::parse(
            "<form action=/web/login class=oe_login_form method=post><input type=hidden name=csrf_token value=t1>\
             <input name=login><input type=password name=password><input type=checkbox name=a>\
             <input type=checkbox name=b checked><select name=c><option value=1>x<option selected>y</select>\
             <textarea name=d>e &amp; f</textarea><button name=g>h</button></form>",
        );
        assert!(page.is_login_page());
        assert_eq!(page.csrf_token().as_deref(), Some("t1"));
        let forms = page.forms();
        let fields: Vec<String> = forms[0].fields.iter().map(|f| format!("{}={}", f.name, f.value)).collect();
        assert_eq!(fields, ["csrf_token=t1", "login=", "password=", "b=on", "c=y", "d=e & f", "g="]);
        assert_eq!(forms[0].method, "POST");
    }

    #[test]
    fn odd_pages_are_no_danger() {
        assert_eq!(Page::parse("<script>csrf_token: \"<b>\"</script>").csrf_token(), None);
        assert_eq!(
            Page::parse("<table><tr><td colspan=999999999>a</table>").tables()[0].rows[0].len(),
            SPAN_MAX
        );
        assert!(!Page::parse("<form action=/x><input name=login></form>").is_login_page());
        assert_eq!(Page::parse("").title(), None);
    }
}
