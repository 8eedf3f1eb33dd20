//! The ways to a browser, best first, and what somebody sitting there sees of each.

/// A way to tell browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The add-on with the model `live.refresh`.
    LiveRefresh,
    /// An add-on with `notify_claude_refresh` on users.
    Companion,
    /// A server action that an administrator made once.
    ServerAction,
}

/// Add-ons that reload views exist since this version.
const ADD_ONS_SINCE: u16 = 16;

impl Means {
    /// What a server of this version may have. An unknown version is a new one.
    pub(super) fn of_version(major: Option<u16>) -> &'static [Self] {
        match major {
            Some(major) if major < ADD_ONS_SINCE => &[Self::ServerAction],
            _ => &[Self::LiveRefresh, Self::Companion, Self::ServerAction],
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::LiveRefresh => "live_refresh",
            Self::Companion => "companion",
            Self::ServerAction => "server_action",
        }
    }

    /// Does the page change by itself?
    pub fn reloads(self) -> bool {
        matches!(self, Self::LiveRefresh | Self::Companion)
    }

    pub fn what_the_user_sees(self) -> &'static str {
        match self {
            Self::LiveRefresh | Self::Companion => {
                "open lists and forms of the model reload by themselves; what was typed and not saved may be lost"
            }
            Self::ServerAction => {
                "a short message in the corner that names the record and asks to reload the page; nothing reloads by itself"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_means() {
        assert_eq!(Means::of_version(Some(14)), [Means::ServerAction]);
        assert_eq!(Means::of_version(None), Means::of_version(Some(19)));
        assert!(Means::LiveRefresh.reloads() && !Means::ServerAction.reloads());
    }
}
