//! What every kind of fault in the table owes to the bytes, alone and in any chain: present kinds and later ones.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes of a test"
)]
#![allow(unreachable_pub, reason = "modules of one test")]

mod changes;
mod draw_courses;
mod draw_settings;
mod kinds;
mod laws;
mod together;

#[path = "../support/course.rs"]
mod course;
#[path = "../support/settings.rs"]
mod settings;
#[path = "../support/simulation/speech.rs"]
mod speech;
