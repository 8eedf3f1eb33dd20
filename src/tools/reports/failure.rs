//! Why a report was not printed, in words that hold nothing of the server's inside.

use crate::{
    facts::{ConnectionAlias, Effect, MethodName, ModelName, Operation, RecordEffect},
    markup::html_to_text,
    odoo::{Call, OdooError, PermittedOdoo},
    tools::ToolError,
};

const REPORTS: &str = "ir.actions.report";
/// Says whether the program that makes PDFs is there.
const ENGINE_STATE: &str = "get_wkhtmltopdf_state";
/// Stands before the words of an error that Odoo means for people.
const MESSAGE_MARK: &str = "Error message:";
/// Longest piece of Odoo's words that is repeated.
const MESSAGE_CHARACTERS_MAX: usize = 300;
/// Words that only the inside of a server has.
const INSIDE: &[&str] = &["Traceback", "File \"", "psycopg2", "/usr/", "dist-packages", "site-packages"];

/// The question about the engine, as the policy sees it.
pub(super) fn engine_effect(connection: &ConnectionAlias) -> Effect {
    let asking = RecordEffect::new(
        connection,
        &ModelName::known(REPORTS),
        Operation::Read,
        MethodName::known(ENGINE_STATE),
    );
    Effect::Records(asking.bounded(0).auxiliary())
}

/// What a page that came instead of the document means.
pub(in crate::tools) async fn explained(
    odoo: &PermittedOdoo<'_>,
    status: u16,
    page: &str,
    documents: usize,
) -> ToolError {
    let words = told(page);
    if page.contains("without pages") && status == 200 && !page.starts_with('<') {
        return no_pages(odoo, documents).await;
    }
    if page.contains("Converter ") && page.contains("not implemented") {
        return stopped(
            "not_installed",
            "this Odoo cannot print that kind of report".to_owned(),
            Some("XLSX reports need the community module `report_xlsx`"),
        );
    }
    if words.as_deref().is_some_and(|words| words.contains("unpatched")) {
        return one_at_a_time();
    }
    match engine_state(odoo).await.as_deref() {
        Some("install" | "broken") => return missing_engine(),
        _ if status == 200 => {
            return stopped(
                "wrong_content",
                "odoo answered with a page instead of the document".to_owned(),
                None,
            );
        }
        _ => {}
    }
    let message = match words {
        Some(words) => format!("odoo could not print it (HTTP {status}): {words}"),
        None => format!("odoo could not print it (HTTP {status})"),
    };
    let hint = match status {
        403 | 404 => "the user may not have access to the document or to the report",
        _ => "the server's log says why; printing the document in Odoo shows the same error",
    };
    stopped("report_failed", message, Some(hint))
}

/// A document was left out.
pub(super) fn one_at_a_time() -> ToolError {
    stopped(
        "report_failed",
        "this server's wkhtmltopdf cannot print several documents into one file".to_owned(),
        Some("print one id per call; a wkhtmltopdf with patched Qt on the server would print them together"),
    )
}

async fn no_pages(odoo: &PermittedOdoo<'_>, documents: usize) -> ToolError {
    if documents > 1 {
        return one_at_a_time();
    }
    match engine_state(odoo).await.as_deref() {
        Some("install" | "broken") => missing_engine(),
        _ => stopped("report_failed", "odoo answered with a PDF without pages".to_owned(), None),
    }
}

fn missing_engine() -> ToolError {
    stopped(
        "report_engine_missing",
        "the server has no working wkhtmltopdf, which Odoo needs to make PDFs".to_owned(),
        Some("an administrator has to install it there; public_access_report_html works without it"),
    )
}

async fn engine_state(odoo: &PermittedOdoo<'_>) -> Option<String> {
    let call = Call::new(&ModelName::known(REPORTS), MethodName::known(ENGINE_STATE));
    let asked: Result<_, OdooError> = odoo.call(call).await;
    asked.ok()?.as_str().map(str::to_owned)
}

/// The words that Odoo means for people, if the page has any.
fn told(page: &str) -> Option<String> {
    let text = html_to_text(page);
    let (_, behind) = text.split_once(MESSAGE_MARK)?;
    let line = behind.lines().map(str::trim).find(|line| !line.is_empty())?;
    let line: String = line.chars().take(MESSAGE_CHARACTERS_MAX).collect();
    (!INSIDE.iter().any(|word| line.contains(word))).then_some(line)
}

fn stopped(code: &'static str, message: String, hint: Option<&str>) -> ToolError {
    ToolError::Stopped { code, message, hint: hint.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, expected: Option<&str>) {
        assert_eq!(told(page).as_deref(), expected);
    }

    #[test]
    fn only_words_for_people_are_repeated() {
        check(
            "<p>Oops</p><h2>Error</h2><div><strong>Error message:</strong><pre>Tried it &amp; failed</pre></div>",
            Some("Tried it & failed"),
        );
        check("<h1>500</h1><pre>Traceback (most recent call last): File \"/usr/x.py\"</pre>", None);
        check("<b>Error message:</b><pre>Traceback (most recent call last):</pre>", None);
        check("", None);
    }
}
