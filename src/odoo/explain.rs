//! Why a call failed, in names: which model, field, method or operator the server does not know,
//! and what it has instead. Asked only after a failure.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    Call, Failure, OdooClient, OdooError, Route, failure::ServerFault, parameters, schema::NEAREST_COUNT,
};
use crate::facts::{DOMAIN_OPERATORS, MethodName, ModelName, nearest};

/// An explanation may take this long; then the plain error has to do.
const EXPLANATION_TIMEOUT: Duration = Duration::from_secs(10);
/// Models come and go with modules.
const MODELS_KEPT_FOR: Duration = Duration::from_secs(600);
/// Domain operators that older versions do not know.
const OPERATORS_SINCE: &[(&str, u16)] =
    &[("any", 17), ("not any", 17), ("not =like", 19), ("not =ilike", 19)];

/// Names of all models and when they were asked.
pub(super) type KeptModels = Option<(Instant, Arc<Vec<String>>)>;

/// What a failure seems to be about.
#[derive(Debug, PartialEq, Eq)]
enum Suspect {
    /// Certain when the server said so in words that do not depend on a language.
    Model {
        certain: bool,
    },
    Method,
    Field {
        model: String,
        field: String,
    },
    Operator(String),
}

impl OdooClient {
    /// The error for a failed call, with the nearest real names where a name was wrong.
    pub(super) async fn explained(&self, failure: Failure, call: &Call) -> OdooError {
        self.explained_on(self.route(), failure, call).await
    }

    /// The same for a call that took another route than the connection's own.
    pub(super) async fn explained_on(
        &self,
        route: Option<Route>,
        failure: Failure,
        call: &Call,
    ) -> OdooError {
        let Some(suspect) = suspect(route, &failure, call) else {
            return failure.into_error(&self.alias(), call);
        };
        // The question itself is a call, which must not be explained in turn: hence the box.
        let explaining = Box::pin(self.explanation(suspect, call));
        match tokio::time::timeout(EXPLANATION_TIMEOUT, explaining).await {
            Ok(Some(error)) => error,
            _ => failure.into_error(&self.alias(), call),
        }
    }

    async fn explanation(&self, suspect: Suspect, call: &Call) -> Option<OdooError> {
        match suspect {
            Suspect::Model { certain } => {
                let known = self.model_names().await;
                let wanted = call.model.as_str();
                let is_known = known.as_ref().is_some_and(|known| known.iter().any(|name| name == wanted));
                if is_known || (known.is_none() && !certain && !self.answers_for_contacts(wanted).await) {
                    return None;
                }
                let names = known.iter().flat_map(|known| known.iter().map(String::as_str));
                Some(OdooError::UnknownModel { model: wanted.to_owned(), nearest: near(wanted, names) })
            }
            Suspect::Method => Some(OdooError::UnknownMethod {
                model: call.model.clone(),
                method: call.method.clone(),
                nearest: self.near_methods(call).await,
            }),
            Suspect::Field { model, field } => {
                let model = ModelName::parse(&model).unwrap_or_else(|_| call.model.clone());
                self.schemas.forget(&model);
                let schema = self.fetch_schema(&model, None).await.ok()?;
                match schema.field(&field) {
                    Some(_) => None,
                    None => Some(OdooError::UnknownField {
                        nearest: schema.nearest(&field),
                        model,
                        field,
                        answered: true,
                    }),
                }
            }
            Suspect::Operator(operator) => self.explain_operator(operator).await,
        }
    }

    /// Who may not list the models, as a portal user, may look at contacts in every Odoo: where that
    /// works, it is the other model that is missing and not the server.
    async fn answers_for_contacts(&self, wanted: &str) -> bool {
        let contacts = ModelName::known("res.partner");
        wanted != contacts.as_str() && self.fetch_schema(&contacts, None).await.is_ok()
    }

    async fn explain_operator(&self, operator: String) -> Option<OdooError> {
        let since = OPERATORS_SINCE.iter().find(|(known, _)| *known == operator);
        let Some((_, since)) = since else {
            let nearest = near(&operator, DOMAIN_OPERATORS.iter().copied());
            return Some(OdooError::UnknownOperator { operator, nearest });
        };
        let version = self.version().await;
        version.major().filter(|major| major < since).map(|_| OdooError::VersionUnsupported {
            connection: self.alias(),
            what: format!("the domain operator `{operator}`"),
            needs: format!("{since} or later"),
            found: version.text().to_owned(),
        })
    }

