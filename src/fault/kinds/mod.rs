//! The kinds of faults: one file each, and one word in this table.
//!
//! No code depends on a single kind outside its file, so that none is forgotten where another is added: what others must
//! know of a kind is in its row. Texts in the fault language, as those of presets and examples, may name one.

use super::Kind;

mod distribution;
mod ending;
mod opening;

/// Declares the modules of the kinds and the table of them in one go.
macro_rules! kinds {
    ($($module:ident),+ $(,)?) => {
        $(pub mod $module;)+

        /// Every kind of fault, in the order in which they are told and in which their knobs stand side by side.
        pub static KINDS: &[&Kind] = &[$(&$module::KIND),+];
    };
}

kinds! {
    latency,
    bandwidth,
    reset,
    blackhole,
    loss,
    tcp,
    refuse,
    flap,
    timeout,
    corrupt,
    slicer,
    close,
    slow_close,
    accept_delay,
    dial_delay,
    dial_fail,
}
