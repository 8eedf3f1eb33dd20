//! Pipelines in Odoo that name steps of this program: a bill is read and filled between two methods of
//! Odoo, paid and written once whatever happens, and nothing that Odoo says about the reading is
//! believed.

use std::{
    sync::{
        Arc, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    bill_stops::{POSTING, draft_of_other_company, fields_for, messages_with},
    bills::{COST, draft, fields, file_of, notes, value},
    extraction::{BUDGETS, Budgeted, ledger, settings_with},
    harness::{
        Behaviour, Door, DoorSettings, Front, ModelServer, Oracle, Recorded, SignInBy, World,
        plugins::PluginDir,
    },
    pipelines::{ALLOWED, Pipeline, STEPS, everything, statuses, with},
    plugins::entered_before,
};

super::scenarios![
    a_bill_is_read_and_filled_between_steps_of_odoo,
    a_step_does_what_it_needs_first,
    a_spent_budget_ends_the_pipeline,
    an_abort_ends_the_pipeline,
    steps_that_cannot_run_are_errors,
    a_policy_on_the_bill_stops_before_the_money,
    what_odoo_says_of_the_reading_is_not_believed,
    own_steps_that_appear_meanwhile_stop_the_call,
    one_own_step_runs_by_its_name,
    a_rehearsal_reads_and_pays_nothing,
    many_at_once_pay_once,
    a_killed_pipeline_is_finished_once,
    steps_of_plugins_run_by_their_names,
    the_shipped_policy_lets_bills_be_filled,
];

const RUN: &str = "ai_pipeline_run";
const OWN: &str = "mcp.invoice";
const PATIENCE: Duration = Duration::from_secs(60);

fn settings(world: &World, server: &ModelServer) -> DoorSettings {
    settings_with(world, server, "anthropic").variable("AI_PIPELINE_ALLOWED_METHODS", ALLOWED)
}

/// A step of this program.
fn own<'w>(pipeline: Pipeline<'w>, name: &str) -> Pipeline<'w> {
    pipeline.with(name, json!({"model": OWN}))
}

fn on(pipeline: &Pipeline<'_>, bill: i64) -> Value {
    json!({"pipeline": pipeline.name, "source_model": "account.move", "source_id": bill})
}

fn step(answer: &Value, place: usize) -> &Value {
    &answer["step_runs"][place]
}

/// What Odoo was told by the calls for a bill, in order. Cleans up behind itself.
#[track_caller]
fn told(oracle: &Oracle, bill: i64) -> Vec<Value> {
    let domain = json!([["source_model", "=", "account.move"], ["source_id", "=", bill]]);
    let ids = oracle.search("ai.test.call", domain);
    let contexts = ids
        .iter()
        .map(|id| {
            let text = oracle.field("ai.test.call", *id, "context");
            serde_json::from_str(text.as_str().expect("a text")).expect("a context")
        })
        .collect();
    if !ids.is_empty() {
        oracle.call("ai.test.call", "unlink", json!([ids]), json!({}));
    }
    contexts
}

/// How often the model was asked, what the ledger holds, and how many notes the bill has.
fn counts(world: &World, server: &ModelServer, door: &Door, bill: i64) -> (usize, usize, usize) {
    (server.asked().len(), ledger(door).len(), notes(world, bill).len())
}

