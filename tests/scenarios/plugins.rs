//! The shipped plugins in the pipeline: what they find in Odoo, that a guard of them keeps a bill from
//! being posted, and that they see and do no more than they were given.

use serde_json::{Value, json};

use super::{
    audit::{chain_holds, lines},
    bill_stops::{POSTING, back_to_draft, draft_with_line, fields_for, messages_with, step},
    bills::{Draft, RUN, draft, value},
    extraction::settings_with,
    harness::{
        Door, DoorSettings, ModelServer, Temporary, World,
        plugins::{PluginDir, SHIPPED},
        unique,
    },
};

super::scenarios![
    plugins_find_vendor_and_accounts_in_this_process,
    plugins_find_vendor_and_accounts_in_processes_of_their_own,
    a_duplicate_is_not_posted,
    a_bill_that_is_none_is_posted,
    what_is_not_granted_is_refused_and_said,
    a_guard_that_cannot_look_stops_the_run,
    a_policy_holds_for_what_plugins_ask,
    what_plugins_asked_is_in_the_log,
    steps_of_plugins_are_listed_before_posting,
];

/// A word that nothing else is called by, in letters only: names are compared by their longest word.
fn word() -> String {
    unique("").bytes().filter(u8::is_ascii_digit).map(|digit| char::from(digit - b'0' + b'a')).collect()
}

/// Digits that no other bill has.
fn digits() -> String {
    unique("").chars().filter(char::is_ascii_digit).collect()
}

fn settings(world: &World, server: &ModelServer, plugins: &PluginDir, in_process: bool) -> DoorSettings {
    plugins.settings(settings_with(world, server, "anthropic"), in_process)
}

fn company(world: &World, name: &str) -> Temporary {
    world.temporary("res.partner", json!({"name": name, "is_company": true}))
}

fn found<'r>(run: &'r Value, plugin: &str) -> &'r Value {
    &run["final_data"]["plugins"][plugin]
}

/// A bill of this vendor in the books.
struct Earlier(Draft);

impl Earlier {
    fn posted(world: &World, vendor: &Temporary, date: &str) -> Self {
        let (oracle, draft) = (world.oracle(), draft_with_line(world, vendor));
        oracle.call("account.move", "write", json!([[draft.bill.id], {"invoice_date": date}]), json!({}));
        oracle.call("account.move", "action_post", json!([[draft.bill.id]]), json!({}));
        Self(draft)
    }

    fn end(self, world: &World) {
        back_to_draft(&world.oracle(), self.0.bill.id);
    }
}

fn plugins_find_vendor_and_accounts_in_this_process(world: &World) {
    vendor_and_accounts(world, true);
}

fn plugins_find_vendor_and_accounts_in_processes_of_their_own(world: &World) {
    vendor_and_accounts(world, false);
}

fn vendor_and_accounts(world: &World, in_process: bool) {
    let plugins = PluginDir::with(SHIPPED);
    let word = word();
    let vendor = company(world, &format!("Bakery {word} Ltd"));
    let earlier = Earlier::posted(world, &vendor, "2026-01-15");
    let draft = draft(world);
    let mut read = fields_for(world, draft.bill.id);
    read["partner_name"] = json!(format!("BAKERY \"{}\" EOOD", word.to_uppercase()));
    read["partner_vat"] = json!(null);
    read["partner_eik"] = json!(null);
    read["lines"][0]["description"] = json!("Paper");
    let server = ModelServer::new(read);
    let door = Door::open(settings(world, &server, &plugins, in_process));
    let run = door.ok(RUN, json!({"move_id": draft.bill.id}));
    assert_eq!((&run["ok"], &run["registry_generation"]), (&json!(true), &json!(1)), "{run}");
    let matched = found(&run, "vendor_match");
    assert_eq!(
        (&matched["partner_id"], &matched["matched_by"]),
        (&json!(vendor.id), &json!("name")),
        "{run}"
    );
    assert_eq!(found(&run, "duplicate_guard")["verdict"], "none", "{run}");
    let suggested = found(&run, "account_suggest");
    let lines = world
        .oracle()
        .search("account.move.line", json!([["move_id", "=", earlier.0.bill.id], ["name", "=", "Paper"]]));
    let account = world.oracle().field("account.move.line", lines[0], "account_id")[0].clone();
    assert_eq!(suggested["bills_looked_at"], 1, "{run}");
    assert_eq!(suggested["lines"][0]["accounts"][0]["account_id"], account, "{run}");
    assert_eq!(suggested["lines"][0]["basis"], "similar_lines", "{run}");
    assert_eq!(suggested["lines"][1]["basis"], "vendor_history", "{run}");
    // They propose; the bill keeps what it had.
    assert_eq!(value(world, draft.bill.id, "partner_id"), false, "{run}");
    earlier.end(world);
}

