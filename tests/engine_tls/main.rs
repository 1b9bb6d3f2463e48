//! The upstream's leg through the public functions: certificates of an authority of our own, servers on loopback.

mod agreed;
mod authority;
mod closing;
mod desk;
mod files;
mod handshake;
mod legs;
mod postgres;
mod server;
