//! The MCP side of the corridor: a hand-written handler over one catalogue.
//!
//! It turns a request into a `RawCall` and a `Reply` into a result. It knows no tool by name, and
//! it never looks at arguments.

use std::{borrow::Cow, panic::AssertUnwindSafe, sync::Arc};

use futures_util::{
    FutureExt as _,
    future::{Either, select},
};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams,
        CompleteResult, ContentBlock, CustomRequest, CustomResult, Extensions, GetPromptRequestParams,
        GetPromptResponse, Implementation, ListPromptsResult, ListResourceTemplatesResult,
        ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProgressNotificationParam,
        ProgressToken, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, Resource,
        ServerCapabilities, ServerConfig, SubscriptionFilter,
    },
    service::{NotificationContext, Peer, RequestContext, SubscriptionContext},
};
use tokio::sync::{Semaphore, broadcast::error::RecvError, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{completion::KeptNames, http::sessions::Use, questions, tool_list::ToolList, watchers::Watchers};
use crate::{
    approvals::{Answer, CanAsk},
    facts::{Arrival, Caller, JsonObject},
    pipeline::{Corridor, PolicyChange, RawCall, UnknownTool, Walked},
    reply::Reply,
    tools::{Attached, Progress},
    traces::{self, Kind, Place, Span, SpanContext, TRACEPARENT, Word},
};

/// Calls that run at the same time, all clients together. More wait for their turn.
const CALLS_AT_ONCE_MAX: usize = 256;
/// Calls that run or wait. One more is refused at once, so that waiting cannot eat the memory.
const CALLS_HELD_MAX: usize = 4096;
/// Progress notices of one call that may wait for a slow client; newer ones are left out.
const PROGRESS_HELD_MAX: usize = 16;
/// A client may keep the tool list this long; when the policy changes it is told earlier.
pub(super) const LIST_FRESH_MS: u64 = 60_000;
/// Longest client name that the log shows.
const CLIENT_NAME_CHARS_MAX: usize = 64;

/// What the model is told about this server as a whole.
const INSTRUCTIONS: &str = "Tools for Odoo databases. `odoo_connections` lists the connections; the model \
     `ir.model` lists the models. Every call is checked against a policy: a refusal has the code `denied` and \
     says why; do not try to work around it.";

/// Revisions this server answers in, oldest first.
const REVISIONS: &[ProtocolVersion] = &[
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

/// Everything the connections of one door share.
#[derive(Debug)]
pub(super) struct Shared {
    corridor: Arc<Corridor>,
    arrival: Arrival,
    list: ToolList,
    running: Semaphore,
    held: Semaphore,
    watchers: Watchers,
    /// Names for completing what people type.
    names: KeptNames,
    /// Where pages of ours are reached, if this door serves any.
    pages: Option<String>,
    /// Calls under way; draining waits for it to be empty.
    calls: TaskTracker,
    /// Fires when no new work is wanted: subscriptions end.
    closing: CancellationToken,
    /// Fires when the time to drain is over: calls under way end as cancelled.
    abort: CancellationToken,
}

impl Shared {
    pub(super) fn new(corridor: Arc<Corridor>, arrival: Arrival, pages: Option<String>) -> Arc<Self> {
        let shared = Arc::new(Self {
            list: ToolList::of(corridor.catalog()),
            running: Semaphore::new(CALLS_AT_ONCE_MAX),
            held: Semaphore::new(CALLS_HELD_MAX),
            watchers: Watchers::default(),
            names: KeptNames::default(),
            pages,
            calls: TaskTracker::new(),
            closing: CancellationToken::new(),
            abort: CancellationToken::new(),
            arrival,
            corridor,
        });
        let watching = Arc::clone(&shared);
        tokio::spawn(async move {
            watching.watchers.watch(&watching.corridor, watching.closing.clone()).await;
        });
        shared
    }

    /// No new subscriptions; those that listen are told the end.
    pub(super) fn close(&self) {
        self.closing.cancel();
        self.calls.close();
    }

    /// Resolves when no call is under way any more.
    pub(super) async fn idle(&self) {
        self.calls.wait().await;
    }

    pub(super) fn abort(&self) {
        self.abort.cancel();
    }

    /// One call of a program that speaks no MCP: nobody can be asked anything on the way, and who goes
    /// away takes the call back.
    pub(super) async fn call_once(
        &self,
        tool: &str,
        arguments: JsonObject,
        caller: Caller,
    ) -> Result<Reply, NotWalked> {
        let _under_way = self.calls.token();
        let Ok(_held) = self.held.try_acquire() else { return Err(NotWalked::TooMany) };
        let _running = self.running.acquire().await;
        let cancelled = self.abort.child_token();
        let gone = cancelled.clone().drop_guard();
        let call = RawCall {
            tool: tool.to_owned(),
            arguments,
            caller,
            progress: Progress::silent(),
            cancelled,
            can_ask: CanAsk::default(),
            answer: None,
        };
        let walked = AssertUnwindSafe(self.corridor.call(call)).catch_unwind().await;
        drop(gone);
        match walked {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(UnknownTool { .. })) => Err(NotWalked::UnknownTool),
            Err(_panic) => {
                tracing::error!("the corridor panicked");
                Err(NotWalked::Failed)
            }
        }
    }
}

/// Why a program's call has no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotWalked {
    UnknownTool,
    TooMany,
    Failed,
}

