//! Facts: what is seen of clients and upstreams at the moment at which it is seen, and what waits meanwhile.

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use faultboard::fault::{Plan, language};
use faultboard::proxy::{Engine, FactFeed};
use faultboard::snapshot::{By, Fact, Leave, LegName, ProxyId, Seen};
use support::{PATIENCE, echo, engine, proxy, round_trip, snapshot};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn plan(faults: &str) -> Plan {
    match faults {
        "" => Plan::default(),
        faults => Plan::of(language::parse(faults).expect("faults")),
    }
}

/// A desk before an echo with these faults, and what is seen from now on.
async fn desk(faults: &str) -> (Engine, ProxyId, SocketAddr, Told) {
    let engine = engine();
    let (id, addr) = proxy(&engine, echo().await, plan(faults)).await;
    let feed = engine.facts();
    (
        engine,
        id,
        addr,
        Told {
            feed,
            seen: Vec::new(),
        },
    )
}

/// What was seen so far.
struct Told {
    feed: FactFeed,
    seen: Vec<Fact>,
}

impl Told {
    /// The first fact that `wanted` knows, once it is seen.
    async fn until<T>(&mut self, mut wanted: impl FnMut(&Fact) -> Option<T>) -> T {
        loop {
            if let Some(found) = self.seen.iter().find_map(&mut wanted) {
                return found;
            }
            let batch = tokio::time::timeout(PATIENCE, self.feed.next()).await;
            let batch = batch.expect("in time").expect("the engine runs");
            assert_eq!(batch.dropped, 0);
            self.seen.extend(&batch.facts);
        }
    }

    async fn left(&mut self, who: LegName, kind: Leave) -> (Duration, faultboard::snapshot::Amid) {
        self.until(|fact| match fact.seen {
            Seen::Left { leg, how, amid } if (leg, how) == (who, kind) => Some((fact.at, amid)),
            _ => None,
        })
        .await
    }

    async fn asked(&mut self) -> Duration {
        self.until(|fact| matches!(fact.seen, Seen::Asked { .. }).then_some(fact.at))
            .await
    }

    /// How long the first request waited that was answered, and how long of that for the upstream.
    async fn answered(&mut self) -> (Duration, Duration) {
        self.until(|fact| match fact.seen {
            Seen::Answered {
                waited, upstream, ..
            } => Some((waited, upstream)),
            _ => None,
        })
        .await
    }

    async fn closed(&mut self) -> (Duration, By) {
        self.until(|fact| match fact.seen {
            Seen::Closed { by, .. } => Some((fact.at, by)),
            _ => None,
        })
        .await
    }
}

#[tokio::test]
async fn a_client_that_gives_up_in_a_hole_is_seen_when_it_does_and_not_when_the_hole_is_lifted() {
    let (engine, id, addr, mut told) = desk("blackhole").await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    client.write_all(b"anybody?").await.expect("is taken");
    let asked = told.asked().await;
    let waiting = snapshot(&engine, |snapshot| {
        snapshot.proxies[0].unanswered.count == 1
    })
    .await;
    let row = &waiting.conns[0];
    assert!(row.waits >= Some(Duration::from_millis(100)), "{row:?}");
    drop(client);
    let (left, amid) = told.left(LegName::Client, Leave::Fin).await;
    assert_eq!(amid.waiting, left.checked_sub(asked));
    assert_eq!((amid.asked, amid.answered, amid.silent_down), (8, 0, None));
    let calm = snapshot(&engine, |snapshot| {
        snapshot.proxies[0].unanswered.count == 0
    })
    .await;
    assert_eq!(
        calm.conns.len(),
        1,
        "its row is open as long as the hole is"
    );
    engine.set_plan(id, Plan::default()).await.expect("a proxy");
    let (closed, by) = told.closed().await;
    assert!(closed > left && by == By::Client, "{by:?}");
}

