//! What a report says, in whichever form.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::series::Series;
use crate::command;
use crate::farewell::{Farewell, quoted};
use crate::fault::{Plan, language};
use crate::format::figures::{clock, stated_time, time};
use crate::format::{joined, one_line, without_secrets};
use crate::sweep::Curve;
use crate::tape::account::{Account, ProxyAccount, Stretch};
use crate::tape::{Finding, Head, Tape, What};

/// A stretch shorter than this is a step of a hand that turns a knob, where several of them follow each other.
const STEP: Duration = Duration::from_secs(2);

/// A report.
#[derive(Serialize)]
pub(super) struct Page {
    /// The version of the program.
    pub(super) faultboard: String,
    /// The day and the hour of the start.
    pub(super) began: String,
    pub(super) seed: u64,
    pub(super) from_s: f64,
    pub(super) to_s: f64,
    pub(super) proxies: Vec<Section>,
    /// What went wrong that is no connection's own end, and what could not be recorded: when, what.
    pub(super) remarks: Vec<(f64, String)>,
    /// The command that starts the same proxies, and those that follow it.
    pub(super) again: Vec<String>,
    /// The command that does all of it again.
    pub(super) replay: Option<String>,
}

/// What a report says of a proxy.
#[derive(Serialize)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) mapping: String,
    pub(super) rows: Vec<Row>,
    /// Connections that ended, by who ended them.
    pub(super) ended: BTreeMap<String, u64>,
    /// What the application was found to do.
    pub(super) findings: Vec<Stated>,
    /// Faults that were climbed.
    pub(super) sweeps: Vec<Swept>,
    /// The ends of faults.
    pub(super) recoveries: Vec<Recovered>,
    #[serde(skip)]
    pub(super) series: Series,
}

/// A row of the table: what was set, and what was met meanwhile.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) from_s: f64,
    pub(super) to_s: f64,
    /// What was set.
    pub(super) faults: String,
    /// Whether nothing acted on clients.
    pub(super) clean: bool,
    /// Who set it.
    pub(super) by: String,
    pub(super) answers: u64,
    pub(super) answers_per_s: f64,
    pub(super) p50_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
    /// The longest that a request was seen to wait.
    pub(super) longest_ms: f64,
    /// Requests that began.
    pub(super) asked: u64,
    /// The longest that one waited which had no answer, where that was longer than any wait for an answer.
    pub(super) unanswered_ms: Option<f64>,
    /// How many times the median before faults the median is.
    pub(super) factor: Option<f64>,
    /// Connections that a fault ended.
    pub(super) ours: u64,
    /// Connections that broke by themselves.
    pub(super) theirs: u64,
}

/// What the application was found to do, with its evidence.
#[derive(Serialize)]
pub(super) struct Stated {
    /// When it was stated last, or withdrawn.
    pub(super) at_s: f64,
    pub(super) kind: String,
    pub(super) text: String,
    /// Whether facts have turned against it.
    pub(super) withdrawn: bool,
    pub(super) under: String,
    pub(super) n: u32,
    pub(super) of: u32,
    pub(super) confidence: String,
    pub(super) values: BTreeMap<String, f64>,
    pub(super) connections: Vec<u64>,
}

/// A fault that was climbed, and what it came to.
#[derive(Serialize)]
pub(super) struct Swept {
    /// What it came to, in a sentence.
    pub(super) text: String,
    #[serde(flatten)]
    pub(super) curve: Curve,
}

/// The end of faults.
#[derive(Serialize)]
pub(super) struct Recovered {
    pub(super) at_s: f64,
    pub(super) took_s: Option<f64>,
    pub(super) watched_s: f64,
    /// Whether anything was asked after it.
    pub(super) asked: bool,
}

// === impl Page ===

impl Page {
    pub(super) fn of(tape: &Tape, account: &Account, file: Option<&Path>) -> Self {
        let head = &tape.head;
        let names: Vec<&str> = account
            .proxies
            .iter()
            .map(|proxy| proxy.name.as_str())
            .collect();
        let series = Series::of(tape, &names);
        let sections = account.proxies.iter().zip(series);
        let replay = file.map(|file| {
            let words = ["faultboard".to_owned(), "replay".to_owned()].into_iter();
            let words = words.chain(arguments(head).map(|word| quoted(word)));
            let words: Vec<String> = words.chain([quoted(&file.to_string_lossy())]).collect();
            shown(&words.join(" "))
        });
        let mut proxies: Vec<Section> = sections
            .map(|(proxy, series)| Section::of(proxy, series, account.end))
            .collect();
        // What something was done to is what the page is about.
        proxies.sort_by_key(|section| section.rows.iter().all(|row| row.clean));
        Self {
            faultboard: shown(&head.faultboard),
            began: shown(&head.began),
            seed: head.seed,
            from_s: head.t.as_secs_f64(),
            to_s: tape.end().as_secs_f64(),
            proxies,
            remarks: remarks(tape),
            again: again(tape),
            replay,
        }
    }

