//! The steps of the tour. Each claims something and checks it.

use serde_json::{Value, json};

use super::{Session, Stop};
use crate::{
    audit,
    cli::{
        audit::{last_lines, readable},
        corridor::{call, object},
        terminal::table,
    },
    house::House,
};

/// Writes until the cap answers: two full minutes of the shipped limit, should a minute end between.
const WRITES_MAX: usize = 64;
/// Lines of the log that the tour shows.
const LOG_LINES_SHOWN: usize = 6;
/// What the tour writes; 555 numbers belong to nobody.
const PHONE: &str = "+1 555 010 0199";

pub(super) struct Tour<'a> {
    session: &'a Session,
    house: &'a House,
    untrue: Vec<&'static str>,
}

impl<'a> Tour<'a> {
    pub(super) fn new(session: &'a Session, house: &'a House) -> Self {
        Self { session, house, untrue: Vec::new() }
    }

    /// All steps; an error if one did not come out as claimed.
    pub(super) async fn walk(mut self) -> Result<(), Stop> {
        self.opening()?;
        let partner = self.read().await?;
        self.write(&partner).await?;
        self.delete(&partner).await?;
        self.hidden().await?;
        self.log()?;
        if self.untrue.is_empty() {
            return Ok(());
        }
        Err(Stop::FailedWith(format!("the tour did not come true: {}", self.untrue.join("; "))))
    }

    fn opening(&self) -> Result<(), Stop> {
        self.say("odoo-mcp stands between a language model and your Odoo.")?;
        self.say("Every call walks one corridor: who calls, what the policy says, what the counters")?;
        self.say("allow, a line in the log, Odoo, and a second line in the log.")?;
        self.say(&format!(
            "This tour uses a practice Odoo 19 inside this program and {}.",
            self.house.keeper.source()
        ))
    }

    async fn read(&mut self) -> Result<Value, Stop> {
        self.step("1. Reading is free")?;
        let arguments = json!({
            "model": "res.partner",
            "domain": [["is_company", "=", true]],
            "fields": ["name", "city", "country_id"],
            "limit": 4,
            "order": "name",
        });
        let answer = self.call("odoo_search_read", arguments).await;
        let records: Vec<Value> = answer
            .as_ref()
            .ok()
            .and_then(|answer| answer.get("records"))
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        self.claim(!records.is_empty(), "partners can be read");
        let mut rows = vec![["id", "name", "city", "country"].map(str::to_owned).to_vec()];
        rows.extend(records.iter().map(|record| {
            ["/id", "/name", "/city", "/country_id/1"].map(|pointer| cell(record.pointer(pointer))).to_vec()
        }));
        self.indented(&table(&rows))?;
        Ok(records.first().cloned().unwrap_or_default())
    }

    async fn write(&mut self, partner: &Value) -> Result<(), Stop> {
        self.step("2. Writing is counted")?;
        let id = partner.get("id").cloned().unwrap_or_default();
        let values = json!({ "phone": PHONE });
        let dry = json!({ "model": "res.partner", "ids": [id], "values": values, "dry_run": true });
        let planned = self.call("odoo_write", dry).await;
        let change =
            planned.ok().and_then(|answer| answer.pointer("/changes/0").cloned()).unwrap_or_default();
        self.claim(change.get("after").and_then(Value::as_str) == Some(PHONE), "a dry run shows the change");
        self.say(&format!(
            "  dry run   {}: {} {} → {}",
            cell(partner.get("name")),
            cell(change.get("field")),
            cell(change.get("before")),
            cell(change.get("after"))
        ))?;

        let write = json!({ "model": "res.partner", "ids": [id], "values": values });
        let written = self.call("odoo_write", write.clone()).await;
        let read = json!({ "model": "res.partner", "ids": [id], "fields": ["phone"] });
        let after = self.call("odoo_read", read).await.ok();
        let phone = after.and_then(|answer| answer.pointer("/records/0/phone").cloned());
        let done = written.is_ok() && phone.as_ref().and_then(Value::as_str) == Some(PHONE);
        self.claim(done, "a write is done");
        self.say(&format!("  written   phone is now {}", cell(phone.as_ref())))?;

        let mut calls = 2;
        let mut refusal = None;
        while refusal.is_none() && calls < WRITES_MAX {
            calls += 1;
            refusal = self.call("odoo_write", write.clone()).await.err();
        }
        let refusal = refusal.unwrap_or_default();
        self.claim(refusal.get("next").and_then(Value::as_str) == Some("wait"), "the cap holds");
        let wait_ms = refusal.get("retry_after_ms").and_then(Value::as_u64);
        self.claim(wait_ms.is_some(), "the cap says how long to wait");
        self.say(&format!("  again …   call {calls}: {}", cell(refusal.get("code"))))?;
        self.refusal(&refusal)?;
        self.say(&format!("            wait: {} s", wait_ms.unwrap_or_default().div_ceil(1_000)))
    }

