//! Telling the browsers of a connection's user that records changed, by the best means the server has.
//!
//! Whichever means it is, it is one deed to the policy: `execute` on `bus.bus`, method `sendone`. What
//! goes out is a model, ids and names of fields, in a form that stands here and nowhere else; so a
//! permit for it opens neither server actions nor methods of users. Only browsers in which this very
//! user is signed in hear of it.

mod means;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Call, Context, Failure, OdooClient, OdooError, PermittedOdoo, client::lock};
use crate::facts::{
    Caller, ConnectionAlias, FieldName, GrantName, JsonObject, MethodName, ModelName, Operation,
    RecordEffect, UserName,
};

pub use means::Means;

/// The model and the method that the policy knows every notice by. Calls of it over RPC do not come
/// into it: they are private since 15, and before that took only channels that no browser listens to.
const BUS: &str = "bus.bus";
const SEND: &str = "sendone";
/// What an administrator calls the server action.
pub const ACTION_NAME: &str = "odoo-mcp refresh";
const ACTION_CODE: &str = include_str!("server_action.py");
const ACTION_CODE_14: &str = include_str!("server_action_14.py");
/// The bus has another method since.
const ACTION_CODE_SINCE: u16 = 15;

/// The code of the server action for a version of Odoo; an unknown one is a new one.
pub fn action_code(major: Option<u16>) -> &'static str {
    match major {
        Some(major) if major < ACTION_CODE_SINCE => ACTION_CODE_14,
        _ => ACTION_CODE,
    }
}

/// What the code finds in its context.
const ACTION_ARGUMENT: &str = "odoo_mcp_refresh";
/// An add-on or an action may be installed while we run.
const MEANS_KEPT: Duration = Duration::from_secs(600);
/// What is missing is looked for again sooner: somebody may be installing it right now.
const NOTHING_KEPT: Duration = Duration::from_secs(30);
/// The same notice of the same caller within this time is one notice.
const SAME_NOTICE: Duration = Duration::from_secs(2);
/// Notices that are remembered for that; a busier server coalesces less.
const NOTICES_REMEMBERED_MAX: usize = 512;

/// What changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Notice {
    /// None: whatever the browser shows.
    pub model: Option<ModelName>,
    /// Empty: any record of the model.
    pub ids: Vec<i64>,
    /// Names, never values.
    pub fields: Vec<FieldName>,
}

/// How a notice went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `None` where the server has no means.
    pub means: Option<Means>,
    /// Why better means did not do, each with the server's own words.
    pub tried: Vec<(Means, String)>,
    /// Nothing was sent: the same went out a moment ago.
    pub coalesced: bool,
}

/// What a client knows of its server's means.
#[derive(Debug, Default)]
pub(super) struct KnownMeans {
    works: Option<(Found, Instant)>,
    /// No means does, and why not.
    nothing: Option<(Vec<(Means, String)>, Instant)>,
    sent: HashMap<(UserName, GrantName, Notice), Instant>,
}

impl KnownMeans {
    fn was_sent_lately(&mut self, caller: &Caller, notice: &Notice) -> bool {
        self.sent.retain(|_, since| since.elapsed() < SAME_NOTICE);
        self.sent.contains_key(&(caller.user.clone(), caller.grant.clone(), notice.clone()))
    }

    fn note_sent(&mut self, caller: &Caller, notice: &Notice, found: Found) {
        self.works = Some((found, Instant::now()));
        if self.sent.len() < NOTICES_REMEMBERED_MAX {
            let key = (caller.user.clone(), caller.grant.clone(), notice.clone());
            self.sent.insert(key, Instant::now());
        }
    }
}

/// A means that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    means: Means,
    /// The server action, where that is the means.
    action: i64,
}

/// What a call that tells browsers does, for the policy.
pub fn effect(connection: &ConnectionAlias) -> RecordEffect {
    let (bus, send) = (ModelName::known(BUS), MethodName::known(SEND));
    RecordEffect::new(connection, &bus, Operation::Execute, send)
}

