//! Where the content of an upload comes from: the arguments, the caller's download area, or this Odoo.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use tokio::io::AsyncSeekExt as _;
use url::Url;

use super::{
    checksums::{Checked, Checksums},
    download,
    kept::{Kept, attachments},
};
use crate::{
    facts::{ConnectionAlias, FieldName, MethodName, ModelName, Operation, RecordEffect},
    files::StoredFile,
    odoo::{Content, Context, PagePath, PermittedOdoo, content_address},
    tools::{ArgumentsError, CallContext, ToolError},
};

/// Ids of Odoo are 32 bits wide.
const ID_MAX: i64 = i32::MAX as i64;
/// People leave the padding away.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn refused(message: impl Into<String>, hint: &str) -> ArgumentsError {
    ArgumentsError { message: message.into(), hint: Some(hint.to_owned()) }
}

pub(super) fn check_id(name: &str, id: i64) -> Result<(), ArgumentsError> {
    if (1..=ID_MAX).contains(&id) {
        return Ok(());
    }
    Err(refused(format!("argument `{name}`: {id} is no id of a record"), "ids are whole numbers from 1 up"))
}

/// What `url` stands for: the content of a field of a record of this Odoo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// The address with its host, where it was given.
    absolute: Option<Url>,
    pub(super) model: ModelName,
    pub(super) id: i64,
    fields: Vec<FieldName>,
}

impl Address {
    /// Reads `/web/content/…` or `/web/image/…`, or the same with scheme and host in front.
    pub(super) fn parse(text: &str) -> Result<Self, ArgumentsError> {
        let hint =
            "name a file of this Odoo, such as `/web/content/42` or `/web/image/res.partner/7/image_1920`";
        let (absolute, path) = match Url::parse(text) {
            Ok(url) if url.username().is_empty() && url.password().is_none() && url.fragment().is_none() => {
                let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
                let path = format!("{}{query}", url.path());
                (Some(url), path)
            }
            Ok(_) => return Err(refused("argument `url`: no user, password or `#` belongs there", hint)),
            Err(_) => (None, text.to_owned()),
        };
        let path =
            PagePath::parse(&path).map_err(|error| refused(format!("argument `url`: {error}"), hint))?;
        match content_address(&path) {
            Ok(Some((model, id, fields))) => Ok(Self { absolute, model, id, fields }),
            Ok(None) => Err(refused("argument `url`: this is not the content of a record", hint)),
            Err(error) => Err(refused(format!("argument `url`: {error}"), hint)),
        }
    }

    /// What fetching it reads.
    pub(super) fn effect(&self, connection: &ConnectionAlias) -> RecordEffect {
        if self.is_attachment() {
            return Kept::effect(connection, &[self.id]);
        }
        RecordEffect::new(connection, &self.model, Operation::Read, MethodName::known("read"))
            .with_ids(&[self.id])
            .reading(&self.fields)
            .bounded(1)
    }

    fn is_attachment(&self) -> bool {
        self.model == attachments()
            && self.fields.iter().all(|field| matches!(field.as_str(), "raw" | "datas"))
    }
}

/// Content that was looked at once from start to end.
pub(super) struct Prepared {
    pub(super) checked: Checked,
    content: Held,
    /// A file that was fetched for this call alone.
    pub(super) passing: Option<StoredFile>,
}

enum Held {
    Memory(Vec<u8>),
    File(tokio::fs::File),
}

impl Prepared {
    pub(super) fn into_content(self) -> Content {
        match self.content {
            Held::Memory(bytes) => Content::of_bytes(bytes),
            Held::File(file) => Content::new(self.checked.size, file),
        }
    }

    pub(super) fn of_base64(cx: &CallContext<'_>, text: &str) -> Result<Self, ToolError> {
        let bytes = decode(text)?;
        let limit = cx.files().limits().file_bytes_max;
        if limit > 0 && bytes.len() as u64 > limit {
            return Err(ToolError::too_large(
                format!("the content is larger than {limit} bytes"),
                "the operator may raise `files.file_bytes_max` in the settings",
            ));
        }
        Ok(Self { checked: Checksums::of(&bytes), content: Held::Memory(bytes), passing: None })
    }

    pub(super) async fn of_path(cx: &CallContext<'_>, path: &str) -> Result<Self, ToolError> {
        let (file, _) = cx.files().open(path).await?;
        Self::of_file(file, None).await
    }

