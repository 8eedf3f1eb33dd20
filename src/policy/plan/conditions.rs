//! Conditions, compiled: paths to typed accessors, values to prepared ones, operators to an enum.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::{
    build::Builder,
    literal::{Literal, Set, composed},
};
use crate::{
    facts::Decimal,
    policy::{
        RuleId,
        file::document::{Condition, Item, Mode, OnMissing, Op, Path, Pattern, Root, Step, Test, TimeWindow},
    },
};

/// Largest compiled regular expression, and its cache while it searches.
const REGEX_BYTES_MAX: usize = 256 * 1024;

/// An item of `require`, `deny_if` or `approve_if`.
#[derive(Debug)]
pub(in crate::policy) struct ItemPlan {
    pub(in crate::policy) rule: RuleId,
    pub(in crate::policy) rule_name: Arc<str>,
    pub(in crate::policy) reason: Option<Arc<str>>,
    pub(in crate::policy) shadow: bool,
    pub(in crate::policy) node: Node,
    /// It looks at the normal form of the call, so several effects are looked at one by one.
    pub(in crate::policy) reads_odoo: bool,
    /// It looks at what the caller sent, so other arguments may help.
    pub(in crate::policy) reads_call: bool,
}

/// A test and what silence means to it.
#[derive(Debug)]
pub(in crate::policy) struct Node {
    pub(in crate::policy) on_missing: Option<OnMissing>,
    pub(in crate::policy) test: NodeTest,
}

#[derive(Debug)]
pub(in crate::policy) enum NodeTest {
    Condition(ConditionPlan),
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
}

/// Path, operator, value.
#[derive(Debug)]
pub(in crate::policy) struct ConditionPlan {
    pub(in crate::policy) text: Arc<str>,
    pub(in crate::policy) source: Source,
    pub(in crate::policy) steps: Box<[Step]>,
    pub(in crate::policy) check: Check,
    /// The operator looks at a list as a whole.
    pub(in crate::policy) whole_lists: bool,
    /// The operator says what must not be.
    pub(in crate::policy) negative: bool,
}

/// Where a path begins; its steps lead on from there.
#[derive(Debug, Clone)]
pub(in crate::policy) enum Source {
    Args,
    /// The very value that is judged, for conditions without a path.
    It,
    Odoo(OdooFact),
    Ctx(CtxFact),
    /// Leads nowhere, always.
    Nothing,
}

/// Members of the normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum OdooFact {
    Connection,
    Model,
    Method,
    Op,
    Ids,
    Values,
    Fields,
    DomainFields,
    Count,
}

/// What is known of the caller and the moment.
#[derive(Debug, Clone)]
pub(in crate::policy) enum CtxFact {
    User,
    Groups,
    Client,
    Grant,
    Connection,
    Environment,
    Class,
    DryRun,
    Time(Arc<TimeWindow>),
}

/// An operator with its value.
#[derive(Debug)]
pub(in crate::policy) enum Check {
    Exists(bool),
    Same { to: Literal, negated: bool },
    In { set: Set, negated: bool },
    Order { bound: Decimal, order: Order },
    Regex { regex: Regex, negated: bool },
    Contains { item: Literal, negated: bool },
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Glob(Pattern),
    SubsetOf(Set),
    Disjoint(Set),
    LenLte(u64),
    LenGte(u64),
    Type(Kind),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Order {
    Lt,
    Lte,
    Gt,
    Gte,
}

/// Types of values, in the words of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Kind {
    Null,
    Boolean,
    /// A number without decimal places.
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Builder<'_> {
    /// The items of one list. `place` is the name of the rule they belong to.
    pub(super) fn items(&mut self, items: &[Item], shadow: bool) -> Box<[ItemPlan]> {
        items.iter().map(|item| self.item(item, shadow)).collect()
    }

