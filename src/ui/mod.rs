//! The console.

pub mod action;
pub mod effect;
pub mod format;
pub mod input;
pub mod keymap;
pub mod knob;
pub mod model;
mod scale;
pub mod theme;
pub mod undo;
pub mod view;
