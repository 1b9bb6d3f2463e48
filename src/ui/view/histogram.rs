//! Draws how long the segments of one connection were held: a bar for each range of delays.

use std::time::Duration;

use ratatui::text::Span;

use super::charts::round_up;
use super::pen::Sheet;
use crate::fault::Direction;
use crate::ui::format;
use crate::ui::proof::arrow;
use crate::ui::theme::Role;

/// Columns of a delay, and of a count.
const DELAY: u16 = 8;
const COUNT: u16 = 6;

/// So many segments were held from this on, up to where the next range begins.
#[derive(Debug, PartialEq)]
struct Range {
    from: Duration,
    count: usize,
}

/// Draws how long segments were held; `set` is what a knob asks for.
pub(super) fn draw(
    way: Direction,
    added: &[Duration],
    set: Option<Duration>,
    sheet: &mut Sheet<'_>,
) {
    let left = [Span::styled(
        format!("added delay {}", arrow(way)),
        Role::Plain,
    )];
    let count = format!("n {}", format::count(added.len() as u64));
    let set_text =
        set.map(|set| Span::styled(format!("  set {}", format::time(set)), Role::Injected));
    let right = [Span::styled(count, Role::Measured)];
    let right: Vec<Span<'_>> = right.into_iter().chain(set_text).collect();
    sheet.title(&left, [right]);
    if added.is_empty() {
        sheet
            .row(1)
            .skip(2)
            .text("nothing left in the last 10 s", Role::Rest);
        return;
    }
    let rows = usize::from(sheet.area.height.saturating_sub(1));
    let (ranges, step) = ranges(added, rows);
    let most = ranges.iter().map(|range| range.count).max().unwrap_or(1);
    let columns = sheet.area.width.saturating_sub(DELAY + COUNT + 5);
    for (at, range) in (1..).zip(&ranges) {
        let mut pen = sheet.row(at);
        pen.skip(1)
            .right(label(range.from, step), DELAY, Role::Rest)
            .skip(1);
        let long = range.count * usize::from(columns) / most.max(1);
        let long = long.max(usize::from(range.count > 0));
        let end = range.from.saturating_add(step);
        let is_set = set.is_some_and(|set| (range.from..end).contains(&set));
        let bar = if is_set {
            Role::Injected
        } else {
            Role::Measured
        };
        pen.text("█".repeat(long), bar).skip(1);
        if range.count > 0 {
            pen.text(format::count(range.count as u64), Role::Rest);
        }
    }
}

/// Where a range begins, as exactly as ranges of this width ask for.
fn label(from: Duration, step: Duration) -> String {
    let decimals = match step.as_micros() {
        0..100 => 2,
        100..1_000 => 1,
        _ => 0,
    };
    if from >= Duration::from_secs(10) && decimals == 0 {
        return format::time(from);
    }
    format!("{:.decimals$} ms", from.as_secs_f64() * 1e3)
}

/// At most so many ranges of one width that hold all delays, from the least on; and that width.
fn ranges(added: &[Duration], most: usize) -> (Vec<Range>, Duration) {
    let (Some(least), Some(greatest)) = (added.iter().min(), added.iter().max()) else {
        return (Vec::new(), Duration::ZERO);
    };
    let ranges = most.saturating_sub(1).max(1) as f64;
    let wide = round_up(greatest.saturating_sub(*least).as_secs_f64() / ranges).max(1e-5);
    let wide = if greatest == least {
        1e-5_f64.max(round_up(greatest.as_secs_f64() / 100.0))
    } else {
        wide
    };
    let step = Duration::from_secs_f64(wide.min(1e6));
    let nanos = step.as_nanos().max(1);
    let place = |delay: Duration| delay.as_nanos() / nanos;
    let first = place(*least);
    let end = place(*greatest).min(first + most.max(1) as u128 - 1);
    let mut all: Vec<Range> = (first..=end)
        .map(|place| Range {
            from: Duration::from_nanos(u64::try_from(place * nanos).unwrap_or(u64::MAX)),
            count: 0,
        })
        .collect();
    for delay in added {
        let at = usize::try_from(place(*delay) - first).unwrap_or(usize::MAX);
        let at = at.min(all.len() - 1);
        all[at].count += 1;
    }
    (all, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_delay_stands_in_one_of_as_many_ranges_as_there_is_room_for() {
        let ms = |all: &[u64]| {
            all.iter()
                .map(|ms| Duration::from_millis(*ms))
                .collect::<Vec<_>>()
        };
        for (delays, rows) in [
            (&[0, 0, 0][..], 5),
            (&[250, 251, 250, 255, 249], 5),
            (&[1, 1_000, 10_000], 3),
            (&[1, 1_000, 10_000], 1),
            (&[7], 8),
        ] {
            let (ranges, step) = ranges(&ms(delays), rows);
            assert!((1..=rows).contains(&ranges.len()), "{ranges:?}");
            assert!(step > Duration::ZERO);
            let counted: usize = ranges.iter().map(|range| range.count).sum();
            assert_eq!(counted, delays.len(), "{ranges:?}");
            assert!(ranges.iter().any(|range| range.count > 0));
        }
        assert_eq!(ranges(&[], 5).0, []);
    }
}
