//! Settings of the invoice engine.

use super::{Config, keys::Key, raw::Raw, tool_settings::MethodPattern};
use crate::facts::{GrantName, MethodName};

/// How bills are read and filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceSettings {
    /// Which instructions and fields the model gets: v1 to v4.
    pub prompt_version: String,
    /// Show the model how earlier bills of the vendor were booked.
    pub few_shot: bool,
    pub routing: RoutingSettings,
    /// The only models a caller may ask for by name, besides those of the routing.
    pub model_overrides: Vec<String>,
    pub escalation: Escalation,
    /// A first reading below this many hundredths of confidence is looked at again.
    pub escalation_percent: u8,
    pub pdf_policy: PdfPolicy,
    /// The public method of `account.move` that posts a filled bill; none by default.
    pub posting_method: Option<MethodName>,
    /// How far sums may be apart, in thousandths of the currency.
    pub tolerance_thousandths: u32,
    /// The same for every line, where that is more.
    pub tolerance_per_line_thousandths: u32,
    /// Make lines on a bill that has none.
    pub line_proposals: bool,
    /// Pictures below this size are logos.
    pub image_bytes_min: u64,
    pub unreadable_cap: UnreadableCap,
    /// Grants whose calls may ask to go past the budget.
    pub budget_override_grants: Vec<GrantName>,
    /// How long a run waits for another one of the same bill.
    /// Documents of one tenant that are read at once.
    pub parallel_per_tenant: usize,
    pub lock_wait_ms: u64,
    /// Longest step that only talks to Odoo.
    pub step_timeout_ms: u64,
    /// Longest extraction, with its repetitions.
    pub extraction_timeout_ms: u64,
}

/// Which model reads which document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingSettings {
    /// Without it the usual model reads everything.
    pub enabled: bool,
    pub small_model: String,
    pub usual_model: String,
    /// For long documents of the tier `enterprise`.
    pub large_model: String,
    /// The small model reads documents of so many pages ...
    pub small_pages_max: u32,
    /// ... that are smaller than this.
    pub small_bytes: u64,
    /// Longer documents are long.
    pub usual_pages_max: u32,
}

/// When a doubtful first reading is followed by one of the usual model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Escalation {
    /// As the company's field `ai_two_pass_escalation` says.
    #[default]
    Company,
    Always,
    Never,
}

/// What happens to a PDF with active content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PdfPolicy {
    /// It is taken out, and the rest is read.
    #[default]
    Clean,
    /// The document is refused.
    Refuse,
}

/// What a budget that cannot be read means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnreadableCap {
    /// Stop where the company had one before.
    #[default]
    StopIfSeen,
    Stop,
    GoOn,
}

impl Default for InvoiceSettings {
    fn default() -> Self {
        Self {
            prompt_version: "v4".to_owned(),
            few_shot: true,
            routing: RoutingSettings::default(),
            model_overrides: Vec::new(),
            escalation: Escalation::default(),
            escalation_percent: 75,
            pdf_policy: PdfPolicy::default(),
            posting_method: None,
            tolerance_thousandths: 20,
            tolerance_per_line_thousandths: 5,
            line_proposals: false,
            image_bytes_min: 10 * 1024,
            unreadable_cap: UnreadableCap::default(),
            budget_override_grants: Vec::new(),
            parallel_per_tenant: 2,
            lock_wait_ms: 120_000,
            step_timeout_ms: 60_000,
            extraction_timeout_ms: 300_000,
        }
    }
}

impl Default for RoutingSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            small_model: "claude-haiku-4-5".to_owned(),
            usual_model: "claude-sonnet-4-6".to_owned(),
            large_model: "claude-opus-4-7".to_owned(),
            small_pages_max: 2,
            small_bytes: 512_000,
            usual_pages_max: 10,
        }
    }
}

/// Longest name of a model.
const MODEL_CHARS_MAX: usize = 100;
const OVERRIDES_MAX: usize = 50;
/// Patterns of methods that steps may call.
const PIPELINE_METHODS_MAX: usize = 200;
const PARALLEL_MAX: u64 = 64;
const PAGES_MAX: u64 = 10_000;
const BYTES_MAX: u64 = 1024 * 1024 * 1024;
const WAIT_MS_MAX: u64 = 3_600_000;
/// Ten units of the currency: more is no rounding.
const TOLERANCE_MAX: u64 = 10_000;

