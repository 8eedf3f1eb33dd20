//! Bills through the pipeline: from a file to a filled draft, paid, written and told once, whatever
//! happens on the way. Odoo itself is asked what became of them; the model is a server of the tests.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    extraction::{bill, ledger, settings_with},
    harness::{
        Behaviour, Door, ModelServer, SignInBy, Temporary, World,
        papers::{base64_of, pdf},
        unique,
    },
};

super::scenarios![
    a_bill_goes_from_file_to_filled_draft,
    many_runs_of_one_bill_pay_once,
    hostile_text_is_only_text,
    a_foreign_file_is_refused,
    another_state_is_left_alone,
    a_rehearsal_changes_nothing,
    a_policy_against_writing_stops_before_the_money,
    bad_arguments_are_refused,
    steps_are_listed,
    a_killed_run_is_finished_once,
];

pub(crate) const RUN: &str = "ai_invoice_pipeline_run";
pub(crate) const EXTRACT: &str = "ai_invoice_extract";
/// What one reading of the scripted model costs, in millicents of a euro.
pub(crate) const COST: i64 = 414;
/// No Odoo of the tests has a record of this number.
const GONE: i64 = 2_000_000_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// A draft vendor bill with a file.
pub(crate) struct Draft {
    pub(crate) bill: Temporary,
    pub(crate) file: Temporary,
}

pub(crate) fn draft(world: &World) -> Draft {
    let bill = world.temporary("account.move", json!({"move_type": "in_invoice"}));
    let file = file_of(world, "account.move", bill.id);
    Draft { bill, file }
}

pub(crate) fn file_of(world: &World, model: &str, id: i64) -> Temporary {
    let name = unique("bill");
    let content = base64_of(&pdf(1, &name));
    let values = json!({"name": format!("{name}.pdf"), "datas": content, "res_model": model, "res_id": id,
        "mimetype": "application/pdf"});
    world.temporary("ir.attachment", values)
}

/// What the model reads: a bill with a number of its own.
pub(crate) fn fields() -> Value {
    let mut fields = bill();
    fields["invoice_number"] = json!(unique("F"));
    fields
}

pub(crate) fn door(world: &World, server: &ModelServer) -> Door {
    Door::open(settings_with(world, server, "anthropic"))
}

pub(crate) fn value(world: &World, bill: i64, field: &str) -> Value {
    world.oracle().field("account.move", bill, field)
}

/// Notes of the pipeline on a bill.
pub(crate) fn notes(world: &World, bill: i64) -> Vec<String> {
    let oracle = world.oracle();
    let ids = oracle.search("mail.message", json!([["model", "=", "account.move"], ["res_id", "=", bill]]));
    ids.iter()
        .filter_map(|id| oracle.field("mail.message", *id, "body").as_str().map(str::to_owned))
        .filter(|body| body.contains("run-"))
        .collect()
}

fn a_bill_goes_from_file_to_filled_draft(world: &World) {
    let read = fields();
    let server = ModelServer::new(read.clone());
    let door = door(world, &server);
    let draft = draft(world);
    let run = door.ok(RUN, json!({"move_id": draft.bill.id}));
    assert_eq!((&run["ok"], &run["status"]), (&json!(true), &json!("finished")), "{run}");
    assert_eq!(value(world, draft.bill.id, "ref"), read["invoice_number"]);
    assert_eq!(value(world, draft.bill.id, "invoice_date"), "2026-03-02");
    assert_eq!(ledger(&door), [("success".to_owned(), "claude-haiku-4-5".to_owned(), COST)]);
    let told = notes(world, draft.bill.id);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("<table") && !told[0].contains("&lt;table"), "{told:?}");
    let again = door.ok(RUN, json!({"move_id": draft.bill.id}));
    assert_eq!(
        (&again["ok"], &again["abort_reason"]),
        (&json!(false), &json!("already_extracted")),
        "{again}"
    );
    let extracted = door.ok(EXTRACT, json!({"move_id": draft.bill.id, "attachment_id": draft.file.id}));
    assert_eq!((&extracted["ok"], &extracted["reused"]), (&json!(true), &json!(true)), "{extracted}");
    assert_eq!(extracted["writeback"]["fields_written"], json!([]), "{extracted}");
    assert_eq!((server.asked().len(), ledger(&door).len(), notes(world, draft.bill.id).len()), (1, 1, 1));
}

