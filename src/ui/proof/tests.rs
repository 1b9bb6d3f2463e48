//! When set and measured agree, and what is said where they do not.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use ratatui::layout::Size;

use super::*;
use crate::fault::{Kind, Losses, Plan, Sending, Setting, SettingName, language};
use crate::mapping::{Host, Mapping};
use crate::snapshot::{ConnId, ConnRow, ConnState, History, Point, Snapshot, Spread, Wait, Waits};
use crate::ui::model::Change;
use crate::units::ByteRate;
use crate::units::Percent;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn latency(time: u64, jitter: u64) -> Setting {
    Setting::new(Kind::named("latency").expect("a kind"))
        .with("time", Value::Time(ms(time)))
        .with("jitter", Value::Time(ms(jitter)))
}

fn bandwidth(rate: u64) -> Setting {
    let kind = Kind::named("bandwidth").expect("a kind");
    Setting::new(kind).with("rate", Value::Rate(ByteRate::new(rate)))
}

fn spread(p50: u64, stray: u64, count: u64) -> Spread {
    Spread {
        count,
        p1: ms(p50 - stray),
        p50: ms(p50),
        p99: ms(p50 + stray),
    }
}

/// A proxy with traffic, four connections that run what is set, and these settings.
pub(in crate::ui) fn proxy(settings: impl IntoIterator<Item = Setting>) -> ProxyRow {
    let mapping = Mapping::new(5_432, None, Host::V4(Ipv4Addr::LOCALHOST), 5_433);
    ProxyRow {
        name: "db".to_owned(),
        plan: Arc::new(Plan::of(settings)),
        generation: 2,
        open: 4,
        up_to_date: 4,
        total: 4,
        bytes: PerDirection::both(1_000),
        ..ProxyRow::quiet(ProxyId(1), mapping)
    }
}

pub(in crate::ui) fn model(row: ProxyRow) -> Model {
    let bind = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let mut model = Model::new(1, bind, Size::new(80, 24));
    model.snapshot = Arc::new(Snapshot {
        at: Duration::from_secs(60),
        proxies: vec![row],
        ..Snapshot::default()
    });
    model
}

fn dial(label: &str) -> &'static Dial {
    let mut dials = knob::all().iter();
    dials.find(|dial| dial.knob.label == label).expect("a knob")
}

/// The knob with this label on the model's only proxy, both directions.
fn reading(model: &Model, label: &str) -> Reading {
    let row = &model.snapshot.proxies[0];
    Proof::new(model, row, &busiest(model)).reading(dial(label), Directions::Both)
}

fn verdict(row: ProxyRow, label: &str) -> Verdict {
    reading(&model(row), label).verdict
}

fn unknown(why: &str) -> Verdict {
    Verdict::Unknown(why.to_owned())
}

#[test]
fn delays_agree_within_two_milliseconds_or_two_per_cent() {
    for (set, each_way, agrees) in [
        (250, 125, true),
        (250, 127, true),
        (250, 128, false),
        (250, 122, false),
        (2_000, 1_020, true),
        (2_000, 1_021, false),
        (2, 3, true),
    ] {
        let row = ProxyRow {
            added: PerDirection::of(Some(spread(each_way, 0, 90)), Some(spread(each_way, 0, 90))),
            ..proxy([latency(set, 0)])
        };
        let is = verdict(row, "LAT") == Verdict::Agrees;
        assert_eq!(is, agrees, "set {set}, measured {each_way} each way");
    }
}

#[test]
fn the_senders_window_is_measured_with_its_round_trip_and_the_drops_of_a_minute() {
    let mut row = ProxyRow {
        sending: Some(Sending {
            window: 23,
            round_trip: ms(84),
        }),
        ..proxy([])
    };
    let points = &mut Arc::make_mut(&mut row.history).points;
    points.extend([5, 7].map(|lost| point(0, lost, 0)));
    let sent = reading(&model(row), "TCP");
    assert_eq!(sent.measured_text, "w23");
    assert_eq!(sent.more.as_deref(), Some("rtt 84ms drop 12/m"));
    let idle = reading(&model(proxy([])), "TCP");
    assert_eq!((idle.measured_text.as_str(), idle.more), ("-", None));
}

/// Half a second in which virtual senders sent and lost so many packets down, and 100 kB passed each way, of which so
/// many bytes down were changed.
fn point(sent: u64, lost: u64, changed: u32) -> Point {
    let losses = Losses {
        sent,
        lost,
        stalls: 3,
        messages: 200,
        late: 9,
        ..Losses::default()
    };
    Point {
        at: Duration::from_secs(59),
        rates: PerDirection::both(200_000.0),
        losses: PerDirection::of(Losses::default(), losses),
        changed: PerDirection::of(0, changed),
        ..Point::default()
    }
}

