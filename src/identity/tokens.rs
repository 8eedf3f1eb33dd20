//! Personal access tokens: shown once, kept as digests, good until they expire or are revoked.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    accounts::Accounts,
    oauth::is_invisible,
    people::{PeopleError, caller},
    secrets::{Trace, new_id, new_secret},
};
use crate::{
    facts::{Caller, GrantName, Scopes, Secret, UserName},
    store::{Cabinet, Drawer, Item},
};

/// How our personal access tokens begin, so that whoever finds one knows what it is.
pub const TOKEN_PREFIX: &str = "omcp_pat_";
/// Tokens of one account that are good at the same time.
const TOKENS_MAX: usize = 50;
const LABEL_CHARS_MAX: usize = 64;
/// When it was used last is written no more often than that.
const USED_WRITTEN_EVERY: Duration = Duration::from_secs(60);
/// Tokens read at a time.
const PAGE: usize = 500;

/// All tokens. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tokens {
    drawer: Drawer,
    accounts: Accounts,
}

/// What is known of a token. It is not in here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// The name under which it is revoked.
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    pub user: UserName,
    /// The account it was made for: one of the same name made later is another one.
    account_id: String,
    pub grant: GrantName,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
    proof: String,
}

/// What a new token is to be.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub user: UserName,
    pub label: String,
    /// The grant of its calls; `None` is that of the account.
    pub grant: Option<GrantName>,
    pub scopes: Scopes,
    pub days: u64,
}

impl Tokens {
    pub(super) fn new(cabinet: &Cabinet, accounts: Accounts) -> Self {
        Self { drawer: cabinet.drawer("tokens"), accounts }
    }

    /// Makes a token. The secret is in the answer and nowhere else.
    ///
    /// # Errors
    ///
    /// If there is no such account, it may not have such a token, or the store cannot be reached.
    pub async fn create(
        &self,
        new: NewToken,
        settings: &crate::config::AuthSettings,
    ) -> Result<(Secret, Token), PeopleError> {
        let account = self.accounts.get(&new.user).await?;
        let Some(account) = account else {
            return Err(PeopleError::NoAccount { name: new.user.to_string() });
        };
        let refused = |why: String| Err(PeopleError::Refused(why));
        if account.disabled {
            return refused(format!("the account `{}` is disabled", account.name));
        }
        if !(1..=settings.token_days_max).contains(&new.days) {
            return refused(format!("a token is good for 1 to {} days", settings.token_days_max));
        }
        let label = new.label.trim().to_owned();
        let is_label = (1..=LABEL_CHARS_MAX).contains(&label.chars().count())
            && !label.chars().any(|c| c.is_control() || is_invisible(c));
        if !is_label {
            return refused(format!("a token has a name of 1 to {LABEL_CHARS_MAX} visible characters"));
        }
        let scopes = new.scopes.within(account.role.scopes_max());
        if scopes.is_empty() || scopes != new.scopes {
            return refused(format!(
                "an account with the role `{}` cannot have these scopes",
                account.role.as_str()
            ));
        }
        let of_user = self.list().await?.into_iter().filter(|token| token.user == account.name).count();
        if of_user >= TOKENS_MAX {
            return refused(format!("`{}` has {TOKENS_MAX} tokens; revoke one first", account.name));
        }
        let secret = new_secret(TOKEN_PREFIX)?;
        let trace = Trace::of(secret.reveal());
        let now = Timestamp::now();
        let token = Token {
            id: new_id()?,
            label,
            grant: new.grant.unwrap_or_else(|| account.grant(settings)),
            user: account.name,
            account_id: account.id,
            scopes,
            created_at: now,
            expires_at: now + Duration::from_secs(new.days * 24 * 60 * 60),
            used_at: None,
            proof: trace.proof().to_owned(),
        };
        if self.drawer.insert(&trace.place, written(&token)?, Some(token.expires_at)).await? {
            Ok((secret, token))
        } else {
            Err(PeopleError::NoRandomness)
        }
    }

    /// Every token that is still good, oldest first.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or an entry is damaged.
    pub async fn list(&self) -> Result<Vec<Token>, PeopleError> {
        let mut tokens: Vec<Token> = self.entries().await?.into_iter().map(|(_, token)| token).collect();
        tokens.sort_by_key(|token| token.created_at);
        Ok(tokens)
    }

