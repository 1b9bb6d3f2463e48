//! What each type of toxic does to the bytes of connections that are open, as clients of the API turn it: by what passes and what
//! does not, in both streams.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::time::Duration;

use faultboard::fault::Direction;
use faultboard::proxy::clock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::dialogue::make;
use super::http::{Desk, desk};
use super::support::{self, PATIENCE};

/// A desk with the proxy `p`, and both ends of the connections through it.
struct Rig {
    desk: Desk,
    at: String,
    upstream: TcpListener,
}

/// One stream of a connection, with both of its ends.
struct Stream {
    direction: Direction,
    from: TcpStream,
    to: TcpStream,
    /// How many bytes have been sent and have come.
    sent: usize,
    come: usize,
}

async fn rig() -> Rig {
    let desk = desk().await;
    let upstream = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = upstream.local_addr().expect("bound").to_string();
    make(&desk, "p", &addr).await;
    let at = desk.listen("p").await;
    Rig { desk, at, upstream }
}

/// `latency=100` as it stands in JSON.
fn members(words: &[&str]) -> BTreeMap<String, Value> {
    let pairs = words.iter().filter_map(|word| word.split_once('='));
    let read = |value| serde_json::from_str(value).expect("a number");
    pairs
        .map(|(name, value)| (name.to_owned(), read(value)))
        .collect()
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "upstream",
        Direction::Down => "downstream",
    }
}

// === impl Rig ===

impl Rig {
    /// A connection whose bytes have passed once, to be looked at in one direction.
    async fn open(&self, direction: Direction) -> Stream {
        let connecting = TcpStream::connect(&self.at);
        let (client, accepted) = tokio::join!(connecting, self.upstream.accept());
        let client = client.expect("it listens");
        let (server, _) = accepted.expect("the proxy dials");
        let (from, to) = match direction {
            Direction::Up => (client, server),
            Direction::Down => (server, client),
        };
        Stream {
            direction,
            from,
            to,
            sent: 0,
            come: 0,
        }
    }

    /// Does what a line says: `on NAME TYPE A=1 toxicity=0`, `set NAME A=2` and `off NAME` by the API, or what a stream does.
    async fn step(&self, line: &str, stream: &mut Stream) {
        let words: Vec<_> = line.split_whitespace().collect();
        let mut attributes = members(&words);
        let toxicity = attributes.remove("toxicity");
        let (method, path, body, status) = match words[0] {
            "on" => {
                let (name, kind) = (words[1], words[2]);
                let body = json!({"name": name, "type": kind, "stream": word(stream.direction),
                    "attributes": attributes, "toxicity": toxicity});
                ("POST", "/proxies/p/toxics".to_owned(), body, 200)
            }
            "set" => {
                let path = format!("/proxies/p/toxics/{}", words[1]);
                let body = json!({"attributes": attributes, "toxicity": toxicity});
                ("PATCH", path, body, 200)
            }
            "off" => {
                let path = format!("/proxies/p/toxics/{}", words[1]);
                ("DELETE", path, Value::Null, 204)
            }
            _ => return stream.step(&self.desk, &words).await,
        };
        let reply = self.desk.ask(method, &path, &body.to_string()).await;
        assert_eq!(reply.status, status, "{line}: {reply:?}");
    }

    /// Does what each line says, on one connection that is open before the first.
    async fn play(&self, lines: &str, direction: Direction) {
        let mut stream = self.open(direction).await;
        for line in ["sends 5", "gets 5"].into_iter().chain(lines.lines()) {
            let line = line.trim();
            if !line.is_empty() {
                let step = tokio::time::timeout(PATIENCE, self.step(line, &mut stream));
                let done = step.await;
                done.unwrap_or_else(|_| panic!("{direction:?}: {line}, of {lines}"));
            }
        }
    }
}

// === impl Stream ===

