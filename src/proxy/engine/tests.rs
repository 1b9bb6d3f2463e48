//! Proxies that come, go, take each other's place, and whose ports open and close.

use std::net::{Ipv4Addr, TcpStream};
use std::sync::mpsc as blocking;

use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::*;
use crate::fault::language::plan;
use crate::mapping::{self, Mapping};
use crate::snapshot::{Event, PortState};

/// So long a test waits for what must happen; only a failure takes it.
const PATIENCE: Duration = Duration::from_secs(20);

fn engine(workers: usize) -> Engine {
    let options = Options {
        workers,
        ..Options::default()
    };
    Engine::start(options).expect("the engine starts")
}

/// A mapping from a port to an upstream where nobody listens.
fn mapping(listen: u16) -> Mapping {
    mapping::parse(&format!("{listen}=127.0.0.1:9")).expect("a mapping")
}

/// A port that another program listens on.
fn taken() -> (std::net::TcpListener, u16) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    (listener, port)
}

/// A proxy on a free port.
async fn add(engine: &Engine, faults: &str) -> ProxyId {
    let added = engine.add(mapping(0), plan(faults)).await;
    added.expect("a free port")
}

fn number(engine: &Engine, id: ProxyId) -> u16 {
    let (_, addrs) = engine.port(id).expect("the proxy");
    addrs[0].port()
}

fn is_open(engine: &Engine, id: ProxyId) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, number(engine, id))).is_ok()
}

