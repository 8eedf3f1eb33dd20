//! How clients start us, ready to copy.

use std::path::Path;

use serde_json::{Value, json};

use crate::config;

/// The line for Claude Code and the object for Claude Desktop.
pub(super) fn lines(state_dir: Option<&Path>, settings: Option<&Path>) -> String {
    let program = config::program().display().to_string();
    let mut arguments = vec!["serve".to_owned()];
    for (flag, path) in [("--state-dir", state_dir), ("--config", settings)] {
        if let Some(path) = path {
            arguments.push(flag.to_owned());
            arguments.push(absolute(path));
        }
    }
    let words: Vec<String> = arguments.iter().map(|word| quoted(word)).collect();
    let server = json!({ "mcpServers": { "odoo": { "command": program, "args": arguments } } });
    format!(
        "Claude Code:\n  claude mcp add odoo -- {} {}\n\nClaude Desktop (claude_desktop_config.json) and other clients:\n{}",
        quoted(&program),
        words.join(" "),
        indented(&format!("{server:#}"))
    )
}

/// ", Odoo 19.0, route session", as far as the answer of `odoo_connect` says it.
pub(super) fn server_in_words(signed_in: &Value) -> String {
    let text = |key: &str| signed_in.get(key).and_then(Value::as_str);
    let version = text("server_version").map(|version| format!(", Odoo {version}")).unwrap_or_default();
    let route = text("route").map(|route| format!(", route {route}")).unwrap_or_default();
    format!("{version}{route}")
}

/// The fingerprint of the key that is, or would be, trusted.
pub(super) fn pinned_key(answer: &Value) -> String {
    let pinned = answer.get("pinned").unwrap_or(&Value::Null);
    let text = |key: &str| pinned.get(key).and_then(Value::as_str).unwrap_or("unknown");
    format!("Public key of the server: {}", text("public_key_sha256"))
}

pub(super) fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | '+' | '\\');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_a_shell_are_quoted_when_needed() {
        assert_eq!(quoted("/usr/bin/odoo-mcp"), "/usr/bin/odoo-mcp");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn the_state_directory_is_named_whole() {
        let text = lines(Some(Path::new("state")), None);
        assert!(text.contains("claude mcp add odoo -- "), "{text}");
        assert!(text.contains("--state-dir /"), "{text}");
    }
}
