//! A proxy's chart, drawn as SVG: what its clients waited over what was set, and below how many answers there were.
//!
//! ```text
//!            1        2                3         numbers of the table's rows
//!  1 s   │        ┌────────┐
//!  100 ms│────────┘        └──────────────       waits, on a scale of powers of ten
//!        │▁▂▂▂▂▂▂▂▁▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▂▂▂▂▂▂▂       answers a second, and marks for what broke
//!        0:00     0:10     0:20     0:30
//! ```

use std::fmt::Write as _;
use std::time::Duration;

use super::html::escaped;
use super::page::{Section, seconds};
use super::series::{Series, Step};
use crate::format::figures::{clock, clock_narrow, time_short};

const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 352.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 10.0;
/// Where the waits are drawn.
const TOP: f64 = 22.0;
const BOTTOM: f64 = 222.0;
/// Where what broke is marked.
const MARKS: f64 = 238.0;
/// Where the answers are drawn.
const RATES_TOP: f64 = 252.0;
const RATES_BOTTOM: f64 = 322.0;

/// The chart's scales.
struct Scales<'a> {
    series: &'a Series,
    /// The decimal logarithms of the shortest and the longest wait, in seconds.
    low: f64,
    high: f64,
    /// The most answers a second.
    rate: f64,
}

/// The chart of a proxy.
pub(super) fn draw(section: &Section) -> String {
    let series = &section.series;
    let scales = Scales::of(series);
    let about = format!("What clients of {} waited over time", section.name);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
        escaped(&about)
    );
    bands(&mut svg, section, &scales);
    grid(&mut svg, &scales);
    bars(&mut svg, &scales);
    let quantile = |share: f64| move |step: &Step| step.waits.quantile(share);
    line(&mut svg, &scales, "tail", quantile(0.99));
    line(&mut svg, &scales, "median", quantile(0.5));
    // What waits no longer than others that were answered is no news.
    line(&mut svg, &scales, "open", |step| {
        let answered = step.waits.quantile(0.99).unwrap_or_default();
        Some(step.oldest).filter(|oldest| *oldest > answered)
    });
    marks(&mut svg, &scales);
    svg.push_str("</svg>\n");
    svg
}

// === impl Scales ===

impl<'a> Scales<'a> {
    fn of(series: &'a Series) -> Self {
        let (mut least, mut most, mut rate) = (f64::INFINITY, 0.0_f64, 1.0_f64);
        for step in series.steps.values() {
            let median = step.waits.quantile(0.5);
            let times = [median, step.waits.quantile(0.99), Some(step.oldest)];
            for time in times.into_iter().flatten().filter(|time| !time.is_zero()) {
                least = least.min(time.as_secs_f64());
                most = most.max(time.as_secs_f64());
            }
            rate = rate.max(step.waits.total() as f64 / series.step.as_secs_f64());
        }
        if most <= 0.0 {
            (least, most) = (0.001, 0.1);
        }
        // At least a power of ten, and a little room above.
        let low = least.max(1e-5).log10().floor();
        let high = (most * 1.1).log10().ceil().max(low + 1.0);
        Self {
            series,
            low,
            high,
            rate,
        }
    }

    fn x(&self, at: Duration) -> f64 {
        let Series { from, to, .. } = self.series;
        let whole = to.saturating_sub(*from).as_secs_f64().max(0.001);
        let share = at.saturating_sub(*from).as_secs_f64() / whole;
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, wait: Duration) -> f64 {
        let share = (wait.as_secs_f64().max(1e-9).log10() - self.low) / (self.high - self.low);
        BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP)
    }
}

/// When faults acted, with the numbers of the table's rows.
fn bands(svg: &mut String, section: &Section, scales: &Scales<'_>) {
    let mut free = 0.0;
    for (number, row) in (1..).zip(&section.rows) {
        let (from, to) = (scales.x(seconds(row.from_s)), scales.x(seconds(row.to_s)));
        let width = to - from;
        if !row.clean {
            let height = RATES_BOTTOM - TOP;
            let title = escaped(&row.faults);
            let _ = writeln!(
                svg,
                "<rect class=\"band\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{height}\"><title>{title}</title></rect>",
                width.max(1.0)
            );
        }
        let middle = f64::midpoint(from, to);
        // A number that would stand on the one before is left out.
        if middle > free {
            let _ = writeln!(
                svg,
                "<text class=\"number\" x=\"{middle:.1}\" y=\"14\">{number}</text>"
            );
            free = middle + 16.0;
        }
    }
}

