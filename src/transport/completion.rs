//! Completing what a person types into the gaps of prompts and of addresses.
//!
//! What is offered are answers of the tools that list such names, called as this caller: what they may
//! not see is not completed. Answers are kept for a while, because people type letter by letter and
//! each call would count.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rmcp::{
    ErrorData,
    model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference},
    service::{RequestContext, RoleServer},
};
use serde_json::{Value, json};

use super::server::Server;
use crate::{
    approvals::CanAsk,
    facts::{Caller, ConnectionAlias, ModelName},
    pipeline::Walked,
    prompts::Completes,
};

/// Names of modules and fields change seldom; policies are asked again by then.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// Lists that are kept; one per caller, connection and model in use.
const KEPT_MAX: usize = 256;
/// Models that are asked for, the most that the tool lists at once.
const MODELS_MAX: u32 = 1_000;
const DEFAULT_CONNECTION: &str = "default";

/// Names that a caller was shown, by what was asked.
#[derive(Debug, Default)]
pub(super) struct KeptNames(Mutex<HashMap<Key, Kept>>);

/// Since when, and the names.
type Kept = (Instant, Arc<[String]>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    caller: Caller,
    policy: Arc<str>,
    tool: &'static str,
    arguments: String,
}

impl KeptNames {
    fn get(&self, key: &Key) -> Option<Arc<[String]>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|(since, _)| since.elapsed() < KEPT_FOR).map(|(_, names)| Arc::clone(names))
    }

    fn put(&self, key: Key, names: &Arc<[String]>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (since, _)| since.elapsed() < KEPT_FOR);
        if kept.len() < KEPT_MAX {
            kept.insert(key, (Instant::now(), Arc::clone(names)));
        }
    }
}

type Context = RequestContext<RoleServer>;

impl Server {
    pub(super) async fn completed(
        &self,
        request: &CompleteRequestParams,
        context: &Context,
    ) -> Result<CompleteResult, ErrorData> {
        let argument = &request.argument;
        let known = |name: &str| {
            let given = request.context.as_ref().and_then(|context| context.get_argument(name));
            given.map(String::as_str).filter(|given| !given.is_empty())
        };
        let wanted = match &request.r#ref {
            Reference::Prompt(prompt) => {
                let prompt = self.offered_prompt(&prompt.name, &self.caller(context))?;
                let found = prompt.argument(&argument.name).ok_or_else(|| no_argument(&argument.name))?;
                found.completes
            }
            Reference::Resource(template) => {
                let templates = self.resource_templates(&self.caller(context)).resource_templates;
                if !templates.iter().any(|known| known.uri_template == template.uri) {
                    return Err(ErrorData::invalid_params("unknown resource template", None));
                }
                if !template.uri.contains(&format!("{{{}}}", argument.name)) {
                    return Err(no_argument(&argument.name));
                }
                match argument.name.as_str() {
                    "connection" => Some(Completes::Connection),
                    "model" => Some(Completes::Model),
                    _ => None,
                }
            }
            _ => None,
        };
        let connection = known("connection").unwrap_or(DEFAULT_CONNECTION);
        let names = match wanted {
            Some(Completes::Connection) => self.names("odoo_connections", json!({}), context).await,
            Some(Completes::Model) if ConnectionAlias::parse(connection).is_ok() => {
                let arguments = json!({ "connection": connection, "limit": MODELS_MAX });
                self.names("odoo_list_models", arguments, context).await
            }
            Some(Completes::Field) => match known("model").map(ModelName::parse) {
                Some(Ok(model)) if ConnectionAlias::parse(connection).is_ok() => {
                    let arguments = json!({ "connection": connection, "model": model.as_str() });
                    self.names("odoo_fields_get", arguments, context).await
                }
                _ => Arc::default(),
            },
            Some(Completes::Model) | None => Arc::default(),
        };
        Ok(CompleteResult::new(matching(&names, &argument.value)))
    }

    /// The names that a tool lists for this caller; none where it refuses.
    async fn names(&self, tool: &'static str, arguments: Value, context: &Context) -> Arc<[String]> {
        let policy = Arc::clone(&self.corridor().policy().digest().0);
        let key = Key { caller: self.caller(context), policy, tool, arguments: arguments.to_string() };
        if let Some(names) = self.kept_names().get(&key) {
            return names;
        }
        let Value::Object(arguments) = arguments else { return Arc::default() };
        let Ok(Walked::Reply(reply)) = self.walk(tool, &arguments, CanAsk::default(), None, context).await
        else {
            return Arc::default();
        };
        if reply.is_error {
            return Arc::default();
        }
        let names: Arc<[String]> = names_in(tool, &reply.structured).into();
        self.kept_names().put(key, &names);
        names
    }
}

fn no_argument(name: &str) -> ErrorData {
    let shown: String = name.chars().take(64).collect();
    ErrorData::invalid_params(format!("there is no argument `{shown}`"), None)
}

fn names_in(tool: &str, answer: &Value) -> Vec<String> {
    let (list, name) = match tool {
        "odoo_connections" => ("connections", "alias"),
        "odoo_list_models" => ("models", "model"),
        _ => ("fields", "name"),
    };
    let mut names: Vec<String> = match answer.get(list) {
        Some(Value::Array(rows)) => {
            rows.iter().filter_map(|row| Some(row.get(name)?.as_str()?.to_owned())).collect()
        }
        Some(Value::Object(members)) => members.keys().cloned().collect(),
        _ => Vec::new(),
    };
    names.sort_unstable();
    names.dedup();
    names
}

/// Names that begin with what was typed, then those that hold it.
fn matching(names: &[String], typed: &str) -> CompletionInfo {
    let typed = typed.trim().to_ascii_lowercase();
    let (first, rest): (Vec<&String>, Vec<&String>) = names
        .iter()
        .filter(|name| name.to_ascii_lowercase().contains(&typed))
        .partition(|name| name.to_ascii_lowercase().starts_with(&typed));
    let total = first.len() + rest.len();
    let shown = first.into_iter().chain(rest).take(CompletionInfo::MAX_VALUES).cloned().collect();
    let has_more = total > CompletionInfo::MAX_VALUES;
    CompletionInfo::with_pagination(shown, u32::try_from(total).ok(), has_more).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_so_come_first() {
        let names: Vec<String> = ["crm.lead", "res.partner", "sale.order", "sale.order.line"]
            .into_iter()
            .map(str::to_owned)
            .collect();
        let found = |typed: &str| matching(&names, typed).values;
        assert_eq!(found("sale"), ["sale.order", "sale.order.line"]);
        assert_eq!(found("LE"), ["crm.lead", "sale.order", "sale.order.line"]);
        assert_eq!(found("x"), [] as [&str; 0]);
        assert_eq!(found("").len(), 4);
        let many: Vec<String> = (0..150).map(|number| format!("m{number}")).collect();
        let found = matching(&many, "m");
        assert_eq!((found.values.len(), found.total, found.has_more), (100, Some(150), Some(true)));
    }

    #[test]
    fn names_stand_where_the_tools_put_them() {
        let answer = json!({"models": [{"model": "b"}, {"model": "a"}, {"model": "a"}]});
        assert_eq!(names_in("odoo_list_models", &answer), ["a", "b"]);
        assert_eq!(
            names_in("odoo_fields_get", &json!({"fields": {"name": {}, "city": {}}})),
            ["city", "name"]
        );
        assert_eq!(names_in("odoo_connections", &json!({"connections": [{"alias": "x"}]})), ["x"]);
    }
}
