//! Which rules speak of a tool, and where it stands, found with one look-up.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{
    build::Builder,
    limits::States,
    names::{FastMap, NameIndex, distinct},
    tools::{ToolPlan, states},
};
use crate::{
    facts::{Class, Operation, ToolFacts},
    policy::{
        RuleId,
        file::document::{At, Body, Default_, Pattern},
    },
};

/// Tools whose rules hold for the same deed of any other tool.
pub(in crate::policy) const DEEDS: [(Operation, &str); 3] = [
    (Operation::Create, "odoo_create"),
    (Operation::Write, "odoo_write"),
    (Operation::Unlink, "odoo_unlink"),
];

/// Everything a body says of tools.
#[derive(Debug, Default)]
pub(in crate::policy) struct ToolSection {
    default: Option<(Default_, RuleId)>,
    hide: Box<[At<Pattern>]>,
    all_tools: Option<ToolPlan>,
    /// By class, in the order of the enum.
    classes: [Option<ToolPlan>; 6],
    rules: Box<[(Pattern, ToolPlan)]>,
    index: NameIndex,
    /// Names of the catalogue and of the file. Other names are tried against the patterns.
    named: FastMap<NamedTool>,
    /// In the order of `DEEDS`.
    deeds: [NamedDeed; 3],
    /// Does any rule speak of a deed?
    pub(in crate::policy) judges_deeds: bool,
}

/// What can be told of a name at load.
#[derive(Debug, Default)]
struct NamedTool {
    hidden: Option<RuleId>,
    mispinned: Option<RuleId>,
    /// Places of the rules that speak of it.
    rules: Box<[u32]>,
    /// Place of the rule that lists it.
    listed: Option<u32>,
}

/// What is said of a deed by the name of its tool.
#[derive(Debug, Default)]
struct NamedDeed {
    hidden: Option<RuleId>,
    /// Place of the rule that names the tool exactly.
    rule: Option<u32>,
}

/// Where a tool stands before any call of it is looked at.
#[derive(Debug, Clone, Copy)]
pub(in crate::policy) struct Standing<'a> {
    /// The rule that keeps it from callers, if one does.
    pub(in crate::policy) unknown_by: Option<&'a RuleId>,
    /// The same, where it is hidden or pinned differently and not merely unlisted.
    pub(in crate::policy) hidden_by: Option<&'a RuleId>,
    /// The rule that lists it.
    pub(in crate::policy) listed_by: Option<&'a RuleId>,
    /// The default that lets it be.
    pub(in crate::policy) allowed_by: Option<&'a RuleId>,
}

/// The rules that speak of one tool.
pub(in crate::policy) type Speaking<'a> = SmallVec<[&'a ToolPlan; 8]>;

impl ToolSection {
    /// Where a tool stands, and all rules that speak of it, the general ones first.
    pub(in crate::policy) fn speaks(&self, tool: &ToolFacts) -> (Standing<'_>, Speaking<'_>) {
        let mut rules = Speaking::new();
        rules.extend(self.all_tools.as_ref());
        rules.extend(self.of_class(tool.class));
        let at = |place: usize| self.rules.get(place).map(|(_, rule)| rule);
        let (hidden, listed) = match self.named.get(tool.name) {
            Some(named) => {
                rules.extend(named.rules.iter().filter_map(|place| at(*place as usize)));
                (named.hidden.as_ref().or(named.mispinned.as_ref()), named.listed)
            }
            None => {
                rules.extend(self.index.of(tool.name).filter_map(at));
                (hidden_in(&self.hide, tool.name), listing(&self.rules, self.index.of(tool.name)))
            }
        };
        let rule_of = |place: u32| at(place as usize).map(|rule| &rule.rule);
        let listed = listed.and_then(rule_of).or_else(|| self.of_class(tool.class).map(|rule| &rule.rule));
        (self.standing_of(hidden, listed), rules)
    }

    pub(in crate::policy) fn rules_for(&self, tool: &ToolFacts) -> Speaking<'_> {
        self.speaks(tool).1
    }

    pub(in crate::policy) fn standing(&self, tool: &ToolFacts) -> Standing<'_> {
        self.speaks(tool).0
    }

    fn standing_of<'a>(&'a self, hidden: Option<&'a RuleId>, listed: Option<&'a RuleId>) -> Standing<'a> {
        let (unlisted, allowed_by) = match &self.default {
            Some((Default_::Deny, rule)) if listed.is_none() => (Some(rule), None),
            Some((Default_::Allow, rule)) => (None, Some(rule)),
            Some((Default_::Deny, _)) | None => (None, None),
        };
        Standing { unknown_by: hidden.or(unlisted), hidden_by: hidden, listed_by: listed, allowed_by }
    }

    fn of_class(&self, class: Class) -> Option<&ToolPlan> {
        self.classes.get(class as usize).and_then(Option::as_ref)
    }

    /// What hides the tool of a deed, by its place in `DEEDS`.
    pub(in crate::policy) fn deed_hidden_by(&self, deed: usize) -> Option<&RuleId> {
        self.deeds.get(deed).and_then(|deed| deed.hidden.as_ref())
    }

    /// The rule that names the tool of a deed exactly.
    pub(in crate::policy) fn deed_rule(&self, deed: usize) -> Option<&ToolPlan> {
        let place = self.deeds.get(deed)?.rule?;
        self.rules.get(place as usize).map(|(_, rule)| rule)
    }
}

