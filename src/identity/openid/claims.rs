//! What the claims of a proven token must say, and whom they mean.

use std::sync::Arc;

use serde_json::Value;

use super::{Rules, TokenError, Verified};
use crate::{
    config::OpenIdSettings,
    facts::{GrantName, JsonObject, Scope, Scopes, UserName},
};

/// Groups of one user; with more, a rule about one of them might not see it.
const GROUPS_MAX: usize = 500;
const GROUP_BYTES_MAX: usize = 256;

/// Judges the claims at this moment, in seconds since 1970.
pub(super) fn judge(claims: &JsonObject, rules: &Rules, now: i64) -> Result<Verified, TokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(rules.issuer.as_str()) {
        return Err(TokenError::Issuer);
    }
    let for_us = match claims.get("aud") {
        Some(Value::String(one)) => rules.audience.is(one),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).any(|one| rules.audience.is(one)),
        _ => false,
    };
    if !for_us {
        return Err(TokenError::Audience);
    }
    let expires_at = check_times(claims, rules.settings.clock_skew_seconds, now)?;
    // The marks of an identity token, which tells a client who signed in and opens no door.
    if claims.contains_key("at_hash") || claims.contains_key("c_hash") {
        return Err(TokenError::Type);
    }
    let settings = &rules.settings;
    let groups = groups(claims, &settings.groups_claim)?;
    Ok(Verified {
        user: user(claims, settings)?,
        grant: grant(claims, settings, &groups, &rules.default_grant)?,
        scopes: scopes(claims, settings),
        groups,
        expires_at,
    })
}

fn check_times(claims: &JsonObject, skew_seconds: u64, now: i64) -> Result<i64, TokenError> {
    let skew = i64::try_from(skew_seconds).unwrap_or(0);
    let expires_at = seconds(claims.get("exp").ok_or(TokenError::Claim("exp"))?, "exp")?;
    if expires_at.saturating_add(skew) <= now {
        return Err(TokenError::Expired);
    }
    for name in ["nbf", "iat"] {
        if let Some(value) = claims.get(name)
            && seconds(value, name)? > now.saturating_add(skew)
        {
            return Err(TokenError::NotYet);
        }
    }
    Ok(expires_at.saturating_add(skew))
}

/// A moment as tokens write it: a number, perhaps with a fraction, which is cut off.
fn seconds(value: &Value, name: &'static str) -> Result<i64, TokenError> {
    /// The year 9999. Whatever lies beyond is no moment.
    const LATEST: f64 = 253_402_300_799.0;
    if let Some(whole) = value.as_i64() {
        return Ok(whole);
    }
    match value.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "within the range of moments, checked right here"
        )]
        Some(number) if (0.0..=LATEST).contains(&number) => Ok(number.floor() as i64),
        _ => Err(TokenError::Claim(name)),
    }
}

fn user(claims: &JsonObject, settings: &OpenIdSettings) -> Result<UserName, TokenError> {
    let wrong = TokenError::Claim("user");
    let claim = claims.get(&settings.user_claim).and_then(Value::as_str).ok_or(wrong)?;
    if claim.trim() != claim || claim.is_empty() {
        return Err(wrong);
    }
    // An address that nobody has proven to own may be anybody's.
    let proven = claims.get("email_verified").is_none_or(|proven| *proven == Value::Bool(true));
    if settings.user_claim == "email" && !proven {
        return Err(wrong);
    }
    UserName::parse(&format!("{}/{claim}", settings.name)).map_err(|_| wrong)
}

fn groups(claims: &JsonObject, name: &str) -> Result<Arc<[Arc<str>]>, TokenError> {
    let wrong = TokenError::Claim("groups");
    // A provider that says "ask me for the groups" has not said that there are none.
    if claims.get("_claim_names").is_some_and(|names| names.get(name).is_some()) {
        return Err(wrong);
    }
    let listed: Vec<&str> = match claims.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().map(Value::as_str).collect::<Option<_>>().ok_or(wrong)?,
        Some(_) => return Err(wrong),
    };
    let fits =
        |group: &&str| (1..=GROUP_BYTES_MAX).contains(&group.len()) && !group.chars().any(char::is_control);
    if listed.len() > GROUPS_MAX || !listed.iter().all(fits) {
        return Err(wrong);
    }
    Ok(listed.into_iter().map(Arc::from).collect())
}