impl Stream {
    async fn step(&mut self, desk: &Desk, words: &[&str]) {
        let bytes = |at: usize| words[at].parse::<usize>().expect("a number");
        match words {
            ["sends", _] => {
                let until = self.sent + bytes(1);
                let all = support::pattern(until);
                let sent = self.from.write_all(&all[self.sent..]).await;
                sent.expect("the connection takes bytes");
                self.sent = until;
            }
            ["gets", _] => self.gets(bytes(1)).await,
            ["holds", _] => self.holds(desk, bytes(1) as u64).await,
            ["finishes"] => self.from.shutdown().await.expect("it is open"),
            // By the clock, but never wrong where nothing comes.
            ["is", "silent"] => {
                let read = self.to.read_u8();
                let read = tokio::time::timeout(Duration::from_millis(60), read).await;
                assert!(read.is_err(), "{read:?}");
            }
            ["ends"] => assert_eq!(end(&mut self.to).await, (0, None)),
            ["both", "end"] => {
                assert_eq!(end(&mut self.to).await, (0, None));
                assert_eq!(end(&mut self.from).await, (0, None));
            }
            ["both", "are", "reset"] => {
                let reset = (0, Some(ErrorKind::ConnectionReset));
                assert_eq!(end(&mut self.to).await, reset);
                assert_eq!(end(&mut self.from).await, reset);
            }
            ["the", "other", "stream", "passes"] => {
                self.to.write_u8(7).await.expect("it is open");
                assert_eq!(self.from.read_u8().await.expect("a byte"), 7);
            }
            other => panic!("no step: {other:?}"),
        }
    }

    async fn gets(&mut self, bytes: usize) {
        let mut come = vec![0; bytes];
        self.to.read_exact(&mut come).await.expect("bytes come");
        let until = self.come + bytes;
        assert!(come == support::pattern(until)[self.come..], "in order");
        self.come = until;
    }

    /// So many bytes wait, and none has come.
    async fn holds(&self, desk: &Desk, bytes: u64) {
        support::snapshot(&desk.engine, |snapshot| {
            let conn = snapshot.conns.first();
            conn.is_some_and(|conn| conn.held[self.direction] == bytes)
        })
        .await;
        let read = self.to.try_read(&mut [0; 64]).map_err(|error| error.kind());
        assert_eq!(read, Err(ErrorKind::WouldBlock));
    }
}

/// What is left to read, and how it ends.
async fn end(stream: &mut TcpStream) -> (usize, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes).await;
    (bytes.len(), read.err().map(|error| error.kind()))
}

async fn in_both_streams(lines: &str) {
    for direction in [Direction::Up, Direction::Down] {
        rig().await.play(lines, direction).await;
    }
}

#[tokio::test]
async fn latency_holds_what_comes_and_releases_it_in_order_where_it_is_less() {
    in_both_streams(
        "on a latency latency=3600000
         sends 100
         holds 100
         the other stream passes
         on b latency latency=3600000 jitter=1000
         set a latency=0
         sends 100
         holds 200
         off b
         gets 200
         set a latency=3600000
         sends 9
         holds 9
         off a
         gets 9",
    )
    .await;
}

#[tokio::test]
async fn bandwidth_of_nothing_holds_and_the_lower_of_two_rules() {
    in_both_streams(
        "on a bandwidth rate=0
         sends 100
         holds 100
         the other stream passes
         on b bandwidth rate=1000
         set b rate=2000
         holds 100
         set a rate=1000
         gets 100
         set b rate=0
         sends 9
         holds 9
         off b
         gets 9
         off a
         sends 10000
         gets 10000",
    )
    .await;
}

#[tokio::test]
async fn slow_close_holds_the_end_alone() {
    for last in ["set a delay=0", "off a", "set a delay=20"] {
        in_both_streams(&format!(
            "on a slow_close delay=3600000
             on b slow_close delay=10
             sends 100
             gets 100
             finishes
             is silent
             the other stream passes
             {last}
             ends"
        ))
        .await;
    }
}

#[tokio::test]
async fn timeout_lets_nothing_pass_and_ends_connections_when_it_is_over_or_removed() {
    for last in [
        "off a",
        "set a timeout=50",
        "off b",
        "on c timeout timeout=50",
    ] {
        in_both_streams(&format!(
            "on a timeout timeout=0
             on b timeout timeout=3600000
             sends 100
             is silent
             the other stream passes
             {last}
             both end"
        ))
        .await;
    }
}

#[tokio::test]
async fn reset_peer_waits_for_data_eats_it_and_resets_both() {
    in_both_streams(
        "on a reset_peer timeout=3600000
         is silent
         the other stream passes
         sends 100
         is silent
         set a timeout=20
         both are reset",
    )
    .await;
    in_both_streams(
        "on a reset_peer timeout=0
         is silent
         the other stream passes
         off a
         sends 100
         gets 100
         on a reset_peer timeout=0
         on b reset_peer timeout=3600000
         sends 9
         both are reset",
    )
    .await;
}

