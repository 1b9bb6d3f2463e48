//! The structured log of `--log-file`: JSON lines, filtered by `FAULTBOARD_LOG`.
//!
//! Nothing is logged without a file: the screen and the standard streams belong to the program. Each line is one write to
//! a file opened for appending, so several processes may share it. Lines that the file does not take are counted and
//! told as one event, never printed.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use thiserror::Error;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, ParseError};

use crate::file::open_private;
use crate::format::{printable, reason, shown_path};

mod record;

pub use record::Recorder;

/// The variable that sets the filter.
pub const FILTER_VARIABLE: &str = "FAULTBOARD_LOG";

/// Why there is no log.
#[derive(Debug, Error)]
pub enum LogError {
    /// The filter does not parse: the command line is wrong.
    #[error(
        "{FILTER_VARIABLE}={}: {}; a level or target=level works, as in faultboard=debug",
        printable(filter),
        printable(&source.to_string())
    )]
    Filter {
        /// The filter as given.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// The file cannot be written: the work failed.
    #[error("cannot open the log file {}: {}", shown_path(path), reason(source))]
    File {
        /// Where the log was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The file of the log. Writing to it never fails: what is lost is counted here.
#[derive(Debug)]
pub struct LogFile {
    file: File,
    path: PathBuf,
    lost: Mutex<Lost>,
}

/// Lines that were not written.
#[derive(Debug, Default)]
struct Lost {
    lines: u64,
    /// Why the last of them was not.
    why: Option<io::Error>,
    /// Whether the last line could not be written, or was so in part only.
    failing: bool,
    /// Whether that has been told.
    told: bool,
}

/// Starts the process's log into `path`; `filter` is the variable's text, `info` where it is not set. Called once,
/// before the engine starts. The file is made for its owner alone, and is no symbolic link: a log tells who talks to whom,
/// and somebody else may have put a link in its place.
pub fn start(path: &Path, filter: Option<&str>) -> Result<Arc<LogFile>, LogError> {
    let filter = read_filter(filter)?;
    let log = Arc::new(LogFile::open(path)?);
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_writer(Arc::clone(&log))
        // It would print what it cannot write to standard error.
        .log_internal_errors(false)
        .init();
    Ok(log)
}

// === impl LogFile ===

impl LogFile {
    fn open(path: &Path) -> Result<Self, LogError> {
        let file = open_private(path, File::options().append(true));
        let path = path.to_owned();
        let lost = Mutex::default();
        match file {
            Ok(file) => Ok(Self { file, path, lost }),
            Err(source) => Err(LogError::File { path, source }),
        }
    }

    /// What there is to tell of the file since the last call: that it takes no lines, or that it takes them again.
    pub fn news(&self) -> Option<String> {
        let mut lost = self.lost.lock();
        if lost.failing == lost.told {
            return None;
        }
        lost.told = lost.failing;
        let path = shown_path(&self.path);
        let why = lost.why.as_ref().map(reason).unwrap_or_default();
        Some(if lost.failing {
            format!("cannot write the log file {path}: {why}; lines that are lost are counted")
        } else {
            format!(
                "the log file {path} is written again: {} lost",
                lines(lost.lines)
            )
        })
    }

    /// How many lines were lost in all, and why the last of them was; `None` where none was.
    pub fn lost(&self) -> Option<String> {
        let lost = self.lost.lock();
        let why = reason(lost.why.as_ref()?);
        let path = shown_path(&self.path);
        Some(format!(
            "the log file {path} lacks {}: {why}",
            lines(lost.lines)
        ))
    }
}

/// Takes every line, written or counted.
impl Write for &LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lost = self.lost.lock();
        // Some of a line that failed may be there.
        let end: &[u8] = if lost.failing { b"\n" } else { b"" };
        let written = (&self.file).write_all(end);
        let written = written.and_then(|()| (&self.file).write_all(line));
        lost.failing = written.is_err();
        if let Err(error) = written {
            lost.lines += 1;
            lost.why = Some(error);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines(count: u64) -> String {
    match count {
        1 => "1 line".to_owned(),
        count => format!("{count} lines"),
    }
}

fn read_filter(filter: Option<&str>) -> Result<EnvFilter, LogError> {
    let filter = filter.unwrap_or_default();
    EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(filter)
        .map_err(|source| LogError::Filter {
            filter: filter.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_filter_that_does_not_parse_is_said_with_its_variable() {
        let error = read_filter(Some("faultboard=loud")).expect_err("there is no level loud");
        assert!(
            error
                .to_string()
                .starts_with("FAULTBOARD_LOG=faultboard=loud: ")
        );
    }

    #[cfg(unix)]
    fn opened(path: &Path) -> LogFile {
        LogFile::open(path).expect("a log")
    }

    #[cfg(unix)]
    #[test]
    fn a_log_is_its_owners_alone_and_no_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("log"), folder.path().join("link"));
        opened(&file);
        let mode = file.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        let error = LogFile::open(&link).expect_err("a link is not followed");
        assert_eq!(
            error.to_string(),
            format!(
                "cannot open the log file {}: it is a symbolic link: give the file itself",
                link.display()
            )
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_once_and_lines_are_counted() {
        let log = opened(Path::new("/dev/full"));
        assert_eq!(log.news(), None);
        for _ in 0..3 {
            (&log).write_all(b"a line\n").expect("never fails");
        }
        assert_eq!(
            log.news().as_deref(),
            Some(
                "cannot write the log file /dev/full: no space left on device; lines that are lost are counted"
            )
        );
        assert_eq!(log.news(), None);
        assert_eq!(
            log.lost().as_deref(),
            Some("the log file /dev/full lacks 3 lines: no space left on device")
        );
    }

    #[test]
    fn no_filter_logs_what_starts_and_stops() {
        let filter = read_filter(None).expect("the default is valid");
        assert_eq!(filter.max_level_hint(), Some(LevelFilter::INFO));
    }
}
