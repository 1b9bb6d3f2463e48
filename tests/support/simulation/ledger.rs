//! The ledger of a connection: what arrived, what left, what was told, and what must be true of all of it.
//!
//! Every call to a socket and every word to the gauge is entered here and checked at once. The ledger knows nothing of
//! how the loop works: only the bytes, the times, the errors that it was told, and the settings that it has taken over.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use faultboard::fault::in_force::OneWay;
use faultboard::fault::link::Circumstances;
use faultboard::fault::motion::Motion;
use faultboard::fault::{
    Direction, InForce, KINDS, Kind, PerDirection, Schedule, Setting, SettingName, Value,
};
use faultboard::proxy::pump::TakeDown;
use faultboard::snapshot::LegName;

use super::lane::{Lane, Paced};
use super::plans::ON_DATA;

/// The leg that `direction` leads to is the source of the other one.
pub(crate) fn lane_to(leg: usize) -> Direction {
    Direction::BOTH[1 - leg]
}

pub(crate) fn name_of(leg: usize) -> LegName {
    [LegName::Client, LegName::Upstream][leg]
}

/// The kinds that let no byte pass.
const HOLDS: [&str; 2] = ["blackhole", ON_DATA];

/// Whether a setting ends the connection when it goes.
fn closes(setting: &Setting) -> bool {
    let lift = setting.value("lift");
    setting.kind.lifts.is_some() && lift == Some(Value::Word("close"))
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
    /// It said something after it was sent the end of the other's stream.
    pub(crate) answers: bool,
}

