//! Fields of `res.country`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, integer, many2one, one2many, text};

pub(super) static MODEL: Model = Model {
    name: "res.country",
    label_14: "Country",
    label_19: "Country",
    order_14: "name",
    order_19: "name, id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Country Name").required().translated(),
        char("code", "Country Code").required().only19(),
        char("code", "Country Code").only14(),
        many2one("currency_id", "Currency", "res.currency"),
        integer("phone_code", "Country Calling Code"),
        one2many("state_ids", "States", "res.country.state", "country_id"),
        boolean("zip_required", "Zip Required"),
        boolean("state_required", "State Required"),
        char("vat_label", "Vat Label").translated(),
        text("address_format", "Layout in Reports"),
    ],
};
