//! What can be undone and done again.
//!
//! A step keeps what was before and what is after, so undoing asks nobody. Turns of one knob that follow each other
//! closely are one step: a held key is undone by one key.

use std::time::Duration;

use crate::fault::{Directions, Plan};
use crate::mapping::{Mapping, Name};
use crate::snapshot::ProxyId;

/// How many steps are kept; the oldest go first.
const LEN: usize = 200;

/// Turns that follow each other within this belong to one step.
const HELD: Duration = Duration::from_millis(500);

/// The steps that were taken and those that were taken back.
#[derive(Debug, Default)]
pub struct Undo {
    done: Vec<Step>,
    pub(in crate::ui) undone: Vec<Step>,
}

/// What one action changed.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Step {
    /// The edits, in their order.
    pub(in crate::ui) edits: Vec<Edit>,
    /// Which proxy acted alone before and after.
    pub(in crate::ui) solo: [Option<Solo>; 2],
    /// The turn that it belongs to, for a turn by keys that can be held.
    pub(in crate::ui) held: Option<Held>,
    /// When it was last added to.
    pub(in crate::ui) at: Duration,
}

/// What became of one proxy.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) enum Edit {
    /// It got another plan.
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
    /// It took another proxy's place.
    Replaced {
        /// The proxy, by the number that it has now.
        proxy: ProxyId,
        /// What it was.
        before: (Mapping, Plan),
        /// What it became.
        after: (Mapping, Plan),
    },
    /// It was given another name, or none any more.
    Renamed {
        /// The proxy.
        proxy: ProxyId,
        /// The name that it had been given.
        before: Option<Name>,
        /// The name that it was given.
        after: Option<Name>,
    },
}

/// A proxy, with what it takes to have it again as it was.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Proxy {
    pub(in crate::ui) id: ProxyId,
    pub(in crate::ui) mapping: Mapping,
    pub(in crate::ui) plan: Plan,
}

/// A proxy that acts alone: the others are bypassed for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Solo {
    /// The proxy.
    pub proxy: ProxyId,
    /// Which proxies were bypassed before.
    pub before: Vec<(ProxyId, bool)>,
}

/// A knob that is held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ui) struct Held {
    pub(in crate::ui) proxy: ProxyId,
    pub(in crate::ui) knob: usize,
    pub(in crate::ui) directions: Directions,
    pub(in crate::ui) stops: bool,
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

    /// Takes a new step; what was undone before it is forgotten.
    pub(in crate::ui) fn push(&mut self, step: Step) {
        self.undone.clear();
        self.done.push(step);
        if self.done.len() > LEN {
            self.done.remove(0);
        }
    }

    /// Lets a held knob's last step end at `after`. Returns what was before that step; `None` where the last step is
    /// another one, or long ago, or would end where it began.
    pub(in crate::ui) fn extend(
        &mut self,
        held: Held,
        after: &Plan,
        now: Duration,
    ) -> Option<Plan> {
        let step = self.done.last_mut()?;
        if step.held != Some(held) || now.saturating_sub(step.at) > HELD {
            return None;
        }
        let [
            Edit::Plan {
                before, after: end, ..
            },
        ] = step.edits.as_mut_slice()
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
    pub(in crate::ui) fn back(&mut self) -> Option<Step> {
        let step = self.done.pop()?;
        self.undone.push(step.clone());
        Some(step)
    }

    /// The last step that was undone, moved back.
    pub(in crate::ui) fn forward(&mut self) -> Option<Step> {
        let step = self.undone.pop()?;
        self.done.push(step.clone());
        Some(step)
    }

    /// The step that `back` would take.
    pub(in crate::ui) fn last(&self) -> Option<&Step> {
        self.done.last()
    }

    /// Remembers under which given name and on which port a proxy runs, so that it comes back there.
    pub(in crate::ui) fn remember(&mut self, id: ProxyId, mapping: &Mapping) {
        for edit in self.edits_mut() {
            match edit {
                Edit::Added(proxy) | Edit::Removed(proxy) if proxy.id == id => {
                    proxy.mapping.clone_from(mapping);
                }
                Edit::Added(_)
                | Edit::Removed(_)
                | Edit::Plan { .. }
                | Edit::Replaced { .. }
                | Edit::Renamed { .. } => {}
            }
        }
    }

    /// Calls a proxy by its new number wherever a step names it by its old one.
    pub(in crate::ui) fn renumber(&mut self, old: ProxyId, new: ProxyId) {
        for edit in self.edits_mut() {
            let id = edit.proxy_mut();
            if *id == old {
                *id = new;
            }
        }
        let steps = self.done.iter_mut().chain(&mut self.undone);
        for solo in steps.flat_map(|step| &mut step.solo).flatten() {
            solo.renumber(old, new);
        }
    }

    fn edits_mut(&mut self) -> impl Iterator<Item = &mut Edit> {
        let steps = self.done.iter_mut().chain(&mut self.undone);
        steps.flat_map(|step| &mut step.edits)
    }
}

// === impl Step ===

impl Step {
    /// What undoes this step: each edit the other way round, the last one first.
    pub(in crate::ui) fn reversed(&self) -> Self {
        let [before, after] = self.solo.clone();
        Self {
            solo: [after, before],
            edits: self.edits.iter().rev().map(Edit::reversed).collect(),
            held: None,
            at: self.at,
        }
    }
}

// === impl Edit ===

impl Edit {
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
            Self::Renamed {
                proxy,
                before,
                after,
            } => Self::Renamed {
                proxy,
                before: after,
                after: before,
            },
        }
    }

    /// The proxy that it concerns.
    pub(in crate::ui) fn proxy(&self) -> ProxyId {
        match self {
            Self::Added(proxy) | Self::Removed(proxy) => proxy.id,
            Self::Plan { proxy, .. }
            | Self::Replaced { proxy, .. }
            | Self::Renamed { proxy, .. } => *proxy,
        }
    }

    fn proxy_mut(&mut self) -> &mut ProxyId {
        match self {
            Self::Added(proxy) | Self::Removed(proxy) => &mut proxy.id,
            Self::Plan { proxy, .. }
            | Self::Replaced { proxy, .. }
            | Self::Renamed { proxy, .. } => proxy,
        }
    }
}

// === impl Solo ===

impl Solo {
    /// Calls a proxy by its new number.
    pub(in crate::ui) fn renumber(&mut self, old: ProxyId, new: ProxyId) {
        let before = self.before.iter_mut().map(|(id, _)| id);
        for id in before.chain([&mut self.proxy]).filter(|id| **id == old) {
            *id = new;
        }
    }
}