/// What the doors serve. The suite's fixtures stand in front of the real thing, they do not replace it.
#[cfg(not(feature = "conformance"))]
pub(super) type Handler = Server;
#[cfg(feature = "conformance")]
pub(super) type Handler = super::conformance::Fixtures;

/// One per connection or request; a cheap clone.
#[derive(Debug, Clone)]
pub(super) struct Server {
    shared: Arc<Shared>,
}

impl Server {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(super) fn revisions() -> &'static [ProtocolVersion] {
        REVISIONS
    }

    pub(super) fn kept_names(&self) -> &KeptNames {
        &self.shared.names
    }

    pub(super) fn corridor(&self) -> &Corridor {
        &self.shared.corridor
    }

    /// Who calls: on HTTP what the gate found out, else the owner of this process.
    pub(super) fn caller(&self, context: &RequestContext<RoleServer>) -> Caller {
        self.caller_of(&context.extensions, context.client_info().map(|client| client.name))
    }

    fn caller_of(&self, extensions: &Extensions, client: Option<String>) -> Caller {
        let mut caller = extensions
            .get::<http::request::Parts>()
            .and_then(|parts| parts.extensions.get::<Caller>())
            .cloned()
            .unwrap_or_else(|| Caller::local(self.shared.arrival));
        caller.client = client.map(|name| {
            let visible = name.chars().filter(|c| !c.is_control());
            Arc::from(visible.take(CLIENT_NAME_CHARS_MAX).collect::<String>())
        });
        caller
    }

    /// Walks the call, and walks it again when a person had to be asked in between.
    async fn call(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Ok(_held) = self.shared.held.try_acquire() else {
            return Err(ErrorData::internal_error("too many calls at once; try again later", None));
        };
        let pages = self.shared.pages.as_deref();
        let by_result = questions::asks_by_result(context);
        let mut can_ask = questions::can_ask(context, pages.is_some());
        let mut answer = if by_result { questions::answer_of(&request) } else { None };
        let tool = request.name.into_owned();
        let arguments = request.arguments.unwrap_or_default();
        loop {
            match self.walk(&tool, &arguments, can_ask, answer.take(), context).await? {
                Walked::Reply(reply) => return Ok(result_of(reply).into()),
                Walked::Question(question) if by_result => {
                    return Ok(questions::as_result(&question, pages).into());
                }
                Walked::Question(question) => {
                    let ask = questions::ask(context, &question, pages);
                    answer = tokio::select! {
                        answer = ask => Some(answer),
                        () = context.ct.cancelled() => return Err(cancelled()),
                        () = self.shared.abort.cancelled() => return Err(cancelled()),
                    };
                    // One question for each call: what needs another one is a denial that says so.
                    can_ask = CanAsk::default();
                }
            }
        }
    }

    /// Where in a trace a call is: below its HTTP request, or in a span of its own that begins here; and
    /// in either case where the request says that it belongs.
    fn place_of(&self, context: &Context) -> (Option<Place>, Option<Arc<Span>>) {
        let named = || context.meta.get(TRACEPARENT)?.as_str().and_then(SpanContext::parse);
        let parts = context.extensions.get::<http::request::Parts>();
        if let Some(place) = parts.and_then(|parts| parts.extensions.get::<Place>()) {
            return (Some(place.clone().named(named())), None);
        }
        let tracer = self.shared.corridor.numbers().tracer().filter(|_| parts.is_none());
        let span = tracer.and_then(|tracer| tracer.begin(named(), "tools/call", Kind::Server)).map(Arc::new);
        if let Some(span) = &span {
            span.note("mcp.method.name", Word::Known("tools/call"));
        }
        (span.as_ref().map(|span| span.place()), span)
    }

    /// One walk, with its turn among the calls that run.
    pub(super) async fn walk(
        &self,
        tool: &str,
        arguments: &JsonObject,
        can_ask: CanAsk,
        answer: Option<Answer>,
        context: &RequestContext<RoleServer>,
    ) -> Result<Walked, ErrorData> {
        let _running = tokio::select! {
            permit = self.shared.running.acquire() => permit,
            () = context.ct.cancelled() => return Err(cancelled()),
        };
        let cancelled = context.ct.child_token();
        let (progress, notices) = listen_for_progress(context);
        let call = RawCall {
            tool: tool.to_owned(),
            arguments: arguments.clone(),
            caller: self.caller(context),
            progress,
            cancelled: cancelled.clone(),
            can_ask,
            answer,
        };
        let (place, span) = self.place_of(context);
        let walk = traces::at(place, self.shared.corridor.call_asking(call));
        let walk = AssertUnwindSafe(traces::within(span, walk)).catch_unwind();
        // The notices end when the call lets go of its progress, so the last one precedes the reply.
        let both = std::pin::pin!(async { tokio::join!(walk, notices).0 });
        let walked = match select(both, std::pin::pin!(self.shared.abort.cancelled())).await {
            Either::Left((walked, _)) => walked,
            Either::Right(((), both)) => {
                cancelled.cancel();
                both.await
            }
        };
        match walked {
            Ok(Ok(walked)) => Ok(walked),
            Ok(Err(UnknownTool { name })) => {
                Err(ErrorData::invalid_params(format!("unknown tool: {name}"), None))
            }
            Err(_panic) => {
                tracing::error!("the corridor panicked");
                Err(ErrorData::internal_error("something failed inside odoo-mcp", None))
            }
        }
    }
}

