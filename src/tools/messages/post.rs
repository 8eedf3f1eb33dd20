//! Posting to the chatter of a record, or saying what a post would be and whom it would reach.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::{
    body::{self, Body},
    recipients::{self, Preview, Recipient, fields},
};
use crate::{
    facts::{
        Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, Risk,
    },
    odoo::{Call, OdooError, PermittedOdoo, record_ids},
    tools::{
        ArgumentsError, CallContext, Tool, ToolEntry, ToolError,
        records::{existing, rows, scope::Scope},
        row,
    },
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<MessagePost>()];

/// Contacts, or files, that one message may name; more is a mailing.
const NAMED_MAX: usize = 100;
/// Odoo takes a body for HTML since this version only where the call says that it is.
const HTML_IS_TOLD_SINCE: u16 = 17;
/// Pages of records have short addresses since this version.
const SHORT_ADDRESSES_SINCE: u16 = 18;
/// Fields that only models with a chatter have; one is enough, since the policy may hide others.
const CHATTER_FIELDS: [&str; 3] = ["message_ids", "message_follower_ids", "message_partner_ids"];

const LEFT_OUT: &str = "scripts, styles and forms are left out of raw HTML; write text or Markdown";

/// Who is meant to read a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// An internal note.
    #[default]
    Note,
    /// A message to the followers, customers included.
    Comment,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Comment => "comment",
        }
    }

    fn subtype(self) -> &'static str {
        match self {
            Self::Note => "mail.mt_note",
            Self::Comment => "mail.mt_comment",
        }
    }
}

/// Arguments of `odoo_message_post`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub(super) struct MessagePost {
    /// Technical model name of the record, such as `sale.order`.
    pub(super) model: ModelName,
    /// Id of the record.
    #[serde(deserialize_with = "one_id")]
    pub(super) res_id: i64,
    /// The message, as Markdown.
    body: String,
    /// `note` for colleagues, `comment` for all followers, who may get it by mail.
    #[serde(default)]
    pub(super) message_type: Kind,
    /// Subject line.
    #[serde(default)]
    #[schemars(with = "String")]
    subject: Option<String>,
    /// Contacts (`res.partner`) to tell besides the followers; they may get a mail, of a note too.
    #[serde(default, deserialize_with = "some_ids")]
    pub(super) partner_ids: Vec<i64>,
    /// Files (`ir.attachment`) to add.
    #[serde(default, deserialize_with = "some_ids")]
    attachment_ids: Vec<i64>,
    /// `body` is HTML instead of Markdown; what could run or load anything is taken out.
    #[serde(default)]
    raw_html: bool,
    /// Only say what would be posted and who would be told; post nothing.
    #[serde(default)]
    dry_run: bool,
    #[serde(flatten)]
    pub(super) scope: Scope,
}