#[test]
fn loss_says_how_many_messages_it_made_late_and_how_often() {
    let row = ProxyRow {
        sending: Some(Sending {
            window: 10,
            round_trip: Duration::from_millis(40),
        }),
        ..hit_proxy("loss 2% down", point(1_000, 20, 0))
    };
    let model = model(row.clone());
    let dial = knob::all().iter().find(|dial| dial.knob.label == "LOS");
    let reading = Proof::new(&model, &row, &Busiest::default())
        .reading(dial.expect("a knob"), Directions::Both);
    assert_eq!(reading.more.as_deref(), Some("4.5% late  3 stalls/m"));
    let words = "4.5% of messages late  3 stalls/m";
    assert_eq!(reading.in_words.as_deref(), Some(words));
}

/// A proxy with these faults, and one such half second.
fn hit_proxy(faults: &str, point: Point) -> ProxyRow {
    let row = proxy(language::parse(faults).expect("faults"));
    let points = [point].into();
    ProxyRow {
        history: Arc::new(History { points }),
        ..row
    }
}

#[test]
fn a_share_of_packets_or_bytes_agrees_as_far_as_chance_lets_it_be_told() {
    let (fewer, more) = ("fewer are hit than set", "more are hit than set");
    let differs = |why: &str| Verdict::Differs(why.to_owned());
    for (faults, label, point, says) in [
        ("loss 2% down", "LOS", point(1_000, 20, 0), Verdict::Agrees),
        ("loss 2% down", "LOS", point(1_000, 37, 0), Verdict::Agrees),
        ("loss 2% down", "LOS", point(10_000, 0, 0), differs(fewer)),
        ("loss 2% down", "LOS", point(1_000, 90, 0), differs(more)),
        (
            "loss 2% down, bandwidth 1Mbit/s",
            "LOS",
            point(1_000, 90, 0),
            unknown("a full queue loses some too"),
        ),
        (
            "loss 2% burst=4 down",
            "LOS",
            point(1_000, 90, 0),
            unknown("losses come in bursts"),
        ),
        (
            "loss 2% down",
            "LOS",
            point(100, 2, 0),
            unknown("too few were hit yet to tell"),
        ),
        ("loss 2% down", "LOS", point(0, 0, 0), unknown("idle")),
        (
            "loss 2% down share=50%",
            "LOS",
            point(1_000, 10, 0),
            unknown("hits 50% of connections"),
        ),
        (
            "corrupt 0.1% down",
            "BIT",
            point(0, 0, 100),
            Verdict::Agrees,
        ),
        ("corrupt 0.1% down", "BIT", point(0, 0, 10), differs(fewer)),
        // What passed up was not hit, although it should have been.
        ("corrupt 0.1%", "BIT", point(0, 0, 100), differs(fewer)),
    ] {
        assert_eq!(verdict(hit_proxy(faults, point), label), says, "{faults}");
    }
}

#[test]
fn what_was_lost_before_the_last_change_proves_nothing() {
    let mut model = model(hit_proxy("loss 2% down", point(1_000, 20, 0)));
    assert_eq!(reading(&model, "LOS").measured_text, "2%");
    assert_eq!(reading(&model, "LOS").more, None);
    let at = Duration::from_millis(58_600);
    let change = Change::new(1, at, ProxyId(1), "db", "LOS off → 2%");
    model.changes.push_back(change);
    let snapshot = Arc::make_mut(&mut model.snapshot);
    snapshot.at = Duration::from_secs(61);
    assert_eq!(reading(&model, "LOS").verdict, unknown("idle"));
}

#[test]
fn writes_that_are_larger_than_set_are_no_slices() {
    let larger = Verdict::Differs("writes are larger than set".to_owned());
    for (faults, each, says) in [
        ("slicer 64B", 64.0, Verdict::Agrees),
        ("slicer 64B", 60.0, Verdict::Agrees),
        ("slicer 64B", 80.0, larger.clone()),
        (
            "slicer 64B",
            20.0,
            unknown("traffic comes in smaller pieces"),
        ),
        // Whole writes up are none of its business.
        ("slicer 64B down", 64.0, Verdict::Agrees),
        ("slicer 64B up", 64.0, larger),
    ] {
        let row = ProxyRow {
            writes: PerDirection::both(100.0),
            rates: PerDirection::of(
                100.0 * if faults.ends_with('B') { each } else { 1e4 },
                100.0 * each,
            ),
            ..proxy(language::parse(faults).expect("faults"))
        };
        let reading = reading(&model(row), "SLI");
        assert_eq!(reading.verdict, says, "{faults}, {each} bytes each");
        assert!(reading.more.is_some_and(|it| it.ends_with("00 writes/s")));
    }
}

