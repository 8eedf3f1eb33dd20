//! Three-valued truth, where not knowing comes in two kinds: nothing was there, or it did not fit.

/// What a test comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    No,
    Yes,
    /// The path leads nowhere. `negative` where the test says what must not be: silence does not
    /// satisfy "not production".
    Missing {
        negative: bool,
    },
    /// The value is of a type that the operator cannot judge, or beyond a bound.
    Unfit,
}

/// The three lists of items; each treats not knowing in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Require,
    DenyIf,
    ApproveIf,
}

impl Section {
    /// Does an item with this outcome refuse the call, or ask for a person?
    pub(super) fn bites(self, truth: Truth) -> bool {
        match self {
            Self::Require => truth != Truth::Yes,
            Self::DenyIf => matches!(truth, Truth::Yes | Truth::Unfit | Truth::Missing { negative: true }),
            Self::ApproveIf => truth != Truth::No,
        }
    }

    /// A list that no path announced: one element is enough to refuse, all are needed to pass.
    pub(super) fn every_by_default(self) -> bool {
        self == Self::Require
    }
}

impl Truth {
    pub(super) fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Missing { negative } => Self::Missing { negative: !negative },
            Self::Unfit => Self::Unfit,
        }
    }

    /// Of two ways not to know, the one that refuses more.
    fn unknown(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unfit, _) | (_, Self::Unfit) => Self::Unfit,
            (Self::Missing { negative: one }, Self::Missing { negative: two }) => {
                Self::Missing { negative: one || two }
            }
            (missing @ Self::Missing { .. }, _) | (_, missing) => missing,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, known) | (known, Self::Yes) => known,
            _ => self.unknown(other),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, known) | (known, Self::No) => known,
            _ => self.unknown(other),
        }
    }

    /// All of them.
    pub(super) fn all(truths: impl Iterator<Item = Self>) -> Self {
        let mut sum = Self::Yes;
        for truth in truths {
            sum = sum.and(truth);
            if sum == Self::No {
                break;
            }
        }
        sum
    }

    /// One of them.
    pub(super) fn any(truths: impl Iterator<Item = Self>) -> Self {
        let mut sum = Self::No;
        for truth in truths {
            sum = sum.or(truth);
            if sum == Self::Yes {
                break;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Section::{ApproveIf, DenyIf, Require},
        Truth::{self, Missing, No, Unfit, Yes},
    };

    const SILENT: Truth = Missing { negative: false };
    const MUST_NOT: Truth = Missing { negative: true };

    #[test]
    fn not_knowing_passes_nothing_that_is_required() {
        for (truth, require, deny_if, approve_if) in [
            (Yes, false, true, true),
            (No, true, false, false),
            (SILENT, true, false, true),
            (MUST_NOT, true, true, true),
            (Unfit, true, true, true),
        ] {
            assert_eq!(Require.bites(truth), require, "require {truth:?}");
            assert_eq!(DenyIf.bites(truth), deny_if, "deny_if {truth:?}");
            assert_eq!(ApproveIf.bites(truth), approve_if, "approve_if {truth:?}");
        }
    }

    #[test]
    fn the_tables_are_kleenes() {
        let all = [Yes, No, SILENT, MUST_NOT, Unfit];
        for one in all {
            assert_eq!(one.and(Yes), one);
            assert_eq!(one.and(No), No);
            assert_eq!(one.or(No), one);
            assert_eq!(one.or(Yes), Yes);
            assert_eq!(one.not().not(), one);
            for two in all {
                assert_eq!(one.and(two), two.and(one));
                assert_eq!(one.or(two), two.or(one));
                // Which kind of missing the stricter one is depends on the side it is seen from.
                let known = |truth: Truth| matches!(truth, Yes | No | Unfit).then_some(truth);
                let (turned, spread) = (one.and(two).not(), one.not().or(two.not()));
                assert_eq!(known(turned), known(spread), "{one:?} {two:?}");
                assert_eq!(Truth::all([one, two].into_iter()), one.and(two));
                assert_eq!(Truth::any([one, two].into_iter()), one.or(two));
            }
        }
    }
}
