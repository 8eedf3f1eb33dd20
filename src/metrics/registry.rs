//! All numbers of one process, and the page they make.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    AuthFailure, CallStatus, Histogram, OTHER, OWN, Page, RouteGroup,
    counters::{Counts, Named},
    labels::{self, METHODS, STATUSES},
};
use crate::traces::Tracer;

/// Connections that are counted apart.
const CONNECTIONS_MAX: usize = 64;
/// Kinds of errors that are counted apart: codes are words of this program and of plugins.
const ERRORS_MAX: usize = 64;
/// Pairs of model and operation that have times of their own.
const RPC_MAX: usize = 120;
/// The classes of calls, in the order of their numbers.
const CLASSES: [&str; 7] = ["read", "write", "execute", "destructive", "financial", "other", OTHER];

/// The numbers.
#[derive(Debug)]
pub struct Registry {
    tools: BTreeMap<&'static str, ToolNumbers>,
    /// Names that are no tool's.
    others: ToolNumbers,
    errors: Named<Counts<1>>,
    rate_limited: AtomicU64,
    odoo_seconds: [Histogram; CLASSES.len()],
    overhead_seconds: [Histogram; CLASSES.len()],
    calls_running: AtomicU64,
    upstreams: Named<Upstream>,
    rpc: Named<Histogram>,
    requests: Named<Counts<{ STATUSES.len() }>>,
    auth_failures: Counts<{ AuthFailure::WORDS.len() }>,
    sessions: OnceLock<SessionCount>,
    connections: AtomicU64,
    certificate_days: Named<AtomicI64>,
    budget_left_cents: Named<AtomicI64>,
    tracer: OnceLock<Tracer>,
}

/// Asks the door how many sessions are open.
struct SessionCount(Box<dyn Fn() -> u64 + Send + Sync>);

impl std::fmt::Debug for SessionCount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionCount")
    }
}

#[derive(Debug, Default)]
struct ToolNumbers {
    statuses: Counts<{ CallStatus::WORDS.len() }>,
    seconds: Histogram,
}

#[derive(Debug, Default)]
struct Upstream {
    /// Did the last request reach it?
    is_down: AtomicBool,
    seconds: Histogram,
}

/// How a call ended.
#[derive(Debug)]
pub struct CallEnd<'a> {
    pub tool: &'a str,
    pub class: &'a str,
    pub status: CallStatus,
    /// The code of what went wrong.
    pub code: Option<&'static str>,
    pub took: Duration,
    /// What of it was spent waiting for Odoo.
    pub odoo: Duration,
}

/// Numbers that are fetched when somebody asks for the page. What is not known is left out.
#[derive(Debug, Default)]
pub struct Gauges {
    pub decisions: Vec<(&'static str, u64)>,
    pub audit_queue: u64,
    pub approvals_waiting: u64,
    pub breakers_open: Option<u64>,
    /// Until the next personal token expires.
    pub token_expiry_seconds: Option<i64>,
    pub state_bytes_free: Option<u64>,
}

impl Registry {
    /// Numbers for these tools.
    pub fn new(tools: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            tools: tools.into_iter().map(|name| (name, ToolNumbers::default())).collect(),
            others: ToolNumbers::default(),
            errors: Named::up_to(ERRORS_MAX),
            rate_limited: AtomicU64::new(0),
            odoo_seconds: Default::default(),
            overhead_seconds: Default::default(),
            calls_running: AtomicU64::new(0),
            upstreams: Named::up_to(CONNECTIONS_MAX),
            rpc: Named::up_to(RPC_MAX),
            requests: Named::up_to(METHODS.len() * RouteGroup::WORDS.len()),
            auth_failures: Counts::default(),
            sessions: OnceLock::new(),
            connections: AtomicU64::new(0),
            certificate_days: Named::up_to(CONNECTIONS_MAX),
            budget_left_cents: Named::up_to(CONNECTIONS_MAX),
            tracer: OnceLock::new(),
        }
    }

    /// From now on what is measured becomes spans, too.
    pub fn trace_with(&self, tracer: &Tracer) {
        // There is one collector for as long as the process lives.
        let _ = self.tracer.set(tracer.clone());
    }

    /// Makes spans, where somebody wants them.
    pub fn tracer(&self) -> Option<&Tracer> {
        self.tracer.get()
    }

