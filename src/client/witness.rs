//! What this user saw of an engine's audit log, remembered in its own home: at the next connection the log must continue it. Who cuts
//! the log or writes it anew would have to change the memory of everybody who ever looked.

use super::{Client, ClientError};
use crate::audit::{Checkpoint, hex};
use crate::config::paths::WITNESS;
use crate::protocol::{Reply, Request};
use crate::store::files;
use directories::ProjectDirs;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The longest memory that is read.
const LONGEST: u64 = 4096;

/// The memory of one engine.
#[derive(Debug, Clone)]
pub struct Witness(PathBuf);

impl Witness {
    /// Of the engine at a socket; `None` where this user has no home.
    pub fn of(socket: &Path) -> Option<Self> {
        let dirs = ProjectDirs::from("", "", "dogwatch")?;
        let name = hex(&Sha256::digest(socket.as_os_str().as_bytes()));
        Some(Self::at(dirs.state_dir()?.join(WITNESS).join(name.get(..16)?)))
    }

    /// In a file.
    pub fn at(file: PathBuf) -> Self {
        Self(file)
    }

    /// What was seen last.
    pub fn seen(&self) -> io::Result<Option<Checkpoint>> {
        let text = match fs::metadata(&self.0) {
            Ok(found) if found.is_file() && found.len() <= LONGEST => fs::read_to_string(&self.0)?,
            Ok(_) => return Err(io::Error::other("it is no file that was written here")),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Checkpoint::parse(text.trim_end()).map(Some).ok_or_else(|| io::Error::other("it holds no checkpoint"))
    }

    /// Forgets it, so that what is seen next counts.
    pub fn forget(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Asks the engine whether its log continues what was seen, and remembers what it says. `Some` is an alarm in words; what was seen
    /// stays remembered then.
    pub async fn attend(&self, client: &mut Client) -> Result<Option<String>, ClientError> {
        let seen = match self.seen() {
            Ok(seen) => seen,
            Err(error) => {
                return Ok(Some(format!(
                    "{}: what you saw of the audit log cannot be read: {error}; look into it, then `dogwatch audit witness --accept`",
                    self.0.display()
                )));
            }
        };
        let asked = client.ask(Request::Witness { seen: seen.as_ref().map(|seen| seen.seq) }).await;
        let (now, found) = match asked {
            Ok(Reply::Witnessed { checkpoint, found }) => (*checkpoint, found),
            Ok(_) => return Err(ClientError::Unfit),
            // A log that cannot be read just now is told by the engine's status, and says nothing about what was seen.
            Err(ClientError::Fault(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let instance = &client.welcome().instance;
        if let Some(why) = judge(seen.as_ref(), &now, found.as_deref(), instance) {
            return Ok(Some(format!(
                "THE AUDIT LOG IS NOT THE ONE YOU SAW: {why}. Run `dogwatch audit verify`, ask who did this, and compare with the \
                 checkpoints kept elsewhere; `dogwatch audit witness --accept` takes the log as it is now"
            )));
        }
        if seen.is_none_or(|seen| seen.seq != now.seq)
            && let Err(error) = self.remember(&now)
        {
            tracing::warn!(path = %self.0.display(), "what was seen of the audit log is not remembered: {error}");
        }
        Ok(None)
    }

    fn remember(&self, now: &Checkpoint) -> io::Result<()> {
        let dir = files::directory_of(&self.0);
        files::private_dir(dir)?;
        // Others of this user may write at the same time; each has a file of its own until it is whole.
        let beside = self.0.with_extension(format!("{}", std::process::id()));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(format!("{now}\n").as_bytes())?;
        fs::rename(&beside, &self.0)
    }
}

/// What is wrong with a log, if anything: `found` is the hash that it has at the place that was seen.
fn judge(seen: Option<&Checkpoint>, now: &Checkpoint, found: Option<&str>, instance: &str) -> Option<String> {
    if !now.is_signed() || now.engine != instance {
        return Some("what the engine says of it is not signed by the engine".to_owned());
    }
    let seen = seen?;
    if seen.engine != now.engine {
        return Some(format!("it is that of another engine ({}, you saw {})", now.engine, seen.engine));
    }
    if seen.key != now.key {
        return Some("it is signed with another key than before".to_owned());
    }
    if seen.epoch > now.epoch {
        return Some(format!(
            "it is of epoch {}, and you saw epoch {}: an older copy was put back",
            now.epoch, seen.epoch
        ));
    }
    let why = match found {
        Some(hash) if hash == seen.hash && now.seq >= seen.seq => return None,
        Some(_) if now.seq >= seen.seq => format!("event {} is not the one you saw: it was rewritten", seen.seq),
        _ => format!("it ends at event {}, and you saw event {}: its end was cut off", now.seq, seen.seq),
    };
    // Who puts a backup back begins an epoch; so may whoever wants it to look like that.
    Some(if now.epoch > seen.epoch {
        format!("{why}, or a backup was put back (`dogwatch audit log --kind store.restored` tells by whom)")
    } else {
        why
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::audit::{Head, Sealer};

    fn at(key: u8, epoch: u64, seq: u64, hash: u8) -> Checkpoint {
        Sealer::of(&[key; 32]).unwrap().seal("engine", epoch, Head { seq, hash: [hash; 32] }, 0)
    }

    #[test]
    fn a_log_that_does_not_continue_what_was_seen_is_told() {
        let seen = at(1, 2, 10, 7);
        let (same, other) = (hex(&[7; 32]), hex(&[8; 32]));
        for (now, found, words) in [
            (at(1, 2, 10, 7), Some(&same), None),
            (at(1, 3, 99, 9), Some(&same), None),
            (at(1, 2, 99, 9), Some(&other), Some("rewritten")),
            (at(1, 2, 10, 8), Some(&other), Some("rewritten")),
            (at(1, 2, 9, 7), None, Some("cut off")),
            (at(1, 2, 9, 7), Some(&same), Some("cut off")),
            (at(1, 2, 99, 7), None, Some("cut off")),
            (at(1, 1, 99, 7), Some(&same), Some("an older copy")),
            (at(1, 3, 9, 8), None, Some("or a backup was put back")),
            (at(2, 2, 99, 7), Some(&same), Some("another key")),
        ] {
            let judged = judge(Some(&seen), &now, found.map(String::as_str), "engine");
            match words {
                None => assert_eq!(judged, None),
                Some(words) => assert!(judged.as_ref().is_some_and(|why| why.contains(words)), "{judged:?}"),
            }
        }
        assert_eq!(judge(None, &at(1, 2, 1, 1), None, "engine"), None);
        assert!(judge(None, &at(1, 2, 1, 1), None, "other").unwrap().contains("not signed by the engine"));
        let mut forged = at(1, 2, 10, 7);
        forged.seq = 11;
        assert!(judge(Some(&seen), &forged, Some(&same), "engine").unwrap().contains("not signed"));
    }

    #[test]
    fn a_memory_is_kept_closed_and_read_back() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let witness = Witness::at(dir.path().join("w").join("one"));
        assert_eq!(witness.seen().unwrap(), None);
        witness.remember(&at(1, 2, 10, 7)).unwrap();
        assert_eq!(witness.seen().unwrap(), Some(at(1, 2, 10, 7)));
        assert_eq!(fs::metadata(dir.path().join("w/one")).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(dir.path().join("w/one"), "something else").unwrap();
        assert!(witness.seen().is_err());
        witness.forget().unwrap();
        witness.forget().unwrap();
        assert_eq!(witness.seen().unwrap(), None);
    }
}
