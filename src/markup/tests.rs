//! Markup put together at random: what must hold for any text at all.

use serde_json::json;

use super::*;

const PIECES: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "\"",
    "'",
    "=",
    " ",
    "\n",
    "&",
    "&amp;",
    "&#106;",
    "&nbsp;",
    "é",
    "a",
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<br>",
    "<b>",
    "</b>",
    "<table>",
    "<tr>",
    "<td>",
    "</table>",
    "<button>",
    "</button>",
    "<li>",
    "<ul>",
    "</ul>",
    "<svg>",
    "</svg>",
    "<script>",
    "</script>",
    "<style>",
    "<t ",
    "<a href=",
    "javascript:x",
    " onclick=x",
    " t-out=\"y\"",
    "<img src=x onerror=y>",
    "<section class=\"s_x\">",
    "</section>",
    "<textarea>",
    "</textarea>",
    "<title>",
    "<object>",
    "</object>",
    "style=\"a:url(x)\"",
    "*",
    "**",
    "`",
    "[a](",
    ")",
    "> ",
    "- ",
    "# ",
    "|",
    "---",
    "<option>",
    "<select>",
    "</select>",
    "<template>",
    "</template>",
];

/// A small generator; the same numbers every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn text(&mut self) -> String {
        let length = 1 + self.below(25);
        (0..length).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }
}

fn each(seed: u64, check: impl Fn(&str)) {
    let mut dice = Dice(seed);
    for _ in 0..4_000 {
        check(&dice.text());
    }
}

#[test]
fn nodes_cover_every_byte() {
    each(1, |text| {
        for mode in [Mode::Html, Mode::Xml] {
            let document = Document::parse(text, mode);
            let outer: String =
                document.children(document.root()).iter().map(|id| document.outer(*id)).collect();
            assert_eq!(outer, text);
        }
        let page = Page::parse(text);
        let _ = (page.text(), page.links(), page.tables(), page.forms(), page.is_login_page());
    });
}

#[test]
fn clean_markup_stays_clean_and_is_xml() {
    each(2, |text| {
        let safe = sanitised(text);
        let again = sanitised(&safe.markup);
        assert_eq!(again.markup, safe.markup, "{text}");
        assert!(again.removed.is_empty(), "{text}: {:?}", again.removed);
        check_well_formed(&format!("<div>{}</div>", safe.markup))
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        harmless(&safe.markup);
        harmless(&markdown_to_html(text));
        harmless(&markdown_to_html_with(text, MarkdownOptions { raw_html: true, line_breaks: true }));
    });
}

#[track_caller]
fn harmless(html: &str) {
    let document = Document::parse(html, Mode::Html);
    for id in document.ids() {
        let name = document.name(id).to_ascii_lowercase();
        assert!(!["script", "style", "svg", "t", "object"].contains(&name.as_str()), "{html}");
        for attribute in document.attributes(id) {
            let name = attribute.name.of(html).to_ascii_lowercase();
            assert!(!name.starts_with("on") && !name.starts_with("t-"), "{html}");
            assert!(name != "href" || is_safe_link(&document.value_of(attribute)), "{html}");
        }
    }
}

#[test]
fn an_edit_of_xml_is_xml_and_touches_one_node() {
    let values = ["text & <b>", "", "https://x.example/?a=\"b\"", "<b>x</b><br>"];
    let keys = [".", "//p", "//b/@title", "@style:color", "//div/html()", "@class:x", "//p[1]/@href"];
    each(3, |text| {
        let lead = format!(
            "<section>{}</section>",
            as_xml(&Document::parse(text, Mode::Html), Document::parse(text, Mode::Html).root())
        );
        if check_well_formed(&lead).is_err() {
            return;
        }
        for key in keys {
            for value in values {
                let Ok(substitution) = Substitution::parse(key, &json!(value)) else { continue };
                if let Ok((changed, applied)) = substitution.apply(&lead, Mode::Xml) {
                    check_well_formed(&changed)
                        .unwrap_or_else(|error| panic!("{lead} {key} {value}: {error}"));
                    assert!(applied.matches > 0);
                    let _ = unified_diff(&lead, &changed);
                }
            }
        }
    });
}
