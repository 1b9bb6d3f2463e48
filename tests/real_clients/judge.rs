//! What was stated of a client, beside what it did as measured from outside.

use std::time::Duration;

use faultboard::findings::{Finding, Habit};

use crate::recorder::Recorded;

/// What a client did.
#[derive(Debug, Default)]
pub struct Did {
    gave_up: Vec<Duration>,
    /// How many more attempts most failed requests had, and from each attempt's start to the next one's.
    more: usize,
    gaps: Vec<Duration>,
    /// How many connections it kept; none where each had one request.
    kept: usize,
    one_each: bool,
}

/// How near a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Is {
    /// Within a twentieth or 20 ms.
    So,
    /// Within a fifth or 100 ms: another run of a client on a busy machine.
    Near,
    False,
}

// === impl Did ===

impl Did {
    pub fn of(recorded: &Recorded) -> Self {
        // The last request is under way: it has no more of its attempts yet, but those it has it made.
        let whole = recorded.attempts.values().rev().skip(1);
        let mut counts: Vec<usize> = whole.map(|attempts| attempts.len() - 1).collect();
        counts.sort_unstable();
        let gaps = recorded.attempts.values().flat_map(|it| it.windows(2));
        let mut gaps: Vec<Duration> = gaps.map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_unstable();
        let mut gave_up = recorded.gave_up.clone();
        gave_up.sort_unstable();
        let kept = recorded
            .open
            .iter()
            .filter(|requests| **requests > 1)
            .count();
        Self {
            gave_up,
            more: counts.get(counts.len() / 2).copied().unwrap_or(0),
            gaps,
            kept,
            one_each: kept == 0 && recorded.over.iter().all(|requests| *requests <= 1),
        }
    }

    /// Whether what is stated of it is so.
    pub fn judge(&self, finding: &Finding) -> Is {
        let figure = |name: &str| {
            let mut figures = finding.values.iter().filter(|(known, _)| *known == name);
            figures.next().map(|(_, figure)| figure.number())
        };
        let count = |name, did: usize| match figure(name) {
            Some(stated) if (stated - did as f64).abs() > 0.5 => Is::False,
            _ => Is::So,
        };
        match (finding.kind, finding.which) {
            (Habit::GivesUp, _) => near(figure("after"), &self.gave_up),
            (Habit::TriesAgain, _) => {
                let times = ["apart", "least", "most"].map(&figure);
                let times = times.iter().flatten();
                let times = times.map(|time| near(Some(*time), &self.gaps)).max();
                times.unwrap_or(Is::False).max(count("attempts", self.more))
            }
            (Habit::Pool, "kept") => count("most", self.kept),
            (Habit::Pool, "one request each") if self.one_each => Is::So,
            _ => Is::False,
        }
    }

    /// The habits that it has, each with whether it is among those that were stated.
    pub fn missed(&self, stated: &[Finding]) -> Vec<&'static str> {
        let is_told = |habit| stated.iter().any(|finding| finding.kind == habit);
        let has = [
            (self.gave_up.len() >= 3, Habit::GivesUp, "gives up"),
            (self.gaps.len() >= 6, Habit::TriesAgain, "tries again"),
            (self.kept > 0 || self.one_each, Habit::Pool, "pool"),
        ];
        let missed = has
            .iter()
            .filter(|(has, habit, _)| *has && !is_told(*habit));
        missed.map(|(.., name)| *name).collect()
    }

    /// What it did, in a few words.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if let Some(middle) = self.gave_up.get(self.gave_up.len() / 2) {
            words.push(format!(
                "gave up after {middle:.2?} (x{})",
                self.gave_up.len()
            ));
        }
        if let Some(middle) = self.gaps.get(self.gaps.len() / 2) {
            let (least, most) = (self.gaps[0], self.gaps[self.gaps.len() - 1]);
            words.push(format!(
                "{} more, {least:.2?} / {middle:.2?} / {most:.2?} apart",
                self.more
            ));
        }
        words.push(match self.kept {
            0 if self.one_each => "one request each".to_owned(),
            kept => format!("kept {kept}"),
        });
        words.join(", ")
    }
}

/// Whether a stated time is among those measured.
fn near(stated: Option<f64>, did: &[Duration]) -> Is {
    let Some(stated) = stated else {
        return Is::False;
    };
    let off = did.iter().map(|did| (did.as_secs_f64() - stated).abs());
    let off = off.fold(f64::INFINITY, f64::min);
    match () {
        () if off <= (stated * 0.05).max(0.02) => Is::So,
        () if off <= (stated * 0.2).max(0.1) => Is::Near,
        () => Is::False,
    }
}
