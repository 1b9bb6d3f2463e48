//! The console over engines in pods, through a stand-in for the API of a Kubernetes cluster: its lists of pods, and its port-forward
//! as a WebSocket of channels. Engines, their API and the way to them are real, on loopback.

mod cluster;
#[path = "../support/ui_console.rs"]
#[allow(
    dead_code,
    reason = "the loop's own tests, on a clock that stands still, use more of it"
)]
mod console;
#[path = "../attach/desk.rs"]
#[allow(dead_code, reason = "the tests of attaching use more of it")]
mod desk;
mod many;
mod one;
#[path = "../support/mod.rs"]
mod support;
mod troubles;
mod websocket;
