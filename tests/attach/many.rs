//! Two consoles elsewhere and a client of toxiproxy's API turn the same proxies at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use faultboard::desk::Desk as _;
use faultboard::fault::{Kind, Plan, language};
use faultboard::mapping::Name;
use faultboard::proxy::Engine;
use faultboard::remote::RemoteDesk;
use faultboard::request::Request;
use faultboard::snapshot::{ProxyId, Snapshot};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::desk::Place;
use crate::support::{PATIENCE, mapping, nobody};

/// Numbers that a seed comes to.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).expect("a number") % most
    }
}

const KINDS: [(&str, [&str; 3]); 4] = [
    ("latency", ["10ms", "20ms jitter=5ms", "1s"]),
    ("loss", ["1%", "2%", "3%"]),
    ("bandwidth", ["1MB/s", "64kB/s", "8Mbit/s"]),
    ("slow_close", ["10ms", "1s", "2s"]),
];

/// A plan with one kind other than in `before`.
fn turned(numbers: &mut Numbers, before: &Plan) -> Plan {
    let (name, values) = KINDS[numbers.below(KINDS.len())];
    let mut plan = before.clone();
    match values.get(numbers.below(values.len() + 1)) {
        Some(value) => {
            let faults = language::parse(&format!("{name} {value}")).expect("faults");
            for setting in faults {
                plan.set(setting);
            }
        }
        None => plan.clear(Kind::named(name).expect("a kind")),
    }
    plan
}

/// A console that turns `count` times, each made of what it sees.
async fn turn(desk: RemoteDesk, seed: u64, count: usize, ids: Vec<ProxyId>) {
    let mut numbers = Numbers(seed);
    for _ in 0..count {
        let proxy = ids[numbers.below(ids.len())];
        let snapshot = Arc::clone(&desk.snapshots().borrow());
        let row = snapshot.proxies.iter().find(|row| row.id == proxy);
        let before = Plan::clone(&row.expect("it is shown").plan);
        let request = Request::SetPlan {
            proxy,
            plan: turned(&mut numbers, &before),
            before: Some(before),
        };
        desk.ask(request).await.expect("it is done");
    }
}

/// A client of toxiproxy's API that adds and removes toxics, with names of its own.
async fn toxics(place: &Place, seed: u64, count: usize, names: &[String]) {
    let mut numbers = Numbers(seed);
    for _ in 0..count {
        let proxy = &names[numbers.below(names.len())];
        let request = match numbers.below(2) {
            0 => {
                let body = format!(
                    r#"{{"name":"slow","type":"latency","attributes":{{"latency":{}}}}}"#,
                    numbers.below(900)
                );
                let length = body.len();
                format!(
                    "POST /proxies/{proxy}/toxics HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                )
            }
            _ => format!(
                "DELETE /proxies/{proxy}/toxics/slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            ),
        };
        let mut stream = TcpStream::connect(place.target.to_string())
            .await
            .expect("it listens");
        stream
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let status = answer.split(' ').nth(1).expect("a status").to_owned();
        assert!(["200", "204", "404", "409"].contains(&&*status), "{answer}");
    }
}

/// What is set on each proxy, as text.
fn plans(snapshot: &Arc<Snapshot>) -> BTreeMap<String, String> {
    let rows = snapshot.proxies.iter();
    rows.map(|row| (row.name.clone(), row.plan.to_string()))
        .collect()
}

async fn ends_like(desk: &RemoteDesk, engine: &Engine) {
    let wanted = plans(&engine.snapshot().await);
    let mut snapshots = desk.snapshots();
    let same = snapshots.wait_for(|snapshot| plans(snapshot) == wanted);
    let same = tokio::time::timeout(PATIENCE, same).await.is_ok();
    assert!(
        same,
        "{:?}\nis not\n{wanted:?}",
        plans(&desk.snapshots().borrow().clone())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_changes_by_three_at_once_end_in_one_state_everywhere() {
    let place = Place::open();
    let mut names = Vec::new();
    for name in ["db", "web"] {
        let mut mapping = mapping(nobody().await);
        mapping.name = Some(Name::parse(name).expect("a name"));
        place
            .engine
            .add(mapping, Plan::default())
            .await
            .expect("a free port");
        names.push(name.to_owned());
    }
    let ids: Vec<ProxyId> = names
        .iter()
        .filter_map(|name| place.engine.find(name))
        .collect();
    let desks = [place.attach("ana@one").await, place.attach("ben@two").await];
    let one = tokio::spawn(turn(desks[0].clone(), 1, 400, ids.clone()));
    let two = tokio::spawn(turn(desks[1].clone(), 2, 400, ids));
    toxics(&place, 3, 200, &names).await;
    one.await.expect("no panic");
    two.await.expect("no panic");
    for desk in &desks {
        ends_like(desk, &place.engine).await;
    }
    let others: Vec<usize> = desks
        .iter()
        .map(|desk| desk.contact().borrow().peers[0].others)
        .collect();
    assert_eq!(others, [1, 1]);
}

#[tokio::test]
async fn consoles_on_different_knobs_leave_each_other_alone() {
    let place = Place::open();
    let id = place
        .engine
        .add(mapping(nobody().await), Plan::default())
        .await
        .expect("a free port");
    let desks = [place.attach("ana@one").await, place.attach("ben@two").await];
    let plan = |faults: &str| Plan::of(language::parse(faults).expect("faults"));
    // Both made of the same plan, which had nothing: neither knows of the other.
    for (desk, faults) in desks.iter().zip(["latency 1s", "loss 2%"]) {
        let request = Request::SetPlan {
            proxy: id,
            before: Some(Plan::default()),
            plan: plan(faults),
        };
        desk.ask(request).await.expect("it is done");
    }
    let set = place.engine.snapshot().await.proxies[0].plan.to_string();
    assert_eq!(set, "latency 1s, loss 2%");
}