fn a_bill_is_read_and_filled_between_steps_of_odoo(world: &World) {
    let (oracle, draft) = (world.oracle(), draft(world));
    let bill = draft.bill.id;
    let read = fields_for(world, bill);
    let server = ModelServer::new(read.clone());
    let door = Door::open(settings(world, &server));
    let mut pipeline = own(Pipeline::new(world), "probe_move");
    for name in ["guard_already_extracted", "guard_monthly_budget", "retrieve_few_shot_examples"] {
        pipeline = own(pipeline, name);
    }
    pipeline = own(pipeline, "extract_vision").with("step_note", json!({}));
    for name in ["normalize_bg_fields", "log_usage", "write_back_move", "invoke_posting_skill"] {
        pipeline = own(pipeline, name);
    }
    pipeline = pipeline.with("step_count", json!({}));
    let answer = door.ok(RUN, on(&pipeline, bill));
    assert_eq!((&answer["state"], &answer["aborted"]), (&json!("done"), &json!(false)), "{answer}");
    let expected = ["ok", "ok", "ok", "skip", "ok", "ok", "ok", "ok", "ok", "skip", "ok"];
    assert_eq!(statuses(&answer), expected, "{answer}");
    assert_eq!(value(world, bill, "ref"), read["invoice_number"]);
    assert_eq!(value(world, bill, "invoice_date"), "2026-03-02");
    assert_eq!(ledger(&door), [("success".to_owned(), "claude-haiku-4-5".to_owned(), COST)]);
    assert_eq!(counts(world, &server, &door, bill), (1, 1, 1));
    assert_eq!(answer["local_run"]["ok"], true, "{answer}");
    assert_eq!(answer["local_run"]["final_next_step"], "awaiting_skill_post", "{answer}");
    // Odoo sees what is known, and no more than a caller would.
    let told_to_odoo = told(&oracle, bill);
    assert_eq!(told_to_odoo.len(), 2);
    let known = &told_to_odoo[0]["mcp_data"];
    assert_eq!(known["extracted_data"]["invoice_number"], read["invoice_number"], "{known}");
    assert!(known.get("writeback").is_none() && known.get("raw_response").is_none(), "{known}");
    assert!(told_to_odoo[1]["mcp_data"]["writeback"]["fields_written"].is_array());
    assert_eq!(oracle.field("ai.pipeline.step", pipeline.step(8), "last_run_state"), "ok");

    let again = door.ok(RUN, on(&pipeline, bill));
    assert_eq!((&again["state"], &again["abort_reason"]), (&json!("aborted"), &json!("already_extracted")));
    assert_eq!(
        statuses(&again)[1..],
        ["ok", "abort", "abort", "abort", "abort", "abort", "abort", "abort", "abort", "abort"]
    );
    assert_eq!(told(&oracle, bill).len(), 0, "no step of Odoo comes after it");
    assert_eq!(counts(world, &server, &door, bill), (1, 1, 1));
}

fn a_step_does_what_it_needs_first(world: &World) {
    let read = fields();
    let server = ModelServer::new(read.clone());
    let (door, draft) = (Door::open(settings(world, &server)), draft(world));
    let bill = draft.bill.id;
    let mut pipeline = own(own(Pipeline::new(world), "extract_vision"), "extract_vision");
    pipeline = own(own(pipeline, "write_back_move"), "write_back_move");
    for run in 0..2 {
        let answer = door.ok(RUN, on(&pipeline, bill));
        assert_eq!(statuses(&answer), ["ok", "skip", "ok", "skip"], "run {run}: {answer}");
        let said = |place: usize| step(&answer, place)["message"].as_str().unwrap_or_default().to_owned();
        assert!(said(0).contains("probe_move") && said(0).contains("guard_monthly_budget"), "{answer}");
        assert!(said(2).contains("normalize_bg_fields") && said(2).contains("log_usage"), "{answer}");
        let written = &answer["final_ctx"]["mcp_data"]["writeback"]["fields_written"];
        assert_eq!(written.as_array().map_or(0, Vec::len) > 0, run == 0, "{answer}");
        // The second run finds the answer that was paid for, and a bill that is filled.
        assert_eq!(counts(world, &server, &door, bill), (1, 1, 1), "run {run}");
    }
    assert_eq!(value(world, bill, "ref"), read["invoice_number"]);
    // What Odoo did meanwhile may have changed the bill, so it is looked at again before the money.
    let empty = world.temporary("account.move", json!({"move_type": "in_invoice"}));
    let file = file_of(world, "account.move", empty.id);
    let pipeline = own(Pipeline::new(world), "probe_move").with("step_note", json!({}));
    let pipeline = own(pipeline, "extract_vision");
    let (front, oracle, file_id) = (world.front(), world.oracle(), file.id);
    front.behave(move |message| {
        if (Recorded { message: message.clone() }).calls(STEPS, "step_note") {
            let elsewhere = json!([[file_id], {"res_model": "res.company", "res_id": 1}]);
            oracle.call("ir.attachment", "write", elsewhere, json!({}));
        }
        Behaviour::Pass
    });
    let door = Door::open(settings(world, &server).variable("ODOO_URL", &front.url()));
    let answer = door.ok(RUN, on(&pipeline, empty.id));
    assert_eq!((&answer["abort_reason"], server.asked().len()), (&json!("no_attachment"), 1), "{answer}");
    assert_eq!(told(&world.oracle(), empty.id).len(), 1);
}