#[tokio::test]
async fn an_answer_tells_what_the_upstream_took_of_the_wait() {
    let (_engine, _, addr, mut told) = desk("latency 40ms").await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    round_trip(&mut client, b"hello").await;
    let (waited, upstream) = told.answered().await;
    let least = Duration::from_millis(40);
    assert!(
        waited >= least && upstream <= waited,
        "{waited:?} {upstream:?}"
    );
    let order: Vec<_> = told
        .seen
        .iter()
        .map(|fact| std::mem::discriminant(&fact.seen))
        .collect();
    let first = |seen: Seen| std::mem::discriminant(&seen);
    let client = client.local_addr().expect("connected");
    assert_eq!(
        order[..2],
        [first(Seen::Opened { client }), first(Seen::Reached)]
    );
}

#[tokio::test]
async fn a_client_that_ends_its_stream_behind_its_request_still_waits() {
    let (engine, id, addr, mut told) = desk("blackhole").await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    client
        .write_all(b"the last request")
        .await
        .expect("is taken");
    client.shutdown().await.expect("half of it");
    told.left(LegName::Client, Leave::Fin).await;
    snapshot(&engine, |snapshot| {
        snapshot.proxies[0].unanswered.count == 1
    })
    .await;
    engine.set_plan(id, Plan::default()).await.expect("a proxy");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.expect("no error");
    assert_eq!(answer, b"the last request");
    told.until(|fact| matches!(fact.seen, Seen::Answered { .. }).then_some(()))
        .await;
}

#[tokio::test]
async fn a_new_client_waits_from_its_first_byte_while_its_upstream_is_dialed() {
    for faults in ["dial_delay 300ms", "accept_delay 300ms"] {
        let (engine, _, addr, mut told) = desk(faults).await;
        let mut client = TcpStream::connect(addr).await.expect("connects");
        client.write_all(b"hello").await.expect("is taken");
        snapshot(&engine, |snapshot| {
            snapshot.proxies[0].unanswered.count == 1
        })
        .await;
        client.read_exact(&mut [0; 5]).await.expect("an answer");
        let (waited, upstream) = told.answered().await;
        // Some of the time may have gone by before it was read that bytes had come.
        assert!(waited >= Duration::from_millis(200), "{faults}: {waited:?}");
        assert!(upstream < waited, "{faults}: {upstream:?}");
    }
}

#[tokio::test]
async fn who_leaves_while_its_upstream_is_dialed_feels_no_answer() {
    let (engine, _, addr, mut told) = desk("dial_delay 300ms").await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    client.write_all(b"hello").await.expect("is taken");
    snapshot(&engine, |snapshot| {
        snapshot.proxies[0].unanswered.count == 1
    })
    .await;
    drop(client);
    let gone = told
        .until(|fact| match fact.seen {
            Seen::Answered { gone, .. } => Some(gone),
            _ => None,
        })
        .await;
    assert!(gone);
    assert_eq!(engine.snapshot().await.proxies[0].felt_now(), None);
}

#[tokio::test]
async fn who_leaves_in_order_while_it_waits_is_counted() {
    let (engine, _, addr, mut told) = desk("blackhole").await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    client.write_all(b"anybody?").await.expect("is taken");
    snapshot(&engine, |snapshot| {
        snapshot.proxies[0].unanswered.oldest > Duration::from_millis(200)
    })
    .await;
    drop(client);
    told.left(LegName::Client, Leave::Fin).await;
    let ended = snapshot(&engine, |snapshot| {
        let points = &snapshot.proxies[0].history.points;
        points.iter().any(|point| point.left > 0)
    })
    .await;
    let row = &ended.proxies[0];
    let points = row.history.points.iter();
    let counted: Vec<_> = points.map(|point| (point.failed, point.left)).collect();
    assert!(counted.contains(&(1, 1)), "{counted:?}");
    assert_eq!(row.failed, 0, "nothing failed");
}

#[tokio::test]
async fn a_goodbye_waits_for_nothing() {
    let (engine, id, addr, mut told) = desk("").await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    round_trip(&mut client, b"hello").await;
    engine
        .set_plan(id, plan("blackhole"))
        .await
        .expect("a proxy");
    client.write_all(b"QUIT\r\n").await.expect("is taken");
    drop(client);
    let (_, amid) = told.left(LegName::Client, Leave::Fin).await;
    assert_eq!((amid.asked, amid.answered), (6, 1));
    let row = engine.snapshot().await.conns[0].clone();
    assert_eq!(row.waits, None);
}

