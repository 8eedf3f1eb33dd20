//! Content that is too large for one call of base64: sent as it is, by the form that browsers use.

use serde_json::{Value, json};

use super::content::Content;
use crate::{
    facts::{JsonObject, MethodName, ModelName, Operation},
    odoo::{
        Call, FormPart, OdooError, PageBody, PagePath, PageRequest, PartContent, PermittedOdoo, PermittedWeb,
        restated,
    },
};

/// In every version; what it does is `create` of an attachment.
const UPLOAD_PATH: &str = "/web/binary/upload_attachment";
/// What stands around the content in a form, at most.
const AROUND_BYTES: u64 = 16 * 1024;
/// A list of one object.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

impl PermittedWeb<'_> {
    /// Makes an attachment of a record over the caller's web session, and answers its id. The effect is
    /// that of creating one.
    pub async fn upload_attachment(
        &self,
        model: &ModelName,
        res_id: i64,
        filename: &str,
        content: Content,
    ) -> Result<i64, OdooError> {
        let odoo = self.odoo();
        if !self.is_available() || content.length() + AROUND_BYTES > super::upload::BODY_BYTES_MAX {
            return Err(too_large(odoo, content.length()));
        }
        let mut values = JsonObject::new();
        for (name, value) in [
            ("name", json!(filename)),
            ("datas", json!("")),
            ("res_model", json!(model.as_str())),
            ("res_id", json!(res_id)),
        ] {
            values.insert(name.to_owned(), value);
        }
        let attachments = ModelName::known("ir.attachment");
        let call = Call::new(&attachments, MethodName::known("create")).arg("vals_list", json!([values]));
        odoo.check(&attachments, Operation::Create, &call.method, None)?;
        restated::check(&call, &odoo.client.definition().alias, odoo.permit.effects())?;

        let (length, source) = content.into_parts();
        let parts = vec![
            text_part("model", model.as_str()),
            text_part("id", &res_id.to_string()),
            FormPart {
                name: "ufile".to_owned(),
                file_name: Some(filename.to_owned()),
                content_type: None,
                content: PartContent::Stream { length, source },
            },
        ];
        let request = PageRequest::post(PagePath::parse(UPLOAD_PATH)?, PageBody::Multipart(parts));
        let answer = self.fetch_checked(request, false).await?;
        let unclear = |what: &str| OdooError::OutcomeUnknown {
            model: attachments.clone(),
            method: MethodName::known("create"),
            why: what.to_owned(),
        };
        let status = answer.status;
        if status == 413 {
            return Err(too_large(odoo, length));
        }
        let text = answer.text(ANSWER_BYTES_MAX).await?;
        let answered: Value = serde_json::from_str(&text)
            .map_err(|_| unclear(&format!("the upload was answered with no JSON (HTTP {status})")))?;
        let first = answered.get(0);
        if let Some(error) = first.and_then(|first| first.get("error")).and_then(Value::as_str) {
            return Err(OdooError::Web {
                code: "odoo_fault",
                why: format!("Odoo did not take the file: {error}"),
                hint: Some("the user may lack the right to change the record".to_owned()),
                sent: true,
            });
        }
        first
            .and_then(|first| first.get("id"))
            .and_then(Value::as_i64)
            .ok_or_else(|| unclear("the upload was answered without an id"))
    }
}

fn text_part(name: &str, text: &str) -> FormPart {
    FormPart {
        name: name.to_owned(),
        file_name: None,
        content_type: None,
        content: PartContent::Bytes(text.as_bytes().to_vec()),
    }
}

fn too_large(odoo: &PermittedOdoo<'_>, bytes: u64) -> OdooError {
    OdooError::Web {
        code: "too_large",
        why: format!(
            "`{}` takes requests of at most {} bytes, and {bytes} bytes do not fit; nothing was uploaded",
            odoo.client.definition().alias,
            super::upload::BODY_BYTES_MAX
        ),
        hint: Some(
            "a connection with a password can send up to 128 MiB, one with an API key up to 96 MiB"
                .to_owned(),
        ),
        sent: false,
    }
}