fn a_spent_budget_ends_the_pipeline(world: &World) {
    let _alone = BUDGETS.lock().unwrap_or_else(PoisonError::into_inner);
    let server = ModelServer::new(fields());
    let (oracle, door) = (world.oracle(), Door::open(settings(world, &server)));
    let other = draft_of_other_company(world);
    let bill = other.draft.bill.id;
    let company = Budgeted { oracle: world.oracle(), id: 2 };
    company.may_spend(0.000_01);
    let pipeline = own(Pipeline::new(world), "extract_vision").with("step_note", json!({}));
    let pipeline = own(pipeline, "write_back_move");
    let answer = door.ok(RUN, on(&pipeline, bill));
    assert_eq!((&answer["state"], &answer["abort_reason"]), (&json!("aborted"), &json!("budget_exceeded")));
    assert_eq!(statuses(&answer)[1..], ["abort", "abort"], "{answer}");
    assert_eq!(answer["final_ctx"]["mcp_abort"], true, "{answer}");
    assert_eq!((server.asked().len(), ledger(&door).len(), told(&oracle, bill).len()), (0, 0, 0));
    assert_eq!(value(world, bill, "ref"), false);
    assert_eq!(value(world, bill, "ai_needs_review"), true);
}

fn an_abort_ends_the_pipeline(world: &World) {
    let server = ModelServer::new(fields());
    let (oracle, door) = (world.oracle(), Door::open(settings(world, &server)));
    let empty = world.temporary("account.move", json!({"move_type": "in_invoice"}));
    let entry = world.temporary("account.move", json!({"move_type": "entry"}));
    let pipeline = own(Pipeline::new(world), "extract_vision").with("step_note", json!({}));
    for (bill, reason) in [(empty.id, "no_attachment"), (entry.id, "not_a_vendor_bill")] {
        let answer = door.ok(RUN, on(&pipeline, bill));
        assert_eq!((&answer["state"], &answer["abort_reason"]), (&json!("aborted"), &json!(reason)));
        assert_eq!(statuses(&answer), ["ok", "abort"], "{answer}");
        assert!(step(&answer, 0)["message"].as_str().is_some_and(|said| said.contains(reason)), "{answer}");
        assert_eq!(answer["final_ctx"]["mcp_abort"], true, "{answer}");
        assert_eq!(told(&oracle, bill).len(), 0);
    }
    assert_eq!((server.asked().len(), ledger(&door).len()), (0, 0));
}

fn steps_that_cannot_run_are_errors(world: &World) {
    let server = ModelServer::new(fields());
    let (oracle, door, draft) = (world.oracle(), Door::open(settings(world, &server)), draft(world));
    let bill = draft.bill.id;
    let unknown = own(Pipeline::new(world), "read_minds").with("step_note", json!({}));
    let answer = door.ok(RUN, on(&unknown, bill));
    assert_eq!((statuses(&answer), &answer["state"]), (vec!["error", "ok"], &json!("done_with_errors")));
    assert!(step(&answer, 0)["message"].as_str().is_some_and(|why| why.contains("unknown_step")), "{answer}");
    assert!(answer.get("local_run").is_none(), "nothing was begun: {answer}");
    assert_eq!(told(&oracle, bill).len(), 1);
    let strict = Pipeline::new(world)
        .with("read_minds", json!({"model": "mcp", "on_error": "abort"}))
        .with("step_note", json!({}));
    let answer = door.ok(RUN, on(&strict, bill));
    assert_eq!((statuses(&answer), &answer["state"]), (vec!["error", "abort"], &json!("aborted")));
    // Nothing was read, so there is nothing to write.
    let late = own(own(Pipeline::new(world), "write_back_move"), "invoke_posting_skill");
    assert_eq!(statuses(&door.ok(RUN, on(&late, bill))), ["skip", "skip"]);
    let contact = world.contact();
    let reading = own(Pipeline::new(world), "extract_vision");
    let elsewhere = with(on(&reading, contact.id), json!({"source_model": "res.partner"}));
    let answer = door.ok(RUN, elsewhere);
    assert!(step(&answer, 0)["message"].as_str().is_some_and(|why| why.contains("not_a_bill")), "{answer}");
    let poor = Door::open(world.settings());
    let answer = poor.ok(RUN, on(&reading, bill));
    let why = step(&answer, 0)["message"].as_str().unwrap_or_default();
    assert!(why.contains("language_model_not_set_up"), "{answer}");
    assert_eq!((server.asked().len(), told(&oracle, bill).len()), (0, 0));
    assert_eq!(value(world, bill, "ref"), false);
}

