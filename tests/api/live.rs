//! Our own API: what it tells, what it takes, and whom it lets in.

use faultboard::api::{Address, ApiArgs, Tokens};
use faultboard::fault::Plan;
use faultboard::snapshot::{Happening, Snapshot};
use faultboard::wire::{Frame, Hello, Picture, Role};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::http::{Desk, desk, desk_with};
use super::support::{self, PATIENCE, echo};

const V1: &str = "/faultboard/v1";

/// One that follows a stream.
struct Follower {
    lines: Lines<BufReader<TcpStream>>,
    picture: Picture,
    hello: Hello,
    others: usize,
    events: Vec<(String, Happening, Option<String>)>,
    bye: Option<String>,
}

impl Follower {
    async fn of(desk: &Desk, query: &str, author: &str) -> Self {
        let mut stream = desk.connect().await;
        let request = format!(
            "GET {V1}/stream?{query} HTTP/1.1\r\nHost: localhost\r\nX-Faultboard-Author: {author}\r\n\r\n"
        );
        stream
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
        let mut this = Self {
            lines: BufReader::new(stream).lines(),
            picture: Picture::default(),
            hello: Hello::default(),
            others: 0,
            events: Vec::new(),
            bye: None,
        };
        this.until(|this| this.picture.is_whole()).await;
        this
    }

    /// Takes the next frame; false behind the last.
    async fn next(&mut self) -> bool {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let Ok(Some(line)) = line.expect("a frame in time") else {
            return false;
        };
        // Heads, sizes and blanks stand between the frames.
        if !line.starts_with('{') {
            return true;
        }
        match Frame::read(&line).unwrap_or_else(|error| panic!("{error}")) {
            Frame::Hello(hello) => self.hello = hello,
            Frame::Others(others) => self.others = others.len(),
            Frame::Event(event) => {
                let by = event.by.map(|by| by.to_string());
                self.events.push((event.proxy, event.what, by));
            }
            Frame::Lost { .. } => panic!("it reads as quickly as it can"),
            Frame::Bye(reason) => self.bye = Some(reason),
            frame => {
                self.picture.take(frame).expect("no frame is missing");
            }
        }
        true
    }

    async fn until(&mut self, mut holds: impl FnMut(&Self) -> bool) {
        while !holds(self) {
            assert!(self.next().await, "the stream ended");
        }
    }
}

/// A proxy of this name and plan, and where it listens.
async fn proxy(desk: &Desk, name: &str, faults: &str) -> std::net::SocketAddr {
    let upstream = echo().await;
    let line = format!("add 0={upstream} as {name} {faults}");
    let reply = desk
        .ask("POST", &format!("{V1}/command"), line.trim())
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let address = reply.json()["address"].as_str().map(str::to_owned);
    address.expect("it listens").parse().expect("an address")
}

async fn command(desk: &Desk, line: &str) -> (u16, Value) {
    let reply = desk.ask("POST", &format!("{V1}/command"), line).await;
    (reply.status, reply.json())
}

fn faults(snapshot: &Snapshot, name: &str) -> String {
    let mut rows = snapshot.proxies.iter();
    let row = rows.find(|row| row.name == name);
    row.map_or_else(String::new, |row| row.plan.to_string())
}

#[tokio::test]
async fn a_stream_tells_everything_and_then_what_changes_and_who_did_it() {
    let desk = desk().await;
    let addr = proxy(&desk, "db", "latency 1ms").await;
    let mut ana = Follower::of(&desk, "conns=10&events=on", "ana@laptop").await;
    assert_eq!((ana.hello.api, ana.hello.role), (1, Role::Operator));
    assert_eq!(faults(&ana.picture.snapshot(), "db"), "latency 1ms");
    let mut bob = Follower::of(&desk, "", "bob").await;
    assert_eq!(bob.hello.others[0].author, "ana@laptop");
    ana.until(|ana| ana.others == 1).await;

    let mut client = TcpStream::connect(addr).await.expect("it listens");
    support::round_trip(&mut client, b"ping").await;
    let (status, done) = command(&desk, "set db latency 2ms, loss 1% as=x").await;
    assert_eq!(
        (status, &done["event"], &done["of"]),
        (200, &"done".into(), &1.into())
    );
    for follower in [&mut ana, &mut bob] {
        follower
            .until(|it| {
                let snapshot = it.picture.snapshot();
                let row = snapshot.conns.first();
                row.is_some_and(|row| row.bytes.up == 4 && row.bytes.down == 4)
                    && faults(&snapshot, "db") == "latency 2ms, loss 1% as=x"
            })
            .await;
    }
    ana.until(|ana| {
        ana.events.iter().any(|(proxy, what, by)| {
            proxy == "db" && by.as_deref() == Some("api") && matches!(what, Happening::Faults { plan, .. } if plan.to_string() == "latency 2ms, loss 1% as=x")
        })
    })
    .await;
    assert!(bob.events.is_empty(), "it asked for none");
    drop(client);
    for follower in [&mut ana, &mut bob] {
        follower
            .until(|it| it.picture.snapshot().ended.len() == 1)
            .await;
    }
}

