//! Engines elsewhere as one desk for the console: followed by their frames, asked by the words of their commands.
//!
//! ```text
//!  engine elsewhere ── GET /faultboard/v1/stream ──► follow ──► board ──► snapshots, events, contact ──► console
//!       ▲                                                         │ numbers, names, times: one desk of all
//!       └───────────── POST /faultboard/v1/command ◄── ask ◄── words ◄── Request ◄───────────────────── console
//! ```
//!
//! A toxiproxy server has no stream and no words: `toxiproxy` asks it for its proxies twice a second, and turns its toxics.
//!
//! A change is sent as the kinds of fault that differ, never as a whole plan, so that consoles on different knobs leave each
//! other alone. Nothing is kept for later: what cannot be asked now is refused now. A lost engine is tried again by itself, and
//! at once when a key is pressed.

mod ask;
mod backoff;
mod board;
mod desk;
mod follow;
mod http;
mod numbers;
mod target;
mod toxiproxy;
mod who;
mod words;

pub use desk::{Options, RemoteDesk};
pub use target::Target;
pub use who::AttachError;
