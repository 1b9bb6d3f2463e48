//! The console over a desk elsewhere: the same keys do the same there as here, several may turn at once, and what is lost comes
//! back. Engines, interfaces and ways between them are real, on loopback.
#![cfg(all(feature = "tui", feature = "api"))]

#[path = "../support/ui_console.rs"]
#[allow(
    dead_code,
    reason = "the loop's own tests, on a clock that stands still, use more of it"
)]
mod console;
mod desk;
mod keys;
mod lost;
mod many;
mod pace;
#[path = "../support/mod.rs"]
mod support;
mod targets;
mod toxiproxy;
