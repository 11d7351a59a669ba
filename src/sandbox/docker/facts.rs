//! What the container engine says of itself, for `doctor` and for the walls.

use serde::{Deserialize, Serialize};

/// Facts about one container engine. What it does not say is empty or `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DockerFacts {
    /// The socket.
    pub socket: String,
    /// Its own name for itself, which stays the same.
    pub id: String,
    /// Version of the engine, such as `27.3.1`.
    pub version: String,
    /// Newest version of its interface.
    pub api: String,
    /// `1` or `2`.
    pub cgroup_version: String,
    /// `systemd` or `cgroupfs`.
    pub cgroup_driver: String,
    /// How layers are stored, such as `overlay2`.
    pub storage_driver: String,
    /// Where its data lies.
    pub root: String,
    /// Whether containers survive a restart of the service.
    pub live_restore: Option<bool>,
    /// Whether it runs without root.
    pub rootless: bool,
    /// Whether users inside are mapped to others outside.
    pub user_namespaces: bool,
    /// The runtimes that it knows, sorted.
    pub runtimes: Vec<String>,
    /// The one that it takes where nobody names one.
    pub default_runtime: String,
    /// Its security options as it writes them, such as `name=seccomp,profile=default`.
    pub security_options: Vec<String>,
    /// Processors of the machine.
    pub processors: Option<i64>,
    /// Memory of the machine in bytes.
    pub memory: Option<i64>,
    /// Its own warnings.
    pub warnings: Vec<String>,
}

impl DockerFacts {
    /// Why no step can work on this engine, with the remedy, if that is so. The tree and the spool of a step belong to a
    /// user of this machine; where users inside are others, its program could not write there.
    pub fn obstacle(&self) -> Option<(String, &'static str)> {
        let (what, remedy) = if self.rootless {
            (
                "it runs rootless: the ordinary user of a step is one of its subordinate users outside, and only its root, as which \
                 no agent may run, is the engine's own",
                "name an ordinary Docker under [docker] in config.toml",
            )
        } else if self.user_namespaces {
            (
                "it maps users inside to others (userns-remap)",
                "take that out of /etc/docker/daemon.json and restart Docker",
            )
        } else {
            return None;
        };
        Some((format!("{what}, so that a step could not write to its own files"), remedy))
    }

    /// Why steps cannot run in a runtime of this name, with the remedy, if Docker does not know it.
    pub fn lacks_runtime(&self, name: &str) -> Option<(String, &'static str)> {
        let lacks = !self.runtimes.iter().any(|known| known == name);
        lacks.then(|| {
            (
                format!("Docker knows no runtime {name}; it knows {}", self.runtimes.join(", ")),
                "name one of these in `runtime` under [sandbox] in config.toml, or add it to `runtimes` in \
                 /etc/docker/daemon.json and restart Docker",
            )
        })
    }

    /// The version and the walls between a step and the machine, in a few words. `level` is what is known of the runtime's own.
    pub(super) fn in_words(&self, runtime: &str, level: &str) -> String {
        let named = |name: &str| {
            self.security_options.iter().find(|option| option.split(',').any(|part| part == format!("name={name}")))
        };
        let filter = match named("seccomp") {
            Some(option) if !option.contains("profile=unconfined") => "seccomp",
            _ => "NO seccomp",
        };
        let confined = ["apparmor", "selinux"].into_iter().find(|name| named(name).is_some());
        let confined = confined.map_or_else(String::new, |name| format!(", {name}"));
        format!("docker {} as root, {runtime}, {filter}{confined}, {level}", self.version)
    }

    /// Takes the two answers apart.
    pub(super) fn new(
        socket: &str,
        version: bollard::models::SystemVersion,
        info: bollard::models::SystemInfo,
    ) -> Self {
        let security_options = info.security_options.unwrap_or_default();
        let has = |name: &str| security_options.iter().any(|option| option.split(',').any(|part| part == name));
        let mut runtimes: Vec<String> = info.runtimes.unwrap_or_default().into_keys().collect();
        runtimes.sort();
        Self {
            socket: socket.to_owned(),
            id: info.id.unwrap_or_default(),
            version: version.version.unwrap_or_default(),
            api: version.api_version.unwrap_or_default(),
            cgroup_version: info.cgroup_version.map(|version| version.to_string()).unwrap_or_default(),
            cgroup_driver: info.cgroup_driver.map(|driver| driver.to_string()).unwrap_or_default(),
            storage_driver: info.driver.unwrap_or_default(),
            root: info.docker_root_dir.unwrap_or_default(),
            live_restore: info.live_restore_enabled,
            rootless: has("name=rootless"),
            user_namespaces: has("name=userns"),
            runtimes,
            default_runtime: info.default_runtime.unwrap_or_default(),
            security_options,
            processors: info.ncpu,
            memory: info.mem_total,
            warnings: info.warnings.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::{SystemInfo, SystemVersion};

    #[test]
    fn the_walls_are_told_in_a_few_words() {
        let facts = |options: &[&str]| DockerFacts {
            version: "28.5.2".to_owned(),
            security_options: options.iter().map(|option| (*option).to_owned()).collect(),
            ..DockerFacts::default()
        };
        let tight = facts(&["name=apparmor", "name=seccomp,profile=builtin"]).in_words("runc", "shared kernel");
        assert_eq!(tight, "docker 28.5.2 as root, runc, seccomp, apparmor, shared kernel");
        for open in [&[][..], &["name=seccomp,profile=unconfined"]] {
            let words = facts(open).in_words("runsc", "a kernel of its own");
            assert_eq!(words, "docker 28.5.2 as root, runsc, NO seccomp, a kernel of its own");
        }
    }

    #[test]
    fn other_users_inside_are_an_obstacle() {
        for (option, obstacle) in [
            ("name=seccomp,profile=default", None),
            ("name=rootless", Some("it runs rootless")),
            ("name=userns", Some("userns-remap")),
        ] {
            let info = SystemInfo { security_options: Some(vec![option.to_owned()]), ..SystemInfo::default() };
            let found = DockerFacts::new("/x", SystemVersion::default(), info).obstacle();
            assert_eq!(found.is_some(), obstacle.is_some());
            assert!(obstacle.is_none_or(|part| found.is_some_and(|(text, _)| text.contains(part))));
        }
    }
}
