//! Models that are closed whatever the file says: those whose records are code or rights, and those
//! that hold secrets. Only the exact name of the model in the file opens one.
//!
//! This is the one list; commands that link records of these models look here as well.

use crate::facts::Operation;

/// How far a model is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Everything but reading: its records are code, or give rights.
    Changes,
    /// Reading too: its records are secrets.
    Everything,
}

impl Closed {
    pub fn refuses(self, operation: Operation) -> bool {
        match self {
            Self::Changes => operation != Operation::Read,
            Self::Everything => true,
        }
    }
}

/// Is the model closed by itself?
pub fn closed_by_itself(model: &str) -> Option<Closed> {
    match model {
        "base.automation" | "res.users" | "res.groups" => Some(Closed::Changes),
        // What a route of the web server does, nobody can tell.
        "web.page" => Some(Closed::Changes),
        "res.users.apikeys" => Some(Closed::Everything),
        _ => match model.strip_prefix("ir.")? {
            "actions.server" | "cron" | "rule" | "ui.view" | "module.module" => Some(Closed::Changes),
            "config_parameter" | "mail_server" => Some(Closed::Everything),
            // Models, fields, access rights, constraints, external ids.
            inner if inner.starts_with("model") => Some(Closed::Changes),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_rights_can_be_read_and_nothing_else() {
        for model in [
            "ir.actions.server",
            "ir.cron",
            "base.automation",
            "ir.model",
            "ir.model.access",
            "ir.model.fields",
            "ir.model.data",
            "ir.rule",
            "ir.ui.view",
            "ir.module.module",
            "res.users",
            "res.groups",
        ] {
            let closed = closed_by_itself(model).unwrap();
            assert!(!closed.refuses(Operation::Read), "{model}");
            for operation in [
                Operation::Create,
                Operation::Write,
                Operation::Unlink,
                Operation::Execute,
                Operation::Mail,
                Operation::Report,
            ] {
                assert!(closed.refuses(operation), "{operation:?} {model}");
            }
        }
    }

    #[test]
    fn secrets_are_not_even_read() {
        for model in ["ir.config_parameter", "ir.mail_server", "res.users.apikeys"] {
            assert!(closed_by_itself(model).unwrap().refuses(Operation::Read), "{model}");
        }
    }

    #[test]
    fn the_rest_is_for_the_file_to_say() {
        for model in
            ["res.partner", "res.users.log", "ir.attachment", "ir.actions.report", "ir.ui.menu", "ir"]
        {
            assert_eq!(closed_by_itself(model), None, "{model}");
        }
    }
}
