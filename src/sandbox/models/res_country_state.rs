//! Fields of `res.country.state`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{char, many2one};

pub(super) static MODEL: Model = Model {
    name: "res.country.state",
    label_14: "Country state",
    label_19: "Country state",
    order_14: "code",
    order_19: "code, id",
    name_field: "name",
    only: None,
    fields: &[
        many2one("country_id", "Country", "res.country").required(),
        char("name", "State Name").required(),
        char("code", "State Code").required(),
    ],
};
