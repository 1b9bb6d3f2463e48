//! What the collector keeps of one proxy: what it has seen so far, from which the proxy's row in the snapshot is made.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::clean::CleanTime;
use super::conns::ConnFigures;
use super::window::{Counted, Figures, Window};
use crate::fault::{Direction, InForce, Losses, PerDirection, Plan, Sending};
use crate::findings::{self, Findings};
use crate::mapping::TlsMode;
use crate::proxy::meter::counters::{Latest, ProxyMeter};
use crate::proxy::proxy::Proxy;
use crate::snapshot::{
    CloseReason, ConnRow, Finding, Found, Negotiated, PortState, ProxyId, ProxyRow, Scheduled,
    Traced, Unanswered, Waits,
};

/// A request that has waited no longer than this is not overdue, whatever others of its connection waited.
const OVERDUE: Duration = Duration::from_secs(1);

/// What has waited for longer grows so slowly, in parts of itself, that a look each second shows it.
const SUSPENSE: Duration = Duration::from_secs(30);

/// A proxy as the collector follows it.
///
/// It is visited on the beats of the collector for as long as its last minute has something in it, and then left alone until
/// something stirs it again: its row stays the one that was made last.
pub(crate) struct ProxyFigures {
    proxy: Arc<Proxy>,
    start: Instant,
    window: Window,
    figures: Figures,
    clean: CleanTime,
    /// What facts have shown of its application, and what was stated of it last.
    pub(crate) habits: Findings,
    findings: Arc<[Finding]>,
    /// What waited for an answer when connections were last walked over.
    unanswered: Unanswered,
    /// What of it is longer than its habit, although the desk holds nothing of it.
    silent: Unanswered,
    pub(crate) total: u64,
    failed: u64,
    /// How many of those the client itself had reset.
    left: u64,
    /// How many connections faults have ended, by their kinds.
    ended: Vec<(&'static str, u64)>,
    waiting_since: Option<Duration>,
    pub(crate) tls: Option<Arc<Negotiated>>,
    /// Whether beats read its counters.
    awake: bool,
    /// Whether its plan acts in another way as time passes.
    timed: bool,
    /// The row that was made last, whether it shows what is past, and what stood behind it.
    row: Option<ProxyRow>,
    stale: bool,
    sum: Sum,
    changes: u64,
}

/// What the connections of one proxy come to.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) struct Sum {
    open: u32,
    up_to_date: u32,
    held: PerDirection<u64>,
    /// What the sender of the busiest direction is at, with what makes it the busiest: the rate, then the bytes.
    sending: Option<(f64, u64, Sending)>,
}

// === impl ProxyFigures ===

impl ProxyFigures {
    /// A proxy of an engine that began at `start`.
    pub(crate) fn new(proxy: &Arc<Proxy>, start: Instant) -> Self {
        Self {
            proxy: Arc::clone(proxy),
            start,
            window: Window::default(),
            figures: Figures::default(),
            clean: CleanTime::default(),
            habits: Findings::default(),
            findings: Arc::default(),
            unanswered: Unanswered::default(),
            silent: Unanswered::default(),
            total: 0,
            failed: 0,
            left: 0,
            ended: Vec::new(),
            waiting_since: None,
            tls: None,
            awake: true,
            timed: true,
            row: None,
            stale: true,
            sum: Sum::default(),
            changes: 0,
        }
    }

    pub(crate) fn id(&self) -> ProxyId {
        self.proxy.id
    }

    /// Something has happened to it: beats read its counters from here on, and its row is made anew.
    pub(crate) fn stir(&mut self) {
        self.awake = true;
        self.stale = true;
    }

    /// Moves on by a beat, and says whether its row moves with it. `stirred` where anything at all has happened since the last
    /// beat.
    pub(crate) fn beat(&mut self, at: Duration, stirred: bool) -> bool {
        if stirred && self.proxy.changes() != self.changes {
            self.stir();
        }
        let mut moves = self.timed && self.takes_turn(at);
        if self.awake {
            let counted = Counted {
                failed: self.failed,
                left: self.left,
                gave_up: self.gave_up(),
                cut: self.ended.iter().map(|(_, count)| count).sum(),
            };
            let waits = (self.unanswered.overdue > 0).then_some(self.unanswered.oldest);
            let plan = self.acting();
            if self.window.stood_still(at) {
                self.clean.stood_still(at);
            }
            let (figures, sample) = self.window.beat(at, self.proxy.meters(), counted, waits);
            self.figures = figures;
            self.clean.beat(plan, sample, self.unanswered.oldest);
            self.awake = !self.window.is_blank();
            self.stale = true;
            moves |= self.figures.moves();
        }
        moves
    }

    /// Whether the next beat finds something although nothing stirs.
    pub(crate) fn needs_beats(&self) -> bool {
        self.awake || self.timed
    }

