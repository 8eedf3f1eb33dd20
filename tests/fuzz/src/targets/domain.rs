//! Search domains: what is accepted reads the same when it is read again, alone and joined.

use odoo_mcp::odoo::Domain;
use serde_json::Value;

pub fn run(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let Ok(domain) = Domain::parse(value) else { return };
    let paths = domain.paths();
    let again = serde_json::to_value(&domain).expect("a domain can be written");
    let again = Domain::parse(again).expect("a checked domain is a domain");
    assert_eq!(again, domain, "the second reading differs");
    assert_eq!(again.paths(), paths);
    let joined = again.and(domain.clone());
    assert_eq!(joined.paths(), paths, "joining lost a path");
    let joined = serde_json::to_value(&joined).expect("a domain can be written");
    if domain.as_slice().len() < 100 {
        Domain::parse(joined).expect("two joined domains are a domain");
    }
}
