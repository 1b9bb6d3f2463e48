//! Settings that change while bytes flow: nothing is lost, repeated or moved, and every connection obeys.

mod support;

use std::net::SocketAddr;
use std::sync::OnceLock;

use faultboard::command;
use faultboard::fault::random::mix;
use faultboard::fault::{Direction, Directions, PerDirection, Plan, language};
use faultboard::mapping::Mapping;
use faultboard::operate;
use faultboard::proxy::{Engine, clock};
use faultboard::snapshot::{Author, CloseReason, Happening, ProxyId, Snapshot, Taken};
use support::mischief::change_with_progress;
use support::{
    PATIENCE, bandwidth, close_reason, echo, engine, latency, pattern, proxy, round_trip, serve,
    snapshot,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

const MB: u64 = 1_000_000;

/// Bytes `from..from + 8 × count` of a stream in which every eight bytes tell their place.
fn words(from: u64, count: u64) -> Vec<u8> {
    let first = from / 8;
    let mut bytes = Vec::new();
    for word in first..first + count {
        bytes.extend_from_slice(&mix(word).to_le_bytes());
    }
    bytes
}

/// An upstream that sends `len` such bytes and ends.
async fn download(len: u64) -> SocketAddr {
    serve(move |mut stream| async move {
        let chunk = 80_000;
        for from in (0..len).step_by(chunk) {
            let count = (chunk as u64).min(len - from) / 8;
            if stream.write_all(&words(from, count)).await.is_err() {
                return;
            }
        }
        let _ = stream.shutdown().await;
        let _ = stream.read(&mut [0]).await;
    })
    .await
}

/// Reads a download to its end, counting; fails at the first byte that is not the right one.
async fn check(mut stream: OwnedReadHalf, progress: watch::Sender<u64>) -> u64 {
    let mut buffer = vec![0; 64_000];
    let (mut whole, mut left) = (0, 0);
    loop {
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer[left..])).await;
        let read = read.expect("bytes in time").expect("no error");
        if read == 0 {
            return whole + left as u64;
        }
        let ready = (left + read) / 8 * 8;
        let wanted = words(whole, ready as u64 / 8);
        assert!(buffer[..ready] == wanted, "a wrong byte after {whole}");
        buffer.copy_within(ready..left + read, 0);
        left = left + read - ready;
        whole += ready as u64;
        // Nobody need follow.
        let _ = progress.send(whole);
    }
}

#[tokio::test]
async fn a_hundred_megabytes_are_whole_while_everything_changes() {
    let engine = engine();
    let (id, addr) = proxy(&engine, download(100 * MB).await, Plan::default()).await;
    let client = TcpStream::connect(addr).await.expect("connects");
    let (progress, seen) = watch::channel(0);
    let (read, _write) = client.into_split();
    let changing = tokio::spawn(change_with_progress(engine.clone(), id, seen, MB / 2));
    assert_eq!(check(read, progress).await, 100 * MB);
    let changes = changing.await.expect("every change was taken");
    assert!(changes > 20, "the faults changed {changes} times only");
}

#[tokio::test]
async fn fifty_echoes_are_whole_while_everything_changes() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let (progress, seen) = watch::channel(0);
    let mut clients = JoinSet::new();
    for number in 0..50_u64 {
        let progress = progress.clone();
        clients.spawn(async move {
            let mut client = TcpStream::connect(addr).await.expect("connects");
            for turn in 0..20 {
                let bytes = words(8_000 * (20 * number + turn), 1_000);
                assert!(
                    round_trip(&mut client, &bytes).await == bytes,
                    "client {number}, turn {turn}"
                );
                progress.send_modify(|count| *count += 8_000);
            }
        });
    }
    drop(progress);
    let changing = tokio::spawn(change_with_progress(engine, id, seen, 200_000));
    while let Some(client) = clients.join_next().await {
        client.expect("all came back");
    }
    let changes = changing.await.expect("every change was taken");
    assert!(changes > 5, "the faults changed {changes} times only");
}

