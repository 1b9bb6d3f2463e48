//! The collector: reads every counter on its beat and makes a snapshot of them.
//!
//! Connections tell it that they were opened, and what is told of their upstream, over a bounded channel, before any byte
//! moves. Their end is a reason and a time in their record, which the next beat reads: nothing can be lost, so no row can
//! stay behind. Nothing but the beat, whoever asks for a snapshot, and what a user changes wakes it. A beat since which nothing
//! has stirred walks over no connection and visits no proxy but those whose last minute still has something in it: a proxy
//! without traffic costs nothing. Where none has, it rests: one beat a second, until something stirs, which it looks at at once.

mod clean;
mod conns;
mod proxies;
mod watcher;
mod window;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use self::conns::ConnFigures;
use self::proxies::{ProxyFigures, Sum};
use self::watcher::Watcher;
use self::window::BEAT;
use crate::fault::Plan;
use crate::proxy::events::FactBatch;
use crate::proxy::proxy::Proxy;
use crate::proxy::record::{Closed, Record};
use crate::proxy::shared::{News, Shared};
use crate::proxy::thread::panics;
use crate::proxy::thread::worker::WorkerHandle;
use crate::snapshot::{EndedConn, Happening, ProxyId, Snapshot, Stall};

/// A snapshot in which nothing moved is published only this often, so that ages go on; a crowd's less often, by as much
/// for each `CROWD` connections: a walk over thousands of idle ones is all that an idle process does.
const QUIET_BEAT: Duration = Duration::from_secs(1);
const CROWD: usize = 2_000;

/// What users change is published at once, but so long after the snapshot before: a storm of changes costs no more than that.
const APART: Duration = Duration::from_millis(10);

/// Reads the counters and tells what happens.
pub(crate) struct Collector {
    engine: Arc<Shared>,
    news: mpsc::Receiver<News>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    conns: Vec<ConnFigures>,
    /// Those that ended a short while ago, oldest first; at most `EndedConn::MOST`.
    ended: VecDeque<Arc<EndedConn>>,
    /// The one that is looked at closely.
    watcher: Option<Watcher>,
    /// The proxies that are listed, in the order of their numbers.
    seen: Vec<ProxyFigures>,
    /// When the last snapshot was published.
    published: Duration,
    /// What was counted when connections were last walked over, and whether figures still moved then.
    stirs: u64,
    restless: bool,
    /// Something was changed since the last snapshot was published.
    changed: bool,
    /// How many beats have found nothing to do, and nothing that the next one could have.
    idle: u32,
    /// Whether a bug of its own was told.
    told_bug: bool,
}

// === impl Collector ===

impl Collector {
    pub(crate) fn new(
        engine: Arc<Shared>,
        news: mpsc::Receiver<News>,
        snapshots: watch::Sender<Arc<Snapshot>>,
    ) -> Self {
        Self {
            engine,
            news,
            snapshots,
            conns: Vec::new(),
            ended: VecDeque::new(),
            watcher: None,
            seen: Vec::new(),
            published: Duration::ZERO,
            stirs: 0,
            restless: true,
            changed: false,
            idle: 0,
            told_bug: false,
        }
    }

