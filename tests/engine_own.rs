//! What holds for one connection alone: exempt, frozen, set otherwise; and what is seen of one that is looked at closely.

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use faultboard::fault::{Directions, KINDS, Kind, Own, PerDirection, Plan, language};
use faultboard::proxy::Engine;
use faultboard::snapshot::{ConnId, ConnState, Noted, Snapshot, Watched};
use support::{PATIENCE, bandwidth, echo, engine, latency, pattern, proxy, round_trip, snapshot};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A client whose bytes have come back once, and its connection's number.
async fn client(engine: &Engine, addr: SocketAddr) -> (TcpStream, ConnId) {
    let mut stream = TcpStream::connect(addr).await.expect("connects");
    round_trip(&mut stream, b"hello").await;
    let peer = stream.local_addr().expect("connected");
    let of_it = |snapshot: &Snapshot| {
        let mut conns = snapshot.conns.iter();
        conns.find(|conn| conn.client == peer).map(|conn| conn.id)
    };
    let seen = snapshot(engine, |snapshot| of_it(snapshot).is_some()).await;
    (stream, of_it(&seen).expect("seen"))
}

async fn set_own(engine: &Engine, conn: ConnId, own: Own) {
    let (_, taken) = engine.set_own(conn, own).await.expect("it is open");
    assert_eq!((taken.taken, taken.of), (1, 1));
}

fn own(exempt: bool, frozen: bool) -> Own {
    let mut own = Own::default();
    (own.exempt, own.frozen) = (exempt, frozen);
    own
}

async fn reads(stream: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut bytes)).await;
    read.expect("bytes in time").expect("no error");
    bytes
}

/// The first snapshot in which a connection holds so many bytes.
async fn holds(engine: &Engine, conn: ConnId, bytes: u64) {
    let is_held = |snapshot: &Snapshot| {
        let mut conns = snapshot.conns.iter();
        conns.any(|row| row.id == conn && row.held.sum() == bytes)
    };
    snapshot(engine, is_held).await;
}

#[tokio::test]
async fn an_exempt_connection_holds_nothing_whatever_is_set() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let (mut stream, conn) = client(&engine, addr).await;
    set_own(&engine, conn, own(true, false)).await;
    for kind in KINDS {
        let example = language::parse(kind.example).expect("an example");
        engine
            .set_plan(id, Plan::of(example))
            .await
            .expect("a proxy");
        let bytes = pattern(200_000);
        assert!(
            round_trip(&mut stream, &bytes).await == bytes,
            "{}",
            kind.name
        );
        let row = engine.snapshot().await.conns[0].clone();
        assert_eq!((row.id, row.hit), (conn, 0), "{}", kind.name);
        assert_eq!(row.held, PerDirection::default(), "{}", kind.name);
    }
}

#[tokio::test]
async fn bytes_that_wait_leave_when_their_connection_is_exempt_and_those_of_others_stay() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let (mut one, first) = client(&engine, addr).await;
    let (mut other, second) = client(&engine, addr).await;
    let hour = Plan::of([latency(3_600_000)]);
    engine.set_plan(id, hour).await.expect("a proxy");
    one.write_all(b"one").await.expect("it is taken");
    other.write_all(b"other").await.expect("it is taken");
    holds(&engine, first, 3).await;
    holds(&engine, second, 5).await;
    set_own(&engine, first, own(true, false)).await;
    assert_eq!(reads(&mut one, 3).await, b"one");
    // Another plan does not change that.
    let two_hours = Plan::of([latency(7_200_000)]);
    engine.set_plan(id, two_hours).await.expect("a proxy");
    assert_eq!(round_trip(&mut one, b"again").await, b"again");
    holds(&engine, second, 5).await;
    set_own(&engine, first, Own::default()).await;
    one.write_all(b"held").await.expect("it is taken");
    holds(&engine, first, 4).await;
}

#[tokio::test]
async fn a_frozen_connection_holds_all_until_it_thaws_and_others_go_on() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let (mut one, first) = client(&engine, addr).await;
    let (mut other, _) = client(&engine, addr).await;
    for own in [own(false, true), own(true, true)] {
        set_own(&engine, first, own).await;
        let bytes = pattern(10_000);
        one.write_all(&bytes).await.expect("it is taken");
        holds(&engine, first, 10_000).await;
        engine
            .set_plan(id, Plan::of([latency(1)]))
            .await
            .expect("a proxy");
        assert_eq!(round_trip(&mut other, b"on").await, b"on");
        holds(&engine, first, 10_000).await;
        set_own(&engine, first, Own::default()).await;
        assert!(reads(&mut one, bytes.len()).await == bytes, "all, in order");
    }
}

