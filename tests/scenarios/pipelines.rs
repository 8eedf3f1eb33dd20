//! Pipelines whose steps stand in Odoo: what the operator allows and the policy permits is called, and
//! nothing else, whoever wrote it into Odoo and whenever.

use serde_json::{Value, json};

use super::harness::{Behaviour, Door, Oracle, Temporary, World, unique};

super::scenarios![
    steps_run_in_order_on_one_context,
    a_list_shows_what_may_run,
    the_shipped_policy_lists_and_counts,
    one_step_runs_by_its_name,
    results_are_written_once_and_only_if_asked,
    gates_are_kept,
    a_step_may_end_the_run,
    a_failing_step_ends_the_run_only_where_it_says_so,
    nothing_is_allowed_by_default,
    primitives_and_private_methods_never_run,
    a_trigger_that_cannot_be_read_is_an_error,
    ambiguous_names_are_refused,
    missing_things_are_named,
    reserved_names_and_secrets_stay_out,
    the_record_of_a_run_stays,
    a_context_has_a_limit,
    a_policy_on_the_method_holds,
    a_policy_on_the_record_holds,
    steps_that_change_meanwhile_stop_the_call,
    an_answer_that_was_lost_ends_the_run,
    a_rehearsal_calls_nothing,
    steps_of_this_program_are_no_methods_of_odoo,
    other_tenants_are_refused,
    rights_of_odoo_hold,
];

pub(crate) const STEPS: &str = "ai.test.steps";
/// What the operator allows here.
pub(crate) const ALLOWED: &str = "ai.test.steps:step_*";

/// A door whose operator lets the steps of the add-on be called.
#[track_caller]
fn door(world: &World) -> Door {
    Door::open(world.settings().variable("AI_PIPELINE_ALLOWED_METHODS", ALLOWED))
}

/// A pipeline of the scenario's own.
pub(crate) struct Pipeline<'w> {
    world: &'w World,
    pub(crate) name: String,
    steps: Vec<Temporary>,
}

impl<'w> Pipeline<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self { world, name: unique("pipeline"), steps: Vec::new() }
    }

    /// A step that calls a method of the add-on, with further values.
    #[track_caller]
    pub(crate) fn with(mut self, method: &str, more: Value) -> Self {
        let mut values = json!({
            "name": unique(method),
            "pipeline": self.name,
            "sequence": 10 * (self.steps.len() + 1),
            "model": STEPS,
            "method": method,
        });
        for (name, value) in more.as_object().expect("values") {
            values[name] = value.clone();
        }
        self.steps.push(self.world.temporary("ai.pipeline.step", values));
        self
    }

    pub(crate) fn step(&self, place: usize) -> i64 {
        self.steps[place].id
    }

    fn on(&self, record: i64) -> Value {
        json!({"pipeline": self.name, "source_model": "res.partner", "source_id": record})
    }
}

/// The methods that Odoo itself says were called for a contact, in order. Cleans up behind itself.
#[track_caller]
fn called(oracle: &Oracle, record: i64) -> Vec<String> {
    let domain = json!([["source_model", "=", "res.partner"], ["source_id", "=", record]]);
    let ids = oracle.search("ai.test.call", domain);
    let methods = ids
        .iter()
        .map(|id| oracle.field("ai.test.call", *id, "method").as_str().unwrap_or_default().to_owned())
        .collect();
    if !ids.is_empty() {
        oracle.call("ai.test.call", "unlink", json!([ids]), json!({}));
    }
    methods
}

/// The context of the one call of that method, as Odoo got it.
#[track_caller]
fn context_of(oracle: &Oracle, record: i64, method: &str) -> Value {
    let domain = json!([["method", "=", method], ["source_id", "=", record]]);
    let ids = oracle.search("ai.test.call", domain);
    assert_eq!(ids.len(), 1, "{method}");
    let text = oracle.field("ai.test.call", ids[0], "context");
    serde_json::from_str(text.as_str().expect("a text")).expect("a context")
}

pub(crate) fn statuses(answer: &Value) -> Vec<&str> {
    let runs = answer["step_runs"].as_array().expect("runs");
    runs.iter().map(|run| run["status"].as_str().unwrap_or_default()).collect()
}

pub(crate) fn with(mut arguments: Value, more: Value) -> Value {
    for (name, value) in more.as_object().expect("members") {
        arguments[name] = value.clone();
    }
    arguments
}

