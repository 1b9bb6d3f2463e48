//! What a process costs, as the system counts it.

use std::fs;
use std::time::Duration;

/// A process, by its number.
#[derive(Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

// === impl Process ===

impl Process {
    /// Its part of the memory that processes share, in KiB.
    pub(crate) fn pss(self) -> f64 {
        let text = self.proc("smaps_rollup");
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        kib.unwrap_or(f64::NAN)
    }

    /// The processor time that all its threads have taken, in seconds.
    pub(crate) fn cpu(self) -> f64 {
        let times = self.tasks("schedstat", |text| {
            text.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(times).as_secs_f64()
    }

    /// How often its threads have gone to sleep, and so been woken.
    pub(crate) fn wake_ups(self) -> u64 {
        self.tasks("status", |text| {
            let prefix = "voluntary_ctxt_switches:";
            let line = text.lines().find_map(|line| line.strip_prefix(prefix))?;
            line.trim().parse().ok()
        })
    }

    fn proc(self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.0)).unwrap_or_default()
    }

    fn tasks(self, file: &str, figure: impl Fn(&str) -> Option<u64>) -> u64 {
        let folder = format!("/proc/{}/task", self.0);
        let tasks = fs::read_dir(folder).into_iter().flatten().flatten();
        let texts = tasks.filter_map(|task| fs::read_to_string(task.path().join(file)).ok());
        texts.filter_map(|text| figure(&text)).sum()
    }
}
