//! What can be asked of a running engine, by number, and what becomes of it.
//!
//! The console makes a request of a key, `operate` of a command with names in it, and a test answers one in an engine's
//! place. Nothing here knows who asks. An outcome says whom it is about, so that it can be told without its request; an
//! error stays a type up to the line that prints it.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::command;
use crate::fault::{Own, Plan};
use crate::mapping::{Mapping, Name};
use crate::proxy::{
    AddError, BindError, Changed, EditError, Engine, NameTaken, RenameError, SweepError,
};
use crate::snapshot::{ConnId, Kill, ProxyId, Taken};
use crate::sweep::{Curve, Sweep};

/// One thing that an engine can be asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A proxy is added.
    Add {
        /// What it forwards.
        mapping: Mapping,
        /// Its faults, from the first byte on.
        plan: Plan,
    },
    /// A proxy takes another one's place; where that fails, the first one stands as it was.
    Replace {
        /// Which proxy goes.
        proxy: ProxyId,
        /// What the other one forwards.
        mapping: Mapping,
        /// Its faults, from the first byte on.
        plan: Plan,
    },
    /// A proxy is removed with its connections.
    Remove(ProxyId),
    /// A proxy gets another name.
    Rename {
        /// Which proxy.
        proxy: ProxyId,
        /// The name, `None` for the one that its mapping comes to.
        name: Option<Name>,
    },
    /// A proxy gets another plan.
    SetPlan {
        /// Which proxy.
        proxy: ProxyId,
        /// The plan that it had when this one was made of it: kinds that are the same in both are left as they are by now. None
        /// where the plan is to be this one, whatever it is by now.
        before: Option<Plan>,
        /// The plan.
        plan: Plan,
    },
    /// A port opens or closes; the connections of its proxy live on.
    SetPort {
        /// Which proxy's.
        proxy: ProxyId,
        /// Whether it is to be open.
        open: bool,
    },
    /// A port closes, and the connections of its proxy end.
    Close(ProxyId),
    /// A proxy gets another mapping, under its number and name and with its faults; its connections end.
    Repoint {
        /// Which proxy.
        proxy: ProxyId,
        /// The mapping.
        mapping: Mapping,
    },
    /// A fault of a proxy is climbed, beside all else.
    Sweep(ProxyId, Box<Sweep>),
    /// The sweep of a proxy ends.
    StopSweep(ProxyId),
    /// It is looked whether a port could be listened on now.
    Probe(u16),
    /// A connection ends.
    Kill(ConnId, Kill),
    /// Something holds for one connection alone.
    SetOwn(ConnId, Own),
    /// One connection is looked at closely from now on, or none; where it is not open, none.
    Watch(Option<ConnId>),
    /// Several connections end, those of them that are still open.
    KillAll(Vec<ConnId>, Kill),
    /// All ports close, connections may end by themselves for so long, and then the engine ends them and itself.
    Stop(Duration),
}

/// What a request came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The proxy is there, under this number.
    Added(ProxyId),
    /// The proxy is gone.
    Removed(ProxyId),
    /// The proxy has this name now.
    Renamed(ProxyId, String),
    /// The plan is in force, and its connections have taken it so.
    Planned(ProxyId, Taken),
    /// The port is open, or closed, as was asked.
    PortSet(ProxyId),
    /// The proxy has another mapping.
    Repointed(ProxyId),
    /// The sweep begins, and events tell of it.
    Sweeping(ProxyId, Arc<Curve>),
    /// The sweep has ended so.
    Swept(ProxyId, Arc<Curve>),
    /// Whether the port could have been listened on, and why not.
    Probed(u16, Result<(), Arc<BindError>>),
    /// The connection was told to end so.
    Killed(ConnId, Kill),
    /// What was asked for holds for this connection of this proxy alone, which has taken it so.
    Owned(ProxyId, ConnId, Taken),
    /// It is looked where it was asked for.
    Watching,
    /// So many connections were told to end so.
    KilledAll(usize, Kill),
    /// The engine has ended.
    Stopped,
}