fn grant(
    claims: &JsonObject,
    settings: &OpenIdSettings,
    groups: &[Arc<str>],
    default_grant: &GrantName,
) -> Result<GrantName, TokenError> {
    if let Some(claim) = &settings.grant_claim {
        let named = claims.get(claim).and_then(Value::as_str);
        return named.and_then(|name| GrantName::parse(name).ok()).ok_or(TokenError::Claim("grant"));
    }
    let of_group =
        settings.grants_by_group.iter().find(|(group, _)| groups.iter().any(|one| **one == **group));
    Ok(of_group.map_or(default_grant, |(_, grant)| grant).clone())
}

/// The scopes; what is none of ours means nothing here.
fn scopes(claims: &JsonObject, settings: &OpenIdSettings) -> Scopes {
    let said: Vec<&str> = match claims.get(&settings.scopes_claim) {
        Some(Value::String(text)) => text.split(' ').collect(),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    said.into_iter().filter_map(Scope::parse).chain(settings.scopes.iter()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{config::PublicUrl, identity::openid::Audience};

    const NOW: i64 = 1_800_000_000;

    fn rules(change: impl FnOnce(&mut OpenIdSettings)) -> Rules {
        let mut settings = OpenIdSettings { name: "company".to_owned(), ..OpenIdSettings::default() };
        change(&mut settings);
        Rules {
            issuer: "https://login.example.com".to_owned(),
            audience: Audience::Resource(PublicUrl::of(&url::Url::parse("https://mcp.example.com").unwrap())),
            settings,
            default_grant: GrantName::parse("member").unwrap(),
        }
    }

    fn claims(change: Value) -> JsonObject {
        let mut claims = json!({
            "iss": "https://login.example.com", "aud": "https://mcp.example.com/mcp", "sub": "u1",
            "exp": NOW + 60, "iat": NOW, "scope": "openid odoo:read", "groups": ["staff", "sales"],
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object().unwrap().clone()
    }

    #[track_caller]
    fn check(change: Value, expected: Result<(), TokenError>) {
        let judged = judge(&claims(change.clone()), &rules(|_| {}), NOW);
        assert_eq!(judged.map(|_| ()), expected, "{change}");
    }

    #[test]
    fn a_good_token_means_one_user() {
        let verified = judge(&claims(json!({})), &rules(|_| {}), NOW).unwrap();
        assert_eq!(verified.user.as_str(), "company/u1");
        assert_eq!(verified.grant.as_str(), "member");
        assert_eq!(verified.scopes.to_string(), "odoo:read");
        assert_eq!(*verified.groups, ["staff".into(), "sales".into()]);
        assert_eq!(verified.expires_at, NOW + 120);
    }

    #[test]
    fn a_token_for_somebody_else_is_none_for_us() {
        check(json!({ "aud": ["https://other.example.com", "https://mcp.example.com/mcp/"] }), Ok(()));
        check(json!({ "aud": "HTTPS://MCP.example.com:443/mcp" }), Ok(()));
        for aud in [
            json!("https://mcp.example.com"),
            json!("https://other.example.com/mcp"),
            json!("https://mcp.example.com/mcp/x"),
            json!("https://mcp.example.com.evil.example/mcp"),
            json!([]),
            json!(null),
            json!([["https://mcp.example.com/mcp"]]),
            json!({ "https://mcp.example.com/mcp": true }),
        ] {
            check(json!({ "aud": aud }), Err(TokenError::Audience));
        }
        for iss in
            [json!("https://login.example.com/"), json!("https://evil.example"), json!(null), json!(["x"])]
        {
            check(json!({ "iss": iss }), Err(TokenError::Issuer));
        }
    }

    #[test]
    fn times_have_a_skew_and_no_more() {
        for (change, expected) in [
            (json!({ "exp": NOW - 59 }), Ok(())),
            (json!({ "exp": NOW - 60 }), Err(TokenError::Expired)),
            (json!({ "exp": 0 }), Err(TokenError::Expired)),
            (json!({ "exp": -1 }), Err(TokenError::Expired)),
            (json!({ "exp": NOW as f64 + 0.5 }), Ok(())),
            (json!({ "exp": 1e300 }), Err(TokenError::Claim("exp"))),
            (json!({ "exp": "1800000060" }), Err(TokenError::Claim("exp"))),
            (json!({ "exp": null }), Err(TokenError::Claim("exp"))),
            (json!({ "nbf": NOW + 60 }), Ok(())),
            (json!({ "nbf": NOW + 61 }), Err(TokenError::NotYet)),
            (json!({ "iat": NOW + 61 }), Err(TokenError::NotYet)),
            (json!({ "iat": "now" }), Err(TokenError::Claim("iat"))),
        ] {
            check(change, expected);
        }
        let mut without = claims(json!({}));
        without.remove("exp");
        assert_eq!(judge(&without, &rules(|_| {}), NOW).unwrap_err(), TokenError::Claim("exp"));
    }

    #[test]
    fn who_it_is_must_be_clear() {
        for sub in [json!(""), json!(" u1"), json!(7), json!(null), json!("u\n1"), json!("x".repeat(300))] {
            check(json!({ "sub": sub }), Err(TokenError::Claim("user")));
        }
        for groups in [json!(7), json!([7]), json!([""]), json!(["a\nb"]), json!(vec!["a"; 501])] {
            check(json!({ "groups": groups }), Err(TokenError::Claim("groups")));
        }
        check(
            json!({ "groups": null, "_claim_names": { "groups": "src1" } }),
            Err(TokenError::Claim("groups")),
        );
        check(json!({ "at_hash": "x" }), Err(TokenError::Type));
        let by_mail = rules(|settings| settings.user_claim = "email".to_owned());
        let judged = |change| judge(&claims(change), &by_mail, NOW).map(|verified| verified.user.to_string());
        let wrong = Err(TokenError::Claim("user"));
        assert_eq!(
            judged(json!({ "email": "a@b.c", "email_verified": true })),
            Ok("company/a@b.c".to_owned())
        );
        assert_eq!(judged(json!({ "email": "a@b.c", "email_verified": false })), wrong);
        assert_eq!(judged(json!({ "email": "a@b.c", "email_verified": "false" })), wrong);
        assert_eq!(judged(json!({})), wrong);
    }

    #[test]
    fn the_grant_comes_from_a_claim_a_group_or_the_settings() {
        let grant = |change: fn(&mut OpenIdSettings), claim| {
            judge(&claims(claim), &rules(change), NOW).map(|verified| verified.grant.to_string())
        };
        let by_claim = |settings: &mut OpenIdSettings| settings.grant_claim = Some("grant".to_owned());
        let by_group = |settings: &mut OpenIdSettings| {
            let grant = |name| GrantName::parse(name).unwrap();
            settings.grants_by_group =
                vec![("boss".to_owned(), grant("boss")), ("sales".to_owned(), grant("seller"))];
        };
        assert_eq!(grant(by_claim, json!({ "grant": "office" })), Ok("office".to_owned()));
        for wrong in [json!({}), json!({ "grant": "a b" }), json!({ "grant": 7 })] {
            assert_eq!(grant(by_claim, wrong), Err(TokenError::Claim("grant")));
        }
        assert_eq!(grant(by_group, json!({})), Ok("seller".to_owned()));
        assert_eq!(grant(by_group, json!({ "groups": "boss" })), Ok("boss".to_owned()));
        assert_eq!(grant(by_group, json!({ "groups": [] })), Ok("member".to_owned()));
    }

    #[test]
    fn scopes_come_as_text_or_list() {
        let scopes = |claim| judge(&claims(claim), &rules(|_| {}), NOW).unwrap().scopes.to_string();
        assert_eq!(scopes(json!({ "scope": ["odoo:read", 7, "odoo:write"] })), "odoo:read odoo:write");
        assert_eq!(scopes(json!({ "scope": null })), "");
        let all = rules(|settings| settings.scopes = Scopes::NONE.with(Scope::Write));
        let verified = judge(&claims(json!({ "scope": "openid" })), &all, NOW).unwrap();
        assert_eq!(verified.scopes.to_string(), "odoo:write");
    }
}
