//! Bills that are not simply filled: no money left, a person has to look, nobody may touch them, Odoo
//! says no to posting, or the model's answer was lost. Odoo itself is asked what became of them.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::{
    bills::{COST, Draft, EXTRACT, RUN, door, draft, fields, file_of, notes, value},
    extraction::{BUDGETS, Budgeted, PAYER, ledger, settings_with},
    harness::{Behaviour, Door, ModelServer, Oracle, Recorded, Says, Temporary, World, unique},
};

super::scenarios![
    a_spent_budget_stops_before_the_model,
    a_vendor_that_is_the_company_itself_is_not_written,
    a_number_that_is_taken_is_not_written_again,
    a_posted_bill_stays_as_it_is,
    a_good_bill_is_posted,
    a_doubtful_bill_is_not_posted,
    a_missing_method_a_missing_right_and_a_bill_that_cannot_be_posted_are_told_apart,
    an_answer_that_was_lost_is_asked_for_again,
];

/// The method of the add-on that posts bills.
pub(crate) const POSTING: &str = "action_ai_post_vendor_bill";
/// A company that no other scenario keeps its bills in.
const OTHER_COMPANY: i64 = 2;

/// A draft of the other company, with a file, and a journal where the company has none.
pub(crate) struct OtherDraft {
    pub(crate) draft: Draft,
    _journal: Option<Temporary>,
}

pub(crate) fn draft_of_other_company(world: &World) -> OtherDraft {
    let domain = json!([["type", "=", "purchase"], ["company_id", "=", OTHER_COMPANY]]);
    let found = world.oracle().search("account.journal", domain).first().copied();
    let made = found.is_none().then(|| {
        let code: String = unique("").chars().rev().take(5).collect();
        let values =
            json!({"name": unique("Bills"), "type": "purchase", "code": code, "company_id": OTHER_COMPANY});
        world.temporary("account.journal", values)
    });
    let journal = found.or_else(|| made.as_ref().map(|journal| journal.id));
    let values = json!({"move_type": "in_invoice", "journal_id": journal, "company_id": OTHER_COMPANY});
    let bill = world.temporary("account.move", values);
    let file = file_of(world, "account.move", bill.id);
    OtherDraft { draft: Draft { bill, file }, _journal: made }
}

/// A draft that can be posted: with a vendor, a line, and a file.
pub(crate) fn draft_with_line(world: &World, vendor: &Temporary) -> Draft {
    let oracle = world.oracle();
    let journal = journal(world);
    let account = oracle.field("account.journal", journal, "default_account_id")[0].clone();
    let line =
        json!({"name": "Paper", "quantity": 1, "price_unit": 90.6, "account_id": account, "tax_ids": [[5]]});
    let with_line = || {
        let bill = bill_of(world, vendor);
        let values = json!([[bill.id], {"invoice_line_ids": [[0, 0, line]]}]);
        oracle.try_call("account.move", "write", values, json!({})).map(|_| bill)
    };
    // A busy Odoo 14 now and then finds the first line of a bill unbalanced, and not the next time.
    let bill = with_line().or_else(|_| with_line()).or_else(|_| with_line()).expect("a bill with a line");
    let file = file_of(world, "account.move", bill.id);
    Draft { bill, file }
}

/// A draft without lines. Its journal is named, because Odoo 14 takes another one for a bill that is
/// made through the interface.
fn bill_of(world: &World, vendor: &Temporary) -> Temporary {
    let journal = journal(world);
    let values = json!({"move_type": "in_invoice", "partner_id": vendor.id, "journal_id": journal});
    world.temporary("account.move", values)
}

fn journal(world: &World) -> i64 {
    let domain = json!([["type", "=", "purchase"], ["company_id", "=", PAYER]]);
    world.oracle().search("account.journal", domain)[0]
}

/// What the model reads of a bill in the currency of the draft.
pub(crate) fn fields_for(world: &World, bill: i64) -> Value {
    let mut read = fields();
    read["currency"] = value(world, bill, "currency_id")[1].clone();
    read
}

fn posting_door(world: &World, server: &ModelServer, method: &str) -> Door {
    Door::open(settings_with(world, server, "anthropic").variable("AI_POSTING_METHOD", method))
}

/// Bodies of the messages of a bill that hold these words.
pub(crate) fn messages_with(world: &World, bill: i64, words: &str) -> usize {
    let domain = json!([["model", "=", "account.move"], ["res_id", "=", bill], ["body", "ilike", words]]);
    world.oracle().count("mail.message", domain)
}

