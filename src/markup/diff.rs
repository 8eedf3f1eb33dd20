//! What changed between two texts, as a unified diff.

/// Lines around a change.
const CONTEXT_LINES: usize = 3;
/// Where a line is longer, all are broken between tags, so that a page in one line can be compared at all.
const LINE_BYTES_MAX: usize = 160;
/// Beyond this many pairs the changed part is shown as a whole: the table would take megabytes.
const PAIRS_MAX: usize = 1_000_000;

/// The diff, or nothing where the texts are the same.
pub fn unified_diff(before: &str, after: &str) -> Option<String> {
    if before == after {
        return None;
    }
    let finely = before.lines().chain(after.lines()).any(|line| line.len() > LINE_BYTES_MAX);
    let (old, new) = (lines(before, finely), lines(after, finely));
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let end = end.min(old.len() - start).min(new.len() - start);
    let middle = |lines: &[&'_ str]| lines.get(start..lines.len() - end).unwrap_or_default().len();
    let (removed, added) = (middle(&old), middle(&new));
    let steps = match removed.saturating_mul(added) > PAIRS_MAX {
        true => replaced(removed, added),
        false => steps(
            old.get(start..start + removed).unwrap_or_default(),
            new.get(start..start + added).unwrap_or_default(),
        ),
    };
    let mut all = vec![Step::Same; start];
    all.extend(steps);
    all.extend(vec![Step::Same; end]);
    Some(hunks(&old, &new, &all))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Same,
    Removed,
    Added,
}

/// The lines of a text; `finely` breaks them between any two tags as well.
fn lines(text: &str, finely: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        while let Some(place) = rest.find("><").filter(|_| finely) {
            let (one, further) = rest.split_at(place + 1);
            lines.push(one);
            rest = further;
        }
        lines.push(rest);
    }
    lines
}

fn replaced(removed: usize, added: usize) -> Vec<Step> {
    let mut steps = vec![Step::Removed; removed];
    steps.extend(vec![Step::Added; added]);
    steps
}

/// The longest common subsequence, by the textbook table.
fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    let width = new.len() + 1;
    let mut table = vec![0_u32; (old.len() + 1) * width];
    let at = |table: &[u32], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or_default();
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let best = match a == b {
                true => at(&table, i + 1, j + 1) + 1,
                false => at(&table, i + 1, j).max(at(&table, i, j + 1)),
            };
            if let Some(cell) = table.get_mut(i * width + j) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut steps = Vec::new();
    while let (Some(a), Some(b)) = (old.get(i), new.get(j)) {
        if a == b {
            steps.push(Step::Same);
            (i, j) = (i + 1, j + 1);
        } else if at(&table, i + 1, j) >= at(&table, i, j + 1) {
            steps.push(Step::Removed);
            i += 1;
        } else {
            steps.push(Step::Added);
            j += 1;
        }
    }
    steps.extend(replaced(old.len() - i, new.len() - j));
    steps
}

fn hunks(old: &[&str], new: &[&str], steps: &[Step]) -> String {
    let near = |index: usize| {
        let from = index.saturating_sub(CONTEXT_LINES);
        let to = (index + CONTEXT_LINES + 1).min(steps.len());
        steps.get(from..to).unwrap_or_default().iter().any(|step| *step != Step::Same)
    };
    let mut diff = String::new();
    let (mut i, mut j) = (0, 0);
    let mut open = false;
    for (index, step) in steps.iter().enumerate() {
        if near(index) {
            if !open {
                diff.push_str(&format!("@@ -{} +{} @@\n", i + 1, j + 1));
                open = true;
            }
            let (mark, line) = match step {
                Step::Same => (' ', old.get(i)),
                Step::Removed => ('-', old.get(i)),
                Step::Added => ('+', new.get(j)),
            };
            diff.push(mark);
            diff.push_str(line.map_or("", |line| line.trim_end_matches('\n')));
            diff.push('\n');
        } else {
            open = false;
        }
        i += usize::from(*step != Step::Added);
        j += usize::from(*step != Step::Removed);
    }
    diff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_the_change_and_little_around_it() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\n";
        assert_eq!(unified_diff(before, before), None);
        let after = before.replace("e\n", "E\nx\n");
        assert_eq!(
            unified_diff(before, &after).unwrap(),
            "@@ -2 +2 @@\n b\n c\n d\n-e\n+E\n+x\n f\n g\n h\n"
        );
        assert_eq!(unified_diff("", "a").unwrap(), "@@ -1 +1 @@\n+a\n");
        assert_eq!(unified_diff("a", "").unwrap(), "@@ -1 +1 @@\n-a\n");
    }

    #[test]
    fn a_page_in_one_line_is_broken_between_tags() {
        let page = "<p>text of some length here</p>".repeat(20);
        let diff = unified_diff(&page, &page.replacen("some", "no", 1)).unwrap();
        assert!(diff.len() < page.len(), "{diff}");
    }

    #[test]
    fn large_texts_end() {
        let before: String = (0..3000).map(|n| format!("{n}\n")).collect();
        let after: String = (0..3000).map(|n| format!("x{n}\n")).collect();
        assert!(unified_diff(&before, &after).is_some());
    }
}
