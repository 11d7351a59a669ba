//! The walls: what bubblewrap is told for one container. Every wall is stated, so that a changed default does not open it.

use super::root::Entry;
use crate::domain::DATASETS_INSIDE;
use std::ffi::OsString;
use std::os::fd::RawFd;
use std::path::PathBuf;

/// Size of /dev/shm in MiB, as Docker has it.
const SHARED_MIB: u64 = 64;
/// What a shim needs that has to become another user by itself.
const TO_CHANGE_USER: [&str; 3] = ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"];

/// What a container is made of.
#[derive(Debug, Clone)]
pub(super) struct Walls {
    /// The root.
    pub(super) root: Vec<Entry>,
    /// Mounts besides it: host path, path inside, read-only.
    pub(super) mounts: Vec<(PathBuf, PathBuf, bool)>,
    /// Size of /tmp in MiB.
    pub(super) tmp_mib: u64,
    /// The user that the shim has to become, where bubblewrap starts as root; otherwise a user namespace of its own, in
    /// which the engine's user is the only one, keeps the container apart.
    pub(super) user: Option<(u32, u32)>,
    /// Descriptors of the filters of system calls.
    pub(super) filters: Vec<RawFd>,
    /// The shim's command line.
    pub(super) command: Vec<String>,
}

impl Walls {
    /// The arguments for bubblewrap, which writes what becomes of the container to its standard output.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut all = Arguments::default();
        // Whoever starts as root would be root outside of its user namespace, too.
        if self.user.is_none() {
            all.add(&["--unshare-user"]);
        }
        all.add(&["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]);
        all.add(&["--hostname", "dogwatch", "--as-pid-1", "--new-session", "--cap-drop", "ALL"]);
        if self.user.is_some() {
            for capability in TO_CHANGE_USER {
                all.add(&["--cap-add", capability]);
            }
        }
        all.add(&["--json-status-fd", "1"]);
        for filter in &self.filters {
            all.add(&["--add-seccomp-fd", &filter.to_string()]);
        }
        // Made by the way, a directory would get the rights of what is mounted in it, such as the spool's.
        all.add(&["--perms", "0755", "--dir", "/dogwatch"]);
        if self.mounts.iter().any(|(_, to, _)| to.starts_with(DATASETS_INSIDE)) {
            all.add(&["--perms", "0755", "--dir", DATASETS_INSIDE]);
        }
        for entry in &self.root {
            match entry {
                Entry::Shown(from, to) => all.paths("--ro-bind", &[from, to]),
                Entry::Link(target, at) => all.paths("--symlink", &[target, at]),
                Entry::Empty(at) => {
                    all.add(&["--perms", "0755"]);
                    all.paths("--dir", &[at]);
                }
            }
        }
        all.add(&["--proc", "/proc", "--dev", "/dev"]);
        all.memory(SHARED_MIB, "/dev/shm");
        all.memory(self.tmp_mib, "/tmp");
        for (from, to, read_only) in &self.mounts {
            all.paths(if *read_only { "--ro-bind" } else { "--bind" }, &[from, to]);
        }
        all.add(&["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]);
        all.0.extend(self.command.iter().map(OsString::from));
        if let Some((uid, gid)) = self.user {
            all.add(&["--user", &format!("{uid}:{gid}")]);
        }
        all.0
    }
}

#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn add(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn paths(&mut self, flag: &str, paths: &[&PathBuf]) {
        self.add(&[flag]);
        self.0.extend(paths.iter().map(OsString::from));
    }

    fn memory(&mut self, mib: u64, at: &str) {
        let bytes = mib.saturating_mul(1 << 20).to_string();
        self.add(&["--perms", "1777", "--size", &bytes, "--tmpfs", at]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(user: Option<(u32, u32)>) -> String {
        let walls = Walls {
            root: vec![Entry::Shown("/usr".into(), "/usr".into()), Entry::Link("usr/bin".into(), "/bin".into())],
            mounts: vec![("/s/step".into(), "/dogwatch/step".into(), true), ("/t".into(), "/work".into(), false)],
            tmp_mib: 16,
            user,
            filters: vec![7, 8],
            command: vec!["/dogwatch/bin/dogwatch".to_owned(), "shim".to_owned()],
        };
        walls.arguments().iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_walls_stand_for_every_user() {
        for (user, own) in [(None, true), (Some((10_001, 10_002)), false)] {
            let told = told(user);
            for wall in [
                "--unshare-net",
                "--unshare-pid",
                "--unshare-ipc",
                "--new-session",
                "--cap-drop ALL",
                "--add-seccomp-fd 7 --add-seccomp-fd 8",
                "--ro-bind /usr /usr --symlink usr/bin /bin",
                "--perms 1777 --size 16777216 --tmpfs /tmp",
                "--ro-bind /s/step /dogwatch/step --bind /t /work",
                "--remount-ro /dev --remount-ro / --chdir / -- /dogwatch/bin/dogwatch shim",
            ] {
                assert!(told.contains(wall), "{wall}: {told}");
            }
            assert_eq!(told.contains("--unshare-user"), own);
            assert_eq!(told.contains("--cap-add"), !own);
            assert_eq!(told.ends_with("shim --user 10001:10002"), !own, "{told}");
        }
    }
}
