//! Where the rest of a search begins.
//!
//! A page can be shorter than asked although more records match: Odoo hides some rows (messages a
//! user may not read) after it has counted and cut the page. Such a page is not the end.

/// What follows a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tools) struct NextPage {
    pub(in crate::tools) has_more: bool,
    pub(in crate::tools) offset: Option<u64>,
    /// Rows of this page that Odoo counted and did not show.
    pub(in crate::tools) hidden: u64,
}

/// A page as it was asked for, and what came of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::tools) struct Asked {
    pub(in crate::tools) offset: u32,
    pub(in crate::tools) limit: u32,
    pub(in crate::tools) total: u64,
}

impl Asked {
    /// `received` rows came from Odoo and `kept` of them are in the answer.
    pub(in crate::tools) fn next(self, received: usize, kept: usize) -> NextPage {
        let (offset, limit) = (u64::from(self.offset), u64::from(self.limit));
        let next = if kept < received { offset + kept as u64 } else { offset + limit };
        let has_more = next < self.total;
        let expected = limit.min(self.total.saturating_sub(offset));
        NextPage {
            has_more,
            offset: has_more.then_some(next),
            hidden: expected.saturating_sub(received as u64),
        }
    }
}

impl NextPage {
    pub(in crate::tools) fn note(self) -> Option<String> {
        (self.hidden > 0).then(|| format!("{} matching records here are not shown to this user", self.hidden))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        (offset, limit, total): (u32, u32, u64),
        received: usize,
        kept: usize,
        expected: (Option<u64>, u64),
    ) {
        let next = Asked { offset, limit, total }.next(received, kept);
        assert_eq!((next.offset, next.hidden), expected);
        assert_eq!(next.has_more, next.offset.is_some());
    }

    #[test]
    fn pages_follow_each_other() {
        check((0, 10, 25), 10, 10, (Some(10), 0));
        check((20, 10, 25), 5, 5, (None, 0));
        check((0, 10, 10), 10, 10, (None, 0));
        check((0, 10, 0), 0, 0, (None, 0));
        check((50, 10, 25), 0, 0, (None, 0));
    }

    #[test]
    fn rows_without_room_come_next() {
        check((0, 10, 25), 10, 4, (Some(4), 0));
        check((20, 10, 25), 5, 4, (Some(24), 0));
    }

    #[test]
    fn a_page_of_hidden_rows_is_not_the_end() {
        check((0, 2, 100), 0, 0, (Some(2), 2));
        check((0, 10, 100), 7, 7, (Some(10), 3));
        check((90, 10, 100), 7, 7, (None, 3));
    }
}
