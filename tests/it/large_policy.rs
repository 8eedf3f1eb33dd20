//! A policy of the size that the targets are set for: 5,000 tools, 500 models, and a call on which five
//! predicates are judged. For the benchmark and for the test that counts allocations.

use std::{fmt::Write as _, sync::Arc};

use odoo_mcp::{
    facts::{
        Arrival, CallFacts, Caller, Class, ConnectionAlias, Effect, FieldName, Found, JsonObject, MethodName,
        ModelName, Operation, RecordEffect, Risk, ToolFacts,
    },
    policy::KnownTools,
};

pub(crate) const TOOLS: usize = 5_000;
pub(crate) const MODELS: usize = 500;

/// A catalogue of so many tools.
#[derive(Debug)]
pub(crate) struct Large(Vec<ToolFacts>);

impl Large {
    /// Names live as long as the process, as those of a real catalogue do.
    pub(crate) fn new() -> Self {
        let named = |number: usize| {
            let name: &'static str = Box::leak(format!("tool_{number:04}").into_boxed_str());
            ToolFacts { name, family: "large", class: Class::Write, risk: Risk::Medium }
        };
        Self((0..TOOLS).map(named).collect())
    }

    pub(crate) fn middle(&self) -> Option<ToolFacts> {
        self.0.get(TOOLS / 2).copied()
    }
}

impl KnownTools for Large {
    fn tools(&self) -> Vec<ToolFacts> {
        self.0.clone()
    }

    fn input_schema(&self, _: &str) -> Option<JsonObject> {
        None
    }

    fn pin(&self, _: &str) -> Option<String> {
        None
    }
}

/// Each tool with its own limit, most with a condition; each model with rights, a condition and sizes.
pub(crate) fn text() -> String {
    let mut text = String::from(
        r#"{"version":"1","default":"deny","hide":["tool_0000","other_*"],
        "all_tools":{"limits":[{"counter":"calls","window":"minute","max":1000000}],
          "deny_if":[{"path":"ctx.user","op":"in","value":["mallory","eve"]}]},
        "classes":{"write":{"require":[{"path":"args.reason","op":"exists","value":true}]}},
        "connections":{"erp*":{"mode":"no_delete"}},
        "tools":{"#,
    );
    for number in 0..TOOLS {
        let comma = if number == 0 { "" } else { "," };
        let item = r#""require":[{"path":"args.amount","op":"lte","value":100}],"deny_if":[{"path":"args.note","op":"starts_with","value":"x"}]"#;
        let item = if number % 5 == 0 { item } else { "" };
        let _ = write!(text, r#"{comma}"tool_{number:04}":{{{item}}}"#);
    }
    text.push_str(r#"},"models":{"#);
    for number in 0..MODELS {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}"large.model_{number:03}":{{"ops":["read","write"],"batch":{{"ids":50}},"fields":{{"secret_*":{{"read":"deny","write":"deny","filter":"deny"}}}},"deny_if":[{{"path":"odoo.values.amount","op":"gt","value":100}}]}}"#
        );
    }
    text.push_str("}}");
    text
}

/// A write of three records that all five predicates let through.
pub(crate) fn call(tool: ToolFacts) -> Result<CallFacts, Box<dyn std::error::Error>> {
    let (alias, model) = (ConnectionAlias::parse("erp-main")?, ModelName::parse("large.model_250")?);
    let values: JsonObject = serde_json::from_str(r#"{"name":"Renamed","amount":99.5,"country_id":75}"#)?;
    let written =
        [FieldName::parse("name")?, FieldName::parse("amount")?, FieldName::parse("country_id")?].to_vec();
    let effect = RecordEffect::new(&alias, &model, Operation::Write, MethodName::known("write"))
        .with_ids(&[7, 8, 9])
        .writing(written)
        .with_values(Arc::from([values]))
        .bounded(3);
    Ok(CallFacts {
        caller: Caller::local(Arrival::Stdio),
        tool,
        class: Class::Write,
        dry_run: false,
        arguments: Arc::new(serde_json::from_str(r#"{"reason":"they moved","amount":12.5,"note":"short"}"#)?),
        effects: Arc::from([Effect::Records(effect)]),
        at: jiff::Timestamp::from_second(1_795_255_200)?,
        found: Found { unfolded: true, ..Found::default() },
    })
}
