//! The ledger of a connection: what arrived, what left, what was told, and what must be true of all of it.
//!
//! Every call to a socket and every word to the gauge is entered here and checked at once. The ledger knows nothing of
//! how the loop works: only the bytes, the times, the errors that it was told, and the settings that it has taken over.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use faultboard::fault::link::Circumstances;
use faultboard::fault::motion::Motion;
use faultboard::fault::{Direction, Kind, Plan, Setting, Value};
use faultboard::snapshot::LegName;

use super::lane::{Lane, Paced};

/// The leg that `direction` leads to is the source of the other one.
pub(crate) fn lane_to(leg: usize) -> Direction {
    Direction::BOTH[1 - leg]
}

pub(crate) fn name_of(leg: usize) -> LegName {
    [LegName::Client, LegName::Upstream][leg]
}

/// How a leg told an error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Reading,
    Writing,
    /// Neither: it was watched while it was not read.
    Watching,
}

/// What is known of a leg from what it told.
#[derive(Default)]
pub(crate) struct Told {
    /// It takes nothing more.
    pub(crate) deaf: bool,
    /// It gives nothing more: an error or the end was read.
    pub(crate) mute: bool,
}

pub(crate) struct Ledger {
    pub(crate) circumstances: Circumstances,
    pub(crate) plan: Plan,
    pub(crate) lanes: [Lane; 2],
    pub(crate) told: [Told; 2],
    /// The first error that was told, and whether its leg had been sent the end of the other's stream before.
    pub(crate) first: Option<(LegName, ErrorKind, bool)>,
    /// When it was told.
    pub(crate) broke: Option<Instant>,
    /// The direction that ended first.
    pub(crate) first_done: Option<Direction>,
}

// === impl Ledger ===

impl Ledger {
    pub(crate) fn new(circumstances: Circumstances) -> Self {
        Self {
            circumstances,
            plan: Plan::default(),
            lanes: Direction::BOTH.map(Lane::new),
            told: Default::default(),
            first: None,
            broke: None,
            first_done: None,
        }
    }

    /// Bytes were read from a leg: they are what its peer says, and `bytes` is where they go.
    pub(crate) fn arrived(&mut self, leg: usize, bytes: &mut [u8], now: Instant) {
        assert!(!self.told[leg].mute, "leg {leg} is read after its end");
        let waits = self.lanes[leg].held() > 0;
        let acts = Direction::BOTH.map(|direction| self.acts(direction));
        assert!(
            !waits || acts != [false; 2],
            "leg {leg} is read although the other takes nothing and no fault acts"
        );
        self.lanes[leg].arrive(bytes, now);
    }

    /// Bytes were queued that were read before the loop began; the gauge is not told.
    pub(crate) fn pushed(&mut self, direction: Direction, bytes: &mut [u8], now: Instant) {
        let lane = &mut self.lanes[direction.index()];
        lane.arrive(bytes, now);
        lane.pushed = lane.arrived;
    }

    /// A leg told the end of its stream: in truth, or because its error has been told.
    pub(crate) fn end_was_read(&mut self, leg: usize, in_truth: bool, now: Instant) {
        assert!(!self.told[leg].mute, "leg {leg} is read after its end");
        self.told[leg].mute = true;
        if in_truth {
            self.lanes[leg].end_read = Some(now);
        }
    }

    /// Bytes were written to a leg.
    pub(crate) fn delivered(&mut self, leg: usize, bytes: &[u8], now: Instant) {
        let direction = lane_to(leg);
        let [least, first] = self.least_delays(direction);
        let lane = &mut self.lanes[direction.index()];
        assert!(
            !lane.end_passed,
            "{direction}: bytes behind the end of the stream"
        );
        let first = if lane.delivered == 0 { first } else { least };
        lane.deliver(bytes, now, first, least);
    }

