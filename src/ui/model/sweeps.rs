//! The sweeps of this session, as the engine tells of them.

use std::sync::Arc;

use crate::fault::Plan;
use crate::snapshot::ProxyId;
use crate::sweep::Curve;

/// So many are kept, the last ones.
const KEPT: usize = 50;

/// A sweep, as far as it has come.
#[derive(Clone, Debug)]
pub struct Swept {
    /// The proxy that it climbs.
    pub proxy: ProxyId,
    /// What it has measured.
    pub curve: Arc<Curve>,
    /// The plan that is in force again at its end, once that was told.
    pub before: Option<Arc<Plan>>,
}

/// All sweeps that were told of, oldest first.
#[derive(Debug, Default)]
pub struct Sweeps(Vec<Swept>);

// === impl Sweeps ===

impl Sweeps {
    /// A sweep has come so far.
    pub(in crate::ui) fn hear(&mut self, news: Swept) {
        let known = self
            .0
            .iter_mut()
            .find(|swept| swept.curve.number == news.curve.number);
        match known {
            // The answer to who began it may come after what it has measured.
            Some(known) if known.curve.is_ahead_of(&news.curve) => {}
            Some(known) => {
                let before = news.before.or(known.before.take());
                *known = Swept { before, ..news };
            }
            None => self.0.push(news),
        }
        if self.0.len() > KEPT {
            self.0.remove(0);
        }
    }

    /// The sweep of this number.
    #[must_use]
    pub fn of(&self, number: u32) -> Option<&Swept> {
        self.0.iter().find(|swept| swept.curve.number == number)
    }

    /// The sweep of a proxy that goes on.
    #[must_use]
    pub fn running(&self, proxy: ProxyId) -> Option<&Swept> {
        let mut all = self.0.iter().rev();
        all.find(|swept| swept.proxy == proxy && swept.curve.ended.is_none())
    }

    /// The last sweep of a proxy.
    #[must_use]
    pub fn last(&self, proxy: ProxyId) -> Option<&Swept> {
        self.0.iter().rev().find(|swept| swept.proxy == proxy)
    }

    /// The sweeps next to one in time: the one before, the one after.
    #[must_use]
    pub fn next_to(&self, number: u32) -> [Option<u32>; 2] {
        let place = self.0.iter().position(|swept| swept.curve.number == number);
        let at = |place: Option<usize>| Some(self.0.get(place?)?.curve.number);
        let before = place.and_then(|place| place.checked_sub(1));
        [at(before), at(place.map(|place| place + 1))]
    }

    /// The newest of all.
    #[must_use]
    pub fn newest(&self) -> Option<&Swept> {
        self.0.last()
    }

    /// Those that can be laid over one: ended, and of a value that is measured alike; the last ones first.
    pub fn beside(&self, curve: &Curve) -> impl Iterator<Item = &Swept> {
        let (number, fault) = (curve.number, curve.fault.clone());
        let all = self.0.iter().rev();
        all.filter(move |swept| {
            let other = &swept.curve;
            other.number != number && other.fault == fault && other.ended.is_some()
        })
    }
}
