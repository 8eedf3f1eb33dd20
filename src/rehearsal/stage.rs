//! One policy, counters in memory, and calls that walk past both as they walk down the corridor.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{
    case::{Call, DEPTH_MAX, Ending, Records, RecordsWord},
    tools::StageTools,
};
use crate::{
    facts::{
        Approval, Arrival, CallFacts, Caller, Class, ConnectionAlias, Currencies, Effect, Found, GrantName,
        JsonObject, ModelName, Pause, RecordAnswer, UserName, check_strict_json,
    },
    ledger::{End, Ledger as _, LocalLedger, Settlement},
    odoo,
    pipeline::limit_denial,
    policy::{
        Ask, BreakerEvent, Charge, Decision, Denial, DenialKind, Explanation, Needs, Permit, Policy,
        RecordQuestion,
    },
    tools::Helpers,
};

/// The time of calls that do not say when they happen.
const USUAL_TIME: Timestamp = Timestamp::constant(1_795_255_200, 0);
/// As in the corridor: each kind of question is asked at most once, and then there is an answer.
const ROUNDS_MAX: usize = 5;

/// A policy with its counters, ready for calls.
#[derive(Debug)]
pub struct Stage<'a> {
    policy: Arc<Policy>,
    tools: &'a StageTools<'a>,
    definitions: &'a BTreeMap<ModelName, JsonObject>,
    ledger: LocalLedger,
}

/// What came of a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// `allow`, `ask`, `deny`, `unknown`, `limited`, `no_grant`, `paused`, `not_found`, `bad_amount`,
    /// `needs_approval`, `unknown_field`, `needs_definitions`, `needs_currencies`, `needs_records`, `invalid_arguments` or `invalid_call`.
    pub outcome: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rule: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rule_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// What is left of each counter that had a say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<(String, String)>,
    /// Counter and amount.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<(String, String)>,
    /// Every rule that asks for a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<String>,
    /// What Odoo would be asked about records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<QuestionShown>,
    /// Rules in shadow that would have refused or asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub would_deny: Vec<String>,
}

/// A question about records, for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuestionShown {
    pub connection: ConnectionAlias,
    pub model: ModelName,
    pub ids: Vec<i64>,
    pub domain: Vec<Value>,
    pub rule: String,
}

/// What is known of a call beside its facts.
pub(super) struct Known<'a> {
    /// Answers to questions about records, or `None` where nobody knows.
    pub(super) records: &'a dyn Fn(&[RecordQuestion]) -> Option<Vec<RecordAnswer>>,
    /// What ids of currencies mean, or `None` where nobody knows.
    pub(super) currencies: Option<&'a Arc<Currencies>>,
    pub(super) approved: bool,
    pub(super) ends: Ending,
    pub(super) rows: Option<u64>,
    pub(super) bytes: Option<u64>,
}

/// A call as facts, or what is wrong with it.
type Gathered = Result<CallFacts, Box<Outcome>>;

impl<'a> Stage<'a> {
    pub fn new(
        policy: Arc<Policy>,
        tools: &'a StageTools<'a>,
        definitions: &'a BTreeMap<ModelName, JsonObject>,
    ) -> Self {
        Self { policy, tools, definitions, ledger: LocalLedger::default() }
    }

    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Decides, charges and settles, as the corridor does.
    pub fn walk(&self, call: &Call) -> Outcome {
        let mut facts = match self.gather(call) {
            Ok(facts) => facts,
            Err(outcome) => return *outcome,
        };
        let answer = |questions: &[RecordQuestion]| answers(call, questions.len());
        let known = Known {
            records: &answer,
            currencies: call.currencies.as_ref(),
            approved: call.approved,
            ends: call.ends,
            rows: call.rows,
            bytes: call.bytes,
        };
        self.walk_facts(&mut facts, &known)
    }

