//! What stands on a tape, as it is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::waits::Waits;
use crate::fault::PerDirection;
use crate::snapshot::{self, Found, PortState, Shut};
use crate::sweep::Curve;

/// The first line: who recorded what, and how it stood then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the form in which the tape is written.
    pub tape: u32,
    /// The version of the program that recorded it.
    pub faultboard: String,
    /// The seed of every random choice.
    pub seed: u64,
    /// The day and the hour of the engine's start, in the form of RFC 3339; `t` counts from it.
    pub began: String,
    /// Since when these proxies stood so.
    #[serde(serialize_with = "seconds", deserialize_with = "from_seconds")]
    pub t: Duration,
    /// Whether the upstreams were the demo's.
    #[serde(default)]
    pub demo: bool,
    /// The options of the command line that running it again needs.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// The proxies, in the order in which they were added.
    pub proxies: Vec<Standing>,
}

/// A proxy as it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Its name.
    pub proxy: String,
    /// Its mapping, as text that reads back.
    pub mapping: String,
    /// Where it listens, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it accepts clients.
    #[serde(default)]
    pub port: Port,
    /// Its faults, in the fault language.
    #[serde(default)]
    pub faults: String,
    /// Whether they are switched off for now.
    #[serde(default)]
    pub bypassed: bool,
    /// Who added it, where that is told as something that happened.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// Whether a proxy accepts clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// It does.
    #[default]
    Open,
    /// Its user has closed it.
    Closed,
    /// Its user has closed it, and ended its connections with it.
    Off,
    /// A fault has closed it.
    Refusing,
}

/// What happened at a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When, since the engine's start.
    #[serde(serialize_with = "seconds", deserialize_with = "from_seconds")]
    pub t: Duration,
    /// What it was.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// A proxy was added.
    Added(Box<Standing>),
    /// A proxy was removed.
    Removed {
        /// Its name.
        proxy: String,
        /// Who did it, as in a change of faults; empty where that is not told.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        by: String,
    },
    /// A proxy has another name.
    Renamed {
        /// The name that it has now.
        proxy: String,
        /// The name that it had.
        before: String,
        /// Who did it, as in a change of faults; empty where that is not told.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        by: String,
    },
    /// A proxy has another mapping.
    Repointed {
        /// Its name.
        proxy: String,
        /// Its mapping, as text that reads back.
        mapping: String,
        /// Who did it, as in a change of faults; empty where that is not told.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        by: String,
    },
    /// A port was opened or closed.
    Port {
        /// The proxy's name.
        proxy: String,
        /// What it is now.
        port: Port,
        /// Who did it, as in a change of faults; empty where that is not told.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        by: String,
    },
    /// The faults of a proxy changed.
    Faults(Arc<FaultChange>),
    /// What a proxy's clients met in a second, or in the part of it up to a change.
    Second(Box<Second>),
    /// Something was found out about what the application does, or is not held any more.
    Finding(Box<Finding>),
    /// A sweep has ended, and came to this.
    Sweep(Box<Curve>),
    /// Something failed that is not one connection's own end.
    Error {
        /// The proxy that it concerns, empty where none.
        #[serde(default)]
        proxy: String,
        /// What, in one line.
        error: String,
    },
    /// A thread of the program that recorded it did not run for so long, up to now, although it was due: what was seen then may
    /// have been as much earlier.
    Stall {
        /// For how long.
        #[serde(serialize_with = "seconds", deserialize_with = "from_seconds")]
        lasted: Duration,
    },
    /// So much could not be recorded.
    Lost {
        /// How many events, beats of facts, or lines.
        lost: u64,
    },
    /// Nothing more was recorded.
    End {
        /// Why: `stopped`, `full`, or `saved` while it went on.
        reason: String,
    },
    /// What a later version of the program has recorded.
    #[serde(other)]
    Unknown,
}

/// How the faults of a proxy changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FaultChange {
    /// The proxy's name.
    pub proxy: String,
    /// What they were.
    pub before: String,
    /// What they are now.
    pub faults: String,
    /// Whether they are switched off for now.
    #[serde(default)]
    pub bypassed: bool,
    /// Who did it: `start`, `console`, `commands`, `scene`, `replay`, `sweep`, or a name as `ana@laptop`.
    pub by: String,
}

