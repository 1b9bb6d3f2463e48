//! Random plans: of every kind that leaves the stream as it is, and of those that end the connection when they go or by its bytes.

use std::time::Duration;

use faultboard::fault::{KINDS, Kind, Plan, Setting, Value};
use faultboard::units::Percent;

use super::dice::Dice;
use crate::settings;

/// The kind that ends connections a while after their next bytes.
pub(crate) const ON_DATA: &str = "reset";

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
        let any = KINDS[(dice.draw() % KINDS.len() as u64) as usize];
        let on_data = Kind::named(ON_DATA).filter(|_| dice.chance(5));
        let kind = on_data.unwrap_or(any);
        let ends = kind.name == ON_DATA;
        if !settings::keeps_the_stream(kind) && !ends {
            continue;
        }
        let share = if dice.chance(70) {
            Percent::ALL
        } else {
            Percent::new(50)
        };
        let directions = settings::directions(dice.draw());
        let lift = if dice.chance(50) { "close" } else { "release" };
        let setting = if ends {
            let after = Value::Time(dice.time(Duration::from_secs(1)));
            Setting::new(kind)
                .with("on", Value::Word("data"))
                .with("after", after)
        } else {
            settings::setting(kind, dice.draw()).with("lift", Value::Word(lift))
        };
        plan.set(
            setting
                .hitting(share)
                .called(settings::name(dice.draw()))
                .acting(directions)
                .at_times(settings::schedule(dice.draw())),
        );
    }
    plan
}
