//! Deciding a call that is allowed takes nothing from the heap, and neither does letting it go.

use std::{hint::black_box, sync::Arc};

use odoo_mcp::{
    facts::{
        ConnectionAlias, Effect, FieldName, FieldUse, MethodName, ModelName, Operation, RecordEffect, Use,
    },
    policy::{Decision, Policy},
};
use serde_json::json;

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

/// Fields by name and by pattern, each use of a field, values, context and a proof of the domain.
#[test]
fn rules_for_models_allocate_nothing_either() {
    let known = Large::new();
    let text = json!({"version": "1", "default": "allow", "models": {
        "*": {"ops": ["read", "create"], "context": ["mail_notrack"], "fields": {"*bank*": {"read": "deny"}, "email": {"read": "mask"}}},
        "sale.*": {"ops": ["read", "create"], "context": ["mail_notrack"], "batch": {"values": 5}},
        "sale.order": {
            "context": ["mail_notrack"],
            "ops": ["read", "create"],
            "domain": [["company_id", "in", [1, 3]], "|", ["state", "=", "draft"], ["amount", "<=", 100]],
            "values": {"amount": {"op": "lte", "value": "2500.00"}},
            "deny_if": [{"path": "odoo.values.state", "op": "eq", "value": "done"}],
            "limits": [{"counter": "c", "window": "day", "max": 5, "increment_from": "odoo.count"}],
        },
    }});
    let policy = Arc::new(Policy::load(text.to_string().as_bytes(), &known).unwrap());
    let name = |text: &str| FieldName::parse(text).unwrap();
    let values = json!({"company_id": 3, "state": "draft", "amount": 50.5, "name": "x"});
    let values = values.as_object().unwrap().clone();
    let model = ModelName::parse("sale.order").unwrap();
    let mut effect = RecordEffect::new(
        &ConnectionAlias::default_alias(),
        &model,
        Operation::Create,
        MethodName::known("create"),
    )
    .writing(values.keys().map(|key| name(key)).collect())
    .with_values(Arc::from([values]))
    .in_context(Arc::new(json!({"lang": "fr_FR", "mail_notrack": true}).as_object().unwrap().clone()));
    let partner = ModelName::parse("res.partner").unwrap();
    let used = |field: &str, how: Use| FieldUse { model: partner.clone(), field: name(field), how };
    effect.uses = Arc::from([used("name", Use::ReadThrough), used("city", Use::Filter)]);
    let mut facts = large_policy::call(known.middle().unwrap()).unwrap();
    facts.effects = Arc::from([Effect::Records(effect)]);
    facts.found.unfolded = true;
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
}
