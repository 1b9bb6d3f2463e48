//! The stream: frames of a hub as the lines of an answer that goes on until either side ends it.
//!
//! Whoever reads slowly loses frames, never holds up a hub, and is told: `lost`, then a new key frame. Whoever does not read at
//! all is dropped by `accept`, as with any answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Extension;
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::hub::{EventHub, Hub, Lot};
use super::listeners::{MOST, Place};
use super::{Asked, seconds};
use crate::api::accept::STALL;
use crate::api::answer::Refusal;
use crate::api::{Control, Desk};
use crate::proxy::Engine;
use crate::wire::{API, Frame, Hello, Listener, Role};

/// After so long without a frame one is told all the same: what stands between would cut a silent connection.
const SILENCE: Duration = Duration::from_secs(1);

/// After so long everything is told again.
const ANEW: Duration = Duration::from_secs(60);

/// One who listens.
struct Reader {
    engine: Engine,
    place: Place,
    hub: Arc<Hub>,
    frames: Receiver<Bytes>,
    events: Option<Events>,
    who: watch::Receiver<Vec<Listener>>,
    stop: CancellationToken,
    /// What is told next, before all else.
    first: Option<String>,
    /// When everything was told last, since the engine's start.
    whole: Duration,
    /// When it was last asked for something to tell, in microseconds since the engine's start: of one that is read, within
    /// each `SILENCE`.
    asked: Arc<AtomicU64>,
    /// One that was not asked for so long has been let go.
    patience: Duration,
    ended: bool,
}

/// The events that one listens to.
struct Events {
    lots: Receiver<Lot>,
    /// How many have been told or lost.
    told: u64,
    /// What they come from lives as long as this.
    _hub: Arc<EventHub>,
}

pub(super) async fn stream(
    Desk(control): Desk,
    Extension(role): Extension<Role>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let asked = Asked::read(&uri, &["conns", "events"])?;
    let place = control.parts.live.enter(&control.author);
    let place = place.ok_or_else(|| {
        let why = format!("{MOST} streams are open, and there can be no more");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why)
    })?;
    let reader = Reader::new(&control, place, &asked, role);
    let head = [(CONTENT_TYPE, "application/x-ndjson")];
    Ok((head, Body::from_stream(lines(reader))).into_response())
}

/// What a reader is told, for whoever asks for it while there is room.
fn lines(reader: Reader) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let (engine, asked) = (reader.engine.clone(), Arc::clone(&reader.asked));
    let lines = stream::unfold(reader, |mut reader| async {
        let line = reader.next().await?;
        Some((Ok(line), reader))
    });
    let mut lines = Box::pin(lines);
    stream::poll_fn(move |context| {
        let now = u64::try_from(engine.now().as_micros());
        asked.store(now.unwrap_or(u64::MAX), Ordering::Relaxed);
        lines.as_mut().poll_next(context)
    })
}

// === impl Reader ===

impl Reader {
    fn new(control: &Control, place: Place, asked: &Asked, role: Role) -> Self {
        let live = &control.parts.live;
        let mut who = live.who();
        let me = &place.me;
        let hello = Hello {
            api: API,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run: live.run().to_owned(),
            seed: control.engine.seed(),
            t: seconds(control.engine.now()),
            you: me.id.clone(),
            role,
            fixed: control.parts.fixed,
            others: others(&who.borrow_and_update(), me),
        };
        let events = asked.events.then(|| {
            let hub = live.events(&control.engine);
            let (told, lots) = hub.join();
            Events {
                lots,
                told,
                _hub: hub,
            }
        });
        let hub = live.hub(&control.engine, asked.conns);
        let (state, frames) = hub.join();
        let state = String::from_utf8_lossy(&state);
        Self {
            engine: control.engine.clone(),
            place,
            hub,
            frames,
            events,
            who,
            stop: live.stop(),
            first: Some(format!("{}\n{state}", Frame::hello(&hello))),
            whole: control.engine.now(),
            asked: Arc::default(),
            // Less than what it takes: the last one may have been asked for a moment after the first that was not taken.
            patience: STALL / 2,
            ended: false,
        }
    }

