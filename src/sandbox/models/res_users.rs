//! Fields of `res.users`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{binary, boolean, char, datetime, html, many2many, many2one, selection};

pub(super) static MODEL: Model = Model {
    name: "res.users",
    label_14: "Users",
    label_19: "User",
    order_14: "name, login",
    order_19: "name, login",
    name_field: "name",
    only: None,
    fields: &[
        char("name", "Name").unstored().searchable(),
        char("login", "Login").required(),
        char("password", "Password").unstored(),
        boolean("active", "Active"),
        many2one("partner_id", "Related Partner", "res.partner").required(),
        many2one("company_id", "Company", "res.company").required(),
        many2many("company_ids", "Companies", "res.company"),
        many2many("groups_id", "Groups", "res.groups").only14(),
        many2many("group_ids", "Groups", "res.groups").only19(),
        boolean("share", "Share User").readonly(),
        selection("lang", "Language", &[("en_US", "English (US)"), ("fr_FR", "French / Français")])
            .unstored()
            .searchable(),
        selection(
            "tz",
            "Timezone",
            &[("Europe/Brussels", "Europe/Brussels"), ("Europe/Paris", "Europe/Paris"), ("UTC", "UTC")],
        )
        .unstored()
        .searchable(),
        char("email", "Email").unstored().searchable(),
        char("phone", "Phone").unstored().searchable(),
        html("signature", "Email Signature"),
        selection("notification_type", "Notification", &[("email", "By Emails"), ("inbox", "In Odoo")])
            .required()
            .only19(),
        selection(
            "notification_type",
            "Notification",
            &[("email", "Handle by Emails"), ("inbox", "Handle in Odoo")],
        )
        .required()
        .only14(),
        datetime("login_date", "Latest Login").unstored().searchable().only19(),
        datetime("login_date", "Latest authentication").unstored().searchable().only14(),
        binary("image_1920", "Image").unstored().searchable(),
        char("new_password", "Set Password").unstored(),
    ],
};
