//! Is a list an Odoo domain? Only its form is looked at: fields are known to Odoo alone.

use serde_json::Value;

use super::shape::{shown, type_of};
use crate::facts::{DOMAIN_OPERATORS, FieldName, nearest};

/// How deep domains may stand in domains.
const DEPTH_MAX: usize = 8;

/// Tells everything that is wrong with a domain in prefix notation.
pub(super) fn check(terms: &[Value], at: &str, tell: &mut impl FnMut(&str, String)) {
    check_at_depth(terms, at, 1, tell);
}

fn check_at_depth(terms: &[Value], at: &str, depth: usize, tell: &mut impl FnMut(&str, String)) {
    if depth > DEPTH_MAX {
        tell(at, format!("domains stand in each other more than {DEPTH_MAX} deep"));
        return;
    }
    // What the joining words still wait for; terms that nobody waits for are joined by "and".
    let mut waiting = 0_usize;
    for (index, term) in terms.iter().enumerate() {
        let at = format!("{at}/{index}");
        match term {
            Value::String(word) if word == "&" || word == "|" => waiting = waiting.max(1) + 1,
            Value::String(word) if word == "!" => waiting = waiting.max(1),
            Value::Array(parts) => {
                waiting = waiting.saturating_sub(1);
                check_term(parts, &at, depth, tell);
            }
            Value::String(word) => {
                tell(&at, format!("`{}` is no joining word; use \"&\", \"|\" or \"!\"", shown(word)));
                return;
            }
            other => {
                tell(
                    &at,
                    format!("use a term such as [\"company_id\", \"in\", [1]], not {}", type_of(other)),
                );
                return;
            }
        }
    }
    if waiting > 0 {
        tell(at, "a joining word comes before two terms (\"!\" before one); some are missing".to_owned());
    }
}

fn check_term(parts: &[Value], at: &str, depth: usize, tell: &mut impl FnMut(&str, String)) {
    let [field, operator, value] = parts else {
        tell(at, "a term is [field, operator, value]".to_owned());
        return;
    };
    let (Value::String(field), Value::String(operator)) = (field, operator) else {
        // Odoo's own ways to write "always" and "never".
        let always = matches!((field.as_i64(), value.as_i64()), (Some(0 | 1), Some(1)));
        if !(always && operator.as_str() == Some("=")) {
            tell(at, "field and operator are texts".to_owned());
        }
        return;
    };
    if field.split('.').any(|part| FieldName::parse(part).is_err()) {
        tell(at, format!("`{}` is no field", shown(field)));
    }
    if !DOMAIN_OPERATORS.contains(&operator.as_str()) {
        let operator = shown(operator);
        let message = match nearest(&operator, DOMAIN_OPERATORS.iter().copied(), 1).first() {
            Some(meant) => format!("no operator of Odoo is `{operator}`; did you mean `{meant}`?"),
            None => format!("no operator of Odoo is `{operator}`"),
        };
        tell(at, message);
    }
    match (operator.as_str(), value) {
        ("in" | "not in", Value::Array(_) | Value::Bool(false)) => {}
        ("in" | "not in", _) => tell(at, format!("`{operator}` takes a list")),
        ("any" | "not any", Value::Array(terms)) => {
            check_at_depth(terms, &format!("{at}/2"), depth + 1, tell)
        }
        ("any" | "not any", _) => tell(at, format!("`{operator}` takes a domain")),
        ("child_of" | "parent_of" | "=" | "!=" | "<>", _) => {}
        (_, Value::Array(_) | Value::Object(_)) => tell(at, format!("`{operator}` takes a single value")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(domain: &Value) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        check(domain.as_array().unwrap(), "/d", &mut |at, message| problems.push((at.to_owned(), message)));
        problems
    }

    #[test]
    fn domains_are_accepted() {
        for domain in [
            json!([]),
            json!([["company_id", "in", [1, 3]]]),
            json!(["|", ["a", "=", 1], "&", ["b.c", "ilike", "x"], ["d", "!=", false]]),
            json!(["!", ["a", "=", 1], ["b", "=", 2]]),
            json!([["line_ids", "any", [["price", ">", 3]]]]),
            json!([[1, "=", 1]]),
        ] {
            assert_eq!(problems(&domain), [], "{domain}");
        }
    }

    #[test]
    fn other_lists_are_refused() {
        for (domain, at, says) in [
            (json!(["|", ["a", "=", 1]]), "/d", "missing"),
            (json!(["!"]), "/d", "missing"),
            (json!(["or", ["a", "=", 1]]), "/d/0", "joining word"),
            (json!([7]), "/d/0", "term"),
            (json!([["a", "="]]), "/d/0", "[field, operator, value]"),
            (json!([["a b", "=", 1]]), "/d/0", "no field"),
            (json!([["a", "==", 1]]), "/d/0", "did you mean"),
            (json!([["a", "in", 1]]), "/d/0", "list"),
            (json!([["a", "ilike", [1]]]), "/d/0", "single"),
            (json!([["a", "any", [["b", "in", 1]]]]), "/d/0/2/0", "list"),
            (json!([[1, "=", 7]]), "/d/0", "texts"),
        ] {
            let found = problems(&domain);
            assert!(
                found.iter().any(|(place, text)| place == at && text.contains(says)),
                "{domain}: {found:?}"
            );
        }
    }
}
