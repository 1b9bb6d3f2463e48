//! The machine under the engine: its clock, its worker threads with their timers, and what becomes of a panic in them.
//!
//! Nothing here knows a proxy or a connection: a worker runs the tasks that it is handed.

pub(crate) mod alarm;
pub mod clock;
pub mod panics;
pub(crate) mod wait;
pub(crate) mod worker;
