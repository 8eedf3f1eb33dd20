//! Reading rules for connections, environments, hours and breakers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    document::{
        AccessMode, At, Breaker, BreakerEvent, ConnectionRule, EnvironmentRule, MemoryRule, MemoryRules,
        TimeWindow,
    },
    keys,
    reader::{Object, Reader, rule_id},
    zone,
};
use crate::{
    facts::{MemoryArea, MemoryChange, Operation},
    policy::Scopes,
};

/// The days as the file names them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl<'a> Reader<'a> {
    pub(super) fn connection_rule(&mut self, at: &str, value: &'a Value) -> Option<ConnectionRule> {
        let object = self.object(at, value, &keys::CONNECTION)?;
        let companies = object.get("companies").map(|value| At {
            at: rule_id(&object.place("companies")),
            it: value.as_array().into_iter().flatten().filter_map(Value::as_i64).collect::<Vec<i64>>(),
        });
        let rule = ConnectionRule {
            at: object.rule(),
            environment: object.word("environment", |name| Some(name.into())),
            mode: object.word("mode", access),
            companies,
        };
        object.done();
        Some(rule)
    }

    pub(super) fn environment_rule(&mut self, at: &str, value: &'a Value) -> Option<EnvironmentRule> {
        let object = self.object(at, value, &keys::ENVIRONMENT)?;
        let approve = object.texts("approve");
        let approve = approve
            .filter_map(|(at, text)| Some(At { at: rule_id(&at), it: Operation::of_word(text)? }))
            .collect();
        let rule = EnvironmentRule {
            at: object.rule(),
            mode: object.word("mode", access),
            approve,
            time: object.word("time", |name| Some(name.into())),
        };
        object.done();
        Some(rule)
    }

    pub(super) fn time_window(&mut self, at: &str, value: &'a Value) -> Option<TimeWindow> {
        let object = self.object(at, value, &keys::TIME_WINDOW)?;
        let zone = object.text("tz").and_then(|name| zone::find(name).ok());
        let named: BTreeSet<&str> = object.texts("days").map(|(_, day)| day).collect();
        let every_day = object.get("days").is_none();
        let days = DAYS.map(|day| every_day || named.contains(day));
        let (from, to) = (object.text("from"), object.text("to"));
        object.done();
        if from.is_some() && from == to {
            let message = "the window ends when it begins; from \"00:00\" to \"24:00\" is the whole day";
            self.problem(&object.place("to"), message);
        }
        if from == Some("24:00") {
            self.problem(&object.place("from"), "write the beginning of a day as \"00:00\"");
        }
        Some(TimeWindow { at: object.rule(), zone: zone?, days, from: clock(from?)?, to: clock(to?)? })
    }

    pub(super) fn memory_rules(&mut self, at: &str, value: &'a Value) -> Option<MemoryRules> {
        let object = self.object(at, value, &keys::MEMORY)?;
        let mut rule = |area: MemoryArea| {
            let value = object.get(area.as_str())?;
            self.memory_rule(&object.place(area.as_str()), value)
        };
        let rules = MemoryRules { personal: rule(MemoryArea::Personal), shared: rule(MemoryArea::Shared) };
        object.done();
        Some(rules)
    }

    fn memory_rule(&mut self, at: &str, value: &'a Value) -> Option<MemoryRule> {
        let object = self.object(at, value, &keys::MEMORY_AREA)?;
        let approve = object
            .texts("approve")
            .filter_map(|(at, text)| Some(At { at: rule_id(&at), it: MemoryChange::of_word(text)? }))
            .collect();
        let rule = MemoryRule { at: object.rule(), mode: object.word("mode", access), approve };
        object.done();
        Some(rule)
    }

    pub(super) fn breaker(&mut self, at: &str, value: &'a Value) -> Option<Breaker> {
        let object = self.object(at, value, &keys::BREAKER)?;
        let on = object.word("on", |word| match word {
            "denied" => Some(BreakerEvent::Denied),
            "failed" => Some(BreakerEvent::Failed),
            "asked" => Some(BreakerEvent::Asked),
            _ => None,
        });
        let seconds = |object: &Object<'_>, key: &str| object.whole(key).and_then(|s| u32::try_from(s).ok());
        let (max, window, pause) = (object.whole("max"), seconds(&object, "window"), seconds(&object, "for"));
        let scopes = self.scopes(&object).unwrap_or(Scopes { grant: true, ..Scopes::default() });
        object.get("then");
        object.done();
        Some(Breaker {
            at: object.rule(),
            on: on?.it,
            max: max?,
            window_seconds: window?,
            scopes,
            pause_seconds: pause?,
        })
    }
}

fn access(word: &str) -> Option<AccessMode> {
    Some(match word {
        "off" => AccessMode::Off,
        "read_only" => AccessMode::ReadOnly,
        "no_delete" => AccessMode::NoDelete,
        "normal" => AccessMode::Normal,
        _ => return None,
    })
}

/// `24:00` is the midnight at the end of the day.
fn clock(text: &str) -> Option<jiff::civil::Time> {
    let (hour, minute) = text.split_once(':')?;
    let hour: i8 = hour.parse().ok()?;
    jiff::civil::Time::new(hour % 24, minute.parse().ok()?, 0, 0).ok()
}
