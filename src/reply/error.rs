//! The sum of the ways a call can end badly, with a stable code for each.

use std::sync::Arc;

use serde_json::json;

use crate::{
    facts::JsonObject,
    odoo::OdooError,
    policy::{Denial, DenialKind},
    tools::{ArgumentsError, ToolError},
};

/// Why a call has no result.
#[derive(Debug)]
pub enum CallError {
    Arguments(ArgumentsError),
    Denied(Box<Denial>),
    /// A person has to agree first, and was asked; the denial says so.
    Waiting {
        denial: Box<Denial>,
        approval: Arc<str>,
        expires_at: jiff::Timestamp,
    },
    Tool(ToolError),
    Cancelled,
    /// The audit log cannot be written: no record, no call.
    AuditUnavailable {
        reference: String,
    },
    /// The store that replicas share is away: no record, no call.
    StoreUnreachable,
    /// A fault of ours, known to the log by its reference number.
    Internal {
        reference: String,
    },
}

impl CallError {
    /// A short stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Arguments(_) | Self::Tool(ToolError::Arguments { .. }) => "invalid_arguments",
            Self::Denied(denial) => match denial.kind {
                DenialKind::Unknown | DenialKind::Refused | DenialKind::Limited => "denied",
                DenialKind::NoGrant => "no_grant",
                DenialKind::Paused => "paused",
                DenialKind::Scope => "insufficient_scope",
                DenialKind::NotFound => "not_found",
                DenialKind::UnknownField => "unknown_field",
                DenialKind::BadAmount => "bad_amount",
                DenialKind::NeedsApproval => "needs_approval",
            },
            Self::Waiting { .. } => "needs_approval",
            Self::Tool(ToolError::Odoo(error)) => error.code(),
            Self::Tool(ToolError::Stopped { code, .. } | ToolError::Reported { code, .. }) => code,
            Self::Tool(ToolError::Internal { .. }) | Self::Internal { .. } => "internal",
            Self::Cancelled => "cancelled",
            Self::AuditUnavailable { .. } => "audit_unavailable",
            Self::StoreUnreachable => "store_unreachable",
        }
    }

    pub fn message(&self) -> String {
        match self {
            Self::Arguments(error) => error.message.clone(),
            Self::Denied(denial) | Self::Waiting { denial, .. } => denial.reason.clone(),
            Self::Tool(error) => error.to_string(),
            Self::Cancelled => "the call was cancelled".to_owned(),
            Self::AuditUnavailable { reference } => {
                format!("the audit log cannot be written, so nothing was done (reference {reference})")
            }
            Self::StoreUnreachable => {
                "the store that all servers share cannot be reached, so nothing was done".to_owned()
            }
            Self::Internal { reference } => {
                format!("something failed inside odoo-mcp (reference {reference})")
            }
        }
    }

    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Arguments(error) => error.hint.clone(),
            Self::Denied(denial) => {
                denial.retry_after.map(|wait| format!("try again in {} ms", wait.as_millis()))
            }
            Self::Waiting { approval, .. } => Some(format!(
                "a person runs `odoo-mcp approvals show {approval}` and grants or refuses it; then call again \
                 with the same arguments"
            )),
            Self::Tool(
                ToolError::Arguments { hint, .. }
                | ToolError::Stopped { hint, .. }
                | ToolError::Reported { hint, .. },
            ) => hint.clone(),
            Self::Tool(ToolError::Odoo(error)) => error.hint(),
            Self::Tool(ToolError::Internal { .. }) | Self::Internal { .. } => {
                Some("the operator finds the reference in the log".to_owned())
            }
            Self::StoreUnreachable => Some("try again in some seconds".to_owned()),
            Self::Cancelled | Self::AuditUnavailable { .. } => None,
        }
    }

    /// Further members of the structured form.
    pub(super) fn details(&self) -> JsonObject {
        if self.keeps_its_rule() {
            return JsonObject::new();
        }
        let mut details = JsonObject::new();
        match self {
            Self::Denied(denial) => denial_details(denial, &mut details),
            Self::Waiting { denial, approval, expires_at } => {
                denial_details(denial, &mut details);
                details.insert("approval".to_owned(), json!(&**approval));
                details.insert("expires_at".to_owned(), json!(expires_at.to_string()));
            }
            Self::Tool(ToolError::Odoo(error)) => odoo_details(error, &mut details),
            Self::Tool(ToolError::Reported { report, .. }) => details.extend((**report).clone()),
            Self::AuditUnavailable { reference } | Self::Internal { reference } => {
                details.insert("reference".to_owned(), json!(reference));
            }
            Self::Arguments(_) | Self::Tool(_) | Self::Cancelled | Self::StoreUnreachable => {}
        }
        details
    }

    /// A rule for a field that may not be seen would tell that there is one. The log has it.
    fn keeps_its_rule(&self) -> bool {
        matches!(self, Self::Denied(denial) if denial.kind == DenialKind::UnknownField)
    }

    /// The text form: what happened, what to do, and the code.
    pub(super) fn sentence(&self) -> String {
        if self.keeps_its_rule() {
            return format!("{}: {}", self.code(), self.message());
        }
        let mut sentence = format!("{}: {}", self.code(), self.message());
        if let Some(hint) = self.hint() {
            sentence.push_str("\nhint: ");
            sentence.push_str(&hint);
        }
        if let Self::Denied(denial) | Self::Waiting { denial, .. } = self {
            sentence.push_str("\nrule: ");
            sentence.push_str(&denial.rule.0);
        }
        sentence
    }
}

fn denial_details(denial: &Denial, details: &mut JsonObject) {
    details.insert("rule".to_owned(), json!(&*denial.rule.0));
    details.insert("rule_name".to_owned(), json!(&*denial.rule_name));
    details.insert("reason".to_owned(), json!(denial.reason));
    if let Some(wait) = denial.retry_after {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        details.insert("retry_after_ms".to_owned(), json!(wait_ms));
    }
    if !denial.remaining.is_empty() {
        let remaining: JsonObject =
            denial.remaining.iter().map(|(name, left)| (name.to_string(), amount(left))).collect();
        details.insert("remaining".to_owned(), remaining.into());
    }
    details.insert("policy".to_owned(), json!(&*denial.policy.0));
    details.insert("next".to_owned(), json!(denial.next.as_str()));
}

/// What is left of a counter: a number where it is a whole one, else exact text.
fn amount(left: &str) -> serde_json::Value {
    left.parse::<u64>().map_or_else(|_| json!(left), |whole| json!(whole))
}

fn odoo_details(error: &OdooError, details: &mut JsonObject) {
    if let OdooError::Fault { exception, model, method, .. } = error {
        let odoo = json!({
            "exception": exception,
            "model": model.as_ref().map(ToString::to_string),
            "method": method.as_ref().map(ToString::to_string),
        });
        details.insert("odoo".to_owned(), odoo);
    }
}
