//! All pods that match a label selector as one desk.

use faultboard::desk::Desk as _;

use crate::cluster::Cluster;
use crate::desk::{Desk, attach, console, contact, engine_is, with_db};

#[tokio::test]
async fn pods_that_match_are_one_desk_that_they_come_to_and_go_from() {
    let cluster = Cluster::start().await;
    let (first, second, third) = (with_db().await, with_db().await, with_db().await);
    cluster.run("shop-1", "shop", &first);
    cluster.run("shop-2", "shop", &second);
    cluster.put("shop-3", "shop", "Pending", None);
    cluster.run("till-1", "till", &third);
    let target = cluster.target("k8s://prod/?app=shop");
    let desk = attach(&[target], "me@here").await;
    let mut console = console(Desk::of(desk.clone()));
    console.resize(120, 35);
    console
        .shows(&["⇄ 2 desks", "shop-1.db", "shop-2.db"])
        .await;
    console.press("j5");
    engine_is(&second.engine, |all| !all.proxies[0].plan.is_empty()).await;
    assert!(first.engine.snapshot().await.proxies[0].plan.is_empty());

    cluster.run("shop-3", "shop", &third);
    console
        .shows(&["⇄ 3 desks", "shop-3.db", "shop-3 is in contact"])
        .await;
    cluster.delete("shop-2");
    console.shows(&["⇄ 2 desks", "shop-2 is gone"]).await;
    let names: Vec<String> = {
        let snapshot = desk.snapshots().borrow().clone();
        let rows = snapshot.proxies.iter();
        rows.map(|row| row.name.clone()).collect()
    };
    assert_eq!(names, ["shop-1.db", "shop-3.db"]);
    // Its place is another's only when there is no other: the numbers of the first are its own still.
    console.press("g5");
    engine_is(&first.engine, |all| !all.proxies[0].plan.is_empty()).await;

    for pod in ["shop-1", "shop-3"] {
        cluster.delete(pod);
    }
    console.shows(&["NO POD IS THERE"]).await;
    cluster.run("shop-4", "shop", &first);
    console.shows(&["⇄ shop-4", "shop-4.db", "● LIVE"]).await;
}

#[tokio::test]
async fn more_pods_than_are_followed_are_said() {
    let (cluster, place) = (Cluster::start().await, with_db().await);
    cluster.run("shop-00", "shop", &place);
    for number in 1..66 {
        cluster.put(&format!("shop-{number:02}"), "shop", "Running", None);
    }
    let desk = attach(&[cluster.target("k8s://prod/?app=shop")], "me@here").await;
    let mut console = console(Desk::of(desk.clone()));
    console.resize(120, 35);
    contact(&desk, |contact| contact.peers.len() == 64).await;
    console.shows(&["64 pods are shown, and more match"]).await;
}
