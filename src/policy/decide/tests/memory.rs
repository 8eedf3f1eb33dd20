//! Files of the memory, connections of one's own, and counters of connections that are called the same.

use super::*;
use crate::facts::{MemoryArea, MemoryChange, OwnChange};

fn memory(area: MemoryArea, change: MemoryChange) -> CallFacts {
    CallFacts { effects: Arc::from([Effect::Memory { area, change, file: None }]), ..call("odoo_execute") }
}

const CHANGES: [MemoryChange; 3] = [MemoryChange::Read, MemoryChange::Write, MemoryChange::Delete];

#[track_caller]
fn words(body: Value, area: MemoryArea, expected: [&str; 3]) {
    for (change, expected) in CHANGES.into_iter().zip(expected) {
        check(body.clone(), &memory(area, change), expected);
    }
}

#[test]
fn without_a_word_shared_files_are_there_to_be_read() {
    words(json!({}), MemoryArea::Personal, ["allow", "allow", "allow"]);
    words(json!({}), MemoryArea::Shared, ["allow", "deny ", "deny "]);
    let only_personal = json!({"memory": {"personal": {"mode": "normal"}}});
    words(only_personal, MemoryArea::Shared, ["allow", "deny ", "deny "]);
}

#[test]
fn modes_open_and_narrow_each_area_by_itself() {
    let rules = |mode: &str| json!({"memory": {"shared": {"mode": mode}}});
    words(rules("normal"), MemoryArea::Shared, ["allow", "allow", "allow"]);
    words(json!({"memory": {"shared": {}}}), MemoryArea::Shared, ["allow", "allow", "allow"]);
    let at = "deny /memory/shared/mode";
    words(rules("no_delete"), MemoryArea::Shared, ["allow", "allow", at]);
    words(rules("read_only"), MemoryArea::Shared, ["allow", at, at]);
    words(rules("off"), MemoryArea::Shared, [at, at, at]);
    words(rules("off"), MemoryArea::Personal, ["allow", "allow", "allow"]);
    let at = "deny /memory/personal/mode";
    words(json!({"memory": {"personal": {"mode": "read_only"}}}), MemoryArea::Personal, ["allow", at, at]);
    let asks = json!({"memory": {"shared": {"approve": ["write", "delete"]}}});
    words(
        asks,
        MemoryArea::Shared,
        ["allow", "ask /memory/shared/approve/0", "ask /memory/shared/approve/1"],
    );
}

#[test]
fn a_grant_only_narrows_and_a_trial_opens_nothing() {
    let body = json!({
        "memory": {"shared": {"mode": "normal"}},
        "grants": {"local": {"memory": {"shared": {"mode": "read_only"}}}},
    });
    let at = "deny /grants/local/memory/shared/mode";
    words(body, MemoryArea::Shared, ["allow", at, at]);
    let alone = json!({
        "memory": {"shared": {"mode": "normal"}},
        "grants": {"local": {"inherit": false, "default": "allow"}},
    });
    words(alone, MemoryArea::Shared, ["allow", "deny ", "deny "]);
}

#[test]
fn mistakes_in_the_section_are_told() {
    for (section, part) in [
        (json!({"shared": {"mode": "open"}}), "/memory/shared/mode"),
        (json!({"team": {}}), "/memory/team"),
        (json!({"shared": {"approve": ["unlink"]}}), "/memory/shared/approve/0"),
        (json!([]), "/memory"),
    ] {
        let policy = json!({"version": "1", "default": "deny", "memory": section}).to_string();
        let error = Policy::load(policy.as_bytes(), &TOOLS).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_connection_of_ones_own_is_judged_by_its_alias() {
    let body = json!({"connections": {"mine": {}, "team-*": {"mode": "read_only"}}});
    let own = |alias: &str, change: OwnChange| CallFacts {
        effects: Arc::from([Effect::Own { connection: ConnectionAlias::parse(alias).ok(), change }]),
        ..call("odoo_connect")
    };
    check(body.clone(), &own("mine", OwnChange::Save), "allow");
    check(body.clone(), &own("team-a", OwnChange::Activate), "allow");
    check(body.clone(), &own("team-a", OwnChange::Save), "deny /connections/team-*/mode");
    check(body.clone(), &own("team-a", OwnChange::Forget), "deny /connections/team-*/mode");
    check(body.clone(), &own("other", OwnChange::Inspect), "deny /connections");
    check(body, &own("not an alias", OwnChange::Inspect), "allow");
}

#[test]
fn two_connections_of_one_name_are_counted_apart() {
    let body = json!({"tools": {"odoo_execute": {"limits": [
        {"counter": "calls", "window": "day", "max": 5, "scope": "connection"}
    ]}}});
    let policy = load(body);
    let scope_of = |user: &str, own: &[&str]| {
        let mut facts = doing("odoo_execute", [effect("mine", Operation::Execute)]);
        facts.caller.user = UserName::parse(user).unwrap();
        facts.found.own_connections =
            own.iter().map(|alias| ConnectionAlias::parse(alias).unwrap()).collect();
        match policy.decide(&facts) {
            Decision::Allow(permit) => format!("{:?}", permit.charges()[0].scope),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(scope_of("anna", &[]), scope_of("bob", &[]), "a shared one is the same for both");
    assert_ne!(scope_of("anna", &["mine"]), scope_of("bob", &["mine"]));
    assert_ne!(scope_of("anna", &["mine"]), scope_of("anna", &[]));
    assert_eq!(scope_of("anna", &["other"]), scope_of("anna", &[]));
}