    /// A call begins; it is under way until the result is dropped.
    pub fn call_begins(self: &Arc<Self>) -> UnderWay {
        self.calls_running.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    pub fn call_ended(&self, end: &CallEnd<'_>) {
        let tool = self.tools.get(end.tool).unwrap_or(&self.others);
        tool.statuses.add(end.status as usize);
        if let Some(code) = end.code.filter(|_| end.status == CallStatus::Error) {
            self.errors.get(code).add(0);
        }
        if end.status == CallStatus::Unknown || end.status == CallStatus::Disabled {
            return;
        }
        tool.seconds.observe(end.took);
        let class = CLASSES.iter().position(|known| *known == end.class).unwrap_or(CLASSES.len() - 1);
        let at = |histograms: &[Histogram; CLASSES.len()], took| {
            if let Some(histogram) = histograms.get(class) {
                histogram.observe(took);
            }
        };
        at(&self.odoo_seconds, end.odoo);
        at(&self.overhead_seconds, end.took.saturating_sub(end.odoo));
    }

    /// A limit refused a call.
    pub fn rate_limited(&self) {
        self.rate_limited.fetch_add(1, Ordering::Relaxed);
    }

    /// An Odoo answered, or could not be reached.
    pub(super) fn odoo_answered(
        &self,
        connection: &str,
        model: &str,
        operation: &str,
        reached: bool,
        took: Duration,
    ) {
        let upstream = self.upstreams.get(connection);
        // That one person's Odoo is away is nothing to wake an operator for.
        upstream.is_down.store(!reached && connection != OWN, Ordering::Relaxed);
        upstream.seconds.observe(took);
        let (model, operation) = (labels::model_word(model), labels::operation_word(operation));
        self.rpc.get(&format!("{model} {operation}")).observe(took);
    }

    /// The connections whose last request did not reach their Odoo.
    pub fn upstreams_down(&self) -> Vec<String> {
        let all = self.upstreams.all();
        let down = all.iter().filter(|(_, upstream)| upstream.is_down.load(Ordering::Relaxed));
        down.map(|(name, _)| name.to_string()).collect()
    }

    pub fn http_answered(&self, method: &str, path: &str, status: u16) {
        let (method, group) = (labels::method_word(method), RouteGroup::of(path).as_str());
        self.requests.get(&format!("{method} {group}")).add(labels::status(status));
    }

    pub fn auth_failed(&self, reason: AuthFailure) {
        self.auth_failures.add(reason as usize);
    }

    /// Where to ask for the number of open sessions.
    pub fn count_sessions_by(&self, count: impl Fn() -> u64 + Send + Sync + 'static) {
        // A second door would have to be added; there is one.
        let _ = self.sessions.set(SessionCount(Box::new(count)));
    }

    /// Days until the certificate of a connection ends, as it was seen last.
    pub fn set_certificate_days(&self, connection: &str, days: i64) {
        self.certificate_days.get(connection).store(days, Ordering::Relaxed);
    }

    /// Cents of a euro that a tenant's budget still had when it was looked at last.
    pub fn set_budget_left(&self, tenant: &str, cents: i64) {
        self.budget_left_cents.get(tenant).store(cents, Ordering::Relaxed);
    }

    /// A connection is open until the result is dropped.
    pub fn connection_opened(self: &Arc<Self>) -> OpenConnection {
        self.connections.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }

    /// Everything as text; what was fetched for it comes along.
    pub fn render(&self, gauges: &Gauges) -> String {
        let mut page = Page::default();
        page.head("mcp_build_info", "gauge", "The version that runs.");
        page.line("mcp_build_info", &[("version", env!("CARGO_PKG_VERSION"))], "1");
        self.calls(&mut page, gauges);
        self.upstream_lines(&mut page);
        self.doors(&mut page);
        self.last_seen(&mut page);
        gauge_lines(&mut page, gauges);
        if let Some(tracer) = self.tracer() {
            let (sent, dropped) = tracer.counts();
            let help = "Spans that the collector of traces took.";
            page.single("mcp_trace_spans_sent_total", "counter", help, &sent.to_string());
            let help = "Spans that it did not get.";
            page.single("mcp_trace_spans_dropped_total", "counter", help, &dropped.to_string());
        }
        page.text()
    }

    fn calls(&self, page: &mut Page, gauges: &Gauges) {
        page.head("mcp_tool_calls_total", "counter", "Calls by tool and how they ended.");
        let tools =
            || self.tools.iter().map(|(name, numbers)| (*name, numbers)).chain([(OTHER, &self.others)]);
        for (tool, numbers) in tools() {
            for (status, number) in
                numbers.statuses.with(&CallStatus::WORDS).filter(|(_, number)| *number > 0)
            {
                page.line("mcp_tool_calls_total", &[("tool", tool), ("status", status)], &number.to_string());
            }
        }
        page.head("mcp_tool_duration_seconds", "histogram", "How long calls took, from end to end.");
        for (tool, numbers) in tools().filter(|(_, numbers)| !numbers.seconds.is_empty()) {
            numbers.seconds.lines(page, "mcp_tool_duration_seconds", &[("tool", tool)]);
        }
        for (name, help, histograms) in [
            ("mcp_tool_odoo_seconds", "What of it was spent waiting for Odoo.", &self.odoo_seconds),
            ("mcp_tool_overhead_seconds", "What of it was spent here.", &self.overhead_seconds),
        ] {
            page.head(name, "histogram", help);
            for (class, histogram) in CLASSES.iter().zip(histograms).filter(|(_, one)| !one.is_empty()) {
                histogram.lines(page, name, &[("class", class)]);
            }
        }
        page.head("mcp_tool_errors_total", "counter", "Calls that failed, by the code of the error.");
        for (code, counts) in self.errors.all() {
            for (_, number) in counts.with(&[OTHER]) {
                page.line("mcp_tool_errors_total", &[("class", &code)], &number.to_string());
            }
        }
        page.head("mcp_policy_decisions_total", "counter", "Decisions of the policy.");
        for (decision, number) in &gauges.decisions {
            page.line("mcp_policy_decisions_total", &[("decision", decision)], &number.to_string());
        }
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed).to_string();
        page.single(
            "mcp_rate_limited_total",
            "counter",
            "Calls that a limit refused.",
            &load(&self.rate_limited),
        );
        page.single("mcp_calls_running", "gauge", "Calls under way.", &load(&self.calls_running));
    }

