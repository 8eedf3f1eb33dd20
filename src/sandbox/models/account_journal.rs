//! Fields of `account.journal`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, integer, many2one, selection};

pub(super) static MODEL: Model = Model {
    name: "account.journal",
    label_14: "Journal",
    label_19: "Journal",
    order_14: "sequence, type, code",
    order_19: "sequence, type, code",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Journal Name").required().translated().only19(),
        char("name", "Journal Name").required().only14(),
        char("code", "Sequence Prefix").required().only19(),
        char("code", "Short Code").required().only14(),
        selection(
            "type",
            "Type",
            &[
                ("sale", "Sales"),
                ("purchase", "Purchase"),
                ("cash", "Cash"),
                ("bank", "Bank"),
                ("credit", "Credit Card"),
                ("general", "Miscellaneous"),
            ],
        )
        .required()
        .only19(),
        selection(
            "type",
            "Type",
            &[
                ("sale", "Sales"),
                ("purchase", "Purchase"),
                ("cash", "Cash"),
                ("bank", "Bank"),
                ("general", "Miscellaneous"),
            ],
        )
        .required()
        .only14(),
        boolean("active", "Active"),
        many2one("company_id", "Company", "res.company").required().readonly(),
        many2one("currency_id", "Currency", "res.currency"),
        many2one("default_account_id", "Default Account", "account.account"),
        integer("sequence", "Sequence"),
        integer("color", "Color Index"),
        boolean("show_on_dashboard", "Show journal on dashboard"),
    ],
};
