//! Changing a user's own connections: sign in first, save only then; forget at once.

use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use super::{
    OwnView,
    document::{OwnConnection, OwnDocument, Portainer, Ssh, Web, sealed},
    key_of, unreachable_store,
};
use crate::{
    facts::{ConnectionAlias, Credential, Definition, Origin, Secret, SecretSource},
    odoo::{
        OdooClient, OdooError,
        connections::{
            ConnectRequest, Connected, Connections,
            connect::with_database,
            overview::shown_url,
            record::{SavedConnection, SavedTrust},
            request::invalid,
        },
    },
};

/// Connections of one user.
const CONNECTIONS_MAX: usize = 20;
/// Somebody who changes two things at once meets another writer of the same set seldom.
const TRIES_MAX: usize = 5;
/// Longest name of a machine or a login.
const NAME_BYTES_MAX: usize = 253;

/// A connection of the caller's own that is to be made or changed. What is `None` stays as it is.
#[derive(Debug)]
pub struct OwnRequest {
    pub connect: ConnectRequest,
    pub ssh_host: Option<String>,
    pub ssh_user: Option<String>,
    pub ssh_port: Option<u16>,
    pub portainer_url: Option<String>,
    pub portainer_token: Option<Secret>,
    pub web_login: Option<String>,
    pub web_password: Option<Secret>,
    /// Sections that are taken away: `ssh`, `portainer`, `web`.
    pub unset: Vec<String>,
    /// May use secrets of the server, and addresses beyond those that the operator named.
    pub is_steward: bool,
}

impl Connections {
    pub(in crate::odoo::connections) async fn own_save(
        &self,
        mut request: OwnRequest,
    ) -> Result<Connected, OdooError> {
        let own = self.own()?;
        let alias = request.connect.alias.clone();
        self.check_free(&alias)?;
        let existing = own.set.entries.get(&alias).map(|entry| entry.record.clone());
        own.keep_secret(&mut request.connect, existing.as_ref())?;
        let named = self.named_urls();
        let checked = request.connect.check(&self.settings, &named)?;
        request.check_place(&checked.url, &self.settings.allowed_urls, &named)?;
        let sections = request.sections(own, &alias, existing.as_ref())?;
        let saved_before = existing.as_ref().map(|existing| &existing.saved);
        let (trust, saved_trust) = self.trust(&alias, &checked, saved_before).await?;
        let draft = Definition {
            alias: alias.clone(),
            url: checked.url.clone(),
            db: checked.db.clone().unwrap_or_default(),
            username: checked.username.clone(),
            credential: checked.credential.clone(),
            protocol: request.connect.protocol.into(),
            trust,
            origin: Origin::Own,
        };
        let definition = with_database(draft, &self.limits).await?;
        let mut connected = Connected {
            alias: alias.clone(),
            url: shown_url(&definition.url),
            db: definition.db.clone(),
            username: definition.username.clone(),
            sign_in: None,
            pinned: match &saved_trust {
                SavedTrust::Pinned(pin) => Some(pin.certificate.clone()),
                SavedTrust::System | SavedTrust::CaFile(_) => None,
            },
            replaced: existing.is_some(),
            warnings: checked.warnings,
        };
        if request.connect.dry_run {
            return Ok(connected);
        }
        let client = OdooClient::new(Arc::clone(&definition), self.limits);
        connected.sign_in = Some(client.sign_in().await?);
        let history = saved_before.map(|saved| saved.previous_pins.clone()).unwrap_or_default();
        let keys = own.shelf.keys.keys();
        let saved = SavedConnection::of_user(&own.user, &definition, saved_trust, history, keys)?;
        let (ssh, portainer, web) = sections;
        let record = OwnConnection { saved, tested_at: Timestamp::now(), ssh, portainer, web };
        own.change(|document| {
            if document.find(&alias) != existing.as_ref() {
                return Err(changed_meanwhile(&alias));
            }
            document.connections.retain(|one| one.saved.alias != alias);
            if document.connections.len() >= CONNECTIONS_MAX {
                return Err(too_many());
            }
            document.connections.push(record.clone());
            document.connections.sort_by(|one, other| one.saved.alias.cmp(&other.saved.alias));
            Ok(())
        })
        .await?;
        // What was open under the old definition ends now.
        self.end_own_sessions(own, &alias).await;
        Ok(connected)
    }

