//! What is known of all engines of a desk: shown as one snapshot, told as one line of events, with who is in contact.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::sleep;

use super::numbers::{Among, Shift};
use crate::desk::{Contact, Peer, Program, Reach, Why};
use crate::fault::PerDirection;
use crate::proxy::clock;
use crate::request::Request;
use crate::snapshot::{Author, Event, Happening, ProxyId, Snapshot};
use crate::wire::{Hello, Role};

/// How many events wait for a console that is busy; it is told how many of the oldest are lost.
const EVENTS: usize = 4_096;

/// What several engines show is put together so long after it was last: many tell something ten times a second each.
const APART: Duration = Duration::from_millis(50);

/// What is known of all engines of a desk.
pub(super) struct Board {
    /// By their places.
    engines: Mutex<BTreeMap<usize, Known>>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    /// One of several engines shows something else.
    news: Notify,
    events: broadcast::Sender<Arc<Event>>,
    contact: watch::Sender<Contact>,
    /// When the desk's clock showed what, and whether an engine has told it that.
    clock: Mutex<(Instant, Duration, bool)>,
    /// Our own name, for those who come.
    author: Author,
    /// Whether nothing is to be changed from here, whatever an engine allows.
    read_only: bool,
}

/// What an engine says of itself when it begins to tell.
pub(super) struct Greeting<'a> {
    pub(super) program: Program,
    pub(super) version: &'a str,
    /// Another one where it was started anew.
    pub(super) run: &'a str,
    pub(super) seed: Option<u64>,
    /// What its clock shows.
    pub(super) told: Duration,
    pub(super) others: usize,
    /// Whether it lets us look only.
    pub(super) is_viewer: bool,
}

/// What is known of one engine.
struct Known {
    among: Among,
    shift: Shift,
    run: Option<String>,
    /// Its last snapshot, as the desk shows it.
    latest: Arc<Snapshot>,
    /// By what name it knows us.
    author: Author,
}

// === impl Board ===

impl Board {
    /// A board with places for so many engines.
    pub(super) fn new(places: usize, author: &Author, read_only: bool) -> Self {
        let peers = Vec::new();
        Self {
            engines: Mutex::default(),
            snapshots: watch::Sender::default(),
            news: Notify::new(),
            events: broadcast::Sender::new(EVENTS),
            contact: watch::Sender::new(Contact { peers, places }),
            clock: Mutex::new((clock::now(), Duration::ZERO, false)),
            author: author.clone(),
            read_only,
        }
    }

    /// An engine that nothing is known of yet takes a place.
    pub(super) fn enter(&self, place: usize, name: &str, address: &str) {
        let since = self.now();
        self.contact.send_modify(|contact| {
            let known = Known {
                among: Among::new(place, contact.places, name),
                shift: Shift::default(),
                run: None,
                latest: Arc::default(),
                author: self.author.clone(),
            };
            self.engines.lock().insert(place, known);
            let reach = Reach::Lost {
                since,
                next: None,
                why: Why::Silent,
            };
            contact.peers.push(Peer {
                place,
                name: name.to_owned(),
                address: address.to_owned(),
                program: Program::default(),
                version: String::new(),
                seed: None,
                others: 0,
                read_only: self.read_only,
                restarts: 0,
                reach,
            });
            contact.peers.sort_by_key(|peer| peer.place);
        });
    }

