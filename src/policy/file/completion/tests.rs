//! A text with `|` for the cursor, and what is offered there.

use super::*;
use crate::{policy::Names, tools::Catalog};

fn vocabulary() -> Vocabulary {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Vocabulary {
        connections: names(&["default", "shop"]),
        grants: names(&["clerk", "night"]),
        models: names(&["res.partner", "sale.order"]),
        users: names(&["olga"]),
    }
}

fn offers(marked: &str) -> (String, usize, Offers) {
    let cursor = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let found = complete(&text, cursor, &Catalog::new(), &vocabulary());
    (text, cursor, found)
}

/// The labels begin with these, in this order.
#[track_caller]
fn check(marked: &str, expected: &[&str]) {
    let (_, _, found) = offers(marked);
    let labels: Vec<&str> = found.offers.iter().map(|offer| offer.label.as_str()).collect();
    assert_eq!(labels.get(..expected.len().min(labels.len())), Some(expected), "{marked}: {labels:?}");
    assert!(!expected.is_empty() || labels.is_empty(), "{marked}: {labels:?}");
}

/// The text after the first offer was chosen, with the cursor in it.
#[track_caller]
fn chosen(marked: &str, expected: &str) {
    let (text, _, found) = offers(marked);
    let offer = found.offers.first().unwrap_or_else(|| panic!("nothing is offered for {marked}"));
    let (before, after) = offer.insert.split_at(offer.caret);
    let done =
        format!("{}{before}|{after}{}", text.get(..found.from).unwrap(), text.get(found.to..).unwrap());
    assert_eq!(done, expected, "{marked}");
}

#[test]
fn keys_are_offered_where_keys_stand() {
    check("{|}", &["$schema", "version", "default", "grants", "hide"]);
    check("{\"|\"}", &["$schema", "version"]);
    check("{\"ver|\"}", &["version"]);
    check("{ver|}", &["version"]);
    check("{\"version\": \"1\", |}", &["$schema", "default"]);
    check("{\"version\": \"1\", \"def|", &["default"]);
    check("{|, \"version\": \"1\"}", &["$schema", "default"]);
    check("{\"tools\": {\"odoo_read\": {\"act|\"}}}", &["action"]);
    check("{\"tools\": {\"odoo_read\": {\"require\": [{|}]}}}", &["conditions", "all", "any", "not"]);
    check(
        "{\"tools\": {\"odoo_read\": {\"require\": [{\"path\": \"args.x\", \"a|\"}]}}}",
        &["name", "value", "reason"],
    );
    check("{\"grants\": {\"clerk\": {\"inh|\"}}}", &["inherit"]);
    check("{\"models\": {\"res.partner\": {\"domain\": {\"re|\"}}}}", &["read", "create"]);
    check("{\"approvals\": {\"mo|\": [\"url\"]}}", &["modes"]);
    check("{\"x-note\": {|}}", &[]);
    check("{\"tools\": {\"odoo_read\": {\"rate_limit\": {|}}}}", &["max", "window"]);
}

#[test]
fn a_key_that_contradicts_one_is_not_offered() {
    check("{\"tools\": {\"odoo_read\": {\"on_deny\": \"x\", \"reas|\"}}}", &[]);
    check("{\"tools\": {\"t\": {\"limits\": [{\"increment\": 1, \"incr|\"}]}}}", &[]);
    check("{\"tools\": {\"t\": {\"require\": [{\"all\": [], \"an|\"}]}}}", &[]);
}

#[test]
fn words_are_offered_where_words_stand() {
    check("{\"default\": \"|\"}", &["deny", "allow"]);
    check("{\"default\": |}", &["deny", "allow"]);
    check("{\"default\": \"al|", &["allow"]);
    check("{\"default\": \"|\n}", &["deny", "allow"]);
    check("{\"tools\": {\"odoo_read\": {\"action\": \"req|\"}}}", &["require_approval"]);
    check("{\"models\": {\"*\": {\"ops\": [\"read\", \"|\"]}}}", &["read", "create", "write"]);
    check("{\"models\": {\"*\": {\"ops\": [\"read\", |]}}}", &["read", "create", "write"]);
    check("{\"models\": {\"*\": {\"fields\": {\"vat\": {\"read\": \"ma|\"}}}}}", &["mask"]);
    check("{\"approvals\": {\"self_approval\": |}}", &["true", "false"]);
    check("{\"approvals\": {\"self_approval\": t|}}", &["true"]);
    check("{\"tools\": {\"t\": {\"limits\": [{\"window\": \"d|\"}]}}}", &["day"]);
    check("{\"tools\": {\"t\": {\"limits\": [{\"scope\": [\"us|\"]}]}}}", &["user"]);
    check("{\"tools\": {\"t\": {\"limits\": [{\"unit\": \"|\"}]}}}", &["calls", "records"]);
    check(
        "{\"tools\": {\"t\": {\"require\": [{\"path\": \"args.x\", \"op\": \"start|\"}]}}}",
        &["starts_with"],
    );
    check("{\"connections\": {\"shop\": {\"mode\": \"read|\"}}}", &["read_only"]);
    check("{\"version\": |}", &["1"]);
}

