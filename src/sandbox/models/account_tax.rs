//! Fields of `account.tax`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, float, html, integer, many2one, selection};

pub(super) static MODEL: Model = Model {
    name: "account.tax",
    label_14: "Tax",
    label_19: "Tax",
    order_14: "sequence,id",
    order_19: "sequence,id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Tax Name").required().translated().only19(),
        char("name", "Tax Name").required().only14(),
        selection(
            "type_tax_use",
            "Tax Type",
            &[("sale", "Sales"), ("purchase", "Purchases"), ("none", "None")],
        )
        .required(),
        selection(
            "amount_type",
            "Tax Computation",
            &[
                ("group", "Group of Taxes"),
                ("fixed", "Fixed"),
                ("percent", "Percentage"),
                ("division", "Percentage Tax Included"),
            ],
        )
        .required()
        .only19(),
        selection(
            "amount_type",
            "Tax Computation",
            &[
                ("group", "Group of Taxes"),
                ("fixed", "Fixed"),
                ("percent", "Percentage of Price"),
                ("division", "Percentage of Price Tax Included"),
            ],
        )
        .required()
        .only14(),
        float("amount", "Amount").required().digits(16, 4),
        boolean("active", "Active"),
        many2one("company_id", "Company", "res.company").required().readonly(),
        integer("sequence", "Sequence").required(),
        html("description", "Description").translated().only19(),
        char("description", "Label on Invoices").only14(),
        boolean("price_include", "Price Include").readonly().unstored().searchable().only19(),
        boolean("price_include", "Included in Price").only14(),
        many2one("country_id", "Country", "res.country").required().only19(),
    ],
};