/// More than fits into the buffers of the sockets on the way; made once, since making it takes its time.
fn jam() -> &'static [u8] {
    static JAM: OnceLock<Vec<u8>> = OnceLock::new();
    JAM.get_or_init(|| pattern(20_000_000))
}

/// The settings under which half-closes are tried.
fn plans() -> [Plan; 4] {
    let down = Directions::Only(Direction::Down);
    [
        Plan::default(),
        Plan::of([latency(40)]),
        Plan::of([latency(60).acting(down)]),
        Plan::of([latency(20), bandwidth(30_000_000)]),
    ]
}

/// Waits until the client, who does not read, has been sent what fits into its buffers and more is held.
async fn jammed(engine: &Engine) {
    let mut before = 0;
    let jammed = |shown: &Snapshot| {
        let Some(row) = shown.proxies.first() else {
            return false;
        };
        let delivered = std::mem::replace(&mut before, row.bytes.down);
        row.held.down > 0 && delivered == row.bytes.down && delivered > 0
    };
    snapshot(engine, jammed).await;
}

#[tokio::test]
async fn a_client_that_ends_first_and_reads_late_gets_everything() {
    for plan in plans() {
        let what = plan.to_string();
        let upstream = serve(|mut stream| async move {
            let mut request = Vec::new();
            let _ = stream.read_to_end(&mut request).await;
            let _ = stream.write_all(jam()).await;
            let _ = stream.write_all(&request).await;
        })
        .await;
        let engine = engine();
        let (id, addr) = proxy(&engine, upstream, plan).await;
        let mut events = engine.events();
        let mut client = TcpStream::connect(addr).await.expect("connects");
        client.write_all(b"request").await.expect("sent");
        client.shutdown().await.expect("half-closed");
        jammed(&engine).await;
        let taken = engine.set_plan(id, Plan::of([latency(5)])).await;
        assert_eq!(taken.map(|taken| (taken.taken, taken.of)), Some((1, 1)));
        let mut got = Vec::new();
        client.read_to_end(&mut got).await.expect("the answer");
        let wanted = [jam(), b"request"].concat();
        assert!(got == wanted, "{what}: {} bytes, not as sent", got.len());
        let reason = close_reason(&mut events).await;
        assert_eq!(reason, CloseReason::ClientDone, "{what}");
    }
}

#[tokio::test]
async fn an_upstream_that_ends_first_hears_a_client_that_does_not_read() {
    for plan in plans() {
        let what = plan.to_string();
        let (heard_tx, mut heard) = mpsc::channel(2);
        let upstream = serve(move |stream| {
            let heard_tx = heard_tx.clone();
            async move {
                let (mut read, mut write) = stream.into_split();
                let sending = tokio::spawn(async move {
                    let _ = write.write_all(jam()).await;
                    // Dropping it ends the stream.
                });
                let mut first = vec![0; 1_000_000];
                let _ = read.read_exact(&mut first).await;
                let _ = heard_tx.send(first).await;
                let mut rest = Vec::new();
                let _ = read.read_to_end(&mut rest).await;
                let _ = heard_tx.send(rest).await;
                let _ = sending.await;
            }
        })
        .await;
        let engine = engine();
        let (id, addr) = proxy(&engine, upstream, plan).await;
        let mut events = engine.events();
        let mut client = TcpStream::connect(addr).await.expect("connects");
        jammed(&engine).await;
        client.write_all(&pattern(1_000_000)).await.expect("sent");
        let first = heard.recv().await.expect("heard while nothing was read");
        assert!(first == pattern(1_000_000), "{what}: not as sent");
        engine.set_plan(id, Plan::of([latency(5)])).await;
        let mut got = Vec::new();
        client.read_to_end(&mut got).await.expect("the download");
        assert!(got == jam(), "{what}: {} bytes", got.len());
        client.write_all(b"after the end").await.expect("sent");
        client.shutdown().await.expect("ended");
        let rest = heard.recv().await;
        assert_eq!(rest.as_deref(), Some(&b"after the end"[..]), "{what}");
        let reason = close_reason(&mut events).await;
        assert_eq!(reason, CloseReason::UpstreamDone, "{what}");
    }
}

