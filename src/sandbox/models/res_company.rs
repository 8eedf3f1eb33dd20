//! Fields of `res.company`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{binary, boolean, char, float, integer, many2many, many2one, one2many};

pub(super) static MODEL: Model = Model {
    name: "res.company",
    label_14: "Companies",
    label_19: "Companies",
    order_14: "sequence, name",
    order_19: "sequence, name",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Company Name").required(),
        many2one("partner_id", "Partner", "res.partner").required(),
        many2one("currency_id", "Currency", "res.currency").required(),
        many2one("parent_id", "Parent Company", "res.company"),
        one2many("child_ids", "Branches", "res.company", "parent_id").only19(),
        one2many("child_ids", "Child Companies", "res.company", "parent_id").only14(),
        integer("sequence", "Sequence"),
        char("street", "Street").unstored(),
        char("street2", "Street2").unstored(),
        char("city", "City").unstored(),
        char("zip", "Zip").unstored(),
        many2one("state_id", "Fed. State", "res.country.state").unstored(),
        many2one("country_id", "Country", "res.country").unstored(),
        char("email", "Email"),
        char("phone", "Phone"),
        char("website", "Website Link").unstored().searchable(),
        char("vat", "Tax ID").unstored().searchable(),
        many2many("user_ids", "Accepted Users", "res.users"),
        binary("logo", "Company Logo").unstored().searchable(),
        boolean("active", "Active").only19(),
        // The add-on for tests brings the rest.
        float("ai_monthly_budget_eur", "Monthly AI budget (EUR)"),
        boolean("ai_two_pass_escalation", "Second look at doubtful bills"),
        float("ai_post_confidence_threshold", "Confidence to post"),
        boolean("ai_post_autopost", "Post bills by themselves"),
    ],
};
