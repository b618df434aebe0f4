//! Puts the commit into `--version`.
fn main() {}
