//! What happens to a connection without its peers' doing: its settings change by themselves, a fault ends it.

use std::time::Instant;

use super::{End, Pump, Socket, TakeDown};
use crate::fault::Cut;
use crate::fault::link::Severed;
use crate::snapshot::CloseReason;

// === impl Pump ===

impl<S: Socket> Pump<S> {
    /// Takes the plan's own turns that have come.
    fn take_turn(&mut self, clock: impl Fn() -> Instant) {
        if let Some((in_force, turn)) = self.turns.take() {
            let now = clock();
            if turn <= now {
                self.replan(&in_force, now);
            } else {
                self.turns = Some((in_force, turn));
            }
        }
    }

    /// Takes the plan's own turns, and says whether a fault ends the connection now.
    pub(super) fn severed(&mut self, clock: impl Fn() -> Instant) -> Option<End> {
        self.take_turn(&clock);
        if self.doomed.is_some_and(|at| at <= clock()) {
            return Some(self.reset());
        }
        self.fate = None;
        for flow in &mut self.flows {
            if flow.link.is_unbound() {
                continue;
            }
            match flow.link.fate(clock()) {
                Ok(None) => {}
                Ok(Some(at)) => self.fate = Some(self.fate.map_or(at, |fate| fate.min(at))),
                Err(Severed { kind, cut }) => {
                    return Some(End {
                        reason: CloseReason::Fault(kind.name),
                        how: match cut {
                            Cut::Reset => TakeDown::Reset,
                            Cut::Close => TakeDown::Close,
                        },
                    });
                }
            }
        }
        None
    }
}
