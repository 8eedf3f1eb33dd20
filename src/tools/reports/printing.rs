//! One tool under several names: records in, a printed document out.

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Converter, PrintArguments, print, print_effects};
use crate::{
    facts::{Caller, Class, Effect, Risk},
    tools::{ArgumentsError, Attached, CallContext, Tool, ToolError, delivery::Delivered},
};

/// A name under which documents are printed.
pub(in crate::tools) trait PrintsAs: Send + Sync + 'static {
    const NAME: &'static str;
    const TITLE: &'static str;
    const DESCRIPTION: &'static str;
    const CONVERTER: Converter;
}

/// The tool of that name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent, bound = "")]
#[schemars(bound = "")]
pub(in crate::tools) struct Printing<N>(PrintArguments, #[serde(skip)] PhantomData<N>);

/// A document as an answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct PageOfReport {
    /// Such as `pdf`.
    format: &'static str,
    #[serde(flatten)]
    file: Delivered,
    /// Pages of the document, where they can be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<u64>,
    /// What people call the report.
    report: String,
    /// The model that it prints.
    model: String,
}

impl<N: PrintsAs> Tool for Printing<N> {
    const NAME: &'static str = N::NAME;
    const TITLE: &'static str = N::TITLE;
    const DESCRIPTION: &'static str = N::DESCRIPTION;
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    type Output = PageOfReport;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        print_effects(&self.0)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        if self.0.portal && N::CONVERTER != Converter::Pdf {
            return Err(ArgumentsError {
                message: "the portal prints no spreadsheets".to_owned(),
                hint: Some("leave `portal` out".to_owned()),
            });
        }
        self.0.check()
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<PageOfReport, ToolError> {
        let printed = print(&self.0, N::CONVERTER, cx).await?;
        Ok(PageOfReport {
            format: N::CONVERTER.word(),
            file: printed.file,
            pages: printed.pages,
            report: printed.report.title,
            model: printed.report.model.to_string(),
        })
    }

    fn attached(output: &PageOfReport) -> Vec<Attached> {
        output.file.link().into_iter().collect()
    }
}