#[tokio::test]
async fn a_kind_that_is_set_for_one_connection_alone_stands_over_its_proxys() {
    let engine = engine();
    let hour = Plan::of([latency(3_600_000)]);
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let (mut one, first) = client(&engine, addr).await;
    let (mut other, second) = client(&engine, addr).await;
    let mut own = Own::default();
    own.set(Kind::named("latency").expect("a kind"), &hour);
    set_own(&engine, first, own.clone()).await;
    assert_eq!(round_trip(&mut other, b"quick").await, b"quick");
    one.write_all(b"one").await.expect("it is taken");
    holds(&engine, first, 3).await;
    engine.set_plan(id, hour).await.expect("a proxy");
    own.set(Kind::named("latency").expect("a kind"), &Plan::default());
    set_own(&engine, first, own).await;
    assert_eq!(reads(&mut one, 3).await, b"one");
    other.write_all(b"other").await.expect("it is taken");
    holds(&engine, second, 5).await;
}

#[tokio::test]
async fn a_rate_of_its_own_takes_nothing_from_the_link_that_the_others_share() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let (mut one, first) = client(&engine, addr).await;
    let (mut other, _) = client(&engine, addr).await;
    let kind = Kind::named("bandwidth").expect("a kind");
    let mut own = Own::default();
    own.set(kind, &Plan::of([bandwidth(1)]));
    set_own(&engine, first, own).await;
    engine
        .set_plan(id, Plan::of([bandwidth(50_000_000)]))
        .await
        .expect("a proxy");
    one.write_all(&pattern(100_000)).await.expect("it is taken");
    let bytes = pattern(100_000);
    assert!(round_trip(&mut other, &bytes).await == bytes);
}

#[tokio::test]
async fn nothing_holds_for_a_connection_that_is_gone() {
    let engine = engine();
    assert!(engine.set_own(ConnId(7), own(true, false)).await.is_none());
    assert_eq!(engine.own(ConnId(7)), None);
    let (_, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let (stream, conn) = client(&engine, addr).await;
    set_own(&engine, conn, own(false, true)).await;
    assert_eq!(engine.own(conn), Some(own(false, true)));
    // A frozen one hears that its client is gone.
    assert!(engine.kill(conn, faultboard::snapshot::Kill::Rst));
    drop(stream);
    let is_over = |snapshot: &Snapshot| snapshot.conns.is_empty() && !snapshot.ended.is_empty();
    let seen = snapshot(&engine, is_over).await;
    assert_eq!(seen.ended[0].row.state, ConnState::Ended);
    assert_eq!(engine.own(conn), None);
}

fn watched(snapshot: &Snapshot) -> Option<&Watched> {
    snapshot.watched.as_deref()
}

#[tokio::test]
async fn where_the_time_of_a_round_trip_goes_is_seen_of_the_one_that_is_looked_at() {
    let engine = engine();
    let down = latency(40).acting(Directions::Only(faultboard::fault::Direction::Down));
    let (_, addr) = proxy(&engine, echo().await, Plan::of([down])).await;
    let (mut one, first) = client(&engine, addr).await;
    let (mut other, second) = client(&engine, addr).await;
    assert!(engine.snapshot().await.watched.is_none());
    engine.watch(Some(first));
    round_trip(&mut other, b"not noted").await;
    for _ in 0..3 {
        round_trip(&mut one, b"noted").await;
    }
    let is_noted = |snapshot: &Snapshot| {
        let trip = watched(snapshot).and_then(|watched| watched.trip);
        trip.is_some_and(|(_, trips)| trips == 3)
    };
    let seen = snapshot(&engine, is_noted).await;
    let watched = watched(&seen).expect("it is looked at");
    let (trip, _) = watched.trip.expect("three of them");
    assert_eq!((watched.id, trip.held.up), (first, Duration::ZERO));
    assert!(trip.held.down >= Duration::from_millis(40), "{trip:?}");
    assert!(watched.reached.is_some());
    assert_eq!(watched.added.map_ref(Vec::len), PerDirection::of(3, 3));
    let bytes = watched.notes.iter().filter_map(|note| match note.what {
        Noted::Delivered { bytes, .. } => Some(bytes),
        Noted::Took(_) => None,
    });
    assert_eq!(bytes.sum::<u64>(), 6 * 5, "both ways");
    engine.watch(Some(second));
    let seen = engine.snapshot().await;
    let watched = seen.watched.as_ref().expect("the other one");
    assert_eq!((watched.id, watched.trip), (second, None));
    engine.watch(None);
    assert!(engine.snapshot().await.watched.is_none());
}