/// A bill that was entered under another way to write its number, so that only the plugin sees it, and a
/// model that reads the same document again.
pub(crate) fn entered_before(world: &World, vendor: &Temporary) -> (Draft, Draft, ModelServer) {
    let (oracle, number) = (world.oracle(), digits());
    let before = draft_with_line(world, vendor);
    let values = json!({"ref": format!("INV-00{number}"), "invoice_date": "2026-03-02"});
    oracle.call("account.move", "write", json!([[before.bill.id], values]), json!({}));
    let again = draft_with_line(world, vendor);
    let mut read = fields_for(world, again.bill.id);
    read["invoice_number"] = json!(format!("inv {number}"));
    (before, again, ModelServer::new(read))
}

fn a_duplicate_is_not_posted(world: &World) {
    let plugins = PluginDir::with(SHIPPED);
    let vendor = world.contact();
    for in_process in [true, false] {
        let (before, again, server) = entered_before(world, &vendor);
        let door =
            Door::open(settings(world, &server, &plugins, in_process).variable("AI_POSTING_METHOD", POSTING));
        let run = door.ok(RUN, json!({"move_id": again.bill.id}));
        assert_eq!((&run["ok"], &run["status"]), (&json!(false), &json!("aborted")), "{run}");
        let reason = run["abort_reason"].as_str().unwrap_or_default();
        assert!(reason.starts_with("duplicate_guard: "), "{run}");
        assert!(reason.contains(&format!("(id {})", before.bill.id)), "{run}");
        assert_eq!(found(&run, "duplicate_guard")["duplicates"][0]["id"], before.bill.id, "{run}");
        assert_eq!(run["final_next_step"], "awaiting_review", "{run}");
        assert_eq!(step(&run, "duplicate_guard")["status"], "abort", "{run}");
        assert_eq!(step(&run, "invoke_posting_skill")["status"], "abort", "{run}");
        assert_eq!(value(world, again.bill.id, "state"), "draft", "{run}");
        assert_eq!(value(world, again.bill.id, "ai_post_log"), false, "{run}");
        assert_eq!(value(world, again.bill.id, "ai_needs_review"), true, "{run}");
        assert_eq!(messages_with(world, again.bill.id, "A plugin stopped the run"), 1);
        // Not by coming back either.
        let once_more = door.ok(RUN, json!({"move_id": again.bill.id}));
        assert_eq!(once_more["abort_reason"], "already_extracted", "{once_more}");
        assert_eq!(value(world, again.bill.id, "state"), "draft", "{once_more}");
        assert_eq!(server.asked().len(), 1);
    }
}

fn a_bill_that_is_none_is_posted(world: &World) {
    let plugins = PluginDir::with(SHIPPED);
    let vendor = world.contact();
    let draft = draft_with_line(world, &vendor);
    let server = ModelServer::new(fields_for(world, draft.bill.id));
    let door = Door::open(settings(world, &server, &plugins, true).variable("AI_POSTING_METHOD", POSTING));
    // A run that ends before posting does not post.
    let run = door.ok(RUN, json!({"move_id": draft.bill.id, "stop_after": "account_suggest"}));
    assert_eq!(step(&run, "duplicate_guard")["status"], "ok", "{run}");
    assert_eq!(value(world, draft.bill.id, "state"), "draft", "{run}");
    let again = draft_with_line(world, &vendor);
    let server = ModelServer::new(fields_for(world, again.bill.id));
    let door = Door::open(settings(world, &server, &plugins, true).variable("AI_POSTING_METHOD", POSTING));
    let run = door.ok(RUN, json!({"move_id": again.bill.id}));
    assert_eq!((&run["ok"], &run["final_next_step"]), (&json!(true), &json!("posted")), "{run}");
    assert_eq!(value(world, again.bill.id, "state"), "posted", "{run}");
    back_to_draft(&world.oracle(), again.bill.id);
}

