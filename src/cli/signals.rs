//! Signals of the operating system as futures.

/// Waits until the process is asked to end: Ctrl-C, or SIGTERM from a service manager.
pub(super) async fn end_asked() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    // Without a handler the signal still ends the process, only less politely.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Runs `action` at each SIGHUP, for ever; where there is no such signal, never.
pub(super) async fn at_each_hangup(action: impl Fn()) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut hangups) = signal(SignalKind::hangup()) {
            while hangups.recv().await.is_some() {
                action();
            }
        }
    }
    #[cfg(not(unix))]
    let _ = action;
    std::future::pending::<()>().await;
}
