//! Looking at bills: one, those that wait, and how many wait for what. The ledger is filled by the
//! scenario, the bills are made in Odoo, and what reached Odoo is counted.

use odoo_mcp::{
    store::StateDir,
    usage::{CallEnd, CallState, Reserve, Source, Tenant, Tokens, UsageLedger, UsageSettings},
};
use serde_json::{Value, json};

use super::harness::{Behaviour, Door, Front, Oracle, Recorded, World, unique};

super::scenarios![
    a_new_bill_waits_for_its_file_and_then_for_extraction,
    the_ledger_and_the_add_on_decide_what_comes_next,
    without_the_add_on_it_is_said_what_is_unknown,
    drafts_that_wait_are_listed_with_the_file_to_read,
    a_limit_leaves_the_newer_ones_out,
    only_requested_drafts_on_request,
    the_summary_counts_and_names_bills,
    requests_do_not_grow_with_the_bills,
    a_long_story_is_told_in_part,
    what_was_not_looked_at_is_said,
    small_pictures_are_no_bills,
    what_cannot_be_meant_is_refused_before_odoo_is_asked,
    a_bill_that_is_not_there_is_not_found,
    another_tenant_is_refused,
    a_policy_on_a_model_holds_for_all_three,
    names_from_documents_stay_text,
];

const STACK: &str = "ai_invoice_stack_inspect";
const PENDING: &str = "ai_invoice_scan_pending";
const SUMMARY: &str = "ai_invoice_pipeline_summary";

/// `%PDF-1.4` and `GIF89a`, as Odoo takes files.
const PDF: &str = "JVBERi0xLjQK";
const GIF: &str = "R0lGODlh";

/// Bills that are deleted when the scenario ends, with their files.
struct Bills {
    oracle: Oracle,
    ids: Vec<i64>,
}

impl Bills {
    #[track_caller]
    fn new(world: &World, count: usize) -> Self {
        let mut bills = Self { oracle: world.oracle(), ids: Vec::new() };
        bills.add(count);
        bills
    }

    /// Makes more of them, without files.
    #[track_caller]
    fn add(&mut self, count: usize) -> Vec<i64> {
        let values: Vec<Value> =
            (0..count).map(|_| json!({"move_type": "in_invoice", "ref": unique("Bill")})).collect();
        let context = json!({"context": {"default_move_type": "in_invoice"}});
        let made = self.oracle.call("account.move", "create", json!([values]), context);
        let made: Vec<i64> = match &made {
            Value::Array(ids) => ids.iter().filter_map(Value::as_i64).collect(),
            one => one.as_i64().into_iter().collect(),
        };
        assert_eq!(made.len(), count);
        self.ids.extend(&made);
        made
    }

    fn first(&self) -> i64 {
        self.ids[0]
    }

    #[track_caller]
    fn attach(&self, bills: &[i64], name: &str, mimetype: &str, content: &str) -> Vec<i64> {
        let files: Vec<Value> = bills
            .iter()
            .map(|bill| {
                json!({
                    "name": name, "mimetype": mimetype, "datas": content,
                    "res_model": "account.move", "res_id": bill,
                })
            })
            .collect();
        let made = self.oracle.call("ir.attachment", "create", json!([files]), json!({}));
        made.as_array().expect("ids").iter().filter_map(Value::as_i64).collect()
    }

    #[track_caller]
    fn write(&self, bill: i64, values: Value) {
        self.oracle.call("account.move", "write", json!([[bill], values]), json!({}));
    }
}

impl Drop for Bills {
    fn drop(&mut self) {
        let files = json!([["res_model", "=", "account.move"], ["res_id", "in", self.ids]]);
        if let Ok(found) = self.oracle.try_call("ir.attachment", "search", json!([files]), json!({})) {
            let _ = self.oracle.try_call("ir.attachment", "unlink", json!([found]), json!({}));
        }
        let _ = self.oracle.try_call("account.move", "button_draft", json!([self.ids]), json!({}));
        let _ = self.oracle.try_call("account.move", "unlink", json!([self.ids]), json!({}));
    }
}

/// The ledger of a door, written by somebody else.
struct Ledger {
    ledger: UsageLedger,
    tenant: Tenant,
    runtime: tokio::runtime::Runtime,
}

