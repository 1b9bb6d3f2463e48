//! Every kind of fault over real sockets: on connections that were open before it was set, and on new ones.

mod support;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use faultboard::fault::{Plan, language};
use faultboard::proxy::{Engine, clock};
use faultboard::snapshot::{CloseReason, Happening, PortState, ProxyId, ProxyRow, Snapshot};
use support::{
    PATIENCE, close_reason, echo, engine, mapping, next, pattern, proxy, round_trip, serve,
    snapshot,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn plan(faults: &str) -> Plan {
    Plan::of(language::parse(faults).expect("faults"))
}

async fn set(engine: &Engine, id: ProxyId, faults: &str) {
    let plan = if faults.is_empty() {
        Plan::default()
    } else {
        plan(faults)
    };
    let taken = engine.set_plan(id, plan).await.expect("the proxy");
    assert_eq!(taken.taken, taken.of, "{faults}");
}

async fn connect(addr: SocketAddr) -> TcpStream {
    TcpStream::connect(addr).await.expect("connects")
}

/// What reading comes to: how many bytes, and then the end or an error.
async fn rest(client: &mut TcpStream) -> (usize, Option<ErrorKind>) {
    let mut bytes = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = tokio::time::timeout(PATIENCE, client.read(&mut buffer));
        match read.await.expect("an end in time") {
            Ok(0) => return (bytes, None),
            Ok(n) => bytes += n,
            Err(error) => return (bytes, Some(error.kind())),
        }
    }
}

/// A snapshot in which the first proxy's port is in this state.
async fn port_is(engine: &Engine, state: PortState) -> Snapshot {
    let is = |row: &ProxyRow| row.port == state;
    snapshot(engine, |snapshot| snapshot.proxies.first().is_some_and(is)).await
}

/// Asserts that nothing comes for a while.
async fn is_silent(client: &mut TcpStream) {
    let mut byte = [0];
    let read = tokio::time::timeout(Duration::from_millis(60), client.read(&mut byte));
    assert!(read.await.is_err(), "nothing passes");
}

/// An upstream that says how each of its connections ended.
async fn listener_of_ends() -> (SocketAddr, tokio::sync::mpsc::Receiver<Option<ErrorKind>>) {
    let (told, ends) = tokio::sync::mpsc::channel(64);
    let addr = serve(move |mut stream| {
        let told = told.clone();
        async move {
            let mut buffer = [0; 1_000];
            let end = loop {
                match stream.read(&mut buffer).await {
                    Ok(0) => break None,
                    Ok(n) => stream.write_all(&buffer[..n]).await.expect("it echoes"),
                    Err(error) => break Some(error.kind()),
                }
            };
            let _ = told.send(end).await;
        }
    })
    .await;
    (addr, ends)
}

#[tokio::test]
async fn reset_reaches_both_peers_of_open_connections_and_spares_those_that_it_does_not_hit() {
    let engine = engine();
    let (upstream, mut ends) = listener_of_ends().await;
    let (id, addr) = proxy(&engine, upstream, Plan::default()).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = connect(addr).await;
        round_trip(&mut client, b"hello").await;
        clients.push(client);
    }
    set(&engine, id, "reset 50%").await;
    // All that it hits are gone.
    let shown = snapshot(&engine, |snapshot| {
        let row = snapshot.proxies.first();
        let ended = row
            .and_then(|row| row.ended.first())
            .map_or(0, |(_, count)| *count);
        ended > 0
            && snapshot.conns.len() as u64 + ended == 20
            && snapshot.conns.iter().all(|conn| conn.hit == 0)
    });
    let spared = shown.await.conns.len();
    let mut living = 0;
    for mut client in clients {
        let answer = async {
            client.write_all(b"x").await?;
            client.read(&mut [0]).await
        };
        match answer.await {
            Ok(n) => living += n,
            Err(error) => {
                let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
                assert!(kinds.contains(&error.kind()), "{error}");
                assert_eq!(ends.recv().await, Some(Some(ErrorKind::ConnectionReset)));
            }
        }
    }
    assert_eq!(living, spared);
    assert!((4..=16).contains(&spared), "{spared} of 20 were spared");
}

