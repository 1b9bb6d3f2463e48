//! Redis's own programs through a plain proxy.

#![cfg(unix)]

mod support;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use faultboard::fault::Plan;
use faultboard::proxy::Engine;
use faultboard::snapshot::ProxyId;
use rustix::process::Signal;
use support::mischief::while_faults_change;
use support::services::{Service, find, run_with, succeed};
use support::{engine, latency, pattern, proxy};
use tempfile::TempDir;

/// A server with a proxy before it.
struct Desk {
    engine: Engine,
    proxy: ProxyId,
    addr: SocketAddr,
    cli: PathBuf,
    benchmark: PathBuf,
    _server: Service,
    _folder: TempDir,
}

impl Desk {
    /// `None` where Redis is not installed.
    async fn start() -> Option<Self> {
        let server = find("redis-server", "redis-server", &[])?;
        let cli = find("redis-cli", "redis-tools", &[])?;
        let benchmark = find("redis-benchmark", "redis-tools", &[])?;
        let folder = TempDir::new().expect("a temporary folder");
        let command = |port: u16| {
            let mut command = Command::new(&server);
            command
                .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
                .args(["--save", "", "--appendonly", "no", "--dir"])
                .arg(folder.path());
            command
        };
        let ready = "eady to accept connections";
        let (running, port) = Service::on_a_free_port(command, ready, Signal::KILL);
        let engine = engine();
        let upstream = SocketAddr::from(([127, 0, 0, 1], port));
        let (proxy, addr) = proxy(&engine, upstream, Plan::of([latency(10)])).await;
        Some(Self {
            engine,
            proxy,
            addr,
            cli,
            benchmark,
            _server: running,
            _folder: folder,
        })
    }

    fn cli(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.cli);
        command.args(["-h", "127.0.0.1", "-p", &self.addr.port().to_string()]);
        command.args(arguments);
        command
    }
}

#[tokio::test]
async fn what_redis_cli_sets_it_gets_back() {
    let Some(desk) = Desk::start().await else {
        return;
    };
    let file = TempDir::new().expect("a temporary folder");
    let file = file.path().join("value");
    // Letters only, so that the answer is the value and a line's end.
    let value: Vec<u8> = pattern(3_000_000)
        .iter()
        .map(|byte| b'a' + byte % 26)
        .collect();
    std::fs::write(&file, &value).expect("written");
    let mut set = desk.cli(&["-x", "set", "key"]);
    let input = std::fs::File::open(&file).expect("just written");
    assert_eq!(run_with(input, &mut set).await.stdout, b"OK\n");
    let mut get = desk.cli(&["get", "key"]);
    let (got, _) = while_faults_change(&desk.engine, desk.proxy, succeed(&mut get)).await;
    assert!(
        got.trim_end().as_bytes() == value,
        "{} bytes, not as set",
        got.len()
    );
}

#[tokio::test]
async fn redis_benchmark_loses_no_request_while_faults_change() {
    let Some(desk) = Desk::start().await else {
        return;
    };
    let mut benchmark = tokio::process::Command::new(&desk.benchmark);
    benchmark
        .args(["-h", "127.0.0.1", "-p", &desk.addr.port().to_string()])
        .args([
            "-c", "20", "-n", "40000", "-P", "4", "-q", "incr", "counter",
        ]);
    let (report, changes) =
        while_faults_change(&desk.engine, desk.proxy, succeed(&mut benchmark)).await;
    assert!(report.contains("requests per second"), "{report}");
    let counted = succeed(&mut desk.cli(&["get", "counter"])).await;
    assert_eq!(counted, "40000\n");
    assert!(changes > 0, "the faults did not change");
}