#[test]
fn a_wait_proves_what_was_set_when_it_began() {
    let wait = |at: u64, took: u64| {
        Some(Wait {
            at: ms(at),
            took: ms(took),
        })
    };
    let less = Verdict::Differs("the last one waited less than set".to_owned());
    for (met, changed, says) in [
        (None, 0, unknown(UNMET)),
        (wait(50_000, 2_001), 40_000, Verdict::Agrees),
        (wait(50_000, 2_030), 40_000, Verdict::Agrees),
        (wait(50_000, 1_500), 40_000, less),
        (
            wait(50_000, 2_500),
            40_000,
            unknown("something else held the last one too"),
        ),
        // It was over after the change, and had begun before.
        (wait(50_000, 1_500), 49_000, unknown(UNMET)),
    ] {
        for (faults, label) in [
            ("accept_delay 2s", "ACC"),
            ("dial_delay 2s", "DIA"),
            ("slow_close 2s down", "SLO"),
        ] {
            let mut row = proxy(language::parse(faults).expect("faults"));
            row.waits = Waits {
                accept: met.filter(|_| label == "ACC"),
                dial: met.filter(|_| label == "DIA"),
                close: met.filter(|_| label == "SLO"),
            };
            let mut model = model(row);
            let change = Change::new(1, ms(changed), ProxyId(1), "db", "it");
            model.changes.push_back(change);
            assert_eq!(reading(&model, label).verdict, says, "{label} {met:?}");
        }
    }
}

#[test]
fn a_round_trip_is_the_sum_of_both_ways() {
    let row = ProxyRow {
        added: PerDirection::of(Some(spread(125, 0, 10)), Some(spread(126, 0, 12))),
        ..proxy([latency(250, 0)])
    };
    let reading = reading(&model(row), "LAT");
    assert_eq!(reading.set_text, "250ms");
    assert_eq!(reading.measured_text, "251ms");
    assert_eq!(reading.count, Some(22));
}

#[test]
fn one_measured_way_of_two_says_which() {
    let row = ProxyRow {
        added: PerDirection::of(None, Some(spread(125, 0, 10))),
        ..proxy([latency(250, 0)])
    };
    let reading = reading(&model(row), "LAT");
    assert_eq!(reading.measured_text, "↓125ms");
    assert_eq!(reading.verdict, Verdict::Agrees);
}

#[test]
fn a_setting_in_one_direction_says_which() {
    let down = Directions::Only(Direction::Down);
    let row = proxy([latency(250, 25).acting(down)]);
    assert_eq!(reading(&model(row.clone()), "LAT").set_text, "↓250ms");
    assert_eq!(reading(&model(row), "JIT").set_text, "↓25ms");
    let both = proxy([latency(250, 25)]);
    assert_eq!(reading(&model(both), "JIT").set_text, "±25ms");
}

#[test]
fn what_keeps_a_knob_from_being_judged_is_said() {
    let set = || proxy([latency(250, 0)]);
    let mut bypassed = set();
    Arc::make_mut(&mut bypassed.plan).bypassed = true;
    let alone = ProxyRow { open: 0, ..set() };
    let closed = ProxyRow {
        port: crate::snapshot::PortState::Closed,
        ..alone.clone()
    };
    let untouched = ProxyRow {
        bytes: PerDirection::default(),
        ..set()
    };
    let share = ProxyRow {
        added: PerDirection::both(Some(spread(125, 0, 9))),
        ..proxy([latency(250, 0).hitting(Percent::new(10))])
    };
    for (row, why) in [
        (bypassed, "bypassed"),
        (alone, "no connections"),
        (closed, "the port is closed"),
        (untouched, "no traffic yet"),
        (set(), "idle"),
        (share, "hits 10% of connections"),
    ] {
        assert_eq!(verdict(row, "LAT"), unknown(why));
    }
    assert_eq!(verdict(proxy([]), "LAT"), Verdict::Off);
}

