//! How the findings of a run went from one tested iteration to the next.

use super::{StoreError, View};
use crate::domain::{Fingerprint, RunId};
use std::collections::BTreeMap;

/// How a run's findings moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Movements {
    /// For each tested iteration: how many findings came, went and stayed since the tested one before.
    pub by: BTreeMap<u32, (u32, u32, u32)>,
    /// The findings of the last tested iteration, and from which one on each was there without a break.
    pub since: BTreeMap<Fingerprint, u32>,
}

impl View<'_> {
    /// How the findings of a run moved.
    pub fn movements(&self, run: RunId) -> Result<Movements, StoreError> {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut found = Movements::default();
        for number in self.tested(run)? {
            let now = self.fingerprints(run, number)?;
            let before = std::mem::take(&mut found.since);
            let (there, all) = (now.iter().filter(|one| before.contains_key(one)).count(), now.len());
            found.by.insert(number, (count(all - there), count(before.len() - there), count(there)));
            found.since = now
                .into_iter()
                .map(|one| {
                    let since = before.get(&one).copied().unwrap_or(number);
                    (one, since)
                })
                .collect();
        }
        Ok(found)
    }
}