    /// Fetches the content into the download area first: nobody knows its checksum before.
    pub(super) async fn of_address(
        cx: &CallContext<'_>,
        odoo: &PermittedOdoo<'_>,
        address: &Address,
        context: &Context,
    ) -> Result<Self, ToolError> {
        if let Some(url) = &address.absolute
            && !odoo.is_own_address(url)
        {
            return Err(ToolError::arguments_with_hint(
                "argument `url`: this address is not on the server of the connection",
                "only files of the same Odoo can be named; upload others with `content_base64` or `path`",
            ));
        }
        let mut new = cx.files().begin("passing through", None).await?;
        let stored = if address.is_attachment() {
            let kept = Kept::read(odoo, address.id, context).await?;
            if kept.is_link {
                return Err(ToolError::arguments(
                    "argument `url`: this attachment is a link without content",
                ));
            }
            new.check_room(kept.size.unwrap_or_default())?;
            download::into_file(cx, odoo, &kept, new, context).await?.0
        } else {
            let field =
                address.fields.first().ok_or_else(|| ToolError::arguments("argument `url`: no field"))?;
            let content = odoo.download(&address.model, address.id, field, context).await?;
            download::arrive(cx, content, &mut new, None).await?;
            if new.written() == 0 {
                return Err(ToolError::not_found(
                    format!("`{field}` of `{}` {} is empty", address.model, address.id),
                    "name a record and a field that hold a file",
                ));
            }
            new.finish("").await?
        };
        let (file, stored) = cx.files().open(&stored.path).await?;
        Self::of_file(file, Some(stored)).await
    }

    async fn of_file(mut file: tokio::fs::File, passing: Option<StoredFile>) -> Result<Self, ToolError> {
        let failed = |error: std::io::Error| ToolError::from(crate::files::FilesError::from(error));
        let again = file.try_clone().await.map_err(failed)?;
        let checked = Checksums::of_file(again).await?;
        file.rewind().await.map_err(failed)?;
        Ok(Self { checked, content: Held::File(file), passing })
    }
}

fn decode(text: &str) -> Result<Vec<u8>, ToolError> {
    let refused = |message: &str| {
        let hint = "give the bytes of the file as base64, without `data:` in front";
        Err(ToolError::arguments_with_hint(format!("argument `content_base64`: {message}"), hint))
    };
    if text.starts_with("data:") {
        return refused("a `data:` address is no base64");
    }
    let decoded = if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let joined: String = text.split_ascii_whitespace().collect();
        LENIENT.decode(joined)
    } else {
        LENIENT.decode(text)
    };
    match decoded {
        Ok(bytes) => Ok(bytes),
        Err(_) => refused("this is no base64"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, model: &str, id: i64, field: &str) {
        let address = Address::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!((address.model.as_str(), address.id), (model, id), "{url}");
        assert!(address.fields.iter().any(|known| known.as_str() == field), "{url}");
    }

    #[test]
    fn addresses_of_content_name_a_record_and_a_field() {
        check("/web/content/42", "ir.attachment", 42, "datas");
        check("/web/content/42-0a1b2c/offer.pdf?download=true", "ir.attachment", 42, "datas");
        check("/web/image/res.partner/7/image_1920", "res.partner", 7, "image_1920");
        check("https://odoo.example.com/web/content/42", "ir.attachment", 42, "datas");
        check("/web/image?model=res.partner&id=7&field=avatar_128", "res.partner", 7, "avatar_128");
    }

    #[test]
    fn other_addresses_are_refused() {
        for url in [
            "",
            "42",
            "/",
            "/web",
            "/my/home",
            "//evil.example/web/content/1",
            "/web/content/../content/1",
            "/web/content/base.logo",
            "https://user:secret@odoo.example.com/web/content/1",
            "file:///etc/passwd",
            "/web/content/0",
            "/web/content/1@evil.example",
            "javascript:alert(1)",
            "/web/session/logout",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn base64_is_read_as_people_write_it() {
        for text in ["aGVsbG8=", "aGVsbG8", "aGVs\nbG8=\n", " aGVs bG8 "] {
            assert_eq!(decode(text).unwrap(), b"hello", "{text}");
        }
        assert_eq!(decode("").unwrap(), b"");
        for text in ["aGVsbG8*", "data:text/plain;base64,aGVsbG8=", "a", "aGVs-_8="] {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}