#[tokio::test]
async fn what_is_streamed_is_what_the_engine_shows() {
    let desk = desk().await;
    proxy(&desk, "db", "bandwidth 1MB/s down, corrupt 1%").await;
    let mut follower = Follower::of(&desk, "", "ana").await;
    let line = desk
        .ask("GET", &format!("{V1}/snapshot?conns=5"), "")
        .await
        .body;
    let mut picture = Picture::default();
    let state = Frame::read(&line).expect("a frame");
    assert_eq!(picture.take(state), Ok(true));
    let engine = desk.engine.snapshot().await;
    follower
        .until(|it| it.picture.snapshot().at >= engine.at)
        .await;
    for shown in [picture.snapshot(), follower.picture.snapshot()] {
        let told = format!("{:?}", shown.proxies[0]);
        assert_eq!(told, format!("{:?}", engine.proxies[0]));
    }
}

#[tokio::test]
async fn sixteen_may_listen_and_whoever_leaves_makes_room() {
    let desk = desk().await;
    let mut followers = Vec::new();
    for number in 0..16 {
        followers.push(Follower::of(&desk, "", &format!("c{number}")).await);
    }
    let stream = format!("{V1}/stream");
    let reply = desk.ask("GET", &stream, "").await;
    assert_eq!(reply.status, 503, "{reply:?}");
    let first = followers.remove(0);
    drop(first);
    let last = followers.last_mut().expect("fifteen");
    last.until(|last| last.others == 14).await;
    Follower::of(&desk, "", "another").await;
}

