//! Odoo away, slow or cut off: reads recover, nothing is written twice, and errors say what happened.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    harness::{Behaviour, Door, Front, World, unique},
    records_write::created,
};

super::scenarios![
    an_odoo_that_is_away_is_unreachable_and_comes_back,
    a_read_that_is_cut_once_recovers,
    a_read_that_is_always_cut_gives_up,
    a_change_whose_answer_is_lost_is_never_repeated,
    a_change_that_was_cut_before_odoo_is_never_repeated,
    a_change_behind_a_failing_proxy_is_never_repeated,
    a_change_that_takes_too_long_is_never_repeated,
    a_read_that_takes_too_long_ends,
    a_stream_of_calls_survives_a_restart_of_odoo,
];

/// Cuts the next calls of a method, then passes everything.
fn cut_next(front: &Front, times: usize, behaviour: Behaviour) {
    let left = AtomicUsize::new(times);
    front.behave(move |message| {
        let concerned = !message.text().contains("fields_get") && !message.path().contains("session");
        let take =
            || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if concerned && take() { behaviour.clone() } else { Behaviour::Pass }
    });
}

/// A door that is signed in and knows the fields of contacts.
#[track_caller]
fn warm(world: &World, front: &Front) -> Door {
    warmed(Door::open(world.settings().variable("ODOO_URL", &front.url())))
}

#[track_caller]
fn warmed(door: Door) -> Door {
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
    let name = unique("Contact");
    door.ok("odoo_create", json!({"model": "res.partner", "values": {"name": name}, "dry_run": true}));
    door
}

fn count(door: &Door) -> Result<Value, Value> {
    door.call("odoo_search_count", json!({"model": "res.partner"}))
}

fn create(door: &Door, name: &str) -> Result<Value, Value> {
    door.call("odoo_create", json!({"model": "res.partner", "values": {"name": name}}))
}

/// How many contacts bear the name; they are deleted.
#[track_caller]
fn made(world: &World, name: &str) -> usize {
    let oracle = world.oracle();
    let ids = oracle.search("res.partner", json!([["name", "=", name]]));
    ids.iter().for_each(|id| drop(world.adopt("res.partner", *id)));
    ids.len()
}

fn an_odoo_that_is_away_is_unreachable_and_comes_back(world: &World) {
    let front = world.front();
    let door = warm(world, &front);
    let name = unique("Contact");
    front.stop();
    for _ in 0..2 {
        let error = count(&door).expect_err("Odoo is away");
        assert_eq!(error["code"], "unreachable", "{error}");
        assert!(error["message"].to_string().contains("default"), "it names the connection: {error}");
        let error = create(&door, &name).expect_err("Odoo is away");
        assert!(["unreachable", "outcome_unknown"].contains(&error["code"].as_str().unwrap()), "{error}");
    }
    front.start();
    count(&door).unwrap();
    let ids = created(&create(&door, &name).unwrap());
    let _contact = world.adopt("res.partner", ids[0]);
    assert_eq!(made(world, &name), 1);
    // Never there at all: nothing is sent, nothing is known.
    front.stop();
    let cold = Door::open(world.settings().variable("ODOO_URL", &front.url()));
    assert_eq!(count(&cold).expect_err("Odoo is away")["code"], "unreachable");
    assert_eq!(create(&cold, &name).expect_err("Odoo is away")["code"], "unreachable");
}

fn a_read_that_is_cut_once_recovers(world: &World) {
    let front = world.front();
    let door = warm(world, &front);
    for behaviour in [Behaviour::CutBefore, Behaviour::CutAfter, Behaviour::CutInside] {
        front.forget();
        cut_next(&front, 1, behaviour.clone());
        let result = count(&door);
        assert!(result.is_ok(), "{behaviour:?}: {result:?}");
        assert_eq!(front.recorded().len(), 2, "{behaviour:?}: once more and no oftener");
    }
}