#[tokio::test]
async fn slicer_passes_a_slice_at_a_time_and_the_rest_when_it_goes() {
    for last in ["set a delay=0", "off a"] {
        in_both_streams(&format!(
            "on a slicer average_size=10 delay=3600000000
             sends 100
             gets 10
             is silent
             the other stream passes
             {last}
             gets 90
             sends 9
             gets 9"
        ))
        .await;
    }
    in_both_streams(
        "on a slicer average_size=10
         on b slicer average_size=4 delay=3600000000
         sends 100
         gets 4
         is silent
         off b
         gets 96",
    )
    .await;
}

#[tokio::test]
async fn limit_data_counts_from_when_it_was_added_and_ends_with_the_last_byte() {
    in_both_streams(
        "on a limit_data bytes=10
         sends 5
         gets 5
         set a bytes=12
         sends 100
         gets 7
         both end",
    )
    .await;
    in_both_streams(
        "on a limit_data bytes=10
         on b limit_data bytes=20
         sends 5
         gets 5
         off a
         sends 100
         gets 15
         both end",
    )
    .await;
    in_both_streams(
        "on a limit_data bytes=10
         sends 9
         gets 9
         off a
         sends 100
         gets 100",
    )
    .await;
}

#[tokio::test]
async fn no_toxic_touches_a_connection_that_its_toxicity_spares() {
    for toxic in [
        "latency latency=3600000",
        "bandwidth rate=0",
        "slow_close delay=3600000",
        "timeout timeout=0",
        "timeout timeout=1",
        "reset_peer timeout=0",
        "slicer average_size=1 delay=3600000000",
        "limit_data bytes=0",
        "noop",
    ] {
        in_both_streams(&format!(
            "on a {toxic} toxicity=0
             sends 100
             gets 100
             the other stream passes
             off a
             sends 100
             gets 100
             on a {toxic} toxicity=0
             finishes
             ends
             the other stream passes"
        ))
        .await;
    }
}

#[tokio::test]
async fn a_connection_keeps_the_fate_that_its_toxicity_drew() {
    let rig = rig().await;
    let mut streams = Vec::new();
    for _ in 0..24 {
        streams.push(rig.open(Direction::Down).await);
    }
    rig.step("on a latency latency=3600000 toxicity=0.5", &mut streams[0])
        .await;
    let mut fates = Vec::new();
    for turn in 1..=2 {
        for stream in &mut streams {
            stream.from.write_all(b"x").await.expect("it is open");
        }
        let all = streams.len() as u64 * turn;
        let seen = support::snapshot(&rig.desk.engine, |snapshot| {
            let conns = snapshot.conns.iter();
            conns
                .map(|conn| conn.held.down + conn.bytes.down)
                .sum::<u64>()
                == all
        })
        .await;
        let held = seen.conns.iter().map(|conn| (conn.id, conn.held.down > 0));
        fates.push(held.collect::<Vec<_>>());
        rig.step("set a latency=1800000 toxicity=0.5", &mut streams[0])
            .await;
    }
    assert_eq!(fates[0], fates[1]);
    let hit = fates[0].iter().filter(|(_, held)| *held).count();
    assert!((1..24).contains(&hit), "{hit} of 24");
}

#[tokio::test]
async fn what_takes_time_takes_no_less() {
    let least = Duration::from_millis(80);
    for (toxics, bytes) in [
        (&["on a latency latency=80"][..], 9),
        (
            &[
                "on a latency latency=60 jitter=10",
                "on b latency latency=30",
            ],
            9,
        ),
        (&["on a bandwidth rate=1000"], 100_000),
    ] {
        for direction in [Direction::Up, Direction::Down] {
            let rig = rig().await;
            let mut stream = rig.open(direction).await;
            for toxic in toxics {
                rig.step(toxic, &mut stream).await;
            }
            let began = clock::now();
            let bytes = bytes.to_string();
            stream.step(&rig.desk, &["sends", &bytes]).await;
            stream.step(&rig.desk, &["gets", &bytes]).await;
            assert!(clock::now() - began >= least, "{toxics:?}");
        }
    }
    for (toxic, word) in [
        ("on a slow_close delay=80", &["finishes"][..]),
        ("on a timeout timeout=80", &["sends", "9"]),
        ("on a reset_peer timeout=80", &["sends", "9"]),
    ] {
        for direction in [Direction::Up, Direction::Down] {
            let rig = rig().await;
            let mut stream = rig.open(direction).await;
            let began = clock::now();
            rig.step(toxic, &mut stream).await;
            stream.step(&rig.desk, word).await;
            assert_eq!(end(&mut stream.to).await.0, 0);
            assert!(clock::now() - began >= least, "{toxic}");
        }
    }
}