    /// Makes a connection the one that calls mean when they name none: one of the user's own, or a
    /// shared one. It has to work first.
    pub(in crate::odoo::connections) async fn own_activate(
        &self,
        alias: &ConnectionAlias,
    ) -> Result<Arc<crate::odoo::SignIn>, OdooError> {
        let own = self.own()?;
        let client = self.get(alias)?;
        // A client of its own: one that is signed in already would not ask the server again.
        let fresh = OdooClient::new(Arc::new(client.definition().clone()), self.limits);
        let sign_in = fresh.sign_in().await?;
        let is_own = own.has(alias);
        own.change(|document| {
            if is_own && document.find(alias).is_none() {
                return Err(changed_meanwhile(alias));
            }
            document.active = Some(alias.clone());
            Ok(())
        })
        .await?;
        Ok(sign_in)
    }

    /// Forgets a connection: secret, pins, sessions. What is under way ends with its request.
    pub(in crate::odoo::connections) async fn own_forget(
        &self,
        alias: &ConnectionAlias,
    ) -> Result<Vec<ConnectionAlias>, OdooError> {
        let own = self.own()?;
        if !own.has(alias) {
            return Err(self.unknown(alias));
        }
        own.change(|document| {
            document.connections.retain(|one| one.saved.alias != *alias);
            if document.active.as_ref() == Some(alias) {
                document.active = None;
            }
            Ok(())
        })
        .await?;
        self.end_own_sessions(own, alias).await;
        Ok(own.aliases().filter(|other| *other != alias).cloned().collect())
    }

    async fn end_own_sessions(&self, own: &OwnView, alias: &ConnectionAlias) {
        let client = own.set.entries.get(alias).and_then(|entry| entry.client.get().cloned());
        self.web_sessions().forget_of(&own.user, alias, client).await;
    }

    /// An alias that a shared connection has, or could be taken for, is refused.
    fn check_free(&self, alias: &ConnectionAlias) -> Result<(), OdooError> {
        let shared = self.shared_aliases();
        match shared.iter().find(|shared| shared.as_str().eq_ignore_ascii_case(alias.as_str())) {
            None => Ok(()),
            Some(shared) => Err(OdooError::ConnectionRefused {
                code: "alias_is_shared",
                why: format!("`{shared}` is a connection that everybody shares"),
                hint: Some("choose another alias for your own".to_owned()),
            }),
        }
    }

    /// Servers that an operator vouched for: those of the settings and those that are shared.
    fn named_urls(&self) -> Vec<Url> {
        let mut urls: Vec<Url> =
            self.fixed_clients().iter().map(|client| client.definition().url.clone()).collect();
        let saved = self.shelf.iter().flat_map(|shelf| shelf.entries().0);
        urls.extend(saved.filter_map(|entry| entry.record.url().ok()));
        urls
    }
}

