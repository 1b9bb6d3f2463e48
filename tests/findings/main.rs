//! Findings over a simulated population: what clients did, and what was stated of it.
//!
//! `FAULTBOARD_TABLE=1 cargo test --test findings -- --nocapture` prints the table: each client, how often its habit was stated
//! of how many runs, by how much the figure was off, and how much was stated that is not so. `FAULTBOARD_SEEDS=1000..1200` runs
//! each of them with those seeds.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::new_ret_no_self,
    clippy::too_many_lines,
    clippy::unchecked_time_subtraction,
    reason = "a simulation: what is wrong with its times shows in its table"
)]
#![allow(unreachable_pub, reason = "modules of one test")]

mod application;
mod busy;
mod case;
mod desk;
mod gives_up;
mod herds;
mod laws;
mod ordinary;
mod pace;
mod pools;
mod recoveries;
mod retries;
mod tally;
mod traffic;
