//! The user's own files: the configuration, and what a session leaves for the next one.
//!
//! ```text
//! ~/.config/faultboard/config.toml        what is chosen once and for all
//! ~/.local/state/faultboard/history       the lines that were entered
//!                           last.scene    the desk as it was left, for --resume
//! ```
//!
//! or wherever [`folders`] says.
//! Nothing with a password in it is kept.

use std::path::PathBuf;

use super::config::{self, Config};
use super::files;
use super::input::HISTORY_LEN;
use crate::farewell::Farewell;
use crate::file;
use crate::folders;
use crate::format::{reason, shown_path, without_secrets};
use crate::scene::Scene;

/// Where the user's files are; each `None` where there is no place for them.
#[derive(Clone, Debug, Default)]
pub struct Home {
    config: Option<PathBuf>,
    state: Option<PathBuf>,
}

// === impl Home ===

impl Home {
    /// That of the user who runs the program.
    #[must_use]
    pub fn of_user() -> Self {
        Self {
            config: folders::config(),
            state: folders::state(),
        }
    }

    /// What the configuration says, and what is wrong with it: then the defaults hold.
    #[must_use]
    pub fn config(&self) -> (Config, Option<String>) {
        let path = self
            .config
            .as_ref()
            .map(|folder| folder.join("config.toml"));
        let read = path.filter(|path| path.exists()).map(|path| {
            let text = files::read(&path)?;
            config::read(&shown_path(&path), &text)
        });
        match read {
            None => (Config::default(), None),
            Some(Ok(config)) => (config, None),
            Some(Err(why)) => (Config::default(), Some(why)),
        }
    }

    /// The lines that were entered in earlier sessions, oldest first.
    #[must_use]
    pub fn history(&self) -> Vec<String> {
        let path = self.state.as_ref().map(|folder| folder.join("history"));
        let text = path.and_then(|path| files::read(&path).ok());
        let text = text.unwrap_or_default();
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        let kept = lines.iter().skip(lines.len().saturating_sub(HISTORY_LEN));
        kept.map(|line| (*line).to_owned()).collect()
    }

    /// The file of the desk that was left last.
    #[must_use]
    pub fn last_desk(&self) -> Option<PathBuf> {
        Some(self.state.as_ref()?.join("last.scene"))
    }

    /// Keeps what the next session may want.
    ///
    /// # Errors
    /// One line, where a file could not be written.
    pub fn keep(&self, farewell: &Farewell) -> Result<(), String> {
        let Some(folder) = &self.state else {
            return Ok(());
        };
        let lines = farewell.history.iter();
        let lines = lines.filter(|line| without_secrets(line) == line.as_str());
        let history: String = lines.flat_map(|line| [line, "\n"]).collect();
        let files = [("history", history), ("last.scene", scene(farewell))];
        for (name, text) in files.iter().filter(|(_, text)| !text.is_empty()) {
            let path = folder.join(name);
            let failed = |error| format!("cannot write {}: {}", shown_path(&path), reason(&error));
            file::write_own(folder, &path, text).map_err(failed)?;
        }
        Ok(())
    }
}

/// The desk as it was left; nothing where there was no proxy.
fn scene(farewell: &Farewell) -> String {
    let proxies = farewell.proxies.iter();
    let proxies = proxies.map(|(_, mapping, plan)| (mapping.clone(), plan.settings().to_vec()));
    let scene = Scene {
        proxies: proxies.collect(),
        moments: Vec::new(),
        errors: Vec::new(),
    };
    if farewell.proxies.is_empty() {
        return String::new();
    }
    scene.to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;
    #[cfg(unix)]
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;
    use crate::fault::{Plan, language};
    use crate::look::Scheme;
    use crate::mapping::{Host, Mapping};

    fn home(folder: &Path) -> Home {
        Home {
            config: Some(folder.join("config")),
            state: Some(folder.join("state")),
        }
    }

    fn farewell(history: &[&str]) -> Farewell {
        let mapping = Mapping::new(9_001, None, Host::Name("db".to_owned()), 80);
        let plan = Plan::of(language::parse("latency 250ms").expect("faults"));
        Farewell {
            proxies: vec![("db".to_owned(), mapping, plan)],
            history: history.iter().map(|line| (*line).to_owned()).collect(),
            ..Farewell::default()
        }
    }

    #[test]
    fn history_and_desk_are_kept_for_their_user_alone_and_without_passwords() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = home(folder.path());
        assert_eq!(home.history(), [""; 0]);
        let secret = "35432=postgres://me:hunter2@db:5432/app";
        home.keep(&farewell(&["9001=db:80", secret]))
            .expect("written");
        assert_eq!(home.history(), ["9001=db:80"]);
        let desk = home.last_desk().expect("a place");
        let text = fs::read_to_string(&desk).expect("kept");
        assert!(text.contains("9001=db:80 latency 250ms"), "{text}");
        #[cfg(unix)]
        for path in [desk.clone(), desk.with_file_name("history")] {
            let mode = fs::metadata(path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let mut empty = farewell(&[]);
        empty.proxies.clear();
        home.keep(&empty).expect("nothing to write");
        assert_eq!(home.history(), ["9001=db:80"], "nothing takes its place");
    }

    #[test]
    fn a_configuration_that_is_wrong_is_told_and_the_defaults_hold() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = home(folder.path());
        assert_eq!(home.config(), (Config::default(), None));
        let path = folder.path().join("config");
        fs::create_dir_all(&path).expect("a folder");
        let path = path.join("config.toml");
        fs::write(&path, "theme = \"light\"").expect("written");
        assert_eq!(home.config().0.scheme, Scheme::Light);
        fs::write(&path, "theme = \"drak\"").expect("written");
        let (config, wrong) = home.config();
        assert_eq!(config, Config::default());
        assert!(wrong.is_some_and(|why| why.contains("config.toml:1:9: ")));
    }
}
