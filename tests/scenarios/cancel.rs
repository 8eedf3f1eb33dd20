//! A call that the client takes back stops its request to Odoo.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::harness::{Behaviour, Front, Via, World};

super::scenarios![
    a_cancelled_call_lets_go_of_odoo,
    a_cancelled_call_frees_its_place,
    a_cancel_for_nothing_is_harmless,
    a_client_that_goes_away_leaves_nothing_running,
];

/// Long enough for any machine; the check ends as soon as it holds.
const PATIENCE: Duration = Duration::from_secs(20);

#[track_caller]
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
fn hang(front: &Front) {
    front.forget();
    front.always(Behaviour::Hang);
}

fn a_cancelled_call_lets_go_of_odoo(world: &World) {
    let front = world.front();
    let mut door = world.door_through(&front);
    let count = json!({"model": "res.partner"});
    door.ok("odoo_search_count", count.clone());
    hang(&front);
    let pending = door.begin("odoo_search_count", count.clone());
    eventually("the request reaches Odoo", || front.under_way() == 1);
    door.cancel(&pending);
    eventually("the request to Odoo ends", || front.under_way() == 0);
    if let Some(answer) = pending.answered_within(Duration::from_millis(50)) {
        assert!(answer.get("error").is_some() || answer["result"]["isError"] == true, "{answer}");
    }
    front.always(Behaviour::Pass);
    door.ok("odoo_search_count", count);
    assert!(door.is_alive());
    eventually("the log tells it", || {
        let files = door.state_files();
        files.iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains("\"cancelled\""))
    });
}

fn a_cancelled_call_frees_its_place(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    let count = json!({"model": "res.partner"});
    door.ok("odoo_search_count", count.clone());
    hang(&front);
    let waiting: Vec<_> = (0..12).map(|_| door.begin("odoo_search_count", count.clone())).collect();
    eventually("the places are taken", || front.under_way() >= 2);
    // A call that arrives after its cancellation runs, so each is taken back until it ends.
    eventually("all places are free", || {
        waiting.iter().for_each(|pending| door.cancel(pending));
        front.under_way() == 0
    });
    front.always(Behaviour::Pass);
    for _ in 0..8 {
        door.ok("odoo_search_count", count.clone());
    }
}

fn a_cancel_for_nothing_is_harmless(world: &World) {
    let mut door = world.door();
    for id in [json!(999_999), json!("x"), json!(null), json!(-1), json!({})] {
        door.notify("notifications/cancelled", json!({"requestId": id}));
    }
    door.notify("notifications/cancelled", json!({}));
    door.notify("notifications/nonsense", json!({"x": 1}));
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
    assert!(door.is_alive());
}

fn a_client_that_goes_away_leaves_nothing_running(world: &World) {
    if world.via != Via::Stdio {
        // An HTTP server outlives its clients.
        return;
    }
    let front = world.front();
    let door = world.door_through(&front);
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
    let (status, _) = door.close();
    assert!(status.success(), "{status}");
}
