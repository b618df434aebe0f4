//! Puts the commit into `--version`.

use std::process::Command;

fn main() {
    let commit = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|text| text.trim().to_owned())
        // Built from an archive: whoever packs it may say which.
        .or_else(|| std::env::var("FIREBELL_COMMIT").ok())
        .unwrap_or_else(|| "unknown commit".to_owned());
    println!("cargo::rustc-env=FIREBELL_COMMIT={commit}");
    println!("cargo::rerun-if-env-changed=FIREBELL_COMMIT");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/logs/HEAD");
    // A new migration must be embedded.
    println!("cargo::rerun-if-changed=migrations");
}