/// What was told since this was last asked, in words.
fn told(events: &mut Events) -> Vec<String> {
    let events = events
        .drain()
        .map(|told| told.event().expect("none is lost"));
    let words = events.map(|event| match &event.what {
        Happening::Listening { .. } => "listening".to_owned(),
        Happening::PortClosed(_) => "port closed".to_owned(),
        Happening::Removed => "removed".to_owned(),
        Happening::Faults { plan, .. } => plan.to_string(),
        other => format!("{other:?}"),
    });
    words.collect()
}

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// Waits until the runtime has so many tasks.
async fn until_tasks_are(count: usize) {
    let reached = async {
        while tasks() != count {
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    assert!(reached.is_ok(), "{} tasks, not {count}", tasks());
}

#[tokio::test(start_paused = true)]
async fn what_a_user_changes_is_seen_before_the_next_beat() {
    let engine = engine(1);
    let id = add(&engine, "").await;
    let mut snapshots = engine.snapshots();
    let beat = Duration::from_millis(100);
    tokio::time::sleep(beat / 2).await;
    for faults in ["latency 1s", "loss 2%"] {
        // The paused clock goes on only where everybody waits for it.
        let before = engine.now();
        engine
            .set_plan(id, plan(faults))
            .await
            .expect("it is there");
        let is_set = |all: &Arc<Snapshot>| all.proxies[0].plan.to_string() == faults;
        let seen = snapshots.wait_for(is_set).await.map(|all| all.at);
        let waited = seen.expect("it lives").saturating_sub(before);
        assert!(waited < beat / 5, "{faults} is seen after {waited:?}");
    }
    let before = engine.now();
    let name = mapping::Name::parse("orders").expect("a name");
    engine.rename(id, Some(name)).expect("it is free");
    let seen = snapshots
        .wait_for(|all| all.proxies[0].name == "orders")
        .await;
    let waited = seen.expect("it lives").at.saturating_sub(before);
    assert!(waited < beat / 5, "a name is seen after {waited:?}");
}

#[tokio::test]
async fn a_proxy_that_refuses_from_the_start_is_told_closed_and_never_listening() {
    let engine = engine(1);
    let mut events = engine.events();
    let id = add(&engine, "refuse").await;
    assert_eq!(told(&mut events), ["port closed", "refuse"]);
    assert!(!is_open(&engine, id));
    engine
        .set_plan(id, Plan::default())
        .await
        .expect("it is there");
    assert_eq!(told(&mut events), ["", "listening"]);
    assert!(is_open(&engine, id));
}

#[tokio::test(start_paused = true)]
async fn a_hundred_proxies_are_added_and_listed_without_waiting_for_a_beat() {
    let engine = engine(1);
    // The first beat comes at once.
    let mut snapshots = engine.snapshots();
    snapshots.changed().await.expect("the engine lives");
    let before = engine.now();
    for count in 1..=100 {
        add(&engine, "").await;
        let snapshot = engine.snapshot().await;
        assert_eq!(snapshot.proxies.len(), count);
        assert_eq!(snapshot.proxies[count - 1].port, PortState::Open);
    }
    // The paused clock goes on only where everybody waits for it.
    assert_eq!(engine.now(), before);
}

#[tokio::test]
async fn a_proxy_without_refusal_is_told_listening_before_its_faults() {
    let engine = engine(1);
    let mut events = engine.events();
    add(&engine, "latency 5ms").await;
    assert_eq!(told(&mut events), ["listening", "latency 5ms"]);
}

#[tokio::test]
async fn one_task_at_most_keeps_a_port_and_ends_when_there_is_nothing_to_keep() {
    let engine = engine(1);
    let id = add(&engine, "").await;
    let before = tasks();
    for turn in 1..=100 {
        let later = plan(&format!("refuse start={turn}h"));
        engine.set_plan(id, later).await.expect("it is there");
        engine.set_port(id, turn % 2 == 0).await.expect("its port");
        assert!(tasks() <= before + 1, "{} tasks after {turn}", tasks());
    }
    engine
        .set_plan(id, Plan::default())
        .await
        .expect("it is there");
    until_tasks_are(before).await;
    engine
        .set_plan(id, plan("refuse start=1h"))
        .await
        .expect("it is there");
    assert_eq!(tasks(), before + 1);
    assert!(engine.remove(id).await);
    assert_eq!(tasks(), before, "the task has ended with its proxy");
}

#[tokio::test]
async fn a_port_that_is_lost_is_kept_by_one_task_however_often_it_is_asked_for() {
    let engine = engine(1);
    let id = add(&engine, "").await;
    let before = tasks();
    engine.set_port(id, false).await.expect("it closes");
    let port = number(&engine, id);
    let other = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("it is free");
    for _ in 0..10 {
        engine.set_port(id, true).await.expect_err("it is taken");
    }
    assert_eq!(tasks(), before + 1);
    drop(other);
    until_tasks_are(before).await;
    assert!(is_open(&engine, id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn proxies_are_listed_in_the_order_of_their_numbers_however_many_are_added_at_once() {
    let engine = engine(1);
    let adding: Vec<_> = (0..64)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move { add(&engine, "").await })
        })
        .collect();
    for added in adding {
        added.await.expect("it is added");
    }
    let ids: Vec<ProxyId> = engine.proxies().into_iter().map(|(id, _)| id).collect();
    assert_eq!((ids.len(), ids.is_sorted()), (64, true), "{ids:?}");
}

#[tokio::test]
async fn a_replaced_proxy_hands_its_port_and_its_name_on() {
    let engine = engine(1);
    let old = add(&engine, "").await;
    let (_, name) = engine.proxies().remove(0);
    let port = number(&engine, old);
    let mut events = engine.events();
    let new = engine
        .replace(old, mapping(port), plan("latency 5ms"))
        .await;
    let new = new.expect("the port is its own");
    assert_eq!(told(&mut events), ["removed", "listening", "latency 5ms"]);
    assert_eq!(number(&engine, new), port);
    assert_eq!(engine.proxies(), [(new, name)]);
    assert!(is_open(&engine, new) && engine.port(old).is_none());
}

#[tokio::test]
async fn a_proxy_whose_new_port_is_taken_stands_as_it_was() {
    let engine = engine(1);
    let old = add(&engine, "").await;
    let (_other, port) = taken();
    let mut events = engine.events();
    let replaced = engine.replace(old, mapping(port), Plan::default()).await;
    replaced.expect_err("the port is another program's");
    assert!(is_open(&engine, old));
    assert!(told(&mut events).is_empty(), "its port was never closed");
}

#[tokio::test]
async fn a_proxy_whose_own_port_was_taken_while_it_was_closed_stands_as_it_was() {
    let engine = engine(1);
    let old = add(&engine, "").await;
    let port = number(&engine, old);
    engine.set_port(old, false).await.expect("it closes");
    let _other = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("it is free");
    let replaced = engine.replace(old, mapping(port), Plan::default()).await;
    replaced.expect_err("the port is another program's");
    let (state, _) = engine.port(old).expect("it is there");
    assert_eq!(state, PortState::Closed);
}

#[tokio::test]
async fn a_full_worker_delays_neither_clients_nor_the_closing_of_a_port() {
    let engine = engine(2);
    let id = add(&engine, "").await;
    let here = id.0 as usize % 2;
    let [own, other] = [here, 1 - here].map(|index| &engine.inner.workers[index]);
    // The other worker's thread stands still, and its queue is full.
    let (release, wait) = blocking::sync_channel::<()>(1);
    let (began, stands) = oneshot::channel();
    let stand_still = move |_| async move {
        let _ = began.send(());
        let _ = wait.recv();
    };
    other.hand(stand_still).await;
    stands.await.expect("it stands still");
    let fill = || tokio::task::unconstrained(other.hand(|_| std::future::ready(())));
    while fill().now_or_never().is_some() {}
    // It has the fewest connections.
    let _load: Vec<_> = (0..100).map(|_| own.connection()).collect();
    let mut events = engine.events();
    assert!(is_open(&engine, id));
    let opened = async {
        let is_it = |event: Arc<Event>| matches!(event.what, Happening::Opened { .. });
        while !events.next().await.event().is_some_and(is_it) {}
    };
    let opened = tokio::time::timeout(PATIENCE, opened).await;
    assert!(opened.is_ok(), "the client waits");
    let closed = tokio::time::timeout(PATIENCE, engine.set_port(id, false)).await;
    closed.expect("it does not wait").expect("it closes");
    drop(release);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_changes_that_expect_the_same_generation_one_alone_is_made() {
    let engine = engine(1);
    let id = add(&engine, "").await;
    for _ in 0..50 {
        let seen = engine.proxy(id).expect("it is there").settings.generation();
        let edits = (0..16).map(|number| {
            let engine = engine.at(seen);
            tokio::spawn(async move {
                let edit = move |plan: &mut Plan| plan.bypassed = number % 2 == 0;
                engine.edit_plan(id, edit).await.is_ok()
            })
        });
        let made = join_all(edits).await;
        let made = made
            .into_iter()
            .filter(|made| *made.as_ref().expect("no bug"));
        assert_eq!(made.count(), 1);
    }
}

#[tokio::test]
async fn what_is_asked_at_a_generation_that_has_passed_changes_nothing() {
    let engine = engine(1);
    let id = add(&engine, "").await;
    let seen = engine.proxy(id).expect("it is there").settings.generation();
    let late = engine.at(seen);
    late.expect(id).expect("nothing has changed");
    engine.set_plan(id, plan("latency 1ms")).await;
    let line = late.expect(id).expect_err("it has").to_string();
    assert!(
        line.ends_with("was changed meanwhile: it is at generation 2"),
        "{line}"
    );
    let pointed = late.repoint(id, mapping(0)).await;
    assert!(matches!(pointed, Err(AddError::Changed(_))), "{pointed:?}");
    let edited = late.edit_plan(id, Plan::clear_all).await;
    assert!(matches!(edited, Err(EditError::Changed(_))), "{edited:?}");
    assert_eq!(
        engine.plan(id).expect("it is there").to_string(),
        "latency 1ms"
    );
}
