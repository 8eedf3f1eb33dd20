//! The runtime of the commands that wait for something.

use super::exit::Stop;

/// Calls wait for Odoo and rarely for us: few threads carry many of them.
const WORKER_THREADS_MAX: usize = 4;

/// Runs a future to its end on a small runtime.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.clamp(1, WORKER_THREADS_MAX))
        .enable_all()
        .build()
        .map_err(|error| Stop::Internal(format!("no runtime: {error}")))?;
    let outcome = runtime.block_on(future);
    // A read of standard input cannot be cancelled; waiting for it would hold the process.
    runtime.shutdown_background();
    outcome
}
