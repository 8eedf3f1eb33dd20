//! Fields of `sale.order.line`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, float, integer, many2many, many2one, monetary, selection, text};

pub(super) static MODEL: Model = Model {
    name: "sale.order.line",
    label_14: "Sales Order Line",
    label_19: "Sales Order Line",
    order_14: "order_id, sequence, id",
    order_19: "order_id, sequence, id",
    name_field: "name",
    only: None,
    fields: &[
        many2one("order_id", "Order Reference", "sale.order").required(),
        integer("sequence", "Sequence"),
        text("name", "Description").required(),
        many2one("product_id", "Product", "product.product"),
        many2one("product_template_id", "Product Template", "product.template")
            .unstored()
            .searchable()
            .only19(),
        many2one("product_template_id", "Product Template", "product.template")
            .readonly()
            .unstored()
            .searchable()
            .only14(),
        float("product_uom_qty", "Quantity").required().digits(16, 2),
        many2one("product_uom", "Unit of Measure", "uom.uom").only14(),
        many2one("product_uom_id", "Unit", "uom.uom").only19(),
        float("price_unit", "Unit Price").required().only19(),
        float("price_unit", "Unit Price").required().digits(16, 2).only14(),
        float("discount", "Discount (%)").digits(16, 2),
        many2many("tax_id", "Taxes", "account.tax").only14(),
        many2many("tax_ids", "Taxes", "account.tax").only19(),
        monetary("price_subtotal", "Subtotal", "currency_id").readonly(),
        float("price_tax", "Total Tax").readonly(),
        monetary("price_total", "Total", "currency_id").readonly(),
        many2one("currency_id", "Currency", "res.currency").readonly(),
        many2one("company_id", "Company", "res.company").readonly(),
        many2one("order_partner_id", "Customer", "res.partner").readonly().only19(),
        many2one("order_partner_id", "Customer", "res.partner").only14(),
        many2one("salesman_id", "Salesperson", "res.users").readonly(),
        selection(
            "state",
            "Order Status",
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
            "Order Status",
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
        selection(
            "display_type",
            "Display Type",
            &[("line_section", "Section"), ("line_subsection", "Subsection"), ("line_note", "Note")],
        )
        .only19(),
        selection("display_type", "Display Type", &[("line_section", "Section"), ("line_note", "Note")])
            .only14(),
        float("qty_delivered", "Delivery Quantity").digits(16, 2).only19(),
        float("qty_delivered", "Delivered Quantity").digits(16, 2).only14(),
        float("qty_invoiced", "Invoiced Quantity").readonly().digits(16, 2),
        float("qty_to_invoice", "Quantity To Invoice").readonly().digits(16, 2).only19(),
        float("qty_to_invoice", "To Invoice Quantity").readonly().digits(16, 2).only14(),
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
        many2many("invoice_lines", "Invoice Lines", "account.move.line"),
        float("customer_lead", "Lead Time").required(),
        boolean("is_downpayment", "Is a down payment"),
    ],
};
