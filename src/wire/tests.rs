//! Random worlds, told and read again.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::fault::language::plan;
use crate::fault::random::derive;
use crate::fault::{Direction, KINDS, Losses, PerDirection, Plan, Sending};
use crate::mapping;
use crate::snapshot::{
    Author, Clean, CloseReason, Confidence, ConnId, ConnRow, ConnState, EndedConn, Event, Figure,
    Finding, Found, Habit, Happening, History, LegName, Met, Negotiated, Note, Noted, Point,
    PortState, ProxyId, ProxyRow, Scheduled, Shut, Snapshot, Spread, Stalls, Traced, Trip,
    Unanswered, Wait, Waits, Watched,
};
use crate::sweep::Curve;

const FAULTS: [&str; 7] = [
    "",
    "latency 250ms",
    "latency 100ms jitter=20ms as=\"a, b\" down, loss 2% up",
    "bandwidth 1MB/s down, corrupt 1%, reset share=50% start=2s for=10s",
    "blackhole",
    "latency 1s wave=sine period=10s",
    "tcp cubic, latency 40ms",
];

/// Numbers that follow from a seed.
struct Draw(u64, u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.1 += 1;
        derive(self.0, "wire", self.1) % limit
    }

    fn hits(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    fn time(&mut self) -> Duration {
        Duration::from_micros(self.below(5_000_000))
    }

    fn some<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (!self.hits(3)).then(|| value(self))
    }

    fn both<T>(&mut self, mut value: impl FnMut(&mut Self) -> T) -> PerDirection<T> {
        let up = value(self);
        PerDirection::of(up, value(self))
    }

    fn rate(&mut self) -> f64 {
        self.below(1_000_000) as f64
    }

    fn losses(&mut self) -> Losses {
        Losses {
            sent: self.below(1_000),
            lost: self.below(100),
            stalled: self.time(),
            late: self.below(10),
            ..Losses::default()
        }
    }

    fn sending(&mut self) -> Sending {
        Sending {
            window: 10,
            round_trip: self.time(),
        }
    }

    fn spread(&mut self) -> Spread {
        Spread {
            count: self.below(99),
            p1: self.time(),
            p50: self.time(),
            p99: self.time(),
        }
    }

    fn plan(&mut self) -> Plan {
        let text = FAULTS[usize::try_from(self.below(7)).expect("small")];
        let mut plan = plan(text);
        plan.bypassed = self.hits(4);
        plan
    }
}

fn addr(port: u64) -> SocketAddr {
    format!("127.0.0.1:{port}").parse().expect("an address")
}

/// An engine that does anything, a step of a tenth of a second at a time.
struct World {
    draw: Draw,
    last: u64,
    opened: Vec<Duration>,
    now: Snapshot,
}

impl World {
    fn new(seed: u64) -> Self {
        let now = Snapshot {
            at: Duration::from_secs(100),
            ..Snapshot::default()
        };
        Self {
            draw: Draw(seed, 0),
            last: 0,
            opened: Vec::new(),
            now,
        }
    }

    fn step(&mut self) {
        self.now.at += Duration::from_micros(100_000 + self.draw.below(3));
        self.change_proxies();
        self.change_conns();
        self.watch();
        let rates = self.now.proxies.iter().map(|row| row.rates);
        self.now.rates = rates.fold(PerDirection::default(), PerDirection::plus);
    }

    fn change_proxies(&mut self) {
        let (at, draw) = (self.now.at, &mut self.draw);
        if draw.hits(4) || self.now.proxies.is_empty() {
            self.last += 1;
            let mapping = mapping::parse(&format!("0=psql://db-{}", self.last)).expect("valid");
            let id = ProxyId(u32::try_from(self.last).expect("few"));
            self.now.proxies.push(ProxyRow::quiet(id, mapping));
        }
        if draw.hits(9) {
            self.now.proxies.remove(0);
        }
        for row in &mut self.now.proxies {
            change_proxy(row, at, draw);
        }
    }

