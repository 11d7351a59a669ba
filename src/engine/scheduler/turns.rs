//! What the scheduler does around the decision whose turn it is: sees how those stand that others follow, commits what
//! follows from it, and says why a run waits.

use crate::domain::{Millis, Need, Needs, Priority, ProjectId, Run, RunId, RunState};
use crate::engine::Engine;
use crate::engine::crash::Crashed;
use crate::engine::driver::CommitFault;
use crate::engine::machine::Event;
use crate::engine::ports::World;
use crate::engine::queue::{Line, Waiting};
use crate::engine::room::{Lack, processors};
use crate::store::StoreError;
use std::collections::{BTreeMap, BTreeSet};

/// How the note of a run begins that waits for its turn.
const TURN: &str = "waits for ";

impl<W: World> Engine<W> {
    /// How the runs stand that queued ones follow. A run that is over stays so, so what is decided from this cannot turn out
    /// wrong by the time it is committed.
    pub(super) async fn predecessors(&self, runs: &[Run]) -> Result<BTreeMap<RunId, (RunState, Millis)>, StoreError> {
        let queued = runs.iter().filter(|run| run.state == RunState::Queued);
        let wanted: BTreeSet<RunId> =
            queued.flat_map(|run| &run.after).filter(|one| one.need != Need::Waived).map(|one| one.run).collect();
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let wanted: Vec<RunId> = wanted.into_iter().collect();
        let found = self.store.read(move |view| view.states(&wanted)).await?;
        Ok(found.into_iter().map(|(run, state, at)| (run, (state, at))).collect())
    }

    /// Gives a queued run its turn. `false` when that was not committed.
    pub(super) async fn admit(&self, run: &Run) -> Result<bool, Crashed> {
        self.turn(run, Event::Admitted).await
    }

    /// Asks a person about a queued run whose predecessors did not succeed. `false` when that was not committed.
    pub(super) async fn block(&self, run: &Run, by: Vec<(RunId, RunState)>) -> Result<bool, Crashed> {
        self.turn(run, Event::Blocked { by }).await
    }

    async fn turn(&self, run: &Run, event: Event) -> Result<bool, Crashed> {
        let name = event.name();
        match self.commit(run.id, Some((run.state, run.iteration, run.attempt)), event, |_| Ok(())).await {
            Ok(_) => Ok(true),
            Err(CommitFault::Crashed) => Err(Crashed),
            Err(fault) => {
                tracing::warn!(run = %run.id, "not {name}: {fault:?}");
                Ok(false)
            }
        }
    }

    /// Says why a run waits, where that was not said yet.
    pub(super) fn note_wait(&self, run: RunId, why: &str) {
        if self.notes.get(run).as_deref() != Some(why) {
            self.notes.set(run, why);
            self.announce();
        }
    }

    /// The run has its place.
    pub(super) fn forget_place(&self, run: RunId) {
        if self.notes.get(run).is_some_and(|note| note.starts_with(TURN)) {
            self.notes.clear(run);
        }
    }

    /// Says where each run stands in the line.
    pub(super) fn note_line(&self, line: &Line, taken: &[(ProjectId, Needs)], now: Millis) {
        let used: Vec<Needs> =
            taken.iter().map(|(_, needs)| *needs).chain(line.start.iter().map(|one| one.needs)).collect();
        let sum = |of: fn(&Needs) -> u64| used.iter().map(of).fold(0, u64::saturating_add);
        let lack = match line.lack {
            None => return,
            Some(Lack::Places) => format!("a place: {} of {} taken", used.len(), self.room.runs),
            Some(Lack::Memory) => {
                let (used, most) = (sum(|needs| needs.memory_mib), self.room.memory_mib.most);
                format!("memory: {used} of {most} MiB taken")
            }
            Some(Lack::Processors) => {
                let (used, most) = (sum(|needs| needs.millicpus), self.room.millicpus.most);
                format!("processors: {} of {} taken", processors(used), processors(most))
            }
        };
        for (before, one) in line.wait.iter().enumerate() {
            let mut why = format!("{TURN}{lack}, {}", place(before));
            why.push_str(&wanted(one, now));
            self.note_wait(one.run, &why);
        }
    }
}

/// Why a run waits that follows others.
pub(super) fn follows(others: &[RunId]) -> String {
    let others: Vec<String> = others.iter().map(RunId::to_string).collect();
    format!("waits for {} to succeed", others.join(" and "))
}

fn place(before: usize) -> String {
    match before {
        0 => "next in line".to_owned(),
        1 => "1 run before it".to_owned(),
        more => format!("{more} runs before it"),
    }
}

/// A priority that is not the usual one, and what waiting has made of it.
fn wanted(one: &Waiting, now: Millis) -> String {
    let (priority, rank) = (one.priority, one.rank(now));
    match (priority, rank) {
        (Priority::Normal, Priority::Normal) => String::new(),
        _ if rank == priority => format!(", {} priority", priority.name()),
        _ => format!(", {} priority, which counts as {} after so long a wait", priority.name(), rank.name()),
    }
}
