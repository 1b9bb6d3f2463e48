//! Reports as words, a line an event, for people, screen readers and logs.
//!
//! `00:12:20 db faults latency 250ms taken by 4 of 4 in 3 ms`: since the start, the proxy, what happened.

use std::fmt::Write as _;
use std::time::Duration;

use super::Report;
use super::commands::{Answered, Refused};
use crate::fault::{Losses, PerDirection, Plan};
use crate::format::figures::{RateUnit, bytes, clock, count, stated_time, time, times};
use crate::format::{joined, one_line, shown_path};
use crate::operate::{Answer, Change};
use crate::snapshot::{
    Event, Fact, Found, Happening, Leave, PortState, ProxyRow, Seen, Spread, Taken, Unanswered,
};

/// The lines of a report, each with its line ending.
pub(super) fn lines(at: Duration, report: &Report<'_>) -> String {
    let mut text = String::new();
    for words in sentences(report) {
        // What others wrote (a certificate's name, a command) must not make two lines of one.
        let _ = writeln!(text, "{} {}", clock(at), one_line(&words));
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
        // That a sweep begins, the answer to its command has said.
        Report::Happened(event) if is_beginning(event) => Vec::new(),
        Report::Happened(event) => vec![happened(event)],
        Report::Seen { proxy, fact } => vec![seen(proxy, fact)],
        Report::Stalled(stall) => vec![format!(
            "faultboard itself did not run for {}: what it saw then may have been earlier",
            stated_time(stall.lasted())
        )],
        Report::Stats(row) => vec![summary(row)],
        Report::Failed { error, .. } => vec![format!("error: {error}")],
        Report::Answered(answered) => {
            let mut said = answer(answered);
            said.extend(answered.note.map(str::to_owned));
            said
        }
        Report::Stopped { reason, farewell } => {
            let stopped = format!("stopped: {reason}");
            [stopped].into_iter().chain(farewell.lines()).collect()
        }
    }
}

fn is_beginning(event: &Event) -> bool {
    matches!(&event.what, Happening::Swept { curve, .. } if curve.news().is_none())
}

/// What happened, and by whom, where somebody else did it than whoever runs the program.
fn happened(event: &Event) -> String {
    what_happened(event) + &event.by_another()
}

fn what_happened(event: &Event) -> String {
    let proxy = &event.proxy;
    match &event.what {
        Happening::Listening { mapping, addrs } => {
            format!("{proxy} listening on {} for {mapping}", joined(addrs))
        }
        Happening::Removed => format!("{proxy} removed"),
        Happening::Renamed { before } => format!("{before} is called {proxy} now"),
        Happening::Repointed { before, mapping } => {
            format!("{proxy} {before} is {mapping} now; its connections end")
        }
        Happening::PortClosed(_) => format!("{proxy} port closed: new clients are refused"),
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
            bytes: PerDirection { up, down },
            lasted,
            reason,
            truncated,
        } => format!(
            "{proxy} connection {} closed: {}; {} up, {} down in {}",
            conn.0,
            reason.noted(*truncated),
            bytes(*up),
            bytes(*down),
            time(*lasted)
        ),
        Happening::Faults { before, plan, .. } => set(proxy, before.as_deref(), plan),
        Happening::Found { what, finding } => match what {
            Found::New => format!("{proxy} {finding}"),
            Found::Changed => format!("{proxy} {finding} (was said otherwise before)"),
            Found::Withdrawn => format!("{proxy} withdrawn: {finding}"),
        },
        Happening::Swept { curve, .. } => format!("{proxy} {}", curve.news().unwrap_or_default()),
        Happening::Note(note) => note.clone(),
        Happening::Error(error) if proxy.is_empty() => format!("error: {error}"),
        Happening::Error(error) => format!("{proxy} error: {error}"),
    }
}

fn seen(proxy: &str, fact: &Fact) -> String {
    let conn = fact.conn.0;
    let what = match fact.seen {
        Seen::Opened { client } => format!("came from {client}"),
        Seen::Reached => "reached its upstream".to_owned(),
        Seen::Asked { bytes: n, silent } => {
            format!("asks, {} after {} of silence", bytes(n), time(silent))
        }
        Seen::Answered {
            waited, upstream, ..
        } => format!(
            "is answered after {}, of which the upstream took {}",
            time(waited),
            time(upstream)
        ),
        Seen::Pushed { bytes: n, silent } => format!(
            "is sent {} unasked after {} of silence",
            bytes(n),
            time(silent)
        ),
        Seen::Blocked {
            over,
            blocked,
            bytes: n,
        } => format!(
            "takes {} in {}, its window full for {} of it",
            bytes(n),
            time(over),
            time(blocked)
        ),
        Seen::Left { leg, how, amid } => {
            let how = match how {
                Leave::Fin => "ends its stream",
                Leave::Rst => "breaks off",
            };
            match amid.waiting {
                Some(waiting) => format!("{leg} {how} after a wait of {}", time(waiting)),
                None => format!("{leg} {how}"),
            }
        }
        Seen::Closed { by, .. } => format!("is over, ended by {}", by.word()),
    };
    format!("{proxy} connection {conn} {what}")
}

fn set(proxy: &str, before: Option<&Plan>, plan: &Plan) -> String {
    let before = before.map_or_else(String::new, |before| format!("{} -> ", faults(before)));
    format!("{proxy} faults {before}{}", faults(plan))
}

