//! A desk that is not an engine: it does what it is told in memory, and remembers it.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use faultboard::desk::{Desk as Interface, Pending};
use faultboard::fault::Plan;
use faultboard::mapping::{self, Mapping, Name};
use faultboard::proxy::{AddError, BindError, Events};
use faultboard::request::{Outcome, Request, RequestError};
pub(crate) use faultboard::snapshot::Taken;
use faultboard::snapshot::{ConnId, ConnRow, Event, Happening, ProxyId, ProxyRow, Snapshot};
use faultboard::sweep::Curve;
use parking_lot::Mutex;
use tokio::sync::{broadcast, oneshot, watch};

/// The desk of a test; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Desk(Arc<Inner>);

struct Inner {
    start: tokio::time::Instant,
    snapshots: Mutex<Option<watch::Sender<Arc<Snapshot>>>>,
    events: Mutex<Option<broadcast::Sender<Arc<Event>>>>,
    requests: Mutex<Vec<Request>>,
    answers: Mutex<Vec<oneshot::Receiver<Taken>>>,
    stopped: tokio::sync::Notify,
    /// Ports that another program has.
    taken: Mutex<BTreeSet<u16>>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            start: now(),
            snapshots: Mutex::new(Some(watch::Sender::default())),
            events: Mutex::new(Some(broadcast::Sender::new(64))),
            requests: Mutex::default(),
            answers: Mutex::default(),
            stopped: tokio::sync::Notify::default(),
            taken: Mutex::default(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test owns this clock: it is tokio's, paused"
)]
fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

impl Desk {
    /// A proxy with so many connections, listening on port 9000 and its number.
    pub(crate) fn proxy(&self, id: u32, name: &str, open: u32) {
        let listen = 9_000 + u16::try_from(id).expect("a small number");
        let mapping = mapping::parse(&format!("{listen}={name}:80")).expect("a mapping");
        let row = row(ProxyId(id), mapping, Plan::default(), open);
        self.change(|snapshot| snapshot.proxies.push(row));
    }

    /// A connection of a proxy.
    pub(crate) fn connection(&self, id: u64, proxy: u32) {
        let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000));
        let conn = ConnRow::opened(ConnId(id), ProxyId(proxy), client);
        self.change(|snapshot| snapshot.conns.push(conn));
    }

    /// Bytes went down through a proxy.
    pub(crate) fn traffic(&self, id: u32, bytes: u64) {
        self.change(|snapshot| {
            for row in of(snapshot, ProxyId(id)) {
                row.bytes.down += bytes;
            }
        });
    }

    /// A snapshot in which nothing happened but that time went by.
    pub(crate) fn grow_older(&self, time: Duration) {
        self.change(|snapshot| snapshot.at += time);
    }

    /// An event.
    pub(crate) fn happen(&self, conn: ConnId) {
        let event = Event {
            at: self.now(),
            proxy: "db".to_owned(),
            by: None,
            what: Happening::Opened {
                conn,
                client: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)),
                upstream: "db:80".to_owned(),
            },
        };
        if let Some(events) = &*self.0.events.lock() {
            let _ = events.send(Arc::new(event));
        }
    }

    /// The next plan is taken when this says so, and the one after it at once.
    pub(crate) fn answer_next_plan(&self, answer: oneshot::Receiver<Taken>) {
        self.0.answers.lock().push(answer);
    }

    /// The drain is over.
    pub(crate) fn stopped(&self) {
        self.0.stopped.notify_one();
    }

    /// No more snapshots and events.
    pub(crate) fn fall_silent(&self) {
        self.0.snapshots.lock().take();
        self.0.events.lock().take();
    }

    /// Another program takes a port, or gives it back.
    pub(crate) fn take_port(&self, port: u16, takes: bool) {
        let mut ports = self.0.taken.lock();
        if takes {
            ports.insert(port);
        } else {
            ports.remove(&port);
        }
    }

    /// What the console asked for so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.0.requests.lock().clone()
    }

    /// A proxy more, under the next number.
    fn add(&self, mapping: Mapping, plan: Plan) -> ProxyId {
        let mut id = ProxyId(0);
        self.change(|snapshot| {
            let last = snapshot.proxies.iter().map(|row| row.id.0).max();
            id = ProxyId(last.unwrap_or(0) + 1);
            snapshot.proxies.push(row(id, mapping, plan, 0));
        });
        id
    }

    fn remove(&self, proxy: ProxyId) {
        self.change(|snapshot| snapshot.proxies.retain(|row| row.id != proxy));
    }

    fn rename(&self, proxy: ProxyId, name: Option<&Name>) -> String {
        let mut called = String::new();
        self.change(|snapshot| {
            for row in of(snapshot, proxy) {
                row.mapping = row.mapping.clone().called(name.cloned());
                row.name = row.mapping.name_beside(row.mapping.listen, |_| false);
                called.clone_from(&row.name);
            }
        });
        called
    }

    async fn set_plan(&self, proxy: ProxyId, plan: Plan) -> Result<Outcome, RequestError> {
        let mut open = None;
        self.change(|snapshot| {
            for row in of(snapshot, proxy) {
                row.plan = Arc::new(plan.clone());
                row.generation += 1;
                open = Some(row.open);
            }
        });
        let answer = self.0.answers.lock().pop();
        let taken = if let Some(answer) = answer {
            match answer.await {
                Ok(taken) => taken,
                Err(_) => std::future::pending().await,
            }
        } else {
            let of = open.ok_or(RequestError::NoProxy(proxy))?;
            Taken {
                taken: of,
                of,
                cut: 0,
                micros: 1_000,
            }
        };
        Ok(Outcome::Planned(proxy, taken))
    }

    fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        let at = Interface::now(self);
        if let Some(snapshots) = &*self.0.snapshots.lock() {
            snapshots.send_modify(|snapshot| {
                let snapshot = Arc::make_mut(snapshot);
                snapshot.at = at;
                change(snapshot);
            });
        }
    }
}

