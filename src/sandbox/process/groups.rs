//! Control groups: what bounds a container as a whole and freezes it, where this engine may make them.
//!
//! Both versions are used as they are found. Version 1 has a tree for each controller, version 2 one tree for all. A group
//! is made below the engine's own, or, where systemd gives the engine a part of the tree for its own use
//! (`Delegate=yes` with `DelegateSubgroup=engine`), beside it. Nothing is moved or set up that was there before, but that
//! controllers are passed on to the groups below.

mod places;

use super::super::Limits;
use places::{Place, Version};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The length of a period in which processor time is counted, in microseconds.
const PERIOD: u64 = 100_000;
/// The least processor time of a period.
const QUOTA_MIN: u64 = 1000;
/// How long the kernel may take to freeze everything.
const FREEZING: Duration = Duration::from_secs(5);
/// How long the last process may take to leave a group.
const LEAVING: Duration = Duration::from_secs(10);
/// Begins the name of every group.
const PREFIX: &str = "dogwatch-";
/// The numbers of the file systems that control groups lie on, of version 1 and 2.
const FILE_SYSTEMS: [i128; 2] = [0x0027_e0eb, 0x6367_7270];
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// What a group does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Controller {
    /// Bounds memory.
    Memory,
    /// Bounds processes and threads.
    Pids,
    /// Bounds processor time.
    Cpu,
    /// Freezes.
    Freezer,
}

/// Where groups can be made.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    places: Vec<Place>,
}

/// One group of one container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    version: Version,
    does: Vec<Controller>,
    dir: PathBuf,
}

/// The groups of one container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Groups(Vec<Group>);

impl Tree {
    /// Finds out where groups can be made, by making one.
    pub(super) fn find() -> Self {
        Self { places: places::find().into_iter().filter_map(Place::tried).collect() }
    }

    /// Whether there is a group that does this.
    pub(super) fn does(&self, what: Controller) -> bool {
        self.places.iter().any(|place| place.does.contains(&what))
    }

    /// The groups that a container of this name will have. Nothing is made yet, so that their places can be noted first.
    pub(super) fn plan(&self, name: &str) -> Groups {
        let group = |place: &Place| Group {
            version: place.version,
            does: place.does.clone(),
            dir: place.dir.join(format!("{PREFIX}{name}")),
        };
        Groups(self.places.iter().map(group).collect())
    }
}

