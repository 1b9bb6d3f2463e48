//! Real clients: what each did in failure, as measured from outside by a plain listener, and what a desk stated of it.
//!
//! The libraries come from `PyPI` and npm; `.ci/run` installs them below `target/clients`, and a client that is missing or never
//! speaks is left out with a word. What is stated must be so; what is not stated is told in the table only:
//! `FAULTBOARD_TABLE=1 cargo test --test real_clients -- --ignored --nocapture`; `FAULTBOARD_CLIENT=curl` runs those only whose name has it.

#![cfg(unix)]
#![allow(unreachable_pub, reason = "modules of one test")]

#[path = "../support/mod.rs"]
mod support;

mod judge;
mod recorder;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use faultboard::fault::{Plan, language};
use faultboard::findings::Finding;
use faultboard::proxy::Engine;
use faultboard::snapshot::{ProxyId, Snapshot};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use judge::{Did, Is};
use recorder::{Mode, Recorder};
use support::postgres::{Offers, Postgres};
use support::services::{Service, find, on_path};
use support::{engine, mapping, serve};

/// A client that is answered nothing for so long is left out.
const SPEAKS: Duration = Duration::from_secs(60);

/// For so long after its first answer a client is left in peace, and for so long its requests fail.
const HEALTH: Duration = Duration::from_secs(13);
const FAILURE: Duration = Duration::from_secs(26);

/// Why a client is left out.
type LeftOut = &'static str;
const MISSING: LeftOut = "its program or library is missing";
const SILENT: LeftOut = "it was not answered once";

