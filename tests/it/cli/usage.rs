//! Help, wrong usage, wrong settings: the exit codes that the help promises.

use super::program::Home;

const COMMANDS: &[&str] = &[
    "demo",
    "serve",
    "connect",
    "call",
    "tools",
    "policy",
    "audit",
    "usage",
    "doctor",
    "config",
    "completions",
];

#[test]
fn help_is_an_answer_and_shows_examples() {
    let home = Home::new();
    let help = home.run(&["--help"]).ended(0);
    for code in ["  0   ", "  1   ", "  64  ", "  70  "] {
        assert!(help.out.contains(code), "{}", help.out);
    }
    for command in COMMANDS {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command} is not in the help");
        let own = home.run(&[command, "--help"]).ended(0);
        let nested =
            *command == "policy" && home.run(&["policy", "check", "--help"]).out.contains("Examples:");
        assert!(own.out.contains("Examples:") || nested, "{command} has no examples: {}", own.out);
    }
    assert!(home.run(&["--version"]).ended(0).out.starts_with("odoo-mcp "));
    assert!(home.run(&["--help"]).notes.is_empty());
}

#[track_caller]
fn refused(arguments: &[&str], expected: &str) {
    let ran = Home::new().run(arguments).ended(64);
    assert!(ran.out.is_empty(), "{ran:?}");
    assert!(ran.notes.contains(expected), "{ran:?}");
}

#[test]
fn wrong_usage_is_64_and_says_so_on_standard_error() {
    refused(&[], "Usage");
    refused(&["nonsense"], "nonsense");
    refused(&["serve", "--nonsense"], "--nonsense");
    refused(&["serve", "--http", "here"], "`here`");
    refused(&["call"], "TOOL");
    refused(&["policy", "check"], "FILE");
    refused(&["completions", "nonsense"], "nonsense");
    refused(&["connect"], "there is no terminal to ask at");
    refused(&["connect", "http://x", "--db", "d", "--login", "l"], "--password-stdin");
    refused(&["connect", "ftp://x", "--db", "d", "--login", "l"], "`http` or `https`");
}

#[test]
fn settings_and_policies_that_are_not_there_are_64() {
    for command in ["serve", "tools"] {
        refused(&[command, "--policy", "none.json"], "none.json");
        refused(&["--config", "none.toml", command], "none.toml");
    }
    refused(&["call", "odoo_version", "--policy", "none.json"], "none.json");
    refused(&["config", "--check", "--config", "none.toml"], "none.toml");
}

#[test]
fn every_problem_of_the_settings_is_said() {
    let home = Home::new().with("ODOO_MCP_DRAIN_MS", "soon");
    let file = home.write("s.toml", "stat_dir = \"x\"\n[http]\nlisten = \"there\"\n");
    for command in [["config", "--check"].as_slice(), &["serve"], &["tools"]] {
        let ran = home.run(&[&["--config", &file], command].concat()).ended(64);
        for problem in ["did you mean `state_dir`", "`there` is not an address", "ODOO_MCP_DRAIN_MS"] {
            assert!(ran.notes.contains(problem), "{problem}: {ran:?}");
        }
        assert_eq!(ran.notes.lines().count(), 3, "{ran:?}");
    }
    assert!(!home.state().exists(), "nothing may be made under wrong settings");
}

#[test]
fn a_state_directory_that_cannot_be_made_is_64() {
    let home = Home::new();
    let file = home.write("file", "");
    let ran = home.run(&["call", "odoo_version", "--state-dir", &format!("{file}/state")]).ended(64);
    assert!(ran.notes.contains("state directory"), "{ran:?}");
}

#[test]
fn a_check_sees_what_a_start_would_refuse() {
    let home = Home::new().with("ODOO_MCP_KEY", "short").with("ODOO_MCP_HTTP_LISTEN", "0.0.0.0:1");
    home.write("policy.json", "{}");
    let ran = home.run(&["config", "--check"]).ended(64);
    for problem in ["`key`", "`http.listen`", "`version` is missing"] {
        assert!(ran.notes.contains(problem), "{problem}: {ran:?}");
    }
    home.run(&["serve"]).ended(64);
}

#[test]
fn the_network_is_refused_without_a_token() {
    let ran = Home::new().run(&["serve", "--http", "0.0.0.0:0"]).ended(64);
    assert!(ran.notes.contains("without a bearer token"), "{ran:?}");
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    for arguments in [["completions", "zsh"].as_slice(), &["config"], &["tools"], &["--help"]] {
        let home = Home::new();
        let mut child = home.command(arguments).spawn().unwrap();
        drop(child.stdout.take());
        let ran = super::program::Ran::of(child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.notes.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn the_shells_get_their_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = Home::new().run(&["completions", shell]).ended(0);
        assert!(ran.out.contains("state-dir"), "{shell}");
    }
}
