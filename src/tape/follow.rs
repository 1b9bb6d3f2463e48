//! Records an engine: follows what it tells and shows, and keeps it in memory and in a file.
//!
//! It is a listener as any other: what it is too slow for is lost to it alone, counted, and noted on the tape.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Tape;
use super::account::{Account, Running};
use super::changes::Changes;
use super::file::TapeFile;
use super::record::{FaultChange, Finding, Head, Port, Record, Standing, What, whole_micros};
use super::save::Saver;
use super::seconds::Seconds;
use crate::proxy::{Engine, Events, FactBatch, FactFeed, Told, clock};
use crate::snapshot::{Author, Event, Found, Happening, ProxyRow, Snapshot, Stall};
use crate::sweep::Curve;

/// What a recorder is told of the session.
#[derive(Debug, Default)]
pub struct Setup {
    /// Whether the upstreams are the demo's.
    pub demo: bool,
    /// The options of the command line that running it again needs.
    pub arguments: Vec<String>,
    /// Where the tape goes, beside the memory.
    pub file: Option<TapeFile>,
}

/// Records an engine until it is told to finish.
pub struct Recorder {
    ready: Arc<Notify>,
    begun: CancellationToken,
    stop: CancellationToken,
    saver: Saver,
    task: JoinHandle<Recorded>,
}

/// What was recorded.
#[derive(Debug)]
pub struct Recorded {
    /// The tape, as much of it as memory keeps.
    pub tape: Tape,
    /// What all of it came to.
    pub account: Account,
    /// Why its file could not be written to the end, where it could not.
    pub problem: Option<String>,
}

/// What follows the engine.
struct Follower {
    engine: Engine,
    events: Events,
    facts: FactFeed,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    asked: mpsc::Receiver<oneshot::Sender<Tape>>,
    file: Option<TapeFile>,
    seconds: Seconds,
    changes: Changes,
    tape: Tape,
    /// What happened before this stands in the first line.
    begun: Duration,
    /// How the proxies stand now.
    now: Head,
    account: Running,
}

// === impl Recorder ===

impl Recorder {
    /// Listens from now on, inside a runtime; the tape begins with `begin`, or with the end.
    #[must_use]
    pub fn start(engine: &Engine, setup: Setup) -> Self {
        let day = OffsetDateTime::from(clock::today() - engine.now());
        let day = day.truncate_to_second().format(&Rfc3339);
        let head = Head {
            tape: Head::FORM,
            faultboard: env!("CARGO_PKG_VERSION").to_owned(),
            seed: engine.seed(),
            began: day.unwrap_or_default(),
            t: Duration::ZERO,
            demo: setup.demo,
            arguments: setup.arguments,
            proxies: Vec::new(),
        };
        let (saver, asked) = Saver::new();
        let follower = Follower {
            engine: engine.clone(),
            events: engine.events(),
            facts: engine.facts(),
            snapshots: engine.snapshots(),
            asked,
            file: setup.file,
            seconds: Seconds::default(),
            changes: Changes::default(),
            tape: Tape::new(head.clone()),
            begun: Duration::ZERO,
            now: head,
            account: Running::default(),
        };
        let (ready, stop) = (Arc::<Notify>::default(), CancellationToken::new());
        let begun = CancellationToken::new();
        let guard = begun.clone().drop_guard();
        let follow = follower.follow(Arc::clone(&ready), guard, stop.clone());
        Self {
            ready,
            begun,
            stop,
            saver,
            task: tokio::spawn(follow),
        }
    }

    /// The proxies of the start are there: the tape's first line tells them. Returns when it does, so that what is changed after
    /// this stands on the tape as a change.
    pub async fn begin(&self) {
        self.ready.notify_one();
        self.begun.cancelled().await;
    }

    /// What saves the tape while it goes on.
    #[must_use]
    pub fn saver(&self) -> Saver {
        self.saver.clone()
    }

    /// Records what has happened up to now, and ends; `None` where the recorder has a fault of its own.
    pub async fn finish(self) -> Option<Recorded> {
        self.stop.cancel();
        self.task.await.ok()
    }
}

// === impl Follower ===

impl Follower {
    async fn follow(
        mut self,
        ready: Arc<Notify>,
        begin: DropGuard,
        stop: CancellationToken,
    ) -> Recorded {
        // Cancel-safe: both only wait.
        tokio::select! {
            () = ready.notified() => {}
            () = stop.cancelled() => {}
        }
        self.begin().await;
        drop(begin);
        loop {
            // Cancel-safe: each of them loses nothing when it is dropped.
            tokio::select! {
                () = stop.cancelled() => break,
                told = self.events.next() => if self.tell(told).await { break },
                Some(batch) = self.facts.next() => self.see(&batch),
                Ok(()) = self.snapshots.changed() => self.read(),
                Some(answer) = self.asked.recv() => {
                    self.catch_up().await;
                    // Whoever asked may have gone.
                    let _ = answer.send(self.tape.clone());
                }
            }
        }
        self.finish().await
    }

    /// Takes the proxies as they stand.
    async fn begin(&mut self) {
        let snapshot = self.engine.snapshot().await;
        self.begun = snapshot.at;
        let head = &mut self.tape.head;
        head.t = whole_micros(snapshot.at);
        head.proxies = snapshot.proxies.iter().map(standing).collect();
        self.now.clone_from(head);
        self.account = Running::new(head);
        if let Some(file) = &mut self.file {
            file.begin(&self.tape.head);
        }
        self.read();
    }

