//! The sessions as rmcp asks for them: each one awake is a worker of rmcp's own.

use std::{sync::Arc, time::Instant};

use futures_util::{Stream, stream::poll_fn};
use rmcp::{
    model::{ClientJsonRpcMessage, ClientNotification, ServerJsonRpcMessage},
    transport::{
        WorkerTransport,
        streamable_http_server::session::{
            RestoreOutcome, ServerSseMessage, SessionId, SessionManager,
            local::{
                EventIdParseError, LocalSessionHandle, LocalSessionWorker, SessionError,
                StreamableHttpMessageReceiver, create_local_session,
            },
        },
    },
};
use tokio_util::sync::CancellationToken;

use super::{Live, Opening, Session, Sessions};

/// Why a session did not take a message.
#[derive(Debug, thiserror::Error)]
pub(in crate::transport::http) enum ManagerError {
    #[error("no such session")]
    NotThere,
    #[error("sessions are opened through the door alone")]
    NoPlace,
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    EventId(#[from] EventIdParseError),
}

impl Sessions {
    /// A worker for the session of this name, and how it is reached.
    fn bring_to_life(&self, id: &SessionId) -> (Live, WorkerTransport<LocalSessionWorker>) {
        let (handle, worker) = create_local_session(Arc::clone(id), self.config.clone());
        let stop = CancellationToken::new();
        let transport = WorkerTransport::spawn_with_ct(worker, stop.clone());
        (Live { handle, stop, is_ready: false }, transport)
    }

    fn handle(&self, id: &SessionId) -> Result<LocalSessionHandle, ManagerError> {
        let book = self.book();
        let live = book.sessions.get(id).and_then(|session| session.live.as_ref());
        live.map(|live| live.handle.clone()).ok_or(ManagerError::NotThere)
    }
}

impl SessionManager for Sessions {
    type Error = ManagerError;
    type Transport = WorkerTransport<LocalSessionWorker>;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), ManagerError> {
        let opening = Opening::current().ok_or(ManagerError::NoPlace)?;
        let id = rmcp::transport::common::server_side_http::session_id();
        let (mut live, transport) = self.bring_to_life(&id);
        // Nobody knows of it before its handshake has begun.
        live.is_ready = true;
        let session = Session {
            owner: Arc::clone(&opening.owner),
            hello: None,
            live: Some(live),
            // It is in use until its client was told of it.
            uses: 1,
            rest: None,
            used_at: Instant::now(),
            slept_under: None,
            waking: Arc::default(),
        };
        let mut book = self.book();
        if opening.id.set(Arc::clone(&id)).is_err() {
            return Err(ManagerError::NoPlace);
        }
        book.opening -= 1;
        book.sessions.insert(Arc::clone(&id), session);
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, ManagerError> {
        Ok(self.handle(id)?.initialize(message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, ManagerError> {
        Ok(self.is_awake(id))
    }

    /// Asked when a worker has ended, and after the client ended the session. A session that was put to
    /// sleep and woken again meanwhile has another worker, which goes on.
    async fn close_session(&self, id: &SessionId) -> Result<(), ManagerError> {
        if let Some(session) = self.book().sessions.get_mut(id)
            && session.live.as_ref().is_some_and(Live::is_ended)
        {
            session.live = None;
        }
        Ok(())
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, ManagerError> {
        let handle = self.handle(id)?;
        let receiver = handle.establish_request_wise_channel().await?;
        handle.push_message(message, receiver.http_request_id).await?;
        Ok(messages(receiver))
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), ManagerError> {
        let ends_handshake = matches!(
            &message,
            ClientJsonRpcMessage::Notification(sent)
                if matches!(sent.notification, ClientNotification::InitializedNotification(_))
        );
        self.handle(id)?.push_message(message, None).await?;
        if ends_handshake
            && let Some(live) = self.book().sessions.get_mut(id).and_then(|session| session.live.as_mut())
        {
            live.is_ready = true;
        }
        Ok(())
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, ManagerError> {
        Ok(messages(self.handle(id)?.establish_common_channel().await?))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, ManagerError> {
        Ok(messages(self.handle(id)?.resume(last_event_id.parse()?).await?))
    }

    /// Wakes a session. One that somebody began to wake and did not finish is begun anew.
    async fn restore_session(&self, id: SessionId) -> Result<RestoreOutcome<Self::Transport>, ManagerError> {
        let mut book = self.book();
        let session = book.sessions.get_mut(&id).ok_or(ManagerError::NotThere)?;
        if session.live.as_ref().is_some_and(Live::is_usable) {
            return Ok(RestoreOutcome::AlreadyPresent);
        }
        let (live, transport) = self.bring_to_life(&id);
        if let Some(unfinished) = session.live.replace(live) {
            unfinished.stop.cancel();
        }
        Ok(RestoreOutcome::Restored(transport))
    }
}

fn messages(
    mut receiver: StreamableHttpMessageReceiver,
) -> impl Stream<Item = ServerSseMessage> + Send + Sync {
    poll_fn(move |cx| receiver.inner.poll_recv(cx))
}
