//! Fields of `crm.team`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, integer, many2many, many2one};

pub(super) static MODEL: Model = Model {
    name: "crm.team",
    label_14: "Sales Team",
    label_19: "Sales Team",
    order_14: "sequence",
    order_19: "sequence asc, create_date desc, id desc",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Sales Team").required().translated(),
        boolean("active", "Active"),
        integer("sequence", "Sequence"),
        many2one("company_id", "Company", "res.company"),
        many2one("user_id", "Team Leader", "res.users"),
        many2many("member_ids", "Salespersons", "res.users").unstored().searchable().only19(),
        integer("color", "Color Index"),
        boolean("use_leads", "Leads"),
        boolean("use_opportunities", "Pipeline"),
    ],
};
