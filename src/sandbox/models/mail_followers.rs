//! Fields of `mail.followers`, named and labelled as the real ones; values come from `methods::messages`.

use super::Model;
use crate::sandbox::field::{char, many2many, many2one, reference_id};

pub(super) static MODEL: Model = Model {
    name: "mail.followers",
    label_14: "Document Followers",
    label_19: "Document Followers",
    order_14: "id",
    order_19: "id",
    name_field: "res_model",
    only: None,
    fields: &[
        char("res_model", "Related Document Model Name").required(),
        reference_id("res_id", "Related Document ID"),
        many2one("partner_id", "Related Partner", "res.partner"),
        many2many("subtype_ids", "Subtype", "mail.message.subtype"),
    ],
};
