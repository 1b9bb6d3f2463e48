//! PostgreSQL's own programs through proxies, against a server that takes TLS and SCRAM passwords only.

#![cfg(unix)]

mod support;

use faultboard::fault::Plan;
use faultboard::mapping::Protocol;
use faultboard::proxy::tls::TlsOptions;
use faultboard::proxy::{Engine, Events, Options};
use faultboard::snapshot::{CloseReason, ProxyId};
use rustix::process::{Pid, Signal, kill_process};
use support::mischief::while_faults_change;
use support::postgres::{Offers, Postgres, tls_only};
use support::services::{fail, run, stderr, succeed};
use support::{close_reason, listening, mapping_to};

/// Whether the server got TLS for the connection that asks.
const SECURED: &str = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

/// A proxy in front of a server.
struct Desk {
    engine: Engine,
    proxy: ProxyId,
    port: u16,
    events: Events,
}

impl Desk {
    /// Trusts the server's authority.
    async fn before(server: &Postgres, protocol: Protocol) -> Self {
        let ca_files = vec![server.authority().ca_file()];
        Self::with(server, protocol, ca_files).await
    }

    async fn with(
        server: &Postgres,
        protocol: Protocol,
        ca_files: Vec<std::path::PathBuf>,
    ) -> Self {
        let tls = TlsOptions {
            ca_files,
            ..TlsOptions::default()
        };
        let engine = Engine::start(Options {
            seed: 1,
            workers: 2,
            tls,
            ..Options::default()
        })
        .expect("the engine starts");
        let mut events = engine.events();
        let mapping = mapping_to(protocol, "localhost", server.port);
        let proxy = engine.add(mapping, Plan::default()).await;
        Self {
            proxy: proxy.expect("a free port"),
            port: listening(&mut events).await.port(),
            engine,
            events,
        }
    }

    /// Why the next connection ended.
    async fn reason(&mut self) -> CloseReason {
        close_reason(&mut self.events).await
    }
}

#[tokio::test]
async fn clear_clients_reach_a_server_that_takes_tls_only() {
    let Some(server) = tls_only() else { return };
    let desk = Desk::before(&server, Protocol::Psqls).await;
    for sslmode in ["disable", "allow", "prefer"] {
        let seen = succeed(&mut server.psql(desk.port, sslmode, SECURED)).await;
        assert_eq!(seen, "t\n", "{sslmode}");
    }
}

#[tokio::test]
async fn a_client_that_requires_tls_is_told_to_let_us_do_it() {
    let Some(server) = tls_only() else { return };
    let mut desk = Desk::before(&server, Protocol::Psqls).await;
    let error = fail(&mut server.psql(desk.port, "require", SECURED)).await;
    assert!(error.contains("server does not support SSL"), "{error}");
    let why = "the client closed after it was told that this port speaks clear text: use sslmode=prefer or disable";
    assert_eq!(desk.reason().await, CloseReason::Tls(why.into()));
}

#[tokio::test]
async fn a_wrong_password_is_the_servers_to_refuse() {
    let Some(server) = tls_only() else { return };
    let desk = Desk::before(&server, Protocol::Psqls).await;
    let mut psql = server.psql(desk.port, "disable", SECURED);
    let error = fail(psql.env("PGPASSWORD", "wrong")).await;
    let wanted = "password authentication failed for user \"tester\"";
    assert!(error.contains(wanted), "{error}");
}

#[tokio::test]
async fn a_clients_own_tls_passes_through_psql_untouched() {
    let Some(server) = tls_only() else { return };
    let desk = Desk::before(&server, Protocol::Psql).await;
    for sslmode in ["prefer", "require", "verify-full"] {
        let mut psql = server.psql(desk.port, sslmode, SECURED);
        // Channel binding fails wherever somebody between has ended the TLS.
        psql.env("PGHOST", "localhost")
            .env("PGHOSTADDR", "127.0.0.1")
            .env("PGSSLROOTCERT", server.authority().ca_file())
            .env("PGCHANNELBINDING", "require");
        assert_eq!(succeed(&mut psql).await, "t\n", "{sslmode}");
    }
    let error = fail(&mut server.psql(desk.port, "disable", SECURED)).await;
    assert!(error.contains("no encryption"), "{error}");
}

