//! Fields of `product.product`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{binary, boolean, char, float, many2many, many2one, selection, text};

pub(super) static MODEL: Model = Model {
    name: "product.product",
    label_14: "Product",
    label_19: "Product Variant",
    order_14: "default_code, name, id",
    order_19: "default_code, name, id",
    name_field: "name",
    only: None,
    fields: &[
        many2one("product_tmpl_id", "Product Template", "product.template").required(),
        char("name", "Name").required().unstored().searchable().translated(),
        char("default_code", "Internal Reference"),
        char("barcode", "Barcode"),
        boolean("active", "Active"),
        selection("type", "Product Type", &[("consu", "Goods"), ("service", "Service"), ("combo", "Combo")])
            .required()
            .unstored()
            .searchable()
            .only19(),
        selection(
            "type",
            "Product Type",
            &[("consu", "Consumable"), ("service", "Service"), ("product", "Storable Product")],
        )
        .required()
        .unstored()
        .searchable()
        .only14(),
        float("lst_price", "Sales Price").unstored().only19(),
        float("lst_price", "Public Price").unstored().digits(16, 2).only14(),
        float("list_price", "Sales Price").unstored().searchable().only19(),
        float("list_price", "Sales Price").unstored().searchable().digits(16, 2).only14(),
        float("standard_price", "Cost").company_dependent().only19(),
        float("standard_price", "Cost").unstored().searchable().company_dependent().digits(16, 2).only14(),
        many2one("categ_id", "Product Category", "product.category").unstored().searchable().only19(),
        many2one("categ_id", "Product Category", "product.category")
            .required()
            .unstored()
            .searchable()
            .only14(),
        many2one("uom_id", "Unit", "uom.uom").required().unstored().searchable().only19(),
        many2one("uom_id", "Unit of Measure", "uom.uom").required().unstored().searchable().only14(),
        boolean("sale_ok", "Sales").unstored().searchable().only19(),
        boolean("sale_ok", "Can be Sold").unstored().searchable().only14(),
        boolean("purchase_ok", "Purchase").unstored().searchable().only19(),
        boolean("purchase_ok", "Can be Purchased").unstored().searchable().only14(),
        text("description_sale", "Sales Description").unstored().searchable().translated(),
        float("weight", "Weight").digits(16, 2),
        float("volume", "Volume").digits(16, 2),
        many2one("company_id", "Company", "res.company").unstored().searchable(),
        many2one("currency_id", "Currency", "res.currency").readonly().unstored(),
        many2many("taxes_id", "Sales Taxes", "account.tax").unstored().searchable().only19(),
        many2many("taxes_id", "Customer Taxes", "account.tax").unstored().searchable().only14(),
        float("qty_available", "Quantity On Hand").unstored().searchable().digits(16, 2).only19(),
        float("qty_available", "Quantity On Hand").readonly().unstored().searchable().digits(16, 2).only14(),
        float("virtual_available", "Forecasted Quantity")
            .readonly()
            .unstored()
            .searchable()
            .digits(16, 2)
            .only19(),
        float("virtual_available", "Forecast Quantity")
            .readonly()
            .unstored()
            .searchable()
            .digits(16, 2)
            .only14(),
        binary("image_1920", "Image").unstored(),
        char("code", "Reference").readonly().unstored(),
        char("partner_ref", "Customer Ref").readonly().unstored(),
        char("combination_indices", "Combination Indices").readonly(),
        boolean("is_product_variant", "Is Product Variant").readonly().unstored(),
    ],
};
