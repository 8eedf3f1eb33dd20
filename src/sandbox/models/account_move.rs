//! Fields of `account.move`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{
    binary, boolean, char, date, float, html, many2one, monetary, one2many, selection, text,
};

pub(super) static MODEL: Model = Model {
    name: "account.move",
    label_14: "Journal Entry",
    label_19: "Journal Entry",
    order_14: "date desc, name desc, id desc",
    order_19: "date desc, name desc, invoice_date desc, id desc",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Number"),
        char("ref", "Reference"),
        selection("state", "Status", &[("draft", "Draft"), ("posted", "Posted"), ("cancel", "Cancelled")])
            .required()
            .readonly(),
        selection(
            "move_type",
            "Type",
            &[
                ("entry", "Journal Entry"),
                ("out_invoice", "Customer Invoice"),
                ("out_refund", "Customer Credit Note"),
                ("in_invoice", "Vendor Bill"),
                ("in_refund", "Vendor Credit Note"),
                ("out_receipt", "Sales Receipt"),
                ("in_receipt", "Purchase Receipt"),
            ],
        )
        .required()
        .readonly(),
        date("date", "Date").required().only19(),
        date("date", "Date").required().readonly().only14(),
        date("invoice_date", "Invoice/Bill Date").only19(),
        date("invoice_date", "Invoice/Bill Date").readonly().only14(),
        date("invoice_date_due", "Due Date").only19(),
        date("invoice_date_due", "Due Date").readonly().only14(),
        many2one("partner_id", "Partner", "res.partner").only19(),
        many2one("partner_id", "Partner", "res.partner").readonly().only14(),
        many2one("commercial_partner_id", "Commercial Entity", "res.partner").readonly(),
        many2one("journal_id", "Journal", "account.journal").required().only19(),
        many2one("journal_id", "Journal", "account.journal").required().readonly().only14(),
        many2one("company_id", "Company", "res.company").only19(),
        many2one("company_id", "Company", "res.company").readonly().only14(),
        many2one("currency_id", "Currency", "res.currency").required().only19(),
        many2one("currency_id", "Currency", "res.currency").required().readonly().only14(),
        many2one("company_currency_id", "Company Currency", "res.currency")
            .readonly()
            .unstored()
            .searchable(),
        one2many("line_ids", "Journal Items", "account.move.line", "move_id").only19(),
        one2many("line_ids", "Journal Items", "account.move.line", "move_id").readonly().only14(),
        one2many("invoice_line_ids", "Invoice lines", "account.move.line", "move_id").only19(),
        one2many("invoice_line_ids", "Invoice lines", "account.move.line", "move_id").readonly().only14(),
        monetary("amount_untaxed", "Untaxed Amount", "currency_id").readonly(),
        monetary("amount_tax", "Tax", "currency_id").readonly(),
        monetary("amount_total", "Total", "currency_id").readonly(),
        monetary("amount_residual", "Amount Due", "currency_id").readonly(),
        monetary("amount_untaxed_signed", "Untaxed Amount Signed", "company_currency_id").readonly(),
        monetary("amount_total_signed", "Total Signed", "company_currency_id").readonly(),
        monetary("amount_residual_signed", "Amount Due Signed", "company_currency_id").readonly(),
        selection(
            "payment_state",
            "Payment Status",
            &[
                ("not_paid", "Not Paid"),
                ("in_payment", "In Payment"),
                ("paid", "Paid"),
                ("partial", "Partially Paid"),
                ("reversed", "Reversed"),
                ("blocked", "Blocked"),
                ("invoicing_legacy", "Invoicing App Legacy"),
            ],
        )
        .readonly()
        .only19(),
        selection(
            "payment_state",
            "Payment Status",
            &[
                ("not_paid", "Not Paid"),
                ("in_payment", "In Payment"),
                ("paid", "Paid"),
                ("partial", "Partially Paid"),
                ("reversed", "Reversed"),
                ("invoicing_legacy", "Invoicing App Legacy"),
            ],
        )
        .readonly()
        .only14(),
        char("payment_reference", "Payment Reference"),
        char("invoice_origin", "Origin").readonly(),
        many2one("invoice_payment_term_id", "Payment Terms", "account.payment.term").only19(),
        many2one("invoice_payment_term_id", "Payment Terms", "account.payment.term").readonly().only14(),
        many2one("invoice_user_id", "Salesperson", "res.users"),
        many2one("team_id", "Sales Team", "crm.team"),
        html("narration", "Terms and Conditions").only19(),
        text("narration", "Terms and Conditions").only14(),
        many2one("reversed_entry_id", "Reversal of", "account.move").readonly(),
        selection(
            "auto_post",
            "Auto-post",
            &[
                ("no", "No"),
                ("at_date", "At Date"),
                ("monthly", "Monthly"),
                ("quarterly", "Quarterly"),
                ("yearly", "Yearly"),
            ],
        )
        .required()
        .only19(),
        boolean("auto_post", "Post Automatically").only14(),
        boolean("posted_before", "Posted Before"),
        char("access_token", "Security Token"),
        char("access_url", "Portal Access URL").readonly().unstored(),
        boolean("is_move_sent", "Is Move Sent").readonly(),
        one2many("message_ids", "Messages", "mail.message", "res_id"),
        one2many("message_follower_ids", "Followers", "mail.followers", "res_id"),
        char("country_code", "Country Code").readonly().unstored().searchable(),
        many2one("message_main_attachment_id", "Main Attachment", "ir.attachment"),
        // The add-on for tests brings the rest.
        float("ai_post_confidence", "AI confidence"),
        boolean("ai_needs_review", "Needs review"),
        text("ai_post_log", "AI log"),
        char("ai_review_reason", "Reason of the review"),
        boolean("ai_pipeline_requested", "Waits for the pipeline"),
        binary("tax_totals", "Invoice Totals").unstored().only19(),
    ],
};
