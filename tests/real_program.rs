//! The program itself between real clients and real servers: its options reach the engine, its commands the connections.

#![cfg(unix)]

#[path = "headless/session.rs"]
#[allow(dead_code, reason = "shared with the tests of the headless program")]
mod session;
mod support;

use serde_json::json;
use session::Session;
use support::postgres::tls_only;
use support::services::{fail, find, succeed};
use support::tls::{Authority, Clients, Valid, https};

#[tokio::test]
async fn the_options_about_tls_reach_the_handshake() {
    let Some(curl) = find("curl", "curl", &[]) else {
        return;
    };
    let authority = Authority::new();
    let file = |path: std::path::PathBuf| path.to_str().expect("a plain path").to_owned();
    let ca = file(authority.ca_file());
    let client = authority.issue(&["client.local"], Valid::Now);
    let (cert, key) = (file(client.cert_file), file(client.key_file));
    let localhost = authority.issue(&["localhost"], Valid::Now);
    let other = authority.issue(&["db.local"], Valid::Now);
    let open = https(&localhost, Clients::Any).await;
    let renamed = https(&other, Clients::Any).await;
    let closed = https(&localhost, Clients::Of(&authority)).await;
    for (options, server, agreed) in [
        (vec!["--ca-file", &ca], open, "sni=localhost client=none"),
        (vec!["--insecure"], renamed, "sni=localhost client=none"),
        (
            vec!["--ca-file", &ca, "--sni", "db.local"],
            renamed,
            "sni=db.local client=none",
        ),
        (
            vec![
                "--ca-file",
                &ca,
                "--client-cert",
                &cert,
                "--client-key",
                &key,
            ],
            closed,
            "sni=localhost client=known",
        ),
    ] {
        let mapping = format!("0=https://localhost:{}", server.port());
        let mut session = Session::start(&[&options[..], &["--headless", &mapping]].concat());
        let url = format!("http://{}/", session.address());
        let mut curl = tokio::process::Command::new(&curl);
        let seen = succeed(curl.args(["-q", "-sS", "--noproxy", "*", &url])).await;
        assert_eq!(seen, format!("alpn=http/1.1 {agreed}"), "{options:?}");
        session.ask("quit", "done");
    }
}

#[tokio::test]
async fn commands_reach_a_psql_that_is_connected() {
    let Some(server) = tls_only() else { return };
    let ca = server.authority().ca_file();
    let mapping = format!("0=psqls://localhost:{} as shop", server.port);
    let faults = "latency 20ms";
    let ca = ca.to_str().expect("a plain path");
    let mut session = Session::start(&["--headless", "--ca-file", ca, "-f", faults, &mapping]);
    let port = session.address().port();

    let seen = succeed(&mut server.psql(port, "prefer", "select 6 * 7")).await;
    assert_eq!(seen, "42\n");
    let closed = session.wait("closed");
    // A psql that is done says so inside the protocol, then ends its stream: a busy machine may let the server be first.
    let in_order = [json!("client_done"), json!("upstream_done")];
    assert!(in_order.contains(&closed["reason"]), "{closed}");

    let mut sleeping = server.psql(port, "disable", "select pg_sleep(600) /* killed */");
    let sleeping = tokio::spawn(async move { fail(&mut sleeping).await });
    server.logged("pg_sleep(600) /* killed */").await;
    let done = session.ask("set shop latency 5ms, bandwidth 1MB/s", "done");
    assert_eq!(
        (&done["taken"], &done["of"]),
        (&1.into(), &1.into()),
        "{done}"
    );
    let listed = session.ask("list", "done");
    assert_eq!(listed["proxies"][0]["connections"], 1, "{listed}");
    session.ask("kill 2 rst", "done");
    let error = sleeping.await.expect("joins");
    let told = "server closed the connection unexpectedly";
    assert!(error.contains(told) || error.contains("reset"), "{error}");
    session.ask("kill 2 rst", "refused");
    session.ask("quit", "done");
}
