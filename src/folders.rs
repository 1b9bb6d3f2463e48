//! Where the user's own files are: by the XDG base directories on Linux and, as command-line programs do, on macOS; in the
//! application data of Windows.
//!
//! | | Linux, macOS | Windows |
//! |---|---|---|
//! | [`config`] | `$XDG_CONFIG_HOME/faultboard`, or `~/.config/faultboard` | `%APPDATA%\faultboard` |
//! | [`state`] | `$XDG_STATE_HOME/faultboard`, or `~/.local/state/faultboard` | `%LOCALAPPDATA%\faultboard` |
//!
//! A variable that holds no absolute path counts for nothing, as that specification says. Where none of them nor `HOME` is set,
//! nobody's files are meant (`env -i`), whatever home the system's list of users knows. It opens nothing.

use std::env;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

/// The folder of what is chosen once and for all; `None` where there is no place for it.
#[must_use]
pub fn config() -> Option<PathBuf> {
    folder(&known()?.config_dir())
}

/// The folder of what one session leaves for the next; `None` where there is no place for it.
#[must_use]
pub fn state() -> Option<PathBuf> {
    let known = known()?;
    // Windows has no word for state: what stays on this machine and may go is the nearest.
    folder(&known.state_dir().unwrap_or_else(|| known.cache_dir()))
}

fn known() -> Option<impl BaseStrategy> {
    let names = ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"];
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_meant = cfg!(windows) || names.iter().any(is_set);
    is_meant
        .then(|| etcetera::choose_base_strategy().ok())
        .flatten()
}

fn folder(below: &Path) -> Option<PathBuf> {
    below.is_absolute().then(|| below.join("faultboard"))
}
