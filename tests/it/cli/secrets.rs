//! A canary in every place for secrets, and every command: it is printed nowhere, stored nowhere.

use super::program::{Home, Ran, all_files};

const CANARY: &str = "canary-5f1e-password";
const CANARY_TOKEN: &str = "canary-5f1e-token-long-enough";

const COMMANDS: &[&[&str]] = &[
    &["config"],
    &["config", "--check"],
    &["tools"],
    &["tools", "--json"],
    &["doctor"],
    &["doctor", "--json"],
    &["call", "odoo_connections"],
    &["call", "odoo_version"],
    &["call", "odoo_search_count", r#"{"model":"res.partner"}"#],
    &["call", "odoo_search_count", r#"{"model":"res.partner","connection":"other"}"#],
    &["audit", "show"],
    &["serve"],
];

#[track_caller]
fn silent(ran: &Ran) {
    let all = format!("{}{}", ran.out, ran.notes);
    assert!(!all.contains("canary-5f1e"), "{all}");
}

fn settings() -> String {
    format!(
        "[connections.other]\nurl = \"http://127.0.0.1:9\"\ndb = \"d\"\nusername = \"u\"\npassword = \"{CANARY}\"\n\
         [[grants]]\nname = \"office\"\ntoken = \"{CANARY_TOKEN}\"\n"
    )
}

fn home() -> Home {
    Home::new()
        .with("ODOO_URL", "http://127.0.0.1:9")
        .with("ODOO_DB", "d")
        .with("ODOO_USERNAME", "u")
        .with("ODOO_PASSWORD", CANARY)
        .with("ODOO_MCP_LOG_LEVEL", "debug")
}

#[test]
fn no_command_prints_or_stores_a_secret() {
    let home = home();
    let file = home.write("s.toml", &settings());
    for command in COMMANDS {
        silent(&home.run(&[&["--config", &file], *command].concat()));
    }
    for (path, bytes) in all_files(&home.state()) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("canary-5f1e"), "{}", path.display());
    }
}

#[test]
fn no_error_of_the_settings_repeats_a_secret() {
    let good = settings();
    let broken = [
        good.replace("password = ", "password ="),
        good.replace("password = ", "passwort = "),
        good.replace("password = \"", "password = "),
        good.replace("token = ", "tokn = "),
        format!("{good}\n{good}"),
        good.replace("http://127.0.0.1:9", &format!("http://u:{CANARY}@x")),
        format!("key = \"{CANARY}\"\n[http]\nlisten = 1\n"),
        format!("{good}api_key = \"{CANARY}\"\n"),
    ];
    for text in broken {
        let home = home();
        let file = home.write("s.toml", &text);
        for command in [["config", "--check"].as_slice(), &["serve"], &["doctor"]] {
            silent(&home.run(&[&["--config", &file], command].concat()));
        }
    }
}

#[test]
fn a_password_on_standard_input_is_not_repeated() {
    let home = Home::new();
    let arguments = ["connect", "http://127.0.0.1:9", "--db", "d", "--login", "u", "--password-stdin"];
    let ran = home.run_with_input(&arguments, CANARY).ended(1);
    silent(&ran);
    assert!(ran.notes.contains("cannot connect"), "{ran:?}");
    assert!(ran.out.is_empty(), "{ran:?}");
}
