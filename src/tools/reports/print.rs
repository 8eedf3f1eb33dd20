//! Printing: looked up, fetched, checked, kept.

use serde_json::{Value, json};

use super::{
    PrintArguments,
    failure::{engine_effect, explained, one_at_a_time},
    portal,
};
use crate::{
    facts::{Effect, RecordEffect},
    odoo::{PagePath, PageRequest, ReportFacts},
    tools::{
        CallContext, ToolError,
        delivery::{Delivered, Expected, Kept, Outgoing, keep_answer},
    },
};

/// What a report is made into, as its address says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tools) enum Converter {
    Pdf,
    Xlsx,
}

/// A printed document.
#[derive(Debug)]
pub(in crate::tools) struct Printed {
    pub(in crate::tools) file: Delivered,
    pub(in crate::tools) pages: Option<u64>,
    pub(in crate::tools) report: ReportFacts,
}

impl Converter {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Xlsx => "xlsx",
        }
    }

    fn expected(self) -> Expected {
        match self {
            Self::Pdf => Expected::Pdf,
            Self::Xlsx => Expected::Xlsx,
        }
    }

    /// A report says what it can be made into.
    fn check(self, report: &ReportFacts, report_name: &str) -> Result<(), ToolError> {
        let kind = report.report_type.as_str();
        let fits = match self {
            Self::Pdf => kind.starts_with("qweb-") || kind.is_empty(),
            Self::Xlsx => kind == "xlsx",
        };
        if fits {
            return Ok(());
        }
        let hint = match kind {
            "xlsx" => "use public_access_report_xlsx",
            _ => "use public_access_report_pdf; spreadsheets of records come from public_access_export_xlsx",
        };
        Err(ToolError::Stopped {
            code: "wrong_report_type",
            message: format!("`{report_name}` is a `{kind}` report and cannot be made into {}", self.word()),
            hint: Some(hint.to_owned()),
        })
    }
}

/// Everything that printing does.
pub(in crate::tools) fn print_effects(asked: &PrintArguments) -> Vec<Effect> {
    let ids = asked.ids.as_slice();
    let report = RecordEffect::of_report(&asked.connection, &asked.report_name, ids);
    let context = asked.sent_context().map(|context| context.as_object().clone()).unwrap_or_default();
    let mut effects =
        vec![Effect::Records(report.in_context(context.into())), engine_effect(&asked.connection)];
    if let (true, Some(page), [id]) = (asked.portal, portal::page_of(&asked.report_name), ids) {
        effects.extend(page.effects(&asked.connection, *id));
    }
    effects
}

/// Prints the records into one file.
pub(in crate::tools) async fn print(
    asked: &PrintArguments,
    converter: Converter,
    cx: &CallContext<'_>,
) -> Result<Printed, ToolError> {
    let (odoo, ids) = (cx.odoo(&asked.connection)?, asked.ids.as_slice());
    let report = found_report(asked, cx).await?;
    converter.check(&report, &asked.report_name)?;
    let file_name = format!("{} {}.{}", report.title, shown_ids(ids), converter.word());
    let outgoing = Outgoing::begin(cx.files(), &file_name, &asked.save_path).await?;
    let request = match portal::page_of(&asked.report_name).filter(|_| asked.portal) {
        Some(page) => {
            let id = ids.first().copied().unwrap_or_default();
            PageRequest::get(page.address(&odoo, id).await?).anonymous()
        }
        None => PageRequest::get(report_path(asked, converter.word())?),
    };
    let web = cx.web(&asked.connection)?;
    let limit = cx.files().limits();
    let request = request.up_to(limit.file_bytes_max.max(limit.inline_bytes_max));
    let answer = web.fetch(request).await.map_err(|error| with_portal_hint(error.into(), asked))?;
    match keep_answer(answer, converter.expected(), outgoing).await? {
        Kept::File { file, pages } => {
            if pages.is_some_and(|pages| pages < ids.len() as u64) {
                cx.files().remove(file.path.as_deref().unwrap_or_default()).await.ok();
                return Err(one_at_a_time());
            }
            Ok(Printed { file, pages, report })
        }
        Kept::Page { status, text } => Err(explained(&odoo, status, &text, ids.len()).await),
    }
}

/// The report, after it and its records were seen to be there.
pub(in crate::tools) async fn found_report(
    asked: &PrintArguments,
    cx: &CallContext<'_>,
) -> Result<ReportFacts, ToolError> {
    let odoo = cx.odoo(&asked.connection)?;
    let (report, missing) = odoo.report_to_print(&asked.report_name, asked.ids.as_slice()).await?;
    if missing.is_empty() {
        return Ok(report);
    }
    let shown: Vec<String> = missing.iter().take(20).map(ToString::to_string).collect();
    Err(ToolError::not_found(
        format!("`{}` has no record with id {}", report.model, shown.join(", ")),
        "leave these ids out, or find the right ones with odoo_search",
    ))
}

/// `/report/pdf/NAME/1,2` with its options.
pub(in crate::tools) fn report_path(asked: &PrintArguments, converter: &str) -> Result<PagePath, ToolError> {
    let ids: Vec<String> = asked.ids.as_slice().iter().map(ToString::to_string).collect();
    let path = PagePath::parse(&format!("/report/{converter}/{}/{}", asked.report_name, ids.join(",")))?;
    let context = asked.sent_context()?;
    let mut options: Vec<(&str, String)> = Vec::new();
    if !context.as_object().is_empty() {
        options.push(("context", Value::Object(context.as_object().clone()).to_string()));
    }
    if !asked.data.is_empty() {
        options.push(("options", json!(asked.data).to_string()));
    }
    Ok(path.with_query(options.iter().map(|(name, value)| (*name, value.as_str()))))
}

/// The ids in the name of a file.
fn shown_ids(ids: &[i64]) -> String {
    const SHOWN_MAX: usize = 5;
    let shown: Vec<String> = ids.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    let more = if ids.len() > SHOWN_MAX { "-and-more" } else { "" };
    format!("{}{more}", shown.join("-"))
}

/// Without a session the portal may still print it.
fn with_portal_hint(error: ToolError, asked: &PrintArguments) -> ToolError {
    match error {
        ToolError::Odoo(crate::odoo::OdooError::Web { code: "session_required", why, .. }) => {
            let portal = portal::page_of(&asked.report_name).is_some();
            let hint = if portal {
                "call `odoo_web_login` with the user's password, or print one document at a time with \
                 `portal: true`"
            } else {
                "call `odoo_web_login` with the user's password"
            };
            ToolError::Stopped { code: "session_required", message: why, hint: Some(hint.to_owned()) }
        }
        other => other,
    }
}