/// Sets a plan and returns how many connections took it, of how many.
async fn taken(engine: &Engine, id: ProxyId, plan: Plan) -> (u32, u32) {
    let taken = engine.set_plan(id, plan).await.expect("the proxy");
    (taken.taken, taken.of)
}

#[tokio::test]
async fn connections_that_a_change_ends_are_counted_as_cut_by_it() {
    for plan in [
        "reset",
        "reset, latency 50ms",
        "timeout 0s",
        "reset every=1h",
    ] {
        let engine = engine();
        let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
        let mut clients = Vec::new();
        for _ in 0..4 {
            let mut client = TcpStream::connect(addr).await.expect("connects");
            round_trip(&mut client, b"open").await;
            clients.push(client);
        }
        let faults = Plan::of(language::parse(plan).expect("faults"));
        let taken = engine.set_plan(id, faults).await.expect("the proxy");
        let Taken { taken, cut, of, .. } = taken;
        assert_eq!((taken, cut, of), (4, 4, 4), "{plan}");
    }
}

async fn open_connections(engine: &Engine, open: u32) {
    let reached = |shown: &Snapshot| shown.proxies.first().is_some_and(|row| row.open == open);
    snapshot(engine, reached).await;
}

#[tokio::test]
async fn two_hundred_connections_take_a_change_and_are_counted() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        let mut client = TcpStream::connect(addr).await.expect("connects");
        round_trip(&mut client, b"open").await;
        clients.push(client);
    }
    let hour = Plan::of([latency(3_600_000)]);
    assert_eq!(taken(&engine, id, hour).await, (200, 200), "idle ones");
    for client in clients.iter_mut().step_by(2) {
        client.write_all(b"held").await.expect("sent");
    }
    snapshot(&engine, |shown| {
        shown.proxies[0].held == PerDirection::of(400, 0)
    })
    .await;
    let free = Plan::default();
    assert_eq!(taken(&engine, id, free).await, (200, 200), "holding ones");
    for client in clients.iter_mut().step_by(2) {
        let mut back = [0; 4];
        let read = tokio::time::timeout(PATIENCE, client.read_exact(&mut back)).await;
        read.expect("in time").expect("what was held");
    }
    clients.truncate(150);
    open_connections(&engine, 150).await;
    let slow = Plan::of([latency(120)]);
    assert_eq!(taken(&engine, id, slow).await, (150, 150), "those left");
    let mut trips = JoinSet::new();
    for mut client in clients {
        trips.spawn(async move {
            let before = clock::now();
            round_trip(&mut client, b"slow").await;
            clock::now() - before
        });
    }
    while let Some(took) = trips.join_next().await {
        let took = took.expect("an answer");
        assert!(took.as_millis() >= 120, "a byte left early: {took:?}");
    }
    open_connections(&engine, 0).await;
    assert_eq!(taken(&engine, id, Plan::default()).await, (0, 0));
}

/// What is left to read of a connection that ends in order.
async fn ended(client: &mut TcpStream) -> std::io::Result<usize> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, client.read_to_end(&mut bytes));
    read.await.expect("an end in time")
}

#[tokio::test]
async fn a_proxy_that_is_closed_ends_its_connections_in_order_and_opens_as_it_was() {
    let engine = engine();
    let (id, addr) = proxy(
        &engine,
        echo().await,
        plan("latency 2ms, blackhole as=x up"),
    )
    .await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    client.write_all(b"held").await.expect("it is open");
    snapshot(&engine, |snapshot| snapshot.proxies[0].held.up == 4).await;
    assert!(engine.close(id).await);
    assert_eq!(ended(&mut client).await.expect("no reset"), 0);
    TcpStream::connect(addr).await.expect_err("nobody listens");
    engine.open(id).await.expect("its port is free");
    assert_eq!(engine.port(id).expect("a proxy").1, [addr]);
    TcpStream::connect(addr).await.expect("connects again");
    let faults = engine.plan(id).expect("a plan").to_string();
    assert_eq!(faults, "latency 2ms, blackhole as=x up");
}

