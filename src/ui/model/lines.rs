//! What the console says: the changes of faults, and lines of what happened.

use std::fmt;
use std::time::Duration;

use super::settings::Side;
use crate::format::figures::{time, times};
use crate::format::one_line;
use crate::snapshot::{Author, ProxyId, Taken};

/// A change of faults, by the user, a sweep or a tape that is played. Its mark in the charts, its line of what happened and its answer below the charts all
/// say what stands here.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Counted from 1 in a session: `▲1`.
    pub number: u32,
    /// Who made it.
    pub by: Author,
    /// When it was made.
    pub at: Duration,
    /// The proxies whose faults it changed.
    pub proxies: Vec<ProxyId>,
    /// The name of the proxy, or what several of them are called together: `all`.
    pub who: String,
    /// What was before and what is after: `LAT off → 250ms`.
    pub text: String,
    /// Whether no connection feels it, because its proxy is bypassed.
    pub unheard: bool,
    /// How it reached the open connections, once the engine has said so; all of its proxies together.
    pub taken: Option<Taken>,
    /// What clients felt before and after it, where somebody felt something before.
    pub felt: Option<Felt>,
    /// When it was last turned: a held key turns it on.
    pub(in crate::ui) turned: Duration,
    /// The number of the command that carries it; 0 in a model made by hand.
    pub(in crate::ui) ticket: u64,
    /// The proxies that have not answered the command yet.
    pub(in crate::ui) awaited: Vec<ProxyId>,
}

/// What the clients of a proxy feel before and after a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Felt {
    /// The proxy.
    pub proxy: ProxyId,
    /// The median of the second before it.
    pub before: Duration,
    /// The median once it acts; absent as long as nobody has felt it.
    pub after: Option<Duration>,
    /// The side of two settings that acted before it, where it swaps them.
    pub left: Option<Side>,
}

/// A line for the user: something that happened, or the answer to a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When it was so.
    pub at: Duration,
    /// What it says.
    pub content: Content,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// The change of this number.
    Change(u32),
    /// A text of its own.
    Text {
        /// The name of the proxy that it concerns, empty where it concerns none.
        proxy: String,
        /// What it says, without the proxy's name.
        text: String,
        /// How it is meant.
        tone: Tone,
    },
    /// A connection opened, or ended.
    Passing {
        /// The name of its proxy.
        proxy: String,
        /// What it says, without the proxy's name.
        text: String,
        /// Which of both, and how it ended.
        what: Passing,
    },
}

/// A line with what it refers to; prints as one sentence: `db: LAT off → 250ms, taken by 4 of 4 in 3 ms`.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// When it was so.
    pub at: Duration,
    /// The change that it tells of.
    pub change: Option<&'a Change>,
    /// The name of the proxy that it concerns, empty where it concerns none.
    pub proxy: &'a str,
    /// What it says, without the proxy's name.
    pub text: &'a str,
    /// How it is meant.
    pub tone: Tone,
    /// Of a connection that opened or ended: which of both.
    pub passing: Option<Passing>,
}

/// How a connection came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// It opened.
    Opened,
    /// It ended as connections do.
    Done,
    /// A fault ended it.
    Cut,
    /// It failed.
    Failed,
}

/// How a line is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    /// A fact that is neither good nor bad.
    #[default]
    Plain,
    /// A change of faults, by the user or by a fault's own schedule.
    Injected,
    /// Something that went well.
    Good,
    /// Something that may be as it should be, and may not.
    Doubtful,
    /// Something that went wrong.
    Trouble,
}

// === impl Change ===

impl Change {
    /// A change of one proxy that no command carries, in a model made by hand.
    #[must_use]
    pub fn new(number: u32, at: Duration, proxy: ProxyId, who: &str, text: &str) -> Self {
        Self {
            number,
            by: Author::CONSOLE,
            at,
            proxies: vec![proxy],
            who: who.to_owned(),
            text: text.to_owned(),
            unheard: false,
            taken: None,
            felt: None,
            turned: at,
            ticket: 0,
            awaited: Vec::new(),
        }
    }

