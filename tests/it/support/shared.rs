//! Data beside the repository that tests read when it is there.

use std::io::Write;
use std::path::PathBuf;

/// A file under `../shared`; `None`, and a word on the terminal, where it is absent.
pub fn file(path: &str) -> Option<PathBuf> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if file.exists() {
        return Some(file);
    }
    // Written past the test harness, which keeps the output of tests that pass to itself.
    let _ = std::io::stderr().write_all(format!("SKIPPED: there is no ../shared/{path}\n").as_bytes());
    None
}
