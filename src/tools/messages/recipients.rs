//! Who hears of a message: those it names, and the followers of the record that want its kind.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::post::{Kind, MessagePost};
use crate::{
    facts::{FieldName, JsonObject, ModelName},
    odoo::{Context, Domain, OdooError, PageQuery, PermittedOdoo},
    tools::{ToolError, records::existing},
};

pub(super) const PARTNERS: &str = "res.partner";
pub(super) const ATTACHMENTS: &str = "ir.attachment";
pub(super) const MESSAGES: &str = "mail.message";
pub(super) const FOLLOWERS: &str = "mail.followers";
pub(super) const USERS: &str = "res.users";
pub(super) const SUBTYPES: &str = "mail.message.subtype";

/// Followers that a rehearsal looks at; a record with more is a mailing list.
const FOLLOWERS_MAX: u32 = 500;

/// Somebody who is told of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Recipient {
    partner_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// No user of the company's own: what reaches them leaves the house by mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    external: Option<bool>,
    /// `named` in `partner_ids`, or a `follower` of the record.
    why: &'static str,
}

/// What a post shows of a contact; whether it is an outsider only a rehearsal looks up.
pub(super) fn partner_fields(is_rehearsal: bool) -> Vec<FieldName> {
    fields(if is_rehearsal { &["display_name", "partner_share"] } else { &["display_name"] })
}

pub(super) fn follower_fields() -> Vec<FieldName> {
    fields(&["partner_id", "subtype_ids"])
}

pub(super) fn fields(names: &[&str]) -> Vec<FieldName> {
    names.iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}

/// What is known of contacts, by id.
pub(super) type Partners = BTreeMap<i64, JsonObject>;

/// The contacts a call names; one that is missing fails the call before anything is sent.
pub(super) async fn named(
    odoo: &PermittedOdoo<'_>,
    ids: &[i64],
    is_rehearsal: bool,
    context: &Context,
) -> Result<Partners, ToolError> {
    if ids.is_empty() {
        return Ok(Partners::new());
    }
    let fields = partner_fields(is_rehearsal);
    let found = existing::all(odoo, &ModelName::known(PARTNERS), ids, &fields, context).await?;
    Ok(found.into_iter().collect())
}

/// Each contact once, with why it hears of the message.
pub(super) fn listed(ids: &[i64], partners: &Partners, named: &[i64]) -> Vec<Recipient> {
    let ids: BTreeSet<i64> = ids.iter().copied().collect();
    ids.into_iter()
        .map(|id| {
            let partner = partners.get(&id);
            let name = partner.and_then(|partner| partner.get("display_name")?.as_str());
            Recipient {
                partner_id: id,
                name: name.map(str::to_owned),
                external: partner.and_then(|partner| partner.get("partner_share")?.as_bool()),
                why: if named.contains(&id) { "named" } else { "follower" },
            }
        })
        .collect()
}

/// What a rehearsal finds out.
#[derive(Debug, Default)]
pub(super) struct Preview {
    pub(super) recipients: Vec<Recipient>,
    pub(super) note: Option<String>,
}

/// Who would be told, as Odoo works it out: followers that follow this kind of message, without
/// outsiders where it is a note, and those the call names.
pub(super) async fn preview(
    odoo: &PermittedOdoo<'_>,
    post: &MessagePost,
    mut partners: Partners,
) -> Result<Preview, ToolError> {
    let context = post.scope.context()?;
    let followers = match followers(odoo, post).await {
        Ok(followers) => followers,
        Err(error @ OdooError::Fault { .. }) => {
            let note = format!("the followers of the record cannot be read: {error}");
            let recipients = listed(&post.partner_ids, &partners, &post.partner_ids);
            return Ok(Preview { recipients, note: Some(note) });
        }
        Err(error) => return Err(error.into()),
    };
    let subtype = subtype(odoo, post.message_type).await?;
    let note = subtype.is_none().then(|| {
        "which followers want this kind of message could not be told; all of them are listed".to_owned()
    });
    let following: Vec<i64> = followers
        .iter()
        .filter(|row| subtype.is_none_or(|id| wants(row, id)))
        .filter_map(partner_of)
        .collect();
    let unknown: Vec<i64> = following.iter().copied().filter(|id| !partners.contains_key(id)).collect();
    if !unknown.is_empty() {
        let rows = odoo.read(&ModelName::known(PARTNERS), &unknown, &partner_fields(true), &context).await?;
        partners.extend(rows.into_iter().filter_map(|row| Some((row.get("id")?.as_i64()?, row))));
    }
    let is_outsider = |id: &i64| {
        partners.get(id).and_then(|partner| partner.get("partner_share")?.as_bool()).unwrap_or_default()
    };
    let author = author(odoo, &context).await;
    let mut ids: Vec<i64> =
        following.into_iter().filter(|id| post.message_type == Kind::Comment || !is_outsider(id)).collect();
    ids.extend(&post.partner_ids);
    // Whoever writes a message is not told of it.
    ids.retain(|id| Some(*id) != author);
    Ok(Preview { recipients: listed(&ids, &partners, &post.partner_ids), note })
}