fn a_policy_on_the_bill_stops_before_the_money(world: &World) {
    let server = ModelServer::new(fields());
    let (oracle, draft) = (world.oracle(), draft(world));
    let bill = draft.bill.id;
    let pipeline = Pipeline::new(world).with("step_note", json!({}));
    let pipeline = own(own(pipeline, "extract_vision"), "write_back_move");
    for narrowed in [
        json!({"account.move": {"ops": ["read"]}}),
        json!({"account.move": {"ops": ["read", "write", "mail"], "fields": {"ref": {"write": "deny"}}}}),
        json!({"ir.attachment": {"fields": {"datas": {"read": "deny"}}}}),
    ] {
        let models = with(everything(), narrowed.clone());
        let policy = json!({"version": "1", "default": "allow", "models": models});
        let door = Door::open(settings(world, &server).policy(&policy));
        let error = door.call(RUN, on(&pipeline, bill)).expect_err(&narrowed.to_string());
        assert_eq!(error["code"], "denied", "{narrowed}: {error}");
        assert_eq!((server.asked().len(), told(&oracle, bill).len()), (0, 0), "{narrowed}");
        // Looking at it is another matter.
        let looked = door.ok(RUN, with(on(&pipeline, bill), json!({"dry_run": true})));
        assert_eq!(statuses(&looked), ["would_run", "would_run", "would_run"], "{narrowed}: {looked}");
    }
    assert_eq!(value(world, bill, "ref"), false);
    assert_eq!(notes(world, bill).len(), 0);
    // The same rule says nothing about a pipeline that leaves the bill alone.
    let models = with(everything(), json!({"account.move": {"ops": ["read"]}}));
    let policy = json!({"version": "1", "default": "allow", "models": models});
    let door = Door::open(settings(world, &server).policy(&policy));
    let harmless = own(Pipeline::new(world).with("step_note", json!({})), "probe_move");
    assert_eq!(door.ok(RUN, on(&harmless, bill))["state"], "done");
    told(&oracle, bill);
}

/// The context within a call of a step, on whichever route.
fn context_within(value: &Value) -> Option<Value> {
    match value {
        Value::Object(members) if members.contains_key("source_model") => Some(value.clone()),
        Value::Object(members) => members.values().find_map(context_within),
        Value::Array(items) => items.iter().find_map(context_within),
        _ => None,
    }
}

/// Answers a step of Odoo with the context that was sent, changed.
fn forging(front: &Front, method: &'static str, forge: fn(&mut Value)) {
    front.behave(move |message| {
        let asked = Recorded { message: message.clone() };
        if !asked.calls(STEPS, method) {
            return Behaviour::Pass;
        }
        let body = asked.json();
        let mut context = context_within(&body).expect("a context");
        forge(&mut context);
        let answer = if message.path().starts_with("/json/2/") {
            context
        } else {
            json!({"jsonrpc": "2.0", "id": body["id"], "result": context})
        };
        Behaviour::Answer { status: 200, content_type: "application/json", body: answer.to_string() }
    });
}

