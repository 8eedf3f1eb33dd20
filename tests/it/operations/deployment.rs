//! The files a server is deployed with: numbers that exist, flags that are accepted.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use serde_json::Value;

use super::place::open;

fn deploy(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name);
    fs::read_to_string(path).unwrap()
}

/// The names of numbers in an expression; those of a histogram are the family's.
fn numbers_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|word| word.starts_with("mcp_") || word.starts_with("odoo_mcp_"));
    ours.map(|word| word.trim_end_matches("_bucket").to_owned()).collect()
}

#[tokio::test]
async fn dashboards_and_alerts_name_numbers_that_exist() {
    let place = open("").await;
    let page = place.house.corridor.numbers_page(Some(1)).await;
    let known: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let dashboard: Value = serde_json::from_str(&deploy("grafana-dashboard.json")).unwrap();
    let mut named = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let found = numbers_in(target["expr"].as_str().unwrap());
            assert!(!found.is_empty(), "{panel}");
            named.extend(found);
        }
    }
    let alerts = deploy("alerts.yml");
    let expressions: Vec<&str> =
        alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert_eq!(expressions.len(), alerts.matches("- alert: ").count());
    for expression in expressions {
        let found = numbers_in(expression);
        assert!(!found.is_empty(), "{expression}");
        named.extend(found);
    }
    let unknown: Vec<&String> = named.iter().filter(|name| !known.contains(name.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?} are on no page; there are {known:?}");
}

#[expect(clippy::disallowed_methods, reason = "the program under test is another program")]
fn accepts(arguments: &[&str]) {
    let (command, flags): (Vec<&str>, Vec<&str>) = arguments.iter().partition(|word| !word.starts_with("--"));
    let asked =
        Command::new(env!("CARGO_BIN_EXE_odoo-mcp")).args(&command[..1]).arg("--help").output().unwrap();
    let help = String::from_utf8(asked.stdout).unwrap();
    assert!(asked.status.success() && !help.is_empty(), "{arguments:?}");
    for flag in flags {
        assert!(help.contains(flag), "`{flag}` is no flag of {command:?}:\n{help}");
    }
}

#[test]
fn commands_in_the_files_are_accepted() {
    let unit = deploy("odoo-mcp.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let words: Vec<&str> = start.split_whitespace().collect();
    let serve = words.iter().position(|word| *word == "serve").unwrap();
    assert_eq!(&words[..serve], ["/usr/bin/odoo-mcp", "--config", "/etc/odoo-mcp/odoo-mcp.toml"]);
    accepts(&words[serve..]);
    let mut lists = 0;
    for name in ["Containerfile", "compose.yml"] {
        for line in deploy(name).lines().filter(|line| !line.trim_start().starts_with('#')) {
            let Some(list) = line.find("[\"").and_then(|at| line.get(at..)) else { continue };
            let Ok(words) = serde_json::from_str::<Vec<String>>(list) else { continue };
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let Some(at) = words.iter().position(|word| ["serve", "health"].contains(word)) else { continue };
            accepts(&words[at..]);
            lists += 1;
        }
    }
    assert_eq!(lists, 4, "each file starts the server and asks for its health");
}

#[test]
fn variables_in_the_files_are_settings() {
    use odoo_mcp::config::{Config, Environment, Flags};
    let mut variables: Vec<(String, String)> = Vec::new();
    for line in deploy("compose.yml").lines() {
        let Some((name, value)) = line.trim().split_once(": ") else { continue };
        if name.starts_with("ODOO_") && !name.ends_with("_FILE") {
            let value = if value.contains("${ODOO_URL") {
                "https://odoo.example.com"
            } else {
                value.trim_matches('"')
            };
            variables.push((name.to_owned(), value.to_owned()));
        }
    }
    assert_eq!(variables.len(), 4, "{variables:?}");
    variables.push(("ODOO_API_KEY".to_owned(), "a key of some length".to_owned()));
    variables.push(("HOME".to_owned(), "/nowhere".to_owned()));
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let config = Config::load(&Flags::default(), &Environment::of(&variables)).unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

/// What the unit and the image promise, word by word.
#[test]
fn what_runs_may_do_little() {
    let unit = deploy("odoo-mcp.service");
    for line in [
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateDevices=yes",
        "DynamicUser=yes",
        "StateDirectoryMode=0700",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    ] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
    let image = deploy("Containerfile");
    assert!(image.lines().any(|line| line == "USER 10001:10001"));
    let compose = deploy("compose.yml");
    for words in ["read_only: true", "cap_drop: [\"ALL\"]", "no-new-privileges:true", "127.0.0.1:8084:8084"] {
        assert!(compose.contains(words), "{words}");
    }
}