    /// The change as a line of what happened.
    #[must_use]
    pub fn said(&self) -> Said<'_> {
        Said {
            at: self.at,
            change: Some(self),
            proxy: &self.who,
            text: &self.text,
            tone: Tone::Injected,
            passing: None,
        }
    }

    /// A proxy's part of the answer came: connections are counted over all of them, but for those that nobody tells of.
    pub(in crate::ui) fn take(&mut self, proxy: ProxyId, more: Option<Taken>) {
        if let Some(place) = self.awaited.iter().position(|id| *id == proxy) {
            self.awaited.swap_remove(place);
            let so_far = self.taken;
            let both = so_far.zip(more).map(|(so_far, more)| so_far.and(more));
            self.taken = both.or(so_far).or(more);
        }
    }
}

// === impl Passing ===

impl Passing {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 4] = [Self::Failed, Self::Cut, Self::Opened, Self::Done];

    /// How a line of it is meant.
    #[must_use]
    pub const fn tone(self) -> Tone {
        match self {
            Self::Opened | Self::Done => Tone::Plain,
            Self::Cut => Tone::Injected,
            Self::Failed => Tone::Trouble,
        }
    }

    /// What several of them are called.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Done => "done",
            Self::Cut => "cut",
            Self::Failed => "failed",
        }
    }
}

// === impl Line ===

impl Line {
    /// A line with a text of its own. Others may have written it: what cannot be seen in it is told by its number.
    #[must_use]
    pub fn new(at: Duration, proxy: &str, text: &str, tone: Tone) -> Self {
        Self {
            at,
            content: Content::Text {
                proxy: proxy.to_owned(),
                text: one_line(text),
                tone,
            },
        }
    }

    /// A connection opened, or ended.
    #[must_use]
    pub fn passing(at: Duration, proxy: &str, text: &str, what: Passing) -> Self {
        Self {
            at,
            content: Content::Passing {
                proxy: proxy.to_owned(),
                text: one_line(text),
                what,
            },
        }
    }

    /// A line that tells of a change.
    #[must_use]
    pub const fn of_change(at: Duration, number: u32) -> Self {
        Self {
            at,
            content: Content::Change(number),
        }
    }
}

// === impl Said ===

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.proxy.is_empty() {
            write!(f, "{}: ", self.proxy)?;
        }
        f.write_str(self.text)?;
        let Some(change) = self.change else {
            return Ok(());
        };
        if change.unheard {
            f.write_str(" (bypassed: Space lets it act)")?;
        }
        // Once both sides of a swap are known, they take its room.
        let taken = change
            .taken
            .filter(|_| !change.felt.is_some_and(|felt| felt.compares()));
        match taken {
            None => {}
            Some(Taken { of: 0, .. }) => f.write_str(", no connection is open")?,
            Some(taken) if taken.cut == taken.of => write!(f, ": {taken}")?,
            Some(taken) => write!(f, ", {taken}")?,
        }
        match change.felt {
            // Who else makes a change is not told how it reached connections.
            Some(felt) if change.taken.is_some() || !change.by.is_own() => {
                write!(f, " {felt}")
            }
            _ => Ok(()),
        }
    }
}

// === impl Felt ===

impl Felt {
    /// Whether it says what was felt under both of two settings.
    fn compares(&self) -> bool {
        self.left.is_some() && self.after.is_some()
    }

    /// How much longer it takes than before, where that is more than a whim.
    fn times(&self) -> Option<f64> {
        let times = self.after?.as_secs_f64() / self.before.as_secs_f64();
        (times.is_finite() && times >= 1.1).then_some(times)
    }
}

/// `… feels 41 → 291 ms (x7.1)`, of two settings `… A 41 ms, B 291 ms`, and `…` as long as nobody has felt it.
impl fmt::Display for Felt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(after) = self.after else {
            return f.write_str("…");
        };
        let (before, after) = (time(self.before), time(after));
        match self.left {
            Some(Side::A) => return write!(f, "… A {before}, B {after}"),
            Some(Side::B) => return write!(f, "… A {after}, B {before}"),
            None => {}
        }
        let unit = |text: &str| text.split_once(' ').map(|(_, unit)| unit.to_owned());
        let before = match (unit(&before), unit(&after)) {
            (Some(one), Some(other)) if one == other => before.trim_end_matches(&one).trim_end(),
            _ => &before,
        };
        write!(f, "… feels {before} → {after}")?;
        match self.times() {
            Some(by) => write!(f, " ({})", times(by)),
            None => Ok(()),
        }
    }
}
