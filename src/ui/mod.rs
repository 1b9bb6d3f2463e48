//! The console.

pub mod action;
pub mod input;
pub mod keymap;
pub mod knob;
pub mod model;
pub mod undo;
pub mod view;
