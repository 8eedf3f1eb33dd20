//! Fields of `ir.module.module`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{boolean, char, integer, many2one, one2many, selection, text};

pub(super) static MODEL: Model = Model {
    name: "ir.module.module",
    label_14: "Module",
    label_19: "Module",
    order_14: "application desc,sequence,name",
    order_19: "application desc,sequence,name",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Technical Name").required().readonly(),
        char("shortdesc", "Module Name").readonly().translated(),
        char("summary", "Summary").readonly().translated(),
        text("description", "Description").readonly().translated(),
        many2one("category_id", "Category", "ir.module.category").readonly(),
        char("author", "Author").readonly(),
        one2many("dependencies_id", "Dependencies", "ir.module.module.dependency", "module_id").readonly(),
        char("website", "Website").readonly(),
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
            ],
        )
        .readonly(),
        boolean("application", "Application").readonly(),
        boolean("auto_install", "Automatic Installation"),
        char("installed_version", "Latest Version").readonly().unstored(),
        char("latest_version", "Installed Version").readonly(),
        char("published_version", "Published Version").readonly(),
        selection(
            "license",
            "License",
            &[
                ("GPL-2", "GPL Version 2"),
                ("GPL-2 or any later version", "GPL-2 or later version"),
                ("GPL-3", "GPL Version 3"),
                ("GPL-3 or any later version", "GPL-3 or later version"),
                ("AGPL-3", "Affero GPL-3"),
                ("LGPL-3", "LGPL Version 3"),
                ("Other OSI approved licence", "Other OSI Approved License"),
                ("OEEL-1", "Odoo Enterprise Edition License v1.0"),
                ("OPL-1", "Odoo Proprietary License v1.0"),
                ("Other proprietary", "Other Proprietary"),
            ],
        )
        .readonly(),
        integer("sequence", "Sequence"),
        char("icon", "Icon URL"),
        boolean("to_buy", "Odoo Enterprise Module"),
        boolean("demo", "Demo Data").readonly(),
        char("maintainer", "Maintainer").readonly(),
    ],
};