impl Ledger {
    /// `url` is the one that the connection of the door has.
    fn of(door: &Door, world: &World, url: &str) -> Self {
        let state = StateDir::open(door.state_dir()).expect("the state directory");
        let server = url.trim_end_matches('/').to_owned();
        let database = world.odoo.db.clone();
        Self {
            ledger: UsageLedger::open(&state, &UsageSettings::default()).expect("a ledger"),
            tenant: Tenant { server, code: database.clone(), database },
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"),
        }
    }

    #[track_caller]
    fn add(&self, bill: i64, state: CallState, error_message: Option<&str>) {
        let wanted = Reserve {
            tenant: self.tenant.clone(),
            company_id: None,
            move_id: Some(bill),
            attachment_id: None,
            source: Source::Upload,
            source_message_id: None,
            model: "test-model".to_owned(),
            estimate: None,
            cap: None,
            run_id: None,
            content_key: None,
            pages: 1,
            prompt_version: "v4".to_owned(),
        };
        let end = CallEnd {
            state,
            tokens: Tokens::default(),
            cost: None,
            duration_ms: 7,
            error_message: error_message.map(str::to_owned),
            answer: None,
            extra: None,
        };
        self.runtime.block_on(async {
            let reservation = self.ledger.reserve(wanted).await.expect("a reservation");
            self.ledger.settle(reservation, end).await.expect("a call")
        });
    }
}

fn door_and_ledger(world: &World) -> (Door, Ledger) {
    let door = world.door();
    let ledger = Ledger::of(&door, world, &world.odoo.url);
    (door, ledger)
}

/// Whether Odoo has the fields of the add-on, asked of Odoo itself.
fn has_addon(world: &World) -> bool {
    let fields = world.oracle().call("account.move", "fields_get", json!([[], ["type"]]), json!({}));
    fields.get("ai_post_confidence").is_some()
}

#[track_caller]
fn words(list: &Value) -> String {
    list.as_array()
        .expect("a list")
        .iter()
        .map(|word| word.as_str().expect("a text"))
        .collect::<Vec<_>>()
        .join("; ")
}

fn a_new_bill_waits_for_its_file_and_then_for_extraction(world: &World) {
    let (bills, door) = (Bills::new(world, 1), world.door());
    let id = bills.first();
    let stack = door.ok(STACK, json!({"move_id": id}));
    assert_eq!(stack["next_step"], "awaiting_attachment", "{stack}");
    assert!(words(&stack["blockers"]).contains("no attachment"), "{stack}");
    for (told, field) in
        [("ref", "ref"), ("state", "state"), ("move_type", "move_type"), ("amount_total", "amount_total")]
    {
        assert_eq!(stack[told], bills.oracle.field("account.move", id, field), "{told}");
    }
    assert_eq!(stack["company_id"], bills.oracle.field("account.move", id, "company_id")[0]);
    assert_eq!(stack["currency"], bills.oracle.field("account.move", id, "currency_id")[1]);
    bills.attach(&[id], "note.txt", "text/plain", PDF);
    let stack = door.ok(STACK, json!({"move_id": id}));
    assert_eq!(stack["next_step"], "awaiting_attachment", "{stack}");
    assert!(words(&stack["blockers"]).contains("none of the 1"), "{stack}");
    let files = bills.attach(&[id], "bill.pdf", "application/pdf", PDF);
    let stack = door.ok(STACK, json!({"move_id": id}));
    assert_eq!(stack["next_step"], "awaiting_extraction", "{stack}");
    assert_eq!(stack["blockers"], json!([]));
    assert_eq!(stack["extraction_history"], json!([]));
    assert_eq!(stack["last_extraction"], Value::Null);
    let told = stack["attachments"].as_array().expect("files");
    assert_eq!((told.len(), &told[1]["id"]), (2, &json!(files[0])));
    assert_eq!(told[1]["file_size"], bills.oracle.field("ir.attachment", files[0], "file_size"));
}