#[test]
fn names_of_the_house_are_offered() {
    check("{\"tools\": {\"odoo_unl|\"}}", &["odoo_unlink"]);
    check("{\"hide\": [\"odoo_cert_r|\"]}", &["odoo_cert_refresh"]);
    check("{\"hide\": [\"odoo_read\", \"odoo_unl|", &["odoo_unlink"]);
    check("{\"connections\": {|}}", &["default", "shop", "*"]);
    check("{\"connections\": {\"shop\": {}, |}}", &["default", "*"]);
    check("{\"grants\": {\"|\"}}", &["clerk", "night"]);
    check("{\"models\": {\"sale|\"}}", &["sale.order"]);
    check("{\"grants\": {\"night\": {\"models\": {\"res|\"}}}}", &["res.partner"]);
    check("{\"approvals\": {\"approvers\": [\"|\"]}}", &["user:olga"]);
    check(
        "{\"counters\": {\"mails\": {\"window\": \"day\"}}, \"tools\": {\"t\": {\"limits\": [{\"counter\": \"|\"}]}}}",
        &["mails"],
    );
    check(
        "{\"time_windows\": {\"office\": {}}, \"environments\": {\"live\": {\"time\": \"|\"}}}",
        &["office"],
    );
    check(
        "{\"environments\": {\"live\": {}}, \"connections\": {\"shop\": {\"environment\": \"|\",}}}",
        &["live"],
    );
    assert!(offers("{\"pins\": {\"odoo_read\": \"|\"}}").2.offers[0].label.starts_with("sha256:"));
}

#[test]
fn paths_and_what_stands_there_are_offered() {
    let rule = |inside: &str| format!("{{\"tools\": {{\"odoo_write\": {{\"require\": [{inside}]}}}}}}");
    check(&rule("\"args.mod|\""), &["args.model"]);
    check(&rule("{\"path\": \"args.val|\"}"), &["args.values"]);
    check(&rule("{\"path\": \"ctx.gr|\"}"), &["ctx.groups", "ctx.grant"]);
    check(&rule("{\"path\": \"ctx.class\", \"op\": \"eq\", \"value\": \"fin|\"}"), &["financial"]);
    check(&rule("{\"path\": \"odoo.op\", \"op\": \"eq\", \"value\": \"|\"}"), &["read", "create", "write"]);
    check(&rule("{\"path\": \"odoo.model\", \"op\": \"eq\", \"value\": \"|\"}"), &["res.partner"]);
    check(&rule("{\"value\": \"|\", \"path\": \"ctx.grant\", \"op\": \"eq\"}"), &["clerk", "night"]);
}

#[test]
fn nothing_is_offered_where_only_punctuation_fits() {
    for marked in ["|", "{\"default\"| }", "{\"default\": \"deny\" |}", "{} |", "{\"tools\"|: {}}"] {
        check(marked, &[]);
    }
}

#[test]
fn a_choice_takes_the_place_of_the_word() {
    chosen("{|}", "{\"$schema\": \"|\"}");
    chosen("{\"def|\"}", "{\"default\": \"|\"}");
    chosen("{\"def|ault\": \"deny\"}", "{\"default\"|: \"deny\"}");
    chosen("{\"all_t|", "{\"all_tools\": {|}");
    chosen("{\"default\": al|}", "{\"default\": \"allow\"|}");
    chosen("{\"default\": \"al|low\"}", "{\"default\": \"allow\"|}");
    chosen("{\"default\": \"al|\n  \"tools\": {}}", "{\"default\": \"allow\"|,\n  \"tools\": {}}");
    chosen("{\"hid|\n  \"tools\": {}}", "{\"hide\": [|],\n  \"tools\": {}}");
    chosen("{\"ünder\": 1, \"def|\"}", "{\"ünder\": 1, \"default\": \"|\"}");
}

#[test]
fn no_text_and_no_cursor_is_too_much() {
    let texts = [
        "",
        "{",
        "[",
        "\"",
        "\"\\",
        "{\"a\":",
        "{\"a\":[",
        "}}}",
        "]{",
        "{\"ü",
        "{\"tools\": {\"x\": [[[{",
        ",,::",
        "nul",
    ];
    for text in texts {
        for cursor in 0..text.len() + 3 {
            let found = complete(text, cursor, &Names(&["odoo_read"]), &Vocabulary::default());
            assert!(found.from <= found.to && found.to <= text.len(), "{text} {cursor}");
            assert!(text.get(found.from..found.to).is_some(), "{text} {cursor}");
        }
    }
    let policy = include_str!("../../../../policy.json");
    for cursor in (0..policy.len()).step_by(97) {
        let _ = complete(policy, cursor, &Names(&["odoo_read"]), &Vocabulary::default());
    }
}
