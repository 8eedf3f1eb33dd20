//! Who may do what: rights per model and group, and which records a user sees.
//!
//! Three users stand for the usual ranks: an administrator, an ordinary user who sells, and a portal user.

use serde_json::Value;

use super::{
    env::{ADMIN, Env},
    errors::{OdooError, Result},
    orm::compute,
};

/// Ids of the other users of a sandbox.
pub(crate) const DEMO: i64 = 6;
pub(crate) const PORTAL: i64 = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Read,
    Create,
    Write,
    Unlink,
}

impl Operation {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "read" => Self::Read,
            "create" => Self::Create,
            "write" => Self::Write,
            "unlink" => Self::Unlink,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Write => "write",
            Self::Unlink => "unlink",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Read => "access",
            Self::Create => "create",
            Self::Write => "modify",
            Self::Unlink => "delete",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Administrator,
    Seller,
    Portal,
}

fn rank(env: &Env<'_>) -> Rank {
    match env.uid {
        ADMIN | 1 => Rank::Administrator,
        PORTAL => Rank::Portal,
        _ => Rank::Seller,
    }
}

/// Names of the groups that carry a right, as messages show them.
#[derive(Debug, Clone, Copy)]
struct Groups {
    in_14: &'static str,
    in_19: &'static str,
}

const SETTINGS: Groups = Groups { in_14: "Administration/Settings", in_19: "Role / Administrator" };
const ACCESS_RIGHTS: Groups = Groups { in_14: "Administration/Access Rights", in_19: "Access Rights" };
const CREATION: Groups = Groups { in_14: "Extra Rights/Contact Creation", in_19: "Contact/Creation" };
const SALES: Groups =
    Groups { in_14: "Sales/User: Own Documents Only", in_19: "Sales/User: Own Documents Only" };
const SALES_ADMIN: Groups = Groups { in_14: "Sales/Administrator", in_19: "Sales/Administrator" };
const BILLING: Groups = Groups { in_14: "Invoicing/Billing", in_19: "Invoicing/Invoicing" };
const INTERNAL: Groups = Groups { in_14: "User types/Internal User", in_19: "Role / User" };

/// Groups that may do this although the user of a rank may not; `None` when the user may.
fn refused_for(rank: Rank, model: &str, operation: Operation, is_14: bool) -> Option<&'static [Groups]> {
    use Operation::{Read, Unlink};
    if model == "bus.bus" {
        return Some(&[]);
    }
    if rank == Rank::Administrator {
        return None;
    }
    let reads = operation == Read;
    match model {
        "ir.config_parameter" | "ir.actions.server" => Some(&[SETTINGS]),
        "ir.module.module" | "ir.module.module.dependency" | "ir.module.category" if is_14 || !reads => {
            Some(&[SETTINGS])
        }
        "res.users" if !reads => Some(&[ACCESS_RIGHTS]),
        "res.groups" | "res.company" if !reads => Some(&[ACCESS_RIGHTS]),
        "res.country" | "res.country.state" | "res.currency" | "res.lang" | "ir.model"
        | "ir.model.fields"
            if !reads =>
        {
            Some(&[SETTINGS])
        }
        "res.partner" => match rank {
            Rank::Portal if !reads => Some(&[CREATION, SALES_ADMIN, SALES]),
            _ if operation == Unlink => Some(&[CREATION]),
            _ => None,
        },
        "sale.order" | "sale.order.line" if rank == Rank::Portal && !reads => Some(&[SALES_ADMIN, SALES]),
        "sale.order" if operation == Unlink => Some(&[SALES_ADMIN]),
        "account.move" | "account.move.line" if rank == Rank::Portal || !reads => {
            if rank == Rank::Portal && reads { None } else { Some(&[BILLING]) }
        }
        "account.journal" | "account.account" | "account.tax" | "account.payment.term"
            if rank == Rank::Portal || !reads =>
        {
            Some(&[BILLING])
        }
        "crm.lead" | "crm.tag" | "crm.team" if rank == Rank::Portal => Some(&[SALES_ADMIN, SALES]),
        "crm.stage" | "crm.team" if rank == Rank::Portal || !reads => Some(&[SALES_ADMIN]),
        "product.template" | "product.product" | "product.category" | "uom.uom" | "uom.category"
            if !reads =>
        {
            Some(&[SALES_ADMIN])
        }
        "ir.module.module" if rank == Rank::Portal => Some(&[SETTINGS, INTERNAL]),
        "ir.model" | "ir.model.fields" | "ir.actions.report" | "res.groups" if rank == Rank::Portal => {
            Some(&[INTERNAL])
        }
        // Everybody inside reads what the add-on for tests brings, and notes that a step was called.
        "ai.test.call" if rank != Rank::Portal && (reads || operation == Operation::Create) => None,
        "ai.skill" | "ai.pipeline.step" | "ai.test.call" | "ai.test.steps"
            if rank == Rank::Portal || !reads =>
        {
            Some(if rank == Rank::Portal { &[INTERNAL] } else { &[SETTINGS] })
        }
        "ir.attachment" | "mail.message" | "res.partner.category" if rank == Rank::Portal && !reads => {
            Some(&[INTERNAL])
        }
        _ => None,
    }
}

