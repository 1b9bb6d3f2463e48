//! A column of a trace: a value from moment to moment, and the sum of what went before.

/// The values of a column, round by round.
pub(super) struct Series {
    /// At least one; the first begins at 0.
    pub(super) steps: Vec<Step>,
    /// How long a round is, in seconds.
    pub(super) length: f64,
    /// The sum over a round: of rates, the bytes that it passes.
    pub(super) total: f64,
}

/// A value from one moment to the next step's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Seconds from the beginning of the trace.
    pub(super) begin: f64,
    /// Bytes per second, seconds, or a share of 1.
    pub(super) value: f64,
    /// The sum over the steps before it.
    pub(super) before: f64,
}

// === impl Series ===

impl Series {
    /// The series of these values, each from its time on.
    pub(super) fn of(values: impl Iterator<Item = (f64, f64)>, length: f64) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        let until = |steps: &[Step], end: f64| {
            let last = steps.last();
            last.map_or(0.0, |step| step.before + (end - step.begin) * step.value)
        };
        for (begin, value) in values {
            let before = until(&steps, begin);
            steps.push(Step {
                begin,
                value,
                before,
            });
        }
        Self {
            total: until(&steps, length),
            steps,
            length,
        }
    }

    /// The place of the step that a time in a round is in.
    pub(super) fn index(&self, time: f64) -> usize {
        let index = self.steps.partition_point(|step| step.begin <= time);
        index.saturating_sub(1)
    }

    /// What passes in the first so many seconds, at most the whole of it.
    pub(super) fn passed(&self, time: f64) -> f64 {
        let step = self.steps[self.index(time)];
        step.before + (time.min(self.length) - step.begin) * step.value
    }

    /// When so many bytes have passed, at most the whole of it: no later than the last of them.
    pub(super) fn reaches(&self, bytes: f64) -> f64 {
        let bytes = bytes.min(self.total);
        let index = self.steps.partition_point(|step| step.before < bytes);
        let step = self.steps[index.saturating_sub(1)];
        if step.value > 0.0 {
            step.begin + (bytes - step.before) / step.value
        } else {
            step.begin
        }
    }
}