impl Groups {
    /// Makes the groups and sets their limits.
    pub(super) fn make(&self, limits: &Limits) -> io::Result<()> {
        for group in &self.0 {
            match fs::create_dir(&group.dir) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(named(&group.dir, &error)),
                _ => {}
            }
            for what in &group.does {
                group.bound(*what, limits)?;
            }
        }
        Ok(())
    }

    /// Puts a process into every group; its children begin there.
    pub(super) fn take(&self, pid: i32) -> io::Result<()> {
        self.0.iter().try_for_each(|group| group.write("cgroup.procs", &pid.to_string()))
    }

    /// Whether there is a group that does this.
    pub(super) fn does(&self, what: Controller) -> bool {
        self.0.iter().any(|group| group.does.contains(&what))
    }

    /// Whether there is a group that freezes.
    pub(super) fn can_freeze(&self) -> bool {
        self.freezer().is_some()
    }

    /// Freezes or thaws all that is inside, and waits until that is so.
    pub(super) fn set_frozen(&self, freeze: bool) -> io::Result<()> {
        let Some(group) = self.freezer() else { return Ok(()) };
        let word = match (group.version, freeze) {
            (Version::One, true) => "FROZEN",
            (Version::One, false) => "THAWED",
            (Version::Two, true) => "1",
            (Version::Two, false) => "0",
        };
        group.write(group.frozen_file(), word)?;
        let begun = Instant::now();
        while group.is_frozen(true) != freeze {
            if begun.elapsed() > FREEZING {
                return Err(io::Error::other(format!("{} does not come to {word}", group.dir.display())));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Whether all that is inside is frozen, or about to be.
    pub(super) fn is_frozen(&self) -> bool {
        self.freezer().is_some_and(|group| group.is_frozen(false))
    }

    /// Whether a process inside was killed for want of memory; `None` when nobody counts that.
    pub(super) fn out_of_memory(&self) -> Option<bool> {
        let group = self.0.iter().find(|group| group.does.contains(&Controller::Memory))?;
        let file = match group.version {
            Version::One => "memory.oom_control",
            Version::Two => "memory.events",
        };
        killed(&fs::read_to_string(group.dir.join(file)).ok()?).map(|count| count > 0)
    }

    /// Makes sure that these are groups of a container, since they are named by a file: directories with such a name as
    /// `plan` gives, where control groups are.
    pub(super) fn check(&self) -> io::Result<()> {
        for group in &self.0 {
            let well_named =
                group.dir.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()));
            let place = group.dir.parent().unwrap_or(Path::new("/"));
            let kind = match rustix::fs::statfs(place) {
                Ok(seen) => i128::from(seen.f_type),
                // Then there is nothing of it any more.
                Err(rustix::io::Errno::NOENT) => continue,
                Err(error) => return Err(named(place, &error.into())),
            };
            if !well_named || !FILE_SYSTEMS.contains(&kind) {
                let what = "it is no control group of a container; remove what names it";
                return Err(io::Error::other(format!("{}: {what}", group.dir.display())));
            }
        }
        Ok(())
    }

    /// Removes the groups, which must be empty or about to be.
    pub(super) fn remove(&self) -> io::Result<()> {
        let begun = Instant::now();
        for group in &self.0 {
            loop {
                match fs::remove_dir(&group.dir) {
                    Ok(()) => break,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                    Err(error) if begun.elapsed() > LEAVING => return Err(named(&group.dir, &error)),
                    Err(_) => std::thread::sleep(PAUSE),
                }
            }
        }
        Ok(())
    }

    fn freezer(&self) -> Option<&Group> {
        self.0.iter().find(|group| group.does.contains(&Controller::Freezer))
    }
}

impl Group {
    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        let path = self.dir.join(file);
        fs::write(&path, text).map_err(|error| named(&path, &error))
    }

    /// The same for a file that not every kernel has.
    fn write_if_there(&self, file: &str, text: &str) -> io::Result<()> {
        if self.dir.join(file).exists() { self.write(file, text) } else { Ok(()) }
    }

    fn bound(&self, what: Controller, limits: &Limits) -> io::Result<()> {
        let memory = limits.memory_mib.saturating_mul(1 << 20).to_string();
        match (what, self.version) {
            (Controller::Memory, Version::One) => {
                self.write("memory.limit_in_bytes", &memory)?;
                // Swap counts too, where the kernel counts it.
                self.write_if_there("memory.memsw.limit_in_bytes", &memory)
            }
            (Controller::Memory, Version::Two) => {
                self.write("memory.max", &memory)?;
                self.write_if_there("memory.swap.max", "0")
            }
            (Controller::Pids, _) => self.write("pids.max", &limits.pids.to_string()),
            (Controller::Cpu, Version::One) => {
                self.write("cpu.cfs_period_us", &PERIOD.to_string())?;
                self.write("cpu.cfs_quota_us", &quota(limits.cpus).to_string())
            }
            (Controller::Cpu, Version::Two) => self.write("cpu.max", &format!("{} {PERIOD}", quota(limits.cpus))),
            (Controller::Freezer, _) => Ok(()),
        }
    }

    fn frozen_file(&self) -> &'static str {
        match self.version {
            Version::One => "freezer.state",
            Version::Two => "cgroup.freeze",
        }
    }

    /// `done` asks whether the kernel has come to the end of it.
    fn is_frozen(&self, done: bool) -> bool {
        let read = |file: &str| fs::read_to_string(self.dir.join(file)).unwrap_or_default();
        match self.version {
            Version::One => match read("freezer.state").trim() {
                "FROZEN" => true,
                "FREEZING" => !done,
                _ => false,
            },
            Version::Two if done => read("cgroup.events").lines().any(|line| line == "frozen 1"),
            Version::Two => read("cgroup.freeze").trim() == "1",
        }
    }
}

