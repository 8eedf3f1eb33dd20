//! Deciding a call that is allowed takes nothing from the heap, and neither does letting it go.

use std::{hint::black_box, sync::Arc};

use odoo_mcp::policy::{Decision, Policy};

use crate::large_policy::{self, Large};

/// Regular expressions and the like make their caches at first use.
const WARM_UP_CALLS: usize = 3;

#[test]
fn an_allowed_call_allocates_nothing() {
    let known = Large::new();
    let policy = Arc::new(Policy::load(large_policy::text().as_bytes(), &known).unwrap());
    let facts = large_policy::call(known.middle().unwrap()).unwrap();
    let allowed = || match black_box(policy.decide(black_box(&facts))) {
        Decision::Allow(permit) => permit.charges().len(),
        other => panic!("not allowed: {other:?}"),
    };
    for _ in 0..WARM_UP_CALLS {
        assert_eq!(allowed(), 1);
    }
    let counted = allocation_counter::measure(|| {
        black_box(allowed());
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
    // The counter does count.
    let refused = allocation_counter::measure(|| {
        let mut facts = facts.clone();
        facts.caller.grant = odoo_mcp::facts::GrantName::parse("else").unwrap();
        black_box(policy.decide(&facts));
    });
    assert!(refused.count_total > 0, "{refused:?}");
}