    /// The lines that are told next; `None` after the last.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        if let Some(first) = self.first.take() {
            return Some(first.into());
        }
        loop {
            // Cancel-safe, all: receivers lose nothing that they have not returned, the token and the time only report.
            let line = tokio::select! {
                biased;
                () = self.stop.cancelled() => self.bye(),
                frame = self.frames.recv() => self.frame(frame),
                lot = next_lot(&mut self.events) => match lot {
                    Ok(lot) => self.told(lot),
                    // How many events were in them the next one says.
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => self.bye(),
                },
                Ok(()) = self.who.changed() => {
                    let others = others(&self.who.borrow_and_update(), &self.place.me);
                    (Frame::others(&others) + "\n").into()
                }
                () = sleep(SILENCE) => (Frame::beat(self.engine.now()) + "\n").into(),
            };
            return Some(line);
        }
    }

    /// A frame; a whole one where frames were lost, or the last whole one was long ago.
    fn frame(&mut self, frame: Result<Bytes, RecvError>) -> Bytes {
        let lost = match frame {
            Ok(frame) if self.engine.now().saturating_sub(self.whole) < ANEW => return frame,
            // It stands in what is told anew.
            Ok(_) => String::new(),
            Err(RecvError::Lagged(frames)) => Frame::lost(frames, 0) + "\n",
            Err(RecvError::Closed) => return self.bye(),
        };
        let (state, frames) = self.hub.join();
        (self.frames, self.whole) = (frames, self.engine.now());
        (lost + &String::from_utf8_lossy(&state)).into()
    }

    /// Events, and before them how many were lost.
    fn told(&mut self, lot: Lot) -> Bytes {
        let Some(events) = &mut self.events else {
            return lot.lines;
        };
        let missed = lot.before.saturating_sub(events.told);
        events.told = lot.before + lot.count;
        if missed == 0 {
            return lot.lines;
        }
        let lines = String::from_utf8_lossy(&lot.lines);
        format!("{}\n{lines}", Frame::lost(0, missed)).into()
    }

    fn bye(&mut self) -> Bytes {
        self.ended = true;
        (Frame::bye("stopped") + "\n").into()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let asked = Duration::from_micros(self.asked.load(Ordering::Relaxed));
        if !self.ended && self.engine.now().saturating_sub(asked) >= self.patience {
            let Listener { id, author } = &self.place.me;
            let seconds = STALL.as_secs();
            self.engine.note(format!(
                "{author} ({id}) has read nothing of its stream for {seconds} s, and is let go"
            ));
        }
    }
}

/// Those who listen beside one.
fn others(who: &[Listener], me: &Listener) -> Vec<Listener> {
    who.iter().filter(|other| *other != me).cloned().collect()
}