    /// What it is about, in a line.
    pub(super) fn summary(&self) -> String {
        let lasted = time(seconds(self.to_s - self.from_s));
        let count = self.proxies.len();
        let noun = if count == 1 { "proxy" } else { "proxies" };
        format!(
            "{lasted} from {} UTC, {count} {noun}, seed {}, faultboard {}",
            self.began.replace('T', " ").trim_end_matches('Z'),
            self.seed,
            self.faultboard
        )
    }
}

/// The options that running it again needs. An older faultboard kept where its tape and its report went among them: they would be
/// written over.
fn arguments(head: &Head) -> impl Iterator<Item = &String> {
    let mut is_value = false;
    head.arguments.iter().filter(move |word| {
        let (option, value) = match word.split_once('=') {
            Some((option, _)) => (option, false),
            None => (word.as_str(), true),
        };
        let is_output = !is_value && matches!(option, "--tape" | "--report");
        let kept = !is_value && !is_output;
        is_value = is_output && value;
        kept
    })
}

/// The lines that start the same proxies with the faults that they began with.
fn again(tape: &Tape) -> Vec<String> {
    let head = &tape.head;
    if head.demo {
        let arguments = arguments(head).map(|word| quoted(word));
        let words = ["faultboard demo --seed".to_owned(), head.seed.to_string()];
        let words: Vec<String> = words.into_iter().chain(arguments).collect();
        return vec![shown(&words.join(" "))];
    }
    let proxies = head.proxies.iter().filter_map(|standing| {
        let (mapping, _) = command::parse_line(&standing.mapping).ok()?;
        let settings = match standing.faults.as_str() {
            "" => Vec::new(),
            faults => language::parse(faults).ok()?,
        };
        let mut plan = Plan::of(settings);
        plan.bypassed = standing.bypassed;
        Some((standing.proxy.clone(), mapping, plan))
    });
    let farewell = Farewell {
        seed: head.seed,
        arguments: arguments(head).cloned().collect(),
        proxies: proxies.collect(),
        ..Farewell::default()
    };
    farewell.command().iter().map(|line| shown(line)).collect()
}

/// What is worth knowing beside the figures.
fn remarks(tape: &Tape) -> Vec<(f64, String)> {
    let mut lost_in_all = 0;
    let mut remarks = Vec::new();
    for record in tape.records() {
        let t = record.t.as_secs_f64();
        match &record.what {
            What::Error { proxy, error } if proxy.is_empty() => remarks.push((t, shown(error))),
            What::Error { proxy, error } => remarks.push((t, shown(&format!("{proxy}: {error}")))),
            What::Lost { lost } => lost_in_all += lost,
            What::End { reason } if reason == "full" => {
                remarks.push((
                    t,
                    "the tape was full: nothing is known of what came then".to_owned(),
                ));
            }
            _ => {}
        }
    }
    // Of very many, the first are enough.
    let more = remarks.len().saturating_sub(MOST_REMARKS);
    remarks.truncate(MOST_REMARKS);
    let end = tape.end().as_secs_f64();
    if more > 0 {
        remarks.push((end, format!("and {more} more errors")));
    }
    if lost_in_all > 0 {
        let line = format!("{lost_in_all} events came too fast to be recorded");
        remarks.push((end, line));
    }
    let stalls = tape.stalls();
    if stalls.count > 0 {
        let (count, longest) = (stalls.count, stated_time(stalls.longest));
        let line = format!(
            "stalls of faultboard itself: {count}, the longest of {longest}; no finding goes by the times of what it saw in them"
        );
        remarks.push((end, line));
    }
    remarks
}

/// Fewer answers tell nothing of what is usual.
const FEW: u64 = 3;

/// So many remarks are told one by one.
const MOST_REMARKS: usize = 50;

// === impl Section ===

impl Section {
    fn of(proxy: &ProxyAccount, series: Series, end: Duration) -> Self {
        let stretches = folded(&proxy.stretches);
        let rows = stretches.iter().enumerate();
        let rows = rows.map(|(place, stretch)| Row::of(stretch, clean_median(&stretches, place)));
        let recoveries = proxy.recoveries_at(end).into_iter();
        Self {
            name: shown(&proxy.name),
            mapping: shown(&proxy.mapping),
            rows: rows.collect(),
            ended: proxy
                .whole
                .ended
                .iter()
                .map(|(by, count)| (shown(by), *count))
                .collect(),
            findings: proxy.findings.iter().map(Stated::of).collect(),
            sweeps: proxy.sweeps.iter().map(Swept::of).collect(),
            recoveries: recoveries
                .map(|recovery| Recovered {
                    at_s: recovery.at.as_secs_f64(),
                    took_s: recovery.took.map(|took| took.as_secs_f64()),
                    watched_s: recovery.watched.as_secs_f64(),
                    asked: recovery.asked,
                })
                .collect(),
            series,
        }
    }