/// Microseconds of a period.
fn quota(cpus: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the conversion saturates, and the result is bounded below"
    )]
    let micros = (cpus * 100_000.0) as u64;
    micros.max(QUOTA_MIN)
}

/// The count of processes that were killed for want of memory; both versions write it alike.
fn killed(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stderr)]
    use super::*;

    #[test]
    fn kills_for_want_of_memory_are_counted_alike_in_both_versions() {
        assert_eq!(killed("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"), Some(3));
        assert_eq!(killed("low 0\nhigh 0\nmax 12\noom 1\noom_kill 0\noom_group_kill 0\n"), Some(0));
        // Kernels before 4.13 do not count.
        assert_eq!(killed("oom_kill_disable 0\nunder_oom 0\n"), None);
    }

    /// A directory of root was once removed for the sake of such a file.
    #[test]
    fn only_control_groups_of_containers_are_taken() {
        let home = tempfile::tempdir().unwrap();
        let planted = |dir: PathBuf| Groups(vec![Group { version: Version::Two, does: Vec::new(), dir }]);
        for bad in [home.path().to_owned(), home.path().join("dogwatch-x"), "/proc/dogwatch-x".into(), "/".into()] {
            let error = planted(bad.clone()).check().unwrap_err().to_string();
            assert!(error.contains("no control group of a container"), "{}: {error}", bad.display());
        }
        // What is gone can do no harm, and those that are made here are taken.
        planted(home.path().join("gone/dogwatch-x")).check().unwrap();
        Tree::find().plan("x").check().unwrap();
    }

    #[test]
    fn processor_time_stays_within_what_the_kernel_takes() {
        assert_eq!(quota(1.5), 150_000);
        assert_eq!(quota(0.0), QUOTA_MIN);
        assert_eq!(quota(f64::NAN), QUOTA_MIN);
    }

    /// A directory of version 2 in which this user may make groups, if there is one.
    fn version_2_here() -> Option<PathBuf> {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        let mount = mounts.lines().find(|line| line.split(' ').nth(2) == Some("cgroup2"))?.split(' ').nth(1)?;
        let dir = Path::new(mount).join(format!("dogwatch-unit-test-{}", std::process::id()));
        fs::create_dir(&dir).ok()?;
        Some(dir)
    }

    #[test]
    fn version_2_freezes_and_thaws() {
        let Some(dir) = version_2_here() else {
            return eprintln!("left out: no control groups of version 2 to write to");
        };
        let mut sleeper = std::process::Command::new("/bin/sleep").arg("600").spawn().unwrap();
        let groups = Groups(vec![Group { version: Version::Two, does: vec![Controller::Freezer], dir }]);
        groups.take(i32::try_from(sleeper.id()).unwrap()).unwrap();
        for freeze in [true, true, false, false] {
            groups.set_frozen(freeze).unwrap();
            assert_eq!(groups.is_frozen(), freeze);
        }
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        groups.remove().unwrap();
        groups.remove().unwrap();
    }

    /// Files as a kernel with version 2 has them; the kernel itself has no part in this.
    #[test]
    fn limits_of_version_2_are_written_where_they_belong() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("dogwatch-x");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("memory.swap.max"), "max").unwrap();
        let does = vec![Controller::Memory, Controller::Pids, Controller::Cpu, Controller::Freezer];
        let groups = Groups(vec![Group { version: Version::Two, does, dir: dir.clone() }]);
        groups.make(&Limits { memory_mib: 64, cpus: 0.5, pids: 32, tmp_mib: 1, ..Limits::default() }).unwrap();
        groups.take(77).unwrap();
        let read = |file: &str| fs::read_to_string(dir.join(file)).unwrap();
        assert_eq!(read("memory.max"), (64 << 20).to_string());
        assert_eq!(read("memory.swap.max"), "0");
        assert_eq!(read("pids.max"), "32");
        assert_eq!(read("cpu.max"), "50000 100000");
        assert_eq!(read("cgroup.procs"), "77");
        assert_eq!(groups.out_of_memory(), None);
        fs::write(dir.join("memory.events"), "oom_kill 1\n").unwrap();
        assert_eq!(groups.out_of_memory(), Some(true));
    }
}