    /// The same for facts that are at hand.
    pub(super) fn walk_facts(&self, facts: &mut CallFacts, known: &Known<'_>) -> Outcome {
        let outcome = self.decide(known, facts);
        let event = match outcome.outcome {
            "allow" if matches!(known.ends, Ending::Answered) => return outcome,
            "allow" => BreakerEvent::Failed,
            "ask" => BreakerEvent::Asked,
            // Nothing reaches the rules: the tool does not exist.
            "unknown" | "needs_definitions" | "needs_currencies" | "needs_records" | "invalid_call" => {
                return outcome;
            }
            _ => BreakerEvent::Denied,
        };
        self.ledger.note(&self.policy.breakers_on(facts, event), facts.at);
        outcome
    }

    /// Is this caller stopped by a breaker?
    pub(super) fn paused(&self, facts: &CallFacts) -> Option<Pause> {
        self.ledger.paused(&self.policy.breakers(facts), facts.at)
    }

    /// Every step of the decision. Facts that the call gives are given at once.
    pub fn explain(&self, call: &Call) -> Result<Explanation, Box<Outcome>> {
        let mut facts = self.gather(call)?;
        // The rounds find out which facts the decision wants; the explanation is over all of them.
        let answer = |questions: &[RecordQuestion]| answers(call, questions.len());
        let known = Known {
            records: &answer,
            currencies: call.currencies.as_ref(),
            approved: call.approved,
            ends: call.ends,
            rows: None,
            bytes: None,
        };
        self.rounds(&known, &mut facts);
        Ok(self.policy.explain(&facts))
    }

    /// The facts of a call. Those that cost something are left out until they are asked for.
    fn gather(&self, call: &Call) -> Gathered {
        let Some(tool) = self.tools.facts(&call.tool) else {
            return Err(Box::new(Outcome::of("unknown", Some("there is no such tool".to_owned()))));
        };
        let at = call.at.unwrap_or(USUAL_TIME);
        let caller = caller(call);
        let arguments = arguments(call)?;
        let (effects, class, dry_run) = match (&call.effects, &arguments, self.tools.own(&call.tool)) {
            (Some(notes), ..) => {
                let effects = notes.iter().map(|notes| notes.effect(call.unfolded)).collect();
                (effects, None, None)
            }
            (None, Some(arguments), Some(own)) => {
                let request = own.entry.decode(arguments.clone()).map_err(|error| {
                    let hint = error.hint.map_or(String::new(), |hint| format!(" ({hint})"));
                    Box::new(Outcome::of("invalid_arguments", Some(format!("{}{hint}", error.message))))
                })?;
                (
                    Ok(request.effects(&caller, &Helpers::default())),
                    Some(request.class()),
                    Some(request.is_rehearsal()),
                )
            }
            (None, ..) => (Ok(Vec::new()), None, None),
        };
        let effects: Vec<Effect> =
            effects.map_err(|why: String| Box::new(Outcome::of("invalid_call", Some(why))))?;
        let dry_run = call.dry_run.or(dry_run).unwrap_or(false);
        let class = call.class.or(class).unwrap_or(if dry_run { Class::Read } else { tool.class });
        let mut facts = CallFacts {
            caller,
            tool,
            class,
            dry_run,
            effects: effects.into(),
            arguments: Arc::new(self.tools.as_rules_see(&call.tool, arguments.unwrap_or_default())),
            at,
            found: Found { unfolded: call.unfolded, ..Found::default() },
        };
        facts.found.pause = if call.paused {
            Some(Pause { rule: Arc::from("/pause"), reason: Arc::from("paused by the case"), until: None })
        } else {
            self.paused(&facts)
        };
        Ok(facts)
    }

    fn decide(&self, known: &Known<'_>, facts: &mut CallFacts) -> Outcome {
        match self.rounds(known, facts) {
            Round::Allowed(permit) => self.charge(known, facts, &permit),
            Round::Denied(denial) => Outcome::denied(&denial),
            Round::Asked(ask) => Outcome::asked(&ask),
            Round::Wants(questions) => Outcome {
                questions: questions.iter().map(QuestionShown::of).collect(),
                ..Outcome::of("needs_records", Some("the records of the call are not known here".to_owned()))
            },
            Round::WantsDefinitions => {
                Outcome::of("needs_definitions", Some("the field definitions are not known here".to_owned()))
            }
            Round::WantsCurrencies => Outcome::of(
                "needs_currencies",
                Some("the currencies of the connection are not known here".to_owned()),
            ),
            Round::Failed(why) => Outcome::of("invalid_call", Some(why)),
        }
    }

