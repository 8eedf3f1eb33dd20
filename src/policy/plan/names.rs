//! Names and patterns: which entries of a section speak of a name, found with one look-up.
//!
//! `*` stands for any run of characters. Deliberately absent: any other wildcard.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use crate::policy::file::document::Pattern;

/// Pairs of a name and a pattern that are tried at load. Beyond that, patterns are tried at each call.
const MERGED_PAIRS_MAX: usize = 2_000_000;

/// A map by name for tables that are built from the policy file, not from what callers send.
pub(in crate::policy) type FastMap<V> = HashMap<Arc<str>, V, BuildHasherDefault<FastHasher>>;

/// Does a pattern match a name?
pub(in crate::policy) fn matches_name(pattern: &str, name: &str) -> bool {
    let Some((first, mut pieces)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    while let Some((piece, after)) = pieces.split_once('*') {
        match rest.split_once(piece) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
        pieces = after;
    }
    rest.ends_with(pieces)
}

/// A pattern taken apart: most have their star at one end.
#[derive(Debug)]
enum Wild {
    Everything,
    Prefix(Box<str>),
    Suffix(Box<str>),
    Any(Pattern),
}

impl Wild {
    fn new(pattern: &Pattern) -> Self {
        match (pattern.0.strip_suffix('*'), pattern.0.strip_prefix('*')) {
            (Some(""), _) => Self::Everything,
            (Some(prefix), _) if !prefix.contains('*') => Self::Prefix(prefix.into()),
            (_, Some(suffix)) if !suffix.contains('*') => Self::Suffix(suffix.into()),
            _ => Self::Any(pattern.clone()),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Prefix(prefix) => name.starts_with(&**prefix),
            Self::Suffix(suffix) => name.ends_with(&**suffix),
            Self::Any(pattern) => pattern.matches(name),
        }
    }
}

/// Which entries speak of a name, in file order.
#[derive(Debug, Default)]
pub(in crate::policy) struct NameIndex {
    /// Names of the file and of the catalogue; the entries of their patterns are merged in.
    named: FastMap<Box<[u32]>>,
    patterns: Box<[(Wild, u32)]>,
    /// False where the file holds too many patterns to try them all beforehand.
    merged: bool,
}

impl NameIndex {
    /// Entries by their patterns; `also` are names that calls will use.
    pub(in crate::policy) fn new<'a>(
        entries: impl Iterator<Item = &'a Pattern> + Clone,
        also: impl Iterator<Item = &'a str>,
    ) -> Self {
        let patterns: Box<[(Wild, u32)]> = (0_u32..)
            .zip(entries.clone())
            .filter(|(_, pattern)| !pattern.is_exact())
            .map(|(number, pattern)| (Wild::new(pattern), number))
            .collect();
        let mut own: FastMap<Vec<u32>> = FastMap::default();
        for (number, pattern) in (0_u32..).zip(entries).filter(|(_, pattern)| pattern.is_exact()) {
            own.entry(Arc::clone(&pattern.0)).or_default().push(number);
        }
        for name in also {
            if !own.contains_key(name) {
                own.insert(Arc::from(name), Vec::new());
            }
        }
        let merged = own.len().saturating_mul(patterns.len()) <= MERGED_PAIRS_MAX;
        let merge = |name: &str, mut numbers: Vec<u32>| {
            if merged {
                let matching = patterns.iter().filter(|(pattern, _)| pattern.matches(name));
                numbers.extend(matching.map(|(_, number)| *number));
                numbers.sort_unstable();
            }
            numbers.into_boxed_slice()
        };
        let named = own.into_iter().map(|(name, numbers)| {
            let numbers = merge(&name, numbers);
            (name, numbers)
        });
        Self { named: named.collect(), patterns, merged }
    }

    /// The numbers of the entries for a name.
    pub(in crate::policy) fn of<'a>(&'a self, name: &'a str) -> Matching<'a> {
        let named = self.named.get(name);
        let patterns: &[(Wild, u32)] = if named.is_some() && self.merged { &[] } else { &self.patterns };
        Matching { named: named.map_or(&[], |numbers| numbers), patterns, name }
    }
}

/// The entries for one name.
#[derive(Debug)]
pub(in crate::policy) struct Matching<'a> {
    named: &'a [u32],
    patterns: &'a [(Wild, u32)],
    name: &'a str,
}

impl Iterator for Matching<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if let Some((first, rest)) = self.named.split_first() {
            self.named = rest;
            return Some(*first as usize);
        }
        while let Some(((pattern, number), rest)) = self.patterns.split_first() {
            self.patterns = rest;
            if pattern.matches(self.name) {
                return Some(*number as usize);
            }
        }
        None
    }
}

/// Names without doubles, for building.
pub(in crate::policy) fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

/// An odd number without a pattern, for mixing.
const MIXER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Eight bytes at a time. Callers cannot choose what stands in a table, so nothing has to be secret.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::policy) struct FastHasher(u64);

impl FastHasher {
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(MIXER);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

impl Hasher for FastHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        let last = rest.iter().fold(rest.len() as u64, |word, byte| word << 8 | u64::from(*byte));
        self.mix(last);
    }

    /// Text ends with one such byte.
    fn write_u8(&mut self, byte: u8) {
        self.0 = self.0.rotate_left(5) ^ u64::from(byte);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run() {
        for (pattern, name, expected) in [
            ("odoo_read", "odoo_read", true),
            ("odoo_read", "odoo_reader", false),
            ("odoo_read", "xodoo_read", false),
            ("odoo_*", "odoo_", true),
            ("odoo_*", "odoo", false),
            ("*_read", "odoo_search_read", true),
            ("*_read", "odoo_reader", false),
            ("*bank*", "partner_bank_id", true),
            ("*bank*", "partner_ban", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "ac", false),
            ("a*a", "a", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
            ("**", "x", true),
            ("", "x", false),
        ] {
            assert_eq!(matches_name(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_look_up_finds_what_a_scan_finds() {
        let patterns: Vec<Pattern> =
            ["b", "*", "a*", "b", "*a", "*b*", "a*b", "**"].map(|text| Pattern(Arc::from(text))).into();
        let index = NameIndex::new(patterns.iter(), ["known", "a"].into_iter());
        for name in ["a", "b", "ab", "ba", "known", "unknown", ""] {
            let scanned: Vec<usize> = (0..patterns.len()).filter(|at| patterns[*at].matches(name)).collect();
            let mut found: Vec<usize> = index.of(name).collect();
            found.sort_unstable();
            assert_eq!(found, scanned, "{name}");
        }
    }
}
