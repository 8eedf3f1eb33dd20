//! The sections of the top level and of grants.

use serde_json::Value;

use super::{Changes, Direction, below, items, members, models, rules, text};

const MODES: &[&str] = &["off", "read_only", "no_delete", "normal"];

pub(super) fn top(found: &mut Changes, old: &Value, new: &Value) {
    body(found, "", old, new);
    let (was, is) = (old.get("grants"), new.get("grants"));
    match (was, is) {
        (Some(_), None) => found.wider("/grants", "without grants every caller walks under the top level"),
        (None, Some(_)) => found.narrower("/grants", "callers whose grant has no entry are denied"),
        _ => {}
    }
    for (name, rule) in members(is) {
        let at = below("/grants", name);
        match was.and_then(|was| was.get(name)) {
            None if was.is_some() => found.wider(&at, "this grant may do something now"),
            None => {}
            Some(before) => {
                let inherits = |rule: &Value| rule.get("inherit") != Some(&Value::Bool(false));
                match (inherits(before), inherits(rule)) {
                    (true, false) => found.wider(&at, "it stands alone: the top level holds no more"),
                    (false, true) => found.narrower(&at, "the top level holds as well"),
                    _ => {}
                }
                body(found, &at, before, rule);
            }
        }
    }
    for (name, _) in members(was) {
        if is.is_some_and(|is| is.get(name).is_none()) {
            found.narrower(&below("/grants", name), "this grant may do nothing any more");
        }
    }
}

fn body(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    let allows = |body: &Value| text(body, "default") == Some("allow");
    let place = below(at, "default");
    match (allows(old), allows(new)) {
        (false, true) => found.wider(&place, "tools that nobody lists are allowed"),
        (true, false) => found.narrower(&place, "tools that nobody lists are unknown"),
        _ => {}
    }
    found.restrictions(&below(at, "hide"), old.get("hide"), new.get("hide"), "a hidden name");
    rules::shadow(found, at, old, new);
    tool_rules(found, at, old, new, allows(old), allows(new));
    counters(found, &below(at, "counters"), old, new);
    connections(found, at, old, new);
    environments(found, at, old, new);
    memory(found, at, old, new);
    models::compare(found, at, old.get("models"), new.get("models"));
    let place = below(at, "breakers");
    found.restrictions(&place, old.get("breakers"), new.get("breakers"), "a breaker");
    pins(found, &below(at, "pins"), old, new);
    rules::approvals(found, &below(at, "approvals"), old.get("approvals"), new.get("approvals"));
    for (name, window) in members(new.get("time_windows")) {
        let before = old.get("time_windows").and_then(|windows| windows.get(name));
        if before.is_some_and(|before| before != window) {
            found.changed(&below(&below(at, "time_windows"), name), "the window has other times");
        }
    }
}

/// `all_tools`, `tools` and `classes`. An entry that lists a tool allows it; one that only adds rules
/// narrows it.
fn tool_rules(found: &mut Changes, at: &str, old: &Value, new: &Value, old_allows: bool, new_allows: bool) {
    let empty = Value::Object(serde_json::Map::new());
    let all = |body: &Value| body.get("all_tools").unwrap_or(&empty).clone();
    rules::compare(found, &below(at, "all_tools"), &all(old), &all(new));
    for section in ["tools", "classes"] {
        let place = below(at, section);
        let (was, is) = (old.get(section), new.get(section));
        for (name, rule) in members(is) {
            let at = below(&place, name);
            match was.and_then(|was| was.get(name)) {
                Some(before) => rules::compare(found, &at, before, rule),
                None => {
                    if name != "*" && !new_allows {
                        found.wider(&at, "what it names is listed now");
                    }
                    rules::compare(found, &at, &empty, rule);
                }
            }
        }
        for (name, rule) in members(was) {
            if is.is_some_and(|is| is.get(name).is_some()) {
                continue;
            }
            let at = below(&place, name);
            if name != "*" && !old_allows && !new_allows {
                found.narrower(&at, "what it names is not listed any more");
            } else {
                rules::compare(found, &at, rule, &empty);
            }
        }
    }
}

fn counters(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    for (name, rule) in members(new.get("counters")) {
        let Some(before) = old.get("counters").and_then(|counters| counters.get(name)) else { continue };
        let differs = |key: &str| before.get(key) != rule.get(key);
        if ["window", "scope", "unit", "tz"].into_iter().any(differs) {
            found.add(&below(at, name), Direction::Reset, "another window, scope or unit is another counter");
        }
    }
}

