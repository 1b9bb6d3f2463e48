//! What must hold whenever the loop parks, and when it says that the connection is over.

use std::io::ErrorKind;
use std::time::Duration;

use faultboard::fault::Direction;
use faultboard::proxy::pump::{End, TakeDown};
use faultboard::snapshot::{CloseReason, LegName};

use super::ledger::{lane_to, name_of};
use super::world::World;

/// So long after a leg broke nothing is dropped.
const HEARD: Duration = Duration::from_millis(900);

// === impl World ===

impl World {
    /// The loop has parked: the gauge shows what is so, and the loop calls itself idle only if it is.
    /// One that only gives others their turn has not said yet what it waits for.
    pub(crate) fn check_parked(&self, idle: bool, yielded: bool) {
        assert!(
            !self.ledger.lifted,
            "what ends the connection when it goes has gone, and the connection goes on"
        );
        for direction in Direction::BOTH {
            self.check_gauge(direction);
            // Only where those who wait are those whom this poll has registered, at its end.
            if !yielded && self.weather.strict && self.refusals == 0 {
                self.check_full(direction);
                self.check_watched(direction.index());
            }
            let lane = &self.ledger.lanes[direction];
            let sink = 1 - direction.index();
            let waits = lane.held() > 0 || lane.end_read.is_some() && !lane.end_passed;
            assert!(
                !(idle && waits && !self.ledger.told[sink].deaf),
                "{direction}: idle, and something waits"
            );
        }
    }

    fn check_gauge(&self, direction: Direction) {
        let source = direction.index();
        let lane = &self.ledger.lanes[direction];
        let gauge = &lane.gauge;
        let dropped = self.ledger.told[1 - source].deaf;
        let held = if dropped { 0 } else { lane.held() };
        assert_eq!(
            gauge.arrived,
            lane.arrived - lane.pushed,
            "{direction}: the gauge of what arrived"
        );
        assert_eq!(
            gauge.delivered, lane.delivered,
            "{direction}: the gauge of what was delivered"
        );
        assert_eq!(gauge.held, held, "{direction}: the gauge of what waits");
        assert_eq!(
            gauge.ended, lane.end_passed,
            "{direction}: the gauge of the end"
        );
    }

    /// A sender is shown as held up by faults if it is.
    fn check_full(&self, direction: Direction) {
        let source = direction.index();
        let lane = &self.ledger.lanes[direction];
        let gauge = &lane.gauge;
        let dropped = self.ledger.told[1 - source].deaf;
        let open = !dropped && !self.ledger.told[source].mute;
        let reads = self.legs[source].waits.read.is_some();
        if open && lane.held() > 0 && !reads {
            // Not read: because faults hold all that may wait, the budget is spent, or because the receiver takes nothing.
            let may_act = Direction::BOTH.map(|direction| self.ledger.acts(direction, self.now));
            let may_be_full = may_act != [false; 2] || self.weather.frugal;
            let acts = self.ledger.at(self.now, "bandwidth", direction).is_some();
            assert!(
                !gauge.full || may_be_full,
                "{direction}: full without a fault"
            );
            assert!(gauge.full || !acts, "{direction}: not read and not full");
        } else {
            // One direction may spend the budget while the other still waits to be read.
            assert!(
                !gauge.full || !open || self.weather.frugal,
                "{direction}: full, and read"
            );
        }
    }

    /// That a leg breaks is noticed whether it is read or not.
    fn check_watched(&self, leg: usize) {
        let waits = &self.legs[leg].waits;
        let listens = waits.read.is_some() || waits.error.is_some();
        assert!(
            listens || self.ledger.told[leg].deaf,
            "nobody would notice that leg {leg} breaks"
        );
    }

    /// The connection is over: by a fault that acted on it, in order with all bytes, or by reset with all that arrived ahead of it.
    pub(crate) fn check_end(&self, end: &End) {
        if let CloseReason::Fault(kind) = &end.reason {
            let mut may = self.ledger.may_cut.iter();
            assert!(
                may.any(|(name, how)| name == kind && *how == end.how),
                "{kind} ends a connection that it never acted on"
            );
        } else if end.how == TakeDown::Reset {
            self.check_reset(&end.reason);
        } else {
            self.check_order(&end.reason);
        }
    }

    fn check_order(&self, reason: &CloseReason) {
        for direction in Direction::BOTH {
            let [source, sink] = [direction.index(), 1 - direction.index()];
            let lane = &self.ledger.lanes[direction];
            assert!(
                lane.end_passed,
                "{direction}: over before the end of the stream"
            );
            assert_eq!(
                lane.delivered, self.legs[source].said,
                "{direction}: over before all was delivered"
            );
            assert_eq!(
                self.legs[sink].layer, 0,
                "{direction}: over before all was flushed"
            );
        }
        let expected = match self.ledger.first_done {
            Some(Direction::Down) => CloseReason::UpstreamDone,
            _ => CloseReason::ClientDone,
        };
        assert_eq!(*reason, expected);
    }

    fn check_reset(&self, reason: &CloseReason) {
        let (leg, error, finished) = self.ledger.first.expect("a reset without an error");
        let expected = match leg {
            LegName::Client if finished => CloseReason::UpstreamDone,
            LegName::Upstream if finished => CloseReason::ClientDone,
            _ => CloseReason::Io {
                leg,
                error: in_words(error),
            },
        };
        assert_eq!(*reason, expected);
        let broke = self.ledger.broke.expect("a time beside the error");
        if self.now >= broke + HEARD {
            // The other peer was to hear of it by then, whatever waits.
            return;
        }
        for sink in [0, 1] {
            let [told, other] = [&self.ledger.told[sink], &self.ledger.told[1 - sink]];
            if told.deaf {
                continue;
            }
            let direction = lane_to(sink);
            let lane = &self.ledger.lanes[direction];
            assert!(
                other.deaf,
                "{}: reset although nothing broke",
                name_of(sink)
            );
            assert!(other.mute, "{direction}: reset before the rest was read");
            assert_eq!(
                lane.delivered, lane.arrived,
                "{direction}: reset ahead of bytes that arrived"
            );
            assert_eq!(
                self.legs[sink].layer, 0,
                "{direction}: reset ahead of bytes that were not flushed"
            );
        }
    }
}

fn in_words(error: ErrorKind) -> String {
    match error {
        ErrorKind::ConnectionReset => "connection reset".to_owned(),
        ErrorKind::TimedOut => "connection timed out".to_owned(),
        _ => "connection closed while bytes were on their way".to_owned(),
    }
}
