//! Panics in a worker's tasks: each ends what the task served, and nothing else.
//!
//! A panic is a bug of this program. Inside `contain` it is caught, and its place and message are kept for the event that
//! tells of it. Nothing is printed, because the console may own the terminal. Panics elsewhere go to the hook that was
//! installed before.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::Pin;
use std::sync::Once;
use std::task::Poll;

use crate::format::printable;

thread_local! {
    /// Whether this thread is inside `contain`.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
    /// What the panic that is on its way to `contain` said, and where it began.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic that was caught. Prints as one line that asks for a report; what it ended stands behind it.
#[derive(Debug)]
pub(crate) struct Panic(String);

/// Has panics inside `contain` kept instead of printed, in every thread of the process.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if is_contained() {
                SAID.set(Some(in_words(panic)));
            } else {
                before(panic);
            }
        }));
    });
}

/// Whether a panic of the current thread would be caught and told as an event, so that no hook has to act on it.
#[must_use]
pub fn is_contained() -> bool {
    CONTAINED.get()
}

/// Does one step, and catches its panic. Whatever the step could change must not be used for more than to take it down.
pub(crate) fn contain<T>(step: impl FnOnce() -> T) -> Result<T, Panic> {
    let outside = CONTAINED.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(step));
    CONTAINED.set(outside);
    done.map_err(|payload| Panic(SAID.take().unwrap_or_else(|| message(payload.as_ref()))))
}

/// Runs a task to its end, or to its first panic.
pub(crate) async fn contain_task<T>(
    mut task: Pin<Box<impl Future<Output = T>>>,
) -> Result<T, Panic> {
    std::future::poll_fn(|cx| match contain(|| task.as_mut().poll(cx)) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn in_words(panic: &PanicHookInfo<'_>) -> String {
    let message = message(panic.payload());
    match panic.location() {
        Some(place) => format!("{message} ({}:{})", place.file(), place.line()),
        None => message,
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    printable(text.unwrap_or("a panic without a message"))
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        let Self(what) = self;
        write!(
            f,
            "a bug of {name} {version}, please report this line: {what}"
        )
    }
}

/// Bugs that a test asks for.
#[cfg(test)]
pub(crate) mod injected {
    use std::net::SocketAddr;

    use parking_lot::Mutex;

    /// A place in the life of a connection.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Place {
        Opening,
        Relaying,
        TakingDown,
        Collecting,
    }

    static BUGS: Mutex<Vec<(SocketAddr, Place)>> = Mutex::new(Vec::new());

    /// Has the connection of `client` panic once it comes to `place`.
    pub(crate) fn inject(client: SocketAddr, place: Place) {
        BUGS.lock().push((client, place));
    }

    /// Panics where a test has asked for it.
    pub(crate) fn reach(place: Place, client: SocketAddr) {
        let hit = BUGS.lock().contains(&(client, place));
        assert!(!hit, "injected while {place:?}");
    }
}
