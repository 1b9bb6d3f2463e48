//! Carries commands out: from a parsed line to what the engine did about it.
//!
//! The forms without a console run their commands through here; the console has keys, and asks the engine itself. It
//! prints nothing, reads nothing and keeps no state; an answer is data that its caller shows.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::join_all;
use thiserror::Error;

use crate::command::{Command, Target};
use crate::fault::{Kind, Plan, Setting};
use crate::format::quoted;
use crate::mapping::{Mapping, Name, port_taken};
use crate::proxy::{AddError, BindError, Engine, RenameError};
use crate::request::{Request, RequestError};
use crate::snapshot::{ConnId, PortState, ProxyId, ProxyRow, Taken};
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
    /// The faults of these proxies are what they were told to be.
    Changed(Vec<Change>),
    /// A connection was ended.
    Killed(ConnId),
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

/// Carries `command` out and returns when it has taken effect. A caller that gives up waiting leaves the change made or
/// not made, never half made on one proxy.
pub async fn run(engine: &Engine, command: Command) -> Result<Answer, Refusal> {
    match command {
        Command::Add(mapping, settings) => add(engine, mapping, settings).await,
        Command::Remove(name) => {
            let (id, name) = find(engine, &name)?;
            let removed = Request::Remove(id).carry_out(engine).await;
            let gone = |_| unknown_name(engine, &name);
            removed.map_err(gone)?;
            Ok(Answer::Removed(name))
        }
        Command::Rename(proxy, name) => rename(engine, &proxy, name),
        Command::Set(target, settings) => {
            change(engine, target, |plan| set_all(plan, &settings)).await
        }
        Command::Clear(target, kind) => change(engine, target, |plan| clear(plan, kind)).await,
        Command::Preset(target, preset) => {
            let settings = preset.settings();
            let edit = |plan: &mut Plan| {
                plan.clear_all();
                set_all(plan, &settings);
            };
            change(engine, target, edit).await
        }
        Command::Bypass(target, on) => change(engine, target, |plan| plan.bypassed = on).await,
        Command::Kill(conn, how) => {
            Request::Kill(conn, how).carry_out(engine).await?;
            Ok(Answer::Killed(conn))
        }
        Command::List => Ok(Answer::Listed(rows(engine).await)),
        Command::Quit => Ok(Answer::Quit),
    }
}

/// The proxies as they are now.
pub async fn rows(engine: &Engine) -> Vec<ProxyRow> {
    engine.snapshot().await.proxies.clone()
}

async fn add(engine: &Engine, mapping: Mapping, settings: Vec<Setting>) -> Result<Answer, Refusal> {
    let added = engine.add(mapping.clone(), Plan::of(settings)).await;
    let id = added.map_err(|error| not_added(engine, error))?;
    // Where it was removed by someone else meanwhile: as it would have been called.
    let name = engine.proxies().into_iter().find(|(known, _)| *known == id);
    let proxy = name.map_or_else(
        || mapping.name_beside(mapping.listen, |_| false),
        |(_, name)| name,
    );
    let listening = match engine.port(id) {
        Some((PortState::Open | PortState::Waiting(_), addrs)) => addrs,
        Some((PortState::Closed | PortState::Refusing, _)) | None => Vec::new(),
    };
    Ok(Answer::Added {
        proxy,
        mapping,
        listening,
    })
}

fn rename(engine: &Engine, proxy: &str, name: Name) -> Result<Answer, Refusal> {
    let (id, before) = find(engine, proxy)?;
    match engine.rename(id, Some(name)) {
        Ok(proxy) => Ok(Answer::Renamed { proxy, before }),
        Err(RenameError::Taken(error)) => Err(RequestError::from(error).into()),
        Err(RenameError::Gone) => Err(unknown_name(engine, proxy)),
    }
}

/// Why a proxy could not be added, with the name of another one of ours where that has its port.
fn not_added(engine: &Engine, error: AddError) -> Refusal {
    let port = match &error {
        // All proxies are bound to the same addresses, so the port tells.
        AddError::Bind(BindError { addr, source }) if source.kind() == io::ErrorKind::AddrInUse => {
            addr.port()
        }
        AddError::Bind(_) | AddError::Circle(_) | AddError::Name(_) => {
            return RequestError::from(error).into();
        }
    };
    let has_it = |id| match engine.port(id) {
        Some((PortState::Open | PortState::Waiting(_), addrs)) => {
            addrs.iter().any(|addr| addr.port() == port)
        }
        Some((PortState::Closed | PortState::Refusing, _)) | None => false,
    };
    match engine.proxies().into_iter().find(|(id, _)| has_it(*id)) {
        Some((_, proxy)) => Refusal::OwnPort { port, proxy },
        None => RequestError::from(error).into(),
    }
}

/// Changes the plans of the target, all proxies at once, and waits until their connections run them.
async fn change(
    engine: &Engine,
    target: Target,
    edit: impl Fn(&mut Plan),
) -> Result<Answer, Refusal> {
    let targets = match target {
        Target::Proxy(name) => vec![find(engine, &name)?],
        Target::All => engine.proxies(),
    };
    if targets.is_empty() {
        return Err(Refusal::NoProxy);
    }
    let edit = &edit;
    let changes = targets.into_iter().map(|(id, proxy)| async move {
        let mut plan = Plan::clone(&*engine.plan(id)?);
        edit(&mut plan);
        let taken = engine.set_plan(id, plan.clone()).await?;
        let plan = Arc::new(plan);
        Some(Change { proxy, plan, taken })
    });
    let changes: Vec<Change> = join_all(changes).await.into_iter().flatten().collect();
    if changes.is_empty() {
        return Err(Refusal::NoProxy);
    }
    Ok(Answer::Changed(changes))
}

fn set_all(plan: &mut Plan, settings: &[Setting]) {
    for setting in settings {
        plan.set(setting.clone());
    }
}

fn clear(plan: &mut Plan, kind: Option<&Kind>) {
    match kind {
        Some(kind) => plan.clear(kind),
        None => plan.clear_all(),
    }
}

/// The proxy of this name.
fn find(engine: &Engine, name: &str) -> Result<(ProxyId, String), Refusal> {
    let id = engine.find(name);
    let id = id.ok_or_else(|| unknown_name(engine, name))?;
    Ok((id, name.to_owned()))
}

fn unknown_name(engine: &Engine, name: &str) -> Refusal {
    let names = engine.proxies().into_iter().map(|(_, name)| name).collect();
    Refusal::UnknownProxy {
        name: name.to_owned(),
        names,
    }
}

fn unknown_proxy(name: &str, names: &[String]) -> String {
    if names.is_empty() {
        return format!("unknown proxy {}: there is none yet", quoted(name));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let guess = nearest(name, names.iter().copied());
    unknown("proxy", name, guess, &names)
}