/// How a client is run on a port.
#[derive(Clone, Copy)]
enum Run {
    /// A program, and the line of the shell that runs it for the request `$n`, with `PORT` in the place of the port.
    Shell(&'static str, &'static str),
    /// A library of `clients.py` or `clients.mjs`.
    Python(&'static str),
    Node(&'static str),
}

/// What a client speaks to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Server {
    Http,
    Redis,
    Postgres,
}

use Run::{Node, Python, Shell};
use Server::{Http, Redis};

/// A client, what it speaks to, and how its requests fail.
type Client = (&'static str, Run, Server, Mode);

const CLIENTS: [Client; 20] = [
    (
        "curl -m 1",
        Shell("curl", "curl -s -m 1 -o /dev/null http://127.0.0.1:PORT/$n"),
        Http,
        Mode::Holds,
    ),
    (
        "curl -m 0.7 --retry 3 --retry-delay 1",
        Shell(
            "curl",
            "curl -s -m 0.7 --retry 3 --retry-delay 1 -o /dev/null http://127.0.0.1:PORT/$n",
        ),
        Http,
        Mode::Holds,
    ),
    (
        "curl --retry 3 --retry-all-errors, resets",
        Shell(
            "curl",
            "curl -s --retry 3 --retry-delay 1 --retry-all-errors -o /dev/null http://127.0.0.1:PORT/$n",
        ),
        Http,
        Mode::Resets,
    ),
    (
        "wget --timeout=1 --tries=3",
        Shell(
            "wget",
            "wget -q --timeout=1 --tries=3 --waitretry=1 -O /dev/null http://127.0.0.1:PORT/$n",
        ),
        Http,
        Mode::Holds,
    ),
    (
        "urllib3 Retry(3, backoff 0.2)",
        Python("urllib3"),
        Http,
        Mode::Holds,
    ),
    (
        "urllib3 Retry(3, backoff 0.2), resets",
        Python("urllib3"),
        Http,
        Mode::Resets,
    ),
    (
        "requests timeout=0.8",
        Python("requests"),
        Http,
        Mode::Holds,
    ),
    ("httpx timeout=1", Python("httpx"), Http, Mode::Holds),
    ("aiohttp total=0.7", Python("aiohttp"), Http, Mode::Holds),
    (
        "tenacity 4 x 0.5 s, time-out 0.5 s",
        Python("tenacity"),
        Http,
        Mode::Holds,
    ),
    (
        "redis-py Retry(3 x 0.5 s), time-out 0.5 s",
        Python("redis"),
        Redis,
        Mode::Holds,
    ),
    (
        "redis-py Retry(3 x 0.5 s), resets",
        Python("redis"),
        Redis,
        Mode::Resets,
    ),
    (
        "redis-cli",
        Shell(
            "redis-cli",
            "timeout 1 redis-cli -p PORT get item:$n >/dev/null",
        ),
        Redis,
        Mode::Holds,
    ),
    (
        "psql connect_timeout=2",
        Shell(
            "psql",
            "PGCONNECT_TIMEOUT=2 psql -X -q -c \"select $n\" >/dev/null 2>&1",
        ),
        Server::Postgres,
        Mode::Holds,
    ),
    (
        "psycopg_pool of 3",
        Python("psycopg_pool"),
        Server::Postgres,
        Mode::Holds,
    ),
    (
        "node fetch, AbortSignal 0.6 s",
        Node("fetch"),
        Http,
        Mode::Holds,
    ),
    (
        "undici headersTimeout 1.5 s",
        Node("undici"),
        Http,
        Mode::Holds,
    ),
    (
        "axios-retry 3 x 0.7 s, time-out 0.5 s",
        Node("axios"),
        Http,
        Mode::Holds,
    ),
    (
        "got retry 2 x 0.4 s, time-out 0.6 s",
        Node("got"),
        Http,
        Mode::Holds,
    ),
    (
        "ioredis socketTimeout 0.7 s",
        Node("ioredis"),
        Redis,
        Mode::Holds,
    ),
];

/// The servers, and the folder of the libraries.
struct Place {
    http: SocketAddr,
    redis: Option<(Service, u16, TempDir)>,
    postgres: Option<Postgres>,
    libraries: PathBuf,
}

// === impl Place ===

impl Place {
    async fn new() -> Self {
        let redis = find("redis-server", "redis-server", &[]).map(|server| {
            let folder = TempDir::new().expect("a temporary folder");
            let command = |port: u16| {
                let mut command = std::process::Command::new(&server);
                let port = port.to_string();
                command.args([
                    "--bind",
                    "127.0.0.1",
                    "--port",
                    &port,
                    "--save",
                    "",
                    "--dir",
                ]);
                command.arg(folder.path());
                command
            };
            let (service, port) =
                Service::on_a_free_port(command, "eady to accept connections", Signal::KILL);
            (service, port, folder)
        });
        let libraries = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../clients");
        // A module finds its libraries beside itself only; where they are not installed, none of them is run.
        let _ = std::fs::copy(scripts().join("clients.mjs"), libraries.join("clients.mjs"));
        Self {
            http: serve(answer).await,
            redis,
            postgres: Postgres::start(Offers::ClearOnly),
            libraries,
        }
    }

    fn addr(&self, server: Server) -> Result<SocketAddr, LeftOut> {
        let local = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let addr = match server {
            Http => Some(self.http),
            Redis => self.redis.as_ref().map(|(_, port, _)| local(*port)),
            Server::Postgres => self.postgres.as_ref().map(|it| local(it.port)),
        };
        addr.ok_or("its server is missing")
    }

    /// A client on a port; why not, where it cannot be started.
    fn client(&self, run: Run, server: Server, port: u16) -> Result<Child, LeftOut> {
        let mut command = match run {
            Shell(program, line) => {
                on_path(program, &[]).ok_or(MISSING)?;
                let line = line.replace("PORT", &port.to_string());
                let forever =
                    format!("n=0; while :; do n=$((n+1)); {line}; echo $n; sleep 0.3; done");
                let mut command = Command::new("bash");
                command.args(["-c", &forever]);
                command
            }
            Python(library) => {
                let mut command = Command::new(self.library("venv/bin/python")?);
                command.arg(scripts().join("clients.py")).arg(library);
                command
            }
            Node(library) => {
                let beside = self.library("node_modules")?.with_file_name("clients.mjs");
                let mut command = Command::new(on_path("node", &[]).ok_or(MISSING)?);
                command.arg(beside).arg(library);
                command
            }
        };
        command.arg(port.to_string());
        if let (Server::Postgres, Some(postgres)) = (server, &self.postgres) {
            let psql = postgres.client("psql", port, "disable");
            let logs_in = psql.as_std().get_envs();
            command.envs(logs_in.filter_map(|(name, value)| Some((name, value?))));
        }
        command.process_group(0).kill_on_drop(true);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().map_err(|_| "it cannot be started")
    }

    /// Where a library is.
    fn library(&self, name: &str) -> Result<PathBuf, LeftOut> {
        let library = self.libraries.join(name);
        let has = library.exists();
        if !has {
            eprintln!(
                "left out: there is no {} (.ci/run installs it)",
                library.display()
            );
        }
        has.then_some(library).ok_or(MISSING)
    }
}

/// Where the scripts of the clients are.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Serves HTTP/1.1 with connections that are kept.
async fn answer(stream: tokio::net::TcpStream) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|n| n > 0) {
        if line == "\r\n" {
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
        line.clear();
    }
}

/// Ends a client with all that it started.
async fn end(mut client: Child) {
    let group = client
        .id()
        .and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
    if let Some(group) = group {
        // It may have ended by itself.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
    let _ = client.wait().await;
}

/// What a client does before a plain listener.
async fn from_outside(place: &Place, run: Run, server: Server, mode: Mode) -> Result<Did, LeftOut> {
    let recorder = Recorder::before(place.addr(server)?).await;
    let mut client = place.client(run, server, recorder.addr.port())?;
    let mut lines = BufReader::new(client.stdout.take().ok_or(MISSING)?).lines();
    let done = Arc::clone(&recorder.recorded);
    tokio::spawn(async move {
        while let Ok(Some(_)) = lines.next_line().await {
            done.lock().requests += 1;
        }
    });
    let first = async {
        while recorder.recorded.lock().first.is_none() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let began = timeout(SPEAKS, first).await.is_ok();
    if began {
        sleep(HEALTH).await;
        recorder.fail(mode);
        sleep(FAILURE).await;
    }
    end(client).await;
    began
        .then(|| Did::of(&recorder.recorded.lock()))
        .ok_or(SILENT)
}

/// A proxy, and where it listens: many are added at the same time, and each client is to dial its own.
async fn proxy(engine: &Engine, upstream: SocketAddr) -> (ProxyId, SocketAddr) {
    let added = engine.add(mapping(upstream), Plan::default()).await;
    let id = added.expect("a free port");
    let addr = |snapshot: &Snapshot| {
        let row = snapshot.proxies.iter().find(|row| row.id == id)?;
        row.listening.first().copied()
    };
    let mut snapshots = engine.snapshots();
    let known = snapshots.wait_for(|snapshot| addr(snapshot).is_some());
    let addr = addr(&known.await.expect("the engine lives"));
    (id, addr.expect("it listens"))
}

/// What a desk states of the same client at any time.
async fn through_a_desk(
    engine: &Engine,
    place: &Place,
    run: Run,
    server: Server,
    mode: Mode,
) -> Result<Vec<Finding>, LeftOut> {
    let (id, addr) = proxy(engine, place.addr(server)?).await;
    let mut client = place.client(run, server, addr.port())?;
    let mut lines = BufReader::new(client.stdout.take().ok_or(MISSING)?).lines();
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let row = |snapshot: &Snapshot| snapshot.proxies.iter().find(|row| row.id == id).cloned();
    let felt = |snapshot: &Snapshot| row(snapshot).is_some_and(|row| row.feels.is_some());
    let spoke = async {
        while !felt(&*engine.snapshot().await) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    if timeout(SPEAKS, spoke).await.is_err() {
        end(client).await;
        return Err(SILENT);
    }
    sleep(HEALTH).await;
    let faults = match mode {
        Mode::Passes => "",
        Mode::Holds => "blackhole",
        Mode::Resets => "reset",
    };
    let plan = Plan::of(language::parse(faults).expect("faults"));
    engine.set_plan(id, plan).await.expect("a proxy");
    let mut stated: Vec<Finding> = Vec::new();
    for _ in 0..FAILURE.as_millis() / 250 {
        sleep(Duration::from_millis(250)).await;
        let snapshot = engine.snapshot().await;
        for finding in row(&snapshot).iter().flat_map(|row| row.findings.iter()) {
            match stated.iter_mut().find(|before| before.is_about(finding)) {
                Some(before) => *before = finding.clone(),
                None => stated.push(finding.clone()),
            }
        }
    }
    end(client).await;
    Ok(stated)
}

/// What some clients did, and what a desk stated of them: a table, and the clients of which something was stated that is not so,
/// with what that was.
async fn compare(place: &Arc<Place>, clients: &[Client]) -> (Vec<String>, Vec<(Client, String)>) {
    let outside: Vec<_> = clients
        .iter()
        .map(|(_, run, server, mode)| {
            let (run, server, mode) = (*run, *server, *mode);
            let place = Arc::clone(place);
            tokio::spawn(async move { from_outside(&place, run, server, mode).await })
        })
        .collect();
    let mut did = Vec::new();
    for client in outside {
        did.push(client.await.expect("no panic"));
    }
    let engine = engine();
    let through: Vec<_> = clients
        .iter()
        .map(|(_, run, server, mode)| {
            let (place, engine) = (Arc::clone(place), engine.clone());
            let (run, server, mode) = (*run, *server, *mode);
            tokio::spawn(async move { through_a_desk(&engine, &place, run, server, mode).await })
        })
        .collect();
    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    for (client, (did, through)) in clients.iter().zip(did.iter().zip(through)) {
        let name = client.0;
        let (did, stated) = match (did.as_ref(), through.await.expect("no panic")) {
            (Ok(did), Ok(stated)) => (did, stated),
            (Err(&why), _) | (_, Err(why)) => {
                lines.push(format!("{name}: left out: {why}"));
                continue;
            }
        };
        lines.push(format!("{name}\n    did     {}", did.words()));
        for finding in &stated {
            let is = did.judge(finding);
            lines.push(format!("    {:7} {finding}", format!("{is:?}")));
            if is == Is::False {
                wrong.push((*client, format!("{name}: {finding}; did {}", did.words())));
            }
        }
        let missed = did.missed(&stated).join(", ");
        lines.push(format!("    missed  {missed}"));
    }
    (lines, wrong)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "drives other people's programs for three minutes: .ci/run runs it, and people read its table"]
async fn what_is_stated_of_real_clients_is_what_they_did() {
    let only = std::env::var("FAULTBOARD_CLIENT").unwrap_or_default();
    let clients = CLIENTS.iter().filter(|(name, ..)| name.contains(&only));
    let clients: Vec<Client> = clients.copied().collect();
    let place = Arc::new(Place::new().await);
    let (mut lines, mut wrong) = compare(&place, &clients).await;
    if !wrong.is_empty() {
        // Where all run at once on a busy machine, a client may do another thing the second time: those alone are asked again.
        let mut again: Vec<Client> = wrong.iter().map(|(client, _)| *client).collect();
        again.dedup_by_key(|client| client.0);
        lines.extend(
            wrong
                .iter()
                .map(|(_, why)| format!("again, because of {why}")),
        );
        let (more, still) = compare(&place, &again).await;
        lines.extend(more);
        wrong = still;
    }
    if std::env::var_os("FAULTBOARD_TABLE").is_some() {
        println!("{}", lines.join("\n"));
    }
    let wrong: Vec<String> = wrong.into_iter().map(|(_, why)| why).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