fn what_is_not_granted_is_refused_and_said(world: &World) {
    let plugins = PluginDir::with(&["vendor_match", "account_suggest"]);
    let draft = draft(world);
    let server = ModelServer::new(fields_for(world, draft.bill.id));
    let settings = settings(world, &server, &plugins, true)
        .variable("AI_PLUGIN_CAPABILITIES", "odoo.read:account.move,odoo.read:res.company");
    let door = Door::open(settings);
    let run = door.ok(RUN, json!({"move_id": draft.bill.id}));
    let failed = step(&run, "vendor_match");
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&json!("error"), &json!("capability_denied")),
        "{run}"
    );
    // Its `on_error` is `skip`: the run went on to its end.
    assert_eq!((&run["ok"], &run["status"]), (&json!(false), &json!("finished_with_errors")), "{run}");
    assert_eq!(step(&run, "invoke_posting_skill")["status"], "skip", "{run}");
    assert!(found(&run, "vendor_match").is_null(), "{run}");
}

fn a_guard_that_cannot_look_stops_the_run(world: &World) {
    let plugins = PluginDir::with(&["duplicate_guard"]);
    let vendor = world.contact();
    for in_process in [true, false] {
        let draft = draft_with_line(world, &vendor);
        let server = ModelServer::new(fields_for(world, draft.bill.id));
        let settings = settings(world, &server, &plugins, in_process)
            .variable("AI_PLUGIN_CAPABILITIES", "odoo.read:res.partner")
            .variable("AI_POSTING_METHOD", POSTING);
        let run = Door::open(settings).ok(RUN, json!({"move_id": draft.bill.id}));
        assert_eq!(step(&run, "duplicate_guard")["error"]["code"], "capability_denied", "{run}");
        assert_eq!((&run["ok"], &run["status"]), (&json!(false), &json!("failed")), "{run}");
        assert_eq!(value(world, draft.bill.id, "state"), "draft", "{run}");
        assert_eq!(value(world, draft.bill.id, "invoice_date"), "2026-03-02", "it was filled before: {run}");
    }
}

fn a_policy_holds_for_what_plugins_ask(world: &World) {
    let plugins = PluginDir::with(SHIPPED);
    let word = word();
    let vendor = company(world, &format!("Bakery {word}"));
    let reading = |draft: &Draft| {
        let mut read = fields_for(world, draft.bill.id);
        read["partner_name"] = json!(format!("Bakery {word}"));
        read["partner_vat"] = json!(null);
        read["partner_eik"] = json!(null);
        ModelServer::new(read)
    };
    let everything = json!({"ops": ["read", "create", "write", "unlink", "execute", "mail"]});
    // Who may not see the vendor at all does not find it through a plugin.
    let unseen = draft(world);
    let server = reading(&unseen);
    let scoped = json!({"version": "1", "default": "allow",
        "models": {"*": everything, "res.partner": {"domain": [["id", "!=", vendor.id]]}}});
    let door = Door::open(settings(world, &server, &plugins, true).policy(&scoped));
    match door.call(RUN, json!({"move_id": unseen.bill.id})) {
        Ok(run) => {
            assert_eq!(step(&run, "vendor_match")["status"], "ok", "{run}");
            assert!(found(&run, "vendor_match")["partner_id"].is_null(), "{run}");
            assert!(!run.to_string().contains(&format!("\"partner_id\":{}", vendor.id)), "{run}");
        }
        // Where the name of a partner is made of others in this Odoo, nobody may look for it at all.
        Err(refused) => assert_eq!(refused["rule"], "/models/res.partner/domain", "{refused}"),
    }
    let asked_before = server.asked().len();
    assert!(asked_before <= 1);
    // Where reading is refused altogether the call is, before anything is paid.
    let denied = draft(world);
    let server = reading(&denied);
    for model in ["res.partner", "account.move.line"] {
        let policy = json!({"version": "1", "default": "allow",
            "models": {"*": everything, model: {"ops": []}}});
        let door = Door::open(settings(world, &server, &plugins, false).policy(&policy));
        door.refused(RUN, json!({"move_id": denied.bill.id}), &["denied"]);
        // The look at the steps needs no Odoo.
        assert_eq!(door.ok("ai_invoice_pipeline_steps", json!({}))["count"], 12);
    }
    assert_eq!(server.asked().len(), 0);
    assert_eq!(value(world, denied.bill.id, "ref"), false);
}