/// Rules for models that let everything be done; a rule for one model takes their place.
pub(crate) fn everything() -> Value {
    let operations = ["read", "create", "write", "unlink", "execute", "mail", "report"];
    json!({"*": {"ops": operations, "methods": {"allow": ["*"]}}})
}

fn steps_run_in_order_on_one_context(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    let pipeline = Pipeline::new(world)
        .with("step_count", json!({"sequence": 30}))
        .with("step_note", json!({"sequence": 10}))
        .with("step_count", json!({"sequence": 20}))
        .with("step_silent", json!({"sequence": 25}))
        .with("step_raise", json!({"sequence": 5, "active": false}));
    let arguments = with(pipeline.on(contact.id), json!({"extra_ctx": {"asked": {"by": "a test"}}}));
    let answer = door.ok("ai_pipeline_run", arguments);
    assert_eq!(answer["state"], "done", "{answer}");
    assert_eq!(statuses(&answer), ["ok", "ok", "ok", "ok"]);
    assert_eq!(answer["final_ctx"]["count"], 2, "one context goes through: {answer}");
    assert_eq!(answer["final_ctx"]["note"], "seen by Odoo");
    assert_eq!(answer["final_ctx"]["asked"]["by"], "a test");
    assert_eq!(answer["step_runs"][0]["output_keys"], json!(["note"]));
    let sent = context_of(&oracle, contact.id, "step_note");
    assert_eq!((&sent["source_id"], &sent["source_res_id"]), (&json!(contact.id), &json!(contact.id)));
    assert_eq!((&sent["source_model"], &sent["pipeline"]), (&json!("res.partner"), &json!(pipeline.name)));
    assert_eq!(called(&oracle, contact.id), ["step_note", "step_count", "step_silent", "step_count"]);
}

fn a_list_shows_what_may_run(world: &World) {
    let door = door(world);
    let pipeline = Pipeline::new(world)
        .with("step_note", json!({}))
        .with("unlink", json!({"model": "res.partner"}))
        .with("_step_private", json!({}))
        .with("read_document", json!({"model": "mcp.invoice"}))
        .with("write_back_move", json!({"model": "mcp.invoice"}))
        .with("step_count", json!({"active": false}));
    let listed = door.ok("ai_pipeline_steps_list", json!({"pipeline": pipeline.name}));
    assert_eq!(listed["count"], 5, "{listed}");
    let of = |name: &str| -> Vec<Value> {
        listed["steps"].as_array().expect("steps").iter().map(|step| step[name].clone()).collect()
    };
    assert_eq!(of("allowed"), [json!(true), json!(false), json!(false), json!(false), json!(true)]);
    assert_eq!(of("runs"), [json!("odoo"), json!("odoo"), json!("odoo"), json!("here"), json!("here")]);
    assert_eq!(of("exists"), [json!(null), json!(null), json!(null), json!(false), json!(true)]);
    assert_eq!(listed["steps"][4]["own_step"]["provenance"]["kind"], "built_in", "{listed}");
    assert!(listed["steps"][2]["refused_because"].as_str().is_some_and(|why| why.contains("private")));
    let all = json!({"pipeline": pipeline.name, "include_inactive": true});
    assert_eq!(door.ok("ai_pipeline_steps_list", all)["count"], 6, "switched off steps come when asked for");
    let nothing = door.ok("ai_pipeline_steps_list", json!({"pipeline": unique("none")}));
    assert_eq!(nothing["count"], 0);
    let known = nothing["known_pipelines"].as_array().expect("pipelines");
    let ours = known.iter().find(|known| known["name"] == pipeline.name.as_str()).expect("ours");
    assert_eq!((&ours["steps"], &ours["inactive"]), (&json!(5), &json!(1)));
    for bad in [json!({"pipeline": 7}), json!({"pipelines": "x"}), json!({"pipeline": "x\ny"})] {
        door.refused("ai_pipeline_steps_list", bad, &["invalid_arguments"]);
    }
}

fn the_shipped_policy_lists_and_counts(world: &World) {
    let (oracle, contact) = (world.oracle(), world.contact());
    let shipped: Value = serde_json::from_str(include_str!("../../policy.json")).expect("the shipped policy");
    let settings = world.settings().policy(&shipped).variable("AI_PIPELINE_ALLOWED_METHODS", ALLOWED);
    let door = Door::open(settings);
    let pipeline = Pipeline::new(world).with("step_note", json!({}));
    assert_eq!(door.ok("ai_pipeline_steps_list", json!({"pipeline": pipeline.name}))["count"], 1);
    assert_eq!(door.ok("ai_pipeline_run", pipeline.on(contact.id))["state"], "done");
    assert_eq!(called(&oracle, contact.id), ["step_note"]);
}