    /// An engine gives up its place, and is shown no more.
    #[cfg_attr(
        not(feature = "kube"),
        allow(dead_code, reason = "only pods go by themselves")
    )]
    pub(super) fn leave(&self, place: usize) {
        let mut engines = self.engines.lock();
        engines.remove(&place);
        drop(engines);
        self.contact
            .send_modify(|contact| contact.peers.retain(|peer| peer.place != place));
        self.publish();
    }

    /// The time of the desk.
    pub(super) fn now(&self) -> Duration {
        let (then, showed, _) = *self.clock.lock();
        showed.saturating_add(clock::now().saturating_duration_since(then))
    }

    pub(super) fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.subscribe()
    }

    pub(super) fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.events.subscribe()
    }

    pub(super) fn contact(&self) -> watch::Receiver<Contact> {
        self.contact.subscribe()
    }

    /// An engine begins to tell: this run, or another one than before. It is in contact once this snapshot is shown.
    pub(super) fn begin(
        &self,
        place: usize,
        greeting: &Greeting<'_>,
        author: Author,
        snapshot: Snapshot,
    ) {
        let told = greeting.told;
        let mut engines = self.engines.lock();
        let mut clock = self.clock.lock();
        if !clock.2 {
            *clock = (clock::now(), told, true);
        }
        drop(clock);
        let Some(known) = engines.get_mut(&place) else {
            return;
        };
        let is_new = known.run.as_deref() != Some(greeting.run);
        let is_restart = is_new && known.run.is_some();
        if is_new {
            known.shift = Shift::between(told, self.now());
            known.run = Some(greeting.run.to_owned());
        }
        known.author = author;
        drop(engines);
        self.show(place, snapshot);
        self.publish();
        self.change(place, |peer| {
            peer.program = greeting.program;
            greeting.version.clone_into(&mut peer.version);
            peer.seed = greeting.seed;
            peer.others = greeting.others;
            peer.read_only = self.read_only || greeting.is_viewer;
            peer.restarts += u32::from(is_restart);
            peer.reach = Reach::Here;
            true
        });
    }

    /// Others listen to an engine, or no more.
    pub(super) fn others(&self, place: usize, count: usize) {
        self.change(place, |peer| {
            std::mem::replace(&mut peer.others, count) != count
        });
    }

    /// An engine is out of contact, and tried again after this long, or at once.
    pub(super) fn lose(&self, place: usize, why: Why, wait: Option<Duration>) {
        let now = self.now();
        let next = wait.map(|wait| now.saturating_add(wait));
        self.change(place, |peer| {
            let (since, why) = match peer.reach {
                // That it is silent since is no news.
                Reach::Lost {
                    since,
                    why: Why::Ended,
                    ..
                } if why == Why::Silent => (since, Why::Ended),
                Reach::Lost { since, .. } => (since, why),
                Reach::Here => (now, why),
            };
            peer.reach = Reach::Lost { since, next, why };
            true
        });
    }

    /// Changes what is told of an engine; those who look are told where that says so.
    fn change(&self, place: usize, change: impl FnOnce(&mut Peer) -> bool) {
        self.contact.send_if_modified(|contact| {
            let mut peers = contact.peers.iter_mut();
            peers.find(|peer| peer.place == place).is_some_and(change)
        });
    }

    /// An engine shows this.
    pub(super) fn show(&self, place: usize, mut snapshot: Snapshot) {
        let mut engines = self.engines.lock();
        let Some(known) = engines.get_mut(&place) else {
            return;
        };
        known.among.show(known.shift, &mut snapshot);
        // Who comes and who goes is shown at once: what is pressed next may be meant for it.
        let ids = |of: &Snapshot| of.proxies.iter().map(|row| row.id).collect::<Vec<_>>();
        let is_other = ids(&known.latest) != ids(&snapshot);
        known.latest = Arc::new(snapshot);
        let is_alone = engines.len() == 1;
        drop(engines);
        if is_alone || is_other {
            self.publish();
        } else {
            self.news.notify_one();
        }
    }

    /// Publishes what several engines show, now and then.
    pub(super) async fn run(&self) -> Infallible {
        loop {
            self.news.notified().await;
            self.publish();
            sleep(APART).await;
        }
    }

    /// Publishes what all engines show.
    fn publish(&self) {
        let engines = self.engines.lock();
        // With the engines held: no older one comes after it.
        self.snapshots.send_replace(together(&engines));
    }

    /// Something happened on an engine.
    pub(super) fn tell(&self, place: usize, mut event: Event) {
        let engines = self.engines.lock();
        let Some(known) = engines.get(&place) else {
            return;
        };
        known.among.tell(known.shift, &mut event);
        event.by = event.by.map(|by| {
            if by == known.author {
                Author::CONSOLE
            } else if by.is_own() && by != Author::START {
                // Whoever runs that program is somebody else.
                Author::named(&format!("its {by}")).unwrap_or(by)
            } else {
                by
            }
        });
        drop(engines);
        // Nobody needs to listen.
        let _ = self.events.send(Arc::new(event));
    }

    /// So many events of an engine did not reach us.
    pub(super) fn lost(&self, place: usize, events: u64) {
        let peer = self.contact.borrow().peer_at(place).cloned();
        let Some(Peer { name, .. }) = peer else {
            return;
        };
        self.note(format!(
            "{events} events of {name} were lost: they came faster than the way to here takes them"
        ));
    }

    /// Something is to be said that no engine tells.
    pub(super) fn note(&self, text: String) {
        let event = Event {
            at: self.now(),
            proxy: String::new(),
            what: Happening::Note(text),
            by: None,
        };
        let _ = self.events.send(Arc::new(event));
    }

    /// What an engine calls a proxy of the desk.
    pub(super) fn own_name(&self, place: usize, id: ProxyId) -> Option<String> {
        let engines = self.engines.lock();
        let known = engines.get(&place)?;
        let row = known.latest.proxies.iter().find(|row| row.id == id)?;
        Some(known.among.own_name(&row.name).to_owned())
    }

    /// The desk's number of an engine's proxy.
    pub(super) fn desk_proxy(&self, place: usize, id: ProxyId) -> ProxyId {
        self.among(place).map_or(id, |among| among.proxy(id))
    }

    /// A request with the numbers and names that an engine has.
    pub(super) fn own_request(&self, place: usize, request: &Request) -> Request {
        let among = self.among(place);
        among.map_or_else(|| request.clone(), |among| among.own_request(request))
    }

    /// Which program an engine is.
    pub(super) fn program(&self, place: usize) -> Program {
        let contact = self.contact.borrow();
        contact
            .peer_at(place)
            .map(|it| it.program)
            .unwrap_or_default()
    }

    /// By what name an engine knows us.
    pub(super) fn author(&self, place: usize) -> Author {
        let engines = self.engines.lock();
        let author = engines.get(&place).map_or(&self.author, |it| &it.author);
        author.clone()
    }

    fn among(&self, place: usize) -> Option<Among> {
        Some(self.engines.lock().get(&place)?.among.clone())
    }
}

