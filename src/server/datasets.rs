//! The registry of data sets.

use super::Server;
use super::answer::not_found;
use super::detail::blocking;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Dataset, DatasetId, DatasetState, LONGEST_DATASET_NAME, Millis, is_dataset_name};
use crate::protocol::{DatasetAsk, DatasetView, Fault, FaultCode, Reply};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, View};
use serde_json::json;
use std::path::PathBuf;

/// Most that are kept.
const MOST: usize = 500;
/// Longest text in bytes.
const TEXT: usize = 8 * 1024;

impl<S: Sandbox> Server<S> {
    pub(super) async fn about_datasets(&self, ask: DatasetAsk, you: Actor) -> Result<Reply, Fault> {
        match ask {
            DatasetAsk::List => self.datasets(None).await,
            DatasetAsk::One { name } => self.datasets(Some(name)).await,
            DatasetAsk::Add { name, path, project, text } => self.add_dataset(name, path, (project, text), you).await,
            DatasetAsk::Verify { name } => {
                let wanted = name.clone();
                let asked = self.engine.store.write(move |tx| {
                    if tx.dataset(&wanted)?.is_none() {
                        return Ok(false);
                    }
                    tx.read_dataset_again(&wanted)?;
                    let detail = json!({ "dataset": wanted });
                    tx.record(AuditEvent::new(you, "dataset.verified").detail(detail))?;
                    Ok(true)
                });
                if !asked.await? {
                    return Err(not_found("data set", name));
                }
                self.engine.tell();
                self.datasets(Some(name)).await
            }
            DatasetAsk::Remove { name } => {
                let reply = self.datasets(Some(name.clone())).await?;
                let wanted = name.clone();
                let removed = self.engine.store.write(move |tx| {
                    let Some(old) = tx.dataset(&wanted)? else { return Ok(false) };
                    tx.remove_dataset(&wanted)?;
                    let detail = json!({ "dataset": wanted, "path": old.path, "digest": old.digest });
                    tx.record(AuditEvent::new(you, "dataset.removed").detail(detail))?;
                    Ok(true)
                });
                if removed.await? { Ok(reply) } else { Err(not_found("data set", name)) }
            }
        }
    }

    async fn datasets(&self, name: Option<String>) -> Result<Reply, Fault> {
        let wanted = name.clone();
        let found = self.engine.store.read(move |view| listed(view, wanted.as_deref())).await?;
        if let (true, Some(name)) = (found.is_empty(), name) {
            return Err(not_found("data set", name));
        }
        let told = found.into_iter().map(|(dataset, project)| {
            let read = self.engine.reading(dataset.id);
            DatasetView { dataset, project, read }
        });
        Ok(Reply::Datasets { datasets: told.collect() })
    }

    async fn add_dataset(
        &self,
        name: String,
        path: String,
        (project, text): (Option<String>, String),
        by: Actor,
    ) -> Result<Reply, Fault> {
        if !is_dataset_name(&name) {
            return Err(refused(format!(
                "a data set's name has 1 to {LONGEST_DATASET_NAME} of a-z, 0-9, - _ and ., a letter or digit first: it becomes a \
                 directory under /datasets"
            )));
        }
        if text.len() > TEXT {
            return Err(refused(format!("the text may have at most {TEXT} bytes")));
        }
        let project = match project {
            Some(project) => Some(self.find_project(&project).await?.id),
            None => None,
        };
        let given = PathBuf::from(&path);
        if !given.is_absolute() {
            return Err(refused(format!("{path} is not absolute: say where it lies from / on")));
        }
        let shown = self.engine.world.may_be_shown(given);
        let real = blocking(shown).await?.map_err(|error| refused(error.to_string()))?;
        let Some(path) = real.to_str().map(str::to_owned) else {
            return Err(refused("its path is no UTF-8, so it cannot be mounted".to_owned()));
        };
        let added = self.engine.store.write(move |tx| {
            if tx.datasets()?.len() >= MOST {
                return Ok(Err(refused(format!("{MOST} data sets are registered, which is the most: remove some"))));
            }
            let new = Dataset {
                id: DatasetId(0),
                name,
                project,
                text,
                path,
                state: DatasetState::Reading,
                digest: None,
                quick: None,
                files: 0,
                bytes: 0,
                fault: None,
                by: by.clone(),
                added: Millis(0),
                looked: None,
            };
            tx.insert_dataset(&new)?;
            let detail = json!({ "dataset": new.name, "path": new.path, "for": new.project });
            tx.record(AuditEvent::new(by, "dataset.added").detail(detail))?;
            Ok(Ok(new.name))
        });
        let name = added.await??;
        self.engine.tell();
        self.datasets(Some(name)).await
    }
}

fn refused(message: String) -> Fault {
    Fault { code: FaultCode::Refused, message }
}

type Listed = Vec<(Dataset, Option<String>)>;

/// All, or the one of a name, with the name of the only project that may have it.
fn listed(view: &View<'_>, name: Option<&str>) -> Result<Listed, StoreError> {
    let found = match name {
        Some(name) => view.dataset(name)?.into_iter().collect(),
        None => view.datasets()?,
    };
    let with = |dataset: Dataset| {
        let project = dataset.project.map(|project| view.project(project)).transpose()?.flatten();
        Ok((dataset, project.map(|project| project.name)))
    };
    found.into_iter().map(with).collect()
}
