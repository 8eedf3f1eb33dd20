//! The catalogue of website snippets, the one template whose rendering is a read.
//!
//! Any other template may run whatever its author wrote into it, so rendering one is `execute`.

use serde_json::Value;

use super::Asked;
use crate::facts::{FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect};

const VIEWS: &str = "ir.ui.view";
const RENDER: &str = "render_public_asset";
/// Odoo's editor renders this one to show what can be put on a page.
const CATALOGUE: &str = "website.snippets";

/// Is this the editor's own call for the snippets, without any values for the templates?
pub(in crate::odoo) fn shows_snippets<'a>(
    model: &ModelName,
    method: &MethodName,
    mut positional: impl Iterator<Item = &'a Value>,
    named: &JsonObject,
) -> bool {
    let empty = |values: &Value| values.is_null() || values.as_object().is_some_and(JsonObject::is_empty);
    model.as_str() == VIEWS
        && method.as_str() == RENDER
        && positional.next().is_some_and(|template| template == CATALOGUE)
        && positional.next().is_none_or(empty)
        && positional.next().is_none()
        && named.is_empty()
}

impl Asked<'_> {
    pub(super) fn shows_snippets(&self) -> bool {
        let target = self.target;
        let arguments = self.arguments;
        self.ids.is_none()
            && shows_snippets(target.model, target.method, arguments.positional.iter(), arguments.named)
    }

    /// What is shown is what stands in the views of the catalogue.
    pub(super) fn snippets_shown(&self) -> RecordEffect {
        let fields: Vec<FieldName> = FieldName::parse("arch_db").into_iter().collect();
        self.doing(Operation::Read).reading(&fields)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(model: &str, method: &str, args: Value, named: Value, expected: bool) {
        let (model, method) = (ModelName::parse(model).unwrap(), MethodName::parse(method).unwrap());
        let args = args.as_array().unwrap().clone();
        let found = shows_snippets(&model, &method, args.iter(), named.as_object().unwrap());
        assert_eq!(found, expected, "{args:?}");
    }

    #[test]
    fn only_the_catalogue_is_a_read() {
        check("ir.ui.view", "render_public_asset", json!(["website.snippets"]), json!({}), true);
        check("ir.ui.view", "render_public_asset", json!(["website.snippets", {}]), json!({}), true);
        for args in [
            json!(["website.layout", {}]),
            json!(["website.snippets", {"debug": "1"}]),
            json!(["website.snippets", {}, 1]),
            json!([[7]]),
            json!([]),
        ] {
            check("ir.ui.view", "render_public_asset", args, json!({}), false);
        }
        check("ir.ui.view", "render_public_asset", json!(["website.snippets"]), json!({"values": {}}), false);
        check("ir.ui.view", "write", json!(["website.snippets"]), json!({}), false);
        check("res.partner", "render_public_asset", json!(["website.snippets"]), json!({}), false);
    }
}
