//! Fields of `res.partner`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{
    binary, boolean, char, float, html, integer, many2many, many2one, monetary, one2many, selection, text,
};

pub(super) static MODEL: Model = Model {
    name: "res.partner",
    label_14: "Contact",
    label_19: "Contact",
    order_14: "display_name",
    order_19: "complete_name asc, id desc",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Name"),
        char("complete_name", "Complete Name").readonly().only19(),
        boolean("active", "Active"),
        many2one("parent_id", "Related Company", "res.partner"),
        char("parent_name", "Parent name").readonly().unstored().searchable(),
        one2many("child_ids", "Contact", "res.partner", "parent_id"),
        boolean("is_company", "Is a Company"),
        selection("company_type", "Company Type", &[("person", "Person"), ("company", "Company")])
            .unstored()
            .only19(),
        selection("company_type", "Company Type", &[("person", "Individual"), ("company", "Company")])
            .unstored()
            .only14(),
        selection(
            "type",
            "Address Type",
            &[("contact", "Contact"), ("invoice", "Invoice"), ("delivery", "Delivery"), ("other", "Other")],
        )
        .only19(),
        selection(
            "type",
            "Address Type",
            &[
                ("contact", "Contact"),
                ("invoice", "Invoice Address"),
                ("delivery", "Delivery Address"),
                ("other", "Other Address"),
                ("private", "Private Address"),
            ],
        )
        .only14(),
        one2many("user_ids", "Users", "res.users", "partner_id"),
        many2one("commercial_partner_id", "Commercial Entity", "res.partner").readonly(),
        char("commercial_company_name", "Company Name Entity").readonly(),
        char("company_name", "Company Name"),
        char("ref", "Reference"),
        char("vat", "Tax ID"),
        selection("lang", "Language", &[("en_US", "English (US)"), ("fr_FR", "French / Français")]),
        selection(
            "tz",
            "Timezone",
            &[("Europe/Brussels", "Europe/Brussels"), ("Europe/Paris", "Europe/Paris"), ("UTC", "UTC")],
        ),
        char("email", "Email"),
        char("email_normalized", "Normalized Email").readonly(),
        char("email_formatted", "Formatted Email").readonly().unstored(),
        char("phone", "Phone"),
        char("mobile", "Mobile").only14(),
        char("website", "Website Link"),
        char("function", "Job Position"),
        char("street", "Street"),
        char("street2", "Street2"),
        char("city", "City"),
        char("zip", "Zip"),
        many2one("state_id", "State", "res.country.state"),
        many2one("country_id", "Country", "res.country"),
        char("country_code", "Country Code").readonly().unstored().searchable().only19(),
        many2many("category_id", "Tags", "res.partner.category"),
        html("comment", "Notes").only19(),
        text("comment", "Notes").only14(),
        many2one("user_id", "Salesperson", "res.users"),
        one2many("user_ids", "Users", "res.users", "partner_id"),
        many2one("company_id", "Company", "res.company"),
        boolean("employee", "Employee"),
        integer("color", "Color Index"),
        integer("customer_rank", "Customer Rank"),
        integer("supplier_rank", "Supplier Rank"),
        float("credit_limit", "Credit Limit").company_dependent().only19(),
        float("credit_limit", "Credit Limit").only14(),
        char("barcode", "Barcode").company_dependent().only19(),
        char("barcode", "Barcode").unstored().searchable().company_dependent().only14(),
        boolean("partner_share", "Share Partner").readonly(),
        binary("image_1920", "Image"),
        binary("image_128", "Image 128").readonly(),
        binary("avatar_128", "Avatar 128").readonly().unstored().only19(),
        one2many("message_ids", "Messages", "mail.message", "res_id"),
        one2many("message_follower_ids", "Followers", "mail.followers", "res_id"),
        integer("sale_order_count", "Sale Order Count").readonly().unstored(),
        one2many("sale_order_ids", "Sales Order", "sale.order", "partner_id"),
        one2many("invoice_ids", "Invoices", "account.move", "partner_id").readonly(),
        one2many("opportunity_ids", "Opportunities", "crm.lead", "partner_id"),
        integer("opportunity_count", "Opportunity Count").readonly().unstored().only19(),
        integer("opportunity_count", "Opportunity").readonly().unstored().only14(),
        monetary("total_invoiced", "Total Invoiced", "currency_id").readonly().unstored(),
        many2one("property_payment_term_id", "Customer Payment Terms", "account.payment.term")
            .company_dependent()
            .only19(),
        many2one("property_payment_term_id", "Customer Payment Terms", "account.payment.term")
            .unstored()
            .searchable()
            .company_dependent()
            .only14(),
        many2one("currency_id", "Currency", "res.currency").readonly().unstored(),
        char("contact_address", "Complete Address").readonly().unstored(),
        many2one("same_vat_partner_id", "Partner with same Tax ID", "res.partner").readonly().unstored(),
    ],
};
