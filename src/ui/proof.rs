//! Did the knob do anything? What is set beside what was measured, and why they differ where they do.
//!
//! Nothing here draws. A knob never claims more than was measured: without traffic there is a dash and a reason, and for a
//! moment after a change, while the last second still holds bytes of the old setting, nothing is judged.

use std::collections::HashMap;
use std::time::Duration;

use self::judge::Beside;
pub(in crate::ui) use self::measured::{Measured, arrow, half_width};
use self::measured::{is_each, ways, whole};
use super::ability;
use super::format;
use super::knob::{self, Dial};
use super::model::Model;
use crate::desk::Program;
use crate::fault::knob::Metric;
use crate::fault::{Direction, Directions, PerDirection, Value};
use crate::snapshot::{Phase, PortState, ProxyId, ProxyRow, Scheduled};
use crate::units::Percent;

mod judge;
mod measured;

/// The rates of each proxy's fastest connection, up and down.
pub(in crate::ui) type Busiest = HashMap<ProxyId, PerDirection<f64>>;

/// Why nobody can judge what hits connections at their beginning or end.
const UNMET: &str = "no connection has met it yet";
/// For so long after a change the last second still shows what was before it.
const SETTLES: Duration = Duration::from_secs(2);

/// What is left of a second counts as one.
const ALMOST: Duration = Duration::from_millis(999);

/// One knob of one proxy: set, measured, and what to think of it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Reading {
    pub(in crate::ui) set: Option<Value>,
    pub(in crate::ui) measured: Option<Value>,
    /// At most 7 columns: `250ms`, `±25ms`, `↓64K/s`, `off`.
    pub(in crate::ui) set_text: String,
    /// At most 7 columns: `251ms`, `340K/s`, `-`.
    pub(in crate::ui) measured_text: String,
    /// More of what was measured, for where there is room, and the same in words, for where there is much.
    pub(in crate::ui) more: Option<String>,
    pub(in crate::ui) in_words: Option<String>,
    pub(in crate::ui) verdict: Verdict,
    /// How many samples it rests on, where they are counted.
    pub(in crate::ui) count: Option<u64>,
    /// Whether what was measured proves nothing of the pain that the track shows: traffic that is slower than a cap.
    pub(in crate::ui) is_slack: bool,
}

/// Whether what was measured is what was set.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) enum Verdict {
    /// Nothing is set, so nothing is to be proved.
    Off,
    /// It was set a moment ago: the last second still holds what was before.
    Settling,
    /// Nothing is measured that it could be judged by.
    Unjudged,
    /// What was measured is what was set.
    Agrees,
    /// Nobody can say whether it is, for this reason.
    Unknown(String),
    /// It is not, for this reason.
    Differs(String),
}

/// Why a knob's proof is missing, or fails.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Gap {
    /// `LAT 140ms: 2 of 11 wait for a chunk`.
    pub(in crate::ui) text: String,
    /// Whether it fails.
    pub(in crate::ui) differs: bool,
}

/// What a proxy's knobs are judged by.
pub(in crate::ui) struct Proof<'a> {
    pub(in crate::ui) measured: Measured<'a>,
    pub(in crate::ui) settling: bool,
    /// The program that runs the proxy, and that it does not tell what the proxy does, where that is so.
    program: Program,
    untold: Option<String>,
    /// When it is, since the engine's start.
    now: Duration,
}

/// The rates of each proxy's fastest connection.
///
/// They prove the rates that are set for each connection by itself, and are looked for only where there are such.
pub(in crate::ui) fn busiest(model: &Model) -> Busiest {
    let needs_them = |row: &&ProxyRow| {
        let plan = model.plan(row.id).unwrap_or(&row.plan);
        row.open > 1 && plan.settings().iter().any(is_each)
    };
    let needing = model.snapshot.proxies.iter().filter(needs_them);
    let mut found: Busiest = needing
        .map(|row| (row.id, PerDirection::default()))
        .collect();
    if found.is_empty() {
        return found;
    }
    for conn in &model.snapshot.conns {
        if let Some(fastest) = found.get_mut(&conn.proxy) {
            *fastest = PerDirection::from_fn(|way| conn.rates[way].max(fastest[way]));
        }
    }
    found
}

