//! The benchmark of proxies, run for faultboard beside what is installed, and the rows that its samples come to.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::Row;
use super::program::BINARY;
use super::traffic::median;

/// Whom it is measured beside, those of them that are installed.
pub(crate) const PROXIES: &str = "haproxy,haproxy-splice,nginx,socat,ref-tokio-64k,toxiproxy";
const OURS: &str = "faultboard";
const YARDSTICK: &str = "ref-tokio-64k";

/// What a run measured.
pub(crate) struct Samples {
    samples: Vec<Value>,
    proxies: Vec<String>,
}

/// Where the benchmark is: `$FAULTBOARD_PEERS`, or beside this repository.
fn folder() -> PathBuf {
    std::env::var_os("FAULTBOARD_PEERS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bench"),
        PathBuf::from,
    )
}

// === impl Samples ===

impl Samples {
    /// Runs the benchmark; nothing, with a line that says why, where it cannot be.
    pub(crate) fn take(proxies: &str, quick: bool) -> Option<Self> {
        let script = folder().join("bench.py");
        if !script.exists() {
            eprintln!(
                "{} is not there: give its folder as FAULTBOARD_PEERS for the rows beside other proxies",
                script.display()
            );
            return None;
        }
        let out = tempfile::tempdir().expect("a temporary folder");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
        let mut command = Command::new("python3");
        command.arg(script);
        command.args(["--proxies", &format!("{OURS},{proxies}")]);
        command.args(quick.then_some("--quick"));
        command.arg("--bin-dir").arg(Path::new(BINARY).parent()?);
        command.arg("--out").arg(out.path());
        command.env("CARGO_TARGET_DIR", target);
        match command.status() {
            Ok(status) if status.success() => {}
            Ok(status) => eprintln!("the benchmark of proxies ended with {status}"),
            Err(error) => eprintln!("python3 does not start: {error}"),
        }
        let text = std::fs::read_to_string(out.path().join("results.json")).ok()?;
        Self::read(&text)
    }