/// The next events, where they are asked for; never where not. Cancel-safe.
async fn next_lot(events: &mut Option<Events>) -> Result<Lot, RecvError> {
    match events {
        Some(events) => events.lots.recv().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, StreamExt as _};
    use tokio::time::timeout;

    use super::super::hub::{FRAMES, LOTS};
    use super::*;
    use crate::fault::{Plan, language};
    use crate::mapping;
    use crate::proxy::Options;
    use crate::snapshot::{Author, Event, Happening};
    use crate::wire::Picture;

    const PATIENCE: Duration = Duration::from_secs(20);

    async fn control() -> Control {
        let engine = Engine::start(Options::default()).expect("an engine");
        let mapping = mapping::parse("0=127.0.0.1:1 as db").expect("a mapping");
        engine.add(mapping, Plan::default()).await.expect("a port");
        engine.snapshot().await;
        Control::new(&engine, false, CancellationToken::new())
    }

    fn reader(control: &Control, events: bool) -> Reader {
        let live = &control.parts.live;
        let place = live.enter(&Author::API).expect("a place");
        let asked = Asked { conns: 10, events };
        Reader::new(control, place, &asked, Role::Operator)
    }

    /// What is told next.
    async fn told(reader: &mut Reader) -> Vec<Frame> {
        let lines = timeout(PATIENCE, reader.next()).await.expect("in time");
        let lines = lines.expect("it goes on");
        let lines = str::from_utf8(&lines).expect("text").lines();
        lines
            .map(|line| Frame::read(line).expect("a frame"))
            .collect()
    }

    async fn change(control: &Control, number: u64) {
        let faults = language::parse(&format!("latency {number}ms")).expect("faults");
        let id = control.engine.find("db").expect("it is there");
        control.engine.set_plan(id, Plan::of(faults)).await;
        control.engine.snapshot().await;
        tokio::task::yield_now().await;
    }

    #[tokio::test]
    async fn who_reads_too_slowly_is_told_and_begins_anew() {
        let control = control().await;
        let mut reader = reader(&control, true);
        let changing = async {
            let mut number = 0;
            let missed = |reader: &Reader| {
                let lots = reader.events.as_ref().map_or(0, |events| events.lots.len());
                reader.frames.len() > FRAMES && lots > LOTS
            };
            while !missed(&reader) {
                number += 1;
                change(&control, number).await;
            }
            number
        };
        let last = timeout(PATIENCE, changing).await.expect("in time");
        let first = told(&mut reader).await;
        assert!(matches!(first[..], [Frame::Hello(_), Frame::State(_)]));
        let (mut picture, mut frames_lost, mut events_lost, mut events) =
            (Picture::default(), 0, 0, 0);
        while !picture.is_whole() || events_lost == 0 {
            for frame in told(&mut reader).await {
                match frame {
                    Frame::Lost { frames, events } => {
                        frames_lost += frames;
                        events_lost += events;
                    }
                    Frame::Event(Event {
                        what: Happening::Faults { .. },
                        ..
                    }) => events += 1,
                    frame => {
                        picture.take(frame).expect("no gap that is not told");
                    }
                }
            }
        }
        assert!(frames_lost > 0);
        while events + events_lost < last {
            let frames = told(&mut reader).await;
            let is_event = |frame: &&Frame| matches!(frame, Frame::Event(_));
            events += frames.iter().filter(is_event).count() as u64;
        }
        assert_eq!(events + events_lost, last, "each is told or counted");
        let plan = &picture.snapshot().proxies[0].plan;
        assert_eq!(plan.to_string(), format!("latency {last}ms"));
    }

    #[tokio::test]
    async fn frames_are_made_while_somebody_listens_and_no_longer() {
        let control = control().await;
        let live = Arc::clone(&control.parts.live);
        assert_eq!(live.works(), (0, false));
        let (one, two) = (reader(&control, false), reader(&control, true));
        assert!(Arc::ptr_eq(&one.hub, &two.hub), "it is made once for both");
        assert_eq!(live.works(), (1, true));
        drop((one, two));
        assert_eq!(live.works(), (0, false));
    }

    #[tokio::test]
    async fn that_a_reader_was_let_go_is_told_and_that_one_left_is_not() {
        let control = control().await;
        let mut events = control.engine.events();
        for (patience, is_told) in [(STALL, false), (Duration::ZERO, true)] {
            let mut reader = reader(&control, false);
            reader.patience = patience;
            let mut lines = Box::pin(lines(reader));
            assert!(lines.next().await.is_some(), "it begins");
            // It waits for something to tell when it is asked no more.
            assert!(lines.next().now_or_never().is_none());
            drop(lines);
            let notes = events.drain().filter_map(crate::proxy::Told::event);
            let mut notes = notes.map(|event| event.what.clone());
            let is_note = |what| matches!(what, Happening::Note(text) if text.ends_with("has read nothing of its stream for 60 s, and is let go"));
            assert_eq!(notes.any(is_note), is_told);
        }
    }
}