    fn change_conns(&mut self) {
        let (at, draw) = (self.now.at, &mut self.draw);
        let proxy = self.now.proxies.first().map_or(ProxyId(0), |row| row.id);
        for _ in 0..draw.below(4) {
            self.last += 1;
            let row = ConnRow::opened(ConnId(self.last), proxy, addr(1_000 + self.last % 9_000));
            self.now.conns.push(row);
            self.opened.push(at);
        }
        for (row, opened) in self.now.conns.iter_mut().zip(&self.opened) {
            row.age = at.saturating_sub(*opened);
            if !draw.hits(3) {
                change_conn(row, draw);
            }
        }
        if draw.hits(2) && !self.now.conns.is_empty() {
            let place = draw.below(self.now.conns.len() as u64);
            let place = usize::try_from(place).expect("small");
            self.opened.remove(place);
            let row = self.now.conns.remove(place);
            let io = |leg| CloseReason::Io {
                leg,
                error: "broken: pipe".to_owned(),
            };
            let reason = match draw.below(5) {
                0 => CloseReason::ClientDone,
                1 => CloseReason::Fault("reset"),
                2 => CloseReason::Dial("no route".to_owned()),
                3 => io(LegName::Client),
                _ => io(LegName::Upstream),
            };
            self.now.ended.push(Arc::new(EndedConn {
                row: ConnRow {
                    state: ConnState::Ended,
                    ..row
                },
                at,
                reason,
                truncated: draw.hits(2),
            }));
        }
        if draw.hits(5) && !self.now.ended.is_empty() {
            self.now.ended.remove(0);
        }
    }

    fn watch(&mut self) {
        let (at, draw) = (self.now.at, &mut self.draw);
        let before = self.now.watched.take().filter(|_| !draw.hits(6));
        let Some(last) = self.now.conns.last() else {
            return;
        };
        let mut watched = before.map_or_else(
            || Watched {
                id: last.id,
                reached: draw.some(Draw::time),
                trip: None,
                added: PerDirection::default(),
                rates: Vec::new(),
                notes: Vec::new(),
            },
            |before| (*before).clone(),
        );
        watched.trip = draw.some(|draw| {
            let trip = Trip {
                held: draw.both(Draw::time),
                upstream: draw.time(),
                ours: draw.time(),
            };
            (trip, 7)
        });
        watched.added.up.push(draw.time());
        watched.added.down.extend(draw.some(Draw::time));
        watched.rates.push((at, draw.both(Draw::rate)));
        if let Some(Note {
            what: Noted::Delivered { bytes, .. },
            ..
        }) = watched.notes.last_mut()
        {
            *bytes += 1;
        }
        let what = match draw.below(2) {
            0 => Noted::Took(draw.below(9)),
            _ => Noted::Delivered {
                direction: Direction::Down,
                bytes: draw.below(9),
                held: draw.time(),
                late: draw.time(),
            },
        };
        watched.notes.push(Note { at, what });
        if watched.notes.len() > 3 {
            watched.notes.remove(0);
            watched.added.up.remove(0);
        }
        self.now.watched = Some(Arc::new(watched));
    }
}

#[expect(clippy::too_many_lines, reason = "a line for each member")]
fn change_proxy(row: &mut ProxyRow, at: Duration, draw: &mut Draw) {
    row.port = match draw.below(4) {
        0 => PortState::Open,
        1 => PortState::Closed,
        2 => PortState::Refusing,
        _ => PortState::Waiting("too many files".to_owned()),
    };
    row.tls = draw.some(|draw| Arc::new(tls(draw.time())));
    row.plan = Arc::new(draw.plan());
    row.present = draw.some(|draw| {
        let mut present = draw.plan();
        present.bypassed = row.plan.bypassed;
        Arc::new(present)
    });
    row.generation += 1;
    row.waiting = draw.some(Draw::time);
    row.bytes = draw.both(|draw| draw.below(u64::MAX >> 12));
    row.rates = draw.both(Draw::rate);
    row.sending = draw.some(Draw::sending);
    row.losses = draw.losses();
    row.writes = draw.both(|draw| draw.rate() / 8.0);
    row.added = draw.both(|draw| draw.some(Draw::spread));
    row.feels = draw.some(Draw::spread);
    row.waits = Waits {
        accept: draw.some(|draw| Wait {
            at,
            took: draw.time(),
        }),
        ..Waits::default()
    };
    row.unanswered = Unanswered {
        count: 3,
        oldest: draw.time(),
        overdue: 1,
    };
    row.met = draw.some(|draw| {
        Arc::new(Met {
            feels: draw.some(Draw::spread),
            answers: draw.rate() / 8.0,
            failed: 1,
            cut: 2,
            span: draw.time(),
        })
    });
    row.clean = draw.some(|draw| {
        Arc::new(Clean {
            feels: draw.spread(),
            answers: draw.rate(),
            rates: draw.both(Draw::rate),
            failed: 1,
            span: draw.time(),
            until: draw.time(),
        })
    });
    row.stalls = Stalls {
        count: 7,
        longest: draw.time(),
    };
    row.findings = draw.some(|draw| finding(draw.time())).into_iter().collect();
    row.traced = draw
        .some(|draw| Traced {
            kind: "latency",
            place: draw.time(),
            length: draw.time(),
        })
        .into_iter()
        .collect();
    row.scheduled = draw
        .some(|draw| Scheduled {
            setting: plan("loss 2% start=1s").settings()[0].clone(),
            begins: draw.time(),
            ends: draw.some(Draw::time),
        })
        .into_iter()
        .collect();
    row.ended = vec![("reset", draw.below(9)), ("close", 1)];
    let history = Arc::make_mut(&mut row.history);
    if draw.hits(3) {
        history.points.push_back(Point {
            at,
            feels: draw.some(Draw::time),
            waits: draw.some(Draw::time),
            rates: draw.both(Draw::rate),
            failed: 1,
            left: 1,
            cut: 2,
            losses: draw
                .some(|draw| draw.both(Draw::losses))
                .unwrap_or_default(),
            changed: draw.both(|_| 7),
        });
    }
    if history.points.len() > 4 {
        history.points.pop_front();
    }
    if draw.hits(20) {
        row.history = Arc::new(History::default());
    }
}

