//! `usage correct`: says of calls that they are billed or not, in a journal with who and why.

use clap::{ArgAction, ArgGroup, Args};
use serde_json::json;

use super::place::{Place, stopped};
use crate::{
    approvals::visible,
    cli::{Session, Stop},
    identity::at_command_line,
    usage::{CallId, CallRow, CallState, Tenant},
};

/// Longer texts are no ids.
const ID_CHARS_SHOWN: usize = 60;

/// Say of calls that they are billed to the customer, or not
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("which").required(true).args(["call", "move_id"])),
    after_help = "\
What a call cost never changes, and budgets count it as before. The correction is a line of a journal
that nobody can take out; a later one wins.

Of a bill, `--billed false` takes back every billed call, and `--billed true` bills the latest call that
answered, unless one is billed already.

Examples:
  odoo-mcp usage correct 5f0c…e1 --billed false --by \"Accounting\" --reason \"a test\"
  odoo-mcp usage correct --move 4711 --billed false --reason \"read twice by mistake\""
)]
pub(super) struct Correct {
    /// Calls, as `usage calls` shows them
    #[arg(value_name = "CALL")]
    call: Vec<String>,
    /// The calls of this bill
    #[arg(long = "move", value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    move_id: Option<i64>,
    /// Whether they are billed
    #[arg(long, action = ArgAction::Set, value_name = "true|false")]
    billed: bool,
    /// Who says so [default: the user who runs this]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// Why; it stays beside the correction
    #[arg(long, value_name = "WHY", default_value = "", hide_default_value = true)]
    reason: String,
}

impl Correct {
    pub(super) async fn run(self, session: &Session, place: Place, as_json: bool) -> Result<(), Stop> {
        let nothing = || Stop::FailedWith("nothing was counted yet".to_owned());
        let tenant = place.tenant().await?.ok_or_else(nothing)?;
        let calls = match self.move_id {
            Some(move_id) => of_bill(&place, &tenant, move_id, self.billed).await?,
            None => self.call.iter().map(|call| CallId(call.trim().to_owned())).collect(),
        };
        let by = self.by.unwrap_or_else(|| at_command_line(place.state.root()).shown.to_string());
        let marked = place.ledger.mark_billed(&tenant, &calls, self.billed, &by, &self.reason);
        let corrected = marked.await.map_err(|error| in_own_words(stopped(&error)))?;
        if as_json {
            session.terminal.json(&json!({
                "tenant_code": tenant.code,
                "billed": self.billed,
                "changed": corrected.changed,
                "unknown": corrected.unknown,
            }))?;
        } else {
            let now = if self.billed { "billed" } else { "not billed" };
            let before = calls.len() - corrected.changed - corrected.unknown.len();
            let line = format!("{now}: {} changed, {before} so before", corrected.changed);
            session.terminal.line(&line)?;
        }
        if corrected.unknown.is_empty() {
            return Ok(());
        }
        let unknown: Vec<String> =
            corrected.unknown.iter().map(|call| format!("`{}`", visible(&call.0, ID_CHARS_SHOWN))).collect();
        Err(Stop::FailedWith(format!("the tenant `{}` has no call {}", tenant.code, unknown.join(", "))))
    }
}

/// The ledger calls the options otherwise.
fn in_own_words(stop: Stop) -> Stop {
    match stop {
        Stop::Settings(text) => {
            Stop::Settings(text.replace("`who`", "`--by`").replace("`why`", "`--reason`"))
        }
        other => other,
    }
}

/// The calls of a bill that have to be marked.
async fn of_bill(place: &Place, tenant: &Tenant, move_id: i64, billed: bool) -> Result<Vec<CallId>, Stop> {
    let rows = place.ledger.calls_of_moves(tenant, &[move_id]).await.map_err(|error| stopped(&error))?;
    if rows.is_empty() {
        let message = format!("the tenant `{}` has no call of the bill {move_id}", tenant.code);
        return Err(Stop::FailedWith(message));
    }
    let answered = |row: &&CallRow| row.state == CallState::Success;
    let is_billed = |row: &&CallRow| row.billed;
    let chosen: Vec<&CallRow> = match (rows.iter().any(|row| row.billed), billed) {
        (_, false) | (true, true) => rows.iter().filter(is_billed).collect(),
        (false, true) => rows.iter().find(answered).into_iter().collect(),
    };
    if chosen.is_empty() && billed {
        return Err(Stop::FailedWith(format!(
            "no call of the bill {move_id} was answered, so none is billed"
        )));
    }
    Ok(chosen.into_iter().map(|row| row.call_id.clone()).collect())
}