#[tokio::test]
async fn reset_after_a_time_and_on_a_beat() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, plan("reset after=1s")).await;
    let mut events = engine.events();
    let began = clock::now();
    let mut client = connect(addr).await;
    round_trip(&mut client, b"in time").await;
    assert_eq!(
        rest(&mut client).await,
        (0, Some(ErrorKind::ConnectionReset))
    );
    assert!(clock::now() - began >= Duration::from_secs(1));
    assert_eq!(close_reason(&mut events).await, CloseReason::Fault("reset"));
    set(&engine, id, "reset after=1h every=1h").await;
    let mut client = connect(addr).await;
    round_trip(&mut client, b"for an hour").await;
    set(&engine, id, "reset every=1h").await;
    assert_eq!(
        rest(&mut client).await,
        (0, Some(ErrorKind::ConnectionReset))
    );
    // One that comes later waits for the next beat.
    let mut client = connect(addr).await;
    round_trip(&mut client, b"until the next beat").await;
    is_silent(&mut client).await;
}

#[tokio::test]
async fn close_passes_exactly_what_it_says_and_ends_in_order() {
    let engine = engine();
    let upstream = serve(|mut stream| async move {
        let _ = stream.write_all(&pattern(1_000_000)).await;
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    let (_, addr) = proxy(&engine, upstream, plan("close after=123456B down")).await;
    let mut events = engine.events();
    let mut client = connect(addr).await;
    assert_eq!(rest(&mut client).await, (123_456, None));
    assert_eq!(close_reason(&mut events).await, CloseReason::Fault("close"));
}

#[tokio::test]
async fn timeout_holds_and_then_closes() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let mut client = connect(addr).await;
    round_trip(&mut client, b"hello").await;
    let began = clock::now();
    set(&engine, id, "timeout 150ms").await;
    client
        .write_all(b"into the void")
        .await
        .expect("it is taken");
    assert_eq!(rest(&mut client).await, (0, None));
    assert!(clock::now() - began >= Duration::from_millis(150));
}

#[tokio::test]
async fn blackhole_holds_everything_and_lifting_it_releases_it_in_order() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let mut client = connect(addr).await;
    round_trip(&mut client, b"hello").await;
    set(&engine, id, "blackhole").await;
    let bytes = pattern(50_000);
    client.write_all(&bytes).await.expect("it is taken");
    is_silent(&mut client).await;
    set(&engine, id, "").await;
    let mut back = vec![0; bytes.len()];
    client.read_exact(&mut back).await.expect("all of it");
    assert!(back == bytes);
}

