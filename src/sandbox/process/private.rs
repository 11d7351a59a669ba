//! What no step may see of this machine: the engine's own directories, where its key, its database and the way to its
//! decisions lie, and the places of the host's processes, devices and sockets. A step of an ordinary user's engine has the
//! engine's own rights to files, so being closed to other users keeps nothing from it.
//!
//! Directories are compared by what they are, not by their names: a link or a second mount of the same directory does not
//! lead round.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Places of the host that may be shown neither whole nor in part.
const CLOSED: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];
/// Where single files and directories may be shown, but not all of it.
const IN_PARTS: &str = "/etc";

/// The directories that are the engine's own.
#[derive(Debug, Clone, Default)]
pub(super) struct Private(pub(super) Vec<PathBuf>);

impl Private {
    /// Where a path that may be shown really lies, with no link on the way. One that may not be is invalid input, and the
    /// error says why.
    pub(super) fn passes(&self, path: &Path) -> io::Result<PathBuf> {
        let real = fs::canonicalize(path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        let shown = way(&real)?;
        let closed = CLOSED.map(Path::new);
        let own = self.0.iter().map(|dir| (dir.as_path(), "the engine's own directory", true));
        let closed = closed.into_iter().map(|dir| (dir, "the host's", true));
        for (dir, whose, within_too) in own.chain(closed).chain([(Path::new(IN_PARTS), "the host's", false)]) {
            let hidden = match fs::canonicalize(dir).and_then(|dir| way(&dir)) {
                Ok(hidden) => hidden,
                // What is not there cannot be shown.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", dir.display()))),
            };
            let holds = shown.first().is_some_and(|first| hidden.contains(first));
            let within = within_too && hidden.first().is_some_and(|first| shown.contains(first));
            if holds || within {
                let how = if holds { "holds" } else { "lies in" };
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!(
                        "{} {how} {whose} {}, which no step may see; show less, or move one of them",
                        path.display(),
                        dir.display()
                    ),
                ));
            }
        }
        Ok(real)
    }
}

/// What a path and all directories above it are, the path itself first.
fn way(path: &Path) -> io::Result<Vec<(u64, u64)>> {
    path.ancestors().map(|path| fs::metadata(path).map(|seen| (seen.dev(), seen.ino()))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn neither_what_holds_the_engines_directory_nor_what_lies_in_it_passes() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::create_dir_all(at("u/state/exe")).unwrap();
        fs::create_dir_all(at("tools/bin")).unwrap();
        symlink(at("u"), at("tools/way-round")).unwrap();
        symlink("/run", at("tools/sockets")).unwrap();
        let private = Private(vec![at("u/state"), at("none")]);
        for bad in ["u", "u/state", "u/state/exe", "tools/way-round", "tools/way-round/state", "tools/sockets"] {
            let error = private.passes(&at(bad)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{bad}: {error}");
        }
        let error = private.passes(&at("u")).unwrap_err().to_string();
        assert!(error.contains("/u holds the engine's own directory") && error.contains("u/state"), "{error}");
        for good in ["tools", "tools/bin"] {
            assert_eq!(private.passes(&at(good)).unwrap(), fs::canonicalize(at(good)).unwrap());
        }
        assert_eq!(private.passes(&at("absent")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_hosts_own_places_do_not_pass() {
        for bad in ["/", "/proc/self", "/dev/null", "/etc"] {
            assert!(Private::default().passes(Path::new(bad)).is_err(), "{bad}");
        }
        assert!(Private::default().passes(Path::new("/usr")).is_ok());
    }
}