fn connections(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    let place = below(at, "connections");
    let (was, is) = (old.get("connections"), new.get("connections"));
    section_opens(found, &place, was, is, "connection");
    for (name, rule) in members(is) {
        let Some(before) = was.and_then(|was| was.get(name)) else { continue };
        let at = below(&place, name);
        found.ranked(&below(&at, "mode"), mode(before), mode(rule), "another mode");
        if before.get("environment") != rule.get("environment") {
            found.changed(&below(&at, "environment"), "another environment");
        }
        let companies = |rule: &Value| rule.get("companies").cloned();
        match (companies(before), companies(rule)) {
            (Some(_), None) => found.wider(&below(&at, "companies"), "any company of the Odoo user"),
            (None, Some(_)) => found.narrower(&below(&at, "companies"), "only these companies"),
            (Some(before), Some(after)) => {
                found.permissions(
                    &below(&at, "companies"),
                    items(Some(&before)),
                    items(Some(&after)),
                    "a company",
                );
            }
            (None, None) => {}
        }
    }
}

/// A closed section: with it, what it does not name is denied.
pub(super) fn section_opens(
    found: &mut Changes,
    at: &str,
    was: Option<&Value>,
    is: Option<&Value>,
    what: &str,
) {
    match (was, is) {
        (Some(_), None) => found.wider(at, format!("without the section every {what} is open")),
        (None, Some(_)) => found.narrower(at, format!("every {what} that is not named is closed")),
        (Some(was), Some(is)) => {
            for (name, _) in members(Some(is)) {
                if was.get(name).is_none() {
                    found.wider(&below(at, name), format!("a {what} is named now"));
                }
            }
            for (name, _) in members(Some(was)) {
                if is.get(name).is_none() {
                    found.narrower(&below(at, name), format!("a {what} is named no more"));
                }
            }
        }
        (None, None) => {}
    }
}

fn mode(rule: &Value) -> usize {
    let known = text(rule, "mode").and_then(|mode| MODES.iter().position(|known| *known == mode));
    known.unwrap_or(MODES.len() - 1)
}

fn environments(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    let place = below(at, "environments");
    let empty = Value::Null;
    let (was, is) = (old.get("environments"), new.get("environments"));
    let names = members(was).chain(members(is)).map(|(name, _)| name);
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let rule =
            |section: Option<&Value>| section.and_then(|section| section.get(name)).unwrap_or(&empty).clone();
        let (before, after) = (rule(was), rule(is));
        let at = below(&place, name);
        found.ranked(&below(&at, "mode"), mode(&before), mode(&after), "another mode");
        let place = below(&at, "approve");
        found.restrictions(&place, before.get("approve"), after.get("approve"), "an operation that asks");
        match (before.get("time"), after.get("time")) {
            (Some(_), None) => found.wider(&below(&at, "time"), "it holds at any time"),
            (None, Some(_)) => found.narrower(&below(&at, "time"), "it holds at some times only"),
            (before, after) if before != after => found.changed(&below(&at, "time"), "another time window"),
            _ => {}
        }
    }
}

/// Without a word the personal files are open and the shared ones read only.
fn memory(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    let place = below(at, "memory");
    for (area, silent) in [("personal", "normal"), ("shared", "read_only")] {
        let at = below(&place, area);
        let rule = |body: &Value| body.get("memory").and_then(|memory| memory.get(area)).cloned();
        let (was, is) = (rule(old), rule(new));
        let silent = MODES.iter().position(|mode| *mode == silent).unwrap_or_default();
        let rank = |rule: &Option<Value>| rule.as_ref().map_or(silent, mode);
        found.ranked(&below(&at, "mode"), rank(&was), rank(&is), "another mode");
        let approve = |rule: &Option<Value>| rule.as_ref().and_then(|rule| rule.get("approve")).cloned();
        let (before, after) = (approve(&was), approve(&is));
        found.restrictions(&below(&at, "approve"), before.as_ref(), after.as_ref(), "a change that asks");
    }
}

fn pins(found: &mut Changes, at: &str, old: &Value, new: &Value) {
    for (name, pin) in members(old.get("pins")) {
        match new.get("pins").and_then(|pins| pins.get(name)) {
            None => found.wider(&below(at, name), "the tool is pinned no more"),
            Some(other) if other != pin => found.changed(&below(at, name), "another pin"),
            Some(_) => {}
        }
    }
    for (name, _) in members(new.get("pins")) {
        if old.get("pins").is_none_or(|pins| pins.get(name).is_none()) {
            found.narrower(&below(at, name), "the tool is pinned");
        }
    }
}
