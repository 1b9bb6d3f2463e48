//! An object of JSON whose members stand in the order in which they are given.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::Serialize;

/// The fields of an object, written in the order in which they are given; prints with its braces.
#[derive(Default)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn with(self, name: &str, value: impl Serialize) -> Self {
        let json = serde_json::to_string(&value);
        self.with_json(name, &json.expect("no map here has keys that are not text"))
    }

    /// The field only where it has a value.
    pub(crate) fn with_some(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A field whose value is JSON already.
    pub(crate) fn with_json(mut self, name: &str, json: &str) -> Self {
        let comma = if self.0.is_empty() { "" } else { "," };
        let _ = write!(self.0, "{comma}\"{name}\":{json}");
        self
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.0)
    }
}

/// Seconds, to the microsecond.
pub(crate) fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}