pub(crate) struct Ledger {
    pub(crate) circumstances: Circumstances,
    in_force: InForce,
    /// When the loop has last looked for what the settings change by themselves.
    looked: Instant,
    pub(crate) lanes: PerDirection<Lane>,
    pub(crate) told: [Told; 2],
    /// The first error that was told, and whether its leg had cut off nothing by it.
    pub(crate) first: Option<(LegName, ErrorKind, bool)>,
    /// The faults that have acted and may end the connection, each with how.
    pub(crate) may_cut: Vec<(&'static str, TakeDown)>,
    /// A fault has gone that ends the connection when it goes.
    pub(crate) lifted: bool,
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
            in_force: InForce::default(),
            looked: circumstances.opened,
            lanes: PerDirection::from_fn(Lane::new),
            told: Default::default(),
            first: None,
            may_cut: Vec::new(),
            lifted: false,
            broke: None,
            first_done: None,
        }
    }

    /// Bytes were read from a leg: they are what its peer says, and `bytes` is where they go.
    pub(crate) fn arrived(&mut self, leg: usize, bytes: &mut [u8], now: Instant) {
        assert!(!self.told[leg].mute, "leg {leg} is read after its end");
        let waits = self.lanes[Direction::BOTH[leg]].held() > 0;
        let acts = Direction::BOTH.map(|direction| self.acts(direction, now));
        assert!(
            !waits || acts != [false; 2],
            "leg {leg} is read although the other takes nothing and no fault acts"
        );
        self.told[leg].answers |= self.lanes[Direction::BOTH[1 - leg]].end_passed;
        self.lanes[Direction::BOTH[leg]].arrive(bytes, now);
    }

    /// Bytes were queued that were read before the loop began; the gauge is not told.
    pub(crate) fn pushed(&mut self, direction: Direction, bytes: &mut [u8], now: Instant) {
        let lane = &mut self.lanes[direction];
        lane.arrive(bytes, now);
        lane.pushed = lane.arrived;
    }

    /// A leg told the end of its stream: in truth, or because its error has been told.
    pub(crate) fn end_was_read(&mut self, leg: usize, in_truth: bool, now: Instant) {
        assert!(!self.told[leg].mute, "leg {leg} is read after its end");
        self.told[leg].mute = true;
        if in_truth {
            self.lanes[Direction::BOTH[leg]].end_read = Some(now);
        }
    }

    /// Bytes were written to a leg.
    pub(crate) fn delivered(&mut self, leg: usize, bytes: &[u8], now: Instant) {
        let direction = lane_to(leg);
        let [least, first] = self.least_delays(direction, now);
        let is_paced = self.at(now, "bandwidth", direction).is_some();
        let is_held = self.is_held(direction, now);
        let lane = &mut self.lanes[direction];
        lane.paced = lane.paced.take().filter(|_| is_paced);
        assert!(
            !lane.end_passed,
            "{direction}: bytes behind the end of the stream"
        );
        let first = if lane.delivered == 0 { first } else { least };
        lane.deliver(bytes, now, first, least);
        let gate = lane.gate.filter(|_| is_held);
        assert!(
            gate.is_none_or(|gate| lane.delivered <= gate),
            "{direction}: bytes pass what holds them"
        );
    }

    /// The end of the stream was passed on to a leg.
    pub(crate) fn ended(&mut self, leg: usize, now: Instant) {
        let direction = lane_to(leg);
        let [least, _] = self.least_delays(direction, now);
        let lane = &mut self.lanes[direction];
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
        let own_end =
            self.lanes[Direction::BOTH[leg]].end_read.is_some() || error == ErrorKind::BrokenPipe;
        let finished =
            self.lanes[Direction::BOTH[1 - leg]].end_passed && (own_end || !told.answers);
        self.first.get_or_insert((name_of(leg), error, finished));
        self.broke.get_or_insert(now);
    }

    /// The loop takes over settings.
    pub(crate) fn replan(&mut self, in_force: &InForce, now: Instant) {
        self.lifted = self.lifts(in_force, now);
        self.in_force = in_force.clone();
        self.pace(now, |rate, told| rate != told);
        self.judge(now);
    }

    /// The loop looks for what the settings change by themselves, at `now` or a little later. A rate that falls by itself is
    /// still held to the greater one.
    pub(crate) fn look(&mut self, now: Instant) {
        self.pace(now, |rate, told| rate.is_none() || rate > told);
        self.judge(now);
    }

    /// Remembers what may end the connection from now on, and what is held.
    fn judge(&mut self, now: Instant) {
        for direction in Direction::BOTH {
            for it in self.acting(direction, now) {
                let cut = if it.setting.kind.name == ON_DATA {
                    Some(TakeDown::Reset)
                } else {
                    closes(&it.setting).then_some(TakeDown::Close)
                };
                let cut = cut.map(|cut| (it.setting.kind.name, cut));
                self.may_cut.extend(cut);
            }
            let is_held = self.is_held(direction, now);
            let lane = &mut self.lanes[direction];
            lane.gate = is_held.then(|| lane.gate.unwrap_or(lane.arrived));
        }
    }

    /// Whether something acts that lets no byte pass.
    fn is_held(&self, direction: Direction, now: Instant) -> bool {
        let holds = |it: &OneWay| HOLDS.contains(&it.setting.kind.name);
        self.acting(direction, now).iter().any(holds)
    }

    /// What acts on this connection in a direction.
    fn acting(&self, direction: Direction, now: Instant) -> Vec<OneWay> {
        let kinds = KINDS.iter().copied();
        let named = kinds.flat_map(|kind| self.in_force.names(kind).map(move |name| (kind, name)));
        named
            .filter_map(|(kind, name)| self.called(now, kind, name, direction))
            .collect()
    }

    /// Whether what acted when the loop has last looked ends the connection by not being there any more.
    fn lifts(&self, after: &InForce, now: Instant) -> bool {
        Direction::BOTH.into_iter().any(|direction| {
            self.acting(direction, self.looked).iter().any(|it| {
                let it = &it.setting;
                let mut others = after.plan().settings().iter();
                let stays = !after.plan().bypassed
                    && others.any(|other| {
                        other.is(it.kind, it.name.as_ref()) && other.directions.contain(direction)
                    });
                // What begins or ends by itself may have done so in the middle of a poll.
                let is_steady = it.schedule == Schedule::default();
                closes(it) && is_steady && !stays && now > self.looked
            })
        })
    }

    /// Whether the settings change by themselves until then.
    pub(crate) fn turns_by(&self, then: Instant) -> bool {
        let turn = self.in_force.next_turn(self.looked);
        turn.is_some_and(|turn| turn <= then)
    }

    /// Begins to count at the rates of `now`, where `is_other` says so of the rate and of the one before.
    fn pace(&mut self, now: Instant, is_other: fn(Option<u64>, Option<u64>) -> bool) {
        self.looked = now;
        for direction in Direction::BOTH {
            let rate = self
                .at(now, "bandwidth", direction)
                .and_then(|it| Motion::of(&it.setting, it.from, it.since));
            let rate = rate.map(|motion| motion.most(now).ceil() as u64);
            let lane = &mut self.lanes[direction];
            if is_other(rate, lane.paced.as_ref().map(|paced| paced.rate)) {
                lane.paced = rate.map(|rate| Paced::new(rate, now));
            }
        }
    }

    /// The setting of a kind without a name that acts on this connection in `direction` at a time, with that direction's values.
    /// Those with names make what it does no less.
    pub(crate) fn at(&self, now: Instant, kind: &str, direction: Direction) -> Option<OneWay> {
        self.called(now, Kind::named(kind)?, None, direction)
    }

    fn called(
        &self,
        now: Instant,
        kind: &Kind,
        name: Option<&SettingName>,
        direction: Direction,
    ) -> Option<OneWay> {
        let it = self.in_force.acting(kind, name, direction, now)?;
        self.circumstances.hits(&it.setting).then_some(it)
    }

    /// Whether any fault acts on this connection in `direction`, now or when the loop has last looked.
    pub(crate) fn acts(&self, direction: Direction, now: Instant) -> bool {
        let mut times = [self.looked, now].into_iter();
        times.any(|now| {
            KINDS.iter().any(|kind| {
                let mut names = self.in_force.names(kind);
                names.any(|name| self.called(now, kind, name, direction).is_some())
            })
        })
    }

    /// How long the settings in force hold every byte at least, and the first byte of all: as they are now, or as they were
    /// when the loop has last looked.
    pub(crate) fn least_delays(&self, direction: Direction, now: Instant) -> [Duration; 2] {
        let [before, after] = [self.looked, now].map(|now| self.least_delays_at(direction, now));
        [before[0].min(after[0]), before[1].min(after[1])]
    }

    fn least_delays_at(&self, direction: Direction, now: Instant) -> [Duration; 2] {
        let ways = [direction, direction.opposite()].map(|way| self.at(now, "latency", way));
        let from = [&ways[0], &ways[1]].map(|it| it.as_ref().and_then(|it| it.from));
        let [here, back] = ways.map(|it| it.map(|it| it.setting));
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
        let rounding = Duration::from_nanos(2);
        // What the delay comes down to, whatever moves it. Of one that follows a trace nothing is known here.
        let lowest = |way: &Option<Setting>, from: Option<f64>| {
            let mut lowest = time(way, "time");
            if let Some(from) = from.filter(|_| !time(way, "ramp").is_zero()) {
                // Anything between where a ramp begins and where it ends.
                let from = Duration::from_secs_f64(from);
                lowest = lowest.min(from).saturating_sub(rounding);
            }
            if way.as_ref().is_some_and(|it| it.value("wave").is_some()) {
                let depth = way.as_ref().and_then(|it| it.value("depth")?.time());
                let depth = depth.unwrap_or_else(|| time(way, "time") / 2);
                lowest = lowest.saturating_sub(depth + rounding);
            }
            lowest
        };
        let distribution = here.as_ref().and_then(|setting| setting.value("dist"));
        let handshake = lowest(&here, from[0]) + lowest(&back, from[1]);
        let lowest = lowest(&here, from[0]);
        let least = match distribution {
            _ if jitter.is_zero() => lowest,
            Some(Value::Word("uniform")) => lowest.saturating_sub(jitter + rounding),
            _ => Duration::ZERO,
        };
        let shakes = direction == Direction::Up && (asks(&here) || asks(&back));
        [
            least,
            least + if shakes { handshake } else { Duration::ZERO },
        ]
    }
}