fn the_ledger_and_the_add_on_decide_what_comes_next(world: &World) {
    let bills = Bills::new(world, 1);
    let (door, ledger) = door_and_ledger(world);
    let id = bills.first();
    bills.attach(&[id], "bill.pdf", "application/pdf", PDF);
    let step = || door.ok(STACK, json!({"move_id": id}));
    ledger.add(id, CallState::Error, Some("the model said no"));
    let stack = step();
    assert_eq!(stack["next_step"], "retry_extraction", "{stack}");
    assert!(words(&stack["blockers"]).contains("the model said no"), "{stack}");
    ledger.add(id, CallState::Success, None);
    let stack = step();
    assert_eq!((&stack["successful_extractions"], &stack["failed_extractions"]), (&json!(1), &json!(1)));
    assert_eq!(stack["last_extraction"]["state"], "success", "{stack}");
    assert_eq!(stack["extraction_history"][1]["error_message"], "the model said no");
    assert_eq!(stack["next_step"], "awaiting_skill_post", "{stack}");
    if !has_addon(world) {
        assert_eq!(stack["ai_post_confidence"], Value::Null, "{stack}");
        assert!(words(&stack["unknown"]).contains("add-on"), "{stack}");
        return;
    }
    bills.write(id, json!({"ai_needs_review": true, "ai_review_reason": "totals differ"}));
    let stack = step();
    assert_eq!(
        (&stack["next_step"], &stack["ai_review_reason"]),
        (&json!("awaiting_review"), &json!("totals differ"))
    );
    let company = stack["company_id"].as_i64().expect("a company");
    let threshold = bills.oracle.field("res.company", company, "ai_post_confidence_threshold");
    assert_eq!(stack["company_threshold"], threshold);
    bills.write(id, json!({"ai_needs_review": false, "ai_post_confidence": 1.0}));
    assert_eq!(step()["next_step"], "ready_to_post");
    // Calls about other bills are not among them.
    ledger.add(id + 1_000_000, CallState::Error, Some("another bill"));
    assert_eq!(step()["next_step"], "ready_to_post");
}

fn without_the_add_on_it_is_said_what_is_unknown(world: &World) {
    let bills = Bills::new(world, 1);
    let id = bills.first();
    bills.attach(&[id], "bill.pdf", "application/pdf", PDF);
    let front = without_addon(world);
    let door = world.door_through(&front);
    let ledger = Ledger::of(&door, world, &front.url());
    ledger.add(id, CallState::Success, None);
    let stack = door.ok(STACK, json!({"move_id": id}));
    assert_eq!(stack["ai_post_confidence"], Value::Null, "{stack}");
    assert_eq!(stack["company_threshold"], Value::Null, "{stack}");
    assert_eq!(stack["next_step"], "awaiting_skill_post", "{stack}");
    assert!(words(&stack["unknown"]).contains("add-on"), "{stack}");
    let summary = door.ok(SUMMARY, json!({"days": 1}));
    assert!(words(&summary["unknown"]).contains("add-on"), "{summary}");
    let scan = door.ok(PENDING, json!({"limit": 500}));
    assert!(scan["pending"].is_array(), "{scan}");
    front.forget();
    let error = door.refused(PENDING, json!({"requested_only": true}), &["not_installed"]);
    assert!(error.to_string().contains("ai_pipeline_requested"), "{error}");
    let searched = |one: &Recorded| one.called().is_some_and(|name| name.contains(".search"));
    assert!(!front.recorded().iter().any(searched), "the queue is not searched");
    let asked = |one: &Recorded| one.message.everything().contains("ai_");
    assert!(!front.recorded().iter().any(asked), "no field of the add-on is asked for");
}

/// A front before the Odoo under test that tells of no field of the add-on.
fn without_addon(world: &World) -> Front {
    let oracle = world.oracle();
    let known = ["account.move", "res.company"].map(|model| {
        let mut fields = oracle.call(model, "fields_get", json!([]), json!({}));
        fields.as_object_mut().expect("fields").retain(|name, _| !name.starts_with("ai_"));
        (model, fields)
    });
    let front = world.front();
    front.behave(move |message| {
        let asked = Recorded { message: message.clone() };
        let Some((_, fields)) = known.iter().find(|(model, _)| asked.calls(model, "fields_get")) else {
            return Behaviour::Pass;
        };
        let answer = if message.path().starts_with("/json/2/") {
            fields.clone()
        } else {
            json!({"jsonrpc": "2.0", "id": asked.json()["id"], "result": fields})
        };
        Behaviour::Answer { status: 200, content_type: "application/json", body: answer.to_string() }
    });
    front
}

/// The item of a bill, if it is listed.
fn item(scan: &Value, bill: i64) -> Option<&Value> {
    scan["pending"].as_array().expect("items").iter().find(|item| item["move_id"] == bill)
}

