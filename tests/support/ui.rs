//! Models made by hand, and their screens as text.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use faultboard::fault::{Direction, Directions, Kind, PerDirection, Plan, Setting, Value};
use faultboard::mapping::{Host, Mapping, Protocol};
use faultboard::snapshot::{
    ConnId, ConnRow, ConnState, History, Point, PortState, ProxyId, ProxyRow, Snapshot, Spread,
    Taken,
};
use faultboard::ui::model::{Change, Focus, Line, Model, Tone};
use faultboard::ui::theme::Theme;
use faultboard::ui::view;
use faultboard::units::ByteRate;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;

/// When every model of this file is looked at.
pub(crate) const NOW: Duration = Duration::from_millis(761_204);

/// So many milliseconds.
pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// `latency TIME jitter=TIME`.
pub(crate) fn latency(time: u64, jitter: u64, directions: Directions) -> Setting {
    let kind = Kind::named("latency").expect("a kind");
    Setting::new(kind)
        .with("time", Value::Time(ms(time)))
        .with("jitter", Value::Time(ms(jitter)))
        .acting(directions)
}

/// `bandwidth RATE scope=connection`.
pub(crate) fn bandwidth(bytes: u64) -> Setting {
    let kind = Kind::named("bandwidth").expect("a kind");
    let setting = Setting::new(kind).with("scope", Value::Word("connection"));
    setting.with("rate", Value::Rate(ByteRate::new(bytes)))
}

/// A distribution around a median.
pub(crate) fn spread(p50: u64, stray: u64, count: u64) -> Spread {
    Spread {
        count,
        p1: ms(p50.saturating_sub(stray)),
        p50: ms(p50),
        p99: ms(p50 + stray),
    }
}

/// A proxy without faults, connections or traffic.
pub(crate) fn proxy(id: u32, name: &str, mapping: Mapping) -> ProxyRow {
    ProxyRow {
        name: name.to_owned(),
        ..ProxyRow::quiet(ProxyId(id), mapping)
    }
}

/// A mapping to a named host.
pub(crate) fn mapping(listen: u16, protocol: Option<Protocol>, host: &str, port: u16) -> Mapping {
    Mapping::new(listen, protocol, Host::Name(host.to_owned()), port)
}

/// A figure up and one down.
fn both_ways<T>([up, down]: [T; 2]) -> PerDirection<T> {
    PerDirection::of(up, down)
}

/// A minute of history: what clients felt and the rate down, by the point's number from the oldest.
pub(crate) fn history(
    feels: impl Fn(u32) -> Option<u64>,
    rates: impl Fn(u32) -> [f64; 2],
    failed: impl Fn(u32) -> u32,
) -> Arc<History> {
    let points: VecDeque<Point> = (0..120)
        .map(|number| Point {
            at: NOW.saturating_sub(ms(500) * (119 - number)),
            feels: feels(number).map(ms),
            rates: both_ways(rates(number)),
            failed: failed(number),
            ..Point::default()
        })
        .collect();
    Arc::new(History { points })
}

/// A connection of a proxy.
pub(crate) fn conn(id: u64, proxy: u32, age: u64, state: ConnState) -> ConnRow {
    ConnRow {
        waits: None,
        id: ConnId(id),
        proxy: ProxyId(proxy),
        client: SocketAddr::from((
            Ipv4Addr::LOCALHOST,
            50_000 + u16::try_from(id % 9_999).unwrap_or(0),
        )),
        upstream: Some(SocketAddr::from(([10, 0, 0, 7], 5432))),
        age: Duration::from_secs(age),
        bytes: PerDirection::default(),
        rates: PerDirection::default(),
        held: PerDirection::default(),
        full: 0,
        sending: PerDirection::default(),
        added: None,
        generation: 17,
        state,
        hit: 0,
    }
}

/// A waving number, so that a chart has something to show.
fn wave(number: u32) -> u64 {
    u64::from(number * 7 % 11 + number * number % 7)
}

