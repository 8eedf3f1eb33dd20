//! Group commit: one flush of the disk for all calls that wait for one.

use std::{
    collections::VecDeque,
    fs::File,
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
};

use tokio::sync::oneshot;

/// Calls that wait until their line is on the disk.
#[derive(Debug, Default)]
pub(super) struct Flusher {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<(Arc<File>, oneshot::Sender<io::Result<()>>)>,
    is_running: bool,
    is_stopped: bool,
}

/// Comes when the disk has everything that was written before.
pub(super) type Flushed = oneshot::Receiver<io::Result<()>>;

impl Flusher {
    /// Asks for a flush of a file. The thread that does it is started by the first who asks.
    pub(super) fn ask(self: &Arc<Self>, file: &Arc<File>) -> io::Result<Flushed> {
        let (sender, receiver) = oneshot::channel();
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if !queue.is_running {
            let flusher = Arc::clone(self);
            std::thread::Builder::new().name("log flusher".to_owned()).spawn(move || flusher.run())?;
            queue.is_running = true;
        }
        queue.waiting.push_back((Arc::clone(file), sender));
        drop(queue);
        self.changed.notify_one();
        Ok(receiver)
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).waiting.len()
    }

    /// Lets the thread end after what is asked already.
    pub(super) fn stop(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).is_stopped = true;
        self.changed.notify_all();
    }

    fn run(&self) {
        loop {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            while queue.waiting.is_empty() {
                if queue.is_stopped {
                    queue.is_running = false;
                    return;
                }
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            let mut batch = std::mem::take(&mut queue.waiting);
            drop(queue);
            // After a rotation a batch may hold two files, each with its own run of waiters.
            while let Some((file, first)) = batch.pop_front() {
                let flushed = file.sync_data();
                answer(first, &flushed);
                while batch.front().is_some_and(|(next, _)| Arc::ptr_eq(next, &file)) {
                    if let Some((_, next)) = batch.pop_front() {
                        answer(next, &flushed);
                    }
                }
            }
        }
    }
}

fn answer(waiting: oneshot::Sender<io::Result<()>>, flushed: &io::Result<()>) {
    let copy = match flushed {
        Ok(()) => Ok(()),
        Err(error) => Err(io::Error::from(error.kind())),
    };
    // Whoever waited may have gone away.
    let _ = waiting.send(copy);
}
