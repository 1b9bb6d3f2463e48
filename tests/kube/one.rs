//! One pod.

use std::time::Duration;

use faultboard::api::{Address, ApiArgs};
use faultboard::desk::{Desk as _, Reach};
use faultboard::fault::Plan;
use faultboard::remote::{RemoteDesk, Target};
use faultboard::request::{Request, RequestError};
use faultboard::snapshot::ProxyId;
use tokio_rustls::TlsAcceptor;

use crate::cluster::{Cluster, TOKEN};
use crate::desk::{Desk, Place, attach, console, contact, engine_is, with_db};
use crate::support::latency;
use crate::support::tls::{Authority, Clients, Valid, config};

async fn pod(cluster: &Cluster, text: &str) -> RemoteDesk {
    attach(&[cluster.target(text)], "me@here").await
}

#[tokio::test]
async fn a_fault_is_turned_in_a_pod_by_forwards_of_its_api_alone() {
    let (cluster, place) = (Cluster::start().await, with_db().await);
    cluster.run("shop-7d9f", "shop", &place);
    let desk = pod(&cluster, "k8s://prod/shop-7d9f").await;
    let mut console = console(Desk::of(desk));
    console.resize(120, 35);
    console
        .shows(&["⇄ shop-7d9f", "k8s://prod/shop-7d9f", " db "])
        .await;
    console.press("5");
    engine_is(&place.engine, |all| {
        all.proxies[0].plan.to_string() == "latency 250ms"
    })
    .await;
    let asked = cluster.asked();
    assert!(asked.iter().all(|it| it == "shop-7d9f:8474"), "{asked:?}");
}

#[tokio::test]
async fn a_forward_that_ends_comes_back_by_itself_and_nothing_is_changed_meanwhile() {
    let (cluster, place) = (Cluster::start().await, with_db().await);
    cluster.run("shop-7d9f", "shop", &place);
    let desk = pod(&cluster, "k8s://prod/shop-7d9f").await;
    cluster.end_forwards(true);
    contact(&desk, |contact| contact.lost().count() == 1).await;
    let set = Request::SetPlan {
        proxy: ProxyId(1),
        before: None,
        plan: Plan::of([latency(1)]),
    };
    let refused = desk.ask(set).await.expect_err("nobody is asked");
    assert!(matches!(refused, RequestError::NoContact(_)), "{refused}");
    cluster.end_forwards(false);
    contact(&desk, |contact| contact.peers[0].reach == Reach::Here).await;
    assert_eq!(desk.contact().borrow().peers[0].restarts, 0);
    assert!(place.engine.snapshot().await.proxies[0].plan.is_empty());
}

#[tokio::test]
async fn a_pod_whose_container_is_restarted_is_in_contact_again_as_another_run() {
    let (cluster, place) = (Cluster::start().await, with_db().await);
    cluster.run("shop-7d9f", "shop", &place);
    let desk = pod(&cluster, "k8s://prod/shop-7d9f").await;
    place.api.stop().await;
    place.engine.stop(Duration::ZERO).await;
    contact(&desk, |contact| contact.lost().count() == 1).await;
    let address = Address::parse("127.0.0.1:0").expect("an address");
    let again = Place::at(&address, &ApiArgs::default());
    cluster.run("shop-7d9f", "shop", &again);
    contact(&desk, |contact| contact.peers[0].restarts == 1).await;
}

#[tokio::test]
async fn a_cluster_is_trusted_by_the_authority_of_the_kubeconfig() {
    let (authority, place) = (Authority::new(), with_db().await);
    let issued = authority.issue(&["127.0.0.1"], Valid::Now);
    let mut tls = config(&issued, Clients::Any);
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(std::sync::Arc::new(tls));
    let greet = move |socket| {
        let accepted = acceptor.accept(socket);
        async { accepted.await.ok() }
    };
    let cluster = Cluster::serve(greet).await;
    cluster.run("shop-7d9f", "shop", &place);
    let server = format!("server: 'https://{}'", cluster.addr);
    let trusted = format!(
        "{server}, certificate-authority: '{}'",
        authority.ca_file().display()
    );
    let target = |cluster_lines: &str| {
        let path = cluster.kubeconfig(cluster_lines, TOKEN);
        let target = Target::parse("k8s://prod/shop-7d9f").expect("a pod");
        target.by_kubeconfig(&path)
    };
    attach(&[target(&trusted)], "me@here").await;
    let options = crate::desk::options("me@here");
    let refused = RemoteDesk::attach(&[target(&server)], &options).await;
    let refused = refused.err().expect("nobody is trusted so").to_string();
    let says = "k8s://prod/shop-7d9f: no contact with the cluster: ";
    assert!(
        refused.starts_with(says) && refused.contains("certificate"),
        "{refused}"
    );
}