    async fn delete(&mut self, partner: &Value) -> Result<(), Stop> {
        self.step("3. Deleting is refused")?;
        let id = partner.get("id").cloned().unwrap_or_default();
        let arguments = json!({ "model": "res.partner", "ids": [id] });
        let refusal = self.call("odoo_unlink", arguments).await.err().unwrap_or_default();
        self.claim(refusal.get("code").and_then(Value::as_str) == Some("denied"), "a delete is refused");
        let count = json!({ "model": "res.partner", "domain": [["id", "=", id]] });
        let left = self.call("odoo_search_count", count).await.ok();
        let left = left.and_then(|answer| answer.get("count").and_then(Value::as_u64));
        self.claim(left == Some(1), "the record is still there");
        self.say(&format!("  odoo_unlink   {}", cell(refusal.get("code"))))?;
        self.refusal(&refusal)
    }

    async fn hidden(&mut self) -> Result<(), Stop> {
        self.step("4. A hidden tool does not exist")?;
        let refusal = self.call("odoo_disconnect", json!({})).await.err().unwrap_or_default();
        self.claim(
            refusal.get("code").and_then(Value::as_str) == Some("unknown_tool"),
            "a hidden tool is unknown",
        );
        let real = self.house.corridor.catalog().find("odoo_disconnect").is_some();
        self.claim(real, "the hidden tool is in the catalogue");
        self.say(&format!("  odoo_disconnect   {}", cell(refusal.get("message"))))?;
        self.say("  It is built in, and the policy hides it: not listed, not callable, not hinted at.")
    }

    fn log(&mut self) -> Result<(), Stop> {
        self.step("5. The log proves it")?;
        let path = self.house.corridor.audit().path();
        let lines = last_lines(path, LOG_LINES_SHOWN).unwrap_or_default();
        let rows: Vec<Vec<String>> = lines.iter().map(|line| without_clock(readable(line))).collect();
        self.claim(rows.len() == LOG_LINES_SHOWN, "the log has the last calls");
        self.indented(&table(&rows))?;
        let report = audit::verify(path).ok();
        let holds = report.as_ref().is_some_and(audit::ChainReport::holds);
        self.claim(holds, "the chain of the log holds");
        let lines = report.map(|report| report.lines).unwrap_or_default();
        let verdict = if holds { "holds" } else { "is broken" };
        self.say(&format!(
            "  Each line carries the hash of the one before: the chain of {lines} lines {verdict}."
        ))
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<Value, Value> {
        call(&self.house.corridor, tool, object(arguments)).await
    }

    fn claim(&mut self, came_true: bool, what: &'static str) {
        if !came_true {
            self.untrue.push(what);
        }
    }

    fn refusal(&self, refusal: &Value) -> Result<(), Stop> {
        self.say(&format!("            because: {}", cell(refusal.get("message"))))?;
        self.say(&format!("            rule: {}", cell(refusal.get("rule"))))
    }

    fn step(&self, title: &str) -> Result<(), Stop> {
        self.say(&format!("\n{}", self.session.terminal.bold(title)))
    }

    fn indented(&self, text: &str) -> Result<(), Stop> {
        text.lines().try_for_each(|line| self.say(&format!("  {line}")))
    }

    fn say(&self, text: &str) -> Result<(), Stop> {
        Ok(self.session.terminal.line(text)?)
    }
}

/// A value as a person reads it.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The columns without time and call number, which only fill the line here.
fn without_clock(row: Vec<String>) -> Vec<String> {
    row.into_iter().enumerate().filter(|(column, _)| !matches!(column, 1 | 2)).map(|(_, cell)| cell).collect()
}
