//! What a step sees as its root: the host's own programs (`host`), or a directory that the operator has named as one. All
//! of it read-only.
//!
//! Of the host's `/etc` only what programs need to be found and started is shown; users, hosts and the like are written
//! for the step, so that nothing of the host's own is read there.

use super::private::Private;
use crate::config::HOST_ROOT as HOST;
use crate::sandbox::{SandboxError, words::shorten};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Directories of programs and libraries, each itself or a link into `/usr`.
const PROGRAMS: [&str; 7] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];
/// Beginnings of what is shown of the host's `/etc`: how libraries and chosen programs are found, the time zone, and what
/// Java needs.
const SETTINGS: [&str; 7] = ["alternatives", "ld.so.cache", "ld.so.conf", "localtime", "mime.types", "java", "maven"];
/// Where a step has things of its own, whatever the root holds there.
const OWN: [&str; 8] = ["dev", "dogwatch", "proc", "run", "sys", "tmp", "work", "lost+found"];

/// One thing that is put into an empty root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A file or directory of the host, read-only, at a path inside.
    Shown(PathBuf, PathBuf),
    /// A link to a target, at a path inside.
    Link(PathBuf, PathBuf),
    /// An empty directory.
    Empty(PathBuf),
}

/// The roots that there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Roots {
    /// Directories by name.
    pub(super) named: BTreeMap<String, PathBuf>,
    /// Further directories of the host that the root `host` shows under their own paths.
    pub(super) visible: BTreeSet<PathBuf>,
    /// What no step may see.
    pub(super) private: Private,
}

