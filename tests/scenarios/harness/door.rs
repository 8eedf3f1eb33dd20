//! The built program, driven from outside by a client written for this alone.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{answer::Answer, http, tested};

/// A call takes well under a second; with everything running at once this is still enough.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a process may take to end after its input closed.
const ENDING: Duration = Duration::from_secs(20);
/// The revision that the line client speaks.
const REVISION: &str = "2025-11-25";

/// How the client reaches the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    Stdio,
    Http,
}

/// How the program is started.
#[derive(Debug, Clone)]
pub(crate) struct DoorSettings {
    via: Via,
    policy: String,
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
    state: Option<PathBuf>,
}

impl DoorSettings {
    /// A policy that allows everything, and no connection.
    pub(crate) fn new(via: Via) -> Self {
        let policy = json!({"version": "1", "default": "allow"}).to_string();
        Self { via, policy, variables: Vec::new(), arguments: Vec::new(), state: None }
    }

    pub(crate) fn policy(mut self, policy: &Value) -> Self {
        self.policy = policy.to_string();
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A state directory that outlives the door.
    pub(crate) fn state(mut self, folder: &Path) -> Self {
        self.state = Some(folder.to_owned());
        self
    }

    pub(crate) fn via(mut self, via: Via) -> Self {
        self.via = via;
        self
    }
}

/// A running program and the client in front of it.
pub(crate) struct Door {
    child: Child,
    line: Line,
    heard: Arc<Heard>,
    /// They end when the program has said its last word.
    listeners: Vec<JoinHandle<()>>,
    next_id: AtomicI64,
    state: PathBuf,
    /// Holds the policy, the home and, unless given, the state; deleted with the door.
    _folder: tempfile::TempDir,
}

enum Line {
    Stdio(Mutex<Option<ChildStdin>>),
    Http { authority: String, session: Mutex<Option<String>> },
}

/// Everything the program said, and who waits for what.
#[derive(Default)]
struct Heard {
    output: Mutex<String>,
    log: Mutex<String>,
    more_log: Condvar,
    waiting: Mutex<HashMap<i64, Sender<Value>>>,
    notices: Mutex<Vec<Value>>,
}

/// A call under way.
pub(crate) struct Pending {
    pub(crate) id: i64,
    receiver: Receiver<Value>,
}

impl Pending {
    /// The whole response.
    #[track_caller]
    pub(crate) fn response(self) -> Value {
        match self.receiver.recv_timeout(PATIENCE) {
            Ok(response) => response,
            Err(_) => panic!("no answer to request {}: the program is gone or too slow", self.id),
        }
    }

    #[track_caller]
    pub(crate) fn result(self) -> Result<Value, Value> {
        Answer::read(&self.response()).into_result()
    }

    /// Whether an answer came within this time.
    pub(crate) fn answered_within(&self, time: Duration) -> Option<Value> {
        self.receiver.recv_timeout(time).ok()
    }
}

impl Door {
    #[track_caller]
    pub(crate) fn open(settings: DoorSettings) -> Self {
        let door = Self::spawn(settings);
        let hello = json!({
            "protocolVersion": REVISION,
            "capabilities": {},
            "clientInfo": {"name": "scenarios", "version": "1"},
        });
        let answer = door.request("initialize", hello);
        assert_eq!(answer["result"]["protocolVersion"], REVISION, "{answer}");
        door.notify("notifications/initialized", json!({}));
        door
    }

    /// Starts the program and says nothing to it.
    #[track_caller]
    pub(crate) fn spawn(settings: DoorSettings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let policy = folder.path().join("policy.json");
        fs::write(&policy, &settings.policy).expect("a policy");
        let state = settings.state.clone().unwrap_or_else(|| folder.path().join("state"));
        let mut command = program(folder.path());
        command.arg("serve");
        if settings.via == Via::Http {
            command.args(["--http", "127.0.0.1:0"]);
        }
        command.arg("--policy").arg(&policy).arg("--state-dir").arg(&state).args(&settings.arguments);
        command.envs(settings.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let heard = Arc::new(Heard::default());
        let listeners = vec![
            listen_to_log(&heard, child.stderr.take().expect("a log")),
            listen_to_output(&heard, child.stdout.take().expect("an output")),
        ];
        let line = match settings.via {
            Via::Stdio => Line::Stdio(Mutex::new(child.stdin.take())),
            Via::Http => Line::Http { authority: heard.address(&mut child), session: Mutex::default() },
        };
        Self { child, line, heard, listeners, next_id: AtomicI64::new(1), state, _folder: folder }
    }

    /// One tool call: the structured result, or the error object.
    #[track_caller]
    pub(crate) fn call(&self, tool: &str, arguments: Value) -> Result<Value, Value> {
        self.answer(tool, arguments).into_result()
    }

    /// One tool call that must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, tool: &str, arguments: Value) -> Value {
        let shown = shortened(&arguments);
        match self.call(tool, arguments) {
            Ok(result) => result,
            Err(error) => panic!("{tool} {shown} was refused: {error}"),
        }
    }

