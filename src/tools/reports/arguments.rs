//! What all tools that print take.

use schemars::JsonSchema;
use serde::Deserialize;

use super::portal;
use crate::{
    facts::{ConnectionAlias, JsonObject},
    odoo::{Context, OdooError, is_report_name},
    tools::{ArgumentsError, records::ids::Ids},
};

/// Documents of one call: printing takes the server about a second each.
const DOCUMENTS_MAX: usize = 100;
/// Values for a report's wizard travel in the address of the page.
const DATA_BYTES_MAX: usize = 8 * 1024;

/// The records to print.
pub(in crate::tools) type ReportIds = Ids<DOCUMENTS_MAX>;

/// Arguments of the tools that print.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub(in crate::tools) struct PrintArguments {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    pub(in crate::tools) connection: ConnectionAlias,
    /// Technical name of the report, such as `sale.report_saleorder`.
    pub(in crate::tools) report_name: String,
    /// Ids of the records to print.
    pub(in crate::tools) ids: ReportIds,
    /// Path in the download area to save the file under; nothing is overwritten.
    #[serde(default)]
    pub(in crate::tools) save_path: String,
    /// Language of the document, such as `fr_FR`, where the report does not take its customer's.
    #[serde(default)]
    pub(in crate::tools) lang: String,
    /// Odoo context for the report.
    #[serde(default)]
    pub(in crate::tools) context: Context,
    /// Values that the report's wizard would pass.
    #[serde(default)]
    pub(in crate::tools) data: JsonObject,
    /// Print over the document's page in the portal, which needs no web session: for orders, invoices
    /// and purchase orders, one at a time. Odoo makes an access token for the document.
    #[serde(default)]
    pub(in crate::tools) portal: bool,
}

impl PrintArguments {
    pub(in crate::tools) fn check(&self) -> Result<(), ArgumentsError> {
        let refused =
            |message: &str, hint: Option<String>| Err(ArgumentsError { message: message.to_owned(), hint });
        if !is_report_name(&self.report_name) {
            return refused(
                "`report_name` is no technical name of a report, such as `sale.report_saleorder`",
                None,
            );
        }
        if self.sent_context().is_err() {
            return refused("`lang` is the code of a language, such as `fr_FR`", None);
        }
        if serde_json::to_vec(&self.data).map_or(0, |bytes| bytes.len()) > DATA_BYTES_MAX {
            return refused("`data` is too large", None);
        }
        if !self.portal {
            return Ok(());
        }
        if portal::page_of(&self.report_name).is_none() {
            let known = portal::reports().collect::<Vec<_>>().join(", ");
            return refused("the portal does not print this report", Some(format!("it prints {known}")));
        }
        if self.ids.as_slice().len() != 1 {
            return refused("the portal prints one document at a time", None);
        }
        if !self.data.is_empty() || !self.context.as_object().is_empty() || !self.lang.is_empty() {
            return refused("the portal takes no `lang`, `context` or `data`", None);
        }
        Ok(())
    }

    /// The context as it is sent.
    pub(in crate::tools) fn sent_context(&self) -> Result<Context, OdooError> {
        if self.lang.is_empty() {
            return Ok(self.context.clone());
        }
        Ok(self.context.clone().with_lang(&self.lang)?)
    }
}
