//! What must happen outside the model, and the desk on which it happens.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::action::{Action, Answer};
use super::files;
use crate::fault::Plan;
use crate::mapping::{Mapping, Name};
use crate::proxy::Engine;
pub use crate::proxy::{Events, Told};
use crate::snapshot::{ConnId, Kill, ProxyId, Snapshot, Taken};

/// One thing that must happen outside the model. `ticket` numbers a command; its answer carries the same number.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A proxy gets another plan. Of several for one proxy in one frame, the last one does.
    SetPlan {
        /// The command.
        ticket: u64,
        /// Which proxy.
        proxy: ProxyId,
        /// The plan.
        plan: Plan,
    },
    /// A proxy is added.
    Add {
        /// The command.
        ticket: u64,
        /// What it forwards.
        mapping: Mapping,
        /// Its faults, from the first byte on.
        plan: Plan,
    },
    /// A proxy takes another one's place; where that fails, the first one stands as it was.
    Replace {
        /// The command.
        ticket: u64,
        /// Which proxy goes.
        proxy: ProxyId,
        /// What the other one forwards, and its faults.
        new: (Mapping, Plan),
    },
    /// A proxy is removed.
    Remove {
        /// The command.
        ticket: u64,
        /// Which one.
        proxy: ProxyId,
    },
    /// A proxy gets another name.
    Rename {
        /// The command.
        ticket: u64,
        /// Which one.
        proxy: ProxyId,
        /// The name, `None` for the one that its mapping comes to.
        name: Option<Name>,
    },
    /// A port opens or closes.
    SetPort {
        /// The command.
        ticket: u64,
        /// Which proxy's.
        proxy: ProxyId,
        /// Whether it is to be open.
        open: bool,
    },
    /// It is asked whether a port could be listened on.
    Probe(u16),
    /// A connection ends.
    Cut {
        /// Which one.
        conn: ConnId,
        /// How it is to be ended.
        how: Kill,
    },
    /// A scene is written to a file.
    WriteScene {
        /// The file, as its name was typed.
        file: PathBuf,
        /// The scene.
        text: String,
        /// Whether a file of this name is replaced.
        replaces: bool,
    },
    /// A scene is read from a file.
    ReadScene(PathBuf),
    /// Listeners close, connections may end by themselves for so long; then the program ends.
    Drain(Duration),
    /// The program ends.
    Quit,
    /// The process stops until its shell lets it go on.
    Suspend,
    /// The screen is drawn again from nothing.
    Repaint,
}

/// What a command comes to, later.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The engine as the console needs it; tests put a desk of their own in its place.
///
/// A call takes effect when its future is first polled, and the console polls in the order of the calls. Futures may be
/// dropped at any time: what has begun goes on without them.
pub trait Desk {
    /// The time since the engine's start.
    fn now(&self) -> Duration;
    /// The seed of every random choice.
    fn seed(&self) -> u64;
    /// The newest snapshot, at most ten a second.
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>>;
    /// What happens, from now on.
    fn events(&self) -> Events;
    /// Gives a proxy another plan; `None` where it is gone.
    fn set_plan(&self, proxy: ProxyId, plan: Plan) -> Pending<Option<Taken>>;
    /// Adds a proxy; the error is one line.
    fn add(&self, mapping: Mapping, plan: Plan) -> Pending<Result<ProxyId, String>>;
    /// Puts a proxy in another one's place, which stands as it was where that fails; the error is one line.
    fn replace(
        &self,
        proxy: ProxyId,
        mapping: Mapping,
        plan: Plan,
    ) -> Pending<Result<ProxyId, String>>;
    /// Removes a proxy with its connections; false where it was gone.
    fn remove(&self, proxy: ProxyId) -> Pending<bool>;
    /// Gives a proxy another name, or takes the given one away; the answer is the name that it has, the error one line.
    fn rename(&self, proxy: ProxyId, name: Option<Name>) -> Result<String, String>;
    /// Opens or closes a proxy's port; its connections live on. The error is one line.
    fn set_port(&self, proxy: ProxyId, open: bool) -> Pending<Result<(), String>>;
    /// Whether a port could be listened on now; the error is one line.
    fn probe(&self, port: u16) -> Result<(), String>;
    /// Ends a connection; false where it was gone.
    fn cut(&self, conn: ConnId, how: Kill) -> bool;
    /// Closes the listeners and waits for the connections, at most so long; then ends them.
    fn stop(&self, drain: Duration) -> Pending<()>;
}

