//! Sweeps of an engine: a task for each proxy that is climbed.

mod counts;
pub(super) mod run;
