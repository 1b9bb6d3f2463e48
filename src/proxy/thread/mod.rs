//! What the engine runs on: its clock, its worker threads with their timers, and what becomes of a panic in a task.
//!
//! Nothing here knows what a connection does: a worker runs the tasks that it is handed, and counts them.

pub(crate) mod alarm;
pub mod clock;
pub mod panics;
mod pulse;
pub(crate) mod rest;
#[cfg(any(test, not(target_os = "linux")))]
mod sleeper;
#[cfg(target_os = "linux")]
mod timerfd;
pub(crate) mod wait;
pub(crate) mod worker;
