//! Fields of `product.template`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{
    binary, boolean, char, float, html, integer, many2many, many2one, one2many, selection, text,
};

pub(super) static MODEL: Model = Model {
    name: "product.template",
    label_14: "Product Template",
    label_19: "Product",
    order_14: "name",
    order_19: "is_favorite desc, name",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Name").required().translated(),
        char("default_code", "Internal Reference"),
        char("barcode", "Barcode").unstored().searchable(),
        boolean("active", "Active"),
        selection("type", "Product Type", &[("consu", "Goods"), ("service", "Service"), ("combo", "Combo")])
            .required()
            .only19(),
        selection(
            "type",
            "Product Type",
            &[("consu", "Consumable"), ("service", "Service"), ("product", "Storable Product")],
        )
        .required()
        .only14(),
        float("list_price", "Sales Price").only19(),
        float("list_price", "Sales Price").digits(16, 2).only14(),
        float("standard_price", "Cost").unstored().searchable().only19(),
        float("standard_price", "Cost").unstored().searchable().digits(16, 2).only14(),
        many2one("categ_id", "Product Category", "product.category").only19(),
        many2one("categ_id", "Product Category", "product.category").required().only14(),
        many2one("uom_id", "Unit", "uom.uom").required().only19(),
        many2one("uom_id", "Unit of Measure", "uom.uom").required().only14(),
        many2one("uom_po_id", "Purchase Unit of Measure", "uom.uom").required().only14(),
        boolean("sale_ok", "Sales").only19(),
        boolean("sale_ok", "Can be Sold").only14(),
        boolean("purchase_ok", "Purchase").only19(),
        boolean("purchase_ok", "Can be Purchased").only14(),
        html("description", "Description").translated().only19(),
        text("description", "Description").translated().only14(),
        text("description_sale", "Sales Description").translated(),
        html("website_description", "Description for the website").translated(),
        text("description_purchase", "Purchase Description").translated(),
        float("weight", "Weight").digits(16, 2),
        float("volume", "Volume").digits(16, 2),
        many2one("company_id", "Company", "res.company"),
        many2one("currency_id", "Currency", "res.currency").readonly().unstored(),
        one2many("product_variant_ids", "Products", "product.product", "product_tmpl_id").required(),
        many2one("product_variant_id", "Product", "product.product").readonly().unstored(),
        integer("product_variant_count", "# Product Variants").readonly().unstored(),
        many2many("taxes_id", "Sales Taxes", "account.tax").only19(),
        many2many("taxes_id", "Customer Taxes", "account.tax").only14(),
        many2many("supplier_taxes_id", "Purchase Taxes", "account.tax").only19(),
        many2many("supplier_taxes_id", "Vendor Taxes", "account.tax").only14(),
        selection(
            "invoice_policy",
            "Invoicing Policy",
            &[("order", "Ordered quantities"), ("delivery", "Delivered quantities")],
        ),
        integer("sequence", "Sequence"),
        boolean("is_favorite", "Favorite").only19(),
        integer("color", "Color Index"),
        binary("image_1920", "Image"),
        float("qty_available", "Quantity On Hand").unstored().searchable().digits(16, 2).only19(),
        float("qty_available", "Quantity On Hand").readonly().unstored().searchable().digits(16, 2).only14(),
        boolean("is_storable", "Track Inventory").only19(),
        selection(
            "tracking",
            "Tracking",
            &[("serial", "By Unique Serial Number"), ("lot", "By Lots"), ("none", "By Quantity")],
        )
        .required()
        .only19(),
        selection(
            "tracking",
            "Tracking",
            &[("serial", "By Unique Serial Number"), ("lot", "By Lots"), ("none", "No Tracking")],
        )
        .required()
        .only14(),
        one2many("message_ids", "Messages", "mail.message", "res_id"),
        one2many("message_follower_ids", "Followers", "mail.followers", "res_id"),
    ],
};
