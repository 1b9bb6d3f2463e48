//! Carries commands out: from a parsed line to what the engine did about it.
//!
//! The forms without a console run their commands through here: a command names proxies, and becomes the requests that
//! the console makes of its keys. It prints nothing, reads nothing and keeps no state; an answer is data that its caller
//! shows.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use thiserror::Error;
use tokio::time::sleep;

use crate::command::{Cleared, Command, Sweeping, Target};
use crate::fault::{Own, Plan, Setting, SettingName};
use crate::format::{listed, quoted};
use crate::mapping::{Mapping, port_taken};
use crate::proxy::{AddError, BindError, EditError, Engine};
use crate::request::{Outcome, Request, RequestError};
use crate::snapshot::{Author, ConnId, PortState, ProxyId, ProxyRow, Taken};
use crate::sweep::Curve;
use crate::syntax::{nearest, unknown};

/// What a command did.
#[derive(Debug)]
pub enum Answer {
    /// A proxy was added.
    Added {
        /// Its name.
        proxy: String,
        /// Its mapping.
        mapping: Mapping,
        /// Where it listens; nowhere while its faults refuse all clients.
        listening: Vec<SocketAddr>,
    },
    /// The proxy of this name is gone, its connections with it.
    Removed(String),
    /// A proxy has another name.
    Renamed {
        /// The name that it has now.
        proxy: String,
        /// The name that it had.
        before: String,
    },
    /// A proxy's port is open, or closed, as was asked.
    Port {
        /// The proxy's name.
        proxy: String,
        /// Whether it is open.
        open: bool,
    },
    /// A proxy has another upstream.
    Repointed {
        /// The proxy's name.
        proxy: String,
        /// Its mapping now.
        mapping: Mapping,
    },
    /// The faults of these proxies are what they were told to be.
    Changed(Vec<Change>),
    /// A connection was ended.
    Killed(ConnId),
    /// This holds for one connection alone now.
    Owned {
        /// The connection.
        conn: ConnId,
        /// What holds for it.
        own: Own,
        /// Whether it runs that, and after how long.
        taken: Taken,
    },
    /// Facts are to be told from here on, or no more; the caller does that.
    Facts(bool),
    /// A fault of a proxy is climbed from now on.
    Sweeping(Arc<Curve>),
    /// A sweep has ended so.
    Swept(Arc<Curve>),
    /// What a sweep came to is to be written to this file; the caller does that.
    Save(Arc<Curve>, PathBuf),
    /// The tape is to be written to this file; the caller does that.
    SaveTape(PathBuf),
    /// The proxies, in the order in which they were added.
    Listed(Vec<ProxyRow>),
    /// The program is asked to end; the caller does that.
    Quit,
}

/// What a change of faults came to on one proxy.
#[derive(Debug)]
pub struct Change {
    /// The proxy's name.
    pub proxy: String,
    /// Its faults before.
    pub before: Arc<Plan>,
    /// Its faults now.
    pub plan: Arc<Plan>,
    /// How many connections run them, and after how long.
    pub taken: Taken,
}