#[tokio::test]
async fn a_stop_and_a_kill_do_not_wait_for_a_blackhole() {
    let engine = engine();
    let (_, addr) = proxy(&engine, echo().await, plan("blackhole")).await;
    let mut events = engine.events();
    let mut client = connect(addr).await;
    client.write_all(b"held").await.expect("it is taken");
    let held = snapshot(&engine, |snapshot| {
        snapshot.conns.first().is_some_and(|conn| conn.held.up == 4)
    });
    let conn = held.await.conns[0].id;
    assert!(engine.kill(conn, faultboard::snapshot::Kill::Rst));
    assert_eq!(
        rest(&mut client).await,
        (0, Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(close_reason(&mut events).await, CloseReason::Killed);
    let mut client = connect(addr).await;
    client.write_all(b"held").await.expect("it is taken");
    tokio::time::timeout(PATIENCE, engine.stop(Duration::ZERO))
        .await
        .expect("a stop in time");
    rest(&mut client).await;
}

#[tokio::test]
async fn flap_passes_and_holds_in_turn() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let mut client = connect(addr).await;
    round_trip(&mut client, b"hello").await;
    set(&engine, id, "flap on=10ms off=300ms").await;
    // Within two turns one message at least is held.
    let mut slowest = Duration::ZERO;
    for _ in 0..100_000 {
        let began = clock::now();
        assert_eq!(round_trip(&mut client, b"sometimes").await, b"sometimes");
        slowest = slowest.max(clock::now() - began);
        if slowest > Duration::from_millis(100) {
            return;
        }
    }
    panic!("the slowest took {slowest:?}");
}

#[tokio::test]
async fn slow_close_delays_the_end_and_nothing_else() {
    let engine = engine();
    let upstream = serve(|mut stream| async move {
        let _ = stream.write_all(b"all of it").await;
        let _ = stream.shutdown().await;
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    let (_, addr) = proxy(&engine, upstream, plan("slow_close 200ms down")).await;
    let began = clock::now();
    let mut client = connect(addr).await;
    let mut bytes = [0; 9];
    client.read_exact(&mut bytes).await.expect("the bytes");
    assert_eq!(rest(&mut client).await, (0, None));
    assert!(clock::now() - began >= Duration::from_millis(200));
}

#[tokio::test]
async fn slicer_cuts_what_leaves_into_small_reads() {
    let engine = engine();
    let (_, addr) = proxy(&engine, echo().await, plan("slicer 10B gap=500ms down")).await;
    let mut client = connect(addr).await;
    client.write_all(&pattern(30)).await.expect("it is taken");
    let mut buffer = [0; 1_000];
    let first = client.read(&mut buffer).await.expect("a slice");
    assert_eq!(first, 10);
    let mut back = vec![0; 20];
    client.read_exact(&mut back).await.expect("the others");
    assert_eq!([&buffer[..10], &back].concat(), pattern(30));
}

#[tokio::test]
async fn corrupt_flips_one_bit_in_the_bytes_that_it_hits_and_nothing_else() {
    let engine = engine();
    let (_, addr) = proxy(&engine, echo().await, plan("corrupt 10% down")).await;
    let mut client = connect(addr).await;
    let bytes = pattern(100_000);
    let back = round_trip(&mut client, &bytes).await;
    let flipped: Vec<u32> = bytes
        .iter()
        .zip(&back)
        .map(|(a, b)| (a ^ b).count_ones())
        .collect();
    assert!(flipped.iter().all(|bits| *bits <= 1));
    let hit: u32 = flipped.iter().sum();
    assert!((9_000..11_000).contains(&hit), "{hit} of 100,000 bytes");
}

#[tokio::test]
async fn refuse_closes_the_port_and_gives_it_back() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let mut open = connect(addr).await;
    round_trip(&mut open, b"hello").await;
    set(&engine, id, "refuse").await;
    let refused = TcpStream::connect(addr).await.expect_err("no listener");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(round_trip(&mut open, b"lives on").await, b"lives on");
    let shown = port_is(&engine, PortState::Refusing);
    assert_eq!(shown.await.proxies[0].open, 1);
    set(&engine, id, "").await;
    round_trip(&mut connect(addr).await, b"back again").await;
}

#[tokio::test]
async fn a_port_that_another_program_took_meanwhile_is_told_and_taken_back() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    set(&engine, id, "refuse").await;
    let mut events = engine.events();
    let thief = TcpListener::bind(addr).await.expect("the port is free");
    set(&engine, id, "").await;
    let told = loop {
        if let Happening::Error(why) = &next(&mut events).await.what {
            break why.clone();
        }
    };
    assert!(told.contains("trying again"), "{told}");
    // An older snapshot may still show the port as it was before.
    port_is(&engine, PortState::Refusing).await;
    drop(thief);
    port_is(&engine, PortState::Open).await;
    round_trip(&mut connect(addr).await, b"back again").await;
}

#[tokio::test]
async fn a_proxy_that_refuses_from_the_start_lets_no_client_in() {
    let engine = engine();
    let mut events = engine.events();
    let added = engine.add(mapping(echo().await), plan("refuse")).await;
    let id = added.expect("a free port");
    let shown = port_is(&engine, PortState::Refusing).await;
    let [addr] = shown.proxies[0].listening[..] else {
        panic!("one address that it had: {:?}", shown.proxies[0].listening);
    };
    assert!(TcpStream::connect(addr).await.is_err());
    set(&engine, id, "refuse share=0%").await;
    assert_eq!(support::listening(&mut events).await, addr);
    round_trip(&mut connect(addr).await, b"nobody is hit").await;
}

#[tokio::test]
async fn refuse_and_dial_failures_reset_the_share_that_they_hit() {
    for kind in ["refuse", "dial_fail"] {
        let engine = engine();
        let faults = format!("{kind} share=50%");
        let (_, addr) = proxy(&engine, echo().await, plan(&faults)).await;
        let mut served = 0;
        for _ in 0..20 {
            let answer = async {
                let mut client = TcpStream::connect(addr).await?;
                client.write_all(b"x").await?;
                client.read(&mut [0]).await
            };
            match answer.await {
                Ok(n) => served += n,
                Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            }
        }
        assert!(
            (4..=16).contains(&served),
            "{kind}: {served} of 20 were served"
        );
    }
}

#[tokio::test]
async fn accept_and_dial_delays_hold_a_new_connection_until_they_are_lifted() {
    for kind in ["accept_delay", "dial_delay"] {
        let engine = engine();
        let (id, addr) = proxy(&engine, echo().await, plan(&format!("{kind} 200ms"))).await;
        let began = clock::now();
        round_trip(&mut connect(addr).await, b"late").await;
        assert!(clock::now() - began >= Duration::from_millis(200), "{kind}");
        set(&engine, id, &format!("{kind} 1h")).await;
        let mut client = connect(addr).await;
        client.write_all(b"x").await.expect("it is taken");
        is_silent(&mut client).await;
        set(&engine, id, "").await;
        client.read_exact(&mut [0]).await.expect("it goes on");
    }
}

#[tokio::test]
async fn loss_stalls_and_loses_nothing() {
    let engine = engine();
    let (_, addr) = proxy(&engine, echo().await, plan("loss 5% rtt=1ms")).await;
    let mut client = connect(addr).await;
    let bytes = pattern(60_000);
    assert!(round_trip(&mut client, &bytes).await == bytes);
}

#[tokio::test]
async fn a_scheduled_fault_begins_and_ends_by_itself_on_idle_and_new_connections() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let mut idle = connect(addr).await;
    round_trip(&mut idle, b"hello").await;
    let began = clock::now();
    set(&engine, id, "reset start=200ms for=1s").await;
    assert_eq!(rest(&mut idle).await, (0, Some(ErrorKind::ConnectionReset)));
    assert!(clock::now() - began >= Duration::from_millis(200));
    // It is over a moment later, and new connections live.
    let over = snapshot(&engine, |snapshot| {
        let present = snapshot.proxies.first();
        let present = present.and_then(|row| row.present.as_ref());
        present.is_some_and(|present| present.is_empty())
            && clock::now() - began > Duration::from_millis(1_200)
    });
    over.await;
    round_trip(&mut connect(addr).await, b"it is over").await;
}

