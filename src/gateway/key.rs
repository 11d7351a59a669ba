//! The key of a provider, read anew for each request from where the operator says it is.

use super::provider::GatewayError;
use crate::config::KeyPlace;
use rustix::fs::OFlags;
use secrecy::SecretString;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Longest key in bytes.
const LONGEST: usize = 8 * 1024;
/// A shorter one is none, and hiding it in what comes back would hide much else.
const SHORTEST: usize = 8;

/// Reads the key. What is wrong is told by its place, never by what lies there.
pub(super) fn read(provider: &str, place: &KeyPlace) -> Result<SecretString, GatewayError> {
    let fault = |reason: String| GatewayError::Key { provider: provider.to_owned(), reason };
    let text = match place {
        KeyPlace::File(path) => file(path).map_err(|reason| fault(format!("{}: {reason}", path.display())))?,
        KeyPlace::Variable(name) => std::env::var(name).map_err(|_| {
            fault(format!(
                "the engine's environment has no variable {name}: start the engine with it, or use `key-file`"
            ))
        })?,
        KeyPlace::Credential(name) => {
            let Some(dir) = std::env::var_os("CREDENTIALS_DIRECTORY") else {
                return Err(fault(format!(
                    "systemd gave the engine no credentials: add `LoadCredential={name}:FILE` to its unit"
                )));
            };
            let path = Path::new(&dir).join(name);
            file(&path).map_err(|reason| fault(format!("{}: {reason}", path.display())))?
        }
        KeyPlace::Secret(name) => {
            return Err(fault(format!("no secret `{name}` is kept: `dogwatch secret set {name}`")));
        }
    };
    let key = text.trim();
    let readable = key.bytes().all(|byte| byte.is_ascii_graphic());
    if !(SHORTEST..=LONGEST).contains(&key.len()) || !readable {
        let place = match place {
            KeyPlace::File(path) => path.display().to_string(),
            KeyPlace::Variable(name) => format!("the variable {name}"),
            KeyPlace::Credential(name) | KeyPlace::Secret(name) => format!("the secret {name}"),
        };
        return Err(fault(format!(
            "{place} holds no key: it must be one word of {SHORTEST} to {LONGEST} letters, digits and signs"
        )));
    }
    Ok(SecretString::from(key))
}

/// What a file holds that is this user's alone. Whatever lies in its place, nobody waits for it.
fn file(path: &Path) -> Result<String, String> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            "there is no such file; `dogwatch secret set` keeps a key in the secret store".to_owned()
        }
        _ => error.to_string(),
    })?;
    let seen = file.metadata().map_err(|error| error.to_string())?;
    if !seen.is_file() {
        return Err("it is no file".to_owned());
    }
    let me = rustix::process::geteuid().as_raw();
    if seen.uid() != me && seen.uid() != 0 {
        return Err("it belongs to another user: it must belong to the user of the engine, or to root".to_owned());
    }
    if seen.mode() & 0o077 != 0 {
        return Err(format!(
            "others may read or change it (mode {:03o}): close it by `chmod 600`",
            seen.mode() & 0o777
        ));
    }
    let mut text = String::new();
    file.take(LONGEST as u64 + 2).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use secrecy::ExposeSecret;
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    fn read_file(path: &Path) -> Result<SecretString, String> {
        read("one", &KeyPlace::File(path.to_owned())).map_err(|error| error.to_string())
    }

    #[test]
    fn only_a_file_of_ones_own_is_read_and_never_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write(&path, "sk-canary-0123456789\n").unwrap();
        set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read_file(&path).unwrap().expose_secret(), "sk-canary-0123456789");
        for mode in [0o640, 0o604, 0o620, 0o666] {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = read_file(&path).unwrap_err();
            assert!(error.contains("chmod 600") && !error.contains("canary"), "{error}");
        }
        set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        for bad in ["", "short", "two words-canary", "sk-canary\u{7f}12345678", &"x".repeat(9_000)] {
            write(&path, bad).unwrap();
            let error = read_file(&path).unwrap_err();
            assert!(error.contains("holds no key") && !error.contains("canary"), "{error}");
        }
        assert!(read_file(dir.path()).is_err());
        assert!(read_file(&dir.path().join("none")).is_err());
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(read_file(&pipe).unwrap_err().contains("no file"));
        let error = read("one", &KeyPlace::Variable("DOGWATCH_NO_SUCH".to_owned())).unwrap_err().to_string();
        assert!(error.contains("DOGWATCH_NO_SUCH"), "{error}");
    }
}