    /// The generation of its plan; `None` where no fault acts on its clients: what they meet then is what they meet without this
    /// desk.
    fn acting(&self) -> Option<u64> {
        let plan = self.proxy.settings.plan();
        let faultless = plan.is_empty() || plan.bypassed;
        let is_clean = faultless && matches!(self.proxy.port().0, PortState::Open);
        (!is_clean).then(|| self.proxy.settings.generation())
    }

    /// The plans that were put in force since this was asked last.
    pub(crate) fn take_plans(&self, to: &mut Vec<(Duration, ProxyId, Arc<Plan>)>) {
        let taken = self.proxy.settings.take_history().into_iter();
        let since_start = |at: Instant| at.saturating_duration_since(self.start);
        to.extend(taken.map(|(at, plan)| (since_start(at), self.id(), plan)));
    }

    /// Whether its findings do not hold all facts yet.
    pub(crate) fn is_behind(&self) -> bool {
        self.habits.is_behind()
    }

    /// What has become of its findings since this was asked last.
    pub(crate) fn infer(&mut self, at: Duration) -> Vec<(Found, Finding)> {
        let now = self.habits.state(at);
        if Arc::ptr_eq(&now, &self.findings) {
            return Vec::new();
        }
        let before = std::mem::replace(&mut self.findings, now);
        self.stir();
        let changes = findings::changes(&before, &self.findings).into_iter();
        let told = changes.map(|change| match change {
            findings::Change::New(finding) => (Found::New, finding.clone()),
            findings::Change::Changed(finding) => (Found::Changed, finding.clone()),
            findings::Change::Withdrawn(finding) => (Found::Withdrawn, finding.clone()),
        });
        told.collect()
    }

    pub(crate) fn name(&self) -> String {
        self.proxy.name()
    }

    /// A walk over the connections begins: what waits is counted anew.
    pub(crate) fn walk(&mut self) {
        self.silent = Unanswered::default();
        if std::mem::take(&mut self.unanswered).count > 0 {
            self.stir();
        }
    }

    /// One of its connections has a request that has waited so long, and none of its requests has waited longer than `most`;
    /// whether the desk holds anything of that connection.
    pub(crate) fn waits(&mut self, wait: Duration, most: Duration, held: bool) {
        let is_long = wait > self.habit().max(most.saturating_mul(3));
        self.unanswered.add(wait, is_long && held);
        if is_long && !held {
            self.silent.add(wait, true);
        }
    }

    /// The walk is over. A request of which the desk holds nothing may wait in health, as the first of a worker for its next
    /// job does: it is overdue where others wait as well, and nobody has been answered for a while.
    pub(crate) fn walked(&mut self, at: Duration) {
        let Unanswered {
            overdue, oldest, ..
        } = self.silent;
        let answered = self.habits.last_answer();
        let nobody = answered.is_none_or(|last| at.saturating_sub(last) > self.habit());
        if overdue > 0 && overdue + self.unanswered.overdue > 1 && nobody {
            let before = self.unanswered;
            self.unanswered.overdue += overdue;
            self.unanswered.oldest = match before.overdue {
                0 => oldest,
                _ => oldest.max(before.oldest),
            };
        }
    }

    /// Longer than this nothing of it waits by habit, as far as is known.
    fn habit(&self) -> Duration {
        let usual = self.clean.known().map(|clean| clean.feels.p99);
        usual.unwrap_or_default().saturating_mul(3).max(OVERDUE)
    }

    /// Whether a wait is young enough to be followed as it grows; what waits for long is looked at once a second.
    pub(crate) fn waits_in_suspense(&self) -> bool {
        let Unanswered { count, oldest, .. } = self.unanswered;
        count > 0 && oldest < SUSPENSE
    }

    /// Reads its counters between two beats.
    pub(crate) fn look(&mut self, at: Duration) {
        let figures = self.window.look(at, self.proxy.meters());
        let changed = self.proxy.changes() != self.changes || figures != self.figures;
        self.stale |= changed || self.timed;
        self.figures = figures;
    }

    /// Whether time has changed how its plan acts.
    fn takes_turn(&mut self, at: Duration) -> bool {
        let Some(row) = &self.row else {
            return false;
        };
        let turned = self.present(at) != row.present;
        self.stale |= turned;
        turned
    }

    /// Its faults as they act at `at`, where time moves them.
    fn present(&self, at: Duration) -> Option<Arc<Plan>> {
        let in_force = self.proxy.settings.in_force();
        in_force.present(self.moment(at)).map(Arc::new)
    }

    /// Where the faults are that follow a trace.
    fn traced(&self, at: Duration) -> Vec<Traced> {
        let in_force = self.proxy.settings.in_force();
        let traced = in_force.traced(self.moment(at));
        let traced = traced.map(|(kind, place, length)| Traced {
            kind: kind.name,
            place,
            length,
        });
        traced.collect()
    }

    fn moment(&self, at: Duration) -> Instant {
        self.start.checked_add(at).unwrap_or(self.start)
    }

