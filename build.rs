//! Tells the program what it is built from: the commit, and for what system.
//!
//! The commit of a release comes from `FAULTBOARD_COMMIT`; of a crate that was packed, from what cargo packed with it; else from git,
//! where it is a release build of a checkout. A debug build names none: it would be built anew with each commit.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=FAULTBOARD_COMMIT");
    let variable = |name| env::var(name).unwrap_or_default();
    let profile = variable("PROFILE");
    let given = env::var("FAULTBOARD_COMMIT").ok();
    let commit = given.map(|commit| commit.chars().take(9).collect());
    let commit = commit.or_else(packed).or_else(|| checkout(&profile));
    let target = variable("TARGET");
    let of_commit = commit.as_ref().map(|commit| format!("commit {commit}, "));
    let build = format!(
        "{}{profile} build for {target}",
        of_commit.unwrap_or_default()
    );
    let rustc = output(&variable("RUSTC"), &["--version"]).unwrap_or_default();
    for (name, value) in [
        ("COMMIT", commit.unwrap_or_default()),
        ("PROFILE", profile),
        ("TARGET", target),
        ("BUILD", build),
        ("RUSTC", rustc),
    ] {
        println!("cargo::rustc-env=FAULTBOARD_{name}={value}");
    }
}

/// The commit that cargo packed the crate at.
fn packed() -> Option<String> {
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = text.split_once("\"sha1\": \"")?;
    rest.get(..9).map(str::to_owned)
}

/// The commit that is checked out, with a word where files differ from it.
fn checkout(profile: &str) -> Option<String> {
    if profile != "release" {
        return None;
    }
    let log = output("git", &["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    output(
        "git",
        &[
            "describe",
            "--always",
            "--dirty",
            "--abbrev=9",
            "--exclude=*",
        ],
    )
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
