//! What a tape comes to: each proxy's stretches between two changes, what its clients met in each, and how soon they were well again.
//!
//! It is made record by record, so that a session of days is judged whole, whatever memory keeps of its tape.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::record::{self, Finding, Head, Port, Record, Second, Standing, What};
use super::waits::Waits;
use crate::sweep::Curve;

/// What a session came to.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The proxies, in the order in which they were added, those that were removed among them.
    pub proxies: Vec<ProxyAccount>,
    /// When the last of it happened.
    pub end: Duration,
}

/// What one proxy's clients met.
#[derive(Clone, Debug)]
pub struct ProxyAccount {
    /// Its name, the last that it had.
    pub name: String,
    /// The names that it had before.
    pub names_before: Vec<String>,
    /// Its mapping.
    pub mapping: String,
    /// What was set, one after the other, with what clients met meanwhile.
    pub stretches: Vec<Stretch>,
    /// What they met from the beginning to the end.
    pub whole: Tally,
    /// What the application was found to do, and when each was stated last, or withdrawn.
    pub findings: Vec<(Duration, Finding)>,
    /// What its sweeps came to.
    pub sweeps: Vec<Curve>,
    /// The ends of faults, and how soon clients were well again.
    pub recoveries: Vec<Recovery>,
    stands: Standing,
    gone: bool,
    /// The last seconds without faults.
    clean: VecDeque<Second>,
    /// How it was before the faults that act now, where that is known, or before those that have just ended.
    before: Option<Baseline>,
    /// Since when no fault acts, where clients are not well again yet.
    recovering: Option<Duration>,
    /// Whether anything was asked since then.
    asked: bool,
}

/// A time in which nothing was changed.
#[derive(Clone, Debug, Default)]
pub struct Stretch {
    /// When it began.
    pub from: Duration,
    /// When it ended.
    pub to: Duration,
    /// The faults that were set.
    pub faults: String,
    /// Whether they were switched off.
    pub bypassed: bool,
    /// Whether clients were accepted.
    pub port: Port,
    /// Who set them.
    pub by: String,
    /// What clients met.
    pub tally: Tally,
}

/// What clients met in some time.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How long answered requests had waited.
    pub waits: Waits,
    /// Connections that ended, by who ended them.
    pub ended: BTreeMap<String, u64>,
    /// Requests that began.
    pub asked: u64,
    /// The longest that a request was seen to wait, answered or not.
    pub longest: Duration,
    /// The most requests that waited at once.
    pub waiting: u32,
}

/// The end of the faults of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// When they ended.
    pub at: Duration,
    /// How long it took until clients waited no longer than before and had as many answers; `None` where that was not seen.
    pub took: Option<Duration>,
    /// For how long it was looked for.
    pub watched: Duration,
    /// Whether anything was asked meanwhile.
    pub asked: bool,
}

/// How it was without faults.
#[derive(Clone, Copy, Debug)]
struct Baseline {
    median: Duration,
    /// Answers a second.
    answers: f64,
}

/// How far back "before" reaches, in seconds.
const BEFORE: usize = 10;

/// A setting that stood for less than this, and under which nothing was answered, was passed on the way to another.
const PASSED: Duration = Duration::from_millis(500);

/// So many findings of a proxy are told.
const FINDINGS: usize = 100;

/// So many sweeps of a proxy are told; where there are more, the oldest goes, first of those in which nothing gave.
const SWEEPS: usize = 50;

/// So many ends of a proxy's faults are told.
const RECOVERIES: usize = 2_000;

/// So many stretches of a proxy are told apart; where there are more, the oldest become one.
const STRETCHES: usize = 2_000;

// === impl Account ===

impl Account {
    /// The account of a tape.
    #[must_use]
    pub fn of(tape: &super::Tape) -> Self {
        let mut account = Self::new(&tape.head);
        for record in tape.records() {
            account.take(record);
        }
        account
    }

