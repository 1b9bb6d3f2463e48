//! Folding what happened: connections that open and end are counted between the lines that say something else.
//!
//! ```text
//!  12:41 shop   6 opened, 6 done
//!  12:20 db     LAT off → 250ms       4/4 3ms
//! ```

use std::time::Duration;

use super::model::{Passing, Said};

/// A row of what happened.
#[derive(Clone, Debug)]
pub(in crate::ui) enum Row<'a> {
    /// A line as it was said.
    Said(Said<'a>),
    /// Connections of a proxy that opened and ended since the line below.
    Folded(Folded<'a>),
}

/// Connections of a proxy that opened and ended.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Folded<'a> {
    /// The last of their lines.
    last: Said<'a>,
    /// How many did what, in the order of `Passing::ALL`.
    pub(in crate::ui) counts: [u64; 4],
    /// Why the last one ended that was cut, or failed.
    pub(in crate::ui) why: Option<&'a str>,
}

/// The rows of these lines, the newest first, at most so many.
pub(in crate::ui) fn folded<'a>(
    lines: impl Iterator<Item = Said<'a>>,
    most: usize,
) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    // Where the run of connections that is counted now begins.
    let mut run = 0;
    for said in lines {
        let Some(what) = said.passing else {
            if rows.len() >= most {
                break;
            }
            rows.push(Row::Said(said));
            run = rows.len();
            continue;
        };
        let of_it = rows[run..].iter_mut().find_map(|row| match row {
            Row::Folded(folded) if folded.proxy() == said.proxy => Some(folded),
            Row::Folded(_) | Row::Said(_) => None,
        });
        if let Some(folded) = of_it {
            folded.count(said, what);
            continue;
        }
        let mut folded = Folded {
            last: said,
            counts: [0; 4],
            why: None,
        };
        folded.count(said, what);
        rows.push(Row::Folded(folded));
    }
    rows.truncate(most);
    for row in &mut rows {
        if let Row::Folded(folded) = row
            && folded.counts.iter().sum::<u64>() == 1
        {
            *row = Row::Said(folded.last);
        }
    }
    rows
}

// === impl Row ===

impl<'a> Row<'a> {
    /// The name of its proxy, empty where it concerns none.
    pub(in crate::ui) const fn proxy(&self) -> &'a str {
        match self {
            Self::Said(said) => said.proxy,
            Self::Folded(folded) => folded.proxy(),
        }
    }
}

// === impl Folded ===

impl<'a> Folded<'a> {
    /// When the last of them did.
    pub(in crate::ui) const fn at(&self) -> Duration {
        self.last.at
    }

    /// The name of their proxy.
    pub(in crate::ui) const fn proxy(&self) -> &'a str {
        self.last.proxy
    }

    fn count(&mut self, said: Said<'a>, what: Passing) {
        let all = Passing::ALL.iter().zip(&mut self.counts);
        for (_, count) in all.filter(|(counted, _)| **counted == what) {
            *count += 1;
        }
        if matches!(what, Passing::Cut | Passing::Failed) {
            // Behind the number of the connection.
            let why = said.text.split_once(' ').map(|(_, why)| why);
            self.why = self.why.or(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::model::Tone;

    fn said(at: u64, proxy: &'static str, passing: Option<Passing>) -> Said<'static> {
        Said {
            at: Duration::from_secs(at),
            change: None,
            proxy,
            text: "#1 it",
            tone: Tone::Plain,
            passing,
        }
    }

    fn printed(rows: &[Row<'_>]) -> Vec<String> {
        let print = |row: &Row<'_>| match row {
            Row::Said(said) => format!("{:?} {} {}", said.at, said.proxy, said.text),
            Row::Folded(folded) => {
                let why = folded.why.unwrap_or("-");
                format!(
                    "{:?} {} {:?} {why}",
                    folded.at(),
                    folded.proxy(),
                    folded.counts
                )
            }
        };
        rows.iter().map(print).collect()
    }

    #[test]
    fn connections_are_counted_between_the_lines_that_say_something() {
        use Passing::{Cut, Done, Failed, Opened};
        let lines = [
            said(9, "shop", Some(Done)),
            said(8, "echo", Some(Opened)),
            said(7, "shop", Some(Failed)),
            said(6, "shop", None),
            said(5, "shop", Some(Done)),
            said(4, "shop", Some(Opened)),
            said(3, "shop", Some(Opened)),
            said(2, "shop", Some(Cut)),
        ];
        let rows = folded(lines.into_iter(), 9);
        let expected = [
            "9s shop [1, 0, 0, 1] it",
            "8s echo #1 it",
            "6s shop #1 it",
            "5s shop [0, 1, 2, 1] it",
        ];
        assert_eq!(printed(&rows), expected);
        assert_eq!(printed(&folded(lines.into_iter(), 1)), expected[..1]);
    }
}
