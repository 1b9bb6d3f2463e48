//! What is measured beside delays: rates, connections that faults ended, bytes that they hold.

use super::proof::Proof;
use crate::fault::{Direction, Directions, Value};
use crate::ui::format;
use crate::ui::knob::Dial;
use crate::units::{ByteCount, ByteRate, Percent};

/// A measured value, as text of 7 columns at most, and on how many samples it rests.
type Figure = (Option<Value>, String, Option<u64>);

impl Proof<'_> {
    /// Whether time moves the kind's values.
    pub(super) fn moves(&self, dial: &Dial) -> bool {
        let mut ways = Direction::BOTH.into_iter();
        self.row.present.is_some()
            && ways.any(|way| {
                let set = self.row.plan.one_way(dial.kind, way);
                set.is_some() && self.plan.one_way(dial.kind, way) != set
            })
    }

    /// Bytes per second: of the fastest connection where each has its own rate, else of all together. Of two
    /// directions, the faster one.
    pub(super) fn rate(&self, dial: &Dial, directions: Directions) -> Figure {
        let rate = Direction::BOTH
            .into_iter()
            .filter(|direction| directions.contain(*direction))
            .map(|direction| self.rates(dial)[direction.index()])
            .fold(0.0, f64::max);
        if self.row.open == 0 && rate == 0.0 {
            return (None, "-".to_owned(), None);
        }
        let text = format::rate_short(rate);
        (Some(Value::Rate(byte_rate(rate))), text, None)
    }

    /// Which share of the connections so far the kind has ended.
    pub(super) fn ended(&self, dial: &Dial) -> Figure {
        let ended = self.row.ended.iter();
        let count = ended
            .filter(|(kind, _)| *kind == dial.kind.name)
            .map(|(_, count)| *count)
            .sum::<u64>();
        let total = self.row.total.max(count);
        let share = u32::try_from(count.saturating_mul(1_000_000) / total.max(1));
        let value = share.map(Percent::from_ppm).map(Value::Percent);
        let value = value.ok().filter(|_| count > 0);
        let text = format!("{}x", format::count(count));
        (value, text, Some(total))
    }

    /// How many bytes wait.
    pub(super) fn held(&self, directions: Directions) -> Figure {
        let bytes = Direction::BOTH
            .into_iter()
            .filter(|direction| directions.contain(*direction))
            .map(|direction| self.row.held[direction.index()])
            .sum::<u64>();
        let value = Value::Size(ByteCount::new(bytes));
        let text = format::bytes_short(bytes as f64);
        (Some(value).filter(|_| bytes > 0), text, None)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and rates are not negative"
)]
fn byte_rate(rate: f64) -> ByteRate {
    ByteRate::new(rate.round() as u64)
}