    /// An account of proxies that begin so.
    #[must_use]
    pub fn new(head: &Head) -> Self {
        let proxies = head.proxies.iter();
        let proxies = proxies.map(|standing| ProxyAccount::new(standing, head.t));
        Self {
            proxies: proxies.collect(),
            end: head.t,
        }
    }

    /// The proxy that has this name now.
    fn find(&mut self, name: &str) -> Option<&mut ProxyAccount> {
        let mut proxies = self.proxies.iter_mut();
        proxies.find(|proxy| !proxy.gone && proxy.name == name)
    }

    /// The proxy of this name stands otherwise from now on.
    fn change(&mut self, name: &str, t: Duration, by: &str, edit: impl FnOnce(&mut Standing)) {
        if let Some(found) = self.find(name) {
            let mut stands = found.stands.clone();
            edit(&mut stands);
            found.change(stands, t, by);
        }
    }

    /// Whether it has this finding as it is.
    pub(super) fn has(&self, finding: &Finding) -> bool {
        let mut proxies = self.proxies.iter();
        let proxy = proxies.find(|proxy| !proxy.gone && proxy.name == finding.proxy);
        let mut kept = proxy.into_iter().flat_map(|proxy| &proxy.findings);
        kept.any(|(_, kept)| {
            (&kept.text, kept.n, kept.of) == (&finding.text, finding.n, finding.of)
        })
    }

    /// Goes on by what happened.
    pub fn take(&mut self, record: &Record) {
        let t = record.t;
        self.end = self.end.max(t);
        match &record.what {
            What::Added(standing) => self.proxies.push(ProxyAccount::new(standing, t)),
            What::Removed { proxy } => {
                if let Some(proxy) = self.find(proxy) {
                    proxy.gone = true;
                }
            }
            What::Renamed { proxy, before } => {
                if let Some(found) = self.find(before) {
                    found.rename(proxy);
                }
            }
            What::Repointed { proxy, mapping } => {
                self.change(proxy, t, "", |stands| stands.mapping.clone_from(mapping));
            }
            What::Port { proxy, port } => {
                self.change(proxy, t, "", |stands| stands.port = *port);
            }
            What::Faults(change) => self.change(&change.proxy, t, &change.by, |stands| {
                stands.faults.clone_from(&change.faults);
                stands.bypassed = change.bypassed;
            }),
            What::Second(second) => {
                if let Some(found) = self.find(&second.proxy) {
                    found.count(second, t);
                }
            }
            What::Finding(finding) => {
                if let Some(found) = self.find(&finding.proxy) {
                    found.state(finding, t);
                }
            }
            What::Sweep(curve) => {
                if let Some(found) = self.find(&curve.proxy) {
                    found.keep_sweep(curve);
                }
            }
            What::Error { .. } | What::Lost { .. } | What::End { .. } | What::Unknown => {}
        }
        let end = self.end;
        for proxy in self.proxies.iter_mut().filter(|proxy| !proxy.gone) {
            if let Some(last) = proxy.stretches.last_mut() {
                last.to = last.to.max(end);
            }
        }
    }
}

// === impl ProxyAccount ===

impl ProxyAccount {
    fn new(standing: &Standing, t: Duration) -> Self {
        Self {
            name: standing.proxy.clone(),
            names_before: Vec::new(),
            mapping: standing.mapping.clone(),
            stretches: vec![Stretch::of(standing, t, "start")],
            whole: Tally::default(),
            findings: Vec::new(),
            sweeps: Vec::new(),
            recoveries: Vec::new(),
            stands: standing.clone(),
            gone: false,
            clean: VecDeque::new(),
            before: None,
            recovering: None,
            asked: false,
        }
    }

    /// How soon clients were well again after each end of faults, the one that is still watched at `end` among them.
    #[must_use]
    pub fn recoveries_at(&self, end: Duration) -> Vec<Recovery> {
        let watched = self.recovering.map(|at| Recovery {
            at,
            took: None,
            watched: end.saturating_sub(at),
            asked: self.asked,
        });
        self.recoveries.iter().copied().chain(watched).collect()
    }

    fn rename(&mut self, name: &str) {
        let before = std::mem::replace(&mut self.name, name.to_owned());
        self.names_before.push(before);
    }