fn db() -> ProxyRow {
    let was_turned = |number| number >= 78;
    ProxyRow {
        plan: Arc::new(Plan::of([latency(250, 0, Directions::Both)])),
        generation: 17,
        open: 4,
        up_to_date: 4,
        total: 31,
        bytes: PerDirection::of(2_400_000, 129_000_000),
        rates: PerDirection::of(12_000.0, 340_000.0),
        added: PerDirection::of(Some(spread(125, 1, 206)), Some(spread(126, 1, 206))),
        feels: Some(Spread {
            count: 412,
            p1: ms(251),
            p50: ms(256),
            p99: ms(271),
        }),
        history: history(
            |number| Some(if was_turned(number) { 252 } else { 4 } + wave(number)),
            |number| {
                let down = if was_turned(number) {
                    340_000.0
                } else {
                    890_000.0
                };
                [
                    24_000.0 + 900.0 * wave(number) as f64,
                    down - 9_000.0 * wave(number) as f64,
                ]
            },
            |_| 0,
        ),
        ..proxy(
            1,
            "db",
            mapping(35_432, Some(Protocol::Psql), "my-db", 5_432),
        )
    }
}

fn web() -> ProxyRow {
    ProxyRow {
        plan: Arc::new(Plan::of([bandwidth(64_000)])),
        generation: 5,
        open: 7,
        up_to_date: 7,
        total: 122,
        bytes: PerDirection::of(900_000, 44_000_000),
        rates: PerDirection::of(3_000.0, 420_000.0),
        added: PerDirection::of(Some(spread(0, 0, 20)), Some(spread(12, 8, 20))),
        feels: Some(spread(41, 6, 20)),
        history: history(
            |number| Some(36 + wave(number)),
            |_| [3_000.0, 420_000.0],
            |_| 0,
        ),
        ..proxy(
            2,
            "web",
            mapping(9_090, Some(Protocol::Https), "www.google.com", 443),
        )
    }
}

fn cache() -> ProxyRow {
    let mut plan = Plan::of([latency(1_000, 0, Directions::Both)]);
    plan.bypassed = true;
    ProxyRow {
        plan: Arc::new(plan),
        generation: 9,
        open: 1,
        up_to_date: 1,
        total: 4,
        bytes: PerDirection::of(40_000, 910_000),
        rates: PerDirection::of(800.0, 12_000.0),
        added: PerDirection::of(Some(spread(0, 0, 9)), Some(spread(0, 0, 9))),
        feels: Some(spread(1, 0, 9)),
        history: history(|_| Some(1), |_| [800.0, 12_000.0], |_| 0),
        ..proxy(3, "cache", mapping(6_380, None, "redis", 6_379))
    }
}

fn search() -> ProxyRow {
    ProxyRow {
        plan: Arc::new(Plan::of([latency(
            500,
            50,
            Directions::Only(Direction::Down),
        )])),
        generation: 12,
        open: 11,
        up_to_date: 9,
        waiting: Some(ms(1_200)),
        total: 63,
        bytes: PerDirection::of(70_000, 5_100_000),
        rates: PerDirection::of(1_000.0, 2_000_000.0),
        added: PerDirection::of(Some(spread(0, 0, 50)), Some(spread(140, 30, 50))),
        feels: Some(spread(144, 30, 50)),
        history: history(|_| Some(144), |_| [1_000.0, 2_000_000.0], |_| 0),
        ..proxy(4, "search", mapping(9_201, None, "es", 9_200))
    }
}

fn auth() -> ProxyRow {
    ProxyRow {
        port: PortState::Closed,
        failed: 12,
        ..proxy(
            5,
            "auth",
            mapping(8_443, Some(Protocol::Https), "idp.internal", 443),
        )
    }
}

fn bulk() -> ProxyRow {
    ProxyRow {
        plan: Arc::new(Plan::of([
            latency(25, 0, Directions::Both),
            bandwidth(10_000_000),
        ])),
        generation: 3,
        open: 1_191,
        up_to_date: 1_191,
        total: 4_410,
        bytes: PerDirection::of(8_000_000, 91_000_000_000),
        rates: PerDirection::of(900_000.0, 188_000_000.0),
        added: PerDirection::of(Some(spread(12, 1, 900)), Some(spread(13, 1, 900))),
        feels: Some(spread(31, 4, 900)),
        history: history(|_| Some(31), |_| [900_000.0, 188_000_000.0], |_| 0),
        ..proxy(
            6,
            "bulk",
            mapping(9_000, None, "minio.storage.svc.cluster.local", 9_000),
        )
    }
}

