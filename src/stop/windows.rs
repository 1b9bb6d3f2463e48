//! What Windows tells a program in a console in place of signals.
//!
//! Where the window is closed, the user logs off or the machine is shut down, the system ends the process some seconds later,
//! whatever it does; until then tokio's handler holds it back.

use std::io;
use std::task::{Context, Poll};

use tokio::signal::windows::{self, CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown};

use super::Stop;

/// What is caught.
pub(super) struct Caught {
    ctrl_c: CtrlC,
    ctrl_break: CtrlBreak,
    close: CtrlClose,
    logoff: CtrlLogoff,
    shutdown: CtrlShutdown,
}

// === impl Caught ===

impl Caught {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            ctrl_c: windows::ctrl_c()?,
            ctrl_break: windows::ctrl_break()?,
            close: windows::ctrl_close()?,
            logoff: windows::ctrl_logoff()?,
            shutdown: windows::ctrl_shutdown()?,
        })
    }

    /// The first that comes.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Stop> {
        let told = [
            ("Ctrl-C", self.ctrl_c.poll_recv(context)),
            ("Ctrl-Break", self.ctrl_break.poll_recv(context)),
            ("window closed", self.close.poll_recv(context)),
            ("logoff", self.logoff.poll_recv(context)),
            ("shutdown", self.shutdown.poll_recv(context)),
        ];
        let first = told.into_iter().find(|(_, came)| came.is_ready());
        first.map_or(Poll::Pending, |(reason, _)| {
            Poll::Ready(Stop {
                reason,
                killer: None,
            })
        })
    }
}

/// Ends nothing: no signal kills here.
pub fn end_by(_signal: i32) {}

/// Whether to read standard input would stop the process: no system but Unix does that to jobs in the background.
#[must_use]
pub fn reading_stops() -> bool {
    false
}
