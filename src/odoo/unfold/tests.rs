//! What hides in effects, with definitions made by hand.

use serde_json::{Value, json};

use super::*;
use crate::facts::{FieldName, JsonObject, MethodName, Operation, RecordEffect, Use};

static DEFINITIONS: std::sync::LazyLock<Known> = std::sync::LazyLock::new(definitions);

fn definitions() -> Known {
    let models = json!({
        "sale.order": {
            "id": {"type": "integer"}, "name": {"type": "char"}, "state": {"type": "selection"},
            "date_order": {"type": "datetime"}, "active": {"type": "boolean"},
            "partner_id": {"type": "many2one", "relation": "res.partner"},
            "partner_email": {"type": "char", "related": "partner_id.email", "store": false},
            "partner_ref": {"type": "char", "related": "partner_id.email", "readonly": true},
            "partner_login": {"type": "char", "related": "partner_id.login", "store": false},
            "order_line": {"type": "one2many", "relation": "sale.order.line", "relation_field": "order_id"},
            "tag_ids": {"type": "many2many", "relation": "crm.tag"},
            "user_ids": {"type": "many2many", "relation": "res.users"},
            "things": {"type": "properties"},
            "anything": {"type": "reference"},
        },
        "sale.order.line": {
            "id": {"type": "integer"}, "name": {"type": "char"}, "state": {"type": "selection"},
            "order_id": {"type": "many2one", "relation": "sale.order"},
            "tax_ids": {"type": "many2many", "relation": "account.tax"},
            "child_ids": {"type": "one2many", "relation": "sale.order.line", "relation_field": "parent_id"},
            "parent_id": {"type": "many2one", "relation": "sale.order.line"},
        },
        "res.partner": {
            "id": {"type": "integer"}, "display_name": {"type": "char"}, "email": {"type": "char"},
            "login": {"type": "char", "related": ["user_id", "login"]},
            "user_id": {"type": "many2one", "relation": "res.users"},
            "bank_ids": {"type": "one2many", "relation": "res.partner.bank", "relation_field": "partner_id"},
        },
        "res.partner.bank": {"acc_number": {"type": "char"}, "partner_id": {"type": "many2one", "relation": "res.partner"}},
        "res.users": {"id": {"type": "integer"}, "login": {"type": "char"}},
        "crm.tag": {"name": {"type": "char"}},
        "account.tax": {"name": {"type": "char"}, "amount": {"type": "float"}},
    });
    let Value::Object(models) = models else { panic!("models by name") };
    let read = models.iter().map(|(name, fields)| {
        let model = ModelName::parse(name).unwrap();
        let schema = Arc::new(ModelSchema::read(&model, fields.as_object().unwrap()));
        ((shop(), model), schema)
    });
    read.collect()
}

fn shop() -> ConnectionAlias {
    ConnectionAlias::parse("shop").unwrap()
}

fn effect(operation: Operation, method: &'static str) -> RecordEffect {
    RecordEffect::new(&shop(), &ModelName::parse("sale.order").unwrap(), operation, MethodName::known(method))
}

fn with_values(effect: RecordEffect, values: &Value) -> RecordEffect {
    let values: Vec<JsonObject> = match values {
        Value::Array(items) => items.iter().map(|item| item.as_object().unwrap().clone()).collect(),
        one => vec![one.as_object().unwrap().clone()],
    };
    let names = values.iter().flat_map(JsonObject::keys).map(|name| FieldName::parse(name).unwrap());
    let names = names.collect::<BTreeSet<_>>().into_iter().collect();
    effect.writing(names).with_values(values.into())
}

fn written(values: &Value) -> RecordEffect {
    with_values(effect(Operation::Write, "write").with_ids(&[7]), values)
}

fn created(values: &Value) -> RecordEffect {
    with_values(effect(Operation::Create, "create"), values)
}

fn in_context(effect: RecordEffect, context: &Value) -> RecordEffect {
    effect.in_context(Arc::new(context.as_object().unwrap().clone()))
}

