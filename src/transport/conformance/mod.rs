//! What the MCP conformance suite asks for by name: tools, prompts and resources without a meaning.
//!
//! Only with the cargo feature `conformance`, so no released binary has any of it. A fixture tool
//! first walks the corridor, policy and log included; only then is its answer replaced.
#![expect(deprecated, reason = "the suite still tests the log level")]

mod asking;
mod content;
mod lists;
mod rounds;

use std::{borrow::Cow, sync::Arc};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
        GetPromptRequestParams, GetPromptResponse, ListPromptsResult, ListResourceTemplatesResult,
        ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProtocolVersion,
        ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig,
        SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
    },
    service::{NotificationContext, RequestContext, SubscriptionContext},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::broadcast;

use super::server::{Server, Shared};

/// Changes that a slow subscriber may lag behind.
const CHANGES_KEPT: usize = 16;

type Context = RequestContext<RoleServer>;

/// A list that a fixture tool pretends to have changed.
#[derive(Debug, Clone, Copy)]
enum Change {
    Tools,
    Prompts,
}

/// The real server with the fixtures in front.
#[derive(Debug, Clone)]
pub(super) struct Fixtures {
    server: Server,
    changes: broadcast::Sender<Change>,
    key: Arc<ring::hmac::Key>,
}

impl Fixtures {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            server: Server::new(shared),
            changes: broadcast::channel(CHANGES_KEPT).0,
            key: Arc::new(rounds::new_key()),
        }
    }

    async fn answer(
        &self,
        request: &CallToolRequestParams,
        context: &Context,
    ) -> Option<Result<CallToolResponse, ErrorData>> {
        let name = &*request.name;
        match name {
            "test_trigger_tool_change" => drop(self.changes.send(Change::Tools)),
            "test_trigger_prompt_change" => drop(self.changes.send(Change::Prompts)),
            _ => {}
        }
        if let Some(fixed) = content::of_tool(name) {
            return Some(fixed.and_then(read::<CallToolResult>).map(Into::into));
        }
        if let Some(rounds) = rounds::of_tool(name, context) {
            return Some(rounds::play_tool(&self.key, name, &rounds, request));
        }
        asking::of_tool(request, context).await
    }
}

/// Makes a protocol type from a literal, which shows it as it looks on the wire.
fn read<T: DeserializeOwned>(literal: Value) -> Result<T, ErrorData> {
    serde_json::from_value(literal).map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

impl ServerHandler for Fixtures {
    fn get_info(&self) -> ServerConfig {
        let mut info = self.server.get_info();
        info.capabilities = capabilities();
        info
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.server.supported_protocol_versions()
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut list = self.server.list_tools(page, context).await?;
        list.tools.iter_mut().for_each(lists::dress);
        Ok(list)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        lists::tool_with_header(name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let walked = self.server.call_tool(request.clone(), context.clone()).await?;
        let CallToolResponse::Complete(result) = &walked else { return Ok(walked) };
        if result.is_error == Some(true) {
            return Ok(walked);
        }
        self.answer(&request, &context).await.unwrap_or(Ok(walked))
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.server.on_initialized(context).await;
    }

    fn accepted_subscription_filter(&self, wanted: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.server.accepted_subscription_filter(wanted)
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        loop {
            let change = tokio::select! {
                () = subscription.cancelled() => return Ok(()),
                change = changes.recv() => change,
            };
            // A notice that this subscriber did not ask for is refused by the sink.
            let _ = match change {
                Ok(Change::Tools) => subscription.sink().notify_tool_list_changed().await,
                Ok(Change::Prompts) => subscription.sink().notify_prompt_list_changed().await,
                Err(_) => return Ok(()),
            };
        }
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        read(lists::prompts())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        rounds::play_prompt(&self.key, &request)
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        let real = self.server.list_resources(page, context).await?;
        let mut list: ListResourcesResult = read(lists::resources())?;
        list.resources.extend(real.resources);
        list.next_cursor = real.next_cursor;
        Ok(list)
    }

    async fn list_resource_templates(
        &self,
        page: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let real = self.server.list_resource_templates(page, context).await?;
        let mut list: ListResourceTemplatesResult = read(lists::resource_templates())?;
        list.resource_templates.extend(real.resource_templates);
        Ok(list)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        if !request.uri.starts_with("test://") {
            return self.server.read_resource(request, context).await;
        }
        let contents = content::of_resource(&request.uri)?;
        read::<rmcp::model::ReadResourceResult>(contents).map(Into::into)
    }

    async fn subscribe(&self, _: SubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn complete(&self, _: CompleteRequestParams, _: Context) -> Result<CompleteResult, ErrorData> {
        read(serde_json::json!({
            "completion": { "values": ["paris", "park"], "total": 2, "hasMore": false },
            "resultType": "complete",
        }))
    }
}

fn capabilities() -> ServerCapabilities {
    read(serde_json::json!({
        "tools": { "listChanged": true },
        "prompts": { "listChanged": true },
        "resources": { "subscribe": true, "listChanged": true },
        "completions": {},
        "logging": {},
    }))
    .unwrap_or_default()
}