    pub(super) fn item(&mut self, item: &Item, shadow: bool) -> ItemPlan {
        let node = self.node(item);
        let (mut reads_odoo, mut reads_call) = (false, false);
        node.each_condition(&mut |condition| {
            reads_odoo |= matches!(condition.source, Source::Odoo(_));
            reads_call |= matches!(condition.source, Source::Odoo(_) | Source::Args | Source::It);
        });
        ItemPlan {
            rule: item.at.clone(),
            rule_name: named(&item.at, item.name.as_ref()),
            reason: item.reason.clone(),
            shadow: shadow || item.mode == Mode::Shadow,
            node,
            reads_odoo,
            reads_call,
        }
    }

    fn node(&mut self, item: &Item) -> Node {
        let test = match &item.test {
            Test::Condition(condition) => NodeTest::Condition(self.condition(condition)),
            Test::All(items) => NodeTest::All(items.iter().map(|item| self.node(item)).collect()),
            Test::Any(items) => NodeTest::Any(items.iter().map(|item| self.node(item)).collect()),
            Test::Not(item) => NodeTest::Not(Box::new(self.node(item))),
        };
        Node { on_missing: item.on_missing, test }
    }

    pub(super) fn condition(&mut self, condition: &Condition) -> ConditionPlan {
        let (source, steps) = self.source(&condition.at, &condition.path);
        let check = match check(condition.op, &condition.value) {
            Ok(check) => check,
            Err(why) => {
                self.problem(&condition.at, why);
                Check::Exists(true)
            }
        };
        let whole_lists = match &check {
            Check::Same { to, .. } => matches!(to, Literal::List(_)),
            Check::Exists(_)
            | Check::Contains { .. }
            | Check::SubsetOf(_)
            | Check::Disjoint(_)
            | Check::LenLte(_)
            | Check::LenGte(_)
            | Check::Type(_) => true,
            _ => false,
        };
        let negative =
            matches!(condition.op, Op::Neq | Op::NotIn | Op::NotRegex | Op::NotContains | Op::Disjoint);
        ConditionPlan { text: Arc::clone(&condition.path.text), source, steps, check, whole_lists, negative }
    }

    /// Where a path begins, and the steps that are left.
    pub(super) fn source(&mut self, at: &RuleId, path: &Path) -> (Source, Box<[Step]>) {
        if self.values_of_its_own {
            // The path says which value is meant, and that is the one at hand.
            return (Source::It, Box::default());
        }
        let (first, rest) = match path.steps.split_first() {
            Some((Step::Key(first), rest)) => (&**first, rest),
            _ => ("", [].as_slice()),
        };
        let source = match (path.root, first) {
            (Root::Args, _) => return (Source::Args, path.steps.clone().into()),
            (Root::Odoo, "connection") => Source::Odoo(OdooFact::Connection),
            (Root::Odoo, "model") => Source::Odoo(OdooFact::Model),
            (Root::Odoo, "method") => Source::Odoo(OdooFact::Method),
            (Root::Odoo, "op") => Source::Odoo(OdooFact::Op),
            (Root::Odoo, "ids") => Source::Odoo(OdooFact::Ids),
            (Root::Odoo, "values") => Source::Odoo(OdooFact::Values),
            (Root::Odoo, "fields") => Source::Odoo(OdooFact::Fields),
            (Root::Odoo, "domain_fields") => Source::Odoo(OdooFact::DomainFields),
            (Root::Odoo, "count") => Source::Odoo(OdooFact::Count),
            (Root::Ctx, "user") => Source::Ctx(CtxFact::User),
            (Root::Ctx, "groups") => Source::Ctx(CtxFact::Groups),
            (Root::Ctx, "client") => Source::Ctx(CtxFact::Client),
            (Root::Ctx, "grant") => Source::Ctx(CtxFact::Grant),
            (Root::Ctx, "connection") => Source::Ctx(CtxFact::Connection),
            (Root::Ctx, "environment") => Source::Ctx(CtxFact::Environment),
            (Root::Ctx, "class") => Source::Ctx(CtxFact::Class),
            (Root::Ctx, "dry_run") => Source::Ctx(CtxFact::DryRun),
            (Root::Ctx, "time") => {
                let [Step::Key(name)] = rest else {
                    self.problem(at, "write it as `ctx.time.NAME`, with a name of `time_windows`".to_owned());
                    return (Source::Nothing, Box::default());
                };
                return match self.time_window(name) {
                    Some(window) => (Source::Ctx(CtxFact::Time(window)), Box::default()),
                    None => {
                        self.problem(at, format!("no time window is called `{name}`"));
                        (Source::Nothing, Box::default())
                    }
                };
            }
            _ => {
                self.problem(at, format!("`{}` leads nowhere", path.text));
                Source::Nothing
            }
        };
        (source, rest.into())
    }
}

