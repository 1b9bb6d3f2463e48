//! What leaving prints: what there was, and how to have it again.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::fault::{PerDirection, Plan};
use crate::format::figures;
use crate::format::joined;
use crate::mapping::Mapping;
use crate::snapshot::{PortState, ProxyRow};

/// What there was, and the command that repeats it.
#[derive(Clone, Debug, Default)]
pub struct Farewell {
    /// How long the session lasted.
    pub lasted: Duration,
    /// How many connections there were.
    pub connections: u64,
    /// Bytes delivered, up and down.
    pub bytes: PerDirection<u64>,
    /// The seed of every random choice.
    pub seed: u64,
    /// Options that the command repeats as they were.
    pub arguments: Vec<String>,
    /// The kinds of fault that were set in it, by their names.
    pub used: BTreeSet<&'static str>,
    /// The proxies that there were at the end: name, mapping, plan.
    pub proxies: Vec<(String, Mapping, Plan)>,
    /// The lines that were entered, oldest first.
    pub history: Vec<String>,
}

impl Farewell {
    /// A proxy that there was at the end, with the plan that it had.
    #[must_use]
    pub fn proxy(row: &ProxyRow, plan: &Plan) -> (String, Mapping, Plan) {
        let mapping = mapping(&row.mapping, &row.port);
        (row.name.clone(), mapping, plan.clone())
    }

    /// The command line that starts the same proxies. Faults go with it where all have the same; else they are commands
    /// of their own, which the lines after it hold.
    #[must_use]
    pub fn command(&self) -> Vec<String> {
        let mut words = vec!["faultboard".to_owned()];
        words.extend(["--seed".to_owned(), self.seed.to_string()]);
        words.extend(self.arguments.iter().map(|word| quoted(word)));
        let first = self.proxies.first().map(|(_, _, plan)| plan);
        let is_same = |plan: &Plan| first.is_some_and(|first| first.settings() == plan.settings());
        let all_same = self.proxies.iter().all(|(_, _, plan)| is_same(plan));
        if let Some(plan) = first.filter(|plan| all_same && !plan.is_empty()) {
            words.extend(["-f".to_owned(), quoted(&plan.to_string())]);
        }
        let mappings = self.proxies.iter();
        words.extend(mappings.map(|(_, mapping, _)| quoted(&mapping.to_string())));
        let mut lines = vec![words.join(" ")];
        let bypassed = self.proxies.iter().filter(|(_, _, plan)| plan.bypassed);
        let all_bypassed = self.proxies.len() > 1 && bypassed.count() == self.proxies.len();
        for (name, _, plan) in &self.proxies {
            if !all_same && !plan.is_empty() {
                lines.push(format!("set {name} {plan}"));
            }
            if plan.bypassed && !all_bypassed {
                lines.push(format!("bypass {name} on"));
            }
        }
        if all_bypassed {
            lines.push("bypass all on".to_owned());
        }
        lines
    }
}

/// A mapping that begins as its port was at the end. What a fault has closed, the fault closes again.
fn mapping(mapping: &Mapping, port: &PortState) -> Mapping {
    Mapping {
        closed: *port == PortState::Closed,
        ..mapping.clone()
    }
}

/// A word as a shell takes it.
#[must_use]
pub fn quoted(word: &str) -> String {
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || "_./:=,@%+-".contains(letter);
    if !word.is_empty() && word.chars().all(is_safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

impl Farewell {
    /// What is printed, line by line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let connections = match self.connections {
            1 => "1 connection".to_owned(),
            count => format!("{count} connections"),
        };
        let PerDirection { up, down } = self.bytes.map(figures::bytes);
        let lasted = figures::clock(self.lasted);
        let mut lines = vec![format!(
            "faultboard: {lasted}, {connections}, {up} up, {down} down"
        )];
        if !self.used.is_empty() {
            lines.push(format!("faults: {}", joined(&self.used)));
        }
        if !self.proxies.is_empty() {
            let before = ["again: "].into_iter().chain(std::iter::repeat(" then: "));
            let again = before.zip(self.command());
            lines.extend(again.map(|(before, line)| format!("{before}{line}")));
        }
        lines
    }
}

impl fmt::Display for Farewell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines()
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::language;
    use crate::mapping::Host;

    fn proxy(name: &str, listen: u16, faults: &str) -> (String, Mapping, Plan) {
        let mapping = Mapping::new(listen, None, Host::Name(name.to_owned()), 80);
        let settings = match faults {
            "" => Vec::new(),
            faults => language::parse(faults).expect("valid"),
        };
        (name.to_owned(), mapping, Plan::of(settings))
    }

    fn farewell(proxies: Vec<(String, Mapping, Plan)>) -> Farewell {
        Farewell {
            lasted: Duration::from_secs(3_725),
            connections: 12,
            bytes: PerDirection::of(999, 88_040_000),
            seed: 7,
            arguments: vec!["--bind".to_owned(), "::1".to_owned()],
            used: BTreeSet::from(["latency", "loss"]),
            proxies,
            history: Vec::new(),
        }
    }

    #[test]
    fn faults_that_all_proxies_have_go_with_the_command() {
        let both = vec![
            proxy("db", 1, "latency 250ms"),
            proxy("web", 2, "latency 250ms"),
        ];
        assert_eq!(
            farewell(both).to_string(),
            "faultboard: 01:02:05, 12 connections, 999 B up, 88 MB down\n\
             faults: latency, loss\n\
             again: faultboard --seed 7 --bind ::1 -f 'latency 250ms' 1=db:80 2=web:80\n"
        );
    }

    #[test]
    fn faults_that_differ_are_commands_of_their_own() {
        let mut proxies = vec![proxy("db", 1, "latency 250ms"), proxy("web", 2, "")];
        proxies[1].2.bypassed = true;
        assert_eq!(
            farewell(proxies).command(),
            [
                "faultboard --seed 7 --bind ::1 1=db:80 2=web:80",
                "set db latency 250ms",
                "bypass web on"
            ]
        );
    }

    #[test]
    fn a_port_that_was_closed_begins_closed_and_one_that_a_fault_closes_does_not() {
        let (_, db, _) = proxy("db", 1, "");
        for (port, line) in [
            (PortState::Open, "1=db:80"),
            (PortState::Closed, "1=db:80 closed"),
            (PortState::Refusing, "1=db:80"),
        ] {
            assert_eq!(mapping(&db, &port).to_string(), line);
        }
    }

    #[test]
    fn a_bypass_of_all_is_one_command() {
        let mut proxies = vec![proxy("db", 1, "latency 250ms"), proxy("web", 2, "")];
        for (_, _, plan) in &mut proxies {
            plan.bypassed = true;
        }
        assert_eq!(
            farewell(proxies).command()[1..],
            ["set db latency 250ms", "bypass all on"]
        );
    }

    #[test]
    fn without_proxies_there_is_nothing_to_repeat() {
        assert!(!farewell(Vec::new()).to_string().contains("again"));
    }

    #[test]
    fn words_that_a_shell_would_change_are_quoted() {
        assert_eq!(quoted("1=[::1]:80"), "'1=[::1]:80'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
