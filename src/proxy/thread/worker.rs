//! Worker threads: each has a runtime of its own and runs the tasks that it is handed to their end.
//!
//! Timers and buffers of a connection belong to its worker's thread, so nothing on the data path is locked. What the tasks do
//! is no concern of the worker's.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::alarm::Alarm;
use super::panics::{self, Panic};
use super::pulse;
use super::rest::Rest;
use super::wait::Spin;
use crate::proxy::meter::facts::Facts;

/// The scratch space that all connections of a worker read into: shared, it costs nothing per connection. What a stream
/// costs is waking its peers, so larger reads cost less: 0.75 s of processor time for a GiB with 256 KiB, 0.56 s with
/// this, on a machine whose caches of the second level are as large.
const BUFFER: usize = 512 << 10;

/// How many tasks may wait for a worker; what finds it full is not handed over, or waits.
const HANDED: usize = 1024;

/// After so many turns of tasks a worker looks for news of sockets: with many streams at full speed, none waits long.
const NEWS_INTERVAL: u32 = 8;

/// How long the timers of a worker stand still after a bug in what rings them.
const REST: Duration = Duration::from_millis(10);

/// A task on its way to its worker, which it starts on.
type Handed = Box<dyn FnOnce(&Rc<Worker>) + Send>;

/// What a task uses of its worker.
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) alarm: Rc<Alarm>,
    pub(crate) buffer: RefCell<Box<[u8]>>,
    /// What its connections have seen since the collector asked last.
    pub(crate) facts: Arc<Facts>,
    stirs: Arc<AtomicU64>,
    rest: Arc<Rest>,
}

/// The handle to a worker's thread.
pub(crate) struct WorkerHandle {
    handed: mpsc::Sender<Handed>,
    connections: TaskTracker,
    facts: Arc<Facts>,
    stirs: Arc<AtomicU64>,
}

// === impl WorkerHandle ===

