//! What is refused before it is sent, because Odoo would lose it.

use serde_json::json;

use super::*;

fn schema() -> ModelSchema {
    let fields = json!({
        "name": {"type": "char", "required": true}, "note": {"type": "html"},
        "active": {"type": "boolean"}, "sequence": {"type": "integer"}, "weight": {"type": "float"},
        "amount": {"type": "monetary"}, "day": {"type": "date"}, "moment": {"type": "datetime"},
        "kind": {"type": "selection", "selection": [["contact", "Contact"], ["invoice", "Invoice address"]]},
        "country_id": {"type": "many2one", "relation": "res.country"},
        "tag_ids": {"type": "many2many", "relation": "x.tag"},
        "line_ids": {"type": "one2many", "relation": "x.line"},
        "file": {"type": "binary"}, "target": {"type": "reference"}, "res_id": {"type": "many2one_reference"},
        "data": {"type": "json"}, "shown": {"type": "char", "readonly": true, "store": false},
        "state": {"type": "selection", "readonly": true, "selection": [["done", "Done"]]},
        "create_date": {"type": "datetime"}, "new": {"type": "kind_of_tomorrow"}
    });
    ModelSchema::read(&ModelName::parse("x.order").unwrap(), fields.as_object().unwrap())
}

#[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
#[track_caller]
fn check(field: &str, value: Value, expected: Result<Value, &str>) {
    let values = json!({ field: value });
    let found = check_values(&schema(), values.as_object().unwrap(), Mode::Write);
    match (found, expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found[field], expected, "{values}"),
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{values}: {error}"),
        (found, expected) => panic!("{values}: {found:?} is not {expected:?}"),
    }
}

#[test]
fn many2one_takes_an_id_nothing_or_what_read_answered() {
    check("country_id", json!(75), Ok(json!(75)));
    check("country_id", json!([75, "France"]), Ok(json!(75)));
    check("country_id", json!(false), Ok(json!(false)));
    check("country_id", json!(null), Ok(json!(false)));
    for bad in
        [json!("France"), json!("75"), json!({"id": 75}), json!([75]), json!([75, 76]), json!(["a", "b"])]
    {
        check("country_id", bad, Err("takes the id of"));
    }
    for bad in [json!(true), json!(0), json!(-1), json!(1.5), json!([0, "x"]), json!([])] {
        check("country_id", bad, Err("takes the id of"));
    }
}

#[test]
fn plain_values_have_their_own_type() {
    check("active", json!(true), Ok(json!(true)));
    for bad in [json!("no"), json!(1), json!(null), json!([])] {
        check("active", bad, Err("true or false"));
    }
    check("sequence", json!(5), Ok(json!(5)));
    check("sequence", json!(5.0), Ok(json!(5)));
    for bad in [json!("5"), json!(5.5), json!(false), json!(null), json!(1e300)] {
        check("sequence", bad, Err("an integer"));
    }
    check("sequence", json!(3_000_000_000_i64), Err("32 bits"));
    check("weight", json!(1), Ok(json!(1)));
    check("amount", json!(1.25), Ok(json!(1.25)));
    check("amount", json!("1.25"), Err("a number"));
    check("name", json!("x"), Ok(json!("x")));
    check("name", json!(null), Ok(json!(false)));
    check("name", json!(7), Err("a text"));
    check("name", json!(true), Err("a text"));
    check("name", json!("a\u{0}b"), Err("NUL"));
    check("file", json!("aGVsbG8="), Ok(json!("aGVsbG8=")));
    check("file", json!("data:image/png;base64,aGVsbG8="), Err("without the `data:`"));
    for bad in ["hello!", "aGVsbG8", "====", "a=GVsbG8"] {
        check("file", json!(bad), Err("base64"));
    }
}

#[test]
fn choices_are_keys() {
    check("kind", json!("invoice"), Ok(json!("invoice")));
    check("kind", json!(false), Ok(json!(false)));
    check("kind", json!("Invoice Address"), Err("did you mean `invoice`"));
    check("kind", json!("contct"), Err("did you mean `contact`"));
    check("kind", json!("zzzzzzzz"), Err("its keys are `contact`, `invoice`"));
    check("kind", json!(true), Err("one of its keys"));
}

