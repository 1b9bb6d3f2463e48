//! Beats of a collector without workers: what it tells, and when it looks.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, AtomicU64};

use tokio::sync::{Semaphore, oneshot};
use tokio_util::task::TaskTracker;

use super::*;
use crate::fault::{Direction, PerDirection, Plan};
use crate::mapping;
use crate::proxy::meter::slots::Pages;
use crate::proxy::net::look_up::LookUps;
use crate::proxy::record::Record;
use crate::proxy::shared::Shared;
use crate::proxy::{Options, tls};
use crate::snapshot::{CloseReason, ConnId, Negotiated, ProxyId};

/// A collector and what it watches, in the place of an engine.
struct Desk {
    collector: Collector,
    opened: mpsc::Sender<Opened>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    events: broadcast::Receiver<Arc<Event>>,
    stirs: Stirs,
    proxy: Arc<Proxy>,
    pages: Arc<Pages>,
}

/// What the tasks of an engine without workers share.
fn inner(opened: mpsc::Sender<Opened>, events: broadcast::Sender<Arc<Event>>) -> Shared {
    let options = Options::default();
    Shared {
        news: Arc::default(),
        tls: tls::TlsConfigs::load(&options.tls).expect("nothing to load"),
        options,
        start: clock::now(),
        budget: Arc::default(),
        places: Arc::new(Semaphore::new(1)),
        limit: 1,
        look_ups: LookUps::default(),
        proxies: Arc::default(),
        workers: Vec::new(),
        pages: Vec::new(),
        opened,
        asked: mpsc::channel(1).0,
        changes: Arc::default(),
        events,
        tasks: TaskTracker::new(),
        next_proxy: AtomicU32::new(1),
        next_connection: AtomicU64::new(1),
    }
}

fn desk() -> Desk {
    let (events, told) = broadcast::channel(1 << 15);
    let (opened, news) = mpsc::channel(1 << 14);
    let (_, asked) = mpsc::channel(1);
    let inner = inner(opened.clone(), events.clone());
    let mapping = mapping::parse("80=db:81").expect("valid");
    let allotted = inner.allot(&mapping);
    let proxy = Proxy::new(ProxyId(1), mapping, Plan::default(), &[], allotted);
    let proxy = Arc::new(proxy);
    inner.proxies.write().push(Arc::clone(&proxy));
    let stirs = Stirs::default();
    let sources = Sources {
        start: inner.start,
        insecure: false,
        proxies: inner.proxies,
        stirs: vec![stirs.clone()],
        changes: inner.changes,
    };
    let (published, snapshots) = watch::channel(Arc::default());
    Desk {
        collector: Collector::new(sources, (news, asked), published, events),
        opened,
        snapshots,
        events: told,
        stirs,
        proxy,
        pages: Arc::default(),
    }
}

impl Desk {
    /// A connection that a worker has taken over.
    fn open(&self, number: u64) -> Arc<Record> {
        let client = (Ipv4Addr::LOCALHOST, 1).into();
        let slot = self.pages.take();
        let (id, proxy) = (ConnId(number), self.proxy.id);
        let record = Arc::new(Record::new(id, proxy, client, Duration::ZERO, slot));
        self.proxy.settings.enter(&record);
        let news = Opened {
            record: Arc::clone(&record),
            proxy: Arc::clone(&self.proxy),
        };
        assert!(self.opened.try_send(news).is_ok(), "the channel has room");
        record
    }

    /// Ends a connection as its task does.
    fn close(&self, record: &Record) {
        let reason = CloseReason::UpstreamDone;
        let at = Duration::from_millis(30);
        record.closed.set(Closed { reason, at }).expect("once");
        self.stirs.raise();
        self.proxy.settings.leave(record.id);
    }

    /// Beats after this time, and says whether a snapshot came of it.
    async fn beat_after(&mut self, time: Duration) -> bool {
        tokio::time::advance(time).await;
        self.collector.beat();
        let news = self.snapshots.has_changed().expect("it is alive");
        self.snapshots.mark_unchanged();
        news
    }