    /// All models of the database; `None` where the user may not read them.
    async fn model_names(&self) -> Option<Arc<Vec<String>>> {
        let mut kept = self.models.lock().await;
        if let Some((at, names)) = &*kept
            && at.elapsed() < MODELS_KEPT_FOR
        {
            return Some(names.clone());
        }
        let call = Call::new(&ModelName::parse("ir.model").ok()?, MethodName::known("search_read"))
            .named("domain", json!([]))
            .named("fields", json!(["model"]));
        let rows = self.call_plainly(&call).await.ok()?;
        let names = rows.as_array()?.iter().filter_map(|row| Some(row.get("model")?.as_str()?.to_owned()));
        let names = Arc::new(names.collect::<Vec<_>>());
        *kept = Some((Instant::now(), names.clone()));
        Some(names)
    }

    async fn near_methods(&self, call: &Call) -> Vec<String> {
        let wanted = call.method.as_str();
        if self.route() == Some(Route::Json2)
            && let (Ok(http), Some(session)) = (self.http(), self.session.load_full())
            && let Some(docs) = self.method_docs(&http, &session, &call.model).await
        {
            return near(wanted, docs.keys().map(String::as_str));
        }
        near(wanted, parameters::WELL_KNOWN.iter().copied())
    }
}

fn suspect(route: Option<Route>, failure: &Failure, call: &Call) -> Option<Suspect> {
    match failure {
        // Odoo 19 has a page of its own for models it does not know.
        Failure::NoRoute if route == Some(Route::Session) => Some(Suspect::Model { certain: false }),
        Failure::Fault(fault) => suspect_in(fault, call).filter(|suspect| {
            // Definitions name no fields. Asking for them to explain their own failure would never end.
            !(matches!(suspect, Suspect::Field { .. }) && call.method.as_str() == "fields_get")
        }),
        _ => None,
    }
}

fn near<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    nearest(wanted, known, NEAREST_COUNT).into_iter().map(str::to_owned).collect()
}

/// Odoo gives these errors no class of their own, so class, wording and our own call decide together.
fn suspect_in(fault: &ServerFault, call: &Call) -> Option<Suspect> {
    let class = fault.exception.rsplit('.').next().unwrap_or_default();
    let message = fault.message.as_str();
    let model = call.model.as_str();
    let whole_method = format!("'{model}.{}'", call.method);
    match class {
        "AttributeError" | "AccessError" | "NotFound" if message.contains(&whole_method) => {
            Some(Suspect::Method)
        }
        "AttributeError" if message.ends_with(&format!("no attribute '{}'", call.method)) => {
            Some(Suspect::Method)
        }
        "NotFound" if message.contains(&format!("'{model}'")) => Some(Suspect::Model { certain: true }),
        "KeyError" if message.trim_matches('\'') == model => Some(Suspect::Model { certain: true }),
        "UserError" if message.contains(model) => {
            Some(Suspect::Model { certain: message == format!("Object {model} doesn't exist") })
        }
        "ValueError" | "KeyError" | "AttributeError" => {
            field_in(message, model).or_else(|| operator_in(message))
        }
        "TypeError" | "AssertionError" | "IndexError" => newer_operator(call).map(Suspect::Operator),
        _ => None,
    }
}

/// `Invalid field 'x' on model 'm'`, `Invalid field 'x' in 'm'`, `Invalid field m.x in leaf (…)`.
fn field_in(message: &str, model: &str) -> Option<Suspect> {
    let (_, rest) = message.split_once("Invalid field ")?;
    let (field, model) = if rest.starts_with('\'') {
        let mut quoted = rest.split('\'').skip(1).step_by(2);
        (quoted.next()?, quoted.next().unwrap_or(model))
    } else {
        let (model, field) = rest.split_whitespace().next()?.rsplit_once('.')?;
        (field, model)
    };
    (!field.is_empty()).then(|| Suspect::Field { model: model.to_owned(), field: field.to_owned() })
}