fn one_step_runs_by_its_name(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    let name = unique("Step");
    let _pipeline = Pipeline::new(world).with("step_note", json!({"name": name}));
    let arguments = json!({
        "step_name": name,
        "source_model": "res.partner",
        "source_id": contact.id,
        "composite_fields": {"vat": "BG123"},
    });
    let answer = door.ok("ai_pipeline_step_execute", arguments);
    assert_eq!(
        (&answer["status"], &answer["ctx"]["note"]),
        (&json!("ok"), &json!("seen by Odoo")),
        "{answer}"
    );
    let sent = context_of(&oracle, contact.id, "step_note");
    assert_eq!(sent["composite_fields"]["vat"], "BG123");
    assert_eq!((&sent["source_id"], &sent["source_res_id"]), (&json!(contact.id), &json!(contact.id)));
    assert_eq!(called(&oracle, contact.id), ["step_note"]);

    let failing = unique("Step");
    let _failing = Pipeline::new(world).with("step_raise", json!({"name": failing}));
    let arguments = json!({"step_name": failing, "source_model": "res.partner", "source_id": contact.id});
    let answer = door.ok("ai_pipeline_step_execute", arguments);
    assert_eq!(answer["status"], "error", "{answer}");
    assert!(answer["error"].as_str().is_some_and(|why| why.contains("on purpose")), "{answer}");
    assert_eq!(answer["ctx_sent"]["source_id"], contact.id);
    assert!(answer.get("ctx").is_none());
    assert!(!answer.to_string().contains("Traceback"));
}

fn results_are_written_once_and_only_if_asked(world: &World) {
    let (oracle, contact, front) = (world.oracle(), world.contact(), world.front());
    let settings = world.settings().variable("ODOO_URL", &front.url());
    let door = Door::open(settings.variable("AI_PIPELINE_ALLOWED_METHODS", ALLOWED));
    let pipeline = Pipeline::new(world)
        .with("step_note", json!({}))
        .with("step_count", json!({}))
        .with("step_raise", json!({}))
        .with("step_note", json!({"trigger_domain": "[('missing', '=', True)]"}));
    let arguments = with(pipeline.on(contact.id), json!({"update_step_stats": false}));
    door.ok("ai_pipeline_run", arguments);
    assert_eq!(oracle.field("ai.pipeline.step", pipeline.step(0), "last_run_state"), false);
    assert_eq!(front.calls_of("ai.pipeline.step", "write"), 0);

    let answer = door.ok("ai_pipeline_run", pipeline.on(contact.id));
    assert!(answer.get("stats_error").is_none(), "{answer}");
    let states: Vec<Value> = (0..4)
        .map(|place| oracle.field("ai.pipeline.step", pipeline.step(place), "last_run_state"))
        .collect();
    assert_eq!(states, [json!("ok"), json!("ok"), json!("error"), json!("skipped")]);
    let message = oracle.field("ai.pipeline.step", pipeline.step(2), "last_run_message");
    assert!(message.as_str().is_some_and(|text| text.contains("on purpose")), "{message}");
    assert!(oracle.field("ai.pipeline.step", pipeline.step(0), "last_run_date").is_string());
    assert_eq!(front.calls_of("ai.pipeline.step", "write"), 3, "one write for all that ended alike");
    called(&oracle, contact.id);
}