    /// Asks the policy until there is an answer, with the facts that the case gives.
    fn rounds(&self, known: &Known<'_>, facts: &mut CallFacts) -> Round {
        for _ in 0..ROUNDS_MAX {
            match self.policy.decide(facts) {
                Decision::Allow(permit) => return Round::Allowed(Box::new(permit)),
                Decision::Deny(denial) => return Round::Denied(denial),
                Decision::Needs(Needs::Definitions) => {
                    if self.definitions.is_empty() {
                        return Round::WantsDefinitions;
                    }
                    match self.unfold(&facts.effects) {
                        Ok(effects) => facts.effects = effects.into(),
                        Err(why) => return Round::Failed(why),
                    }
                    facts.found.unfolded = true;
                }
                Decision::Needs(Needs::Currencies { charges, .. }) => {
                    if let Some(denial) = self.cannot_pay(&charges, facts.at) {
                        return Round::Denied(denial);
                    }
                    let Some(currencies) = known.currencies else { return Round::WantsCurrencies };
                    facts.found.currencies = Some(Arc::clone(currencies));
                }
                Decision::Needs(Needs::Records { questions, charges }) => {
                    if let Some(denial) = self.cannot_pay(&charges, facts.at) {
                        return Round::Denied(denial);
                    }
                    let Some(answers) = (known.records)(&questions) else {
                        return Round::Wants(questions);
                    };
                    facts.found.records = Some(answers.into());
                }
                Decision::Ask(ask) => {
                    if let Some(denial) = self.cannot_pay(&ask.charges, facts.at) {
                        return Round::Denied(denial);
                    }
                    if !known.approved {
                        return Round::Asked(ask);
                    }
                    facts.found.approval = Some(Approval { id: Arc::from("case"), by: Arc::from("case") });
                }
            }
        }
        Round::Failed("the decision came to no end".to_owned())
    }

    fn unfold(&self, effects: &[Effect]) -> Result<Vec<Effect>, String> {
        let mut unfolded = Vec::new();
        for effect in effects {
            match effect {
                Effect::Records(records) => {
                    let parts = odoo::unfold_with(records, self.definitions);
                    let parts = parts.map_err(|error| error.to_string())?;
                    unfolded.extend(parts.into_iter().map(Effect::Records));
                }
                other => unfolded.push(other.clone()),
            }
        }
        Ok(unfolded)
    }

    fn cannot_pay(&self, charges: &[Charge], at: Timestamp) -> Option<Box<Denial>> {
        let exhausted = self.ledger.check(charges, at).err()?;
        Some(limit_denial(*exhausted, self.policy.digest().clone()))
    }

    /// Reserves and settles.
    fn charge(&self, known: &Known<'_>, facts: &CallFacts, permit: &Permit) -> Outcome {
        let reservation = match self.ledger.reserve(permit.charges(), facts.at) {
            Ok(reservation) => reservation,
            Err(exhausted) => {
                return Outcome::denied(&limit_denial(*exhausted, self.policy.digest().clone()));
            }
        };
        let mut would_deny: Vec<String> = permit.shadow().iter().map(|rule| rule.0.to_string()).collect();
        would_deny.extend(reservation.shadow_full().iter().map(|rule| rule.0.to_string()));
        let settlement = match known.ends {
            Ending::Answered => Settlement::Done,
            Ending::NotSent => Settlement::NotSent,
            Ending::Rejected => Settlement::Rejected,
            Ending::Unknown => Settlement::Unknown,
        };
        self.ledger.settle(reservation, &End { settlement, rows: known.rows, bytes: known.bytes });
        Outcome {
            rule: permit.rule().0.to_string(),
            charges: charges_shown(permit.charges()),
            would_deny,
            ..Outcome::of("allow", None)
        }
    }
}

