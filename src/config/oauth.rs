//! Tokens from elsewhere (an OpenID provider) and tokens of our own authorization server.

use std::path::PathBuf;

use url::Url;

use super::{
    Config,
    keys::Key,
    public_url::is_loopback,
    raw::{Raw, shown},
};
use crate::facts::{GrantName, Scopes};

/// The built-in authorization server, for teams that have no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthSettings {
    pub enabled: bool,
    /// Clients may register themselves (RFC 7591).
    pub registration: bool,
    /// Most clients that are registered at once.
    pub clients_max: usize,
    /// Clients may be known by the https address of a document about them.
    pub client_documents: bool,
    /// Such documents may be on this machine, over plain http too. For tests.
    pub loopback_documents: bool,
    /// A grant that is not used for so long is over.
    pub refresh_days: u64,
}

/// An OpenID provider whose access tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIdSettings {
    /// Exactly as the provider writes it. Without one there is no provider.
    pub issuer: Option<String>,
    /// Users of the provider are `NAME/claim` here.
    pub name: String,
    /// What its tokens are issued for; our own resource where it is not set.
    pub audience: Option<String>,
    /// Where its keys are, where discovery does not say.
    pub jwks_url: Option<Url>,
    /// The authorities that may vouch for it, instead of those of the system.
    pub ca_file: Option<PathBuf>,
    pub algorithms: Vec<TokenAlgorithm>,
    pub user_claim: String,
    pub groups_claim: String,
    /// A claim that names the grant; a token without it is refused then.
    pub grant_claim: Option<String>,
    /// The grant of a group; the first group of this list that the user is in counts.
    pub grants_by_group: Vec<(String, GrantName)>,
    pub scopes_claim: String,
    /// Scopes that every token of the provider has, whatever its claim says.
    pub scopes: Scopes,
    /// How far our clocks may be apart.
    pub clock_skew_seconds: u64,
}

/// A way to sign that others can check without being able to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAlgorithm {
    Rs256,
    Es256,
    EdDsa,
}

impl TokenAlgorithm {
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The name in the header of a token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Registered clients that are kept; each is one small document that anybody may leave here.
const CLIENTS_MAX: usize = 200;
/// The settings may raise that so far.
const CLIENTS_LIMIT: u64 = 100_000;
/// A month without use: whoever comes back signs in again.
const REFRESH_DAYS: u64 = 30;
const REFRESH_DAYS_MAX: u64 = 366;
/// Machines with a time service are closer than that.
const CLOCK_SKEW_SECONDS: u64 = 60;
/// Further apart, `exp` would mean little.
const CLOCK_SKEW_SECONDS_MAX: u64 = 300;
const NAME_BYTES_MAX: usize = 32;
const CLAIM_BYTES_MAX: usize = 128;
const LIST_MAX: usize = 100;

impl Default for OauthSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            registration: true,
            clients_max: CLIENTS_MAX,
            client_documents: true,
            loopback_documents: false,
            refresh_days: REFRESH_DAYS,
        }
    }
}

