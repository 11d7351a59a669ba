//! The engine's own key, from which the secrets of its steps are derived. It is made on the first start. What lies in its
//! place may be anything: it is looked at before it is read, and never waited for.

use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Its length.
const BYTES: usize = 32;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyError {
    /// Something else lies in its place.
    #[error(
        "{}: the engine's key belongs there, but what lies there is no file (a directory, a link or the like): move it away; \
         without the old key, steps that run now are begun anew",
        path.display()
    )]
    NoFile {
        /// Where.
        path: PathBuf,
    },
    /// It is not a key.
    #[error("{}: the engine's key must hold {BYTES} bytes, and these are {found}: put back a copy, or remove it to have a new one made; \
             steps that run now are begun anew then", path.display())]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What it holds, in words.
        found: &'static str,
    },
    /// The file system.
    #[error("{}: the engine's key cannot be {doing}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// The system has no random numbers.
    #[error("there are no random numbers for the engine's key: {0}")]
    Random(getrandom::Error),
}

/// The key at `path`, made where there is none.
pub(super) fn read_or_make(path: &Path) -> Result<[u8; BYTES], KeyError> {
    match read(path)? {
        Some(key) => Ok(key),
        None => make(path),
    }
}

fn read(path: &Path) -> Result<Option<[u8; BYTES]>, KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), doing: "read", source };
    let no_file = || KeyError::NoFile { path: path.to_owned() };
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new().read(true).custom_flags(i32::try_from(flags.bits()).unwrap_or_default()).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        // A link, or a socket.
        Err(error) if path.symlink_metadata().is_ok_and(|seen| !seen.is_file()) => {
            tracing::debug!(%error, "the key's place");
            return Err(no_file());
        }
        Err(error) => return Err(failed(error)),
    };
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(no_file());
    }
    let mut bytes = Vec::new();
    file.take(BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    let found = if bytes.len() < BYTES { "fewer" } else { "more" };
    bytes.try_into().map(Some).map_err(|_| KeyError::Damaged { path: path.to_owned(), found })
}

fn make(path: &Path) -> Result<[u8; BYTES], KeyError> {
    let mut key = [0; BYTES];
    getrandom::fill(&mut key).map_err(KeyError::Random)?;
    let fresh = path.with_extension("new");
    let put = || -> io::Result<()> {
        // What an engine left there that died over it, or whatever else it is.
        match std::fs::remove_file(&fresh) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(&key)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)?;
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    put().map_err(|source| KeyError::Io { path: fresh.clone(), doing: "made", source })?;
    Ok(key)
}
