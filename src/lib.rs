//! faultboard: a terminal mixing desk for network faults.

pub mod command;
pub mod fault;
pub mod mapping;
pub mod proxy;
pub mod snapshot;
pub mod syntax;
pub mod units;
