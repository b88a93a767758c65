//! The keystrata program.

fn main() {}
