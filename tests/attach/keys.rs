//! Each key and word does the same to an engine elsewhere as to one here.

use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyModifiers};
use faultboard::desk::Told;
use faultboard::fault::Plan;
use faultboard::mapping::Name;
use faultboard::snapshot::{Happening, PortState, Snapshot};
use tokio::net::TcpStream;

use crate::console::Console;
use crate::desk::{Place, Where, console, engine_is};
use crate::support::{self, PATIENCE, echo, latency, mapping};

const BOTH: [Where; 2] = [Where::Here, Where::Elsewhere];

/// An engine with a proxy `db` in front of an echo, and a console over it that shows it.
async fn db(from: Where) -> (Place, Console, std::net::SocketAddr) {
    let place = Place::open();
    let mut mapping = mapping(echo().await);
    mapping.name = Some(Name::parse("db").expect("a name"));
    let mut events = place.engine.events();
    place
        .engine
        .add(mapping, Plan::default())
        .await
        .expect("a free port");
    let addr = support::listening(&mut events).await;
    let mut console = console(place.desk(from).await);
    console.shows(&["1 db"]).await;
    (place, console, addr)
}

fn plan_is(faults: &'static str) -> impl FnMut(&Snapshot) -> bool {
    move |snapshot| {
        snapshot
            .proxies
            .iter()
            .any(|row| row.plan.to_string() == faults)
    }
}

#[tokio::test]
async fn a_knob_is_turned_and_how_it_was_taken_is_said() {
    for from in BOTH {
        let (place, mut console, addr) = db(from).await;
        let mut client = TcpStream::connect(addr).await.expect("it listens");
        support::round_trip(&mut client, b"x").await;
        console.press("5");
        engine_is(&place.engine, plan_is("latency 250ms")).await;
        console.shows(&["LAT off → 250ms", "taken by 1 of 1"]).await;
        console.press("u");
        engine_is(&place.engine, plan_is("")).await;
        console.shows(&["undo LAT 250ms → off"]).await;
    }
}

#[tokio::test]
async fn a_mapping_is_typed_added_turned_deleted_and_brought_back() {
    for from in BOTH {
        let place = Place::open();
        let mut console = console(place.desk(from).await);
        console.shows(&["no proxies yet"]).await;
        console.press("0=127.0.0.1:9 as web latency 100ms");
        console.enter();
        engine_is(&place.engine, plan_is("latency 100ms")).await;
        console.shows(&["1 web"]).await;
        console.press("0");
        engine_is(&place.engine, plan_is("")).await;
        console.press("d");
        engine_is(&place.engine, |all| all.proxies.is_empty()).await;
        console.shows(&["u brings it back"]).await;
        console.press("u");
        engine_is(&place.engine, |all| all.proxies.len() == 1).await;
        console.shows(&["1 web", "is back"]).await;
    }
}

#[tokio::test]
async fn a_port_closes_and_a_proxy_is_renamed_and_edited() {
    for from in BOTH {
        let (place, mut console, _) = db(from).await;
        console.press("o");
        engine_is(&place.engine, |all| {
            all.proxies[0].port == PortState::Closed
        })
        .await;
        console.shows(&["db: port closed", "✕"]).await;
        console.press("o");
        engine_is(&place.engine, |all| all.proxies[0].port == PortState::Open).await;
        console.press(":rename db orders");
        console.enter();
        engine_is(&place.engine, |all| all.proxies[0].name == "orders").await;
        console.shows(&["1 orders"]).await;
        // Other faults and another upstream: another proxy takes its place.
        console.press("a");
        console.key(KeyCode::Esc, KeyModifiers::NONE);
        console.press("e");
        console.key(KeyCode::Char('u'), KeyModifiers::CONTROL);
        console.press("0=127.0.0.1:11 as later loss 2%");
        console.enter();
        engine_is(&place.engine, |all| {
            all.proxies
                .iter()
                .any(|row| row.name == "later" && row.plan.to_string() == "loss 2%")
        })
        .await;
        console.shows(&["1 later"]).await;
    }
}