    fn read(text: &str) -> Option<Self> {
        let results: Value = serde_json::from_str(text).ok()?;
        let names = results["proxies"].as_array()?.iter();
        Some(Self {
            samples: results["samples"].as_array()?.clone(),
            proxies: names.filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    /// The median of a figure over the rounds of a measurement.
    fn figure(
        &self,
        measure: &str,
        proxy: &str,
        key: &str,
        figure: impl Fn(&Value) -> Option<f64>,
    ) -> f64 {
        let rounds = self.samples.iter().filter(|sample| {
            sample["measure"] == measure && sample["proxy"] == proxy && sample["key"] == key
        });
        median(rounds.filter_map(figure).collect())
    }

    /// The best of the others, by a figure of which more or less is better.
    fn best(&self, better: fn(f64, f64) -> f64, figure: impl Fn(&str) -> f64) -> f64 {
        let others = self
            .proxies
            .iter()
            .filter(|name| **name != OURS && **name != "direct");
        others.map(|name| figure(name)).fold(f64::NAN, better)
    }

    /// The rows, in the order of the table.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            self.bulk(),
            self.cost(),
            self.fairness(),
            self.round_trip(),
            self.connects(),
        ];
        rows.extend([
            self.delays(1, [0.15, 0.5]),
            self.delays(200, [0.2, 1.0]),
            self.changes(),
        ]);
        rows
    }

    fn bulk(&self) -> Row {
        let rate =
            |proxy: &str, key| self.figure("throughput", proxy, key, |s| s["gib_s"].as_f64());
        let of_direct = |proxy: &str, key| rate(proxy, key) / rate("direct", key);
        let [one, eight] = ["1xdown", "8xdown"].map(|key| of_direct(OURS, key));
        let [one_yard, eight_yard] =
            ["1xdown", "8xdown"].map(|key| rate(OURS, key) / rate(YARDSTICK, key));
        let best =
            ["1xdown", "8xdown"].map(|key| self.best(f64::max, |proxy| of_direct(proxy, key)));
        Row::new(
            "bulk, 1 stream / 8 streams down, of direct; of a tokio proxy with 64 KiB buffers",
            ">= 0.60 / 0.40; >= 1.2 / 1.0",
            format!("{one:.2} / {eight:.2}; {one_yard:.2} / {eight_yard:.2}"),
            one >= 0.6 && eight >= 0.4 && one_yard >= 1.2 && eight_yard >= 1.0,
        )
        .beside(format!("{:.2} / {:.2}", best[0], best[1]))
    }

    fn cost(&self) -> Row {
        let cost = |proxy: &str, key| {
            self.figure("throughput", proxy, key, |s| s["cpu_s_per_gib"].as_f64())
        };
        let [one, eight] = ["1xdown", "8xdown"].map(|key| cost(OURS, key));
        let best = ["1xdown", "8xdown"].map(|key| self.best(f64::min, |proxy| cost(proxy, key)));
        Row::new(
            "processor time, s per GiB, 1 stream / 8 streams",
            "<= 0.50",
            format!("{one:.2} / {eight:.2}"),
            one <= 0.5 && eight <= 0.5,
        )
        .beside(format!("{:.2} / {:.2}", best[0], best[1]))
    }

    fn fairness(&self) -> Row {
        let share = |proxy: &str| {
            self.figure("throughput", proxy, "1xboth", |sample| {
                let (down, up) = (sample["down_gib_s"].as_f64()?, sample["up_gib_s"].as_f64()?);
                Some(down.min(up) / down.max(up))
            })
        };
        let ours = share(OURS);
        Row::new(
            "two busy directions, slower / faster",
            ">= 0.90",
            format!("{ours:.2}"),
            ours >= 0.9,
        )
        .beside(format!("{:.2}", self.best(f64::max, share)))
    }

    fn round_trip(&self) -> Row {
        let added = |proxy: &str, quantile: &str| {
            let rtt =
                |proxy: &str| self.figure("ping", proxy, "1", |s| s["rtt_us"][quantile].as_f64());
            rtt(proxy) - rtt("direct")
        };
        let [p50, p99] = ["p50", "p99"].map(|quantile| added(OURS, quantile));
        let best =
            ["p50", "p99"].map(|quantile| self.best(f64::min, |proxy| added(proxy, quantile)));
        Row::new(
            "64-byte round trip added, 1 connection, p50 / p99",
            "<= 22 / 45 us",
            format!("{p50:+.0} / {p99:+.0} us"),
            p50 <= 22.0 && p99 <= 45.0,
        )
        .beside(format!("{:+.0} / {:+.0}", best[0], best[1]))
    }

    fn connects(&self) -> Row {
        let rate = |proxy: &str| self.figure("connrate", proxy, "16", |s| s["per_s"].as_f64());
        let of_direct = |proxy: &str| rate(proxy) / rate("direct");
        let ours = of_direct(OURS);
        Row::new(
            "connect + echo + close per second, of direct",
            ">= 0.55",
            format!("{ours:.2} ({:.0} a second)", rate(OURS)),
            ours >= 0.55,
        )
        .beside(format!("{:.2}", self.best(f64::max, of_direct)))
    }

    /// The worst of all latencies that were asked for.
    fn delays(&self, conns: u32, goal: [f64; 2]) -> Row {
        let error = |proxy: &str, quantile: &str| {
            let of = |ms: u32| {
                let key = format!("{conns}c/{ms}ms");
                let rtt = |proxy: &str, quantile: &str| {
                    self.figure("latency", proxy, &key, |s| s["rtt_us"][quantile].as_f64())
                };
                (rtt(proxy, quantile) - rtt("direct", "p50")) / 1e3 - f64::from(ms)
            };
            [1, 5, 20, 100].map(of).into_iter().fold(f64::NAN, f64::max)
        };
        let [p50, p99] = ["p50", "p99"].map(|quantile| error(OURS, quantile));
        let best =
            ["p50", "p99"].map(|quantile| self.best(f64::min, |proxy| error(proxy, quantile)));
        Row::new(
            &format!("latency error, worst of 1 to 100 ms, connections: {conns}, median / p99"),
            &format!("<= {} / {} ms", goal[0], goal[1]),
            format!("{p50:+.2} / {p99:+.2} ms"),
            p50 <= goal[0] && p99 <= goal[1],
        )
        .beside(if best[0].is_nan() {
            String::new()
        } else {
            format!("{:+.2} / {:+.2}", best[0], best[1])
        })
    }

    fn changes(&self) -> Row {
        let figure = |key, name: &str| self.figure("change", OURS, key, |s| s[name].as_f64());
        let to_none = figure("500->0", "settle_from_start_ms");
        // Its records then take 200 ms: what is beyond is the time to rule.
        let to_some = figure("none->200", "settle_from_start_ms") - 200.0;
        let amiss: f64 = ["missing", "out_of_order"]
            .map(|name| figure("500->0", name) + figure("none->200", name))
            .iter()
            .sum();
        Row::new(
            "change on a live connection, 500 ms -> 0, 0 -> 200 ms, command included; lost or out of order",
            "<= 5 ms to rule; none",
            format!("{to_none:.1}, {to_some:.1} ms; {amiss:.0}"),
            to_none <= 5.0 && to_some <= 5.0 && amiss == 0.0,
        )
    }
}
