//! Names of companies as they are compared. No I/O.

/// Words that say what kind of company it is, in the languages of the bills this was made for.
const LEGAL_FORMS: &[&str] = &[
    "ad",
    "ab",
    "ag",
    "as",
    "bv",
    "co",
    "corp",
    "ead",
    "eood",
    "et",
    "gmbh",
    "inc",
    "kg",
    "kft",
    "limited",
    "llc",
    "llp",
    "ltd",
    "nv",
    "ood",
    "oy",
    "plc",
    "sa",
    "sarl",
    "sas",
    "spa",
    "srl",
    "ад",
    "ад-во",
    "дзз",
    "дззд",
    "еад",
    "еоод",
    "ет",
    "ооо",
    "оод",
    "сд",
];

/// Shorter ones say too little to search for.
const WORD_CHARS_MIN: usize = 3;

/// The words of a name in lower case, without legal forms, quotes and dots.
pub(crate) fn plain(name: &str) -> Option<String> {
    // Dots are dropped, not split at: `S.A.` is one word.
    let lower = name.to_lowercase().replace('.', "");
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.filter(|word| !LEGAL_FORMS.contains(word)).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The word to search for: the longest, as the most telling.
pub(crate) fn telling_word(plain: &str) -> Option<&str> {
    let longest = plain.split(' ').max_by_key(|word| word.chars().count())?;
    (longest.chars().count() >= WORD_CHARS_MIN).then_some(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_in_every_dress() {
        let check = |name: &str, expected: Option<&str>| assert_eq!(plain(name).as_deref(), expected);
        check("„Хляб и Сол“ ЕООД", Some("хляб и сол"));
        check("Bread & Salt, Ltd.", Some("bread salt"));
        check("BREAD  SALT GmbH & Co. KG", Some("bread salt"));
        check("Energy S.A.", Some("energy"));
        check("ООД", None);
        check("", None);
    }

    #[test]
    fn the_longest_word_tells_most() {
        assert_eq!(telling_word("хляб и солница"), Some("солница"));
        assert_eq!(telling_word("a b"), None);
    }
}
