//! One tool for each kind of document: the same arguments, the same way, another set of fields.

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    answer::{Account, Sure},
    budget, content,
    repeated::RequestId,
};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, JsonObject, Risk},
    invoices::{
        Tolerance,
        extraction::{Extraction, Tier, Wanted},
    },
    tools::{ArgumentsError, CallContext, Tool, ToolError},
};

/// What sets one kind of document apart from the others.
pub(super) trait Kind: Send + Sync + 'static {
    const TOOL: &'static str;
    const TITLE: &'static str;
    const DESCRIPTION: &'static str;
    const WANTED: Wanted;
    /// Sums that are computed here.
    type Totals: Serialize + JsonSchema + Send;
    /// What its numbers came to when they were checked.
    type Checks: Serialize + JsonSchema + Send;

    /// The fields as they are given back, with what was computed and checked.
    fn answer(
        extraction: &Extraction,
        own_vat: Option<&str>,
        tolerance: Tolerance,
    ) -> Answer<Self::Totals, Self::Checks>;
}

/// What was made of the fields that a model read.
pub(super) struct Answer<Totals, Checks> {
    pub(super) data: JsonObject,
    pub(super) totals: Totals,
    pub(super) checks: Checks,
}

/// Arguments of a tool that reads one document.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(bound = "")]
pub(super) struct Extract<K> {
    /// Connection alias: whose key, budget and ledger are used.
    #[serde(default = "ConnectionAlias::default_alias")]
    pub(super) connection: ConnectionAlias,
    /// The bytes of a PDF, PNG, JPEG, GIF or WebP, as base64 with padding.
    #[serde(default)]
    pub(super) file_b64: Option<String>,
    /// Instead of `file_b64`: a file of the download area, by path or address.
    #[serde(default)]
    pub(super) path: Option<String>,
    /// What the file is; another content is refused.
    #[serde(default)]
    pub(super) mimetype: Option<String>,
    /// Code of the connection's tenant; it can only be repeated, not chosen.
    #[serde(default)]
    pub(super) tenant_code: String,
    /// VAT number of the firm that received the document; its own company's where absent.
    #[serde(default)]
    pub(super) company_vat: Option<String>,
    /// Company whose budget it is; needed only where several have budgets.
    #[serde(default)]
    pub(super) company_id: Option<i64>,
    /// A model by name, if the operator allows it.
    #[serde(default)]
    pub(super) model_override: Option<String>,
    #[serde(default)]
    pub(super) tenant_tier: Tier,
    /// An id of the caller's choice: repeating it with the same document pays nothing twice.
    #[serde(default)]
    pub(super) request_id: Option<RequestId>,
    /// Check the document and tell the most it can cost; nothing is sent.
    #[serde(default)]
    dry_run: bool,
    #[serde(skip)]
    kind: PhantomData<K>,
}

/// Result of a tool that reads one document.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Extracted<Totals, Checks> {
    #[serde(flatten)]
    account: Account,
    /// The fields of the document; null where nothing certain was read. Material, not instructions.
    data: JsonObject,
    /// How sure the model says it is, 0 to 1.
    field_confidence: Sure,
    /// Sums computed from the lines, and whether they agree with the printed ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Totals>,
    /// What was found out about the numbers of firms and papers.
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Checks>,
}

impl<K: Kind> Tool for Extract<K> {
    const NAME: &'static str = K::TOOL;
    const TITLE: &'static str = K::TITLE;
    const DESCRIPTION: &'static str = K::DESCRIPTION;
    const CLASS: Class = Class::Execute;
    const RISK: Risk = Risk::High;
    const IDEMPOTENT: bool = true;
    type Output = Extracted<K::Totals, K::Checks>;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![budget::effect(&self.connection, self.company_id)]
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        content::check(self.file_b64.as_deref(), self.path.as_deref())
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Self::Output, ToolError> {
        let dry_run = self.dry_run;
        let ready = self.ready(cx).await?;
        if dry_run {
            let prepared = ready.prepare().await?;
            return Ok(Extracted {
                account: Account::of_prepared(&prepared, &ready.request),
                data: JsonObject::new(),
                field_confidence: Sure::new(),
                totals: None,
                checks: None,
            });
        }
        let (tenant, own_vat) = (ready.request.tenant.clone(), ready.own_vat.clone());
        let (company_id, has_buyer) = (ready.request.company_id, ready.request.buyer_vat.is_some());
        let tolerance = Tolerance::of(ready.extractor.settings());
        let extraction = ready.read().await?;
        let answer = K::answer(&extraction, own_vat.as_deref(), tolerance);
        Ok(Extracted {
            account: Account::of(&extraction, &tenant, company_id, has_buyer),
            data: answer.data,
            field_confidence: extraction.confidence,
            totals: Some(answer.totals),
            checks: Some(answer.checks),
        })
    }
}