pub(crate) fn step<'r>(run: &'r Value, name: &str) -> &'r Value {
    let steps = run["step_runs"].as_array().expect("steps");
    steps.iter().find(|step| step["step_name"] == name).unwrap_or_else(|| panic!("{name}: {run}"))
}

/// Asks for a review, with this reason.
#[track_caller]
fn needs_review(world: &World, bill: i64, reason: &str) {
    assert_eq!(value(world, bill, "ai_needs_review"), true);
    let told = value(world, bill, "ai_review_reason");
    assert!(told.as_str().is_some_and(|told| told.contains(reason)), "{told}");
}

fn a_spent_budget_stops_before_the_model(world: &World) {
    let _alone = BUDGETS.lock().unwrap_or_else(PoisonError::into_inner);
    let company = Budgeted { oracle: world.oracle(), id: OTHER_COMPANY };
    let server = ModelServer::new(fields());
    let door = door(world, &server);
    let first = draft_of_other_company(world).draft;
    // One page of a bill is estimated at more than this, although nothing is spent yet.
    company.may_spend(0.000_01);
    let run = door.ok(RUN, json!({"move_id": first.bill.id}));
    assert_eq!((&run["ok"], &run["abort_reason"]), (&json!(false), &json!("budget_exceeded")), "{run}");
    assert_eq!(run["final_next_step"], "awaiting_review", "{run}");
    assert_eq!((server.asked().len(), ledger(&door).len()), (0, 0));
    needs_review(world, first.bill.id, "budget_exceeded");
    assert_eq!(value(world, first.bill.id, "ai_pipeline_requested"), false);
    assert_eq!(value(world, first.bill.id, "ref"), false);
    assert_eq!(messages_with(world, first.bill.id, "AI budget"), 1);
    let rehearsed = door.ok(RUN, json!({"move_id": first.bill.id, "dry_run": true}));
    assert_eq!(messages_with(world, first.bill.id, "AI budget"), 1, "{rehearsed}");
    // With money the same bill is read, and then the next one finds it spent.
    company.may_spend(1.0);
    assert_eq!(door.ok(RUN, json!({"move_id": first.bill.id}))["ok"], true);
    company.may_spend(0.004);
    let second = draft_of_other_company(world).draft;
    for _ in 0..2 {
        let run = door.ok(RUN, json!({"move_id": second.bill.id}));
        assert_eq!(run["abort_reason"], "budget_exceeded", "{run}");
        assert_eq!(step(&run, "guard_monthly_budget")["status"], "abort", "{run}");
    }
    let extracted = door.ok(EXTRACT, json!({"move_id": second.bill.id, "attachment_id": second.file.id}));
    assert_eq!((&extracted["ok"], &extracted["state"]), (&json!(false), &json!("budget_exceeded")));
    assert_eq!(messages_with(world, second.bill.id, "AI budget"), 1, "said once");
    assert_eq!(ledger(&door), [("success".to_owned(), "claude-haiku-4-5".to_owned(), COST)]);
    assert_eq!(server.asked().len(), 1);
}

/// The company's own VAT number, until the scenario ends.
struct OwnNumber(Oracle);

impl Drop for OwnNumber {
    fn drop(&mut self) {
        let _ = self.0.try_call("res.company", "write", json!([[OTHER_COMPANY], {"vat": false}]), json!({}));
    }
}

fn a_vendor_that_is_the_company_itself_is_not_written(world: &World) {
    let _alone = BUDGETS.lock().unwrap_or_else(PoisonError::into_inner);
    let own = OwnNumber(world.oracle());
    own.0.call("res.company", "write", json!([[OTHER_COMPANY], {"vat": "BG175074752"}]), json!({}));
    let server = ModelServer::new(fields());
    let door = door(world, &server);
    let draft = draft_of_other_company(world).draft;
    let run = door.ok(RUN, json!({"move_id": draft.bill.id}));
    assert_eq!(run["ok"], true, "{run}");
    assert_eq!(run["final_next_step"], "awaiting_review", "{run}");
    assert_eq!(value(world, draft.bill.id, "partner_id"), false, "{run}");
    needs_review(world, draft.bill.id, "own_vat");
    let told = notes(world, draft.bill.id);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("swapped"), "{told:?}");
}

