//! What containers of the process sandbox are left in an engine's state directory, for those who take the engine away. Nothing
//! is started, so bubblewrap is not needed.

use super::life;
use super::record::Record;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// Containers by what is on disk of them.
#[derive(Debug, Clone)]
pub struct Remains {
    home: PathBuf,
}

impl Remains {
    /// Those whose records lie in `home`, which need not exist.
    pub fn new(home: PathBuf) -> Self {
        Self { home }
    }

    /// Their names, which are the names of their steps.
    pub fn names(&self) -> io::Result<Vec<String>> {
        match Record::names(&self.home) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            names => names,
        }
    }

    /// Kills and removes one; absent is success.
    pub async fn remove(&self, name: &str) -> io::Result<()> {
        match Record::named(&self.home, name) {
            Some(record) => life::remove(&record).await,
            None => Ok(()),
        }
    }
}
