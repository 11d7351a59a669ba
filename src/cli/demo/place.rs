//! Where the demo lies: a directory of its own in the user's state directory.

use super::ground::Ground;
use crate::cli::context::Failure;
use crate::config::Paths;
use crate::workspace;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Written when everything was set up.
const COMPLETE: &str = "complete";

/// The demo's directory and what is in it.
#[derive(Debug)]
pub(super) struct Place {
    root: PathBuf,
    /// Those of its engine.
    pub paths: Paths,
}

/// Who is in the demo's state directory.
#[derive(Debug)]
pub(super) enum Alone {
    /// No engine; none begins there as long as the directory, where there is one, is held.
    Nobody(Option<File>),
    /// An engine, whether it answers or not.
    Engine,
}

impl Place {
    /// In this user's own state directory, also on a machine that has an engine for everybody.
    pub fn of_user() -> Result<Self, Failure> {
        let paths = Paths::of_user()?;
        Self::at(root_for(paths.state()))
    }

    fn at(root: PathBuf) -> Result<Self, Failure> {
        let paths = Paths::new(root.join("state"), root.join("config"))?;
        Ok(Self { root, paths })
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The repositories.
    pub fn projects(&self) -> PathBuf {
        self.root.join("projects")
    }

    /// What stands for a live service.
    pub fn live(&self) -> PathBuf {
        self.root.join("live")
    }

    /// What is kept on the demo's live asset of what ran there.
    pub fn receipts(&self) -> PathBuf {
        self.root.join("receipts")
    }

    /// Keeps a second demo of this user out as long as the file is held.
    pub fn lock(&self) -> Result<File, Failure> {
        let parent = self.root.parent().unwrap_or(&self.root);
        DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(unusable(parent))?;
        let file = parent.join("demo.lock");
        let opened = File::options().create(true).write(true).truncate(false).open(&file);
        let file = opened.map_err(unusable(&file))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                let message =
                    "another `dogwatch demo` of yours is setting up or removing the demo: wait for it".to_owned();
                Err(Failure { code: 5, message })
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Whether an engine lives in the state directory; what keeps engines out is locked as they lock it.
    pub fn without_engine(&self) -> Result<Alone, Failure> {
        let state = self.paths.state();
        let directory = match File::open(state) {
            Ok(directory) => directory,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Alone::Nobody(None)),
            Err(error) => return Err(unusable(state)(error)),
        };
        match directory.try_lock() {
            Ok(()) => Ok(Alone::Nobody(Some(directory))),
            Err(TryLockError::WouldBlock) => Ok(Alone::Engine),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Whether anything of it is there.
    pub fn is_there(&self) -> bool {
        self.root.exists()
    }

    /// Whether it was set up to its end.
    pub fn is_laid(&self) -> bool {
        self.root.join(COMPLETE).exists()
    }

    /// Makes its directories.
    pub fn prepare(&self) -> Result<(), Failure> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.root)?;
        self.paths.prepare()?;
        for dir in [self.projects(), self.live(), self.receipts()] {
            DirBuilder::new().mode(0o700).create(dir)?;
        }
        Ok(())
    }

    /// Writes what its engine is told.
    pub fn configure(&self, ground: &Ground) -> Result<(), Failure> {
        Ok(fs::write(self.paths.config_file(), ground.config())?)
    }

    /// Everything is set up.
    pub fn is_complete(&self) -> Result<(), Failure> {
        Ok(fs::write(self.root.join(COMPLETE), "")?)
    }

    /// Removes it. Its engine is gone by then.
    pub fn remove(&self) -> Result<(), Failure> {
        workspace::remove_tree(&self.root).map_err(|error| Failure::new(error.to_string()))?;
        let lock = self.root.with_extension("lock");
        match fs::remove_file(lock) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Says which place does not do, and what to do about it.
fn unusable(place: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let place = place.display().to_string();
    move |error| {
        Failure::new(format!("the demo cannot be kept at {place}: {error}; name another place as DOGWATCH_STATE_DIR"))
    }
}

/// Where the demo of somebody lies who has this state directory. A shell that names the demo's own, as the demo itself says how to,
/// means that demo, not another one in it.
fn root_for(state: &Path) -> PathBuf {
    let own = state.parent().filter(|root| state.ends_with("demo/state") && root.join("projects").is_dir());
    own.map_or_else(|| state.join("demo"), Path::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::cli::serve::store_paths;
    use crate::store::{OpenError, Store};

    #[test]
    fn a_place_that_does_not_do_is_named_with_a_remedy() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        let message = Place::at(file.join("demo")).unwrap().lock().unwrap_err().message;
        assert!(message.contains(file.to_str().unwrap()) && message.contains("DOGWATCH_STATE_DIR"), "{message}");
    }

    #[test]
    fn a_shell_that_names_the_directories_of_a_demo_means_that_demo() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::at(home.path().join("demo")).unwrap();
        assert_eq!(root_for(home.path()), place.root());
        assert_eq!(root_for(place.paths.state()), place.paths.state().join("demo"), "there is no demo yet");
        fs::create_dir_all(place.projects()).unwrap();
        assert_eq!(root_for(place.paths.state()), place.root());
        assert_eq!(root_for(&place.root().join("config")), place.root().join("config/demo"));
    }

    #[test]
    fn an_engine_is_seen_by_its_lock_and_kept_out_by_the_same() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::at(home.path().join("demo")).unwrap();
        assert!(matches!(place.without_engine().unwrap(), Alone::Nobody(None)));
        place.prepare().unwrap();
        let Alone::Nobody(Some(held)) = place.without_engine().unwrap() else { panic!("an engine was seen") };
        let refused = Store::rescue_alone(&store_paths(&place.paths));
        assert!(matches!(refused, Err(OpenError::Locked { .. })));
        assert!(matches!(place.without_engine().unwrap(), Alone::Engine));
        drop(held);
        assert!(matches!(place.without_engine().unwrap(), Alone::Nobody(Some(_))));
    }

    #[test]
    fn a_second_demo_waits_and_nothing_is_left_of_it() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::at(home.path().join("state/demo")).unwrap();
        let lock = place.lock().unwrap();
        assert!(place.lock().unwrap_err().message.contains("another `dogwatch demo`"));
        drop(lock);
        let _lock = place.lock().unwrap();
        place.prepare().unwrap();
        assert!(place.is_there() && !place.is_laid());
        place.is_complete().unwrap();
        assert!(place.is_laid());
        place.remove().unwrap();
        place.remove().unwrap();
        assert_eq!(fs::read_dir(home.path().join("state")).unwrap().count(), 0);
    }
}