    fn upstream_lines(&self, page: &mut Page) {
        let upstreams = self.upstreams.all();
        page.head("mcp_upstream_up", "gauge", "1 where the last request reached its Odoo.");
        for (connection, upstream) in upstreams.iter().filter(|(connection, _)| **connection != *OWN) {
            let up = u8::from(!upstream.is_down.load(Ordering::Relaxed)).to_string();
            page.line("mcp_upstream_up", &[("connection", connection)], &up);
        }
        page.head("mcp_upstream_duration_seconds", "histogram", "How long requests to an Odoo took.");
        for (connection, upstream) in &upstreams {
            upstream.seconds.lines(page, "mcp_upstream_duration_seconds", &[("connection", connection)]);
        }
        page.head("mcp_odoo_rpc_duration_seconds", "histogram", "The same by model and operation.");
        for (pair, histogram) in self.rpc.all() {
            let (model, operation) = pair.split_once(' ').unwrap_or((OTHER, OTHER));
            histogram.lines(page, "mcp_odoo_rpc_duration_seconds", &[("model", model), ("op", operation)]);
        }
    }

    fn doors(&self, page: &mut Page) {
        page.head("mcp_http_requests_total", "counter", "Requests at the HTTP door.");
        for (pair, counts) in self.requests.all() {
            let (method, group) = pair.split_once(' ').unwrap_or((OTHER, OTHER));
            for (status, number) in counts.with(&STATUSES).filter(|(_, number)| *number > 0) {
                let labels = [("method", method), ("path_group", group), ("status", status)];
                page.line("mcp_http_requests_total", &labels, &number.to_string());
            }
        }
        page.head("mcp_auth_failures_total", "counter", "Requests that did not come in, by reason.");
        for (reason, number) in self.auth_failures.with(&AuthFailure::WORDS) {
            page.line("mcp_auth_failures_total", &[("reason", reason)], &number.to_string());
        }
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed).to_string();
        let sessions = self.sessions.get().map(|count| (count.0)()).unwrap_or_default().to_string();
        page.single("mcp_active_sessions", "gauge", "Open sessions of the protocol.", &sessions);
        page.single("mcp_http_connections", "gauge", "Open connections.", &load(&self.connections));
    }

    /// What was seen at some time before, and is not asked for again now.
    fn last_seen(&self, page: &mut Page) {
        page.head("mcp_certificate_days_left", "gauge", "Days until the certificate of a connection ends.");
        for (connection, days) in self.certificate_days.all() {
            let days = days.load(Ordering::Relaxed).to_string();
            page.line("mcp_certificate_days_left", &[("connection", &connection)], &days);
        }
        page.head("mcp_budget_left_eur", "gauge", "What is left of this month's budget for language models.");
        for (tenant, cents) in self.budget_left_cents.all() {
            let cents = cents.load(Ordering::Relaxed);
            let euros = format!("{}.{:02}", cents / 100, cents.unsigned_abs() % 100);
            page.line("mcp_budget_left_eur", &[("tenant_code", &tenant)], &euros);
        }
    }
}

