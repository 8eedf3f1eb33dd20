//! Fields of `blog.post`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, html, many2one};

pub(super) static MODEL: Model = Model {
    name: "blog.post",
    label_14: "Blog Post",
    label_19: "Blog Post",
    order_14: "id DESC",
    order_19: "id DESC",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Title").required().translated(),
        char("subtitle", "Sub Title").translated(),
        many2one("blog_id", "Blog", "blog.blog").required(),
        html("content", "Content").translated(),
        boolean("is_published", "Is Published"),
        boolean("active", "Active"),
    ],
};
