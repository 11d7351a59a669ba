//! Trees by the engine's own git. Every call runs on a thread for blocking work.

mod port;
#[cfg(test)]
mod tests;

use crate::domain::{Project, ProjectId};
use crate::engine::ports::{Places, TreeFault};
use crate::workspace::{Repo, WorkspaceError};
use std::path::PathBuf;
use tokio::task::spawn_blocking;

/// Engine-owned repositories and the trees of steps.
#[derive(Debug, Clone)]
pub struct GitTrees {
    repos: PathBuf,
    places: Places,
    owner: (u32, u32),
}

impl From<WorkspaceError> for TreeFault {
    fn from(error: WorkspaceError) -> Self {
        Self(error.to_string())
    }
}

impl GitTrees {
    /// Trees over the repositories in `repos`; checkouts belong to `owner`.
    pub fn new(repos: PathBuf, places: Places, owner: (u32, u32)) -> Self {
        Self { repos, places, owner }
    }

    /// Brings a project's source up to date and resolves a revision (its HEAD by default) to a commit.
    pub async fn fetch(&self, project: &Project, revision: Option<String>) -> Result<String, TreeFault> {
        let (repos, id, source) = (self.repos.clone(), project.id, project.source.clone());
        blocking(move || {
            let repo = Repo::fetch(&repos, id, &source)?;
            Ok(repo.resolve(revision.as_deref())?)
        })
        .await
    }

    /// Runs a job on the project's repository.
    pub async fn with_repo<T: Send + 'static>(
        &self,
        project: ProjectId,
        job: impl FnOnce(&Repo) -> Result<T, WorkspaceError> + Send + 'static,
    ) -> Result<T, TreeFault> {
        let repos = self.repos.clone();
        blocking(move || Ok(job(&Repo::open(&repos, project)?)?)).await
    }

    /// The checkout's owner where it is not this process itself.
    fn new_owner(&self) -> Option<(u32, u32)> {
        rustix::process::geteuid().is_root().then_some(self.owner)
    }
}

async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, TreeFault> + Send + 'static,
) -> Result<T, TreeFault> {
    spawn_blocking(job).await.map_err(|error| TreeFault(format!("a worker failed: {error}")))?
}