// === impl Reading ===

impl Reading {
    /// What was measured, where it has a place on the track beside what is set.
    pub(in crate::ui) fn on_track(&self) -> Option<Value> {
        let measured = self.set.and(self.measured);
        measured.filter(|_| !self.is_slack)
    }
}

// === impl Verdict ===

impl Verdict {
    /// Between set and measured.
    pub(in crate::ui) const fn mark(&self) -> &'static str {
        match self {
            Self::Agrees => "=",
            Self::Differs(_) => "!",
            Self::Off | Self::Settling | Self::Unjudged | Self::Unknown(_) => "▸",
        }
    }

    /// Why it does not simply agree.
    pub(in crate::ui) fn reason(&self) -> Option<&str> {
        match self {
            Self::Unknown(why) | Self::Differs(why) => Some(why),
            Self::Off | Self::Settling | Self::Unjudged | Self::Agrees => None,
        }
    }
}

// === impl Proof ===

impl<'a> Proof<'a> {
    /// What the knobs of `row` are judged by.
    pub(in crate::ui) fn new(model: &'a Model, row: &'a ProxyRow, busiest: &Busiest) -> Self {
        let changed = model.changes_of(row.id).next_back();
        let shown = model.snapshot.at;
        let is_fresh = |at: Duration| (at..at.saturating_add(SETTLES)).contains(&shown);
        let turns = row.scheduled.iter().flat_map(Scheduled::turns);
        let turned = turns.map(|(at, _)| at).filter(|at| *at <= shown).max();
        let measured = Measured {
            row,
            plan: model.present(row),
            changed: changed
                .map(|change| change.at.max(change.turned))
                .max(turned),
            busiest: busiest.get(&row.id).copied(),
            rates_in: model.rates,
        };
        Self {
            measured,
            settling: model.drafts.contains_key(&row.id)
                || changed.is_some_and(|change| shown < change.at || is_fresh(change.at))
                || turned.is_some_and(is_fresh),
            program: ability::program_of(model, Some(row.id)),
            untold: ability::untold(model, row),
            now: model.shown_at(),
        }
    }

    /// A knob as it stands.
    pub(in crate::ui) fn reading(&self, dial: &Dial, directions: Directions) -> Reading {
        let set = dial.value(self.measured.plan, directions);
        let hit = self.measured.hit(dial, directions);
        let (measured, measured_text, count) = match dial.knob.metric {
            _ if self.untold.is_some() => (None, "-".to_owned(), None),
            Metric::AddedDelay => self.measured.delay(dial, directions, |spread| spread.p50),
            Metric::AddedSpread => self.measured.delay(dial, directions, half_width),
            Metric::Rate => self.measured.rate(dial, directions),
            Metric::Ended => self.measured.ended(dial),
            Metric::Held => self.measured.held(directions),
            Metric::Lost => self.measured.lost(hit),
            Metric::Writes => self.measured.writes(hit),
            Metric::Flips => self.measured.flips(hit),
            Metric::Waited(of) => self.measured.waited(of),
            Metric::Sender => (None, self.measured.window(), None),
            Metric::None => (None, "-".to_owned(), None),
        };
        let verdict = self.verdict(dial, directions, set, measured);
        let is_rate = dial.knob.metric == Metric::Rate;
        let stalls = (dial.knob.metric == Metric::Lost).then(|| self.measured.stalls(hit));
        let [stalls, in_words] = stalls.flatten().map(|it| it.map(Some)).unwrap_or_default();
        let lacks = self.program.lacks_kind(dial.kind);
        let set_text = match &lacks {
            Some(_) => "none".to_owned(),
            None => self.set_text(dial, directions, set),
        };
        Reading {
            in_words: lacks.or(in_words),
            is_slack: is_rate && matches!(verdict, Verdict::Unknown(_)),
            set,
            measured,
            set_text,
            measured_text,
            more: match dial.knob.metric {
                Metric::Sender => self.measured.sender(),
                Metric::Lost => stalls,
                Metric::Writes if measured.is_some() => {
                    let writes = whole(self.measured.writes_per_second(hit));
                    Some(format!("{} writes/s", format::count(writes)))
                }
                Metric::Flips if measured.is_some() => {
                    let flipped = whole(self.measured.flipped(hit));
                    Some(format!("{} bits flipped", format::count(flipped)))
                }
                _ => None,
            },
            verdict,
            count,
        }
    }

