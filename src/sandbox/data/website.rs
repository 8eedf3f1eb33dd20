//! A small website: a home page, a blog, and a handful of snippets to build with.

use serde_json::{Value, json};

use super::{Loader, id_at};

/// Key, label, markup as the template holds it.
pub(crate) const SNIPPETS: &[(&str, &str, &str)] = &[
    (
        "website.s_text_block",
        "Text",
        "<section class=\"s_text_block pt40 pb40\"><div class=\"container\"><p>Great stories have a <b>personality</b>.</p><p>They are for everyone.</p></div></section>",
    ),
    (
        "website.s_title",
        "Title",
        "<section class=\"s_title pt40\"><div class=\"container\"><h2>Your Site Title</h2></div></section>",
    ),
    (
        "website.s_cover",
        "Cover",
        "<section class=\"s_cover parallax\" style=\"background-image: url('/web/image/website.s_cover_default_image');\"><div class=\"container\"><h1>Catchy headline</h1><p>Write one sentence.<br/>Or two.</p><a class=\"btn btn-primary\" href=\"/contactus\">Contact us</a></div></section>",
    ),
    (
        "website.s_dynamic_snippet",
        "Dynamic Snippet",
        "<section t-att-class=\"'s_dynamic ' + (extra or '')\"><t t-call=\"website.s_dynamic_template\"/></section>",
    ),
];

/// A template that the catalogue does not offer and that is a program.
const INNER: (&str, &str) = ("website.layout", "<html t-att-lang=\"lang\"><t t-out=\"0\"/></html>");

const HOME: &str = "<t name=\"Home\" t-name=\"website.homepage\"><t t-call=\"website.layout\"><div id=\"wrap\" class=\"oe_structure oe_empty\"><section class=\"s_text_block\" data-snippet=\"s_text_block\"><p>Welcome</p></section></div></t></t>";

pub(super) fn load(loader: &mut Loader) {
    let website = [
        ("name", json!("My Website")),
        ("domain", json!(false)),
        ("company_id", json!(1)),
        ("default_lang_id", json!(1)),
    ];
    loader.put("website", 1, website.clone());
    loader.put("website", 2, website);
    let items: String = SNIPPETS
        .iter()
        .map(|(key, label, _)| {
            format!("<t t-snippet=\"{key}\" string=\"{label}\"><keywords>block</keywords></t>")
        })
        .collect();
    let waiting = "<t t-install=\"mass_mailing\" string=\"Newsletter\"/>";
    let catalogue = format!(
        "<t t-name=\"website.snippets\"><snippets id=\"snippet_structure\">{items}{waiting}</snippets></t>"
    );
    let templates = SNIPPETS.iter().map(|(key, label, markup)| {
        (*key, *label, format!("<t name=\"{label}\" t-name=\"{key}\">\n{markup}\n</t>"))
    });
    let others = [
        (INNER.0, "Inner", format!("<t t-name=\"{}\">{}</t>", INNER.0, INNER.1)),
        ("website.snippets", "snippets", catalogue),
        ("website.homepage", "Home", HOME.to_owned()),
    ];
    for (index, (key, name, arch)) in templates.chain(others).enumerate() {
        let values: [(&'static str, Value); 9] = [
            ("name", json!(name)),
            ("key", json!(key)),
            ("priority", json!(16)),
            ("type", json!("qweb")),
            ("mode", json!("primary")),
            ("active", json!(true)),
            ("inherit_id", json!(false)),
            ("website_id", json!(false)),
            ("arch_db", json!(arch)),
        ];
        loader.put("ir.ui.view", id_at(index), values);
    }
    let home = id_at(SNIPPETS.len() + 2);
    loader.put(
        "website.page",
        1,
        [("url", json!("/")), ("view_id", json!(home)), ("is_published", json!(true))],
    );
    loader.put("blog.blog", 1, [("name", json!("Travel")), ("active", json!(true))]);
    let post = [
        ("name", json!("A first post")),
        ("blog_id", json!(1)),
        ("content", json!("<p>Hello</p>")),
        ("is_published", json!(true)),
        ("active", json!(true)),
    ];
    loader.put("blog.post", 1, post);
}
