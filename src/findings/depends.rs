//! Depends: whether a client's pace follows the latency or the bandwidth that is set, or neither.
//!
//! Its pace is its answers a second, in the whole seconds of each stretch in which nothing was changed, once the change has settled. It
//! depends on what is set where more of that always meant fewer answers, over three settings or more, and where going back brought the
//! pace back: else it may have fallen by itself. It does not where the pace was the same at all of them, although answers took longer.

use std::collections::VecDeque;
use std::time::Duration;

use super::book::{Book, Step};
use super::group::{Last, median};
use super::watch::{Sight, Watch};
use super::wording::time;
use crate::fault::{KINDS, Kind, Plan, Schedule, Setting, Value};
use crate::format::figures::RateUnit;
use crate::snapshot::{Figure, Finding, Habit, Seen, Stall};

/// The pace under each of the last settings.
#[derive(Debug, Default)]
pub(super) struct Depends {
    over: Last<Stretch, 32>,
    now: Option<Stretch>,
    /// When the last long stall of the desk ended.
    stalled: Duration,
}

/// A time in which nothing was changed.
#[derive(Debug)]
struct Stretch {
    plan: Plan,
    /// When its seconds begin.
    from: Duration,
    /// The answers of its last whole seconds, and of the one that goes on.
    seconds: VecDeque<u32>,
    /// Of how many seconds before these nothing is kept.
    gone: u64,
    waits: Last<Duration, 64>,
    /// How many answers came where more than one request was under way.
    more: u32,
}

