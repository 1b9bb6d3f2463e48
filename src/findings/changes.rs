//! What became of findings between two states: new ones, others than before, and those that facts have turned against.

use crate::snapshot::Finding;

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change<'a> {
    /// It is stated for the first time.
    New(&'a Finding),
    /// It was stated before, with other figures or less sure.
    Changed(&'a Finding),
    /// It is not stated any more.
    Withdrawn(&'a Finding),
}

/// What has become of each finding since `before`, those that are withdrawn first; one that only gained a case is left out.
#[must_use]
pub fn changes<'a>(before: &'a [Finding], now: &'a [Finding]) -> Vec<Change<'a>> {
    let gone = before
        .iter()
        .filter(|old| !now.iter().any(|new| new.is_about(old)));
    let stated = now
        .iter()
        .filter_map(|new| match before.iter().find(|old| new.is_about(old)) {
            None => Some(Change::New(new)),
            Some(old) => new.differs(old).then_some(Change::Changed(new)),
        });
    gone.map(Change::Withdrawn).chain(stated).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::snapshot::{Confidence, Figure, Habit};

    fn finding(millis: u64, n: u32) -> Finding {
        Finding {
            kind: Habit::GivesUp,
            which: "request",
            text: String::new(),
            under: "none".into(),
            n,
            of: n,
            confidence: Confidence::of(n, n),
            values: vec![("after", Figure::Time(Duration::from_millis(millis)))],
            conns: Vec::new(),
            since: Duration::ZERO,
        }
    }

    #[test]
    fn only_what_says_more_is_told_again() {
        let before = [finding(2_000, 5), finding(30_000, 3)];
        for (now, told) in [
            (vec![finding(2_010, 6), finding(30_000, 4)], "[]"),
            (
                vec![finding(2_010, 10)],
                "[Withdrawn(30000), Changed(2010)]",
            ),
            (
                vec![finding(2_200, 5), finding(30_000, 3)],
                "[Changed(2200)]",
            ),
            (
                vec![finding(500, 3), finding(2_000, 5), finding(30_000, 3)],
                "[New(500)]",
            ),
        ] {
            let millis = |it: &Finding| (it.values[0].1.number() * 1e3).round();
            let said: Vec<String> = changes(&before, &now)
                .iter()
                .map(|change| match change {
                    Change::New(it) => format!("New({})", millis(it)),
                    Change::Changed(it) => format!("Changed({})", millis(it)),
                    Change::Withdrawn(it) => format!("Withdrawn({})", millis(it)),
                })
                .collect();
            assert_eq!(format!("[{}]", said.join(", ")), told);
        }
    }
}