fn what_plugins_asked_is_in_the_log(world: &World) {
    let plugins = PluginDir::with(SHIPPED);
    let word = word();
    let vendor = company(world, &format!("Bakery {word}"));
    for in_process in [true, false] {
        let draft = draft(world);
        let mut read = fields_for(world, draft.bill.id);
        read["partner_name"] = json!(format!("Bakery {word}"));
        read["partner_vat"] = json!(null);
        let server = ModelServer::new(read);
        let settings = settings(world, &server, &plugins, in_process)
            .variable("AI_PLUGIN_CAPABILITIES", "odoo.read:res.company,odoo.read:res.partner");
        let door = Door::open(settings);
        let run = door.ok(RUN, json!({"move_id": draft.bill.id}));
        assert_eq!(found(&run, "vendor_match")["partner_id"], vendor.id, "{run}");
        let lines = lines(&door);
        assert!(chain_holds(&lines));
        let opened = lines.iter().find(|line| line["tool"] == RUN).expect("an opening line");
        let closed = lines.iter().find(|line| line["event"] == "close" && line["call"] == opened["call"]);
        let closed = closed.expect("a closing line");
        let asked = closed["plugin_requests"].as_array().unwrap_or_else(|| panic!("{closed}"));
        let of = |model: &str, outcome: &str| {
            asked.iter().find(|asked| asked["model"] == model && asked["outcome"] == outcome)
        };
        let partners = of("res.partner", "answered").unwrap_or_else(|| panic!("{closed}"));
        assert_eq!(
            (&partners["plugin"], &partners["capability"]),
            (&json!("vendor_match"), &json!("odoo.read"))
        );
        assert!(
            of("res.company", "answered").is_some_and(|asked| asked["count"].as_u64() > Some(0)),
            "{closed}"
        );
        let refused = of("account.move", "capability_denied").unwrap_or_else(|| panic!("{closed}"));
        assert_eq!(refused["plugin"], "duplicate_guard", "{closed}");
        // Who was looked for is nobody's business.
        assert!(!json!(lines).to_string().contains(&word), "{lines:?}");
    }
}

fn steps_of_plugins_are_listed_before_posting(world: &World) {
    let plugins = PluginDir::with(SHIPPED);
    let door = Door::open(plugins.settings(DoorSettings::new(world.via), true));
    let listed = door.ok("ai_invoice_pipeline_steps", json!({}));
    let steps = listed["steps"].as_array().expect("steps");
    let sequences: Vec<u64> = steps.iter().filter_map(|step| step["sequence"].as_u64()).collect();
    assert_eq!(sequences, [10, 15, 20, 50, 100, 150, 200, 210, 500, 510, 520, 10_000], "{listed}");
    assert_eq!(steps[8]["provenance"]["plugin"], "vendor_match", "{listed}");
    assert_eq!((&steps[9]["name"], &steps[9]["on_error"]), (&json!("duplicate_guard"), &json!("abort")));
    assert_eq!(steps[11]["name"], "invoke_posting_skill", "{listed}");
}
