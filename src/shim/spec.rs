//! What the sandbox tells the shim, in `spec.json` inside the step's directory.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path};

/// Name of the file inside the step's directory.
pub const SPEC_FILE: &str = "spec.json";
/// Name of another file there, for a program whose standard input stays open for more: the `type` of the line of JSON by which it
/// says that it has done what it was told. Beside the spec and not in it, since shims of before do not know it: those close the
/// input after what lies in its file.
pub const OPEN_FILE: &str = "open-until";
/// The most bytes of the file.
const MAX_SPEC: u64 = 16 * 1024 * 1024;

/// What the shim does with the paths that a setup made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepMode {
    /// After exit code 0, moves `<work>/<path>` to `/dogwatch/keep/<path>`: the provision profile.
    Store,
    /// Before the start, links `<work>/<path>` to `/dogwatch/keep/<path>` where nothing is there yet.
    Link,
}

/// Everything that the shim needs to know; nothing in it is secret from the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShimSpec {
    /// The program and its arguments. A name without a slash is looked up in the program's `PATH`.
    pub argv: Vec<String>,
    /// Variables set on top of those that the image sets (which the shim finds in its own environment).
    pub env: BTreeMap<String, String>,
    /// Working directory, absolute.
    pub cwd: String,
    /// Name of a file inside the step's directory whose bytes are the program's standard input; `None` for nothing.
    pub stdin: Option<String>,
    /// The tree, absolute; `/work` in a container.
    pub work: String,
    /// Paths inside the tree that the setup made.
    pub keep: Vec<String>,
    /// What to do with them.
    pub keep_mode: KeepMode,
    /// Seconds that the program may run, frozen time not counted.
    pub seconds: u64,
    /// The port of 127.0.0.1 that is passed on to the run's gateway. Left out where there is none, since shims of before do not
    /// know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<u16>,
}

impl ShimSpec {
    /// Reads and checks the file. The error is in words, for the log.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(|error| format!("cannot open {}: {error}", path.display()))?;
        file.take(MAX_SPEC + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if bytes.len() as u64 > MAX_SPEC {
            return Err(format!("{} is beyond {MAX_SPEC} bytes", path.display()));
        }
        let spec: Self =
            serde_json::from_slice(&bytes).map_err(|error| format!("{} does not parse: {error}", path.display()))?;
        spec.check()?;
        Ok(spec)
    }

    /// Until when the program's standard input stays open; `None` where it is closed after what lies in its file.
    pub(crate) fn open_until(step: &Path) -> Result<Option<String>, String> {
        let path = step.join(OPEN_FILE);
        match std::fs::read_to_string(&path) {
            Ok(word) => Ok(Some(word)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("cannot read {}: {error}", path.display())),
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.argv.first().is_none_or(String::is_empty) {
            return Err("the spec names no program".to_owned());
        }
        if !self.cwd.starts_with('/') || !self.work.starts_with('/') {
            return Err("cwd and work must be absolute".to_owned());
        }
        let plain = |path: &str| {
            !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
        };
        if let Some(path) = self.keep.iter().find(|path| !plain(path)) {
            return Err(format!("keep path {path:?} must be relative and without dots"));
        }
        if self.stdin.as_ref().is_some_and(|name| !plain(name)) {
            return Err("stdin must name a file inside the step's directory".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn spec() -> ShimSpec {
        ShimSpec {
            argv: vec!["true".to_owned()],
            env: BTreeMap::new(),
            cwd: "/".to_owned(),
            stdin: None,
            work: "/work".to_owned(),
            keep: Vec::new(),
            keep_mode: KeepMode::Link,
            seconds: 1,
            forward: None,
        }
    }

    #[test]
    fn comes_back_from_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(SPEC_FILE);
        std::fs::write(&path, serde_json::to_vec(&spec()).unwrap()).unwrap();
        assert_eq!(ShimSpec::read(&path).unwrap(), spec());
    }

    #[test]
    fn refuses_paths_that_leave_the_tree() {
        for path in ["", "/etc", "../x", "a/../b", "./a"] {
            let spec = ShimSpec { keep: vec![path.to_owned()], ..spec() };
            assert!(spec.check().is_err(), "{path:?} was taken");
        }
        assert!(ShimSpec { keep: vec!["a/b".to_owned()], ..spec() }.check().is_ok());
        assert!(ShimSpec { argv: Vec::new(), ..spec() }.check().is_err());
    }
}
