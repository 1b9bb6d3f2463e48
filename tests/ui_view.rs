//! The console's screens: what they say, at every size.
#![cfg(feature = "tui")]

#[path = "support/ui.rs"]
mod support;

use support::{empty, few, rich, screen, text};

#[test]
fn look() {
    println!("{}", text(&screen(&few(80, 24, 3))));
    println!("{}", text(&screen(&few(120, 35, 4))));
    println!("{}", text(&screen(&rich(200, 50))));
    println!("{}", text(&screen(&empty(80, 24))));
}
