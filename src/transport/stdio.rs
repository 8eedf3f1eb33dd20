//! One client on a pair of byte streams: one JSON message per line.
//!
//! Unreadable input gets an error instead of silence, because a client that waits for an answer
//! which never comes is stuck. Nothing but this file writes to the output stream.

use std::{
    collections::HashSet,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rmcp::{
    RoleServer,
    model::{
        ClientJsonRpcMessage, ClientRequest, ErrorData, GetMeta as _, JsonRpcError, ProtocolVersion,
        RequestId, ServerJsonRpcMessage,
    },
    service::{QuitReason, RxJsonRpcMessage, ServerInitializeError, TxJsonRpcMessage, serve_server},
    transport::Transport,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    TransportError,
    frame::{self, Frame},
    lines::{Line, Lines},
    server::{Handler, Server, Shared},
};
use crate::{facts::Arrival, pipeline::Corridor};

/// Longest line. Large enough for a file of 12 MB in base64 as one argument.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Answers that may wait for the writer; the calls that made them then wait, too.
const ANSWERS_HELD_MAX: usize = 64;
/// Answers that are written with one system call at most.
const WRITE_BYTES_MAX: usize = 256 * 1024;
/// After the time to drain is over, calls get this long to answer that they were cancelled.
const ABORT_GRACE_MS: u64 = 200;

/// Serves until the input ends or `stop` fires, and all answers are written.
pub(super) async fn serve<R, W>(
    corridor: Arc<Corridor>,
    input: R,
    output: W,
    stop: CancellationToken,
    drain: Duration,
) -> Result<(), TransportError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let shared = Shared::new(corridor, Arrival::Stdio, None);
    let streams = Streams::new(Arc::clone(&shared), input, output, stop, drain);
    let ended = match serve_server(Handler::new(shared), streams).await {
        Ok(running) => running.waiting().await,
        // The client left before it asked for anything, or we were stopped before it did.
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => return Ok(()),
        Err(error) => return Err(TransportError::Stream(error.to_string())),
    };
    match ended {
        Ok(QuitReason::JoinError(error)) | Err(error) => Err(TransportError::Stream(error.to_string())),
        Ok(_) => Ok(()),
    }
}

/// Requests that were read and not answered yet.
#[derive(Debug, Default)]
struct Unanswered {
    ids: Mutex<HashSet<RequestId>>,
    fewer: Notify,
}

impl Unanswered {
    /// False if a request of that id is still to be answered.
    fn add(&self, id: RequestId) -> bool {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }

    fn remove(&self, id: &RequestId) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        self.fewer.notify_waiters();
    }

    async fn none_left(&self) {
        loop {
            let fewer = self.fewer.notified();
            if self.ids.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                return;
            }
            fewer.await;
        }
    }
}

/// A message on its way out.
struct Outgoing {
    bytes: Vec<u8>,
    answers: Option<RequestId>,
}

impl Outgoing {
    fn new(message: &ServerJsonRpcMessage) -> io::Result<Self> {
        let mut bytes = serde_json::to_vec(message)?;
        bytes.push(b'\n');
        let answers = match message {
            ServerJsonRpcMessage::Response(response) => Some(response.id.clone()),
            ServerJsonRpcMessage::Error(error) => error.id.clone(),
            ServerJsonRpcMessage::Request(_) | ServerJsonRpcMessage::Notification(_) => None,
        };
        Ok(Self { bytes, answers })
    }
}

/// The transport that rmcp drives.
struct Streams<R> {
    lines: Lines<R>,
    writer: mpsc::Sender<Outgoing>,
    written: Option<JoinHandle<()>>,
    /// Fires when the output stream is gone.
    output_gone: CancellationToken,
    /// An error of ours that waits for room in the writer's queue.
    refusal: Option<Outgoing>,
    unanswered: Arc<Unanswered>,
    shared: Arc<Shared>,
    stop: CancellationToken,
    drain: Duration,
    /// A first request was read, so rmcp knows which era it speaks.
    opened: bool,
    /// Set when no more is read: the time by which the calls under way must be done.
    drain_until: Option<Instant>,
}

