//! Paths into the facts: `args.lines[*].amount`, taken apart.

use std::sync::Arc;

use super::{
    document::{Path, Root, Step},
    shape::{either, shown},
};
use crate::facts::nearest;

/// Most steps of a path: arguments are not nested deeper.
const STEPS_MAX: usize = 32;

/// What the normal form of a call holds.
const ODOO: &[&str] =
    &["connection", "model", "method", "op", "ids", "values", "fields", "domain_fields", "count"];
/// What is known of the caller and the moment.
const CTX: &[&str] =
    &["user", "groups", "client", "grant", "connection", "environment", "class", "dry_run", "time"];
const ROOTS: &[&str] = &["args", "odoo", "ctx", "state"];

/// Reads a path of a condition, and checks what can be checked without knowing the tool.
pub(super) fn read(text: &str) -> Result<Path, String> {
    let (first, rest) = next_key(text)?;
    let root = match &*first {
        "args" => Root::Args,
        "odoo" => Root::Odoo,
        "ctx" => Root::Ctx,
        "state" => Root::State,
        "record" => return Err("stored values (`record.…`) cannot be read by this version".to_owned()),
        other => {
            let message = no_such("a path begins with", other, ROOTS);
            let sent = shown(text);
            return Err(if message.contains("did you mean") {
                message
            } else {
                format!("{message}; what the caller sends is `args.{sent}`")
            });
        }
    };
    let steps = steps(rest)?;
    let Some(Step::Key(member)) = steps.first() else {
        return Err(format!("a name has to follow, such as `{first}.{}`", example(root)));
    };
    match root {
        Root::Odoo => {
            known("odoo", member, ODOO)?;
            plain(&steps, member, &["model", "method", "op", "connection", "count"])?;
        }
        Root::Ctx => {
            known("ctx", member, CTX)?;
            plain(
                &steps,
                member,
                &["user", "client", "grant", "connection", "environment", "class", "dry_run"],
            )?;
            if &**member == "time" && !matches!(steps.as_slice(), [_, Step::Key(_)]) {
                return Err("write it as `ctx.time.NAME`, with a name of `time_windows`".to_owned());
            }
        }
        Root::State => {
            if !matches!(steps.as_slice(), [Step::Key(_), Step::Key(_)]) {
                return Err("write it as `state.TOOL.COUNTER`".to_owned());
            }
        }
        Root::Args | Root::Result => {}
    }
    Ok(Path { text: Arc::from(text), root, steps })
}

/// Reads a path to a fact of the call. Counters are none.
pub(super) fn read_fact(text: &str) -> Result<Path, String> {
    let path = read(text)?;
    if path.root == Root::State {
        return Err("counters are read only in `rules`; use `limits` here".to_owned());
    }
    Ok(path)
}

/// Reads a path into a result, which begins with a member of the result itself.
pub(super) fn read_result(text: &str) -> Result<Path, String> {
    let dotted = if text.starts_with('[') { text.to_owned() } else { format!(".{text}") };
    Ok(Path { text: Arc::from(text), root: Root::Result, steps: steps(&dotted)? })
}

/// The path of a written field.
pub(super) fn of_value(field: &str) -> Path {
    let steps = vec![Step::Key(Arc::from("values")), Step::Key(Arc::from(field))];
    Path { text: Arc::from(format!("odoo.values.{field}")), root: Root::Odoo, steps }
}

fn known(root: &str, member: &str, members: &[&str]) -> Result<(), String> {
    if members.contains(&member) { Ok(()) } else { Err(no_such(&format!("`{root}` has"), member, members)) }
}

/// These members hold one value: nothing stands below them.
fn plain(steps: &[Step], member: &str, plain: &[&str]) -> Result<(), String> {
    if steps.len() > 1 && plain.contains(&member) {
        return Err(format!("`{member}` is a single value; nothing stands below it"));
    }
    Ok(())
}

fn no_such(has: &str, wanted: &str, known: &[&str]) -> String {
    let wanted = shown(wanted);
    match nearest(&wanted, known.iter().copied(), 1).first() {
        Some(meant) => format!("{has} no `{wanted}`; did you mean `{meant}`?"),
        None => {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("{has} {}, not `{wanted}`", either(&known))
        }
    }
}

