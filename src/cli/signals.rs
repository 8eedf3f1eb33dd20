//! Signals of the operating system as futures.
//!
//! Each listens from the moment it is made, not from its first poll: a signal that arrives right
//! after the doors opened must find a listener.

/// Waits until the process is asked to end: Ctrl-C, or SIGTERM from a service manager.
#[cfg(unix)]
pub(super) fn end_asked() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let listeners =
        signal(SignalKind::terminate()).and_then(|term| Ok((term, signal(SignalKind::interrupt())?)));
    async move {
        match listeners {
            Ok((mut term, mut interrupt)) => {
                tokio::select! {
                    _ = term.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            // Without a listener the signal still ends the process, only less politely.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Waits until the process is asked to end.
#[cfg(not(unix))]
pub(super) async fn end_asked() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Runs `action` at each SIGHUP, for ever; where there is no such signal, never.
pub(super) fn at_each_hangup(action: impl Fn()) -> impl Future<Output = ()> {
    #[cfg(unix)]
    let hangups = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup());
    async move {
        #[cfg(unix)]
        if let Ok(mut hangups) = hangups {
            while hangups.recv().await.is_some() {
                action();
            }
        }
        #[cfg(not(unix))]
        let _ = action;
        std::future::pending::<()>().await;
    }
}