/// `Invalid operator in condition ('name', 'foo', 'x')`, `Invalid leaf ('name', 'foo', 'x')`.
fn operator_in(message: &str) -> Option<Suspect> {
    let rest = message
        .strip_prefix("Invalid operator in condition ")
        .or_else(|| message.strip_prefix("Invalid leaf "))?;
    let operator = rest.split('\'').nth(3)?;
    (!DOMAIN_OPERATORS.contains(&operator) || is_newer(operator))
        .then(|| Suspect::Operator(operator.to_owned()))
}

/// Old versions stumble over a sub-domain in ways of their own.
fn newer_operator(call: &Call) -> Option<String> {
    let arguments = call.positional.iter().map(|argument| &argument.value).chain(call.named.get("domain"));
    arguments.filter_map(Value::as_array).flatten().find_map(|leaf| {
        let operator = leaf.get(1)?.as_str()?;
        is_newer(operator).then(|| operator.to_owned())
    })
}

fn is_newer(operator: &str) -> bool {
    OPERATORS_SINCE.iter().any(|(known, _)| *known == operator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
    #[track_caller]
    fn check(exception: &str, message: &str, expected: Option<Suspect>) {
        let model = ModelName::parse("res.partner").unwrap();
        let call =
            Call::new(&model, MethodName::known("serch")).named("domain", json!([["child_ids", "any", []]]));
        let fault = ServerFault { exception: exception.to_owned(), message: message.to_owned(), status: 200 };
        assert_eq!(suspect_in(&fault, &call), expected, "{exception}: {message}");
    }

    fn field(model: &str, field: &str) -> Option<Suspect> {
        Some(Suspect::Field { model: model.to_owned(), field: field.to_owned() })
    }

    #[test]
    fn unknown_names_are_told_from_other_errors() {
        let error = "builtins.ValueError";
        check(error, "Invalid field 'x' on model 'res.partner'", field("res.partner", "x"));
        check(error, "Invalid field 'x' in 'res.users'", field("res.users", "x"));
        check(error, "Invalid field res.country.x in leaf ('x', '=', 1)", field("res.country", "x"));
        check(error, "Invalid field a.b.c in condition ('c', '=', 1)", field("a.b", "c"));
        check(error, "Invalid leaf ('name', 'foo', 'x')", Some(Suspect::Operator("foo".to_owned())));
        check("builtins.KeyError", "res.partner", Some(Suspect::Model { certain: true }));
        check("builtins.KeyError", "'res.partner'", Some(Suspect::Model { certain: true }));
        let missing = "Object res.partner doesn't exist";
        check("odoo.exceptions.UserError", missing, Some(Suspect::Model { certain: true }));
        let french = "L'objet res.partner n'existe pas";
        check("odoo.exceptions.UserError", french, Some(Suspect::Model { certain: false }));
        let told = "the model 'res.partner' does not exist";
        check("werkzeug.exceptions.NotFound", told, Some(Suspect::Model { certain: true }));
        let method = "The method 'res.partner.serch' does not exist";
        check("werkzeug.exceptions.NotFound", method, Some(Suspect::Method));
        check("builtins.AttributeError", method, Some(Suspect::Method));
        let old = "type object 'res.partner' has no attribute 'serch'";
        check("builtins.AttributeError", old, Some(Suspect::Method));
        let newer = Some(Suspect::Operator("any".to_owned()));
        check("builtins.TypeError", "unhashable type: 'list'", newer);
    }

    #[test]
    fn other_errors_stay_what_they_are() {
        check("builtins.ValueError", "day is out of range for month", None);
        check("builtins.ValueError", "Invalid field ", None);
        check("builtins.ValueError", "Invalid field ''", None);
        check("builtins.ValueError", "Invalid leaf ('name', 'ilike', 'x')", None);
        check("builtins.AttributeError", "'NoneType' object has no attribute 'id'", None);
        check("builtins.KeyError", "other", None);
        check("odoo.exceptions.UserError", "You cannot do this", None);
        check("odoo.exceptions.AccessError", "You are not allowed to access 'Contact' (res.partner)", None);
        check("psycopg2.errors.UndefinedColumn", "column does not exist", None);
    }
}
