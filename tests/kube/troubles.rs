//! What stands between the console and a pod is said in one line.

use std::path::PathBuf;

use axum::http::StatusCode;
use faultboard::remote::{RemoteDesk, Target};

use crate::cluster::{Cluster, TOKEN};
use crate::desk::options;
use crate::support::nobody;

async fn why_not(text: &str, kubeconfig: PathBuf) -> String {
    let target = Target::parse(text).expect("pods");
    let target = target.by_kubeconfig(&kubeconfig);
    let attached = RemoteDesk::attach(&[target], &options("me@here")).await;
    let why = attached.err().expect("no desk").to_string();
    assert!(!why.contains('\n'), "{why}");
    why
}

#[tokio::test]
async fn what_a_cluster_does_not_do_is_said_in_one_line() {
    let cluster = Cluster::start().await;
    cluster.put("shop-1", "shop", "Running", None);
    let good = || cluster.kubeconfig(&format!("server: 'http://{}'", cluster.addr), TOKEN);
    for (target, says) in [
        (
            "k8s://prod/shop-9",
            "k8s://prod/shop-9: there is no such pod in the namespace prod",
        ),
        (
            "k8s://prod/?app=none",
            "k8s://prod/?app=none: no pod that runs matches",
        ),
        (
            "k8s://prod/?,",
            "k8s://prod/?,: the cluster refuses: unable to parse requirement: %2C",
        ),
        (
            "k8s://prod/shop-1",
            "nothing answers on k8s://prod/shop-1: nothing listens on port 8474 of the pod: is faultboard started with --api there?",
        ),
        (
            "k8s://prod/shop-1:9",
            "nothing answers on k8s://prod/shop-1:9: nothing listens on port 9 of the pod: is faultboard started with --api there?",
        ),
    ] {
        assert_eq!(why_not(target, good()).await, says);
    }
    cluster.end_forwards(true);
    assert_eq!(
        why_not("k8s://prod/shop-1", good()).await,
        "nothing answers on k8s://prod/shop-1: the cluster refuses: it answers 503 to a port-forward"
    );
    cluster.answer_all(StatusCode::FORBIDDEN);
    assert_eq!(
        why_not("k8s://prod/?app=shop", good()).await,
        "k8s://prod/?app=shop: the cluster forbids it: pods is forbidden: User \"me\" cannot list resource \"pods\""
    );
    assert_eq!(
        why_not("k8s://prod/shop-1", good()).await,
        "nothing answers on k8s://prod/shop-1: the cluster forbids it: a port-forward in prod wants the verb create on pods/portforward"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_kubeconfig_is_said_in_one_line() {
    let cluster = Cluster::start().await;
    let server = |addr| format!("server: 'http://{addr}'");
    let stranger = cluster.kubeconfig(&server(cluster.addr), "another-token");
    let says = why_not("k8s://prod/shop-1", stranger).await;
    let credentials =
        "the cluster does not take the credentials of the kubeconfig (401): log in to it again";
    assert_eq!(says, format!("k8s://prod/shop-1: {credentials}"));
    assert!(!says.contains("another-token"));
    let away = cluster.kubeconfig(&server(nobody().await), TOKEN);
    let nothing = cluster.file("").with_extension("missing");
    for (kubeconfig, begins, names) in [
        (away, "no contact with the cluster: ", "onnection refused"),
        (
            nothing.clone(),
            "no cluster: cannot read the kubeconfig ",
            &*nothing.display().to_string(),
        ),
        (
            cluster.file("clusters: 7"),
            "no cluster: the kubeconfig /",
            " is damaged: ",
        ),
        (
            cluster.file("a: [b"),
            "no cluster: the kubeconfig /",
            "line 1",
        ),
        (
            cluster.file("apiVersion: v1\nkind: Config\ncurrent-context: gone\n"),
            "no cluster: the kubeconfig /",
            "gone",
        ),
    ] {
        let says = why_not("k8s://prod/shop-1", kubeconfig).await;
        let why = says.strip_prefix("k8s://prod/shop-1: ").expect(&says);
        assert!(why.starts_with(begins) && why.contains(names), "{says}");
    }
}
