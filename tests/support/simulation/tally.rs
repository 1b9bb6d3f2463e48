//! What simulations came across: proof that they met what they are to test.

use std::iter::Sum;

use faultboard::proxy::pump::{End, TakeDown};
use faultboard::snapshot::CloseReason;

use super::world::World;

/// Counts over one simulation or many.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) polls: u64,
    pub(crate) events: u64,
    pub(crate) probes: u64,
    pub(crate) bytes: u64,
    pub(crate) replans: u64,
    pub(crate) woken_by_settings: u64,
    /// Calls that answered `Pending` for no reason.
    pub(crate) refusals: u64,
    /// Polls that ended because their budget was spent.
    pub(crate) yields: u64,
    pub(crate) in_order: u64,
    /// Ends by a fault: when it went, and by bytes.
    pub(crate) lifted: u64,
    pub(crate) cut: u64,
    pub(crate) resets: u64,
    /// Ends by reset behind the end of a stream.
    pub(crate) resets_behind_ends: u64,
}

impl Tally {
    /// What must not be rare.
    pub(crate) fn met(&self) -> [(u64, &'static str); 9] {
        [
            (self.probes, "probes"),
            (self.woken_by_settings, "wake-ups by settings"),
            (self.refusals, "answers of Pending for no reason"),
            (self.yields, "turns that were over"),
            (self.in_order, "ends in order"),
            (self.lifted, "ends by a fault that went"),
            (self.cut, "ends by a fault and bytes"),
            (self.resets - self.resets_behind_ends, "resets behind bytes"),
            (self.resets_behind_ends, "resets behind the end of a stream"),
        ]
    }

    pub(crate) fn ended(&mut self, world: &World, end: &End) {
        let lanes = &world.ledger.lanes;
        self.bytes += lanes.iter().map(|lane| lane.delivered).sum::<u64>();
        if let CloseReason::Fault(_) = end.reason {
            self.lifted += u64::from(end.how == TakeDown::Close);
            self.cut += u64::from(end.how == TakeDown::Reset);
            return;
        }
        self.in_order += u64::from(end.how != TakeDown::Reset);
        self.resets += u64::from(end.how == TakeDown::Reset);
        self.resets_behind_ends +=
            u64::from((end.how == TakeDown::Reset) && lanes.iter().any(|lane| lane.end_passed));
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |a, b| Self {
            polls: a.polls + b.polls,
            events: a.events + b.events,
            probes: a.probes + b.probes,
            bytes: a.bytes + b.bytes,
            replans: a.replans + b.replans,
            woken_by_settings: a.woken_by_settings + b.woken_by_settings,
            refusals: a.refusals + b.refusals,
            yields: a.yields + b.yields,
            in_order: a.in_order + b.in_order,
            lifted: a.lifted + b.lifted,
            cut: a.cut + b.cut,
            resets: a.resets + b.resets,
            resets_behind_ends: a.resets_behind_ends + b.resets_behind_ends,
        })
    }
}