/// What a proxy's clients met in a stretch of at most a second, which ended at the record's time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// The proxy's name.
    pub proxy: String,
    /// How long the stretch was.
    #[serde(serialize_with = "seconds", deserialize_with = "from_seconds")]
    pub span: Duration,
    /// How many connections were open at its end.
    pub connections: u32,
    /// Bytes delivered in it.
    #[serde(default)]
    pub bytes: PerDirection<u64>,
    /// The median wait of the requests that were answered in it, in milliseconds; as all quantiles, of `waits`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    /// The wait that one in a hundred exceeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
    /// How long they waited: pairs of microseconds and how many.
    #[serde(default, skip_serializing_if = "Waits::is_empty")]
    pub waits: Waits,
    /// How many requests began in it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub asked: u64,
    /// The longest that a request had waited when it was answered, or when one of its peers left, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_ms: Option<f64>,
    /// The requests that had no answer at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<Unanswered>,
    /// How many connections ended in it, by who ended them: `client`, `upstream`, `client_broke`, `upstream_broke`, `unreached`,
    /// `desk`, or the name of a fault.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ended: BTreeMap<String, u64>,
}

/// What an application was found to do, with its evidence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The proxy's name.
    pub proxy: String,
    /// What kind of habit it is, as a word.
    pub kind: String,
    /// Which one of its kind, as a word.
    #[serde(default)]
    pub which: String,
    /// What became of it: `new`, `changed` or `withdrawn`.
    pub state: String,
    /// The sentence.
    pub text: String,
    /// The faults under which it was seen.
    pub under: String,
    /// How many cases show it.
    pub n: u32,
    /// Of how many that could have shown it.
    pub of: u32,
    /// How sure it is, as a word.
    #[serde(default)]
    pub confidence: String,
    /// Its figures, by their names: seconds, or how many.
    #[serde(default)]
    pub values: BTreeMap<String, f64>,
    /// The last connections that showed it.
    #[serde(default)]
    pub connections: Vec<u64>,
}

/// Requests that have had no answer for a tenth of a second or more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unanswered {
    /// How many.
    pub count: u32,
    /// For how long the oldest has waited.
    pub oldest_ms: f64,
    /// How many wait longer than is their habit.
    #[serde(default)]
    pub overdue: u32,
}

// === impl Head ===

impl Head {
    /// The form that this program writes, and the last one that it reads.
    pub const FORM: u32 = 1;

    /// The proxy of this name.
    #[must_use]
    pub fn proxy(&self, name: &str) -> Option<&Standing> {
        self.proxies.iter().find(|standing| standing.proxy == name)
    }
}

// === impl Port ===

impl Port {
    /// Whether its user has closed it.
    #[must_use]
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Closed | Self::Off)
    }
}

// === impl Record ===

impl Record {
    /// As it is written: its times to the microsecond, so that what is told of it now is what is read of it later.
    #[must_use]
    pub(super) fn rounded(mut self) -> Self {
        self.t = whole_micros(self.t);
        if let What::Second(second) = &mut self.what {
            second.span = whole_micros(second.span);
        }
        self
    }

    /// How much room it takes, about.
    pub(super) fn weight(&self) -> usize {
        let beside = match &self.what {
            What::Added(standing) => {
                size_of::<Standing>() + standing.mapping.len() + standing.faults.len()
            }
            // At most: it may be another one's too.
            What::Faults(change) => {
                size_of::<FaultChange>() + change.before.len() + change.faults.len()
            }
            // A node of a tree for each few of them.
            What::Second(second) => {
                size_of::<Second>() + second.waits.len() * 24 + second.ended.len() * 64
            }
            What::Error { error, .. } => error.len(),
            What::Finding(finding) => {
                size_of::<Finding>() + finding.text.len() + finding.values.len() * 64
            }
            What::Sweep(curve) => size_of::<Curve>() + curve.values.len() * 256,
            _ => 0,
        };
        size_of::<Self>() + beside
    }
}

// === impl What ===

impl What {
    /// The proxy that it concerns, by its name.
    #[must_use]
    pub fn proxy(&self) -> Option<&str> {
        match self {
            Self::Added(standing) => Some(&standing.proxy),
            Self::Faults(change) => Some(&change.proxy),
            Self::Second(second) => Some(&second.proxy),
            Self::Finding(finding) => Some(&finding.proxy),
            Self::Sweep(curve) => Some(&curve.proxy),
            Self::Removed { proxy, .. }
            | Self::Renamed { proxy, .. }
            | Self::Repointed { proxy, .. }
            | Self::Port { proxy, .. }
            | Self::Error { proxy, .. } => Some(proxy),
            Self::Stall { .. } | Self::Lost { .. } | Self::End { .. } | Self::Unknown => None,
        }
    }
}