fn many_runs_of_one_bill_pay_once(world: &World) {
    let server = ModelServer::new(fields());
    let door = door(world, &server);
    let draft = draft(world);
    let pending: Vec<_> = (0..8).map(|_| door.begin(RUN, json!({"move_id": draft.bill.id}))).collect();
    let ended: Vec<Value> = pending.into_iter().map(|pending| pending.result().expect("a record")).collect();
    assert_eq!(ended.iter().filter(|run| run["ok"] == true).count(), 1, "{ended:?}");
    assert_eq!(ended.iter().filter(|run| run["abort_reason"] == "already_extracted").count(), 7, "{ended:?}");
    assert_eq!((server.asked().len(), ledger(&door).len(), notes(world, draft.bill.id).len()), (1, 1, 1));
}

fn hostile_text_is_only_text(world: &World) {
    let mut read = fields();
    read["partner_name"] = json!("<script>alert(1)</script>");
    read["lines"][0]["description"] = json!("<img src=x onerror=alert(1)>");
    let server = ModelServer::new(read);
    let door = door(world, &server);
    let draft = draft(world);
    door.ok(RUN, json!({"move_id": draft.bill.id}));
    let told = notes(world, draft.bill.id).concat();
    assert!(told.contains("&lt;script&gt;") && !told.contains("<script") && !told.contains("<img"), "{told}");
}

fn a_foreign_file_is_refused(world: &World) {
    let server = ModelServer::new(fields());
    let door = door(world, &server);
    let draft = draft(world);
    let contact = world.contact();
    let foreign = file_of(world, "res.partner", contact.id);
    for (tool, arguments) in [
        (RUN, json!({"move_id": draft.bill.id, "attachment_id": foreign.id})),
        (EXTRACT, json!({"move_id": draft.bill.id, "attachment_id": foreign.id})),
    ] {
        door.refused(tool, arguments.clone(), &["foreign_attachment"]);
        let mut rehearsed = arguments;
        rehearsed["dry_run"] = json!(true);
        door.refused(tool, rehearsed, &["foreign_attachment"]);
    }
    let missing = json!({"move_id": draft.bill.id, "attachment_id": GONE});
    door.refused(RUN, missing.clone(), &["not_found"]);
    door.refused(EXTRACT, missing, &["not_found"]);
    door.refused(EXTRACT, json!({"attachment_id": GONE}), &["not_found"]);
    // A refused call leaves nothing behind that would stand in the way of a good one.
    assert_eq!(notes(world, draft.bill.id).len(), 0);
    door.ok(RUN, json!({"move_id": draft.bill.id, "stop_after": "probe_move"}));
    assert_eq!((server.asked().len(), ledger(&door).len()), (0, 0));
}

fn another_state_is_left_alone(world: &World) {
    let server = ModelServer::new(fields());
    let door = door(world, &server);
    let entry = world.temporary("account.move", json!({"move_type": "entry"}));
    let _file = file_of(world, "account.move", entry.id);
    let run = door.ok(RUN, json!({"move_id": entry.id}));
    assert_eq!((&run["ok"], &run["abort_reason"]), (&json!(false), &json!("not_a_vendor_bill")), "{run}");
    let empty = world.temporary("account.move", json!({"move_type": "in_invoice"}));
    let run = door.ok(RUN, json!({"move_id": empty.id}));
    assert_eq!(run["abort_reason"], "no_attachment", "{run}");
    door.refused(RUN, json!({"move_id": GONE}), &["not_found"]);
    door.refused(RUN, json!({"move_id": GONE, "dry_run": true}), &["not_found"]);
    door.refused(EXTRACT, json!({"move_id": GONE, "attachment_id": GONE}), &["not_found"]);
    assert_eq!(server.asked().len(), 0);
}

fn a_rehearsal_changes_nothing(world: &World) {
    let server = ModelServer::new(fields());
    let door = door(world, &server);
    let draft = draft(world);
    let told = door.ok(RUN, json!({"move_id": draft.bill.id, "dry_run": true}));
    assert_eq!(told["rehearsal"]["extraction"]["model"], "claude-haiku-4-5", "{told}");
    assert!(told["rehearsal"]["extraction"]["estimate_eur_millicents"].as_i64() > Some(0), "{told}");
    assert_eq!((server.asked().len(), ledger(&door).len(), notes(world, draft.bill.id).len()), (0, 0, 0));
    let stopped = door.ok(RUN, json!({"move_id": draft.bill.id, "stop_after": "probe_move"}));
    assert_eq!(server.asked().len(), 0, "{stopped}");
}

