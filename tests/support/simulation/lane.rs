//! One direction of the ledger: which bytes arrived when, which have left, and what the gauge says of it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use faultboard::fault::Direction;
use faultboard::units::ByteRate;

use super::speech;

/// One direction.
pub(crate) struct Lane {
    pub(crate) direction: Direction,
    /// Where each piece that has not all left ends, and when it arrived.
    arrivals: VecDeque<(u64, Instant)>,
    pub(crate) arrived: u64,
    /// What of it was read before the loop began.
    pub(crate) pushed: u64,
    pub(crate) delivered: u64,
    /// When the end of the stream was read.
    pub(crate) end_read: Option<Instant>,
    pub(crate) end_passed: bool,
    pub(crate) paced: Option<Paced>,
    /// What arrived from here on passes no more, while what holds it acts.
    pub(crate) gate: Option<u64>,
    pub(crate) gauge: Readings,
}

/// What the gauge was told.
#[derive(Default)]
pub(crate) struct Readings {
    pub(crate) arrived: u64,
    pub(crate) delivered: u64,
    pub(crate) held: u64,
    pub(crate) full: bool,
    pub(crate) ended: bool,
}

/// A rate in force, since when, and what has left in that time.
pub(crate) struct Paced {
    pub(crate) rate: u64,
    since: Instant,
    passed: u64,
    pieces: u64,
}

// === impl Lane ===

impl Lane {
    pub(crate) fn new(direction: Direction) -> Self {
        Self {
            direction,
            arrivals: VecDeque::new(),
            arrived: 0,
            pushed: 0,
            delivered: 0,
            end_read: None,
            end_passed: false,
            paced: None,
            gate: None,
            gauge: Readings::default(),
        }
    }

    /// How many bytes wait between the legs.
    pub(crate) fn held(&self) -> u64 {
        self.arrived - self.delivered
    }

    /// Fills `bytes` with what the peer says next.
    pub(crate) fn arrive(&mut self, bytes: &mut [u8], now: Instant) {
        speech::say(self.direction, self.arrived, bytes);
        self.arrived += bytes.len() as u64;
        self.arrivals.push_back((self.arrived, now));
    }

    /// Checks that `bytes` are the next ones and that none is early: the first waits for `first`, the rest for `least`.
    pub(crate) fn deliver(&mut self, bytes: &[u8], now: Instant, first: Duration, least: Duration) {
        let direction = self.direction;
        assert!(
            speech::understands(direction, self.delivered, bytes),
            "{direction}: {} bytes from {} on are not what was said",
            bytes.len(),
            self.delivered
        );
        self.delivered += bytes.len() as u64;
        assert!(
            self.delivered <= self.arrived,
            "{direction}: more left than arrived"
        );
        let mut wait = first;
        while let Some((end, arrived)) = self.arrivals.front().copied() {
            assert!(
                now >= arrived + wait,
                "{direction}: early by {:?}",
                arrived + wait - now
            );
            wait = least;
            if end <= self.delivered {
                self.arrivals.pop_front();
            }
            if end >= self.delivered {
                break;
            }
        }
        if let Some(paced) = &mut self.paced {
            paced.pass(direction, bytes.len() as u64, now);
        }
    }
}

// === impl Paced ===

impl Paced {
    pub(crate) fn new(rate: u64, since: Instant) -> Self {
        Self {
            rate,
            since,
            passed: 0,
            pieces: 0,
        }
    }

    /// Since the rate is in force, no more than it has passed, but for the piece that was under way, a packet or a
    /// millisecond's worth, and for what rounding to nanoseconds gives each piece.
    fn pass(&mut self, direction: Direction, bytes: u64, now: Instant) {
        const PACKET: u64 = 1_448;
        self.passed += bytes;
        self.pieces += 1 + self.rate / 1_000_000_000;
        let under_way = PACKET.max(self.rate / 1_000);
        let most = ByteRate::new(self.rate).bytes_in(now - self.since) + under_way;
        assert!(
            self.passed <= most + self.pieces,
            "{direction}: {} bytes in {:?} at {} B/s",
            self.passed,
            now - self.since,
            self.rate
        );
    }
}