/// Why a request came to nothing. Prints as one line.
#[derive(Debug, Error)]
pub enum RequestError {
    /// The proxy is gone.
    #[error("that proxy is gone")]
    NoProxy(ProxyId),
    /// No open connection has this number.
    #[error("no open connection {}", .0.0)]
    NoConnection(ConnId),
    /// The proxy has been changed since whoever asks saw it.
    #[error(transparent)]
    Changed(#[from] Changed),
    /// The name is another proxy's.
    #[error(transparent)]
    Name(#[from] NameTaken),
    /// The proxy could not be added.
    #[error(transparent)]
    Add(#[from] AddError),
    /// The port could not be opened.
    #[error(transparent)]
    Port(#[from] BindError),
    /// The proxy could not be swept, or no sweep could be ended.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// An engine elsewhere is out of contact, so it was not asked, or its answer did not come.
    #[error("{0}")]
    NoContact(String),
    /// An engine elsewhere refused, in these words.
    #[error("{0}")]
    Refused(String),
}

// === impl Request ===

impl Request {
    /// Asks `engine` for it, and returns when it has taken effect. The first poll gives the command; dropped after that,
    /// what has begun goes on.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each request: the compiler says where one is forgotten"
    )]
    pub async fn carry_out(self, engine: &Engine) -> Result<Outcome, RequestError> {
        match self {
            Self::Add { mapping, plan } => Ok(Outcome::Added(engine.add(mapping, plan).await?)),
            Self::Replace {
                proxy,
                mapping,
                plan,
            } => Ok(Outcome::Added(engine.replace(proxy, mapping, plan).await?)),
            Self::Remove(proxy) => {
                let removed = engine.remove(proxy).await.then_some(proxy);
                removed
                    .map(Outcome::Removed)
                    .ok_or(RequestError::NoProxy(proxy))
            }
            Self::Rename { proxy, name } => match engine.rename(proxy, name) {
                Ok(name) => Ok(Outcome::Renamed(proxy, name)),
                Err(RenameError::Gone) => Err(RequestError::NoProxy(proxy)),
                Err(RenameError::Taken(error)) => Err(error.into()),
            },
            Self::SetPlan {
                proxy,
                before: Some(before),
                plan,
            } => {
                let merge = |now: &mut Plan| *now = command::merged(now, &before, &plan);
                let edited = engine
                    .edit_plan(proxy, merge)
                    .await
                    .map_err(|why| match why {
                        EditError::Gone => RequestError::NoProxy(proxy),
                        EditError::Changed(changed) => changed.into(),
                    })?;
                Ok(Outcome::Planned(proxy, edited.taken))
            }
            Self::SetPlan { proxy, plan, .. } => {
                let taken = engine.set_plan(proxy, plan).await;
                let taken = taken.ok_or(RequestError::NoProxy(proxy))?;
                Ok(Outcome::Planned(proxy, taken))
            }
            Self::SetPort { proxy, open } => {
                engine.set_port(proxy, open).await?;
                Ok(Outcome::PortSet(proxy))
            }
            Self::Close(proxy) => {
                let closed = engine.close(proxy).await.then_some(proxy);
                closed
                    .map(Outcome::PortSet)
                    .ok_or(RequestError::NoProxy(proxy))
            }
            Self::Repoint { proxy, mapping } => {
                let repointed = engine.repoint(proxy, mapping).await?.then_some(proxy);
                repointed
                    .map(Outcome::Repointed)
                    .ok_or(RequestError::NoProxy(proxy))
            }
            Self::Sweep(proxy, sweep) => Ok(Outcome::Sweeping(proxy, engine.sweep(proxy, *sweep)?)),
            Self::StopSweep(proxy) => {
                let curve = engine.stop_sweep(proxy).await?;
                Ok(Outcome::Swept(proxy, curve))
            }
            Self::Probe(port) => Ok(Outcome::Probed(port, engine.probe(port).map_err(Arc::new))),
            Self::Kill(conn, how) => {
                let killed = engine.kill(conn, how).then_some(Outcome::Killed(conn, how));
                killed.ok_or(RequestError::NoConnection(conn))
            }
            Self::SetOwn(conn, own) => {
                let taken = engine.set_own(conn, own).await;
                let (proxy, taken) = taken.ok_or(RequestError::NoConnection(conn))?;
                Ok(Outcome::Owned(proxy, conn, taken))
            }
            Self::Watch(conn) => {
                engine.watch(conn);
                Ok(Outcome::Watching)
            }
            Self::KillAll(conns, how) => {
                let killed = conns.into_iter().filter(|conn| engine.kill(*conn, how));
                Ok(Outcome::KilledAll(killed.count(), how))
            }
            Self::Stop(drain) => {
                engine.stop(drain).await;
                Ok(Outcome::Stopped)
            }
        }
    }
}
