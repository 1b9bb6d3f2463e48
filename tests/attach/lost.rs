//! An engine elsewhere that goes away, and comes back as another run.

use std::time::Duration;

use faultboard::api::{Address, ApiArgs};
use faultboard::desk::{Desk as _, Reach};
use faultboard::fault::Plan;
use faultboard::remote::RemoteDesk;
use faultboard::request::{Request, RequestError};
use faultboard::snapshot::ProxyId;

use crate::console::Console;
use crate::desk::{Desk, Place, attach, console, contact, engine_is, with_db};
use crate::support::{PATIENCE, echo, latency, mapping};

#[tokio::test]
async fn an_engine_that_is_killed_and_started_again_is_in_contact_again_as_another_run() {
    let place = Place::open();
    place
        .engine
        .add(mapping(echo().await), Plan::default())
        .await
        .expect("a free port");
    let address = Address::parse(&place.target.to_string()).expect("an address");
    let desk = place.attach("me@here").await;
    let mut console = console(Desk::of(desk.clone()));
    console.shows(&["▌1 :"]).await;
    console.press("5");
    console.shows(&["LAT off → 250ms"]).await;
    place.api.stop().await;
    place.engine.stop(Duration::ZERO).await;
    contact(&desk, |contact| contact.lost().count() == 1).await;
    console
        .shows(&["NO CONTACT for ", ": the desk has ended"])
        .await;
    console.press("6");
    console.shows(&["has ended: nothing was changed"]).await;
    let set = Request::SetPlan {
        proxy: ProxyId(1),
        before: None,
        plan: Plan::of([latency(1)]),
    };
    let refused = desk.ask(set).await.expect_err("nobody is asked");
    assert!(matches!(refused, RequestError::NoContact(_)), "{refused}");

    let again = Place::at(&address, &ApiArgs::default());
    // A key tries at once: no wait of the back-off is waited for.
    console.press("j");
    contact(&desk, |contact| contact.peers[0].reach == Reach::Here).await;
    console.shows(&["was restarted"]).await;
    assert_eq!(desk.contact().borrow().peers[0].restarts, 1);
    console.press("u");
    console.shows(&["nothing to undo"]).await;
    drop(again);
}

#[tokio::test]
async fn the_time_of_a_desk_goes_on_over_a_restart() {
    let place = Place::open();
    let address = Address::parse(&place.target.to_string()).expect("an address");
    let desk = place.attach("me@here").await;
    let before = desk.now();
    place.api.stop().await;
    place.engine.stop(Duration::ZERO).await;
    contact(&desk, |contact| contact.lost().count() == 1).await;
    let again = Place::at(&address, &ApiArgs::default());
    contact(&desk, |contact| contact.peers[0].restarts == 1).await;
    let mut snapshots = desk.snapshots();
    let later = snapshots.wait_for(|snapshot| snapshot.at >= before);
    let later = tokio::time::timeout(PATIENCE, later).await;
    later.expect("in time").expect("it lives");
    drop(again);
}

/// Two engines with a proxy `db` each, a desk of both, and a console over it.
async fn two() -> ([Place; 2], RemoteDesk, Console) {
    let places = [with_db().await, with_db().await];
    let targets = places.each_ref().map(|place| place.target.clone());
    let desk = attach(&targets, "me@here").await;
    let mut console = console(Desk::of(desk.clone()));
    console.resize(120, 35);
    console.shows(&["2 desks", ".db"]).await;
    (places, desk, console)
}

async fn plan_is(place: &Place, faults: &str) {
    engine_is(&place.engine, |all| {
        all.proxies[0].plan.to_string() == faults
    })
    .await;
}

#[tokio::test]
async fn of_several_desks_each_has_its_name_and_one_that_is_lost_leaves_the_others() {
    let ([one, two], desk, mut console) = two().await;
    let names: Vec<String> = {
        let snapshot = desk.snapshots().borrow().clone();
        let rows = snapshot.proxies.iter();
        rows.map(|row| row.name.clone()).collect()
    };
    let peers = desk.contact().borrow().peers.clone();
    let wanted = peers.iter().map(|peer| format!("{}.db", peer.name));
    assert_eq!(names, wanted.collect::<Vec<_>>());
    // Nothing else tells two of one machine apart.
    let ports = [&one, &two].map(|place| place.target.to_string().replace("127.0.0.1:", ""));
    let names: Vec<&str> = peers.iter().map(|peer| peer.name.as_str()).collect();
    assert_eq!(names, ports);
    // The second one's alone.
    console.press("j5");
    plan_is(&two, "latency 250ms").await;
    assert!(one.engine.snapshot().await.proxies[0].plan.is_empty());
    one.api.stop().await;
    one.engine.stop(Duration::ZERO).await;
    contact(&desk, |contact| contact.lost().count() == 1).await;
    console.shows(&["NO CONTACT with "]).await;
    console.press("6");
    plan_is(&two, "latency 500ms").await;
    console.press("k7");
    console.shows(&["has ended: nothing was changed"]).await;
}

#[tokio::test]
async fn of_several_desks_a_proxy_goes_where_its_name_says_and_comes_back_there() {
    let ([one, two], desk, mut console) = two().await;
    let second = desk.contact().borrow().peers[1].name.clone();
    console.press(&format!("a0=127.0.0.1:9 as {second}.web"));
    console.enter();
    console
        .until("the proxy", |screen| screen.contains("added"))
        .await;
    assert!(two.engine.find("web").is_some() && one.engine.find("web").is_none());
    console.press("d");
    engine_is(&two.engine, |all| all.proxies.len() == 1).await;
    console.shows(&["u brings it back"]).await;
    console.press("u");
    engine_is(&two.engine, |all| all.proxies.len() == 2).await;
    assert!(two.engine.find("web").is_some() && one.engine.find("web").is_none());
}