impl PermittedOdoo<'_> {
    /// Tells the browsers of the connection's user, if the permit says so. `action` is the server
    /// action that the operator named.
    pub async fn tell_browsers(
        &self,
        notice: &Notice,
        action: Option<i64>,
        caller: &Caller,
    ) -> Result<Told, OdooError> {
        let connection = &self.client.definition().alias;
        let (bus, send) = (ModelName::known(BUS), MethodName::known(SEND));
        if !self.permit.covers(connection, &bus, Operation::Execute, &send, None) {
            return Err(OdooError::NotPermitted { what: "telling browsers".to_owned() });
        }
        self.client.tell_browsers(notice, action, caller).await
    }
}

impl OdooClient {
    async fn tell_browsers(
        &self,
        notice: &Notice,
        action: Option<i64>,
        caller: &Caller,
    ) -> Result<Told, OdooError> {
        if let Some(told) = self.told_lately(notice, caller) {
            return Ok(told);
        }
        let known = lock(&self.means).works.filter(|(_, since)| since.elapsed() < MEANS_KEPT);
        if let Some((found, _)) = known {
            if self.tell_by(found, notice).await?.is_none() {
                lock(&self.means).note_sent(caller, notice, found);
                return Ok(by(found.means, Vec::new()));
            }
            lock(&self.means).works = None;
        }
        let mut tried = Vec::new();
        for means in Means::of_version(self.major_version().await?) {
            let Some(found) = self.found(*means, action).await? else {
                tried.push((*means, "not set up".to_owned()));
                continue;
            };
            match self.tell_by(found, notice).await? {
                Some(why) => tried.push((*means, why)),
                None => {
                    lock(&self.means).note_sent(caller, notice, found);
                    return Ok(by(*means, tried));
                }
            }
        }
        lock(&self.means).nothing = Some((tried.clone(), Instant::now()));
        Ok(Told { means: None, tried, coalesced: false })
    }

    /// The same notice a moment ago, or no means a while ago.
    fn told_lately(&self, notice: &Notice, caller: &Caller) -> Option<Told> {
        let mut known = lock(&self.means);
        if let Some((tried, since)) = &known.nothing
            && since.elapsed() < NOTHING_KEPT
        {
            return Some(Told { means: None, tried: tried.clone(), coalesced: false });
        }
        let works = known.works.map(|(found, _)| found.means);
        let is_news = !known.was_sent_lately(caller, notice);
        (!is_news && works.is_some()).then(|| Told { means: works, tried: Vec::new(), coalesced: true })
    }

    /// The means with the action it needs; nothing where there is none.
    async fn found(&self, means: Means, action: Option<i64>) -> Result<Option<Found>, OdooError> {
        let action = match (means, action) {
            (Means::LiveRefresh | Means::Companion, _) => Some(0),
            (Means::ServerAction, Some(action)) => Some(action),
            (Means::ServerAction, None) => self.action_by_name().await?,
        };
        Ok(action.map(|action| Found { means, action }))
    }

    /// Only administrators may look; for others the settings name the action.
    async fn action_by_name(&self) -> Result<Option<i64>, OdooError> {
        let actions = ModelName::known("ir.actions.server");
        let call = Call::new(&actions, MethodName::known("search"))
            .arg("domain", json!([["name", "=", ACTION_NAME], ["state", "=", "code"]]))
            .named("limit", json!(1))
            .named("order", json!("id"))
            .within(&Context::default().with_lang("en_US")?);
        match self.answered(&call).await? {
            Ok(found) => Ok(found.get(0).and_then(Value::as_i64)),
            Err(_) => Ok(None),
        }
    }

    /// Tells by a means, or says why it does not do.
    async fn tell_by(&self, found: Found, notice: &Notice) -> Result<Option<String>, OdooError> {
        let call = match found.means {
            Means::LiveRefresh => live_refresh(notice),
            Means::Companion => companion(notice),
            Means::ServerAction => run_action(found.action, notice)?,
        };
        Ok(self.answered(&call).await?.err())
    }

