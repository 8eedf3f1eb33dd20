//! What a method does to records, in the words of the policy file.

use serde::Serialize;

/// The operation behind a method, in the words of the policy file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Read,
    Create,
    Write,
    Unlink,
    Execute,
    Mail,
    Report,
}

impl Operation {
    /// The operation of a word, as [`Self::as_str`] writes it.
    pub fn of_word(word: &str) -> Option<Self> {
        let all =
            [Self::Read, Self::Create, Self::Write, Self::Unlink, Self::Execute, Self::Mail, Self::Report];
        all.into_iter().find(|operation| operation.as_str() == word)
    }

    /// The operation of a public method. What is not in this table is `Execute`.
    ///
    /// INVARIANT: a method is `Read` here only if it changes nothing in every supported Odoo version.
    /// `export_data` may make external ids; that is an effect of its own.
    pub fn of_method(method: &str, has_ids: bool) -> Self {
        match method {
            "search"
            | "read"
            | "search_read"
            | "search_count"
            | "search_fetch"
            | "name_search"
            | "fields_get"
            | "default_get"
            | "read_group"
            | "formatted_read_group"
            | "web_search_read"
            | "web_read"
            | "web_read_group"
            | "export_data"
            | "check_access_rights"
            | "check_access"
            | "has_access"
            | "get_views"
            | "get_view"
            | "name_get"
            | "fields_view_get"
            | "get_wkhtmltopdf_state"
            | "get_field_translations" => Self::Read,
            "create" | "name_create" | "copy" => Self::Create,
            "web_save" => {
                if has_ids {
                    Self::Write
                } else {
                    Self::Create
                }
            }
            "write"
            | "toggle_active"
            | "action_archive"
            | "action_unarchive"
            | "update_field_translations"
            | "load" => Self::Write,
            "unlink" => Self::Unlink,
            "message_post"
            | "message_notify"
            | "message_post_with_view"
            | "message_post_with_template"
            | "message_post_with_source"
            | "message_mail_with_source"
            | "send_mail"
            | "send_mail_batch"
            | "action_send_mail"
            | "action_send_sms"
            | "action_send_sms_mass_now"
            | "action_send_and_print"
            | "send_and_print_action" => Self::Mail,
            _ => Self::Execute,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Write => "write",
            Self::Unlink => "unlink",
            Self::Execute => "execute",
            Self::Mail => "mail",
            Self::Report => "report",
        }
    }
}
