//! The demo, seen as its user sees it: through the engine's snapshots.

use std::sync::Arc;
use std::time::Duration;

use faultboard::demo::Demo;
use faultboard::fault::Plan;
use faultboard::proxy::{Engine, Options};
use faultboard::snapshot::{Kill, PortState, ProxyRow, Snapshot};
use tokio::time::timeout;

/// A wait that takes this long is a failure.
const TOO_LONG: Duration = Duration::from_secs(60);

/// A demo with its clients let in.
async fn playing() -> (Engine, Demo) {
    let (engine, demo) = begun().await;
    let flaky = engine.find("flaky").expect("the flaky upstream's proxy");
    engine.set_port(flaky, true).await.expect("a port opens");
    (engine, demo)
}

/// The same as it begins.
async fn begun() -> (Engine, Demo) {
    let engine = Engine::start(Options {
        workers: 1,
        ..Options::default()
    })
    .expect("an engine");
    let demo = Demo::open(&engine, &[]).await.expect("free ports");
    demo.play();
    (engine, demo)
}

/// Waits for a snapshot of which `holds` is true.
async fn wait_for(engine: &Engine, holds: impl FnMut(&Arc<Snapshot>) -> bool) -> Arc<Snapshot> {
    let mut snapshots = engine.snapshots();
    let snapshot = timeout(TOO_LONG, snapshots.wait_for(holds)).await;
    Arc::clone(
        &snapshot
            .expect("it comes true in time")
            .expect("the engine runs"),
    )
}

fn lives(row: &ProxyRow) -> bool {
    row.open > 0 && row.bytes.up > 0 && row.bytes.down > 0
}

async fn end(engine: Engine, demo: Demo) {
    engine.stop(Duration::ZERO).await;
    demo.stop().await;
}

#[tokio::test]
async fn four_named_proxies_carry_traffic_without_faults() {
    let (engine, demo) = playing().await;
    let all_live = |snapshot: &Arc<Snapshot>| {
        snapshot.proxies.len() == 4 && snapshot.proxies.iter().all(lives)
    };
    let snapshot = wait_for(&engine, all_live).await;
    let names: Vec<&str> = snapshot
        .proxies
        .iter()
        .map(|row| row.name.as_str())
        .collect();
    assert_eq!(names, ["shop", "echo", "files", "flaky"]);
    assert!(
        snapshot
            .proxies
            .iter()
            .all(|row| *row.plan == Plan::default())
    );
    end(engine, demo).await;
}

#[tokio::test]
async fn the_upstream_that_fails_by_itself_has_nobody_until_its_port_is_opened() {
    let (engine, demo) = begun().await;
    let snapshot = wait_for(&engine, |snapshot| {
        snapshot.proxies.iter().filter(|row| lives(row)).count() == 3
    })
    .await;
    let flaky = snapshot.proxies.iter().find(|row| row.name == "flaky");
    let flaky = flaky.expect("its proxy");
    assert_eq!((&flaky.port, flaky.total), (&PortState::Closed, 0));
    engine.set_port(flaky.id, true).await.expect("a port opens");
    wait_for(&engine, |snapshot| snapshot.proxies.iter().all(lives)).await;
    end(engine, demo).await;
}

#[tokio::test]
async fn clients_whose_connections_are_cut_come_again() {
    let (engine, demo) = playing().await;
    let before = wait_for(&engine, |snapshot| snapshot.conns.len() >= 15).await;
    for conn in &before.conns {
        // False where it ended by itself in the meantime.
        let _ = engine.kill(conn.id, Kill::Rst);
    }
    let last = before.conns.iter().map(|conn| conn.id).max();
    wait_for(&engine, |snapshot| {
        let mut ids: Vec<_> = snapshot
            .conns
            .iter()
            .filter(|conn| Some(conn.id) > last && conn.bytes.down > 0)
            .map(|conn| conn.proxy)
            .collect();
        ids.sort();
        ids.dedup();
        ids.len() == 4
    })
    .await;
    end(engine, demo).await;
}

#[tokio::test]
async fn clients_find_a_port_that_was_closed_for_a_while() {
    let (engine, demo) = playing().await;
    let echo = engine.find("echo").expect("the echo's proxy");
    let row =
        |snapshot: &Arc<Snapshot>| snapshot.proxies.iter().find(|row| row.id == echo).cloned();
    wait_for(&engine, |snapshot| {
        row(snapshot).is_some_and(|row| lives(&row))
    })
    .await;
    engine.set_port(echo, false).await.expect("a port closes");
    let empty = wait_for(&engine, |snapshot| {
        for conn in snapshot.conns.iter().filter(|conn| conn.proxy == echo) {
            // False where it has ended since.
            let _ = engine.kill(conn.id, Kill::Fin);
        }
        row(snapshot).is_some_and(|row| row.open == 0)
    })
    .await;
    engine.set_port(echo, true).await.expect("its port is free");
    let total = row(&empty).map(|row| row.total);
    wait_for(&engine, |snapshot| {
        row(snapshot).map(|row| row.total) > total
    })
    .await;
    end(engine, demo).await;
}

#[tokio::test]
async fn a_demo_that_stops_leaves_no_listener() {
    let (engine, demo) = playing().await;
    let snapshot = wait_for(&engine, |snapshot| snapshot.proxies.len() == 4).await;
    end(engine, demo).await;
    for row in &snapshot.proxies {
        for port in [row.mapping.port, row.listening[0].port()] {
            let refused = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
            assert!(refused.is_err(), "{} still listens on {port}", row.name);
        }
    }
}
