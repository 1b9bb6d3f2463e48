//! The engine.
pub mod clock;
pub mod dial;
pub mod error;
mod flow;
pub mod leg;
pub mod postgres;
pub mod pump;
pub mod tls;