fn drafts_that_wait_are_listed_with_the_file_to_read(world: &World) {
    let bills = Bills::new(world, 5);
    let (door, ledger) = door_and_ledger(world);
    let [waits, without, unreadable, done, failed] = bills.ids.as_slice().try_into().expect("five");
    bills.attach(&[waits], "logo.gif", "image/gif", GIF);
    let pdf = bills.attach(&[waits], "bill.pdf", "application/pdf", PDF)[0];
    bills.attach(&[unreadable], "data.xml", "application/xml", PDF);
    bills.attach(&[done, failed], "bill.pdf", "application/pdf", PDF);
    ledger.add(done, CallState::Success, None);
    ledger.add(failed, CallState::Error, Some("no"));
    let scan = door.ok(PENDING, json!({"limit": 500, "explain": true}));
    let found = item(&scan, waits).unwrap_or_else(|| panic!("not listed: {scan}"));
    assert_eq!((&found["attachment_name"], &found["failed_extractions"]), (&json!("bill.pdf"), &json!(0)));
    assert_eq!((&found["attachment_id"], &found["mimetype"]), (&json!(pdf), &json!("application/pdf")));
    assert_eq!(item(&scan, failed).expect("listed again")["failed_extractions"], 1);
    for (bill, reason) in
        [(without, "no_attachment"), (unreadable, "no_readable_attachment"), (done, "already_extracted")]
    {
        assert!(item(&scan, bill).is_none(), "{scan}");
        assert!(scan["left_out_counts"][reason].as_u64() >= Some(1), "{scan}");
        let told = scan["left_out"].as_array().expect("a list");
        if told.len() < 200 {
            assert!(told.contains(&json!({"move_id": bill, "reason": reason})), "{scan}");
        }
    }
    let moves: Vec<&str> =
        scan["pending"].as_array().unwrap().iter().filter_map(|one| one["create_date"].as_str()).collect();
    assert!(moves.is_sorted(), "oldest first: {moves:?}");
    assert!(door.ok(PENDING, json!({})).get("left_out").is_none());
}

fn a_limit_leaves_the_newer_ones_out(world: &World) {
    let bills = Bills::new(world, 3);
    let door = world.door();
    bills.attach(&bills.ids, "bill.pdf", "application/pdf", PDF);
    let scan = door.ok(PENDING, json!({"limit": 1}));
    assert_eq!((&scan["count"], scan["pending"].as_array().map(Vec::len)), (&json!(1), Some(1)));
    assert!(scan["more"].as_u64() >= Some(2), "{scan}");
    assert_eq!(scan["truncated"], false);
}

fn only_requested_drafts_on_request(world: &World) {
    let bills = Bills::new(world, 2);
    let (front, door) = through(world);
    bills.attach(&bills.ids, "bill.pdf", "application/pdf", PDF);
    if !has_addon(world) {
        let error = door.refused(PENDING, json!({"requested_only": true}), &["not_installed"]);
        assert!(error.to_string().contains("ai_pipeline_requested"), "{error}");
        assert_eq!(front.calls_of("account.move", "search"), 0);
        return;
    }
    bills.write(bills.first(), json!({"ai_pipeline_requested": true}));
    let scan = door.ok(PENDING, json!({"requested_only": true, "limit": 500}));
    assert!(item(&scan, bills.ids[0]).is_some() && item(&scan, bills.ids[1]).is_none(), "{scan}");
    let asked = |front: &Front| {
        let searches = front.recorded().into_iter().filter(|one| one.calls("account.move", "search"));
        searches.filter(|one| one.message.everything().contains("ai_pipeline_requested")).count()
    };
    assert_eq!(asked(&front), 1);
    front.forget();
    door.ok(PENDING, json!({}));
    assert_eq!(asked(&front), 0);
}

fn the_summary_counts_and_names_bills(world: &World) {
    let bills = Bills::new(world, 3);
    let (door, ledger) = door_and_ledger(world);
    let [empty, waits, failed] = bills.ids.as_slice().try_into().expect("three");
    bills.attach(&[waits, failed], "bill.pdf", "application/pdf", PDF);
    ledger.add(failed, CallState::Error, Some("no"));
    let summary = door.ok(SUMMARY, json!({"days": 2}));
    let ids = |step: &str| summary["ids_by_step"][step].as_array().cloned().unwrap_or_default();
    assert!(ids("awaiting_attachment").contains(&json!(empty)), "{summary}");
    assert!(ids("awaiting_extraction").contains(&json!(waits)), "{summary}");
    assert!(ids("retry_extraction").contains(&json!(failed)), "{summary}");
    let steps = summary["by_step"].as_object().expect("counts");
    for (step, count) in steps {
        assert_eq!(count.as_u64(), Some(ids(step).len() as u64), "{step}");
    }
    let total: u64 = steps.values().filter_map(Value::as_u64).sum();
    assert_eq!(summary["total_moves"].as_u64(), Some(total));
    assert_eq!((&summary["days"], &summary["truncated"]), (&json!(2), &json!(false)));
    let since = summary["since"].as_str().expect("a moment");
    assert!(since < bills.oracle.field("account.move", empty, "create_date").as_str().expect("a moment"));
}

