//! What the row of each kind says of it, and that its values read back.

use std::time::{Duration, Instant};

use faultboard::fault::link::Step;
use faultboard::fault::{Direction, Fate, Fault, KINDS, Kind, Plan, Stage, Terms, language};

use crate::course::Course;
use crate::draw_settings::{example, kinds};
use crate::settings;

/// The kinds that end connections.
pub fn ending_kinds() -> Vec<&'static Kind> {
    let kinds = KINDS.iter().copied();
    kinds.filter(|kind| kind.ends).collect()
}

#[test]
fn each_example_is_a_setting_of_its_kind_that_prints_back() {
    for kind in KINDS.iter().copied() {
        let setting = example(kind);
        assert_eq!(setting.kind.name, kind.name);
        assert_eq!(setting.missing(), None, "{}", kind.example);
        assert_eq!(
            language::parse(&setting.to_string()).as_deref(),
            Ok(&[setting][..])
        );
    }
}

#[test]
fn each_example_lets_go_of_every_byte_when_it_is_lifted() {
    for kind in kinds() {
        for direction in Direction::BOTH {
            for pieces in [&[1][..], &[1 << 20], &[1, 1 << 20, 1, 7, 1_448, 65_536, 1]] {
                let mut course = Course::new(direction, 1, &Plan::of([example(kind)]));
                for bytes in pieces {
                    course.come(*bytes);
                    course.pass(Duration::from_millis(3), usize::MAX);
                }
                course.lift(Step::Shutdown);
            }
        }
    }
}

#[test]
fn each_kind_with_its_defaults_prints_and_parses_back() {
    for kind in KINDS.iter().copied() {
        for draw in 0..200 {
            let setting = settings::setting(kind, draw).acting(settings::directions(draw));
            let printed = setting.to_string();
            assert_eq!(
                language::parse(&printed).as_deref(),
                Ok(&[setting][..]),
                "{printed}"
            );
        }
    }
}

/// The stages of a kind, in both directions, for its example and for other settings, all of them set at `set`.
fn stages(kind: &'static Kind, set: Instant) -> impl Iterator<Item = Box<dyn Fault>> {
    let others = (0..64).map(move |draw| settings::of_values(kind, draw, settings::lively));
    let settings = std::iter::once(example(kind)).chain(others);
    settings.flat_map(move |setting| {
        Direction::BOTH
            .into_iter()
            .filter_map(move |direction| {
                (kind.build)(&Terms {
                    direction,
                    here: setting.directions.contain(direction).then_some(&setting),
                    back: None,
                    shared: None,
                    desk: None,
                    handshakes: 1,
                    now: set,
                    since: set,
                    motion: None,
                    back_motion: None,
                    opened: set,
                    passed: 0,
                    round_trip: Duration::ZERO,
                    seed: 1,
                })
            })
            .collect::<Vec<_>>()
    })
}

/// The chain asks a stage only for what its kind's row says of it: what the row forgets would never happen.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "an origin for simulated times, never read again"
)]
fn the_row_of_each_kind_says_where_it_stands_and_what_its_stages_do() {
    let set = Instant::now();
    let much_later = set + Duration::from_secs(1_000_000);
    for kind in KINDS {
        let mut has_stages = false;
        let (mut ends, mut alters) = (false, false);
        for mut stage in stages(kind, set) {
            has_stages = true;
            ends |= matches!(stage.fate(u64::MAX, much_later), Fate::Ends(_));
            let mut bytes = vec![0; 100_000];
            stage.alter(0, &mut bytes);
            alters |= bytes.iter().any(|byte| *byte != 0);
        }
        let stands = kind.stage != Stage::Opening;
        // A virtual sender is the stage of a kind that only says what its line is.
        let acts = has_stages || kind.line.is_some();
        assert_eq!(acts, stands, "{}: stage, build, line", kind.name);
        assert_eq!(ends, kind.ends, "{}: ends, fate", kind.name);
        assert_eq!(alters, kind.alters, "{}: alters, alter", kind.name);
        assert!(stands || kind.open.is_some(), "{}: open", kind.name);
    }
}

/// What a range excludes is refused with the range, for every parameter of every kind.
#[test]
fn a_number_out_of_its_range_is_refused_with_the_range() {
    let mut checked = 0;
    for kind in KINDS {
        for param in kind.params {
            let Some((_, most)) = param.range else {
                continue;
            };
            let most = most.to_string();
            let end = most
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(most.len());
            let (digits, unit) = most.split_at(end);
            if digits.is_empty() {
                continue;
            }
            let error = language::parse_value(param, &format!("{digits}9{unit}"));
            let error = error.expect_err("more than the most").to_string();
            assert!(error.contains(&most), "{}: {error}", param.name);
            checked += 1;
        }
    }
    assert!(checked > 15, "{checked} ranges");
}
