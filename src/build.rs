//! Puts the commit into `--version`, where the source is a git checkout.

use std::process::Command;

/// What git says, or nothing.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn main() {
    let commit = git(&["rev-parse", "--short=10", "HEAD"]).map_or_else(String::new, |commit| {
        let changed = git(&["status", "--porcelain", "--untracked-files=no"])
            .is_some_and(|files| !files.is_empty());
        format!(" ({commit}{})", if changed { ", modified" } else { "" })
    });
    println!("cargo::rustc-env=RAGKIT_COMMIT={commit}");
    for path in [".git/HEAD", ".git/refs/heads", "src", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
    }
}