impl WorkerHandle {
    /// Starts a thread, which tells `bug` of a panic in its own tasks and runs `beside` beside its connections, which end `rest`.
    /// It ends by itself when the handle is dropped and its connections have ended.
    pub(crate) fn start<F: Future<Output = ()> + 'static>(
        index: usize,
        spin: Spin,
        rest: Arc<Rest>,
        bug: impl Fn(Panic) + Send + 'static,
        beside: impl FnOnce() -> F + Send + 'static,
    ) -> std::io::Result<Self> {
        let (handed, queue) = mpsc::channel(HANDED);
        let (started, starts) = std::sync::mpsc::sync_channel(1);
        let handle = Self {
            handed,
            connections: TaskTracker::new(),
            facts: Arc::default(),
            stirs: Arc::default(),
        };
        let (connections, stirs) = (handle.connections.clone(), Arc::clone(&handle.stirs));
        let facts = Arc::clone(&handle.facts);
        std::thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || {
                // It cannot leave its thread, so it is made there.
                let runtime = Builder::new_current_thread()
                    .enable_all()
                    .event_interval(NEWS_INTERVAL)
                    .build_local(LocalOptions::default());
                let runtime = match runtime {
                    Ok(runtime) => runtime,
                    Err(error) => {
                        let _ = started.send(Err(error));
                        return;
                    }
                };
                let _ = started.send(Ok(()));
                runtime.block_on(async {
                    let worker = Worker {
                        index,
                        alarm: Rc::default(),
                        buffer: RefCell::new(vec![0; BUFFER].into_boxed_slice()),
                        facts,
                        stirs,
                        rest,
                    };
                    Rc::new(worker).run(queue, spin, bug, beside()).await;
                    connections.close();
                    connections.wait().await;
                });
            })?;
        starts
            .recv()
            .unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into()))?;
        Ok(handle)
    }

    /// How many connections it has.
    pub(crate) fn active(&self) -> usize {
        self.connections.len()
    }

    /// Counts one more connection, for as long as the token lives.
    pub(crate) fn connection(&self) -> TaskTrackerToken {
        self.connections.token()
    }

    /// What its connections have seen since it was asked last.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Grows with everything that its connections do, so that whoever looks at them knows when there is nothing new to see.
    pub(crate) fn stirs(&self) -> u64 {
        // Acquire: with the release in `Worker::stir`.
        self.stirs.load(Ordering::Acquire)
    }

    /// Has the worker's thread make a task and run it to its end. Waits where its queue is full; the task is dropped where
    /// the worker has stopped.
    pub(crate) async fn hand<F, T>(&self, task: F)
    where
        F: FnOnce(Rc<Worker>) -> T + Send + 'static,
        T: Future<Output = ()> + 'static,
    {
        let handed: Handed = Box::new(|worker| worker.spawn(task));
        // It fails where the worker has stopped.
        let _ = self.handed.send(handed).await;
    }

    /// Has the worker's thread make a task and run it to its end, or else `here`, where its queue is full.
    pub(crate) fn hand_or_run<F, T>(&self, here: &Rc<Worker>, task: F)
    where
        F: FnOnce(Rc<Worker>) -> T + Send + 'static,
        T: Future<Output = ()> + 'static,
    {
        let handed: Handed = Box::new(|worker| worker.spawn(task));
        if let Err(refused) = self.handed.try_send(handed) {
            let handed = refused.into_inner();
            handed(here);
        }
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
        tokio::task::spawn_local(task(Rc::clone(self)));
    }

    /// Says that a connection has done something, after what it did is written; only the worker's thread does.
    pub(crate) fn stir(&self) {
        let stirs = self.stirs.load(Ordering::Relaxed).wrapping_add(1);
        // Release: whoever sees the count sees what was done.
        self.stirs.store(stirs, Ordering::Release);
        self.rest.disturb();
    }

    /// Starts the tasks that it is handed, until there is nobody to hand it any.
    async fn run(
        self: Rc<Self>,
        mut queue: mpsc::Receiver<Handed>,
        spin: Spin,
        bug: impl Fn(Panic) + 'static,
        beside: impl Future<Output = ()> + 'static,
    ) {
        let alarm = Rc::clone(&self.alarm);
        // They own nothing that must be ended: they go with the thread.
        let ringing = tokio::task::spawn_local(async move {
            while let Err(panic) = panics::contain_task(Box::pin(alarm.run(spin))).await {
                bug(panic);
                // So that a bug that comes again and again leaves time for all else.
                tokio::time::sleep(REST).await;
            }
        });
        let beside = tokio::task::spawn_local(beside);
        let facts = Arc::clone(&self.facts);
        let beating = tokio::task::spawn_local(async move { pulse::watch(&facts).await });
        while let Some(start) = queue.recv().await {
            start(&self);
        }
        ringing.abort();
        beside.abort();
        beating.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;
    use std::task::{Wake, Waker};

    use super::*;
    use crate::proxy::thread::clock;

    /// Panics when it is woken.
    struct Bug;

    impl Wake for Bug {
        fn wake(self: Arc<Self>) {
            panic!("a bug in whoever is woken");
        }
    }

    #[tokio::test]
    async fn a_bug_in_what_rings_is_told_and_timers_ring_on() {
        panics::install();
        let (tell, told) = sync_channel(8);
        let bug = move |panic: Panic| tell.send(panic.to_string()).expect("is heard");
        let worker = WorkerHandle::start(0, Spin::Never, Arc::default(), bug, std::future::pending)
            .expect("starts");
        let (ring, heard) = tokio::sync::oneshot::channel();
        let task = |worker: Rc<Worker>| async move {
            let (mut first, mut second) = (worker.alarm.timer(), worker.alarm.timer());
            first.set(Some(clock::now()), &Waker::from(Arc::new(Bug)));
            let later = clock::now() + Duration::from_millis(1);
            let mut polled = false;
            std::future::poll_fn(|cx| {
                second.set((!polled).then_some(later), cx.waker());
                if std::mem::replace(&mut polled, true) {
                    std::task::Poll::Ready(())
                } else {
                    std::task::Poll::Pending
                }
            })
            .await;
            let _ = ring.send(());
        };
        worker.hand(task).await;
        heard.await.expect("the second timer rings");
        let told: Vec<_> = told.try_iter().collect();
        let [told] = &told[..] else {
            panic!("one bug, not {told:?}");
        };
        assert!(told.contains("a bug in whoever is woken"), "{told}");
    }
}
