//! A finding as it is told, and back.

use serde::{Deserialize, Serialize};

use super::object::seconds;
use super::seconds::Seconds;
use super::words::kept;
use crate::snapshot::{self, Confidence, ConnId, Figure, Habit};

/// What an application was found to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Finding {
    kind: String,
    which: String,
    text: String,
    under: String,
    n: u32,
    of: u32,
    confidence: String,
    values: Vec<Value>,
    connections: Vec<u64>,
    since: Seconds,
}

/// A figure with its name.
pub(super) type Value = (String, f64, Unit);

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Unit {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "count")]
    Count,
    /// Times as much; also what a later version counts.
    #[serde(rename = "times", other)]
    Times,
}

pub(super) fn values(finding: &snapshot::Finding) -> Vec<Value> {
    let values = finding.values.iter().map(|(name, figure)| {
        let unit = match figure {
            Figure::Time(_) => Unit::Seconds,
            Figure::Count(_) => Unit::Count,
            Figure::Factor(_) => Unit::Times,
        };
        let number = match figure {
            Figure::Time(time) => seconds(*time),
            figure => figure.number(),
        };
        ((*name).to_owned(), number, unit)
    });
    values.collect()
}

impl From<&snapshot::Finding> for Finding {
    fn from(finding: &snapshot::Finding) -> Self {
        Self {
            kind: finding.kind.word().to_owned(),
            which: finding.which.to_owned(),
            text: finding.text.clone(),
            under: finding.under.to_string(),
            n: finding.n,
            of: finding.of,
            confidence: finding.confidence.word().to_owned(),
            values: values(finding),
            connections: finding.conns.iter().map(|conn| conn.0).collect(),
            since: Seconds(finding.since),
        }
    }
}

impl From<Finding> for snapshot::Finding {
    fn from(finding: Finding) -> Self {
        let values = finding.values.into_iter().map(|(name, number, unit)| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a float that is out of range becomes the nearest whole number"
            )]
            let figure = match unit {
                Unit::Seconds => Figure::Time(Seconds::of(number).unwrap_or_default().0),
                Unit::Count => Figure::Count(number as u64),
                Unit::Times => Figure::Factor(number),
            };
            (kept(&name), figure)
        });
        Self {
            kind: Habit::named(&finding.kind).unwrap_or(Habit::Other),
            which: kept(&finding.which),
            text: finding.text,
            under: finding.under.into(),
            n: finding.n,
            of: finding.of,
            confidence: Confidence::named(&finding.confidence).unwrap_or(Confidence::Low),
            values: values.collect(),
            conns: finding.connections.into_iter().map(ConnId).collect(),
            since: finding.since.0,
        }
    }
}