fn grid(svg: &mut String, scales: &Scales<'_>) {
    let right = WIDTH - RIGHT;
    let mut rule = |y: f64, label: &str| {
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
             <text class=\"label\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 8.0,
            y + 4.0
        );
    };
    let steps: &[f64] = if scales.high - scales.low > 2.0 {
        &[1.0]
    } else {
        &[1.0, 2.0, 5.0]
    };
    let mut power = scales.low;
    while power <= scales.high {
        for step in steps {
            let wait = 10.0_f64.powf(power) * step;
            if wait <= 10.0_f64.powf(scales.high) * 1.001 {
                let wait = seconds(wait);
                rule(scales.y(wait), &time_short(wait));
            }
        }
        power += 1.0;
    }
    rule(RATES_BOTTOM, "0");
    rule(RATES_TOP, &format!("{:.0}/s", scales.rate));
    times(svg, scales);
}

/// The times below, at most ten of them, at round ones.
fn times(svg: &mut String, scales: &Scales<'_>) {
    const ROUND: [u64; 14] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400,
    ];
    let Series { from, to, .. } = scales.series;
    let whole = to.saturating_sub(*from).as_secs();
    let fits = |step: &&u64| whole / **step <= 10;
    let step = ROUND.iter().find(fits).copied().unwrap_or(whole.max(1));
    let first = from.as_secs().div_ceil(step) * step;
    for second in (first..=to.as_secs()).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        let at = Duration::from_secs(second);
        let label = if to.as_secs() < 3_600 {
            clock_narrow(at)
        } else {
            clock(at)
        };
        let _ = writeln!(
            svg,
            "<text class=\"label\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            scales.x(at),
            RATES_BOTTOM + 18.0
        );
    }
}

/// Answers a second, a bar for each step.
fn bars(svg: &mut String, scales: &Scales<'_>) {
    let series = scales.series;
    let width = (WIDTH - LEFT - RIGHT) * series.step.as_secs_f64()
        / series
            .to
            .saturating_sub(series.from)
            .as_secs_f64()
            .max(0.001);
    let mut path = String::new();
    for (place, step) in &series.steps {
        let rate = step.waits.total() as f64 / series.step.as_secs_f64();
        let height = rate / scales.rate * (RATES_BOTTOM - RATES_TOP);
        if height > 0.0 {
            let x = scales.x(series.middle(*place)) - width / 2.0;
            let width = (width * 0.86).max(0.6);
            let _ = write!(
                path,
                "M{x:.1} {RATES_BOTTOM}v{:.1}h{width:.2}v{height:.1}z",
                -height
            );
        }
    }
    if !path.is_empty() {
        let _ = writeln!(svg, "<path class=\"rate\" d=\"{path}\"/>");
    }
}

/// A line through the steps that have a value; it is broken where they have none.
fn line(
    svg: &mut String,
    scales: &Scales<'_>,
    class: &str,
    value: impl Fn(&Step) -> Option<Duration>,
) {
    let mut path = String::new();
    let mut last = None;
    for (place, step) in &scales.series.steps {
        let Some(value) = value(step) else {
            continue;
        };
        let goes_on = last.is_some_and(|last: u64| last + 1 == *place);
        let command = if goes_on { 'L' } else { 'M' };
        let (x, y) = (scales.x(scales.series.middle(*place)), scales.y(value));
        let _ = write!(path, "{command}{x:.1} {y:.1}");
        if !goes_on {
            // A point that stands alone is seen too.
            path.push_str("h.1");
        }
        last = Some(*place);
    }
    if !path.is_empty() {
        let _ = writeln!(svg, "<path class=\"{class}\" d=\"{path}\"/>");
    }
}

/// What faults cut, as squares, and what broke by itself, as circles.
fn marks(svg: &mut String, scales: &Scales<'_>) {
    for (place, step) in &scales.series.steps {
        let x = scales.x(scales.series.middle(*place));
        if step.ours > 0 {
            let _ = writeln!(
                svg,
                "<rect class=\"ours\" x=\"{:.1}\" y=\"{:.1}\" width=\"5\" height=\"5\"><title>{} cut by us</title></rect>",
                x - 2.5,
                MARKS - 7.5,
                step.ours
            );
        }
        if step.theirs > 0 {
            let _ = writeln!(
                svg,
                "<circle class=\"theirs\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"2.6\"><title>{} broke</title></circle>",
                MARKS + 5.0,
                step.theirs
            );
        }
    }
}
