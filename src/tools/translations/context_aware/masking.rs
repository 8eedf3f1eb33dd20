//! Tags and placeholders are hidden from a language model behind marks, so that it cannot break them.

use super::super::checks;

const OPEN: char = '⟦';
const CLOSE: char = '⟧';

/// A text with marks in the place of what has to stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Masked {
    pub(super) text: String,
    hidden: Vec<String>,
}

impl Masked {
    /// `None` where the text itself holds such marks.
    pub(super) fn of(text: &str, is_markup: bool) -> Option<Self> {
        if text.contains([OPEN, CLOSE]) {
            return None;
        }
        let mut masked = Self { text: String::with_capacity(text.len()), hidden: Vec::new() };
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let kept = (if is_markup { tag(rest) } else { None })
                .or_else(|| checks::placeholder_at(rest, masked.text.chars().last()));
            match kept {
                Some(kept) => {
                    masked.hidden.push(kept.to_owned());
                    masked.text.push_str(&format!("{OPEN}{}{CLOSE}", masked.hidden.len()));
                    rest = rest.get(kept.len()..).unwrap_or_default();
                }
                None => {
                    masked.text.push(first);
                    rest = rest.get(first.len_utf8()..).unwrap_or_default();
                }
            }
        }
        Some(masked)
    }

    /// A translation with everything back in its place; an error where a mark is missing, new or double.
    pub(super) fn unmasked(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut seen = vec![false; self.hidden.len()];
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            out.push_str(before);
            let (number, tail) = after.split_once(CLOSE).ok_or("a mark is broken")?;
            let place = number.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let place = place.ok_or("a mark is broken")?;
            let (kept, seen) =
                self.hidden.get(place).zip(seen.get_mut(place)).ok_or("it has a mark of its own")?;
            if std::mem::replace(seen, true) {
                return Err("a mark stands there twice".to_owned());
            }
            out.push_str(kept);
            rest = tail;
        }
        out.push_str(rest);
        if seen.iter().all(|seen| *seen) { Ok(out) } else { Err("a mark is missing".to_owned()) }
    }
}

/// The tag that the text begins with.
fn tag(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('<')?;
    if !inside.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')) {
        return None;
    }
    let mut quote = None;
    for (place, character) in text.char_indices() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, '>') => return text.get(..=place),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_markup: bool, masked: &str) {
        let found = Masked::of(text, is_markup).unwrap();
        assert_eq!(found.text, masked);
        assert_eq!(found.unmasked(masked).unwrap(), text, "and back");
    }

    #[test]
    fn what_must_stay_is_hidden() {
        check("Good <b class=\"a>b\">day</b> %(name)s!", true, "Good ⟦1⟧day⟦2⟧ ⟦3⟧!");
        check("a < b and {count} <b>", false, "a < b and ⟦1⟧ <b>");
        check("50%discount, plain", true, "50%discount, plain");
        assert!(Masked::of("⟦1⟧", true).is_none());
    }

    #[test]
    fn marks_may_move_and_nothing_else() {
        let masked = Masked::of("<b>%s</b>", true).unwrap();
        assert_eq!(masked.unmasked("⟦2⟧ de ⟦1⟧x⟦ 3 ⟧").unwrap(), "%s de <b>x</b>");
        for bad in ["⟦1⟧⟦2⟧", "⟦1⟧⟦2⟧⟦3⟧⟦3⟧", "⟦1⟧⟦2⟧⟦3⟧⟦4⟧", "⟦1⟧⟦2⟧⟦3", "⟦x⟧⟦2⟧⟦3⟧", "⟦0⟧⟦1⟧⟦2⟧⟦3⟧", ""]
        {
            assert!(masked.unmasked(bad).is_err(), "{bad}");
        }
    }
}
