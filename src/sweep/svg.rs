//! A curve as a picture: the waits over what was set, and below how many answers there were and what failed.
//!
//! ```text
//!  10 s   │                      ┆    o      waits, on a scale of powers of ten
//!  100 ms │      ·───·───·───·───┆───·       the cliff, a line from top to bottom
//!         │  █   █   █   ▆   ▄   ┆   ▁       answers a second
//!           10ms 25  50 100 250  500  1s
//! ```

use std::fmt::Write as _;
use std::time::Duration;

use super::curve::{Curve, Step, millis};
use crate::format::figures::time_short;

const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 330.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 202.0;
const RATES_TOP: f64 = 226.0;
const RATES_BOTTOM: f64 = 296.0;

/// What the classes look like in a picture that stands in no page.
const STYLE: &str = "<style>svg{background:#fff;font:12px system-ui,sans-serif}.grid{stroke:#d7dce2}.label{fill:#667080}\
    .median{stroke:#0b6e99;stroke-width:2;fill:none}.tail{stroke:#7fb8d1;stroke-width:1.3;fill:none}.dot{fill:#0b6e99}\
    .rate{fill:#7fb8d1}.theirs{fill:#b91c1c}.open{stroke:#b91c1c;stroke-width:1.6;stroke-dasharray:4 3;fill:none}\
    .said{fill:#1c2128;font-weight:600}</style>\n";

/// The scales of a picture.
struct Scales<'a> {
    curve: &'a Curve,
    /// The decimal logarithms of the shortest and the longest wait, in milliseconds.
    low: f64,
    high: f64,
    /// The most answers a second.
    rate: f64,
}

/// A file of its own, with the sentence below.
pub(super) fn alone(curve: &Curve) -> String {
    let picture = draw(curve);
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\"",
        HEIGHT + 26.0
    );
    let body = picture.split_once('>').map_or("", |(_, body)| body);
    let body = body.trim_end().trim_end_matches("</svg>");
    let said = format!("{} {}: {}", curve.proxy, curve.fault, curve.sentence());
    format!(
        "{svg}>\n{STYLE}{body}<text class=\"said\" x=\"{LEFT}\" y=\"{HEIGHT}\">{}</text>\n</svg>\n",
        escaped(&said)
    )
}

/// The picture, for a page whose style has its classes.
pub(super) fn draw(curve: &Curve) -> String {
    let scales = Scales::of(curve);
    let about = format!(
        "What clients of {} waited as {} was climbed",
        curve.proxy, curve.fault
    );
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
        escaped(&about)
    );
    grid(&mut svg, &scales);
    bars(&mut svg, &scales);
    line(&mut svg, &scales, "tail", |step| step.p99_ms);
    line(&mut svg, &scales, "median", |step| step.p50_ms);
    if let Some(cliff) = curve.cliff() {
        let x = scales.x(cliff.step);
        let _ = writeln!(
            svg,
            "<path class=\"open\" d=\"M{x:.1} {TOP}V{RATES_BOTTOM}\"><title>{}</title></path>",
            escaped(&curve.sentence())
        );
    }
    svg.push_str("</svg>\n");
    svg
}

// === impl Scales ===

impl<'a> Scales<'a> {
    fn of(curve: &'a Curve) -> Self {
        let waits = curve
            .steps
            .iter()
            .flat_map(|step| [step.p50_ms, step.p99_ms]);
        let waits: Vec<f64> = waits.flatten().filter(|wait| *wait > 0.0).collect();
        let least = waits.iter().copied().fold(f64::INFINITY, f64::min);
        let most = waits.iter().copied().fold(0.0, f64::max);
        let (least, most) = if most > 0.0 {
            (least, most)
        } else {
            (1.0, 100.0)
        };
        let low = least.max(1e-2).log10().floor();
        Self {
            curve,
            low,
            high: (most * 1.1).log10().ceil().max(low + 1.0),
            rate: curve.steps.iter().map(Step::rate).fold(1.0, f64::max),
        }
    }

