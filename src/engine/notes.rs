//! The last word on what each run is doing: pull progress, which suite runs. Kept in memory only.

use crate::domain::RunId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Longest note in characters.
const LONGEST: usize = 300;

/// One note a run, numbered in the order of writing.
#[derive(Debug, Default)]
pub struct Notes(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    notes: HashMap<RunId, (u64, String)>,
}

impl Notes {
    /// Replaces the run's note.
    pub fn set(&self, run: RunId, text: &str) {
        let mut kept = self.lock();
        kept.last += 1;
        let note = (kept.last, text.chars().take(LONGEST).collect());
        kept.notes.insert(run, note);
    }

    /// The run's note.
    pub fn get(&self, run: RunId) -> Option<String> {
        self.lock().notes.get(&run).map(|(_, text)| text.clone())
    }

    /// The number of the last note, and the runs whose notes came after another number.
    pub fn since(&self, number: u64) -> (u64, Vec<RunId>) {
        let kept = self.lock();
        let runs = kept.notes.iter().filter(|(_, (at, _))| *at > number).map(|(run, _)| *run);
        (kept.last, runs.collect())
    }

    /// Forgets the run's note.
    pub fn clear(&self, run: RunId) {
        self.lock().notes.remove(&run);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
