//! Keys and addresses of the language model for single tenants, as variables name them.
//!
//! They are asked for only where the settings set up Anthropic's protocol and name no key of their own.

use std::collections::BTreeMap;

use url::Url;

use super::{Environment, LanguageModelSettings, Provider, problems::Findings};
use crate::facts::SecretSource;

/// The key of all tenants; with `_` and a tenant's name, that of the tenant.
const KEY: &str = "ANTHROPIC_API_KEY";
/// The address likewise.
const URL: &str = "ANTHROPIC_BASE_URL";
/// Tenants of one process.
const TENANTS_MAX: usize = 1_000;

/// Where keys are and which addresses they are for, by the tenant's part of the variable. The one
/// for all has the empty name.
#[derive(Debug, Clone, Default)]
pub struct TenantKeys {
    keys: BTreeMap<String, SecretSource>,
    urls: BTreeMap<String, Url>,
}

impl TenantKeys {
    /// The tenant's own key, else the one for all.
    pub fn key(&self, slug: Option<&str>) -> Option<&SecretSource> {
        slug.and_then(|slug| self.keys.get(slug)).or_else(|| self.keys.get(""))
    }

    /// The tenant's own address, else the one for all.
    pub fn url(&self, slug: Option<&str>) -> Option<&Url> {
        slug.and_then(|slug| self.urls.get(slug)).or_else(|| self.urls.get(""))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Reads the variables. The keys themselves stay where they are until they are needed.
pub(super) fn read(settings: &mut LanguageModelSettings, environment: &Environment, findings: &mut Findings) {
    if settings.provider != Some(Provider::Anthropic) || settings.key.is_some() {
        return;
    }
    for name in environment.names() {
        if let Some(slug) = slug_of(name, KEY).filter(|_| settings.tenants.keys.len() < TENANTS_MAX) {
            settings.tenants.keys.insert(slug, SecretSource::Env(name.to_owned()));
        } else if let Some(slug) = slug_of(name, URL).filter(|_| settings.tenants.urls.len() < TENANTS_MAX) {
            let text = environment.get(name).unwrap_or_default();
            match super::language_model::private_url(text) {
                Ok(url) => {
                    settings.tenants.urls.insert(slug, url);
                }
                Err(message) => findings.problem(format!("variable `{name}`"), message),
            }
        }
    }
}

/// The tenant's part of a variable; empty for the one of all tenants.
fn slug_of(name: &str, prefix: &str) -> Option<String> {
    match name.strip_prefix(prefix)? {
        "" => Some(String::new()),
        rest => rest.strip_prefix('_').filter(|slug| !slug.is_empty()).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_its_own_key_or_that_of_all() {
        let environment = Environment::of(&[
            ("ANTHROPIC_API_KEY", "all"),
            ("ANTHROPIC_API_KEY_ACME_EU", "own"),
            ("ANTHROPIC_BASE_URL_ACME_EU", "https://gate.example.com/acme"),
            ("ANTHROPIC_API_KEYS", "another word"),
        ]);
        let mut settings =
            LanguageModelSettings { provider: Some(Provider::Anthropic), ..Default::default() };
        let mut findings = Findings::default();
        read(&mut settings, &environment, &mut findings);
        assert!(findings.problems.is_empty());
        let check = |slug: Option<&str>, key: &str, url: Option<&str>| {
            let tenants = &settings.tenants;
            assert!(matches!(tenants.key(slug), Some(SecretSource::Env(name)) if name == key), "{slug:?}");
            assert_eq!(tenants.url(slug).map(Url::as_str), url, "{slug:?}");
        };
        check(Some("ACME_EU"), "ANTHROPIC_API_KEY_ACME_EU", Some("https://gate.example.com/acme"));
        check(Some("OTHER"), "ANTHROPIC_API_KEY", None);
        check(None, "ANTHROPIC_API_KEY", None);
    }

    #[test]
    fn nothing_is_read_where_another_key_or_provider_is_set() {
        let environment =
            Environment::of(&[("ANTHROPIC_API_KEY", "all"), ("ANTHROPIC_BASE_URL", "http://x")]);
        let own_key = Some(SecretSource::Env("MINE".to_owned()));
        for (provider, key) in
            [(None, None), (Some(Provider::Ollama), None), (Some(Provider::Anthropic), own_key)]
        {
            let mut settings = LanguageModelSettings { provider, key, ..Default::default() };
            let mut findings = Findings::default();
            read(&mut settings, &environment, &mut findings);
            assert!(settings.tenants.is_empty() && findings.problems.is_empty());
        }
    }

    #[test]
    fn documents_go_nowhere_in_the_clear() {
        let environment = Environment::of(&[("ANTHROPIC_BASE_URL", "http://gate.example.com")]);
        let mut settings =
            LanguageModelSettings { provider: Some(Provider::Anthropic), ..Default::default() };
        let mut findings = Findings::default();
        read(&mut settings, &environment, &mut findings);
        assert_eq!(findings.problems.len(), 1);
    }
}
