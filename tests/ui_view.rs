//! The console's screens: what they say, at every size.
#![cfg(feature = "tui")]

#[path = "support/ui.rs"]
mod support;

use faultboard::snapshot::ProxyId;
use faultboard::ui::action::Action;
use faultboard::ui::model::*;
use faultboard::ui::update::update;
use support::{empty, few, rich, screen, text};

#[test]
fn look() {
    let mut m = few(80, 24, 4);
    m.selected = Some(ProxyId(2));
    m.focus = Focus::Connections;
    m.directions = faultboard::fault::Directions::Only(faultboard::fault::Direction::Down);
    println!("{}", text(&screen(&m)));
    m.theme.charset = faultboard::ui::theme::Charset::Ascii;
    m.selected = Some(ProxyId(4));
    println!("{}", text(&screen(&m)));
    let mut m = few(80, 24, 3);
    m.focus = Focus::Input;
    for l in "9091=htps://www.google.com lat 250ms".chars() {
        update(&mut m, Action::Edit(tui_input::InputRequest::InsertChar(l)));
    }
    println!("{}", text(&screen(&m)));
    let mut m = few(120, 35, 4);
    m.focus = Focus::Input;
    m.selected = Some(ProxyId(4));
    for l in "9091=https://www.google.com lat 250ms".chars() {
        update(&mut m, Action::Edit(tui_input::InputRequest::InsertChar(l)));
        if l == 't' {
            println!(
                "{}",
                text(&screen(&m))
                    .lines()
                    .rev()
                    .take(5)
                    .collect::<Vec<_>>()
                    .join("\n")
            );
        }
    }
    println!("{}", text(&screen(&m)));
    let mut m = few(60, 16, 4);
    update(&mut m, Action::Quit);
    println!("{}", text(&screen(&m)));
    update(&mut m, Action::Back);
    println!("{}", text(&screen(&m)));
    let mut m = few(100, 30, 4);
    update(&mut m, Action::Help);
    println!("{}", text(&screen(&m)));
    update(&mut m, Action::Back);
    println!("{}", text(&screen(&m)));
    update(&mut m, Action::TypeValue);
    println!("{}", text(&screen(&m)));
    println!("{}", text(&screen(&rich(40, 10))));
    println!("{}", text(&screen(&rich(38, 8))));
    println!("{}", text(&screen(&rich(160, 45))));
}
