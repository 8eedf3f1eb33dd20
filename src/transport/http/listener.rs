//! Accepting connections, and closing the door in good order.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;

use super::door::PeerAddress;
use crate::{metrics::Registry, transport::server::Shared};

/// A client must send the head of a request within this time, and the next request on an idle connection.
const HEAD_READ_MS_MAX: u64 = 60_000;
/// After a failed accept, mostly for want of file descriptors.
const ACCEPT_PAUSE_MS: u64 = 100;
/// After draining, connections get this long to send what they have.
const CLOSE_GRACE_MS: u64 = 500;

/// Connections at the same time; further ones wait in the system's queue.
pub(super) struct Places {
    free: Arc<Semaphore>,
    numbers: Arc<Registry>,
}

impl Places {
    pub(super) fn new(connections_max: usize, numbers: Arc<Registry>) -> Self {
        Self { free: Arc::new(Semaphore::new(connections_max)), numbers }
    }
}

/// Accepts until `stop`, then lets calls finish for as long as `drain`.
pub(super) async fn run(
    listener: TcpListener,
    router: Router,
    places: Places,
    shared: Arc<Shared>,
    stop: CancellationToken,
    streams: CancellationToken,
    drain: Duration,
) {
    let connections = GracefulShutdown::new();
    while let Some((tcp, peer, place)) = next_connection(&listener, &places.free, &stop).await {
        // Small replies must not wait for the peer's acknowledgement of the last one.
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let router = router.clone().layer(axum::Extension(PeerAddress(peer)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(HEAD_READ_MS_MAX))
            .serve_connection(TokioIo::new(tcp), TowerToHyperService::new(router));
        let connection = connections.watch(connection);
        let open = places.numbers.connection_opened();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended badly");
            }
            drop((place, open));
        });
    }
    drop(listener);
    close(connections, &shared, &streams, drain).await;
}

async fn next_connection(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    loop {
        let accepting = async {
            let place = Arc::clone(places).acquire_owned().await.ok()?;
            Some((listener.accept().await, place))
        };
        let (accepted, place) = tokio::select! {
            () = stop.cancelled() => return None,
            accepted = accepting => accepted?,
        };
        match accepted {
            Ok((tcp, peer)) => return Some((tcp, peer, place)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
    }
}

/// Idle connections close at once, calls may finish, streams end last.
async fn close(connections: GracefulShutdown, shared: &Shared, streams: &CancellationToken, drain: Duration) {
    shared.close();
    let mut closing = std::pin::pin!(connections.shutdown());
    let all_done = tokio::select! {
        () = &mut closing => true,
        drained = tokio::time::timeout(drain, shared.idle()) => {
            if drained.is_err() {
                tracing::warn!("calls were still running when the time to drain was over");
                shared.abort();
            }
            false
        }
    };
    if !all_done {
        let grace = Duration::from_millis(CLOSE_GRACE_MS);
        // Replies first, then the event streams of old sessions, which never end by themselves.
        let replied = tokio::time::timeout(grace / 2, &mut closing).await.is_ok();
        streams.cancel();
        if !replied {
            let _ = tokio::time::timeout(grace, closing).await;
        }
    }
    streams.cancel();
}
