//! Bytes between two sockets: the poll loop of one connection, a direction of it, and the memory that all of them share.
//!
//! It owns no socket and no clock, so that a simulation drives it as the engine does.

pub mod budget;
mod flow;
pub mod pump;
