//! The keys of a provider, fetched when they are needed and kept while it is away.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;

use super::{TokenError, jwk::Key, jwt::Parts};

/// Keys are asked for again after this time, so that a withdrawn one is soon without use.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// The provider is asked at most once in this time, whatever tokens name which keys.
const PAUSE: Duration = Duration::from_secs(30);
/// While the provider is away its last keys are good for so long.
const STALE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Where keys come from.
pub(super) trait Source: fmt::Debug + Send + Sync {
    /// Fetches all keys. The error is a reason for the log.
    fn fetch(&self) -> BoxFuture<'_, Result<Vec<Key>, String>>;
}

/// The keys as last seen, and when.
#[derive(Debug)]
pub(super) struct Keys {
    source: Arc<dyn Source>,
    state: Mutex<State>,
    /// Held while somebody asks the provider; the others wait for that one answer.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct State {
    keys: Arc<[Key]>,
    fetched_at: Option<Instant>,
    asked_at: Option<Instant>,
    /// Counts changes, so that what was verified with older keys can be forgotten.
    generation: u64,
}

/// Keys to hold a token against.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) keys: Arc<[Key]>,
    pub(super) generation: u64,
}

impl State {
    fn is_younger(&self, than: Duration, now: Instant) -> bool {
        self.fetched_at.is_some_and(|at| now.duration_since(at) < than)
    }

    fn may_ask(&self, now: Instant) -> bool {
        self.asked_at.is_none_or(|at| now.duration_since(at) >= PAUSE)
    }

    fn usable(self, now: Instant) -> Result<Current, TokenError> {
        if self.is_younger(STALE_MAX, now) {
            Ok(Current { keys: self.keys, generation: self.generation })
        } else {
            Err(TokenError::Unavailable)
        }
    }
}

impl Keys {
    pub(super) fn new(source: Arc<dyn Source>) -> Self {
        Self { source, state: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// The count of changes so far.
    pub(super) fn generation(&self) -> u64 {
        self.state().generation
    }

    /// The keys for this token: those at hand, or new ones where they are old or do not know it.
    pub(super) async fn for_token(&self, token: &Parts<'_>, now: Instant) -> Result<Current, TokenError> {
        let will_do =
            |state: &State| state.is_younger(FRESH, now) && state.keys.iter().any(|key| token.fits(key));
        let state = self.state();
        // Without any keys the answer that is under way is worth waiting for.
        if will_do(&state) || (!state.may_ask(now) && state.is_younger(STALE_MAX, now)) {
            return state.usable(now);
        }
        let asking = self.asking.lock().await;
        let state = self.state();
        if will_do(&state) || !state.may_ask(now) {
            return state.usable(now);
        }
        self.change(|state| state.asked_at = Some(now));
        match self.source.fetch().await {
            Ok(keys) => self.change(|state| {
                if *state.keys != *keys {
                    state.generation += 1;
                }
                state.keys = keys.into();
                state.fetched_at = Some(now);
            }),
            Err(why) => tracing::warn!(why, "the keys of the OpenID provider could not be fetched"),
        }
        drop(asking);
        self.state().usable(now)
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;
    use crate::{
        config::TokenAlgorithm,
        identity::openid::{jwk, jwt},
    };

    #[derive(Debug, Default)]
    struct Provider {
        asked: AtomicUsize,
        kids: Mutex<Option<Vec<&'static str>>>,
    }

    impl Source for Provider {
        fn fetch(&self) -> BoxFuture<'_, Result<Vec<Key>, String>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let kids = self.kids.lock().unwrap().clone();
            Box::pin(async move {
                tokio::task::yield_now().await;
                let kids = kids.ok_or("away")?;
                let x = URL_SAFE_NO_PAD.encode([7; 32]);
                let keys: Vec<_> = kids
                    .iter()
                    .map(|kid| json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x }))
                    .collect();
                Ok(jwk::read_set(json!({ "keys": keys }).to_string().as_bytes()).unwrap())
            })
        }
    }

