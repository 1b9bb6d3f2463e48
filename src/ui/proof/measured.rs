//! What was measured of one proxy, as the figures that its knobs are held against.

use std::time::Duration;

use crate::fault::knob::WaitOf;
use crate::fault::{Direction, Directions, Losses, PerDirection, Plan, Setting, Value};
use crate::snapshot::{History, Point, ProxyRow, Spread, Wait};
use crate::ui::format::{self, RateUnit};
use crate::ui::knob::Dial;
use crate::units::{ByteCount, ByteRate, Percent};

/// A measured value, as text of 7 columns at most, and on how many samples it rests.
pub(super) type Figure = (Option<Value>, String, Option<u64>);

/// What was measured of one proxy while a plan was in force.
pub(in crate::ui) struct Measured<'a> {
    pub(in crate::ui) row: &'a ProxyRow,
    pub(in crate::ui) plan: &'a Plan,
    /// When its faults were changed last.
    pub(super) changed: Option<Duration>,
    pub(super) busiest: Option<PerDirection<f64>>,
    /// What rates are shown in.
    pub(in crate::ui) rates_in: RateUnit,
}

// === impl Measured ===

impl Measured<'_> {
    /// The added delay over these directions: the sum of both, where both were measured.
    pub(in crate::ui) fn added(&self, directions: Directions) -> Option<Spread> {
        let spreads = ways(directions).filter_map(|way| self.row.added[way]);
        spreads.reduce(|up, down| Spread {
            count: up.count + down.count,
            p1: up.p1 + down.p1,
            p50: up.p50 + down.p50,
            p99: up.p99 + down.p99,
        })
    }

    /// A figure of the added delay, with the direction that it is of where the other one is set and was not measured.
    pub(super) fn delay(
        &self,
        dial: &Dial,
        directions: Directions,
        figure: fn(&Spread) -> Duration,
    ) -> Figure {
        let Some(spread) = self.added(directions) else {
            return (None, "-".to_owned(), Some(0));
        };
        let is_measured = |way: &Direction| self.row.added[*way].is_some();
        let is_missing = |way: Direction| {
            let set = dial.value(self.plan, Directions::Only(way));
            set.is_some() && !is_measured(&way)
        };
        let measured = ways(directions).find(is_measured).map(arrow);
        let arrow = measured.filter(|_| ways(directions).any(is_missing));
        let time = figure(&spread);
        let text = figure_text(arrow.unwrap_or_default(), time);
        (Some(Value::Time(time)), text, Some(spread.count))
    }

    /// The rates that a rate's proof rests on: of the fastest connection where each has its own, else of all together.
    pub(in crate::ui) fn rates(&self, dial: &Dial) -> PerDirection<f64> {
        let mut ways = Direction::BOTH.into_iter();
        let each = ways.any(|way| self.plan.find(dial.kind, way).is_some_and(is_each));
        self.busiest.filter(|_| each).unwrap_or(self.row.rates)
    }

    /// Bytes per second: of the fastest connection where each has its own rate, else of all together. Of two
    /// directions, the faster one.
    pub(super) fn rate(&self, dial: &Dial, directions: Directions) -> Figure {
        let rates = ways(directions).map(|way| self.rates(dial)[way]);
        let rate = rates.fold(0.0, f64::max);
        if self.row.open == 0 && rate == 0.0 {
            return (None, "-".to_owned(), None);
        }
        let text = self.rates_in.short(rate);
        (Some(Value::Rate(byte_rate(rate))), text, None)
    }

    /// Which share of the connections so far the kind has ended.
    pub(super) fn ended(&self, dial: &Dial) -> Figure {
        let ended = self.row.ended.iter();
        let ended = ended.filter(|(kind, _)| *kind == dial.kind.name);
        let count: u64 = ended.map(|(_, count)| *count).sum();
        let total = self.row.total.max(count);
        let share = u32::try_from(count.saturating_mul(1_000_000) / total.max(1));
        let value = share.map(Percent::from_ppm).map(Value::Percent);
        let value = value.ok().filter(|_| count > 0);
        let text = format!("{}x", format::count(count));
        (value, text, Some(total))
    }

    /// How many bytes wait.
    pub(super) fn held(&self, directions: Directions) -> Figure {
        let bytes: u64 = ways(directions).map(|way| self.row.held[way]).sum();
        let value = Value::Size(ByteCount::new(bytes));
        let text = format::bytes_short(bytes as f64);
        (Some(value).filter(|_| bytes > 0), text, None)
    }

    /// Those of the directions in which the dial's kind acts; all of them where it acts in none.
    pub(super) fn hit(&self, dial: &Dial, directions: Directions) -> Directions {
        let sets = |way| self.plan.find(dial.kind, way).is_some();
        match (directions, Direction::BOTH.map(sets)) {
            (Directions::Both, [true, false]) => Directions::Only(Direction::Up),
            (Directions::Both, [false, true]) => Directions::Only(Direction::Down),
            _ => directions,
        }
    }

    /// What the points of the last minute come to in these directions, but for those from before the last change.
    pub(super) fn since_changed(
        &self,
        directions: Directions,
        of: impl Fn(&Point, Direction) -> f64,
    ) -> f64 {
        let since = self.changed.map(|at| at.saturating_add(History::STEP));
        let points = self.row.history.minute();
        let points = points.filter(|point| since.is_none_or(|since| point.at > since));
        let of = &of;
        points
            .flat_map(|point| ways(directions).map(move |way| of(point, way)))
            .sum()
    }

    /// How many of the virtual senders' packets were lost.
    pub(super) fn lost(&self, directions: Directions) -> Figure {
        let sent = self.since_changed(directions, |it, way| it.losses[way].sent as f64);
        let lost = self.since_changed(directions, |it, way| it.losses[way].lost as f64);
        share_of(lost, sent)
    }

    /// How often in the last minute bytes waited for others before them that had to be sent again, and what share of the
    /// messages did; short and in words.
    pub(super) fn stalls(&self, directions: Directions) -> Option<[String; 2]> {
        self.row.sending?;
        let sum = |of: fn(&Losses) -> u64| {
            self.since_changed(directions, |it, way| of(&it.losses[way]) as f64)
        };
        let stalls = format::count(whole(sum(|losses| losses.stalls)));
        let (_, late, _) = share_of(sum(|losses| losses.late), sum(|losses| losses.messages));
        Some(
            ["late", "of messages late"]
                .map(|late_in| format!("{late} {late_in}  {stalls} stalls/m")),
        )
    }

    /// How many bytes a write took.
    pub(super) fn writes(&self, directions: Directions) -> Figure {
        let writes = self.writes_per_second(directions);
        if writes == 0.0 {
            return (None, "-".to_owned(), None);
        }
        let bytes: f64 = ways(directions).map(|way| self.row.rates[way]).sum();
        let each = whole(bytes / writes);
        let size = Value::Size(ByteCount::new(each));
        (Some(size), format::bytes_short(each as f64), None)
    }

    pub(super) fn writes_per_second(&self, directions: Directions) -> f64 {
        ways(directions).map(|way| self.row.writes[way]).sum()
    }

    /// How many of the bytes left as others than they came.
    pub(super) fn flips(&self, directions: Directions) -> Figure {
        let second = History::STEP.as_secs_f64();
        let passed = self.since_changed(directions, |it, way| it.rates[way] * second);
        share_of(self.flipped(directions), passed)
    }

    pub(super) fn flipped(&self, directions: Directions) -> f64 {
        self.since_changed(directions, |it, way| it.changed[way].into())
    }

    /// How long the last one of its kind had to wait.
    pub(super) fn waited(&self, of: WaitOf) -> Figure {
        match self.wait(of) {
            Some(wait) => {
                let time = Value::Time(wait.took);
                (Some(time), figure_text("", wait.took), None)
            }
            None => (None, "-".to_owned(), None),
        }
    }

    pub(super) fn wait(&self, of: WaitOf) -> Option<Wait> {
        match of {
            WaitOf::Accept => self.row.waits.accept,
            WaitOf::Dial => self.row.waits.dial,
            WaitOf::Close => self.row.waits.close,
        }
    }

    /// The window of the virtual sender, in packets.
    pub(super) fn window(&self) -> String {
        let sending = self.row.sending;
        sending.map_or_else(|| "-".to_owned(), |sending| format!("w{}", sending.window))
    }

    /// What the virtual sender is at beside its window: the round trip with its queue, and what was lost in the last minute.
    pub(super) fn sender(&self) -> Option<String> {
        let round_trip = format::time_tight(self.row.sending?.round_trip);
        let points = self.row.history.minute();
        let lost: u64 = points
            .map(|point| point.losses.map(|it| it.lost).sum())
            .sum();
        let lost = format::count(lost);
        Some(format!("rtt {round_trip} drop {lost}/m"))
    }
}