#[tokio::test]
async fn a_reset_of_either_peer_is_seen_as_one() {
    let (_engine, _, addr, mut told) = desk("").await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    round_trip(&mut client, b"hello").await;
    client.set_zero_linger().expect("an option");
    drop(client);
    told.left(LegName::Client, Leave::Rst).await;
    assert_eq!(told.closed().await.1, By::ClientBroke);
}

#[tokio::test]
async fn what_clients_met_before_a_fault_stays_known_beside_what_they_feel_now() {
    let (engine, id, addr, _told) = desk("").await;
    let mut client = TcpStream::connect(addr).await.expect("connects");
    let clean = loop {
        round_trip(&mut client, b"hello").await;
        let row = engine.snapshot().await.proxies[0].clone();
        assert_eq!(row.factor(), None, "no fault acts");
        if let Some(clean) = row.clean {
            break clean;
        }
        assert!(engine.now() < PATIENCE, "it is known within seconds");
    };
    engine
        .set_plan(id, plan("latency 40ms"))
        .await
        .expect("a proxy");
    round_trip(&mut client, b"hello").await;
    let slow = |row: &faultboard::snapshot::ProxyRow| {
        row.felt_now()
            .is_some_and(|felt| felt.p1 >= Duration::from_millis(40))
    };
    let row = loop {
        round_trip(&mut client, b"hello").await;
        let row = engine.snapshot().await.proxies[0].clone();
        if slow(&row) && row.factor().is_some() {
            break row;
        }
        assert!(engine.now() < 2 * PATIENCE, "it is felt within seconds");
    };
    assert!(
        row.factor().is_some_and(|factor| factor > 1.0),
        "{:?}",
        row.factor()
    );
    assert!(row.clean.expect("known").feels.p50 <= clean.feels.p99.max(Duration::from_millis(39)));
}

/// An upstream that sends for as long as it is read, and clients of its desk.
async fn pours() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let addr = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let piece = vec![0; 64 << 10];
                let _ = stream.read_u8().await;
                while stream.write_all(&piece).await.is_ok() {}
            });
        }
    });
    addr
}

#[tokio::test]
async fn a_client_that_reads_slowly_is_told_from_a_link_that_is_slow() {
    for (faults, rate) in [("", 2_000_000_u32), ("bandwidth 200kB/s", 0)] {
        let engine = engine();
        let (_, addr) = proxy(&engine, pours().await, plan(faults)).await;
        let feed = engine.facts();
        let mut told = Told {
            feed,
            seen: Vec::new(),
        };
        let mut client = TcpStream::connect(addr).await.expect("connects");
        client.write_all(b"!").await.expect("is taken");
        let reads = async {
            let mut piece = vec![0; 64 << 10];
            let mut pace = tokio::time::interval(Duration::from_millis(10));
            let mut read = 0;
            // The slow link brings as much in a few seconds as it is looked at for.
            while rate > 0 || read < 600_000 {
                if rate > 0 {
                    pace.tick().await;
                }
                let most = if rate > 0 {
                    rate as usize / 100
                } else {
                    piece.len()
                };
                read += client.read(&mut piece[..most]).await.expect("it goes on");
            }
        };
        let blocked = told.until(|fact| match fact.seen {
            Seen::Blocked {
                over,
                blocked,
                bytes,
            } => Some((over, blocked, bytes)),
            _ => None,
        });
        tokio::select! {
            (over, blocked, bytes) = blocked => {
                assert!(rate > 0, "the link is what is slow: {blocked:?} of {over:?}");
                assert!(over >= Fact::STRETCH && blocked <= over, "{blocked:?} of {over:?}");
                assert!(blocked * 4 > over * 3, "{blocked:?} of {over:?}");
                assert!(bytes > 0);
            }
            () = reads => assert_eq!(rate, 0, "who reads slowly is told of"),
        }
    }
}