fn cancelled() -> ErrorData {
    ErrorData::internal_error("cancelled", None)
}

fn result_of(reply: Reply) -> CallToolResult {
    let mut blocks = vec![ContentBlock::text(reply.text)];
    blocks.extend(reply.attached.into_iter().map(block_of));
    let mut result =
        if reply.is_error { CallToolResult::error(blocks) } else { CallToolResult::success(blocks) };
    result.structured_content = Some(reply.structured);
    result
}

fn block_of(attached: Attached) -> ContentBlock {
    match attached {
        Attached::Image { mime_type, content_base64 } => ContentBlock::image(content_base64, mime_type),
        Attached::Link { uri, name, mime_type, size_bytes } => {
            let mut resource = Resource::new(uri, name);
            resource.mime_type = mime_type;
            resource.size = size_bytes;
            ContentBlock::resource_link(resource)
        }
    }
}

/// Progress goes out only to a client that gave a token for it.
fn listen_for_progress(context: &RequestContext<RoleServer>) -> (Progress, impl Future<Output = ()> + use<>) {
    let peer = context.peer.clone();
    let token = context.meta.get_progress_token();
    let (progress, waiting) = match &token {
        None => (Progress::silent(), None),
        Some(_) => {
            let (sender, receiver) = mpsc::channel(PROGRESS_HELD_MAX);
            let progress = Progress::to(move |done, total, message| {
                // A full queue means a slow client: it misses a step, not the end.
                let _ = sender.try_send((done, total, message.to_owned()));
            });
            (progress, Some(receiver))
        }
    };
    let notices = async move {
        if let (Some(token), Some(receiver)) = (token, waiting) {
            forward_progress(&peer, token, receiver).await;
        }
    };
    (progress, notices)
}