fn through(world: &World) -> (Front, Door) {
    let front = world.front();
    let door = world.door_through(&front);
    (front, door)
}

/// What the three tools send, each by itself, once everything about the server is known.
fn requests_of(front: &Front, door: &Door, bill: i64) -> Vec<Vec<String>> {
    let calls = [
        (STACK, json!({"move_id": bill})),
        (PENDING, json!({"limit": 500, "explain": true})),
        (SUMMARY, json!({"days": 60})),
    ];
    let mut sent = Vec::new();
    for (tool, arguments) in calls {
        front.forget();
        door.ok(tool, arguments);
        let name = |one: &Recorded| one.called().unwrap_or_else(|| one.message.path().to_owned());
        let mut names: Vec<String> = front.recorded().iter().map(name).collect();
        names.sort();
        sent.push(names);
    }
    sent
}

fn requests_do_not_grow_with_the_bills(world: &World) {
    let (front, door) = through(world);
    let ledger = Ledger::of(&door, world, &front.url());
    let mut bills = Bills::new(world, 1);
    bills.attach(&bills.ids, "bill.pdf", "application/pdf", PDF);
    requests_of(&front, &door, bills.first());
    let of_one = requests_of(&front, &door, bills.first());
    for count in [49, 150] {
        let more = bills.add(count);
        bills.attach(&more, "bill.pdf", "application/pdf", PDF);
        ledger.add(more[0], CallState::Error, Some("no"));
        assert_eq!(requests_of(&front, &door, bills.first()), of_one, "with {} bills", bills.ids.len());
    }
    assert!(of_one.iter().all(|sent| (1..=4).contains(&sent.len())), "{of_one:?}");
    for call in of_one.iter().flatten() {
        let method = call.rsplit('.').next().expect("a method");
        assert!(matches!(method, "search" | "read" | "search_read"), "{call} does not only read");
    }
    let scan = door.ok(PENDING, json!({"limit": 500}));
    assert!(scan["count"].as_u64() >= Some(200), "{}", scan["count"]);
    let summary = door.ok(SUMMARY, json!({}));
    assert!(summary["total_moves"].as_u64() >= Some(200), "{}", summary["total_moves"]);
}

fn a_long_story_is_told_in_part(world: &World) {
    let bills = Bills::new(world, 2);
    let (door, ledger) = door_and_ledger(world);
    let [many_files, many_calls] = bills.ids.as_slice().try_into().expect("two");
    bills.attach(&[many_files; 50], "bill.pdf", "application/pdf", PDF);
    (0..20).for_each(|_| ledger.add(many_calls, CallState::Error, Some("no")));
    let told = |bill: i64| {
        let stack = door.ok(STACK, json!({"move_id": bill}));
        let count = |list: &str| stack[list].as_array().map(Vec::len);
        (count("attachments"), count("extraction_history"), stack["truncated"].clone(), stack)
    };
    let (files, calls, truncated, _) = told(many_files);
    assert_eq!((files, calls, truncated), (Some(50), Some(0), json!(false)));
    let (files, calls, truncated, _) = told(many_calls);
    assert_eq!((files, calls, truncated), (Some(0), Some(20), json!(false)));
    bills.attach(&[many_files], "bill.pdf", "application/pdf", PDF);
    ledger.add(many_calls, CallState::Success, None);
    let (files, _, truncated, _) = told(many_files);
    assert_eq!((files, truncated), (Some(50), json!(true)));
    let (_, calls, truncated, stack) = told(many_calls);
    assert_eq!((calls, truncated), (Some(20), json!(true)));
    // What is left out is counted all the same, and it is the oldest.
    assert_eq!((&stack["successful_extractions"], &stack["failed_extractions"]), (&json!(1), &json!(20)));
    assert_eq!(stack["extraction_history"][0]["state"], "success");
}

