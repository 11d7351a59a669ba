//! Tells people of a disk that has had no space for anything new for a while: by one question, which is withdrawn once there is space.

use crate::audit::AuditEvent;
use crate::domain::{Actor, QuestionId, QuestionKind, QuestionState, bounded_facts};
use crate::engine::Engine;
use crate::engine::ports::World;
use crate::store::{Ask, StoreError, Tx, View};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// So long a shortage may last before people are told.
const PATIENCE: Duration = Duration::from_mins(5);
/// What could not be recorded is tried again after this time.
const AGAIN: Duration = Duration::from_mins(1);

/// How long space has been short, and whether people know.
#[derive(Default)]
pub(super) struct Space {
    since: Option<Instant>,
    /// Whether a question stands; `None` where the store was not asked yet.
    told: Option<bool>,
    not_before: Option<Instant>,
}

impl<W: World> Engine<W> {
    /// Looks at the space, and asks or withdraws where it is time for it.
    pub(super) async fn look_at_space(&self, space: &mut Space) {
        let now = Instant::now();
        let shortage = self.store.shortage();
        match &shortage {
            None => space.since = None,
            Some(_) => {
                space.since.get_or_insert(now);
            }
        }
        let wanted = space.since.is_some_and(|since| now.duration_since(since) >= PATIENCE);
        // What an engine before this one asked stays until there is space.
        let settled = space.told == Some(wanted) || (space.told == Some(true) && shortage.is_some());
        if settled || (shortage.is_some() && !wanted) || space.not_before.is_some_and(|at| now < at) {
            return;
        }
        let done = match (shortage, space.told) {
            (Some(shortage), _) => self.store.write(move |tx| ask(tx, &shortage)).await,
            // Usually there is nothing to withdraw, and nothing is written for it.
            (None, None) => match self.store.read(standing).await {
                Ok(Some(_)) => self.store.write(|tx| withdraw(tx)).await,
                other => other.map(|_| false),
            },
            (None, Some(_)) => self.store.write(|tx| withdraw(tx)).await,
        };
        match done {
            Ok(changed) => {
                (space.told, space.not_before) = (Some(wanted), None);
                if changed {
                    self.announce();
                }
            }
            Err(error) => {
                space.not_before = Some(now + AGAIN);
                tracing::warn!("how the space on the disk is cannot be told to people: {error}");
            }
        }
    }
}

/// The question that stands.
fn standing(view: &View<'_>) -> Result<Option<QuestionId>, StoreError> {
    let open = view.questions(Some(QuestionState::Open), usize::MAX)?;
    Ok(open.into_iter().find(|one| one.kind == QuestionKind::Disk).map(|one| one.id))
}

fn ask(tx: &Tx<'_>, shortage: &str) -> Result<bool, StoreError> {
    if standing(tx)?.is_some() {
        return Ok(false);
    }
    let facts = [
        shortage.to_owned(),
        "no step begins and nothing is started on an asset until there is space; what works goes on".to_owned(),
        "free space: `dogwatch gc` removes what the policy lets go. The question goes by itself then".to_owned(),
    ];
    let question = tx.insert_question(&Ask {
        run: None,
        iteration: 0,
        kind: QuestionKind::Disk,
        title: "the disk is full, and everything waits".to_owned(),
        facts: bounded_facts(&facts),
        reached: Vec::new(),
        digest: None,
        deadline: None,
    })?;
    let detail = json!({ "cause": "disk", "shortage": shortage });
    tx.record(AuditEvent::new(Actor::Engine, "space.short").question(question).detail(detail))?;
    Ok(true)
}

fn withdraw(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let Some(question) = standing(tx)? else { return Ok(false) };
    tx.withdraw_question(question)?;
    tx.record(AuditEvent::new(Actor::Engine, "space.back").question(question))?;
    Ok(true)
}