    fn token(kid: &str) -> String {
        let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "EdDSA", "kid": kid }).to_string());
        format!("{header}.e30.c2ln")
    }

    struct Case {
        provider: Arc<Provider>,
        keys: Keys,
        start: Instant,
    }

    impl Case {
        fn new(kids: Option<&[&'static str]>) -> Self {
            let provider = Arc::new(Provider::default());
            *provider.kids.lock().unwrap() = kids.map(<[_]>::to_vec);
            let keys = Keys::new(Arc::clone(&provider) as Arc<dyn Source>);
            Self { provider, keys, start: Instant::now() }
        }

        /// At so many seconds: was the key there, and how often was the provider asked by then?
        async fn at(&self, seconds: u64, kid: &str) -> (Result<bool, TokenError>, usize) {
            let token = token(kid);
            let parts = jwt::read(&token, &TokenAlgorithm::ALL).unwrap();
            let found = self.keys.for_token(&parts, self.start + Duration::from_secs(seconds)).await;
            let found = found.map(|current| current.keys.iter().any(|key| parts.fits(key)));
            (found, self.provider.asked.load(Ordering::SeqCst))
        }

        fn publishes(&self, kids: Option<&[&'static str]>) {
            *self.provider.kids.lock().unwrap() = kids.map(<[_]>::to_vec);
        }
    }

    #[tokio::test]
    async fn unknown_keys_make_one_request_at_a_time() {
        let case = Case::new(Some(&["a"]));
        assert_eq!(case.at(0, "a").await, (Ok(true), 1));
        assert_eq!(case.at(1, "a").await, (Ok(true), 1));
        for _ in 0..50 {
            assert_eq!(case.at(2, "guess").await, (Ok(false), 1), "not again so soon");
        }
        assert_eq!(case.at(31, "guess").await, (Ok(false), 2));
        assert_eq!(case.at(32, "guess").await, (Ok(false), 2));
    }

    #[tokio::test]
    async fn a_new_key_is_found_and_an_old_one_forgotten() {
        let case = Case::new(Some(&["a"]));
        case.at(0, "a").await.0.unwrap();
        let before = case.keys.generation();
        case.publishes(Some(&["b"]));
        assert_eq!(case.at(40, "b").await, (Ok(true), 2));
        assert_eq!(case.at(41, "a").await, (Ok(false), 2));
        assert_ne!(case.keys.generation(), before);
        assert_eq!(case.at(700, "b").await, (Ok(true), 3), "asked again when they are old");
    }

    #[tokio::test]
    async fn the_last_keys_are_good_for_a_day_while_the_provider_is_away() {
        let case = Case::new(Some(&["a"]));
        case.at(0, "a").await.0.unwrap();
        case.publishes(None);
        assert_eq!(case.at(3_600, "a").await, (Ok(true), 2));
        assert_eq!(case.at(3_610, "a").await, (Ok(true), 2));
        assert_eq!(case.at(24 * 3_600 - 1, "a").await, (Ok(true), 3));
        assert_eq!(case.at(24 * 3_600, "a").await.0, Err(TokenError::Unavailable));
        case.publishes(Some(&["a"]));
        assert_eq!(case.at(25 * 3_600, "a").await.0, Ok(true));
    }

    #[tokio::test]
    async fn without_any_keys_nobody_comes_in() {
        let case = Case::new(None);
        assert_eq!(case.at(0, "a").await, (Err(TokenError::Unavailable), 1));
        assert_eq!(case.at(29, "a").await, (Err(TokenError::Unavailable), 1));
        assert_eq!(case.at(30, "a").await, (Err(TokenError::Unavailable), 2));
    }

    #[tokio::test]
    async fn many_at_once_ask_once() {
        let case = Case::new(Some(&["a"]));
        let asks = futures_util::future::join_all((0..100).map(|_| case.at(0, "a"))).await;
        assert!(asks.iter().all(|(found, _)| *found == Ok(true)));
        assert_eq!(case.provider.asked.load(Ordering::SeqCst), 1);
    }
}