fn unfolded(effect: &RecordEffect) -> Result<Vec<RecordEffect>, OdooError> {
    match Unfolding::new(&DEFINITIONS, &shop(), NESTED_MAX).of(effect) {
        Ok(parts) => Ok(parts),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Wanted(model)) => panic!("no definitions of {model}"),
    }
}

/// What is nested: operation, model, ids, written fields, values, rows.
#[track_caller]
fn check(effect: &RecordEffect, expected: &[&str]) {
    let parts = unfolded(effect).unwrap();
    let told: Vec<String> = parts
        .iter()
        .skip(1)
        .map(|part| {
            assert_eq!(part.part, Part::Nested);
            let mut told = format!("{} {}", part.operation.as_str(), part.model);
            if let Some(ids) = &part.ids {
                told += &format!(" {ids:?}");
            }
            if !part.values.is_empty() {
                told += &format!(" {}", json!(part.values));
            }
            told
        })
        .collect();
    assert_eq!(told, expected, "{}", json!(effect.values));
    // What was unfolded once stays as it is.
    assert_eq!(unfolded(&parts[0]).unwrap(), parts);
}

#[track_caller]
fn check_refused(effect: &RecordEffect, code: &str) {
    let error = unfolded(effect).expect_err(&json!(effect.values).to_string());
    assert_eq!(error.code(), code, "{error}");
}

