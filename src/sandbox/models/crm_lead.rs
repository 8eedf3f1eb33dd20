//! Fields of `crm.lead`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{
    boolean, char, date, datetime, float, html, integer, many2many, many2one, monetary, one2many, selection,
    text,
};

pub(super) static MODEL: Model = Model {
    name: "crm.lead",
    label_14: "Lead/Opportunity",
    label_19: "Lead",
    order_14: "priority desc, id desc",
    order_19: "priority desc, id desc",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Opportunity").required(),
        selection("type", "Type", &[("lead", "Lead"), ("opportunity", "Opportunity")]).required(),
        boolean("active", "Active"),
        many2one("partner_id", "Contact", "res.partner").only19(),
        many2one("partner_id", "Customer", "res.partner").only14(),
        char("partner_name", "Company Name"),
        char("contact_name", "Contact Name"),
        char("email_from", "Email"),
        char("email_normalized", "Normalized Email").readonly(),
        char("phone", "Phone"),
        char("mobile", "Mobile").only14(),
        char("website", "Website"),
        char("function", "Job Position"),
        char("street", "Street"),
        char("street2", "Street2"),
        char("city", "City"),
        char("zip", "Zip"),
        many2one("state_id", "State", "res.country.state"),
        many2one("country_id", "Country", "res.country"),
        many2one("user_id", "Salesperson", "res.users"),
        many2one("team_id", "Sales Team", "crm.team"),
        many2one("company_id", "Company", "res.company"),
        many2one("stage_id", "Stage", "crm.stage"),
        many2many("tag_ids", "Tags", "crm.tag"),
        selection(
            "priority",
            "Priority",
            &[("0", "Low"), ("1", "Medium"), ("2", "High"), ("3", "Very High")],
        ),
        float("probability", "Probability"),
        float("automated_probability", "Automated Probability").readonly(),
        monetary("expected_revenue", "Expected Revenue", "company_currency"),
        many2one("company_currency", "Currency", "res.currency").readonly().unstored().only19(),
        many2one("company_currency", "Currency", "res.currency").readonly().unstored().searchable().only14(),
        date("date_deadline", "Expected Closing"),
        datetime("date_open", "Assignment Date").readonly(),
        datetime("date_closed", "Closed Date").readonly(),
        html("description", "Notes").only19(),
        text("description", "Notes").only14(),
        one2many("order_ids", "Orders", "sale.order", "opportunity_id"),
        integer("color", "Color Index"),
        char("referred", "Referred By"),
        selection("won_status", "Won/Lost", &[("won", "Won"), ("lost", "Lost"), ("pending", "Pending")])
            .readonly()
            .only19(),
        selection(
            "kanban_state",
            "Kanban State",
            &[
                ("grey", "No next activity planned"),
                ("red", "Next activity late"),
                ("green", "Next activity is planned"),
            ],
        )
        .readonly()
        .unstored()
        .only14(),
        integer("quotation_count", "Number of Quotations").readonly().unstored(),
        one2many("message_ids", "Messages", "mail.message", "res_id"),
        one2many("message_follower_ids", "Followers", "mail.followers", "res_id"),
        many2one("lang_id", "Language", "res.lang"),
        many2one("commercial_partner_id", "Customer Company", "res.partner").unstored().only19(),
    ],
};
