//! Sockets and names as the system has them: options, listening, look-ups, and how desks on one machine know each other.

pub mod barred;
pub(crate) mod intake;
pub mod look_up;
pub(crate) mod rounds;
pub(crate) mod socket;
pub mod sys;
