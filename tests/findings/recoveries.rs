//! How soon clients are well again once a fault has ended, as they were.

use std::collections::BTreeMap;
use std::time::Duration;

use faultboard::findings::{Finding, Habit};

use crate::application::{Application, Deeds, Retry, Settings, millis};
use crate::case::{Course, seeds};
use crate::desk::Desk;
use crate::tally::{Tallied, Tally};

/// Who retries after a pause is back when the last pause is over; who waits is back at once.
#[test]
fn a_recovery_takes_as_long_as_the_clients_pauses() {
    let retry = Retry::Fixed {
        more: 1_000,
        pause: millis(8_000),
    };
    let patient = Settings::PLAIN;
    let retrying = Settings {
        callers: 12,
        timeout: Some(millis(1_000)),
        retry,
        ..patient
    };
    // Its callers come back one by one.
    let spread = Settings {
        callers: 60,
        retry: Retry::Doubling {
            more: 1_000,
            base: millis(8_000),
            cap: millis(8_000),
            jitter: true,
        },
        ..retrying
    };
    // The hole is lifted, or ends by itself.
    let lifted: Course = &[(30, "blackhole"), (70, "")];
    let by_itself: Course = &[(30, "blackhole for=40s")];
    let flaps: Course = &[(30, "flap on=20s off=20s")];
    let mut tally = Tally::default();
    for (name, settings, course) in [
        ("recovers: patient, lifted", patient, lifted),
        ("recovers: patient, by itself", patient, by_itself),
        ("recovers: patient, flaps", patient, flaps),
        ("recovers: retrying, flaps", retrying, flaps),
        ("recovers: retrying, lifted", retrying, lifted),
        ("recovers: retrying, by itself", retrying, by_itself),
        ("recovers: one by one, lifted", spread, lifted),
    ] {
        let mut row = Tallied::new(name);
        // In one of them chance thins the first seconds after the fault, in others it fills the last ones.
        for seed in seeds().chain([4_005, 5_028, 5_136]) {
            let (client, deeds) = Application::new(settings);
            let mut desk = Desk::new(seed, course);
            desk.run(&mut [client], Duration::from_secs(89));
            let told = desk.stated.iter().rfind(|it| it.kind == Habit::Recovers);
            row.ran(told.is_some());
            let Some(told) = told else { continue };
            let back = back(&deeds.borrow(), Duration::from_secs(70));
            let [after, least, most] = [0, 1, 2].map(|place| told.values[place].1.number());
            let (first, nine_in_ten) = (back[0], back[(back.len() * 9).div_ceil(10) - 1]);
            let near = |time: f64| (time * 0.05).max(0.02);
            let within = least - near(least)..=most + near(most);
            // Of those that come back together each may be the one.
            let together = nine_in_ten - first <= 0.5;
            let is_so = within.contains(&nine_in_ten) || (together && most + near(most) >= first);
            let is_exact = (least..=most).contains(&after) && least + near(first) >= first;
            let is_exact = is_exact && most <= nine_in_ten + 5.0;
            let under = if course == flaps { "flap" } else { "blackhole" };
            if !is_so || !is_exact || &*told.under != under {
                row.wrong(seed, format_args!("{told} for {first}, {nine_in_ten}"));
            }
        }
        tally.stated_row(row);
    }
    tally.holds();
}

/// How long after a moment each caller was answered first, in seconds.
fn back(deeds: &Deeds, from: Duration) -> Vec<f64> {
    let mut first = BTreeMap::new();
    for (caller, at) in deeds.answered.iter().filter(|(_, at)| *at >= from) {
        first.entry(*caller).or_insert(*at);
    }
    let mut back: Vec<f64> = first
        .values()
        .map(|at| (*at - from).as_secs_f64())
        .collect();
    back.sort_by(f64::total_cmp);
    back
}

/// A wave that comes to nothing is over for as long as it does.
#[test]
fn a_recovery_is_told_where_a_wave_rests() {
    let course: Course = &[(30, "latency 1000ms wave=square period=40s depth=1000ms")];
    let mut row = Tallied::new("recovers: as a wave rests");
    for seed in seeds() {
        let (client, _) = Application::new(Settings::PLAIN);
        let mut desk = Desk::new(seed, course);
        desk.run(&mut [client], Duration::from_secs(120));
        let told = desk.stated.iter().find(|it| it.kind == Habit::Recovers);
        row.ran(told.is_some());
        // Who asked before it waits for as long as it was then.
        let is_so = |it: &&Finding| it.values[1].1.number() <= 2.5 && &*it.under == "latency";
        if let Some(wrong) = told.filter(|it| !is_so(it)) {
            row.wrong(seed, wrong);
        }
    }
    let mut tally = Tally::default();
    tally.stated_row(row);
    tally.holds();
}
