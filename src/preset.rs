//! Presets: networks by name, with their figures and where these come from.
//!
//! Rates are in kbit/s (1000 bits), delays one way, as the sources give them; where a source gives a round trip, each way has
//! half of it. The stream is sent as a TCP sender would send it on that network (`tcp cubic`): a new connection pays its
//! handshake's round trips and begins slowly, the rate carries headers too, and all connections share the line.
//!
//! Beside those of the program stand its user's own, which are faults under a name and no more (`own`).

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use crate::fault::{Setting, language};
use crate::format::joined;
use crate::syntax::{nearest, unknown};

pub mod own;
mod table;

pub use table::PRESETS;

/// A network by name.
#[derive(Debug, Serialize)]
pub struct Preset {
    /// What it is called.
    pub name: &'static str,
    /// Kilobits per second down; absent where the rate is not limited.
    pub down_kbit: Option<u32>,
    /// Kilobits per second up; absent where the rate is not limited.
    pub up_kbit: Option<u32>,
    /// Microseconds that the way down takes.
    pub delay_down_us: u32,
    /// Microseconds that the way up takes.
    pub delay_up_us: u32,
    /// How far the delay strays one way, in microseconds.
    pub jitter_us: u32,
    /// The queue before the rate, where it is the usual one, in the words of `bandwidth`.
    #[serde(skip)]
    queue: &'static str,
    /// What else is set for the link, in the words of `bandwidth`.
    #[serde(skip)]
    link: &'static str,
    /// Other faults, in the fault language.
    #[serde(skip)]
    more: &'static str,
    /// Where the figures come from.
    pub source: &'static str,
}

/// The preset of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Preset> {
    all().into_iter().find(|preset| preset.name == name)
}

/// The preset of this name.
///
/// # Errors
/// One line with the names that there are, and the one that was probably meant.
pub fn find(name: &str) -> Result<&'static Preset, String> {
    named(name).ok_or_else(|| {
        let names: Vec<&str> = names().collect();
        let guess = nearest(name, names.iter().copied());
        unknown("preset", name, guess, &names)
    })
}

/// The names, in the order of the list.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().into_iter().map(|preset| preset.name)
}

/// Every preset: those of the program, then its user's own.
#[must_use]
pub fn all() -> Vec<&'static Preset> {
    PRESETS.iter().chain(own::all()).collect()
}

// === impl Preset ===

impl Preset {
    /// Its faults, in the fault language.
    #[must_use]
    pub fn faults(&self) -> String {
        let mut faults: Vec<String> = Vec::new();
        let delay = |us: u32, way: &str| {
            let jitter = match (self.jitter_us, way) {
                (0, _) => String::new(),
                (jitter, "") => format!(" jitter={}us", 2 * jitter),
                (jitter, _) => format!(" jitter={jitter}us"),
            };
            format!("latency {us}us{jitter}{way}")
        };
        match (self.delay_down_us, self.delay_up_us) {
            (0, 0) => {}
            (down, up) if down == up => faults.push(delay(down + up, "")),
            (down, up) => faults.extend([delay(up, " up"), delay(down, " down")]),
        }
        let (queue, link) = (self.queue, self.link);
        let rate =
            |kbit: u32, way: &str| format!("bandwidth {kbit}kbit/s framing=ip{queue}{link}{way}");
        match (self.down_kbit, self.up_kbit) {
            (Some(down), Some(up)) if down == up => faults.push(rate(down, "")),
            (down, up) => {
                faults.extend(up.map(|up| rate(up, " up")));
                faults.extend(down.map(|down| rate(down, " down")));
            }
        }
        faults.extend((!self.more.is_empty()).then(|| self.more.to_owned()));
        if self.delay_up_us > 0 {
            faults.push("tcp cubic".to_owned());
        }
        faults.join(", ")
    }

    /// Its faults as settings.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        // A test reads every one of them.
        language::parse(&self.faults()).unwrap_or_default()
    }

    /// The round trip that it adds, in milliseconds, as people write it.
    #[must_use]
    pub fn round_trip(&self) -> String {
        let us = self.delay_down_us + self.delay_up_us;
        format!("{}ms", f64::from(us) / 1_000.0)
    }

    /// The rates, down and up, and whatever else it does, in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = match (self.down_kbit, self.up_kbit) {
            (Some(down), Some(up)) => format!("{down}/{up} kbit/s"),
            _ if self.more.contains("trace=") => "as traced".to_owned(),
            _ => "any rate".to_owned(),
        };
        let _ = write!(text, ", {}", self.round_trip());
        if self.jitter_us > 0 {
            let _ = write!(text, " ±{}ms each way", f64::from(self.jitter_us) / 1_000.0);
        }
        if !self.link.is_empty() {
            let _ = write!(text, ",{}", self.link);
        }
        if !self.more.is_empty() {
            let _ = write!(text, ", {}", self.more);
        }
        text
    }
}

/// One preset as an object of JSON.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    preset: &'a Preset,
    faults: String,
}

/// Writes one JSON array, an object for each preset.
///
/// # Errors
/// Those of `out`.
pub fn write_json(out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<Row<'_>> = all()
        .into_iter()
        .map(|preset| Row {
            preset,
            faults: preset.faults(),
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &rows)?;
    writeln!(out)
}

/// Writes three lines for each preset: its figures, its faults, its source.
///
/// # Errors
/// Those of `out`.
pub fn write_text(out: &mut impl Write) -> io::Result<()> {
    let widest = names().map(str::len).max().unwrap_or(0);
    for preset in all() {
        let Preset { name, source, .. } = preset;
        writeln!(out, "{name:widest$}  {}", preset.summary())?;
        writeln!(out, "{:widest$}  {}", "", joined(preset.settings()))?;
        writeln!(out, "{:widest$}  source: {source}", "")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Plan;

    #[test]
    fn every_preset_is_in_the_fault_language_and_has_a_source() {
        for preset in PRESETS {
            let settings = preset.settings();
            assert!(!settings.is_empty(), "{}", preset.name);
            let printed = Plan::of(settings.clone()).to_string();
            assert_eq!(language::parse(&printed), Ok(settings), "{}", preset.name);
            assert!(!preset.source.is_empty());
        }
    }

    #[test]
    fn a_round_trip_is_both_delays() {
        let printed = |name: &str| joined(named(name).expect("a preset").settings());
        assert_eq!(
            printed("3g"),
            "latency 300ms, bandwidth 96kB/s queue=75kB framing=ip up, \
             bandwidth 200kB/s queue=75kB framing=ip down, tcp cubic"
        );
        assert_eq!(
            printed("starlink"),
            "latency 23ms jitter=8ms up, latency 22ms jitter=8ms down, \
             bandwidth 1.855MB/s framing=ip up, bandwidth 13088.75kB/s framing=ip down, tcp cubic"
        );
        assert_eq!(printed("cross-zone"), "latency 1.6ms, tcp cubic");
        assert_eq!(printed("offline"), "blackhole");
        assert_eq!(
            printed("wifi-lossy"),
            "latency 160ms jitter=80ms, bandwidth 256kB/s queue=75kB framing=ip up, \
             bandwidth 512kB/s queue=75kB framing=ip down, loss 2%, tcp cubic"
        );
    }

    #[test]
    fn names_are_unique() {
        let mut known: Vec<&str> = names().collect();
        known.sort_unstable();
        known.dedup();
        assert_eq!(known.len(), PRESETS.len());
    }
}
