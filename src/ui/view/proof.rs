//! Did the knob do anything? What is set beside what was measured, and why they differ where they do.
//!
//! A knob never claims more than was measured: without traffic there is a dash and a reason, and for a moment after a
//! change, while the last second still holds bytes of the old setting, nothing is judged.

use std::time::Duration;

use crate::fault::knob::Metric;
use crate::fault::{Direction, Directions, Plan, Setting, Value};
use crate::snapshot::{ProxyId, ProxyRow, Snapshot, Spread};
use crate::ui::format;
use crate::ui::knob::{self, Dial};
use crate::ui::model::Model;

/// For so long after a change the last second still shows what was before it.
const SETTLES: Duration = Duration::from_secs(2);

/// One knob of one proxy: set, measured, and what to think of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) set: Option<Value>,
    pub(super) measured: Option<Value>,
    /// At most 7 columns: `250ms`, `±25ms`, `↓64K/s`, `off`.
    pub(super) set_text: String,
    /// At most 7 columns: `251ms`, `340K/s`, `-`.
    pub(super) measured_text: String,
    pub(super) verdict: Verdict,
    /// How many samples it rests on, where they are counted.
    pub(super) count: Option<u64>,
}

/// Whether what was measured is what was set.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// Nothing is set.
    Off,
    /// It was changed a moment ago.
    Settling,
    /// There is no figure to judge it by.
    Unjudged,
    /// It is.
    Agrees,
    /// Nobody can say, and why.
    Unknown(String),
    /// It is not, and why.
    Differs(String),
}

/// Why a knob's proof is missing, or fails.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gap {
    /// `LAT 140ms: 2 of 11 wait for a chunk`.
    pub(super) text: String,
    /// Whether it fails.
    pub(super) differs: bool,
}

/// What a proxy's knobs are judged by.
pub(super) struct Proof<'a> {
    pub(super) row: &'a ProxyRow,
    pub(super) plan: &'a Plan,
    pub(super) settling: bool,
    busiest: Option<[f64; 2]>,
}

/// The rates of the fastest connection of each of these proxies, up and down.
///
/// A rate for each connection is proved by the fastest of them; this is asked only where such a rate is set.
pub(super) fn busiest(snapshot: &Snapshot, proxies: &[ProxyId]) -> Vec<(ProxyId, [f64; 2])> {
    let mut found: Vec<_> = proxies.iter().map(|id| (*id, [0.0; 2])).collect();
    if found.is_empty() {
        return found;
    }
    for conn in &snapshot.conns {
        if let Some((_, fastest)) = found.iter_mut().find(|(id, _)| *id == conn.proxy) {
            fastest[0] = conn.rates[0].max(fastest[0]);
            fastest[1] = conn.rates[1].max(fastest[1]);
        }
    }
    found
}

/// `↑` or `↓`.
pub(super) const fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "↑",
        Direction::Down => "↓",
    }
}

/// Whether a setting paces each connection by itself.
fn is_each(setting: &Setting) -> bool {
    setting.kind.shares.is_some_and(|shares| !shares(setting))
}

// === impl Verdict ===

impl Verdict {
    /// Between set and measured.
    pub(super) const fn mark(&self) -> &'static str {
        match self {
            Self::Agrees => "=",
            Self::Differs(_) => "!",
            Self::Off | Self::Settling | Self::Unjudged | Self::Unknown(_) => "▸",
        }
    }

    /// Why it does not simply agree.
    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::Unknown(why) | Self::Differs(why) => Some(why),
            Self::Off | Self::Settling | Self::Unjudged | Self::Agrees => None,
        }
    }
}

// === impl Proof ===

impl<'a> Proof<'a> {
    /// What the knobs of `row` are judged by; `busiest` as made for the proxies that are shown.
    pub(super) fn new(
        model: &'a Model,
        row: &'a ProxyRow,
        busiest: &[(ProxyId, [f64; 2])],
    ) -> Self {
        let changed = model.changes_of(row.id).next_back();
        let is_fresh = |at: Duration| model.snapshot.at < at.saturating_add(SETTLES);
        Self {
            row,
            plan: model.present(row),
            settling: model.drafts.contains_key(&row.id)
                || changed.is_some_and(|change| is_fresh(change.at)),
            busiest: busiest
                .iter()
                .find(|(id, _)| *id == row.id)
                .map(|(_, rates)| *rates),
        }
    }

    /// Whether judging needs the rates of the fastest connection.
    pub(super) fn needs_busiest(model: &Model, row: &ProxyRow) -> bool {
        let plan = model.plan(row.id).unwrap_or(&row.plan);
        row.open > 1 && plan.settings().iter().any(is_each)
    }

