//! A desk that is not an engine: it does what it is told in memory, and remembers it.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use faultboard::fault::{PerDirection, Plan};
use faultboard::mapping::{self, Mapping, Name};
use faultboard::proxy::Events;
use faultboard::snapshot::Kill;
pub(crate) use faultboard::snapshot::Taken;
use faultboard::snapshot::{
    ConnId, ConnRow, ConnState, Event, Happening, PortState, ProxyId, ProxyRow, Snapshot,
};
use faultboard::ui::effect::{Desk as Interface, Pending};
use parking_lot::Mutex;
use tokio::sync::{broadcast, oneshot, watch};

/// What the console asked for.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    SetPlan(ProxyId, Plan),
    Add(Mapping, Plan),
    Remove(ProxyId),
    Rename(ProxyId, Option<Name>),
    SetPort(ProxyId, bool),
    Cut(ConnId, Kill),
    Stop(Duration),
}

/// The desk of a test; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Desk(Arc<Inner>);

struct Inner {
    start: tokio::time::Instant,
    snapshots: Mutex<Option<watch::Sender<Arc<Snapshot>>>>,
    events: Mutex<Option<broadcast::Sender<Arc<Event>>>>,
    calls: Mutex<Vec<Call>>,
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
            calls: Mutex::default(),
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
        let conn = ConnRow {
            id: ConnId(id),
            proxy: ProxyId(proxy),
            client: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)),
            upstream: None,
            age: Duration::ZERO,
            bytes: PerDirection::default(),
            rates: PerDirection::default(),
            held: PerDirection::default(),
            full: 0,
            added: None,
            generation: 0,
            state: ConnState::Open,
            hit: 0,
        };
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
        let mut taken = self.0.taken.lock();
        if takes {
            taken.insert(port);
        } else {
            taken.remove(&port);
        }
    }

    /// What the console asked for so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.calls.lock().clone()
    }

    fn note(&self, call: Call) {
        self.0.calls.lock().push(call);
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

fn in_use(port: u16) -> String {
    format!("cannot listen on 127.0.0.1:{port}: address already in use")
}

fn of(snapshot: &mut Snapshot, id: ProxyId) -> impl Iterator<Item = &mut ProxyRow> {
    let rows = snapshot.proxies.iter_mut();
    rows.filter(move |row| row.id == id)
}

fn row(id: ProxyId, mapping: Mapping, plan: Plan, open: u32) -> ProxyRow {
    ProxyRow {
        id,
        name: mapping.name_beside(mapping.listen, |_| false),
        listening: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, mapping.listen))],
        mapping,
        port: PortState::Open,
        insecure: false,
        tls: None,
        plan: Arc::new(plan),
        generation: 0,
        open,
        taken: open,
        waiting: None,
        total: u64::from(open),
        failed: 0,
        bytes: PerDirection::default(),
        rates: PerDirection::default(),
        held: PerDirection::default(),
        full: 0,
        added: PerDirection::default(),
        feels: None,
        present: None,
        ended: Vec::new(),
        history: Arc::default(),
    }
}

impl Interface for Desk {
    fn now(&self) -> Duration {
        now() - self.0.start
    }

    fn seed(&self) -> u64 {
        42
    }

    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        let snapshots = self.0.snapshots.lock();
        snapshots.as_ref().expect("it still tells").subscribe()
    }

    fn events(&self) -> Events {
        let events = self.0.events.lock();
        events.as_ref().expect("it still tells").subscribe().into()
    }

    fn set_plan(&self, proxy: ProxyId, plan: Plan) -> Pending<Option<Taken>> {
        let desk = self.clone();
        Box::pin(async move {
            desk.note(Call::SetPlan(proxy, plan.clone()));
            let mut open = None;
            desk.change(|snapshot| {
                for row in of(snapshot, proxy) {
                    row.plan = Arc::new(plan.clone());
                    row.generation += 1;
                    open = Some(row.open);
                }
            });
            let answer = desk.0.answers.lock().pop();
            let Some(answer) = answer else {
                return open.map(|of| Taken {
                    taken: of,
                    of,
                    cut: 0,
                    micros: 1_000,
                });
            };
            match answer.await {
                Ok(taken) => Some(taken),
                Err(_) => std::future::pending().await,
            }
        })
    }

    fn add(&self, mapping: Mapping, plan: Plan) -> Pending<Result<ProxyId, String>> {
        let desk = self.clone();
        Box::pin(async move {
            if desk.0.taken.lock().contains(&mapping.listen) {
                return Err(in_use(mapping.listen));
            }
            desk.note(Call::Add(mapping.clone(), plan.clone()));
            let mut id = ProxyId(0);
            desk.change(|snapshot| {
                let last = snapshot.proxies.iter().map(|row| row.id.0).max();
                id = ProxyId(last.unwrap_or(0) + 1);
                snapshot.proxies.push(row(id, mapping, plan, 0));
            });
            Ok(id)
        })
    }

    fn replace(
        &self,
        proxy: ProxyId,
        mapping: Mapping,
        plan: Plan,
    ) -> Pending<Result<ProxyId, String>> {
        let removed = Interface::remove(self, proxy);
        let added = Interface::add(self, mapping, plan);
        Box::pin(async move {
            removed.await;
            added.await
        })
    }

    fn remove(&self, proxy: ProxyId) -> Pending<bool> {
        self.note(Call::Remove(proxy));
        self.change(|snapshot| snapshot.proxies.retain(|row| row.id != proxy));
        Box::pin(std::future::ready(true))
    }

    fn rename(&self, proxy: ProxyId, name: Option<Name>) -> Result<String, String> {
        self.note(Call::Rename(proxy, name.clone()));
        let mut called = String::new();
        self.change(|snapshot| {
            for row in of(snapshot, proxy) {
                row.mapping = row.mapping.clone().called(name.clone());
                row.name = row.mapping.name_beside(row.mapping.listen, |_| false);
                called.clone_from(&row.name);
            }
        });
        Ok(called)
    }

    fn set_port(&self, proxy: ProxyId, open: bool) -> Pending<Result<(), String>> {
        self.note(Call::SetPort(proxy, open));
        Box::pin(std::future::ready(Ok(())))
    }

    fn probe(&self, port: u16) -> Result<(), String> {
        if self.0.taken.lock().contains(&port) {
            return Err(in_use(port));
        }
        Ok(())
    }

    fn cut(&self, conn: ConnId, how: Kill) -> bool {
        self.note(Call::Cut(conn, how));
        true
    }

    fn stop(&self, drain: Duration) -> Pending<()> {
        let desk = self.clone();
        self.note(Call::Stop(drain));
        Box::pin(async move { desk.0.stopped.notified().await })
    }
}