/// Why a command did nothing.
#[derive(Debug, Error)]
pub enum Refusal {
    /// No proxy has this name.
    #[error("{}", unknown_proxy(name, names))]
    UnknownProxy {
        /// The name as given.
        name: String,
        /// The names that there are.
        names: Vec<String>,
    },
    /// None of the proxies that are meant has a setting of this name.
    #[error("{}", unknown_setting(name, names))]
    UnknownSetting {
        /// The name as given.
        name: SettingName,
        /// The names that there are.
        names: Vec<SettingName>,
    },
    /// All proxies were meant, and there is none.
    #[error("no proxy to act on yet: add one first, as in add 9090=https://example.com")]
    NoProxy,
    /// The port is another proxy's of ours.
    #[error("{}", port_taken(*port, &format!("proxy {proxy}")))]
    OwnPort {
        /// The port.
        port: u16,
        /// The proxy's name.
        proxy: String,
    },
    /// The engine could not do it.
    #[error(transparent)]
    Engine(#[from] RequestError),
}

/// Carries `command` out for its author, and returns when it has taken effect, or when a second has passed without that. A
/// caller that gives up waiting leaves the change made or not made, never half made on one proxy.
#[expect(clippy::too_many_lines, reason = "one arm for each command")]
pub async fn run(engine: &Engine, command: Command, by: &Author) -> Result<Answer, Refusal> {
    let engine = &engine.by(by.clone());
    match command {
        Command::Add(mapping, settings) => add(engine, mapping, settings).await,
        Command::Remove(proxy) => {
            ask(engine, Request::Remove(find(engine, &proxy)?)).await?;
            Ok(Answer::Removed(proxy))
        }
        Command::Rename(before, name) => {
            let proxy = find(engine, &before)?;
            match ask(engine, Request::Rename { proxy, name }).await? {
                Outcome::Renamed(_, proxy) => Ok(Answer::Renamed { proxy, before }),
                _ => Err(RequestError::NoProxy(proxy).into()),
            }
        }
        Command::Port(name, open) => {
            let proxy = find(engine, &name)?;
            ask(engine, Request::SetPort { proxy, open }).await?;
            Ok(Answer::Port { proxy: name, open })
        }
        Command::Off(name) => {
            ask(engine, Request::Close(find(engine, &name)?)).await?;
            let (proxy, open) = (name, false);
            Ok(Answer::Port { proxy, open })
        }
        Command::Repoint(name, to) => {
            let proxy = find(engine, &name)?;
            let rows = engine.mapping(proxy).ok_or(RequestError::NoProxy(proxy))?;
            let mapping = rows.towards(&to);
            ask(
                engine,
                Request::Repoint {
                    proxy,
                    mapping: mapping.clone(),
                },
            )
            .await?;
            Ok(Answer::Repointed {
                proxy: name,
                mapping,
            })
        }
        Command::Set(ref target, _)
        | Command::Clear(ref target, _)
        | Command::Preset(ref target, _)
        | Command::Bypass(ref target, _) => change(engine, target, &command).await,
        Command::Kill(conn, how) => {
            ask(engine, Request::Kill(conn, how)).await?;
            Ok(Answer::Killed(conn))
        }
        Command::Exempt(conn, on) => own(engine, conn, |own| own.exempt = on).await,
        Command::Freeze(conn, on) => own(engine, conn, |own| own.frozen = on).await,
        Command::Sweep(proxy, what) => sweep(engine, find(engine, &proxy)?, what).await,
        Command::Facts(on) => Ok(Answer::Facts(on)),
        Command::SaveTape(file) => Ok(Answer::SaveTape(file)),
        Command::List => Ok(Answer::Listed(rows(engine).await)),
        Command::Quit => Ok(Answer::Quit),
    }
}

async fn sweep(engine: &Engine, proxy: ProxyId, what: Sweeping) -> Result<Answer, Refusal> {
    let request = match what {
        Sweeping::Begin(sweep) => Request::Sweep(proxy, sweep),
        Sweeping::Stop => Request::StopSweep(proxy),
        Sweeping::Save(file) => {
            let curve = engine.swept(proxy).map_err(RequestError::from)?;
            return Ok(Answer::Save(curve, file));
        }
    };
    match ask(engine, request).await? {
        Outcome::Sweeping(_, curve) => Ok(Answer::Sweeping(curve)),
        Outcome::Swept(_, curve) => Ok(Answer::Swept(curve)),
        _ => Err(RequestError::NoProxy(proxy).into()),
    }
}

/// Carries commands out, each at its time from now on, and returns after the last one. What cannot be done is reported as an
/// event, and the rest goes on.
pub async fn play(engine: &Engine, moments: Vec<(Duration, Command)>) {
    let begun = engine.now();
    for (at, command) in moments {
        let at = begun.saturating_add(at);
        sleep(at.saturating_sub(engine.now())).await;
        let text = command.to_string();
        if let Err(refusal) = run(engine, command, &Author::SCENE).await {
            engine.report(format!("{text}: {refusal}"));
        }
    }
}

/// The proxies as they are now.
pub async fn rows(engine: &Engine) -> Vec<ProxyRow> {
    engine.snapshot().await.proxies.clone()
}

async fn add(engine: &Engine, mapping: Mapping, settings: Vec<Setting>) -> Result<Answer, Refusal> {
    let request = Request::Add {
        mapping: mapping.clone(),
        plan: Plan::of(settings),
    };
    let added = match ask(engine, request).await? {
        Outcome::Added(id) => Some(id),
        _ => None,
    };
    let proxies = engine.proxies().into_iter();
    let name = proxies
        .filter(|(id, _)| Some(*id) == added)
        .map(|(_, name)| name)
        .next();
    Ok(Answer::Added {
        // Where it was removed by someone else meanwhile: as it would have been called.
        proxy: name.unwrap_or_else(|| mapping.name_beside(mapping.listen, |_| false)),
        listening: added.map_or_else(Vec::new, |id| listening(engine, id)),
        mapping,
    })
}

/// Asks the engine for something. Where the port that it wants is another proxy's of ours, the refusal says whose.
async fn ask(engine: &Engine, request: Request) -> Result<Outcome, Refusal> {
    let error = match request.carry_out(engine).await {
        Ok(outcome) => return Ok(outcome),
        Err(error) => error,
    };
    if let RequestError::Add(AddError::Bind(BindError { addr, source })) = &error
        && source.kind() == io::ErrorKind::AddrInUse
    {
        let port = addr.port();
        let meets = |it: &SocketAddr| {
            let (one, other) = (it.ip(), addr.ip());
            it.port() == port && (one == other || one.is_unspecified() || other.is_unspecified())
        };
        let has_it = |id| listening(engine, id).iter().any(meets);
        let mut proxies = engine.proxies().into_iter();
        if let Some((_, proxy)) = proxies.find(|(id, _)| has_it(*id)) {
            return Err(Refusal::OwnPort { port, proxy });
        }
    }
    Err(error.into())
}

/// Where a proxy listens: nowhere while its port is closed.
fn listening(engine: &Engine, id: ProxyId) -> Vec<SocketAddr> {
    match engine.port(id) {
        Some((PortState::Open | PortState::Waiting(_), addrs)) => addrs,
        Some((PortState::Closed | PortState::Refusing, _)) | None => Vec::new(),
    }
}

/// Changes the plans of the target, all proxies at once, and waits until their connections run them.
async fn change(engine: &Engine, target: &Target, command: &Command) -> Result<Answer, Refusal> {
    let targets = match target {
        Target::Proxy(name) => vec![(find(engine, name)?, name.clone())],
        Target::All => engine.proxies(),
    };
    if targets.is_empty() {
        return Err(Refusal::NoProxy);
    }
    let plans = targets.iter().filter_map(|(id, _)| engine.plan(*id));
    let plans: Vec<Arc<Plan>> = plans.collect();
    knows(command, plans.iter().map(|plan| &**plan))?;
    let changes = targets.into_iter().map(|(id, proxy)| async move {
        match engine.edit_plan(id, |plan| command.edit(plan)).await {
            Ok(edited) => Ok(Some(Change {
                proxy,
                before: edited.before,
                plan: edited.plan,
                taken: edited.taken,
            })),
            Err(EditError::Gone) => Ok(None),
            Err(EditError::Changed(changed)) => Err(RequestError::from(changed)),
        }
    });
    let changes: Result<Vec<_>, _> = join_all(changes).await.into_iter().collect();
    let changes: Vec<Change> = changes?.into_iter().flatten().collect();
    if changes.is_empty() {
        return Err(Refusal::NoProxy);
    }
    Ok(Answer::Changed(changes))
}

/// Has something else hold for one connection alone, and waits until it runs that.
async fn own(
    engine: &Engine,
    conn: ConnId,
    edit: impl FnOnce(&mut Own),
) -> Result<Answer, Refusal> {
    let gone = || RequestError::NoConnection(conn);
    let mut own = engine.own(conn).ok_or_else(gone)?;
    edit(&mut own);
    match Request::SetOwn(conn, own.clone()).carry_out(engine).await? {
        Outcome::Owned(_, conn, taken) => Ok(Answer::Owned { conn, own, taken }),
        _ => Err(gone().into()),
    }
}

/// The proxy of this name, at the generation that is expected of it.
fn find(engine: &Engine, name: &str) -> Result<ProxyId, Refusal> {
    let found = engine.find(name).ok_or_else(|| Refusal::UnknownProxy {
        name: name.to_owned(),
        names: engine.proxies().into_iter().map(|(_, name)| name).collect(),
    })?;
    engine.expect(found).map_err(RequestError::from)?;
    Ok(found)
}

/// That one of these plans has a setting of the name that a command takes away. Where it says the kind too, that may be gone: a
/// console at a distance asks so, and somebody else may have been first.
pub(crate) fn knows<'a>(
    command: &Command,
    plans: impl Iterator<Item = &'a Plan>,
) -> Result<(), Refusal> {
    let Command::Clear(
        _,
        Cleared {
            kind: None,
            name: Some(name),
        },
    ) = command
    else {
        return Ok(());
    };
    let settings = plans.flat_map(Plan::settings);
    let names: BTreeSet<&SettingName> = settings.filter_map(|it| it.name.as_ref()).collect();
    if names.contains(name) {
        return Ok(());
    }
    Err(Refusal::UnknownSetting {
        name: name.clone(),
        names: names.into_iter().cloned().collect(),
    })
}

fn unknown_setting(name: &SettingName, names: &[SettingName]) -> String {
    if names.is_empty() {
        let name = quoted(name.as_str());
        return format!("no fault is called {name}: none has a name");
    }
    let names: Vec<&str> = names.iter().map(SettingName::as_str).collect();
    let guess = nearest(name.as_str(), names.iter().copied());
    let guess = guess.map_or_else(String::new, |guess| format!(": did you mean \"{guess}\"?"));
    let name = quoted(name.as_str());
    format!("no fault is called {name}{guess} ({})", listed(&names))
}

fn unknown_proxy(name: &str, names: &[String]) -> String {
    if names.is_empty() {
        return format!("unknown proxy {}: there is none yet", quoted(name));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let guess = nearest(name, names.iter().copied());
    unknown("proxy", name, guess, &names)
}
