//! Which sweeps go on, and what the last ones came to.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::snapshot::ProxyId;
use crate::sweep::Curve;

/// How many curves are kept for who asks for them later.
pub(in crate::proxy) const KEPT: usize = 50;

/// The sweeps of an engine.
#[derive(Default)]
pub(in crate::proxy) struct Sweeps {
    pub(in crate::proxy) running: Mutex<HashMap<ProxyId, Running>>,
    /// What those came to that have ended, oldest first; at most `KEPT`.
    pub(in crate::proxy) over: Mutex<VecDeque<(ProxyId, Arc<Curve>)>>,
    pub(in crate::proxy) last: AtomicU32,
}

/// A sweep that goes on.
#[derive(Clone)]
pub(in crate::proxy) struct Running {
    pub(in crate::proxy) stop: CancellationToken,
    /// Cancelled when its task is over.
    pub(in crate::proxy) done: CancellationToken,
}
