//! The allocator of the program: jemalloc, because it gives memory back to the system from wherever it lies.
//!
//! The C library's does so only from the end of its heap: thousands of connections that have closed would stay in memory for
//! as long as the last thing that was allocated among them. How soon memory goes back is set where it is built, in
//! `.cargo/config.toml`, which cargo reads in a checkout: what it installs from a registry has jemalloc's own ten seconds. The
//! library leaves the choice to whoever uses it.

#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
