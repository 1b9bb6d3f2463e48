//! The desk of engines elsewhere.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::ask::Asked;
use super::crew::{Crew, Options};
use super::roster::Roster;
use super::target::{Place, Target};
use super::who::{AttachError, Who, who};
use crate::desk::{Contact, Desk, Pending};
use crate::proxy::Events;
use crate::request::{Outcome, Request, RequestError};
use crate::snapshot::Snapshot;

/// An engine that answers shows itself by then.
const PATIENCE: Duration = Duration::from_secs(3);

/// Engines elsewhere as one desk. Clones are the same one; with the last of them it lets go of the engines, which go on.
#[derive(Clone)]
pub struct RemoteDesk(Arc<Inner>);

struct Inner {
    crew: Arc<Crew>,
    _stop: DropGuard,
}

/// An engine that is to be followed.
struct Wanted {
    target: Target,
    /// The pod that it is in, by whose name it goes.
    pod: Option<String>,
    /// Which of the rosters has that pod.
    roster: Option<usize>,
}

// === impl RemoteDesk ===

impl RemoteDesk {
    /// Asks each target what it is, and follows them all; returns once what there is to show is there. Of several, those that do
    /// not answer are tried again meanwhile.
    ///
    /// # Errors
    /// One of them is no desk, asks for a token, or speaks another version; or none answers.
    pub async fn attach(targets: &[Target], options: &Options) -> Result<Self, AttachError> {
        let (engines, mut rosters) = wanted(targets).await?;
        let places = match rosters.len() {
            0 => engines.len(),
            many => targets.len() - many + many * super::kube::MOST,
        };
        let stop = CancellationToken::new();
        let crew = Arc::new(Crew::new(places, options, stop.clone()));
        let desk = Self(Arc::new(Inner {
            crew: Arc::clone(&crew),
            _stop: stop.clone().drop_guard(),
        }));
        let asked = engines.into_iter().map(
            async |Wanted {
                       target,
                       pod,
                       roster,
                   }| {
                let caller = crew.caller(target);
                let name = who(&caller).await;
                (caller, pod, roster, name)
            },
        );
        let answered = join_all(asked).await;
        // Where one of them is there the others are tried again.
        let is_silent = |who: &Result<_, _>| matches!(who, Err(AttachError::Silent(..)));
        let is_there = !rosters.is_empty() || !answered.iter().all(|(.., who)| is_silent(who));
        let machines: Vec<_> = answered.iter().map(|(.., who)| machine(who)).collect();
        let one_host = is_one_host(answered.iter().map(|(caller, ..)| caller.target()));
        for (caller, pod, roster, name) in answered {
            let name = match name {
                Ok(who) => called(who.name, &machines),
                Err(AttachError::Silent(..)) if is_there => None,
                Err(why) => return Err(why),
            };
            let port = caller.target().tcp().filter(|_| one_host);
            let name = name.or_else(|| port.map(|(_, port)| port.to_string()));
            let place = crew.begin(pod.clone().or(name), &caller);
            if let (Some(roster), Some(pod), Some(place)) = (roster, pod, place) {
                rosters[roster].note(pod, place);
            }
        }
        desk.first().await;
        for roster in rosters {
            let (stop, crew) = (stop.clone(), Arc::clone(&crew));
            // Cancel-safe: nothing of it is needed any more.
            tokio::spawn(async move { stop.run_until_cancelled(roster.run(crew)).await });
        }
        Ok(desk)
    }

    /// Waits until each engine that answers has shown itself, for a bounded time.
    async fn first(&self) {
        let mut contact = self.contact();
        let all = contact.wait_for(|contact| contact.lost().next().is_none());
        // Who has not by then is shown as lost.
        let _ = timeout(PATIENCE, all).await;
    }
}

/// What an engine on this machine goes by; `None` where that would not tell it from another one. Then all of the machine go by
/// their ports, where nothing else tells any two engines apart, or by their addresses: nobody has to know which was named first.
fn called(machine: Option<String>, machines: &[Option<String>]) -> Option<String> {
    let same = machines.iter().filter(|other| **other == machine);
    let is_alone = same.count() == 1;
    machine.filter(|_| is_alone)
}

/// What the machine of an engine is called, where that was told.
fn machine(who: &Result<Who, AttachError>) -> Option<String> {
    who.as_ref().ok().and_then(|who| who.name.clone())
}

/// Whether these are ports of one host, so that their numbers tell them apart.
fn is_one_host<'a>(mut targets: impl Iterator<Item = &'a Target>) -> bool {
    let host = |target: &'a Target| target.tcp().map(|(host, _)| host);
    let first = targets.next().and_then(host);
    first.is_some() && targets.all(|target| host(target) == first)
}

/// The engines of these targets, and who looks after the pods that come and go.
async fn wanted(targets: &[Target]) -> Result<(Vec<Wanted>, Vec<Roster>), AttachError> {
    let (mut engines, mut rosters) = (Vec::new(), Vec::new());
    for target in targets {
        let Place::Pods(pods) = &target.place else {
            engines.push(Wanted {
                target: target.clone(),
                pod: None,
                roster: None,
            });
            continue;
        };
        let refused = |why| AttachError::Pods(target.to_string(), why);
        let found = pods.found().await.map_err(refused)?;
        if found.is_empty() {
            return Err(refused("no pod that runs matches".to_owned()));
        }
        let roster = pods.is_many().then_some(rosters.len());
        engines.extend(found.into_iter().take(super::kube::MOST).map(|pod| Wanted {
            target: target.of_pod(pods, &pod),
            pod: Some(pod),
            roster,
        }));
        if pods.is_many() {
            rosters.push(Roster::new(target.clone(), pods.clone()));
        }
    }
    Ok((engines, rosters))
}

impl Desk for RemoteDesk {
    fn now(&self) -> Duration {
        self.0.crew.board.now()
    }

    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.0.crew.board.snapshots()
    }

    fn events(&self) -> Events {
        self.0.crew.board.events().into()
    }

    fn ask(&self, request: Request) -> Pending<Result<Outcome, RequestError>> {
        let desk = self.clone();
        Box::pin(async move {
            let Some((name, asks, is_lost)) = desk.0.crew.whom(&request) else {
                let text = "no desk is there: nothing was asked".to_owned();
                return Err(RequestError::NoContact(text));
            };
            let lost =
                |why: &str| RequestError::NoContact(format!("no contact with {name}: {why}"));
            if is_lost {
                return Err(lost("nothing was asked"));
            }
            let (answer, answered) = oneshot::channel();
            let asked = asks.try_send(Asked { request, answer });
            asked.map_err(|_| lost("it is slow to answer, and this was not asked"))?;
            let answered = answered.await;
            answered.unwrap_or_else(|_| Err(lost("it was let go of")))
        })
    }

    fn contact(&self) -> watch::Receiver<Contact> {
        self.0.crew.board.contact()
    }

    fn try_now(&self) {
        self.0.crew.hurry.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::called;

    #[test]
    fn engines_of_one_machine_go_by_their_addresses() {
        let [vm, db] = ["vm", "db"].map(|name| Some(name.to_owned()));
        let machines = [vm.clone(), vm.clone(), db.clone(), None];
        let names = machines.clone().map(|machine| called(machine, &machines));
        assert_eq!(names, [None, None, db, None]);
        assert_eq!(called(vm.clone(), std::slice::from_ref(&vm)), vm);
    }
}