/// An exact name first, then a pattern other than `*`.
fn listing(rules: &[(Pattern, ToolPlan)], places: impl Iterator<Item = usize>) -> Option<u32> {
    let mut by_pattern = None;
    for place in places {
        let Some((pattern, _)) = rules.get(place) else { continue };
        let place = u32::try_from(place).ok();
        if pattern.is_exact() {
            return place;
        }
        if !pattern.is_everything() {
            by_pattern = by_pattern.or(place);
        }
    }
    by_pattern
}

fn hidden_in<'a>(hide: &'a [At<Pattern>], name: &str) -> Option<&'a RuleId> {
    hide.iter().find(|hidden| hidden.it.matches(name)).map(|hidden| &hidden.at)
}

impl Builder<'_> {
    pub(super) fn tool_section(&mut self, body: &Body) -> ToolSection {
        let states: States<'_> = states(body);
        let all_tools = body.all_tools.as_ref().map(|rule| self.tool("", rule, &states, body));
        let mut classes: [Option<ToolPlan>; 6] = Default::default();
        for (class, rule) in &body.classes {
            if let Some(place) = classes.get_mut(*class as usize) {
                *place = Some(self.tool("", rule, &states, body));
            }
        }
        let rules: Box<[(Pattern, ToolPlan)]> = body
            .tools
            .iter()
            .map(|(pattern, rule)| (pattern.clone(), self.tool(&pattern.0, rule, &states, body)))
            .collect();
        let known = || self.known_tools.iter().map(|tool| tool.name);
        let index = NameIndex::new(body.tools.iter().map(|(pattern, _)| pattern), known());
        let named = self.named_tools(body, &rules, &index);
        let deeds = DEEDS.map(|(_, name)| NamedDeed {
            hidden: hidden_in(&body.hide, name).cloned(),
            rule: listing(&rules, index.of(name))
                .filter(|place| rules.get(*place as usize).is_some_and(|(pattern, _)| pattern.is_exact())),
        });
        ToolSection {
            default: body.default.map(|default| (default, super::below(&self.at, "default"))),
            hide: body.hide.clone().into(),
            all_tools,
            classes,
            judges_deeds: deeds.iter().any(|deed| deed.hidden.is_some() || deed.rule.is_some()),
            rules,
            index,
            named,
            deeds,
        }
    }

    fn named_tools(
        &self,
        body: &Body,
        rules: &[(Pattern, ToolPlan)],
        index: &NameIndex,
    ) -> FastMap<NamedTool> {
        let exact = |pattern: &Pattern| pattern.is_exact();
        let hidden = body.hide.iter().map(|hidden| &hidden.it);
        let written = hidden.chain(body.tools.iter().map(|(pattern, _)| pattern));
        let written = written.filter(|pattern| exact(pattern)).map(|pattern| &*pattern.0);
        let pinned = body.pins.iter().map(|(name, _)| &**name);
        let names = self.known_tools.iter().map(|tool| tool.name).chain(written).chain(pinned);
        // A long list of hidden names is not searched for every name.
        let hide_exactly: FastMap<&RuleId> = body
            .hide
            .iter()
            .rev()
            .filter(|hidden| exact(&hidden.it))
            .map(|hidden| (Arc::clone(&hidden.it.0), &hidden.at))
            .collect();
        let patterns: Vec<&At<Pattern>> = body.hide.iter().filter(|hidden| !exact(&hidden.it)).collect();
        let mut named: FastMap<NamedTool> = FastMap::default();
        for name in distinct(names) {
            let by_pattern = || patterns.iter().find(|hidden| hidden.it.matches(name));
            let hidden = hide_exactly.get(name).copied().or_else(|| by_pattern().map(|hidden| &hidden.at));
            let places = || index.of(name);
            let tool = NamedTool {
                hidden: hidden.cloned(),
                mispinned: None,
                rules: places().filter_map(|place| u32::try_from(place).ok()).collect(),
                listed: listing(rules, places()),
            };
            named.insert(Arc::from(name), tool);
        }
        for (name, pin) in &body.pins {
            let differs = self.known.pin(name).as_deref() != Some(&*pin.it);
            if let Some(tool) = named.get_mut(&**name).filter(|_| differs) {
                tool.mispinned = Some(pin.at.clone());
            }
        }
        named
    }
}