fn a_number_that_is_taken_is_not_written_again(world: &World) {
    let vendor = world.contact();
    let read = fields();
    let taken = json!({"move_type": "in_invoice", "partner_id": vendor.id, "ref": read["invoice_number"]});
    let taken = world.temporary("account.move", taken);
    let server = ModelServer::new(read);
    let door = door(world, &server);
    let bill = world.temporary("account.move", json!({"move_type": "in_invoice", "partner_id": vendor.id}));
    let _file = file_of(world, "account.move", bill.id);
    let run = door.ok(RUN, json!({"move_id": bill.id}));
    assert_eq!(run["final_next_step"], "awaiting_review", "{run}");
    assert_eq!(value(world, bill.id, "ref"), false, "{run}");
    assert_eq!(value(world, bill.id, "invoice_date"), "2026-03-02", "the rest is written: {run}");
    needs_review(world, bill.id, "duplicate");
    let told = notes(world, bill.id).concat();
    assert!(told.contains(&taken.id.to_string()), "{told}");
}

fn a_posted_bill_stays_as_it_is(world: &World) {
    let (oracle, vendor) = (world.oracle(), world.contact());
    let server = ModelServer::new(fields());
    let door = door(world, &server);
    let posted = draft_with_line(world, &vendor);
    let date = json!([[posted.bill.id], {"invoice_date": "2026-03-02"}]);
    oracle.call("account.move", "write", date, json!({}));
    oracle.call("account.move", "action_post", json!([[posted.bill.id]]), json!({}));
    let before = value(world, posted.bill.id, "write_date");
    let run = door.ok(RUN, json!({"move_id": posted.bill.id}));
    assert_eq!((&run["ok"], &run["abort_reason"]), (&json!(false), &json!("not_a_draft")), "{run}");
    assert_eq!(run["final_next_step"], "posted", "{run}");
    let extracted = door.ok(EXTRACT, json!({"move_id": posted.bill.id, "attachment_id": posted.file.id}));
    assert_eq!((&extracted["ok"], &extracted["state"]), (&json!(false), &json!("not_a_draft")));
    assert_eq!((server.asked().len(), ledger(&door).len(), notes(world, posted.bill.id).len()), (0, 0, 0));
    assert_eq!(value(world, posted.bill.id, "write_date"), before);
    assert_eq!(value(world, posted.bill.id, "ref"), false);
    back_to_draft(&oracle, posted.bill.id);
}

/// So that it can be deleted, as far as this version deletes what was posted.
pub(crate) fn back_to_draft(oracle: &Oracle, bill: i64) {
    oracle.call("account.move", "button_draft", json!([[bill]]), json!({}));
}

fn a_good_bill_is_posted(world: &World) {
    let (oracle, vendor) = (world.oracle(), world.contact());
    let draft = draft_with_line(world, &vendor);
    let server = ModelServer::new(fields_for(world, draft.bill.id));
    let door = posting_door(world, &server, POSTING);
    let run = door.ok(RUN, json!({"move_id": draft.bill.id}));
    assert_eq!((&run["ok"], &run["final_next_step"]), (&json!(true), &json!("posted")), "{run}");
    assert_eq!(value(world, draft.bill.id, "state"), "posted", "{run}");
    assert_eq!(value(world, draft.bill.id, "ai_post_log"), "posted by the pipeline\n", "{run}");
    let again = door.ok(RUN, json!({"move_id": draft.bill.id}));
    assert_eq!(again["abort_reason"], "not_a_draft", "{again}");
    assert_eq!(value(world, draft.bill.id, "ai_post_log"), "posted by the pipeline\n", "posted once");
    assert_eq!(server.asked().len(), 1);
    back_to_draft(&oracle, draft.bill.id);
}

fn a_doubtful_bill_is_not_posted(world: &World) {
    let vendor = world.contact();
    let draft = draft_with_line(world, &vendor);
    let mut read = fields_for(world, draft.bill.id);
    read["amount_total"] = json!(900.6);
    let server = ModelServer::new(read);
    let door = posting_door(world, &server, POSTING);
    let run = door.ok(RUN, json!({"move_id": draft.bill.id}));
    assert_eq!(step(&run, "invoke_posting_skill")["status"], "skip", "{run}");
    assert_eq!(run["final_next_step"], "awaiting_review", "{run}");
    assert_eq!(value(world, draft.bill.id, "state"), "draft");
    needs_review(world, draft.bill.id, "arithmetic");
}

