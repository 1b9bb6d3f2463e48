//! curl through https:// proxies: certificates that are right, and the line that says why one is not.

#![cfg(unix)]

mod support;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use faultboard::fault::Plan;
use faultboard::mapping::{Mapping, Protocol};
use faultboard::proxy::tls::TlsOptions;
use faultboard::proxy::{Engine, Events, Options};
use faultboard::snapshot::{CloseReason, Happening, Negotiated, ProxyId};
use rustix::process::Signal;
use support::mischief::while_faults_change;
use support::services::{Service, fail, find, run, succeed};
use support::tls::{Authority, Clients, Issued, Valid, https};
use support::{close_reason, latency, listening, mapping, mapping_to, next, pattern};

/// A proxy in front of a server, and curl.
struct Desk {
    curl: PathBuf,
    engine: Engine,
    proxy: ProxyId,
    addr: SocketAddr,
    events: Events,
}

impl Desk {
    async fn start(curl: &Path, mapping: Mapping, tls: TlsOptions) -> Self {
        let engine = Engine::start(Options {
            seed: 1,
            workers: 2,
            tls,
            ..Options::default()
        })
        .expect("the engine starts");
        let mut events = engine.events();
        let proxy = engine.add(mapping, Plan::default()).await;
        Self {
            curl: curl.to_owned(),
            proxy: proxy.expect("a free port"),
            addr: listening(&mut events).await,
            engine,
            events,
        }
    }

    /// curl that asks for `path` in clear text.
    fn curl(&self, path: &str) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.curl);
        command
            .args(["-q", "-sS", "--noproxy", "*"])
            .arg(format!("http://{}/{path}", self.addr));
        command
    }

    /// What the server says that the handshake agreed on.
    async fn agreed(&self) -> String {
        succeed(&mut self.curl("")).await
    }

    /// What the next handshake agreed on, without the time that it took.
    async fn secured(&mut self) -> String {
        loop {
            if let Happening::Secured { tls, .. } = &next(&mut self.events).await.what {
                let timeless = Negotiated {
                    took: Duration::ZERO,
                    ..Negotiated::clone(tls)
                };
                return timeless.to_string().replacen(" 0ms", "", 1);
            }
        }
    }

    /// Why curl got nothing.
    async fn refused(&mut self) -> CloseReason {
        fail(&mut self.curl("")).await;
        close_reason(&mut self.events).await
    }
}

fn curl() -> Option<PathBuf> {
    find("curl", "curl", &[])
}

fn localhost(server: SocketAddr) -> Mapping {
    mapping_to(Protocol::Https, "localhost", server.port())
}

fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions {
        ca_files: vec![authority.ca_file()],
        ..TlsOptions::default()
    }
}

fn tls_reason(why: impl Into<String>) -> CloseReason {
    CloseReason::Tls(why.into())
}

/// A server for anybody with a certificate of a new authority for `names`.
async fn server(names: &[&str], valid: Valid) -> (Authority, SocketAddr) {
    let authority = Authority::new();
    let addr = https(&authority.issue(names, valid), Clients::Any).await;
    (authority, addr)
}

#[tokio::test]
async fn a_certificate_of_a_given_authority_is_good_and_http_1_1_is_offered() {
    let Some(curl) = curl() else { return };
    let (authority, addr) = server(&["localhost"], Valid::Now).await;
    let desk = Desk::start(&curl, localhost(addr), trusting(&authority)).await;
    assert_eq!(
        desk.agreed().await,
        "alpn=http/1.1 sni=localhost client=none"
    );
}

#[tokio::test]
async fn tls_offers_no_protocol() {
    let Some(curl) = curl() else { return };
    let (authority, addr) = server(&["localhost"], Valid::Now).await;
    let mapping = mapping_to(Protocol::Tls, "localhost", addr.port());
    let desk = Desk::start(&curl, mapping, trusting(&authority)).await;
    assert_eq!(desk.agreed().await, "alpn=none sni=localhost client=none");
}

#[tokio::test]
async fn a_certificate_of_an_address_is_good_for_it() {
    let Some(curl) = curl() else { return };
    let (authority, addr) = server(&["127.0.0.1"], Valid::Now).await;
    let mapping = Mapping {
        protocol: Some(Protocol::Https),
        ..mapping(addr)
    };
    let desk = Desk::start(&curl, mapping, trusting(&authority)).await;
    assert_eq!(desk.agreed().await, "alpn=http/1.1 sni=none client=none");
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let Some(curl) = curl() else { return };
    let (_, addr) = server(&["localhost"], Valid::Now).await;
    let mut desk = Desk::start(&curl, localhost(addr), trusting(&Authority::new())).await;
    let said = desk.refused().await.to_string();
    assert!(
        said.starts_with("certificate of localhost is signed by "),
        "{said}"
    );
}

