//! Live counters: written by the task that they belong to, read by the collector.

pub(crate) mod counters;
pub(crate) mod gauge;
pub(crate) mod histogram;