    /// One tool call that must be refused, with one of these codes; returns the error object.
    #[track_caller]
    pub(crate) fn refused(&self, tool: &str, arguments: Value, codes: &[&str]) -> Value {
        let shown = shortened(&arguments);
        match self.call(tool, arguments) {
            Ok(result) => panic!("{tool} {shown} should be refused ({codes:?}), but: {result}"),
            Err(error) => {
                let code = error["code"].as_str().unwrap_or_default();
                assert!(codes.contains(&code), "{tool} {shown}: expected {codes:?}, got {error}");
                error
            }
        }
    }

    #[track_caller]
    pub(crate) fn answer(&self, tool: &str, arguments: Value) -> Answer {
        let answer = Answer::read(&self.begin(tool, arguments).response());
        if !answer.is_error {
            tested::note(tool);
        }
        answer
    }

    /// Sends a call and does not wait.
    #[track_caller]
    pub(crate) fn begin(&self, tool: &str, arguments: Value) -> Pending {
        self.send("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    #[track_caller]
    pub(crate) fn request(&self, method: &str, parameters: Value) -> Value {
        self.send(method, parameters).response()
    }

    /// Takes a call back.
    pub(crate) fn cancel(&self, pending: &Pending) {
        self.notify("notifications/cancelled", json!({"requestId": pending.id, "reason": "test"}));
    }

    /// Most memory that the program ever held, where the system tells.
    pub(crate) fn memory_kb(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// The tools this caller is shown.
    #[track_caller]
    pub(crate) fn tools(&self) -> Vec<Value> {
        let answer = self.request("tools/list", json!({}));
        answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("no tools: {answer}")).clone()
    }

    #[track_caller]
    pub(crate) fn tool_names(&self) -> Vec<String> {
        self.tools().iter().filter_map(|tool| Some(tool["name"].as_str()?.to_owned())).collect()
    }

    #[track_caller]
    pub(crate) fn send(&self, method: &str, parameters: Value) -> Pending {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let frame = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters});
        self.send_frame(id, frame.to_string())
    }

    /// A frame as the caller wrote it; `id` is the one inside.
    #[track_caller]
    pub(crate) fn send_frame(&self, id: i64, frame: String) -> Pending {
        let (sender, receiver) = mpsc::channel();
        match &self.line {
            Line::Stdio(_) => {
                lock(&self.heard.waiting).insert(id, sender);
                self.write_line(&frame);
            }
            Line::Http { authority, session } => {
                let (authority, session) = (authority.clone(), lock(session).clone());
                if frame.contains("\"initialize\"") {
                    // Nothing else may be sent before the session is known.
                    self.post(&authority, session.as_deref(), &frame, Some((id, &sender)));
                } else {
                    let heard = Arc::clone(&self.heard);
                    thread::spawn(move || {
                        post_frame(&heard, &authority, session.as_deref(), &frame, Some((id, &sender)))
                    });
                }
            }
        }
        Pending { id, receiver }
    }

    /// The answer to a frame written by hand. An error without an id is about the frame as well:
    /// what cannot be read has no id.
    #[track_caller]
    pub(crate) fn answer_to_frame(&self, id: i64, frame: String) -> Answer {
        let before = lock(&self.heard.notices).len();
        let pending = self.send_frame(id, frame);
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if let Some(response) = pending.answered_within(Duration::from_millis(10)) {
                return Answer::read(&response);
            }
            let without_id = |notice: &&Value| notice.get("error").is_some();
            if let Some(response) = lock(&self.heard.notices).iter().skip(before).find(without_id) {
                return Answer::read(response);
            }
        }
        panic!("no answer to a frame written by hand");
    }

