//! An engine whose state directory was removed or moved away has no place any more: it ends, or it would work by paths that belong to
//! the next engine there.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often it is looked for.
const LOOK: Duration = Duration::from_secs(2);

/// The directory that an engine began in.
pub struct Place {
    path: PathBuf,
    /// Device and number.
    is: (u64, u64),
}

impl Place {
    /// The one that is there now.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), is: number(path)? })
    }

    /// Waits until it is there no more.
    pub async fn lost(&self) {
        while self.is_there() {
            tokio::time::sleep(LOOK).await;
        }
        tracing::error!(
            "{} is not the directory that this engine began in any more: it was removed, or moved away; the engine ends",
            self.path.display()
        );
    }

    /// Where that cannot be told it counts as there: a disk may be away for a moment.
    fn is_there(&self) -> bool {
        match number(&self.path) {
            Ok(number) => number == self.is,
            Err(error) => error.kind() != ErrorKind::NotFound,
        }
    }
}

fn number(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|seen| (seen.dev(), seen.ino()))
}