    /// It stands so from now on.
    fn change(&mut self, stands: Standing, t: Duration, by: &str) {
        let acted = acts(&self.stands);
        let same = |one: &Standing, other: &Standing| {
            // Faults that are switched off, where there is none, are none.
            let off = |it: &Standing| it.bypassed && !it.faults.is_empty();
            one.faults == other.faults && one.port == other.port && off(one) == off(other)
        };
        if same(&self.stands, &stands) {
            self.stands = stands;
            return;
        }
        self.stands = stands;
        match (acted, acts(&self.stands)) {
            (false, true) => self.disturb(t),
            (true, false) => {
                self.recovering = self.before.map(|_| t);
                self.asked = false;
            }
            _ => {}
        }
        let mut next = Stretch::of(&self.stands, t, by);
        if let Some(last) = self.stretches.last_mut() {
            last.to = t;
            let passed = t.saturating_sub(last.from) < PASSED && last.tally.waits.is_empty();
            if passed {
                next.from = last.from;
                next.tally = std::mem::take(&mut last.tally);
                self.stretches.pop();
            }
        }
        self.stretches.push(next);
        if self.stretches.len() > STRETCHES {
            let first = self.stretches.remove(0);
            let second = &mut self.stretches[0];
            second.from = first.from;
            second.tally.add(&first.tally);
            "several, one after the other".clone_into(&mut second.faults);
        }
    }

    /// Keeps what was found, in the place of what was said of the same before: of those of its kind, the nearest one.
    fn state(&mut self, finding: &Finding, t: Duration) {
        let before = self.findings.iter().enumerate();
        let before = before
            .filter(|(_, (_, before))| finding.goes_on_from(before))
            .min_by(|(_, (_, one)), (_, (_, other))| {
                let [one, other] = [one, other].map(|it| finding.distance(it));
                one.total_cmp(&other)
            });
        match before.map(|(place, _)| place) {
            Some(place) => self.findings[place] = (t, finding.clone()),
            // Bounded as findings are: a few kinds, under each plan.
            None if self.findings.len() < FINDINGS => self.findings.push((t, finding.clone())),
            None => {}
        }
    }

    fn keep_sweep(&mut self, curve: &Curve) {
        self.sweeps.push(curve.clone());
        if self.sweeps.len() > SWEEPS {
            let gave_nothing = |curve: &Curve| curve.cliff().is_none();
            let oldest = self.sweeps.iter().position(gave_nothing);
            self.sweeps.remove(oldest.unwrap_or_default());
        }
    }

    /// Faults begin to act.
    fn disturb(&mut self, t: Duration) {
        if let Some(at) = self.recovering.take() {
            // It was not well again when the next ones came.
            let watched = t.saturating_sub(at);
            self.keep(Recovery {
                at,
                took: None,
                watched,
                asked: self.asked,
            });
        } else {
            self.before = Baseline::of(&self.clean);
        }
        self.clean.clear();
    }

    /// Keeps how an end of faults went; where there are too many, the one that was over soonest is let go.
    fn keep(&mut self, recovery: Recovery) {
        self.recoveries.push(recovery);
        if self.recoveries.len() > RECOVERIES {
            let took = |it: &Recovery| it.took.unwrap_or(Duration::MAX);
            let recoveries = self.recoveries.iter().enumerate();
            let soonest = recoveries.min_by_key(|(_, recovery)| took(recovery));
            if let Some((place, _)) = soonest {
                self.recoveries.remove(place);
            }
        }
    }

