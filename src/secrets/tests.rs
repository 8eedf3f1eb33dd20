//! What is masked, and twice as much that is not.
//!
//! Tokens are put together here, so that no scanner takes this file for a leak.

use serde_json::json;

use super::*;

fn masked_text(text: &str) -> String {
    without_secrets(text.to_owned())
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let shown = masked_text(text);
    assert_eq!(shown, expected);
    assert_eq!(masked_text(&shown), shown, "masking twice changes nothing more");
}

#[track_caller]
fn survives(text: &str) {
    assert_eq!(masked_text(text), text);
}

/// Letters and digits of a token.
fn body(length: usize) -> String {
    "aB3dE6gH9jK2mN5pQ8".chars().cycle().take(length).collect()
}

#[test]
fn tokens_are_known_by_their_beginning() {
    for (beginning, length) in [
        ("sk-", 48),
        ("sk-proj-", 60),
        ("sk-ant-api03-", 80),
        ("sk_live_", 24),
        ("rk_live_", 24),
        ("ghp_", 36),
        ("gho_", 36),
        ("ghs_", 36),
        ("github_pat_", 82),
        ("glpat-", 20),
        ("xoxb-", 40),
        ("xapp-", 40),
        ("AIza", 35),
        ("ya29.", 60),
        ("hf_", 34),
        ("npm_", 36),
        ("pypi-", 90),
        ("dop_v1_", 64),
        ("shpat_", 32),
        ("whsec_", 32),
        ("SG.", 66),
    ] {
        let token = format!("{beginning}{}", body(length));
        check(&token, MASK);
        check(&format!("key={token}; then"), "key=[secret]; then");
        check(&format!("<p>{token}</p>"), "<p>[secret]</p>");
        check(&format!("{token} and {token}"), "[secret] and [secret]");
        survives(&format!("x{token}"));
    }
    let number = body(16).to_uppercase();
    check(&format!("AKIA{number} x"), "[secret] x");
    check(&format!("123456789:AA{}", body(33)), MASK);
}

#[test]
fn words_that_begin_like_tokens_are_words() {
    for text in [
        "sk-learn-is-a-library-for-python-people",
        "task-force-of-the-whole-department-2026",
        "glpat- is how they begin",
        "ghp_short1",
        "AKIAlowercaseletters",
        "AKIA is a prefix",
        "xoxb",
        "the bearer of this letter may enter",
        "Bearer authentication-is-used-here",
        "eyJhbGciOiJIUzI1NiJ9",
        "eyJ.a.b and so on",
        "SG.1 SG.2",
        "npm_config_registry_setting_for_everyone",
        "https://odoo.example/web#id=7&model=res.partner",
        "https://odoo.example:8069/web",
        "mailto:someone@example.com",
        "10:30 someone@example.com",
        "see https://odoo.example: ask me@example.com",
        "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "----- BEGIN -----",
    ] {
        survives(text);
    }
}

#[test]
fn keys_passwords_and_bearers_go() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----";
    check(&format!("a\n{key}\nb"), "a\n[secret]\nb");
    check("x -----BEGIN PRIVATE KEY-----\nMIIEow", "x [secret]");
    check("postgres://odoo:hunter2@db:5432/odoo", "postgres://odoo:[secret]@db:5432/odoo");
    check("redis://:hunter2@cache", "redis://:[secret]@cache");
    check("https://a:b@c d https://e:f@g", "https://a:[secret]@c d https://e:[secret]@g");
    check("https://a:p@ss@host/x", "https://a:[secret]@host/x");
    let web = format!("eyJ{}.{}.{}", body(20), body(40), body(43));
    check(&format!("token {web}!"), "token [secret]!");
    check(&format!("Authorization: Bearer {}", body(40)), "Authorization: Bearer [secret]");
    check(&format!("bearer {}==", body(40)), "bearer [secret]");
}

#[test]
fn cards_go_in_every_spelling() {
    for number in [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5555555555554444",
        "5555 5555 5555 4444",
        "2223003122003222",
        "6011111111111117",
        "3530111333300000",
    ] {
        let last = number.chars().skip(number.len() - 4).collect::<String>();
        let mask = format!("[card ending {last}]");
        check(number, &mask);
        check(&format!("card: {number}, exp 12/27"), &format!("card: {mask}, exp 12/27"));
        check(&format!("({number}) 12/27 {number}."), &format!("({mask}) 12/27 {mask}."));
        check(&format!("12 {number} 12/27"), &format!("12 {mask} 12/27"));
    }
    check("378282246310005", "[card ending 0005]");
    check("3782 822463 10005", "[card ending 0005]");
    check("30569309025904", "[card ending 5904]");
    check("3056 930902 5904", "[card ending 5904]");
}

#[test]
fn numbers_that_are_no_cards_survive() {
    for number in [
        // No valid check digit.
        "4111111111111112",
        // No issuer.
        "1234567890123452",
        "9999999999999995",
        // Part of something longer.
        "A4111111111111111",
        "4111111111111111B",
        "41111111111111111111",
        "4111111111111111.50",
        "0.4111111111111111",
        "4111-1111-1111-1111-1111",
        "+4111111111111111",
        "x_4111111111111111",
        // IBANs.
        "DE89370400440532013000",
        "DE89 3704 0044 0532 0130 00",
        "GB29 NWBK 6016 1331 9268 19",
        "BE68 5390 0754 7034",
        "NL91 ABNA 0417 1643 00",
        "FR14 2004 1010 0505 0001 3M02 606",
        "XX00 4111 1111 1111 1111",
        // Phones, dates, times, barcodes, references, digests.
        "+32 2 290 34 90",
        "+49 30 901820-0",
        "0049 170 1234567",
        "2026-11-21 07:18:48",
        "20261121071848",
        "1763709528000",
        "4006381333931",
        "4902505088261",
        "INV/2026/00042",
        "SO-2026-000123456789",
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "550e8400-e29b-41d4-a716-446655440000",
        "/my/orders/7?access_token=550e8400-e29b-41d4-a716-446655440000",
    ] {
        survives(number);
    }
}

#[test]
fn results_are_masked_all_the_way_down() {
    let token = format!("ghp_{}", body(36));
    let mut result = json!({
        "records": [{"id": 7, "note": token, "lines": [["x", token]], "card": 4111111111111111_u64}],
        token.clone(): true,
        "total": 1763709528000_u64,
        "amount": 4111111111111111.5,
    });
    mask_all(&mut result);
    let expected = json!({
        "records": [{"id": 7, "note": MASK, "lines": [["x", MASK]], "card": "[card ending 1111]"}],
        MASK: true,
        "total": 1763709528000_u64,
        "amount": 4111111111111111.5,
    });
    assert_eq!(result, expected);
}

#[test]
fn other_scripts_do_no_harm() {
    survives("é4111111111111111");
    survives("日本語テキスト、とても長い");
    check("日本 4111111111111111 語", "日本 [card ending 1111] 語");
    survives(&"é".repeat(1_000));
    survives(&"-".repeat(1_000));
    survives(&"://".repeat(1_000));
    survives(&"4111 ".repeat(1_000).replace("4111 4111 4111 4111", "4111 4111 4111 411"));
}
