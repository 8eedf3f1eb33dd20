//! A policy tried before it is in force: on one call, and on the calls that the log remembers.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Seek as _, SeekFrom},
    path::Path,
    sync::Arc,
};

use serde_json::{Value, json};

use crate::{
    audit::PastCalls,
    console::{html::Html, page::problem, values::drawn},
    pipeline::Corridor,
    policy::{Policy, compare::compare},
    rehearsal::{Call, Compared, PastReport, Replay, Stage, StageTools},
};

/// So much of the log's end is decided again.
const BYTES_READ_MAX: u64 = 16 * 1024 * 1024;
/// Differences that are shown.
const SHOWN_MAX: usize = 50;

/// What would become of one call. Nothing is sent.
pub(super) fn one_call(html: &mut Html, corridor: &Corridor, policy: &Arc<Policy>, call: &str) {
    html.say("h2", "The call under this text");
    let call = match Call::read(call.as_bytes()) {
        Ok(call) => call,
        Err(error) => return problem(html, &format!("The call cannot be read: {error}.")),
    };
    let tools = StageTools::all(corridor.catalog());
    let definitions = BTreeMap::new();
    let outcome = Stage::new(Arc::clone(policy), &tools, &definitions).walk(&call);
    html.put(&drawn(&json!(outcome)));
}

/// The two texts side by side, and the past under both.
pub(super) fn compared(corridor: &Corridor, before: &str, after: &str, new: Arc<Policy>) -> Html {
    let mut html = Html::new();
    let (old_file, new_file): (Value, Value) =
        (serde_json::from_str(before).unwrap_or_default(), serde_json::from_str(after).unwrap_or_default());
    let changes = compare(&old_file, &new_file);
    if changes.is_empty() {
        html.say("p", "The two texts say the same.");
    } else {
        let rows = changes.iter().take(SHOWN_MAX).map(|change| {
            let direction = change.direction.as_str();
            let mut word = Html::new();
            word.say_as("span", if direction == "wider" { "bad-word" } else { "good" }, direction);
            vec![word, Html::code(&change.pointer), Html::of(&change.what)]
        });
        html.table("Rule by rule", &["Direction", "Where", "What"], rows.collect());
        if changes.len() > SHOWN_MAX {
            html.say("p", &format!("and {} more", changes.len() - SHOWN_MAX));
        }
    }
    let old = Policy::load(before.as_bytes(), corridor.catalog()).map(Arc::new);
    let old = old.unwrap_or_else(|_| corridor.policy());
    match past(corridor, old, new) {
        Ok(report) => told(&mut html, &report),
        Err(_) => html.say("p", "The log cannot be read, so the past was not tried."),
    }
    html
}

fn past(corridor: &Corridor, old: Arc<Policy>, new: Arc<Policy>) -> std::io::Result<PastReport> {
    let tools = StageTools::all(corridor.catalog());
    let definitions = BTreeMap::new();
    let mut replay = Replay::new(Some(old), new, &tools, &definitions);
    let log = corridor.audit();
    if log.is_shared()
        && let Err(error) = log.catch_up()
    {
        tracing::warn!(%error, "a policy is tried on this server's copy of the log");
    }
    for past in newest(log.path())? {
        replay.take(&past?);
    }
    Ok(replay.report())
}

/// A line that is cut in two at the beginning is skipped like any line that is none.
fn newest(path: &Path) -> std::io::Result<PastCalls<BufReader<File>>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(BYTES_READ_MAX)))?;
    Ok(PastCalls::read(BufReader::new(file)))
}

fn told(html: &mut Html, report: &PastReport) {
    let PastReport { calls, different, uncertain, differences } = report;
    html.say(
        "p",
        &format!("Of {calls} past calls {different} would come out otherwise; {uncertain} cannot be told."),
    );
    if differences.is_empty() {
        return;
    }
    let side = |side: &Compared| {
        let mut html = Html::of(&side.outcome.replace('_', " "));
        html.text(" ");
        html.put(&Html::code(&side.rule));
        html
    };
    let rows = differences.iter().take(SHOWN_MAX).map(|past| {
        vec![
            Html::of(&super::super::moment(past.at)),
            Html::code(&past.tool),
            Html::of(&past.grant),
            side(&past.before),
            side(&past.now),
        ]
    });
    html.table("Past calls", &["When", "Tool", "Grant", "Was", "Would be"], rows.collect());
}
