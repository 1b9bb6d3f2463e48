//! Values, curves, and what a climb leaves behind, on a bench in simulated time.

use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::*;
use crate::fault::KINDS;
use crate::fault::language::plan;
use crate::syntax;

fn sweep(text: &str) -> Sweep {
    syntax::read(text, grammar::sweep).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn values_are_the_knobs_stops_or_what_lies_between_two() {
    for (text, values) in [
        ("latency", "10ms 25ms 50ms 100ms 250ms 500ms 1s 2.5s 10s"),
        (
            "latency from=1ms to=10s",
            "1ms 3.7ms 14ms 52ms 190ms 720ms 2.7s 10s",
        ),
        (
            "latency from=100ms to=300ms steps=3 linear",
            "100ms 200ms 300ms",
        ),
        ("latency from=0ms to=1s steps=2 linear", "0ms 1s"),
        (
            "bandwidth from=1MB/s to=1kB/s steps=4",
            "1MB/s 100kB/s 10kB/s 1kB/s",
        ),
        ("reset steps=3", "1% 10% 100%"),
        ("slicer from=4B to=1B steps=50", "4B 3B 2B 1B"),
        ("latency from=1s steps=2", "1s 10s"),
    ] {
        let found: Vec<String> = sweep(text).values().iter().map(Value::to_string).collect();
        assert_eq!(found.join(" "), values, "{text}");
    }
}

#[test]
fn a_sweep_sets_its_value_beside_what_is_set() {
    let before = plan("latency 5ms jitter=3ms, loss 2%");
    for (text, set) in [
        (
            "latency down",
            "latency 1.5ms jitter=1.5ms up, latency 10ms jitter=1.5ms down, loss 2%",
        ),
        ("latency jitter", "latency 5ms jitter=5ms, loss 2%"),
        (
            "bandwidth",
            "latency 5ms jitter=3ms, bandwidth 10MB/s, loss 2%",
        ),
    ] {
        let sweep = sweep(text);
        let after = sweep.plan(&before, sweep.values()[0]);
        assert!(!after.bypassed);
        let text = set.replace(
            "latency 1.5ms jitter=1.5ms up",
            "latency 2.5ms jitter=1.5ms up",
        );
        assert_eq!(after.to_string(), text);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a row for each mistake")]
fn what_is_wrong_is_said_with_what_would_work() {
    for (text, column, message) in [
        (
            "blackhole",
            1,
            "blackhole has no value that could be climbed",
        ),
        (
            "tcp from=cubic",
            1,
            "tcp has no value that could be climbed",
        ),
        (
            "latency from=1s to=1s",
            1,
            "from and to are both 1s: there is nothing to climb",
        ),
        (
            "latency from=0ms",
            1,
            "steps that multiply lead neither from zero nor to it: from=10ms, or linear",
        ),
        (
            "latency form=1ms",
            9,
            "unknown word of a sweep \"form\": did you mean \"from\"?",
        ),
        ("latency steps=1", 15, "steps"),
        (
            "latency steps=2.5",
            15,
            "steps are counted in whole ones: steps=8",
        ),
        ("latency hold=10ms", 14, "hold"),
        ("latency from=1ms from=2ms", 18, "from is given already"),
        ("latency up down", 12, "a direction is given already"),
        (
            "refuse up",
            8,
            "refuse acts on connections as a whole: leave out up",
        ),
        (
            "latency until=slow",
            15,
            "until wants one of fails, waits>2s, rate<50%",
        ),
        ("latency until=rate<0%", 20, "rate"),
        ("latency until=waits>2x", 22, "unknown unit \"x\""),
        ("latency from=1%", 15, "needs a time, not a percentage"),
        ("nosuch", 1, "unknown fault \"nosuch\""),
    ] {
        let error = syntax::read(text, grammar::sweep).expect_err(text);
        assert_eq!(error.column(), column, "{text}: {error}");
        assert!(error.message.starts_with(message), "{text}: {error}");
    }
}

#[test]
fn a_line_that_only_begins_is_no_mistake() {
    for (text, follows) in [
        ("lat", "latency"),
        ("latency fr", "from="),
        ("latency until=wa", "waits>2s"),
        ("latency until=rate", "rate<50%"),
        ("latency li", "linear"),
    ] {
        let error = syntax::read(text, grammar::sweep);
        // `lat` is a short name.
        let Err(error) = error else { continue };
        assert!(error.unfinished, "{text}: {error}");
        assert!(
            error.expected.iter().any(|word| word == follows),
            "{error:?}"
        );
    }
}

#[test]
fn where_nobody_asked_anything_nothing_is_known_to_hold() {
    let text = "latency from=100ms to=400ms steps=3";
    let failed = |failed| Step {
        failed,
        ..step(0, 0.0)
    };
    for (steps, around) in [
        (
            vec![step(9, 1.0), step(9, 1.0), step(9, 1.0)],
            (Some("400ms"), None),
        ),
        (vec![failed(0), failed(0), failed(0)], (None, None)),
        (vec![failed(0), failed(0), failed(4)], (None, Some("400ms"))),
        (vec![], (None, None)),
    ] {
        assert_eq!(curve(text, steps).around_cliff(), around);
    }
}

/// A step of so many answers in five seconds, which waited so long, and what else was met.
fn step(answers: u64, wait: f64) -> Step {
    Step {
        lasted_s: 5.0,
        asked: answers,
        answers,
        p50_ms: (answers > 0).then_some(wait),
        p99_ms: (answers > 0).then_some(wait * 1.2),
        mean_ms: (answers > 0).then_some(wait),
        pause_ms: Some(300.0),
        oldest_ms: if answers == 0 { wait } else { 0.0 },
        ..Step::default()
    }
}

fn curve(text: &str, steps: Vec<Step>) -> Curve {
    let mut curve = Curve::new(1, "shop".to_owned(), &sweep(text));
    let is_whole = steps.len() == curve.values.len();
    curve.ended = Some(if is_whole {
        Ended::Done
    } else {
        Ended::Stopped
    });
    curve.steps = steps;
    curve
}

#[test]
#[expect(clippy::too_many_lines, reason = "a row for each curve")]
fn a_curve_says_where_something_gives() {
    let gives_up = |step: Step| Step {
        gives_up: Some(GivesUp {
            after_ms: 2_003.0,
            n: 14,
            of: 14,
        }),
        ..step
    };
    let failing = |failed, step: Step| Step { failed, ..step };
    let three = "latency from=100ms to=10s steps=3";
    for (steps, said) in [
        // Six clients that ask, wait and pause: fewer answers, and no cliff.
        (
            vec![step(75, 100.0), step(23, 1_000.0), step(3, 9_000.0)],
            "holds to 10 s, the last value: the median wait goes from 100 ms to 9 s",
        ),
        (
            vec![step(75, 100.0), gives_up(step(0, 2_000.0))],
            "holds to 100 ms; at 1 s clients give up after 2.0 s (14 of 14)",
        ),
        (
            vec![step(75, 100.0), failing(1, step(23, 1_000.0))],
            "holds to 100 ms; at 1 s a connection fails",
        ),
        (
            vec![
                step(75, 100.0),
                Step {
                    left: 4,
                    ..step(3, 1_000.0)
                },
            ],
            "holds to 100 ms; at 1 s 4 clients leave without an answer",
        ),
        // An answer takes longer down to its last byte, although its first comes as soon.
        (
            vec![
                step(75, 100.0),
                Step {
                    took_ms: Some(9_000.0),
                    ..step(3, 100.0)
                },
            ],
            "holds to 1 s, where it was stopped: the median wait goes from 100 ms to 100 ms",
        ),
        // Several ask and are not answered, although they would have been in time.
        (
            vec![
                step(15, 100.0),
                Step {
                    asked: 4,
                    ..step(0, 2_000.0)
                },
            ],
            "holds to 100 ms; at 1 s no answer comes in 5 s",
        ),
        // What fails from the beginning is no cliff, but what fails far more often is.
        (
            vec![
                failing(4, step(75, 100.0)),
                failing(9, step(23, 1_000.0)),
                failing(30, step(3, 9_000.0)),
            ],
            "holds to 1 s; at 10 s 30 connections fail",
        ),
        (
            vec![step(75, 100.0), step(20, 100.0)],
            "holds to 100 ms; at 1 s answers fall from 15.0 to 4.0 a second",
        ),
        (
            vec![failing(8, step(0, 100.0))],
            "at 100 ms already 8 connections fail",
        ),
        (
            vec![step(75, 100.0), step(23, 1_000.0)],
            "holds to 1 s, where it was stopped: the median wait goes from 100 ms to 1 s",
        ),
        (
            vec![step(0, 0.0), step(0, 0.0), step(0, 0.0)],
            "nobody asked anything: there is no answer to tell",
        ),
        (Vec::new(), "nothing was measured"),
    ] {
        assert_eq!(curve(three, steps).sentence(), said);
    }
}

#[test]
fn what_a_sweep_is_to_stop_at_is_judged_against_its_first_step() {
    let at = |second: Step| curve("latency steps=3", vec![step(75, 100.0), second]);
    let half = Until::Rate(Percent::new(50));
    let two = Until::Waits(Duration::from_secs(2));
    for (second, until, reaches) in [
        (step(37, 100.0), half, true),
        (step(38, 100.0), half, false),
        (step(30, 1_600.0), two, false),
        (step(30, 1_700.0), two, true),
        (step(0, 2_100.0), two, true),
        (step(75, 100.0), Until::Fails, false),
        (
            Step {
                failed: 1,
                ..step(75, 100.0)
            },
            Until::Fails,
            true,
        ),
    ] {
        assert_eq!(
            at(second.clone()).reaches(until),
            reaches,
            "{until} {second:?}"
        );
    }
}

#[test]
fn a_curve_reads_back_from_what_was_written_and_has_a_line_for_each_step() {
    let steps = vec![step(75, 100.0), step(0, 2_000.0)];
    let curve = curve("latency from=100ms to=10s steps=3", steps);
    let json = curve.export(Form::Json);
    assert_eq!(
        serde_json::from_str::<Curve>(&json).expect("a curve"),
        curve
    );
    assert!(json.contains("\"cliff\": \"1s\""), "{json}");
    let csv = curve.export(Form::Csv);
    assert_eq!(csv.lines().count(), 3);
    assert!(
        csv.lines()
            .nth(1)
            .is_some_and(|line| line.starts_with("100ms,0.1,5,75,75,15.000,100,120,0,")),
        "{csv}"
    );
    for (name, form) in [
        ("a.JSON", Some(Form::Json)),
        ("b.svg", Some(Form::Svg)),
        ("c", None),
        ("d.txt", None),
    ] {
        assert_eq!(Form::of(std::path::Path::new(name)), form);
    }
}

#[test]
fn a_picture_shows_every_value_and_the_cliff_and_is_whole() {
    let steps = vec![step(75, 100.0), step(20, 100.0)];
    let mut curve = curve("latency from=100ms to=10s steps=3", steps);
    curve.proxy = "<b>&".to_owned();
    let svg = curve.export(Form::Svg);
    assert!(
        svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"),
        "{svg}"
    );
    for part in ["100ms", "1s", "10s", "class=\"open\"", "&lt;b&gt;&amp;"] {
        assert!(svg.contains(part), "{part} in {svg}");
    }
    assert_eq!(svg.matches("<svg").count(), 1);
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

/// A desk of one proxy in simulated time: what others do to it happens while a value is held.
struct Fake {
    stands: Plan,
    /// What was set by the sweep last.
    ours: Plan,
    now: Duration,
    /// What comes between, and during which hold, counted from 0; the plan where somebody sets one.
    comes: Option<(usize, Interruption, Plan)>,
    holds: usize,
    gone: bool,
    told: Vec<Curve>,
}

impl Fake {
    fn new(before: &Plan, comes: Option<(usize, Interruption, Plan)>) -> Self {
        Self {
            stands: before.clone(),
            ours: before.clone(),
            now: Duration::ZERO,
            comes,
            holds: 0,
            gone: false,
            told: Vec::new(),
        }
    }
}

impl Bench for Fake {
    async fn set(&mut self, plan: &Plan) -> Result<(), Interruption> {
        if self.gone {
            return Err(Interruption::Gone);
        }
        if self.stands != self.ours {
            return Err(Interruption::Changed);
        }
        self.stands = plan.clone();
        self.ours = plan.clone();
        Ok(())
    }

    async fn hold(&mut self, time: Duration) -> Result<Step, Interruption> {
        let began = self.now;
        self.holds += 1;
        if let Some((at, came, theirs)) = &self.comes
            && *at + 1 == self.holds
        {
            self.now += time / 2;
            match came {
                Interruption::Changed => self.stands = theirs.clone(),
                Interruption::Gone => self.gone = true,
                Interruption::Stopped => {}
            }
            return Err(*came);
        }
        self.now += time;
        Ok(Step {
            at_s: began.as_secs_f64(),
            ..step(75, 100.0)
        })
    }

    fn since(&self) -> f64 {
        self.now.as_secs_f64()
    }

    fn tell(&mut self, curve: &Curve) {
        self.told.push(curve.clone());
    }
}

fn carry_out(fake: &mut Fake, sweep: &Sweep, before: &Plan) {
    let curve = Curve::new(1, "db".to_owned(), sweep);
    climb(fake, sweep, before, curve)
        .now_or_never()
        .expect("a fake never waits");
}

#[test]
fn each_value_is_held_and_told_and_the_plan_before_is_back_at_the_end() {
    let before = plan("latency 5ms, loss 2%");
    let sweep = sweep("latency from=10ms to=1s steps=3 hold=2s");
    let mut fake = Fake::new(&before, None);
    carry_out(&mut fake, &sweep, &before);
    assert_eq!((fake.now.as_secs(), &fake.stands), (6, &before));
    let told: Vec<_> = fake
        .told
        .iter()
        .map(|curve| (curve.steps.len(), curve.ended))
        .collect();
    assert_eq!(
        told,
        [
            (0, None),
            (1, None),
            (2, None),
            (3, None),
            (3, Some(Ended::Done))
        ]
    );
    let begins: Vec<f64> = fake.told[4].steps.iter().map(|step| step.at_s).collect();
    assert_eq!(begins, [0.0, 2.0, 4.0]);
}

#[test]
fn a_sweep_ends_with_the_step_at_which_its_condition_holds() {
    let before = Plan::default();
    let sweep = sweep("latency until=waits>100ms");
    let mut fake = Fake::new(&before, None);
    carry_out(&mut fake, &sweep, &before);
    let last = fake.told.last().expect("told");
    assert_eq!((last.steps.len(), last.ended), (1, Some(Ended::Until)));
    assert_eq!(fake.stands, before);
}

#[test]
fn every_kind_that_has_a_value_can_be_swept_and_none_else() {
    for kind in KINDS {
        let read = syntax::read(kind.name, grammar::sweep);
        let can = Sweep::can_climb(&Dial {
            kind,
            knob: &kind.knobs[0],
        });
        assert_eq!(read.is_ok(), can, "{}", kind.name);
        if let Ok(sweep) = read {
            let plans: Vec<Plan> = sweep
                .values()
                .into_iter()
                .map(|value| sweep.plan(&Plan::default(), value))
                .collect();
            assert!(plans.iter().all(|plan| !plan.is_empty()), "{}", kind.name);
            let mut different = plans.clone();
            different.dedup();
            assert_eq!(plans.len(), different.len(), "{}", kind.name);
        }
    }
}

proptest! {
    #[test]
    fn whatever_comes_between_the_plan_before_is_back_or_theirs_stands(
        before in prop::sample::select(vec!["", "latency 5ms", "loss 2%, bandwidth 1MB/s down", "latency 1s up"]),
        theirs in prop::sample::select(vec!["", "latency 7ms", "blackhole"]),
        what in prop::sample::select(vec!["latency", "bandwidth down", "loss", "latency jitter up", "reset"]),
        came in prop::sample::select(vec![Interruption::Stopped, Interruption::Changed, Interruption::Gone]),
        at in 0_usize..12,
    ) {
        let (before, theirs, sweep) = (plan(before), plan(theirs), sweep(what));
        let mut fake = Fake::new(&before, Some((at, came, theirs.clone())));
        carry_out(&mut fake, &sweep, &before);
        let last = fake.told.last().expect("told");
        let comes = at < sweep.values().len();
        let wanted = match (comes, came) {
            (false, _) => Ended::Done,
            (true, came) => Ended::from(came),
        };
        prop_assert_eq!(last.ended, Some(wanted));
        match wanted {
            Ended::Changed => prop_assert_eq!(&fake.stands, &theirs),
            Ended::Gone => prop_assert!(fake.gone),
            _ => prop_assert_eq!(&fake.stands, &before),
        }
        // It is told once that it is over, and last.
        prop_assert_eq!(fake.told.iter().filter(|curve| curve.ended.is_some()).count(), 1);
    }

    #[test]
    fn what_is_printed_reads_back(
        what in prop::sample::select(vec!["latency", "bandwidth", "latency jitter"]),
        steps in prop::option::of(2_u32..=50),
        hold in 1_u64..=600,
        linear: bool,
        until in prop::sample::select(vec!["", " until=fails", " until=waits>1.5s", " until=rate<50%"]),
    ) {
        let steps = steps.map_or_else(String::new, |steps| format!(" steps={steps}"));
        let linear = if linear { " linear" } else { "" };
        let read = sweep(&format!("{what}{steps} hold={hold}s{until}{linear}"));
        let again = sweep(&read.to_string());
        prop_assert_eq!(&read, &again);
        prop_assert_eq!(read.values(), again.values());
    }
}
