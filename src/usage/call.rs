//! One call of a language model, before it is made, while it is open, and as a row.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Cost, Millicents, Tenant, Tokens};

/// What is reserved before a call is made.
#[derive(Debug, Clone)]
pub struct Reserve {
    pub tenant: Tenant,
    /// Whose budget it is; `None` counts against the tenant as a whole.
    pub company_id: Option<i64>,
    pub move_id: Option<i64>,
    pub attachment_id: Option<i64>,
    pub source: Source,
    /// Id of the mail where the source is `gmail`.
    pub source_message_id: Option<String>,
    pub model: String,
    /// The most the call can cost; `None` where the price is not known.
    pub estimate: Option<Cost>,
    /// What the company may spend in a month; `None` for no limit.
    pub cap: Option<Millicents>,
    pub run_id: Option<String>,
    /// Same file, same prompt, same model: same key.
    pub content_key: Option<String>,
    pub pages: u32,
    pub prompt_version: String,
}

/// Money that is set aside for one call. It is settled or released once; one that is dropped stays
/// open and becomes a lost call.
#[derive(Debug)]
#[must_use = "an open reservation counts against the budget until it is settled or released"]
pub struct Reservation {
    pub(super) call_id: CallId,
    pub(super) tenant: Tenant,
    pub(super) content_key: Option<String>,
}

impl Reservation {
    /// The id the call will have.
    pub fn call_id(&self) -> &CallId {
        &self.call_id
    }
}

/// Names a call in all tables, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CallId(pub String);

impl std::fmt::Display for CallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How one request to a language model ended.
#[derive(Debug, Clone, PartialEq)]
pub struct CallEnd {
    pub state: CallState,
    pub tokens: Tokens,
    /// `None` where the price is not known.
    pub cost: Option<Cost>,
    pub duration_ms: u64,
    pub error_message: Option<String>,
    /// What is kept, so that the same question is not paid twice.
    pub answer: Option<Value>,
    /// Anything else worth keeping for a while, such as the name of the file.
    pub extra: Option<Value>,
}

/// How a call ended. A skipped one was reserved and never made; of a lost one nobody knows how it ended,
/// and it counts at its estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    Success,
    Error,
    Skipped,
    Lost,
}

impl CallState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Lost => "lost",
        }
    }

    pub(super) fn named(name: &str) -> Self {
        match name {
            "success" => Self::Success,
            "skipped" => Self::Skipped,
            "lost" => Self::Lost,
            _ => Self::Error,
        }
    }
}

/// How the document came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    #[default]
    Upload,
    Gmail,
    Terminal,
    Api,
    /// Asked for again on purpose.
    Force,
}

impl Source {
    pub fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Gmail => "gmail",
            Self::Terminal => "terminal",
            Self::Api => "api",
            Self::Force => "force",
        }
    }
}

/// A call as the ledger tells of it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CallRow {
    /// Number of the row; later calls have larger ones.
    pub id: i64,
    pub call_id: CallId,
    /// ISO 8601, UTC, whole seconds.
    pub created_at: String,
    pub tenant_code: String,
    pub odoo_url: String,
    pub odoo_db: String,
    pub company_id: Option<i64>,
    pub move_id: Option<i64>,
    pub attachment_id: Option<i64>,
    pub source: String,
    pub source_message_id: Option<String>,
    pub run_id: Option<String>,
    pub model: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read_tokens: u64,
    pub cache_creation_tokens: u64,
    /// Whether the price was known; without it the costs below are 0 and say nothing.
    pub cost_known: bool,
    /// Thousandths of a euro cent.
    pub cost_millicents: Millicents,
    /// Thousandths of a US cent.
    pub cost_usd_millicents: Millicents,
    pub price_version: Option<String>,
    pub pages: u32,
    pub duration_ms: u64,
    pub prompt_version: String,
    pub state: CallState,
    /// Most of the prompt came out of the provider's cache.
    pub cache_hit: bool,
    /// The document of this call is billed to the customer.
    pub billed: bool,
    pub error_message: Option<String>,
    pub extra: Option<Value>,
}
