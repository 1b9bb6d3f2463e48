//! What can be undone and done again.
//!
//! A step keeps what was before and what is after, so undoing asks nobody. Turns of one knob that follow each other
//! closely are one step: a held key is undone by one key.

use std::mem::Discriminant;
use std::time::Duration;

use crate::fault::{Directions, Own, Plan};
use crate::mapping::{Mapping, Name};
use crate::request::Request;
use crate::snapshot::{ConnId, ProxyId};
use crate::ui::knob::Turn;

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
    pub(in crate::ui) solo: Swap<Option<Solo>>,
    /// The turn that it belongs to, for a turn by keys that can be held.
    pub(in crate::ui) held: Option<Held>,
    /// When it was last added to.
    pub(in crate::ui) at: Duration,
}

/// Something that took the place of something else.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Swap<T> {
    pub(in crate::ui) before: T,
    pub(in crate::ui) after: T,
}

/// What becomes of one proxy, or became of it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Edit {
    /// The proxy, by the number that it has now.
    pub(in crate::ui) proxy: ProxyId,
    /// What becomes of it.
    pub(in crate::ui) what: Edited,
}

/// What can become of a proxy and be undone.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) enum Edited {
    /// It gets another plan.
    Plan(Swap<Plan>),
    /// It gets the other one of its two settings; those until now are kept.
    Settings(Swap<Plan>),
    /// It is added.
    Added(Setup),
    /// It is removed with its connections.
    Removed(Setup),
    /// Another one takes its place.
    Replaced(Swap<Setup>),
    /// It is given another name, or the given one is taken away.
    Renamed(Swap<Option<Name>>),
    /// Its port opens or closes.
    Port(Swap<Gate>),
    /// It leads elsewhere, and its connections end.
    Repointed(Swap<Mapping>),
    /// Something else holds for one of its connections alone.
    Own(ConnId, Swap<Own>),
}

/// What a proxy's port is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Gate {
    Open,
    /// Closed to new clients: connections live on.
    Closed,
    /// Closed, and all connections end.
    Off,
}

