//! The file of `--tape`, written by one thread of its own: a disk that is slow or full never holds the desk up.
//!
//! It is its owner's alone, since it tells who talks to whom, and it ends where it would grow beyond its bound; its last line says
//! which.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::record::{Head, Record, What};
use super::text::line;
use crate::format::{reason, shown_path};

/// No file of a tape is longer, in MiB: three days of four busy proxies.
pub const LONGEST: u64 = 128;

/// What is left for the last line.
const LAST: u64 = 256;

/// How many lines may wait for the disk; those that find no room are counted as lost.
const QUEUE: usize = 4_096;

/// A file that a tape goes to.
#[derive(Debug)]
pub struct TapeFile {
    path: PathBuf,
    /// Whoever drops it ends the thread; `None` once the tape has ended.
    lines: Option<SyncSender<String>>,
    writer: Option<JoinHandle<io::Result<()>>>,
    written: u64,
    most: u64,
    lost: u64,
    /// Why it could not be written, once it could not.
    problem: Option<String>,
}

// === impl TapeFile ===

impl TapeFile {
    /// Makes the file, in the place of one that was there, and starts the thread that writes it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = crate::file::create_private(path)?;
        Self::of(file, path, LONGEST << 20)
    }

    fn of(sink: File, path: &Path, most: u64) -> io::Result<Self> {
        // Bounded by QUEUE: what finds it full is counted.
        let (lines, queue) = sync_channel(QUEUE);
        let writing = move || write(sink, &queue);
        let thread = thread::Builder::new().name("tape".to_owned());
        Ok(Self {
            path: path.to_owned(),
            lines: Some(lines),
            writer: Some(thread.spawn(writing)?),
            written: 0,
            most,
            lost: 0,
            problem: None,
        })
    }

    /// Queues the first line.
    pub(super) fn begin(&mut self, head: &Head) {
        self.queue(line(head));
    }

    /// Queues a record; returns what there is to tell once nothing more can be written.
    pub(super) fn take(&mut self, record: &Record) -> Option<String> {
        self.lines.as_ref()?;
        if self.lost > 0 {
            let what = What::Lost { lost: self.lost };
            let t = record.t;
            self.lost = 0;
            self.queue(line(&Record { t, what }));
        }
        let line = line(record);
        let is_full = self.written + line.len() as u64 + LAST > self.most;
        if is_full {
            self.queue(last(record.t, "full"));
            self.lines = None;
            let (path, most) = (shown_path(&self.path), self.most >> 20);
            return Some(format!(
                "the tape {path} is full at {most} MiB and ends here"
            ));
        }
        self.queue(line);
        self.failure()
    }

    fn queue(&mut self, line: String) {
        let Some(lines) = &self.lines else {
            return;
        };
        let length = line.len() as u64;
        match lines.try_send(line) {
            Ok(()) => self.written += length,
            Err(TrySendError::Full(_)) => self.lost += 1,
            Err(TrySendError::Disconnected(_)) => self.lines = None,
        }
    }

    /// What went wrong with the file, where the thread has ended because of it.
    fn failure(&mut self) -> Option<String> {
        if self.lines.is_some() {
            return None;
        }
        let error = self.writer.take()?.join().ok()?.err()?;
        let path = shown_path(&self.path);
        self.problem = Some(format!(
            "cannot write the tape {path}: {}; it ends here",
            reason(&error)
        ));
        self.problem.clone()
    }

    /// Writes the last line and all that waits; returns what went wrong, told before or not.
    pub(super) fn finish(mut self, t: Duration) -> Option<String> {
        if let Some(lines) = self.lines.take() {
            // It fails where the thread has ended, and why is told below.
            let _ = lines.send(last(t, "stopped"));
        }
        self.failure();
        self.problem
    }
}

/// The last line.
fn last(t: Duration, reason: &str) -> String {
    let reason = reason.to_owned();
    let what = What::End { reason };
    line(&Record { t, what })
}

fn write(sink: File, queue: &Receiver<String>) -> io::Result<()> {
    let mut sink = BufWriter::new(sink);
    while let Ok(line) = queue.recv() {
        sink.write_all(line.as_bytes())?;
        while let Ok(line) = queue.try_recv() {
            sink.write_all(line.as_bytes())?;
        }
        // What was recorded is there to be read even where the program is killed.
        sink.flush()?;
    }
    sink.flush()
}

#[cfg(test)]
mod tests {
    use super::super::text::{self, Flaw};
    use super::*;

    fn head() -> Head {
        Head {
            tape: Head::FORM,
            faultboard: "0.1.0".to_owned(),
            seed: 7,
            began: "2026-11-29T21:00:00Z".to_owned(),
            t: Duration::ZERO,
            demo: false,
            arguments: Vec::new(),
            proxies: Vec::new(),
        }
    }

    fn removed(second: u64) -> Record {
        Record {
            t: Duration::from_secs(second),
            what: What::Removed {
                proxy: "db".to_owned(),
                by: String::new(),
            },
        }
    }

    #[test]
    fn a_tape_that_is_full_says_so_in_its_last_line_and_nowhere_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.tape");
        let file = crate::file::create_private(&path).expect("a file");
        let mut tape = TapeFile::of(file, &path, 1_024).expect("a thread");
        tape.begin(&head());
        let said: Vec<String> = (1..100).filter_map(|at| tape.take(&removed(at))).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].ends_with("is full at 0 MiB and ends here"),
            "{said:?}"
        );
        assert_eq!(tape.finish(Duration::from_secs(100)), None);
        let bytes = std::fs::read(&path).expect("the tape");
        assert!((512..=1_024).contains(&bytes.len()), "{}", bytes.len());
        let read = text::read(&bytes).expect("a tape");
        assert_eq!(read.damage, None);
        let last = read.tape.records().next_back().map(|last| &last.what);
        let full = What::End {
            reason: "full".to_owned(),
        };
        assert_eq!(last, Some(&full));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_and_the_desk_goes_on() {
        let path = Path::new("/dev/full");
        let mut tape = TapeFile::create(path).expect("a device");
        tape.begin(&head());
        let why = "cannot write the tape /dev/full: no space left on device; it ends here";
        let said = tape.finish(Duration::from_secs(1));
        assert_eq!(said.as_deref(), Some(why));
        // What was told while the desk went on is known at its end too.
        let mut tape = TapeFile::create(path).expect("a device");
        tape.begin(&head());
        let mut said = None;
        while said.is_none() {
            thread::yield_now();
            said = tape.take(&removed(1));
        }
        assert_eq!(said.as_deref(), Some(why));
        assert_eq!(tape.take(&removed(2)), None);
        assert_eq!(tape.finish(Duration::from_secs(3)), said);
    }

    #[test]
    fn what_was_not_finished_is_read_up_to_its_last_record() {
        let text = text::line(&head()) + &text::line(&removed(1)) + &text::line(&removed(2));
        let flaw = |text: &str| {
            let read = text::read(text.as_bytes()).expect("a tape");
            let count = read.tape.records().count();
            (count, read.damage.map(|damage| damage.what))
        };
        assert_eq!(flaw(&text), (2, Some(Flaw::NoEnd)));
        assert_eq!(flaw(&text[..text.len() - 9]), (1, Some(Flaw::Cut(3))));
        let (count, wrong) = flaw(&text.replacen("\"removed\"", "\"removed", 1));
        assert_eq!(count, 0);
        assert!(matches!(wrong, Some(Flaw::Wrong(2, _))), "{wrong:?}");
    }
}
