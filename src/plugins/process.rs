//! A plugin in a process of its own, seen from the server. What goes wrong there ends that process and
//! nothing else.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use odoo_mcp_plugin_host::{Code, Executed, Info, LogLevel};
use tokio::{
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
    time::Instant,
};

use super::{
    answer::{self, short},
    calls::{Call, Ended, Work, millis},
    error::PluginError,
    frames::{self, FromChild, ToChild},
    handshake,
    images::Image,
    loaded::{LoadedPlugin, START_WAIT},
    manifest::Manifest,
    reason::{Reason, Refusal},
};

/// The hidden command of this program that the child runs.
pub const RUNNER_COMMAND: &str = "plugin-runner";
/// The first pause before a plugin that crashed is started again; it doubles with each further crash.
const PAUSE_FIRST: Duration = Duration::from_millis(200);
const PAUSE_LONGEST: Duration = Duration::from_secs(60);
/// Longest sentence of a child that is repeated.
const MESSAGE_CHARS_MAX: usize = 2_000;

/// One plugin and its child, started again when it ended.
pub(super) struct ChildPlugin {
    manifest: Manifest,
    image: Image,
    runner: PathBuf,
    state: Mutex<State>,
}

impl fmt::Debug for ChildPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChildPlugin({})", self.manifest.name)
    }
}

struct State {
    /// Taken out for the time of a call: whoever leaves early ends the process.
    running: Option<Running>,
    crashes: u32,
    not_before: Instant,
}