fn a_missing_method_a_missing_right_and_a_bill_that_cannot_be_posted_are_told_apart(world: &World) {
    let vendor = world.contact();
    let check = |door: &Door, draft: &Draft, code: &str, server: &ModelServer| {
        let run = door.ok(RUN, json!({"move_id": draft.bill.id}));
        let failed = step(&run, "invoke_posting_skill");
        assert_eq!(failed["error"]["code"], code, "{run}");
        // The bill was filled all the same, and it is as good as without the method.
        assert_eq!((&run["ok"], &run["status"]), (&json!(false), &json!("finished_with_errors")), "{run}");
        assert_eq!(value(world, draft.bill.id, "state"), "draft", "{run}");
        assert_eq!(value(world, draft.bill.id, "invoice_date"), "2026-03-02", "{run}");
        assert_eq!((server.asked().len(), notes(world, draft.bill.id).len()), (1, 1), "{run}");
        failed["error"]["message"].as_str().unwrap_or_default().to_owned()
    };
    let draft = draft_with_line(world, &vendor);
    let server = ModelServer::new(fields_for(world, draft.bill.id));
    let door = posting_door(world, &server, "action_nobody_has");
    check(&door, &draft, "posting_method_missing", &server);

    let draft = draft_with_line(world, &vendor);
    let server = ModelServer::new(fields_for(world, draft.bill.id));
    let front = world.front();
    front.behave(|message| match (Recorded { message: message.clone() }).calls("account.move", POSTING) {
        true => no_right(message.path().starts_with("/json/2/")),
        false => Behaviour::Pass,
    });
    let settings = settings_with(world, &server, "anthropic").variable("AI_POSTING_METHOD", POSTING);
    let door = Door::open(settings.variable("ODOO_URL", &front.url()));
    let message = check(&door, &draft, "posting_refused", &server);
    assert!(message.contains("no right to post"), "{message}");

    // Without a line Odoo does not post; how it says so differs by version.
    let bill = bill_of(world, &vendor);
    let file = file_of(world, "account.move", bill.id);
    let draft = Draft { bill, file };
    let server = ModelServer::new(fields_for(world, draft.bill.id));
    let door = posting_door(world, &server, POSTING);
    let message = check(&door, &draft, "posting_failed", &server);
    assert!(message.contains("line") || message.contains("nothing"), "{message}");
}

/// Odoo's word that the user lacks a right, on either route.
fn no_right(is_json_2: bool) -> Behaviour {
    let fault = json!({"name": "odoo.exceptions.AccessError", "message": "There is no right to post",
        "arguments": ["There is no right to post"], "context": {}, "debug": ""});
    let (status, body) = match is_json_2 {
        true => (403, fault),
        false => (
            200,
            json!({"jsonrpc": "2.0", "id": null,
                "error": {"code": 200, "message": "Odoo Server Error", "data": fault}}),
        ),
    };
    Behaviour::Answer { status, content_type: "application/json", body: body.to_string() }
}

fn an_answer_that_was_lost_is_asked_for_again(world: &World) {
    let read = fields();
    let server = ModelServer::new(read.clone());
    let door = door(world, &server);
    let draft = draft(world);
    server.next([Says::Cut]);
    let run = door.ok(RUN, json!({"move_id": draft.bill.id}));
    assert_eq!((&run["ok"], &run["status"]), (&json!(false), &json!("failed")), "{run}");
    assert_eq!(step(&run, "extract_vision")["error"]["code"], "language_model_unreachable", "{run}");
    assert_eq!(run["final_next_step"], "retry_extraction", "{run}");
    assert_eq!((value(world, draft.bill.id, "ref"), notes(world, draft.bill.id).len()), (json!(false), 0));
    // Nobody knows whether it was counted, so it stands in the ledger at its estimate.
    let lost = ledger(&door);
    assert_eq!((lost.len(), lost[0].0.as_str(), lost[0].2 > 0), (1, "lost", true), "{lost:?}");
    let run = door.ok(RUN, json!({"move_id": draft.bill.id}));
    assert_eq!((&run["ok"], &run["resumed"]), (&json!(true), &json!(false)), "{run}");
    let states: Vec<String> = ledger(&door).into_iter().map(|(state, ..)| state).collect();
    assert_eq!(states, ["lost", "success"]);
    assert_eq!(value(world, draft.bill.id, "ref"), read["invoice_number"]);
    assert_eq!((server.asked().len(), notes(world, draft.bill.id).len()), (2, 1));
}