#[tokio::test]
async fn another_hosts_certificate_is_refused_and_named_by_sni_it_is_good() {
    let Some(curl) = curl() else { return };
    let (authority, addr) = server(&["db.local"], Valid::Now).await;
    let mut desk = Desk::start(&curl, localhost(addr), trusting(&authority)).await;
    assert_eq!(
        desk.refused().await,
        tls_reason(
            "certificate of localhost is for db.local: give --sni db.local, or --insecure to try without"
        )
    );
    let options = TlsOptions {
        sni: Some("db.local".into()),
        ..trusting(&authority)
    };
    let desk = Desk::start(&curl, localhost(addr), options).await;
    assert_eq!(
        desk.agreed().await,
        "alpn=http/1.1 sni=db.local client=none"
    );
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let Some(curl) = curl() else { return };
    let (authority, addr) = server(&["localhost"], Valid::Past).await;
    let mut desk = Desk::start(&curl, localhost(addr), trusting(&authority)).await;
    assert_eq!(
        desk.refused().await,
        tls_reason(
            "certificate of localhost expired on 2002-01-01: renew it, or give --insecure to try without"
        )
    );
}

#[tokio::test]
async fn insecure_lets_every_certificate_through() {
    let Some(curl) = curl() else { return };
    for (names, valid) in [
        (["localhost"], Valid::Now),
        (["db.local"], Valid::Now),
        (["localhost"], Valid::Past),
    ] {
        let (_, addr) = server(&names, valid).await;
        let options = TlsOptions {
            insecure: true,
            ..TlsOptions::default()
        };
        let desk = Desk::start(&curl, localhost(addr), options).await;
        let agreed = "alpn=http/1.1 sni=localhost client=none";
        assert_eq!(desk.agreed().await, agreed, "{names:?}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_client_certificate_gets_ours_or_is_explained() {
    let Some(curl) = curl() else { return };
    let authority = Authority::new();
    let issued = authority.issue(&["localhost"], Valid::Now);
    let addr = https(&issued, Clients::Of(&authority)).await;
    let ours = |issued: Issued| TlsOptions {
        client_cert: Some(issued.cert_file),
        client_key: Some(issued.key_file),
        ..trusting(&authority)
    };
    let known = ours(authority.issue(&["client.local"], Valid::Now));
    let desk = Desk::start(&curl, localhost(addr), known).await;
    let agreed = "alpn=http/1.1 sni=localhost client=known";
    assert_eq!(desk.agreed().await, agreed);

    let mut desk = Desk::start(&curl, localhost(addr), trusting(&authority)).await;
    let why = format!(
        "upstream localhost:{} asks for a client certificate: give --client-cert and --client-key",
        addr.port()
    );
    assert_eq!(desk.refused().await, tls_reason(why));

    let stranger = Authority::new();
    let unknown = ours(stranger.issue(&["client.local"], Valid::Now));
    let mut desk = Desk::start(&curl, localhost(addr), unknown).await;
    let why = format!(
        "upstream localhost:{} does not accept the client certificate of --client-cert: unknown authority",
        addr.port()
    );
    assert_eq!(desk.refused().await, tls_reason(why));
}

#[tokio::test]
async fn a_server_without_tls_is_named() {
    let Some(curl) = curl() else { return };
    let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    let addr = support::serve(move |mut stream| async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(answer).await;
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    let mut desk = Desk::start(&curl, localhost(addr), TlsOptions::default()).await;
    let why = format!(
        "upstream localhost:{} does not speak TLS: use http:// or host:port",
        addr.port()
    );
    assert_eq!(desk.refused().await, tls_reason(why));
}

#[tokio::test]
async fn a_large_download_over_tls_is_whole_while_faults_change() {
    let Some(curl) = curl() else { return };
    let (authority, addr) = server(&["localhost"], Valid::Now).await;
    let desk = Desk::start(&curl, localhost(addr), trusting(&authority)).await;
    let len = 20_000_000;
    let mut download = desk.curl(&len.to_string());
    let (output, changes) = while_faults_change(&desk.engine, desk.proxy, run(&mut download)).await;
    assert!(
        output.stdout == pattern(len),
        "{} bytes, not as sent, after {changes} changes",
        output.stdout.len()
    );
}

#[tokio::test]
async fn both_versions_of_openssls_tls_are_spoken() {
    let (Some(curl), Some(openssl)) = (curl(), find("openssl", "openssl", &[])) else {
        return;
    };
    let authority = Authority::new();
    let issued = authority.issue(&["localhost"], Valid::Now);
    for (version, shown) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let server = |port: u16| {
            let mut command = Command::new(&openssl);
            command.args(["s_server", "-www", version, "-4"]);
            command.args(["-accept", &format!("127.0.0.1:{port}")]);
            command.arg("-cert").arg(&issued.cert_file);
            command.arg("-key").arg(&issued.key_file);
            command
        };
        let (_running, port) = Service::on_a_free_port(server, "ACCEPT", Signal::KILL);
        let mapping = mapping_to(Protocol::Https, "localhost", port);
        let desk = Desk::start(&curl, mapping, trusting(&authority)).await;
        let page = desk.agreed().await;
        assert!(page.contains(shown), "{version}: {page}");
    }
}

/// A server that speaks HTTP/2 over TLS and hangs up on whoever does not offer it, as gRPC's do; it serves `page`.
fn http2_server(authority: &Authority) -> Option<(Service, u16)> {
    let nghttpd = find("nghttpd", "nghttp2-server", &["/usr/sbin".into()])?;
    let issued = authority.issue(&["localhost"], Valid::Now);
    let folder = issued.cert_file.parent().expect("a folder").to_owned();
    std::fs::write(folder.join("page"), "served over HTTP/2").expect("a page is written");
    let command = |port: u16| {
        let mut command = Command::new(&nghttpd);
        command.args(["-v", "-a", "127.0.0.1", "-d"]).arg(&folder);
        command.arg(port.to_string());
        command.arg(&issued.key_file).arg(&issued.cert_file);
        command
    };
    Some(Service::on_a_free_port(command, "listen", Signal::KILL))
}

/// A mapping without a protocol of its own to offer, with `alpn=h2`.
fn offering_h2(port: u16) -> Mapping {
    Mapping {
        alpn: vec!["h2".to_owned()],
        ..mapping_to(Protocol::Tls, "localhost", port)
    }
}

#[tokio::test]
async fn http_2_in_clear_text_reaches_a_server_that_speaks_it_over_tls_alone() {
    let authority = Authority::new();
    let (Some(curl), Some((_running, port))) = (curl(), http2_server(&authority)) else {
        return;
    };
    let for_all = TlsOptions {
        alpn: Some(vec!["h2".to_owned()]),
        ..trusting(&authority)
    };
    let plain = mapping_to(Protocol::Tls, "localhost", port);
    for (mapping, tls) in [(offering_h2(port), trusting(&authority)), (plain, for_all)] {
        let mut desk = Desk::start(&curl, mapping, tls).await;
        let mut command = desk.curl("page");
        let page =
            succeed(command.args(["--http2-prior-knowledge", "-w", " %{http_version}"])).await;
        assert_eq!(page, "served over HTTP/2 2");
        assert_eq!(desk.secured().await, "TLS 1.3 ok, ALPN h2");
    }
}

#[tokio::test]
async fn many_streams_of_http_2_pass_a_delay_over_tls() {
    let authority = Authority::new();
    let (Some(curl), Some((_running, port))) = (curl(), http2_server(&authority)) else {
        return;
    };
    let Some(h2load) = find("h2load", "nghttp2-client", &[]) else {
        return;
    };
    let desk = Desk::start(&curl, offering_h2(port), trusting(&authority)).await;
    let plan = Plan::of([latency(2)]);
    desk.engine
        .set_plan(desk.proxy, plan)
        .await
        .expect("a proxy");
    let mut command = tokio::process::Command::new(h2load);
    command.args(["-n", "200", "-c", "4", "-m", "20", "-p", "h2c"]);
    command.arg(format!("http://{}/page", desk.addr));
    let report = succeed(&mut command).await;
    assert!(report.contains("200 succeeded, 0 failed"), "{report}");
}

#[tokio::test]
async fn a_server_that_takes_nothing_of_what_is_offered_is_told() {
    let Some(curl) = curl() else { return };
    let Some(openssl) = find("openssl", "openssl", &[]) else {
        return;
    };
    let authority = Authority::new();
    let issued = authority.issue(&["localhost"], Valid::Now);
    let server = |port: u16| {
        let mut command = Command::new(&openssl);
        command.args(["s_server", "-www", "-tls1_3", "-4", "-accept"]);
        command.arg(format!("127.0.0.1:{port}"));
        command.arg("-cert").arg(&issued.cert_file);
        command.arg("-key").arg(&issued.key_file);
        command
    };
    let (_running, port) = Service::on_a_free_port(server, "ACCEPT", Signal::KILL);
    let mut desk = Desk::start(&curl, offering_h2(port), trusting(&authority)).await;
    desk.agreed().await;
    assert_eq!(
        desk.secured().await,
        "TLS 1.3 ok, without ALPN: h2 not taken"
    );
}
