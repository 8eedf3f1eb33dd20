//! Calling a method over the web session: the same call as `odoo_execute`, another way to travel.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    facts::{Caller, Class, Effect, Risk},
    tools::{
        ArgumentsError, CallContext, Tool, ToolEntry, ToolError,
        records::execute::{Execute, Executed},
        row,
    },
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<WebCall>()];

/// Arguments of `odoo_web_call`: those of `odoo_execute`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
struct WebCall(Execute);

impl Tool for WebCall {
    const NAME: &'static str = "odoo_web_call";
    const TITLE: &'static str = "Call a model method over the web session";
    const DESCRIPTION: &'static str = "Call any public method of a model as the web client does, with your web \
         session: for users who have no API key, or where the session's user is another one. Otherwise prefer \
         `odoo_execute` or the tool of its own.";
    const CLASS: Class = Class::Execute;
    const RISK: Risk = Risk::High;
    type Output = Executed;

    fn effects(&self, caller: &Caller) -> Vec<Effect> {
        self.0.effects(caller)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        self.0.check()
    }

    fn class(&self) -> Class {
        Tool::class(&self.0)
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Executed, ToolError> {
        let web = cx.web(self.0.connection())?;
        self.0.run_over(web.odoo()).await
    }
}
