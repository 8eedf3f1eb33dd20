//! A call that a person has to agree to: is there an approval already, and if not, how to ask.
//!
//! An approval is bound to the call and to the records as they stand, so both are looked at again
//! on every try. It is used up, durably, before anything is sent.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use super::{Corridor, RawCall, new_reference, no_line};
use crate::{
    approvals::{
        Answer, ApprovalError, Approvals, Asking, CanAsk, Entry, Preview, RecordPreview, SHOWN_BESIDE,
        Standing, Taken, Way, bound_to, may_answer_in_form, question_text,
    },
    audit::AuditLog,
    facts::{Approval, CallFacts, Class, Effect, MemoryChange, Operation},
    odoo::{self, Connections},
    policy::{ApprovalMode, ApprovalTerms, Ask, Policy},
    reply::{CallError, without_secrets},
    tools::ToolError,
};

/// How long a call waits for the answer on a page that the person has just opened.
const PAGE_WAIT_MAX: Duration = Duration::from_secs(60);
/// How often it looks.
const PAGE_LOOK_EVERY: Duration = Duration::from_millis(500);

/// A line of the audit log about an approval. No values: the question itself is not logged.
#[derive(Debug, Serialize)]
pub struct ApprovalNote<'a> {
    at: Timestamp,
    approval: &'a str,
    what: &'static str,
    /// Who said yes or no.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    user: &'a str,
    grant: &'a str,
    tool: &'a str,
    rule: &'a str,
}

impl<'a> ApprovalNote<'a> {
    /// What a person did with an approval.
    pub fn of_entry(entry: &'a Entry, at: Timestamp) -> Self {
        Self {
            at,
            approval: entry.id.as_str(),
            what: entry.state.as_str(),
            by: entry.state.by().map(|by| &**by),
            user: entry.user.as_str(),
            grant: entry.grant.as_str(),
            tool: &entry.tool,
            rule: &entry.rule,
        }
    }
}

impl Corridor {
    /// Looks for a valid approval of exactly this call, takes an answer that came with it, or opens a
    /// question.
    pub(super) async fn put_to_a_person(
        &self,
        policy: &Arc<Policy>,
        ask: &Ask,
        facts: &CallFacts,
        call: &RawCall,
        connections: &Connections,
    ) -> Result<Standing, CallError> {
        let Some(approvals) = &self.approvals else { return Ok(Standing::Nobody) };
        let preview = self.preview(policy, facts, connections).await?;
        let left = self.audit.left(&ask.charges, facts.at);
        let asking = Arc::new(Asking {
            caller: facts.caller.clone(),
            tool: facts.tool.name.into(),
            class: facts.class,
            rule: ask.rule(),
            policy: Arc::clone(&ask.policy.0),
            terms: ask.terms.clone(),
            bound: bound_to(facts, &ask.policy.0, &preview),
            text: without_secrets(question_text(facts, &ask.rules, &ask.reason, &preview, &left)),
            way: way(&ask.terms, facts, call.can_ask),
        });
        let (given, audit) = (call.answer.clone(), self.audit.clone());
        let asked = Arc::clone(&asking);
        let (standing, opened) =
            in_store(approvals, move |approvals| stand(approvals, &audit, &asked, given.as_ref())).await??;
        if !opened {
            return Ok(standing);
        }
        self.wait_for_page(approvals, asking, standing, call).await
    }

    /// The person has the page before them: a short wait spares the caller another try.
    async fn wait_for_page(
        &self,
        approvals: &Approvals,
        asking: Arc<Asking>,
        mut standing: Standing,
        call: &RawCall,
    ) -> Result<Standing, CallError> {
        let until = tokio::time::Instant::now() + PAGE_WAIT_MAX;
        while matches!(standing, Standing::Pending { .. }) && tokio::time::Instant::now() < until {
            tokio::select! {
                () = call.cancelled.cancelled() => return Err(CallError::Cancelled),
                () = tokio::time::sleep(PAGE_LOOK_EVERY) => {}
            }
            let asking = Arc::clone(&asking);
            standing = in_store(approvals, move |approvals| {
                let asking = Asking { way: Way::Console, ..Asking::clone(&asking) };
                approvals.ask(&asking, Timestamp::now()).map_err(|error| failed(&error))
            })
            .await??;
        }
        Ok(standing)
    }

    /// The records that the call names, as the caller may see them.
    async fn preview(
        &self,
        policy: &Arc<Policy>,
        facts: &CallFacts,
        connections: &Connections,
    ) -> Result<Preview, CallError> {
        let sight = policy.sight(&facts.caller);
        let grant = &facts.caller.grant;
        let before = odoo::look_at(&facts.effects, SHOWN_BESIDE, connections, &sight, grant)
            .await
            .map_err(|error| CallError::Tool(ToolError::Odoo(error)))?;
        let record = |record: odoo::RecordBefore| RecordPreview {
            effect: record.effect,
            connection: record.connection,
            model: record.model,
            id: record.id,
            exists: record.exists,
            name: record.name,
            write_date: record.write_date,
            values: record.values,
        };
        Ok(Preview { records: before.records.into_iter().map(record).collect(), more: before.more })
    }

