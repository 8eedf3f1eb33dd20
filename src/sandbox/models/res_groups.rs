//! Fields of `res.groups`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, many2many, text};

pub(super) static MODEL: Model = Model {
    name: "res.groups",
    label_14: "Access Groups",
    label_19: "Access Groups",
    order_14: "name",
    order_19: "name, id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Name").required().translated(),
        char("full_name", "Group Name").readonly().unstored().searchable(),
        many2many("users", "Users", "res.users").only14(),
        many2many("user_ids", "User", "res.users").only19(),
        text("comment", "Comment").translated(),
        boolean("share", "Share Group"),
    ],
};
