//! What agents used their tools for, and what people register for them to read.

use super::Server;
use super::answer::not_found;
use super::features::said_of;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Entry, EntryKind, RunId};
use crate::knowledge::standing;
use crate::protocol::{Fault, FaultCode, NoteView, Reply, ToolsUsed};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, View};
use serde_json::json;

/// Most uses in one answer, the newest.
const MOST_CALLS: u32 = 500;
/// Most notes in one answer. A run has no more.
const MOST_NOTES: u32 = 200;
/// Most tasks in one answer, the newest. Each has bounded texts.
const MOST_TASKS: u32 = 200;
/// Most that may be registered.
const MOST_ENTRIES: usize = 500;
/// Longest name in bytes.
const LONGEST_NAME: usize = 200;
/// Longest text in bytes.
const LONGEST_TEXT: usize = 8 * 1024;

impl<S: Sandbox> Server<S> {
    pub(super) async fn tools_used(&self, run: RunId) -> Result<Reply, Fault> {
        self.engine.load(run).await?;
        let used = self.engine.store.read(move |view| used(view, run)).await?;
        Ok(Reply::Tools { used: Box::new(used) })
    }

    pub(super) async fn tasks(&self, run: Option<RunId>) -> Result<Reply, Fault> {
        if let Some(run) = run {
            self.engine.load(run).await?;
        }
        let mut tasks = self.engine.store.read(move |view| view.tasks(run, MOST_TASKS + 1)).await?;
        let more = tasks.len() > MOST_TASKS as usize;
        tasks.drain(..usize::from(more));
        Ok(Reply::Tasks { tasks, more })
    }

    pub(super) async fn entries(&self) -> Result<Reply, Fault> {
        let most = u32::try_from(MOST_ENTRIES).unwrap_or(u32::MAX);
        let all = move |view: &View<'_>| view.entries(EntryKind::Dataset, None, most);
        Ok(Reply::Entries { entries: self.engine.store.read(all).await? })
    }

    pub(super) async fn add_entry(
        &self,
        kind: EntryKind,
        project: Option<String>,
        (name, text): (String, String),
        you: Actor,
    ) -> Result<Reply, Fault> {
        fit(&name, &text).map_err(|message| Fault { code: FaultCode::Refused, message })?;
        let project = match project {
            Some(project) => Some(self.find_project(&project).await?.id),
            None => None,
        };
        let added = self.engine.store.write(move |tx| {
            if tx.entries(kind, None, u32::MAX)?.len() >= MOST_ENTRIES {
                let message = format!("{MOST_ENTRIES} entries are registered, which is the most: remove some first");
                return Err(StoreError::Refused(message));
            }
            let id = tx.insert_entry(kind, project, (&name, &text), &you)?;
            let detail = json!({ "entry": id, "kind": kind, "name": name });
            let event = AuditEvent::new(you, "entry.added").detail(detail);
            tx.record(if let Some(project) = project { event.project(project) } else { event })?;
            Ok(tx.entry(id)?.into_iter().collect())
        });
        Ok(Reply::Entries { entries: added.await.map_err(refused)? })
    }

    pub(super) async fn remove_entry(&self, entry: i64, you: Actor) -> Result<Reply, Fault> {
        let removed: Result<Entry, StoreError> = self
            .engine
            .store
            .write(move |tx| {
                let removed = tx.remove_entry(entry)?;
                let detail = json!({ "entry": entry, "kind": removed.kind, "name": removed.name });
                tx.record(AuditEvent::new(you, "entry.removed").detail(detail))?;
                Ok(removed)
            })
            .await;
        match removed {
            Ok(removed) => Ok(Reply::Entries { entries: vec![removed] }),
            Err(StoreError::Missing { .. }) => Err(not_found("entry", entry)),
            Err(error) => Err(error.into()),
        }
    }
}

fn refused(error: StoreError) -> Fault {
    match error {
        StoreError::Refused(message) => Fault { code: FaultCode::Refused, message },
        error => error.into(),
    }
}

fn used(view: &View<'_>, run: RunId) -> Result<ToolsUsed, StoreError> {
    let notes = view.notes(run, MOST_NOTES)?.into_iter();
    let notes = notes.map(|note| {
        let standing = standing(view, &note)?;
        Ok(NoteView { note, standing })
    });
    Ok(ToolsUsed {
        uses: view.tool_uses(run)?,
        calls: view.tool_calls(run, MOST_CALLS)?,
        notes: notes.collect::<Result<_, StoreError>>()?,
        criteria: said_of(view.run(run)?.map(|run| run.criteria).unwrap_or_default(), &view.criterion_reports(run)?),
    })
}

fn fit(name: &str, text: &str) -> Result<(), String> {
    if name.trim().is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(format!("the name must be one line of 1 to {LONGEST_NAME} bytes"));
    }
    if text.trim().is_empty() || text.len() > LONGEST_TEXT {
        return Err(format!("the text must have 1 to {LONGEST_TEXT} bytes: put what is longer into the repository"));
    }
    Ok(())
}
