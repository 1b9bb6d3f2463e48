//! PostgreSQL on a free port, in a temporary folder, with passwords by SCRAM.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use rustix::process::Signal;
use tempfile::TempDir;

use super::services::{self, Service};
use super::tls::{Authority, Valid};

/// The user and the password of every server.
const USER: &str = "tester";
const PASSWORD: &str = "a secret, with blanks";

/// Whether a server speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offers {
    /// TLS and nothing else.
    TlsOnly,
    /// Clear text and nothing else.
    ClearOnly,
}

/// A running server; it ends when this is dropped.
pub struct Postgres {
    service: Service,
    programs: PathBuf,
    authority: Authority,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    folder: TempDir,
}

/// One server for all tests of a program that overlap in time; `None` where PostgreSQL is not installed.
pub fn tls_only() -> Option<Arc<Postgres>> {
    static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock();
    if let Some(running) = shared.upgrade() {
        return Some(running);
    }
    let started = Arc::new(Postgres::start(Offers::TlsOnly)?);
    *shared = Arc::downgrade(&started);
    Some(started)
}

// === impl Postgres ===

impl Postgres {
    /// A server of its own; `None` where PostgreSQL is not installed.
    pub fn start(offers: Offers) -> Option<Self> {
        let initdb = services::find("initdb", "postgresql", &debian_folders())?;
        let programs = initdb.parent().expect("a file's folder").to_owned();
        let folder = TempDir::new().expect("a temporary folder");
        let authority = Authority::new();
        let owner = Owner::choose();
        std::fs::write(folder.path().join("password"), PASSWORD).expect("a file is written");
        owner.take(folder.path());
        let data = folder.path().join("data");
        initialize(&owner, &programs, folder.path());
        configure(&data, &authority, offers);
        owner.take(&data);
        let command = |port: u16| {
            let mut command = owner.command(&programs.join("postgres"), folder.path());
            command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
            command
        };
        let ready = "database system is ready to accept connections";
        let (service, port) = Service::on_a_free_port(command, ready, Signal::QUIT);
        Some(Self {
            service,
            programs,
            authority,
            port,
            folder,
        })
    }

    /// The authority that signed its certificate, which is for `localhost`.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// A client program with all it needs to log in by itself on `port` of 127.0.0.1.
    pub fn client(&self, program: &str, port: u16, sslmode: &str) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(self.programs.join(program));
        // Nothing of this machine's user gets in: no password file, no certificates, no settings, no language.
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C")
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", port.to_string())
            .env("PGUSER", USER)
            .env("PGPASSWORD", PASSWORD)
            .env("PGDATABASE", "postgres")
            .env("PGCONNECT_TIMEOUT", "60")
            .env("PGSSLMODE", sslmode);
        command
    }

    /// `psql` that runs one command and prints the bare result.
    pub fn psql(&self, port: u16, sslmode: &str, sql: &str) -> tokio::process::Command {
        let mut command = self.client("psql", port, sslmode);
        command.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        command
    }

    /// Runs a command on the server itself, past every proxy.
    pub async fn direct(&self, sql: &str) -> String {
        services::succeed(&mut self.psql(self.port, "require", sql)).await
    }

    /// Waits until the server's log has a line with this text; every statement is in it.
    pub async fn logged(self: &Arc<Self>, text: &str) {
        let (server, wanted) = (Arc::clone(self), text.to_owned());
        let logged = tokio::task::spawn_blocking(move || server.service.printed(&wanted));
        let logged = logged.await.expect("joins");
        logged.unwrap_or_else(|log| panic!("never logged {text:?}:\n{log}"));
    }
}

/// Debian keeps each version's programs in a folder of its own; the newest comes first.
fn debian_folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let mut folders: Vec<_> = versions
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|version| version.path().join("bin"))
        .collect();
    let version = |folder: &PathBuf| {
        let name = folder.parent().and_then(Path::file_name)?;
        name.to_str()?.parse::<u32>().ok()
    };
    folders.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    folders
}

fn initialize(owner: &Owner, programs: &Path, folder: &Path) {
    let mut command = owner.command(&programs.join("initdb"), folder);
    command
        .args(["-D", "data", "-U", USER, "--pwfile", "password"])
        .args(["-A", "scram-sha-256", "-E", "UTF8", "--locale", "C"])
        .args(["--no-sync"]);
    let output = command.output().expect("initdb starts");
    assert!(
        output.status.success(),
        "initdb: {}",
        services::stderr(&output)
    );
}

fn configure(data: &Path, authority: &Authority, offers: Offers) {
    let issued = authority.issue(&["localhost"], Valid::Now);
    let (cert, key) = (data.join("server.crt"), data.join("server.key"));
    std::fs::copy(&issued.cert_file, cert).expect("copied");
    std::fs::copy(&issued.key_file, &key).expect("copied");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, private).expect("made private");
    let (ssl, access) = match offers {
        Offers::TlsOnly => ("on", "hostssl"),
        Offers::ClearOnly => ("off", "host"),
    };
    let hba = format!(
        "{access} all all 127.0.0.1/32 scram-sha-256\nhostnossl all all 127.0.0.1/32 reject\n"
    );
    std::fs::write(data.join("pg_hba.conf"), hba).expect("written");
    let settings = format!(
        "ssl = {ssl}\n\
         listen_addresses = '127.0.0.1'\n\
         unix_socket_directories = ''\n\
         log_statement = 'all'\n\
         fsync = off\n\
         synchronous_commit = off\n\
         full_page_writes = off\n\
         shared_buffers = '16MB'\n\
         max_connections = 40\n\
         lc_messages = 'C'\n"
    );
    std::fs::write(data.join("postgresql.auto.conf"), settings).expect("written");
}

/// As whom the server runs: PostgreSQL refuses to be root.
enum Owner {
    Ourselves,
    User { name: String, id: u32, group: u32 },
}

impl Owner {
    fn choose() -> Self {
        if !services::is_root() {
            return Self::Ourselves;
        }
        let users = std::fs::read_to_string("/etc/passwd").expect("a list of users");
        let user = |wanted: &str| {
            let entry = users.lines().find(|line| {
                line.strip_prefix(wanted)
                    .is_some_and(|rest| rest.starts_with(':'))
            })?;
            let mut fields = entry.split(':').skip(2);
            let mut number = || fields.next()?.parse().ok();
            Some(Self::User {
                name: wanted.to_owned(),
                id: number()?,
                group: number()?,
            })
        };
        user("postgres")
            .or_else(|| user("nobody"))
            .expect("a user who is not root")
    }

    /// A program that this user runs in `folder`, as our own child: signals reach it and not a shell around it.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = match self {
            Self::Ourselves => Command::new(program),
            Self::User { id, group, .. } => {
                let mut command = Command::new("setpriv");
                command
                    .args(["--reuid", &id.to_string(), "--regid", &group.to_string()])
                    .arg("--clear-groups")
                    .arg(program);
                command
            }
        };
        command.current_dir(folder).env("LC_ALL", "C");
        if let Self::User { name, .. } = self {
            command.env("USER", name).env("HOME", folder);
        }
        command
    }

    /// Makes `path` and what is in it this user's.
    fn take(&self, path: &Path) {
        if let Self::User { id, group, .. } = self {
            services::give_away(path, (*id, *group));
        }
    }
}
