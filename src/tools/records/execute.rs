//! Calling any public method. Methods that have a tool of their own meet the same checks here.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{
    budget::MaxBytes,
    checked, existing,
    ids::Ids,
    request::{self, Request, Subject},
    result, rows,
    scope::Scope,
};
use crate::{
    facts::{
        Caller, Class, ConnectionAlias, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, Risk,
    },
    odoo::{OdooError, PermittedOdoo},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Execute>()];

/// Arguments of `odoo_execute`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub(in crate::tools) struct Execute {
    /// Technical model name, such as `sale.order`.
    pub(super) model: ModelName,
    /// Public method, such as `action_confirm`.
    pub(super) method: MethodName,
    /// Positional arguments; for a method on records the first is the list of ids unless `ids` is given.
    #[serde(default)]
    pub(super) args: Vec<Value>,
    /// Named arguments.
    #[serde(default)]
    pub(super) kwargs: JsonObject,
    /// Ids of the records the method runs on, instead of a first positional argument.
    #[serde(default)]
    #[schemars(with = "Ids")]
    pub(super) ids: Option<Ids>,
    /// Most bytes of JSON to return; a larger result is an error.
    #[serde(default)]
    max_bytes: MaxBytes,
    /// Why, in a sentence, where the policy wants to know.
    #[serde(default, deserialize_with = "a_text")]
    #[schemars(with = "String")]
    #[expect(dead_code, reason = "rules of the policy look for it among the arguments")]
    reason: Option<String>,
    #[serde(flatten)]
    pub(super) scope: Scope,
}

/// A reason that is null is none.
fn a_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// Result of `odoo_execute`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct Executed {
    /// What the method returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    /// The action it returned instead: the wizard, window, report or message the web client would show next.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<JsonObject>,
}

impl Tool for Execute {
    const NAME: &'static str = "odoo_execute";
    const TITLE: &'static str = "Call a model method";
    const DESCRIPTION: &'static str = "Call any public method of a model, such as a button: \
         `{\"model\": \"sale.order\", \"method\": \"action_confirm\", \"ids\": [7]}`. Prefer the tool of its own \
         where one exists.";
    const CLASS: Class = Class::Execute;
    const RISK: Risk = Risk::High;
    type Output = Executed;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        match Request::of(self) {
            Ok(request) => request.effects(self),
            // The call ends in `run` with this very error; until then it counts as the worst it names.
            Err(_) => request::worst_effects(self),
        }
    }

    /// Records that are named in no way Odoo should read are refused before anybody decides.
    fn check(&self) -> Result<(), ArgumentsError> {
        match Request::of(self) {
            Err(ToolError::Odoo(OdooError::BadCall { why, hint })) => {
                Err(ArgumentsError { message: why, hint })
            }
            Err(ToolError::Arguments { message, hint }) => Err(ArgumentsError { message, hint }),
            _ => Ok(()),
        }
    }

    fn class(&self) -> Class {
        match Operation::of_method(self.method.as_str(), true) {
            Operation::Read => Class::Read,
            Operation::Unlink => Class::Destructive,
            Operation::Create
            | Operation::Write
            | Operation::Execute
            | Operation::Mail
            | Operation::Report => Class::Execute,
        }
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Executed, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        self.run_over(&odoo).await
    }
}

impl Execute {
    pub(in crate::tools) fn connection(&self) -> &ConnectionAlias {
        &self.scope.connection
    }

    /// The call, over whichever way this client travels.
    pub(in crate::tools) async fn run_over(self, odoo: &PermittedOdoo<'_>) -> Result<Executed, ToolError> {
        let request = Request::of(&self)?;
        let request = self.guarded(odoo, request).await?;
        let result = result::with_ids(odoo.execute(request.into_call(&self)).await?);
        if let Some(action) = result::action(&result) {
            return Ok(Executed { result: None, action: Some(action) });
        }
        let bytes = rows::bytes_of(&result);
        if bytes > self.max_bytes.get() {
            return Err(ToolError::too_large(
                format!(
                    "the method ran; its result is {bytes} bytes and `max_bytes` is {}",
                    self.max_bytes.get()
                ),
                "name fewer records or `fields`, pass a `limit`, or raise `max_bytes`; odoo_search_read pages by itself",
            ));
        }
        Ok(Executed { result: Some(result), action: None })
    }

    /// `create`, `write` and `unlink` are held to what their tools hold them to.
    async fn guarded(&self, odoo: &PermittedOdoo<'_>, mut request: Request) -> Result<Request, ToolError> {
        match &mut request.subject {
            Subject::Create(records) => {
                *records = checked::for_create(odoo, &self.model, records).await?;
            }
            Subject::Write(ids, values) => {
                *values = checked::for_write(odoo, &self.model, values).await?;
                self.must_exist(odoo, ids).await?;
            }
            Subject::Unlink(ids) => self.must_exist(odoo, ids).await?,
            Subject::Other => {}
        }
        Ok(request)
    }

    async fn must_exist(&self, odoo: &PermittedOdoo<'_>, ids: &[i64]) -> Result<(), ToolError> {
        let fields: Vec<FieldName> = FieldName::parse("id").into_iter().collect();
        existing::all(odoo, &self.model, ids, &fields, &self.scope.context()?).await.map(|_| ())
    }
}