    /// Counts what clients met in a second that ended at `t`.
    fn count(&mut self, second: &Second, t: Duration) {
        self.whole.count(second);
        // A second is cut where something changes, so its middle lies in the stretch that it belongs to.
        let middle = t.saturating_sub(second.span / 2);
        let mut stretches = self.stretches.iter_mut().rev();
        let stretch = stretches.find(|stretch| stretch.from <= middle);
        if let Some(stretch) = stretch {
            stretch.tally.count(second);
        }
        if acts(&self.stands) {
            return;
        }
        if let Some((at, before)) = self.recovering.zip(self.before) {
            if middle < at {
                return;
            }
            self.asked |= second.is_asked();
            if !before.is_back(second) {
                return;
            }
            let took = t.saturating_sub(at);
            self.keep(Recovery {
                at,
                took: Some(took),
                watched: took,
                asked: true,
            });
            self.recovering = None;
        }
        self.clean.push_back(second.clone());
        if self.clean.len() > BEFORE {
            self.clean.pop_front();
        }
    }
}

/// Whether a proxy is disturbed: a fault acts, or nobody is let in.
fn acts(standing: &Standing) -> bool {
    (!standing.bypassed && !standing.faults.is_empty()) || standing.port.is_closed()
}

// === impl Stretch ===

impl Stretch {
    fn of(standing: &Standing, from: Duration, by: &str) -> Self {
        Self {
            from,
            to: from,
            faults: standing.faults.clone(),
            bypassed: standing.bypassed,
            port: standing.port,
            by: by.to_owned(),
            tally: Tally::default(),
        }
    }

    /// Whether anything was done to clients in it.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        (self.faults.is_empty() || self.bypassed) && !self.port.is_closed()
    }

    /// What was set, in words.
    #[must_use]
    pub fn setting(&self) -> String {
        let faults = match (self.faults.as_str(), self.bypassed) {
            ("", _) => "nothing".to_owned(),
            (faults, true) => format!("nothing (bypassed: {faults})"),
            (faults, false) => faults.to_owned(),
        };
        match self.port {
            Port::Closed | Port::Off => format!("{faults}, port closed"),
            Port::Open | Port::Refusing => faults,
        }
    }

    /// How long it was.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }

    /// Answers a second.
    #[must_use]
    pub fn answers(&self) -> f64 {
        let seconds = self.lasted().as_secs_f64();
        if seconds > 0.0 {
            self.tally.waits.total() as f64 / seconds
        } else {
            0.0
        }
    }
}

// === impl Tally ===

impl Tally {
    fn count(&mut self, second: &Second) {
        self.waits.add(&second.waits);
        for (by, count) in &second.ended {
            *self.ended.entry(by.clone()).or_default() += count;
        }
        self.asked += second.asked;
        self.longest = self.longest.max(second.longest());
        if let Some(unanswered) = second.unanswered {
            self.waiting = self.waiting.max(unanswered.count);
        }
    }

    /// Counts what was met in some other time.
    pub fn add(&mut self, other: &Self) {
        self.waits.add(&other.waits);
        for (by, count) in &other.ended {
            *self.ended.entry(by.clone()).or_default() += count;
        }
        self.asked += other.asked;
        self.longest = self.longest.max(other.longest);
        self.waiting = self.waiting.max(other.waiting);
    }

    /// Connections that a fault ended, and those that broke by themselves or never reached their upstream: ours, theirs.
    #[must_use]
    pub fn failures(&self) -> (u64, u64) {
        record::failures(&self.ended)
    }
}

// === impl Baseline ===

impl Baseline {
    /// How it was in these seconds, where there were answers enough to say so.
    fn of(seconds: &VecDeque<Second>) -> Option<Self> {
        let (mut waits, mut span) = (Waits::default(), Duration::ZERO);
        for second in seconds {
            waits.add(&second.waits);
            span += second.span;
        }
        let median = waits.quantile(0.5).filter(|_| waits.total() >= 3)?;
        let answers = waits.total() as f64 / span.as_secs_f64().max(0.001);
        Some(Self { median, answers })
    }

    /// Whether a second is as it was before: the median within a tenth, and as many answers, as far as so few can tell.
    fn is_back(&self, second: &Second) -> bool {
        let Some(median) = second.waits.quantile(0.5) else {
            return false;
        };
        let expected = self.answers * second.span.as_secs_f64();
        let enough = second.waits.total() as f64 >= 0.9 * expected - 2.0 * expected.sqrt();
        median.as_secs_f64() <= self.median.as_secs_f64() * 1.1 && enough
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
