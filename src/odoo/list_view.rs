//! The columns of a model's list view: what people look at, and so a good guess at what to answer
//! when nobody said which fields.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use serde_json::{Value, json};

use super::{Call, OdooClient, VersionState, client::lock};
use crate::facts::{MethodName, ModelName};

/// Views change when modules are installed or somebody drags a column.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// Models kept at once; a list of columns is small.
const KEPT_MAX: usize = 256;
/// More columns than this are no help in choosing.
const COLUMNS_MAX: usize = 60;

/// From here on `get_view` replaces `fields_view_get`.
const GET_VIEW_SINCE: u16 = 16;
/// From here on the list view is called `list`, before that `tree`.
const LIST_SINCE: u16 = 18;

type Kept = HashMap<ModelName, (Instant, Arc<[String]>)>;

#[derive(Debug, Default)]
pub(super) struct ListViewCache(Mutex<Kept>);

impl OdooClient {
    /// Fields of the list view, shown ones first, then those a user can switch on; empty where
    /// there is no such view or the user may not see it. One request the first time.
    pub async fn list_columns(&self, model: &ModelName) -> Arc<[String]> {
        if let Some(columns) = self.kept_columns(model) {
            return columns;
        }
        let Some(call) = view_call(model, &self.version().await) else { return Arc::default() };
        let columns: Arc<[String]> = match self.call(call).await {
            Ok(view) => view.get("arch").and_then(Value::as_str).map(columns_of).unwrap_or_default().into(),
            // A server that refuses its view now may well give it in ten minutes: not worth an error.
            Err(_) => Arc::default(),
        };
        let mut kept = lock(&self.list_views.0);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(model.clone(), (Instant::now(), columns.clone()));
        columns
    }

    fn kept_columns(&self, model: &ModelName) -> Option<Arc<[String]>> {
        let kept = lock(&self.list_views.0);
        kept.get(model).filter(|(at, _)| at.elapsed() < KEPT_FOR).map(|(_, columns)| columns.clone())
    }
}

fn view_call(model: &ModelName, version: &VersionState) -> Option<Call> {
    let VersionState::Known(version) = version else { return None };
    let method = if version.major >= GET_VIEW_SINCE { "get_view" } else { "fields_view_get" };
    let view_type = if version.major >= LIST_SINCE { "list" } else { "tree" };
    Some(Call::new(model, MethodName::known(method)).named("view_type", json!(view_type)))
}

/// The fields right under the root, without those a user never sees.
fn columns_of(arch: &str) -> Vec<String> {
    let mut reader = Reader::from_str(arch);
    let (mut shown, mut optional) = (Vec::new(), Vec::new());
    let mut depth = 0_usize;
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                depth += 1;
                if depth == 2 {
                    note_column(&element, &mut shown, &mut optional);
                }
            }
            Ok(Event::Empty(element)) if depth == 1 => note_column(&element, &mut shown, &mut optional),
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    shown.append(&mut optional);
    shown.truncate(COLUMNS_MAX);
    shown
}

fn note_column(element: &BytesStart<'_>, shown: &mut Vec<String>, optional: &mut Vec<String>) {
    if element.name().as_ref() != b"field" {
        return;
    }
    let (mut name, mut is_hidden, mut is_optional) = (None, false, false);
    for attribute in element.attributes().flatten() {
        let value = String::from_utf8_lossy(&attribute.value);
        match attribute.key.as_ref() {
            b"name" => name = Some(value.into_owned()),
            b"invisible" | b"column_invisible" => is_hidden |= matches!(&*value, "1" | "True" | "true"),
            // Up to 16 the server turns the flags above into this.
            b"modifiers" => {
                is_hidden |= value.contains("invisible&quot;: true") || value.contains("invisible\": true")
            }
            b"optional" => is_optional = value == "hide",
            _ => {}
        }
    }
    match name {
        Some(name) if !is_hidden && !shown.contains(&name) && !optional.contains(&name) => {
            if is_optional {
                optional.push(name)
            } else {
                shown.push(name)
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arch: &str, columns: &[&str]) {
        assert_eq!(columns_of(arch), columns, "{arch}");
    }

    #[test]
    fn columns_are_the_fields_right_under_the_root() {
        check(
            r#"<list><header><button name="x"/><field name="no"/></header><field name="name"/>
               <field name="tags"><list><field name="inner"/></list></field><field name="date"/></list>"#,
            &["name", "tags", "date"],
        );
    }

    #[test]
    fn hidden_columns_stay_away_and_optional_ones_come_last() {
        check(
            r#"<tree><field name="a" optional="hide"/><field name="b" invisible="1"/><field name="c" column_invisible="True"/>
               <field name="d" modifiers="{&quot;column_invisible&quot;: true}"/><field name="e" optional="show"/><field name="e"/></tree>"#,
            &["e", "a"],
        );
    }

    #[test]
    fn what_is_no_view_has_no_columns() {
        check("", &[]);
        check("not xml <", &[]);
        check("<field name='root'/>", &[]);
        check("<tree><field/></tree>", &[]);
    }
}