/// A kind of fault whose only value is a time or a rate, which is what a pace may follow.
#[derive(Clone, Copy, Debug)]
struct Of(&'static Kind);

/// What a setting came to: the stretches under it, in the order of their times.
struct Level<'a> {
    /// What was set; nothing where none was.
    set: Option<f64>,
    stretches: Vec<(usize, &'a Stretch)>,
}

/// A change has settled after so long, and an answer more.
const SETTLES: Duration = Duration::from_secs(1);

/// So many whole seconds tell a pace, and so many at most are kept.
const SECONDS: usize = 3;
const MOST: usize = 60;

/// A stall of the desk that lasts so long makes seconds in which it saw too few answers.
const LONG_STALL: Duration = Duration::from_millis(500);

/// Who is answered less often has no pace.
const FEWEST: f64 = 5.0;

// === impl Depends ===

impl Watch for Depends {
    fn see(&mut self, sight: &Sight<'_>) {
        if let Some(Step::Answered { waited }) = sight.step {
            let at = sight.fact.at;
            let new = || Stretch::new(sight.book.faults.plan(), at.max(self.stalled));
            let more = matches!(sight.fact.seen, Seen::Answered { more: true, .. });
            let now = self.now.get_or_insert_with(new);
            now.answered(at, *waited);
            now.more += u32::from(more);
        }
    }

    fn faults(&mut self, at: Duration, book: &Book) {
        let plan = book.faults.plan();
        let changed = |now: &mut Stretch| now.plan != *plan;
        if let Some(mut over) = self.now.take_if(changed) {
            over.reach(at);
            self.over.push(over);
            self.now = Some(Stretch::new(plan, at.max(self.stalled)));
        }
    }

    fn stalled(&mut self, stall: Stall) {
        if stall.to.saturating_sub(stall.from) < LONG_STALL {
            return;
        }
        self.stalled = stall.to;
        // Its seconds end before the stall, and begin anew behind it.
        if let Some(over) = self.now.take() {
            let plan = over.plan.clone();
            self.over.push(over);
            self.now = Some(Stretch::new(&plan, stall.to));
        }
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        let kinds = KINDS.iter().copied().map(Of);
        let told: Vec<(bool, Finding)> = kinds.filter_map(|of| self.told(of)).collect();
        if let [(false, one), (false, two)] = &told[..] {
            found.push(Finding {
                which: "follows neither",
                text: format!("{}; {}", one.text, two.text),
                under: format!("{}, {}", one.under, two.under).into(),
                ..one.clone()
            });
        } else {
            found.extend(told.into_iter().map(|(_, finding)| finding));
        }
    }
}

impl Depends {
    /// Whether the pace depends on this, where that can be told.
    fn told(&self, of: Of) -> Option<(bool, Finding)> {
        let stretches = self.over.iter().chain(&self.now);
        let stretches = stretches.filter(|it| it.pace().is_some());
        let stretches: Vec<(usize, &Stretch)> = stretches.enumerate().collect();
        // What else was set last is what is looked at.
        let (_, last) = stretches.last()?;
        let (rest, _) = of.apart(&last.plan)?;
        let mut levels: Vec<Level<'_>> = Vec::new();
        for (place, stretch) in &stretches {
            let Some((_, set)) = of.apart(&stretch.plan).filter(|it| it.0 == rest) else {
                continue;
            };
            let same =
                |level: &&mut Level<'_>| level.set.map(f64::to_bits) == set.map(f64::to_bits);
            match levels.iter_mut().find(same) {
                Some(level) => level.stretches.push((*place, stretch)),
                None => levels.push(Level {
                    set,
                    stretches: vec![(*place, stretch)],
                }),
            }
        }
        levels.sort_by(|one, two| of.strength(one.set).total_cmp(&of.strength(two.set)));
        let set: Vec<&Level<'_>> = levels.iter().filter(|it| it.set.is_some()).collect();
        let [weakest, strongest] = [levels.first()?, *set.last()?];
        let base = weakest.pace();
        // Of several requests on one connection some have no answer of their own: how many there were nobody knows.
        let several = levels.iter().any(Level::has_several);
        if set.len() < Finding::CASES || base < FEWEST || several {
            return None;
        }
        let pairs = || levels.iter().zip(levels.iter().skip(1));
        let falls = pairs().all(|(one, two)| two.pace() <= one.pace() * 1.1 && two.pace() > 0.0);
        let apart = weakest.quartile(1) > strongest.quartile(3);
        let depends = falls && apart && strongest.pace() <= base * 0.7 && returns(&levels);
        let alike = levels
            .iter()
            .all(|it| (it.pace() / base - 1.0).abs() <= 0.1);
        let enough = levels.iter().all(|it| it.answers() >= 20.0);
        let felt = !of.lengthens() || strongest.wait() >= weakest.wait() * 2;
        let follows_nothing = alike && enough && felt;
        if !depends && !follows_nothing {
            return None;
        }
        let finding = of.finding(depends, &levels, set.len());
        Some((depends, finding))
    }
}

/// Whether going back to a level brought back its pace, which had fallen between.
fn returns(levels: &[Level<'_>]) -> bool {
    let all = || levels.iter().flat_map(|level| &level.stretches);
    let fell = |from: usize, to: usize, pace: f64| {
        let mut between = all().filter(|(place, _)| (from..to).contains(place));
        between.any(|(_, stretch)| stretch.pace().is_some_and(|it| it <= pace * 0.8))
    };
    let came_back = |pair: &[(usize, &Stretch)]| {
        let [(from, one), (to, two)] = [pair[0], pair[1]];
        let (Some(one), Some(two)) = (one.pace(), two.pace()) else {
            return false;
        };
        (one - two).abs() <= one.max(two) * 0.2 && fell(from, to, one.min(two))
    };
    let mut pairs = levels.iter().flat_map(|level| level.stretches.windows(2));
    pairs.any(came_back)
}

// === impl Stretch ===

impl Stretch {
    /// One under this plan, from a moment on.
    fn new(plan: &Plan, at: Duration) -> Self {
        let lengthening = KINDS.iter().filter(|kind| kind.lengthens.is_some());
        let set = lengthening.filter_map(|kind| Of(kind).apart(plan)?.1);
        let answer = Duration::try_from_secs_f64(set.sum());
        Self {
            plan: plan.clone(),
            from: at + SETTLES + answer.unwrap_or_default(),
            seconds: VecDeque::new(),
            gone: 0,
            waits: Last::default(),
            more: 0,
        }
    }

    /// Seconds go on to this moment.
    fn reach(&mut self, at: Duration) -> Option<&mut u32> {
        let number = at.checked_sub(self.from)?.as_secs();
        while self.gone + self.seconds.len() as u64 <= number {
            if self.seconds.len() == MOST + 1 {
                self.seconds.pop_front();
                self.gone += 1;
            }
            self.seconds.push_back(0);
        }
        self.seconds.back_mut()
    }

    fn answered(&mut self, at: Duration, waited: Duration) {
        if let Some(second) = self.reach(at) {
            *second += 1;
            self.waits.push(waited);
        }
    }

    /// The answers of its whole seconds.
    fn whole(&self) -> impl Iterator<Item = u32> {
        let whole = self.seconds.len().saturating_sub(1);
        self.seconds.iter().take(whole).copied()
    }

    /// Its answers a second, where there are enough of them.
    fn pace(&self) -> Option<f64> {
        let whole = self.seconds.len().saturating_sub(1);
        let enough = whole >= SECONDS;
        enough.then(|| f64::from(self.whole().sum::<u32>()) / whole as f64)
    }
}

// === impl Level ===

impl Level<'_> {
    fn seconds(&self) -> Vec<u32> {
        let stretches = self.stretches.iter();
        let mut seconds: Vec<u32> = stretches.flat_map(|(_, it)| it.whole()).collect();
        seconds.sort_unstable();
        seconds
    }

    fn answers(&self) -> f64 {
        f64::from(self.seconds().iter().sum::<u32>())
    }

    /// Whether in more than a tenth of its answers more than one request was under way.
    fn has_several(&self) -> bool {
        let stretches = self.stretches.iter();
        let more: u32 = stretches.map(|(_, stretch)| stretch.more).sum();
        f64::from(more) * 10.0 > self.answers()
    }

    fn pace(&self) -> f64 {
        self.answers() / self.seconds().len().max(1) as f64
    }

    fn quartile(&self, number: usize) -> u32 {
        let seconds = self.seconds();
        let place = seconds.len().saturating_sub(1) * number / 4;
        seconds.get(place).copied().unwrap_or_default()
    }

    fn wait(&self) -> Duration {
        let stretches = self.stretches.iter();
        median(stretches.flat_map(|(_, it)| it.waits.iter().copied()))
    }
}

// === impl Of ===

impl Of {
    /// Whether it is a time that each answer takes longer, and not a rate.
    fn lengthens(self) -> bool {
        self.0.lengthens.is_some()
    }

    /// What else a plan sets, and how much of this; nothing where that is no number, or not always the same.
    fn apart(self, plan: &Plan) -> Option<(String, Option<f64>)> {
        if plan.bypassed {
            return Some((String::new(), None));
        }
        let is_scheduled = |it: &Setting| it.schedule != Schedule::default();
        if plan.settings().iter().any(is_scheduled) {
            return None;
        }
        let is_this = |it: &&Setting| it.kind == self.0;
        let (own, others): (Vec<&Setting>, Vec<&Setting>) =
            plan.settings().iter().partition(is_this);
        let rest: Vec<String> = others.into_iter().map(ToString::to_string).collect();
        let rest = rest.join(", ");
        let [setting] = own[..] else {
            return own.is_empty().then_some((rest, None));
        };
        let first = setting.kind.params.first()?.name;
        let value = setting.value(first)?;
        // Its other values would be a difference too.
        let alone = Setting::new(setting.kind).with(first, value);
        let number = match value {
            Value::Time(time) if self.lengthens() => time.as_secs_f64(),
            Value::Rate(rate) if self.0.passes.is_some() => rate.bytes_per_second() as f64,
            _ => return None,
        };
        (alone == *setting).then_some((rest, Some(number)))
    }

    /// How much it disturbs.
    fn strength(self, set: Option<f64>) -> f64 {
        match set {
            None => f64::NEG_INFINITY,
            Some(seconds) if self.lengthens() => seconds,
            Some(rate) => -rate,
        }
    }

    fn value(self, set: Option<f64>) -> String {
        match set {
            None => "without".to_owned(),
            Some(seconds) if self.lengthens() => {
                format!("at {}", time(Duration::from_secs_f64(seconds)))
            }
            Some(rate) => format!("at {}", RateUnit::Bytes.long(rate)),
        }
    }

    fn finding(self, depends: bool, levels: &[Level<'_>], settings: usize) -> Finding {
        let word = self.0.name;
        let (which, does) = if depends {
            ("follows", "depends on")
        } else {
            ("does not follow", "does not depend on")
        };
        let last = levels.len() - 1;
        let shown = [0, last / 3, last * 2 / 3, last].map(|place| {
            let level = &levels[place];
            let unit = if place == 0 { " answers a second" } else { "" };
            format!("{}{unit} {}", number(level.pace()), self.value(level.set))
        });
        let mut shown = shown.to_vec();
        shown.dedup();
        let [from, to] = [levels[0].pace(), levels[last].pace()];
        Finding::new(
            (Habit::Depends, which),
            format!(
                "its pace {does} {word}: {} ({settings} of {settings} settings)",
                shown.join(", ")
            ),
            &word.into(),
            (settings, settings),
            vec![("factor", Figure::Factor(to / from))],
            [],
        )
    }
}

/// A rate of answers in two digits or as a whole number.
fn number(pace: f64) -> String {
    match pace {
        few if few < 9.95 => format!("{few:.1}"),
        many => format!("{many:.0}"),
    }
}
