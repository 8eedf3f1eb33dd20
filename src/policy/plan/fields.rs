//! Rights on the fields of a model, compiled.
//!
//! Everything that speaks of a field holds, so the strictest right is the right. A right that no entry
//! mentions is the model's default; an entry without any right in it allows all three.

use std::sync::Arc;

use super::{build::Builder, names::NameIndex};
use crate::policy::{
    RuleId, Shown,
    file::document::{ModelRule, Pattern, Right},
};

/// What stands for a record.
const DISPLAY_NAME: &str = "display_name";
/// The fields it is made of.
const NAME_FIELDS: [&str; 3] = [DISPLAY_NAME, "name", "complete_name"];
/// Comes with every record, and means nothing without it.
const ID: &str = "id";

/// The rights that one model rule gives.
#[derive(Debug, Default)]
pub(in crate::policy) struct FieldsPlan {
    rules: Box<[FieldPlan]>,
    index: NameIndex,
    default: Right,
    default_rule: Option<RuleId>,
}

#[derive(Debug)]
struct FieldPlan {
    rule: RuleId,
    exact: bool,
    read: Option<Shown>,
    write: Option<Right>,
    filter: Option<Right>,
}

/// What may be done with a field, and the rules that say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) struct FieldRights<'a> {
    pub(in crate::policy) read: (Shown, Option<&'a RuleId>),
    pub(in crate::policy) write: (Right, Option<&'a RuleId>),
    pub(in crate::policy) filter: (Right, Option<&'a RuleId>),
}

impl FieldRights<'_> {
    const FREE: Self =
        Self { read: (Shown::Plain, None), write: (Right::Allow, None), filter: (Right::Allow, None) };
}

impl FieldsPlan {
    /// Does it keep anything from anybody?
    pub(in crate::policy) fn restricts(&self) -> bool {
        let field = |rule: &FieldPlan| {
            rule.read.is_some_and(|read| read != Shown::Plain)
                || rule.write == Some(Right::Deny)
                || rule.filter == Some(Right::Deny)
        };
        self.default == Right::Deny || self.rules.iter().any(field)
    }

    /// Does it keep values from being seen?
    pub(in crate::policy) fn hides(&self) -> bool {
        self.default == Right::Deny
            || self.rules.iter().any(|rule| rule.read.is_some_and(|read| read != Shown::Plain))
    }

    pub(in crate::policy) fn of(&self, field: &str) -> FieldRights<'_> {
        if self.rules.is_empty() && self.default == Right::Allow {
            return FieldRights::FREE;
        }
        if field != DISPLAY_NAME {
            return self.named(field).unwrap_or_else(|| self.by_default(field));
        }
        // What stands for a record shows its name, so it is as closed as that.
        let mut strictest: Option<FieldRights<'_>> = None;
        for name in NAME_FIELDS {
            if let Some(rights) = self.named(name) {
                strictest = Some(strictest.map_or(rights, |known| known.and(rights)));
            }
        }
        strictest.unwrap_or_else(|| self.by_default(field))
    }

    /// Nothing where no entry speaks of the field.
    fn named(&self, field: &str) -> Option<FieldRights<'_>> {
        let mut found: Option<Mentioned<'_>> = None;
        for rule in self.index.of(field).filter_map(|at| self.rules.get(at)) {
            if field != ID || rule.exact {
                found.get_or_insert_default().add(rule);
            }
        }
        let mentioned = found?;
        let default = self.by_default(field);
        let default = if mentioned.freely { FieldRights::FREE } else { default };
        let rights = FieldRights {
            read: mentioned.read.unwrap_or(default.read),
            write: mentioned.write.unwrap_or(default.write),
            filter: mentioned.filter.unwrap_or(default.filter),
        };
        Some(rights.closed())
    }

    fn by_default(&self, field: &str) -> FieldRights<'_> {
        let rule = self.default_rule.as_ref();
        match self.default {
            Right::Deny if field != ID => FieldRights {
                read: (Shown::Never, rule),
                write: (Right::Deny, rule),
                filter: (Right::Deny, rule),
            },
            _ => FieldRights::FREE,
        }
    }
}

