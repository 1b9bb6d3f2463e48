//! faultboard: a terminal mixing desk for network faults.
//!
//! A client connects to a local port; faultboard forwards the bytes to the upstream behind it, shows every live
//! connection, and turns latency, bandwidth, loss and other faults up and down while the bytes flow.
//!
//! # Layers
//!
//! ```text
//! main ─► ui ─► proxy ─► fault ─► syntax, units      text ─► data: mapping, fault::language, command
//!   └─► headless, demo ─┘   └► snapshot              plain data, what the engine shows of itself
//! ```
//!
//! - [`units`], [`syntax`], [`fault`], [`mapping`], [`command`] and [`snapshot`] are pure: no IO, no clock, no global
//!   randomness. A fault is told the time and draws from a generator that its connection owns.
//! - [`proxy`] is the engine: sockets, threads, the one clock. Nothing below it knows tokio.
//! - `ui` is the console (feature `tui`), [`headless`] the program without one, [`demo`] its built-in upstreams and traffic;
//!   [`operate`] carries out commands for both, [`cli`], [`check`], [`logging`] and [`stop`] are what `main` is made of.
//!
//! An import that points the other way fails `tests/architecture.rs`.
//!
//! # Data flow
//!
//! ```text
//!         accept          hand-off to a worker     one task per connection, both directions in one poll loop
//! client ───────► listener ─────────► connection ──┬─ up:   read ► Link::push ► Link::poll ► write ► upstream
//!                                           │      └─ down: read ► Link::push ► Link::poll ► write ► client
//!                                           │ counters, one writer       ▲ generation changed? take the new plan
//!                                           ▼                            │ (woken only if it holds something)
//!                                      meter pages ◄─ collector, 10 Hz   │
//!                                                        │ watch<Arc<Snapshot>>
//! key ─► keymap ─► Action ─► update(&mut Model) ─► Effect ─► Engine::set_plan
//! ```
//!
//! # Words
//!
//! A *mapping* is a parsed line, a *proxy* the same while it runs. A *connection* is one client and its upstream, a *leg*
//! one of its two sockets. *Up* is client to upstream, *down* the way back. A *fault* is an effect, a *kind* its row in the
//! table, a *setting* a kind with values, a *plan* all settings of a proxy. A *link* is the pure state of one
//! direction; a *segment* is bytes with their arrival time in it.

pub mod check;
pub mod cli;
pub mod command;
pub mod demo;
pub mod fault;
pub mod format;
pub mod headless;
pub mod logging;
pub mod mapping;
pub mod operate;
pub mod preset;
pub mod proxy;
pub mod scene;
pub mod snapshot;
pub mod stop;
pub mod syntax;
#[cfg(feature = "tui")]
pub mod ui;
pub mod units;
