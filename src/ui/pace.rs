//! When to draw: at once for a key, ten times a second for traffic, and not at all while nothing changes.

use std::time::Duration;

use super::model::Model;

/// Between frames that only show other figures.
const DATA: Duration = Duration::from_millis(100);

/// Between frames when keys come faster than they can be shown.
const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 30);

/// So many frames may follow each other at once.
const BURST: u32 = 4;

/// Between two figures of the clock, quiet and not.
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// Why the screen is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dirt {
    /// Nothing has changed since the last frame.
    None,
    /// Only figures changed.
    Data,
    /// The user did something.
    Key,
}

/// Keeps the pace of drawing. All times are the desk's.
#[derive(Debug)]
pub(super) struct Pace {
    dirt: Dirt,
    drawn: Option<Duration>,
    /// The clock as drawn.
    clock: (bool, Duration),
    /// When the allowance of frames is full again: every frame moves it on.
    full: Duration,
}

impl Pace {
    /// A screen that was never drawn.
    pub(super) fn new() -> Self {
        Self {
            dirt: Dirt::Key,
            drawn: None,
            clock: (false, Duration::ZERO),
            full: Duration::ZERO,
        }
    }

    /// Remembers that the screen is no longer what it should be, and why.
    pub(super) fn touch(&mut self, dirt: Dirt) {
        self.dirt = self.dirt.max(dirt);
    }

    /// Looks at the clock; returns for how long nothing has to be drawn: zero if something has to be now.
    pub(super) fn wait(&mut self, model: &Model) -> Duration {
        if self.clock != clock(model) {
            self.touch(Dirt::Data);
        }
        let due = match (self.dirt, self.drawn) {
            (Dirt::None, _) => next_figure(model),
            (_, None) => model.now,
            (Dirt::Data, Some(drawn)) => drawn + DATA,
            (Dirt::Key, Some(_)) => self.full.saturating_sub(FRAME * (BURST - 1)),
        };
        due.saturating_sub(model.now)
    }

    /// The screen is drawn.
    pub(super) fn drawn(&mut self, model: &Model) {
        self.dirt = Dirt::None;
        self.drawn = Some(model.now);
        self.clock = clock(model);
        self.full = self.full.max(model.now) + FRAME;
    }
}

/// The clock as the screen shows it: minutes while quiet, else seconds.
fn clock(model: &Model) -> (bool, Duration) {
    let step = step(model);
    let steps = model.now.as_secs() / step.as_secs();
    (model.quiet, step * u32::try_from(steps).unwrap_or(u32::MAX))
}

fn step(model: &Model) -> Duration {
    if model.quiet { MINUTE } else { SECOND }
}

/// When the clock shows another figure. While it shows seconds, this is also often enough to become quiet.
fn next_figure(model: &Model) -> Duration {
    let (_, shown) = clock(model);
    shown + step(model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Size;

    fn model_at(millis: u64) -> Model {
        let mut model = Model::new(1, vec![], Size::new(80, 24));
        model.now = Duration::from_millis(millis);
        model
    }

    fn drawn_at(millis: u64) -> (Pace, Model) {
        let (mut pace, model) = (Pace::new(), model_at(millis));
        pace.drawn(&model);
        (pace, model)
    }

    #[test]
    fn the_first_frame_is_drawn_at_once() {
        assert_eq!(Pace::new().wait(&model_at(0)), Duration::ZERO);
    }

    #[test]
    fn figures_wait_for_a_tenth_of_a_second_and_a_key_does_not() {
        let (mut pace, model) = drawn_at(10_000);
        pace.touch(Dirt::Data);
        assert_eq!(pace.wait(&model), DATA);
        pace.touch(Dirt::Key);
        assert_eq!(pace.wait(&model), Duration::ZERO);
    }

    #[test]
    fn keys_without_end_draw_thirty_frames_a_second() {
        let (mut pace, mut model) = drawn_at(10_000);
        let mut frames = 0;
        while model.now < Duration::from_secs(20) {
            pace.touch(Dirt::Key);
            let wait = pace.wait(&model);
            if wait.is_zero() {
                pace.drawn(&model);
                frames += 1;
            } else {
                model.now += wait;
            }
        }
        assert!((300..300 + BURST).contains(&frames), "{frames} in 10 s");
    }

    #[test]
    fn an_unchanged_screen_waits_for_its_clock() {
        let (mut pace, mut model) = drawn_at(10_300);
        assert_eq!(pace.wait(&model), Duration::from_millis(700));
        model.quiet = true;
        pace.drawn(&model);
        assert_eq!(pace.wait(&model), Duration::from_millis(49_700));
    }

    #[test]
    fn becoming_quiet_is_drawn() {
        let (mut pace, mut model) = drawn_at(10_900);
        model.quiet = true;
        assert_eq!(pace.wait(&model), DATA);
    }
}