    /// An id for a frame written by hand.
    pub(crate) fn fresh_id(&self) -> i64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn notify(&self, method: &str, parameters: Value) {
        let frame = json!({"jsonrpc": "2.0", "method": method, "params": parameters}).to_string();
        match &self.line {
            Line::Stdio(_) => self.write_line(&frame),
            Line::Http { authority, session } => {
                let session = lock(session).clone();
                self.post(authority, session.as_deref(), &frame, None);
            }
        }
    }

    fn post(
        &self,
        authority: &str,
        session: Option<&str>,
        frame: &str,
        waiting: Option<(i64, &Sender<Value>)>,
    ) {
        let given = post_frame(&self.heard, authority, session, frame, waiting);
        if let (Line::Http { session, .. }, Some(given)) = (&self.line, given) {
            *lock(session) = Some(given);
        }
    }

    /// Text that is not even a frame; stdio only.
    pub(crate) fn write_line(&self, text: &str) {
        if let Line::Stdio(input) = &self.line
            && let Some(input) = lock(input).as_mut()
        {
            // A program that is gone shows in the missing answer.
            let _ = input.write_all(format!("{text}\n").as_bytes()).and_then(|()| input.flush());
        }
    }

    /// Bytes that are not even text; stdio only.
    pub(crate) fn write_bytes(&self, bytes: &[u8]) {
        if let Line::Stdio(input) = &self.line
            && let Some(input) = lock(input).as_mut()
        {
            let _ = input.write_all(bytes).and_then(|()| input.flush());
        }
    }

