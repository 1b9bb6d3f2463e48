//! faultboard: a terminal mixing desk for network faults.

pub mod fault;
pub mod mapping;
pub mod proxy;
pub mod snapshot;
pub mod syntax;
#[cfg(feature = "tui")]
pub mod ui;
pub mod units;
