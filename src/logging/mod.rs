//! The structured log of `--log-file`: JSON lines, filtered by `FAULTBOARD_LOG`.
//!
//! Nothing is logged without a file: the screen and standard output belong to the program. Each line is one write to a
//! file opened for appending, so several processes may share it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, ParseError};

use crate::format::{reason, shown_path};

mod record;

pub use record::Recorder;

/// The variable that sets the filter.
pub const FILTER_VARIABLE: &str = "FAULTBOARD_LOG";

/// Why there is no log.
#[derive(Debug, Error)]
pub enum LogError {
    /// The filter does not parse: the command line is wrong.
    #[error(
        "{FILTER_VARIABLE}={filter}: {source}; a level or target=level works, as in faultboard=debug"
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
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Starts the process's log into `path`; `filter` is the variable's text, `info` where it is not set. Called once,
/// before the engine starts.
pub fn start(path: &Path, filter: Option<&str>) -> Result<(), LogError> {
    let filter = read_filter(filter)?;
    let file = File::options().create(true).append(true).open(path);
    let file = file.map_err(|source| LogError::File {
        path: path.to_owned(),
        source,
    })?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_writer(Arc::new(file))
        .init();
    Ok(())
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

    #[test]
    fn no_filter_logs_what_starts_and_stops() {
        let filter = read_filter(None).expect("the default is valid");
        assert_eq!(filter.max_level_hint(), Some(LevelFilter::INFO));
    }
}
