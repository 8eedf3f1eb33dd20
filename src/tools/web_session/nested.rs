//! Fields behind relations, as every version can give them: `partner_id.email` becomes a specification
//! for new servers and columns of an export for old ones, and comes back as objects within objects.

use serde_json::{Value, json};

use crate::facts::{FieldName, JsonObject};

/// Relations that one path may follow.
const STEPS_MAX: usize = 5;
/// Columns of the id of a record, in exports.
const ID_COLUMN: &str = ".id";

/// Fields of the records themselves, and paths through their relations.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) plain: Vec<FieldName>,
    pub(super) paths: Vec<Vec<FieldName>>,
}

impl Wanted {
    /// Reads `name` and `partner_id.email` (or with `/`).
    pub(super) fn parse(names: &[String]) -> Result<Self, String> {
        let mut wanted = Self::default();
        for name in names {
            let steps: Result<Vec<FieldName>, _> = name.split(['.', '/']).map(FieldName::parse).collect();
            let steps = steps.map_err(|error| error.to_string())?;
            match steps.as_slice() {
                [field] if !wanted.plain.contains(field) => wanted.plain.push(field.clone()),
                [_] => {}
                _ if steps.len() > STEPS_MAX => {
                    return Err(format!("`{name}` follows more than {STEPS_MAX} relations"));
                }
                _ if !wanted.paths.contains(&steps) => wanted.paths.push(steps),
                _ => {}
            }
        }
        Ok(wanted)
    }

    /// As `web_read` takes it.
    pub(super) fn specification(&self) -> JsonObject {
        let mut root = JsonObject::new();
        for path in &self.paths {
            let mut level = &mut root;
            let last = path.len().saturating_sub(1);
            for (place, step) in path.iter().enumerate() {
                let about = level.entry(step.as_str()).or_insert_with(|| json!({}));
                let Some(about) = about.as_object_mut() else { break };
                if place == last {
                    break;
                }
                let Some(inner) = about.entry("fields").or_insert_with(|| json!({})).as_object_mut() else {
                    break;
                };
                level = inner;
            }
        }
        root
    }

    /// As `export_data` takes it: the id of the record, the ids on the way, the values.
    pub(super) fn columns(&self) -> Vec<String> {
        let mut columns = vec![ID_COLUMN.to_owned()];
        for path in &self.paths {
            let steps: Vec<&str> = path.iter().map(FieldName::as_str).collect();
            for upto in 1..steps.len() {
                let id = format!("{}/{ID_COLUMN}", steps.get(..upto).unwrap_or_default().join("/"));
                if !columns.contains(&id) {
                    columns.push(id);
                }
            }
            columns.push(steps.join("/"));
        }
        columns
    }

    /// Rows of an export as nested values by record. A row without an id continues the record before
    /// it; `is_list` tells which first steps lead to several records.
    pub(super) fn nested_rows(
        &self,
        rows: &[Value],
        is_list: impl Fn(&FieldName) -> bool,
    ) -> Vec<(i64, JsonObject)> {
        let columns = self.columns();
        let mut records: Vec<(i64, JsonObject)> = Vec::new();
        for row in rows.iter().filter_map(Value::as_array) {
            let cell = |column: &str| {
                let place = columns.iter().position(|known| known == column)?;
                row.get(place)
            };
            if let Some(id) = cell(ID_COLUMN).and_then(number) {
                records.push((id, JsonObject::new()));
            }
            let Some((_, record)) = records.last_mut() else { continue };
            for first in self.first_steps() {
                let inner = self.object(first, &cell);
                if is_list(first) {
                    let list = record.entry(first.as_str()).or_insert_with(|| json!([]));
                    if let (Some(list), Some(inner)) = (list.as_array_mut(), inner) {
                        list.push(inner);
                    }
                } else if !record.contains_key(first.as_str()) {
                    record.insert(first.to_string(), inner.unwrap_or(json!(false)));
                }
            }
        }
        records
    }

    pub(super) fn first_steps(&self) -> Vec<&FieldName> {
        let mut firsts: Vec<&FieldName> = Vec::new();
        for first in self.paths.iter().filter_map(|path| path.first()) {
            if !firsts.contains(&first) {
                firsts.push(first);
            }
        }
        firsts
    }

    /// The related record that one row shows; `None` where there is none.
    fn object<'r>(&self, first: &FieldName, cell: &impl Fn(&str) -> Option<&'r Value>) -> Option<Value> {
        let id = cell(&format!("{first}/{ID_COLUMN}")).and_then(number)?;
        let mut object = json!({ "id": id });
        for path in self.paths.iter().filter(|path| path.first() == Some(first)) {
            let mut level = &mut object;
            let mut column = first.to_string();
            let (last, between) = path.get(1..).unwrap_or_default().split_last()?;
            let mut missing = false;
            for step in between {
                column = format!("{column}/{step}");
                let Some(id) = cell(&format!("{column}/{ID_COLUMN}")).and_then(number) else {
                    level[step.as_str()] = json!(false);
                    missing = true;
                    break;
                };
                if !level.get(step.as_str()).is_some_and(Value::is_object) {
                    level[step.as_str()] = json!({ "id": id });
                }
                level = &mut level[step.as_str()];
            }
            if !missing {
                let value = cell(&format!("{column}/{last}")).cloned().unwrap_or(json!(false));
                level[last.as_str()] = value;
            }
        }
        Some(object)
    }
}

/// Ids come as numbers or as text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(names: &[&str]) -> Wanted {
        Wanted::parse(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn paths_become_a_specification() {
        let wanted =
            wanted(&["name", "partner_id.email", "partner_id/country_id.code", "line_ids.name", "name"]);
        assert_eq!(wanted.plain.len(), 1);
        assert_eq!(
            Value::Object(wanted.specification()),
            json!({
                "partner_id": {"fields": {"email": {}, "country_id": {"fields": {"code": {}}}}},
                "line_ids": {"fields": {"name": {}}},
            })
        );
    }

    #[test]
    fn rows_of_an_export_become_objects() {
        let wanted = wanted(&["partner_id.country_id.code", "line_ids.name"]);
        assert_eq!(
            wanted.columns(),
            [
                ".id",
                "partner_id/.id",
                "partner_id/country_id/.id",
                "partner_id/country_id/code",
                "line_ids/.id",
                "line_ids/name"
            ]
        );
        let rows = [
            json!(["7", "1", "2", "BE", "10", "a"]),
            json!(["", "", "", "", 11, "b"]),
            json!([8, 3, false, false, false, false]),
            json!([9, false, false, false, false, false]),
        ];
        let records = wanted.nested_rows(&rows, |first| first.as_str() == "line_ids");
        let expected = json!([
            [7, {"partner_id": {"id": 1, "country_id": {"id": 2, "code": "BE"}}, "line_ids": [{"id": 10, "name": "a"}, {"id": 11, "name": "b"}]}],
            [8, {"partner_id": {"id": 3, "country_id": false}, "line_ids": []}],
            [9, {"partner_id": false, "line_ids": []}],
        ]);
        assert_eq!(serde_json::to_value(&records).unwrap(), expected);
    }

    #[test]
    fn odd_paths_are_refused() {
        for bad in ["", "a..b", ".a", "a.", "a b", "a.b.c.d.e.f", "a/b c"] {
            assert!(Wanted::parse(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