impl Roots {
    /// Refuses settings that would show what no step may see. What is not there is told when it is asked for.
    pub(super) fn check(&self) -> Result<(), SandboxError> {
        let programs = PROGRAMS.iter().map(|name| Path::new("/").join(name));
        for path in programs.chain(self.named.values().cloned()).chain(self.visible.iter().cloned()) {
            match self.private.passes(&path) {
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    return Err(SandboxError::Local(format!("the process sandbox cannot be used so: {error}")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether there is a root of this name.
    pub(super) fn admits(&self, image: &str) -> Result<(), SandboxError> {
        if image == HOST || self.named.contains_key(image) {
            return Ok(());
        }
        let known: Vec<String> = [HOST].into_iter().chain(self.named.keys().map(String::as_str)).map(quoted).collect();
        Err(SandboxError::Image {
            image: shorten(image),
            reason: format!(
                "the process sandbox has no images; under [image] write `reference = \"host\"` for this machine's own programs \
                 or the name of a root from config.toml (there are: {}), or install Docker",
                known.join(", ")
            ),
            retry: false,
        })
    }

    /// What is put into the root of a step. `own` is a directory with the step's own files for `/etc`.
    pub(super) fn entries(&self, image: &str, own: &Path) -> Result<Vec<Entry>, SandboxError> {
        self.admits(image)?;
        let (root, read) = match self.named.get(image) {
            Some(root) => (root.as_path(), self.tree(root)),
            None => (Path::new("/"), self.host(own)),
        };
        read.map_err(|error| SandboxError::Image {
            image: shorten(image),
            reason: format!("{} cannot be shown: {error}", root.display()),
            retry: false,
        })
    }

    fn host(&self, own: &Path) -> io::Result<Vec<Entry>> {
        let mut entries: Vec<Entry> = ["/etc", "/var", "/run"].map(|dir| Entry::Empty(dir.into())).to_vec();
        for name in PROGRAMS {
            entries.extend(self.entry(&Path::new("/").join(name), &Path::new("/").join(name))?);
        }
        for name in sorted(Path::new("/etc"))? {
            let text = name.to_string_lossy().into_owned();
            if SETTINGS.iter().any(|setting| text.starts_with(setting)) {
                let path = Path::new("/etc").join(&name);
                entries.extend(self.entry(&path, &path)?);
            }
        }
        for name in sorted(own)? {
            entries.push(Entry::Shown(own.join(&name), Path::new("/etc").join(&name)));
        }
        for path in &self.visible {
            // Shown is where it really lies, so that a link that is changed after this look changes nothing.
            let real = self.private.passes(path).map_err(|error| {
                io::Error::new(error.kind(), format!("{} of `visible` in config.toml: {error}", path.display()))
            })?;
            entries.push(Entry::Shown(real, path.clone()));
        }
        entries.push(Entry::Link("/tmp".into(), "/var/tmp".into()));
        Ok(entries)
    }

    /// A directory as a root: all that lies at its top but what a step has for itself.
    fn tree(&self, root: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let root = self.private.passes(root)?;
        for name in sorted(&root)? {
            if !OWN.iter().any(|own| name == **own) {
                entries.extend(self.entry(&root.join(&name), &Path::new("/").join(&name))?);
            }
        }
        entries.push(Entry::Empty("/run".into()));
        Ok(entries)
    }

    /// One path of the host; nothing for what is not there or is neither file, directory nor link.
    fn entry(&self, from: &Path, to: &Path) -> io::Result<Option<Entry>> {
        let kind = match fs::symlink_metadata(from) {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(if kind.is_symlink() {
            Some(Entry::Link(fs::read_link(from)?, to.to_owned()))
        } else if kind.is_dir() || kind.is_file() {
            Some(Entry::Shown(self.private.passes(from)?, to.to_owned()))
        } else {
            None
        })
    }
}

/// Writes the files of `/etc` that a step has for itself.
pub(super) fn write_own(dir: &Path, user: (u32, u32)) -> io::Result<()> {
    let (uid, gid) = user;
    fs::create_dir_all(dir)?;
    // Stated, since the step's user is another one where the engine is root, and an umask could keep it out.
    fs::set_permissions(dir, Permissions::from_mode(0o755))?;
    for (name, text) in [
        ("passwd", format!("root:x:0:0::/:/bin/sh\ndogwatch:x:{uid}:{gid}::/tmp:/bin/sh\n")),
        ("group", format!("root:x:0:\ndogwatch:x:{gid}:\n")),
        ("hosts", "127.0.0.1 localhost dogwatch\n::1 localhost\n".to_owned()),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n".to_owned()),
    ] {
        let path = dir.join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, Permissions::from_mode(0o644))?;
    }
    Ok(())
}

fn sorted(dir: &Path) -> io::Result<BTreeSet<std::ffi::OsString>> {
    fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name())).collect()
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_root_is_shown_but_for_what_a_step_has_itself() {
        let home = tempfile::tempdir().unwrap();
        let dir = fs::canonicalize(home.path()).unwrap();
        for name in ["usr", "etc", "proc", "work", "dogwatch"] {
            fs::create_dir(dir.join(name)).unwrap();
        }
        std::os::unix::fs::symlink("usr/bin", dir.join("bin")).unwrap();
        let named = BTreeMap::from([("small".to_owned(), dir.clone())]);
        let roots = Roots { named, ..Roots::default() };
        let shown = |name: &str| Entry::Shown(dir.join(name), Path::new("/").join(name));
        assert_eq!(
            roots.entries("small", Path::new("/none")).unwrap(),
            [Entry::Link("usr/bin".into(), "/bin".into()), shown("etc"), shown("usr"), Entry::Empty("/run".into())]
        );
        let error = roots.entries("docker.io/library/debian", Path::new("/none")).unwrap_err().to_string();
        for part in ["has no images", "reference = \"host\"", "\"small\"", "install Docker"] {
            assert!(error.contains(part), "{error}");
        }
    }

    /// An engine of an ordinary user once showed its own key and database to its steps.
    #[test]
    fn what_would_show_the_engines_own_directory_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let (state, own) = (home.path().join("u/state"), home.path().join("own"));
        fs::create_dir_all(&state).unwrap();
        write_own(&own, (1, 1)).unwrap();
        std::os::unix::fs::symlink(home.path().join("u"), home.path().join("link")).unwrap();
        let private = Private(vec![state.clone()]);
        let named = |dir: &Path| BTreeMap::from([("small".to_owned(), dir.to_owned())]);
        for bad in [home.path().to_owned(), home.path().join("u"), state.clone(), home.path().join("link")] {
            let visible =
                Roots { visible: BTreeSet::from([bad.clone()]), private: private.clone(), ..Roots::default() };
            let root = Roots { named: named(&bad), private: private.clone(), ..Roots::default() };
            for (roots, image) in [(&visible, HOST), (&root, "small")] {
                for error in [roots.check().unwrap_err(), roots.entries(image, &own).unwrap_err()] {
                    assert!(error.to_string().contains("which no step may see"), "{error}");
                }
            }
        }
        // The programs are no exception.
        let roots = Roots { private: Private(vec!["/usr/bin".into()]), ..Roots::default() };
        assert!(roots.check().is_err() && roots.entries(HOST, &own).is_err());
        // What the step has of its own lies in there and is shown all the same.
        let own = state.join("own");
        write_own(&own, (1, 1)).unwrap();
        let roots = Roots { private, ..Roots::default() };
        roots.check().unwrap();
        assert!(roots.entries(HOST, &own).unwrap().contains(&Entry::Shown(own.join("passwd"), "/etc/passwd".into())));
    }

    /// As an umask of 077 makes them, they could not be read inside.
    #[test]
    fn what_a_step_has_of_its_own_can_be_read_by_its_user() {
        let own = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        fs::set_permissions(own.path(), Permissions::from_mode(0o700)).unwrap();
        fs::write(own.path().join("passwd"), "").unwrap();
        fs::set_permissions(own.path().join("passwd"), Permissions::from_mode(0o600)).unwrap();
        write_own(own.path(), (10_001, 10_001)).unwrap();
        assert_eq!((mode(own.path()), mode(&own.path().join("passwd"))), (0o755, 0o644));
    }

    #[test]
    fn nothing_of_the_hosts_users_is_shown() {
        let own = tempfile::tempdir().unwrap();
        write_own(own.path(), (10_001, 10_001)).unwrap();
        let entries = Roots::default().entries(HOST, own.path()).unwrap();
        let shown = |entry: &Entry| match entry {
            Entry::Shown(from, to) => Some((from.clone(), to.clone())),
            _ => None,
        };
        let from: Vec<(PathBuf, PathBuf)> = entries.iter().filter_map(shown).collect();
        assert!(from.iter().any(|(_, to)| to == Path::new("/usr")));
        assert!(from.iter().all(|(from, _)| !from.starts_with("/etc/shadow") && from != Path::new("/etc/passwd")));
        assert!(from.contains(&(own.path().join("passwd"), "/etc/passwd".into())));
    }
}