/// Result of `odoo_message_post`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Posted {
    /// Id of the new message; absent on a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<i64>,
    model: ModelName,
    res_id: i64,
    /// `note` or `comment`.
    r#type: &'static str,
    /// Name of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    /// Page of the record in Odoo.
    url: String,
    /// Who was told besides the author, or would be.
    recipients: Vec<Recipient>,
    /// Nothing was posted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// Dry run: the body as it would be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Tool for MessagePost {
    const NAME: &'static str = "odoo_message_post";
    const TITLE: &'static str = "Post a message on a record";
    const DESCRIPTION: &'static str = "Post Markdown to the chatter of a record: a `note` for colleagues or a \
         `comment` to its followers. May send e-mail to customers: `dry_run` shows the recipients first.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    type Output = Posted;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let read = |model: &ModelName, fields: &[FieldName]| {
            RecordEffect::new(&self.scope.connection, model, Operation::Read, MethodName::known("read"))
                .in_context(self.scope.stated())
                .reading(fields)
                .auxiliary()
        };
        let mut effects =
            vec![read(&self.model, &fields(&["display_name"])).with_ids(&[self.res_id]).bounded(1)];
        if !self.partner_ids.is_empty() {
            let partners =
                read(&ModelName::known(recipients::PARTNERS), &recipients::partner_fields(self.dry_run));
            effects.push(partners.with_ids(&self.partner_ids).bounded(self.partner_ids.len() as u64));
        }
        if !self.attachment_ids.is_empty() {
            let files = read(&ModelName::known(recipients::ATTACHMENTS), &fields(&["name"]));
            effects.push(files.with_ids(&self.attachment_ids).bounded(self.attachment_ids.len() as u64));
        }
        if self.dry_run {
            effects.extend(self.effects_of_preview(read));
        } else {
            let post = RecordEffect::new(
                &self.scope.connection,
                &self.model,
                Operation::Mail,
                MethodName::known("message_post"),
            );
            effects.insert(0, post.in_context(self.scope.stated()).with_ids(&[self.res_id]).bounded(1));
            let told = read(&ModelName::known(recipients::MESSAGES), &fields(&["notified_partner_ids"]));
            effects.push(told.bounded(1));
        }
        effects.into_iter().map(Effect::Records).collect()
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: &str, hint: &str| {
            Err(ArgumentsError { message: message.to_owned(), hint: Some(hint.to_owned()) })
        };
        if self.body.trim().is_empty() && self.attachment_ids.is_empty() {
            return refused("`body` is empty", "say something, or name files in `attachment_ids`");
        }
        if self.subject.as_ref().is_some_and(|subject| subject.chars().any(char::is_control)) {
            return refused("`subject` is more than one line", "put further lines into `body`");
        }
        Ok(())
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Posted, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        let Body { html, removed } = body::html_of(&self.body, self.raw_html)?;
        if html.is_empty() && self.attachment_ids.is_empty() {
            return Err(ToolError::arguments_with_hint("nothing of `body` is left to post", LEFT_OUT));
        }
        let context = self.scope.context()?;
        self.must_have_a_chatter(&odoo).await?;
        let name = fields(&["display_name"]);
        let found = existing::all(&odoo, &self.model, &[self.res_id], &name, &context).await?;
        let partners = recipients::named(&odoo, &self.partner_ids, self.dry_run, &context).await?;
        if !self.attachment_ids.is_empty() {
            let files = ModelName::known(recipients::ATTACHMENTS);
            existing::all(&odoo, &files, &self.attachment_ids, &fields(&["name"]), &context).await?;
        }
        let major = odoo.version().await.major();
        let record = found.get(&self.res_id).and_then(|record| record.get("display_name")?.as_str());
        let mut posted = Posted {
            message_id: None,
            model: self.model.clone(),
            res_id: self.res_id,
            r#type: self.message_type.as_str(),
            record: record.map(str::to_owned),
            url: self.address(&odoo, major),
            recipients: Vec::new(),
            dry_run: self.dry_run,
            html: None,
            note: (!removed.is_empty()).then(|| format!("left out of the HTML: {}", removed.join(", "))),
        };
        if self.dry_run {
            let Preview { recipients, note } = recipients::preview(&odoo, &self, partners).await?;
            let nothing = "nothing was posted".to_owned();
            posted.note = rows::joined_notes([Some(nothing), posted.note, note]);
            posted.recipients = recipients;
            posted.html = Some(html);
            return Ok(posted);
        }
        let id = self.send(&odoo, html, major).await?;
        posted.message_id = Some(id);
        // The message is out now: whatever reading back meets, the call succeeded.
        match told(&odoo, id).await {
            Ok(ids) => posted.recipients = recipients::listed(&ids, &partners, &self.partner_ids),
            Err(error) => {
                let unread = format!("posted, but who was told could not be read: {error}");
                posted.note = rows::joined_notes([posted.note, Some(unread)]);
            }
        }
        Ok(posted)
    }
}

