//! Many calls at once: all answered, few at a time at Odoo, one login.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use super::{
    harness::{Behaviour, World, unique},
    records_write::created,
};

super::scenarios![
    forty_calls_are_answered_and_six_at_once_reach_odoo,
    forty_creates_make_forty_records,
    a_crowd_signs_in_once,
    answers_go_to_who_asked,
];

/// Requests at once per Odoo, unless the settings say otherwise.
const AT_ONCE: usize = 6;

fn forty_calls_are_answered_and_six_at_once_reach_odoo(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
    front.forget();
    front.always(Behaviour::Delay(Duration::from_millis(40)));
    let pending: Vec<_> =
        (0..40).map(|_| door.begin("odoo_search_count", json!({"model": "res.partner"}))).collect();
    let counts: Vec<Value> =
        pending.into_iter().map(|call| call.result().expect("an answer")["count"].clone()).collect();
    assert_eq!(counts.len(), 40);
    assert!(counts.iter().all(Value::is_u64), "{counts:?}");
    let most = front.most_at_once();
    assert!((2..=AT_ONCE).contains(&most), "{most} requests at once at Odoo");
    assert_eq!(front.recorded().len(), 40, "one request for each call");
}

fn forty_creates_make_forty_records(world: &World) {
    let door = world.door();
    let name = unique("Contact");
    let pending: Vec<_> = (0..40)
        .map(|number| {
            let values = json!({"name": format!("{name} {number}")});
            door.begin("odoo_create", json!({"model": "res.partner", "values": values}))
        })
        .collect();
    let ids: BTreeSet<i64> =
        pending.into_iter().flat_map(|call| created(&call.result().expect("a new contact"))).collect();
    assert_eq!(ids.len(), 40);
    let oracle = world.oracle();
    let found: BTreeSet<i64> =
        oracle.search("res.partner", json!([["name", "like", format!("{name} %")]])).into_iter().collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    oracle.call("res.partner", "unlink", json!([ids]), json!({}));
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ids);
}

fn a_crowd_signs_in_once(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    let pending: Vec<_> =
        (0..20).map(|_| door.begin("odoo_search_count", json!({"model": "res.partner"}))).collect();
    pending.into_iter().for_each(|call| drop(call.result().expect("an answer")));
    let logins = front
        .recorded()
        .iter()
        .filter(|recorded| {
            let path = recorded.message.path();
            path == "/web/session/authenticate" || recorded.json()["params"]["method"] == "authenticate"
        })
        .count();
    assert!(logins <= 1, "{logins} logins for twenty calls");
}

fn answers_go_to_who_asked(world: &World) {
    let contacts: Vec<_> = (0..8).map(|_| world.contact()).collect();
    let door = world.door();
    let pending: Vec<_> = (0..40)
        .map(|number| {
            let id = contacts[number % contacts.len()].id;
            let arguments = json!({"model": "res.partner", "ids": [id], "fields": ["name"]});
            (id, door.begin("odoo_read", arguments))
        })
        .collect();
    for (id, call) in pending {
        assert_eq!(call.result().expect("a record")["records"][0]["id"], id);
    }
}
