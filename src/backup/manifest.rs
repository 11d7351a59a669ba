//! What a backup says of itself.

use super::{BackupError, DATABASE, MANIFEST, Name, io};
use crate::audit::{Head, hex};
use crate::domain::Millis;
use crate::store::{Copied, Counts, files};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The form of manifest and directory.
pub(super) const FORMAT: u32 = 1;

/// The manifest, as it lies beside the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of all this.
    pub format: u32,
    /// When it was made.
    pub made: Millis,
    /// The version of dogwatch that made it.
    pub dogwatch: String,
    /// The engine's instance.
    pub instance: String,
    /// The epoch of its last event.
    pub epoch: u64,
    /// The schema of its database.
    pub schema: i64,
    /// The number of its last event.
    pub event: u64,
    /// The SHA-256 of that event's record.
    pub hash: String,
    /// Bytes of the database.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: String,
    /// What it holds.
    pub counts: Counts,
    /// How many blobs it names.
    pub blobs: u64,
    /// How many of them were lost already when it was made.
    pub blobs_missing: u64,
}

impl Manifest {
    pub(super) fn of(copied: &Copied, made: Millis, (bytes, sha256): (u64, String), blobs_missing: u64) -> Self {
        Self {
            format: FORMAT,
            made,
            dogwatch: env!("CARGO_PKG_VERSION").to_owned(),
            instance: copied.instance.clone(),
            epoch: copied.epoch,
            schema: copied.schema,
            event: copied.head.seq,
            hash: hex(&copied.head.hash),
            bytes,
            sha256,
            counts: copied.counts,
            blobs: copied.blobs.len() as u64,
            blobs_missing,
        }
    }

    /// What the directory of such a backup is called.
    pub fn name(&self) -> Name {
        Name::new(self.made, self.event)
    }

    /// Whether it tells of this log's head.
    pub(super) fn ends_with(&self, head: Head) -> bool {
        (self.event, &self.hash) == (head.seq, &hex(&head.hash))
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), BackupError> {
        let path = dir.join(MANIFEST);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| BackupError::Bad { place: path.clone(), reason: error.to_string() })?;
        files::replace(&path, &text).map_err(io(&path))
    }

    /// Reads that of the backup in a directory.
    pub fn read(dir: &Path) -> Result<Self, BackupError> {
        let bad = |reason: String| BackupError::Bad { place: dir.to_owned(), reason };
        let path = dir.join(MANIFEST);
        let bytes = files::read_small(&path).map_err(io(&path))?.ok_or_else(|| bad("it has no manifest".to_owned()))?;
        let read: Self = serde_json::from_slice(&bytes).map_err(|error| bad(format!("its manifest: {error}")))?;
        if read.format != FORMAT {
            return Err(bad(format!("its form is {}, and this dogwatch knows {FORMAT}", read.format)));
        }
        Ok(read)
    }
}

/// Size and SHA-256 of the database in a directory, as lower-case digits.
pub(super) fn measure(dir: &Path) -> Result<(u64, String), BackupError> {
    let path = dir.join(DATABASE);
    let digest = || {
        let (mut file, mut sha, mut size) = (File::open(&path)?, Sha256::new(), 0);
        let mut buffer = vec![0; 1 << 18];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok((size, hex(&sha.finalize()))),
                read => {
                    sha.update(buffer.get(..read).unwrap_or_default());
                    size += read as u64;
                }
            }
        }
    };
    digest().map_err(io(&path))
}