/// What a front answers in place of Odoo to this method of a model.
fn instead(front: &Front, model: &'static str, method: &'static str, answer: Value) {
    front.behave(move |message| {
        let asked = Recorded { message: message.clone() };
        if !asked.calls(model, method) {
            return Behaviour::Pass;
        }
        let body = if message.path().starts_with("/json/2/") {
            answer.clone()
        } else {
            json!({"jsonrpc": "2.0", "id": asked.json()["id"], "result": answer})
        };
        Behaviour::Answer { status: 200, content_type: "application/json", body: body.to_string() }
    });
}

/// The caps, without thousands of bills in Odoo: a front tells of them.
fn what_was_not_looked_at_is_said(world: &World) {
    let bills = Bills::new(world, 1);
    bills.attach(&bills.ids, "bill.pdf", "application/pdf", PDF);
    let (front, door) = through(world);
    // Ids that no Odoo has reached; the real one is the oldest.
    let ids = |count: i64| -> Vec<i64> {
        bills.ids.iter().copied().chain((1..count).map(|id| 2_000_000_000 + id)).collect()
    };
    for (count, truncated) in [(5_000, false), (5_001, true)] {
        instead(&front, "account.move", "search", json!(ids(count)));
        let scan = door.ok(PENDING, json!({"limit": 500}));
        assert_eq!(scan["truncated"], truncated, "{count}: {}", scan["note"]);
        assert_eq!(scan["note"].as_str().is_some_and(|note| note.contains("5000")), truncated, "{count}");
        assert_eq!((&scan["count"], &scan["left_out_counts"]["no_attachment"]), (&json!(1), &json!(4_999)));
        assert!(item(&scan, bills.first()).is_some());
    }
    let draft = |id: i64| json!({"id": id, "state": "draft", "move_type": "in_invoice", "name": "/"});
    for (count, truncated) in [(500, false), (501, true)] {
        let rows: Vec<Value> = ids(count).into_iter().map(draft).collect();
        instead(&front, "account.move", "search_read", json!(rows));
        let summary = door.ok(SUMMARY, json!({}));
        assert_eq!(
            (&summary["total_moves"], &summary["truncated"]),
            (&json!(500), &json!(truncated)),
            "{count}"
        );
        assert_eq!(summary["note"].as_str().is_some_and(|note| note.contains("500")), truncated, "{count}");
        assert_eq!(summary["by_step"], json!({"awaiting_attachment": 499, "awaiting_extraction": 1}));
    }
    let file = |id: i64| {
        json!({"id": id, "name": "x.pdf", "mimetype": "application/pdf", "file_size": 9,
            "res_id": bills.first(), "create_date": "2026-01-01 00:00:00"})
    };
    for (count, truncated) in [(9_999, false), (10_000, true)] {
        let rows: Vec<Value> = (1..=count).map(file).collect();
        instead(&front, "ir.attachment", "search_read", json!(rows));
        for (tool, arguments) in
            [(STACK, json!({"move_id": bills.first()})), (PENDING, json!({})), (SUMMARY, json!({}))]
        {
            let told = door.ok(tool, arguments);
            // One bill with so many files is more than is told of one.
            assert_eq!(told["truncated"], truncated || tool == STACK, "{tool} {count}");
        }
        let scan = door.ok(PENDING, json!({}));
        assert_eq!(scan["note"].as_str().is_some_and(|note| note.contains("files")), truncated, "{count}");
    }
}

/// A logo is not what the pipeline would read, so a bill that has nothing else still waits for its file.
fn small_pictures_are_no_bills(world: &World) {
    let bills = Bills::new(world, 1);
    let door = world.door();
    bills.attach(&bills.ids, "logo.gif", "image/gif", GIF);
    let stack = door.ok(STACK, json!({"move_id": bills.first()}));
    assert_eq!(stack["next_step"], "awaiting_attachment", "{stack}");
    let scan = door.ok(PENDING, json!({"limit": 500}));
    assert!(item(&scan, bills.first()).is_none(), "{scan}");
    // The operator says how small a logo is.
    let door = Door::open(world.settings().variable("ODOO_MCP_INVOICES_IMAGE_BYTES_MIN", "1"));
    assert_eq!(door.ok(STACK, json!({"move_id": bills.first()}))["next_step"], "awaiting_extraction");
    let scan = door.ok(PENDING, json!({"limit": 500}));
    assert_eq!(item(&scan, bills.first()).expect("listed")["attachment_name"], "logo.gif");
}

