//! What is counted while bytes flow. Each counter is written by one thread only and read by the collector: a connection's is its
//! task's, and a proxy has a set of counters for each worker.

pub(crate) mod counters;
pub(crate) mod facts;
pub(crate) mod gauge;
pub(crate) mod histogram;
pub(crate) mod watch;
