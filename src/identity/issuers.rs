//! Who issues tokens for this server, and by which address clients know it.

use std::{net::SocketAddr, sync::Arc};

use super::{
    OpenId, People,
    oauth::{AuthorizationServer, resource_metadata},
};
use crate::{
    config::{Config, PublicUrl},
    store::Cabinet,
};

/// Why tokens cannot be issued or accepted. Each is a setting to mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuersError {
    #[error(
        "tokens are issued for one address: set `http.public_url`, or listen on a loopback address and a port \
         of your choice"
    )]
    NoAddress,
    #[error("`auth.server.enabled` needs accounts: do not set `auth.enabled` to false")]
    NoPeople,
    #[error(
        "`auth.openid.name` is the alias of a connection whose users sign in; users need different names"
    )]
    SameName,
}

/// The issuers of one public address. Without any, only tokens of our own making open the door.
#[derive(Debug, Clone)]
pub struct Issuers {
    pub public: PublicUrl,
    /// An OpenID provider that issues tokens for us.
    pub provider: Option<Arc<OpenId>>,
    /// Our own authorization server.
    pub server: Option<Arc<AuthorizationServer>>,
}

impl Issuers {
    /// Who issues tokens as the settings say; nobody, as a rule.
    ///
    /// # Errors
    ///
    /// If the settings contradict each other.
    pub fn of(
        config: &Config,
        cabinet: &Cabinet,
        people: Option<&People>,
    ) -> Result<Option<Self>, IssuersError> {
        if !config.oauth.enabled && config.openid.issuer.is_none() {
            return Ok(None);
        }
        let named = config.http.public_url.as_ref().map(PublicUrl::of);
        let listened = config.http.listen.filter(is_known).map(PublicUrl::of_address);
        let public = named.or(listened).ok_or(IssuersError::NoAddress)?;
        let server = match people {
            Some(people) => {
                AuthorizationServer::of(&config.oauth, public.clone(), cabinet, people.clone()).map(Arc::new)
            }
            None if config.oauth.enabled => return Err(IssuersError::NoPeople),
            None => None,
        };
        let provider = OpenId::of(&config.openid, &public, config.auth.grant.as_ref()).map(Arc::new);
        let aliases = &config.auth.odoo_connections;
        if provider.is_some() && aliases.iter().any(|alias| alias.as_str() == config.openid.name) {
            return Err(IssuersError::SameName);
        }
        Ok(Some(Self { public, provider, server }))
    }

    /// The description of the protected resource (RFC 9728), if anybody issues tokens for it.
    pub fn resource_metadata(&self) -> Option<serde_json::Value> {
        let provider = self.provider.as_ref().map(|provider| provider.issuer());
        let own = self.server.as_ref().map(|server| server.public().as_str());
        let issuers: Vec<&str> = provider.into_iter().chain(own).collect();
        (!issuers.is_empty()).then(|| resource_metadata(&self.public, &issuers))
    }
}

/// Can a client on this machine be told this address before it is bound?
fn is_known(address: &SocketAddr) -> bool {
    address.port() != 0 && address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::OpenIdSettings,
        facts::ConnectionAlias,
        store::{SealKeys, StateDir},
    };

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        let cabinet = Cabinet::open(&state);
        let plain = || Config::with_state_dir(dir.path().to_owned());
        let keys = Arc::new(SealKeys::in_file(&state));
        let people = People::new(&cabinet, &plain().auth, keys);
        let check = |change: fn(&mut Config), with_people: bool| {
            let mut config = plain();
            config.http.listen = Some(([127, 0, 0, 1], 8084).into());
            config.oauth.enabled = true;
            change(&mut config);
            Issuers::of(&config, &cabinet, with_people.then_some(&people))
                .map(|issuers| issuers.map(|issuers| issuers.public.to_string()))
        };
        assert_eq!(check(|_| {}, true), Ok(Some("http://127.0.0.1:8084".to_owned())));
        assert_eq!(check(|config| config.oauth.enabled = false, true), Ok(None));
        assert_eq!(check(|_| {}, false), Err(IssuersError::NoPeople));
        for listen in [None, Some(([127, 0, 0, 1], 0).into()), Some(([0, 0, 0, 0], 8084).into())] {
            let mut config = plain();
            config.http.listen = listen;
            config.oauth.enabled = true;
            let refused = Issuers::of(&config, &cabinet, Some(&people)).unwrap_err();
            assert_eq!(refused, IssuersError::NoAddress, "{listen:?}");
        }
        let same = |config: &mut Config| {
            config.auth.odoo_connections = vec![ConnectionAlias::default_alias()];
            let issuer = Some("https://login.example.com".to_owned());
            config.openid =
                OpenIdSettings { issuer, name: "default".to_owned(), ..OpenIdSettings::default() };
        };
        assert_eq!(check(same, true), Err(IssuersError::SameName));
    }
}