    fn x(&self, step: usize) -> f64 {
        let room = WIDTH - LEFT - RIGHT - 40.0;
        LEFT + 20.0 + room * self.curve.place(step)
    }

    fn y(&self, wait: f64) -> f64 {
        let share = (wait.max(1e-6).log10() - self.low) / (self.high - self.low);
        BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP)
    }
}

fn grid(svg: &mut String, scales: &Scales<'_>) {
    let mut rule = |y: f64, label: &str| {
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{}\" y2=\"{y:.1}\"/>\
             <text class=\"label\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            y + 4.0
        );
    };
    let mut power = scales.low;
    while power <= scales.high {
        let wait = 10.0_f64.powf(power);
        rule(
            scales.y(wait),
            &time_short(Duration::from_secs_f64(wait / 1e3)),
        );
        power += 1.0;
    }
    rule(RATES_BOTTOM, "0");
    rule(RATES_TOP, &format!("{:.0}/s", scales.rate));
    let mut free = 0.0;
    for (step, set) in scales.curve.values.iter().enumerate() {
        let (x, width) = (scales.x(step), set.text.len() as f64 * 7.0);
        // A label that would stand on the one before is left out.
        if x - width / 2.0 > free {
            let _ = writeln!(
                svg,
                "<text class=\"label\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                RATES_BOTTOM + 18.0,
                escaped(&set.text)
            );
            free = x + width / 2.0 + 6.0;
        }
    }
}

/// Answers a second, and what failed, as a mark above.
fn bars(svg: &mut String, scales: &Scales<'_>) {
    let values = scales.curve.values.len().max(2) as f64;
    let width = ((WIDTH - LEFT - RIGHT) / values * 0.5).min(26.0);
    for (at, step) in scales.curve.steps.iter().enumerate() {
        let x = scales.x(at);
        let height = step.rate() / scales.rate * (RATES_BOTTOM - RATES_TOP);
        let _ = writeln!(
            svg,
            "<rect class=\"rate\" x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{}</title></rect>",
            x - width / 2.0,
            RATES_BOTTOM - height,
            escaped(&about(step))
        );
        if step.failed + step.left > 0 {
            let _ = writeln!(
                svg,
                "<circle class=\"theirs\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"3.2\"><title>{} failed, {} left without an answer</title></circle>",
                RATES_TOP - 10.0,
                step.failed,
                step.left
            );
        }
    }
}

fn about(step: &Step) -> String {
    let waits = step
        .p50_ms
        .map_or_else(String::new, |p50| format!(", waits {}", millis(p50)));
    format!("{:.1} answers a second{waits}", step.rate())
}

/// A line through the steps that have a value, with a point at each; it is broken where they have none.
fn line(svg: &mut String, scales: &Scales<'_>, class: &str, value: impl Fn(&Step) -> Option<f64>) {
    let (mut path, mut points, mut goes_on) = (String::new(), String::new(), false);
    for (at, step) in scales.curve.steps.iter().enumerate() {
        let Some(wait) = value(step) else {
            goes_on = false;
            continue;
        };
        let (x, y) = (scales.x(at), scales.y(wait));
        let _ = write!(path, "{}{x:.1} {y:.1}", if goes_on { 'L' } else { 'M' });
        let _ = writeln!(
            points,
            "<circle class=\"{class} dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\"><title>{}</title></circle>",
            escaped(&millis(wait))
        );
        goes_on = true;
    }
    if !path.is_empty() {
        let _ = writeln!(svg, "<path class=\"{class}\" d=\"{path}\"/>");
    }
    svg.push_str(&points);
}

/// A text as XML shows it.
fn escaped(text: &str) -> String {
    let mut escaped = text.replace('&', "&amp;");
    for (letter, name) in [('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;")] {
        escaped = escaped.replace(letter, name);
    }
    escaped
}