    /// What Odoo answers. What it refuses says that the means is missing or kept from this user, and
    /// that is expected: so it is not looked into, as other failures are.
    async fn answered(&self, call: &Call) -> Result<Result<Value, String>, OdooError> {
        match self.call_plainly(call).await {
            Ok(value) => Ok(Ok(value)),
            Err(failure @ (Failure::Fault(_) | Failure::KeyRefused { .. })) => {
                Ok(Err(failure.into_error(&self.alias(), call).to_string()))
            }
            // How a web session of newer versions says that there is no such model.
            Err(Failure::NoRoute) => Ok(Err("the server has no such model or method".to_owned())),
            Err(failure) => Err(failure.into_error(&self.alias(), call)),
        }
    }
}

fn by(means: Means, tried: Vec<(Means, String)>) -> Told {
    Told { means: Some(means), tried, coalesced: false }
}

fn live_refresh(notice: &Notice) -> Call {
    let mode = match (notice.ids.is_empty(), notice.fields.is_empty()) {
        (true, _) => "list",
        (false, true) => "record",
        (false, false) => "field",
    };
    let model = notice.model.as_ref().map_or("", ModelName::as_str);
    Call::new(&ModelName::known("live.refresh"), MethodName::known("notify"))
        .named("model", json!(model))
        .named("res_ids", json!(notice.ids))
        .named("mode", json!(mode))
        .named("fields", json!(names(notice)))
}

fn companion(notice: &Notice) -> Call {
    let users = ModelName::known("res.users");
    let model = notice.model.as_ref().map_or("", ModelName::as_str);
    let (method, payload) = if notice.ids.is_empty() || notice.fields.is_empty() {
        let only = notice.ids.first().copied().filter(|_| notice.ids.len() == 1).unwrap_or_default();
        ("notify_claude_refresh", json!({ "model": model, "res_id": only }))
    } else {
        let payload = json!({ "model": model, "res_ids": notice.ids, "fields": names(notice) });
        ("notify_claude_refresh_field", payload)
    };
    Call::new(&users, MethodName::known(method)).arg("payload", payload)
}

fn run_action(action: i64, notice: &Notice) -> Result<Call, OdooError> {
    let model = notice.model.as_ref().map_or("", ModelName::as_str);
    let asked = json!({ "model": model, "ids": notice.ids, "fields": names(notice) });
    let context = Context::new(JsonObject::from_iter([(ACTION_ARGUMENT.to_owned(), asked)]))?;
    let actions = ModelName::known("ir.actions.server");
    Ok(Call::new(&actions, MethodName::known("run")).on(&[action]).within(&context))
}

fn names(notice: &Notice) -> Vec<&str> {
    notice.fields.iter().map(FieldName::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(model: &str, ids: &[i64], fields: &[&str]) -> Notice {
        Notice {
            model: ModelName::parse(model).ok(),
            ids: ids.to_vec(),
            fields: fields.iter().map(|name| FieldName::parse(name).unwrap()).collect(),
        }
    }

    #[test]
    fn each_means_has_its_form() {
        let one = notice("res.partner", &[7], &["name"]);
        assert_eq!(live_refresh(&one).named["mode"], "field");
        assert_eq!(live_refresh(&notice("res.partner", &[], &[])).named["mode"], "list");
        assert_eq!(companion(&one).method.as_str(), "notify_claude_refresh_field");
        assert_eq!(companion(&notice("res.partner", &[7], &[])).positional[0].value["res_id"], 7);
        assert!(
            action_code(Some(14)).contains("].sendone(") && action_code(Some(19)).contains("]._sendone(")
        );
        let call = run_action(5, &one).unwrap();
        assert_eq!(call.ids, Some(vec![5]));
        assert_eq!(call.context.as_object()[ACTION_ARGUMENT]["fields"], json!(["name"]));
    }
}