fn example(root: Root) -> &'static str {
    match root {
        Root::Odoo => "model",
        Root::Ctx => "user",
        Root::State => "TOOL.COUNTER",
        Root::Args | Root::Result => "amount",
    }
}

fn steps(text: &str) -> Result<Vec<Step>, String> {
    let (mut steps, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        if steps.len() >= STEPS_MAX {
            return Err(format!("the path has more than {STEPS_MAX} steps"));
        }
        if let Some(after) = rest.strip_prefix("[*]") {
            steps.push(Step::Every);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("[?]") {
            steps.push(Step::Some);
            rest = after;
        } else if rest.starts_with('[') {
            return Err(
                "a list is entered with `[*]` (all of it) or `[?]` (one of it), not by number".to_owned()
            );
        } else if let Some(after) = rest.strip_prefix('.') {
            let (key, after) = next_key(after)?;
            steps.push(Step::Key(Arc::from(key)));
            rest = after;
        } else {
            return Err("after `]` comes a dot, another `[` or the end".to_owned());
        }
    }
    Ok(steps)
}

/// The next key, with `\.` taken as a dot inside it, and what follows.
fn next_key(text: &str) -> Result<(String, &str), String> {
    let (mut key, mut characters) = (String::new(), text.char_indices());
    let mut rest = "";
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, escaped @ ('.' | '[' | '\\'))) => key.push(escaped),
                _ => return Err("a backslash is followed by `.`, `[` or another backslash".to_owned()),
            },
            '.' | '[' => {
                rest = text.get(at..).unwrap_or_default();
                break;
            }
            ']' => return Err("`]` stands without `[`".to_owned()),
            character if character.is_control() => {
                return Err("the path holds a control character".to_owned());
            }
            other => key.push(other),
        }
    }
    if key.is_empty() {
        return Err("a step of the path is empty; a dot inside a name is written `\\.`".to_owned());
    }
    Ok((key, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, root: Root, steps: &[&str]) {
        let path = read(text).unwrap();
        let read: Vec<&str> = path
            .steps
            .iter()
            .map(|step| match step {
                Step::Key(key) => &**key,
                Step::Every => "[*]",
                Step::Some => "[?]",
            })
            .collect();
        assert_eq!((path.root, read.as_slice()), (root, steps), "{text}");
    }

    #[track_caller]
    fn check_refused(text: &str, says: &str) {
        let message = read(text).unwrap_err();
        assert!(message.contains(says), "{text}: {message}");
    }

    #[test]
    fn paths_are_taken_apart() {
        check("args.amount", Root::Args, &["amount"]);
        check("args.lines[*].amount", Root::Args, &["lines", "[*]", "amount"]);
        check("args.a[?][*]", Root::Args, &["a", "[?]", "[*]"]);
        check(r"args.a\.b.c", Root::Args, &["a.b", "c"]);
        check("odoo.values.order_line[?].price", Root::Odoo, &["values", "order_line", "[?]", "price"]);
        check("odoo.values[*].x", Root::Odoo, &["values", "[*]", "x"]);
        check("ctx.time.office_hours", Root::Ctx, &["time", "office_hours"]);
        check("state.create_charge.total", Root::State, &["create_charge", "total"]);
    }

    #[test]
    fn paths_that_lead_nowhere_are_refused() {
        for (text, says) in [
            ("amount", "begins with"),
            ("arg.amount", "did you mean `args`"),
            ("args", "has to follow"),
            ("args[*]", "has to follow"),
            ("args.", "empty"),
            ("args..a", "empty"),
            ("args.a[0]", "not by number"),
            ("args.a[*]b", "after `]`"),
            ("args.a]", "without `[`"),
            (r"args.a\b", "backslash"),
            ("odoo.modle", "did you mean `model`"),
            ("odoo.model.name", "single value"),
            ("ctx.usr", "did you mean `user`"),
            ("ctx.user[*]", "single value"),
            ("ctx.time", "ctx.time.NAME"),
            ("state.total", "state.TOOL.COUNTER"),
            ("record.amount", "this version"),
            ("", "empty"),
        ] {
            check_refused(text, says);
        }
        check_refused(&format!("args{}", ".a".repeat(33)), "32 steps");
    }
}
