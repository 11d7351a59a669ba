//! What is on disk of the containers of a process sandbox. Each has a directory of its own, named for its step:
//!
//! | file | what |
//! | --- | --- |
//! | `made.json` | what it was made for and which control groups it has; written before it appears under its name |
//! | `status` | what bubblewrap says: the first process, and at last its exit code. Locked by whoever starts the container, and then by bubblewrap until it ends |
//! | `started.json` | which process is the first one; written before that is given its secret, so before any program |
//! | `words` | standard error of bubblewrap and of the shim |
//! | `etc/` | files of `/etc` that the step has for itself |

use super::groups::Groups;
use super::identity::Identity;
use crate::domain::Millis;
use rustix::fs::{FlockOperation, flock};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

const MADE: &str = "made.json";
const STATUS: &str = "status";
const STARTED: &str = "started.json";
const WORDS: &str = "words";
/// Bytes that are read of what bubblewrap and the shim wrote.
const WORDS_MAX: usize = 4096;

/// What a container was made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Made {
    /// Its image.
    pub(super) image: String,
    /// The step's directory on the host.
    pub(super) step: PathBuf,
    /// Its control groups.
    pub(super) groups: Groups,
}

/// What is known of a container that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Started {
    /// The shim.
    pub(super) first: Identity,
    /// When it was started.
    pub(super) at: Millis,
}

/// What bubblewrap says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// Number of the first process.
    pub(super) child: Option<i32>,
    /// The first process's exit code, once it has ended.
    pub(super) code: Option<i64>,
}

/// The directory of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    dir: PathBuf,
}

impl Record {
    /// The container of that name below `home`, if it can be a name.
    pub(super) fn named(home: &Path, name: &str) -> Option<Self> {
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        plain.then(|| Self { dir: home.join(name) })
    }