#[test]
fn connections_that_do_not_run_what_is_set_are_counted() {
    let row = ProxyRow {
        up_to_date: 1,
        waiting: Some(ms(1_200)),
        added: PerDirection::both(Some(spread(125, 0, 9))),
        ..proxy([latency(250, 0)])
    };
    let why = "3 of 4 wait for a chunk, since 1.2 s";
    assert_eq!(verdict(row, "LAT"), Verdict::Differs(why.to_owned()));
}

#[test]
fn nothing_is_judged_while_the_last_second_still_shows_what_was_before() {
    let row = || ProxyRow {
        added: PerDirection::both(Some(spread(0, 0, 90))),
        ..proxy([latency(250, 0)])
    };
    for (ago, settling) in [(0, true), (1_999, true), (2_000, false)] {
        let mut model = model(row());
        let at = model.snapshot.at.saturating_sub(ms(ago));
        let change = Change::new(1, at, ProxyId(1), "db", "LAT off → 250ms");
        model.changes.push_back(change);
        let is = reading(&model, "LAT").verdict == Verdict::Settling;
        assert_eq!(is, settling, "{ago} ms after the change");
    }
}

#[test]
fn what_jitter_does_to_dense_traffic_is_no_difference() {
    let bunched = ProxyRow {
        added: PerDirection::both(Some(spread(140, 3, 400))),
        ..proxy([latency(250, 50)])
    };
    let why = "late bytes hold back those behind them";
    assert_eq!(verdict(bunched.clone(), "LAT"), unknown(why));
    assert_eq!(verdict(bunched, "JIT"), unknown(why));
    let sparse = ProxyRow {
        added: PerDirection::both(Some(spread(128, 24, 100))),
        ..proxy([latency(250, 50)])
    };
    assert_eq!(verdict(sparse.clone(), "LAT"), Verdict::Agrees);
    assert_eq!(verdict(sparse, "JIT"), Verdict::Agrees);
}

#[test]
fn what_another_fault_adds_is_no_difference() {
    let why = "other faults hold bytes too";
    let slow = SettingName::new("slow").expect("a name");
    for other in [bandwidth(64_000), latency(150, 0).called(Some(slow))] {
        let row = ProxyRow {
            added: PerDirection::both(Some(spread(400, 90, 100))),
            ..proxy([latency(250, 50), other])
        };
        assert_eq!(verdict(row.clone(), "LAT"), unknown(why));
        assert_eq!(verdict(row, "JIT"), unknown(why));
    }
}

#[test]
fn few_samples_and_endless_jitter_have_no_width() {
    let few = ProxyRow {
        added: PerDirection::both(Some(spread(125, 25, 49))),
        ..proxy([latency(250, 50)])
    };
    let why = "only 49 samples in the last second";
    assert_eq!(verdict(few, "JIT"), unknown(why));
    let normal = latency(250, 50).with("dist", Value::Word("normal"));
    let row = ProxyRow {
        added: PerDirection::both(Some(spread(125, 60, 400))),
        ..proxy([normal])
    };
    assert_eq!(
        verdict(row, "JIT"),
        unknown("normal jitter has no fixed width")
    );
}

#[test]
fn a_rate_for_each_connection_is_proved_by_the_fastest() {
    let row = ProxyRow {
        rates: PerDirection::of(2_000.0, 190_000.0),
        ..proxy([bandwidth(64_000).with("scope", Value::Word("connection"))])
    };
    let mut model = model(row);
    let conn = |id, down| ConnRow {
        waits: None,
        id: ConnId(id),
        proxy: ProxyId(1),
        client: ([127, 0, 0, 1], 50_000).into(),
        upstream: None,
        age: ms(9),
        bytes: PerDirection::default(),
        rates: PerDirection::of(500.0, down),
        held: PerDirection::default(),
        full: 0,
        sending: PerDirection::default(),
        added: None,
        generation: 2,
        state: ConnState::Open,
        hit: 0,
    };
    let mut snapshot = Snapshot::clone(&model.snapshot);
    snapshot.conns = vec![conn(1, 62_900.0), conn(2, 63_400.0), conn(3, 61_000.0)];
    model.snapshot = Arc::new(snapshot);
    let reading = reading(&model, "BW");
    assert_eq!(reading.measured_text, "63K/s");
    assert_eq!(reading.verdict, Verdict::Agrees);
}

