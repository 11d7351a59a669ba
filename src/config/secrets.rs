//! The secret store: files beside `config.toml`, one a secret, closed to everybody but the engine's user.

use super::rules::is_name;
use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, fchown, fstat, openat, renameat, unlinkat};
use rustix::io::Errno;
use secrecy::SecretString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The directory beside `config.toml`.
const DIR: &str = "secrets";

/// Longest that is read of one.
const LONGEST: u64 = 8 * 1024;

/// Why a secret cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The name is none.
    #[error("a secret's name has 1 to 32 lower-case letters, digits and dashes, such as \"anthropic\"")]
    Name,
    /// The disk says no.
    #[error("the secret in {} cannot be kept or read: {source}; it has to be a file of this user in a directory of this user", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Where a secret lies, beside the configuration in `config`.
pub fn secret_place(config: &Path, name: &str) -> PathBuf {
    config.join(DIR).join(name)
}

/// Whose secrets are where root keeps them for another user's engine: user and group.
pub type Owner = (u32, u32);

/// Keeps a secret under a name, replacing what was there.
pub fn keep_secret(config: &Path, name: &str, secret: &[u8]) -> Result<PathBuf, SecretError> {
    keep_secret_of(config, name, secret, None)
}

/// The same for another user where `owner` names one, which takes root.
pub fn keep_secret_of(config: &Path, name: &str, secret: &[u8], owner: Option<Owner>) -> Result<PathBuf, SecretError> {
    if !is_name(name) {
        return Err(SecretError::Name);
    }
    let place = secret_place(config, name);
    let failed = |source| SecretError::Io { path: place.clone(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(config.join(DIR)).map_err(failed)?;
    put(&config.join(DIR), name, secret, owner).map_err(failed)?;
    Ok(place)
}

/// Whole or not at all. Everything is done by handles, and no link is followed: the directory may be another user's than root, who
/// would otherwise give that one whatever a link there leads to.
fn put(dir: &Path, name: &str, secret: &[u8], owner: Option<Owner>) -> std::io::Result<()> {
    let alone = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let dir = rustix::fs::open(dir, OFlags::RDONLY | OFlags::DIRECTORY | alone, Mode::empty())?;
    if let Some((user, group)) = owner {
        if ![rustix::process::geteuid().as_raw(), user].contains(&fstat(&dir)?.st_uid) {
            return Err(std::io::Error::other("its directory belongs to somebody else"));
        }
        fchown(&dir, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?;
    }
    // The name cannot be that of a secret.
    let aside = format!(".{name}.new");
    match unlinkat(&dir, &aside, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | alone;
    let mut file = File::from(openat(&dir, &aside, flags, Mode::RUSR | Mode::WUSR)?);
    if let Some((user, group)) = owner {
        fchown(&file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?;
    }
    file.write_all(secret)?;
    file.sync_all()?;
    renameat(&dir, &aside, &dir, name)?;
    File::from(dir).sync_all()
}

/// What is kept under a name, without the white space around it.
pub fn read_secret(config: &Path, name: &str) -> Result<SecretString, SecretError> {
    if !is_name(name) {
        return Err(SecretError::Name);
    }
    let place = secret_place(config, name);
    let failed = |source| SecretError::Io { path: place.clone(), source };
    let mut text = String::new();
    // Whatever lies in its place, nobody waits for it.
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY).bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(&place).map_err(failed)?;
    file.take(LONGEST).read_to_string(&mut text).map_err(failed)?;
    Ok(SecretString::from(text.trim()))
}

/// The names of all secrets.
pub fn secrets(config: &Path) -> Result<Vec<String>, SecretError> {
    let dir = config.join(DIR);
    let failed = |source| SecretError::Io { path: dir.clone(), source };
    let entries = match std::fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(source) if source.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        names.extend(name.to_str().filter(|name| is_name(name)).map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}

/// Removes a secret. False where there is none.
pub fn remove_secret(config: &Path, name: &str) -> Result<bool, SecretError> {
    if !is_name(name) {
        return Err(SecretError::Name);
    }
    let path = secret_place(config, name);
    match std::fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(SecretError::Io { path, source }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn secrets_are_kept_closed_replaced_listed_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config");
        assert!(secrets(&config).unwrap().is_empty());
        let place = keep_secret(&config, "anthropic", b"sk-one\n").unwrap();
        keep_secret(&config, "anthropic", b"sk-two\n").unwrap();
        keep_secret(&config, "a-b-2", b"x").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&place), mode(place.parent().unwrap())), (0o600, 0o700));
        assert_eq!(std::fs::read(&place).unwrap(), b"sk-two\n");
        assert_eq!(secrets(&config).unwrap(), ["a-b-2", "anthropic"]);
        assert!(remove_secret(&config, "a-b-2").unwrap());
        assert!(!remove_secret(&config, "a-b-2").unwrap());
        for name in ["", ".", "..", "a/b", "../x", "A", "a b", ".anthropic.new"] {
            assert!(matches!(keep_secret(&config, name, b"x"), Err(SecretError::Name)), "{name}");
            assert!(matches!(remove_secret(&config, name), Err(SecretError::Name)), "{name}");
        }
    }

    #[test]
    fn a_secret_for_another_user_is_that_users_and_no_link_leads_elsewhere() {
        const THEIRS: Option<Owner> = Some((4321, 4322));
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config");
        let owned = |path: &Path| std::fs::metadata(path).map(|seen| (seen.uid(), seen.gid())).unwrap();
        keep_secret(&config, "early", b"x").unwrap();
        let place = keep_secret_of(&config, "anthropic", b"sk", THEIRS).unwrap();
        assert_eq!((owned(&place), owned(&config.join(DIR))), ((4321, 4322), (4321, 4322)));
        assert_eq!(owned(&config), (0, 0));
        // Whoever owns the directory puts a link in the way.
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "root's").unwrap();
        std::os::unix::fs::symlink(&victim, config.join(DIR).join(".anthropic.new")).unwrap();
        std::fs::remove_file(&place).unwrap();
        std::os::unix::fs::symlink(&victim, &place).unwrap();
        keep_secret_of(&config, "anthropic", b"sk", THEIRS).unwrap();
        assert_eq!((owned(&victim), std::fs::read(&victim).unwrap()), ((0, 0), b"root's".to_vec()));
        std::fs::rename(config.join(DIR), dir.path().join("moved")).unwrap();
        std::os::unix::fs::symlink(dir.path(), config.join(DIR)).unwrap();
        assert!(keep_secret_of(&config, "victim", b"sk", THEIRS).is_err());
        assert_eq!(owned(&victim), (0, 0));
    }
}
