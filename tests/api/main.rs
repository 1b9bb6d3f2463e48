//! The control API over its sockets: who is admitted, how much is borne, and what is answered.
#![cfg(feature = "api")]

#[path = "../support/mod.rs"]
mod support;

mod bounds;
mod http;
mod toxiproxy;