fn conns() -> Vec<ConnRow> {
    let busy = |id, age, bytes: [u64; 2], rates: [f64; 2], added| ConnRow {
        bytes: both_ways(bytes),
        rates: both_ways(rates),
        added: Some(ms(added)),
        ..conn(id, 1, age, ConnState::Open)
    };
    vec![
        busy(31, 252, [1_200_000, 88_000_000], [11_000.0, 210_000.0], 251),
        busy(28, 580, [640_000, 41_000_000], [900.0, 130_000.0], 252),
        ConnRow {
            bytes: PerDirection::of(2_100, 18_000),
            added: Some(ms(250)),
            ..conn(40, 1, 12, ConnState::Idle(Duration::from_secs(8)))
        },
        ConnRow {
            bytes: PerDirection::of(412, 0),
            held: PerDirection::of(0, 16_000),
            full: 0,
            generation: 16,
            ..conn(41, 1, 3, ConnState::Held)
        },
    ]
}

/// What happened, and the changes that were made meanwhile.
fn tell(model: &mut Model) {
    let line = |at, proxy, text, tone| Line::new(ms(at), proxy, text, tone);
    let turned = |number, at, proxy: u32, who, text, of, micros| {
        let mut change = Change::new(number, ms(at), ProxyId(proxy), who, text);
        change.taken = Some(Taken {
            taken: of,
            of,
            cut: 0,
            micros,
        });
        change
    };
    // The first two proxies were turned last; the numbers of the others are out of the way.
    model.changes = VecDeque::from([
        turned(11, 691_222, 0, "all", "bypass off", 18, 6_100),
        turned(12, 700_900, 3, "cache", "bypass on", 1, 900),
        turned(13, 718_031, 2, "web", "BW off → 64kB/s", 7, 2_000),
        turned(1, 740_118, 1, "db", "LAT off → 250ms", 4, 3_000),
    ]);
    let change = |at: usize| Line::of_change(model.changes[at].at, model.changes[at].number);
    model.log = VecDeque::from([
        line(598_300, "auth", "port closed", Tone::Plain),
        line(602_017, "web", "listening on 127.0.0.1:9090", Tone::Good),
        change(0),
        change(1),
        change(2),
        line(
            722_440,
            "web",
            "#39 closed: upstream: connection reset by peer",
            Tone::Trouble,
        ),
        change(3),
        line(761_100, "db", "#41 open 127.0.0.1:50041", Tone::Plain),
    ]);
}

/// A console in the middle of its work: proxies in every state, traffic, marks and a log.
pub(crate) fn rich(width: u16, height: u16) -> Model {
    let mut model = empty(width, height);
    model.now = NOW;
    model.focus = Focus::Mixer;
    let mut snapshot = Snapshot {
        at: NOW,
        proxies: vec![db(), web(), cache(), search(), auth(), bulk()],
        conns: conns(),
        rates: PerDirection::of(412_000.0, 8_400_000.0),
        ..Snapshot::default()
    };
    let busiest = |id, proxy, down| ConnRow {
        rates: PerDirection::of(100.0, down),
        ..conn(id, proxy, 60, ConnState::Open)
    };
    snapshot.conns.push(busiest(90, 2, 63_400.0));
    snapshot.conns.push(busiest(91, 2, 60_100.0));
    snapshot.conns.push(busiest(92, 6, 9_950_000.0));
    model.snapshot = Arc::new(snapshot);
    model.selected = Some(ProxyId(1));
    model.conns.rows = vec![0, 1, 2, 3];
    model.conns.total = 4;
    model.conns.selected = Some(ConnId(31));
    tell(&mut model);
    model
}

/// The same with the first proxies only.
pub(crate) fn few(width: u16, height: u16, proxies: usize) -> Model {
    let mut model = rich(width, height);
    let mut snapshot = Snapshot::clone(&model.snapshot);
    snapshot.proxies.truncate(proxies);
    model.snapshot = Arc::new(snapshot);
    model
}

/// A console in which nothing has happened yet, without colours.
pub(crate) fn empty(width: u16, height: u16) -> Model {
    let bind = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let mut model = Model::new(42, bind, Size::new(width, height));
    model.now = ms(2_000);
    model.theme = Theme::MONO;
    model
}

/// What `draw` puts on a terminal of the model's size.
pub(crate) fn screen(model: &Model) -> Buffer {
    let Size { width, height } = model.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    terminal
        .draw(|frame| view::draw(model, frame))
        .expect("a frame");
    terminal.backend().buffer().clone()
}

/// A screen's text, its rows without blanks at their end.
pub(crate) fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in buffer.area.rows().map(|row| row.y) {
        let mut line = String::new();
        let mut hidden = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            line.push_str(symbol);
            hidden = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
