//! What the loop tells of its work, entered in the ledger.

use std::time::{Duration, Instant};

use faultboard::fault::Direction;
use faultboard::proxy::pump::Gauge;

use super::world::Shared;

/// The gauge that the loop is given.
pub(crate) struct Watch(pub(crate) Shared);

impl Gauge for Watch {
    fn delivered(&mut self, direction: Direction, bytes: usize, now: Instant) {
        let mut world = self.0.borrow_mut();
        assert_eq!(now, world.now, "{direction}: delivered at another time");
        world.ledger.lanes[direction].gauge.delivered += bytes as u64;
    }

    fn added(&mut self, direction: Direction, delay: Duration) {
        let world = self.0.borrow();
        let [least, _] = world.ledger.least_delays(direction, world.now);
        assert!(
            delay >= least,
            "{direction}: a delay of {delay:?} is told, and {least:?} is set"
        );
        assert!(
            delay <= world.now - world.start,
            "{direction}: a delay of {delay:?} is told"
        );
    }

    fn arrived(&mut self, direction: Direction, bytes: usize, now: Instant) {
        let mut world = self.0.borrow_mut();
        assert_eq!(now, world.now, "{direction}: arrived at another time");
        world.ledger.lanes[direction].gauge.arrived += bytes as u64;
    }

    fn holds(&mut self, direction: Direction, bytes: usize, full: bool) {
        let mut world = self.0.borrow_mut();
        world.note(|| {
            format!(
                "{direction} holds {bytes}{}",
                if full { ", full" } else { "" }
            )
        });
        let gauge = &mut world.ledger.lanes[direction].gauge;
        gauge.held = bytes as u64;
        gauge.full = full;
    }

    fn ended(&mut self, direction: Direction) {
        let mut world = self.0.borrow_mut();
        let gauge = &mut world.ledger.lanes[direction].gauge;
        assert!(!gauge.ended, "{direction}: two ends are told");
        gauge.ended = true;
    }
}
