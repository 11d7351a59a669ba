//! Brings what a step leaves behind to the disk before its end is told. Otherwise a machine that loses power between the two
//! comes back with a good end and a tree of empty files.

use super::spec::{KeepMode, ShimSpec};
use std::fs::File;
use std::path::Path;

/// Where a step leaves something, opened before its program could close the way there.
pub(crate) struct Places {
    open: Vec<File>,
    /// One of them could not be opened.
    closed: bool,
}

impl Places {
    /// The places of a step whose shim lives under `root`.
    pub fn open(spec: &ShimSpec, root: &Path) -> Self {
        let keep = root.join("keep");
        let kept = (spec.keep_mode == KeepMode::Store && !spec.keep.is_empty()).then_some(keep.as_path());
        let mut places = Self { open: Vec::new(), closed: false };
        for place in [Some(Path::new(&spec.work)), kept].into_iter().flatten() {
            match File::open(place) {
                Ok(place) => places.open.push(place),
                Err(_) => places.closed = true,
            }
        }
        places
    }

    /// Waits until all that was written there is on the disk. The error is in words, for the log.
    pub fn save(&self) -> Result<(), String> {
        if self.closed {
            // What cannot be named is saved with everything else.
            rustix::fs::sync();
        }
        self.open.iter().try_for_each(|place| {
            rustix::fs::syncfs(place)
                .map_err(|error| format!("what the step wrote may not all have reached the disk: {error}"))
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn spec(work: &Path) -> ShimSpec {
        ShimSpec {
            argv: vec!["true".to_owned()],
            env: [].into(),
            cwd: "/".to_owned(),
            stdin: None,
            work: work.to_str().unwrap().to_owned(),
            keep: vec!["deps".to_owned()],
            keep_mode: KeepMode::Store,
            seconds: 1,
            forward: None,
        }
    }

    #[test]
    fn tree_and_kept_things_are_saved_also_where_the_way_there_is_gone() {
        let dir = TempDir::new().unwrap();
        let work = dir.path().join("work");
        std::fs::create_dir_all(&work).unwrap();
        std::fs::create_dir_all(dir.path().join("keep")).unwrap();
        let places = Places::open(&spec(&work), dir.path());
        assert_eq!((places.open.len(), places.closed), (2, false));
        std::fs::rename(&work, dir.path().join("gone")).unwrap();
        assert_eq!(places.save(), Ok(()));
    }

    #[test]
    fn a_place_that_cannot_be_opened_is_saved_with_everything_else() {
        let dir = TempDir::new().unwrap();
        let places = Places::open(&spec(&dir.path().join("missing")), dir.path());
        assert_eq!((places.open.len(), places.closed), (0, true));
        assert_eq!(places.save(), Ok(()));
    }
}