#[tokio::test]
async fn a_running_query_can_be_cancelled() {
    let Some(server) = tls_only() else { return };
    for (protocol, sslmode) in [
        (Protocol::Psqls, "disable"),
        (Protocol::Psqls, "prefer"),
        (Protocol::Psql, "require"),
    ] {
        let desk = Desk::before(&server, protocol).await;
        let sql = format!("select pg_sleep(600) /* {protocol:?} {sslmode} */");
        let mut psql = server.psql(desk.port, sslmode, &sql);
        let psql = psql
            .stderr(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("psql starts");
        server.logged(&sql).await;
        let pid = psql.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        kill_process(pid.expect("it runs"), Signal::INT).expect("it can be interrupted");
        let ended = tokio::time::timeout(support::PATIENCE, psql.wait_with_output()).await;
        let output = ended.expect("psql ends").expect("psql ends");
        let error = stderr(&output);
        assert!(
            error.contains("canceling statement due to user request"),
            "{protocol:?} {sslmode}: {error}"
        );
    }
}

#[tokio::test]
async fn pgbench_loses_no_transaction_while_faults_change() {
    let Some(server) = tls_only() else { return };
    server.direct("create database bench").await;
    let desk = Desk::before(&server, Protocol::Psqls).await;
    let pgbench = |arguments: &[&str]| {
        let mut pgbench = server.client("pgbench", desk.port, "prefer");
        pgbench.args(arguments).env("PGDATABASE", "bench");
        pgbench
    };
    let mut fill = pgbench(&["-i", "-q"]);
    while_faults_change(&desk.engine, desk.proxy, succeed(&mut fill)).await;
    let mut work = pgbench(&["-n", "-N", "-c", "8", "-j", "2", "-t", "100"]);
    let (report, changes) = while_faults_change(&desk.engine, desk.proxy, succeed(&mut work)).await;
    assert!(report.contains("processed: 800/800"), "{report}");
    assert!(changes > 3, "the faults changed {changes} times only");
    let sums = "select count(*), sum(delta) = (select sum(abalance) from pgbench_accounts) from pgbench_history";
    let mut sums = server.psql(server.port, "require", sums);
    assert_eq!(
        succeed(sums.env("PGDATABASE", "bench")).await,
        "800|t\n",
        "what the server has is what the clients did"
    );
}

#[tokio::test]
async fn a_dump_through_a_proxy_is_the_same() {
    let Some(server) = tls_only() else { return };
    server.direct("create database dumped").await;
    let sql = "create table notes as select n, repeat(md5(n::text), n % 20) as note from generate_series(1, 50000) n";
    let mut fill = server.psql(server.port, "require", sql);
    succeed(fill.env("PGDATABASE", "dumped")).await;
    let desk = Desk::before(&server, Protocol::Psqls).await;
    let dump = async |port, sslmode| {
        let mut dump = server.client("pg_dump", port, sslmode);
        let text = succeed(dump.env("PGDATABASE", "dumped")).await;
        // Newer versions write a key that is random.
        let kept =
            |line: &&str| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict");
        text.lines()
            .filter(kept)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let direct = dump(server.port, "require").await;
    let proxied = dump(desk.port, "disable");
    let (proxied, _) = while_faults_change(&desk.engine, desk.proxy, proxied).await;
    assert!(direct.len() > 50_000, "{} lines", direct.len());
    assert!(direct == proxied, "the dumps differ");
}

#[tokio::test]
async fn a_server_without_tls_is_never_spoken_to_in_clear_text() {
    let Some(server) = Postgres::start(Offers::ClearOnly) else {
        return;
    };
    let mut desk = Desk::before(&server, Protocol::Psqls).await;
    let why = format!(
        "upstream localhost:{} offers no TLS: psqls:// never falls back to clear text, use psql:// if that will do",
        server.port
    );
    for sslmode in ["disable", "prefer"] {
        let error = fail(&mut server.psql(desk.port, sslmode, "select 1")).await;
        let shown = format!("FATAL:  faultboard: {why}");
        assert!(error.contains(&shown), "{error}");
        assert_eq!(desk.reason().await, CloseReason::Tls(why.clone()));
    }
    let plain = Desk::before(&server, Protocol::Psql).await;
    let seen = run(&mut server.psql(plain.port, "prefer", SECURED)).await;
    assert_eq!(seen.stdout, b"f\n", "psql:// will do: {}", stderr(&seen));
}

#[tokio::test]
async fn psql_shows_what_is_wrong_with_the_servers_certificate() {
    let Some(server) = tls_only() else { return };
    let mut desk = Desk::with(&server, Protocol::Psqls, Vec::new()).await;
    let error = fail(&mut server.psql(desk.port, "disable", SECURED)).await;
    let reason = desk.reason().await.to_string();
    assert!(reason.starts_with("certificate of localhost "), "{reason}");
    assert!(error.contains(&reason), "{error}");
}
