//! Whether `config.toml` is still what this engine read at its start: what was changed since counts from the next start on, and
//! whoever took a role away there must not believe that it is gone.

use crate::config::read_regular;
use sha2::{Digest, Sha256};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file as an engine found it at its start.
#[derive(Debug, Clone)]
pub struct Settings {
    path: PathBuf,
    found: Found,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Missing,
    /// Its digest.
    Text([u8; 32]),
    Unreadable,
}

impl Settings {
    /// The file that is there now; to be asked for before it is read, so that no change goes unseen.
    pub fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), found: found(path) }
    }

    /// What is to be told where it is another one by now.
    pub(super) fn stale(&self) -> Option<String> {
        (found(&self.path) != self.found).then(|| {
            format!(
                "{} was changed after this engine's start and counts from its next one on: `dogwatch stop` (or a restart of its unit) \
                 takes the change over",
                self.path.display()
            )
        })
    }
}

fn found(path: &Path) -> Found {
    match read_regular(path) {
        Ok(bytes) => Found::Text(Sha256::digest(bytes).into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Found::Missing,
        Err(error) => {
            tracing::debug!(%error, "config.toml cannot be read now");
            Found::Unreadable
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Settings;

    #[test]
    fn a_change_is_told_until_it_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let none = Settings::of(&file);
        assert_eq!(none.stale(), None);
        std::fs::write(&file, "[operators]\nadmin = [\"root\"]\n").unwrap();
        assert!(none.stale().unwrap().contains("dogwatch stop"));
        let one = Settings::of(&file);
        std::fs::write(&file, "[operators]\nadmin = [\"ada\"]\n").unwrap();
        assert!(one.stale().unwrap().starts_with(file.to_str().unwrap()));
        std::fs::write(&file, "[operators]\nadmin = [\"root\"]\n").unwrap();
        assert_eq!(one.stale(), None, "it is what the engine goes by");
        std::fs::remove_file(&file).unwrap();
        assert!(one.stale().is_some());
    }
}
