//! The ten most frequent jobs, key by key: none takes more than two, but for text that is typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::*;
use crate::ui::view;

/// A job: what it is called, the keys that come before it, and its own. Text that is typed stands between `«` and `»`, Enter is
/// `⏎`. Then what holds when it is done.
type Job = (&'static str, &'static str, &'static str, fn(&Desk) -> bool);

/// What there is after a job.
struct Desk {
    model: Model,
    effects: Vec<Effect>,
}

impl Desk {
    fn sets(&self, faults: &str) -> bool {
        shown(&self.model, 1) == faults
    }

    fn asks(&self, is_it: fn(&Request) -> bool) -> bool {
        let mut effects = self.effects.iter();
        effects.any(|effect| matches!(effect, Effect::Ask(_, request) if is_it(request)))
    }

    fn shows(&self, text: &str) -> bool {
        let area = Rect::from((Position::ORIGIN, self.model.size));
        let mut buf = Buffer::empty(area);
        view::render(&self.model, area, &mut buf);
        let cells = buf.content.iter().map(ratatui::buffer::Cell::symbol);
        cells.collect::<String>().contains(text)
    }
}

static JOBS: &[Job] = &[
    (
        "a proxy before the database",
        "",
        "a«35432=psql://my-db»⏎",
        |desk| {
            desk.asks(|it| matches!(it, Request::Add { mapping, .. } if mapping.listen == 35432))
        },
    ),
    ("250 ms of latency", "", "5", |desk| {
        desk.sets("latency 250ms")
    }),
    ("the next step up", "5", "L", |desk| {
        desk.sets("latency 500ms")
    }),
    ("exactly 300 ms", "", "=«300»⏎", |desk| {
        desk.sets("latency 300ms")
    }),
    ("a cap of 64 kB/s", "", "b6", |desk| {
        desk.sets("bandwidth 64kB/s")
    }),
    ("without", "5", " ", |desk| {
        desk.sets("latency 250ms (bypassed)")
    }),
    ("and with", "5 ", " ", |desk| desk.sets("latency 250ms")),
    ("one fault off", "5", "0", |desk| desk.sets("")),
    ("everything off, now", "5", "!", |desk| {
        desk.sets("latency 250ms (bypassed)")
    }),
    ("see connections, bytes and effect", "", "", |desk| {
        desk.shows("#4 ") && desk.shows("30 B") && desk.shows("feels")
    }),
    ("the first preset", "", "p⏎", |desk| {
        shown(&desk.model, 1).starts_with("latency 120ms")
    }),
    ("a preset by its name", "", "p«3g»⏎", |desk| {
        shown(&desk.model, 1).starts_with("latency 300ms")
    }),
    ("the port closed", "", "o", |desk| {
        desk.asks(|it| matches!(it, Request::SetPort { open: false, .. }))
    }),
    ("2 % loss", "", ":«loss 2»⏎", |desk| {
        desk.sets("loss 2%")
    }),
];

/// Presses keys, and returns how many they were, but for typed text.
fn press(model: &mut Model, keys: &str, effects: &mut Vec<Effect>) -> usize {
    let (mut count, mut types) = (0, false);
    for letter in keys.chars() {
        let code = match letter {
            '«' | '»' => {
                types = letter == '«';
                continue;
            }
            '⏎' => KeyCode::Enter,
            letter => KeyCode::Char(letter),
        };
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        let action = keymap::lookup(model.mode(), key);
        assert!(!matches!(action, Action::Unbound(_)), "{letter} of {keys}");
        effects.extend(update(model, action));
        count += usize::from(!types);
    }
    count
}

#[test]
fn none_of_the_ten_jobs_takes_more_than_two_keys_but_for_typed_text() {
    for (job, before, keys, is_done) in JOBS {
        let mut model = model();
        press(&mut model, before, &mut Vec::new());
        let mut effects = Vec::new();
        let count = press(&mut model, keys, &mut effects);
        assert!(is_done(&Desk { model, effects }), "{job}: {keys}");
        assert!(count <= 2, "{job}: {count} keys, {keys}");
    }
}

#[test]
fn an_empty_desk_takes_a_mapping_at_once() {
    let (mut model, mut effects) = (empty(), Vec::new());
    update(&mut model, Action::Sampled(Arc::default()));
    let count = press(&mut model, "«35432=psql://my-db»⏎", &mut effects);
    let desk = Desk { model, effects };
    assert!(desk.asks(|it| matches!(it, Request::Add { .. })));
    assert_eq!(count, 1);
}