impl<'a> From<&'a Hello> for Greeting<'a> {
    fn from(hello: &'a Hello) -> Self {
        Self {
            program: Program::Faultboard,
            version: &hello.version,
            run: &hello.run,
            seed: Some(hello.seed),
            told: Duration::try_from_secs_f64(hello.t).unwrap_or_default(),
            others: hello.others.len(),
            is_viewer: hello.role == Role::Viewer,
        }
    }
}

/// The snapshots of several engines as one.
fn together(engines: &BTreeMap<usize, Known>) -> Arc<Snapshot> {
    if let (1, Some((_, only))) = (engines.len(), engines.first_key_value()) {
        return Arc::clone(&only.latest);
    }
    let mut all = Snapshot::default();
    for Known { latest, .. } in engines.values() {
        all.at = all.at.max(latest.at);
        all.proxies.extend(latest.proxies.iter().cloned());
        all.conns.extend(latest.conns.iter().cloned());
        all.ended.extend(latest.ended.iter().cloned());
        all.watched = all.watched.or_else(|| latest.watched.clone());
        all.rates = PerDirection::plus(all.rates, latest.rates);
    }
    all.conns.sort_by_key(|row| row.id);
    all.ended.sort_by_key(|ended| ended.at);
    Arc::new(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_several_engines_show_is_put_together_now_and_then_and_the_last_is_not_lost() {
        let board = Arc::new(Board::new(2, &Author::CONSOLE, false));
        board.enter(0, "one", "127.0.0.1:1");
        board.enter(1, "two", "127.0.0.1:2");
        let told = Arc::clone(&board);
        let running = tokio::spawn(async move { told.run().await });
        let mut snapshots = board.snapshots();
        let (mut published, mut at) = (0, Duration::ZERO);
        for place in [0, 1].repeat(50) {
            at += Duration::from_millis(1);
            let snapshot = Snapshot {
                at,
                ..Snapshot::default()
            };
            board.show(place, snapshot);
            sleep(Duration::from_millis(1)).await;
            published += u32::from(snapshots.has_changed().expect("it is there"));
            snapshots.mark_unchanged();
        }
        assert!((2..=3).contains(&published), "{published}");
        sleep(APART).await;
        assert_eq!(snapshots.borrow().at, at);
        running.abort();
    }

    #[test]
    fn one_that_said_that_it_ends_has_ended_until_something_else_is_known() {
        let board = Board::new(1, &Author::CONSOLE, false);
        board.enter(0, "db", "127.0.0.1:1");
        for (why, told) in [
            (Why::Silent, Why::Silent),
            (Why::Ended, Why::Ended),
            (Why::Silent, Why::Ended),
            (Why::Stranger, Why::Stranger),
            (Why::Silent, Why::Silent),
        ] {
            board.lose(0, why, None);
            let reach = board.contact().borrow().peers[0].reach;
            let Reach::Lost { why: known, .. } = reach else {
                panic!("{reach:?}");
            };
            assert_eq!(known, told, "after {why:?}");
        }
    }
}
