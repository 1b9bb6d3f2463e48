//! What this program was built from, for whoever reports a fault of it.

use std::io::{self, Write};

use serde::Serialize;

/// The version, and behind it the commit and the build, as `--version` prints them.
pub const LONG: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("FAULTBOARD_BUILD"),
    ")"
);

/// Writes all of it as one JSON object, on one line.
pub fn write_json(out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Build::OURS)?;
    writeln!(out)
}

/// What is known of a build.
#[derive(Serialize)]
struct Build {
    version: &'static str,
    /// The commit, where the build knows it: a debug build does not.
    commit: Option<&'static str>,
    profile: &'static str,
    target: &'static str,
    rustc: &'static str,
    /// Whether the console is in it.
    console: bool,
}

// === impl Build ===

impl Build {
    /// That of this program.
    const OURS: Self = Self {
        version: env!("CARGO_PKG_VERSION"),
        commit: match env!("FAULTBOARD_COMMIT").as_bytes() {
            [] => None,
            _ => Some(env!("FAULTBOARD_COMMIT")),
        },
        profile: env!("FAULTBOARD_PROFILE"),
        target: env!("FAULTBOARD_TARGET"),
        rustc: env!("FAULTBOARD_RUSTC"),
        console: cfg!(feature = "tui"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_says_its_version_its_profile_and_its_target_and_its_commit_where_it_knows_it() {
        let mut json = Vec::new();
        write_json(&mut json).expect("written");
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        for field in ["version", "profile", "target"] {
            let value = json[field].as_str().expect("a text");
            assert!(!value.is_empty() && LONG.contains(value), "{field}: {LONG}");
        }
        assert_eq!(
            json["commit"].is_string(),
            LONG.contains("commit "),
            "{LONG}"
        );
        assert!(
            json["rustc"]
                .as_str()
                .is_some_and(|rustc| rustc.starts_with("rustc "))
        );
    }
}
