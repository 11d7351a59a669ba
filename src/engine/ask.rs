//! What operators ask of a run: pause, resume, redirect, cancel, rollback, answers.

use super::Engine;
use super::asked::asking;
use super::crash::Crashed;
use super::driver::{CommitFault, Halt, meant, part};
use super::machine::{Event, Refused};
use super::ports::World;
use crate::domain::{Actor, Question, QuestionId, QuestionKind, QuestionState, Run, RunId};
use crate::store::{StoreError, Tx};

/// Longest text that a person may give, in bytes. It is kept in the audit log as it is, whose records end at 64 KiB; a byte
/// may become six there.
pub(super) const LONGEST: usize = 8 * 1024;

/// Why something that was asked for was not done.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The machine refuses.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// No such thing.
    #[error("there is no {what} {id}")]
    Missing {
        /// What was asked for.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// A text is too long.
    #[error(
        "the text has {found} bytes, at most {most} are kept: shorten it, or put the rest into a file of the repository"
    )]
    TooLong {
        /// Its length in bytes.
        found: usize,
        /// How many would be taken.
        most: usize,
    },
    /// The request cannot be met as it is.
    #[error("{0}")]
    Unfit(String),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The engine is going down.
    #[error("the engine is going down")]
    Down,
}

impl From<Crashed> for AskError {
    fn from(_: Crashed) -> Self {
        Self::Down
    }
}

impl<W: World> Engine<W> {
    /// Commits an operator's event and makes the run's driver look again.
    pub async fn ask(&self, id: RunId, event: Event) -> Result<Run, AskError> {
        self.ask_and(id, event, |_| Ok(())).await
    }

    /// The same with something beside it, in the same transaction.
    async fn ask_and(
        &self,
        id: RunId,
        event: Event,
        also: impl FnOnce(&Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Run, AskError> {
        if let Event::Redirect { text, .. } | Event::Answer { reason: text, .. } | Event::Cancel { reason: text, .. } =
            &event
            && text.len() > LONGEST
        {
            return Err(AskError::TooLong { found: text.len(), most: LONGEST });
        }
        let mut back = matches!(event, Event::Rollback { .. });
        if let Event::Redirect { terms, .. } = &event
            && terms.change_hands()
        {
            back = true;
            let run = self.load(id).await?;
            if let Some(why) = self.hindrance(&run, terms).await? {
                return Err(AskError::Unfit(format!("{id} stays as it is: {why}")));
            }
        }
        let result = self.commit(id, None, event, also).await;
        self.ring(id);
        match result {
            // No driver looks at a run again that an answer ended.
            Ok(run) if run.state.is_final() => self.tidy(&run).await.map(|()| run).map_err(|Crashed| AskError::Down),
            // Nor at one that was taken back and asks before it goes on: its agent must not work meanwhile.
            Ok(run) if back && run.state.awaits_person() => {
                match self.sweep(&run).await {
                    Ok(()) => {}
                    Err(Halt::Crashed) => return Err(AskError::Down),
                    Err(halt) => self.note(id, &format!("what it had under way is not gone yet: {halt:?}")),
                }
                Ok(run)
            }
            Ok(run) => Ok(run),
            Err(CommitFault::Refused(refused)) => Err(refused.into()),
            Err(CommitFault::Store(StoreError::Missing { what, id })) => Err(AskError::Missing { what, id }),
            Err(CommitFault::Store(error)) => Err(error.into()),
            Err(CommitFault::Moved) => Err(AskError::Unfit("the run changed meanwhile: try again".to_owned())),
            Err(CommitFault::Crashed) => Err(AskError::Down),
        }
    }

    /// Answers an open question, on which whoever answers saw these runs waiting.
    pub async fn answer(
        &self,
        id: QuestionId,
        approve: bool,
        (reason, shown): (String, Vec<RunId>),
        by: Actor,
    ) -> Result<Run, AskError> {
        let question = self.open_question(id).await?;
        if matches!(question.kind, QuestionKind::Execution | QuestionKind::Outcome | QuestionKind::Glass) {
            return Err(Refused::Incomplete(
                "this is about a live asset: `dogwatch approvals ls` names the proposal, decide that",
            )
            .into());
        }
        if question.kind == QuestionKind::Disk {
            return Err(Refused::Incomplete("no answer makes room: free space, and the question goes by itself").into());
        }
        if matches!(question.kind, QuestionKind::Agent | QuestionKind::Egress) {
            return self.answer_beside(&question, approve, reason, by).await;
        }
        let one = if approve { asking(&question)? } else { meant(&question, &shown)? };
        let event = Event::Answer { question: id, kind: question.kind, approve, reason, by: by.clone() };
        let also = move |tx: &Tx<'_>| if approve { Ok(()) } else { part(tx, (id, one), &shown, &by) };
        let run = self.ask_and(one, event, also).await?;
        self.wake_sharing(run.id, id).await?;
        Ok(run)
    }

    /// Lets a run that asks about the caps of a day wait for the next one.
    pub async fn await_day(&self, id: QuestionId, by: Actor) -> Result<Run, AskError> {
        let question = self.open_question(id).await?;
        let run = asking(&question)?;
        let event = Event::AwaitDay { question: id, reached: question.reached, by };
        self.ask(run, event).await
    }

    pub(super) async fn open_question(&self, id: QuestionId) -> Result<Question, AskError> {
        let question = self.store.read(move |view| view.question(id)).await?;
        let question = question.ok_or_else(|| AskError::Missing { what: "question", id: id.to_string() })?;
        if question.state != QuestionState::Open {
            return Err(Refused::NotOpen { question: id }.into());
        }
        Ok(question)
    }

    /// Takes a run back to the iteration that came farthest.
    pub async fn roll_back_to_best(&self, id: RunId, by: Actor) -> Result<Run, AskError> {
        let run = self.load(id).await?;
        let best = self.best_of(&run).await?.ok_or_else(|| {
            AskError::Unfit(format!("no iteration of {id} is known to be the best one: name the one to go back to"))
        })?;
        self.roll_back(id, best, by).await
    }

    /// Takes a run back to the checkpoint of an iteration.
    pub async fn roll_back(&self, id: RunId, iteration: u32, by: Actor) -> Result<Run, AskError> {
        let commit = self.checkpoint(id, iteration).await?;
        self.ask(id, Event::Rollback { by, iteration, commit }).await
    }

    /// The commit that an iteration ended with; the base for iteration 0.
    pub async fn checkpoint(&self, id: RunId, iteration: u32) -> Result<String, AskError> {
        let found = self.store.read(move |view| view.iteration(id, iteration)).await?;
        let found = found.ok_or_else(|| AskError::Missing { what: "iteration", id: format!("{iteration} of {id}") })?;
        if iteration == 0 {
            return Ok(found.base);
        }
        found.commit.ok_or_else(|| AskError::Unfit(format!("iteration {iteration} of {id} has no checkpoint yet")))
    }
}
