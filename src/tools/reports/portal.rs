//! Reports that the portal prints for whoever holds a document's access token.

use serde_json::{Value, json};

use crate::{
    facts::{ConnectionAlias, Effect, MethodName, ModelName, Operation, RecordEffect},
    odoo::{Call, PagePath, PermittedOdoo, web_page_effect},
    tools::ToolError,
};

/// Makes the token where there is none and answers the address of the page.
const METHOD: &str = "get_portal_url";

/// A report, its model, and where the portal has its documents.
struct PortalReport {
    report: &'static str,
    model: &'static str,
    folder: &'static str,
}

const REPORTS: &[PortalReport] = &[
    PortalReport { report: "sale.report_saleorder", model: "sale.order", folder: "/my/orders/" },
    PortalReport {
        report: "account.report_invoice_with_payments",
        model: "account.move",
        folder: "/my/invoices/",
    },
    PortalReport {
        report: "purchase.report_purchaseorder",
        model: "purchase.order",
        folder: "/my/purchase/",
    },
];

/// A page of the portal that prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct PortalPage {
    model: &'static str,
    folder: &'static str,
}

pub(super) fn page_of(report_name: &str) -> Option<PortalPage> {
    let known = REPORTS.iter().find(|known| known.report == report_name)?;
    Some(PortalPage { model: known.model, folder: known.folder })
}

pub(super) fn reports() -> impl Iterator<Item = &'static str> {
    REPORTS.iter().map(|known| known.report)
}

impl PortalPage {
    pub(super) fn effects(self, connection: &ConnectionAlias, id: i64) -> Vec<Effect> {
        let token = RecordEffect::new(
            connection,
            &ModelName::known(self.model),
            Operation::Execute,
            MethodName::known(METHOD),
        );
        let mut effects = vec![Effect::Records(token.with_ids(&[id]).bounded(1))];
        let path = PagePath::parse(&format!("{}{id}", self.folder));
        effects.extend(path.map(|path| Effect::Records(web_page_effect(connection, "GET", &path))));
        effects
    }

    /// The address of the document as PDF, with its token.
    pub(super) async fn address(self, odoo: &PermittedOdoo<'_>, id: i64) -> Result<PagePath, ToolError> {
        let call = Call::new(&ModelName::known(self.model), MethodName::known(METHOD))
            .on(&[id])
            .named("report_type", json!("pdf"))
            .named("download", json!(true));
        match odoo.call(call).await? {
            Value::String(address) => Ok(PagePath::parse(&address)?),
            _ => Err(ToolError::Stopped {
                code: "bad_answer",
                message: "odoo gave no address for the document".to_owned(),
                hint: None,
            }),
        }
    }
}
