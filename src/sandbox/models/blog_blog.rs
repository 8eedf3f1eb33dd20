//! Fields of `blog.blog`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char};

pub(super) static MODEL: Model = Model {
    name: "blog.blog",
    label_14: "Blog",
    label_19: "Blog",
    order_14: "name",
    order_19: "name",
    name_field: "name",
    only: None,
    fields: &[char("name", "Blog Name").required().translated(), boolean("active", "Active")],
};
