//! Parameters of a query or a form: each at most once, or nobody could say which one counts.

use super::OauthError;

/// Members of one request; ours have at most a dozen.
const MEMBERS_MAX: usize = 50;

/// The parameters of one request.
#[derive(Debug, Clone)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `a=1&b=2`. A parameter that stands twice is refused with the first use of it, so that other
    /// errors can be told to the right address first.
    pub fn read(encoded: &[u8]) -> Self {
        let members = url::form_urlencoded::parse(encoded).take(MEMBERS_MAX);
        Self(members.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The value, if there is one and only one. An empty one counts as none.
    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, OauthError> {
        let mut values = self.0.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (None | Some(""), None) => Ok(None),
            (Some(value), None) => Ok(Some(value)),
            (_, Some(_)) => Err(OauthError::request(format!("`{name}` stands there twice"))),
        }
    }

    /// All values of a name that may stand there several times.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub fn required(&self, name: &str) -> Result<&str, OauthError> {
        self.get(name)?.ok_or_else(|| OauthError::request(format!("`{name}` is missing")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_stands_there_once() {
        let parameters = Parameters::read(b"a=1&b=&c=1&c=1&d=x%20y+z&e=&e=");
        assert_eq!(parameters.get("a"), Ok(Some("1")));
        assert_eq!(parameters.get("b"), Ok(None));
        assert_eq!(parameters.get("none"), Ok(None));
        assert_eq!(parameters.get("d"), Ok(Some("x y z")));
        for twice in ["c", "e"] {
            assert_eq!(parameters.get(twice).unwrap_err().code, "invalid_request", "{twice}");
        }
        assert!(parameters.required("a").is_ok());
        assert!(parameters.required("b").is_err() && parameters.required("none").is_err());
    }
}
