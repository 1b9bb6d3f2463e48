//! Beats of a collector without workers: what it tells, and when it looks.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, AtomicU64};

use parking_lot::RwLock;
use tokio::sync::{Notify, Semaphore, broadcast};
use tokio_util::task::TaskTracker;

use super::*;
use crate::fault::shared::SharedLinks;
use crate::fault::{Direction, PerDirection, Plan, language};
use crate::mapping;
use crate::proxy::meter::counters::ProxyMeter;
use crate::proxy::meter::facts::Facts;
use crate::proxy::meter::gauge::{ConnGauge, Gauge};
use crate::proxy::net::barred::Barred;
use crate::proxy::net::look_up::LookUps;
use crate::proxy::shared::Sweeps;
use crate::proxy::thread::clock;
use crate::proxy::thread::panics::injected::{self, Place};
use crate::proxy::{Options, tls};
use crate::snapshot::{
    Amid, CloseReason, ConnId, ConnState, Event, Fact, Leave, LegName, Negotiated, Seen,
};

/// A collector and what it watches, in the place of an engine.
struct Desk {
    collector: Collector,
    engine: Arc<Shared>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    events: broadcast::Receiver<Arc<Event>>,
    proxy: Arc<Proxy>,
}

/// What the tasks of an engine without workers share.
fn shared(news: mpsc::Sender<News>, events: broadcast::Sender<Arc<Event>>) -> Shared {
    let options = Options::default();
    Shared {
        desk: Arc::new(SharedLinks::new(clock::now())),
        look: Notify::new(),
        changed: Notify::new(),
        watched: parking_lot::Mutex::default(),
        tls: tls::TlsConfigs::load(&options.tls).expect("nothing to load"),
        options,
        start: clock::now(),
        budget: Arc::default(),
        places: Arc::new(Semaphore::new(1)),
        limit: 1,
        look_ups: LookUps::default(),
        barred: Barred::default(),
        proxies: RwLock::default(),
        workers: Vec::new(),
        news,
        rest: Arc::default(),
        events,
        facts: broadcast::channel(16).0,
        tasks: TaskTracker::new(),
        sweeps: Sweeps::default(),
        next_proxy: AtomicU32::new(1),
        next_connection: AtomicU64::new(1),
    }
}

fn desk() -> Desk {
    let (events, told) = broadcast::channel(1 << 15);
    let (news_tx, news) = mpsc::channel(1 << 14);
    let engine = Arc::new(shared(news_tx, events));
    let mapping = mapping::parse("80=db:81").expect("valid");
    let allotted = engine.allot(mapping);
    let proxy = Proxy::new(ProxyId(1), Plan::default(), &[], allotted);
    let proxy = Arc::new(proxy);
    engine.proxies.write().push(Arc::clone(&proxy));
    let (published, snapshots) = watch::channel(Arc::default());
    Desk {
        collector: Collector::new(Arc::clone(&engine), news, published),
        engine,
        snapshots,
        events: told,
        proxy,
    }
}

impl Desk {
    /// A connection that a worker has taken over.
    fn open(&self, number: u64) -> Arc<Record> {
        self.open_from((Ipv4Addr::LOCALHOST, 1).into(), number)
    }

    fn open_from(&self, client: SocketAddr, number: u64) -> Arc<Record> {
        let record = Arc::new(Record::new(ConnId(number), client, Duration::ZERO));
        self.proxy.settings.enter(&record, 0);
        self.tell(News::Opened(Arc::clone(&record), Arc::clone(&self.proxy)));
        record
    }

    fn tell(&self, news: News) {
        assert!(
            self.engine.news.try_send(news).is_ok(),
            "the channel has room"
        );
    }

    /// Says that a connection has done something, in the place of its worker.
    fn stir(&self) {
        self.engine.rest.changed();
    }

