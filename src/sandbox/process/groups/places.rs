//! Where this engine may make control groups, by the kernel's own account of what is mounted and where the engine is.

use super::Controller;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// The group that systemd puts the engine itself into, where the unit says so; containers go beside it.
const ENGINE: &str = "engine";
/// The names of the controllers that are wanted.
const NAMES: [(&str, Controller); 4] = [
    ("memory", Controller::Memory),
    ("pids", Controller::Pids),
    ("cpu", Controller::Cpu),
    ("freezer", Controller::Freezer),
];

/// A version of control groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Version {
    /// A tree for each controller.
    One,
    /// One tree for all.
    Two,
}

/// A directory below which groups may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) version: Version,
    pub(super) does: Vec<Controller>,
    pub(super) dir: PathBuf,
}

/// What looks like a place.
pub(super) fn find() -> Vec<Place> {
    // Whoever cannot read these has no groups.
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    candidates(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"))
}

/// The places that these two files speak of.
fn candidates(mounts: &str, own: &str) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for line in mounts.lines() {
        let Some((version, controllers, mount, root)) = mounted(line) else { continue };
        let path = own.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            let (names, path) = (parts.next()?, parts.next()?);
            let same = match version {
                Version::Two => names.is_empty(),
                Version::One => names.split(',').any(|name| controllers.contains(&name)),
            };
            same.then_some(path)
        });
        let Some(path) = path else { continue };
        // Where only a part of the tree is mounted, what lies outside of it is out of reach.
        let Ok(below) = Path::new(path).strip_prefix(root) else { continue };
        let dir = Path::new(&mount).join(below);
        let does: Vec<Controller> = match version {
            Version::Two => NAMES.map(|(_, does)| does).to_vec(),
            Version::One => {
                NAMES.iter().filter(|(name, _)| controllers.contains(name)).map(|(_, does)| *does).collect()
            }
        };
        places.push(Place { version, does, dir });
    }
    // A machine with both has the controllers in version 1; version 2 then only freezes, which the other does as well.
    places.sort_by_key(|place| place.version == Version::Two);
    let mut taken = Vec::new();
    for place in &mut places {
        place.does.retain(|does| !taken.contains(does));
        taken.extend(place.does.iter().copied());
    }
    places.retain(|place| !place.does.is_empty());
    places
}

/// Version, controllers, where it is mounted and which part of the tree.
fn mounted(line: &str) -> Option<(Version, Vec<&str>, String, &str)> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(3);
    let (root, mount) = (before.next()?, before.next()?);
    let mut after = after.split(' ');
    let (kind, options) = (after.next()?, after.nth(1).unwrap_or_default());
    let version = match kind {
        "cgroup" => Version::One,
        "cgroup2" => Version::Two,
        _ => return None,
    };
    Some((version, options.split(',').collect(), mount.replace("\\040", " "), root))
}

impl Place {
    /// This place with what can be done there, found out by making a group; `None` where none can be made.
    pub(super) fn tried(self) -> Option<Self> {
        let beside = (self.dir.file_name() == Some(ENGINE.as_ref())).then(|| self.dir.parent().map(Path::to_owned));
        let dirs = beside.flatten().into_iter().chain([self.dir.clone()]);
        dirs.map(|dir| Self { dir, ..self.clone() }).find_map(Self::tried_here)
    }

    fn tried_here(mut self) -> Option<Self> {
        if self.version == Version::Two {
            self.pass_on();
        }
        let dir = self.dir.join(format!("dogwatch-tries-{}", std::process::id()));
        fs::create_dir(&dir).ok()?;
        let writable = |file: &str| fs::OpenOptions::new().write(true).open(dir.join(file)).is_ok();
        self.does.retain(|does| match (does, self.version) {
            (Controller::Memory, Version::One) => writable("memory.limit_in_bytes"),
            (Controller::Memory, Version::Two) => writable("memory.max"),
            (Controller::Pids, _) => writable("pids.max"),
            (Controller::Cpu, Version::One) => writable("cpu.cfs_quota_us"),
            (Controller::Cpu, Version::Two) => writable("cpu.max"),
            (Controller::Freezer, Version::One) => writable("freezer.state"),
            (Controller::Freezer, Version::Two) => writable("cgroup.freeze"),
        });
        let usable = writable("cgroup.procs") && writable_here(&self.dir);
        // It is empty, so nothing keeps it.
        if let Err(error) = fs::remove_dir(&dir) {
            tracing::warn!(dir = %dir.display(), %error, "a control group that was made to try could not be removed");
        }
        (usable && !self.does.is_empty()).then_some(self)
    }

    /// Passes the controllers on to the groups below. Refused where processes are in this very group; then there are none.
    fn pass_on(&self) {
        for (name, _) in NAMES.iter().filter(|(_, does)| *does != Controller::Freezer) {
            if let Err(error) = fs::write(self.dir.join("cgroup.subtree_control"), format!("+{name}")) {
                tracing::debug!(dir = %self.dir.display(), %error, name, "a controller is not to be had");
            }
        }
    }
}

/// A process can only be moved by who may write to the group that both its old and its new one lie in.
fn writable_here(dir: &Path) -> bool {
    fs::OpenOptions::new().write(true).open(dir.join("cgroup.procs")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn does(places: &[Place]) -> Vec<(Version, &str, &[Controller])> {
        places.iter().map(|place| (place.version, place.dir.to_str().unwrap_or_default(), &place.does[..])).collect()
    }

    #[test]
    fn trees_of_version_1_are_found_each_by_itself() {
        let mounts = "31 24 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
                      32 31 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                      33 31 0:29 /inner /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      34 31 0:30 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n\
                      35 31 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n\
                      36 31 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let own = "9:name=systemd:/\n6:freezer:/\n4:memory:/inner/engine/x\n1:cpu,cpuacct:/a\n0::/u\n";
        assert_eq!(
            does(&candidates(mounts, own)),
            [
                (Version::One, "/sys/fs/cgroup/cpu,cpuacct/a", &[Controller::Cpu][..]),
                (Version::One, "/sys/fs/cgroup/memory/engine/x", &[Controller::Memory][..]),
                (Version::One, "/sys/fs/cgroup/freezer/", &[Controller::Freezer][..]),
                (Version::Two, "/sys/fs/cgroup/unified/u", &[Controller::Pids][..]),
            ]
        );
    }

    #[test]
    fn version_2_has_one_tree_for_all() {
        let mounts = "25 22 0:23 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
        let own = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/dogwatch.service/engine\n";
        let places = candidates(mounts, own);
        let dir = "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/dogwatch.service/engine";
        let all = [Controller::Memory, Controller::Pids, Controller::Cpu, Controller::Freezer];
        assert_eq!(does(&places), [(Version::Two, dir, &all[..])]);
    }

    #[test]
    fn what_is_not_mounted_is_not_a_place() {
        assert_eq!(candidates("", "0::/\n"), []);
        assert_eq!(candidates("25 22 0:23 /other /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/mine\n"), []);
        assert_eq!(candidates("nonsense\n - \n", "nonsense\n::\n"), []);
    }
}
