//! Whose documents the portal shows: the contact of the connection's user, and the company behind it.

use serde_json::{Value, json};

use crate::{
    facts::{ConnectionAlias, Effect, FieldName, MethodName, ModelName, Operation, RecordEffect},
    odoo::{Context, Domain, PageQuery, PermittedOdoo},
    tools::ToolError,
};

const CONTACTS: &str = "res.partner";
const COMPANY_BEHIND: &str = "commercial_partner_id";
const USERS: &str = "user_ids";

/// A contact and its company; the same where the contact has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) partner: i64,
    pub(super) commercial_partner: i64,
}

impl Owner {
    /// For lists that do not ask whose they are.
    pub(super) const NOBODY: Self = Self { partner: 0, commercial_partner: 0 };

    /// The look at the contact, as the policy sees it.
    pub(super) fn effect(connection: &ConnectionAlias) -> Effect {
        let contacts = ModelName::known(CONTACTS);
        Effect::Records(
            RecordEffect::new(connection, &contacts, Operation::Read, MethodName::known("search_read"))
                .reading(&fields())
                .filtering(vec![USERS.to_owned()])
                .bounded(1)
                .auxiliary(),
        )
    }

    pub(super) async fn of_user(odoo: &PermittedOdoo<'_>) -> Result<Self, ToolError> {
        let uid = odoo.uid().await?;
        let query = PageQuery {
            model: ModelName::known(CONTACTS),
            domain: Domain::parse(json!([[USERS, "in", [uid]]]))?,
            fields: fields(),
            limit: 1,
            offset: 0,
            order: Some("id".to_owned()),
            // The contact of a technical user is archived.
            context: Context::new(std::iter::once(("active_test".to_owned(), json!(false))).collect())
                .unwrap_or_default(),
        };
        let found = odoo.search_rows(&query).await?;
        let contact = found.first();
        let partner = contact.and_then(|row| row.get("id")?.as_i64());
        let commercial = contact.and_then(|row| id_of(row.get(COMPANY_BEHIND)?));
        match partner {
            Some(partner) => Ok(Self { partner, commercial_partner: commercial.unwrap_or(partner) }),
            None => Err(ToolError::not_found(
                "this user's contact cannot be read, so nobody knows whose documents to list",
                "use odoo_search_read on the documents themselves",
            )),
        }
    }
}

fn fields() -> Vec<FieldName> {
    FieldName::parse(COMPANY_BEHIND).into_iter().collect()
}

/// The id of a many2one as `read` gives it.
fn id_of(value: &Value) -> Option<i64> {
    value.get(0).unwrap_or(value).as_i64()
}
