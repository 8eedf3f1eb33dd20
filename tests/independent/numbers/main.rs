//! Answers for the comparison with an independent library: one line in, one line out.
//!
//! In: the kind of number, a tab, the text. Out: the kind the product found, a tab, and `yes`, `no`, or
//! `shape` where the shape is right and no check digit is known for such numbers.

#![cfg_attr(not(test), allow(clippy::print_stdout, reason = "this is what the script reads"))]

use std::io::{self, BufRead, Write};

use jiff::civil::date;
use odoo_mcp::identifiers::{self, Checked};

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let Some((kind, text)) = line.split_once('\t') else {
            return Err(io::Error::other("a line is a kind, a tab and a text"));
        };
        let checked = check(kind, text).ok_or_else(|| io::Error::other("unknown kind"))?;
        let answer = match (checked.valid_shape, checked.valid_checksum) {
            (true, Some(true)) => "yes",
            (true, None) => "shape",
            _ => "no",
        };
        let found = serde_json::to_string(&checked.kind)?;
        writeln!(out, "{}\t{answer}", found.trim_matches('"'))?;
    }
    out.flush()
}

fn check(kind: &str, text: &str) -> Option<Checked> {
    // Which day it is decides about warnings only.
    let today = date(2026, 1, 1);
    Some(match kind {
        "eik" | "eik_branch" => identifiers::eik(text),
        "egn" => identifiers::egn(text, today),
        "lnch" => identifiers::lnch(text),
        "other_number" => identifiers::other_number(text),
        "bg_vat" => identifiers::bulgarian_vat(text, today),
        "eu_vat" => identifiers::eu_vat(text),
        "iban" => identifiers::iban(text),
        "mrn" => identifiers::mrn(text),
        _ => return None,
    })
}
