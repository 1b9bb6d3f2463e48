//! The title of the terminal's window: which proxy is selected, and what it injects.

use crate::format::one_line;
use crate::ui::format;
use crate::ui::knob;
use crate::ui::model::Model;

/// `faultboard: shop 250ms 64K/s`; the program's name alone where there is no proxy.
#[must_use]
pub fn title(model: &Model) -> String {
    let Some(row) = model.selected_row() else {
        return "faultboard".to_owned();
    };
    let plan = model.plan(row.id).unwrap_or(&row.plan);
    let directions = crate::fault::Directions::Both;
    let values = knob::all().iter().filter_map(|dial| {
        let value = dial.value(plan, directions)?;
        Some(format::value(value, model.rates))
    });
    let mut title = format!("faultboard: {}", row.name);
    if plan.bypassed {
        title.push_str(" bypassed");
    } else {
        for value in values {
            title = format!("{title} {value}");
        }
    }
    one_line(&title)
}
