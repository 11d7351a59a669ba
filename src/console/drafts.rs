//! What people have written and not sent, one small file a run, so that it outlives the console and its terminal. A thread of
//! its own writes them: a disk that is slow must not hold up keys.

use crate::domain::RunId;
use std::fs::{DirBuilder, File, OpenOptions, remove_file, rename};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

/// More than this is not read; the engine takes less in one piece of guidance.
const LONGEST: u64 = 1024 * 1024;

/// Where drafts are kept.
pub(super) struct Drafts {
    place: Option<PathBuf>,
    jobs: Option<mpsc::Sender<(PathBuf, Option<String>)>>,
    writing: Option<JoinHandle<()>>,
    fault: Arc<Mutex<Option<io::Error>>>,
}

impl Drafts {
    /// In this directory, which is made with the first draft. Without one nothing is kept.
    pub(super) fn open(place: Option<PathBuf>) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<(PathBuf, Option<String>)>();
        let fault = Arc::<Mutex<Option<io::Error>>>::default();
        let told = Arc::clone(&fault);
        let writing = std::thread::Builder::new().name("drafts".to_owned()).spawn(move || {
            for (file, text) in queue {
                let done = text.map_or_else(|| forget(&file), |text| write(&file, &text));
                if let Err(error) = done {
                    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            }
        })?;
        Ok(Self { place, jobs: Some(jobs), writing: Some(writing), fault })
    }

    /// Keeps this text for a run of an engine, or nothing of it any more.
    pub(super) fn keep(&self, instance: &str, run: RunId, text: Option<&str>) {
        if let (Some(place), Some(jobs)) = (&self.place, &self.jobs) {
            // The thread takes jobs until this side is gone.
            drop(jobs.send((file(place, instance, run), text.map(str::to_owned))));
        }
    }

    /// What was written for a run before.
    pub(super) fn recall(&self, instance: &str, run: RunId) -> io::Result<Option<String>> {
        let Some(place) = &self.place else { return Ok(None) };
        let file = match File::open(file(place, instance, run)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Why something could not be kept, told once.
    pub(super) fn fault(&self) -> Option<io::Error> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Drafts {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writing) = self.writing.take() {
            // It does not panic, and a draft that is lost with it has nobody left to be told of it.
            drop(writing.join());
        }
    }
}

/// The file of a run. The instance comes from outside.
fn file(place: &Path, instance: &str, run: RunId) -> PathBuf {
    let instance: String = instance.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    place.join(format!("{instance}-{run}"))
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    if let Some(place) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(place)?;
    }
    // Two consoles of the same person may write for the same run.
    let new = file.with_extension(std::process::id().to_string());
    let written = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&new);
    let done = written.and_then(|mut out| out.write_all(text.as_bytes())).and_then(|()| rename(&new, file));
    if done.is_err() {
        // What cannot be written cannot always be removed either; the first reason is told.
        drop(remove_file(&new));
    }
    done
}

fn forget(file: &Path) -> io::Result<()> {
    match remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_draft_outlives_the_console_and_goes_when_it_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("drafts");
        let drafts = || Drafts::open(Some(place.clone())).unwrap();
        drafts().keep("abcdef12", RunId(2), Some("use the other parser\nthen stop"));
        let next = drafts();
        assert_eq!(next.recall("abcdef12", RunId(2)).unwrap().as_deref(), Some("use the other parser\nthen stop"));
        assert_eq!(next.recall("abcdef12", RunId(3)).unwrap(), None);
        assert_eq!(next.recall("another1", RunId(2)).unwrap(), None);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&place), mode(&place.join("abcdef12-r2"))), (0o700, 0o600));
        next.keep("abcdef12", RunId(2), None);
        drop(next);
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_kept_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("drafts");
        std::fs::write(&place, "in the way").unwrap();
        let drafts = Drafts::open(Some(place)).unwrap();
        let fault = Arc::clone(&drafts.fault);
        drafts.keep("../../x", RunId(2), Some("x"));
        drop(drafts);
        assert!(fault.lock().unwrap().is_some());
    }
}
