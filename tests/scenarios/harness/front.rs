//! A proxy before Odoo that records what passes and can fail at every step of a request.
//!
//! With an identity it speaks TLS; the identity can be changed while it runs.

use std::{
    io::{self, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

use super::{
    http::{self, Message},
    tls::TlsIdentity,
};

/// What happens to one request.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    Pass,
    /// The connection closes and Odoo never sees the request.
    CutBefore,
    /// Odoo does what it was asked and its answer is lost.
    CutAfter,
    /// Odoo does what it was asked and its answer never comes.
    HangAfter,
    /// Half of the answer arrives.
    CutInside,
    /// Waits, then passes the request on.
    Delay(Duration),
    /// Never answers; Odoo never sees the request.
    Hang,
    /// Another answer; Odoo never sees the request.
    Answer {
        status: u16,
        content_type: &'static str,
        body: String,
    },
    /// Another answer with headers of its own, broken off after so many bytes of its body.
    AnswerWith {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        broken_after: Option<usize>,
    },
    /// The same later.
    Later(Duration, Box<Behaviour>),
    /// A redirect to this path; Odoo never sees the request.
    Redirect(&'static str),
    /// Whatever this writes, until the client hangs up; Odoo never sees the request.
    Raw(fn(&mut dyn Write) -> io::Result<()>),
}

/// A request that came through.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) message: Message,
}

impl Recorded {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.message.body).unwrap_or_default()
    }

    /// Is this a call of that model method, on whichever route?
    pub(crate) fn calls(&self, model: &str, method: &str) -> bool {
        is_call_of(&self.message, model, method)
    }

    /// The method of a model that this calls, as `model.method`; nothing for other requests.
    pub(crate) fn called(&self) -> Option<String> {
        if let Some(called) = self.message.path().strip_prefix("/json/2/") {
            return Some(called.replace('/', "."));
        }
        let body = self.json();
        let parameters = &body["params"];
        let (model, method) = match (&parameters["model"], &parameters["args"][3]) {
            (Value::String(model), _) => (model, &parameters["method"]),
            (_, Value::String(model)) => (model, &parameters["args"][4]),
            _ => return None,
        };
        Some(format!("{model}.{}", method.as_str()?))
    }
}

/// Is this a call of that model method, on whichever route?
fn is_call_of(message: &Message, model: &str, method: &str) -> bool {
    if message.path() == format!("/json/2/{model}/{method}") {
        return true;
    }
    let Ok(body) = serde_json::from_slice::<Value>(&message.body) else { return false };
    let parameters = &body["params"];
    let by_session = parameters["model"] == model && parameters["method"] == method;
    let by_rpc = parameters["args"][3] == model && parameters["args"][4] == method;
    by_session || by_rpc
}

type Rule = Box<dyn Fn(&Message) -> Behaviour + Send + Sync>;

struct Shared {
    backend: String,
    rule: Mutex<Rule>,
    recorded: Mutex<Vec<Recorded>>,
    connections: Mutex<Vec<TcpStream>>,
    tls: Mutex<Option<Arc<rustls::ServerConfig>>>,
    running: AtomicBool,
    handshakes_failed: AtomicUsize,
    now_open: AtomicUsize,
    most_open: AtomicUsize,
    held_back: AtomicUsize,
}

/// A running front. It stops when dropped.
pub(crate) struct Front {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// A hung request ends here, in case the client never gives up.
const HANG_MAX: Duration = Duration::from_secs(150);

impl Front {
    pub(crate) fn plain(backend: &str) -> Self {
        Self::open(backend, None)
    }

    pub(crate) fn tls(backend: &str, identity: &TlsIdentity) -> Self {
        Self::open(backend, Some(identity.server_config()))
    }

    fn open(backend: &str, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            backend: backend.to_owned(),
            rule: Mutex::new(Box::new(|_| Behaviour::Pass)),
            recorded: Mutex::default(),
            connections: Mutex::default(),
            tls: Mutex::new(tls),
            running: AtomicBool::new(true),
            handshakes_failed: AtomicUsize::new(0),
            now_open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            held_back: AtomicUsize::new(0),
        });
        let front = Self { address, shared };
        front.accept_on(listener);
        front
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if lock(&self.shared.tls).is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The same for every request from now on.
    pub(crate) fn always(&self, behaviour: Behaviour) {
        self.behave(move |_| behaviour.clone());
    }