fn gates_are_kept(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    let skill = world.temporary("ai.skill", json!({"name": unique("Skill")}));
    let on_partner = "['|', ('source_model', '=', \"res.partner\"), ('total', '>', 100)]";
    let pipeline = Pipeline::new(world)
        .with("step_count", json!({"skill_id": skill.id}))
        .with("step_count", json!({"trigger_domain": "[('source_model', 'ilike', 'account')]"}))
        .with("step_note", json!({"trigger_domain": on_partner}))
        .with("step_count", json!({"trigger_domain": "['!', ('note', '=', False)]"}));
    let answer = door.ok("ai_pipeline_run", pipeline.on(contact.id));
    assert_eq!(statuses(&answer), ["skip", "skip", "ok", "ok"], "{answer}");
    assert_eq!(called(&oracle, contact.id), ["step_note", "step_count"]);
    // One step alone has the same gates, unless told otherwise.
    let name = oracle.field("ai.pipeline.step", pipeline.step(0), "name");
    let arguments = json!({"step_name": name, "source_model": "res.partner", "source_id": contact.id});
    assert_eq!(door.ok("ai_pipeline_step_execute", arguments.clone())["status"], "skip");
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new());
    let arguments = with(arguments, json!({"ignore_gates": true}));
    assert_eq!(door.ok("ai_pipeline_step_execute", arguments)["status"], "ok");
    assert_eq!(called(&oracle, contact.id), ["step_count"]);
}

fn a_step_may_end_the_run(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    let pipeline = Pipeline::new(world)
        .with("step_note", json!({}))
        .with("step_abort", json!({}))
        .with("step_count", json!({}));
    let answer = door.ok("ai_pipeline_run", pipeline.on(contact.id));
    assert_eq!(statuses(&answer), ["ok", "ok", "abort"], "{answer}");
    assert_eq!((&answer["state"], &answer["aborted"]), (&json!("aborted"), &json!(true)));
    assert_eq!(answer["abort_reason"], "the step asked to stop");
    assert_eq!(called(&oracle, contact.id), ["step_note", "step_abort"]);
}

fn a_failing_step_ends_the_run_only_where_it_says_so(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    let pipeline =
        Pipeline::new(world).with("step_raise", json!({"on_error": "skip"})).with("step_note", json!({}));
    let answer = door.ok("ai_pipeline_run", pipeline.on(contact.id));
    assert_eq!((statuses(&answer), &answer["state"]), (vec!["error", "ok"], &json!("done_with_errors")));
    assert_eq!(called(&oracle, contact.id), ["step_note"]);
    let pipeline =
        Pipeline::new(world).with("step_raise", json!({"on_error": "abort"})).with("step_note", json!({}));
    let answer = door.ok("ai_pipeline_run", pipeline.on(contact.id));
    assert_eq!((statuses(&answer), &answer["state"]), (vec!["error", "abort"], &json!("aborted")));
    assert!(answer["abort_reason"].as_str().is_some_and(|why| why.contains("on purpose")), "{answer}");
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new());
    // A method that is not there fails like any other.
    let pipeline = Pipeline::new(world).with("step_nowhere", json!({})).with("step_note", json!({}));
    let answer = door.ok("ai_pipeline_run", pipeline.on(contact.id));
    assert_eq!(statuses(&answer), ["error", "ok"], "{answer}");
    called(&oracle, contact.id);
}

fn nothing_is_allowed_by_default(world: &World) {
    let (oracle, contact) = (world.oracle(), world.contact());
    let pipeline = Pipeline::new(world).with("step_note", json!({})).with("step_count", json!({}));
    for allowed in ["", "account.move:action_*", "ai.test.steps:step_note", "ai.test.step:step_*"] {
        let door = Door::open(world.settings().variable("AI_PIPELINE_ALLOWED_METHODS", allowed));
        let error = door.refused("ai_pipeline_run", pipeline.on(contact.id), &["step_not_allowed"]);
        assert!(error.to_string().contains("ai.test.steps:step_count"), "{error}");
        let name = oracle.field("ai.pipeline.step", pipeline.step(1), "name");
        let arguments = json!({"step_name": name, "source_model": "res.partner", "source_id": contact.id});
        door.refused("ai_pipeline_step_execute", arguments, &["step_not_allowed"]);
    }
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new(), "not even the step that is allowed");
    assert_eq!(oracle.field("ai.pipeline.step", pipeline.step(0), "last_run_state"), false);
}