pub(super) const KEYS: &[Key] = &[
    Key { path: "invoices.prompt_version", read: read_prompt_version },
    Key {
        path: "invoices.few_shot",
        read: |config, raw| raw.yes_or_no().map(|yes| config.invoices.few_shot = yes),
    },
    Key {
        path: "invoices.routing",
        read: |config, raw| raw.yes_or_no().map(|yes| config.invoices.routing.enabled = yes),
    },
    Key {
        path: "invoices.small_model",
        read: |config, raw| model(raw).map(|name| config.invoices.routing.small_model = name),
    },
    Key {
        path: "invoices.usual_model",
        read: |config, raw| model(raw).map(|name| config.invoices.routing.usual_model = name),
    },
    Key {
        path: "invoices.large_model",
        read: |config, raw| model(raw).map(|name| config.invoices.routing.large_model = name),
    },
    Key {
        path: "invoices.small_pages_max",
        read: |config, raw| {
            number(raw, PAGES_MAX).map(|pages| config.invoices.routing.small_pages_max = pages)
        },
    },
    Key {
        path: "invoices.small_bytes",
        read: |config, raw| raw.whole(0..=BYTES_MAX).map(|bytes| config.invoices.routing.small_bytes = bytes),
    },
    Key {
        path: "invoices.usual_pages_max",
        read: |config, raw| {
            number(raw, PAGES_MAX).map(|pages| config.invoices.routing.usual_pages_max = pages)
        },
    },
    Key { path: "invoices.model_overrides", read: read_overrides },
    Key { path: "invoices.escalation", read: read_escalation },
    Key {
        path: "invoices.escalation_percent",
        read: |config, raw| {
            let percent = raw.whole(0..=100)?;
            config.invoices.escalation_percent = u8::try_from(percent).unwrap_or(100);
            Ok(())
        },
    },
    Key { path: "invoices.pdf_policy", read: read_pdf_policy },
    Key { path: "invoices.posting_method", read: read_posting_method },
    Key { path: "invoices.pipeline_methods", read: read_pipeline_methods },
    Key {
        path: "invoices.tolerance_thousandths",
        read: |config, raw| {
            number(raw, TOLERANCE_MAX).map(|units| config.invoices.tolerance_thousandths = units)
        },
    },
    Key {
        path: "invoices.tolerance_per_line_thousandths",
        read: |config, raw| {
            number(raw, TOLERANCE_MAX).map(|units| config.invoices.tolerance_per_line_thousandths = units)
        },
    },
    Key {
        path: "invoices.line_proposals",
        read: |config, raw| raw.yes_or_no().map(|yes| config.invoices.line_proposals = yes),
    },
    Key {
        path: "invoices.image_bytes_min",
        read: |config, raw| raw.whole(0..=BYTES_MAX).map(|bytes| config.invoices.image_bytes_min = bytes),
    },
    Key { path: "invoices.unreadable_cap", read: read_unreadable_cap },
    Key { path: "invoices.budget_override_grants", read: read_override_grants },
    Key {
        path: "invoices.parallel_per_tenant",
        read: |config, raw| {
            raw.whole_size(1..=PARALLEL_MAX).map(|count| config.invoices.parallel_per_tenant = count)
        },
    },
    Key {
        path: "invoices.lock_wait_ms",
        read: |config, raw| raw.whole(0..=WAIT_MS_MAX).map(|ms| config.invoices.lock_wait_ms = ms),
    },
    Key {
        path: "invoices.step_timeout_ms",
        read: |config, raw| raw.whole(100..=WAIT_MS_MAX).map(|ms| config.invoices.step_timeout_ms = ms),
    },
    Key {
        path: "invoices.extraction_timeout_ms",
        read: |config, raw| raw.whole(100..=WAIT_MS_MAX).map(|ms| config.invoices.extraction_timeout_ms = ms),
    },
];

/// Variables under the names that other systems use.
pub(super) const OTHER_NAMES: &[(&str, &str)] = &[
    ("AI_POSTING_METHOD", "invoices.posting_method"),
    ("AI_PIPELINE_ALLOWED_METHODS", "invoices.pipeline_methods"),
];

fn number(raw: Raw<'_>, max: u64) -> Result<u32, String> {
    raw.whole(0..=max).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

fn model(raw: Raw<'_>) -> Result<String, String> {
    let name = raw.text()?;
    if is_model(&name) { Ok(name) } else { Err("the name of a model was expected".to_owned()) }
}

fn is_model(name: &str) -> bool {
    (1..=MODEL_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

fn read_prompt_version(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let version = raw.text()?;
    if !["v1", "v2", "v3", "v4"].contains(&version.as_str()) {
        return Err("use v1, v2, v3 or v4".to_owned());
    }
    config.invoices.prompt_version = version;
    Ok(())
}

fn read_overrides(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let models = raw.list()?;
    if models.len() > OVERRIDES_MAX || !models.iter().all(|name| is_model(name)) {
        return Err(format!("up to {OVERRIDES_MAX} names of models were expected"));
    }
    config.invoices.model_overrides = models;
    Ok(())
}

fn read_escalation(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.invoices.escalation = match raw.text()?.as_str() {
        "company" => Escalation::Company,
        "always" => Escalation::Always,
        "never" => Escalation::Never,
        _ => return Err("use company, always or never".to_owned()),
    };
    Ok(())
}

fn read_pdf_policy(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.invoices.pdf_policy = match raw.text()?.as_str() {
        "clean" => PdfPolicy::Clean,
        "refuse" => PdfPolicy::Refuse,
        _ => return Err("use clean or refuse".to_owned()),
    };
    Ok(())
}

/// Odoo refuses private methods from outside, so one here could never run.
fn read_posting_method(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let text = raw.text()?;
    config.invoices.posting_method = match text.as_str() {
        "" | "none" => None,
        name if name.starts_with('_') => {
            return Err("a public method was expected: Odoo refuses names that begin with `_`".to_owned());
        }
        name => Some(MethodName::parse(name).map_err(|error| error.to_string())?),
    };
    Ok(())
}

fn read_unreadable_cap(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.invoices.unreadable_cap = match raw.text()?.as_str() {
        "stop_if_seen" => UnreadableCap::StopIfSeen,
        "stop" => UnreadableCap::Stop,
        "go_on" => UnreadableCap::GoOn,
        _ => return Err("use stop_if_seen, stop or go_on".to_owned()),
    };
    Ok(())
}

/// What steps of pipelines in Odoo may call belongs to the tools, which run them.
fn read_pipeline_methods(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let patterns = raw.list()?;
    if patterns.len() > PIPELINE_METHODS_MAX {
        return Err(format!("up to {PIPELINE_METHODS_MAX} patterns were expected"));
    }
    config.tools.pipeline_methods =
        patterns.iter().map(|text| MethodPattern::parse(text)).collect::<Result<_, _>>()?;
    Ok(())
}

fn read_override_grants(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let names = raw.list()?;
    let grants = names.iter().map(|name| GrantName::parse(name).map_err(|error| error.to_string()));
    config.invoices.budget_override_grants = grants.collect::<Result<_, _>>()?;
    Ok(())
}