    /// A knob as it stands.
    pub(super) fn reading(&self, dial: &Dial, directions: Directions) -> Reading {
        let set = dial.value(self.plan, directions);
        let (measured, measured_text, count) = match dial.knob.metric {
            Metric::AddedDelay => self.added(dial, directions, |spread| spread.p50),
            Metric::AddedSpread => self.added(dial, directions, half_width),
            Metric::Rate => self.rate(dial, directions),
            Metric::Ended => self.ended(dial),
            Metric::Held => self.held(directions),
            Metric::None => (None, "-".to_owned(), None),
        };
        Reading {
            set,
            measured,
            set_text: self.set_text(dial, directions, set),
            measured_text,
            verdict: self.verdict(dial, directions, set, measured),
            count,
        }
    }

    /// What is to say of all knobs that are set; else of the first that differs, or that nobody can judge.
    pub(super) fn gap(&self, directions: Directions) -> Option<Gap> {
        let of_all = self.of_all();
        let mut unknown = None;
        for dial in knob::all() {
            let reading = self.reading(dial, directions);
            let Some(why) = reading.verdict.reason() else {
                continue;
            };
            let differs = matches!(reading.verdict, Verdict::Differs(_));
            let label = dial.knob.label;
            let text = match (&of_all, differs) {
                (Some(_), _) => why.to_owned(),
                (None, true) => format!("{label} {}: {why}", reading.measured_text),
                (None, false) => format!("{label}: {why}"),
            };
            let gap = Gap { text, differs };
            if differs || of_all.is_some() {
                return Some(gap);
            }
            unknown = unknown.or(Some(gap));
        }
        unknown
    }

    fn set_text(&self, dial: &Dial, directions: Directions, set: Option<Value>) -> String {
        let Some(set) = set else {
            // Set, and not its time yet or any more.
            return if self.moves(dial) { "~off" } else { "off" }.to_owned();
        };
        let ways = Direction::BOTH.map(|direction| self.plan.find(dial.kind, direction));
        let way = match (directions, ways) {
            _ if self.moves(dial) => "~",
            (Directions::Only(direction), _) => arrow(direction),
            (Directions::Both, [Some(_), None]) => "↑",
            (Directions::Both, [None, Some(_)]) => "↓",
            (Directions::Both, [Some(up), _]) if up.directions != Directions::Both => "↕",
            (Directions::Both, _) if dial.knob.metric == Metric::AddedSpread => "±",
            (Directions::Both, _) => "",
        };
        format!("{way}{}", format::value(set))
    }

    /// A figure of the added delay, over a round trip where both directions are asked for.
    fn added(
        &self,
        dial: &Dial,
        directions: Directions,
        figure: impl Fn(&Spread) -> Duration,
    ) -> (Option<Value>, String, Option<u64>) {
        let mut sum = None;
        let mut count = 0;
        let mut missing = None;
        let mut present = None;
        for direction in Direction::BOTH {
            if !directions.contain(direction) {
                continue;
            }
            let one_way = Directions::Only(direction);
            match self.row.added[direction.index()] {
                Some(spread) => {
                    sum = Some(sum.unwrap_or(Duration::ZERO) + figure(&spread));
                    count += spread.count;
                    present = Some(direction);
                }
                None if dial.value(self.plan, one_way).is_some() => missing = Some(direction),
                None => {}
            }
        }
        let way = match (missing, present) {
            (Some(_), Some(present)) => arrow(present),
            _ => "",
        };
        let text = sum.map_or_else(|| "-".to_owned(), |time| figure_text(way, time));
        (sum.map(Value::Time), text, Some(count))
    }

    pub(super) fn rates(&self, dial: &Dial) -> [f64; 2] {
        let mut ways = Direction::BOTH.into_iter();
        let each = ways.any(|way| self.plan.find(dial.kind, way).is_some_and(is_each));
        self.busiest.filter(|_| each).unwrap_or(self.row.rates)
    }
}

/// Why some connections do not run what is set.
pub(super) fn waiting(row: &ProxyRow) -> String {
    let others = row.open.saturating_sub(row.taken);
    let since = row.waiting.map_or_else(String::new, |waiting| {
        format!(", since {}", format::time(waiting))
    });
    format!("{others} of {} wait for a chunk{since}", row.open)
}

/// Half the way from the 1st percentile to the 99th.
pub(super) fn half_width(spread: &Spread) -> Duration {
    spread.p99.saturating_sub(spread.p1) / 2
}

/// A measured time on a knob; less than a tenth of a millisecond says nothing about a setting.
fn figure_text(way: &str, time: Duration) -> String {
    let shown = if time < Duration::from_micros(100) {
        Duration::ZERO
    } else {
        time
    };
    format!("{way}{}", format::time_tight(shown))
}

#[cfg(test)]
#[path = "proof_tests.rs"]
pub(super) mod tests;