fn primitives_and_private_methods_never_run(world: &World) {
    let (oracle, contact, front) = (world.oracle(), world.contact(), world.front());
    let settings = world.settings().variable("ODOO_URL", &front.url());
    let door = Door::open(settings.variable("AI_PIPELINE_ALLOWED_METHODS", "*:*"));
    for (model, method) in [
        ("res.partner", "unlink"),
        ("res.partner", "write"),
        ("res.partner", "create"),
        ("res.partner", "sudo"),
        ("res.partner", "with_user"),
        ("res.partner", "message_post"),
        ("res.partner", "toggle_active"),
        ("ai.test.steps", "_step_private"),
        ("ai.test.steps", "__class__"),
        ("ai.test.steps", "step_note; unlink"),
        ("res.partner'", "step_note"),
    ] {
        let pipeline =
            Pipeline::new(world).with("step_note", json!({})).with(method, json!({"model": model}));
        front.forget();
        door.refused("ai_pipeline_run", pipeline.on(contact.id), &["step_not_allowed"]);
        assert_eq!(front.calls_of(model, method), 0, "{model}.{method} reached Odoo");
    }
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new());
    assert!(oracle.exists("res.partner", contact.id));
    assert_eq!(oracle.field("res.partner", contact.id, "active"), true);
}

fn a_trigger_that_cannot_be_read_is_an_error(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    for trigger in [
        "[('source_id', '=', uid)]",
        "__import__('os').system('true')",
        "[('source_id', 'child_of', 1)]",
        "['|', ('a', '=', 1)]",
        "[('a', '=')]",
        "nonsense",
        "[(((((((((((((((1)))))))))))))))]",
    ] {
        let pipeline = Pipeline::new(world)
            .with("step_count", json!({"trigger_domain": trigger}))
            .with("step_note", json!({}));
        let answer = door.ok("ai_pipeline_run", pipeline.on(contact.id));
        assert_eq!(statuses(&answer), ["error", "ok"], "{trigger}: {answer}");
        let why = answer["step_runs"][0]["message"].as_str().unwrap_or_default();
        assert!(why.contains("trigger cannot be read"), "{why}");
        assert_eq!(called(&oracle, contact.id), ["step_note"], "{trigger}");
    }
    let pipeline = Pipeline::new(world)
        .with("step_count", json!({"trigger_domain": "nonsense", "on_error": "abort"}))
        .with("step_note", json!({}));
    let answer = door.ok("ai_pipeline_run", pipeline.on(contact.id));
    assert_eq!(statuses(&answer), ["error", "abort"], "{answer}");
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new());
}

fn ambiguous_names_are_refused(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    let name = unique("Step");
    let first = Pipeline::new(world).with("step_note", json!({"name": name}));
    let second = Pipeline::new(world)
        .with("step_count", json!({"name": name}))
        .with("step_silent", json!({"name": name}));
    let arguments = json!({"step_name": name, "source_model": "res.partner", "source_id": contact.id});
    let error = door.refused("ai_pipeline_step_execute", arguments.clone(), &["ambiguous_step"]);
    assert!(error.to_string().contains(&first.name), "{error}");
    let in_second = with(arguments.clone(), json!({"pipeline": second.name}));
    door.refused("ai_pipeline_step_execute", in_second.clone(), &["ambiguous_step"]);
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new());
    let in_first = with(arguments.clone(), json!({"pipeline": first.name}));
    assert_eq!(door.ok("ai_pipeline_step_execute", in_first)["method"], "step_note");
    let exactly = with(in_second, json!({"step_id": second.step(1)}));
    assert_eq!(door.ok("ai_pipeline_step_execute", exactly)["method"], "step_silent");
    let another = with(arguments, json!({"pipeline": first.name, "step_id": second.step(1)}));
    door.refused("ai_pipeline_step_execute", another, &["not_found"]);
    assert_eq!(called(&oracle, contact.id), ["step_note", "step_silent"]);
}

fn missing_things_are_named(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    let pipeline = Pipeline::new(world).with("step_note", json!({}));
    let off = Pipeline::new(world).with("step_note", json!({"active": false}));
    let error = door.refused("ai_pipeline_run", off.on(contact.id), &["unknown_pipeline"]);
    assert!(error.to_string().contains("known pipelines"), "{error}");
    let nowhere = with(pipeline.on(contact.id), json!({"pipeline": unique("none")}));
    door.refused("ai_pipeline_run", nowhere, &["unknown_pipeline"]);
    door.refused("ai_pipeline_run", pipeline.on(2_000_000_000), &["not_found"]);
    let model = with(pipeline.on(contact.id), json!({"source_model": "no.such.model"}));
    door.refused("ai_pipeline_run", model, &["unknown_model"]);
    let step = json!({"step_name": unique("none"), "source_model": "res.partner", "source_id": contact.id});
    door.refused("ai_pipeline_step_execute", step, &["not_found"]);
    for bad in [
        json!({"source_id": 0}),
        json!({"source_id": -1}),
        json!({"source_id": "x"}),
        json!({"source_model": "Res Partner"}),
        json!({"pipeline": ""}),
        json!({"tenant_tier": "huge"}),
        json!({"extra_ctx": []}),
        json!({"no_such": 1}),
    ] {
        door.refused("ai_pipeline_run", with(pipeline.on(contact.id), bad), &["invalid_arguments"]);
    }
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new());
}