#[test]
fn dates_and_times_are_real_and_in_utc() {
    check("day", json!("2026-02-28"), Ok(json!("2026-02-28")));
    check("day", json!("2026-02-30"), Err("no date"));
    check("day", json!("28/02/2026"), Err("no date"));
    check("day", json!("2026-2-8"), Err("no date"));
    check("day", json!("0000-01-01"), Err("no date"));
    check("day", json!("2026-02-28 10:00:00"), Err("without a time"));
    check("day", json!(20_260_228), Err("takes a date"));
    check("moment", json!("2026-02-28 10:00:00"), Ok(json!("2026-02-28 10:00:00")));
    check("moment", json!("2026-02-28T10:00:00Z"), Ok(json!("2026-02-28 10:00:00")));
    check("moment", json!("2026-02-28T01:30:00+02:00"), Ok(json!("2026-02-27 23:30:00")));
    check("moment", json!("2026-02-28T10:00:00.123456-05:00"), Ok(json!("2026-02-28 15:00:00")));
    check("moment", json!("2026-02-28T10:00"), Ok(json!("2026-02-28 10:00:00")));
    check("moment", json!("2026-02-28"), Ok(json!("2026-02-28 00:00:00")));
    for bad in ["2026-02-30 10:00:00", "2026-02-28 25:00:00", "tomorrow", "", "2026-02-28Z", "é"] {
        check("moment", json!(bad), Err("no date and time"));
    }
}

#[test]
fn x2many_takes_commands() {
    check("tag_ids", json!([[6, 0, [1, 2]]]), Ok(json!([[6, 0, [1, 2]]])));
    check("tag_ids", json!([[6, false, []]]), Ok(json!([[6, 0, []]])));
    check("tag_ids", json!([[4, 7], [3, 8, false], [5]]), Ok(json!([[4, 7, 0], [3, 8, 0], [5, 0, 0]])));
    check("line_ids", json!([[0, "virtual_1", {"a": 1}]]), Ok(json!([[0, 0, {"a": 1}]])));
    check("tag_ids", json!([1, 2]), Err("bare list of ids"));
    check("tag_ids", json!([]), Err("changes nothing"));
    for bad in [json!(false), json!(7), json!("x"), json!({"id": 1})] {
        check("tag_ids", bad, Err("list of commands"));
    }
    check("tag_ids", json!([[7, 1, 0]]), Err("from 0 to 6"));
    check("tag_ids", json!([["add", 1]]), Err("from 0 to 6"));
    check("tag_ids", json!([[6, 0, ["x"]]]), Err("sets the list"));
    check("tag_ids", json!([[6, 0, 5]]), Err("sets the list"));
    check("tag_ids", json!([[4, "7"]]), Err("adds a record"));
    check("line_ids", json!([[1, 0, {"a": 1}]]), Err("changes a record"));
    check("line_ids", json!([[0, 5, {"a": 1}]]), Err("makes a record"));
    check("line_ids", json!([[2, -1]]), Err("deletes a record"));
}

#[test]
fn values_inside_commands_follow_their_own_model() {
    let line = json!({"qty": {"type": "float"}, "order_id": {"type": "many2one", "relation": "x.order"}});
    let model = ModelName::parse("x.line").unwrap();
    let comodels =
        Comodels::from([(model.clone(), Arc::new(ModelSchema::read(&model, line.as_object().unwrap())))]);
    let run =
        |values: Value| check_values_with(&schema(), values.as_object().unwrap(), Mode::Create, &comodels);
    assert!(run(json!({"line_ids": [[0, 0, {"qty": 2}]]})).is_ok());
    let error = run(json!({"line_ids": [[0, 0, {"qty": "2"}]]})).unwrap_err();
    assert!(matches!(&error, OdooError::InvalidValue { field, .. } if field == "qty"), "{error}");
    let error = run(json!({"line_ids": [[1, 4, {"qyt": 2}]]})).unwrap_err();
    assert!(matches!(&error, OdooError::UnknownField { nearest, .. } if nearest == &["qty"]), "{error}");
    assert!(run(json!({"line_ids": [[1, 4, {}]]})).is_err());
}

#[test]
fn what_odoo_would_drop_in_silence_is_refused() {
    check("shown", json!("x"), Err("computed"));
    check("create_date", json!("2026-01-01 00:00:00"), Err("Odoo sets it itself"));
    check("nmae", json!("x"), Err("has no field `nmae`"));
    check("state", json!("done"), Ok(json!("done")));
    check("target", json!("res.partner,7"), Ok(json!("res.partner,7")));
    for bad in [json!("res.partner"), json!("Res Partner,7"), json!("res.partner,0"), json!(7)] {
        check("target", bad, Err("`model,id`"));
    }
    check("res_id", json!("7"), Err("the id of a record"));
    check("data", json!({"any": [1]}), Ok(json!({"any": [1]})));
    check("new", json!({"any": [1]}), Ok(json!({"any": [1]})));
    let nothing = JsonObject::new();
    assert!(check_values(&schema(), &nothing, Mode::Write).is_err());
    assert!(check_values(&schema(), &nothing, Mode::Create).is_ok());
}