fn a_read_that_is_always_cut_gives_up(world: &World) {
    let front = world.front();
    let door = warm(world, &front);
    front.forget();
    cut_next(&front, usize::MAX, Behaviour::CutBefore);
    let error = count(&door).expect_err("always cut");
    assert!(["unreachable", "bad_answer"].contains(&error["code"].as_str().unwrap()), "{error}");
    let tries = front.recorded().len();
    assert!((2..=5).contains(&tries), "{tries} tries for one read");
    front.always(Behaviour::Pass);
    count(&door).unwrap();
}

/// Every way to change something, with the answer lost.
fn a_change_whose_answer_is_lost_is_never_repeated(world: &World) {
    let front = world.front();
    let door = warm(world, &front);
    let oracle = world.oracle();
    for behaviour in [Behaviour::CutAfter, Behaviour::CutInside] {
        let name = unique("Contact");
        front.forget();
        front.on_call("res.partner", "create", behaviour.clone());
        let error = create(&door, &name).expect_err("the answer is lost");
        assert_eq!(error["code"], "outcome_unknown", "{behaviour:?}: {error}");
        assert_eq!(front.calls_of("res.partner", "create"), 1, "{behaviour:?}: sent once");
        assert_eq!(made(world, &name), 1, "{behaviour:?}: it had happened");

        let contact = world.contact();
        let values = json!({"email": "lost@example.com"});
        front.on_call("res.partner", "write", behaviour.clone());
        let arguments = json!({"model": "res.partner", "ids": [contact.id], "values": values});
        door.refused("odoo_write", arguments, &["outcome_unknown"]);
        assert_eq!(front.calls_of("res.partner", "write"), 1, "{behaviour:?}: sent once");
        assert_eq!(oracle.field("res.partner", contact.id, "email"), "lost@example.com");

        front.on_call("res.partner", "toggle_active", behaviour.clone());
        let arguments = json!({"model": "res.partner", "method": "toggle_active", "args": [[contact.id]]});
        door.refused("odoo_execute", arguments, &["outcome_unknown"]);
        assert_eq!(front.calls_of("res.partner", "toggle_active"), 1, "{behaviour:?}: sent once");
        assert_eq!(oracle.field("res.partner", contact.id, "active"), false, "toggled once");

        front.on_call("res.partner", "unlink", behaviour.clone());
        let error = door.refused(
            "odoo_unlink",
            json!({"model": "res.partner", "ids": [contact.id]}),
            &["outcome_unknown"],
        );
        assert!(error["hint"].is_string(), "it says how to find out: {error}");
        assert_eq!(front.calls_of("res.partner", "unlink"), 1, "{behaviour:?}: sent once");
        assert!(!oracle.exists("res.partner", contact.id));
    }
}

fn a_change_that_was_cut_before_odoo_is_never_repeated(world: &World) {
    let front = world.front();
    let door = warm(world, &front);
    let name = unique("Contact");
    front.forget();
    front.on_call("res.partner", "create", Behaviour::CutBefore);
    let error = create(&door, &name).expect_err("cut");
    assert_eq!(error["code"], "outcome_unknown", "nobody on this side can know: {error}");
    assert_eq!(front.calls_of("res.partner", "create"), 1);
    assert_eq!(made(world, &name), 0);
    let contact = world.contact();
    front.on_call("res.partner", "unlink", Behaviour::CutBefore);
    door.refused("odoo_unlink", json!({"model": "res.partner", "ids": [contact.id]}), &["outcome_unknown"]);
    assert!(world.oracle().exists("res.partner", contact.id));
}

fn a_change_behind_a_failing_proxy_is_never_repeated(world: &World) {
    let front = world.front();
    let door = warm(world, &front);
    for status in [500, 502, 503, 504] {
        let name = unique("Contact");
        front.forget();
        let body = "<html><h1>Bad Gateway</h1></html>".to_owned();
        front.on_call("res.partner", "create", Behaviour::Answer { status, content_type: "text/html", body });
        let error = create(&door, &name).expect_err("a failing proxy");
        let code = error["code"].as_str().unwrap();
        assert!(
            ["outcome_unknown", "unreachable", "bad_answer", "odoo_fault"].contains(&code),
            "{status}: {error}"
        );
        assert_eq!(front.calls_of("res.partner", "create"), 1, "{status}: sent once");
        assert_eq!(made(world, &name), 0);
    }
}

