//! What the engine runs on: its clock, its worker threads with their timers, and what becomes of a panic in a task.
//!
//! Nothing here knows what a connection does: a worker runs the tasks that it is handed, and counts them.

pub(crate) mod alarm;
pub mod clock;
pub mod panics;
pub(crate) mod rest;
pub(crate) mod wait;
pub(crate) mod worker;
