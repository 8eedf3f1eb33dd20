//! Which Odoo is at the other end.

use serde_json::Value;

/// A parsed server version; `saas~17.4` is major 17, minor 4, saas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    pub major: u16,
    pub minor: u16,
    pub saas: bool,
    pub enterprise: bool,
    /// As the server wrote it.
    pub text: String,
}

/// What is known of a server's version. Unknown is never taken for old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionState {
    Known(ServerVersion),
    /// It answered, but not with a version we can read.
    Unknown {
        answered: String,
    },
    /// It did not answer.
    Unreachable {
        why: String,
    },
}

/// Longest piece of a version text that is kept.
const TEXT_CHARS_MAX: usize = 60;

impl VersionState {
    /// The major version, where it is known.
    pub fn major(&self) -> Option<u16> {
        match self {
            Self::Known(version) => Some(version.major),
            Self::Unknown { .. } | Self::Unreachable { .. } => None,
        }
    }

    /// The version as people write it, or why there is none.
    pub fn text(&self) -> &str {
        match self {
            Self::Known(version) => &version.text,
            Self::Unknown { answered } => answered,
            Self::Unreachable { why } => why,
        }
    }

    /// Reads the answers of `/web/version`, `version_info`, `common.version` and the session information.
    pub(super) fn read(answer: &Value) -> Self {
        let text = ["server_version", "version"].iter().find_map(|key| answer.get(key)?.as_str());
        let info = ["server_version_info", "version_info"].iter().find_map(|key| answer.get(key)?.as_array());
        let version = text.and_then(ServerVersion::parse).or_else(|| {
            let major = info?.first()?;
            let minor = info?.get(1).and_then(Value::as_u64).unwrap_or_default();
            let major = major.as_str().map_or_else(|| major.to_string(), str::to_owned);
            ServerVersion::parse(&format!("{major}.{minor}"))
        });
        match version {
            Some(mut version) => {
                version.enterprise |= info.and_then(|info| info.get(5)).is_some_and(|edition| edition == "e");
                Self::Known(version)
            }
            None => Self::Unknown {
                answered: text.unwrap_or("no version").chars().take(TEXT_CHARS_MAX).collect(),
            },
        }
    }
}

impl ServerVersion {
    /// Reads `19.0`, `17.0+e`, `saas~17.4`, `saas-17.4+e`, `19.0-20260101`, `18.4a1`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain = text.strip_prefix("saas~").or_else(|| text.strip_prefix("saas-"));
        let (numbers, edition) = match plain.unwrap_or(text).split_once('+') {
            Some((numbers, edition)) => (numbers, edition),
            None => (plain.unwrap_or(text), ""),
        };
        let (major, rest) = numbers.split_once('.').unwrap_or((numbers, "0"));
        let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some(Self {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
            saas: plain.is_some(),
            enterprise: edition.starts_with('e'),
            text: text.chars().take(TEXT_CHARS_MAX).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(u16, u16, bool, bool)>) {
        let found = ServerVersion::parse(text);
        assert_eq!(found.map(|v| (v.major, v.minor, v.saas, v.enterprise)), expected, "{text}");
    }

    #[test]
    fn versions_are_read_as_servers_write_them() {
        check("19.0", Some((19, 0, false, false)));
        check("17.0+e", Some((17, 0, false, true)));
        check("saas~17.4", Some((17, 4, true, false)));
        check("saas~18.2+e", Some((18, 2, true, true)));
        check("14.0-20211231", Some((14, 0, false, false)));
        check("20", Some((20, 0, false, false)));
        check("18.4a1", Some((18, 4, false, false)));
    }

    #[test]
    fn what_is_no_version_is_not_guessed() {
        for bad in ["", "master", ".", "saas~", "19.", "x.1", "99999999.0"] {
            check(bad, None);
        }
    }

    #[test]
    fn the_edition_stands_in_the_info() {
        let answer = json!({"version": "17.0", "version_info": [17, 0, 0, "final", 0, "e"]});
        assert!(matches!(VersionState::read(&answer), VersionState::Known(v) if v.enterprise));
        let saas = json!({"server_version_info": ["saas~17", 4, 0, "final", 0, ""]});
        assert!(matches!(VersionState::read(&saas), VersionState::Known(v) if v.saas && v.minor == 4));
        assert!(matches!(VersionState::read(&json!([])), VersionState::Unknown { .. }));
    }
}
