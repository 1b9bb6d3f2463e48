//! Reports as words, a line an event, for people, screen readers and logs.
//!
//! `00:12:20 db faults latency 250ms taken by 4 of 4 in 3 ms`: since the start, the proxy, what happened.

use std::fmt::Write as _;
use std::time::Duration;

use super::Report;
use super::commands::{Answered, Refused};
use super::stats::{Pair, Quantiles, Stats, port_words};
use crate::fault::Plan;
use crate::format::one_line;
use crate::operate::{Answer, Change};
use crate::snapshot::{Event, Happening, ProxyRow, Taken};

/// The lines of a report, each with its line ending.
pub(super) fn lines(at: Duration, report: &Report<'_>) -> String {
    let mut text = String::new();
    for words in sentences(report) {
        // What others wrote (a certificate's name, a command) must not make two lines of one.
        let _ = writeln!(text, "{} {}", Clock(at), one_line(&words));
    }
    text
}

fn sentences(report: &Report<'_>) -> Vec<String> {
    match report {
        Report::Started { seed } => {
            vec![format!(
                "faultboard {}, seed {seed}",
                env!("CARGO_PKG_VERSION")
            )]
        }
        Report::Existing(row) => {
            let mut sentences = vec![listening(
                &row.name,
                &row.mapping.to_string(),
                &row.listening,
            )];
            if !row.plan.is_empty() {
                sentences.push(set(&row.name, &row.plan));
            }
            sentences
        }
        Report::Happened(event) => vec![happened(event)],
        Report::Stats(stats) => vec![summary(stats)],
        Report::Lost { error, .. } | Report::Failed(error) => vec![format!("error: {error}")],
        Report::Answered(answered) => answer(answered),
        Report::Stopped { reason } => vec![format!("stopped: {reason}")],
    }
}

fn happened(event: &Event) -> String {
    let proxy = &event.proxy;
    match &event.what {
        Happening::Listening { mapping, addrs } => listening(proxy, mapping, addrs),
        Happening::Removed => format!("{proxy} removed"),
        Happening::PortClosed => format!("{proxy} port closed: clients are refused"),
        Happening::Opened {
            conn,
            client,
            upstream,
        } => format!(
            "{proxy} connection {} opened from {client} to {upstream}",
            conn.0
        ),
        Happening::Reached { conn, addr, tried } => {
            format!("{proxy} connection {} reached {addr} after {tried}", conn.0)
        }
        Happening::Secured { conn, tls } => format!("{proxy} connection {} upstream {tls}", conn.0),
        Happening::Closed {
            conn,
            bytes: [up, down],
            lasted,
            reason,
            truncated,
        } => format!(
            "{proxy} connection {} closed: {}; {} up, {} down in {}",
            conn.0,
            reason.noted(*truncated),
            Size(*up),
            Size(*down),
            Span(*lasted)
        ),
        Happening::Faults { plan } => set(proxy, plan),
        Happening::Error(error) if proxy.is_empty() => format!("error: {error}"),
        Happening::Error(error) => format!("{proxy} error: {error}"),
    }
}

fn set(proxy: &str, plan: &Plan) -> String {
    format!("{proxy} faults {}", faults(plan))
}

fn listening(proxy: &str, mapping: &str, addrs: &[std::net::SocketAddr]) -> String {
    let addrs: Vec<String> = addrs.iter().map(ToString::to_string).collect();
    format!("{proxy} listening on {} for {mapping}", addrs.join(", "))
}

fn answer(answered: &Answered) -> Vec<String> {
    match &answered.outcome {
        Err(Refused {
            error,
            column: Some(column),
        }) => vec![format!(
            "refused: {error} (column {column} of: {})",
            answered.command
        )],
        Err(Refused {
            error,
            column: None,
        }) => vec![format!("refused: {error}")],
        Ok(Answer::Added { proxy, mapping, .. }) => vec![format!("{proxy} added: {mapping}")],
        Ok(Answer::Removed(proxy)) => vec![format!("{proxy} gone")],
        Ok(Answer::Changed(changes)) => changes.iter().map(changed).collect(),
        Ok(Answer::Killed(conn)) => vec![format!("connection {} killed", conn.0)],
        Ok(Answer::Listed(rows)) if rows.is_empty() => vec!["no proxies".to_owned()],
        Ok(Answer::Listed(rows)) => rows.iter().map(listed).collect(),
        Ok(Answer::Quit) => vec!["quitting".to_owned()],
    }
}