    /// Ends the token of that name at once, in all processes; false where there is none.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn revoke(&self, id: &str) -> Result<Option<Token>, PeopleError> {
        let found = self.entries().await?.into_iter().find(|(_, token)| token.id == id);
        let Some((place, _)) = found else { return Ok(None) };
        let removed = self.drawer.remove(&place).await?;
        removed.map(|item| read(&place, &item)).transpose()
    }

    /// The caller behind a token. What expired, was revoked, or belongs to a disabled account is nobody.
    pub(super) async fn caller(&self, shown: &str) -> Result<Option<Caller>, PeopleError> {
        let trace = Trace::of(shown);
        let item = self.drawer.get(&trace.place).await?;
        // A token that does not exist takes the same two look-ups as one that does.
        let token = item.as_ref().map(|item| read(&trace.place, item)).transpose()?;
        let user = token.as_ref().map_or_else(UserName::local, |token| token.user.clone());
        let account = self.accounts.get(&user).await?;
        let (Some(item), Some(token), Some(account)) = (item, token, account) else { return Ok(None) };
        let now = Timestamp::now();
        if !trace.proves(&token.proof) || token.expires_at <= now || !account.is_still(&token.account_id) {
            return Ok(None);
        }
        let caller = caller(&account, token.grant.clone(), token.scopes);
        self.note_use(&trace.place, item.version, token, now).await;
        Ok(Some(caller))
    }

    /// That it cannot be written down changes nothing.
    async fn note_use(&self, place: &str, version: u64, mut token: Token, now: Timestamp) {
        let is_fresh =
            token.used_at.is_some_and(|used| now.duration_since(used).unsigned_abs() < USED_WRITTEN_EVERY);
        if is_fresh {
            return;
        }
        token.used_at = Some(now);
        let Ok(value) = written(&token) else { return };
        if let Err(error) = self.drawer.replace(place, version, value, Some(token.expires_at)).await {
            tracing::warn!(%error, "the last use of a token could not be written down");
        }
    }

    pub(super) async fn sweep(&self, now: Timestamp) -> Result<(), PeopleError> {
        self.drawer.sweep(now).await?;
        Ok(())
    }

    async fn entries(&self) -> Result<Vec<(String, Token)>, PeopleError> {
        let (mut entries, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.drawer.list("", after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(entries) };
            after = Some(last.clone());
            for (place, item) in page {
                let token = read(&place, &item)?;
                entries.push((place, token));
            }
        }
    }
}

fn read(place: &str, item: &Item) -> Result<Token, PeopleError> {
    serde_json::from_slice(&item.value).map_err(|_| PeopleError::Damaged { key: place.to_owned() })
}

