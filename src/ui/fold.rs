//! Folding what happened: connections that simply open and end are counted between the lines that say something.
//!
//! ```text
//!  12:41 shop   6 opened, 6 done
//!  12:20 db     LAT off → 250ms       4/4 3ms
//! ```

use std::time::Duration;

use super::model::Said;

/// A row of what happened.
#[derive(Clone, Debug)]
pub(in crate::ui) enum Row<'a> {
    /// A line as it was said.
    Said(Said<'a>),
    /// Connections of a proxy that opened and ended since the line below.
    Folded {
        /// When the last of them did.
        at: Duration,
        /// The proxy's name.
        proxy: &'a str,
        /// How many opened, and how many ended.
        counts: [u64; 2],
    },
}

/// The rows of these lines, the newest first, at most so many.
pub(in crate::ui) fn folded<'a>(
    lines: impl Iterator<Item = Said<'a>>,
    most: usize,
) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    // Where the run of connections that is counted now begins.
    let mut run = 0;
    // The line itself, where it is the only one of its proxy in the run.
    let mut single: Vec<Said<'a>> = Vec::new();
    for said in lines {
        let Some(opens) = said.passing else {
            if rows.len() >= most {
                break;
            }
            rows.push(Row::Said(said));
            run = rows.len();
            continue;
        };
        let of_it = rows[run..].iter_mut().find_map(|row| match row {
            Row::Folded { proxy, counts, .. } if *proxy == said.proxy => Some(counts),
            Row::Folded { .. } | Row::Said(_) => None,
        });
        if let Some(counts) = of_it {
            counts[usize::from(!opens)] += 1;
            continue;
        }
        rows.push(Row::Folded {
            at: said.at,
            proxy: said.proxy,
            counts: [u64::from(opens), u64::from(!opens)],
        });
        single.push(said);
    }
    for row in &mut rows {
        if let Row::Folded { at, proxy, counts } = row
            && counts.iter().sum::<u64>() == 1
            && let Some(said) = single.iter().find(|it| it.at == *at && it.proxy == *proxy)
        {
            *row = Row::Said(*said);
        }
    }
    rows.truncate(most);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::model::Tone;

    fn said(at: u64, proxy: &'static str, passing: Option<bool>) -> Said<'static> {
        Said {
            at: Duration::from_secs(at),
            change: None,
            proxy,
            text: "it",
            tone: Tone::Plain,
            passing,
        }
    }

    fn printed(rows: &[Row<'_>]) -> Vec<String> {
        let print = |row: &Row<'_>| match row {
            Row::Said(said) => format!("{:?} {} {}", said.at, said.proxy, said.text),
            Row::Folded { at, proxy, counts } => format!("{at:?} {proxy} {counts:?}"),
        };
        rows.iter().map(print).collect()
    }

    #[test]
    fn connections_are_counted_between_the_lines_that_say_something() {
        let lines = [
            said(9, "shop", Some(false)),
            said(8, "echo", Some(true)),
            said(7, "shop", Some(true)),
            said(6, "shop", None),
            said(5, "shop", Some(false)),
            said(4, "shop", Some(true)),
            said(3, "shop", Some(true)),
        ];
        let rows = folded(lines.into_iter(), 9);
        let expected = [
            "9s shop [1, 1]",
            "8s echo it",
            "6s shop it",
            "5s shop [2, 1]",
        ];
        assert_eq!(printed(&rows), expected);
        assert_eq!(printed(&folded(lines.into_iter(), 1)), expected[..1]);
    }
}
