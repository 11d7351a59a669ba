//! Content-addressed files with a record of where each came from.
//!
//! A blob's file is written and synced before its row is committed, so a row always has its file. A job that is undone
//! may leave a file without a row, which the next one with the same content takes over.

use super::files;
use super::{StoreError, Tx, View};
use crate::domain::{RunId, StepId};
use rusqlite::params;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// The longest blob: 64 MiB.
const LIMIT: u64 = 64 << 20;

/// A blob's name: the SHA-256 of its bytes in 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobName(String);

impl BlobName {
    /// The name of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(crate::audit::hex(&Sha256::digest(bytes)))
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BlobName {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(Self(text.to_owned()));
        }
        Err(StoreError::Invalid { what: "blob name", rule: "64 lower-case hexadecimal digits".to_owned() })
    }
}

/// Where a blob came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobOrigin {
    /// What it is: `prompt`, `report`; later parts add kinds.
    pub kind: String,
    /// The run, where there is one.
    pub run: Option<RunId>,
    /// The step, where there is one.
    pub step: Option<StepId>,
}

/// Where the bytes lie.
#[derive(Debug)]
pub(super) enum BlobFiles {
    /// Files in a directory.
    Dir(PathBuf),
    /// A map, for stores in memory.
    Memory(Mutex<BTreeMap<BlobName, Vec<u8>>>),
}

impl BlobFiles {
    fn put(&self, name: &BlobName, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(map) => {
                map.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), bytes.to_vec());
                Ok(())
            }
            Self::Dir(dir) => {
                let path = dir.join(&name.0);
                let there =
                    fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() == bytes.len() as u64);
                // One that was damaged is written anew.
                if there && self.get(name).is_ok() {
                    return Ok(());
                }
                files::private_dir(dir)?;
                files::replace(&path, bytes)
            }
        }
    }

    /// Changes a byte of each.
    #[cfg(test)]
    fn damage(&self) {
        if let Self::Memory(map) = self {
            for bytes in map.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
                bytes.iter_mut().take(1).for_each(|byte| *byte ^= 1);
            }
        }
    }

    fn get(&self, name: &BlobName) -> io::Result<Vec<u8>> {
        let bytes = match self {
            Self::Memory(map) => {
                map.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned().ok_or(io::ErrorKind::NotFound)?
            }
            Self::Dir(dir) => {
                let mut bytes = Vec::new();
                fs::File::open(dir.join(&name.0))?.take(LIMIT + 1).read_to_end(&mut bytes)?;
                bytes
            }
        };
        if BlobName::of(&bytes) == *name {
            return Ok(bytes);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "the bytes are not those that the name stands for"))
    }
}

impl View<'_> {
    /// The bytes of a blob, checked against its name.
    pub fn blob(&self, name: &BlobName) -> Result<Vec<u8>, StoreError> {
        self.blobs.get(name).map_err(|source| StoreError::Blob { name: name.to_string(), source })
    }

    /// Changes a byte of each, where they lie in memory.
    #[cfg(test)]
    pub(crate) fn damage_blobs(&self) {
        self.blobs.damage();
    }

    /// Every place a blob came from, oldest first.
    pub fn blob_origins(&self, name: &BlobName) -> Result<Vec<BlobOrigin>, StoreError> {
        self.many("SELECT kind, run, step FROM blob_origins WHERE sha256 = ?1 ORDER BY id", [&name.0], |row| {
            Ok(BlobOrigin {
                kind: row.get(0)?,
                run: row.get::<_, Option<i64>>(1)?.map(RunId),
                step: row.get::<_, Option<i64>>(2)?.map(StepId),
            })
        })
    }

    /// The names of the blobs that came from a run, with what each is, oldest first.
    pub fn blobs_of(&self, run: RunId) -> Result<Vec<(BlobName, BlobOrigin)>, StoreError> {
        self.many("SELECT sha256, kind, step FROM blob_origins WHERE run = ?1 ORDER BY id", [run.0], |row| {
            let step = row.get::<_, Option<i64>>(2)?.map(StepId);
            Ok((BlobName(row.get(0)?), BlobOrigin { kind: row.get(1)?, run: Some(run), step }))
        })
    }
}

impl Tx<'_> {
    /// Stores bytes, at most 64 MiB, and where they came from. The file is on disk when this returns.
    pub fn put_blob(&self, bytes: &[u8], origin: &BlobOrigin) -> Result<BlobName, StoreError> {
        if bytes.len() as u64 > LIMIT {
            return Err(StoreError::Invalid { what: "blob", rule: format!("at most {LIMIT} bytes") });
        }
        let name = BlobName::of(bytes);
        self.blobs.put(&name, bytes).map_err(|source| StoreError::Blob { name: name.to_string(), source })?;
        let at = self.now().0;
        self.change(
            "INSERT INTO blobs (sha256, size, created) VALUES (?1, ?2, ?3) ON CONFLICT (sha256) DO NOTHING",
            params![name.0, bytes.len(), at],
        )?;
        self.insert(
            "INSERT INTO blob_origins (sha256, kind, run, step, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![name.0, origin.kind, origin.run.map(|run| run.0), origin.step.map(|step| step.0), at],
        )?;
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_blob_that_was_damaged_is_written_anew_by_whoever_has_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let (files, bytes) = (BlobFiles::Dir(dir.path().join("blobs")), b"the same length".to_vec());
        let name = BlobName::of(&bytes);
        files.put(&name, &bytes).unwrap();
        let path = dir.path().join("blobs").join(&name.0);
        fs::write(&path, b"the same LENGTH").unwrap();
        assert_eq!(files.get(&name).unwrap_err().kind(), io::ErrorKind::InvalidData);
        files.put(&name, &bytes).unwrap();
        assert_eq!(files.get(&name).unwrap(), bytes);
        // Something in the place of the directory is not taken for a file that is not there yet.
        fs::remove_dir_all(dir.path().join("blobs")).unwrap();
        fs::write(dir.path().join("blobs"), "").unwrap();
        let kinds = [files.put(&name, &bytes).unwrap_err().kind(), files.get(&name).unwrap_err().kind()];
        assert!(
            kinds.iter().all(|kind| *kind == io::ErrorKind::NotADirectory || *kind == io::ErrorKind::AlreadyExists),
            "{kinds:?}"
        );
    }
}
