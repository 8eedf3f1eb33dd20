//! Manifests of plugins: whatever stands in one, what is believed keeps every rule, and a refusal says
//! why in few words.

use std::time::Duration;

use odoo_mcp::plugins::Manifest;

pub fn run(data: &[u8]) {
    match Manifest::parse(data) {
        Ok(manifest) => believed(&manifest),
        Err(refusal) => assert!(refusal.message.len() <= 2_000, "a refusal of {data:?}"),
    }
    assert_eq!(Manifest::parse(data).ok(), Manifest::parse(data).ok());
}

fn believed(manifest: &Manifest) {
    let plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    assert!(plain(&manifest.name) && (2..=63).contains(&manifest.name.len()), "{}", manifest.name);
    assert!(!manifest.library.contains(['/', '\\', '\0']) && !manifest.library.is_empty());
    assert!((1..=32).contains(&manifest.steps.len()));
    for step in &manifest.steps {
        let bare = step.name.strip_prefix(&format!("{}.", manifest.name)).unwrap_or(&step.name);
        assert!(plain(bare), "{}", step.name);
        assert!((500..=9_999).contains(&step.sequence), "{}", step.sequence);
        assert!((Duration::from_millis(100)..=Duration::from_millis(600_000)).contains(&step.timeout));
    }
}
