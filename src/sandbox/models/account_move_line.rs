//! Fields of `account.move.line`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, date, float, integer, many2many, many2one, monetary, selection};

pub(super) static MODEL: Model = Model {
    name: "account.move.line",
    label_14: "Journal Item",
    label_19: "Journal Item",
    order_14: "date desc, move_name desc, id",
    order_19: "date desc, move_name desc, id",
    name_field: "name",
    only: None,
    fields: &[
        many2one("move_id", "Journal Entry", "account.move").required().readonly(),
        char("move_name", "Number").readonly(),
        char("name", "Label"),
        integer("sequence", "Sequence"),
        many2one("product_id", "Product", "product.product"),
        many2one("account_id", "Account", "account.account"),
        many2one("partner_id", "Partner", "res.partner"),
        many2one("journal_id", "Journal", "account.journal").readonly(),
        many2one("company_id", "Company", "res.company").readonly(),
        many2one("currency_id", "Currency", "res.currency").required(),
        many2one("company_currency_id", "Company Currency", "res.currency").readonly(),
        selection(
            "parent_state",
            "Status",
            &[("draft", "Draft"), ("posted", "Posted"), ("cancel", "Cancelled")],
        )
        .readonly(),
        date("date", "Date").readonly(),
        char("ref", "Reference").readonly().only19(),
        char("ref", "Reference").only14(),
        float("quantity", "Quantity").digits(16, 2),
        float("price_unit", "Unit Price").only19(),
        float("price_unit", "Unit Price").digits(16, 2).only14(),
        float("discount", "Discount (%)").digits(16, 2),
        monetary("price_subtotal", "Subtotal", "currency_id").readonly(),
        monetary("price_total", "Total", "currency_id").readonly(),
        monetary("debit", "Debit", "company_currency_id"),
        monetary("credit", "Credit", "company_currency_id"),
        monetary("balance", "Balance", "company_currency_id").only19(),
        monetary("balance", "Balance", "company_currency_id").readonly().only14(),
        monetary("amount_currency", "Amount in Currency", "currency_id"),
        monetary("amount_residual", "Residual Amount", "company_currency_id").readonly(),
        many2many("tax_ids", "Taxes", "account.tax"),
        many2one("tax_line_id", "Originator Tax", "account.tax").readonly(),
        selection(
            "display_type",
            "Display Type",
            &[
                ("product", "Product"),
                ("cogs", "Cost of Goods Sold"),
                ("tax", "Tax"),
                ("discount", "Discount"),
                ("rounding", "Rounding"),
                ("payment_term", "Payment Term"),
                ("line_section", "Section"),
                ("line_subsection", "Subsection"),
                ("line_note", "Note"),
                ("epd", "Early Payment Discount"),
                ("non_deductible_product_total", "Non Deductible Products Total"),
                ("non_deductible_product", "Non Deductible Products"),
            ],
        )
        .required()
        .only19(),
        selection("display_type", "Display Type", &[("line_section", "Section"), ("line_note", "Note")])
            .only14(),
        date("date_maturity", "Due Date"),
        boolean("reconciled", "Reconciled").readonly(),
        many2one("product_uom_id", "Unit", "uom.uom").only19(),
        many2one("product_uom_id", "Unit of Measure", "uom.uom").only14(),
        many2many("sale_line_ids", "Sales Order Lines", "sale.order.line").readonly(),
        boolean("exclude_from_invoice_tab", "Exclude From Invoice Tab").only14(),
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
        .readonly()
        .unstored()
        .searchable()
        .only19(),
    ],
};
