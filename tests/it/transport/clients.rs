//! A client library in the same process, in both eras and through both doors.

use rmcp::{
    ClientLifecycleMode, ClientServiceExt as _, RoleClient,
    model::{CallToolRequestParams, ProtocolVersion, SubscriptionFilter},
    service::RunningService,
};
use serde_json::json;

use super::{corridor, policy, wire::in_time};

fn modes() -> [ClientLifecycleMode; 2] {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    [ClientLifecycleMode::Initialize, ClientLifecycleMode::Discover { preferred_versions }]
}

async fn check(client: &RunningService<RoleClient, ()>) {
    let tools = client.list_all_tools().await.unwrap();
    assert_eq!(tools.len(), 1);
    let schema = serde_json::Value::Object(tools[0].output_schema.as_deref().cloned().unwrap());
    let schema = jsonschema::validator_for(&schema).unwrap();
    for (order, is_error) in [("answer", false), ("panic", true), ("nonsense", true)] {
        let asked = CallToolRequestParams::new("obey")
            .with_arguments(json!({ "order": order }).as_object().cloned().unwrap());
        let result = in_time(client.call_tool(asked)).await.unwrap();
        assert_eq!(result.is_error, Some(is_error), "{result:?}");
        assert!(schema.is_valid(&result.structured_content.unwrap()));
    }
    assert!(client.call_tool(CallToolRequestParams::new("hidden")).await.is_err());
}

#[tokio::test]
async fn over_a_stream() {
    for mode in modes() {
        let (corridor, _folder) = corridor();
        let (ours, theirs) = tokio::io::duplex(4096);
        let (input, output) = tokio::io::split(theirs);
        let stop = tokio_util::sync::CancellationToken::new();
        let serving = tokio::spawn(odoo_mcp::transport::serve_streams(
            corridor,
            input,
            output,
            stop,
            std::time::Duration::from_millis(super::DRAIN_MS),
        ));
        let client = ().serve_with_lifecycle(ours, mode).await.unwrap();
        check(&client).await;
        client.cancel().await.unwrap();
        in_time(serving).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_subscriber_hears_of_changes() {
    let (corridor, _folder) = corridor();
    let (ours, theirs) = tokio::io::duplex(4096);
    let (input, output) = tokio::io::split(theirs);
    let stop = tokio_util::sync::CancellationToken::new();
    let drain = std::time::Duration::from_millis(super::DRAIN_MS);
    tokio::spawn(odoo_mcp::transport::serve_streams(corridor.clone(), input, output, stop.clone(), drain));
    let [_, modern] = modes();
    let client = ().serve_with_lifecycle(ours, modern).await.unwrap();
    let mut wanted = SubscriptionFilter::default();
    wanted.tools_list_changed = Some(true);
    wanted.prompts_list_changed = Some(true);
    let mut subscription = in_time(client.listen(wanted)).await.unwrap();
    assert_eq!(subscription.acknowledged().prompts_list_changed, None);
    corridor.replace_policy(policy(&json!({ "version": "1", "default": "deny" })));
    assert!(in_time(subscription.next()).await.unwrap().is_some());
    assert!(client.list_all_tools().await.unwrap().is_empty());
    stop.cancel();
}