#[test]
fn a_rate_for_the_proxy_is_proved_by_all_connections_together() {
    let whole = bandwidth(64_000).with("scope", Value::Word("proxy"));
    for (down, verdict_of) in [
        (64_000.0, Verdict::Agrees),
        (61_000.0, Verdict::Agrees),
        (30_000.0, unknown("traffic is slower than the cap")),
        (0.0, unknown("idle")),
        (80_000.0, Verdict::Differs("faster than the cap".to_owned())),
    ] {
        let row = ProxyRow {
            rates: PerDirection::of(0.0, down),
            ..proxy([whole.clone()])
        };
        assert_eq!(verdict(row, "BW"), verdict_of, "{down}");
    }
}

#[test]
fn the_first_gap_is_one_that_differs() {
    let row = ProxyRow {
        added: PerDirection::both(Some(spread(60, 0, 90))),
        rates: PerDirection::of(0.0, 10.0),
        ..proxy([latency(250, 0), bandwidth(64_000)])
    };
    let model = model(row);
    let row = &model.snapshot.proxies[0];
    let gap = Proof::new(&model, row, &Busiest::new()).gap(Directions::Both);
    let text = "LAT 120ms: bytes are held less than set".to_owned();
    assert_eq!(
        gap,
        Some(Gap {
            text,
            differs: true
        })
    );
}

#[test]
fn a_value_that_moves_by_itself_is_shown_and_not_judged() {
    let latency = |text: &str| crate::fault::language::parse(text).expect("a fault");
    let mut row = proxy(latency("latency 200ms wave=sine"));
    row.present = Some(Plan::of(latency("latency 60ms up, latency 60ms down")).into());
    let model = model(row);
    let row = &model.snapshot.proxies[0];
    let proof = Proof::new(&model, row, &Busiest::new());
    let dial = dial("LAT");
    let reading = proof.reading(dial, Directions::Both);
    assert_eq!(reading.set_text, "~120ms");
    assert_eq!(reading.verdict, Verdict::Unjudged);
    let mut row = proxy(latency("latency 200ms start=1h"));
    row.present = Some(Plan::default().into());
    let model = self::model(row);
    let reading = Proof::new(&model, &model.snapshot.proxies[0], &Busiest::new())
        .reading(dial, Directions::Both);
    assert_eq!(reading.set_text, "off", "without a schedule that is known");
}

#[test]
fn a_trace_is_shown_as_the_rate_of_the_moment_and_not_judged() {
    let faults = |text: &str| crate::fault::language::parse(text).expect("a fault");
    let mut row = proxy(faults("bandwidth trace=@train"));
    row.present = Some(Plan::of(faults("bandwidth 80kB/s up, bandwidth 80kB/s down")).into());
    let model = model(row);
    let reading = reading(&model, "BW");
    assert_eq!(
        (reading.set_text.as_str(), reading.verdict),
        ("~80K/s", Verdict::Unjudged)
    );
}

/// A proxy whose latency of 400 ms acts from 62 s to 66 s, at a time in milliseconds.
fn scheduled(at: u64) -> Model {
    let faults = crate::fault::language::parse("latency 400ms start=2s for=4s").expect("a fault");
    let mut row = proxy(faults.clone());
    let acts = (62_000..66_000).contains(&at);
    row.present = (!acts).then(|| Plan::default().into());
    row.scheduled = faults
        .into_iter()
        .map(|setting| Scheduled {
            setting,
            begins: ms(62_000),
            ends: Some(ms(66_000)),
        })
        .collect();
    // The last second holds what was before.
    row.added = PerDirection::both(Some(spread(0, 0, 90)));
    let mut model = model(row);
    let mut snapshot = Snapshot::clone(&model.snapshot);
    snapshot.at = ms(at);
    model.snapshot = Arc::new(snapshot);
    model.now = ms(at);
    model
}

#[test]
fn a_schedule_says_when_it_begins_and_that_it_is_over() {
    for (at, says) in [
        (60_000, "in 2s"),
        (61_900, "in 1s"),
        (62_000, "400ms"),
        (65_999, "400ms"),
        (66_000, "over"),
    ] {
        let model = scheduled(at);
        assert_eq!(reading(&model, "LAT").set_text, says, "{at}");
        assert_eq!(reading(&model, "JIT").set_text, "off", "{at}");
    }
}

#[test]
fn nothing_is_judged_just_after_a_schedule_begins() {
    for (at, verdict) in [
        (61_000, Verdict::Off),
        (62_000, Verdict::Settling),
        (63_999, Verdict::Settling),
        (
            64_000,
            Verdict::Differs("bytes are held less than set".to_owned()),
        ),
    ] {
        assert_eq!(reading(&scheduled(at), "LAT").verdict, verdict, "{at}");
    }
}
