//! The stream of changes: a snapshot, or what changed since a cursor, and then each change once it is committed. Changes are
//! read from the store when the client can take them, so a slow client gets fewer and newer ones, never a growing queue.

use super::Server;
use super::connection::{Gone, Outbox};
use super::detail::runs_with;
use crate::domain::{QuestionState, RunId};
use crate::protocol::{Event, Snapshot};
use crate::sandbox::Sandbox;
use crate::store::{RunFilter, StoreError, View};

/// More changed runs than this are sent as a snapshot.
const MOST_CHANGED: usize = 500;

impl<S: Sandbox> Server<S> {
    pub(super) async fn watch(&self, since: Option<(String, u64)>, outbox: &Outbox) -> Result<(), Gone> {
        let mut commits = self.engine.commits();
        let mut cursor = since.filter(|(instance, _)| *instance == self.instance).map(|(_, cursor)| cursor);
        let mut noted = self.engine.notes.since(u64::MAX).0;
        loop {
            commits.mark_unchanged();
            let from = cursor;
            let (last, talking) = self.engine.notes.since(noted);
            noted = last;
            let news = self.engine.store.read(move |view| news(view, from, &talking)).await;
            match news {
                Ok(Some((snapshot, whole))) => {
                    let snapshot = self.with_notes(snapshot);
                    cursor = Some(snapshot.cursor);
                    let event = if whole { Event::Snapshot(snapshot) } else { Event::Changed(snapshot) };
                    outbox.event(event).await?;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!("a client's stream could not read the store: {error}"),
            }
            tokio::select! {
                changed = commits.changed() => if changed.is_err() { return Ok(()) },
                () = outbox.closed() => return Err(Gone),
            }
        }
    }

    fn with_notes(&self, mut snapshot: Snapshot) -> Snapshot {
        for view in &mut snapshot.runs {
            view.note = self.note(&view.run);
        }
        snapshot
    }
}

/// What a client at a cursor does not know: nothing, changes, or (`true`) everything.
/// `talking` are runs with new notes, which no cursor counts.
fn news(view: &View<'_>, cursor: Option<u64>, talking: &[RunId]) -> Result<Option<(Snapshot, bool)>, StoreError> {
    let now = view.audit_head()?;
    if let Some(cursor) = cursor.filter(|cursor| *cursor <= now) {
        let mut runs = view.runs_touched_since(cursor)?;
        runs.extend(talking.iter().filter(|run| !runs.contains(run)).copied().collect::<Vec<_>>());
        if cursor == now && runs.is_empty() {
            return Ok(None);
        }
        if runs.len() <= MOST_CHANGED {
            let mut questions = Vec::new();
            let mut found = Vec::new();
            for id in runs {
                questions.extend(view.questions_of(id)?);
                found.extend(view.run(id)?);
            }
            return Ok(Some((Snapshot { cursor: now, runs: runs_with(view, found)?, questions }, false)));
        }
    }
    let runs = view.runs(&RunFilter::default())?;
    let questions = view.questions(Some(QuestionState::Open))?;
    Ok(Some((Snapshot { cursor: now, runs: runs_with(view, runs)?, questions }, true)))
}