#[tokio::test]
async fn connections_are_frozen_looked_at_and_reset() {
    for from in BOTH {
        let (place, mut console, addr) = db(from).await;
        let mut client = TcpStream::connect(addr).await.expect("it listens");
        support::round_trip(&mut client, b"x").await;
        console.shows(&["#1 "]).await;
        console.press("c");
        console.enter();
        console.shows(&["connection #1 of db"]).await;
        engine_is(&place.engine, |all| all.watched.is_some()).await;
        console.press("~");
        let frozen = |conn| place.engine.own(conn).is_some_and(|own| own.frozen);
        engine_is(&place.engine, |all| {
            all.conns.iter().any(|row| frozen(row.id))
        })
        .await;
        // Its own knobs, alone.
        console.key(KeyCode::Tab, KeyModifiers::NONE);
        console.press("5");
        let own = |conn| {
            place
                .engine
                .own(conn)
                .is_some_and(|own| own.to_string().contains("latency 250ms"))
        };
        engine_is(&place.engine, |all| all.conns.iter().any(|row| own(row.id))).await;
        console.key(KeyCode::Esc, KeyModifiers::NONE);
        console.press("X");
        engine_is(&place.engine, |all| all.conns.is_empty()).await;
        console.shows(&["#1 reset by you"]).await;
    }
}

#[tokio::test]
async fn words_presets_bypass_and_sweeps_are_carried_out() {
    for from in BOTH {
        let (place, mut console, addr) = db(from).await;
        let mut client = TcpStream::connect(addr).await.expect("it listens");
        support::round_trip(&mut client, b"x").await;
        console.press(":set db latency 1ms jitter=1ms, loss 2%");
        console.enter();
        engine_is(&place.engine, plan_is("latency 1ms jitter=1ms, loss 2%")).await;
        console.press(" ");
        engine_is(&place.engine, |all| all.proxies[0].plan.bypassed).await;
        console.press(":clear db");
        console.enter();
        engine_is(&place.engine, plan_is("")).await;
        console.press(" ");
        engine_is(&place.engine, |all| !all.proxies[0].plan.bypassed).await;
        console.press(":sweep db latency from=1ms to=20ms steps=2");
        console.enter();
        engine_is(&place.engine, |all| !all.proxies[0].plan.is_empty()).await;
        console.press(":sweep db stop");
        console.enter();
        engine_is(&place.engine, plan_is("")).await;
    }
}

#[tokio::test]
async fn what_others_do_is_said_with_their_name_and_undo_leaves_it_alone() {
    for from in BOTH {
        let (place, mut console, _) = db(from).await;
        let ana = place
            .engine
            .by(faultboard::snapshot::Author::named("ana@laptop").expect("a name"));
        let id = place.engine.find("db").expect("it is there");
        console.press("5");
        engine_is(&place.engine, plan_is("latency 250ms")).await;
        console.shows(&["LAT off → 250ms"]).await;
        let loss = ":set db loss 2%";
        let faults = faultboard::command::parse(&loss[1..]).expect("words");
        ana.edit_plan(id, |plan| faults.edit(plan))
            .await
            .expect("it is there");
        console.shows(&["ana@laptop LOS off → 2%"]).await;
        console.press("u");
        engine_is(&place.engine, plan_is("loss 2%")).await;
        ana.set_plan(id, Plan::of([latency(500)]))
            .await
            .expect("it is there");
        console.shows(&["ana@laptop LAT off → 500ms"]).await;
    }
}

#[tokio::test]
async fn a_line_is_judged_by_the_ports_of_the_engine_and_a_file_has_the_desk() {
    let folder = tempfile::tempdir().expect("a folder");
    for from in BOTH {
        let (place, mut console, addr) = db(from).await;
        console.press(&format!("a{}=h:80", addr.port()));
        console.shows(&["is taken by proxy 1 (db)"]).await;
        console.key(KeyCode::Char('u'), KeyModifiers::CONTROL);
        console.key(KeyCode::Esc, KeyModifiers::NONE);
        let file = folder.path().join(format!("{from:?}.scene"));
        console.press("w");
        console.key(KeyCode::Char('u'), KeyModifiers::CONTROL);
        console.press(&file.display().to_string());
        console.enter();
        console.shows(&["has the scene: 1 proxies"]).await;
        let text = std::fs::read_to_string(&file).expect("written");
        assert!(text.contains("as db"), "{text}");
        drop(place);
    }
}

