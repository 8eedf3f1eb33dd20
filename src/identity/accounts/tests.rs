//! Accounts as the command line and the pages use them.

use super::*;
use crate::store::StateDir;

fn accounts() -> (tempfile::TempDir, Accounts) {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::open(dir.path()).unwrap();
    let accounts = Accounts::new(&Cabinet::open(&state), Arc::new(SealKeys::in_file(&state)));
    (dir, accounts)
}

fn name(text: &str) -> UserName {
    local_name(text).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn there_is_one_account_of_each_name() {
    let (_dir, accounts) = accounts();
    let first = accounts.add(&name("anna"), Role::Owner, None, None).await.unwrap();
    let again = accounts.add(&name("Anna"), Role::Member, None, None).await.unwrap_err();
    assert_eq!(again.to_string(), "there is already an account `anna`");
    assert_eq!(accounts.get(&name("anna")).await.unwrap().unwrap().id, first.id);
    assert_eq!(accounts.count().await.unwrap(), 1);
    let missing = accounts.set_role(&name("bert"), Role::Owner).await.unwrap_err();
    assert_eq!(missing.to_string(), "there is no account `bert`");
}

#[tokio::test]
async fn the_last_owner_stays_one() {
    let (_dir, accounts) = accounts();
    accounts.add(&name("anna"), Role::Owner, None, None).await.unwrap();
    accounts.add(&name("bert"), Role::Member, None, None).await.unwrap();
    accounts.set_role(&name("anna"), Role::Member).await.unwrap_err();
    accounts.set_disabled(&name("anna"), true).await.unwrap_err();
    accounts.set_role(&name("bert"), Role::Owner).await.unwrap();
    accounts.set_disabled(&name("bert"), true).await.unwrap();
    accounts.set_role(&name("anna"), Role::Member).await.unwrap_err();
    accounts.set_disabled(&name("bert"), false).await.unwrap();
    let anna = accounts.set_role(&name("anna"), Role::Auditor).await.unwrap();
    assert_eq!(anna.role, Role::Auditor);
}

#[tokio::test]
async fn a_password_is_the_newest_one_and_ends_what_was_before() {
    let (dir, accounts) = accounts();
    let anna = name("anna");
    accounts.add(&anna, Role::Owner, None, Some(&secret("short"))).await.unwrap_err();
    let account = accounts.add(&anna, Role::Owner, None, Some(&secret("the first password"))).await.unwrap();
    assert!(accounts.password_fits(Some(&account), &secret("the first password")).await.unwrap());
    let changed = accounts.set_password(&anna, &secret("the second password")).await.unwrap();
    assert!(changed.epoch > account.epoch);
    assert!(!accounts.password_fits(Some(&changed), &secret("the first password")).await.unwrap());
    assert!(accounts.password_fits(Some(&changed), &secret("the second password")).await.unwrap());
    assert!(!accounts.password_fits(None, &secret("the second password")).await.unwrap());
    let bytes = std::fs::read(dir.path().join("shared.sqlite3")).unwrap();
    assert!(!bytes.windows(19).any(|part| part == b"the second password"));
}

#[tokio::test]
async fn an_odoo_login_that_changed_hands_is_somebody_else() {
    let (_dir, accounts) = accounts();
    let alias = ConnectionAlias::default_alias();
    let first = accounts.of_odoo_user(&alias, "anna", 7).await.unwrap();
    assert_eq!((first.name.as_str(), first.role), ("default/anna", Role::Member));
    assert_eq!(accounts.of_odoo_user(&alias, "anna", 7).await.unwrap().id, first.id);
    assert!(matches!(accounts.of_odoo_user(&alias, "anna", 8).await, Err(PeopleError::Refused(_))));
    accounts.set_password(&first.name, &secret("a password of our own")).await.unwrap_err();
    accounts.new_second_factor(&first.name).await.unwrap_err();
    assert!(!accounts.password_fits(Some(&first), &secret("anything at all")).await.unwrap());
    let settings = crate::config::AuthSettings::default();
    assert_eq!(first.grant(&settings).as_str(), "default");
}

#[tokio::test]
async fn a_second_factor_is_one_only_for_its_account() {
    let (dir, accounts) = accounts();
    let anna = name("anna");
    accounts.add(&anna, Role::Owner, None, None).await.unwrap();
    assert!(!accounts.take_code(&anna, "000000").await.unwrap());
    let new = accounts.new_second_factor(&anna).await.unwrap();
    let account = accounts.set_second_factor(&anna, Some(&new)).await.unwrap();
    assert!(account.has_second_factor() && account.recovery_codes_left() == 10);
    let code = new.recovery_codes[3].reveal();
    assert!(!accounts.take_code(&anna, "000000").await.unwrap());
    assert!(accounts.take_code(&anna, code).await.unwrap());
    assert!(!accounts.take_code(&anna, code).await.unwrap());
    let bytes = std::fs::read(dir.path().join("shared.sqlite3")).unwrap();
    let wal = std::fs::read(dir.path().join("shared.sqlite3-wal")).unwrap_or_default();
    for kept in [bytes, wal] {
        assert!(!kept.windows(32).any(|part| part == new.key.reveal().as_bytes()));
    }
    assert!(!accounts.set_second_factor(&anna, None).await.unwrap().has_second_factor());
}

#[tokio::test]
async fn the_first_owner_is_made_once() {
    let (_dir, accounts) = accounts();
    let code = accounts.first_owner_code().await.unwrap().unwrap();
    let (anna, password) = (name("anna"), secret("the first password"));
    let make = async |code: &str, password: &Secret| accounts.add_first_owner(code, &anna, password).await;
    for wrong in ["", "aaaaaa-aaaaaa-aaaaaa-aaaaaa"] {
        assert!(make(wrong, &password).await.unwrap().is_none(), "{wrong}");
    }
    assert!(make(code.reveal(), &secret("weak")).await.is_err(), "the code is not used up by that");
    let owner = make(&code.reveal().to_uppercase(), &password).await.unwrap().unwrap();
    assert_eq!(owner.role, Role::Owner);
    assert!(make(code.reveal(), &password).await.unwrap().is_none());
    assert!(accounts.first_owner_code().await.unwrap().is_none());
}
