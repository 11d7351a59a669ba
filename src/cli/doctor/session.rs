//! What doctor says of the user's session: whether the engine survives the end of a login.

use super::Finding;
use crate::people::user_name;
use std::path::{Path, PathBuf};

const CHECK: &str = "session";
/// Where logind's configuration lies, each overriding the one before.
const CONFIGURATION: [&str; 4] = [
    "/usr/lib/systemd/logind.conf.d",
    "/run/systemd/logind.conf.d",
    "/etc/systemd/logind.conf",
    "/etc/systemd/logind.conf.d",
];

pub(super) fn look() -> Vec<Finding> {
    let uid = rustix::process::geteuid();
    if !Path::new("/run/systemd/system").exists() {
        return vec![Finding::ok(CHECK, "no systemd: nothing ends the engine at logout")];
    }
    if uid.is_root() {
        return vec![Finding::ok(CHECK, "the engine of root lives on after a logout")];
    }
    let name = user_name(uid.as_raw());
    let lingers = Path::new("/var/lib/systemd/linger").join(&name).exists();
    vec![judge(&name, lingers, killed(&texts()))]
}

fn judge(name: &str, lingers: bool, killed: bool) -> Finding {
    let remedy = format!("run `loginctl enable-linger {name}`");
    match (lingers, killed) {
        (true, false) => Finding::ok(CHECK, format!("{name} lingers: services live on after a logout")),
        (true, true) => Finding::warn(
            CHECK,
            "KillUserProcesses is on: an engine that was started from a login ends with it",
            "run the engine as a user service: `dogwatch serve --print-unit > ~/.config/systemd/user/dogwatch.service`, then \
             `systemctl --user enable --now dogwatch`",
        ),
        (false, true) => Finding::warn(
            CHECK,
            "KillUserProcesses is on and this user does not linger: the engine ends with the last logout",
            format!("{remedy} and run the engine as a user service (`dogwatch serve --print-unit`)"),
        ),
        (false, false) => Finding::warn(
            CHECK,
            "this user does not linger: an engine that runs as a user service ends with the last logout, and does not start \
             with the machine",
            remedy,
        ),
    }
}

/// The texts of logind's configuration in the order in which they count.
fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    for place in CONFIGURATION.map(PathBuf::from) {
        let mut files = vec![place.clone()];
        if let Ok(inner) = std::fs::read_dir(&place) {
            files = inner
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|e| e == "conf"))
                .collect();
            files.sort();
        }
        // What is not there or not readable says nothing.
        texts.extend(files.into_iter().filter_map(|file| std::fs::read_to_string(file).ok()));
    }
    texts
}

/// Whether the last word on `KillUserProcesses` is yes. Without one it is no, systemd's own default.
fn killed(texts: &[String]) -> bool {
    texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.split_once('='))
        .rfind(|(key, _)| key.trim() == "KillUserProcesses")
        .is_some_and(|(_, value)| matches!(value.trim().to_lowercase().as_str(), "yes" | "true" | "on" | "1"))
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn the_last_word_counts() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert!(!killed(&texts(&["[Login]\n#KillUserProcesses=yes\n"])));
        assert!(killed(&texts(&["[Login]\nKillUserProcesses=no\n", "[Login]\nKillUserProcesses = Yes\n"])));
        assert!(!killed(&texts(&["KillUserProcesses=yes\nKillUserProcesses=no\n"])));
    }

    #[test]
    fn only_a_lingering_user_is_safe() {
        assert_eq!(judge("ada", true, false).level, Level::Ok);
        for (lingers, killed) in [(true, true), (false, true), (false, false)] {
            assert_eq!(judge("ada", lingers, killed).level, Level::Warn);
        }
    }
}
