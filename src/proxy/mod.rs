//! The engine.
pub mod clock;
mod flow;
pub mod pump;
