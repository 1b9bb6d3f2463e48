//! The faultboard program: reads the command line, and runs what was asked for.
//!
//! Exit status: 0 done, 1 the work failed, 2 the command line or a mapping is wrong, 128+N signal N ended it that asks for no
//! end in order. What fails is told in one line on standard error, a wrong mapping in two.

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use faultboard::cli::{self, Rejected, Unread};
use faultboard::format::{one_line, reason};
use faultboard::logging::LogError;
use faultboard::proxy::StartError;

mod allocator;
mod program;

fn main() -> ExitCode {
    let words: Vec<_> = env::args_os().collect();
    let done = match cli::read(&words) {
        Ok(cli) => program::dispatch(cli),
        Err(Unread::Asked(asked)) => program::tell(&asked),
        Err(Unread::Wrong(rejected)) => Err(rejected.into()),
    };
    done.unwrap_or_else(|error| {
        if is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        // Where even this cannot be written there is nobody to tell.
        let _ = writeln!(io::stderr(), "{}", report(&error));
        ExitCode::from(if is_wrong_usage(&error) { 2 } else { 1 })
    })
}

/// Whether it is what was typed that must be mended, not the world.
fn is_wrong_usage(error: &anyhow::Error) -> bool {
    let option = matches!(error.downcast_ref(), Some(StartError::Tls(tls)) if tls.is_wrong_usage());
    let filter = matches!(error.downcast_ref(), Some(LogError::Filter { .. }));
    option || filter || error.is::<Rejected>()
}

/// Whether all that went wrong is that nobody reads standard output any more.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The error, and what the system said where the error does not say it itself; ours are whole lines, of which none
/// moves the cursor.
fn report(error: &anyhow::Error) -> String {
    let mut line = error.to_string();
    for cause in error.chain().skip(1).filter_map(<dyn Error>::downcast_ref) {
        let cause = reason(cause);
        if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line.lines().map(one_line).collect::<Vec<_>>().join("\n")
}