    /// Who ended its connections, in words.
    pub(super) fn endings(&self) -> Vec<String> {
        let each = self.ended.iter().map(|(by, count)| {
            let who = match by.as_str() {
                "client" => "by the client",
                "upstream" => "by the upstream",
                "desk" => "by the desk's user, or as the desk stopped",
                "client_broke" => "by a break of the client",
                "upstream_broke" => "by a break of the upstream",
                "unreached" => "because the upstream was out of reach",
                fault => return format!("{count} by the fault {fault}"),
            };
            format!("{count} {who}")
        });
        each.collect()
    }

    /// How soon clients were as before after each end of faults, in sentences.
    pub(super) fn recovery_lines(&self) -> Vec<String> {
        let each = self.recoveries.iter().map(|recovery| {
            let at = clock(seconds(recovery.at_s));
            match recovery.took_s {
                Some(took) => format!(
                    "The faults that ended at {at} were over for clients within {}: it took so long until a whole second had \
                     as many answers as before, and a median wait at most a tenth or 2 ms longer.",
                    time(seconds(took))
                ),
                None if !recovery.asked => {
                    format!("The faults ended at {at}; nobody asked anything afterwards.")
                }
                None => format!(
                    "The faults ended at {at}; {} later clients were not as before.",
                    time(seconds(recovery.watched_s))
                ),
            }
        });
        let finds = |found: &&Stated| found.kind == "recovers" && !found.withdrawn;
        let finding = self.findings.iter().find(finds);
        let finding = finding.filter(|_| !self.recoveries.is_empty());
        let meaning = finding.map(|_| {
            let line = "The finding that says \"recovers\" asks for less: it tells when the answers that were missing came \
                 again, in a second like those before the fault, the worst of them included.";
            line.to_owned()
        });
        each.chain(meaning).collect()
    }
}

// === impl Swept ===

impl Swept {
    fn of(curve: &Curve) -> Self {
        // What a file says of itself is shown as what others wrote.
        let mut curve = curve.clone();
        for text in [&mut curve.proxy, &mut curve.sweep, &mut curve.fault] {
            *text = shown(text);
        }
        for set in &mut curve.values {
            set.text = shown(&set.text);
        }
        let text = curve.sentence();
        Self { text, curve }
    }

    /// Its heading: `Sweep of latency, 00:01:10`.
    pub(super) fn heading(&self) -> String {
        let began = self
            .curve
            .steps
            .first()
            .map_or(self.curve.since_s, |step| step.at_s);
        format!("Sweep of {}, {}", self.curve.fault, clock(seconds(began)))
    }

    /// What was met at each value: the value, the wait, answers a second, what failed, what was cut, who left.
    pub(super) fn rows(&self) -> impl Iterator<Item = [String; 6]> {
        let steps = self.curve.values.iter().zip(&self.curve.steps);
        steps.map(|(set, step)| {
            [
                set.words(),
                step.waited(),
                format!("{:.1}", step.rate()),
                step.failed.to_string(),
                step.cut.to_string(),
                step.left.to_string(),
            ]
        })
    }
}

// === impl Stated ===

impl Stated {
    fn of((at, finding): &(Duration, Finding)) -> Self {
        let values = finding.values.iter();
        Self {
            at_s: at.as_secs_f64(),
            kind: shown(&finding.kind),
            text: shown(&finding.text),
            withdrawn: finding.state == "withdrawn",
            under: shown(&finding.under),
            n: finding.n,
            of: finding.of,
            confidence: shown(&finding.confidence),
            values: values.map(|(name, value)| (shown(name), *value)).collect(),
            connections: finding.connections.clone(),
        }
    }

    /// What it rests on: `14 of 14 cases under latency; confidence high; connections 31, 32`. How many cases is left out where
    /// the text says so.
    pub(super) fn evidence(&self) -> String {
        let under = &self.under;
        let count = format!("{} of {}", self.n, self.of);
        // How many answers there were again, and no cases.
        let is_told = self.text.contains(&count) || self.kind == "recovers";
        let mut parts = vec![if is_told {
            format!("under {under}")
        } else {
            format!("{count} cases under {under}")
        }];
        if !self.confidence.is_empty() {
            parts.push(format!("confidence {}", self.confidence));
        }
        if !self.connections.is_empty() {
            parts.push(format!("connections {}", joined(&self.connections)));
        }
        let at = clock(seconds(self.at_s));
        parts.push(if self.withdrawn {
            format!("withdrawn at {at}")
        } else {
            format!("stated at {at}")
        });
        parts.join("; ")
    }
}