fn reserved_names_and_secrets_stay_out(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    let pipeline = Pipeline::new(world).with("step_note", json!({}));
    let name = oracle.field("ai.pipeline.step", pipeline.step(0), "name");
    for extra in [
        json!({"source_id": 1}),
        json!({"source_res_id": 1}),
        json!({"source_model": "res.users"}),
        json!({"tenant_code": "other"}),
        json!({"matched_skill_ids": [1]}),
        json!({"pipeline": "x"}),
        json!({"abort": false}),
        json!({"api_key": "x"}),
        json!({"deep": [{"Password": "x"}]}),
        json!({"7": 1}),
        json!({"large": "x".repeat(70_000)}),
    ] {
        let arguments = with(pipeline.on(contact.id), json!({"extra_ctx": extra}));
        door.refused("ai_pipeline_run", arguments, &["invalid_arguments"]);
        let arguments = json!({"step_name": name, "source_model": "res.partner", "source_id": contact.id, "extra_ctx": extra});
        door.refused("ai_pipeline_step_execute", arguments, &["invalid_arguments"]);
    }
    let fields = json!({"step_name": name, "source_model": "res.partner", "source_id": contact.id, "composite_fields": {"secret": "x"}});
    door.refused("ai_pipeline_step_execute", fields, &["invalid_arguments"]);
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new());
}

fn the_record_of_a_run_stays(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    let pipeline = Pipeline::new(world).with("step_other_record", json!({})).with("step_note", json!({}));
    let answer = door.ok("ai_pipeline_run", pipeline.on(contact.id));
    let message = answer["step_runs"][0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("source_id") && message.contains("source_model"), "{answer}");
    let sent = context_of(&oracle, contact.id, "step_note");
    assert_eq!((&sent["source_model"], &sent["source_res_id"]), (&json!("res.partner"), &json!(contact.id)));
    assert_eq!(answer["final_ctx"]["source_id"], contact.id);
    called(&oracle, contact.id);
}

fn a_context_has_a_limit(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    let pipeline = Pipeline::new(world).with("step_grow", json!({})).with("step_note", json!({}));
    let arguments = with(pipeline.on(contact.id), json!({"extra_ctx": {"grow_bytes": 400_000}}));
    let answer = door.ok("ai_pipeline_run", arguments);
    assert_eq!(statuses(&answer), ["error", "ok"], "{answer}");
    assert!(
        context_of(&oracle, contact.id, "step_note").get("filler").is_none(),
        "the context before goes on"
    );
    called(&oracle, contact.id);
    let arguments = with(pipeline.on(contact.id), json!({"extra_ctx": {"grow_bytes": 1_000}}));
    assert_eq!(statuses(&door.ok("ai_pipeline_run", arguments)), ["ok", "ok"]);
    called(&oracle, contact.id);
}

fn a_policy_on_the_method_holds(world: &World) {
    let (oracle, contact, front) = (world.oracle(), world.contact(), world.front());
    let under = |narrowed: Value| {
        let policy = json!({"version": "1", "default": "allow", "models": with(everything(), narrowed)});
        let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&policy);
        Door::open(settings.variable("AI_PIPELINE_ALLOWED_METHODS", "*:*"))
    };
    let pipeline = Pipeline::new(world).with("step_note", json!({})).with("step_count", json!({}));
    let name = oracle.field("ai.pipeline.step", pipeline.step(1), "name");
    let one = json!({"step_name": name, "source_model": "res.partner", "source_id": contact.id});
    for models in [
        json!({STEPS: {"methods": {"deny": ["step_count"]}}}),
        json!({STEPS: {"methods": {"allow": ["step_note"]}}}),
        json!({STEPS: {"ops": ["read"]}}),
    ] {
        let door = under(models.clone());
        let error = door.refused("ai_pipeline_run", pipeline.on(contact.id), &["denied"]);
        assert!(error.to_string().contains(STEPS), "{models}: {error}");
        door.refused("ai_pipeline_step_execute", one.clone(), &["denied"]);
        assert_eq!(front.calls_of(STEPS, "step_note"), 0, "{models}: the first step was called");
        assert_eq!(front.calls_of(STEPS, "step_count"), 0, "{models}");
    }
    // What is closed by itself stays closed, whatever stands in a step.
    let server_action = Pipeline::new(world).with("run", json!({"model": "ir.actions.server"}));
    let settings = world.settings().variable("AI_PIPELINE_ALLOWED_METHODS", "*:*");
    Door::open(settings).refused("ai_pipeline_run", server_action.on(contact.id), &["denied"]);
    // Writing results is a write like any other.
    let door = under(json!({"ai.pipeline.step": {"ops": ["read"]}}));
    door.refused("ai_pipeline_run", pipeline.on(contact.id), &["denied"]);
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new());
    let quietly = with(pipeline.on(contact.id), json!({"update_step_stats": false}));
    assert_eq!(door.ok("ai_pipeline_run", quietly)["state"], "done");
    assert_eq!(called(&oracle, contact.id), ["step_note", "step_count"]);
}