/// `↑` or `↓`.
pub(in crate::ui) const fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "↑",
        Direction::Down => "↓",
    }
}

/// Those of the two directions that are meant.
pub(super) fn ways(directions: Directions) -> impl Iterator<Item = Direction> {
    let both = Direction::BOTH.into_iter();
    both.filter(move |way| directions.contain(*way))
}

/// Whether a setting paces each connection by itself.
pub(super) fn is_each(setting: &Setting) -> bool {
    setting.kind.shares.is_some_and(|shares| !shares(setting))
}

/// The share that some are of all; none of nothing.
pub(super) fn share_of(some: f64, all: f64) -> Figure {
    let ppm = (all >= 1.0).then(|| whole(1e6 * (some / all).min(1.0)));
    let share = ppm.and_then(|ppm| u32::try_from(ppm).ok());
    let share = share.map(Percent::from_ppm);
    let shown = |share: Percent| format::share_short(share.fraction() * 100.0);
    let text = share.map_or_else(|| "-".to_owned(), shown);
    (share.map(Value::Percent), text, Some(whole(all)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and nothing counted is negative"
)]
pub(super) fn whole(count: f64) -> u64 {
    count.round() as u64
}

/// Half the way from the 1st percentile to the 99th.
pub(in crate::ui) fn half_width(spread: &Spread) -> Duration {
    spread.p99.saturating_sub(spread.p1) / 2
}

pub(super) fn byte_rate(rate: f64) -> ByteRate {
    ByteRate::new(whole(rate))
}

/// A measured time on a knob; less than a tenth of a millisecond says nothing about a setting.
pub(super) fn figure_text(way: &str, time: Duration) -> String {
    let shown = if time < Duration::from_micros(100) {
        Duration::ZERO
    } else {
        time
    };
    format!("{way}{}", format::time_tight(shown))
}