    /// Only calls of this method; everything else passes.
    pub(crate) fn on_call(&self, model: &'static str, method: &'static str, behaviour: Behaviour) {
        self.behave(move |message| match is_call_of(message, model, method) {
            true => behaviour.clone(),
            false => Behaviour::Pass,
        });
    }

    pub(crate) fn behave(&self, rule: impl Fn(&Message) -> Behaviour + Send + Sync + 'static) {
        *lock(&self.shared.rule) = Box::new(rule);
    }

    /// New connections meet this identity; open ones are closed.
    pub(crate) fn rotate(&self, identity: &TlsIdentity) {
        *lock(&self.shared.tls) = Some(identity.server_config());
        self.close_connections();
    }

    /// As if Odoo were stopped: connections break and new ones are refused.
    pub(crate) fn stop(&self) {
        if self.shared.running.swap(false, Ordering::SeqCst) {
            // Wakes the accepting thread, which then lets go of the port.
            while TcpStream::connect(self.address).is_ok() {
                thread::sleep(Duration::from_millis(1));
            }
        }
        self.close_connections();
    }

    /// Back on the same port.
    pub(crate) fn start(&self) {
        let listener = TcpListener::bind(self.address).expect("the same port again");
        self.shared.running.store(true, Ordering::SeqCst);
        self.accept_on(listener);
    }

    pub(crate) fn recorded(&self) -> Vec<Recorded> {
        lock(&self.shared.recorded).clone()
    }

    pub(crate) fn forget(&self) {
        lock(&self.shared.recorded).clear();
        self.shared.most_open.store(0, Ordering::SeqCst);
    }

    /// How many calls of this method arrived, forwarded or not.
    pub(crate) fn calls_of(&self, model: &str, method: &str) -> usize {
        self.recorded().iter().filter(|recorded| recorded.calls(model, method)).count()
    }

    /// Most requests that were under way at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.most_open.load(Ordering::SeqCst)
    }

    pub(crate) fn under_way(&self) -> usize {
        self.shared.now_open.load(Ordering::SeqCst)
    }

    /// How many requests were done by Odoo whose answers were kept from the client.
    pub(crate) fn held_back(&self) -> usize {
        self.shared.held_back.load(Ordering::SeqCst)
    }

    pub(crate) fn handshakes_failed(&self) -> usize {
        self.shared.handshakes_failed.load(Ordering::SeqCst)
    }

    fn close_connections(&self) {
        for connection in lock(&self.shared.connections).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    fn accept_on(&self, listener: TcpListener) {
        let shared = Arc::clone(&self.shared);
        thread::spawn(move || {
            for connection in listener.incoming() {
                if !shared.running.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(connection) = connection else { continue };
                let _ = connection.set_nodelay(true);
                if let Ok(copy) = connection.try_clone() {
                    lock(&shared.connections).push(copy);
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    // A broken connection is an ordinary end here.
                    let _ = serve(&shared, connection);
                });
            }
        });
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(shared: &Shared, mut connection: TcpStream) -> io::Result<()> {
    let config = lock(&shared.tls).clone();
    let Some(config) = config else {
        return relay(shared, &connection.try_clone()?, connection);
    };
    let socket = connection.try_clone()?;
    let mut session = rustls::ServerConnection::new(config).map_err(io::Error::other)?;
    while session.is_handshaking() {
        if let Err(error) = session.complete_io(&mut connection) {
            shared.handshakes_failed.fetch_add(1, Ordering::SeqCst);
            return Err(error);
        }
    }
    relay(shared, &socket, rustls::StreamOwned::new(session, connection))
}

fn relay(shared: &Shared, socket: &TcpStream, stream: impl Read + Write) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = http::read_request(&mut stream)? {
        let open = shared.now_open.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_open.fetch_max(open, Ordering::SeqCst);
        let relayed = relay_one(shared, socket, &request, stream.get_mut());
        shared.now_open.fetch_sub(1, Ordering::SeqCst);
        if !relayed? {
            let _ = socket.shutdown(Shutdown::Both);
            return Ok(());
        }
    }
    Ok(())
}