impl<R: AsyncRead + Send + Unpin + 'static> Streams<R> {
    fn new<W: AsyncWrite + Send + Unpin + 'static>(
        shared: Arc<Shared>,
        input: R,
        output: W,
        stop: CancellationToken,
        drain: Duration,
    ) -> Self {
        let (writer, queue) = mpsc::channel(ANSWERS_HELD_MAX);
        let unanswered = Arc::new(Unanswered::default());
        let output_gone = CancellationToken::new();
        let written = tokio::spawn(write(output, queue, Arc::clone(&unanswered), output_gone.clone()));
        Self {
            lines: Lines::new(input, LINE_BYTES_MAX),
            writer,
            written: Some(written),
            output_gone,
            refusal: None,
            unanswered,
            shared,
            stop,
            drain,
            opened: false,
            drain_until: None,
        }
    }

    /// The next message. Every await in here may be abandoned without losing anything.
    async fn next_message(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if self.refusal.is_some() {
                let room = self.writer.reserve().await.ok()?;
                if let Some(refusal) = self.refusal.take() {
                    room.send(refusal);
                }
            }
            let line = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                () = self.output_gone.cancelled() => return None,
                line = self.lines.next() => line,
            };
            let frame = match line {
                Ok(Some(Line::Whole(text))) => frame::read(text),
                Ok(Some(Line::TooLong(beginning))) => frame::too_long(beginning, LINE_BYTES_MAX),
                Ok(None) => return None,
                Err(error) => {
                    tracing::warn!(%error, "standard input failed");
                    return None;
                }
            };
            match frame {
                Frame::Message(message) => {
                    if let Some(message) = self.admit(*message) {
                        return Some(message);
                    }
                }
                Frame::Refused(error) => self.refuse(*error),
                Frame::Ignored => tracing::debug!("unreadable input that expects no answer"),
            }
        }
    }

    /// Keeps from rmcp what would confuse it; counts what must be answered.
    fn admit(&mut self, message: ClientJsonRpcMessage) -> Option<ClientJsonRpcMessage> {
        match &message {
            ClientJsonRpcMessage::Request(request) => {
                self.opened |= opens(&request.request);
                // A subscription is answered when it ends, which may be never.
                let awaited = !matches!(request.request, ClientRequest::SubscriptionsListenRequest(_));
                if awaited && !self.unanswered.add(request.id.clone()) {
                    self.refuse(JsonRpcError::new(
                        Some(request.id.clone()),
                        ErrorData::invalid_request("a request with this `id` is still being answered", None),
                    ));
                    return None;
                }
            }
            ClientJsonRpcMessage::Notification(notification) => {
                if let rmcp::model::ClientNotification::CancelledNotification(cancelled) =
                    &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.unanswered.remove(id);
                }
            }
            ClientJsonRpcMessage::Response(_) | ClientJsonRpcMessage::Error(_) => {}
        }
        // Before the first request rmcp takes anything else for the end of the conversation.
        (self.opened || matches!(message, ClientJsonRpcMessage::Request(_))).then_some(message)
    }

    fn refuse(&mut self, error: JsonRpcError) {
        match Outgoing::new(&ServerJsonRpcMessage::Error(error)) {
            // This id may belong to a request that is under way; only its own answer settles it.
            Ok(refusal) => self.refusal = Some(Outgoing { answers: None, ..refusal }),
            Err(error) => tracing::error!(%error, "an error could not be written down"),
        }
    }

    /// Waits for the answers of what was read, for as long as draining may take.
    async fn drained(&mut self) {
        let until = *self.drain_until.get_or_insert_with(|| Instant::now() + self.drain);
        self.shared.close();
        let done = async {
            tokio::select! {
                () = self.unanswered.none_left() => {}
                () = self.output_gone.cancelled() => {}
            }
        };
        if tokio::time::timeout_at(until, done).await.is_ok() {
            return;
        }
        tracing::warn!("calls were still running when the time to drain was over");
        self.shared.abort();
        let grace = Duration::from_millis(ABORT_GRACE_MS);
        let _ = tokio::time::timeout(grace, self.unanswered.none_left()).await;
    }
}

/// True for a request with which rmcp settles on an era.
fn opens(request: &ClientRequest) -> bool {
    match request {
        ClientRequest::InitializeRequest(_) => true,
        ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => false,
        other => {
            let meta = other.get_meta();
            meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty()
                && meta.protocol_version().is_some_and(|version| Server::revisions().contains(&version))
        }
    }
}

impl<R: AsyncRead + Send + Unpin + 'static> Transport<RoleServer> for Streams<R> {
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let writer = self.writer.clone();
        async move {
            let outgoing = Outgoing::new(&item)?;
            writer.send(outgoing).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        if self.drain_until.is_none()
            && let Some(message) = self.next_message().await
        {
            return Some(message);
        }
        self.drained().await;
        None
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        // The writer ends when the last sender is gone; what is queued is still written.
        self.writer = mpsc::channel(1).0;
        if let Some(written) = self.written.take() {
            let _ = written.await;
        }
        Ok(())
    }
}

/// Writes whatever is queued, as much as possible at once.
async fn write<W: AsyncWrite + Unpin>(
    mut output: W,
    mut queue: mpsc::Receiver<Outgoing>,
    unanswered: Arc<Unanswered>,
    gone: CancellationToken,
) {
    while let Some(first) = queue.recv().await {
        let mut bytes = first.bytes;
        let mut answered: Vec<RequestId> = first.answers.into_iter().collect();
        while bytes.len() < WRITE_BYTES_MAX
            && let Ok(next) = queue.try_recv()
        {
            bytes.extend_from_slice(&next.bytes);
            answered.extend(next.answers);
        }
        let written = async {
            output.write_all(&bytes).await?;
            output.flush().await
        };
        if let Err(error) = written.await {
            tracing::debug!(%error, "the client no longer reads");
            gone.cancel();
            return;
        }
        answered.iter().for_each(|id| unanswered.remove(id));
    }
}