#[track_caller]
fn check_uses(effect: &RecordEffect, expected: &[&str]) {
    let parts = unfolded(effect).unwrap();
    let told: Vec<String> = parts[0]
        .uses
        .iter()
        .map(|found| {
            let how = match found.how {
                Use::Read => "reads",
                Use::ReadThrough => "shows",
                Use::Filter => "by",
                Use::Write => "writes",
            };
            format!("{how} {} {}", found.model, found.field)
        })
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn commands_of_lines() {
    let lines = |commands: Value| written(&json!({"order_line": commands}));
    check(
        &lines(json!([[0, 0, {"name": "x"}], [0, "virtual_1", {"name": "y"}]])),
        &[r#"create sale.order.line [{"name":"x","order_id":7},{"name":"y","order_id":7}]"#],
    );
    check(&lines(json!([[1, 5, {"name": "x"}]])), &[r#"write sale.order.line [5] [{"name":"x"}]"#]);
    check(&lines(json!([[2, 5], [2, 6, 0], [2, 5, false]])), &["unlink sale.order.line [5, 6]"]);
    check(&lines(json!([[3, 5]])), &["unlink sale.order.line [5]"]);
    check(&lines(json!([[4, 5]])), &[r#"write sale.order.line [5] [{"order_id":7}]"#]);
    for all in [json!([[5]]), json!([[5, 0, 0]]), json!([[6, 0, []]]), json!(false), json!(null)] {
        check(&lines(all), &["unlink sale.order.line"]);
    }
    for these in [json!([[6, 0, [5, 6]]]), json!([5, 6])] {
        check(&lines(these), &["unlink sale.order.line", r#"write sale.order.line [5, 6] [{"order_id":7}]"#]);
    }
    check(&lines(json!([])), &[]);
    // Nothing hangs on a record that is only being made, but any line can be taken from another.
    check(&created(&json!({"order_line": [[5]]})), &[]);
    check(&created(&json!({"order_line": [[6, 0, [5]]]})), &["write sale.order.line [5]"]);
    check(
        &created(&json!({"order_line": [[3, 5], [2, 6]]})),
        &["unlink sale.order.line [6]", "unlink sale.order.line [5]"],
    );
}

#[test]
fn commands_of_links() {
    let tags = |commands: Value| written(&json!({"tag_ids": commands}));
    for links in
        [json!([[3, 5]]), json!([[4, 5]]), json!([[5]]), json!([[6, 0, [5]]]), json!([5]), json!(false)]
    {
        check(&tags(links), &[]);
    }
    check(&tags(json!([[0, 0, {"name": "x"}]])), &[r#"create crm.tag [{"name":"x"}]"#]);
    check(&tags(json!([[1, 5, {"name": "x"}]])), &[r#"write crm.tag [5] [{"name":"x"}]"#]);
    check(&tags(json!([[2, 5]])), &["unlink crm.tag [5]"]);
    // To be linked to rights is to be given them.
    let users = |commands: Value| written(&json!({"user_ids": commands}));
    check(&users(json!([[4, 5]])), &["write res.users [5]"]);
    check(&users(json!([[3, 5]])), &["write res.users [5]"]);
    check(&users(json!([[6, 0, [5]]])), &["write res.users [5]"]);
    check(&users(json!([[5]])), &["write res.users"]);
}

#[test]
fn commands_within_commands() {
    check(
        &written(&json!({"order_line": [
            [0, 0, {"name": "x", "tax_ids": [[0, 0, {"amount": 1}]], "child_ids": [[0, 0, {"name": "y"}]]}],
            [1, 5, {"child_ids": [[2, 6]], "tax_ids": [[2, 8]]}],
        ]})),
        &[
            r#"create sale.order.line [{"name":"x","tax_ids":[[0,0,{"amount":1}]],"child_ids":[[0,0,{"name":"y"}]],"order_id":7}]"#,
            r#"create account.tax [{"amount":1}]"#,
            r#"create sale.order.line [{"name":"y"}]"#,
            r#"write sale.order.line [5] [{"child_ids":[[2,6]],"tax_ids":[[2,8]]}]"#,
            "unlink sale.order.line [6]",
            "unlink account.tax [8]",
        ],
    );
    let mut deep = json!({"name": "x"});
    for _ in 0..NESTED_DEEP_MAX {
        deep = json!({"child_ids": [[0, 0, deep]]});
    }
    check_refused(&written(&json!({"order_line": [[0, 0, deep]]})), "invalid_arguments");
    let many: Vec<Value> = (1..=NESTED_MAX + 1).map(|id| json!([1, id, {"name": "x"}])).collect();
    check_refused(&written(&json!({"order_line": many})), "invalid_arguments");
}

#[test]
fn each_parent_gets_its_lines() {
    let effect = effect(Operation::Write, "write").with_ids(&[7, 8, 9]);
    let parts = unfolded(&with_values(effect, &json!({"order_line": [[0, 0, {"name": "x"}]]}))).unwrap();
    assert_eq!(parts[1].row_bound, Some(3));
    let written: Vec<_> = parts[1].fields_written.iter().map(FieldName::as_str).collect();
    assert_eq!(written, ["name", "order_id"], "the document is set as well");
}

#[test]
fn commands_that_odoo_would_bend_are_refused() {
    for commands in [
        json!("[[2, 5]]"),
        json!({"0": [2, 5]}),
        json!(5),
        json!(true),
        json!([[true, 5, {"name": "x"}]]),
        json!([[2.0, 5]]),
        json!([["2", 5]]),
        json!([[2, "5"]]),
        json!([[2, "57"]]),
        json!([[2, 5.0]]),
        json!([[2, [5, 6]]]),
        json!([[2, true]]),
        json!([[2]]),
        json!([[2, 5, 0, 0]]),
        json!([[1, "5", {"name": "x"}]]),
        json!([[1, false, {"name": "x"}]]),
        json!([[1, 5, [["name", "x"]]]]),
        json!([[0, 0, "x"]]),
        json!([[0, 0, [{"name": "x"}]]]),
        json!([[6, 0, "57"]]),
        json!([[6, 0, 5]]),
        json!([[6, 0, ["5"]]]),
        json!([[7, 0, 0]]),
        json!([[-1, 0, 0]]),
        json!([[]]),
        json!(["57"]),
        json!([5, "6"]),
        json!([5, [2, 6]]),
        json!([[2, 5], 6]),
        json!([{"name": "x"}]),
        json!([null]),
    ] {
        for effect in [
            written(&json!({"order_line": commands})),
            created(&json!({"tag_ids": commands})),
            written(&json!({"order_line": [[0, 0, {"tax_ids": commands}]]})),
            in_context(created(&json!({"name": "x"})), &json!({"default_order_line": commands})),
        ] {
            check_refused(&effect, "invalid_value");
        }
    }
    check_refused(&written(&json!({"things": [{"name": "x", "definition_changed": true}]})), "invalid_value");
}

#[test]
fn unknown_fields_are_refused_wherever_they_stand() {
    for effect in [
        written(&json!({"nope": 1})),
        written(&json!({"order_line": [[0, 0, {"nope": 1}]]})),
        written(&json!({"order_line": [[1, 5, {"tax_ids": [[0, 0, {"nope": 1}]]}]]})),
        effect(Operation::Read, "read").reading(&[FieldName::parse("nope").unwrap()]),
        effect(Operation::Read, "search").filtering(vec!["partner_id.nope".to_owned()]),
        effect(Operation::Read, "search").ordering(vec!["nope".to_owned()]),
        effect(Operation::Read, "web_read").reading_paths(vec!["partner_id.bank_ids.nope".to_owned()]),
    ] {
        check_refused(&effect, "unknown_field");
    }
    for path in ["name.x", "anything.name", "partner_id.email.x"] {
        check_refused(&effect(Operation::Read, "search").filtering(vec![path.to_owned()]), "invalid_domain");
    }
}

#[test]
fn optional_fields_are_left_out_where_they_are_missing() {
    let fields = ["name", "nope"].map(|name| FieldName::parse(name).unwrap());
    let nope = &fields[1..];
    let read = effect(Operation::Read, "read").reading(&fields).optionally(nope);
    assert_eq!(unfolded(&read).unwrap()[0].fields_read, fields[..1]);
    let written = effect(Operation::Write, "write").with_ids(&[7]).writing(fields.to_vec()).optionally(nope);
    assert_eq!(unfolded(&written).unwrap()[0].fields_written, fields[..1]);
    let read = effect(Operation::Read, "read").reading(&fields).optionally(&fields[..1]);
    check_refused(&read, "unknown_field");
}

#[test]
fn defaults_of_the_context_are_values() {
    let context =
        json!({"default_state": "sale", "default_nope": 1, "default_order_line": [[2, 5]], "lang": "fr_FR"});
    let parts =
        unfolded(&in_context(created(&json!([{"name": "x"}, {"state": "draft"}])), &context)).unwrap();
    assert_eq!(
        json!(parts[0].values),
        json!([
            {"name": "x", "order_line": [[2, 5]], "state": "sale"},
            {"order_line": [[2, 5]], "state": "draft"},
        ])
    );
    let written: Vec<_> = parts[0].fields_written.iter().map(FieldName::as_str).collect();
    assert_eq!(written, ["name", "order_line", "state"]);
    assert_eq!(parts[0].unknown_defaults().collect::<Vec<_>>(), ["nope"]);
    // Lines that the call makes take them as well.
    check(
        &in_context(written_with_line(), &json!({"default_state": "sale", "default_tax_ids": [[2, 9]]})),
        &[
            r#"create sale.order.line [{"name":"x","order_id":7,"state":"sale","tax_ids":[[2,9]]}]"#,
            "unlink account.tax [9]",
        ],
    );
    // A method that nobody knows may make records of its model.
    let button = in_context(effect(Operation::Execute, "action_x").with_ids(&[7]), &context);
    check(&button, &["unlink sale.order.line [5]"]);
    let parts = unfolded(&button).unwrap();
    assert_eq!(parts[0].unknown_defaults().collect::<Vec<_>>(), ["nope"]);
    // A read and a deletion make nothing.
    let unlink = in_context(effect(Operation::Unlink, "unlink").with_ids(&[7]), &context);
    check(&unlink, &[]);
}

fn written_with_line() -> RecordEffect {
    written(&json!({"order_line": [[0, 0, {"name": "x"}]]}))
}

#[test]
fn tables_name_records_by_text() {
    let load = |values: Value| with_values(effect(Operation::Create, "load"), &values);
    check(
        &load(json!({"order_line": [[0, 0, {"name": "x"}], [1, false, {"name": "x"}]]})),
        &[r#"create sale.order.line [{"name":"x"}]"#, r#"write sale.order.line [{"name":"x"}]"#],
    );
    check(&load(json!({"order_line": "a,b"})), &["write sale.order.line"]);
    check(&load(json!({"order_line": 5})), &["write sale.order.line [5]"]);
    check(&load(json!({"order_line": ""})), &[]);
    check(
        &in_context(
            load(json!({"name": "x"})),
            &json!({"name_create_enabled_fields": {"partner_id": true, "tag_ids": false}}),
        ),
        &["create res.partner"],
    );
}

#[test]
fn every_hop_of_a_path_is_used() {
    let search = |paths: &[&str]| {
        effect(Operation::Read, "search").filtering(paths.iter().map(|path| (*path).to_owned()).collect())
    };
    check_uses(
        &search(&["partner_id.bank_ids.acc_number"]),
        &["by sale.order partner_id", "by res.partner bank_ids", "by res.partner.bank acc_number"],
    );
    check_uses(&search(&["date_order.month_number"]), &["by sale.order date_order"]);
    check_uses(&search(&["things.color"]), &["by sale.order things"]);
    check_uses(&search(&["partner_id"]), &["by sale.order partner_id"]);
    check_uses(
        &search(&["partner_email", "partner_login"]),
        &[
            "by sale.order partner_email",
            "by res.partner email",
            "by sale.order partner_login",
            "by res.partner login",
            "by res.users login",
        ],
    );
    check_uses(
        &effect(Operation::Read, "search").ordering(vec!["partner_id".to_owned(), "date_order".to_owned()]),
        &[
            "by sale.order partner_id",
            "by sale.order date_order",
            "by res.partner display_name",
            "by res.partner email",
            "by res.partner ref",
            "by res.partner vat",
            "by res.partner company_registry",
        ],
    );
}

#[test]
fn reads_are_used_to_their_end() {
    check_uses(
        &effect(Operation::Read, "read").reading(&[FieldName::parse("partner_login").unwrap()]),
        &["reads sale.order partner_login", "shows res.partner login", "shows res.users login"],
    );
    let paths = || vec!["partner_id.bank_ids".to_owned(), "partner_id.id".to_owned()];
    check_uses(
        &effect(Operation::Read, "web_read").reading_paths(paths()),
        &["reads sale.order partner_id", "shows res.partner bank_ids", "shows res.partner id"],
    );
    check_uses(
        &effect(Operation::Read, "export_data").reading_paths(paths()),
        &[
            "reads sale.order partner_id",
            "shows res.partner bank_ids",
            "reads res.partner.bank display_name",
            "shows res.partner id",
        ],
    );
    let all = unfolded(&effect(Operation::Read, "read").reading_every_field()).unwrap();
    assert_eq!(all[0].fields_read.len(), 14);
    let chosen = unfolded(&effect(Operation::Read, "read").choosing_fields()).unwrap();
    assert_eq!(chosen[0].fields_read.len(), 11, "nothing of other records");
}

#[test]
fn a_related_field_is_written_through() {
    check_uses(
        &written(&json!({"partner_email": "x", "partner_ref": "y"})),
        &["writes sale.order partner_email", "writes res.partner email", "writes sale.order partner_ref"],
    );
}

#[test]
fn relations_compared_with_text_compare_names() {
    let search = |domain: Value| {
        let conditions = domain.as_array().unwrap().clone();
        effect(Operation::Read, "search").within(conditions.into())
    };
    let name = [
        "by sale.order partner_id",
        "by res.partner display_name",
        "by res.partner email",
        "by res.partner ref",
        "by res.partner vat",
        "by res.partner company_registry",
    ];
    for condition in [
        json!(["partner_id", "ilike", "x"]),
        json!(["partner_id", "not ilike", false]),
        json!(["partner_id", "=", "x"]),
        json!(["partner_id", "in", [1, "x"]]),
        json!(["partner_id", "child_of", "x"]),
    ] {
        check_uses(&search(json!([condition])), &name);
    }
    for condition in [
        json!(["partner_id", "=", 5]),
        json!(["partner_id", "in", [1, 2]]),
        json!(["partner_id", "child_of", 5]),
    ] {
        check_uses(&search(json!([condition])), &["by sale.order partner_id"]);
    }
    check_uses(
        &search(json!([
            "|",
            ["name", "=", "x"],
            ["partner_id", "any", [["user_id", "not any", [["login", "=", "x"]]]]]
        ])),
        &["by sale.order name", "by sale.order partner_id", "by res.partner user_id", "by res.users login"],
    );
}

#[test]
fn a_call_that_names_nothing_needs_no_definitions() {
    let nothing = Known::new();
    for effect in [
        effect(Operation::Execute, "action_x").with_ids(&[7]),
        effect(Operation::Unlink, "unlink").with_ids(&[7]),
        effect(Operation::Read, "fields_get"),
    ] {
        assert!(Unfolding::new(&nothing, &shop(), NESTED_MAX).of(&effect).is_ok());
    }
    let wanted = Unfolding::new(&nothing, &shop(), NESTED_MAX).of(&written(&json!({"name": "x"})));
    assert!(matches!(wanted, Err(Stop::Wanted(model)) if model.as_str() == "sale.order"));
}

/// A small generator of numbers that are the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn value(&mut self, depth: u64) -> Value {
        let deeper = if depth == 0 { 6 } else { 10 };
        match self.below(deeper) {
            0 => json!(null),
            1 => json!(self.below(2) == 0),
            2 => json!(self.below(9)),
            3 => json!(self.below(9).to_string()),
            4 => json!([]),
            5 => json!([self.below(9), 0, 0]),
            6 => json!([[self.below(8), self.below(3), self.values(depth - 1)]]),
            7 => {
                json!([[self.below(8), self.value(0), self.value(depth - 1)], [self.below(8), self.below(3)]])
            }
            8 => self.values(depth - 1),
            _ => json!([self.value(depth - 1), self.value(depth - 1)]),
        }
    }

    fn values(&mut self, depth: u64) -> Value {
        let names = [
            "name",
            "state",
            "order_line",
            "tag_ids",
            "user_ids",
            "child_ids",
            "tax_ids",
            "partner_id",
            "things",
            "nope",
        ];
        let mut values = JsonObject::new();
        for _ in 0..self.below(3) {
            let name = names[usize::try_from(self.below(names.len() as u64)).unwrap()];
            values.insert(name.to_owned(), self.value(depth));
        }
        Value::Object(values)
    }
}

#[test]
fn whatever_comes_it_is_unfolded_once_and_for_all_or_refused() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let (mut understood, mut nested) = (0, 0);
    for _ in 0..20_000 {
        let values = numbers.values(4);
        let context = json!({"default_order_line": numbers.value(2), "default_nope": 1});
        let effect = match numbers.below(4) {
            0 => created(&values),
            1 => in_context(created(&values), &context),
            2 => with_values(effect(Operation::Create, "load"), &values),
            _ => written(&values),
        };
        let Ok(parts) = unfolded(&effect) else { continue };
        understood += 1;
        nested += parts.len() - 1;
        assert_eq!(unfolded(&effect).unwrap(), parts, "the same on every run: {values}");
        assert_eq!(unfolded(&parts[0]).unwrap(), parts, "once and for all: {values}");
        assert!(parts[1..].iter().all(|part| part.part == Part::Nested));
    }
    assert!(understood > 2_000 && nested > 500, "{understood} were understood, {nested} effects found");
}
