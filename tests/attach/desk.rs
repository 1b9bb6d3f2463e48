//! Desks of both sorts over real engines, and consoles whose screens are waited for.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers};
use faultboard::api::{Address, Api, ApiArgs, Listener, Tokens};
use faultboard::desk::{Contact, Desk as Interface, Pending};
use faultboard::fault::Plan;
use faultboard::mapping::Name;
use faultboard::proxy::{Engine, Events};
use faultboard::remote::{Options, RemoteDesk, Target};
use faultboard::request::{Outcome, Request, RequestError};
use faultboard::snapshot::{Author, Snapshot};
use tokio::sync::watch;

use crate::console::{self, Console};
use crate::support::{self, PATIENCE};

/// A desk of any sort.
#[derive(Clone)]
pub(crate) struct Desk(Arc<dyn Interface + Send + Sync>);

/// An engine with an interface, and where that is.
pub(crate) struct Place {
    pub(crate) engine: Engine,
    pub(crate) api: Api,
    pub(crate) target: Target,
}

/// Where an engine is, for a console.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Where {
    Here,
    Elsewhere,
}

impl Default for Desk {
    fn default() -> Self {
        Self::of(support::engine())
    }
}

impl Desk {
    pub(crate) fn of(desk: impl Interface + Send + Sync + 'static) -> Self {
        Self(Arc::new(desk))
    }
}

impl Interface for Desk {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.0.snapshots()
    }

    fn events(&self) -> Events {
        self.0.events()
    }

    fn ask(&self, request: Request) -> Pending<Result<Outcome, RequestError>> {
        self.0.ask(request)
    }

    fn contact(&self) -> watch::Receiver<Contact> {
        self.0.contact()
    }

    fn try_now(&self) {
        self.0.try_now();
    }
}

impl Place {
    pub(crate) fn open() -> Self {
        Self::at(
            &Address::parse("127.0.0.1:0").expect("an address"),
            &ApiArgs::default(),
        )
    }

    pub(crate) fn at(address: &Address, args: &ApiArgs) -> Self {
        let engine = support::engine();
        let listener = Listener::bind(address).expect("a free port");
        let target = Target::parse(&listener.address().to_string()).expect("a target");
        let args = ApiArgs {
            api: Some(address.clone()),
            ..args.clone()
        };
        let api = Api::start(listener, &engine, &args, Tokens::default());
        api.open();
        Self {
            engine,
            api,
            target,
        }
    }

    pub(crate) async fn attach(&self, author: &str) -> RemoteDesk {
        attach(std::slice::from_ref(&self.target), author).await
    }

    /// The desk of this engine, as its own console has it or one elsewhere.
    pub(crate) async fn desk(&self, from: Where) -> Desk {
        match from {
            Where::Here => Desk::of(self.engine.by(Author::CONSOLE)),
            Where::Elsewhere => Desk::of(self.attach("me@here").await),
        }
    }
}

/// An engine with a proxy `db`.
pub(crate) async fn with_db() -> Place {
    let place = Place::open();
    let mut mapping = support::mapping(support::echo().await);
    mapping.name = Some(Name::parse("db").expect("a name"));
    let added = place.engine.add(mapping, Plan::default()).await;
    added.expect("a free port");
    place
}

/// Waits until a desk's contact is so.
pub(crate) async fn contact(desk: &RemoteDesk, is_so: impl FnMut(&Contact) -> bool) {
    let mut contact = desk.contact();
    let found = tokio::time::timeout(PATIENCE, contact.wait_for(is_so)).await;
    found.expect("in time").expect("it lives");
}

pub(crate) async fn attach(targets: &[Target], author: &str) -> RemoteDesk {
    let attached = RemoteDesk::attach(targets, &options(author)).await;
    attached.unwrap_or_else(|why| panic!("{why}"))
}

pub(crate) fn options(author: &str) -> Options {
    Options {
        author: Author::named(author).expect("a name"),
        token: None,
        read_only: false,
    }
}

/// A console over a desk.
pub(crate) fn console(desk: Desk) -> Console {
    Console::over(desk, console::Options::default())
}

impl Console {
    /// Waits until its screen says all of this.
    pub(crate) async fn shows(&mut self, texts: &[&str]) {
        let shows = |screen: &str| texts.iter().all(|text| screen.contains(text));
        self.until(&format!("{texts:?}"), shows).await;
    }

    /// Waits until its screen is so.
    pub(crate) async fn until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) {
        let looked = tokio::time::timeout(PATIENCE, async {
            while !is_so(&self.screen()) {
                self.wait(Duration::from_millis(5)).await;
            }
        });
        let found = looked.await.is_ok();
        assert!(found, "never {what} on\n{}", self.screen());
    }

    pub(crate) fn enter(&mut self) {
        self.key(KeyCode::Enter, KeyModifiers::NONE);
    }
}

/// Waits until the engine is so.
pub(crate) async fn engine_is(engine: &Engine, is_so: impl FnMut(&Snapshot) -> bool) {
    support::snapshot(engine, is_so).await;
}