fn changed(change: &Change) -> String {
    let Taken {
        taken,
        cut,
        of,
        micros,
    } = change.taken;
    let ended = if cut > 0 {
        format!(", {cut} of them ended by it,")
    } else {
        String::new()
    };
    format!(
        "{} taken by {taken} of {of}{ended} in {}",
        set(&change.proxy, &change.plan),
        Span(Duration::from_micros(micros))
    )
}

fn faults(plan: &Plan) -> String {
    match (plan.is_empty(), plan.bypassed) {
        (true, _) => "none".to_owned(),
        (false, true) => format!("{plan} (bypassed)"),
        (false, false) => plan.to_string(),
    }
}

fn listed(row: &ProxyRow) -> String {
    let addrs: Vec<String> = row.listening.iter().map(ToString::to_string).collect();
    format!(
        "{} {} on {}, port {}, {} open of {}, faults {}",
        row.name,
        row.mapping,
        addrs.join(", "),
        port_words(&row.port).0,
        row.open,
        row.total,
        faults(&row.plan)
    )
}

fn summary(stats: &Stats) -> String {
    let mut line = format!(
        "{} {} open of {}, {} failed, {}/s up, {}/s down",
        stats.proxy,
        stats.connections,
        stats.total,
        stats.failed,
        Size(stats.rates.up),
        Size(stats.rates.down)
    );
    let Pair { up, down } = stats.added;
    for (what, spread) in [
        ("added up", up),
        ("added down", down),
        ("feels", stats.feels),
    ] {
        if let Some(Quantiles { p50_ms, p99_ms }) = spread {
            let _ = write!(
                line,
                ", {what} {} (p99 {})",
                Span::of(p50_ms),
                Span::of(p99_ms)
            );
        }
    }
    if stats.full > 0 {
        let _ = write!(line, ", queue full {}x", stats.full);
    }
    if let Some(why) = &stats.waiting {
        let _ = write!(line, ", clients wait: {why}");
    }
    match stats.now.as_deref() {
        None => {}
        Some("") => line.push_str(", now no fault"),
        Some(now) => line.extend([", now ", now]),
    }
    line
}

/// Hours, minutes and seconds since the start.
struct Clock(Duration);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        write!(
            f,
            "{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }
}

/// A time for reading, in its unit with about three digits: `3 ms`, `0.4 ms`, `1.25 s`.
struct Span(Duration);

impl Span {
    fn of(millis: f64) -> Self {
        Self(Duration::try_from_secs_f64(millis / 1e3).unwrap_or(Duration::MAX))
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millis = self.0.as_secs_f64() * 1e3;
        match millis {
            ..0.005 => f.write_str("0 ms"),
            ..0.095 => write!(f, "{millis:.2} ms"),
            ..0.95 => write!(f, "{millis:.1} ms"),
            ..999.5 => write!(f, "{millis:.0} ms"),
            ..99_995.0 => write!(f, "{:.2} s", millis / 1e3),
            _ => write!(f, "{:.0} s", millis / 1e3),
        }
    }
}

/// A size for reading, in its unit with about three digits: `12.3 kB`.
struct Size(u64);

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.0 as f64;
        let (unit, name) = match self.0 {
            0..1_000 => return write!(f, "{} B", self.0),
            1_000..1_000_000 => (1e3, "kB"),
            1_000_000..1_000_000_000 => (1e6, "MB"),
            _ => (1e9, "GB"),
        };
        let value = bytes / unit;
        let digits = if value < 9.995 {
            2
        } else {
            usize::from(value < 99.95)
        };
        write!(f, "{value:.digits$} {name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_at_a_glance() {
        for (micros, words) in [
            (0, "0 ms"),
            (42, "0.04 ms"),
            (420, "0.4 ms"),
            (3_000, "3 ms"),
            (250_400, "250 ms"),
            (999_400, "999 ms"),
            (999_600, "1.00 s"),
            (1_254_000, "1.25 s"),
            (3_600_000_000, "3600 s"),
        ] {
            assert_eq!(Span(Duration::from_micros(micros)).to_string(), words);
        }
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        for (bytes, words) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_234, "1.23 kB"),
            (12_345, "12.3 kB"),
            (8_000_000, "8.00 MB"),
            (123_456_789, "123 MB"),
            (5_000_000_000, "5.00 GB"),
        ] {
            assert_eq!(Size(bytes).to_string(), words);
        }
    }

    #[test]
    fn a_control_character_stays_in_its_line() {
        let words = lines(Duration::from_secs(3661), &Report::Failed("a\nb"));
        assert_eq!(words, "01:01:01 error: a b\n");
    }
}