fn change_conn(row: &mut ConnRow, draw: &mut Draw) {
    row.upstream = draw.some(|_| addr(5432));
    row.bytes = draw.both(|draw| draw.below(1 << 40));
    row.rates = draw.both(Draw::rate);
    row.held = draw.both(|draw| draw.below(99));
    row.sending = draw.both(|draw| draw.some(Draw::sending));
    row.added = draw.some(Draw::time);
    row.waits = draw.some(Draw::time);
    row.hit = u32::try_from(draw.below(1 << KINDS.len())).expect("a bit a kind");
    row.state = match draw.below(6) {
        0 => ConnState::Dialing,
        1 => ConnState::Idle(draw.time()),
        2 => ConnState::Half(Direction::Down),
        3 => ConnState::Full,
        4 => ConnState::Held,
        _ => ConnState::Open,
    };
}

fn tls(took: Duration) -> Negotiated {
    Negotiated {
        version: "TLS 1.3",
        alpn: Some("h2".to_owned()),
        offered: vec!["h2".to_owned()],
        resumed: true,
        round_trips: 2,
        took,
    }
}

fn finding(time: Duration) -> Finding {
    Finding {
        kind: Habit::GivesUp,
        which: "first",
        text: "gives up on a request after 2.0 s".to_owned(),
        under: "blackhole".into(),
        n: 14,
        of: 15,
        confidence: Confidence::High,
        values: vec![
            ("after", Figure::Time(time)),
            ("attempts", Figure::Count(3)),
            ("factor", Figure::Factor(2.0)),
        ],
        conns: vec![ConnId(3), ConnId(1)],
        since: time,
    }
}

