//! Nearest names, for errors that say what was probably meant.

/// Names longer than this are not compared: a suggestion for them helps nobody.
const COMPARED_CHARS_MAX: usize = 128;

/// The best matches of `wanted` among `known`, best first, at most `count`.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>, count: usize) -> Vec<&'a str> {
    let limit = (wanted.chars().count() / 3).clamp(1, 4);
    let mut scored: Vec<(usize, &str)> =
        known.into_iter().filter_map(|name| score(wanted, name, limit).map(|score| (score, name))).collect();
    scored.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.len().cmp(&b.1.len())).then_with(|| a.1.cmp(b.1)));
    scored.truncate(count);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// Are the two within `limit` single-character edits (swap of neighbours counts as one)?
pub fn within_distance(a: &str, b: &str, limit: usize) -> bool {
    distance(a, b).is_some_and(|d| d <= limit)
}

/// Lower is nearer. Containment counts as near: `country` for `country_id`.
fn score(wanted: &str, name: &str, limit: usize) -> Option<usize> {
    let edits = distance(wanted, name)?;
    if edits <= limit {
        return Some(edits * 10);
    }
    let contained =
        wanted.len() >= 3 && (name.contains(wanted) || (name.len() >= 3 && wanted.contains(name)));
    contained.then(|| 45 + edits)
}

fn distance(a: &str, b: &str) -> Option<usize> {
    let a: Vec<char> = a.chars().take(COMPARED_CHARS_MAX + 1).collect();
    let b: Vec<char> = b.chars().take(COMPARED_CHARS_MAX + 1).collect();
    if a.len() > COMPARED_CHARS_MAX || b.len() > COMPARED_CHARS_MAX {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut current = Vec::with_capacity(b.len() + 1);
        current.push(i + 1);
        for (j, cb) in b.iter().enumerate() {
            let replaced = previous.get(j)? + usize::from(ca != cb);
            let removed = previous.get(j + 1)? + 1;
            let added = current.get(j)? + 1;
            let mut best = replaced.min(removed).min(added);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(cb) && b.get(j - 1) == Some(ca);
            if swapped {
                best = best.min(before.get(j - 1)? + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut previous, current);
    }
    previous.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names_come_first() {
        let known = ["name", "email", "country_id", "phone"];
        assert_eq!(nearest("nmae", known, 2), ["name"]);
        assert_eq!(nearest("country", known, 2), ["country_id"]);
        assert!(nearest("zzzzzz", known, 2).is_empty());
        assert!(within_distance("odoo_unlnik", "odoo_unlink", 1));
    }
}