fn gauge_lines(page: &mut Page, gauges: &Gauges) {
    page.single(
        "mcp_audit_queue_depth",
        "gauge",
        "Calls that wait for the log.",
        &gauges.audit_queue.to_string(),
    );
    let waiting = gauges.approvals_waiting.to_string();
    page.single("mcp_approvals_waiting", "gauge", "Questions that wait for a person.", &waiting);
    if let Some(open) = gauges.breakers_open {
        page.single("mcp_breakers_open", "gauge", "Breakers that stop callers now.", &open.to_string());
    }
    if let Some(seconds) = gauges.token_expiry_seconds {
        let help = "Until the next personal access token expires.";
        page.single("mcp_token_expiry_seconds", "gauge", help, &seconds.to_string());
    }
    if let Some(bytes) = gauges.state_bytes_free {
        page.single(
            "mcp_state_bytes_free",
            "gauge",
            "Free space for the state directory.",
            &bytes.to_string(),
        );
    }
}

/// A call that is under way.
#[derive(Debug)]
pub struct UnderWay(Arc<Registry>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.calls_running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection of the HTTP door.
#[derive(Debug)]
pub struct OpenConnection(Arc<Registry>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(tool: &str, status: CallStatus) -> CallEnd<'_> {
        let (took, odoo) = (Duration::from_millis(5), Duration::from_millis(4));
        CallEnd { tool, class: "read", status, code: Some("no_answer"), took, odoo }
    }

    #[test]
    fn a_page_has_what_happened() {
        let registry = Arc::new(Registry::new(["odoo_read"]));
        let _running = registry.call_begins();
        registry.call_ended(&end("odoo_read", CallStatus::Ok));
        registry.call_ended(&end("odoo_read", CallStatus::Error));
        registry.call_ended(&end("made_up", CallStatus::Unknown));
        registry.odoo_answered("default", "res.partner", "read", false, Duration::from_millis(1));
        registry.http_answered("POST", "/mcp", 200);
        registry.auth_failed(AuthFailure::Wrong);
        let text = registry.render(&Gauges { token_expiry_seconds: Some(60), ..Gauges::default() });
        for line in [
            "mcp_tool_calls_total{tool=\"odoo_read\",status=\"ok\"} 1",
            "mcp_tool_calls_total{tool=\"odoo_read\",status=\"error\"} 1",
            "mcp_tool_calls_total{tool=\"other\",status=\"unknown\"} 1",
            "mcp_tool_errors_total{class=\"no_answer\"} 1",
            "mcp_tool_duration_seconds_count{tool=\"odoo_read\"} 2",
            "mcp_tool_odoo_seconds_bucket{class=\"read\",le=\"0.005\"} 2",
            "mcp_tool_overhead_seconds_bucket{class=\"read\",le=\"0.001\"} 2",
            "mcp_upstream_up{connection=\"default\"} 0",
            "mcp_odoo_rpc_duration_seconds_count{model=\"res.partner\",op=\"read\"} 1",
            "mcp_http_requests_total{method=\"POST\",path_group=\"/mcp\",status=\"200\"} 1",
            "mcp_auth_failures_total{reason=\"wrong\"} 1",
            "mcp_calls_running 1",
            "mcp_token_expiry_seconds 60",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("made_up"));
    }

    #[test]
    fn nobody_makes_the_page_grow() {
        let registry = Arc::new(Registry::new(["odoo_read"]));
        let fill = |from: u16| {
            for number in from..from + 1_000 {
                let name = format!("name{number}");
                registry.call_ended(&end(&name, CallStatus::Unknown));
                registry.odoo_answered(&name, &name, &name, true, Duration::ZERO);
                registry.http_answered(&name, &format!("/{name}"), number);
            }
        };
        fill(0);
        let lines = registry.render(&Gauges::default()).lines().count();
        fill(1_000);
        assert_eq!(registry.render(&Gauges::default()).lines().count(), lines);
        assert!(lines < 2_000, "{lines}");
    }
}