fn a_policy_against_writing_stops_before_the_money(world: &World) {
    let server = ModelServer::new(fields());
    let policy = json!({"version": "1", "default": "allow", "models": {"account.move": {"ops": ["read"]}}});
    let settings = settings_with(world, &server, "anthropic").policy(&policy);
    let door = Door::open(settings);
    let draft = draft(world);
    door.call(RUN, json!({"move_id": draft.bill.id})).expect_err("refused");
    door.call(EXTRACT, json!({"move_id": draft.bill.id, "attachment_id": draft.file.id}))
        .expect_err("refused");
    assert_eq!((server.asked().len(), ledger(&door).len()), (0, 0));
    assert_eq!(value(world, draft.bill.id, "ref"), json!(false));
}

fn bad_arguments_are_refused(world: &World) {
    let server = ModelServer::new(fields());
    let door = door(world, &server);
    for arguments in [
        json!({}),
        json!({"move_id": 0}),
        json!({"move_id": -1}),
        json!({"move_id": 1, "attachment_id": -3}),
        json!({"move_id": 1, "source": "fax"}),
        json!({"move_id": 1, "nope": 1}),
    ] {
        door.call(RUN, arguments.clone()).expect_err(&arguments.to_string());
    }
    for (arguments, code) in [
        (json!({"move_id": 1, "tenant_code": "somebody_else"}), "tenant_not_yours"),
        (json!({"move_id": 1, "stop_after": "nope"}), "unknown_step"),
        (json!({"move_id": 1, "override_budget": true}), "override_not_allowed"),
    ] {
        door.refused(RUN, arguments, &[code]);
    }
    door.refused(EXTRACT, json!({"attachment_id": 1, "model_override": "other"}), &["model_not_allowed"]);
    let without = Door::open(world.settings());
    without.refused(RUN, json!({"move_id": 1}), &["language_model_not_set_up"]);
    assert_eq!(server.asked().len(), 0);
}

fn steps_are_listed(world: &World) {
    let door = world.door_without_connection();
    let listed = door.ok("ai_invoice_pipeline_steps", json!({}));
    assert_eq!(listed["count"], 9);
    assert_eq!(listed["steps"][0]["name"], "probe_move");
    assert_eq!(listed["steps"][0]["provenance"]["kind"], "built_in");
}

/// The program is killed at every request it makes to Odoo, before Odoo sees it and after it was done.
fn a_killed_run_is_finished_once(world: &World) {
    killed_everywhere(world, &Behaviour::Hang);
    killed_everywhere(world, &Behaviour::HangAfter);
}

/// A real Odoo takes seconds for what the sandbox does at once: there each way to sign in takes every
/// fourth request, and here every second, so that together they take half or all of them.
const fn killed_every(world: &World) -> usize {
    if world.is_real { 4 } else { 2 }
}

fn killed_everywhere(world: &World, how: &Behaviour) {
    let step = killed_every(world);
    let mut at = match world.by {
        SignInBy::Password => 1,
        SignInBy::ApiKey => 1 + step / 2,
    };
    loop {
        let read = fields();
        let server = ModelServer::new(read.clone());
        let front = world.front();
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&seen);
        let stuck = how.clone();
        front.behave(move |_| {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            if number >= at { stuck.clone() } else { Behaviour::Pass }
        });
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings_with(world, &server, "anthropic").state(folder.path());
        let draft = draft(world);
        let arguments = json!({"move_id": draft.bill.id});
        let door = Door::open(settings.clone().variable("ODOO_URL", &front.url()));
        let pending = door.begin(RUN, arguments.clone());
        let since = Instant::now();
        let mut ended = None;
        let is_stuck = || match how {
            Behaviour::HangAfter => front.held_back() > 0,
            _ => seen.load(Ordering::SeqCst) >= at,
        };
        while !is_stuck() && ended.is_none() && since.elapsed() < PATIENCE {
            ended = pending.answered_within(Duration::from_millis(20));
        }
        door.kill();
        if ended.is_some() {
            assert!(at > 10, "a run makes more than {at} requests");
            return;
        }
        // Another address is another tenant, so the second program goes through the front as well.
        front.always(Behaviour::Pass);
        let door = Door::open(settings.variable("ODOO_URL", &front.url()));
        let run = door.ok(RUN, arguments);
        assert_eq!(run["ok"], true, "killed at request {at} ({how:?}): {run}");
        assert_eq!(server.asked().len(), 1, "killed at request {at} ({how:?}): one charge");
        assert_eq!(ledger(&door).len(), 1, "killed at request {at} ({how:?})");
        assert_eq!(
            value(world, draft.bill.id, "ref"),
            read["invoice_number"],
            "killed at request {at} ({how:?})"
        );
        assert_eq!(notes(world, draft.bill.id).len(), 1, "killed at request {at} ({how:?}): one note");
        at += step;
        thread::yield_now();
    }
}
