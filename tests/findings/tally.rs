//! What came of a test's rows over their seeds: how often each client's habit was stated, and what was stated that is not so.

use std::fmt::Display;

use crate::case::is_table;

/// One client under one course of faults, over all its seeds.
#[derive(Debug, Default)]
pub struct Tallied {
    name: String,
    pub runs: u32,
    pub stated: u32,
    /// By how many seconds the worst figure was off.
    pub off: f64,
    wrong: Vec<String>,
}

/// The rows of one test, and what is wrong with them.
#[derive(Debug, Default)]
pub struct Tally(Vec<String>);

// === impl Tallied ===

impl Tallied {
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Takes in whether one run stated what it had to.
    pub fn ran(&mut self, stated: bool) {
        self.runs += 1;
        self.stated += u32::from(stated);
    }

    /// Takes in what a run stated that is not so.
    pub fn wrong(&mut self, seed: u64, what: impl Display) {
        self.wrong
            .push(format!("{}, seed {seed}: {what}", self.name));
    }
}

// === impl Tally ===

impl Tally {
    /// Takes a row in of which nothing may be false and nothing has to be stated, and prints it where the table is asked for.
    pub fn row(&mut self, row: Tallied) {
        if is_table() {
            println!(
                "{:60} {:3} of {:3}  off {:6.1} ms  false {}",
                row.name,
                row.stated,
                row.runs,
                row.off * 1e3,
                row.wrong.len()
            );
            row.wrong.iter().for_each(|wrong| println!("    {wrong}"));
        }
        self.0.extend(row.wrong);
    }

    /// The same for one of which nine in ten have to be stated; of the few seeds of every test run, all but one.
    pub fn stated_row(&mut self, row: Tallied) {
        self.nine_in_ten(&row.name, row.stated, row.runs);
        self.row(row);
    }

    pub fn nine_in_ten(&mut self, name: &str, stated: u32, runs: u32) {
        if runs - stated > (runs / 10).max(1) {
            self.0.push(format!("{name}: stated {stated} of {runs}"));
        }
    }

    pub fn holds(self) {
        assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
    }
}
