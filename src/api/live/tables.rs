//! The tables of faults and presets, for programs that offer them.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::json_text;
use crate::api::answer;
use crate::fault::param::Default;
use crate::fault::{KINDS, ParamSpec, Unit};
use crate::preset;

/// A kind of fault as it is told.
#[derive(Serialize)]
struct KindRow {
    name: &'static str,
    short: Option<&'static str>,
    summary: &'static str,
    example: &'static str,
    /// Whether it acts in a direction.
    directed: bool,
    /// Whether it ends connections.
    ends: bool,
    /// Whether it changes bytes.
    alters: bool,
    parameters: Vec<ParameterRow>,
}

/// A parameter as it is told; values are in the fault language.
#[derive(Serialize)]
struct ParameterRow {
    name: &'static str,
    unit: &'static str,
    words: &'static [&'static str],
    required: bool,
    default: Option<String>,
    least: Option<String>,
    most: Option<String>,
    summary: &'static str,
}

pub(super) async fn kinds() -> Response {
    let rows = KINDS.iter().map(|kind| KindRow {
        name: kind.name,
        short: kind.short,
        summary: kind.summary,
        example: kind.example,
        directed: kind.directed,
        ends: kind.ends,
        alters: kind.alters,
        parameters: kind.params.iter().map(ParameterRow::of).collect(),
    });
    answer::json(StatusCode::OK, &rows.collect::<Vec<_>>())
}

pub(super) async fn presets() -> Response {
    let mut text = Vec::new();
    // Memory takes all that is written.
    let _ = preset::write_json(&mut text);
    json_text(text)
}

// === impl ParameterRow ===

impl ParameterRow {
    fn of(param: &ParamSpec) -> Self {
        let (unit, words): (_, &[&str]) = match param.unit {
            Unit::Time => ("time", &[]),
            Unit::Rate => ("rate", &[]),
            Unit::Size => ("size", &[]),
            Unit::Percent => ("percent", &[]),
            Unit::Number => ("number", &[]),
            Unit::Switch => ("switch", &["on", "off"]),
            Unit::Word(words) => ("word", words),
            Unit::TimeOrSize => ("time or size", &[]),
            Unit::Trace(_) => ("trace", &[]),
        };
        let (least, most) = match param.range {
            Some((least, most)) => (Some(least.to_string()), Some(most.to_string())),
            None => (None, None),
        };
        Self {
            name: param.name,
            unit,
            words,
            required: param.default == Default::Required,
            default: match param.default {
                Default::Is(value) => Some(value.to_string()),
                Default::Required | Default::Absent => None,
            },
            least,
            most,
            summary: param.summary,
        }
    }
}
