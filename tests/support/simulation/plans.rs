//! Random plans: of every kind that leaves the stream as it is.

use faultboard::fault::{KINDS, Plan, Value};
use faultboard::units::Percent;

use super::dice::Dice;
use crate::settings;

/// What a plan changes to: another one, none, the same bypassed or with one more kind.
pub(crate) fn random(dice: &mut Dice, before: &Plan) -> Plan {
    let mut plan = match dice.draw() % 4 {
        0 => return Plan::default(),
        1 => {
            let mut plan = before.clone();
            plan.bypassed = !plan.bypassed;
            return plan;
        }
        2 => before.clone(),
        _ => Plan::default(),
    };
    for _ in 0..dice.up_to(3) {
        let kind = KINDS[(dice.draw() % KINDS.len() as u64) as usize];
        if !settings::keeps_the_stream(kind) {
            continue;
        }
        let share = if dice.chance(70) {
            Percent::ALL
        } else {
            Percent::new(50)
        };
        let directions = settings::directions(dice.draw());
        plan.set(
            settings::setting(kind, dice.draw())
                // Else the connection ends when it goes.
                .with("lift", Value::Word("release"))
                .hitting(share)
                .called(settings::name(dice.draw()))
                .acting(directions)
                .at_times(settings::schedule(dice.draw())),
        );
    }
    plan
}
