//! Changes an input: as JSON where it is JSON, as bytes in the other half of the tries.

use serde_json::{Map, Value, json};

/// A small generator of numbers; the seed comes from the fuzzer, so every change can be repeated.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Values that have hurt somebody before.
fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1),
        json!(1.0),
        json!(0.1),
        json!(9_007_199_254_740_993_i64),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("1"),
        json!("[1, 2]"),
        json!("*"),
        json!("odoo_*"),
        json!("partner_id.name"),
        json!("unlink"),
        json!("ir.cron"),
        json!("\u{0}\u{202e}é"),
        json!([]),
        json!({}),
        json!([[2, 1]]),
        json!([[0, 0, {"name": "x"}]]),
        json!([6, false, [1, 2]]),
        json!({"default_name": "x"}),
        json!(["&"]),
        json!(["name", "=", "x"]),
        json!(["line_ids", "any", [["id", "=", 1]]]),
    ]
}

pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut dice = Dice::new(u64::from(seed));
    if dice.below(2) == 0
        && let Some(head) = data.get(..size)
        && let Some(text) = mutated_json(head, &mut dice)
        && text.len() <= max_size
    {
        data[..text.len()].copy_from_slice(text.as_bytes());
        return text.len();
    }
    libfuzzer_sys::fuzzer_mutate(data, size, max_size)
}

fn mutated_json(data: &[u8], dice: &mut Dice) -> Option<String> {
    let mut value: Value = serde_json::from_slice(data).ok()?;
    for _ in 0..=dice.below(3) {
        let places = count(&value);
        let parts = collect(&value);
        let mut place = dice.below(places);
        change(&mut value, &mut place, &parts, dice);
    }
    serde_json::to_string(&value).ok()
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// Sub-values, to be planted elsewhere.
fn collect(value: &Value) -> Vec<Value> {
    let mut parts = vec![value.clone()];
    match value {
        Value::Array(items) => parts.extend(items.iter().flat_map(collect)),
        Value::Object(members) => parts.extend(members.values().flat_map(collect)),
        _ => {}
    }
    parts
}

/// Walks to the place and changes what is there.
fn change(value: &mut Value, place: &mut usize, parts: &[Value], dice: &mut Dice) -> bool {
    if *place == 0 {
        change_here(value, parts, dice);
        return true;
    }
    *place -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| change(item, place, parts, dice)),
        Value::Object(members) => members.values_mut().any(|item| change(item, place, parts, dice)),
        _ => false,
    }
}

fn change_here(value: &mut Value, parts: &[Value], dice: &mut Dice) {
    let odd = odd_values();
    let planted = if dice.below(2) == 0 {
        odd[dice.below(odd.len())].clone()
    } else {
        parts[dice.below(parts.len())].clone()
    };
    match (dice.below(4), value) {
        (0 | 1, Value::Array(items)) => {
            let at = dice.below(items.len() + 1);
            match dice.below(3) {
                0 if !items.is_empty() => drop(items.remove(at.min(items.len() - 1))),
                1 if items.len() > 1 => items.reverse(),
                _ => items.insert(at, planted),
            }
        }
        (0 | 1, Value::Object(members)) => {
            let keys: Vec<String> = members.keys().cloned().collect();
            let key = keys.get(dice.below(keys.len().max(1))).cloned();
            match (dice.below(3), key) {
                (0, Some(key)) => drop(members.shift_remove(&key)),
                (1, Some(key)) => rename(members, &key, dice),
                (_, Some(key)) => drop(members.insert(key, planted)),
                (_, None) => drop(members.insert("name".to_owned(), planted)),
            }
        }
        (2, here) => *here = Value::Array(vec![here.take()]),
        (_, here) => *here = planted,
    }
}

fn rename(members: &mut Map<String, Value>, key: &str, dice: &mut Dice) {
    let Some(value) = members.shift_remove(key) else { return };
    let renamed = match dice.below(4) {
        0 => key.to_uppercase(),
        1 => format!("{key}_"),
        2 => "*".to_owned(),
        _ => key.chars().rev().collect(),
    };
    members.insert(renamed, value);
}
