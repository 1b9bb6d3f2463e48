//! Saves the tape in memory to a file while it goes on.

use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::{Tape, text};
use crate::file::{self, Readers};

/// Saves the tape of a recorder.
#[derive(Clone, Debug)]
pub struct Saver {
    asks: mpsc::Sender<oneshot::Sender<Tape>>,
}

// === impl Saver ===

impl Saver {
    /// A saver, and where its recorder hears of it.
    pub(super) fn new() -> (Self, mpsc::Receiver<oneshot::Sender<Tape>>) {
        // Where one is being answered, whoever asks next waits.
        let (asks, asked) = mpsc::channel(1);
        (Self { asks }, asked)
    }

    /// Writes what memory keeps of the tape up to now, for its owner alone; a file that is there already is replaced only where
    /// that is said.
    ///
    /// # Errors
    /// It cannot be written; one line says why.
    pub async fn save(&self, path: PathBuf, replaces: bool) -> Result<(), String> {
        let ended = || "the tape has ended".to_owned();
        let (answer, tape) = oneshot::channel();
        self.asks.send(answer).await.map_err(|_| ended())?;
        let tape = tape.await.map_err(|_| ended())?;
        // It may be long: the thread of the desk does not wait for it.
        let written = spawn_blocking(move || {
            let text = text::whole(&tape);
            file::write(&path, text.as_bytes(), Readers::Owner, replaces)
                .map_err(|error| file::failed("write", &path, &error))
        });
        written.await.unwrap_or_else(|_| Err(ended()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Recorder, Setup, What, read};
    use crate::proxy::{Engine, Options};

    #[tokio::test]
    async fn a_tape_that_goes_on_is_saved_whole_up_to_now_and_over_no_other_file() {
        let engine = Engine::start(Options::default()).expect("an engine");
        let recorder = Recorder::start(&engine, Setup::default());
        recorder.begin().await;
        engine.report("something".to_owned());
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("desk.tape");
        let saver = recorder.saver();
        assert_eq!(saver.save(path.clone(), false).await, Ok(()));
        let tape = read(&std::fs::read(&path).expect("a file")).expect("a tape");
        assert_eq!(tape.damage, None);
        let told: Vec<_> = tape.tape.records().map(|record| &record.what).collect();
        let [What::Error { error, .. }, What::End { reason }] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!((error.as_str(), reason.as_str()), ("something", "saved"));
        let said = format!("{} is there already: give another name", path.display());
        assert_eq!(saver.save(path.clone(), false).await, Err(said));
        assert_eq!(saver.save(path.clone(), true).await, Ok(()));
        engine.stop(Duration::ZERO).await;
        recorder.finish().await.expect("a tape");
        let ended = Err("the tape has ended".to_owned());
        assert_eq!(saver.save(path, true).await, ended);
    }
}