#[tokio::test]
async fn an_end_is_told_and_a_beat_where_nothing_changes() {
    let desk = desk().await;
    let mut stream = desk.connect().await;
    let head = format!("GET {V1}/stream HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let mut lines = BufReader::new(stream).lines();
    let mut seen = Vec::new();
    while !seen.contains(&"beat".to_owned()) {
        let line = timeout(PATIENCE, lines.next_line()).await.expect("in time");
        let line = line.expect("text").expect("more");
        if let Ok(frame) = serde_json::from_str::<Value>(&line) {
            seen.extend(frame["frame"].as_str().map(str::to_owned));
        }
    }
    assert_eq!(seen[..2], ["hello", "state"]);
    desk.api.stop().await;
    let mut last = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.starts_with('{') {
            last = line;
        }
    }
    assert_eq!(last, r#"{"frame":"bye","reason":"stopped"}"#);
}

#[tokio::test]
async fn commands_are_answered_as_without_a_screen_and_errors_have_their_column() {
    let desk = desk().await;
    proxy(&desk, "db", "").await;
    let json = r#"{"command":"set db latency 5ms"}"#;
    let (status, done) = command(&desk, json).await;
    assert_eq!((status, &done["proxy"]), (200, &"db".into()));
    for (line, status, column, error) in [
        ("set db latncy 5ms", 422, 8.into(), "unknown fault"),
        ("remove dbb", 422, 8.into(), "unknown proxy"),
        ("kill 77", 422, 6.into(), "no open connection 77"),
        ("facts on", 403, Value::Null, "facts are told"),
        ("save tape x.tape", 403, Value::Null, "no file is written"),
        (
            "sweep db save x.json",
            403,
            Value::Null,
            "no file is written",
        ),
        ("add 0=x:1 bind=203.0.113.9", 403, Value::Null, ""),
    ] {
        let (got, refused) = command(&desk, line).await;
        assert!(
            [status, 400, 500].contains(&got) && got != 200,
            "{line}: {got}"
        );
        assert_eq!(refused["event"], "refused", "{line}");
        assert_eq!(refused["column"], column, "{line}");
        let said = refused["error"].as_str().unwrap_or_default();
        assert!(said.starts_with(error), "{line}: {said}");
    }
    for body in ["", "  \n", "{\"command\":1}", "{\"word\":\"list\"}"] {
        let reply = desk.ask("POST", &format!("{V1}/command"), body).await;
        assert_eq!(reply.status, 400, "{body}");
    }
    let several = "set db latency 1ms\nbypass db on\nset nobody loss 1%\nset db latency 9ms";
    let reply = desk.ask("POST", &format!("{V1}/command"), several).await;
    assert_eq!((reply.status, reply.body.lines().count()), (422, 3));
    let snapshot = desk.engine.snapshot().await;
    assert_eq!(faults(&snapshot, "db"), "latency 1ms");
    assert!(snapshot.proxies[0].plan.bypassed);
}

#[tokio::test]
async fn a_change_is_refused_where_another_came_first() {
    let desk = desk().await;
    proxy(&desk, "db", "").await;
    let send = |generation: String, line: &'static str| {
        let request = format!(
            "POST {V1}/command HTTP/1.1\r\nHost: a\r\nIf-Match: {generation}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{line}",
            line.len()
        );
        let desk = &desk;
        async move { desk.raw(&request).await.status }
    };
    let seen = desk.engine.snapshot().await.proxies[0].generation;
    assert_eq!(send(format!("\"{seen}\""), "set db latency 1ms").await, 200);
    assert_eq!(send(format!("\"{seen}\""), "set db latency 2ms").await, 409);
    assert_eq!(
        send((seen + 1).to_string(), "set db latency 2ms").await,
        200
    );
    let at_once = (0..8).map(|_| send((seen + 2).to_string(), "set db latency 2ms"));
    let mut told = futures_util::future::join_all(at_once).await;
    told.sort_unstable();
    assert_eq!(told, [200, 409, 409, 409, 409, 409, 409, 409]);
    for line in [
        "port db closed",
        "rename db x",
        "repoint db y:1",
        "remove db",
    ] {
        assert_eq!(send(seen.to_string(), line).await, 409, "{line}");
    }
    assert_eq!(send("new".to_owned(), "set db latency 2ms").await, 400);
    assert_eq!(send("7".to_owned(), "set all latency 2ms").await, 400);
    assert_eq!(
        faults(&desk.engine.snapshot().await.as_ref().clone(), "db"),
        "latency 2ms"
    );
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a row for each request")]
async fn what_no_word_says_has_a_path() {
    let desk = desk().await;
    let addr = proxy(&desk, "db", "latency 1ms").await;
    let mut client = TcpStream::connect(addr).await.expect("it listens");
    support::round_trip(&mut client, b"ping").await;
    let id = desk.engine.snapshot().await.conns[0].id.0;
    for (method, path, body, status, answer) in [
        (
            "PUT",
            format!("connections/{id}"),
            r#"{"faults":"loss 2%","off":["latency"]}"#.to_owned(),
            200,
            format!(r#""connection":{id},"micros""#),
        ),
        (
            "PUT",
            "connections/999".to_owned(),
            "{}".to_owned(),
            404,
            "no open connection 999".to_owned(),
        ),
        (
            "PUT",
            format!("connections/{id}"),
            r#"{"faults":"warp"}"#.to_owned(),
            400,
            "unknown fault".to_owned(),
        ),
        (
            "PUT",
            format!("connections/{id}"),
            r#"{"warp":1}"#.to_owned(),
            400,
            "unknown field".to_owned(),
        ),
        (
            "PUT",
            "watched".to_owned(),
            format!("{{\"connection\":{id}}}"),
            200,
            format!("{{\"connection\":{id}}}"),
        ),
        (
            "PUT",
            "watched".to_owned(),
            r#"{"connection":999}"#.to_owned(),
            404,
            "no open connection 999".to_owned(),
        ),
        (
            "PUT",
            "watched".to_owned(),
            r#"{"connection":null}"#.to_owned(),
            200,
            "null".to_owned(),
        ),
        (
            "GET",
            format!("ports/{}", addr.port()),
            String::new(),
            200,
            r#""free":false"#.to_owned(),
        ),
        (
            "GET",
            "ports/0".to_owned(),
            String::new(),
            200,
            r#""free":true"#.to_owned(),
        ),
        (
            "GET",
            "ports/x".to_owned(),
            String::new(),
            400,
            "a port is a number".to_owned(),
        ),
        (
            "POST",
            "kill".to_owned(),
            format!("{{\"connections\":[{id},999],\"how\":\"fin\"}}"),
            200,
            r#"{"killed":1}"#.to_owned(),
        ),
        (
            "PUT",
            "proxies/nobody".to_owned(),
            r#"{"line":"0=x:1"}"#.to_owned(),
            404,
            "no proxy".to_owned(),
        ),
        (
            "PUT",
            "proxies/db".to_owned(),
            r#"{"line":"0=x"}"#.to_owned(),
            400,
            "\"status\":400".to_owned(),
        ),
        (
            "PUT",
            "proxies/db".to_owned(),
            r#"{"line":"0=127.0.0.1:1 as other latency 3ms"}"#.to_owned(),
            200,
            r#""proxy":"other""#.to_owned(),
        ),
    ] {
        let reply = desk.ask(method, &format!("{V1}/{path}"), &body).await;
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        assert!(
            reply.body.contains(&answer),
            "{method} {path}: {}",
            reply.body
        );
    }
    let own = desk.engine.own(faultboard::snapshot::ConnId(id));
    assert!(own.is_none(), "it has ended");
    let snapshot = desk.engine.snapshot().await;
    assert_eq!(faults(&snapshot, "other"), "latency 3ms");
}

#[tokio::test]
async fn who_may_only_read_reads() {
    let reader = ApiArgs {
        api: Address::parse("127.0.0.1:0").ok(),
        api_read_only: true,
        ..ApiArgs::default()
    };
    let desk = desk_with(&reader, Tokens::default()).await;
    let about = desk.ask("GET", V1, "").await.json();
    assert_eq!(
        (&about["role"], &about["name"]),
        (&"viewer".into(), &"faultboard".into())
    );
    for (method, path) in [
        ("POST", "command"),
        ("POST", "kill"),
        ("PUT", "watched"),
        ("PUT", "connections/1"),
        ("PUT", "proxies/db"),
    ] {
        let reply = desk.ask(method, &format!("{V1}/{path}"), "{}").await;
        assert_eq!(reply.status, 403, "{method} {path}");
    }
    for path in [
        "",
        "/snapshot",
        "/kinds",
        "/presets",
        "/ports/1",
        "/openapi.json",
    ] {
        let reply = desk.ask("GET", &format!("{V1}{path}"), "").await;
        assert_eq!(reply.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_fixed_desk_keeps_its_proxies() {
    let fixed = ApiArgs {
        api: Address::parse("127.0.0.1:0").ok(),
        api_fixed: true,
        ..ApiArgs::default()
    };
    let desk = desk_with(&fixed, Tokens::default()).await;
    let upstream = echo().await;
    support::proxy(&desk.engine, upstream, Plan::default()).await;
    let name = desk.engine.proxies()[0].1.clone();
    for (line, status) in [
        ("add 0=x:1".to_owned(), 403),
        (format!("remove {name}"), 403),
        (format!("rename {name} other"), 403),
        (format!("repoint {name} y:1"), 403),
        ("quit".to_owned(), 403),
        (format!("set {name} latency 1ms"), 200),
        (format!("port {name} closed"), 200),
        (format!("port {name} open"), 200),
        ("list".to_owned(), 200),
    ] {
        assert_eq!(command(&desk, &line).await.0, status, "{line}");
    }
    let body = r#"{"line":"0=x:1"}"#;
    let reply = desk.ask("PUT", &format!("{V1}/proxies/{name}"), body).await;
    assert_eq!(reply.status, 403);
}

#[tokio::test]
async fn no_desk_is_ended_from_elsewhere() {
    let desk = desk().await;
    assert_eq!(command(&desk, "quit").await.0, 403);
    assert_eq!(command(&desk, "list").await.0, 200);
}

#[tokio::test]
async fn parameters_that_are_wrong_are_said() {
    let desk = desk().await;
    for (path, error) in [
        ("snapshot?conns=x", "conns= wants a number"),
        ("snapshot?conns=1000001", "conns= wants a number"),
        ("snapshot?events=on", "unknown parameter: there is conns="),
        ("stream?events=yes", "events= wants on or off"),
        (
            "stream?color=red",
            "unknown parameter: there is conns=, events=",
        ),
    ] {
        let reply = desk.ask("GET", &format!("{V1}/{path}"), "").await;
        assert_eq!(reply.status, 400, "{path}");
        let said = reply.json()["error"].to_string();
        assert!(said.contains(error), "{path}: {said}");
    }
}

#[tokio::test]
async fn metrics_are_in_both_forms_and_move_while_connections_are_open() {
    let desk = desk().await;
    let addr = proxy(&desk, "db", "latency 1ms down as=\"a \\\"b\\\"\"").await;
    let mut client = TcpStream::connect(addr).await.expect("it listens");
    support::round_trip(&mut client, b"ping").await;
    let older = desk.ask("GET", "/metrics", "").await;
    assert_eq!(
        older.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let request = "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text\r\nConnection: close\r\n\r\n";
    let open = desk.raw(request).await;
    assert!(open.body.ends_with("# EOF\n"), "{}", open.body);
    for body in [&older.body, &open.body] {
        for line in [
            format!("toxiproxy_proxy_sent_bytes_total{{direction=\"upstream\",listener=\"{addr}\""),
            "faultboard_connections_total{proxy=\"db\"} 1".to_owned(),
            "faultboard_open_connections{proxy=\"db\"} 1".to_owned(),
            r#"faultboard_fault_info{kind="latency",direction="down",name="a \"b\"",proxy="db"} 1"#
                .to_owned(),
        ] {
            assert!(body.contains(&line), "{line} in {body}");
        }
    }
    assert!(
        older
            .body
            .contains("# TYPE faultboard_connections_total counter")
    );
    assert!(open.body.contains("# TYPE faultboard_connections counter"));
}
