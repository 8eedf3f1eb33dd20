//! Fields of `account.payment.term`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, html, integer, many2one, text};

pub(super) static MODEL: Model = Model {
    name: "account.payment.term",
    label_14: "Payment Terms",
    label_19: "Payment Terms",
    order_14: "sequence, id",
    order_19: "sequence, id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Payment Terms").required().translated(),
        boolean("active", "Active"),
        html("note", "Description on the Invoice").translated().only19(),
        text("note", "Description on the Invoice").translated().only14(),
        many2one("company_id", "Company", "res.company"),
        integer("sequence", "Sequence").required(),
    ],
};
