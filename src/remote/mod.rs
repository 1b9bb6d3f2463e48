//! Engines elsewhere as one desk for the console: followed by their frames, asked by the words of their commands.
//!
//! ```text
//!  engine elsewhere ── GET /faultboard/v1/stream ──► follow ──► board ──► snapshots, events, contact ──► console
//!       ▲                                                         │ numbers, names, times: one desk of all
//!       └───────────── POST /faultboard/v1/command ◄── ask ◄── words ◄── Request ◄───────────────────── console
//! ```
//!
//! Of one desk or of several: `crew` has two for each engine, one who follows and one who asks. Pods of a cluster come and go by
//! themselves (`roster`), and are reached through it (`kube`, a feature).
//!
//! A toxiproxy server has no stream and no words: `toxiproxy` asks it for its proxies twice a second, and turns its toxics.
//!
//! A change is sent as the kinds of fault that differ, never as a whole plan, so that consoles on different knobs leave each
//! other alone. Nothing is kept for later: what cannot be asked now is refused now. A lost engine is tried again by itself, and
//! at once when a key is pressed.

mod ask;
mod backoff;
mod board;
mod crew;
mod desk;
mod follow;
mod http;
#[cfg(feature = "kube")]
mod kube;
#[cfg(not(feature = "kube"))]
#[path = "no_kube.rs"]
mod kube;
mod numbers;
mod roster;
mod stream;
mod target;
mod toxiproxy;
mod who;
mod words;

pub use crew::Options;
pub use desk::RemoteDesk;
pub use target::Target;
pub use who::AttachError;