impl MessagePost {
    /// Followers, the kind of message they want, and contacts by name.
    fn effects_of_preview(
        &self,
        read: impl Fn(&ModelName, &[FieldName]) -> RecordEffect,
    ) -> Vec<RecordEffect> {
        let found =
            |model: &'static str, fields: &[FieldName], domain: Result<crate::odoo::Domain, OdooError>| {
                let domain = domain.unwrap_or_default();
                let effect = read(&ModelName::known(model), fields).filtering(domain.paths());
                effect.within(domain.as_slice().into())
            };
        vec![
            found(
                recipients::FOLLOWERS,
                &recipients::follower_fields(),
                recipients::domain_of_followers(self),
            ),
            found(recipients::SUBTYPES, &fields(&["name"]), recipients::domain_of_subtype(self.message_type)),
            read(&ModelName::known(recipients::PARTNERS), &recipients::partner_fields(true)),
            read(&ModelName::known(recipients::USERS), &fields(&["partner_id"])).bounded(1),
        ]
    }

    async fn must_have_a_chatter(&self, odoo: &PermittedOdoo<'_>) -> Result<(), ToolError> {
        let schema = odoo.schema(&self.model).await?;
        if CHATTER_FIELDS.iter().any(|name| schema.field(name).is_some()) {
            return Ok(());
        }
        Err(ToolError::Stopped {
            code: "no_chatter",
            message: format!("`{}` has no chatter: nothing can be posted on its records", self.model),
            hint: Some(
                "post on a record it belongs to, such as the order of an order line; odoo_fields_get shows \
                 `message_ids` where a model has a chatter"
                    .to_owned(),
            ),
        })
    }

    async fn send(
        &self,
        odoo: &PermittedOdoo<'_>,
        html: String,
        major: Option<u16>,
    ) -> Result<i64, ToolError> {
        let mut call = Call::new(&self.model, MethodName::known("message_post"))
            .on(&[self.res_id])
            .named("body", json!(html))
            .named("message_type", json!("comment"))
            .named("subtype_xmlid", json!(self.message_type.subtype()))
            .within(&self.scope.context()?);
        // An unknown version is a new one.
        if major.is_none_or(|major| major >= HTML_IS_TOLD_SINCE) {
            call = call.named("body_is_html", json!(true));
        }
        if let Some(subject) = self.subject.as_deref().filter(|subject| !subject.is_empty()) {
            call = call.named("subject", json!(subject));
        }
        for (name, ids) in [("partner_ids", &self.partner_ids), ("attachment_ids", &self.attachment_ids)] {
            if !ids.is_empty() {
                call = call.named(name, json!(ids));
            }
        }
        let answer = odoo.call(call).await?;
        record_ids(&answer, 1).ok().and_then(|ids| ids.first().copied()).ok_or_else(|| ToolError::Stopped {
            code: "bad_answer",
            message: "the message was posted; Odoo answered no id of it".to_owned(),
            hint: Some("do not post it again; odoo_search_read on `mail.message` finds it".to_owned()),
        })
    }

    fn address(&self, odoo: &PermittedOdoo<'_>, major: Option<u16>) -> String {
        let base = odoo.base_url().as_str().trim_end_matches('/').to_owned();
        let (model, id) = (&self.model, self.res_id);
        if major.is_none_or(|major| major >= SHORT_ADDRESSES_SINCE) {
            format!("{base}/odoo/{model}/{id}")
        } else {
            format!("{base}/web#id={id}&model={model}&view_type=form")
        }
    }
}

/// Whom Odoo told, besides those who only see the message on the record.
async fn told(odoo: &PermittedOdoo<'_>, message: i64) -> Result<Vec<i64>, OdooError> {
    let model = ModelName::known(recipients::MESSAGES);
    let context = crate::odoo::Context::default();
    let read: Vec<JsonObject> =
        odoo.read(&model, &[message], &fields(&["notified_partner_ids"]), &context).await?;
    let ids = read.first().and_then(|row| row.get("notified_partner_ids")?.as_array());
    Ok(ids.into_iter().flatten().filter_map(Value::as_i64).collect())
}

fn one_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match record_ids(&value, 1).as_deref() {
        Ok([id]) if !value.is_array() => Ok(*id),
        Ok(_) => Err(serde::de::Error::custom("it is the id of one record")),
        Err(why) => Err(serde::de::Error::custom(why)),
    }
}

fn some_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(Vec::new()),
        given => record_ids(&given, NAMED_MAX).map_err(serde::de::Error::custom),
    }
}
