//! Tools that are switched off are tools that do not exist.

use odoo_mcp::{config::Config, config::Environment, config::Flags, house::House};
use serde_json::json;

use super::place::{config, open};

#[tokio::test]
async fn a_switched_off_tool_is_unknown_at_the_door() {
    let place = open("[features]\noff = [\"website\", \"class:destructive\"]").await;
    let made_up = place.call("odoo_unlonk", json!({})).await;
    for tool in ["odoo_unlink", "odoo_disconnect"] {
        let answer = place.call(tool, json!({ "model": "res.partner", "ids": [1] })).await;
        let as_if = answer.to_string().replace(tool, "odoo_unlonk");
        assert_eq!(as_if, made_up.to_string());
    }
    assert_eq!(place.count_partners().await["result"]["isError"], false);
    let page = place.house.corridor.numbers_page(None).await;
    assert!(page.contains("mcp_tool_calls_total{tool=\"odoo_unlink\",status=\"disabled\"} 1"), "{page}");
    let listed = place.house.corridor.list(&odoo_mcp::facts::Caller::local(odoo_mcp::facts::Arrival::Http));
    assert!(listed.iter().all(|found| found.family != "website" && found.entry.name() != "odoo_unlink"));
}

#[tokio::test]
async fn a_word_that_means_nothing_starts_nothing() {
    for word in ["webb", "class:reed", "odoo_unlink", "*"] {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder, &format!("[features]\noff = [\"{word}\"]"));
        let error = House::build(config).await.err().unwrap().to_string();
        assert!(error.starts_with("`features.off`: there is no `"), "{error}");
        assert!(!folder.path().join("state").exists());
    }
}

#[test]
fn both_variables_switch_and_ours_wins() {
    let off = |variables: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> = variables.iter().copied().chain([("HOME", "/nowhere")]).collect();
        Config::load(&Flags::default(), &Environment::of(&all)).unwrap().features_off
    };
    assert_eq!(off(&[("MCP_DISABLE_FEATURES", "ssh, web,")]), ["ssh", "web"]);
    assert_eq!(off(&[("MCP_DISABLE_FEATURES", "ssh"), ("ODOO_MCP_FEATURES_OFF", "ai")]), ["ai"]);
    assert!(off(&[]).is_empty());
}