/// How far the policy got with the facts at hand.
enum Round {
    Allowed(Box<Permit>),
    Denied(Box<Denial>),
    Asked(Box<Ask>),
    WantsDefinitions,
    WantsCurrencies,
    Wants(Vec<RecordQuestion>),
    Failed(String),
}

impl Outcome {
    fn of(outcome: &'static str, reason: Option<String>) -> Self {
        Self { outcome, reason, ..Self::default() }
    }

    fn denied(denial: &Denial) -> Self {
        let remaining = denial.remaining.iter().map(|(name, left)| (name.to_string(), left.clone()));
        Self {
            rule: denial.rule.0.to_string(),
            rule_name: denial.rule_name.to_string(),
            next: Some(denial.next.as_str()),
            retry_after_ms: denial
                .retry_after
                .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            remaining: remaining.collect(),
            ..Self::of(word(denial.kind), Some(denial.reason.clone()))
        }
    }

    fn asked(ask: &Ask) -> Self {
        let asks: Vec<String> = ask.rules.iter().map(|rule| rule.0.to_string()).collect();
        Self {
            rule: asks.first().cloned().unwrap_or_default(),
            asks,
            charges: charges_shown(&ask.charges),
            next: Some("ask"),
            ..Self::of("ask", Some(ask.reason.clone()))
        }
    }
}

impl QuestionShown {
    fn of(question: &RecordQuestion) -> Self {
        Self {
            connection: question.connection.clone(),
            model: question.model.clone(),
            ids: question.ids.to_vec(),
            domain: question.domain.to_vec(),
            rule: question.rule.0.to_string(),
        }
    }
}

fn word(kind: DenialKind) -> &'static str {
    match kind {
        DenialKind::Unknown => "unknown",
        DenialKind::Refused => "deny",
        DenialKind::Limited => "limited",
        DenialKind::NoGrant => "no_grant",
        DenialKind::Paused => "paused",
        DenialKind::Scope => "insufficient_scope",
        DenialKind::NotFound => "not_found",
        DenialKind::BadAmount => "bad_amount",
        DenialKind::NeedsApproval => "needs_approval",
        DenialKind::UnknownField => "unknown_field",
    }
}

fn charges_shown(charges: &[Charge]) -> Vec<(String, String)> {
    let shown = |charge: &Charge| (charge.limit.counter.name.to_string(), charge.amount.to_string());
    charges.iter().map(shown).collect()
}

fn caller(call: &Call) -> Caller {
    Caller {
        user: call.user.clone().unwrap_or_else(UserName::local),
        grant: call.grant.clone().unwrap_or_else(GrantName::local),
        client: call.client.as_deref().map(Arc::from),
        groups: call.groups.iter().map(|group| Arc::from(group.as_str())).collect(),
        ..Caller::local(Arrival::Stdio)
    }
}

/// The arguments, read as strictly as at the door where they come as text.
fn arguments(call: &Call) -> Result<Option<JsonObject>, Box<Outcome>> {
    let Some(text) = &call.args_text else { return Ok(call.args.clone()) };
    let refused = |why: String| Box::new(Outcome::of("invalid_arguments", Some(why)));
    check_strict_json(text.as_bytes(), DEPTH_MAX).map_err(|errors| {
        let sentences: Vec<String> = errors.iter().map(ToString::to_string).collect();
        refused(sentences.join("; "))
    })?;
    let read = serde_json::from_str(text);
    read.map(Some).map_err(|_| refused("the arguments are not a JSON object".to_owned()))
}

fn answers(call: &Call, questions: usize) -> Option<Vec<RecordAnswer>> {
    let answer = |word: &RecordsWord| match word {
        RecordsWord::Within => RecordAnswer::AllWithin,
        RecordsWord::Outside => RecordAnswer::SomeOutside,
    };
    match call.records.as_ref()? {
        Records::All(word) => Some(vec![answer(word); questions]),
        Records::Each(words) => Some(words.iter().map(answer).collect()),
    }
}
