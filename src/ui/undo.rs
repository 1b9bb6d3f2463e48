//! What can be undone and done again.
//!
//! A step keeps what was before and what is after, so undoing asks nobody. Turns of one knob that follow each other
//! closely are one step: a held key is undone by one key.

use std::time::Duration;

use crate::fault::{Directions, Plan};
use crate::mapping::Mapping;
use crate::snapshot::ProxyId;

/// How many steps are kept; the oldest go first.
const LEN: usize = 200;

/// Turns that follow each other within this belong to one step.
const HELD: Duration = Duration::from_millis(500);

/// The steps that were taken and those that were taken back.
#[derive(Debug, Default)]
pub struct Undo {
    done: Vec<Step>,
    undone: Vec<Step>,
}

/// What one action changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// The changes, in their order.
    pub(super) changes: Vec<Change>,
    /// The turn that it belongs to, for a turn by keys that can be held.
    pub(super) held: Option<Held>,
    /// When it was last added to.
    pub(super) at: Duration,
}

/// One change of one proxy.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// Its plan.
    Plan {
        /// The proxy.
        proxy: ProxyId,
        /// What it was.
        before: Plan,
        /// What it became.
        after: Plan,
    },
    /// It was added.
    Added(Proxy),
    /// It was removed.
    Removed(Proxy),
    /// It took another's place.
    Replaced {
        /// The proxy, by the number that it has now.
        proxy: ProxyId,
        /// What it was.
        before: (Mapping, Plan),
        /// What it became.
        after: (Mapping, Plan),
    },
}

/// A proxy, with what it takes to add it again.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Proxy {
    pub(super) id: ProxyId,
    pub(super) mapping: Mapping,
    pub(super) plan: Plan,
}

/// A knob that is held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Held {
    pub(super) proxy: ProxyId,
    pub(super) knob: usize,
    pub(super) directions: Directions,
    pub(super) stops: bool,
}

// === impl Undo ===

impl Undo {
    /// How many steps can be undone.
    #[must_use]
    pub fn len(&self) -> usize {
        self.done.len()
    }

    /// Whether nothing can be undone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// How many steps can be done again.
    #[must_use]
    pub fn redo_len(&self) -> usize {
        self.undone.len()
    }

    /// Takes a new step; what was undone before it is forgotten.
    pub(super) fn push(&mut self, step: Step) {
        self.undone.clear();
        self.done.push(step);
        if self.done.len() > LEN {
            self.done.remove(0);
        }
    }

    /// Lets a held knob's last step end at `after`. Returns what was before that step; `None` where the last step is
    /// another one, or long ago, or would end where it began.
    pub(super) fn extend(&mut self, held: Held, after: &Plan, now: Duration) -> Option<Plan> {
        let step = self.done.last_mut()?;
        if step.held != Some(held) || now.saturating_sub(step.at) > HELD {
            return None;
        }
        let [
            Change::Plan {
                before, after: end, ..
            },
        ] = step.changes.as_mut_slice()
        else {
            return None;
        };
        if before == after {
            return None;
        }
        *end = after.clone();
        step.at = now;
        self.undone.clear();
        Some(before.clone())
    }

    /// The last step, moved to those that can be done again.
    pub(super) fn back(&mut self) -> Option<Step> {
        let step = self.done.pop()?;
        self.undone.push(step.clone());
        Some(step)
    }

    /// The last step that was undone, moved back.
    pub(super) fn forward(&mut self) -> Option<Step> {
        let step = self.undone.pop()?;
        self.done.push(step.clone());
        Some(step)
    }

    /// The step that `back` would take.
    pub(super) fn last(&self) -> Option<&Step> {
        self.done.last()
    }

    /// Calls a proxy by its new number wherever a step names it by its old one.
    pub(super) fn renumber(&mut self, old: ProxyId, new: ProxyId) {
        let steps = self.done.iter_mut().chain(&mut self.undone);
        for change in steps.flat_map(|step| &mut step.changes) {
            let id = change.proxy_mut();
            if *id == old {
                *id = new;
            }
        }
    }
}

// === impl Step ===

impl Step {
    /// What undoes this step: each change the other way round, the last one first.
    pub(super) fn reversed(&self) -> Self {
        Self {
            changes: self.changes.iter().rev().map(Change::reversed).collect(),
            held: None,
            at: self.at,
        }
    }
}

// === impl Change ===

impl Change {
    fn reversed(&self) -> Self {
        match self.clone() {
            Self::Plan {
                proxy,
                before,
                after,
            } => Self::Plan {
                proxy,
                before: after,
                after: before,
            },
            Self::Added(proxy) => Self::Removed(proxy),
            Self::Removed(proxy) => Self::Added(proxy),
            Self::Replaced {
                proxy,
                before,
                after,
            } => Self::Replaced {
                proxy,
                before: after,
                after: before,
            },
        }
    }

    /// The proxy that it concerns.
    pub(super) fn proxy(&self) -> ProxyId {
        match self {
            Self::Added(proxy) | Self::Removed(proxy) => proxy.id,
            Self::Plan { proxy, .. } | Self::Replaced { proxy, .. } => *proxy,
        }
    }

    fn proxy_mut(&mut self) -> &mut ProxyId {
        match self {
            Self::Added(proxy) | Self::Removed(proxy) => &mut proxy.id,
            Self::Plan { proxy, .. } | Self::Replaced { proxy, .. } => proxy,
        }
    }
}