#[tokio::test]
async fn a_scheduled_refusal_closes_the_port_and_gives_it_back() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let mut events = engine.events();
    set(&engine, id, "refuse start=1s").await;
    while !matches!(next(&mut events).await.what, Happening::PortClosed(_)) {}
    assert!(TcpStream::connect(addr).await.is_err());
    set(&engine, id, "refuse for=1s").await;
    assert_eq!(support::listening(&mut events).await, addr);
    round_trip(&mut connect(addr).await, b"again").await;
}

#[tokio::test]
async fn a_fault_that_is_set_with_its_proxy_hits_the_first_connection() {
    let engine = engine();
    let mut events = engine.events();
    let upstream = echo().await;
    let id = engine
        .add(mapping(upstream), plan("reset"))
        .await
        .expect("a free port");
    let addr = support::listening(&mut events).await;
    let answer = async {
        let mut client = TcpStream::connect(addr).await?;
        client.read(&mut [0]).await
    };
    let error = answer.await.expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(engine.remove(id).await);
}

#[tokio::test]
async fn a_reset_on_data_lets_the_upstream_work_and_takes_the_answer() {
    let engine = engine();
    let (upstream, mut ends) = listener_of_ends().await;
    let (id, addr) = proxy(&engine, upstream, Plan::default()).await;
    let mut open = connect(addr).await;
    round_trip(&mut open, b"hello").await;
    set(&engine, id, "reset on=data after=50ms down").await;
    let mut fresh = connect(addr).await;
    for client in [&mut open, &mut fresh] {
        client.write_all(b"work").await.expect("it is open");
        assert_eq!(rest(client).await, (0, Some(ErrorKind::ConnectionReset)));
        assert_eq!(ends.recv().await, Some(Some(ErrorKind::ConnectionReset)));
    }
    let shown = snapshot(&engine, |snapshot| snapshot.conns.is_empty()).await;
    let bytes = shown.proxies[0].bytes;
    assert_eq!(
        (bytes.up, bytes.down),
        (13, 5),
        "up all of it, down what came before"
    );
}

#[tokio::test]
async fn lifting_what_closes_ends_open_connections_without_a_late_byte() {
    for faults in [
        "blackhole lift=close",
        "timeout 1h lift=close",
        "blackhole lift=close as=\"a toxic\"",
    ] {
        let engine = engine();
        let (upstream, mut ends) = listener_of_ends().await;
        let (id, addr) = proxy(&engine, upstream, Plan::default()).await;
        let [mut idle, mut held] = [connect(addr).await, connect(addr).await];
        for client in [&mut idle, &mut held] {
            round_trip(client, b"hello").await;
        }
        set(&engine, id, faults).await;
        held.write_all(b"late").await.expect("it is open");
        is_silent(&mut held).await;
        let taken = engine
            .set_plan(id, Plan::default())
            .await
            .expect("the proxy");
        assert_eq!((taken.cut, taken.of), (2, 2), "{faults}");
        for client in [&mut idle, &mut held] {
            assert_eq!(rest(client).await, (0, None), "{faults}");
            assert_eq!(ends.recv().await, Some(None), "{faults}");
        }
        let mut fresh = connect(addr).await;
        round_trip(&mut fresh, b"free").await;
    }
}