fn what_odoo_says_of_the_reading_is_not_believed(world: &World) {
    let read = fields();
    let server = ModelServer::new(read.clone());
    let (draft, front) = (draft(world), world.front());
    let bill = draft.bill.id;
    forging(&front, "step_note", |context| {
        let evil = json!({"invoice_number": "EVIL", "invoice_date": "1999-09-09", "partner_vat": "BG831641791",
            "amount_total": 1_000_000, "ref": "EVIL"});
        context["mcp_data"] = json!({
            "extracted_data": evil, "extraction": evil, "data": evil, "vision_summary": {"state": "success"},
            "move": {"id": 1, "state": "draft"}, "move_id": 1, "attachment_id": 1, "run_id": "run-forged",
            "budget": {"limit": null, "spent": 0}, "writeback": {"fields_written": ["ref"], "message_id": 1},
            "next_step": "posted", "from": "somebody else",
        });
        context["composite_fields"] = evil.clone();
        context["extraction"] = evil;
        context["source_id"] = json!(1);
        context["tenant_code"] = json!("somebody-else");
    });
    let door = Door::open(settings(world, &server).variable("ODOO_URL", &front.url()));
    let mut pipeline = Pipeline::new(world).with("step_note", json!({}));
    pipeline = own(pipeline, "extract_vision").with("step_note", json!({}));
    pipeline = own(pipeline, "write_back_move").with("step_note", json!({}));
    let answer = door.ok(RUN, on(&pipeline, bill));
    assert_eq!(statuses(&answer), ["ok", "ok", "ok", "ok", "ok"], "{answer}");
    assert_eq!(value(world, bill, "ref"), read["invoice_number"]);
    assert_eq!(value(world, bill, "invoice_date"), "2026-03-02");
    let (record, known) = (&answer["local_run"], &answer["final_ctx"]["mcp_data"]);
    assert_eq!((&known["move"]["id"], &record["attachment_id"]), (&json!(bill), &json!(draft.file.id)));
    assert!(!record.to_string().contains("EVIL") && !known.to_string().contains("EVIL"), "{answer}");
    assert_eq!((&known["run_id"], &known["from"]), (&record["run_id"], &json!(null)), "{answer}");
    let told = notes(world, bill);
    assert!(told.len() == 1 && !told[0].contains("EVIL") && !told[0].contains("1999"), "{told:?}");
    assert_eq!(counts(world, &server, &door, bill), (1, 1, 1));
}

fn own_steps_that_appear_meanwhile_stop_the_call(world: &World) {
    let server = ModelServer::new(fields());
    let (draft, front) = (draft(world), world.front());
    let bill = draft.bill.id;
    let door = Door::open(settings(world, &server).variable("ODOO_URL", &front.url()));
    let pipeline = own(Pipeline::new(world), "probe_move").with("step_silent", json!({}));
    let (oracle, changed) = (world.oracle(), pipeline.step(1));
    // The steps are read for the decision and once more for the run: between the two somebody writes.
    let reads = AtomicUsize::new(0);
    front.behave(move |message| {
        let text = format!("{} {}", message.path(), String::from_utf8_lossy(&message.body));
        let asks_for_steps = text.contains("ai.pipeline.step") && text.contains("trigger_domain");
        if asks_for_steps && !text.contains("fields_get") && reads.fetch_add(1, Ordering::SeqCst) == 1 {
            let values = json!([[changed], {"model": OWN, "method": "extract_vision"}]);
            oracle.call("ai.pipeline.step", "write", values, json!({}));
        }
        Behaviour::Pass
    });
    door.refused(RUN, on(&pipeline, bill), &["conflict"]);
    assert_eq!((server.asked().len(), ledger(&door).len()), (0, 0));
    let answer = door.ok(RUN, on(&pipeline, bill));
    assert_eq!(statuses(&answer), ["ok", "ok"], "{answer}");
    assert_eq!(server.asked().len(), 1);
}