/// Asks the desk for what an effect says. `None` where it is nothing that a desk does.
#[expect(
    clippy::too_many_lines,
    reason = "a plain dispatch: an arm for each effect"
)]
pub(super) fn ask<D: Desk + Clone + Send + Sync + 'static>(
    desk: &D,
    effect: Effect,
) -> Option<Pending<Action>> {
    let answered: Pending<Action> = match effect {
        Effect::SetPlan {
            ticket,
            proxy,
            plan,
        } => {
            let set = desk.set_plan(proxy, plan);
            answer(set, move |taken| Answer::Set {
                ticket,
                proxy,
                taken,
            })
        }
        Effect::Add {
            ticket,
            mapping,
            plan,
        } => answer(desk.add(mapping, plan), move |result| Answer::Added {
            ticket,
            result,
        }),
        Effect::Replace {
            ticket,
            proxy,
            new: (mapping, plan),
        } => answer(desk.replace(proxy, mapping, plan), move |result| {
            Answer::Replaced { ticket, result }
        }),
        Effect::Remove { ticket, proxy } => answer(desk.remove(proxy), move |found| {
            Answer::Removed { ticket, found }
        }),
        Effect::Rename {
            ticket,
            proxy,
            name,
        } => {
            let result = desk.rename(proxy, name);
            ready(Answer::Renamed { ticket, result })
        }
        Effect::SetPort {
            ticket,
            proxy,
            open,
        } => answer(desk.set_port(proxy, open), move |result| Answer::Port {
            ticket,
            result,
        }),
        Effect::Probe(port) => ready(Answer::Probed {
            port,
            result: desk.probe(port),
        }),
        Effect::Cut { conn, how } => {
            let found = desk.cut(conn, how);
            ready(Answer::Cut { conn, how, found })
        }
        Effect::Drain(time) => answer(desk.stop(time), |()| Answer::Stopped),
        Effect::WriteScene { .. } | Effect::ReadScene(_) => ready(files::carry_out(effect)?),
        Effect::Quit | Effect::Suspend | Effect::Repaint => return None,
    };
    Some(answered)
}

fn ready(answer: Answer) -> Pending<Action> {
    Box::pin(std::future::ready(Action::Answered(answer)))
}

fn answer<T: Send + 'static>(
    pending: Pending<T>,
    answer: impl FnOnce(T) -> Answer + Send + 'static,
) -> Pending<Action> {
    Box::pin(async move { Action::Answered(answer(pending.await)) })
}

// === impl Desk for Engine ===

impl Desk for Engine {
    fn now(&self) -> Duration {
        self.now()
    }

    fn seed(&self) -> u64 {
        self.seed()
    }

    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots()
    }

    fn events(&self) -> Events {
        self.events()
    }

    fn set_plan(&self, proxy: ProxyId, plan: Plan) -> Pending<Option<Taken>> {
        let engine = self.clone();
        Box::pin(async move { engine.set_plan(proxy, plan).await })
    }

    fn add(&self, mapping: Mapping, plan: Plan) -> Pending<Result<ProxyId, String>> {
        let engine = self.clone();
        Box::pin(async move {
            let added = engine.add(mapping, plan).await;
            added.map_err(|error| error.to_string())
        })
    }

    fn replace(
        &self,
        proxy: ProxyId,
        mapping: Mapping,
        plan: Plan,
    ) -> Pending<Result<ProxyId, String>> {
        let engine = self.clone();
        Box::pin(async move {
            let replaced = engine.replace(proxy, mapping, plan).await;
            replaced.map_err(|error| error.to_string())
        })
    }

    fn remove(&self, proxy: ProxyId) -> Pending<bool> {
        let engine = self.clone();
        Box::pin(async move { engine.remove(proxy).await })
    }

    fn rename(&self, proxy: ProxyId, name: Option<Name>) -> Result<String, String> {
        self.rename(proxy, name).map_err(|error| error.to_string())
    }

    fn set_port(&self, proxy: ProxyId, open: bool) -> Pending<Result<(), String>> {
        let engine = self.clone();
        Box::pin(async move {
            let set = engine.set_port(proxy, open).await;
            set.map_err(|error| error.to_string())
        })
    }

    fn probe(&self, port: u16) -> Result<(), String> {
        self.probe(port).map_err(|error| error.to_string())
    }

    fn cut(&self, conn: ConnId, how: Kill) -> bool {
        self.kill(conn, how)
    }

    fn stop(&self, drain: Duration) -> Pending<()> {
        let engine = self.clone();
        Box::pin(async move { engine.stop(drain).await })
    }
}