fn a_change_that_takes_too_long_is_never_repeated(world: &World) {
    let front = world.front();
    let settings = world
        .settings()
        .variable("ODOO_URL", &front.url())
        .variable("ODOO_MCP_ODOO_READ_TIMEOUT_MS", "3000")
        .variable("ODOO_MCP_ODOO_TOTAL_TIMEOUT_MS", "4000");
    let door = Door::open(settings);
    // A cold Odoo may be slower than this door's patience.
    for _ in 0..10 {
        if count(&door).is_ok() {
            break;
        }
    }
    let name = unique("Contact");
    let dry = json!({"model": "res.partner", "values": {"name": name}, "dry_run": true});
    let _ = door.call("odoo_create", dry);
    front.forget();
    front.on_call("res.partner", "create", Behaviour::Delay(Duration::from_millis(6_000)));
    let mut error = create(&door, &name).expect_err("too slow");
    // A busy Odoo may leave even the login unanswered for that long; then nothing was sent.
    for _ in 0..5 {
        if error["code"] == "unreachable" && front.calls_of("res.partner", "create") == 0 {
            error = create(&door, &name).expect_err("too slow");
        }
    }
    assert_eq!(error["code"], "outcome_unknown", "{error}");
    let since = Instant::now();
    while front.under_way() > 0 && since.elapsed() < Duration::from_secs(30) {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(front.calls_of("res.partner", "create"), 1, "sent once");
    assert_eq!(made(world, &name), 1, "it happened after all");
}

fn a_read_that_takes_too_long_ends(world: &World) {
    let front = world.front();
    let settings = world
        .settings()
        .variable("ODOO_URL", &front.url())
        .variable("ODOO_MCP_ODOO_READ_TIMEOUT_MS", "300")
        .variable("ODOO_MCP_ODOO_TOTAL_TIMEOUT_MS", "600");
    let door = Door::open(settings);
    front.always(Behaviour::Hang);
    let error = count(&door).expect_err("nothing answers");
    assert!(["timeout", "unreachable"].contains(&error["code"].as_str().unwrap()), "{error}");
    assert!(error.to_string().contains("default"), "{error}");
}

fn a_stream_of_calls_survives_a_restart_of_odoo(world: &World) {
    let front = world.front();
    let door = warm(world, &front);
    let name = unique("Contact");
    let calls = 16;
    let outcomes: Vec<(String, Result<Value, Value>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let (door, name) = (&door, &name);
                scope.spawn(move || {
                    (0..calls / 4)
                        .map(|number| {
                            let name = format!("{name} {worker}-{number}");
                            let outcome = create(door, &name);
                            let _ = count(door);
                            (name, outcome)
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        while front.calls_of("res.partner", "create") < 4 {
            thread::sleep(Duration::from_millis(2));
        }
        front.stop();
        thread::sleep(Duration::from_millis(150));
        front.start();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    assert_eq!(outcomes.len(), calls);
    for (name, outcome) in &outcomes {
        let found = made(world, name);
        match outcome {
            Ok(result) => assert_eq!(found, 1, "{name}: {result}"),
            Err(error) => match error["code"].as_str() {
                Some("unreachable") => assert_eq!(found, 0, "{name}: {error}"),
                Some("outcome_unknown") => assert!(found <= 1, "{name} was made {found} times"),
                other => panic!("{name}: {other:?}: {error}"),
            },
        }
    }
    assert!(outcomes.iter().any(|(_, outcome)| outcome.is_ok()), "none succeeded");
    count(&door).unwrap();
    create(&door, &name).unwrap();
    assert_eq!(made(world, &name), 1);
}