fn a_policy_on_the_record_holds(world: &World) {
    let (oracle, contact, other) = (world.oracle(), world.contact(), world.contact());
    let only = json!({"res.partner": {"ops": ["read"], "domain": [["id", "=", other.id]]}});
    let policy = json!({"version": "1", "default": "allow", "models": with(everything(), only)});
    let settings = world.settings().policy(&policy).variable("AI_PIPELINE_ALLOWED_METHODS", ALLOWED);
    let pipeline = Pipeline::new(world).with("step_note", json!({}));
    let door = Door::open(settings);
    door.refused("ai_pipeline_run", pipeline.on(contact.id), &["not_found", "denied"]);
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new());
    assert_eq!(door.ok("ai_pipeline_run", pipeline.on(other.id))["state"], "done");
    assert_eq!(called(&oracle, other.id), ["step_note"]);
}

fn steps_that_change_meanwhile_stop_the_call(world: &World) {
    let (contact, front) = (world.contact(), world.front());
    let settings = world.settings().variable("ODOO_URL", &front.url());
    let door = Door::open(settings.variable("AI_PIPELINE_ALLOWED_METHODS", ALLOWED));
    let pipeline = Pipeline::new(world).with("step_note", json!({})).with("step_silent", json!({}));
    let (oracle, step) = (world.oracle(), pipeline.step(1));
    // The steps are read for the decision and once more for the run: between the two somebody writes.
    let reads = std::sync::atomic::AtomicUsize::new(0);
    front.behave(move |message| {
        let text = format!("{} {}", message.path(), String::from_utf8_lossy(&message.body));
        let asks_for_steps = text.contains("ai.pipeline.step") && text.contains("trigger_domain");
        let is_data = !text.contains("fields_get");
        if asks_for_steps && is_data && reads.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            oracle.call("ai.pipeline.step", "write", json!([[step], {"method": "step_count"}]), json!({}));
        }
        Behaviour::Pass
    });
    door.refused("ai_pipeline_run", pipeline.on(contact.id), &["conflict"]);
    for method in ["step_note", "step_silent", "step_count"] {
        assert_eq!(front.calls_of(STEPS, method), 0, "{method}");
    }
    assert_eq!(called(&world.oracle(), contact.id), Vec::<String>::new());
    // The next call is decided on what stands there now.
    assert_eq!(door.ok("ai_pipeline_run", pipeline.on(contact.id))["state"], "done");
    assert_eq!(called(&world.oracle(), contact.id), ["step_note", "step_count"]);
}

fn an_answer_that_was_lost_ends_the_run(world: &World) {
    let (oracle, contact, front) = (world.oracle(), world.contact(), world.front());
    let settings = world.settings().variable("ODOO_URL", &front.url());
    let door = Door::open(settings.variable("AI_PIPELINE_ALLOWED_METHODS", ALLOWED));
    let pipeline = Pipeline::new(world).with("step_note", json!({})).with("step_count", json!({}));
    front.on_call(STEPS, "step_note", Behaviour::CutAfter);
    door.refused("ai_pipeline_run", pipeline.on(contact.id), &["outcome_unknown"]);
    assert_eq!(front.calls_of(STEPS, "step_note"), 1, "it is not sent again");
    assert_eq!(front.calls_of(STEPS, "step_count"), 0, "nothing comes after it");
    assert_eq!(called(&oracle, contact.id), ["step_note"], "it had happened");
    assert_eq!(oracle.field("ai.pipeline.step", pipeline.step(0), "last_run_state"), "error");
}

