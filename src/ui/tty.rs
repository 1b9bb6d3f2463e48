//! The terminal of standard input as the system has it: what can be read there, whether somebody is still there, and how the
//! process is stopped and goes on.
//!
//! On Windows a console hands out keys and no bytes, so it is asked nothing; it ends a program instead of vanishing; and its
//! shells have no jobs that stop and go on, so no key suspends.

#[cfg(unix)]
pub(super) use unix::{gone, read_within, stop, told_from_outside};
#[cfg(not(unix))]
pub(super) use without::{gone, read_within, stop, told_from_outside};

/// Whether what a terminal answers to a question can be read here.
pub(super) const HAS_ANSWERS: bool = cfg!(unix);

#[cfg(unix)]
mod unix {
    use std::io::{self, stdin};
    use std::time::Duration;

    use futures_util::stream::{poll_fn, select};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use signal_hook::consts::{SIGCONT, SIGSTOP, SIGTSTP};
    use signal_hook::low_level::raise;
    use tokio::signal::unix::{SignalKind, signal};

    use crate::stop;
    use crate::ui::{FromOutside, Told};

    /// Reads what comes within this time; nothing where nothing comes, or no more will.
    pub(in crate::ui) fn read_within(wait: Duration, buffer: &mut [u8]) -> io::Result<usize> {
        let input = stdin();
        let mut asked = [PollFd::new(&input, PollFlags::IN)];
        let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
        match poll(&mut asked, Some(&wait)) {
            Ok(0) => Ok(0),
            Ok(_) => Ok(rustix::io::read(input, buffer)?),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the terminal is gone.
    pub(in crate::ui) fn gone() -> bool {
        let input = stdin();
        let mut asked = [PollFd::new(&input, PollFlags::IN)];
        let at_once = Timespec::default();
        let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        // Interrupted: the next look tells.
        poll(&mut asked, Some(&at_once)).is_ok() && asked[0].revents().intersects(gone)
    }

    /// Stops the process; returns when it goes on. One that stops itself by SIGTSTP may be refused (its group is orphaned);
    /// SIGSTOP is not.
    pub(in crate::ui) fn stop() -> io::Result<()> {
        raise(SIGSTOP)
    }

    /// The signals that stop the process and let it go on, as they come; one that was ignored at the start stays ignored.
    pub(in crate::ui) fn told_from_outside() -> io::Result<Told> {
        let caught = |number, told| -> io::Result<Told> {
            let mut signal = signal(SignalKind::from_raw(number))?;
            Ok(Box::pin(poll_fn(move |context| {
                signal.poll_recv(context).map(|came| came.map(|()| told))
            })))
        };
        let goes_on = caught(SIGCONT, FromOutside::GoesOn)?;
        if stop::is_ignored(SIGTSTP) {
            return Ok(goes_on);
        }
        let suspend = caught(SIGTSTP, FromOutside::Suspend)?;
        Ok(Box::pin(select(suspend, goes_on)))
    }
}

#[cfg(not(unix))]
mod without {
    use std::io;
    use std::time::Duration;

    use crate::ui::Told;

    pub(in crate::ui) fn read_within(_: Duration, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }

    pub(in crate::ui) fn gone() -> bool {
        false
    }

    pub(in crate::ui) fn stop() -> io::Result<()> {
        Ok(())
    }

    pub(in crate::ui) fn told_from_outside() -> io::Result<Told> {
        Ok(Box::pin(futures_util::stream::pending()))
    }
}