fn answer(answered: &Answered) -> Vec<String> {
    match &answered.outcome {
        Err(Refused {
            error,
            column: Some(column),
            ..
        }) => vec![format!(
            "refused: {error} (column {column} of: {})",
            answered.command
        )],
        Err(Refused {
            error,
            column: None,
            ..
        }) => vec![format!("refused: {error}")],
        Ok(Answer::Added { proxy, mapping, .. }) => vec![format!("{proxy} added: {mapping}")],
        // What came of it has a line of its own, told as what happens.
        Ok(
            Answer::Removed(_)
            | Answer::Renamed { .. }
            | Answer::Port { .. }
            | Answer::Repointed { .. },
        ) => {
            vec![format!("done: {}", answered.command)]
        }
        Ok(Answer::Changed(changes)) => changes.iter().map(changed).collect(),
        Ok(Answer::Killed(conn)) => vec![format!("connection {} ended by you", conn.0)],
        Ok(Answer::Owned { conn, own, taken }) => {
            let what = match own.to_string() {
                none if none.is_empty() => "as its proxy".to_owned(),
                own => own,
            };
            vec![format!("connection {} {what}, {taken}", conn.0)]
        }
        Ok(Answer::Listed(rows)) if rows.is_empty() => vec!["no proxies".to_owned()],
        Ok(Answer::Listed(rows)) => rows.iter().map(standing).collect(),
        Ok(Answer::Sweeping(curve)) => vec![format!("{} {}", curve.proxy, curve.begins())],
        Ok(Answer::Swept(curve)) => vec![format!("{} sweep ended", curve.proxy)],
        Ok(Answer::Save(curve, file)) => {
            vec![format!(
                "{} sweep written to {}",
                curve.proxy,
                shown_path(file)
            )]
        }
        Ok(Answer::SaveTape(file)) => vec![format!("tape written to {}", shown_path(file))],
        Ok(Answer::Facts(on)) => vec![format!("facts {}", if *on { "on" } else { "off" })],
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
    let cut = if cut > 0 {
        format!(", {cut} of them cut by it,")
    } else {
        String::new()
    };
    format!(
        "{} taken by {taken} of {of}{cut} in {}",
        set(&change.proxy, Some(&change.before), &change.plan),
        time(Duration::from_micros(micros))
    )
}

fn faults(plan: &Plan) -> String {
    match (plan.is_empty(), plan.bypassed) {
        (true, _) => "none".to_owned(),
        (false, true) => format!("{plan} (bypassed)"),
        (false, false) => plan.to_string(),
    }
}

fn standing(row: &ProxyRow) -> String {
    let on = match &row.listening[..] {
        [] => String::new(),
        addrs => format!(" on {}", joined(addrs)),
    };
    format!(
        "{} {}{on}, port {}, {} open of {}, faults {}",
        row.name,
        row.mapping,
        row.port.word(),
        row.open,
        row.total,
        faults(&row.plan)
    )
}

fn summary(row: &ProxyRow) -> String {
    let PerDirection { up, down } = row.rates.map(|rate| RateUnit::Bytes.long(rate));
    let mut line = format!(
        "{} {} open of {}, {} failed, {up} up, {down} down, faults {}",
        row.name,
        row.open,
        row.total,
        row.failed,
        faults(&row.plan)
    );
    let PerDirection { up, down } = row.added;
    let feels = match row.felt_now() {
        Some(_) => "feels",
        None => "last felt",
    };
    for (what, spread) in [("added up", up), ("added down", down), (feels, row.feels)] {
        if let Some(Spread { p50, p99, .. }) = spread {
            let _ = write!(line, ", {what} {} (p99 {})", time(p50), time(p99));
        }
    }
    if let Some(factor) = row.factor() {
        let before = row.clean.as_ref().map(|clean| time(clean.feels.p50));
        let before = before.unwrap_or_default();
        let _ = write!(line, " (before {before}, {})", times(factor));
    }
    if row.unanswered.count > 0 {
        let Unanswered { count, oldest, .. } = row.unanswered;
        let _ = write!(
            line,
            ", {count} wait for an answer, the oldest {}",
            time(oldest)
        );
    }
    if row.sending.is_some() {
        line.push_str(&losses(&row.losses));
    }
    if row.full > 0 {
        let _ = write!(line, ", queue full {}x", row.full);
    }
    if let PortState::Waiting(why) = &row.port {
        let _ = write!(line, ", clients wait: {why}");
    }
    match row.present.as_ref().map(ToString::to_string).as_deref() {
        None => {}
        Some("") => line.push_str(", now no fault"),
        Some(now) => line.extend([", now ", now]),
    }
    line
}

/// What has become of packets and messages since the start.
fn losses(losses: &Losses) -> String {
    let of = |some, all, what| format!(", {} of {} {what}", count(some), count(all));
    let packets = of(losses.lost, losses.sent, "packets lost");
    packets + &of(losses.late, losses.messages, "messages late")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_an_event_of_its_own_is_answered_by_its_command() {
        for answer in [
            Answer::Removed("db".to_owned()),
            Answer::Port {
                proxy: "db".to_owned(),
                open: false,
            },
        ] {
            let answered = Answered {
                command: "a command".to_owned(),
                outcome: Ok(answer),
                note: None,
            };
            assert_eq!(super::answer(&answered), ["done: a command"]);
        }
    }

    #[test]
    fn a_control_character_stays_in_its_line() {
        let failed = Report::Failed {
            error: "a\nb",
            lost: None,
        };
        let words = lines(Duration::from_secs(3661), &failed);
        assert_eq!(words, "01:01:01 error: a b\n");
    }
}