async fn forward_progress(
    peer: &Peer<RoleServer>,
    token: ProgressToken,
    mut steps: mpsc::Receiver<(f64, Option<f64>, String)>,
) {
    let mut last = f64::NEG_INFINITY;
    while let Some((done, total, message)) = steps.recv().await {
        // The protocol wants values that grow.
        if done <= last {
            continue;
        }
        last = done;
        let mut notice = ProgressNotificationParam::new(token.clone(), done);
        notice.total = total;
        notice.message = (!message.is_empty()).then_some(message);
        if peer.notify_progress(notice).await.is_err() {
            return;
        }
    }
}

/// Methods that rmcp knows: when it hands us one as unknown, the parameters were not those of the method.
const KNOWN_METHODS: [&str; 10] = [
    "initialize",
    "tools/call",
    "tools/list",
    "server/discover",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
];

type Context = RequestContext<RoleServer>;

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_resources()
            .enable_prompts()
            .enable_completions()
            .build();
        let own = Implementation::new("odoo-mcp", env!("CARGO_PKG_VERSION")).with_title("Odoo");
        ServerConfig::new(capabilities).with_server_info(own).with_instructions(INSTRUCTIONS)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(REVISIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        let found = self.shared.corridor.list(&self.caller(&context));
        let tools = found.iter().map(|found| self.shared.list.tool(found)).collect();
        Ok(ListToolsResult::with_all_items(tools)
            .with_ttl_ms(LIST_FRESH_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let _under_way = self.shared.calls.token();
        self.call(request, &context).await
    }

    // `get_tool` stays at its default, which knows no tool: it is asked without a caller, and no tool
    // of ours takes arguments from headers.

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let client = context.peer.peer_info().map(|info| info.client_info.name.clone());
        let caller = self.caller_of(&context.extensions, client);
        let parts = context.extensions.get::<http::request::Parts>();
        let in_use = parts.and_then(|parts| parts.extensions.get::<Arc<Use>>());
        let missed = in_use.and_then(|in_use| in_use.slept_under()).and_then(|before| {
            PolicyChange::since(before, &self.shared.corridor.policy())
                .filter(|change| change.is_seen_by(self.shared.corridor.catalog(), &caller))
        });
        if missed.is_some() {
            self.shared.watchers.tell(context.peer.clone());
        }
        self.shared.watchers.add(context.peer, caller);
    }

    fn accepted_subscription_filter(&self, wanted: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(wanted.clone())
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        let caller = self.caller(subscription.request_context());
        let mut changes = self.shared.corridor.policy_changes();
        loop {
            let change = tokio::select! {
                () = subscription.cancelled() => return Ok(()),
                () = self.shared.closing.cancelled() => return Ok(()),
                change = changes.recv() => change,
            };
            match change {
                Ok(change) if !change.is_seen_by(self.shared.corridor.catalog(), &caller) => continue,
                Err(RecvError::Closed) => return Ok(()),
                // Having missed changes means only that there was at least one.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
            }
            if subscription.sink().notify_tool_list_changed().await.is_err() {
                return Ok(());
            }
        }
    }

    async fn on_custom_request(&self, request: CustomRequest, _: Context) -> Result<CustomResult, ErrorData> {
        let CustomRequest { method, .. } = request;
        if KNOWN_METHODS.contains(&method.as_str()) {
            return Err(ErrorData::invalid_params(
                format!("the parameters are not those of `{method}`"),
                None,
            ));
        }
        Err(ErrorData::new(rmcp::model::ErrorCode::METHOD_NOT_FOUND, "method not found", None))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(self.prompts(&self.caller(&context)))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        Ok(self.filled_prompt(&request, &self.caller(&context))?.into())
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        self.resources(page, &context).await
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(self.resource_templates(&self.caller(&context)))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let _under_way = self.shared.calls.token();
        let Ok(_held) = self.shared.held.try_acquire() else {
            return Err(ErrorData::internal_error("too many calls at once; try again later", None));
        };
        Ok(self.resource(&request.uri, &context).await?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: Context,
    ) -> Result<CompleteResult, ErrorData> {
        let _under_way = self.shared.calls.token();
        let Ok(_held) = self.shared.held.try_acquire() else {
            return Err(ErrorData::internal_error("too many calls at once; try again later", None));
        };
        self.completed(&request, &context).await
    }
}