struct Running {
    /// Ends with this value.
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl ChildPlugin {
    pub(super) async fn start(manifest: &Manifest, image: Image, runner: &Path) -> Result<Self, Refusal> {
        let running = Running::start(manifest, image.path(), runner).await?;
        let state = State { running: Some(running), crashes: 0, not_before: Instant::now() };
        Ok(Self { manifest: manifest.clone(), image, runner: runner.to_owned(), state: Mutex::new(state) })
    }

    pub(super) async fn run(&self, plugin: &LoadedPlugin, call: Call<'_>) -> Result<Ended, PluginError> {
        let mut state = self.state.lock().await;
        let mut running = match state.running.take() {
            Some(running) => running,
            None => self.start_again(&mut state).await?,
        };
        // Failed, until it is known better: also when this future is dropped in the middle.
        let outcome = tokio::select! {
            outcome = running.call(plugin, &call) => outcome,
            () = tokio::time::sleep(call.timeout) => {
                Err(Broken::Timeout(millis(call.timeout)))
            }
            () = call.cancel.cancelled() => Err(Broken::Cancelled),
        };
        match outcome {
            Ok(outcome) => {
                state.running = Some(running);
                state.crashes = 0;
                outcome
            }
            Err(Broken::Cancelled) => Err(PluginError::Cancelled),
            Err(broken) => {
                let pause = PAUSE_FIRST.saturating_mul(1 << state.crashes.min(16)).min(PAUSE_LONGEST);
                state.crashes += 1;
                state.not_before = Instant::now() + pause;
                Err(match broken {
                    Broken::Timeout(timeout_ms) => PluginError::Timeout { timeout_ms },
                    Broken::Io(error) => PluginError::Crashed { message: running.last_words(&error).await },
                    Broken::Cancelled => PluginError::Cancelled,
                })
            }
        }
    }

    async fn start_again(&self, state: &mut State) -> Result<Running, PluginError> {
        tokio::time::sleep_until(state.not_before).await;
        Running::start(&self.manifest, self.image.path(), &self.runner).await.map_err(|refusal| {
            state.crashes += 1;
            PluginError::Crashed { message: format!("it could not be started again: {}", refusal.message) }
        })
    }
}

/// Why a child cannot be used any more.
enum Broken {
    Timeout(u64),
    Cancelled,
    Io(io::Error),
}

impl Running {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program is this one; a plugin that is not trusted gets a process of its own"
    )]
    /// Starts the child and compares what its plugin says with the manifest.
    async fn start(manifest: &Manifest, image: &Path, runner: &Path) -> Result<Self, Refusal> {
        let failed = |_| Refusal::new(Reason::InitFailed, "the process of the plugin could not be started");
        let mut child = Command::new(runner)
            .arg(RUNNER_COMMAND)
            .arg(image)
            .env_clear()
            .current_dir(image.parent().unwrap_or(image))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        let mut running = Self { child, input, output };
        match tokio::time::timeout(START_WAIT, running.greet(manifest)).await {
            Ok(greeted) => greeted.map(|()| running),
            Err(_) => Err(Refusal::new(
                Reason::InitTimeout,
                format!("the plugin did not start within {} seconds", START_WAIT.as_secs()),
            )),
        }
    }

    async fn greet(&mut self, manifest: &Manifest) -> Result<(), Refusal> {
        loop {
            match frames::receive(&mut self.output).await {
                Ok(FromChild::Hello { name, version, target, abi, flags, described }) => {
                    let info = Info { name, version, target, abi, flags };
                    return handshake::check(manifest, &info, &described);
                }
                Ok(FromChild::Refused { reason, message }) => {
                    let message = short(&message, MESSAGE_CHARS_MAX);
                    return Err(Refusal::new(reason_of(&reason), message));
                }
                Ok(FromChild::Log { level, message }) => {
                    handshake::log(&manifest.name, level_of(level), &message);
                }
                Ok(_) => return Err(Refusal::new(Reason::InitFailed, "the plugin's process says nonsense")),
                Err(error) => {
                    let why = self.last_words(&error).await;
                    return Err(Refusal::new(Reason::InitFailed, format!("the plugin's process {why}")));
                }
            }
        }
    }

    /// One call. The outer error means that the child is of no use any more.
    async fn call(
        &mut self,
        plugin: &LoadedPlugin,
        call: &Call<'_>,
    ) -> Result<Result<Ended, PluginError>, Broken> {
        let context = call.context.clone();
        let request = match call.work {
            Work::Applies => ToChild::Applies { step: call.step, context },
            Work::Execute => ToChild::Execute { step: call.step, context },
        };
        frames::send(&mut self.input, &request).await.map_err(Broken::Io)?;
        loop {
            match frames::receive(&mut self.output).await.map_err(Broken::Io)? {
                FromChild::Log { level, message } => {
                    handshake::log(plugin.name(), level_of(level), &message);
                }
                FromChild::Ask { request } => {
                    let (code, text) = plugin.serve(call.broker, &request).await;
                    let answer = ToChild::Answer { code, text };
                    frames::send(&mut self.input, &answer).await.map_err(Broken::Io)?;
                }
                FromChild::Applied { applies } => return Ok(Ok(Ended::Applies(applies))),
                FromChild::Executed { code, text } => {
                    return Ok(match Code::of_number(code) {
                        Ok(code) => {
                            answer::read(&Executed { code, bytes: text.into_bytes() }).map(Ended::Answered)
                        }
                        Err(error) => Err(PluginError::BadAnswer { message: error.to_string() }),
                    });
                }
                FromChild::Fault { kind, code, message } => return Ok(Err(fault(&kind, code, &message))),
                FromChild::Hello { .. } | FromChild::Refused { .. } => {
                    return Err(Broken::Io(io::ErrorKind::InvalidData.into()));
                }
            }
        }
    }

    /// How the child ended, in words.
    async fn last_words(&mut self, error: &io::Error) -> String {
        /// A process whose pipes are closed is about to end.
        const END_WAIT: Duration = Duration::from_millis(500);
        match tokio::time::timeout(END_WAIT, self.child.wait()).await {
            Ok(Ok(status)) => format!("ended: {status}"),
            _ => {
                // It still runs and cannot be understood.
                let _ = self.child.start_kill();
                format!("cannot be understood: {}", error.kind())
            }
        }
    }
}

fn fault(kind: &str, code: String, message: &str) -> PluginError {
    let message = short(message, MESSAGE_CHARS_MAX);
    match kind {
        "panicked" => PluginError::Panicked { message },
        "bad_input" => PluginError::BadInput { message },
        "cancelled" => PluginError::Cancelled,
        "failed" => PluginError::Failed { code, message },
        _ => PluginError::BadAnswer { message },
    }
}

fn level_of(level: u8) -> LogLevel {
    match level {
        1 => LogLevel::Error,
        2 => LogLevel::Warning,
        3 => LogLevel::Information,
        _ => LogLevel::Debugging,
    }
}

/// The reasons that a child can give.
fn reason_of(word: &str) -> Reason {
    [
        Reason::DlopenFailed,
        Reason::SymbolMissing,
        Reason::AbiMismatch,
        Reason::InfoMismatch,
        Reason::InitPanicked,
        Reason::DescribeMismatch,
    ]
    .into_iter()
    .find(|reason| reason.word() == word)
    .unwrap_or(Reason::InitFailed)
}