    /// Ends a connection as its task does.
    fn close(&self, record: &Record) {
        let reason = CloseReason::UpstreamDone;
        let at = Duration::from_millis(30);
        record.closed.set(Closed { reason, at }).expect("once");
        self.stir();
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
    record.meter.add_delivered(Direction::Up, 5);
    record.meter.add_delivered(Direction::Down, 7);
    desk.close(&record);
    assert!(desk.beat_after(BEAT).await);
    assert_eq!(desk.told(), ["opened 1", "closed 1 UpstreamDone 5 7"]);
    let snapshot = desk.snapshots.borrow().clone();
    let row = &snapshot.proxies[0];
    assert_eq!((row.total, row.open, snapshot.conns.len()), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn connections_that_ended_are_shown_for_ten_seconds_and_not_without_bound() {
    let mut desk = desk();
    let most = EndedConn::MOST as u64;
    for number in 1..=most + 5 {
        let record = desk.open(number);
        record.meter.add_delivered(Direction::Down, number);
        desk.close(&record);
    }
    assert!(desk.beat_after(BEAT).await);
    let ended = desk.snapshots.borrow().ended.clone();
    assert_eq!(ended.len(), EndedConn::MOST);
    let (first, at) = (&ended[0], Duration::from_millis(30));
    assert_eq!((first.row.id, first.row.bytes.down), (ConnId(6), 6));
    assert_eq!(
        (first.row.state, first.row.age, first.at),
        (ConnState::Ended, at, at)
    );
    assert_eq!(first.reason, CloseReason::UpstreamDone);
    desk.beat_after(EndedConn::SHOWN.saturating_sub(2 * BEAT))
        .await;
    assert_eq!(desk.snapshots.borrow().ended.len(), EndedConn::MOST);
    desk.beat_after(2 * BEAT).await;
    assert!(desk.snapshots.borrow().ended.is_empty());
}

#[tokio::test(start_paused = true)]
async fn tls_that_came_with_the_end_is_told_before_it() {
    let mut desk = desk();
    let record = desk.open(1);
    desk.beat_after(BEAT).await;
    let tls = Negotiated {
        version: "TLS 1.3",
        alpn: None,
        offered: Vec::new(),
        resumed: false,
        round_trips: 1,
        took: Duration::from_millis(18),
    };
    let what = Happening::Secured {
        conn: record.id,
        tls: Arc::new(tls),
    };
    desk.tell(News::Since {
        proxy: Arc::clone(&desk.proxy),
        at: Duration::ZERO,
        what,
    });
    desk.close(&record);
    desk.told();
    // As where both came after a beat had listened.
    desk.collector.take_leave();
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
    record.meter.set_held(Direction::Down, 9, true);
    desk.stir();
    assert!(desk.beat_after(BEAT).await);
    let snapshot = desk.snapshots.borrow().clone();
    assert_eq!(
        (snapshot.conns[0].held, snapshot.conns[0].full),
        (PerDirection::of(0, 9), 1)
    );
}

#[tokio::test(start_paused = true)]
async fn the_delay_of_what_is_held_grows_until_some_of_it_leaves() {
    let mut desk = desk();
    let record = desk.open(1);
    desk.beat_after(BEAT).await;
    record.meter.set_added(Direction::Down, BEAT);
    record.meter.set_held(Direction::Down, 9, false);
    let mut told = Vec::new();
    for step in 0..5 {
        if step == 3 {
            record.meter.add_delivered(Direction::Down, 4);
        }
        if step == 4 {
            record.meter.set_held(Direction::Down, 0, false);
        }
        desk.stir();
        desk.beat_after(BEAT * 2).await;
        told.push(desk.snapshots.borrow().conns[0].added);
    }
    let beats = [1, 2, 4, 1, 1].map(|beats| Some(BEAT * beats));
    assert_eq!(told, beats);
}

#[tokio::test(start_paused = true)]
async fn other_settings_are_looked_at_without_a_stir() {
    let mut desk = desk();
    let _idle = desk.open(1);
    desk.beat_after(BEAT).await;
    desk.beat_after(BEAT).await;
    desk.proxy
        .change(None, Plan::clear_all)
        .expect("whatever it was");
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
    record.meter.add_delivered(Direction::Up, 1_000);
    desk.stir();
    tokio::time::advance(BEAT / 2).await;
    for _ in 0..3 {
        desk.collector.look();
        let snapshot = desk.snapshots.borrow().clone();
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
async fn what_is_changed_is_published_before_the_next_beat_and_a_storm_of_changes_now_and_then() {
    let mut desk = desk();
    let engine = Arc::clone(&desk.engine);
    let stop = CancellationToken::new();
    let running = tokio::spawn(desk.collector.run(stop.clone()));
    desk.snapshots.changed().await.expect("it runs");
    // In the middle between two beats.
    tokio::time::sleep(BEAT / 2).await;
    let before = clock::now();
    let change = desk.proxy.settings.change(None, Plan::clear_all);
    change.expect("whatever it was");
    engine.changed.notify_one();
    desk.snapshots.changed().await.expect("it runs");
    assert!(clock::now() - before < APART, "{:?}", clock::now() - before);
    // Within one beat.
    let mut published = 0;
    for _ in 0..80 {
        engine.changed.notify_one();
        tokio::time::sleep(Duration::from_millis(1)).await;
        published += u32::from(desk.snapshots.has_changed().expect("it runs"));
        desk.snapshots.mark_unchanged();
    }
    assert!((5..=9).contains(&published), "{published}");
    stop.cancel();
    running.await.expect("it ends");
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_nothing_stirs_is_not_visited() {
    let mut desk = desk();
    desk.beat_after(BEAT).await;
    // Not told to the collector, so that only a visit could find it.
    let change = desk.proxy.settings.change(None, Plan::clear_all);
    change.expect("whatever it was");
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
    let change = desk.proxy.change(None, |plan| *plan = Plan::of(later));
    change.expect("whatever it was");
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
    let listed = std::mem::take(&mut *desk.engine.proxies.write());
    desk.proxy.touch();
    assert!(desk.beat_after(BEAT).await && desk.snapshots.borrow().proxies.is_empty());
    *desk.engine.proxies.write() = listed;
    desk.proxy.touch();
    assert!(desk.beat_after(BEAT).await && desk.snapshots.borrow().proxies.len() == 1);
}

#[tokio::test(start_paused = true)]
async fn a_desk_at_rest_shows_at_once_what_stirs_and_else_one_snapshot_a_second() {
    let mut desk = desk();
    let engine = Arc::clone(&desk.engine);
    let stop = CancellationToken::new();
    let running = tokio::spawn(desk.collector.run(stop.clone()));
    // What was before goes out of the last minute, and what rests begins to.
    tokio::time::sleep(Duration::from_secs(70)).await;
    for _ in 0..3 {
        desk.snapshots.mark_unchanged();
        desk.snapshots.changed().await.expect("it runs");
        let before = clock::now();
        desk.snapshots.changed().await.expect("it runs");
        assert_eq!(clock::now() - before, QUIET_BEAT);
        // Between two of the ten moments a second at which it would look.
        let later = BEAT * 3 + BEAT / 2;
        tokio::time::sleep(later).await;
        desk.snapshots.mark_unchanged();
        engine.rest.changed();
        desk.snapshots.changed().await.expect("it runs");
        assert_eq!(clock::now() - before, QUIET_BEAT + later);
    }
    // It lies down again.
    tokio::time::sleep(Duration::from_millis(2_345)).await;
    desk.snapshots.mark_unchanged();
    let before = clock::now();
    let client = (Ipv4Addr::LOCALHOST, 1).into();
    let record = Arc::new(Record::new(ConnId(1), client, Duration::ZERO));
    let news = News::Opened(Arc::clone(&record), Arc::clone(&desk.proxy));
    assert!(engine.news.try_send(news).is_ok(), "the channel has room");
    desk.snapshots.changed().await.expect("it runs");
    assert_eq!(clock::now(), before);
    assert_eq!(desk.snapshots.borrow().conns.len(), 1);
    stop.cancel();
    running.await.expect("it ends");
}

#[tokio::test(start_paused = true)]
async fn a_bug_in_a_beat_is_told_once_and_the_collector_goes_on() {
    panics::install();
    let mut desk = desk();
    let client = (Ipv4Addr::new(127, 1, 2, 3), 7).into();
    injected::inject(client, Place::Collecting);
    let record = desk.open_from(client, 1);
    let stop = CancellationToken::new();
    let running = tokio::spawn(desk.collector.run(stop.clone()));
    tokio::time::sleep(BEAT * 5).await;
    desk.proxy.settings.leave(record.id);
    let (reason, at) = (CloseReason::UpstreamDone, Duration::ZERO);
    record.closed.set(Closed { reason, at }).expect("once");
    tokio::time::sleep(BEAT * 5).await;
    stop.cancel();
    running.await.expect("it has not panicked");
    assert!(desk.snapshots.borrow().conns.is_empty());
    assert_eq!(desk.snapshots.borrow().proxies[0].total, 1);
    let mut errors = Vec::new();
    while let Ok(event) = desk.events.try_recv() {
        if let Happening::Error(error) = &event.what {
            errors.push(error.clone());
        }
    }
    let [error] = &errors[..] else {
        panic!("one error, not {errors:?}");
    };
    let began = "some figures are missing, all else goes on: a bug of faultboard ";
    assert!(error.starts_with(began), "{error}");
}

/// What a connection of a proxy does at a millisecond: bytes come from its client, or leave for it; or the desk holds some.
#[derive(Clone, Copy)]
enum Does {
    Asks,
    Hears,
    IsHeld,
}

type Course = Vec<(u64, usize, Does)>;

/// Has the collector see what was seen of connections.
fn see(desk: &mut Desk, seen: impl IntoIterator<Item = Fact>) {
    for fact in seen {
        desk.collector.seen[0].habits.see(&fact);
    }
}

/// Runs a proxy's connections for forty seconds; returns how many waited at most, and how many were overdue at the end.
async fn most_waiting(course: &Course) -> (u32, u32) {
    let mut desk = desk();
    let records: Vec<_> = (1..=4).map(|number| desk.open(number)).collect();
    let (facts, meter, start) = (Facts::default(), ProxyMeter::default(), desk.engine.start);
    let gauge = |record| {
        let Record {
            id, meter: conn, ..
        }: &Record = record;
        ConnGauge::new((*id, conn), (ProxyId(1), &meter), &facts, start, start)
    };
    let mut gauges: Vec<_> = records.iter().map(|record| gauge(record)).collect();
    desk.beat_after(BEAT).await;
    let opened = records.iter().map(|record| Fact {
        at: Duration::ZERO,
        proxy: ProxyId(1),
        conn: record.id,
        seen: Seen::Opened {
            client: record.client,
        },
    });
    see(&mut desk, opened);
    let mut most = 0;
    for beat in 1..400 {
        for (at, conn, does) in course.iter().filter(|(at, ..)| at / 100 + 1 == beat) {
            let (gauge, now) = (&mut gauges[*conn], start + Duration::from_millis(*at));
            match does {
                Does::Asks => gauge.arrived(Direction::Up, 40, now),
                Does::Hears => gauge.delivered(Direction::Down, 9, now),
                Does::IsHeld => gauge.holds(Direction::Up, 40, false),
            }
        }
        let mut taken = Vec::new();
        facts.take(&mut taken, &mut Vec::new());
        see(&mut desk, taken);
        desk.stir();
        desk.beat_after(BEAT).await;
        most = most.max(desk.snapshots.borrow().proxies[0].unanswered.count);
    }
    let last = desk.snapshots.borrow().proxies[0].unanswered;
    (most, last.overdue)
}

/// Who asks every 300 ms until then, and is answered.
fn talks(conn: usize, until: u64) -> Course {
    let times = (0..until).step_by(300);
    let talk = times.flat_map(|at| [(at, conn, Does::Asks), (at + 3, conn, Does::Hears)]);
    talk.collect()
}

/// Who does so, and then asks what is not answered.
fn waits(conn: usize) -> Course {
    [talks(conn, 2_000), vec![(2_100, conn, Does::Asks)]].concat()
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_health_is_shown_and_calm_and_who_waits_in_vain_is_not() {
    use Does::{Asks, Hears, IsHeld};
    let told = |times: &[u64]| {
        let hears = times.iter().map(|at| (*at, 0, Hears));
        [(0, 0, Asks)].into_iter().chain(hears).collect::<Course>()
    };
    let busy = talks(3, 40_000);
    let held = vec![(2_100, 0, IsHeld)];
    let all: Course = (0..3).flat_map(waits).collect();
    let stream: Vec<u64> = (5..40_000).step_by(70).collect();
    let long_poll = [told(&[19_000]), vec![(19_001, 0, Asks)]].concat();
    let rows = [
        ("a long poll", long_poll, (1, 0)),
        ("a worker's first blocking pop", waits(0), (1, 0)),
        (
            "the same beside a caller",
            [busy.clone(), waits(0)].concat(),
            (1, 0),
        ),
        (
            "several of them beside a caller",
            [busy.clone(), all.clone()].concat(),
            (3, 0),
        ),
        ("a subscriber", told(&[5, 9_000, 20_000]), (0, 0)),
        ("a stream of events", told(&stream), (0, 0)),
        ("an upstream that hangs", all, (3, 3)),
        (
            "one whose request is held",
            [busy, waits(0), held.clone()].concat(),
            (1, 1),
        ),
        (
            "one alone whose request is held",
            [waits(0), held].concat(),
            (1, 1),
        ),
    ];
    for (name, course, wanted) in rows {
        assert_eq!(most_waiting(&course).await, wanted, "{name}");
    }
}

/// How many findings three clients make that leave after two seconds in a hole, where the desk did not run at these times.
async fn found_beside(stalls: Vec<Stall>) -> usize {
    let mut desk = desk();
    desk.beat_after(BEAT).await;
    let millis = Duration::from_millis;
    let mut facts = Vec::new();
    for number in 1..=6_u64 {
        let began = millis(number * 3_000);
        let mut see = |after, seen| {
            facts.push(Fact {
                at: began + millis(after),
                proxy: ProxyId(1),
                conn: ConnId(number),
                seen,
            });
        };
        let client = (Ipv4Addr::LOCALHOST, 1).into();
        see(0, Seen::Opened { client });
        see(1, Seen::Reached);
        let silent = millis(2);
        see(2, Seen::Asked { bytes: 9, silent });
        if number <= 3 {
            let (waited, upstream, more) = (silent, silent, false);
            see(
                9,
                Seen::Answered {
                    waited,
                    upstream,
                    more,
                    gone: false,
                },
            );
        } else {
            let (leg, how) = (LegName::Client, Leave::Fin);
            let amid = Amid {
                waiting: Some(millis(1_998)),
                ..Amid::default()
            };
            see(2_000, Seen::Left { leg, how, amid });
        }
    }
    let plan = Arc::new(Plan::of(language::parse("blackhole").expect("a fault")));
    let batch = FactBatch {
        facts,
        stalls,
        plans: vec![(millis(11_000), ProxyId(1), plan)],
        ..FactBatch::default()
    };
    desk.collector.infer(&batch, millis(30_000));
    desk.collector.seen[0].habits.state(millis(31_000)).len()
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_in_a_stall_is_no_evidence() {
    let millis = Duration::from_millis;
    assert_eq!(found_beside(Vec::new()).await, 1);
    let stall = |from, to| Stall {
        from: millis(from),
        to: millis(to),
    };
    assert_eq!(found_beside(vec![stall(15_100, 15_900)]).await, 1);
    // The second of the three left in it.
    assert_eq!(found_beside(vec![stall(16_600, 17_050)]).await, 0);
}