fn one_own_step_runs_by_its_name(world: &World) {
    let server = ModelServer::new(fields());
    let (oracle, door, draft) = (world.oracle(), Door::open(settings(world, &server)), draft(world));
    let bill = draft.bill.id;
    let pipeline = own(own(Pipeline::new(world), "extract_vision"), "write_back_move");
    let pipeline = own(pipeline, "read_minds");
    let one = |place: usize, more: Value| {
        let name = oracle.field("ai.pipeline.step", pipeline.step(place), "name");
        let arguments = json!({"step_name": name, "source_model": "account.move", "source_id": bill});
        door.ok("ai_pipeline_step_execute", with(arguments, more))
    };
    let rehearsed = one(0, json!({"dry_run": true}));
    assert_eq!((&rehearsed["status"], server.asked().len()), (&json!("would_run"), 0), "{rehearsed}");
    let answer = one(0, json!({"composite_fields": {"invoice_number": "EVIL"}}));
    assert_eq!((&answer["status"], server.asked().len()), (&json!("ok"), 1), "{answer}");
    assert!(answer["ctx"]["mcp_data"]["extracted_data"]["invoice_number"].is_string(), "{answer}");
    assert_eq!(one(0, json!({}))["status"], "ok");
    assert_eq!((server.asked().len(), ledger(&door).len()), (1, 1), "it is not paid again");
    let answer = one(1, json!({"composite_fields": {"invoice_number": "EVIL", "ref": "EVIL"}}));
    assert_eq!(answer["status"], "skip", "what a caller says was read is not written: {answer}");
    assert_eq!(value(world, bill, "ref"), false);
    let answer = one(2, json!({}));
    assert!(answer["error"].as_str().is_some_and(|why| why.contains("unknown_step")), "{answer}");
}

fn a_rehearsal_reads_and_pays_nothing(world: &World) {
    let server = ModelServer::new(fields());
    let (oracle, draft, front) = (world.oracle(), draft(world), world.front());
    let bill = draft.bill.id;
    let door = Door::open(settings(world, &server).variable("ODOO_URL", &front.url()));
    let pipeline = own(Pipeline::new(world), "extract_vision").with("step_note", json!({}));
    let pipeline = own(own(pipeline, "read_minds"), "write_back_move");
    let answer = door.ok(RUN, with(on(&pipeline, bill), json!({"dry_run": true})));
    assert_eq!(answer["state"], "dry_run", "{answer}");
    assert_eq!(statuses(&answer), ["would_run", "would_run", "error", "would_run"], "{answer}");
    for (model, method) in [("ir.attachment", "read"), ("account.move", "write"), (STEPS, "step_note")] {
        assert_eq!(front.calls_of(model, method), 0, "{model}.{method}");
    }
    assert_eq!((counts(world, &server, &door, bill), told(&oracle, bill).len()), ((0, 0, 0), 0));
}

fn many_at_once_pay_once(world: &World) {
    let server = ModelServer::new(fields());
    let (door, draft) = (Door::open(settings(world, &server)), draft(world));
    let pipeline = own(own(Pipeline::new(world), "extract_vision"), "write_back_move");
    let quietly = with(on(&pipeline, draft.bill.id), json!({"update_step_stats": false}));
    let pending: Vec<_> = (0..4).map(|_| door.begin(RUN, quietly.clone())).collect();
    for pending in pending {
        let answer = pending.result().expect("a run");
        assert_eq!(answer["state"], "done", "{answer}");
    }
    assert_eq!(counts(world, &server, &door, draft.bill.id), (1, 1, 1));
}

