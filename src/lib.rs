//! faultboard: a terminal mixing desk for network faults.

pub mod check;
pub mod cli;
pub mod demo;
pub mod fault;
pub mod logging;
pub mod mapping;
pub mod proxy;
pub mod snapshot;
pub mod stop;
pub mod syntax;
pub mod units;