fn a_rehearsal_calls_nothing(world: &World) {
    let (oracle, contact, front) = (world.oracle(), world.contact(), world.front());
    let settings = world.settings().variable("ODOO_URL", &front.url());
    let door = Door::open(settings.variable("AI_PIPELINE_ALLOWED_METHODS", ALLOWED));
    let pipeline = Pipeline::new(world)
        .with("step_note", json!({}))
        .with("unlink", json!({"model": "res.partner"}))
        .with("step_count", json!({"trigger_domain": "[('note', '!=', False)]"}))
        .with("step_count", json!({"trigger_domain": "nonsense"}));
    let answer = door.ok("ai_pipeline_run", with(pipeline.on(contact.id), json!({"dry_run": true})));
    assert_eq!(answer["state"], "dry_run");
    assert_eq!(statuses(&answer), ["would_run", "refused", "skip", "error"], "{answer}");
    let name = oracle.field("ai.pipeline.step", pipeline.step(0), "name");
    let one =
        json!({"step_name": name, "source_model": "res.partner", "source_id": contact.id, "dry_run": true});
    assert_eq!(door.ok("ai_pipeline_step_execute", one)["status"], "would_run");
    assert_eq!(front.calls_of(STEPS, "step_note"), 0);
    assert_eq!(front.calls_of("ai.pipeline.step", "write"), 0);
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new());
    let nothing = with(pipeline.on(2_000_000_000), json!({"dry_run": true}));
    door.refused("ai_pipeline_run", nothing, &["not_found"]);
}

fn steps_of_this_program_are_no_methods_of_odoo(world: &World) {
    let (oracle, contact, front) = (world.oracle(), world.contact(), world.front());
    let settings = world.settings().variable("ODOO_URL", &front.url());
    let door = Door::open(settings.variable("AI_PIPELINE_ALLOWED_METHODS", "*:*"));
    let pipeline = Pipeline::new(world)
        .with("no_such_step", json!({"model": "mcp.invoice"}))
        .with("step_note", json!({}));
    let answer = door.ok("ai_pipeline_run", pipeline.on(contact.id));
    assert_eq!(statuses(&answer), ["error", "ok"], "{answer}");
    let why = answer["step_runs"][0]["message"].as_str().unwrap_or_default();
    assert!(why.contains("unknown_step"), "{why}");
    assert_eq!(front.calls_of("mcp.invoice", "no_such_step"), 0);
    assert_eq!(called(&oracle, contact.id), ["step_note"]);
}

fn other_tenants_are_refused(world: &World) {
    let (oracle, door, contact) = (world.oracle(), door(world), world.contact());
    let pipeline = Pipeline::new(world).with("step_note", json!({}));
    for foreign in ["somebody-else", "..", "another shop"] {
        let arguments = with(pipeline.on(contact.id), json!({"tenant_code": foreign}));
        door.refused("ai_pipeline_run", arguments, &["tenant_not_yours"]);
    }
    assert_eq!(called(&oracle, contact.id), Vec::<String>::new());
    let answer = door.ok("ai_pipeline_run", with(pipeline.on(contact.id), json!({"tenant_code": ""})));
    let own = answer["tenant_code"].as_str().expect("a code").to_owned();
    door.ok("ai_pipeline_run", with(pipeline.on(contact.id), json!({"tenant_code": own})));
    called(&oracle, contact.id);
}

fn rights_of_odoo_hold(world: &World) {
    let (oracle, contact) = (world.oracle(), world.contact());
    let settings = world.settings_of_demo().variable("AI_PIPELINE_ALLOWED_METHODS", ALLOWED);
    let door = Door::open(settings);
    let pipeline = Pipeline::new(world).with("step_note", json!({}));
    // The user may call the step, and not change it: the run stands, and says what was not written.
    let answer = door.ok("ai_pipeline_run", pipeline.on(contact.id));
    assert_eq!(answer["state"], "done", "{answer}");
    assert!(answer["stats_error"].is_string(), "{answer}");
    assert_eq!(oracle.field("ai.pipeline.step", pipeline.step(0), "last_run_state"), false);
    assert_eq!(called(&oracle, contact.id), ["step_note"]);
}