    /// Ends it at once, as nothing else does: no word, no clean-up.
    pub(crate) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The most memory that the program ever held.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn peak_memory_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
        line.trim().trim_end_matches("kB").trim().parse().expect("a number")
    }

    /// Memory that the program holds now, and how many processes it has of its own.
    #[cfg(target_os = "linux")]
    #[allow(dead_code, reason = "only the integration binary storms")]
    #[track_caller]
    pub(crate) fn memory_and_children(&self) -> (u64, usize) {
        let line_of = |pid: &str, name: &str| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next().map(str::to_owned)
        };
        let own = self.child.id().to_string();
        let resident = line_of(&own, "VmRSS:").and_then(|text| text.parse().ok()).expect("its memory");
        let processes = fs::read_dir("/proc").expect("processes").flatten();
        let children = processes
            .filter(|entry| line_of(&entry.file_name().to_string_lossy(), "PPid:").as_ref() == Some(&own));
        (resident, children.count())
    }

    /// Host and port of a door that speaks HTTP.
    pub(crate) fn authority(&self) -> &str {
        match &self.line {
            Line::Http { authority, .. } => authority,
            Line::Stdio(_) => "",
        }
    }

    pub(crate) fn state_dir(&self) -> &Path {
        &self.state
    }

    /// Every byte of standard output and standard error so far.
    pub(crate) fn everything_said(&self) -> String {
        format!("{}\n{}", lock(&self.heard.output), lock(&self.heard.log))
    }

    pub(crate) fn log(&self) -> String {
        lock(&self.heard.log).clone()
    }

    /// Every file of the state directory, by name.
    pub(crate) fn state_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.state, &mut files);
        files
    }

    /// Closes the input (or asks to end) and waits for the program.
    #[track_caller]
    pub(crate) fn close(mut self) -> (ExitStatus, String) {
        let status = self.end().expect("the program ends by itself");
        for listener in self.listeners.drain(..) {
            listener.join().expect("a listener");
        }
        (status, self.everything_said())
    }

    fn end(&mut self) -> Option<ExitStatus> {
        match &self.line {
            Line::Stdio(input) => drop(lock(input).take()),
            Line::Http { .. } => terminate(&self.child),
        }
        let since = Instant::now();
        while since.elapsed() < ENDING {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Heard {
    /// The address that the program prints once it listens.
    #[track_caller]
    fn address(&self, child: &mut Child) -> String {
        let mut log = lock(&self.log);
        loop {
            if let Some(address) = listening_address(&log) {
                return address;
            }
            if let Ok(Some(status)) = child.try_wait() {
                panic!("the program ended with {status} before it listened: {log}");
            }
            let wait = Duration::from_millis(50);
            log = self.more_log.wait_timeout(log, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn hear(&self, message: Value) {
        match message.get("id").and_then(Value::as_i64) {
            Some(id) if message.get("method").is_none() => {
                if let Some(sender) = lock(&self.waiting).remove(&id) {
                    // Nobody waits for a call that was given up.
                    let _ = sender.send(message);
                }
            }
            _ => lock(&self.notices).push(message),
        }
    }
}

/// `127.0.0.1:41234` from the line that says where the program listens.
fn listening_address(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("http://127.0.0.1:")?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let whole = rest.len() > port.len();
    (whole && !port.is_empty() && port != "0").then(|| format!("127.0.0.1:{port}"))
}

/// Posts a frame, hands the answer to who waits for it, and returns the session id if one was given.
fn post_frame(
    heard: &Heard,
    authority: &str,
    session: Option<&str>,
    frame: &str,
    waiting: Option<(i64, &Sender<Value>)>,
) -> Option<String> {
    let mut headers = vec![("Accept", "application/json, text/event-stream")];
    if !frame.contains("\"initialize\"") {
        headers.push(("MCP-Protocol-Version", REVISION));
    }
    if let Some(session) = session {
        headers.push(("Mcp-Session-Id", session));
    }
    let refused = |code: i64, message: String| {
        if let Some((_, sender)) = waiting {
            let _ = sender.send(json!({"error": {"code": code, "message": message}}));
        }
    };
    let answer = match http::post(authority, "/mcp", &headers, frame.as_bytes(), PATIENCE) {
        Ok(answer) => answer,
        Err(error) => {
            refused(-1, format!("no HTTP answer: {error}"));
            return None;
        }
    };
    let text = answer.text();
    lock(&heard.output).push_str(&text);
    let event_stream =
        answer.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
    let messages: Vec<Value> = if event_stream {
        text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?).ok()).collect()
    } else {
        serde_json::from_str(&text).into_iter().collect()
    };
    if messages.is_empty() && answer.status() >= 400 {
        refused(-i64::from(answer.status()), format!("protocol: HTTP {}", answer.start));
    }
    for message in messages {
        match waiting {
            // An error without an id is about the request on this very exchange.
            Some((id, sender))
                if message["id"] == id || (message["id"].is_null() && message.get("error").is_some()) =>
            {
                let _ = sender.send(message);
            }
            _ => heard.hear(message),
        }
    }
    answer.header("mcp-session-id").map(str::to_owned)
}

fn listen_to_output(heard: &Arc<Heard>, output: impl Read + Send + 'static) -> JoinHandle<()> {
    let heard = Arc::clone(heard);
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read > 0) {
            lock(&heard.output).push_str(&line);
            match serde_json::from_str::<Value>(&line) {
                Ok(message) => heard.hear(message),
                Err(_) => lock(&heard.log).push_str(&format!("[not a frame on standard output] {line}")),
            }
            line.clear();
        }
        // Whoever still waits learns that nothing more comes.
        lock(&heard.waiting).clear();
    })
}

fn listen_to_log(heard: &Arc<Heard>, log: impl Read + Send + 'static) -> JoinHandle<()> {
    let heard = Arc::clone(heard);
    thread::spawn(move || {
        let mut log = BufReader::new(log);
        let mut line = Vec::new();
        while log.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            lock(&heard.log).push_str(&String::from_utf8_lossy(&line));
            heard.more_log.notify_all();
            line.clear();
        }
    })
}

/// The built program, with an environment of its own.
#[expect(clippy::disallowed_methods, reason = "the program under test is started here")]
pub(crate) fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_odoo-mcp"));
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").current_dir(home);
    command
}

/// Asks a program to end, as a service manager would.
#[expect(clippy::disallowed_methods, reason = "std has no way to send a signal")]
fn terminate(child: &Child) {
    let _ = Command::new("kill").arg(child.id().to_string()).status();
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if let Ok(bytes) = fs::read(&path) {
            files.push((path, bytes));
        }
    }
}

fn shortened(value: &Value) -> String {
    value.to_string().chars().take(300).collect()
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