/// The program is killed where it stands between two of its own steps, and where it has just written.
fn a_killed_pipeline_is_finished_once(world: &World) {
    // The ways to sign in share the places.
    let places = match world.by {
        SignInBy::Password => vec![(STEPS, "step_note", Behaviour::Hang)],
        SignInBy::ApiKey => vec![
            ("account.move", "write", Behaviour::HangAfter),
            ("account.move", "message_post", Behaviour::HangAfter),
        ],
    };
    for (model, method, how) in places {
        let read = fields();
        let server = ModelServer::new(read.clone());
        let (draft, front) = (draft(world), world.front());
        let bill = draft.bill.id;
        let seen = Arc::new(AtomicUsize::new(0));
        let (counted, stuck) = (Arc::clone(&seen), how.clone());
        front.behave(move |message| {
            if !(Recorded { message: message.clone() }).calls(model, method) {
                return Behaviour::Pass;
            }
            counted.fetch_add(1, Ordering::SeqCst);
            stuck.clone()
        });
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(world, &server).state(folder.path()).variable("ODOO_URL", &front.url());
        let pipeline = own(Pipeline::new(world), "extract_vision").with("step_note", json!({}));
        let pipeline = own(pipeline, "write_back_move");
        let door = Door::open(settings.clone());
        let pending = door.begin(RUN, on(&pipeline, bill));
        let since = Instant::now();
        let is_stuck = || match how {
            Behaviour::HangAfter => front.held_back() > 0,
            _ => seen.load(Ordering::SeqCst) > 0,
        };
        while !is_stuck() && since.elapsed() < PATIENCE {
            assert!(pending.answered_within(Duration::from_millis(20)).is_none(), "{method} is not called");
        }
        door.kill();
        front.always(Behaviour::Pass);
        let door = Door::open(settings);
        let answer = door.ok(RUN, on(&pipeline, bill));
        assert_eq!(answer["state"], "done", "killed at {method}: {answer}");
        assert_eq!(answer["local_run"]["resumed"], true, "killed at {method}: {answer}");
        assert_eq!(value(world, bill, "ref"), read["invoice_number"], "killed at {method}");
        assert_eq!(counts(world, &server, &door, bill), (1, 1, 1), "killed at {method}");
        told(&world.oracle(), bill);
        thread::yield_now();
    }
}

fn steps_of_plugins_run_by_their_names(world: &World) {
    let plugins = PluginDir::with(&["account_suggest", "duplicate_guard"]);
    let (oracle, vendor) = (world.oracle(), world.contact());
    let (_before, again, server) = entered_before(world, &vendor);
    let bill = again.bill.id;
    let settings = plugins.settings(settings(world, &server), true).variable("AI_POSTING_METHOD", POSTING);
    let pipeline = own(own(Pipeline::new(world), "extract_vision"), "account_suggest");
    let pipeline = own(pipeline.with("step_note", json!({})), "duplicate_guard");
    let pipeline = own(own(pipeline, "write_back_move"), "invoke_posting_skill");
    // What a plugin may read is a part of the call.
    let models = with(everything(), json!({"account.move.line": {"ops": []}}));
    let policy = json!({"version": "1", "default": "allow", "models": models});
    Door::open(settings.clone().policy(&policy)).refused(RUN, on(&pipeline, bill), &["denied"]);
    assert_eq!(server.asked().len(), 0);

    let answer = Door::open(settings).ok(RUN, on(&pipeline, bill));
    assert_eq!(statuses(&answer), ["ok", "ok", "ok", "ok", "abort", "abort"], "{answer}");
    let reason = answer["abort_reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("duplicate_guard: "), "{answer}");
    let found = &answer["final_ctx"]["mcp_data"]["plugins"];
    assert!(found["account_suggest"].is_object() && found["duplicate_guard"].is_object(), "{answer}");
    let sent = told(&oracle, bill);
    assert!(sent[0]["mcp_data"]["plugins"]["account_suggest"].is_object(), "{sent:?}");
    assert_eq!(value(world, bill, "state"), "draft");
    assert_eq!(value(world, bill, "ref"), false, "nothing was written: {answer}");
    assert_eq!(messages_with(world, bill, "A plugin stopped the run"), 1);
    assert_eq!(server.asked().len(), 1);
}

fn the_shipped_policy_lets_bills_be_filled(world: &World) {
    let shipped: Value = serde_json::from_str(include_str!("../../policy.json")).expect("the shipped policy");
    let read = fields();
    let server = ModelServer::new(read.clone());
    let (door, draft) = (Door::open(settings(world, &server).policy(&shipped)), draft(world));
    let pipeline = own(own(Pipeline::new(world), "extract_vision"), "write_back_move");
    let answer = door.ok(RUN, on(&pipeline, draft.bill.id));
    assert_eq!(answer["state"], "done", "{answer}");
    assert_eq!(value(world, draft.bill.id, "ref"), read["invoice_number"]);
}
