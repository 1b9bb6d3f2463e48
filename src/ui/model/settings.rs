//! Two settings of a proxy, A and B: one acts, the other one is kept to be compared with it.

use std::fmt;
use std::sync::Arc;

use crate::fault::Plan;
use crate::snapshot::Met;

/// Which of two settings of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What was set when the second one began.
    A,
    /// What began as a copy of it.
    B,
}

/// Two settings of a proxy; the proxy's plan is the one that acts.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoSettings {
    /// The side that acts.
    pub side: Side,
    /// The settings of the other side.
    pub other: Plan,
    /// What clients met under each of both, A first, with the settings that it was under.
    pub met: [Option<(Plan, Arc<Met>)>; 2],
}

// === impl Side ===

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

// === impl TwoSettings ===

impl TwoSettings {
    /// These are kept as A, and B begins as a copy of them.
    pub(in crate::ui) fn begin(plan: Plan, met: Option<Arc<Met>>) -> Self {
        let met = met.map(|met| (plan.clone(), met));
        Self {
            side: Side::B,
            other: plan,
            met: [met, None],
        }
    }

    /// What clients met under a side, once that is known.
    #[must_use]
    pub fn met(&self, side: Side) -> Option<&Met> {
        self.met[side as usize].as_ref().map(|(_, met)| &**met)
    }

    /// What clients met so far under the side that acts, which has these settings.
    pub(in crate::ui) fn learn(&mut self, plan: &Plan, met: Option<&Arc<Met>>) {
        let known = &mut self.met[self.side as usize];
        if let Some(met) = met {
            *known = Some((plan.clone(), Arc::clone(met)));
        } else if known.as_ref().is_some_and(|(under, _)| under != plan) {
            *known = None;
        }
    }

    /// The other side acts; what acted until now is kept.
    pub(in crate::ui) fn swap(&mut self, until_now: Plan) {
        self.side = self.side.other();
        self.other = until_now;
    }
}
