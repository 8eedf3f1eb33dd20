//! Fields of `sale.order`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{
    binary, boolean, char, date, datetime, html, integer, many2many, many2one, monetary, one2many, selection,
    text,
};

pub(super) static MODEL: Model = Model {
    name: "sale.order",
    label_14: "Sales Order",
    label_19: "Sales Order",
    order_14: "date_order desc, id desc",
    order_19: "date_order desc, id desc",
    name_field: "name",
    only: None,
    fields: &[
        many2one("partner_id", "Customer", "res.partner").required().only19(),
        char("name", "Order Reference").required().only19(),
        char("name", "Order Reference").required().readonly().only14(),
        selection(
            "state",
            "Status",
            &[
                ("draft", "Quotation"),
                ("sent", "Quotation Sent"),
                ("sale", "Sales Order"),
                ("cancel", "Cancelled"),
            ],
        )
        .readonly()
        .only19(),
        selection(
            "state",
            "Status",
            &[
                ("draft", "Quotation"),
                ("sent", "Quotation Sent"),
                ("sale", "Sales Order"),
                ("done", "Locked"),
                ("cancel", "Cancelled"),
            ],
        )
        .readonly()
        .only14(),
        many2one("partner_id", "Customer", "res.partner").required().readonly().only14(),
        many2one("partner_invoice_id", "Invoice Address", "res.partner").required().only19(),
        many2one("partner_invoice_id", "Invoice Address", "res.partner").required().readonly().only14(),
        many2one("partner_shipping_id", "Delivery Address", "res.partner").required().only19(),
        many2one("partner_shipping_id", "Delivery Address", "res.partner").required().readonly().only14(),
        datetime("date_order", "Order Date").required().only19(),
        datetime("date_order", "Order Date").required().readonly().only14(),
        date("validity_date", "Expiration").only19(),
        date("validity_date", "Expiration").readonly().only14(),
        datetime("commitment_date", "Delivery Date"),
        many2one("user_id", "Salesperson", "res.users"),
        many2one("team_id", "Sales Team", "crm.team"),
        many2one("company_id", "Company", "res.company").required(),
        many2one("currency_id", "Currency", "res.currency").readonly(),
        many2one("payment_term_id", "Payment Terms", "account.payment.term"),
        one2many("order_line", "Order Lines", "sale.order.line", "order_id"),
        html("note", "Terms and conditions").only19(),
        text("note", "Terms and conditions").only14(),
        char("client_order_ref", "Customer Reference"),
        char("origin", "Source Document"),
        char("reference", "Payment Ref."),
        monetary("amount_untaxed", "Untaxed Amount", "currency_id").readonly(),
        monetary("amount_tax", "Taxes", "currency_id").readonly(),
        monetary("amount_total", "Total", "currency_id").readonly(),
        selection(
            "invoice_status",
            "Invoice Status",
            &[
                ("upselling", "Upselling Opportunity"),
                ("invoiced", "Fully Invoiced"),
                ("to invoice", "To Invoice"),
                ("no", "Nothing to Invoice"),
            ],
        )
        .readonly(),
        many2many("invoice_ids", "Invoices", "account.move").readonly().unstored().searchable(),
        integer("invoice_count", "Invoice Count").readonly().unstored(),
        many2one("opportunity_id", "Opportunity", "crm.lead"),
        boolean("locked", "Locked").only19(),
        char("access_token", "Security Token"),
        char("access_url", "Portal Access URL").readonly().unstored(),
        boolean("is_expired", "Is Expired").readonly().unstored().only19(),
        boolean("is_expired", "Is expired").readonly().unstored().only14(),
        binary("tax_totals", "Tax Totals").readonly().unstored().only19(),
        many2many("message_partner_ids", "Followers (Partners)", "res.partner")
            .readonly()
            .unstored()
            .searchable(),
        one2many("message_ids", "Messages", "mail.message", "res_id"),
        one2many("message_follower_ids", "Followers", "mail.followers", "res_id"),
        boolean("require_signature", "Online signature").only19(),
        boolean("require_signature", "Online Signature").readonly().only14(),
        char("signed_by", "Signed By"),
        datetime("signed_on", "Signed On"),
        binary("signature", "Signature"),
        many2many("tag_ids", "Tags", "crm.tag"),
    ],
};
