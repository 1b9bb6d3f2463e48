//! The life of a connection, from its client's accept to the end of both sockets.
//!
//! `task` runs it, `opening` makes its upstream ready, `ending` takes its sockets down.

pub(crate) mod ending;
pub(crate) mod opening;
pub(crate) mod task;
