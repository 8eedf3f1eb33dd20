//! `public_access_barcode`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use qrcodegen::{QrCode, QrCodeEcc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{bars::Symbol, code39, code128, ean};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, Risk},
    tools::{
        ArgumentsError, Attached, CallContext, Tool, ToolEntry, ToolError,
        delivery::{Delivered, Outgoing},
        row,
    },
};

pub(in crate::tools::public) const TOOLS: &[ToolEntry] = &[row::<Barcode>()];

/// Largest side and largest picture, as Odoo's own barcodes have them.
const SIDE_MAX: u32 = 10_000;
const PIXELS_MAX: u32 = 1_200_000;
/// What a picture measures where nobody says otherwise.
const WIDTH_DEFAULT: u32 = 600;
const HEIGHT_DEFAULT: u32 = 100;
const SQUARE_DEFAULT: u32 = 300;
/// The most a QR code holds.
const VALUE_BYTES_MAX: usize = 2_953;

/// Kinds of barcodes; Odoo's own names are understood as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
enum Symbology {
    #[default]
    Code128,
    #[serde(rename = "QR")]
    Qr,
    #[serde(rename = "EAN13")]
    Ean13,
    #[serde(rename = "EAN8")]
    Ean8,
    #[serde(rename = "UPC-A", alias = "UPCA")]
    UpcA,
    #[serde(alias = "Standard39")]
    Code39,
}

/// How much of a QR code may be damaged.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
enum Correction {
    #[default]
    L,
    M,
    Q,
    H,
}

/// Arguments of `public_access_barcode`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Barcode {
    /// Connection alias; a barcode is drawn here and needs none.
    #[serde(default = "ConnectionAlias::default_alias")]
    #[expect(dead_code, reason = "clients that know this tool from elsewhere send it")]
    connection: ConnectionAlias,
    /// What the barcode says.
    value: String,
    /// Kind of barcode.
    #[serde(default)]
    barcode_type: Symbology,
    /// Width of the picture in pixels; 600 when 0, 300 for QR.
    #[serde(default)]
    width: u32,
    /// Height of the picture in pixels; 100 when 0, 300 for QR.
    #[serde(default)]
    height: u32,
    /// Leave white space around, which readers need.
    #[serde(default = "quiet_default")]
    quiet: bool,
    /// Error correction of a QR code.
    #[serde(default)]
    correction: Correction,
    /// Path in the download area to save the picture under; nothing is overwritten.
    #[serde(default)]
    save_path: String,
}

fn quiet_default() -> bool {
    true
}

/// Result of `public_access_barcode`.
#[derive(Debug, Serialize, JsonSchema)]
struct Drawn {
    /// The kind of barcode that was drawn.
    #[serde(rename = "type")]
    symbology: Symbology,
    /// What it says, with its check digit.
    value: String,
    width: usize,
    height: usize,
    #[serde(flatten)]
    file: Delivered,
    #[serde(skip)]
    picture: Attached,
}

impl Tool for Barcode {
    const NAME: &'static str = "public_access_barcode";
    const TITLE: &'static str = "Draw a barcode";
    const DESCRIPTION: &'static str = "Draw a barcode or QR code as PNG and show it. Check digits are added, or \
         checked where they are given. Needs no server.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Drawn;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        Vec::new()
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: String| Err(ArgumentsError { message, hint: None });
        let (width, height) = self.size();
        if width > SIDE_MAX || height > SIDE_MAX || width.saturating_mul(height) > PIXELS_MAX {
            return refused(format!(
                "a side is at most {SIDE_MAX} pixels, and `width` times `height` at most {PIXELS_MAX}"
            ));
        }
        let (symbol, _) = match self.symbol() {
            Ok(drawn) => drawn,
            Err(why) => return refused(why),
        };
        let needed = symbol.width_min(self.quiet);
        let room = if self.is_square() { width.min(height) } else { width };
        if (room as usize) < needed {
            return refused(format!(
                "this barcode is {needed} modules wide, so it needs at least as many pixels"
            ));
        }
        Ok(())
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Drawn, ToolError> {
        let (symbol, value) = self.symbol().map_err(ToolError::arguments)?;
        let (width, height) = self.size();
        let picture = symbol.drawn(width as usize, height as usize, self.quiet);
        let picture =
            picture.ok_or_else(|| ToolError::arguments("the picture is too small for this barcode"))?;
        let mut outgoing = Outgoing::begin(cx.files(), "barcode.png", &self.save_path).await?;
        outgoing.write(&picture.png).await?;
        Ok(Drawn {
            symbology: self.barcode_type,
            value,
            width: picture.width,
            height: picture.height,
            file: outgoing.finish("image/png").await?,
            picture: Attached::Image {
                mime_type: "image/png".to_owned(),
                content_base64: STANDARD.encode(&picture.png),
            },
        })
    }

    fn attached(output: &Drawn) -> Vec<Attached> {
        std::iter::once(output.picture.clone()).chain(output.file.link()).collect()
    }
}

impl Barcode {
    fn is_square(&self) -> bool {
        self.barcode_type == Symbology::Qr
    }

    fn size(&self) -> (u32, u32) {
        let (width, height) =
            if self.is_square() { (SQUARE_DEFAULT, SQUARE_DEFAULT) } else { (WIDTH_DEFAULT, HEIGHT_DEFAULT) };
        let or = |given: u32, default: u32| if given == 0 { default } else { given };
        (or(self.width, width), or(self.height, height))
    }

    /// The symbol and what it says, or why there is none.
    fn symbol(&self) -> Result<(Symbol, String), String> {
        if self.value.is_empty() || self.value.len() > VALUE_BYTES_MAX {
            return Err(format!("`value` has 1 to {VALUE_BYTES_MAX} bytes"));
        }
        let value = self.value.as_str();
        Ok(match self.barcode_type {
            Symbology::Code128 => (Symbol::Row(code128::encoded(value)?), value.to_owned()),
            Symbology::Code39 => (Symbol::Row(code39::encoded(value)?), value.to_owned()),
            Symbology::Ean13 => {
                let digits = ean::completed(value, 13, "EAN13")?;
                (Symbol::Row(ean::ean13(&digits)), digits)
            }
            Symbology::Ean8 => {
                let digits = ean::completed(value, 8, "EAN8")?;
                (Symbol::Row(ean::ean8(&digits)), digits)
            }
            Symbology::UpcA => {
                let digits = ean::completed(value, 12, "UPC-A")?;
                (Symbol::Row(ean::ean13(&format!("0{digits}"))), digits)
            }
            Symbology::Qr => (self.qr()?, value.to_owned()),
        })
    }

    fn qr(&self) -> Result<Symbol, String> {
        let level = match self.correction {
            Correction::L => QrCodeEcc::Low,
            Correction::M => QrCodeEcc::Medium,
            Correction::Q => QrCodeEcc::Quartile,
            Correction::H => QrCodeEcc::High,
        };
        let code = QrCode::encode_text(&self.value, level)
            .map_err(|_| "`value` is too long for a QR code of this correction".to_owned())?;
        let side = code.size();
        let modules = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
        let modules = modules.map(|(x, y)| code.get_module(x, y)).collect();
        Ok(Symbol::Square { side: usize::try_from(side).unwrap_or_default(), modules })
    }
}
