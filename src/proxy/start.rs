//! The threads and tasks that an engine starts with, and what ends them.

use std::io;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Options;
use super::collector::Collector;
use super::port::Proxy;
use super::wait::Spin;
use super::worker::WorkerHandle;

/// What ends with the engine. Dropped with the last handle, it ends whatever was not stopped.
pub(super) struct Finish {
    collector: TaskTracker,
    stop_collector: CancellationToken,
    proxies: Arc<RwLock<Vec<Arc<Proxy>>>>,
}

/// Starts the threads that move bytes.
pub(super) fn start_workers(options: &Options) -> io::Result<Vec<WorkerHandle>> {
    let spin = if options.spin {
        Spin::Bounded
    } else {
        Spin::Never
    };
    (0..options.workers.max(1))
        .map(|index| WorkerHandle::start(index, spin))
        .collect()
}

// === impl Finish ===

impl Finish {
    /// Starts the collector.
    pub(super) fn start(
        collector: Collector,
        news: &Arc<Notify>,
        proxies: &Arc<RwLock<Vec<Arc<Proxy>>>>,
    ) -> Self {
        let finish = Self {
            collector: TaskTracker::new(),
            stop_collector: CancellationToken::new(),
            proxies: Arc::clone(proxies),
        };
        let running = collector.run(Arc::clone(news), finish.stop_collector.clone());
        finish.collector.spawn(running);
        finish.collector.close();
        finish
    }

    /// Has the collector read everything once more, and end.
    pub(super) async fn finish(self) {
        self.stop_collector.cancel();
        self.collector.wait().await;
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        for proxy in self.proxies.read().iter() {
            proxy.retire();
            proxy.settings.stop();
        }
        self.stop_collector.cancel();
    }
}