/// What it takes to have a proxy as it was.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Setup {
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
    /// How it is turned.
    pub(in crate::ui) by: Discriminant<Turn>,
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

    /// Lets a held knob's last step end at these plans. Returns what was before that step; `None` where the last step is
    /// another one, or long ago, or would end where it began.
    pub(in crate::ui) fn extend(
        &mut self,
        held: Held,
        after: &[(ProxyId, Plan)],
        now: Duration,
    ) -> Option<Vec<(ProxyId, Plan)>> {
        let step = self.done.last_mut()?;
        if step.held != Some(held) || now.saturating_sub(step.at) > HELD {
            return None;
        }
        let plans = step.edits.iter().filter_map(|edit| match &edit.what {
            Edited::Plan(plans) => Some((edit.proxy, plans.before.clone())),
            _ => None,
        });
        let before: Vec<_> = plans.collect();
        let ids = |plans: &[(ProxyId, Plan)]| plans.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        if ids(&before) != ids(after) || before == after {
            return None;
        }
        for (edit, (_, plan)) in step.edits.iter_mut().zip(after) {
            if let Edited::Plan(plans) = &mut edit.what {
                plans.after.clone_from(plan);
            }
        }
        step.at = now;
        self.undone.clear();
        Some(before)
    }

    /// A knob is still held: what it does next belongs to the same step.
    pub(in crate::ui) fn hold(&mut self, now: Duration) {
        if let Some(step) = self.done.last_mut().filter(|step| step.held.is_some()) {
            step.at = now;
        }
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

    /// Forgets a step of this edit alone, which was not done.
    pub(in crate::ui) fn forget(&mut self, edit: &Edit) {
        self.done.retain(|step| step.edits != [edit.clone()]);
    }

    /// The step that `back` would take.
    pub(in crate::ui) fn last(&self) -> Option<&Step> {
        self.done.last()
    }

    /// Remembers under which given name and on which port a proxy runs, so that it comes back there.
    pub(in crate::ui) fn remember(&mut self, id: ProxyId, mapping: &Mapping) {
        for edit in self.edits_mut().filter(|edit| edit.proxy == id) {
            if let Edited::Added(setup) | Edited::Removed(setup) = &mut edit.what {
                setup.mapping.clone_from(mapping);
            }
        }
    }

    /// Calls a proxy by its new number wherever a step names it by its old one.
    pub(in crate::ui) fn renumber(&mut self, old: ProxyId, new: ProxyId) {
        for edit in self.edits_mut().filter(|edit| edit.proxy == old) {
            edit.proxy = new;
        }
        let steps = self.done.iter_mut().chain(&mut self.undone);
        let solos = steps.flat_map(|step| [&mut step.solo.before, &mut step.solo.after]);
        for solo in solos.flatten() {
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
        Self {
            solo: self.solo.clone().reversed(),
            edits: self.edits.iter().rev().map(Edit::reversed).collect(),
            held: None,
            at: self.at,
        }
    }
}

// === impl Swap ===

impl<T> Swap<T> {
    fn reversed(self) -> Self {
        Self {
            before: self.after,
            after: self.before,
        }
    }
}

// === impl Edit ===

impl Edit {
    /// Whether all is to be as it was.
    pub(in crate::ui) fn is_none(&self) -> bool {
        match &self.what {
            Edited::Port(gates) => gates.before == gates.after,
            Edited::Repointed(mappings) => mappings.before == mappings.after,
            _ => false,
        }
    }

    fn reversed(&self) -> Self {
        let what = match self.what.clone() {
            Edited::Plan(plans) => Edited::Plan(plans.reversed()),
            Edited::Settings(plans) => Edited::Settings(plans.reversed()),
            Edited::Added(setup) => Edited::Removed(setup),
            Edited::Removed(setup) => Edited::Added(setup),
            Edited::Replaced(setups) => Edited::Replaced(setups.reversed()),
            Edited::Renamed(names) => Edited::Renamed(names.reversed()),
            Edited::Port(gates) => Edited::Port(gates.reversed()),
            Edited::Repointed(mappings) => Edited::Repointed(mappings.reversed()),
            Edited::Own(conn, owns) => Edited::Own(conn, owns.reversed()),
        };
        Self { what, ..*self }
    }

    /// The plan that it gives its proxy, where it gives it one.
    pub(in crate::ui) fn plan(&self) -> Option<(ProxyId, Plan)> {
        match &self.what {
            Edited::Plan(Swap { after, .. }) | Edited::Settings(Swap { after, .. }) => {
                Some((self.proxy, after.clone()))
            }
            _ => None,
        }
    }

    /// What the engine is asked for to make it so.
    pub(in crate::ui) fn request(&self) -> Request {
        let proxy = self.proxy;
        match self.what.clone() {
            Edited::Plan(Swap { before, after }) | Edited::Settings(Swap { before, after }) => {
                Request::SetPlan {
                    proxy,
                    before: Some(before),
                    plan: after,
                }
            }
            Edited::Added(Setup { mapping, plan }) => Request::Add { mapping, plan },
            Edited::Removed(_) => Request::Remove(proxy),
            Edited::Replaced(Swap { after, .. }) => Request::Replace {
                proxy,
                mapping: after.mapping,
                plan: after.plan,
            },
            Edited::Renamed(Swap { after: name, .. }) => Request::Rename { proxy, name },
            Edited::Port(Swap { after, .. }) => match after {
                Gate::Open | Gate::Closed => Request::SetPort {
                    proxy,
                    open: after == Gate::Open,
                },
                Gate::Off => Request::Close(proxy),
            },
            Edited::Repointed(Swap { after, .. }) => Request::Repoint {
                proxy,
                mapping: after,
            },
            Edited::Own(conn, Swap { after: own, .. }) => Request::SetOwn(conn, own),
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
