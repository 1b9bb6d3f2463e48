//! Standard output, written by one thread of its own.
//!
//! A reader that does not read must not stop the desk: lines wait in a bounded queue, and those that find it full are
//! refused, to be counted. Some places are kept for answers to commands, so that a flood of events takes none of them. A
//! reader that has gone ends the desk.

use std::io::{self, BufWriter, Write};
use std::thread;

use tokio::sync::{mpsc, oneshot};

/// Lines that may wait for the writer.
const QUEUE: usize = 4096;

/// Of these, the places that events leave free.
const FOR_ANSWERS: usize = 512;

/// The queue's entrance.
pub(super) struct Output {
    lines: mpsc::Sender<String>,
    ended: Option<oneshot::Receiver<io::Result<()>>>,
}

// === impl Output ===

impl Output {
    /// Starts the thread that writes to `sink` and flushes it whenever nothing waits.
    pub(super) fn new(sink: impl Write + Send + 'static) -> io::Result<Self> {
        // Bounded by QUEUE: where it is full, `offer` refuses and `place` waits.
        let (lines, queue) = mpsc::channel(QUEUE);
        let (done, ended) = oneshot::channel();
        thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || {
                // It fails where nobody waits for the result any more.
                let _ = done.send(write(sink, queue));
            })?;
        Ok(Self {
            lines,
            ended: Some(ended),
        })
    }

    /// Queues lines of an event unless the queue is full; says whether it did.
    #[must_use]
    pub(super) fn offer(&self, lines: String) -> bool {
        self.lines.capacity() > FOR_ANSWERS && self.lines.try_send(lines).is_ok()
    }

    /// Waits for a place for an answer; `None` where the writer has ended. Cancel-safe.
    pub(super) async fn place(&self) -> Option<mpsc::Permit<'_, String>> {
        self.lines.reserve().await.ok()
    }

    /// Waits until the writer has ended, which it does early only where nobody reads any more or writing fails.
    /// Cancel-safe; called again after it has returned, it says that all is well.
    pub(super) async fn ended(&mut self) -> io::Result<()> {
        let Some(ended) = &mut self.ended else {
            return Ok(());
        };
        let result = ended.await;
        self.ended = None;
        result.unwrap_or(Ok(()))
    }

    /// Waits until the writer has written what waits; it writes for as long as the reader takes.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        // The queue ends, and with it the writer.
        let (closed, _) = mpsc::channel(1);
        self.lines = closed;
        self.ended().await
    }
}

fn write(sink: impl Write, mut queue: mpsc::Receiver<String>) -> io::Result<()> {
    let mut sink = BufWriter::new(sink);
    while let Some(lines) = queue.blocking_recv() {
        sink.write_all(lines.as_bytes())?;
        while let Ok(lines) = queue.try_recv() {
            sink.write_all(lines.as_bytes())?;
        }
        sink.flush()?;
    }
    Ok(())
}
