//! From earlier lines to accounts. No I/O.

use std::collections::BTreeSet;

/// Below this two descriptions have nothing to do with each other.
const SIMILAR_MIN: f64 = 0.3;
/// Accounts that are suggested per line.
const ACCOUNTS_MAX: usize = 3;
/// A suggestion that does not rest on the description is worth that much of one that does.
const WITHOUT_DESCRIPTION: f64 = 0.6;

/// A line of an earlier bill.
#[derive(Debug, Clone)]
pub(crate) struct Earlier {
    account: i64,
    label: String,
    words: BTreeSet<String>,
}

impl Earlier {
    pub(crate) fn new(account: i64, label: String, description: &str) -> Self {
        Self { account, label, words: words(description) }
    }
}

/// What a suggestion rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    Nothing,
    VendorHistory,
    SimilarLines,
}

impl Basis {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::VendorHistory => "vendor_history",
            Self::SimilarLines => "similar_lines",
        }
    }
}

/// An account with its part of the evidence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Account {
    pub(crate) id: i64,
    pub(crate) label: String,
    /// 0 to 1, of the lines that count.
    pub(crate) share: f64,
    /// Lines that used it.
    pub(crate) count: usize,
}

/// What is suggested for one line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Suggestion {
    pub(crate) basis: Basis,
    /// 0 to 1; of the first account.
    pub(crate) confidence: f64,
    pub(crate) accounts: Vec<Account>,
}

/// The accounts that the history suggests for a description.
pub(crate) fn suggest(description: &str, history: &[Earlier]) -> Suggestion {
    let wanted = words(description);
    let similar: Vec<(&Earlier, f64)> = history
        .iter()
        .map(|line| (line, similarity(&wanted, &line.words)))
        .filter(|(_, similarity)| *similarity >= SIMILAR_MIN)
        .collect();
    let (basis, counted) = match (similar.is_empty(), history.is_empty()) {
        (false, _) => (Basis::SimilarLines, similar),
        (true, false) => (Basis::VendorHistory, history.iter().map(|line| (line, 1.0)).collect()),
        (true, true) => (Basis::Nothing, Vec::new()),
    };
    let accounts = shares(&counted);
    let likeness = counted.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
    let worth = match basis {
        Basis::Nothing => 0.0,
        Basis::VendorHistory => WITHOUT_DESCRIPTION,
        Basis::SimilarLines => likeness,
    };
    // One line proves little: with n lines n/(n+1) of the share is believed.
    let evidence = counted.len() as f64 / (counted.len() as f64 + 1.0);
    let confidence = accounts.first().map_or(0.0, |first| rounded(first.share * worth * evidence));
    Suggestion { basis, confidence, accounts }
}

/// The accounts by weight, the heaviest first, and by id where they weigh the same.
fn shares(counted: &[(&Earlier, f64)]) -> Vec<Account> {
    let total: f64 = counted.iter().map(|(_, weight)| *weight).sum();
    let mut accounts: Vec<Account> = Vec::new();
    for (line, weight) in counted {
        match accounts.iter_mut().find(|account| account.id == line.account) {
            Some(account) => {
                account.share += weight;
                account.count += 1;
            }
            None => accounts.push(Account {
                id: line.account,
                label: line.label.clone(),
                share: *weight,
                count: 1,
            }),
        }
    }
    accounts.sort_by(|one, two| two.share.total_cmp(&one.share).then(one.id.cmp(&two.id)));
    accounts.truncate(ACCOUNTS_MAX);
    for account in &mut accounts {
        account.share = rounded(account.share / total);
    }
    accounts
}

/// Words in common, of all words of both.
fn similarity(one: &BTreeSet<String>, two: &BTreeSet<String>) -> f64 {
    let common = one.intersection(two).count();
    let all = one.len() + two.len() - common;
    if all == 0 { 0.0 } else { common as f64 / all as f64 }
}

/// What a description is about: its words in lower case, without numbers, which differ from bill to bill.
fn words(description: &str) -> BTreeSet<String> {
    description
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 1 && !word.chars().any(|c| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> Vec<Earlier> {
        [
            (602, "Internet access May 2024"),
            (602, "Internet access June 2024"),
            (602, "Internet access July"),
            (601, "Printer paper A4"),
            (609, "Late fee"),
        ]
        .map(|(account, text)| Earlier::new(account, format!("{account} label"), text))
        .to_vec()
    }

    #[test]
    fn similar_lines_decide() {
        let suggestion = suggest("Internet access, August 2024", &history());
        assert_eq!(suggestion.basis, Basis::SimilarLines);
        assert_eq!(suggestion.accounts.len(), 1);
        assert_eq!(
            suggestion.accounts[0],
            Account { id: 602, label: "602 label".to_owned(), share: 1.0, count: 3 }
        );
        assert!(suggestion.confidence > 0.3 && suggestion.confidence < 0.6, "{}", suggestion.confidence);
    }

    #[test]
    fn the_same_words_are_believed_more() {
        let same = suggest("printer paper", &history()).confidence;
        let alike = suggest("coloured printer paper for posters", &history()).confidence;
        assert!(same > alike, "{same} {alike}");
    }

    #[test]
    fn without_similar_lines_the_vendor_decides() {
        let suggestion = suggest("Something new", &history());
        assert_eq!(suggestion.basis, Basis::VendorHistory);
        let told: Vec<(i64, f64)> =
            suggestion.accounts.iter().map(|account| (account.id, account.share)).collect();
        assert_eq!(told, [(602, 0.6), (601, 0.2), (609, 0.2)]);
        assert_eq!(suggestion.confidence, 0.3);
    }

    #[test]
    fn without_history_nothing_is_said() {
        let suggestion = suggest("Anything", &[]);
        assert_eq!((suggestion.basis, suggestion.confidence), (Basis::Nothing, 0.0));
        assert!(suggestion.accounts.is_empty());
    }

    #[test]
    fn a_line_without_words_is_like_no_other() {
        let silent = [Earlier::new(5, String::new(), "123 / 4")];
        assert_eq!(suggest("99", &silent).basis, Basis::VendorHistory);
    }
}
