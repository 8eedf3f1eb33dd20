//! Fields of `ir.attachment`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{binary, boolean, char, integer, many2one, reference_id, selection, text};

pub(super) static MODEL: Model = Model {
    name: "ir.attachment",
    label_14: "Attachment",
    label_19: "Attachment",
    order_14: "id desc",
    order_19: "id desc",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Name").required(),
        text("description", "Description"),
        char("res_name", "Resource Name").readonly().unstored(),
        char("res_model", "Resource Model").only19(),
        char("res_model", "Resource Model").readonly().only14(),
        char("res_field", "Resource Field").only19(),
        char("res_field", "Resource Field").readonly().only14(),
        reference_id("res_id", "Resource ID").only19(),
        reference_id("res_id", "Resource ID").readonly().only14(),
        many2one("company_id", "Company", "res.company"),
        selection("type", "Type", &[("url", "URL"), ("binary", "File")]).required(),
        char("url", "Url"),
        boolean("public", "Is public document"),
        char("access_token", "Access Token"),
        binary("raw", "File Content (raw)").unstored(),
        binary("datas", "File Content (base64)").unstored(),
        binary("db_datas", "Database Data"),
        char("store_fname", "Stored Filename"),
        integer("file_size", "File Size").readonly(),
        char("checksum", "Checksum/SHA1").readonly(),
        char("mimetype", "Mime Type").readonly(),
        text("index_content", "Indexed Content").readonly(),
    ],
};
