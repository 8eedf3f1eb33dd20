//! Step 4, for files of the memory: is the area open to this caller, and how far.
//!
//! What nobody says: personal files are the caller's own, shared files are there to be read. A text that
//! everybody's model reads is changed only where a file of rules opens that.

use super::{
    Deciding,
    findings::{Asking, Findings, Said, step},
};
use crate::{
    facts::{Effect, MemoryArea, MemoryChange},
    policy::{
        NextStep,
        file::document::{AccessMode, MemoryRule, MemoryRules},
    },
};

pub(super) fn judge_memory<'a>(cx: &Deciding<'a>, out: &mut Findings<'a>) {
    for effect in cx.facts.effects.iter() {
        let Effect::Memory { area, change, .. } = effect else { continue };
        judge(cx, *area, *change, out);
    }
}

fn judge<'a>(cx: &Deciding<'a>, area: MemoryArea, change: MemoryChange, out: &mut Findings<'a>) {
    let mut is_spoken_of = false;
    for held in &cx.bodies {
        let Some(rule) = held.body.memory.as_ref().and_then(|rules| of_area(rules, area)) else { continue };
        let shadow = held.body.shadow;
        // A body that is only tried opens nothing.
        is_spoken_of |= !shadow;
        let mode = rule.mode.as_ref();
        if mode.is_some_and(|mode| !lets(mode.it, change)) {
            let said = Said::by(mode.map_or(&rule.at, |mode| &mode.at), shadow);
            out.refuse(step::CONNECTION, said, NextStep::Stop, || refusal(area, change));
        }
        for asked in rule.approve.iter().filter(|asked| asked.it == change) {
            let asking = Asking { rule: &asked.at, reason: None, terms: None, body: held.body };
            out.ask(Said::by(&asked.at, shadow), asking);
        }
    }
    if !is_spoken_of && area == MemoryArea::Shared && change != MemoryChange::Read {
        let said = Said::by(&cx.plan.built_in, false);
        out.refuse(step::CONNECTION, said, NextStep::Stop, || refusal(area, change));
    }
}

fn of_area(rules: &MemoryRules, area: MemoryArea) -> Option<&MemoryRule> {
    match area {
        MemoryArea::Personal => rules.personal.as_ref(),
        MemoryArea::Shared => rules.shared.as_ref(),
    }
}

fn lets(mode: AccessMode, change: MemoryChange) -> bool {
    match mode {
        AccessMode::Off => false,
        AccessMode::ReadOnly => change == MemoryChange::Read,
        AccessMode::NoDelete => change != MemoryChange::Delete,
        AccessMode::Normal => true,
    }
}

fn refusal(area: MemoryArea, change: MemoryChange) -> String {
    format!("the policy does not let the {} memory be changed like this ({})", area.as_str(), change.as_str())
}