    /// The names of all containers below `home`.
    pub(super) fn names(home: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(home)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            // What is half made or half removed begins with a dot.
            names.extend(Self::named(home, &name).map(|_| name));
        }
        names.sort();
        Ok(names)
    }

    /// Makes the directory with what belongs into it from the start, in one go. Returns whether it is new.
    pub(super) fn make(&self, made: &Made, user: (u32, u32)) -> io::Result<bool> {
        if self.exists() {
            return Ok(false);
        }
        let parent = self.dir.parent().unwrap_or(Path::new("/"));
        let fresh = tempfile_in(parent)?;
        let placed = (|| {
            fs::write(fresh.join(MADE), serde_json::to_vec(made)?)?;
            super::root::write_own(&fresh.join("etc"), user)?;
            File::create(fresh.join(STATUS))?;
            fs::rename(&fresh, &self.dir)
        })();
        match placed {
            Ok(()) => Ok(true),
            Err(error) => {
                // Somebody else may have been quicker; the first error is the one to tell otherwise.
                drop(fs::remove_dir_all(&fresh));
                if self.exists() { Ok(false) } else { Err(error) }
            }
        }
    }

    /// Whether there is such a container.
    pub(super) fn exists(&self) -> bool {
        self.dir.join(MADE).exists()
    }

    /// What it was made for; `None` when there is no such container.
    pub(super) fn made(&self) -> io::Result<Option<Made>> {
        read(&self.dir.join(MADE))
    }

    /// Which process is its first; `None` before it is given its secret.
    pub(super) fn started(&self) -> io::Result<Option<Started>> {
        read(&self.dir.join(STARTED))
    }

    /// Notes which process is its first.
    pub(super) fn note_started(&self, started: &Started) -> io::Result<()> {
        let fresh = self.dir.join(".started.json.new");
        fs::write(&fresh, serde_json::to_vec(started)?)?;
        fs::rename(fresh, self.dir.join(STARTED))
    }

    /// What bubblewrap says.
    pub(super) fn status(&self) -> io::Result<Status> {
        match fs::read(self.dir.join(STATUS)) {
            Ok(bytes) => Ok(Status::parse(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Status::default()),
            Err(error) => Err(error),
        }
    }

    /// Takes the right to start the container, for as long as the file or a copy of it is open; `None` where another has
    /// it.
    pub(super) fn claim(&self) -> io::Result<Option<File>> {
        let file = OpenOptions::new().append(true).open(self.dir.join(STATUS))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether somebody is starting it, or bubblewrap still waits for its end.
    pub(super) fn is_claimed(&self) -> io::Result<bool> {
        match File::open(self.dir.join(STATUS)) {
            Ok(file) => match flock(&file, FlockOperation::NonBlockingLockShared) {
                Ok(()) => Ok(false),
                Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
                Err(error) => Err(error.into()),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A file for standard error.
    pub(super) fn words_file(&self) -> io::Result<File> {
        OpenOptions::new().append(true).create(true).open(self.dir.join(WORDS))
    }

    /// The end of what was written there; empty where there is nothing to be had, since it only explains what is told anyway.
    pub(super) fn words(&self) -> String {
        let bytes = fs::read(self.dir.join(WORDS)).unwrap_or_default();
        let end = bytes.get(bytes.len().saturating_sub(WORDS_MAX)..).unwrap_or_default();
        crate::sandbox::words::shorten(&String::from_utf8_lossy(end))
    }

    /// Where the step's own files for `/etc` lie.
    pub(super) fn etc(&self) -> PathBuf {
        self.dir.join("etc")
    }

    /// Removes the directory; its name is free at once.
    pub(super) fn remove(&self) -> io::Result<()> {
        let parent = self.dir.parent().unwrap_or(Path::new("/"));
        let aside = tempfile_in(parent)?;
        match fs::rename(&self.dir, aside.join("gone")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                drop(fs::remove_dir_all(&aside));
                Err(error)
            }
            _ => fs::remove_dir_all(aside),
        }
    }
}

impl Status {
    /// One object after the other; what was cut off by a crash in the middle of a line counts for nothing.
    fn parse(bytes: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Line {
            #[serde(rename = "child-pid")]
            child: Option<i32>,
            #[serde(rename = "exit-code")]
            code: Option<i64>,
        }
        let mut status = Self::default();
        for line in serde_json::Deserializer::from_slice(bytes).into_iter::<Line>() {
            let Ok(line) = line else { break };
            status.child = line.child.or(status.child);
            status.code = line.code.or(status.code);
        }
        status
    }
}

/// Removes what earlier engines left half made or half removed.
pub(super) fn tidy(home: &Path) -> io::Result<()> {
    for entry in fs::read_dir(home)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// An empty directory whose name no container has.
fn tempfile_in(parent: &Path) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| io::Error::other("no randomness"))?;
    let dir = parent.join(format!(".{:016x}", u64::from_ne_bytes(random)));
    fs::create_dir(&dir)?;
    Ok(dir)
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => {
            let value = serde_json::from_slice(&bytes);
            value.map(Some).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_bubblewrap_says_is_read_as_far_as_it_came() {
        let both = b"{ \"child-pid\": 12, \"net-namespace\": 4026532401 }\n{ \"exit-code\": 3 }\n";
        assert_eq!(Status::parse(both), Status { child: Some(12), code: Some(3) });
        assert_eq!(Status::parse(&both[..60]), Status { child: Some(12), code: None });
        assert_eq!(Status::parse(&both[..20]), Status::default());
        assert_eq!(Status::parse(b""), Status::default());
    }

    #[test]
    fn a_record_is_made_once_and_removed_twice() {
        let home = tempfile::tempdir().unwrap();
        let record = Record::named(home.path(), "r1-i1-test-unit-a1").unwrap();
        let made = Made { image: "host".into(), step: "/s".into(), groups: Groups::default() };
        assert!(record.make(&made, (1, 1)).unwrap());
        assert!(!record.make(&made, (1, 1)).unwrap());
        assert_eq!(record.made().unwrap(), Some(made));
        assert_eq!(Record::names(home.path()).unwrap(), ["r1-i1-test-unit-a1"]);
        let claim = record.claim().unwrap();
        assert!(claim.is_some() && record.claim().unwrap().is_none() && record.is_claimed().unwrap());
        drop(claim);
        assert!(!record.is_claimed().unwrap());
        fs::create_dir(home.path().join(".half")).unwrap();
        tidy(home.path()).unwrap();
        record.remove().unwrap();
        record.remove().unwrap();
        assert_eq!(record.made().unwrap(), None);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn names_stay_below_the_home() {
        for bad in ["", ".", "..", "a/b", "a b", ".x", "../x"] {
            assert_eq!(Record::named(Path::new("/h"), bad), None);
        }
    }
}
