//! Reading: searches, fields, pages, and everything that must not look like an empty answer.

use serde_json::json;

use super::harness::World;

super::scenarios![counts_agree_with_odoo];

fn counts_agree_with_odoo(world: &World) {
    let contact = world.contact();
    let door = world.door();
    let domain = json!([["id", "=", contact.id]]);
    assert_eq!(door.ok("odoo_search_count", json!({"model": "res.partner", "domain": domain}))["count"], 1);
}
