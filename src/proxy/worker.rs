//! Worker threads: each has a runtime of its own and runs its connections' tasks to their end.
//!
//! Timers, buffers and counters of a connection belong to its worker's thread, so nothing on the data path is locked. A
//! connection is handed to the worker that has the fewest.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio_util::task::TaskTracker;

use super::alarm::Alarm;
use super::collector::Opened;
use super::connection::{self, Job};
use super::meter::Pages;

/// The scratch space that all connections of a worker read into: larger reads cost less, and shared it costs nothing
/// per connection.
const BUFFER: usize = 256 << 10;

/// How many accepted connections may wait for a worker; the accept loop waits while it is full.
const HANDED: usize = 1024;

/// What a connection's task uses of its worker.
pub(super) struct Worker {
    pub(super) index: usize,
    pub(super) alarm: Rc<Alarm>,
    pub(super) buffer: RefCell<Box<[u8]>>,
    pub(super) pages: Arc<Pages>,
    /// To the collector. Awaited before any byte moves; the collector only inserts.
    pub(super) opened: mpsc::Sender<Opened>,
}

/// The handle to a worker's thread.
pub(super) struct WorkerHandle {
    jobs: mpsc::Sender<Job>,
    active: Arc<AtomicUsize>,
}

/// Counts a connection of a worker for as long as it lives.
pub(super) struct Load(Arc<AtomicUsize>);

// === impl WorkerHandle ===

impl WorkerHandle {
    /// Starts a thread. It ends by itself when the handle is dropped and its connections have ended.
    pub(super) fn start(index: usize, opened: mpsc::Sender<Opened>) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(HANDED);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || LocalSet::new().block_on(&runtime, work(index, queue, opened)))?;
        Ok(Self {
            jobs,
            active: Arc::default(),
        })
    }

    pub(super) fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    /// Counts one more connection.
    pub(super) fn load(&self) -> Load {
        self.active.fetch_add(1, Ordering::Relaxed);
        Load(Arc::clone(&self.active))
    }

    /// Hands a connection over; it is dropped where the worker has stopped.
    pub(super) async fn hand(&self, job: Job) {
        let _ = self.jobs.send(job).await;
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn work(index: usize, mut queue: mpsc::Receiver<Job>, opened: mpsc::Sender<Opened>) {
    let worker = Rc::new(Worker {
        index,
        alarm: Rc::new(Alarm::default()),
        buffer: RefCell::new(vec![0; BUFFER].into_boxed_slice()),
        pages: Arc::default(),
        opened,
    });
    let tasks = TaskTracker::new();
    let alarm = Rc::clone(&worker.alarm);
    // The alarm owns nothing that must be ended: it goes with the thread.
    let ringing = tokio::task::spawn_local(async move { alarm.run().await });
    while let Some(job) = queue.recv().await {
        tasks.spawn_local(connection::run(job, Rc::clone(&worker)));
    }
    tasks.close();
    tasks.wait().await;
    ringing.abort();
}