    /// The approval is used from here on. False if it is not there any more.
    pub(super) async fn use_up(&self, approval: &Approval) -> Result<bool, CallError> {
        let Some(approvals) = &self.approvals else { return Ok(false) };
        let id = Arc::clone(&approval.id);
        in_store(approvals, move |approvals| {
            approvals.use_up(&id, Timestamp::now()).map_err(|error| failed(&error))
        })
        .await?
    }

    /// The call that used the approval was never sent.
    pub(super) async fn give_back(&self, approval: &Approval) {
        let Some(approvals) = &self.approvals else { return };
        let id = Arc::clone(&approval.id);
        let given_back =
            in_store(approvals, move |approvals| approvals.give_back(&id).map_err(|error| failed(&error)));
        if given_back.await.and_then(|done| done).is_err() {
            tracing::warn!(approval = %approval.id, "an approval that was not used stays used");
        }
    }
}

/// How many questions wait; nothing where that cannot be read.
pub(super) fn pending(approvals: &Approvals) -> Option<u64> {
    let now = Timestamp::now();
    let pending = approvals.list().ok()?.iter().filter(|entry| entry.is_pending(now)).count();
    u64::try_from(pending).ok()
}

/// Files and their lock wait for the disk and for other processes, so they get a thread of their own.
pub(super) async fn in_store<T: Send + 'static>(
    approvals: &Approvals,
    work: impl FnOnce(&Approvals) -> T + Send + 'static,
) -> Result<T, CallError> {
    let approvals = approvals.clone();
    tokio::task::spawn_blocking(move || work(&approvals)).await.map_err(|_| {
        let reference = new_reference();
        tracing::error!(%reference, "reading approvals failed inside");
        CallError::Internal { reference }
    })
}

fn failed(error: &ApprovalError) -> CallError {
    let reference = new_reference();
    tracing::error!(%error, %reference, "approvals cannot be read or written");
    CallError::Internal { reference }
}

/// How the call stands after the answer that came along, and whether a person is on the page now.
fn stand(
    approvals: &Approvals,
    audit: &AuditLog,
    asking: &Asking,
    answer: Option<&Answer>,
) -> Result<(Standing, bool), CallError> {
    let now = Timestamp::now();
    let ask = |way: Way| {
        let asking = Asking { way, ..asking.clone() };
        approvals.ask(&asking, now).map_err(|error| failed(&error))
    };
    let note = |approval: &str, what: &'static str, by: Option<&str>| {
        let (user, grant) = (asking.caller.user.as_str(), asking.caller.grant.as_str());
        let note = ApprovalNote {
            at: now,
            approval,
            what,
            by,
            user,
            grant,
            tool: &asking.tool,
            rule: &asking.rule.0,
        };
        audit.note_event("approval", &note).map_err(|error| no_line(&error))
    };
    let later = asking.terms.modes.contains(&ApprovalMode::Console);
    let taken = answer.map(|answer| approvals.take(answer, asking, now));
    match taken.transpose().map_err(|error| failed(&error))? {
        None => {
            let standing = ask(asking.way)?;
            match &standing {
                Standing::Open(question) => note(&question.id, "asked", None)?,
                Standing::Pending { id, is_new: true, .. } => note(id, "asked", None)?,
                _ => {}
            }
            Ok((standing, false))
        }
        Some(Taken::Counted(id)) => {
            let standing = ask(Way::None)?;
            match &standing {
                Standing::Granted(approval) => note(id.as_str(), "granted", Some(&approval.by))?,
                Standing::Refused { by } => note(id.as_str(), "refused", Some(by))?,
                _ => {}
            }
            Ok((standing, false))
        }
        Some(Taken::Opened) => Ok((ask(Way::Console)?, true)),
        Some(Taken::Dismissed) if later => Ok((ask(Way::Console)?, false)),
        Some(Taken::Dismissed) => Ok((Standing::Dismissed, false)),
        Some(Taken::DoesNotFit) => Ok((Standing::Stale, false)),
    }
}

/// The first way that policy and client both allow.
fn way(terms: &ApprovalTerms, facts: &CallFacts, client: CanAsk) -> Way {
    let possible = |mode: &ApprovalMode| match mode {
        ApprovalMode::Url if client.url => Some(Way::Page),
        ApprovalMode::Form
            if client.form && is_up_to_writing(facts) && may_answer_in_form(&facts.caller, terms) =>
        {
            Some(Way::Form)
        }
        ApprovalMode::Console => Some(Way::Console),
        ApprovalMode::Url | ApprovalMode::Form => None,
    };
    terms.modes.iter().find_map(possible).unwrap_or(Way::None)
}

/// A client could answer a form by itself, so a form is for nothing worse than writing, whatever
/// hides in the call.
fn is_up_to_writing(facts: &CallFacts) -> bool {
    let harmless = |effect: &Effect| match effect {
        Effect::Records(records) => {
            matches!(records.operation, Operation::Read | Operation::Create | Operation::Write)
        }
        Effect::Connection { .. } | Effect::AllConnections { .. } | Effect::Own { .. } => true,
        Effect::Memory { change, .. } => *change != MemoryChange::Delete,
    };
    matches!(facts.class, Class::Read | Class::Write) && facts.effects.iter().all(harmless)
}
