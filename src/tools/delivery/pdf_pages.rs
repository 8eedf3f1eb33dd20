//! How many pages a PDF has, counted while it passes.
//!
//! Some servers answer with a PDF that has none when printing failed. Nothing is parsed: page objects
//! are counted by their type. A file that packs its objects into compressed streams shows none and is
//! taken for what it says.

/// Longest piece that has to be seen at once: the type with generous white space.
const CARRY_BYTES: usize = 64;
const TYPE: &[u8] = b"/Type";
const PAGE: &[u8] = b"/Page";
const PACKED: &[u8] = b"/ObjStm";

/// Counts pages over pieces of a file.
#[derive(Debug, Default)]
pub(super) struct PdfPages {
    carry: Vec<u8>,
    /// How much of the carry was looked at already.
    looked_at: usize,
    pages: u64,
    packed: bool,
}

impl PdfPages {
    pub(super) fn feed(&mut self, piece: &[u8]) {
        self.carry.extend_from_slice(piece);
        self.scan(self.carry.len().saturating_sub(CARRY_BYTES));
        let cut = self.carry.len().saturating_sub(2 * CARRY_BYTES).min(self.looked_at);
        self.carry.drain(..cut);
        self.looked_at -= cut;
    }

    /// Pages; `None` where they cannot be seen.
    pub(super) fn finish(mut self) -> Option<u64> {
        self.scan(self.carry.len());
        (self.pages > 0 || !self.packed).then_some(self.pages)
    }

    /// Looks at everything that begins before `end`.
    fn scan(&mut self, end: usize) {
        for start in self.looked_at..end {
            let rest = self.carry.get(start..).unwrap_or_default();
            if rest.first() != Some(&b'/') {
                continue;
            }
            self.packed |= rest.starts_with(PACKED);
            if is_page(rest) {
                self.pages += 1;
            }
        }
        self.looked_at = self.looked_at.max(end);
    }
}

/// `/Type /Page` and no longer name, such as `/Pages`.
fn is_page(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(TYPE) else { return false };
    let Some(rest) = rest.trim_ascii_start().strip_prefix(PAGE) else { return false };
    rest.first().is_none_or(|next| !next.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &[u8], expected: Option<u64>) {
        for step in [1, 3, 7, 64, 1000] {
            let mut pages = PdfPages::default();
            file.chunks(step).for_each(|piece| pages.feed(piece));
            assert_eq!(pages.finish(), expected, "in pieces of {step}");
        }
    }

    #[test]
    fn pages_are_counted() {
        check(b"%PDF-1.4 1 0 obj << /Type /Pages /Kids [] /Count 0 >>", Some(0));
        check(b"%PDF-1.4 << /Type /Pages >> << /Type /Page\n/Parent 2 0 R >> <</Type/Page>>", Some(2));
        check(b"%PDF-1.4 << /Type\r\n/Page", Some(1));
        check(b"%PDF-1.7 << /Type /ObjStm /N 5 >> stream", None);
        check(b"", Some(0));
        let mut long = vec![b' '; 5000];
        long.extend_from_slice(b"<< /Type /Page >>");
        long.extend(vec![b'x'; 5000]);
        check(&long, Some(1));
    }
}