    /// What was told since this was last asked.
    fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            told.push(match &event.what {
                Happening::Opened { conn, .. } => format!("opened {}", conn.0),
                Happening::Closed {
                    conn,
                    bytes: PerDirection { up, down },
                    reason,
                    ..
                } => format!("closed {} {reason:?} {up} {down}", conn.0),
                other => format!("{other:?}"),
            });
        }
        told
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_between_two_beats_is_told_as_opened_then_closed() {
    let mut desk = desk();
    desk.beat_after(BEAT).await;
    let record = desk.open(1);
    record.slot.add_delivered(Direction::Up, 5);
    record.slot.add_delivered(Direction::Down, 7);
    desk.close(&record);
    assert!(desk.beat_after(BEAT).await);
    assert_eq!(desk.told(), ["opened 1", "closed 1 UpstreamDone 5 7"]);
    let snapshot = desk.snapshots.borrow().clone();
    let row = &snapshot.proxies[0];
    assert_eq!((row.total, row.open, snapshot.conns.len()), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn tls_that_came_with_the_end_is_told_before_it() {
    let mut desk = desk();
    let record = desk.open(1);
    desk.beat_after(BEAT).await;
    let upstream = (Ipv4Addr::LOCALHOST, 81).into();
    let tls = Negotiated {
        version: "TLS 1.3",
        alpn: None,
        offered: Vec::new(),
        resumed: false,
        took: Duration::from_millis(18),
    };
    record.reached(upstream, Some(tls), Duration::ZERO);
    desk.close(&record);
    desk.told();
    // As where both came after a beat had looked for the first.
    desk.collector.reap();
    let told = desk.told();
    assert!(
        told.len() == 2 && told[0].starts_with("Secured") && told[1].starts_with("closed"),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn all_that_opened_since_the_last_beat_are_taken_in_one() {
    let mut desk = desk();
    let records: Vec<_> = (1..=1_000).map(|number| desk.open(number)).collect();
    assert!(desk.beat_after(BEAT).await);
    assert_eq!(desk.told().len(), records.len());
    assert_eq!(desk.snapshots.borrow().proxies[0].total, 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_beat_since_which_nothing_stirred_publishes_nothing() {
    let mut desk = desk();
    let _idle = desk.open(1);
    // The first two see it open and settle.
    desk.beat_after(BEAT).await;
    desk.beat_after(BEAT).await;
    assert!(!desk.beat_after(BEAT).await);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_stirred_is_looked_at_on_the_next_beat() {
    let mut desk = desk();
    let record = desk.open(1);
    desk.beat_after(BEAT).await;
    desk.beat_after(BEAT).await;
    record.slot.set_held(Direction::Down, 9, true);
    desk.stirs.raise();
    assert!(desk.beat_after(BEAT).await);
    let snapshot = desk.snapshots.borrow().clone();
    assert_eq!(
        (snapshot.conns[0].held, snapshot.conns[0].full),
        (PerDirection::of(0, 9), 1)
    );
}

#[tokio::test(start_paused = true)]
async fn other_settings_are_looked_at_without_a_stir() {
    let mut desk = desk();
    let _idle = desk.open(1);
    desk.beat_after(BEAT).await;
    desk.beat_after(BEAT).await;
    desk.proxy.change(Plan::default());
    assert!(desk.beat_after(BEAT).await);
}

#[tokio::test(start_paused = true)]
async fn the_age_of_an_idle_connection_goes_on_once_a_second() {
    let mut desk = desk();
    let _idle = desk.open(1);
    let mut published = 0;
    for _ in 0..42 {
        published += u32::from(desk.beat_after(BEAT).await);
    }
    let age = desk.snapshots.borrow().conns[0].age;
    assert!(
        published <= 6 && age >= Duration::from_secs(3),
        "{published} {age:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_asked_for_is_of_the_moment_and_no_beat() {
    let mut desk = desk();
    let record = desk.open(1);
    desk.beat_after(BEAT).await;
    record.slot.add_delivered(Direction::Up, 1_000);
    desk.stirs.raise();
    tokio::time::advance(BEAT / 2).await;
    for _ in 0..3 {
        let (answer, asked) = oneshot::channel();
        desk.collector.answer(answer);
        let snapshot = asked.await.expect("an answer");
        let row = &snapshot.conns[0];
        assert_eq!(
            (row.bytes, row.rates),
            (PerDirection::of(1_000, 0), PerDirection::default())
        );
    }
    desk.beat_after(BEAT / 2).await;
    let snapshot = desk.snapshots.borrow().clone();
    assert!((snapshot.conns[0].rates.up - 2_000.0).abs() < 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_nothing_stirs_is_not_visited() {
    let mut desk = desk();
    desk.beat_after(BEAT).await;
    // Not told to the collector, so that only a visit could find it.
    desk.proxy.settings.change(Plan::default());
    let mut published = 0;
    for _ in 0..20 {
        published += u32::from(desk.beat_after(BEAT).await);
    }
    let shown = desk.snapshots.borrow().proxies[0].generation;
    assert_eq!((published, shown), (2, 1));
    desk.proxy.touch();
    desk.beat_after(BEAT).await;
    assert_eq!(desk.snapshots.borrow().proxies[0].generation, 2);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_waits_for_its_hour_stirs_nothing_until_then() {
    let mut desk = desk();
    let later = crate::fault::language::parse("latency 1s start=10s").expect("faults");
    desk.proxy.change(Plan::of(later));
    desk.beat_after(BEAT).await;
    let mut published = 0;
    for _ in 0..50 {
        published += u32::from(desk.beat_after(BEAT).await);
    }
    assert!(published <= 6, "{published}");
    let before = desk.snapshots.borrow().proxies[0].present.clone();
    assert_eq!(before.map(|plan| plan.to_string()).as_deref(), Some(""));
    let mut turned = None;
    for beat in 0..60 {
        desk.beat_after(BEAT).await;
        if desk.snapshots.borrow().proxies[0].present.is_none() {
            turned.get_or_insert(beat);
        }
    }
    assert_eq!(turned, Some(48), "on the beat of its moment");
}

#[tokio::test(start_paused = true)]
async fn a_proxy_is_listed_again_as_soon_as_it_is_listed_anew() {
    let mut desk = desk();
    desk.beat_after(BEAT).await;
    let listed = std::mem::take(&mut *desk.collector.sources.proxies.write());
    desk.proxy.touch();
    assert!(desk.beat_after(BEAT).await && desk.snapshots.borrow().proxies.is_empty());
    *desk.collector.sources.proxies.write() = listed;
    desk.proxy.touch();
    assert!(desk.beat_after(BEAT).await && desk.snapshots.borrow().proxies.len() == 1);
}