    /// The end of the stream was passed on to a leg.
    pub(crate) fn ended(&mut self, leg: usize, now: Instant) {
        let direction = lane_to(leg);
        let [least, _] = self.least_delays(direction);
        let lane = &mut self.lanes[direction.index()];
        assert!(!lane.end_passed, "{direction}: two ends of the stream");
        assert_eq!(
            lane.delivered, lane.arrived,
            "{direction}: the end is ahead of bytes"
        );
        let read = lane
            .end_read
            .expect("an end is passed on of a stream that never ended");
        assert!(
            now >= read + least,
            "{direction}: the end of the stream is early"
        );
        lane.end_passed = true;
        self.first_done.get_or_insert(direction);
    }

    /// A leg told an error.
    pub(crate) fn failed(&mut self, leg: usize, error: ErrorKind, said: Said, now: Instant) {
        let told = &mut self.told[leg];
        assert!(
            said != Said::Reading || !told.mute,
            "leg {leg} is read after its end"
        );
        assert!(
            said != Said::Watching || !told.deaf,
            "leg {leg} is watched although it is known to be broken"
        );
        told.deaf = true;
        told.mute |= said == Said::Reading;
        let finished = self.lanes[1 - leg].end_passed;
        self.first.get_or_insert((name_of(leg), error, finished));
        self.broke.get_or_insert(now);
    }

    /// The loop takes over settings.
    pub(crate) fn replan(&mut self, plan: &Plan, now: Instant) {
        self.plan = plan.clone();
        for direction in Direction::BOTH {
            let rate = self
                .in_force("bandwidth", direction)
                .and_then(|setting| Motion::of(&setting, direction, now));
            let rate = rate.map(|motion| motion.most().ceil() as u64);
            let lane = &mut self.lanes[direction.index()];
            if lane.paced.as_ref().map(|paced| paced.rate) != rate {
                lane.paced = rate.map(|rate| Paced::new(rate, now));
            }
        }
    }

    /// The setting of a kind that acts on this connection in `direction`, with that direction's values.
    pub(crate) fn in_force(&self, kind: &str, direction: Direction) -> Option<Setting> {
        let setting = self.plan.one_way(Kind::named(kind)?, direction)?;
        let acts = !self.plan.bypassed && self.circumstances.hits(setting.kind, setting.share);
        acts.then_some(setting)
    }

    /// Whether any fault acts on this connection in `direction`.
    pub(crate) fn acts(&self, direction: Direction) -> bool {
        let acts = |setting: &Setting| {
            setting.directions.contain(direction)
                && self.circumstances.hits(setting.kind, setting.share)
        };
        !self.plan.bypassed && self.plan.settings().iter().any(acts)
    }

    /// How long the settings in force hold every byte at least, and the first byte of all.
    pub(crate) fn least_delays(&self, direction: Direction) -> [Duration; 2] {
        let here = self.in_force("latency", direction);
        let back = self.in_force("latency", direction.opposite());
        let time = |setting: &Option<Setting>, name| {
            let value = setting.as_ref().and_then(|setting| setting.value(name));
            value.and_then(Value::time).unwrap_or_default()
        };
        let asks = |setting: &Option<Setting>| {
            let value = setting
                .as_ref()
                .and_then(|setting| setting.value("handshake"));
            value == Some(Value::Switch(true))
        };
        let jitter = time(&here, "jitter");
        // What floating point may lose of a nanosecond.
        let rounding = Duration::from_nanos(if jitter.is_zero() { 0 } else { 2 });
        let distribution = here.as_ref().and_then(|setting| setting.value("dist"));
        let depth = here.as_ref().and_then(|setting| {
            setting.value("wave")?;
            let depth = setting.value("depth").and_then(Value::time);
            Some(depth.unwrap_or_else(|| time(&here, "time") / 2) + Duration::from_nanos(2))
        });
        let lowest = time(&here, "time").saturating_sub(depth.unwrap_or_default());
        let least = match distribution {
            _ if jitter.is_zero() => lowest,
            Some(Value::Word("uniform")) => lowest.saturating_sub(jitter + rounding),
            _ => Duration::ZERO,
        };
        let shakes = direction == Direction::Up && (asks(&here) || asks(&back));
        let handshake = if shakes {
            time(&here, "time") + time(&back, "time")
        } else {
            Duration::ZERO
        };
        [least, least + handshake]
    }
}
