//! One call of a step in this process: on a thread of its own, with a deadline, answering its requests
//! from the asynchronous side.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    time::Duration,
};

use odoo_mcp_plugin_host::{CallError, CallScope, Executed, LogLevel, RunningPlugin, code};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    answer::{self, ANSWER_BYTES_MAX},
    broker::Broker,
    error::PluginError,
    handshake,
    loaded::{Body, LoadedPlugin},
    registry::StepAnswer,
};

/// How long a call waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(60);
/// Threads of plugins need no more than others.
const STACK_BYTES: usize = 4 * 1024 * 1024;

/// What is asked of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Applies,
    Execute,
}

/// How a call ended that ended well.
#[derive(Debug)]
pub(super) enum Ended {
    Applies(bool),
    Answered(StepAnswer),
}

/// One call, wherever its plugin runs.
pub(super) struct Call<'a> {
    pub(super) step: u32,
    pub(super) work: Work,
    pub(super) context: String,
    pub(super) timeout: Duration,
    pub(super) broker: Option<&'a dyn Broker>,
    pub(super) cancel: &'a CancellationToken,
}

/// Waits for the plugin's turn, makes the call, and remembers how it went.
pub(super) async fn run(plugin: &Arc<LoadedPlugin>, call: Call<'_>) -> Result<Ended, PluginError> {
    if let Some(refusal) = plugin.refusal() {
        return Err(refusal);
    }
    let turn = wait_for(&plugin.turns, plugin, call.cancel).await?;
    let outcome = match &plugin.body {
        Body::Here(running) => {
            let slot = wait_for(&plugin.threads.slots, plugin, call.cancel).await?;
            run_here(plugin, running, call, (turn, slot)).await
        }
        Body::Child(child) => {
            let outcome = child.run(plugin, call).await;
            drop(turn);
            outcome
        }
    };
    plugin.note(&outcome);
    outcome
}

async fn wait_for(
    turns: &Arc<Semaphore>,
    plugin: &LoadedPlugin,
    cancel: &CancellationToken,
) -> Result<OwnedSemaphorePermit, PluginError> {
    tokio::select! {
        () = cancel.cancelled() => Err(PluginError::Cancelled),
        turn = tokio::time::timeout(TURN_WAIT, Arc::clone(turns).acquire_owned()) => match turn {
            Ok(Ok(turn)) => Ok(turn),
            // Closed: the plugin was set aside meanwhile.
            Ok(Err(_)) => Err(plugin.refusal().unwrap_or(PluginError::Busy)),
            Err(_) => Err(PluginError::Busy),
        },
    }
}

/// A request of the plugin, and where its thread waits for the answer.
struct Ask {
    request: String,
    answer: SyncSender<(i32, String)>,
}

/// What the plugin's thread reaches.
struct ThreadScope {
    plugin: String,
    unwanted: Arc<AtomicBool>,
    asks: mpsc::Sender<Ask>,
}

impl CallScope for ThreadScope {
    fn log(&self, level: LogLevel, message: &str) {
        handshake::log(&self.plugin, level, message);
    }

    fn call(&self, request: &str) -> (i32, String) {
        let unwanted = || {
            let text = r#"{"error":{"code":"cancelled","message":"nobody waits for this call any more"}}"#;
            (code::CANCELLED, text.to_owned())
        };
        if self.cancelled() {
            return unwanted();
        }
        let (answer, answered) = sync_channel(1);
        let ask = Ask { request: request.to_owned(), answer };
        if self.asks.blocking_send(ask).is_err() {
            return unwanted();
        }
        answered.recv().unwrap_or_else(|_| unwanted())
    }

    fn cancelled(&self) -> bool {
        self.unwanted.load(Ordering::Acquire)
    }
}

/// What the thread of a call hands over.
enum Returned {
    Applies(bool),
    Executed(Executed),
}

type Outcome = Result<Returned, CallError>;

async fn run_here(
    plugin: &Arc<LoadedPlugin>,
    running: &Arc<RunningPlugin>,
    call: Call<'_>,
    turns: (OwnedSemaphorePermit, OwnedSemaphorePermit),
) -> Result<Ended, PluginError> {
    let (done, outcome) = oneshot::channel::<Outcome>();
    let (asks, mut asked) = mpsc::channel::<Ask>(1);
    let unwanted = Arc::new(AtomicBool::new(false));
    let scope = ThreadScope { plugin: plugin.name().to_owned(), unwanted: Arc::clone(&unwanted), asks };
    let (running, step, work, context) = (Arc::clone(running), call.step, call.work, call.context);
    let body = move || {
        let outcome = match work {
            Work::Applies => running.applies(step, &context, &scope).map(Returned::Applies),
            Work::Execute => {
                running.execute(step, &context, ANSWER_BYTES_MAX, &scope).map(Returned::Executed)
            }
        };
        // The turn ends with the call, not with whoever waited for it.
        drop(turns);
        let _ = done.send(outcome);
    };
    std::thread::Builder::new()
        .name(format!("plugin {}", plugin.name()))
        .stack_size(STACK_BYTES)
        .spawn(body)
        .map_err(|_| PluginError::Busy)?;

    let deadline = Instant::now() + call.timeout;
    let mut watch = Watch { outcome: Some(outcome), unwanted, deadline, plugin: Arc::clone(plugin) };
    let serving = async {
        while let Some(ask) = asked.recv().await {
            let answer = plugin.serve(call.broker, &ask.request).await;
            // The thread may have given up; then nobody reads it.
            let _ = ask.answer.send(answer);
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        ended = watch.ended() => match ended {
            Some(Ok(Returned::Applies(applies))) => Ok(Ended::Applies(applies)),
            Some(Ok(Returned::Executed(executed))) => answer::read(&executed).map(Ended::Answered),
            Some(Err(error)) => {
                if error.is_breach() {
                    plugin.set_aside(&format!("it broke the interface: {error}"));
                }
                Err(answer::failed(&error))
            }
            None => Err(PluginError::Panicked { message: "the thread of the plugin ended early".to_owned() }),
        },
        () = tokio::time::sleep_until(deadline) => {
            watch.give_up();
            Err(PluginError::Timeout { timeout_ms: millis(call.timeout) })
        }
        // The watch goes on until the deadline: a plugin that ends by then did nothing wrong.
        () = call.cancel.cancelled() => Err(PluginError::Cancelled),
        () = serving => Err(PluginError::Cancelled),
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Looks after a call until its thread ends or its time is up, also when nobody waits any more.
struct Watch {
    outcome: Option<oneshot::Receiver<Outcome>>,
    unwanted: Arc<AtomicBool>,
    deadline: Instant,
    plugin: Arc<LoadedPlugin>,
}

impl Watch {
    async fn ended(&mut self) -> Option<Outcome> {
        let outcome = self.outcome.as_mut()?.await.ok();
        self.outcome = None;
        outcome
    }

    /// The time is up. The thread stays as long as it likes.
    fn give_up(&mut self) {
        self.unwanted.store(true, Ordering::Release);
        self.outcome = None;
        self.plugin.threads.abandon();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(outcome) = self.outcome.take() else { return };
        self.unwanted.store(true, Ordering::Release);
        let (plugin, deadline) = (Arc::clone(&self.plugin), self.deadline);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if tokio::time::timeout_at(deadline, outcome).await.is_err() {
                plugin.threads.abandon();
                plugin.set_aside("a cancelled step did not end in its time");
            }
        });
    }
}
