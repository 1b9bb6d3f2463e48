//! The console.

pub mod action;
mod complete;
pub mod effect;
pub mod input;
pub mod keymap;
pub mod knob;
pub mod model;
mod scale;
pub mod undo;
pub mod update;
pub mod view;