#[tokio::test]
async fn keys_that_come_together_are_one_change_and_those_that_follow_come_in_their_order() {
    for from in BOTH {
        let (place, mut console, _) = db(from).await;
        let mut events = place.engine.events();
        console.press("123456789");
        engine_is(&place.engine, plan_is("latency 10s")).await;
        for (key, plan) in [("5", "latency 250ms"), ("6", "latency 500ms"), ("0", "")] {
            console.press(key);
            engine_is(&place.engine, plan_is(plan)).await;
        }
        let mut plans = Vec::new();
        while plans.last().is_none_or(|plan: &String| !plan.is_empty()) {
            let told = tokio::time::timeout(PATIENCE, events.next()).await;
            if let Told::Event(event) = told.expect("in time")
                && let Happening::Faults { plan, .. } = &event.what
            {
                plans.push(plan.to_string());
            }
        }
        let wanted = ["latency 10s", "latency 250ms", "latency 500ms", ""];
        assert_eq!(plans, wanted, "{from:?}");
    }
}

#[tokio::test]
async fn a_port_that_another_program_has_is_said_while_typing_and_after_enter() {
    for from in BOTH {
        let place = Place::open();
        let mut console = console(place.desk(from).await);
        console.shows(&["no proxies yet"]).await;
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = taken.local_addr().expect("it listens");
        let says = format!("cannot listen on {addr}: address already in use");
        console.press(&format!("{}=h:80", addr.port()));
        console.shows(&[&says]).await;
        console.enter();
        console
            .shows(&[&format!("+ {}=h:80", addr.port()), &says])
            .await;
        assert!(place.engine.proxies().is_empty());
        drop(taken);
        console.enter();
        engine_is(&place.engine, |all| all.proxies.len() == 1).await;
    }
}

#[tokio::test]
async fn pasted_lines_are_added_by_a_second_enter_and_a_name_is_typed_and_undone() {
    for from in BOTH {
        let place = Place::open();
        let mut console = console(place.desk(from).await);
        console.shows(&["no proxies yet"]).await;
        console.send(Input::Paste("0=a:1\n0=b:2\nnonsense\n".to_owned()));
        console.shows(&["3 mappings, 2 right"]).await;
        console.enter();
        console.enter();
        engine_is(&place.engine, |all| all.proxies.len() == 2).await;
        console.shows(&["2 b"]).await;
        console.key(KeyCode::Esc, KeyModifiers::NONE);
        console.press("e as orders");
        console.enter();
        let called = |name: &'static str| {
            move |all: &Snapshot| all.proxies.iter().any(|row| row.name == name)
        };
        engine_is(&place.engine, called("orders")).await;
        console.shows(&[" orders"]).await;
    }
}

#[tokio::test]
async fn q_leaves_the_console_and_an_engine_elsewhere_goes_on() {
    for from in BOTH {
        let (place, mut console, addr) = db(from).await;
        console.press("5");
        engine_is(&place.engine, plan_is("latency 250ms")).await;
        console
            .shows(&["taken by", "no connection is open"][1..])
            .await;
        console.press("q");
        let farewell = console.left().await.expect("it left in peace");
        let text = farewell.to_string();
        assert!(text.contains("-f 'latency 250ms'"), "{text}");
        if matches!(from, Where::Elsewhere) {
            TcpStream::connect(addr).await.expect("it still listens");
        }
    }
}

#[tokio::test]
async fn a_looker_on_changes_nothing() {
    let place = Place::open();
    let mapping = mapping(echo().await);
    place
        .engine
        .add(mapping, Plan::default())
        .await
        .expect("a free port");
    let options = faultboard::remote::Options {
        read_only: true,
        ..crate::desk::options("me@here")
    };
    let targets = [place.target.clone()];
    let desk = faultboard::remote::RemoteDesk::attach(&targets, &options).await;
    let mut console = console(crate::desk::Desk::of(desk.expect("a desk")));
    console.shows(&["READ-ONLY"]).await;
    console.press("5d");
    console.shows(&["read-only: "]).await;
    console.wait(Duration::from_millis(50)).await;
    assert_eq!(
        place.engine.snapshot().await.proxies[0].plan.to_string(),
        ""
    );
}