/// What a proxy's clients waited without faults, before the stretch at this place; after it, where that is not known.
fn clean_median(stretches: &[Stretch], place: usize) -> Option<Duration> {
    let median = |stretch: &Stretch| {
        let waits = &stretch.tally.waits;
        let tells = stretch.is_clean() && waits.total() >= FEW;
        waits.quantile(0.5).filter(|_| tells)
    };
    let (before, after) = stretches.split_at(place);
    let mut near = before.iter().rev().chain(after);
    near.find_map(median)
}

/// The stretches, with the steps of one hand that turns a knob as one.
fn folded(stretches: &[Stretch]) -> Vec<Stretch> {
    let is_step = |stretch: &Stretch| stretch.lasted() < STEP;
    let is_one_hand =
        |one: &Stretch, other: &Stretch| is_step(one) && is_step(other) && one.by == other.by;
    let mut rows: Vec<Stretch> = Vec::new();
    for run in stretches.chunk_by(is_one_hand) {
        if run.len() < 3 {
            rows.extend_from_slice(run);
            continue;
        }
        let (first, last) = (&run[0], &run[run.len() - 1]);
        let mut row = Stretch {
            to: last.to,
            faults: format!(
                "{} … {} ({} steps)",
                first.setting(),
                last.setting(),
                run.len()
            ),
            bypassed: false,
            ..first.clone()
        };
        for stretch in &run[1..] {
            row.tally.add(&stretch.tally);
        }
        rows.push(row);
    }
    rows
}

// === impl Row ===

impl Row {
    fn of(stretch: &Stretch, clean: Option<Duration>) -> Self {
        let tally = &stretch.tally;
        let median = tally.waits.quantile(0.5);
        let millis = |time: Duration| time.as_micros() as f64 / 1e3;
        let factor = median.zip(clean).filter(|(_, clean)| !clean.is_zero());
        let factor = factor.map(|(median, clean)| median.as_secs_f64() / clean.as_secs_f64());
        let (ours, theirs) = tally.failures();
        // Waits for an answer are told to a 128th.
        let answered = tally.waits.quantile(1.0).unwrap_or_default().mul_f64(1.01);
        let unanswered = Some(tally.longest).filter(|longest| *longest > answered);
        Self {
            from_s: stretch.from.as_secs_f64(),
            to_s: stretch.to.as_secs_f64(),
            faults: shown(&stretch.setting()),
            clean: stretch.is_clean(),
            by: shown(&stretch.by),
            answers: tally.waits.total(),
            answers_per_s: (stretch.answers() * 10.0).round() / 10.0,
            p50_ms: median.map(millis),
            p99_ms: tally.waits.quantile(0.99).map(millis),
            longest_ms: millis(tally.longest),
            asked: tally.asked,
            unanswered_ms: unanswered.map(millis),
            factor: factor.filter(|_| !stretch.is_clean()),
            ours,
            theirs,
        }
    }

    /// From when to when, as `00:02:10–00:05:40`.
    pub(super) fn when(&self) -> String {
        format!(
            "{}–{}",
            clock(seconds(self.from_s)),
            clock(seconds(self.to_s))
        )
    }

    /// What the application waited: `291 ms (p99 340 ms), x7.1`.
    pub(super) fn waited(&self) -> String {
        let millis = |millis: f64| time(seconds(millis / 1e3));
        match (self.p50_ms, self.p99_ms) {
            (Some(p50), Some(p99)) => {
                let factor = self
                    .factor
                    .map_or_else(String::new, |factor| format!(", x{factor:.1}"));
                let unanswered = self.unanswered_ms.map_or_else(String::new, |longest| {
                    format!("; longest without an answer {}", millis(longest))
                });
                format!("{} (p99 {}){factor}{unanswered}", millis(p50), millis(p99))
            }
            _ if self.longest_ms > 0.0 => format!("no answer for {}", millis(self.longest_ms)),
            _ if self.asked + self.ours + self.theirs > 0 => "no answer".to_owned(),
            _ => "nothing was asked".to_owned(),
        }
    }
}

/// So many seconds as a time; none where they are no time.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// What others wrote, in one line and without passwords.
fn shown(text: &str) -> String {
    one_line(&without_secrets(text))
}