fn read(line: &str) -> Frame {
    let frame = Frame::read(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert!(!matches!(frame, Frame::Unknown(_)), "{line}");
    frame
}

fn pictured(line: &str) -> Picture {
    let mut picture = Picture::default();
    assert_eq!(picture.take(read(line)), Ok(true));
    picture
}

/// Everything of it.
fn all(snapshot: &Snapshot) -> String {
    format!("{snapshot:#?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_frames_tell_is_the_snapshot_and_deltas_come_to_the_key_frame(seed: u64) {
        let (mut world, mut teller) = (World::new(seed), Teller::new(1_000));
        world.step();
        teller.tell(&world.now);
        let mut picture = pictured(&teller.state());
        prop_assert_eq!(all(&picture.snapshot()), all(&world.now));
        for _ in 0..12 {
            world.step();
            let delta = teller.tell(&world.now);
            let line = delta.unwrap_or_else(|| Frame::beat(world.now.at));
            prop_assert_eq!(picture.take(read(&line)), Ok(true));
            prop_assert_eq!(all(&picture.snapshot()), all(&world.now));
            prop_assert_eq!(all(&pictured(&teller.state()).snapshot()), all(&world.now));
        }
    }

    #[test]
    fn whatever_frames_are_lost_the_next_key_frame_makes_it_whole(seed: u64, lost: u16) {
        let (mut world, mut teller) = (World::new(seed), Teller::new(1_000));
        let mut picture = Picture::default();
        let mut is_missing = true;
        for step in 0..16 {
            world.step();
            let delta = teller.tell(&world.now);
            if lost >> step & 1 == 1 {
                is_missing |= delta.is_some();
            } else if let Some(delta) = delta {
                let taken = picture.take(read(&delta));
                prop_assert_eq!(taken, if is_missing { Err(Gap::Missing) } else { Ok(true) });
            }
            if step % 5 == 4 {
                prop_assert_eq!(picture.take(read(&teller.state())), Ok(true));
                is_missing = false;
                prop_assert_eq!(all(&picture.snapshot()), all(&world.now));
            }
        }
    }

    #[test]
    fn the_busiest_connections_are_told_and_the_rest_is_counted(seed: u64, most in 0..6_usize) {
        let (mut world, mut teller) = (World::new(seed), Teller::new(most));
        let mut picture = pictured(&teller.state());
        for _ in 0..12 {
            world.step();
            if let Some(delta) = teller.tell(&world.now) {
                prop_assert_eq!(picture.take(read(&delta)), Ok(true));
            }
            let shown = picture.snapshot();
            let told: Vec<_> = shown.conns.iter().map(|row| row.id).collect();
            let busy = |row: &ConnRow| row.rates.up + row.rates.down;
            let (in_it, out): (Vec<_>, Vec<_>) =
                world.now.conns.iter().partition(|row| told.contains(&row.id));
            prop_assert_eq!(in_it.len(), world.now.conns.len().min(most));
            prop_assert_eq!(picture.more(), out.len());
            prop_assert!(shown.ended.len() <= most);
            let least = in_it.iter().map(|row| busy(row)).fold(f64::INFINITY, f64::min);
            prop_assert!(out.iter().all(|row| busy(row) <= least));
        }
    }
}

#[test]
fn a_connection_that_does_nothing_is_told_once() {
    let mut now = Snapshot {
        at: Duration::from_nanos(10_000_000_321),
        ..Snapshot::default()
    };
    now.conns.push(ConnRow {
        age: Duration::from_nanos(7_000_000_123),
        state: ConnState::Idle(Duration::from_nanos(5_000_000_777)),
        ..ConnRow::opened(ConnId(1), ProxyId(1), addr(1))
    });
    let mut teller = Teller::new(10);
    assert!(teller.tell(&now).is_some());
    let step = Duration::from_nanos(100_000_013);
    now.at += step;
    now.conns[0].age += step;
    now.conns[0].state = ConnState::Idle(Duration::from_nanos(5_000_000_777) + step);
    assert_eq!(teller.tell(&now), None);
    let shown = pictured(&teller.state()).snapshot();
    let age = now.conns[0].age;
    assert!(shown.conns[0].age.abs_diff(age) <= Duration::from_micros(1));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a row for each event")]
fn an_event_is_read_as_it_was_told() {
    let spread = Duration::from_micros(18_700);
    let curve = Arc::new(Curve {
        number: 1,
        proxy: "db".to_owned(),
        sweep: "latency".to_owned(),
        ..Curve::default()
    });
    for what in [
        Happening::Listening {
            mapping: "1=x:1".to_owned(),
            addrs: vec![addr(1), addr(2)],
        },
        Happening::Removed,
        Happening::Renamed {
            before: "old".to_owned(),
        },
        Happening::Repointed {
            before: "1=x:1".to_owned(),
            mapping: "1=y:1".to_owned(),
        },
        Happening::PortClosed(Shut::Closed),
        Happening::Opened {
            conn: ConnId(3),
            client: addr(9),
            upstream: "db:5432".to_owned(),
        },
        Happening::Reached {
            conn: ConnId(3),
            addr: addr(8),
            tried: "::1: silent".to_owned(),
        },
        Happening::Secured {
            conn: ConnId(3),
            tls: Arc::new(tls(spread)),
        },
        Happening::Closed {
            conn: ConnId(3),
            bytes: PerDirection::of(5, 6),
            lasted: spread,
            reason: CloseReason::Io {
                leg: LegName::Client,
                error: "connection reset".to_owned(),
            },
            truncated: true,
        },
        Happening::Faults {
            before: Some(Arc::new(plan(FAULTS[1]))),
            plan: Arc::new(plan(FAULTS[2])),
        },
        Happening::Swept {
            curve,
            before: Arc::new(plan(FAULTS[3])),
        },
        Happening::Found {
            what: Found::Withdrawn,
            finding: finding(spread),
        },
        Happening::Note("a note".to_owned()),
        Happening::Error("a \"failure\"".to_owned()),
    ] {
        let of_no_proxy = matches!(what, Happening::Note(_));
        let event = Event {
            at: spread,
            proxy: if of_no_proxy { "" } else { "db" }.to_owned(),
            what,
            by: Author::named("ana@laptop"),
        };
        let Frame::Event(again) = read(&event::line(&event)) else {
            panic!("no event");
        };
        assert_eq!(format!("{again:?}"), format!("{event:?}"));
    }
}

#[test]
fn each_reason_of_an_end_is_read_as_it_was_told() {
    for reason in [
        CloseReason::ClientDone,
        CloseReason::UpstreamDone,
        CloseReason::Fault("flap"),
        CloseReason::Dial("timed out".to_owned()),
        CloseReason::Tls("no certificate".to_owned()),
        CloseReason::Killed,
        CloseReason::Stopped,
    ] {
        let (fault, error) = super::event::reason_of(&reason);
        let word = super::event::reason_word(&reason);
        assert_eq!(super::told::reason(word, fault, error.as_deref()), reason);
    }
}

#[test]
fn the_frames_around_them_are_read_as_they_were_told() {
    let others = vec![Listener {
        id: "c1".to_owned(),
        author: "ana@laptop".to_owned(),
    }];
    let hello = Hello {
        api: API,
        you: "c2".to_owned(),
        role: Role::Operator,
        others: others.clone(),
        ..Hello::default()
    };
    assert!(matches!(read(&Frame::hello(&hello)), Frame::Hello(again) if again == hello));
    assert!(matches!(read(&Frame::others(&others)), Frame::Others(again) if again == others));
    let lost = read(&Frame::lost(2, 0));
    assert!(matches!(
        lost,
        Frame::Lost {
            frames: 2,
            events: 0
        }
    ));
    let at = Duration::from_millis(13_600);
    assert!(matches!(read(&Frame::beat(at)), Frame::Beat(again) if again == at));
    assert!(matches!(read(&Frame::bye("stopped")), Frame::Bye(why) if why == "stopped"));
}

/// The key frame of a world, changed.
fn changed(change: impl FnOnce(&mut Value)) -> (Snapshot, Picture) {
    let mut world = World::new(7);
    (0..9).for_each(|_| world.step());
    let mut teller = Teller::new(100);
    teller.tell(&world.now);
    let mut state: Value = serde_json::from_str(&teller.state()).expect("JSON");
    change(&mut state);
    (world.now, pictured(&state.to_string()))
}

#[test]
fn columns_and_kinds_of_another_version_are_read_by_their_names() {
    let (now, picture) = changed(|state| {
        let swap = |list: &mut Value| {
            let list = list.as_array_mut().expect("a list");
            list.insert(1, json!("new"));
            list.reverse();
        };
        swap(&mut state["columns"]);
        state["kinds"]
            .as_array_mut()
            .expect("a list")
            .push(json!("gravity"));
        let rows = state["conns"].as_array_mut().expect("rows");
        rows.iter_mut().for_each(swap);
        let ended = state["ended"].as_array_mut().expect("rows");
        for ended in ended {
            swap(&mut ended["row"]);
        }
    });
    assert_eq!(all(&picture.snapshot()), all(&now));
}

#[test]
fn what_a_later_version_tells_is_left_out_or_kept_as_text() {
    let (now, picture) = changed(|state| {
        state["proxies"][0]["faults"] = json!("gravity 9.8 as=\"a, b\", latency 1s, warp");
        state["proxies"][0]["mapping"] = json!("5=quic://db");
        state["proxies"][0]["colour"] = json!("blue");
        state["proxies"][0]["findings"] = json!([{"kind": "sings", "text": "it sings"}]);
        state["weather"] = json!({"rain": true});
    });
    let row = &picture.snapshot().proxies[0];
    assert_eq!(row.plan.to_string(), "latency 1s");
    assert_eq!(row.findings[0].to_string(), "it sings, under ");
    assert_eq!(row.mapping.listen, 5);
    assert_eq!(
        picture.unread(now.proxies[0].id),
        ["5=quic://db", "gravity 9.8 as=\"a, b\"", "warp"]
    );
    let event = r#"{"frame":"event","t":1.5,"event":"rained","proxy":"db","mm":3}"#;
    let Frame::Event(event) = read(event) else {
        panic!("no event");
    };
    let note = r#"{"event":"rained","mm":3,"proxy":"db"}"#;
    assert!(matches!(event.what, Happening::Note(text) if text == note));
    assert!(matches!(
        Frame::read(r#"{"frame":"song","t":1}"#),
        Ok(Frame::Unknown(name)) if name == "song"
    ));
}

#[test]
fn what_is_no_frame_is_said() {
    for line in [
        "",
        "[]",
        "{}",
        r#"{"frame":"delta","t":-1}"#,
        r#"{"frame":"state","t":"x"}"#,
    ] {
        let error = Frame::read(line).expect_err(line).to_string();
        assert!(error.starts_with("no frame: "), "{error}");
    }
}

#[test]
fn a_peers_words_are_bounded() {
    let long = "x".repeat(65);
    assert_eq!(words::kept(&long), "other");
    assert_eq!(words::kept("latency"), "latency");
    let word = words::kept("a-word-of-its-own");
    assert!(std::ptr::eq(word, words::kept("a-word-of-its-own")));
}

#[test]
fn a_list_is_told_by_what_is_new_of_it() {
    for (before, after, json) in [
        ("abc", "bcd", r#"{"drop":1,"add":["d"]}"#),
        ("abc", "abX", r#"{"pop":1,"add":["X"]}"#),
        ("abc", "bXd", r#"{"drop":1,"pop":1,"add":["X","d"]}"#),
        ("abc", "xy", r#"{"drop":3,"add":["x","y"]}"#),
        ("", "ab", r#"{"add":["a","b"]}"#),
        ("aaa", "aaaa", r#"{"add":["a"]}"#),
        ("abc", "", r#"{"drop":3,"add":[]}"#),
    ] {
        let list = |text: &str| text.chars().collect::<VecDeque<char>>();
        let change = tail::Tail::between(&list(before), &list(after), |c| *c);
        assert_eq!(serde_json::to_string(&change).expect("JSON"), json);
        let mut again = list(before);
        change.apply(&mut again, |c| c);
        assert_eq!(again, list(after));
    }
}

#[test]
fn of_very_many_connections_each_is_told_twice_a_second_and_none_is_left_behind() {
    let mut snapshot = Snapshot {
        at: Duration::from_secs(100),
        ..Snapshot::default()
    };
    let opened = |number| ConnRow::opened(ConnId(number), ProxyId(1), addr(number));
    snapshot.conns.extend((1..=1_500).map(opened));
    let (mut teller, mut picture) = (Teller::new(usize::MAX), Picture::default());
    teller.tell(&snapshot);
    let mut take = |line: &str| {
        let frame = Frame::read(line).expect("a frame");
        picture.take(frame).expect("none is missing");
        let told: Value = serde_json::from_str(line).expect("JSON");
        let rows = told["conns"].as_array().cloned().unwrap_or_default();
        let numbers: Vec<u64> = rows.iter().filter_map(|row| row[0].as_u64()).collect();
        (numbers, picture.snapshot())
    };
    take(&teller.state());
    let mut told = [0; 1_501];
    for tenth in 1..=20 {
        snapshot.at += Duration::from_millis(100);
        for row in &mut snapshot.conns {
            row.bytes.up += 1;
        }
        if tenth == 7 {
            // Who comes and who goes waits for no turn.
            snapshot.conns.remove(0);
            snapshot.conns.push(opened(1_501));
        }
        let (numbers, shown) = take(&teller.tell(&snapshot).expect("something is new"));
        let ids = |of: &Snapshot| of.conns.iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(&shown), ids(&snapshot));
        assert!(numbers.len() <= 301, "{}", numbers.len());
        for number in numbers.into_iter().filter(|number| *number <= 1_500) {
            told[usize::try_from(number).expect("small")] += 1;
        }
    }
    assert!(told[2..].iter().all(|count| *count == 4), "{told:?}");
    assert!(teller.leaves_out());
    let (_, shown) = take(&teller.catch_up(&snapshot).expect("the rest"));
    let bytes = |of: &Snapshot| of.conns.iter().map(|row| row.bytes).collect::<Vec<_>>();
    assert_eq!(bytes(&shown), bytes(&snapshot));
    assert!(!teller.leaves_out() && teller.catch_up(&snapshot).is_none());
}