impl OwnView {
    /// Changes the set on top of what others wrote in the meantime.
    async fn change(
        &self,
        change: impl Fn(&mut OwnDocument) -> Result<(), OdooError>,
    ) -> Result<(), OdooError> {
        let (drawer, key) = (&self.shelf.drawer, key_of(&self.user));
        for _ in 0..TRIES_MAX {
            let item = drawer.get(&key).await.map_err(|error| unreachable_store(&error))?;
            let mut document = match &item {
                Some(item) => OwnDocument::read(&item.value)?,
                None => OwnDocument::default(),
            };
            change(&mut document)?;
            let bytes = document.bytes()?;
            let done = match item {
                Some(item) => drawer.replace(&key, item.version, bytes, None).await,
                None => drawer.insert(&key, bytes, None).await,
            };
            if done.map_err(|error| unreachable_store(&error))? {
                // The set that was remembered, and its clients, end with the calls that use them.
                self.shelf.load(&self.user).await?;
                return Ok(());
            }
        }
        Err(OdooError::ConnectionRefused {
            code: "conflict",
            why: "your connections are being changed by several calls at once".to_owned(),
            hint: Some("nothing was changed; try again".to_owned()),
        })
    }

    /// A change without a credential keeps the one there is, as long as it goes to the same account.
    fn keep_secret(
        &self,
        request: &mut ConnectRequest,
        existing: Option<&OwnConnection>,
    ) -> Result<(), OdooError> {
        let is_given = |secret: &Option<Secret>| secret.as_ref().is_some_and(|secret| !secret.is_empty());
        let has_reference = request.secret_ref.as_ref().is_some_and(|reference| !reference.is_empty());
        if is_given(&request.password) || is_given(&request.api_key) || has_reference {
            return Ok(());
        }
        let Some(existing) = existing else { return Ok(()) };
        let before = self.definition(existing)?;
        let same_place = crate::config::odoo_url(request.url.trim()).is_ok_and(|url| {
            url.origin() == before.url.origin()
                && url.path().trim_end_matches('/') == before.url.path().trim_end_matches('/')
        });
        if !same_place
            || request.db.as_deref().map(str::trim) != Some(before.db.as_str())
            || request.username.trim() != before.username
        {
            return Err(invalid(
                "another server, database or user needs its own credential",
                Some("give `api_key`, `password` or `secret_ref` again"),
            ));
        }
        let (place, source) = match before.credential {
            Credential::Password(source) => (&mut request.password, source),
            Credential::ApiKey(source) => (&mut request.api_key, source),
        };
        match source {
            SecretSource::Inline(secret) => *place = Some(secret),
            SecretSource::Env(name) => request.secret_ref = Some(format!("env:{name}")),
            SecretSource::File(path) => request.secret_ref = Some(format!("file:{}", path.display())),
            SecretSource::Command(argv) => request.secret_ref = Some(format!("command:{}", argv.join(" "))),
        }
        Ok(())
    }
}

type Sections = (Option<Ssh>, Option<Portainer>, Option<Web>);

impl OwnRequest {
    /// What only an operator may do: have secrets of the server sent somewhere, and choose a server that
    /// nobody named. A caller from outside could reach into this network otherwise.
    fn check_place(&self, url: &Url, allowed: &[Url], named: &[Url]) -> Result<(), OdooError> {
        if self.is_steward {
            return Ok(());
        }
        if self.connect.secret_ref.as_ref().is_some_and(|reference| !reference.is_empty()) {
            return Err(OdooError::ConnectionRefused {
                code: "secret_ref_not_allowed",
                why: "only an operator may refer to secrets of this server".to_owned(),
                hint: None,
            });
        }
        if self.connect.ca_file.as_ref().is_some_and(|path| !path.is_empty()) {
            return Err(invalid("only an operator may name files of this server", None));
        }
        // Where there is a list, it was held against that already.
        if allowed.is_empty() && !named.iter().any(|known| known.origin() == url.origin()) {
            return Err(OdooError::ConnectionRefused {
                code: "url_not_allowed",
                why: "connections of your own lead to servers that the operator has named".to_owned(),
                hint: Some("the operator can add the address to `connect.allowed_urls`".to_owned()),
            });
        }
        Ok(())
    }