    async fn finish(mut self) -> Recorded {
        self.catch_up().await;
        while let Some(Some(batch)) = self.facts.next().now_or_never() {
            self.see(&batch);
        }
        let last = self.snapshots.borrow().clone();
        for record in self.seconds.finish(&last) {
            self.record(record);
        }
        let end = self.tape.end().max(whole_micros(last.at));
        for row in &last.proxies {
            self.state_last(row, end);
        }
        let problem = self.file.take().and_then(|file| file.finish(end));
        let reason = "stopped".to_owned();
        let last = Record {
            t: end,
            what: What::End { reason },
        };
        self.account.take(&last);
        self.tape.push(last);
        Recorded {
            tape: self.tape,
            account: self.account.finish(),
            problem,
        }
    }

    /// Records what was told up to now.
    async fn catch_up(&mut self) {
        let told: Vec<Told> = self.events.drain().collect();
        for told in told {
            self.tell(told).await;
        }
    }

    /// Records the findings of a proxy as they are at the end: one that only gained a case was not told.
    fn state_last(&mut self, row: &ProxyRow, t: Duration) {
        for finding in &*row.findings {
            let finding = Finding::of(row.name.clone(), Found::Changed, finding);
            if !self.account.settle().has(&finding) {
                let what = What::Finding(Box::new(finding));
                self.record(Record { t, what });
            }
        }
    }

    /// Records what the engine tells; says whether it has told everything.
    async fn tell(&mut self, told: Told) -> bool {
        match told {
            Told::Event(event) => self.happened(&event).await,
            Told::Lost(lost) => self.lost(lost),
            Told::Ended => return true,
        }
        false
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each happening: the compiler says where one is forgotten"
    )]
    async fn happened(&mut self, event: &Event) {
        if event.at < self.begun {
            return;
        }
        let name = event.proxy.clone();
        let by = event.by.as_ref().map_or("", Author::as_str).to_owned();
        let is_known = self.now.proxy(&name).is_some();
        let what = match &event.what {
            Happening::Listening { mapping, addrs } if !is_known => {
                What::Added(Box::new(Standing {
                    proxy: name,
                    mapping: mapping.clone(),
                    address: addrs.first().map(ToString::to_string),
                    by,
                    ..Standing::default()
                }))
            }
            Happening::PortClosed(_) if !is_known => match self.look_up(&name).await {
                Some(standing) => What::Added(Box::new(Standing { by, ..standing })),
                None => return,
            },
            Happening::Listening { .. } => What::Port {
                proxy: name,
                port: Port::Open,
                by,
            },
            Happening::PortClosed(shut) => What::Port {
                proxy: name,
                port: Port::from(*shut),
                by,
            },
            Happening::Removed => What::Removed { proxy: name, by },
            Happening::Renamed { before } => What::Renamed {
                proxy: name,
                before: before.clone(),
                by,
            },
            Happening::Repointed { mapping, .. } => What::Repointed {
                proxy: name,
                mapping: mapping.clone(),
                by,
            },
            Happening::Faults { before, plan } => {
                self.seconds.cut(&name, event.at);
                let before = before.as_ref().map(ToString::to_string);
                What::Faults(self.changes.kept(FaultChange {
                    proxy: name,
                    before: before.unwrap_or_default(),
                    faults: plan.to_string(),
                    bypassed: plan.bypassed,
                    by,
                }))
            }
            Happening::Found { what, finding } => {
                What::Finding(Box::new(Finding::of(name, *what, finding)))
            }
            Happening::Error(error) => What::Error {
                proxy: name,
                error: error.clone(),
            },
            Happening::Opened { .. }
            | Happening::Reached { .. }
            | Happening::Secured { .. }
            | Happening::Closed { .. }
            | Happening::Note(_) => return,
            Happening::Swept { curve, .. } if curve.ended.is_none() => return,
            Happening::Swept { curve, .. } => What::Sweep(Box::new(Curve::clone(curve))),
        };
        self.record(Record { t: event.at, what });
    }

    /// A proxy of which nothing is known yet but its name, as it stands; its faults are told next.
    async fn look_up(&self, name: &str) -> Option<Standing> {
        let snapshot = self.engine.snapshot().await;
        let mut rows = snapshot.proxies.iter();
        let row = rows.find(|row| row.name == name)?;
        Some(Standing {
            faults: String::new(),
            ..standing(row)
        })
    }

    fn see(&mut self, batch: &FactBatch) {
        for fact in &batch.facts {
            self.seconds.see(fact);
        }
        for stall in Stall::joined(batch.stalls.iter().copied()) {
            let (t, lasted) = (stall.to, stall.lasted());
            let what = What::Stall { lasted };
            self.record(Record { t, what });
        }
        if batch.dropped > 0 {
            self.lost(batch.dropped);
        }
    }

    fn read(&mut self) {
        let snapshot = self.snapshots.borrow_and_update().clone();
        for record in self.seconds.read(&snapshot) {
            self.record(record);
        }
    }

    fn lost(&mut self, lost: u64) {
        let (t, what) = (self.engine.now(), What::Lost { lost });
        self.record(Record { t, what });
    }

    fn record(&mut self, record: Record) {
        let record = record.rounded();
        self.now.apply(&record);
        self.account.take(&record);
        if let Some(file) = &mut self.file
            && let Some(problem) = file.take(&record)
        {
            self.engine.report(problem);
        }
        self.tape.push(record);
        self.tape.trim();
    }
}

/// How a proxy stands.
fn standing(row: &ProxyRow) -> Standing {
    Standing {
        proxy: row.name.clone(),
        mapping: row.mapping.to_string(),
        address: row.listening.first().map(ToString::to_string),
        port: Port::from(&row.port),
        faults: row.plan.to_string(),
        bypassed: row.plan.bypassed,
        by: String::new(),
    }
}
