//! The stream of changes: a snapshot, or what changed since a cursor, and then each change once it is committed. Changes are
//! read from the store when the client can take them, so a slow client gets fewer and newer ones, never a growing queue.

use super::Server;
use super::answer::size;
use super::brief::{briefly, newest};
use super::outbox::{Gone, Outbox};
use super::questions::shorten;
use crate::domain::{Question, QuestionState, RunId, RunState};
use crate::protocol::{Event, RunView, Snapshot};
use crate::sandbox::Sandbox;
use crate::store::{RunFilter, StoreError, View};

/// More changed runs than this are sent as a snapshot.
const MOST_CHANGED: usize = 500;
/// Runs in a snapshot: those that are not over, and with them the newest others up to so many.
const MOST_RUNS: usize = 1000;
/// Most runs in a snapshot that are not over.
const MOST_UNFINISHED: usize = 20_000;
/// Changed runs that are read at once, whole, before they are cut.
const PAGE: usize = 100;
/// Most questions in a snapshot; no run has more than one that waits.
const MOST_QUESTIONS: usize = 1000;
/// Bytes of one part of news, not counted what makes it full.
const PART: usize = 1024 * 1024;

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
                Ok(Some((snapshot, mut whole))) => {
                    let before = if whole { 0 } else { cursor.unwrap_or(0) };
                    cursor = Some(snapshot.cursor);
                    for part in parts(self.presented(snapshot), before) {
                        let event = if whole { Event::Snapshot(part) } else { Event::Changed(part) };
                        outbox.event(event).await?;
                        whole = false;
                    }
                }
                Ok(None) => {}
                // A stream that says nothing would look like an engine at which nothing happens.
                Err(error) => return outbox.end(error.into()).await,
            }
            tokio::select! {
                changed = commits.changed() => if changed.is_err() { return Ok(()) },
                () = outbox.closed() => return Err(Gone),
            }
        }
    }

    fn presented(&self, mut snapshot: Snapshot) -> Snapshot {
        for view in &mut snapshot.runs {
            view.note = self.note(&view.run);
        }
        for question in &mut snapshot.questions {
            shorten(question, PART);
        }
        snapshot
    }
}

/// One run or one question.
enum Item {
    Run(Box<RunView>),
    Question(Box<Question>),
}

/// Splits news so that each part fits into a line. All but the last carry the cursor `before`, so that a client that comes
/// back after half of them gets them all again.
fn parts(snapshot: Snapshot, before: u64) -> Vec<Snapshot> {
    let runs = snapshot.runs.into_iter().map(|run| (size(&run), Item::Run(Box::new(run))));
    let questions =
        snapshot.questions.into_iter().map(|question| (size(&question), Item::Question(Box::new(question))));
    let mut parts = Vec::new();
    let empty = Snapshot { cursor: before, more: snapshot.more, ..Snapshot::default() };
    let mut part = empty.clone();
    let mut bytes = 0;
    for (size, item) in runs.chain(questions) {
        if bytes >= PART {
            parts.push(std::mem::replace(&mut part, empty.clone()));
            bytes = 0;
        }
        bytes += size;
        match item {
            Item::Run(run) => part.runs.push(*run),
            Item::Question(question) => part.questions.push(*question),
        }
    }
    part.cursor = snapshot.cursor;
    parts.push(part);
    parts
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
        let alone = view.questions_touched_since(cursor)?;
        if runs.len() + alone.len() <= MOST_CHANGED {
            let mut questions = Vec::new();
            for id in alone {
                questions.extend(view.question(id)?);
            }
            let mut found = Vec::new();
            for ids in runs.chunks(PAGE) {
                let mut page = Vec::new();
                for id in ids {
                    questions.extend(view.questions_of(*id)?);
                    page.extend(view.run(*id)?);
                }
                found.extend(briefly(view, page)?);
            }
            return Ok(Some((Snapshot { cursor: now, runs: found, questions, more: false }, false)));
        }
    }
    let (runs, more) = shown(view, MOST_RUNS)?;
    let questions = view.questions(Some(QuestionState::Open), MOST_QUESTIONS)?;
    Ok(Some((Snapshot { cursor: now, runs, questions, more }, true)))
}

/// All runs that are not over, however old, and beside them the newest of the others, as long as there are not more than `most` in
/// all; and whether some are left out. What waits for a person or works is never behind what is done with.
fn shown(view: &View<'_>, most: usize) -> Result<(Vec<RunView>, bool), StoreError> {
    let (mut runs, left_out) = newest(view, &RunFilter { unfinished: true, ..RunFilter::default() }, MOST_UNFINISHED)?;
    let states = RunState::ALL.into_iter().filter(|state| state.is_final()).collect();
    let (over, older) = newest(view, &RunFilter { states, ..RunFilter::default() }, most.saturating_sub(runs.len()))?;
    runs.extend(over);
    Ok((runs, left_out || older))
}

#[cfg(test)]
mod tests {
    use super::{PART, parts, shown, size};
    use crate::audit::AuditEvent;
    use crate::domain::{Actor, ProjectId, Run, RunState};
    use crate::protocol::{RunView, Snapshot};
    use crate::store::{Options, Store, new_run_for_tests};

    fn snapshot(runs: usize) -> Snapshot {
        let mut run = new_run_for_tests(ProjectId(1));
        run.task = "x".repeat(10_000);
        let view = RunView::for_tests(run);
        let runs = (0..runs).map(|n| {
            let mut view = view.clone();
            view.run.id.0 = i64::try_from(n).unwrap();
            view
        });
        Snapshot { cursor: 9, runs: runs.collect(), questions: Vec::new(), more: false }
    }

    #[test]
    fn small_news_come_in_one_part() {
        for news in [snapshot(0), snapshot(3)] {
            assert_eq!(parts(news.clone(), 4), [news]);
        }
    }

    #[test]
    fn large_news_come_in_parts_of_which_the_last_moves_the_cursor() {
        let whole = snapshot(1000);
        let parts = parts(whole.clone(), 4);
        assert!(parts.len() > 5);
        let cursors: Vec<u64> = parts.iter().map(|part| part.cursor).collect();
        assert_eq!(cursors[cursors.len() - 1], 9);
        assert!(cursors[..cursors.len() - 1].iter().all(|cursor| *cursor == 4));
        assert!(parts.iter().all(|part| size(part) < PART + 20_000));
        assert_eq!(parts.into_iter().flat_map(|part| part.runs).collect::<Vec<_>>(), whole.runs);
    }

    #[tokio::test]
    async fn runs_that_are_not_over_are_told_however_many_newer_ones_are() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let (waits, over) = (RunState::AwaitingReview, RunState::Succeeded);
        store
            .write(move |tx| {
                let project = tx.insert_project("one", "/src")?;
                for state in [waits, over, RunState::Queued, over, over, over] {
                    tx.insert_run(&Run { state, ..new_run_for_tests(project.id) })?;
                }
                tx.record(AuditEvent::new(Actor::Engine, "test"))
            })
            .await
            .unwrap();
        for (most, wanted, more) in [
            (1, &[3, 1][..], true),
            (2, &[3, 1][..], true),
            (4, &[3, 1, 6, 5][..], true),
            (6, &[3, 1, 6, 5, 4, 2][..], false),
        ] {
            let (runs, older) = store.read(move |view| shown(view, most)).await.unwrap();
            let told: Vec<i64> = runs.iter().map(|view| view.run.id.0).collect();
            assert_eq!((told.as_slice(), older), (wanted, more), "at most {most}");
        }
    }
}
