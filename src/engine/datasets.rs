//! Reads the data sets that people registered, one after the other, and says which of them a project may have. What their files
//! hold is compared with what was registered whenever somebody touched them.

use super::Engine;
use super::ask::AskError;
use super::ports::World;
use super::world::RealWorld;
use crate::audit::AuditEvent;
use crate::config::ProjectConfig;
use crate::domain::{Actor, Dataset, DatasetId, DatasetState, Project, ProjectId, shortened};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, View};
use crate::workspace::{DataFault, DataSeen, read_all};
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// After a store that did not answer.
const AGAIN: Duration = Duration::from_secs(2);
/// Longest reason that is kept, in bytes.
const FAULT: usize = 600;

/// How far the reading of one is.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    dataset: DatasetId,
    files: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
}

/// Ends a reading that nobody waits for any more.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl<S: Sandbox> Engine<RealWorld<S>> {
    /// Reads what is to be read, for ever.
    pub async fn keep_datasets(self: Arc<Self>) {
        let mut commits = self.commits();
        loop {
            commits.mark_unchanged();
            match self.read_next().await {
                Ok(true) => {}
                // Whoever would tell of more is gone with the engine.
                Ok(false) => drop(commits.changed().await),
                Err(error) => {
                    tracing::warn!("data sets cannot be read: {error}");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// How far the reading of a data set is: files and bytes.
    pub fn reading(&self, dataset: DatasetId) -> Option<(u64, u64)> {
        let reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = reading.as_ref().filter(|reading| reading.dataset == dataset)?;
        Some((reading.files.load(Ordering::Relaxed), reading.bytes.load(Ordering::Relaxed)))
    }

    async fn read_next(&self) -> Result<bool, StoreError> {
        let unread = |view: &View<'_>| view.unread_dataset();
        let Some(found) = self.store.read(unread).await? else { return Ok(false) };
        let seen = self.read(&found).await;
        let Some(seen) = told(found, seen) else { return Ok(true) };
        let done = self.store.write(move |tx| {
            // It may have been removed, or registered anew under its name.
            if tx.dataset(&seen.name)?.is_none_or(|there| there.id != seen.id) {
                return Ok(());
            }
            tx.put_dataset(&seen)?;
            let detail = json!({
                "dataset": seen.name, "state": seen.state, "digest": seen.digest, "files": seen.files, "bytes": seen.bytes,
                "fault": seen.fault,
            });
            tx.record(AuditEvent::new(Actor::Engine, "dataset.read").detail(detail)).map(drop)
        });
        done.await?;
        self.announce();
        Ok(true)
    }

    /// Reads all files of one.
    async fn read(&self, found: &Dataset) -> Result<DataSeen, DataFault> {
        let reading = Reading { dataset: found.id, files: Arc::default(), bytes: Arc::default() };
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner) = Some(reading.clone());
        let given_up = Arc::new(AtomicBool::new(false));
        let _wanted = Wanted(Arc::clone(&given_up));
        let path = PathBuf::from(&found.path);
        let read = tokio::task::spawn_blocking(move || {
            read_all(&path, &mut |files, bytes| {
                reading.files.store(files, Ordering::Relaxed);
                reading.bytes.store(bytes, Ordering::Relaxed);
                !given_up.load(Ordering::Acquire)
            })
        });
        let read = read.await;
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner) = None;
        read.unwrap_or(Err(DataFault::GivenUp))
    }
}

impl<W: World> Engine<W> {
    /// Why a run cannot have the data sets that its project wants, if it cannot.
    pub(super) async fn has_datasets(
        &self,
        project: &Project,
        config: &ProjectConfig,
        engine: &str,
    ) -> Result<(), AskError> {
        if config.datasets.is_empty() {
            return Ok(());
        }
        if self.world.is_elsewhere(engine) {
            let reason = "dogwatch.toml wants data sets, which lie on this machine, and the run's container engine is on another: \
                          choose the usual one with --engine here";
            return Err(AskError::Unfit(reason.to_owned()));
        }
        let (names, project) = (config.datasets.clone(), project.id);
        let found = self.store.read(move |view| {
            let found = names.into_iter().map(|name| Ok((view.dataset(&name)?, name)));
            found.collect::<Result<Vec<_>, StoreError>>()
        });
        for (found, name) in found.await? {
            usable(found, &name, project).map_err(AskError::Unfit)?;
        }
        Ok(())
    }
}

/// A data set that runs of a project may have, or why they cannot.
pub(super) fn usable(found: Option<Dataset>, name: &str, project: ProjectId) -> Result<Dataset, String> {
    let Some(found) = found else {
        return Err(format!(
            "dogwatch.toml wants the data set {name}, and there is none: register it with `dogwatch dataset add {name} PATH`"
        ));
    };
    if found.project.is_some_and(|only| only != project) {
        return Err(format!("dogwatch.toml wants the data set {name}, which another project alone may have"));
    }
    match (found.state, &found.fault) {
        (DatasetState::Ready | DatasetState::Reading, _) => Ok(found),
        (state, fault) => Err(format!(
            "the data set {name} is {}: {}; `dogwatch dataset verify {name}` reads it anew",
            state.words(),
            fault.as_deref().unwrap_or_default()
        )),
    }
}

/// What a reading has found of one; `None` where it was given up.
fn told(found: Dataset, seen: Result<DataSeen, DataFault>) -> Option<Dataset> {
    let failed = |state, fault: String| Dataset { state, fault: Some(shortened(&fault, FAULT)), ..found.clone() };
    Some(match seen {
        Err(DataFault::GivenUp) => return None,
        Err(fault) => failed(DatasetState::Failed, fault.to_string()),
        Ok(seen) => match (&found.digest, seen.digest) {
            (Some(was), Some(is)) if *was != is => {
                let fault = format!("its content has the digest {is} now, and {was} was registered");
                failed(DatasetState::Changed, fault)
            }
            (_, digest) => Dataset {
                state: DatasetState::Ready,
                digest,
                quick: Some(seen.quick),
                files: seen.files,
                bytes: seen.bytes,
                fault: None,
                ..found
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Millis;

    fn dataset(state: DatasetState) -> Dataset {
        Dataset {
            id: DatasetId(1),
            name: "orders".to_owned(),
            project: None,
            text: String::new(),
            path: "/srv/orders".to_owned(),
            state,
            digest: None,
            quick: None,
            files: 0,
            bytes: 0,
            fault: Some("why".to_owned()),
            by: Actor::Engine,
            added: Millis(0),
            looked: None,
        }
    }

    fn seen(digest: &str) -> DataSeen {
        DataSeen { digest: Some(digest.to_owned()), quick: "q".to_owned(), files: 2, bytes: 9 }
    }

    #[test]
    fn the_first_reading_registers_and_later_ones_compare() {
        let first =
            told(dataset(DatasetState::Reading), Ok(seen("a"))).unwrap_or_else(|| dataset(DatasetState::Failed));
        assert_eq!(
            (first.state, first.digest.as_deref(), first.fault.as_deref()),
            (DatasetState::Ready, Some("a"), None)
        );
        let changed = told(first.clone(), Ok(seen("b"))).map(|one| (one.state, one.digest));
        assert_eq!(changed, Some((DatasetState::Changed, Some("a".to_owned()))), "what was registered stays known");
        let back = told(Dataset { state: DatasetState::Reading, ..first }, Ok(seen("a"))).map(|one| one.state);
        assert_eq!(back, Some(DatasetState::Ready));
        assert_eq!(told(dataset(DatasetState::Reading), Err(DataFault::GivenUp)), None);
    }

    #[test]
    fn only_what_is_as_registered_is_had_and_only_by_whom_it_is_for() {
        let of = |found: Option<Dataset>| usable(found, "orders", ProjectId(1)).map(|one| one.id);
        assert!(of(None).is_err_and(|why| why.contains("dogwatch dataset add orders PATH")));
        assert!(of(Some(dataset(DatasetState::Ready))).is_ok() && of(Some(dataset(DatasetState::Reading))).is_ok());
        let other = Dataset { project: Some(ProjectId(2)), ..dataset(DatasetState::Ready) };
        assert!(of(Some(other)).is_err_and(|why| why.contains("another project alone")));
        for state in [DatasetState::Changed, DatasetState::Failed] {
            assert!(of(Some(dataset(state))).is_err_and(|why| why.contains("why; `dogwatch dataset verify orders`")));
        }
    }
}
