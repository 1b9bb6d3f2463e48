//! The faultboard program.
fn main() {}