    /// Collects on its beat, and at once for whoever wants a snapshot, until it is told to stop; then reads everything once
    /// more. A panic ends what it was at, and no more; the first one is told.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut last = false;
        while !last {
            let rests = self.idle > 1;
            let due = self.published.saturating_add(self.quiet_beat());
            let due = due.saturating_sub(self.engine.now());
            let too_soon = self.too_soon();
            let look = tokio::select! {
                // Cancel-safe, all: what was not returned comes again, the token only reports.
                _ = beat.tick(), if !rests => Self::beat,
                () = tokio::time::sleep(due), if rests => Self::beat,
                () = self.engine.rest.ended(), if rests => {
                    beat.reset();
                    Self::beat
                }
                Some(news) = self.news.recv(), if rests => {
                    beat.reset();
                    self.take(news);
                    self.restless = true;
                    Self::beat
                }
                () = self.engine.look.notified() => Self::look,
                () = self.engine.changed.notified(), if !self.changed => {
                    self.changed = true;
                    continue;
                }
                () = tokio::time::sleep(too_soon), if self.changed => Self::look,
                () = stop.cancelled() => {
                    last = true;
                    self.restless = true;
                    Self::beat
                }
            };
            if let Err(panic) = panics::contain(|| look(&mut self))
                && !std::mem::replace(&mut self.told_bug, true)
            {
                let line = format!("some figures are missing, all else goes on: {panic}");
                self.engine.report(line);
            }
        }
    }

    /// How long to wait until a change may be published.
    fn too_soon(&self) -> Duration {
        let since = self.engine.now().saturating_sub(self.published);
        APART.saturating_sub(since)
    }

    /// Publishes a snapshot of this moment. It is no beat: rates go on as if it had not been.
    fn look(&mut self) {
        self.changed = false;
        let at = self.engine.now();
        self.hear();
        self.take_leave();
        self.watch(at);
        for seen in &mut self.seen {
            seen.look(at);
        }
        self.publish(at);
    }

    /// Grows whenever there may be something new to see.
    fn count_stirs(&self) -> u64 {
        let stirs = self.engine.workers.iter().map(WorkerHandle::stirs);
        stirs.fold(self.engine.rest.changes(), u64::wrapping_add)
    }

    fn quiet_beat(&self) -> Duration {
        QUIET_BEAT * u32::try_from(1 + self.conns.len() / CROWD).unwrap_or(u32::MAX)
    }

    fn beat(&mut self) {
        let at = self.engine.now();
        // Counted first: what stirs from here on is for the next beat.
        let stirs = self.count_stirs();
        // Findings are computed now and then: the last facts before silence are in them some beats later.
        let behind = self.seen.iter().any(ProxyFigures::is_behind);
        let news = self.hear() || self.restless || behind || stirs != self.stirs;
        let stirred = news || at.saturating_sub(self.published) >= self.quiet_beat();
        let mut moves = false;
        if stirred {
            self.stirs = stirs;
            self.take_leave();
            moves = self.walk(at);
            self.carry_facts(at);
        }
        for seen in &mut self.seen {
            moves |= seen.beat(at, stirred);
        }
        self.restless = moves;
        self.watch(at);
        let forgets = self.forget_ended(at);
        if stirred || moves || forgets {
            self.publish(at);
        }
        let follows = self.watcher.is_some() || !self.ended.is_empty();
        if news || self.restless || follows || self.seen.iter().any(ProxyFigures::needs_beats) {
            self.idle = 0;
        } else {
            // See there: only the beat after this one knows that nothing stirred before.
            self.engine.rest.begin();
            self.idle = self.idle.saturating_add(1);
        }
    }

    /// Takes what connections have told, and says whether there was anything.
    fn hear(&mut self) -> bool {
        let mut any = false;
        while let Ok(news) = self.news.try_recv() {
            any = true;
            self.take(news);
        }
        any
    }

    fn take(&mut self, news: News) {
        match news {
            News::Opened(record, proxy) => self.open(record, proxy),
            News::Since { proxy, at, what } => {
                if let Happening::Secured { tls, .. } = &what
                    && let Some(seen) = find(&mut self.seen, proxy.id)
                {
                    seen.tls = Some(Arc::clone(tls));
                    seen.stir();
                }
                self.engine.tell_of(at, proxy.name(), what);
            }
        }
    }

    fn open(&mut self, record: Arc<Record>, proxy: Arc<Proxy>) {
        let what = Happening::Opened {
            conn: record.id,
            client: record.client,
            upstream: proxy.way().mapping.upstream(),
        };
        self.engine.tell_of(record.opened, proxy.name(), what);
        if find(&mut self.seen, proxy.id).is_none() {
            self.follow();
        }
        if let Some(seen) = find(&mut self.seen, proxy.id) {
            seen.total += 1;
            seen.stir();
        }
        self.conns.push(ConnFigures::new(record, proxy));
    }

    /// Follows the proxies that are listed now, and no others.
    fn follow(&mut self) {
        let proxies = self.engine.proxies.read();
        let listed = proxies.iter().map(|proxy| proxy.id);
        if listed.eq(self.seen.iter().map(ProxyFigures::id)) {
            return;
        }
        // Both are in the order of numbers.
        let mut known = std::mem::take(&mut self.seen).into_iter().peekable();
        for proxy in proxies.iter() {
            while known.next_if(|seen| seen.id() < proxy.id).is_some() {}
            let seen = known.next_if(|seen| seen.id() == proxy.id);
            self.seen
                .push(seen.unwrap_or_else(|| ProxyFigures::new(proxy, self.engine.start)));
        }
    }

    /// Takes leave of the connections that have ended.
    fn take_leave(&mut self) {
        self.follow();
        let ended = |conn: &mut ConnFigures| conn.record.closed.get().is_some();
        let ended: Vec<_> = self.conns.extract_if(.., ended).collect();
        if self.conns.capacity() > 4 * self.conns.len() {
            // A storm's list is given back.
            self.conns.shrink_to(2 * self.conns.len());
        }
        // What they told before they ended waits by now.
        self.hear();
        for conn in ended {
            let Some(last) = conn.at_end() else {
                continue;
            };
            self.ended.push_back(Arc::new(last));
            let ConnFigures { record, proxy, .. } = conn;
            let Some(Closed { reason, at }) = record.closed.get() else {
                continue;
            };
            if let Some(seen) = find(&mut self.seen, proxy.id) {
                seen.took_leave(reason);
            }
            let what = Happening::Closed {
                conn: record.id,
                bytes: record.meter.delivered(),
                lasted: at.saturating_sub(record.opened),
                reason: reason.clone(),
                truncated: record.truncated.load(Ordering::Relaxed),
            };
            self.engine.tell_of(*at, proxy.name(), what);
        }
        let over = self.ended.len().saturating_sub(EndedConn::MOST);
        self.ended.drain(..over);
    }

    /// Follows the connection that is looked at closely.
    fn watch(&mut self, at: Duration) {
        let wanted = self.engine.watched.lock().clone();
        let is_it = |watcher: &Watcher, record: &Arc<Record>| Arc::ptr_eq(&watcher.record, record);
        let before = self.watcher.take();
        self.watcher = wanted.map(|record| {
            let known = before.filter(|watcher| is_it(watcher, &record));
            known.unwrap_or_else(|| Watcher::new(record, at))
        });
        if let Some(watcher) = &mut self.watcher {
            watcher.beat(at);
        }
    }

    /// Forgets the connections that ended long enough ago, and says whether there were any.
    fn forget_ended(&mut self, at: Duration) -> bool {
        let is_over = |ended: &Arc<EndedConn>| at.saturating_sub(ended.at) >= EndedConn::SHOWN;
        let over = self.ended.iter().take_while(|ended| is_over(ended));
        let over = over.count();
        self.ended.drain(..over);
        over > 0
    }

    /// Reads the counters of all connections, and says whether any still moves.
    fn walk(&mut self, at: Duration) -> bool {
        let mut moves = false;
        self.seen.iter_mut().for_each(ProxyFigures::walk);
        for conn in &mut self.conns {
            #[cfg(test)]
            panics::injected::reach(panics::injected::Place::Collecting, conn.record.client);
            let grown = conn.beat(at);
            let wait = conn.waits(at);
            if (grown || wait.is_some())
                && let Some(seen) = find(&mut self.seen, conn.proxy.id)
            {
                seen.stir();
                if let Some(wait) = wait {
                    seen.waits(wait, conn.record.meter.waited(), conn.is_held());
                }
            }
            moves |= conn.moves();
        }
        self.seen.iter_mut().for_each(|seen| seen.walked(at));
        moves |= self.seen.iter().any(ProxyFigures::waits_in_suspense);
        moves
    }

    /// Carries what workers have seen since the last beat on to whoever listens, and says what it shows of applications.
    fn carry_facts(&mut self, at: Duration) {
        let mut batch = FactBatch::default();
        for worker in &self.engine.workers {
            batch.dropped += worker.facts().take(&mut batch.facts, &mut batch.lost);
            let stalls = worker.facts().stalls().into_iter();
            batch.stalls.extend(stalls.map(|stall| Stall {
                from: self.engine.at(stall.start),
                to: self.engine.at(stall.end),
            }));
        }
        for seen in &self.seen {
            seen.take_plans(&mut batch.plans);
        }
        let is_empty = batch.facts.is_empty()
            && batch.plans.is_empty()
            && batch.stalls.is_empty()
            && batch.dropped == 0;
        if is_empty && !self.seen.iter().any(ProxyFigures::is_behind) {
            return;
        }
        batch.facts.sort_by_key(|fact| fact.at);
        batch.plans.sort_by_key(|(at, ..)| *at);
        batch.stalls.sort_by_key(|stall| stall.to);
        self.infer(&batch, at);
        if !is_empty {
            // Nobody needs to listen.
            let _ = self.engine.facts.send(Arc::new(batch));
        }
    }

    /// Takes stalls in, then facts and the plans between them, in the order of their times, and tells what is found by them.
    fn infer(&mut self, batch: &FactBatch, at: Duration) {
        for seen in &mut self.seen {
            for stall in &batch.stalls {
                seen.habits.stalled(*stall);
            }
        }
        let mut plans = batch.plans.iter().peekable();
        let mut facts = batch.facts.iter().peekable();
        loop {
            let before = facts.peek().map(|fact| fact.at);
            let is_next = |(since, ..): &&(Duration, ProxyId, Arc<Plan>)| {
                before.is_none_or(|before| *since <= before)
            };
            if let Some((since, id, plan)) = plans.next_if(is_next) {
                if let Some(seen) = find(&mut self.seen, *id) {
                    seen.habits.faults(*since, plan);
                }
            } else if let Some(fact) = facts.next() {
                if let Some(seen) = find(&mut self.seen, fact.proxy) {
                    seen.habits.see(fact);
                }
            } else {
                break;
            }
        }
        let set_apart = self.conns.iter().filter(|conn| conn.record.is_set_apart());
        for conn in set_apart {
            let (proxy, conn) = (conn.proxy.id, conn.record.id);
            if let Some(seen) = find(&mut self.seen, proxy) {
                seen.habits.pass_over(at, (proxy, conn));
            }
        }
        for seen in &mut self.seen {
            if batch.lost.contains(&seen.id()) {
                let id = seen.id();
                let open = self.conns.iter().filter(|conn| conn.proxy.id == id);
                seen.habits.begin_anew(at, open.map(ConnFigures::known));
            }
            for (what, finding) in seen.infer(at) {
                let what = Happening::Found { what, finding };
                self.engine.tell_of(at, seen.name(), what);
            }
        }
    }

    /// Publishes what there is to see.
    fn publish(&mut self, at: Duration) {
        let mut snapshot = Snapshot {
            at,
            ended: self.ended.iter().cloned().collect(),
            watched: self.watcher.as_ref().map(|it| Arc::new(it.shown(at))),
            conns: Vec::with_capacity(self.conns.len()),
            proxies: Vec::with_capacity(self.seen.len()),
            ..Snapshot::default()
        };
        let mut sums = vec![Sum::default(); self.seen.len()];
        for conn in &self.conns {
            let row = conn.row(at);
            if let Ok(index) = self.seen.binary_search_by_key(&row.proxy, ProxyFigures::id) {
                sums[index].add(conn, &row);
            }
            snapshot.conns.push(row);
        }
        for (seen, sum) in self.seen.iter_mut().zip(sums) {
            let row = seen.row(sum, self.engine.options.tls.insecure, at);
            snapshot.rates = snapshot.rates.plus(row.rates);
            // For how long the slowest has been waiting goes on.
            self.restless |= row.up_to_date < row.open;
            snapshot.proxies.push(row);
        }
        (self.published, self.changed) = (at, false);
        self.snapshots.send_replace(Arc::new(snapshot));
    }
}

fn find(seen: &mut [ProxyFigures], id: ProxyId) -> Option<&mut ProxyFigures> {
    let index = seen.binary_search_by_key(&id, ProxyFigures::id).ok()?;
    Some(&mut seen[index])
}

#[cfg(test)]
mod tests;
