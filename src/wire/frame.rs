//! The frames, each as it is written and read.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use super::minute::Moment;
use super::object::Object;
use super::seconds::Seconds;
use super::tail::Tail;
use super::told;
use super::watched::Change;
use crate::format::shortened;
use crate::snapshot::Event;

/// One line.
#[derive(Clone, Debug)]
pub enum Frame {
    /// Who speaks; the first one.
    Hello(Hello),
    /// Everything: a key frame.
    State(Box<State>),
    /// What has changed since the frame before.
    Delta(Box<Delta>),
    /// Something happened.
    Event(Event),
    /// So many frames, and so many events, were dropped because they were not read; a key frame follows.
    Lost {
        /// Key frames and deltas.
        frames: u64,
        /// Events that happened meanwhile.
        events: u64,
    },
    /// Nothing has changed for a second.
    Beat(Duration),
    /// These listen now.
    Others(Vec<Listener>),
    /// Nothing more comes, and why.
    Bye(String),
    /// What a later version tells.
    Unknown(String),
}

/// Who speaks, and to whom.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// The number of the language: [`API`](super::API).
    pub api: u32,
    /// The version of the program.
    pub version: String,
    /// The run of the engine: another one where it was started anew.
    pub run: String,
    /// The seed of every random choice.
    pub seed: u64,
    /// The time since the engine's start, in seconds.
    pub t: f64,
    /// How this listener is numbered.
    pub you: String,
    /// What whoever listens may do.
    pub role: Role,
    /// Whether proxies can be neither made, moved nor removed.
    pub fixed: bool,
    /// Who else listens.
    pub others: Vec<Listener>,
}

/// Somebody who listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Listener {
    /// How it is numbered.
    pub id: String,
    /// Who it is, as it says of itself.
    pub author: String,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Change everything.
    Operator,
    /// Read, and change nothing.
    #[default]
    #[serde(other)]
    Viewer,
}

/// Why a line is no frame.
#[derive(Debug, Error)]
#[error("no frame: {why} in {}", shortened(.line))]
pub struct FrameError {
    line: String,
    why: serde_json::Error,
}

/// A key frame.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State<R = Vec<Value>, E = R> {
    pub(super) seq: u64,
    pub(super) t: Seconds,
    pub(super) proxies: Vec<Entry>,
    /// The names of a connection's columns.
    pub(super) columns: Vec<String>,
    /// The kinds of fault whose bits `hit` has.
    pub(super) kinds: Vec<String>,
    /// The names of a point's columns.
    pub(super) points: Vec<String>,
    pub(super) conns: Vec<R>,
    /// How many more are open.
    pub(super) more: usize,
    pub(super) ended: Vec<EndedRow<E>>,
    pub(super) watched: Option<Change>,
}

/// What has changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delta<R = Vec<Value>, E = R> {
    pub(super) seq: u64,
    pub(super) t: Seconds,
    /// The numbers of the proxies in their order, where those are others than before; who is not among them is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) order: Option<Vec<u32>>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub(super) proxies: Vec<Entry>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub(super) conns: Vec<R>,
    /// The numbers of connections that are no longer among those that are told.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub(super) gone: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) more: Option<usize>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<Tail<EndedRow<E>>>,
    /// Absent where it is as before, `null` where none is watched any more.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub(super) watched: Option<Watching>,
}

/// A proxy, or those of its members that have changed, with what is new of its last minute.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(flatten)]
    pub(super) members: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) history: Option<Tail<Moment>>,
}

/// What has become of the connection that is looked at closely.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Watching {
    Change(Box<Change>),
    /// None is.
    Nothing,
}

/// A connection that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct EndedRow<R> {
    pub(super) row: R,
    pub(super) at: Seconds,
    /// A word; beside it the `fault`, or the `error` that it stands for.
    pub(super) reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) truncated: bool,
}

fn none<T>() -> Option<T> {
    None
}

/// A member that is there, though it be `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

// === impl Frame ===

impl Frame {
    /// Reads a line; one of a kind that this program does not know is [`Frame::Unknown`].
    ///
    /// # Errors
    /// It is no JSON, or a member has another form than it should.
    pub fn read(line: &str) -> Result<Self, FrameError> {
        #[derive(Deserialize)]
        struct Head {
            frame: String,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Rest {
            t: Seconds,
            frames: u64,
            events: u64,
            others: Vec<Listener>,
            reason: String,
        }
        let read = || {
            let Head { frame } = serde_json::from_str(line)?;
            let rest = || serde_json::from_str::<Rest>(line);
            Ok(match frame.as_str() {
                "hello" => Self::Hello(serde_json::from_str(line)?),
                "state" => Self::State(serde_json::from_str(line)?),
                "delta" => Self::Delta(serde_json::from_str(line)?),
                "event" => Self::Event(told::read(&serde_json::from_str(line)?)),
                "lost" => {
                    let Rest { frames, events, .. } = rest()?;
                    Self::Lost { frames, events }
                }
                "beat" => Self::Beat(rest()?.t.0),
                "others" => Self::Others(rest()?.others),
                "bye" => Self::Bye(rest()?.reason),
                _ => Self::Unknown(frame),
            })
        };
        read().map_err(|why| FrameError {
            line: line.to_owned(),
            why,
        })
    }

    /// The line of a frame that is not made of a snapshot or an event, without a line ending: those have lines of their own.
    fn line(name: &str, members: &impl Serialize) -> String {
        let mut line = format!("{{\"frame\":\"{name}\"").into_bytes();
        let begin = line.len();
        let written = serde_json::to_writer(&mut line, members);
        written
            .expect("no map here has keys that are not text, and memory takes all that is written");
        // They go on in the object that has begun.
        if &line[begin..] == b"{}" {
            line.remove(begin);
        } else {
            line[begin] = b',';
        }
        String::from_utf8(line).expect("JSON is text")
    }

    /// The line of a key frame.
    pub(super) fn state<R: Serialize, E: Serialize>(state: &State<R, E>) -> String {
        Self::line("state", state)
    }

    /// The line of what has changed.
    pub(super) fn delta<R: Serialize, E: Serialize>(delta: &Delta<R, E>) -> String {
        Self::line("delta", delta)
    }

    /// The line that says who speaks.
    #[must_use]
    pub fn hello(hello: &Hello) -> String {
        Self::line("hello", hello)
    }

    /// The line that says what was dropped.
    #[must_use]
    pub fn lost(frames: u64, events: u64) -> String {
        let some = |count| Some(count).filter(|count| *count > 0);
        let object = Object::default().with("frame", "lost");
        let object = object.with_some("frames", some(frames));
        object.with_some("events", some(events)).to_string()
    }

    /// The line that says that all is as it was.
    #[must_use]
    pub fn beat(at: Duration) -> String {
        let object = Object::default().with("frame", "beat");
        object.with("t", Seconds(at)).to_string()
    }

    /// The line that says who else listens.
    #[must_use]
    pub fn others(others: &[Listener]) -> String {
        let object = Object::default().with("frame", "others");
        object.with("others", others).to_string()
    }

    /// The last line.
    #[must_use]
    pub fn bye(reason: &str) -> String {
        let object = Object::default().with("frame", "bye");
        object.with("reason", reason).to_string()
    }
}