/// Handles one request; false ends the connection.
fn relay_one(
    shared: &Shared,
    socket: &TcpStream,
    request: &Message,
    mut client: &mut impl Write,
) -> io::Result<bool> {
    let mut behaviour = (lock(&shared.rule))(request);
    lock(&shared.recorded).push(Recorded { message: request.clone() });
    while let Behaviour::Later(time, then) = behaviour {
        thread::sleep(time);
        behaviour = *then;
    }
    match &behaviour {
        Behaviour::CutBefore => return Ok(false),
        Behaviour::Hang => {
            wait_until_closed(socket);
            return Ok(false);
        }
        Behaviour::Answer { status, content_type, body } => {
            let headers = [("Content-Type".to_owned(), (*content_type).to_owned())];
            http::write_message(client, &format!("HTTP/1.1 {status} Test"), &headers, body.as_bytes())?;
            return Ok(true);
        }
        Behaviour::AnswerWith { status, headers, body, broken_after: None } => {
            http::write_message(client, &format!("HTTP/1.1 {status} Test"), headers, body)?;
            return Ok(true);
        }
        Behaviour::AnswerWith { status, body, broken_after: Some(bytes), .. } => {
            let head = format!("HTTP/1.1 {status} Test\r\nContent-Length: {}\r\n\r\n", body.len());
            client.write_all(&[head.as_bytes(), body.get(..*bytes).unwrap_or_default()].concat())?;
            client.flush()?;
            return Ok(false);
        }
        Behaviour::Redirect(location) => {
            let headers = [("Location".to_owned(), (*location).to_owned())];
            http::write_message(client, "HTTP/1.1 303 See Other", &headers, b"")?;
            return Ok(true);
        }
        Behaviour::Raw(write) => {
            // The client may hang up at any byte.
            let _ = write(&mut client);
            return Ok(false);
        }
        Behaviour::Delay(time) => thread::sleep(*time),
        Behaviour::Pass
        | Behaviour::CutAfter
        | Behaviour::HangAfter
        | Behaviour::CutInside
        | Behaviour::Later(..) => {}
    }
    let answer = forward(&shared.backend, request)?;
    match behaviour {
        Behaviour::CutAfter => Ok(false),
        Behaviour::HangAfter => {
            shared.held_back.fetch_add(1, Ordering::SeqCst);
            wait_until_closed(socket);
            Ok(false)
        }
        Behaviour::CutInside => {
            let half = answer.body.get(..answer.body.len() / 2).unwrap_or_default();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.body.len().max(2));
            client.write_all(&[head.as_bytes(), half].concat())?;
            client.flush()?;
            Ok(false)
        }
        _ => {
            let start = answer.start.replacen("HTTP/1.0", "HTTP/1.1", 1);
            http::write_message(client, &start, &end_to_end(&answer), &answer.body)?;
            Ok(true)
        }
    }
}

/// On a connection of its own, as Odoo closes each one anyway.
fn forward(backend: &str, request: &Message) -> io::Result<Message> {
    let mut stream = TcpStream::connect(backend)?;
    stream.set_nodelay(true)?;
    let mut headers = end_to_end(request);
    headers.push(("Connection".to_owned(), "close".to_owned()));
    http::write_message(&mut stream, &request.start, &headers, &request.body)?;
    http::read_response(&mut BufReader::new(stream))
}

/// Headers that are not about one connection only.
fn end_to_end(message: &Message) -> Vec<(String, String)> {
    let hop = ["connection", "keep-alive", "content-length", "transfer-encoding"];
    let keep = |(key, _): &&(String, String)| !hop.contains(&key.to_ascii_lowercase().as_str());
    message.headers.iter().filter(keep).cloned().collect()
}

fn wait_until_closed(socket: &TcpStream) {
    let _ = socket.set_read_timeout(Some(HANG_MAX));
    let _ = socket.peek(&mut [0]);
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
