//! A curve as a file for other programs: JSON, CSV, or a picture.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::curve::{Curve, Step};
use super::svg;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All of it, for a program.
    Json,
    /// A line for each step, for a table.
    Csv,
    /// A picture.
    Svg,
}

/// All of it, and what it comes to.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    curve: &'a Curve,
    /// The last value before the first at which something gave.
    holds: Option<&'a str>,
    /// The first value at which something gave.
    cliff: Option<&'a str>,
    text: String,
}

// === impl Form ===

impl Form {
    /// The endings of files, for who is to choose one.
    pub const ENDINGS: &'static str = ".json, .csv or .svg";

    /// The form that a file's name asks for; `None` where it asks for none of them.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_string_lossy().to_lowercase();
        match ending.as_str() {
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "svg" => Some(Self::Svg),
            _ => None,
        }
    }
}

// === impl Curve ===

impl Curve {
    /// The text of a file of this form, with a line ending at its end.
    ///
    /// # Panics
    /// Never: all keys of its JSON are text.
    #[must_use]
    pub fn export(&self, form: Form) -> String {
        match form {
            Form::Json => {
                let (holds, cliff) = self.around_cliff();
                let text = self.sentence();
                let whole = Whole {
                    curve: self,
                    holds,
                    cliff,
                    text,
                };
                let json = serde_json::to_string_pretty(&whole);
                json.expect("no map here has keys that are not text") + "\n"
            }
            Form::Csv => self.csv(),
            Form::Svg => svg::alone(self),
        }
    }

    /// A picture for a page whose style has its classes.
    #[must_use]
    pub fn picture(&self) -> String {
        svg::draw(self)
    }

    /// The last value before the cliff, and that of the cliff; without one, the last value that was measured. Where nobody asked
    /// anything, nothing is known to hold.
    #[must_use]
    pub fn around_cliff(&self) -> (Option<&str>, Option<&str>) {
        let text = |step: usize| self.values.get(step).map(|set| set.text.as_str());
        let cliff = self.cliff().map(|cliff| cliff.step);
        let behind = cliff.unwrap_or(self.steps.len());
        let holds = behind.checked_sub(1).filter(|_| self.is_asked());
        (holds.and_then(text), cliff.and_then(text))
    }

    fn csv(&self) -> String {
        let mut csv = "set,number,seconds,asked,answers,answers_per_s,p50_ms,p99_ms,oldest_ms,bytes_up,bytes_down,failed,cut,left\n"
            .to_owned();
        for (set, step) in self.values.iter().zip(&self.steps) {
            let Step {
                asked,
                answers,
                oldest_ms,
                bytes,
                failed,
                cut,
                left,
                lasted_s,
                ..
            } = step;
            let wait = |millis: Option<f64>| millis.map_or_else(String::new, |it| it.to_string());
            let _ = writeln!(
                csv,
                "{},{},{lasted_s},{asked},{answers},{:.3},{},{},{oldest_ms},{},{},{failed},{cut},{left}",
                set.text,
                set.number,
                step.rate(),
                wait(step.p50_ms),
                wait(step.p99_ms),
                bytes.up,
                bytes.down,
            );
        }
        csv
    }
}
