//! Fields of `mail.message`, named and labelled as the real ones; values come from `data`.

use super::Model;
use crate::sandbox::field::{
    boolean, char, datetime, html, many2many, many2one, one2many, reference_id, selection,
};

pub(super) static MODEL: Model = Model {
    name: "mail.message",
    label_14: "Message",
    label_19: "Message",
    order_14: "id desc",
    order_19: "id desc",
    name_field: "record_name",
    only: None,
    fields: &[
        char("subject", "Subject"),
        datetime("date", "Date"),
        html("body", "Contents"),
        char("preview", "Preview").readonly().unstored().only19(),
        char("model", "Related Document Model"),
        reference_id("res_id", "Related Document ID"),
        char("record_name", "Message Record Name").readonly().unstored().only19(),
        char("record_name", "Message Record Name").only14(),
        selection(
            "message_type",
            "Type",
            &[
                ("email", "Incoming Email"),
                ("comment", "Comment"),
                ("email_outgoing", "Outgoing Email"),
                ("notification", "System notification"),
                ("auto_comment", "Automated Targeted Notification"),
                ("out_of_office", "Out-of-office Message"),
                ("user_notification", "User Specific Notification"),
                ("sms", "SMS"),
                ("snailmail", "Snailmail"),
            ],
        )
        .required()
        .only19(),
        selection(
            "message_type",
            "Type",
            &[
                ("email", "Email"),
                ("comment", "Comment"),
                ("notification", "System notification"),
                ("user_notification", "User Specific Notification"),
                ("sms", "SMS"),
                ("snailmail", "Snailmail"),
            ],
        )
        .required()
        .only14(),
        many2one("author_id", "Author", "res.partner"),
        char("email_from", "From"),
        many2one("parent_id", "Parent Message", "mail.message"),
        one2many("child_ids", "Child Messages", "mail.message", "parent_id"),
        boolean("is_internal", "Employee Only"),
        many2one("subtype_id", "Subtype", "mail.message.subtype"),
        many2many("partner_ids", "Recipients", "res.partner"),
        many2many("notified_partner_ids", "Partners with Need Action", "res.partner"),
        many2many("attachment_ids", "Attachments", "ir.attachment"),
        char("message_id", "Message-Id").readonly(),
        char("reply_to", "Reply-To"),
        boolean("starred", "Starred").readonly().unstored().searchable(),
        boolean("needaction", "Need Action").readonly().unstored().searchable(),
    ],
};
