//! Structured answers of tools as lists and tables.

use serde_json::Value;

use super::html::Html;

/// Deepest nesting that is drawn; what is deeper stands as JSON.
const DEPTH_MAX: usize = 4;
/// Rows of a list that are drawn.
const ITEMS_MAX: usize = 200;

/// A value as people read it.
pub(super) fn drawn(value: &Value) -> Html {
    let mut html = Html::new();
    draw(&mut html, value, 0);
    html
}

fn draw(html: &mut Html, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if depth < DEPTH_MAX && !members.is_empty() => {
            html.tag("dl", &[], |html| {
                for (name, value) in members {
                    html.say("dt", &name.replace('_', " "));
                    html.tag("dd", &[], |html| draw(html, value, depth + 1));
                }
            });
        }
        Value::Array(items) if depth < DEPTH_MAX && items.iter().any(Value::is_object) => {
            for item in items.iter().take(ITEMS_MAX) {
                html.tag("section", &[], |html| draw(html, item, depth + 1));
            }
            if items.len() > ITEMS_MAX {
                html.say("p", &format!("and {} more", items.len() - ITEMS_MAX));
            }
        }
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let words: Vec<&str> = items.iter().filter_map(Value::as_str).take(ITEMS_MAX).collect();
            html.text(&if words.is_empty() { "none".to_owned() } else { words.join(", ") });
        }
        Value::String(text) => html.text(text),
        Value::Null => html.text("-"),
        Value::Bool(yes) => html.text(if *yes { "yes" } else { "no" }),
        other => html.text(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_drawn_as_text() {
        let value = serde_json::json!({"a_b": ["<x>", "y"], "c": [{"d": null, "e": true}], "f": {}});
        let html = drawn(&value);
        assert!(html.as_str().contains("<dt>a b</dt><dd>&lt;x&gt;, y</dd>"), "{}", html.as_str());
        assert!(html.as_str().contains("<dd>yes</dd>"));
    }
}
