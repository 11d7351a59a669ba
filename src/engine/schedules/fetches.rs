//! Asking a project's source what is to be tested, for so long only. A fetch that does not end cannot be ended from here, so it keeps a
//! thread; hence one at a time for each project, or a clock that strikes each minute would take all threads in a night.

use crate::domain::ProjectId;
use crate::engine::ports::TreeFault;
use std::collections::HashMap;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long a source may take to answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// Whose turn it is, by project.
#[derive(Debug, Default)]
pub(in crate::engine) struct Fetches(SyncMutex<HashMap<ProjectId, Arc<Mutex<()>>>>);

impl Fetches {
    /// Waits for the end of a fetch, but not for ever; it goes on by itself then.
    pub async fn in_time<T, F>(&self, project: ProjectId, fetch: F) -> Result<T, TreeFault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, TreeFault>> + Send + 'static,
    {
        let turn = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(project).or_default());
        let fetched = async {
            let turn = turn.lock_owned().await;
            let task = tokio::spawn(async move {
                let done = fetch.await;
                drop(turn);
                done
            });
            task.await.map_err(|error| TreeFault(format!("a worker failed: {error}")))?
        };
        timeout(PATIENCE, fetched).await.unwrap_or_else(|_| {
            let minutes = PATIENCE.as_secs() / 60;
            Err(TreeFault(format!(
                "its source has not answered for {minutes} minutes: is its machine, or its disk, there?"
            )))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_source_that_does_not_answer_is_not_asked_again_and_again() {
        let (fetches, asked) = (Fetches::default(), Arc::new(AtomicU32::new(0)));
        let hangs = || {
            let asked = Arc::clone(&asked);
            async move {
                asked.fetch_add(1, Ordering::Relaxed);
                std::future::pending::<Result<(), TreeFault>>().await
            }
        };
        let begun = Instant::now();
        for _ in 0..3 {
            let words = fetches.in_time(ProjectId(1), hangs()).await.unwrap_err().0;
            assert!(words.contains("not answered for 2 minutes"), "{words}");
        }
        assert_eq!((begun.elapsed(), asked.load(Ordering::Relaxed)), (PATIENCE * 3, 1));
        assert_eq!(fetches.in_time(ProjectId(2), async { Ok(7) }).await.unwrap(), 7, "another project is asked");
    }
}