// === impl Finding ===

impl Finding {
    /// What the engine tells of a proxy's finding.
    pub(super) fn of(proxy: String, what: Found, finding: &snapshot::Finding) -> Self {
        let state = match what {
            Found::New => "new",
            Found::Changed => "changed",
            Found::Withdrawn => "withdrawn",
        };
        let values = finding.values.iter();
        // To a thousandth, as the event has it.
        let rounded = |number: f64| (number * 1e3).round() / 1e3;
        Self {
            proxy,
            kind: finding.kind.word().to_owned(),
            which: finding.which.to_owned(),
            state: state.to_owned(),
            text: finding.text.clone(),
            under: finding.under.to_string(),
            n: finding.n,
            of: finding.of,
            confidence: finding.confidence.word().to_owned(),
            values: values
                .map(|(name, figure)| ((*name).to_owned(), rounded(figure.number())))
                .collect(),
            connections: finding.conns.iter().map(|conn| conn.0).collect(),
        }
    }

    /// Whether it can be said in the place of `before`, which is held still.
    pub(super) fn goes_on_from(&self, before: &Self) -> bool {
        let same = self.kind == before.kind && self.which == before.which;
        let held = self.state != "new" && before.state != "withdrawn";
        same && self.under == before.under && held
    }

    /// How far its figures are from those of `other`, in parts of themselves.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        let apart = self.values.iter().map(|(name, one)| {
            let other = other.values.get(name).copied().unwrap_or_default();
            (one - other).abs() / one.abs().max(other.abs()).max(1e-9)
        });
        apart.sum()
    }
}

// === impl Second ===

impl Second {
    /// The longest that a request was seen to wait in it, answered or not.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let unanswered = self.unanswered.map(|unanswered| unanswered.oldest_ms);
        let ended = self.longest_ms.map(time);
        let ended = ended.or_else(|| self.waits.quantile(1.0));
        let oldest = unanswered.map(time).unwrap_or_default();
        ended.unwrap_or_default().max(oldest)
    }

    /// Whether a request began, waited or was answered in it.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked > 0 || !self.longest().is_zero()
    }

    /// Connections that a fault ended, and those that broke by themselves: ours, theirs.
    #[must_use]
    pub fn failures(&self) -> (u64, u64) {
        failures(&self.ended)
    }
}

/// Of connections by who ended them, how many a fault ended, and how many broke by themselves or never reached their upstream.
#[must_use]
pub(crate) fn failures(ended: &BTreeMap<String, u64>) -> (u64, u64) {
    let (mut ours, mut theirs) = (0, 0);
    for (by, count) in ended {
        match by.as_str() {
            "client" | "upstream" | "desk" => {}
            "client_broke" | "upstream_broke" | "unreached" => theirs += count,
            _ => ours += count,
        }
    }
    (ours, theirs)
}

impl From<Shut> for Port {
    fn from(shut: Shut) -> Self {
        match shut {
            Shut::Closed => Self::Closed,
            Shut::Off => Self::Off,
            Shut::Refusing => Self::Refusing,
        }
    }
}

impl From<&PortState> for Port {
    fn from(state: &PortState) -> Self {
        match state {
            PortState::Open | PortState::Waiting(_) => Self::Open,
            PortState::Closed => Self::Closed,
            PortState::Refusing => Self::Refusing,
        }
    }
}

/// A time to the microsecond.
pub(super) fn whole_micros(time: Duration) -> Duration {
    Duration::new(time.as_secs(), time.subsec_micros() * 1_000)
}

/// So many milliseconds; none where they are no time.
fn time(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1e3).unwrap_or_default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Seconds, to the microsecond.
fn seconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_micros() as f64 / 1e6)
}

fn from_seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(from)?;
    // Some 30 years are enough for any tape, and no sum of two such times is too great.
    let fits = (0.0..=1e9).contains(&seconds);
    let no_time = || serde::de::Error::custom(format!("{seconds} s is no time of a tape"));
    fits.then(|| Duration::from_secs_f64(seconds))
        .ok_or_else(no_time)
}