impl Default for OpenIdSettings {
    fn default() -> Self {
        Self {
            issuer: None,
            name: "openid".to_owned(),
            audience: None,
            jwks_url: None,
            ca_file: None,
            algorithms: TokenAlgorithm::ALL.to_vec(),
            user_claim: "sub".to_owned(),
            groups_claim: "groups".to_owned(),
            grant_claim: None,
            grants_by_group: Vec::new(),
            scopes_claim: "scope".to_owned(),
            scopes: Scopes::NONE,
            clock_skew_seconds: CLOCK_SKEW_SECONDS,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "auth.server.enabled",
        read: |config, raw| raw.yes_or_no().map(|yes| config.oauth.enabled = yes),
    },
    Key {
        path: "auth.server.registration",
        read: |config, raw| raw.yes_or_no().map(|yes| config.oauth.registration = yes),
    },
    Key {
        path: "auth.server.clients_max",
        read: |config, raw| raw.whole_size(1..=CLIENTS_LIMIT).map(|count| config.oauth.clients_max = count),
    },
    Key {
        path: "auth.server.client_documents",
        read: |config, raw| raw.yes_or_no().map(|yes| config.oauth.client_documents = yes),
    },
    Key {
        path: "auth.server.loopback_documents",
        read: |config, raw| raw.yes_or_no().map(|yes| config.oauth.loopback_documents = yes),
    },
    Key {
        path: "auth.server.refresh_days",
        read: |config, raw| raw.whole(1..=REFRESH_DAYS_MAX).map(|days| config.oauth.refresh_days = days),
    },
    Key {
        path: "auth.openid.issuer",
        read: |config, raw| {
            let text = raw.text()?;
            provider_url(&text)?;
            config.openid.issuer = Some(text);
            Ok(())
        },
    },
    Key { path: "auth.openid.name", read: read_name },
    Key {
        path: "auth.openid.audience",
        read: |config, raw| text_of(raw).map(|text| config.openid.audience = Some(text)),
    },
    Key {
        path: "auth.openid.jwks_url",
        read: |config, raw| {
            config.openid.jwks_url = Some(provider_url(&raw.text()?)?);
            Ok(())
        },
    },
    Key {
        path: "auth.openid.ca_file",
        read: |config, raw| raw.path().map(|path| config.openid.ca_file = Some(path)),
    },
    Key { path: "auth.openid.algorithms", read: read_algorithms },
    Key {
        path: "auth.openid.user_claim",
        read: |config, raw| text_of(raw).map(|claim| config.openid.user_claim = claim),
    },
    Key {
        path: "auth.openid.groups_claim",
        read: |config, raw| text_of(raw).map(|claim| config.openid.groups_claim = claim),
    },
    Key {
        path: "auth.openid.grant_claim",
        read: |config, raw| text_of(raw).map(|claim| config.openid.grant_claim = Some(claim)),
    },
    Key { path: "auth.openid.grants_by_group", read: read_grants_by_group },
    Key {
        path: "auth.openid.scopes_claim",
        read: |config, raw| text_of(raw).map(|claim| config.openid.scopes_claim = claim),
    },
    Key { path: "auth.openid.scopes", read: read_scopes },
    Key {
        path: "auth.openid.clock_skew_seconds",
        read: |config, raw| {
            raw.whole(0..=CLOCK_SKEW_SECONDS_MAX).map(|seconds| config.openid.clock_skew_seconds = seconds)
        },
    },
];

/// An address of a provider: verified TLS, or this machine.
fn provider_url(text: &str) -> Result<Url, String> {
    const EXAMPLE: &str = "such as `https://login.example.com`";
    let url = Url::parse(text).map_err(|error| format!("not an address ({error}), {EXAMPLE}"))?;
    let safe = match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(&url),
        _ => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if safe && plain {
        Ok(url)
    } else {
        Err(format!("an `https` address was expected (`http` for this machine only), {EXAMPLE}"))
    }
}

fn text_of(raw: Raw<'_>) -> Result<String, String> {
    let text = raw.text()?;
    if text.is_empty() || text.len() > CLAIM_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(format!("1 to {CLAIM_BYTES_MAX} visible characters were expected"));
    }
    Ok(text)
}

fn read_name(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let name = raw.text()?;
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !fits {
        return Err(format!("1 to {NAME_BYTES_MAX} lower-case letters, digits and `-` were expected"));
    }
    config.openid.name = name;
    Ok(())
}

fn read_algorithms(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let names = raw.list()?;
    if names.is_empty() {
        return Err("name at least one of RS256, ES256 and EdDSA".to_owned());
    }
    config.openid.algorithms = names
        .iter()
        .map(|name| {
            TokenAlgorithm::ALL.into_iter().find(|one| one.as_str() == name).ok_or_else(|| {
                format!("`{}` is no algorithm for tokens; use RS256, ES256 or EdDSA", shown(name))
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(())
}

fn read_grants_by_group(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let items = short_list(raw)?;
    config.openid.grants_by_group = items
        .iter()
        .map(|item| {
            let (group, grant) = item
                .rsplit_once('=')
                .filter(|(group, _)| !group.is_empty())
                .ok_or_else(|| format!("`{}` is not of the form `group=grant`", shown(item)))?;
            let grant = GrantName::parse(grant).map_err(|error| error.to_string())?;
            Ok((group.to_owned(), grant))
        })
        .collect::<Result<_, String>>()?;
    Ok(())
}

fn read_scopes(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let names = short_list(raw)?.join(" ");
    config.openid.scopes = Scopes::parse(&names)
        .ok_or_else(|| format!("`{}` is not a list of scopes; known are {}", shown(&names), Scopes::ALL))?;
    Ok(())
}

fn short_list(raw: Raw<'_>) -> Result<Vec<String>, String> {
    let items = raw.list()?;
    if items.len() > LIST_MAX { Err(format!("at most {LIST_MAX} items were expected")) } else { Ok(items) }
}
