//! What an engine shows and tells, as lines of JSON, and back: so that a console, or any program, can follow it from elsewhere.
//!
//! ```text
//!  engine ─ Snapshot ─► Teller ─► state, delta, delta, … ─┐                       ┌─► Picture ─► Snapshot ─► console
//!         ─ Event ────► event::line ─► event ─────────────┴─► one line each ─► Frame::read
//!                                                                                 └─► Event, Hello, Lost, Bye
//! ```
//!
//! A line is a *frame*: an object whose `frame` says what it is. [`Hello`] comes first, then a *key frame* (`state`) with
//! everything, then what has changed since (`delta`). Frames count up in `seq`; where one is missing, deltas mean nothing until
//! the next key frame, which whoever dropped it sends by itself. Within `api`, members and columns are only ever added, and a
//! reader leaves out what it does not know; faults and mappings are texts of our languages, so that one of a later version can
//! still be shown ([`Picture::unread`]).
//!
//! What is rounded on the way: times to the microsecond, bytes a second to whole ones, writes and answers a second to a
//! thousandth. Connections come back in the order of their numbers; those beyond the busiest that were asked for are counted
//! ([`Picture::more`]). Times are since the engine's start, lengths of time are told as the moment since which they last: a
//! connection that does nothing is told once.
//!
//! Nothing here reads, writes or waits.

mod columns;
pub mod event;
mod figures;
mod finding;
mod frame;
mod minute;
mod object;
mod own;
mod picture;
mod proxy;
mod seconds;
mod tail;
mod teller;
#[cfg(test)]
mod tests;
mod told;
mod turns;
mod watched;
mod words;

pub(crate) use figures::whole;
pub use frame::{Delta, Frame, FrameError, Hello, Listener, Role, State};
pub(crate) use object::{Object, seconds};
pub use own::OwnText;
pub use picture::{Gap, Picture};
pub use teller::Teller;

/// Counts the changes of this language that an older reader would misread.
pub const API: u32 = 1;
