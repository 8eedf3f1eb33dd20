//! Settings of single tools, which the corridor hands to each call.

use std::{collections::BTreeMap, path::PathBuf};

use crate::facts::ConnectionAlias;

/// What tools need to know from the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolSettings {
    /// Directories with the source of modules, for `odoo_module_info`.
    pub module_source_dirs: Vec<PathBuf>,
    pub refresh: RefreshSettings,
    /// What steps of pipelines in Odoo may call; nothing by default.
    pub pipeline_methods: Vec<MethodPattern>,
}

/// `account.move:action_*`: methods of models. A star stands for any letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodPattern {
    model: String,
    method: String,
}

impl MethodPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "write the model and the method, such as `account.move:action_*`";
        let (model, method) = text.split_once(':').ok_or(FORM)?;
        let fits = |part: &str, more: &str| {
            !part.is_empty()
                && part.len() <= PATTERN_BYTES_MAX
                && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        if !fits(model, "._*") || !fits(method, "_*") {
            return Err(FORM.to_owned());
        }
        Ok(Self { model: model.to_owned(), method: method.to_owned() })
    }

    pub fn allows(&self, model: &str, method: &str) -> bool {
        fits(&self.model, model) && fits(&self.method, method)
    }
}

/// Longest part of a pattern; names in Odoo are shorter.
const PATTERN_BYTES_MAX: usize = 128;

/// Does a text fit a pattern in which `*` stands for any letters?
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// How browsers are told of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefreshSettings {
    /// Tell them after every create, write and message by itself.
    pub after_changes: bool,
    /// The server action that an administrator made once, by connection, where the connection's user
    /// may run it and not look for it.
    pub server_actions: BTreeMap<ConnectionAlias, i64>,
}

/// `default=42`: a connection and the id of its server action.
pub(super) fn server_action(text: &str) -> Result<(ConnectionAlias, i64), String> {
    let (alias, id) = text.split_once('=').ok_or("write the connection and the id, such as `default=42`")?;
    let alias = ConnectionAlias::parse(alias.trim()).map_err(|error| error.to_string())?;
    let id = id.trim().parse::<i64>().ok().filter(|id| (1..=i64::from(i32::MAX)).contains(id));
    Ok((alias, id.ok_or("the id of a server action is a whole number from 1 up")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, model: &str, method: &str, allows: bool) {
        assert_eq!(MethodPattern::parse(pattern).unwrap().allows(model, method), allows, "{pattern}");
    }

    #[test]
    fn patterns_allow_what_they_name() {
        check("account.move:action_post", "account.move", "action_post", true);
        check("account.move:action_post", "account.move", "action_post_all", false);
        check("account.move:action_post", "account.move.line", "action_post", false);
        check("account.move:action_*", "account.move", "action_post", true);
        check("account.move:*", "account.move", "x", true);
        check("account.*:*_post*_bill", "account.move", "action_ai_post_vendor_bill", true);
        check("account.*:*_post*_bill", "account.move", "action_post_billed", false);
        check("*:step_*", "ai.test.steps", "step_note", true);
        check("*:step_*", "ai.test.steps", "unlink", false);
        check("a*a:x", "a", "x", false);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for bad in ["", ":", "x", "account.move", "account.move:", ":x", "a b:c", "a:b:c", "a:b.c", "*"] {
            assert!(MethodPattern::parse(bad).is_err(), "{bad}");
        }
    }
}