    /// How many clients have left while they waited.
    fn gave_up(&self) -> u64 {
        let meters = self.proxy.meters();
        let each = meters.map(|meter| meter.gave_up.load(Ordering::Relaxed));
        each.sum()
    }

    /// A connection has ended so.
    pub(crate) fn took_leave(&mut self, reason: &CloseReason) {
        self.stir();
        self.failed += u64::from(reason.failed());
        self.left += u64::from(reason.left());
        if let CloseReason::Fault(kind) = reason {
            match self.ended.iter_mut().find(|(known, _)| known == kind) {
                Some((_, count)) => *count += 1,
                None => self.ended.push((kind, 1)),
            }
        }
    }

    /// Its row at `at`, with what its connections come to.
    pub(crate) fn row(&mut self, sum: Sum, insecure: bool, at: Duration) -> ProxyRow {
        let waits = sum.up_to_date < sum.open;
        match &self.row {
            Some(row) if !self.stale && !waits && sum == self.sum => row.clone(),
            _ => {
                self.stale = false;
                self.sum = sum;
                self.waiting_since = waits.then(|| self.waiting_since.unwrap_or(at));
                // Before what it counts: what changes meanwhile is seen next.
                self.changes = self.proxy.changes();
                let row = self.fresh_row(insecure, at);
                let in_force = self.proxy.settings.in_force();
                let turns = in_force.next_turn(self.moment(at)).is_some();
                self.timed = turns || row.present.is_some();
                self.row.insert(row).clone()
            }
        }
    }

    fn fresh_row(&self, insecure: bool, at: Duration) -> ProxyRow {
        let Self { proxy, figures, .. } = self;
        let (port, listening) = proxy.port();
        let Sum {
            open,
            up_to_date,
            held,
            sending,
        } = self.sum;
        ProxyRow {
            id: proxy.id,
            name: proxy.name(),
            mapping: proxy.mapping(),
            listening,
            port,
            insecure: insecure && proxy.way().mapping.tls() != TlsMode::Clear,
            tls: self.tls.clone(),
            present: self.present(at),
            traced: self.traced(at),
            scheduled: scheduled(&proxy.settings.in_force(), self.start),
            ended: self.ended.clone(),
            plan: proxy.settings.plan(),
            generation: proxy.settings.generation(),
            open,
            up_to_date,
            waiting: self.waiting_since.map(|since| at.saturating_sub(since)),
            total: self.total,
            failed: self.failed,
            bytes: figures.delivered,
            rates: figures.rates,
            held,
            full: proxy.meters().map(ProxyMeter::fulls).sum(),
            sending: sending.map(|(_, _, sending)| sending),
            losses: (proxy.meters().map(ProxyMeter::losses)).fold(Losses::default(), Losses::plus),
            writes: figures.writes,
            waits: Waits {
                accept: Latest::last(proxy.meters().map(|meter| &meter.waits.accept)),
                dial: Latest::last(proxy.meters().map(|meter| &meter.waits.dial)),
                close: Latest::last(proxy.meters().map(|meter| &meter.waits.close)),
            },
            added: figures.added,
            feels: figures.feels,
            unanswered: self.unanswered,
            met: self.clean.met(self.acting()),
            clean: self.clean.known(),
            findings: Arc::clone(&self.findings),
            stalls: self.habits.stalls(at),
            foreign: None,
            history: self.window.history(),
        }
    }
}

/// The faults that act at certain times only, these times counted from `start`.
fn scheduled(in_force: &InForce, start: Instant) -> Vec<Scheduled> {
    let since = |at: Instant| at.saturating_duration_since(start);
    let scheduled = in_force.scheduled();
    let scheduled = scheduled.map(|(setting, begins, ends)| Scheduled {
        setting: setting.clone(),
        begins: since(begins),
        ends: ends.map(since),
    });
    scheduled.collect()
}

// === impl Sum ===

impl Sum {
    pub(crate) fn add(&mut self, conn: &ConnFigures, row: &ConnRow) {
        self.open += 1;
        let generation = conn.proxy.settings.generation();
        self.up_to_date += u32::from(conn.record.runs(generation));
        self.held = self.held.plus(row.held);
        for way in Direction::BOTH {
            if let Some(sending) = row.sending[way] {
                let busy = (row.rates[way], row.bytes[way]);
                if self
                    .sending
                    .is_none_or(|(rate, bytes, _)| (rate, bytes) < busy)
                {
                    self.sending = Some((busy.0, busy.1, sending));
                }
            }
        }
    }
}

// === impl Unanswered ===

impl Unanswered {
    /// Adds a request that has waited so long.
    fn add(&mut self, wait: Duration, is_overdue: bool) {
        self.oldest = match (is_overdue, self.overdue) {
            // What waits by habit does not hide it.
            (true, 0) => wait,
            (false, 1..) => self.oldest,
            _ => self.oldest.max(wait),
        };
        self.count += 1;
        self.overdue += u32::from(is_overdue);
    }
}