/// The contact that the messages of this connection are from; an unknown one is left in the list.
async fn author(odoo: &PermittedOdoo<'_>, context: &Context) -> Option<i64> {
    let uid = odoo.state().signed_in?.uid;
    let users = ModelName::known(USERS);
    let rows = odoo.read(&users, &[uid], &fields(&["partner_id"]), context).await.ok()?;
    partner_of(rows.first()?)
}

pub(super) fn domain_of_followers(post: &MessagePost) -> Result<Domain, OdooError> {
    Domain::parse(json!([["res_model", "=", post.model.as_str()], ["res_id", "=", post.res_id]]))
}

async fn followers(odoo: &PermittedOdoo<'_>, post: &MessagePost) -> Result<Vec<JsonObject>, OdooError> {
    odoo.search_rows(&PageQuery {
        model: ModelName::known(FOLLOWERS),
        domain: domain_of_followers(post)?,
        fields: follower_fields(),
        limit: FOLLOWERS_MAX,
        offset: 0,
        order: Some("id".to_owned()),
        context: post.scope.context()?,
    })
    .await
}

/// Odoo's two kinds of message. Their external ids are for administrators, so they are known by the
/// names that Odoo gives them in its source language.
pub(super) fn domain_of_subtype(kind: Kind) -> Result<Domain, OdooError> {
    let name = match kind {
        Kind::Note => "Note",
        Kind::Comment => "Discussions",
    };
    Domain::parse(json!([["res_model", "=", false], ["name", "=", name]]))
}

async fn subtype(odoo: &PermittedOdoo<'_>, kind: Kind) -> Result<Option<i64>, OdooError> {
    let rows = odoo
        .search_rows(&PageQuery {
            model: ModelName::known(SUBTYPES),
            domain: domain_of_subtype(kind)?,
            fields: fields(&["name"]),
            limit: 1,
            offset: 0,
            order: Some("id".to_owned()),
            context: Context::default().with_lang("en_US")?,
        })
        .await?;
    Ok(rows.first().and_then(|row| row.get("id")?.as_i64()))
}

fn wants(follower: &JsonObject, subtype: i64) -> bool {
    follower
        .get("subtype_ids")
        .and_then(Value::as_array)
        .is_some_and(|ids| ids.iter().any(|id| id.as_i64() == Some(subtype)))
}

fn partner_of(follower: &JsonObject) -> Option<i64> {
    let partner = follower.get("partner_id")?;
    partner.as_i64().or_else(|| partner.get(0)?.as_i64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: Value) -> JsonObject {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_follower_wants_what_it_follows() {
        let follower = row(json!({"partner_id": [7, "Ada"], "subtype_ids": [1, 3]}));
        assert!(wants(&follower, 3));
        assert!(!wants(&follower, 2));
        assert_eq!(partner_of(&follower), Some(7));
        assert_eq!(partner_of(&row(json!({"partner_id": false}))), None);
        assert_eq!(partner_of(&row(json!({"partner_id": 9}))), Some(9));
    }

    #[test]
    fn each_contact_is_listed_once() {
        let partners = Partners::from([(7, row(json!({"display_name": "Ada", "partner_share": true})))]);
        let listed = listed(&[9, 7, 9], &partners, &[7]);
        assert_eq!(listed.len(), 2);
        assert_eq!((listed[0].partner_id, listed[0].external, listed[0].why), (7, Some(true), "named"));
        assert_eq!((listed[1].name.as_deref(), listed[1].why), (None, "follower"));
    }
}
