//! Accounts, tokens and sessions, as their pages end them.

use odoo_mcp::{
    facts::{Role, Scopes},
    identity::NewToken,
};

use super::place::{Browser, Place, name, open};

async fn token(place: &Place, user: &str) -> String {
    let new =
        NewToken { user: name(user), label: "laptop".to_owned(), grant: None, scopes: Scopes::ALL, days: 1 };
    place.house.people.tokens().create(new, place.house.people.settings()).await.unwrap().1.id
}

#[tokio::test]
async fn tokens_are_revoked_by_operators_and_by_whoever_has_them() {
    let place = open().await;
    for (user, of, ends) in
        [("mia", "olga", false), ("aude", "mia", false), ("mia", "mia", true), ("oskar", "mia", true)]
    {
        let id = token(&place, of).await;
        let mut browser = Browser::of(&place, user).await;
        let answer = browser.press("/console/people/token/revoke", &[("id", &id)]).await;
        assert_eq!(answer.status, if ends { 303 } else { 422 }, "{user} {of}");
        let left = place.house.people.tokens().list().await.unwrap();
        assert_eq!(left.iter().any(|token| token.id == id), !ends, "{user} {of}");
    }
    assert!(place.log().contains("\"token_revoke\""));
}

#[tokio::test]
async fn a_session_is_ended_and_the_browser_is_out() {
    let place = open().await;
    let mut other = Browser::of(&place, "mia").await;
    let mut browser = Browser::of(&place, "olga").await;
    let sessions = place.house.people.sessions().list().await.unwrap();
    let of = |user: &str| sessions.iter().find(|one| one.user.as_str() == user).unwrap().id.clone();
    let own = of("olga");
    assert_eq!(other.press("/console/people/session/end", &[("id", &own)]).await.status, 422);
    assert_eq!(browser.press("/console/people/session/end", &[("id", "none")]).await.status, 422);
    assert_eq!(browser.press("/console/people/session/end", &[("id", &of("mia"))]).await.status, 303);
    assert_eq!(other.get("/console").await.status, 303);
    assert_eq!(browser.get("/console").await.status, 200);
}

#[tokio::test]
async fn owners_change_roles_and_nobody_shuts_themselves_out() {
    let place = open().await;
    let mut owner = Browser::of(&place, "olga").await;
    for fields in [
        [("user", "olga"), ("role", "member")],
        [("user", "mia"), ("role", "king")],
        [("user", "nobody-here"), ("role", "member")],
    ] {
        assert_eq!(owner.press("/console/people/role", &fields).await.status, 422, "{fields:?}");
    }
    assert_eq!(
        owner.press("/console/people/role", &[("user", "mia"), ("role", "auditor")]).await.status,
        303
    );
    let mia = place.house.people.accounts().get(&name("mia")).await.unwrap().unwrap();
    assert_eq!(mia.role, Role::Auditor);
    let mut operator = Browser::of(&place, "oskar").await;
    let disable = [("user", "mia"), ("disabled", "yes")];
    assert_eq!(operator.press("/console/people/disable", &disable).await.status, 303);
    assert!(place.house.people.accounts().get(&name("mia")).await.unwrap().unwrap().disabled);
    assert!(place.log().contains("\"account_disable\"") && place.log().contains("\"account_role\""));
}
