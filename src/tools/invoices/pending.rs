//! Drafts of bills that still wait for an extraction.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::known;
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, Risk},
    invoices::{
        chosen,
        inspect::{Attachments, Bill, Reads, attachments_of, bills, draft_ids, has_addon},
    },
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<ScanPending>()];

/// Drafts that are looked at in one call, the oldest of them.
const DRAFTS_MAX: u32 = 5_000;
/// Items of one answer.
const LIMIT_MAX: u32 = 500;
/// Drafts of which the reason is told one by one; all of them are counted.
const LEFT_OUT_TOLD_MAX: usize = 200;

/// Arguments of `ai_invoice_scan_pending`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ScanPending {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// The tenant of the connection, or empty; another one is refused.
    #[serde(default)]
    tenant_code: String,
    /// Most items, 1 to 500.
    #[serde(default = "usual_limit")]
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: u32,
    /// Only bills that wait for the pipeline (`ai_pipeline_requested`, a field of the add-on).
    #[serde(default)]
    requested_only: bool,
    /// Also say why the other drafts are not among the items.
    #[serde(default)]
    explain: bool,
}

fn usual_limit() -> u32 {
    50
}

/// Result of `ai_invoice_scan_pending`.
#[derive(Debug, Serialize, JsonSchema)]
struct Pending {
    tenant_code: String,
    count: usize,
    requested_only: bool,
    /// Oldest first.
    pending: Vec<Item>,
    /// Drafts that wait too and did not fit into `limit`.
    more: usize,
    /// How many drafts are left out, by reason.
    left_out_counts: BTreeMap<Reason, usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut>,
    /// There are more drafts or attachments than are looked at in one call; see `note`.
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A bill and the file to read.
#[derive(Debug, Serialize, JsonSchema)]
struct Item {
    move_id: i64,
    attachment_id: i64,
    attachment_name: String,
    mimetype: String,
    file_size: u64,
    /// When the bill was made.
    create_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_name: Option<String>,
    /// Extractions that failed before.
    failed_extractions: u64,
}

/// Why a draft is not pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reason {
    NoAttachment,
    /// It has files, and none is a PDF or a picture that is no logo.
    NoReadableAttachment,
    AlreadyExtracted,
}

#[derive(Debug, Serialize, JsonSchema)]
struct LeftOut {
    move_id: i64,
    reason: Reason,
}

impl ScanPending {
    fn reads(&self) -> Reads<'static> {
        let bills_max = DRAFTS_MAX.saturating_add(1);
        Reads { ids: None, bills_max, requested_only: self.requested_only, companies: false }
    }
}

