//! The control API over its sockets: who is admitted, how much is borne, what is answered, and what toxics do to bytes.
#![cfg(feature = "api")]

#[path = "../support/mod.rs"]
mod support;

mod bounds;
mod data_path;
mod dialogue;
mod http;
mod live;
mod openapi;
mod populate;
mod proxies;
mod rules;
mod toxics;