fn what_cannot_be_meant_is_refused_before_odoo_is_asked(world: &World) {
    let (front, door) = through(world);
    for (tool, arguments) in [
        (STACK, json!({})),
        (STACK, json!({"move_id": 0})),
        (STACK, json!({"move_id": -5})),
        (STACK, json!({"move_id": "x"})),
        (STACK, json!({"move_id": true})),
        (STACK, json!({"move_id": 1, "moves": [2]})),
        (PENDING, json!({"limit": 0})),
        (PENDING, json!({"limit": 501})),
        (PENDING, json!({"limit": -1})),
        (PENDING, json!({"requested_only": "perhaps"})),
        (SUMMARY, json!({"days": 0})),
        (SUMMARY, json!({"days": 367})),
        (SUMMARY, json!({"days": "all"})),
        (SUMMARY, json!({"limit": 5})),
    ] {
        door.refused(tool, arguments, &["invalid_arguments"]);
    }
    for tool in [STACK, PENDING, SUMMARY] {
        door.refused(
            tool,
            json!({"connection": "nowhere", "move_id": 1}),
            &["unknown_connection", "invalid_arguments"],
        );
    }
    assert!(front.recorded().is_empty(), "nothing of this reaches Odoo");
}

fn a_bill_that_is_not_there_is_not_found(world: &World) {
    let door = world.door();
    let error = door.refused(STACK, json!({"move_id": 2_000_000_000}), &["not_found"]);
    assert!(error.to_string().contains("2000000000"), "{error}");
    let gone = Bills::new(world, 1);
    let id = gone.first();
    drop(gone);
    door.refused(STACK, json!({"move_id": id}), &["not_found"]);
}

fn another_tenant_is_refused(world: &World) {
    let bills = Bills::new(world, 1);
    let (front, door) = through(world);
    let arguments = |tool: &str, tenant: &str| match tool {
        STACK => json!({"move_id": bills.first(), "tenant_code": tenant}),
        _ => json!({"tenant_code": tenant}),
    };
    for tool in [STACK, PENDING, SUMMARY] {
        door.refused(tool, arguments(tool, "somebody-else"), &["tenant_not_yours"]);
        door.refused(tool, arguments(tool, "../../etc"), &["tenant_not_yours"]);
    }
    assert!(
        !front.recorded().iter().any(|one| one.called().is_some_and(|name| name.ends_with("search_read")))
    );
    let own = door.ok(STACK, json!({"move_id": bills.first()}))["tenant_code"].clone();
    for tool in [STACK, PENDING, SUMMARY] {
        assert_eq!(door.ok(tool, arguments(tool, own.as_str().expect("a code")))["tenant_code"], own);
    }
}

fn a_policy_on_a_model_holds_for_all_three(world: &World) {
    let bills = Bills::new(world, 1);
    for model in ["account.move", "ir.attachment"] {
        let front = world.front();
        let models = json!({"*": {"ops": ["read"]}, model: {"ops": ["create"]}});
        let policy = json!({"version": "1", "default": "allow", "models": models});
        let door = Door::open(world.settings().variable("ODOO_URL", &front.url()).policy(&policy));
        for (tool, arguments) in
            [(STACK, json!({"move_id": bills.first()})), (PENDING, json!({})), (SUMMARY, json!({}))]
        {
            door.refused(tool, arguments, &["denied"]);
        }
        assert!(!front.recorded().iter().any(|one| one.called().is_some_and(|name| name.contains("search"))));
    }
}

fn names_from_documents_stay_text(world: &World) {
    let bills = Bills::new(world, 1);
    let hostile = "=cmd|' /C calc'!A0 <script>alert(1)</script> \u{202e}fdp.exe";
    bills.write(bills.first(), json!({"ref": hostile}));
    bills.attach(&bills.ids, &format!("{hostile}.pdf"), "application/pdf", PDF);
    let door = world.door();
    let stack = door.ok(STACK, json!({"move_id": bills.first()}));
    assert_eq!(stack["ref"], bills.oracle.field("account.move", bills.first(), "ref"));
    let scan = door.ok(PENDING, json!({"limit": 500}));
    let name = &item(&scan, bills.first()).expect("listed")["attachment_name"];
    assert_eq!(*name, stack["attachments"][0]["name"]);
}
