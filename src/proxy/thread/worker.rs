//! Worker threads: each has a runtime of its own and runs the tasks that it is handed to their end.
//!
//! Timers and buffers of a connection belong to its worker's thread, so nothing on the data path is locked. What the tasks do
//! is no concern of the worker's.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::alarm::Alarm;
use super::wait::Spin;

/// The scratch space that all connections of a worker read into: shared, it costs nothing per connection. What a stream
/// costs is waking its peers, so larger reads cost less: 0.75 s of processor time for a GiB with 256 KiB, 0.56 s with
/// this, on a machine whose caches of the second level are as large.
const BUFFER: usize = 512 << 10;

/// How many tasks may wait for a worker; whoever hands one over waits while it is full.
const HANDED: usize = 1024;

/// After so many turns of tasks a worker looks for news of sockets: with many streams at full speed, none waits long.
const NEWS_INTERVAL: u32 = 8;

/// A task on its way to its worker, which it starts on.
type Handed = Box<dyn FnOnce(&Rc<Worker>) + Send>;

/// What a task uses of its worker.
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) alarm: Rc<Alarm>,
    pub(crate) buffer: RefCell<Box<[u8]>>,
    stirs: Stirs,
    tasks: TaskTracker,
}

/// Counts what a worker's connections did, so that whoever looks at them knows when there is nothing new to see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stirs(Arc<AtomicU64>);

/// The handle to a worker's thread.
pub(crate) struct WorkerHandle {
    handed: mpsc::Sender<Handed>,
    active: Arc<AtomicUsize>,
    stirs: Stirs,
}

/// Room for a task in a worker's queue.
pub(crate) struct Room<'a>(mpsc::Permit<'a, Handed>);

/// Counts a connection of a worker for as long as it lives.
pub(crate) struct Load(Arc<AtomicUsize>);

// === impl WorkerHandle ===

impl WorkerHandle {
    /// Starts a thread. It ends by itself when the handle is dropped and its connections have ended.
    pub(crate) fn start(index: usize, spin: Spin) -> std::io::Result<Self> {
        let (handed, queue) = mpsc::channel(HANDED);
        let (started, starts) = std::sync::mpsc::sync_channel(1);
        let stirs = Stirs::default();
        let counted = stirs.clone();
        std::thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || {
                // It cannot leave its thread, so it is made there.
                let runtime = Builder::new_current_thread()
                    .enable_all()
                    .event_interval(NEWS_INTERVAL)
                    .build_local(LocalOptions::default());
                match runtime {
                    Ok(runtime) => {
                        let _ = started.send(Ok(()));
                        runtime.block_on(run(index, queue, counted, spin));
                    }
                    Err(error) => {
                        let _ = started.send(Err(error));
                    }
                }
            })?;
        starts
            .recv()
            .unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into()))?;
        Ok(Self {
            handed,
            active: Arc::default(),
            stirs,
        })
    }

    pub(crate) fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    pub(crate) fn stirs(&self) -> Stirs {
        self.stirs.clone()
    }

    /// Counts one more connection.
    pub(crate) fn load(&self) -> Load {
        self.active.fetch_add(1, Ordering::Relaxed);
        Load(Arc::clone(&self.active))
    }

    /// Room for one more task, where its queue has any.
    pub(crate) fn room(&self) -> Option<Room<'_>> {
        self.handed.try_reserve().ok().map(Room)
    }

    /// Has the worker's thread make a task and run it to its end; the task is dropped where the worker has stopped.
    pub(crate) async fn hand<F, T>(&self, task: F)
    where
        F: FnOnce(Rc<Worker>) -> T + Send + 'static,
        T: Future<Output = ()> + 'static,
    {
        // It fails where the worker has stopped.
        if let Ok(room) = self.handed.reserve().await {
            Room(room).take(task);
        }
    }
}

// === impl Room ===

impl Room<'_> {
    /// Has the worker's thread make a task and run it to its end.
    pub(crate) fn take<F, T>(self, task: F)
    where
        F: FnOnce(Rc<Worker>) -> T + Send + 'static,
        T: Future<Output = ()> + 'static,
    {
        self.0.send(Box::new(|worker| worker.spawn(task)));
    }
}

// === impl Worker ===

impl Worker {
    /// Runs a task on this worker, whose thread this must be.
    pub(crate) fn spawn<F, T>(self: &Rc<Self>, task: F)
    where
        F: FnOnce(Rc<Self>) -> T,
        T: Future<Output = ()> + 'static,
    {
        self.tasks.spawn_local(task(Rc::clone(self)));
    }

    /// Says that a connection has done something, after what it did is written.
    pub(crate) fn stir(&self) {
        self.stirs.raise();
    }
}

// === impl Stirs ===

impl Stirs {
    /// Counts one more; only the worker's thread does.
    pub(crate) fn raise(&self) {
        let Self(count) = self;
        // Release: whoever sees the count sees what was done.
        count.store(
            count.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Release,
        );
    }

    pub(crate) fn count(&self) -> u64 {
        // Acquire: with the release in `raise`.
        self.0.load(Ordering::Acquire)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn run(index: usize, mut queue: mpsc::Receiver<Handed>, stirs: Stirs, spin: Spin) {
    let worker = Rc::new(Worker {
        index,
        alarm: Rc::new(Alarm::default()),
        buffer: RefCell::new(vec![0; BUFFER].into_boxed_slice()),
        stirs,
        tasks: TaskTracker::new(),
    });
    let alarm = Rc::clone(&worker.alarm);
    // The alarm owns nothing that must be ended: it goes with the thread.
    let ringing = tokio::task::spawn_local(async move { alarm.run(spin).await });
    while let Some(start) = queue.recv().await {
        start(&worker);
    }
    worker.tasks.close();
    worker.tasks.wait().await;
    ringing.abort();
}