#[tokio::test]
async fn another_upstream_stands_behind_the_same_proxy() {
    let engine = engine();
    let (old, new) = (echo().await, greeter().await);
    let (id, addr) = proxy(&engine, old, plan("latency 2ms")).await;
    let name = engine.proxies()[0].1.clone();
    let mut client = TcpStream::connect(addr).await.expect("connects");
    round_trip(&mut client, b"old").await;
    let mut events = engine.events();
    let ana = engine.by(Author::named("ana@laptop").expect("a name"));
    let pointed = ana.repoint(id, support::mapping(new)).await;
    assert!(pointed.expect("it can be done"));
    loop {
        let told = support::next(&mut events).await;
        if matches!(told.what, Happening::Repointed { .. }) {
            assert_eq!(told.by.as_ref().map(Author::as_str), Some("ana@laptop"));
            break;
        }
    }
    assert_eq!(ended(&mut client).await.expect("no reset"), 0);
    let mut client = TcpStream::connect(addr)
        .await
        .expect("the port stayed open");
    let mut greeting = [0; 5];
    client.read_exact(&mut greeting).await.expect("a greeting");
    assert_eq!(&greeting, b"hello");
    assert_eq!(engine.proxies(), [(id, name)]);
    assert_eq!(engine.plan(id).expect("a plan").to_string(), "latency 2ms");
    // To another port; to one that is taken, nothing changes.
    let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut mapping = support::mapping(new);
    mapping.listen = other.local_addr().expect("bound").port();
    ana.repoint(id, mapping).await.expect_err("it is taken");
    TcpStream::connect(addr).await.expect("as it was");
    let moved = mapping_on("127.0.0.2", new);
    assert!(ana.repoint(id, moved).await.expect("it can be done"));
    TcpStream::connect(addr).await.expect_err("it has moved");
    let there = engine.port(id).expect("a proxy").1[0];
    assert_eq!(there.ip().to_string(), "127.0.0.2");
    TcpStream::connect(there).await.expect("connects");
}

#[tokio::test]
async fn a_proxy_has_addresses_of_its_own_and_may_begin_closed() {
    let engine = engine();
    let upstream = echo().await;
    let (_, addr) = proxy(&engine, upstream, Plan::default()).await;
    let mut beside = mapping_on("127.0.0.2", upstream);
    beside.listen = addr.port();
    beside.closed = true;
    let id = engine
        .add(beside, Plan::default())
        .await
        .expect("nothing is bound");
    let there = SocketAddr::new("127.0.0.2".parse().expect("an address"), addr.port());
    TcpStream::connect(there)
        .await
        .expect_err("it begins closed");
    engine
        .open(id)
        .await
        .expect("another address, the same port");
    let mut client = TcpStream::connect(there).await.expect("it is open");
    round_trip(&mut client, b"there").await;
}

/// A mapping of any free port on one address.
fn mapping_on(addr: &str, upstream: SocketAddr) -> Mapping {
    Mapping {
        bind: vec![addr.parse().expect("an address")],
        ..support::mapping(upstream)
    }
}

/// An upstream that greets.
async fn greeter() -> SocketAddr {
    serve(|mut stream| async move {
        let _ = stream.write_all(b"hello").await;
        let _ = stream.read(&mut [0]).await;
    })
    .await
}

fn plan(faults: &str) -> Plan {
    Plan::of(language::parse(faults).expect("faults"))
}

#[tokio::test]
async fn changes_of_two_authors_at_once_are_both_made() {
    let engine = engine();
    let (id, _) = proxy(&engine, echo().await, Plan::default()).await;
    let authors = ["ana", "api (tests)"].map(|name| Author::named(name).expect("a name"));
    let changes = (0..100).map(|number: u32| {
        let by = &authors[number as usize % 2];
        let text = format!("set {} latency 1ms as={number}", engine.proxies()[0].1);
        let command = command::parse(&text).expect("a command");
        operate::run(&engine, command, by)
    });
    for answer in futures_util::future::join_all(changes).await {
        answer.expect("it can be done");
    }
    assert_eq!(engine.plan(id).expect("a plan").settings().len(), 100);
}
