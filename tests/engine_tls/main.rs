//! The upstream's leg through the public functions: certificates of an authority of our own, servers on loopback.

mod authority;
mod closing;
mod files;
mod handshake;
mod legs;
mod postgres;
mod server;