impl Tool for ScanPending {
    const NAME: &'static str = "ai_invoice_scan_pending";
    const TITLE: &'static str = "Bills that wait for extraction";
    const DESCRIPTION: &'static str = "Draft vendor bills with a PDF or picture that was not extracted yet, oldest \
         first, each with the file to read. `explain` says why other drafts are left out. Reads only.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Pending;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        self.reads().effects(&self.connection)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        if (1..=LIMIT_MAX).contains(&self.limit) {
            return Ok(());
        }
        Err(ArgumentsError { message: format!("`limit` is between 1 and {LIMIT_MAX}"), hint: None })
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Pending, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let tenant = known::tenant(cx, &odoo, &self.tenant_code)?;
        let (_, has_queue) = has_addon(&odoo).await?;
        if self.requested_only && !has_queue {
            return Err(ToolError::Stopped {
                code: "not_installed",
                message:
                    "this Odoo has no field `ai_pipeline_requested`, so no bill can wait for the pipeline"
                        .to_owned(),
                hint: Some(
                    "call it without `requested_only`, or install the add-on with the `ai_` fields"
                        .to_owned(),
                ),
            });
        }
        let mut drafts = draft_ids(&odoo, self.requested_only, DRAFTS_MAX.saturating_add(1)).await?;
        let more_drafts = drafts.len() > DRAFTS_MAX as usize;
        drafts.truncate(DRAFTS_MAX as usize);
        let files = attachments_of(&odoo, &drafts).await?;
        let Some(histories) = known::histories(cx, &tenant, &drafts).await? else {
            return Err(ToolError::Stopped {
                code: "usage_ledger",
                message: "there is no usage ledger, so nobody knows which bills were extracted".to_owned(),
                hint: None,
            });
        };
        let extracted = |id: i64| histories.get(&id).is_some_and(|history| history.successful > 0);
        let picture_bytes_min = known::picture_bytes_min(cx);
        let sorted = Sorted::of(&drafts, &files, picture_bytes_min, extracted, self.limit as usize);
        let details = match sorted.waiting.as_slice() {
            [] => Vec::new(),
            ids => bills(&odoo, json!([["id", "in", ids]]), self.limit, false).await?,
        };
        let failed = |id: i64| histories.get(&id).map_or(0, |history| history.failed);
        let pending: Vec<Item> = details
            .iter()
            .filter_map(|bill| Item::of(bill, &files, picture_bytes_min, failed(bill.id)))
            .collect();
        Ok(Pending {
            tenant_code: tenant.code,
            count: pending.len(),
            requested_only: self.requested_only,
            pending,
            more: sorted.more,
            left_out_counts: sorted.counts(),
            left_out: if self.explain { sorted.told() } else { Vec::new() },
            truncated: more_drafts || files.truncated,
            note: note(more_drafts, files.truncated),
        })
    }
}

/// Drafts by whether they wait.
struct Sorted {
    waiting: Vec<i64>,
    more: usize,
    left_out: Vec<(i64, Reason)>,
}

impl Sorted {
    fn of(
        drafts: &[i64],
        files: &Attachments,
        picture_bytes_min: u64,
        extracted: impl Fn(i64) -> bool,
        limit: usize,
    ) -> Self {
        let mut sorted = Self { waiting: Vec::new(), more: 0, left_out: Vec::new() };
        for &draft in drafts {
            let of_draft = files.of(draft);
            let reason = if of_draft.is_empty() {
                Reason::NoAttachment
            } else if !of_draft.iter().any(|file| file.facts.is_readable(picture_bytes_min)) {
                Reason::NoReadableAttachment
            } else if extracted(draft) {
                Reason::AlreadyExtracted
            } else if sorted.waiting.len() < limit {
                sorted.waiting.push(draft);
                continue;
            } else {
                sorted.more += 1;
                continue;
            };
            sorted.left_out.push((draft, reason));
        }
        sorted
    }

    fn counts(&self) -> BTreeMap<Reason, usize> {
        let mut counts = BTreeMap::new();
        for (_, reason) in &self.left_out {
            *counts.entry(*reason).or_default() += 1;
        }
        counts
    }

    fn told(&self) -> Vec<LeftOut> {
        let told = self.left_out.iter().take(LEFT_OUT_TOLD_MAX);
        told.map(|&(move_id, reason)| LeftOut { move_id, reason }).collect()
    }
}

impl Item {
    fn of(bill: &Bill, files: &Attachments, picture_bytes_min: u64, failed_extractions: u64) -> Option<Self> {
        let file = &chosen(files.of(bill.id), bill.main_attachment, picture_bytes_min)?.facts;
        Some(Self {
            move_id: bill.id,
            attachment_id: file.id,
            attachment_name: file.name.clone(),
            mimetype: file.mimetype.clone(),
            file_size: file.file_size,
            create_date: bill.create_date.clone(),
            partner_name: bill.partner_name.clone(),
            failed_extractions,
        })
    }
}

fn note(more_drafts: bool, more_files: bool) -> Option<String> {
    match (more_drafts, more_files) {
        (true, _) => Some(format!(
            "only the oldest {DRAFTS_MAX} drafts were looked at; post or delete old ones that nobody needs"
        )),
        (false, true) => {
            Some("the drafts have more files than are looked at; newer files were left out".to_owned())
        }
        (false, false) => None,
    }
}
