//! The engine over real sockets on loopback: bytes, ends, resets, live changes.

mod support;

use std::io::ErrorKind;

use faultboard::fault::{PerDirection, Plan};
use faultboard::proxy::clock;
use faultboard::snapshot::Kill;
use faultboard::snapshot::{CloseReason, ConnId, LegName};
use support::{
    bandwidth, close_reason, echo, engine, latency, nobody, pattern, proxy, round_trip, serve,
    snapshot,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn bytes_go_there_and_back_and_are_counted() {
    let engine = engine();
    let (_, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    assert_eq!(round_trip(&mut client, b"hello").await, b"hello");
    let shown = snapshot(&engine, |shown| {
        shown
            .conns
            .first()
            .is_some_and(|conn| conn.bytes == PerDirection::of(5, 5))
    })
    .await;
    assert_eq!(
        (shown.proxies[0].open, shown.proxies[0].bytes),
        (1, PerDirection::of(5, 5))
    );
}

#[tokio::test]
async fn a_client_that_has_said_all_still_gets_its_answer() {
    let upstream = serve(|mut stream| async move {
        let mut request = Vec::new();
        let _ = stream.read_to_end(&mut request).await;
        let _ = stream.write_all(&pattern(3_000_000)).await;
    })
    .await;
    let engine = engine();
    let (_, addr) = proxy(&engine, upstream, Plan::of([latency(20)])).await;
    let mut events = engine.events();
    let mut client = TcpStream::connect(addr).await.expect("connects");
    client.write_all(b"all of it").await.expect("sent");
    client.shutdown().await.expect("half-closed");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.expect("the answer");
    assert!(
        answer == pattern(3_000_000),
        "{} bytes, not as sent",
        answer.len()
    );
    assert_eq!(close_reason(&mut events).await, CloseReason::ClientDone);
}

#[tokio::test]
async fn an_upstream_that_has_said_all_still_hears_the_client() {
    let (heard_tx, mut heard) = tokio::sync::mpsc::channel(1);
    let upstream = serve(move |mut stream| {
        let heard_tx = heard_tx.clone();
        async move {
            let _ = stream.write_all(b"bye").await;
            let _ = stream.shutdown().await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            let _ = heard_tx.send(rest).await;
        }
    })
    .await;
    let engine = engine();
    let (_, addr) = proxy(&engine, upstream, Plan::default()).await;
    let mut events = engine.events();
    let mut client = TcpStream::connect(addr).await.expect("connects");
    let mut said = Vec::new();
    client
        .read_to_end(&mut said)
        .await
        .expect("the upstream's end");
    client
        .write_all(&pattern(1_000_000))
        .await
        .expect("sent after the upstream's end");
    client.shutdown().await.expect("ended");
    assert_eq!(
        (said, heard.recv().await),
        (b"bye".to_vec(), Some(pattern(1_000_000)))
    );
    assert_eq!(close_reason(&mut events).await, CloseReason::UpstreamDone);
}

#[tokio::test]
async fn a_client_that_half_closes_in_mid_download_and_reads_later_loses_nothing() {
    let upstream = serve(|mut stream| async move {
        let _ = stream.write_all(&pattern(20_000_000)).await;
        let _ = stream.shutdown().await;
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    let engine = engine();
    let (_, addr) = proxy(&engine, upstream, Plan::default()).await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    client
        .shutdown()
        .await
        .expect("half-closed while bytes come");
    let half = |shown: &faultboard::snapshot::Snapshot| {
        shown
            .proxies
            .first()
            .is_some_and(|row| row.bytes.down > 100_000)
    };
    snapshot(&engine, half).await;
    let mut got = Vec::new();
    client.read_to_end(&mut got).await.expect("the download");
    assert!(
        got == pattern(20_000_000),
        "{} bytes, not as sent",
        got.len()
    );
}

#[tokio::test]
async fn a_refused_upstream_resets_the_client_and_says_why() {
    let engine = engine();
    let upstream = nobody().await;
    let (_, addr) = proxy(&engine, upstream, Plan::default()).await;
    let mut events = engine.events();
    // The reset may come before the client has looked at its new connection.
    let error = match TcpStream::connect(addr).await {
        Ok(mut client) => client.read(&mut [0]).await.expect_err("a reset"),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let why = format!("cannot reach {upstream}: connection refused");
    assert_eq!(close_reason(&mut events).await, CloseReason::Dial(why));
}

#[tokio::test]
async fn a_reset_by_one_peer_reaches_the_other_behind_what_was_sent() {
    let upstream = serve(|mut stream| async move {
        let _ = stream.write_all(b"last words").await;
        let _ = stream.read(&mut [0]).await;
        let _ = stream.set_zero_linger();
    })
    .await;
    let engine = engine();
    let (_, addr) = proxy(&engine, upstream, Plan::of([latency(30)])).await;
    let mut events = engine.events();
    let mut client = TcpStream::connect(addr).await.expect("connects");
    let mut words = [0; 10];
    client
        .read_exact(&mut words)
        .await
        .expect("what came before the reset");
    client.write_all(b"x").await.expect("asks for the end");
    let error = client.read(&mut [0]).await.expect_err("a reset");
    assert_eq!(
        (&words, error.kind()),
        (b"last words", ErrorKind::ConnectionReset)
    );
    let reason = CloseReason::Io {
        leg: LegName::Upstream,
        error: "connection reset".into(),
    };
    assert_eq!(close_reason(&mut events).await, reason);
}

#[tokio::test]
async fn a_server_that_hangs_up_on_a_finished_client_is_no_failure() {
    let upstream = serve(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
        let _ = stream.set_zero_linger();
    })
    .await;
    let engine = engine();
    let (_, addr) = proxy(&engine, upstream, Plan::default()).await;
    let mut events = engine.events();
    let mut client = TcpStream::connect(addr).await.expect("connects");
    client.write_all(b"quit").await.expect("sent");
    client.shutdown().await.expect("ended");
    assert_eq!(close_reason(&mut events).await, CloseReason::ClientDone);
}

#[tokio::test]
async fn a_change_reaches_an_open_connection_and_is_counted() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    round_trip(&mut client, b"fast").await;
    let taken = engine
        .set_plan(id, Plan::of([latency(250)]))
        .await
        .expect("the proxy");
    assert_eq!((taken.taken, taken.of), (1, 1));
    let before = clock::now();
    round_trip(&mut client, b"slow").await;
    let took = clock::now() - before;
    assert!(took.as_millis() >= 250, "a byte left early: {took:?}");
    let slow = |shown: &faultboard::snapshot::Snapshot| {
        shown.proxies[0]
            .feels
            .is_some_and(|feels| feels.p50.as_millis() >= 250)
    };
    snapshot(&engine, slow).await;
}

#[tokio::test]
async fn lifting_a_fault_frees_what_is_held() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::of([latency(3_600_000)])).await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    client.write_all(b"held").await.expect("sent");
    snapshot(&engine, |shown| {
        shown
            .proxies
            .first()
            .is_some_and(|row| row.held == PerDirection::of(4, 0))
    })
    .await;
    let taken = engine
        .set_plan(id, Plan::default())
        .await
        .expect("the proxy");
    let mut back = [0; 4];
    client.read_exact(&mut back).await.expect("what was held");
    assert_eq!((&back, taken.taken, taken.of), (b"held", 1, 1));
}

#[tokio::test]
async fn a_slow_peer_is_given_no_more_than_it_may_hold() {
    let engine = engine();
    let (_, addr) = proxy(&engine, echo().await, Plan::of([bandwidth(10_000)])).await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    let writer = tokio::spawn(async move {
        let _ = client.write_all(&pattern(50_000_000)).await;
    });
    let shown = snapshot(&engine, |shown| {
        shown.proxies.first().is_some_and(|row| row.held.up > 6_000)
    })
    .await;
    assert!(
        shown.proxies[0].held.up < 20_000,
        "{:?} bytes wait at 10 kB/s",
        shown.proxies[0].held
    );
    writer.abort();
}

#[tokio::test]
async fn a_killed_connection_is_reset_or_ended_as_asked() {
    let engine = engine();
    let (_, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let mut events = engine.events();
    for (number, how) in [(1, Kill::Rst), (2, Kill::Fin)] {
        let mut client = TcpStream::connect(addr).await.expect("connects");
        round_trip(&mut client, b"alive").await;
        assert!(engine.kill(ConnId(number), how));
        let seen = client.read(&mut [0]).await.map_err(|error| error.kind());
        let wanted = if how == Kill::Rst {
            Err(ErrorKind::ConnectionReset)
        } else {
            Ok(0)
        };
        assert_eq!(seen, wanted, "{how:?}");
        assert_eq!(close_reason(&mut events).await, CloseReason::Killed);
    }
    assert!(
        !engine.kill(ConnId(9), Kill::Rst),
        "there is no such connection"
    );
}

#[tokio::test]
async fn a_closed_port_refuses_and_its_connections_live_on() {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, Plan::default()).await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    round_trip(&mut client, b"before").await;
    engine
        .set_port(id, false)
        .await
        .expect("closing cannot fail");
    let error = TcpStream::connect(addr).await.expect_err("a refusal");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(round_trip(&mut client, b"still").await, b"still");
    engine
        .set_port(id, true)
        .await
        .expect("the port is free again");
    TcpStream::connect(addr).await.expect("connects again");
}

#[tokio::test]
async fn a_dead_upstream_delays_no_other_client() {
    // A backlog that is full: connecting to it hangs until its time-out.
    let full = tokio::net::TcpSocket::new_v4().expect("a socket");
    full.bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a free port");
    let full = full.listen(0).expect("listens");
    let dead = full.local_addr().expect("bound");
    let fillers: Vec<_> = (0..8)
        .map(|_| tokio::spawn(TcpStream::connect(dead)))
        .collect();
    let engine = engine();
    let (_, slow) = proxy(&engine, dead, Plan::default()).await;
    let (_, fast) = proxy(&engine, echo().await, Plan::default()).await;
    let waiting: Vec<_> = (0..20)
        .map(|_| tokio::spawn(TcpStream::connect(slow)))
        .collect();
    let clients: Vec<_> = futures_util::future::join_all(waiting).await;
    // The kernel completes a handshake by itself; that all twenty are being dialed at once shows that none waits.
    let dialing =
        |shown: &faultboard::snapshot::Snapshot| shown.proxies.iter().any(|row| row.open == 20);
    snapshot(&engine, dialing).await;
    assert_eq!(clients.len(), 20);
    let mut client = TcpStream::connect(fast).await.expect("connects");
    assert_eq!(
        round_trip(&mut client, b"not delayed").await,
        b"not delayed"
    );
    fillers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn stopping_ends_every_connection_and_tells_why() {
    let engine = engine();
    let (_, addr) = proxy(&engine, echo().await, Plan::of([latency(3_600_000)])).await;
    let mut events = engine.events();
    let mut client = TcpStream::connect(addr).await.expect("connects");
    client.write_all(b"held for an hour").await.expect("sent");
    snapshot(&engine, |shown| {
        shown.proxies.first().is_some_and(|row| row.held.up > 0)
    })
    .await;
    engine.stop(std::time::Duration::ZERO).await;
    assert_eq!(close_reason(&mut events).await, CloseReason::Stopped);
    assert!(
        TcpStream::connect(addr).await.is_err(),
        "the port is closed"
    );
}

#[tokio::test]
async fn an_end_in_order_never_stands_behind_a_part() {
    let engine = engine();
    let upstream = serve(|mut stream| async move {
        let _ = stream.read(&mut [0; 16]).await;
        let _ = stream.write_all(b"first").await;
        let _ = stream.read(&mut [0; 16]).await;
        let _ = stream.write_all(b"second").await;
        let _ = stream.read(&mut [0; 16]).await;
    })
    .await;
    for (held, wanted) in [(false, Ok(0)), (true, Err(ErrorKind::ConnectionReset))] {
        let (id, addr) = proxy(&engine, upstream, Plan::default()).await;
        let mut client = TcpStream::connect(addr).await.expect("connects");
        client.write_all(b"x").await.expect("sent");
        client.read_exact(&mut [0; 5]).await.expect("a part");
        if held {
            engine.set_plan(id, Plan::of([latency(7_200_000)])).await;
            client.write_all(b"y").await.expect("sent");
            snapshot(&engine, |shown| {
                shown.proxies.iter().any(|row| row.held.sum() > 0)
            })
            .await;
        }
        assert!(engine.remove(id).await);
        let seen = client.read(&mut [0]).await.map_err(|error| error.kind());
        assert_eq!(seen, wanted, "held: {held}");
    }
}

#[tokio::test]
async fn an_upstream_that_resets_in_the_middle_of_an_answer_is_a_failure_although_the_client_had_said_all()
 {
    let upstream = serve(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
        let _ = stream.write_all(b"part").await;
        let _ = stream.peek(&mut [0]).await;
        let _ = stream.set_zero_linger();
    })
    .await;
    let engine = engine();
    let (_, addr) = proxy(&engine, upstream, Plan::default()).await;
    let mut events = engine.events();
    let mut client = TcpStream::connect(addr).await.expect("connects");
    client.write_all(b"question").await.expect("sent");
    client.shutdown().await.expect("half-closed");
    let mut part = Vec::new();
    let end = client.read_to_end(&mut part).await;
    let error = end.expect_err("a reset").kind();
    assert_eq!(
        (&part[..], error),
        (&b"part"[..], ErrorKind::ConnectionReset)
    );
    let reason = CloseReason::Io {
        leg: LegName::Upstream,
        error: "connection reset".into(),
    };
    assert_eq!(close_reason(&mut events).await, reason);
}

/// A port that was free just now.
async fn free_port() -> u16 {
    nobody().await.port()
}

#[tokio::test]
async fn a_mapping_that_leads_to_itself_is_refused_when_it_is_added() {
    let engine = engine();
    let (first, second) = (free_port().await, free_port().await);
    let add = |text: String| {
        let mapping = faultboard::mapping::parse(&text).expect("a mapping");
        engine.add(mapping, Plan::default())
    };
    let own = format!("{first}=localhost:{first}");
    let error = add(own.clone()).await.expect_err("it leads to itself");
    assert_eq!(
        error.to_string(),
        format!("{own} leads to the port on which it listens itself: give the port of a server")
    );
    // A chain is none; its end tied to its beginning is.
    let chain = format!("{first}=127.0.0.1:{second}");
    add(chain.clone()).await.expect("the port is free again");
    let tied = format!("{second}=127.0.0.1:{first}");
    let error = add(tied.clone()).await.expect_err("a circle");
    assert_eq!(
        error.to_string(),
        format!("{tied} leads back to itself by way of {chain}: let one of them lead to a server")
    );
    assert_eq!(engine.proxies().len(), 1);
}

#[tokio::test]
async fn urgent_bytes_keep_their_place_in_the_stream() {
    let engine = engine();
    let upstream = serve(|mut stream| async move {
        let mut said = [0; 4];
        let _ = stream.read_exact(&mut said).await;
        let _ = stream.write_all(&said).await;
        let _ = urgently(&stream, b"!").await;
        let _ = stream.write_all(b"end").await;
    })
    .await;
    for faults in [Plan::default(), Plan::of([latency(20)])] {
        let (_, addr) = proxy(&engine, upstream, faults).await;
        let mut client = TcpStream::connect(addr).await.expect("connects");
        client.write_all(b"ab").await.expect("sent");
        urgently(&client, b"c").await.expect("sent out of band");
        client.write_all(b"d").await.expect("sent");
        let mut answer = Vec::new();
        let read = tokio::time::timeout(support::PATIENCE, client.read_to_end(&mut answer));
        read.await.expect("in time").expect("the answer");
        assert_eq!(String::from_utf8_lossy(&answer), "abcd!end");
    }
}

/// Sends a byte out of band.
async fn urgently(stream: &TcpStream, byte: &[u8]) -> std::io::Result<usize> {
    let send = || socket2::SockRef::from(stream).send_out_of_band(byte);
    stream.writable().await?;
    stream.try_io(tokio::io::Interest::WRITABLE, send)
}