    /// What is to say of all knobs that are set; else of the first that differs, or that nobody can judge.
    pub(in crate::ui) fn gap(&self, directions: Directions) -> Option<Gap> {
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
            let waits = self.phase(dial);
            return match waits.filter(|_| dial.value(&self.measured.row.plan, directions).is_some())
            {
                Some(Phase::Coming(wait)) => format!("in {}", format::age(wait + ALMOST)),
                Some(Phase::Over) => "over".to_owned(),
                Some(Phase::Acting(_)) | None => "off".to_owned(),
            };
        };
        let ways = Direction::BOTH.map(|direction| self.measured.plan.find(dial.kind, direction));
        let way = match (directions, ways) {
            _ if self.moves(dial) => "~",
            (Directions::Only(direction), _) => arrow(direction),
            (Directions::Both, [Some(_), None]) => "↑",
            (Directions::Both, [None, Some(_)]) => "↓",
            (Directions::Both, [Some(up), _]) if up.directions != Directions::Both => "↕",
            (Directions::Both, _) if dial.knob.metric == Metric::AddedSpread => "±",
            (Directions::Both, _) => "",
        };
        format!("{way}{}", format::value(set, self.measured.rates_in))
    }

    /// Where a dial's kind stands in its schedule, where it has one.
    pub(in crate::ui) fn phase(&self, dial: &Dial) -> Option<Phase> {
        let mut scheduled = self.measured.row.scheduled.iter();
        let scheduled = scheduled.find(|it| it.setting.kind.name == dial.kind.name);
        Some(scheduled?.phase(self.now))
    }

    /// Whether time moves the dial's value.
    fn moves(&self, dial: &Dial) -> bool {
        let mut ways = Direction::BOTH.into_iter();
        self.measured.row.present.is_some()
            && ways.any(|way| {
                let way = Directions::Only(way);
                // Where a trace is followed, no value is set that stands for it.
                dial.value(self.measured.plan, way) != dial.value(&self.measured.row.plan, way)
            })
    }

    /// Whether what was measured is what is set, in these directions together.
    fn verdict(
        &self,
        dial: &Dial,
        directions: Directions,
        set: Option<Value>,
        measured: Option<Value>,
    ) -> Verdict {
        match dial.knob.metric {
            _ if set.is_none() => return Verdict::Off,
            // The last second is over, and so is what was set in it.
            _ if self.moves(dial) => return Verdict::Unjudged,
            Metric::Ended | Metric::Held if measured.is_some() => return Verdict::Agrees,
            Metric::Sender if self.measured.row.sending.is_some() => return Verdict::Agrees,
            Metric::None => return Verdict::Unjudged,
            _ => {}
        }
        let yet = match dial.knob.metric {
            Metric::Ended => Some(UNMET),
            Metric::Waited(_) if measured.is_none() => Some(UNMET),
            Metric::Held => Some("nothing waits"),
            Metric::Sender => Some("nothing was sent yet"),
            _ => None,
        };
        if let Some(yet) = yet {
            let unknown = || Verdict::Unknown(yet.to_owned());
            return self.of_all().unwrap_or_else(unknown);
        }
        if let Some(verdict) = self.of_all().or_else(|| self.of_one(dial, measured)) {
            return verdict;
        }
        // The worst of both directions, but for rates the better one: an idle direction proves nothing.
        let rank = |verdict: &Verdict| match verdict {
            Verdict::Differs(_) => 3,
            Verdict::Unknown(_) if dial.knob.metric == Metric::Rate => 1,
            Verdict::Unknown(_) => 2,
            Verdict::Agrees if dial.knob.metric == Metric::Rate => 2,
            Verdict::Agrees | Verdict::Off | Verdict::Settling | Verdict::Unjudged => 1,
        };
        ways(directions)
            .filter_map(|way| self.judge(dial, way))
            .max_by_key(rank)
            .unwrap_or(Verdict::Off)
    }

    /// What is to say of all knobs of the proxy, whatever they are.
    fn of_all(&self) -> Option<Verdict> {
        let unknown = |why: &str| Some(Verdict::Unknown(why.to_owned()));
        let row = self.measured.row;
        if self.measured.plan.bypassed {
            return unknown("bypassed");
        }
        if let Some(why) = &self.untold {
            return unknown(why);
        }
        if row.open == 0 {
            return unknown(match row.port {
                PortState::Closed | PortState::Refusing => "the port is closed",
                PortState::Open | PortState::Waiting(_) => "no connections",
            });
        }
        if self.settling {
            return Some(Verdict::Settling);
        }
        if row.up_to_date < row.open {
            return Some(Verdict::Differs(waiting(row)));
        }
        if row.bytes.sum() == 0 {
            return unknown("no traffic yet");
        }
        None
    }

    /// What keeps one knob from being judged.
    fn of_one(&self, dial: &Dial, measured: Option<Value>) -> Option<Verdict> {
        if measured.is_none() {
            return Some(Verdict::Unknown("idle".to_owned()));
        }
        let settings = Direction::BOTH.map(|way| self.measured.plan.find(dial.kind, way));
        let mut shares = settings.into_iter().flatten().map(|setting| setting.share);
        let share = shares.find(|share| *share != Percent::ALL)?;
        Some(Verdict::Unknown(format!("hits {share} of connections")))
    }

    fn judge(&self, dial: &Dial, direction: Direction) -> Option<Verdict> {
        let set = dial.value(self.measured.plan, Directions::Only(direction))?;
        let added = self.measured.row.added[direction];
        let only = Directions::Only(direction);
        let setting = self.measured.plan.find(dial.kind, direction)?;
        let mut all = self.measured.plan.settings().iter();
        let beside = Beside {
            jitter: self.jitter(dial, direction),
            beyond: dial.knob.beyond_proof.and_then(|beyond| beyond(setting)),
            has_others: all.any(|other| other.kind != dial.kind || other.name.is_some()),
        };
        match (dial.knob.metric, set) {
            (Metric::AddedDelay, Value::Time(set)) => Some(judge::delay(&added?, set, &beside)),
            (Metric::AddedSpread, Value::Time(set)) => Some(judge::spread(&added?, set, &beside)),
            (Metric::Rate, Value::Rate(cap)) => {
                Some(judge::rate(self.measured.rates(dial)[direction], cap))
            }
            (Metric::Lost, Value::Percent(set)) => {
                Some(judge::share(self.measured.lost(only), set, &beside))
            }
            (Metric::Flips, Value::Percent(set)) => {
                Some(judge::share(self.measured.flips(only), set, &beside))
            }
            (Metric::Writes, Value::Size(set)) => {
                Some(judge::size(self.measured.writes(only).0?, set))
            }
            (Metric::Waited(of), Value::Time(set)) => {
                let wait = self.measured.wait(of)?;
                let began = wait.at.saturating_sub(wait.took);
                Some(match self.measured.changed {
                    Some(at) if began < at => Verdict::Unknown(UNMET.to_owned()),
                    _ => judge::wait(wait.took, set),
                })
            }
            _ => None,
        }
    }

    /// How far the delays of a kind are set to stray.
    fn jitter(&self, dial: &Dial, direction: Direction) -> Duration {
        let jitter = dial.kind.knobs.iter().find_map(|knob| {
            let beside = Dial { knob, ..*dial };
            let value = beside.value(self.measured.plan, Directions::Only(direction))?;
            (knob.metric == Metric::AddedSpread).then(|| value.time())?
        });
        jitter.unwrap_or_default()
    }
}

/// Why some connections do not run what is set.
pub(in crate::ui) fn waiting(row: &ProxyRow) -> String {
    let others = row.open.saturating_sub(row.up_to_date);
    let since = row.waiting.map_or_else(String::new, |waiting| {
        format!(", since {}", format::time(waiting))
    });
    format!("{others} of {} wait for a chunk{since}", row.open)
}

#[cfg(test)]
pub(in crate::ui) mod tests;