fn in_use(port: u16) -> BindError {
    BindError {
        addr: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        source: std::io::Error::new(std::io::ErrorKind::AddrInUse, "address already in use"),
    }
}

fn of(snapshot: &mut Snapshot, id: ProxyId) -> impl Iterator<Item = &mut ProxyRow> {
    let rows = snapshot.proxies.iter_mut();
    rows.filter(move |row| row.id == id)
}

fn row(id: ProxyId, mapping: Mapping, plan: Plan, open: u32) -> ProxyRow {
    ProxyRow {
        plan: Arc::new(plan),
        open,
        up_to_date: open,
        total: u64::from(open),
        ..ProxyRow::quiet(id, mapping)
    }
}

impl Interface for Desk {
    fn now(&self) -> Duration {
        now() - self.0.start
    }

    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        let snapshots = self.0.snapshots.lock();
        snapshots.as_ref().expect("it still tells").subscribe()
    }

    fn events(&self) -> Events {
        let events = self.0.events.lock();
        events.as_ref().expect("it still tells").subscribe().into()
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each request")]
    fn ask(&self, request: Request) -> Pending<Result<Outcome, RequestError>> {
        let desk = self.clone();
        Box::pin(async move {
            let is_taken = |port| desk.0.taken.lock().contains(&port);
            match &request {
                Request::Add { mapping, .. } if is_taken(mapping.listen) => {
                    return Err(AddError::Bind(in_use(mapping.listen)).into());
                }
                Request::Probe(port) => {
                    let free = if is_taken(*port) {
                        Err(Arc::new(in_use(*port)))
                    } else {
                        Ok(())
                    };
                    return Ok(Outcome::Probed(*port, free));
                }
                request => desk.0.requests.lock().push(request.clone()),
            }
            Ok(match request {
                Request::Sweep(proxy, sweep) => {
                    let curve = Curve::new(1, "db".to_owned(), &sweep);
                    Outcome::Sweeping(proxy, Arc::new(curve))
                }
                Request::StopSweep(proxy) => Outcome::Swept(proxy, Arc::default()),
                Request::Probe(port) => Outcome::Probed(port, Ok(())),
                Request::Add { mapping, plan } => Outcome::Added(desk.add(mapping, plan)),
                Request::Replace {
                    proxy,
                    mapping,
                    plan,
                } => {
                    desk.remove(proxy);
                    Outcome::Added(desk.add(mapping, plan))
                }
                Request::Remove(proxy) => {
                    desk.remove(proxy);
                    Outcome::Removed(proxy)
                }
                Request::Rename { proxy, name } => {
                    Outcome::Renamed(proxy, desk.rename(proxy, name.as_ref()))
                }
                Request::SetPlan { proxy, plan, .. } => return desk.set_plan(proxy, plan).await,
                Request::SetPort { proxy, .. } | Request::Close(proxy) => Outcome::PortSet(proxy),
                Request::Repoint { proxy, .. } => Outcome::Repointed(proxy),
                Request::Kill(conn, how) => Outcome::Killed(conn, how),
                Request::SetOwn(conn, _) => {
                    let taken = Taken {
                        taken: 1,
                        of: 1,
                        ..Taken::default()
                    };
                    Outcome::Owned(ProxyId(1), conn, taken)
                }
                Request::Watch(_) => Outcome::Watching,
                Request::KillAll(conns, how) => Outcome::KilledAll(conns.len(), how),
                Request::Stop(_) => {
                    desk.0.stopped.notified().await;
                    Outcome::Stopped
                }
            })
        })
    }
}