fn written(token: &Token) -> Result<Vec<u8>, PeopleError> {
    serde_json::to_vec(token).map_err(|_| PeopleError::Damaged { key: token.id.clone() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        config::AuthSettings,
        facts::{Role, Scope},
        identity::local_name,
        store::{SealKeys, StateDir},
    };

    async fn tokens() -> (tempfile::TempDir, Tokens) {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        let cabinet = Cabinet::open(&state);
        let accounts = Accounts::new(&cabinet, Arc::new(SealKeys::in_file(&state)));
        accounts.add(&name(), Role::Member, None, None).await.unwrap();
        (dir, Tokens::new(&cabinet, accounts))
    }

    fn name() -> UserName {
        local_name("anna").unwrap()
    }

    async fn create(tokens: &Tokens) -> (Secret, Token) {
        let scopes = Scopes::NONE.with(Scope::Read);
        let new = NewToken { user: name(), label: " laptop ".to_owned(), grant: None, scopes, days: 1 };
        tokens.create(new, &AuthSettings::default()).await.unwrap()
    }

    /// Writes the token down as something else.
    async fn change(tokens: &Tokens, secret: &Secret, edit: impl Fn(&mut Token)) {
        let place = Trace::of(secret.reveal()).place;
        let item = tokens.drawer.get(&place).await.unwrap().unwrap();
        let mut token = read(&place, &item).unwrap();
        edit(&mut token);
        assert!(tokens.drawer.replace(&place, item.version, written(&token).unwrap(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_token_calls_for_its_account_with_its_own_grant_and_scopes() {
        let (_dir, tokens) = tokens().await;
        let (secret, token) = create(&tokens).await;
        assert_eq!((token.label.as_str(), token.grant.as_str()), ("laptop", "anna"));
        let caller = tokens.caller(secret.reveal()).await.unwrap().unwrap();
        assert_eq!((caller.user, caller.grant.as_str(), caller.role), (name(), "anna", Role::Member));
        assert_eq!(caller.scopes.to_string(), "odoo:read");
    }

    #[tokio::test]
    async fn an_expired_token_and_one_of_another_account_of_that_name_are_nobodys() {
        let (_dir, tokens) = tokens().await;
        let (secret, _) = create(&tokens).await;
        change(&tokens, &secret, |token| token.expires_at = Timestamp::now()).await;
        assert!(tokens.caller(secret.reveal()).await.unwrap().is_none());
        let (secret, _) = create(&tokens).await;
        change(&tokens, &secret, |token| token.account_id = "0000000000000000".to_owned()).await;
        assert!(tokens.caller(secret.reveal()).await.unwrap().is_none());
        let (secret, _) = create(&tokens).await;
        change(&tokens, &secret, |token| token.proof = Trace::of("other").proof().to_owned()).await;
        assert!(tokens.caller(secret.reveal()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_last_use_is_written_now_and_then() {
        let (_dir, tokens) = tokens().await;
        let (secret, _) = create(&tokens).await;
        let version = async || {
            tokens.caller(secret.reveal()).await.unwrap().unwrap();
            tokens.drawer.get(&Trace::of(secret.reveal()).place).await.unwrap().unwrap().version
        };
        let first = version().await;
        assert_eq!(version().await, first, "not at every call");
        change(&tokens, &secret, |token| token.used_at = Some(Timestamp::now() - USED_WRITTEN_EVERY)).await;
        let later = version().await;
        assert_eq!(version().await, later);
        let used = tokens.list().await.unwrap()[0].used_at.unwrap();
        assert!(Timestamp::now().duration_since(used).unsigned_abs() < USED_WRITTEN_EVERY);
    }

    #[tokio::test]
    async fn one_account_has_so_many_tokens_and_no_more() {
        let (_dir, tokens) = tokens().await;
        for _ in 0..TOKENS_MAX {
            create(&tokens).await;
        }
        let scopes = Scopes::NONE.with(Scope::Read);
        let new = NewToken { user: name(), label: "one more".to_owned(), grant: None, scopes, days: 1 };
        let refused = tokens.create(new, &AuthSettings::default()).await.unwrap_err().to_string();
        assert!(refused.contains("revoke one first"), "{refused}");
    }

    #[tokio::test]
    async fn the_name_of_a_token_is_a_short_text_that_can_be_seen() {
        let (_dir, tokens) = tokens().await;
        let scopes = Scopes::NONE.with(Scope::Read);
        let long = "x".repeat(LABEL_CHARS_MAX + 1);
        for label in [
            "",
            "  ",
            "a\0b",
            "a\nb",
            "a\u{7f}",
            "a\u{85}b",
            "laptop\u{200b}",
            "\u{202e}potpal",
            "a\u{2066}b",
            "a\u{ad}b",
            "\u{feff}a",
            "a\u{e0041}",
            "\u{3164}",
            long.as_str(),
        ] {
            let new = NewToken { user: name(), label: label.to_owned(), grant: None, scopes, days: 1 };
            let refused = tokens.create(new, &AuthSettings::default()).await.unwrap_err().to_string();
            assert!(refused.contains("visible characters"), "{label:?}: {refused}");
        }
        assert!(tokens.list().await.unwrap().is_empty());
        for label in ["../../etc", "CON", "Ñandú ✓", "a%2fb", "nightly report"] {
            let new = NewToken { user: name(), label: label.to_owned(), grant: None, scopes, days: 1 };
            let (_, token) = tokens.create(new, &AuthSettings::default()).await.unwrap();
            assert_eq!(token.label, label, "a label is shown and is part of no path");
        }
    }
}
