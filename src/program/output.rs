//! Standard output and standard error, as the commands use them.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};

/// What failed where standard output takes nothing.
pub(super) const WRITING: &str = "cannot write to standard output";

/// Prints what `write` writes, and returns what it comes to.
pub(super) fn print<T>(write: impl FnOnce(&mut Vec<u8>) -> io::Result<T>) -> Result<T> {
    let mut bytes = Vec::new();
    let done = write(&mut bytes)?;
    let mut out = io::stdout().lock();
    let written = out.write_all(&bytes).and_then(|()| out.flush());
    written.context(WRITING)?;
    Ok(done)
}

/// Prints the help or the version that was asked for, with the colours that a terminal takes.
pub(crate) fn tell(asked: &clap::Error) -> Result<ExitCode> {
    let told = asked.print().and_then(|()| io::stdout().flush());
    told.context(WRITING)?;
    Ok(ExitCode::SUCCESS)
}

/// Says on standard error what is worth knowing and no failure; where it cannot be written there is nobody to tell.
pub(super) fn remark(note: Option<&str>) {
    if let Some(note) = note {
        let _ = writeln!(io::stderr(), "{note}");
    }
}

pub(super) fn remark_all(notes: &[String]) {
    for note in notes {
        remark(Some(note));
    }
}
