//! Fields of `website`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{char, many2one};

pub(super) static MODEL: Model = Model {
    name: "website",
    label_14: "Website",
    label_19: "Website",
    order_14: "id",
    order_19: "id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Website Name").required(),
        char("domain", "Website Domain"),
        many2one("company_id", "Company", "res.company").required(),
        many2one("default_lang_id", "Default Language", "res.lang").required(),
    ],
};
