//! Fields of `ir.module.module.dependency`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, many2one, selection};

pub(super) static MODEL: Model = Model {
    name: "ir.module.module.dependency",
    label_14: "Module dependency",
    label_19: "Module dependency",
    order_14: "id",
    order_19: "id",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Name"),
        many2one("module_id", "Module", "ir.module.module"),
        many2one("depend_id", "Dependency", "ir.module.module").readonly().unstored(),
        selection(
            "state",
            "Status",
            &[
                ("uninstallable", "Uninstallable"),
                ("uninstalled", "Not Installed"),
                ("installed", "Installed"),
                ("to upgrade", "To be upgraded"),
                ("to remove", "To be removed"),
                ("to install", "To be installed"),
                ("unknown", "Unknown"),
            ],
        )
        .readonly()
        .unstored(),
        boolean("auto_install_required", "Auto Install Required"),
    ],
};