/// Whether the user's groups allow the operation on the model at all.
pub(crate) fn allows(env: &Env<'_>, model: &str, operation: Operation) -> bool {
    env.sudo || refused_for(rank(env), model, operation, env.is_14()).is_none()
}

pub(crate) fn check(env: &Env<'_>, model: &str, operation: Operation) -> Result<()> {
    if env.sudo {
        return Ok(());
    }
    let Some(groups) = refused_for(rank(env), model, operation, env.is_14()) else { return Ok(()) };
    let label = env.model(model)?.label();
    let names: Vec<String> = groups
        .iter()
        .map(|group| format!("\t- {}", if env.is_14() { group.in_14 } else { group.in_19 }))
        .collect();
    Err(OdooError::access(format!(
        "You are not allowed to {} '{label}' ({model}) records.\n\nThis operation is allowed for the following groups:\n{}\n\nContact your administrator to request access if necessary.",
        operation.verb(),
        names.join("\n")
    )))
}

/// Whether the rules for records let the user see one: companies for everyone, own documents for portal users.
pub(crate) fn sees(env: &Env<'_>, model: &str, id: i64) -> bool {
    if env.sudo {
        return true;
    }
    if has_company_rule(model) && !in_companies(env, model, id) {
        return false;
    }
    match rank(env) {
        Rank::Administrator => true,
        Rank::Seller => true,
        Rank::Portal => portal_sees(env, model, id),
    }
}

fn has_company_rule(model: &str) -> bool {
    matches!(
        model,
        "res.partner"
            | "sale.order"
            | "sale.order.line"
            | "account.move"
            | "account.move.line"
            | "account.journal"
            | "account.account"
            | "account.tax"
            | "crm.lead"
            | "product.template"
            | "product.product"
            | "crm.team"
            | "account.payment.term"
    )
}

fn in_companies(env: &Env<'_>, model: &str, id: i64) -> bool {
    let allowed = env.allowed_companies();
    if env.field(model, "company_ids").is_some() {
        let companies = env.ids(model, id, "company_ids");
        return companies.is_empty() || companies.iter().any(|company| allowed.contains(company));
    }
    env.link(model, id, "company_id").is_none_or(|company| allowed.contains(&company))
}

fn portal_sees(env: &Env<'_>, model: &str, id: i64) -> bool {
    let own =
        env.link("res.users", env.uid, "partner_id").map(|partner| compute::commercial_partner(env, partner));
    let is_own = |partner: Option<i64>| {
        partner.map(|partner| compute::commercial_partner(env, partner)) == own && own.is_some()
    };
    match model {
        "res.partner" => is_own(Some(id)),
        "res.users" => id == env.uid,
        "sale.order" => is_own(env.link(model, id, "partner_id")),
        "sale.order.line" => is_own(env.link(model, id, "order_partner_id")),
        "account.move" => {
            is_own(env.link(model, id, "partner_id"))
                && matches!(env.text(model, id, "state").as_str(), "posted" | "cancel")
        }
        "account.move.line" => {
            is_own(env.link(model, id, "partner_id")) && env.text(model, id, "parent_state") == "posted"
        }
        "mail.message" => false,
        "ir.attachment" => env.value(model, id, "public") == Value::Bool(true),
        "product.template" | "product.product" => env.value(model, id, "sale_ok") == Value::Bool(true),
        _ => true,
    }
}

/// Refuses a record that exists but that the rules hide.
pub(crate) fn check_record(env: &Env<'_>, model: &str, id: i64, operation: Operation) -> Result<()> {
    if !env.db.exists(model, id) || sees(env, model, id) {
        return Ok(());
    }
    let label = env.model(model)?.label();
    Err(OdooError::access(if env.is_14() {
        format!(
            "Due to security restrictions, you are not allowed to {} '{label}' ({model}) records.\n\nContact your administrator to request access if necessary.",
            operation.verb()
        )
    } else {
        let user = env.display_name("res.users", env.uid);
        format!(
            "Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, {user} (id={}) doesn't have '{}' access to:\n- {label} ({model})\n\nIf you really, really need access, perhaps you can win over your friendly administrator with a batch of freshly baked cookies.",
            env.uid,
            operation.name()
        )
    }))
}

/// Refuses companies the user does not belong to.
pub(crate) fn check_companies(env: &Env<'_>) -> Result<()> {
    let own: Vec<i64> = env.ids("res.users", env.uid, "company_ids");
    let asked = env.context.get("allowed_company_ids").and_then(Value::as_array);
    let foreign =
        asked.is_some_and(|ids| ids.iter().any(|id| id.as_i64().is_none_or(|id| !own.contains(&id))));
    if foreign && !env.sudo {
        return Err(OdooError::access("Access to unauthorized or invalid companies."));
    }
    Ok(())
}