impl Node {
    pub(in crate::policy) fn each_condition<'a>(&'a self, look: &mut impl FnMut(&'a ConditionPlan)) {
        match &self.test {
            NodeTest::Condition(condition) => look(condition),
            NodeTest::All(nodes) | NodeTest::Any(nodes) => {
                nodes.iter().for_each(|node| node.each_condition(look));
            }
            NodeTest::Not(node) => node.each_condition(look),
        }
    }
}

/// A rule's name: its pointer, the last piece of it replaced where the rule has a name of its own.
pub(super) fn named(at: &RuleId, name: Option<&Arc<str>>) -> Arc<str> {
    match (name, at.0.rsplit_once('/')) {
        (Some(name), Some((parent, _))) => Arc::from(format!("{parent}/{name}")),
        _ => Arc::clone(&at.0),
    }
}

fn check(op: Op, value: &Value) -> Result<Check, String> {
    let literal = || Literal::of(value).ok_or_else(|| "a number cannot be held exactly".to_owned());
    let set = || Set::of(value).ok_or_else(|| "the operator takes a list".to_owned());
    let text = || value.as_str().map(composed).ok_or_else(|| "the operator takes a text".to_owned());
    let length = || value.as_u64().ok_or_else(|| "the operator takes a whole number".to_owned());
    let order = |order: Order| {
        let bound = match value {
            Value::Number(number) => Decimal::of_json(number).ok(),
            Value::String(text) => Decimal::parse(text).ok(),
            _ => None,
        };
        let bound = bound.ok_or_else(|| "the operator takes a number".to_owned())?;
        Ok::<Check, String>(Check::Order { bound, order })
    };
    let regex = |negated: bool| {
        let mut builder = RegexBuilder::new(&text()?);
        let built = builder.size_limit(REGEX_BYTES_MAX).dfa_size_limit(REGEX_BYTES_MAX).build();
        let regex = built.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
            _ => "the regular expression cannot be read".to_owned(),
        })?;
        Ok::<Check, String>(Check::Regex { regex, negated })
    };
    Ok(match op {
        Op::Exists => Check::Exists(value.as_bool().ok_or_else(|| "use true or false".to_owned())?),
        Op::Eq => Check::Same { to: literal()?, negated: false },
        Op::Neq => Check::Same { to: literal()?, negated: true },
        Op::In => Check::In { set: set()?, negated: false },
        Op::NotIn => Check::In { set: set()?, negated: true },
        Op::Lt => order(Order::Lt)?,
        Op::Lte => order(Order::Lte)?,
        Op::Gt => order(Order::Gt)?,
        Op::Gte => order(Order::Gte)?,
        Op::Regex => regex(false)?,
        Op::NotRegex => regex(true)?,
        Op::Contains => Check::Contains { item: literal()?, negated: false },
        Op::NotContains => Check::Contains { item: literal()?, negated: true },
        Op::StartsWith => Check::StartsWith(text()?.into()),
        Op::EndsWith => Check::EndsWith(text()?.into()),
        Op::Glob => Check::Glob(Pattern(Arc::from(&*text()?))),
        Op::SubsetOf => Check::SubsetOf(set()?),
        Op::Disjoint => Check::Disjoint(set()?),
        Op::LenLte => Check::LenLte(length()?),
        Op::LenGte => Check::LenGte(length()?),
        Op::Type => Check::Type(match &*text()? {
            "null" => Kind::Null,
            "boolean" => Kind::Boolean,
            "integer" => Kind::Integer,
            "number" => Kind::Number,
            "string" => Kind::String,
            "array" => Kind::Array,
            "object" => Kind::Object,
            other => return Err(format!("no type is called `{other}`")),
        }),
    })
}