    fn sections(
        &self,
        own: &OwnView,
        alias: &ConnectionAlias,
        existing: Option<&OwnConnection>,
    ) -> Result<Sections, OdooError> {
        if let Some(unknown) =
            self.unset.iter().find(|name| !["ssh", "portainer", "web"].contains(&name.as_str()))
        {
            let shown: String = unknown.chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(invalid(
                &format!("`unset` knows no section `{shown}`"),
                Some("`ssh`, `portainer` and `web` can be taken away"),
            ));
        }
        let stays = |name: &str| !self.unset.iter().any(|gone| gone == name);
        let keys = own.shelf.keys.keys();
        let seal = |purpose: &str, secret: &Secret| {
            sealed(keys, &["own connection", own.user.as_str(), alias.as_str(), purpose], secret)
        };
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let secret = |secret: &Option<Secret>| secret.clone().filter(|secret| !secret.is_empty());

        let before = existing.and_then(|existing| existing.ssh.clone()).filter(|_| stays("ssh"));
        let ssh = match (given(&self.ssh_host), before) {
            (None, None) => None,
            (host, before) => Some(Ssh {
                host: named("ssh_host", host.or_else(|| before.as_ref().map(|ssh| ssh.host.clone())))?,
                user: named(
                    "ssh_user",
                    given(&self.ssh_user)
                        .or_else(|| before.as_ref().map(|ssh| ssh.user.clone()))
                        .or_else(|| Some("root".to_owned())),
                )?,
                port: self.ssh_port.or_else(|| before.as_ref().map(|ssh| ssh.port)).unwrap_or(22),
            }),
        };
        let before = existing.and_then(|existing| existing.portainer.clone()).filter(|_| stays("portainer"));
        let portainer = match (given(&self.portainer_url), before) {
            (None, None) => None,
            (Some(url), before) => {
                let url = crate::config::odoo_url(&url)
                    .map_err(|why| invalid(&format!("`portainer_url`: {why}"), None))?;
                // A token stays with its address.
                let kept = before.filter(|before| before.url == url.as_str()).and_then(|before| before.token);
                let token =
                    secret(&self.portainer_token).map(|token| seal("portainer", &token)).transpose()?;
                Some(Portainer { url: url.into(), token: token.or(kept) })
            }
            (None, Some(before)) => {
                let token =
                    secret(&self.portainer_token).map(|token| seal("portainer", &token)).transpose()?;
                Some(Portainer { token: token.or(before.token), url: before.url })
            }
        };
        let before = existing.and_then(|existing| existing.web.clone()).filter(|_| stays("web"));
        let web = match (given(&self.web_login), before) {
            (None, None) => None,
            (login, before) => {
                let kept = before
                    .as_ref()
                    .filter(|before| login.as_ref().is_none_or(|login| *login == before.login));
                let kept = kept.and_then(|before| before.password.clone());
                let password =
                    secret(&self.web_password).map(|password| seal("web", &password)).transpose()?;
                let login = named("web_login", login.or_else(|| before.map(|before| before.login)))?;
                Some(Web { login, password: password.or(kept) })
            }
        };
        Ok((ssh, portainer, web))
    }
}

/// A name without surprises.
fn named(argument: &str, text: Option<String>) -> Result<String, OdooError> {
    let text = text.unwrap_or_default();
    let fits = (1..=NAME_BYTES_MAX).contains(&text.len())
        && !text.starts_with('-')
        && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if fits { Ok(text) } else { Err(invalid(&format!("`{argument}` is no name"), None)) }
}

fn changed_meanwhile(alias: &ConnectionAlias) -> OdooError {
    OdooError::ConnectionRefused {
        code: "conflict",
        why: format!("your connection `{alias}` was changed by another call in the meantime"),
        hint: Some("look at it with `user_connection_list` and try again".to_owned()),
    }
}

fn too_many() -> OdooError {
    OdooError::ConnectionRefused {
        code: "too_many",
        why: format!("you have {CONNECTIONS_MAX} connections, which is as many as one user may have"),
        hint: Some("delete one that you do not need".to_owned()),
    }
}
