//! Telling the browsers of the connection's user that records changed.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, MethodName, ModelName, Operation, RecordEffect, Risk},
    odoo::{Means, Notice, Told, notice_effect, record_ids},
    tools::{
        ArgumentsError, CallContext, Tool, ToolEntry, ToolError,
        records::{field_names::FieldNames, rows},
        row,
    },
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Refresh>()];

/// Records that one notice names; a list reloads as a whole anyway.
const RECORDS_MAX: usize = 100;
/// Names of fields in one notice: somebody reads them.
const FIELDS_MAX: usize = 20;

/// Arguments of `odoo_refresh`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Refresh {
    /// Technical name of the model that changed; empty for any view.
    #[serde(default, deserialize_with = "some_model")]
    #[schemars(with = "String")]
    model: Option<ModelName>,
    /// Id of the record that changed; 0 for all of them.
    #[serde(default, deserialize_with = "some_id")]
    res_id: i64,
    /// Ids of the records, where there are several.
    #[serde(default, deserialize_with = "some_ids")]
    res_ids: Vec<i64>,
    /// Names of the fields that changed.
    #[serde(default)]
    fields: FieldNames,
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
}

/// Result of `odoo_refresh`.
#[derive(Debug, Serialize, JsonSchema)]
struct Refreshed {
    /// `queued`: Odoo took it, and delivers it to browsers that are open now. `coalesced`: the same was
    /// queued a moment ago. `unsupported`: this Odoo has no means.
    status: &'static str,
    model: String,
    res_id: i64,
    /// `live_refresh`, `companion` or `server_action`.
    #[serde(skip_serializing_if = "Option::is_none")]
    means: Option<&'static str>,
    what_the_user_sees: &'static str,
    /// Whose browsers: those in which the user of the connection is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// Means that were tried and why they did not do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tried: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    how_to_enable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Tool for Refresh {
    const NAME: &'static str = "odoo_refresh";
    const TITLE: &'static str = "Tell open browsers of a change";
    const DESCRIPTION: &'static str = "Tell the browsers of the connection's own user that records changed. \
         With an add-on views reload; on a stock Odoo a short message appears. The result says which.";
    const CLASS: Class = Class::Other;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Refreshed;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let mut effects = vec![Effect::Records(notice_effect(&self.connection))];
        if let Some(model) = &self.model {
            // Nothing is read; but who may not read a model has nothing to say about it.
            let read = MethodName::known("fields_get");
            let read = RecordEffect::new(&self.connection, model, Operation::Read, read);
            effects.push(Effect::Records(read.bounded(0).auxiliary()));
        }
        effects
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: &str| Err(ArgumentsError { message: message.to_owned(), hint: None });
        if self.model.is_none() && (self.res_id != 0 || !self.res_ids.is_empty()) {
            return refused("`res_id` needs a `model`");
        }
        if self.fields.as_slice().len() > FIELDS_MAX {
            return refused("`fields` names more fields than anybody reads; at most 20");
        }
        Ok(())
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Refreshed, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let action = cx.settings().refresh.server_actions.get(&self.connection).copied();
        let mut ids = self.res_ids.clone();
        if self.res_id != 0 && !ids.contains(&self.res_id) {
            ids.insert(0, self.res_id);
        }
        let fields = self.fields.as_slice().to_vec();
        let notice = Notice { model: self.model.clone(), ids, fields };
        let told = odoo.tell_browsers(&notice, action, cx.caller()).await?;
        let user = odoo.state().signed_in.and_then(|signed_in| signed_in.user_name.clone());
        Ok(self.answer(&told, user))
    }
}

impl Refresh {
    fn answer(self, told: &Told, user: Option<String>) -> Refreshed {
        let tried = told.tried.iter().map(|(means, why)| format!("{}: {why}", means.as_str())).collect();
        let (status, seen) = match told.means {
            Some(means) if told.coalesced => ("coalesced", means.what_the_user_sees()),
            Some(means) => ("queued", means.what_the_user_sees()),
            None => ("unsupported", "nothing"),
        };
        let how_to_enable = told.means.is_none().then(|| {
            format!(
                "an administrator runs `odoo-mcp doctor --setup {}` once and follows its one step; or \
                 installs an add-on that brings the model `live.refresh`",
                self.connection
            )
        });
        let delivery = told.means.map(|_| {
            "delivery needs an open browser and a working websocket (long polling up to 15)".to_owned()
        });
        Refreshed {
            status,
            model: self.model.map(|model| model.to_string()).unwrap_or_default(),
            res_id: self.res_id,
            means: told.means.map(Means::as_str),
            what_the_user_sees: seen,
            user: user.filter(|_| told.means.is_some()),
            tried,
            how_to_enable,
            note: rows::joined_notes([delivery]),
        }
    }
}

fn some_model<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ModelName>, D::Error> {
    match Option::<String>::deserialize(deserializer)?.as_deref() {
        None | Some("") => Ok(None),
        Some(name) => ModelName::parse(name).map(Some).map_err(serde::de::Error::custom),
    }
}

fn some_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() || value.as_i64() == Some(0) {
        return Ok(0);
    }
    match record_ids(&value, 1).as_deref() {
        Ok([id]) if !value.is_array() => Ok(*id),
        Ok(_) => Err(serde::de::Error::custom("it is the id of one record, or 0")),
        Err(why) => Err(serde::de::Error::custom(why)),
    }
}

fn some_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(Vec::new()),
        Value::String(text) if text.trim().is_empty() => {
            Err(serde::de::Error::custom("it is empty; give ids, or leave it out"))
        }
        given => record_ids(&given, RECORDS_MAX).map_err(serde::de::Error::custom),
    }
}