/// The strictest of what entries say, right by right.
#[derive(Debug, Default)]
struct Mentioned<'a> {
    read: Option<(Shown, Option<&'a RuleId>)>,
    write: Option<(Right, Option<&'a RuleId>)>,
    filter: Option<(Right, Option<&'a RuleId>)>,
    /// An entry names the field and keeps nothing.
    freely: bool,
}

impl<'a> Mentioned<'a> {
    fn add(&mut self, rule: &'a FieldPlan) {
        let at = Some(&rule.rule);
        self.read =
            rule.read.map(|read| (read, at)).into_iter().chain(self.read).max_by_key(|(read, _)| *read);
        self.write = strictest(self.write, rule.write, at);
        self.filter = strictest(self.filter, rule.filter, at);
        self.freely |= rule.read.is_none() && rule.write.is_none() && rule.filter.is_none();
    }
}

fn strictest<'a>(
    known: Option<(Right, Option<&'a RuleId>)>,
    more: Option<Right>,
    at: Option<&'a RuleId>,
) -> Option<(Right, Option<&'a RuleId>)> {
    more.map(|right| (right, at)).into_iter().chain(known).max_by_key(|(right, _)| *right)
}

impl<'a> FieldRights<'a> {
    /// What is not seen plainly must not be found out by searching either.
    fn closed(self) -> Self {
        match self.read {
            (Shown::Plain, _) => self,
            (_, rule) if self.filter.0 == Right::Allow => Self { filter: (Right::Deny, rule), ..self },
            _ => self,
        }
    }

    /// Both hold.
    pub(in crate::policy) fn and(self, other: Self) -> Self {
        Self {
            read: if other.read.0 > self.read.0 { other.read } else { self.read },
            write: if other.write.0 > self.write.0 { other.write } else { self.write },
            filter: if other.filter.0 > self.filter.0 { other.filter } else { self.filter },
        }
    }
}

impl Builder<'_> {
    pub(super) fn fields(&mut self, rule: &ModelRule) -> FieldsPlan {
        let plan = |(pattern, field): &(Pattern, crate::policy::file::document::FieldRule)| FieldPlan {
            rule: field.at.clone(),
            exact: pattern.is_exact(),
            read: field.read.as_ref().map(|read| read.it),
            write: field.write.as_ref().map(|write| write.it),
            filter: field.filter.as_ref().map(|filter| filter.it),
        };
        let index = NameIndex::new(rule.fields.iter().map(|(pattern, _)| pattern), NAME_FIELDS.into_iter());
        FieldsPlan {
            rules: rule.fields.iter().map(plan).collect(),
            index,
            default: rule.fields_default,
            default_rule: (rule.fields_default == Right::Deny)
                .then(|| RuleId(Arc::from(format!("{}/fields_default", rule.at.0)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name read write filter`, `-` where nothing is said.
    fn plan(default: Right, entries: &[&str]) -> FieldsPlan {
        let (mut patterns, mut rules) = (Vec::new(), Vec::new());
        for entry in entries {
            let [name, read, write, filter] = entry.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{entry}")
            };
            let pattern = Pattern(Arc::from(name));
            let right = |word: &str| match word {
                "allow" => Some(Right::Allow),
                "deny" => Some(Right::Deny),
                _ => None,
            };
            rules.push(FieldPlan {
                rule: RuleId(Arc::from(name)),
                exact: pattern.is_exact(),
                read: match read {
                    "mask" => Some(Shown::Mask),
                    "hash" => Some(Shown::Hash),
                    "last4" => Some(Shown::Last4),
                    "deny" => Some(Shown::Never),
                    "allow" => Some(Shown::Plain),
                    _ => None,
                },
                write: right(write),
                filter: right(filter),
            });
            patterns.push(pattern);
        }
        FieldsPlan {
            rules: rules.into(),
            index: NameIndex::new(patterns.iter(), NAME_FIELDS.into_iter()),
            default,
            default_rule: Some(RuleId(Arc::from("default"))),
        }
    }

    #[track_caller]
    fn check(plan: &FieldsPlan, field: &str, read: Shown, write: Right, filter: Right) {
        let rights = plan.of(field);
        assert_eq!((rights.read.0, rights.write.0, rights.filter.0), (read, write, filter), "{field}");
    }

    use Right::{Allow, Deny};
    use Shown::{Hash, Last4, Mask, Never, Plain};

    #[test]
    fn the_strictest_of_all_entries_holds() {
        let plan =
            plan(Allow, &["*bank* mask - -", "bank_ids allow allow allow", "*_ids - deny -", "ref deny - -"]);
        check(&plan, "bank_ids", Mask, Deny, Deny);
        check(&plan, "my_bank", Mask, Allow, Deny);
        check(&plan, "line_ids", Plain, Deny, Allow);
        check(&plan, "ref", Never, Allow, Deny);
        check(&plan, "city", Plain, Allow, Allow);
        assert_eq!(plan.of("bank_ids").read.1.unwrap().0.as_ref(), "*bank*");
        assert_eq!(plan.of("bank_ids").write.1.unwrap().0.as_ref(), "*_ids");
        assert!(plan.restricts() && plan.hides());
    }

    #[test]
    fn what_is_not_plain_cannot_be_searched_by() {
        let plan = plan(
            Allow,
            &["a mask - allow", "b hash - -", "c last4 allow allow", "d deny - allow", "e - - deny"],
        );
        check(&plan, "a", Mask, Allow, Deny);
        check(&plan, "b", Hash, Allow, Deny);
        check(&plan, "c", Last4, Allow, Deny);
        check(&plan, "d", Never, Allow, Deny);
        check(&plan, "e", Plain, Allow, Deny);
        assert_eq!(plan.of("c").filter.1.unwrap().0.as_ref(), "c");
    }

    #[test]
    fn what_no_entry_mentions_is_as_the_default_says() {
        let plan = plan(Deny, &["name allow - -", "city - - -", "x_* - allow -"]);
        check(&plan, "name", Plain, Deny, Deny);
        check(&plan, "city", Plain, Allow, Allow);
        check(&plan, "x_note", Never, Allow, Deny);
        check(&plan, "email", Never, Deny, Deny);
        check(&plan, "id", Plain, Allow, Allow);
        assert_eq!(plan.of("email").read.1.unwrap().0.as_ref(), "default");
        assert!(!super::tests::plan(Allow, &["a allow allow allow"]).restricts());
    }

    #[test]
    fn the_id_is_closed_by_its_name_only() {
        check(&plan(Allow, &["* deny deny deny"]), "id", Plain, Allow, Allow);
        check(&plan(Allow, &["id deny - -"]), "id", Never, Allow, Deny);
    }

    #[test]
    fn what_stands_for_a_record_is_as_closed_as_its_name() {
        check(&plan(Allow, &["name mask - -"]), "display_name", Mask, Allow, Deny);
        check(
            &plan(Allow, &["complete_name deny - -", "display_name mask - -"]),
            "display_name",
            Never,
            Allow,
            Deny,
        );
        check(&plan(Allow, &["display_name deny - -"]), "display_name", Never, Allow, Deny);
        check(&plan(Allow, &["display_name deny - -"]), "name", Plain, Allow, Allow);
        check(&plan(Allow, &["*name - - deny"]), "display_name", Plain, Allow, Deny);
        check(&plan(Deny, &["name - - -"]), "display_name", Plain, Allow, Allow);
        check(&plan(Deny, &["city - - -"]), "display_name", Never, Deny, Deny);
        check(&plan(Allow, &["city deny - -"]), "display_name", Plain, Allow, Allow);
    }
}
