//! What is remembered of a history: a window of rounds since the last gain, counters, and the best that was reached. All of it
//! is bounded, however long the history is.

use super::event::Stage;
use super::facts::{Facts, Key};
use super::frontier::Best;
use super::marks::{Mark, Marks};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Most rounds that are held.
pub const WINDOW: usize = 64;
/// Most trees, flaky tests and hashes of tests that are remembered.
const MOST: usize = 4096;
/// Most signatures that redirects were about.
const OLD: usize = 8;

/// A round in the window.
#[derive(Debug, Clone)]
pub struct Held {
    pub n: u64,
    pub key: Key,
    pub errors: Marks,
    pub tree: Option<Mark>,
    pub patch: Option<Mark>,
    pub changed: Option<Vec<String>>,
}

/// What is known of the round before.
#[derive(Debug, Clone, Default)]
pub struct Before {
    pub tree: Option<Mark>,
    pub ledger: Option<Mark>,
    pub criteria: Option<Mark>,
    pub total: Option<u64>,
    pub passed: Option<u64>,
    pub failures: Option<u64>,
    pub stage: Option<Stage>,
}

/// What a redirect was about.
#[derive(Debug, Clone)]
pub struct Redirected {
    /// What failed when people gave new guidance, the last few times.
    pub old: Vec<Key>,
    /// Rounds that still go on whatever they show.
    pub grace: u32,
    /// How often it was seen after them.
    pub returns: Vec<u64>,
}

/// What was used since the last gain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    pub tokens: u64,
    pub usd: f64,
}

/// Everything that is remembered.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub best: Option<Best>,
    pub window: VecDeque<Held>,
    pub before: Before,
    /// Valid rounds since the last gain, the first measure among them.
    pub still: Vec<u64>,
    /// Rounds in a row that changed nothing, and those of them that claimed to be done.
    pub idle: Vec<u64>,
    pub idle_claimed: u32,
    /// Rounds since the last gain that changed the plan alone and were taken for work.
    pub plans: u32,
    /// Rounds in a row that are worse than the best.
    pub worse: Vec<u64>,
    /// Rounds since the last gain that came back to a tree.
    pub revisits: Vec<u64>,
    pub gains: u32,
    pub flaky: BTreeSet<Mark>,
    /// The most tests and skipped tests that a stage had.
    pub totals: BTreeMap<Stage, u64>,
    pub skipped: BTreeMap<Stage, u64>,
    /// Hashes of the tests that were not objected to.
    pub tests_hashes: VecDeque<Mark>,
    /// The one that was objected to last.
    pub doubted: Option<Mark>,
    pub redirected: Option<Redirected>,
    /// A person has spoken, and no round has ended since.
    pub spoken: bool,
    /// The last round that counted paused the run.
    pub paused: bool,
    /// Criteria that changed without a person, since the last gain.
    pub criteria_changes: u32,
    pub rollbacks: u32,
    /// Failures in an instant, in a row.
    pub instant: Vec<u64>,
    pub trees: BTreeMap<u64, Mark>,
    pub last_key: Option<Key>,
    pub spent: Spent,
}

impl State {
    /// Forgets what the rules count since the last gain.
    pub fn clear(&mut self) {
        self.window.clear();
        self.still.clear();
        self.idle.clear();
        self.idle_claimed = 0;
        self.plans = 0;
        self.worse.clear();
        self.revisits.clear();
        self.spent = Spent::default();
    }

    /// Takes a round into the window.
    pub fn hold(&mut self, facts: &Facts) {
        if self.window.len() == WINDOW {
            self.window.pop_front();
        }
        self.window.push_back(Held {
            n: facts.n,
            key: facts.key(),
            errors: facts.errors.clone(),
            tree: facts.tree,
            patch: facts.patch,
            changed: facts.changed.clone(),
        });
    }

    /// Leaves tests that were seen to be flaky out of everything that is compared.
    pub fn quarantine(&mut self, marks: impl IntoIterator<Item = Mark>) {
        let new: Marks = marks.into_iter().filter(|mark| !self.flaky.contains(mark)).take(MOST).collect();
        if new.is_empty() || self.flaky.len() + new.len() > MOST {
            return;
        }
        self.flaky.extend(new.iter());
        let clean = |marks: &mut Marks| *marks = marks.without(&new);
        for held in &mut self.window {
            clean(&mut held.key.failing);
        }
        if let Some(best) = &mut self.best {
            let known = best.tests.len();
            clean(&mut best.tests);
            let gone = (known - best.tests.len()) as u64;
            best.failures = best.failures.saturating_sub(gone);
        }
        if let Some(redirected) = &mut self.redirected {
            redirected.old.iter_mut().for_each(|key| clean(&mut key.failing));
        }
        if let Some(key) = &mut self.last_key {
            clean(&mut key.failing);
        }
    }

    /// Remembers what a round left, for the one after it and for rollbacks.
    pub fn remember(&mut self, facts: &Facts) {
        let before = &mut self.before;
        before.tree = facts.tree.or(before.tree);
        before.ledger = facts.ledger.or(before.ledger);
        before.criteria = facts.criteria.or(before.criteria);
        before.total = facts.total.or(before.total);
        before.passed = facts.passed.or(before.passed);
        before.failures = facts.failures.or(before.failures);
        before.stage = Some(facts.stage);
        self.last_key = Some(facts.key());
        if let Some(tree) = facts.tree {
            self.trees.insert(facts.n, tree);
            if self.trees.len() > MOST {
                self.trees.pop_first();
            }
        }
    }

    /// Takes the counts and the hash of the tests for what later rounds are held to. More skipped tests are taken only where
    /// nothing was won by them.
    pub fn accept(&mut self, facts: &Facts, gained: bool) {
        let most = |all: &mut BTreeMap<Stage, u64>, number: Option<u64>| {
            if let Some(number) = number {
                let known = all.entry(facts.stage).or_default();
                *known = (*known).max(number);
            }
        };
        most(&mut self.totals, facts.total);
        let nothing_won = facts.failures.zip(self.before.failures).is_none_or(|(now, before)| now >= before);
        if gained || nothing_won {
            most(&mut self.skipped, facts.skipped);
        }
        self.know_tests(facts.tests_hash);
    }

    /// Takes a hash of the tests for one that nobody objects to.
    pub fn know_tests(&mut self, hash: Option<Mark>) {
        if let Some(hash) = hash.filter(|hash| !self.tests_hashes.contains(hash)) {
            if self.tests_hashes.len() == WINDOW {
                self.tests_hashes.pop_front();
            }
            self.tests_hashes.push_back(hash);
        }
    }

    /// A person spoke: the counting begins anew, with a few rounds of grace, but what it was about is kept.
    pub fn speak(&mut self, grace: u32) {
        let mut old = self.redirected.take().map(|redirected| redirected.old).unwrap_or_default();
        if let Some(key) = self.last_key.clone().filter(|key| !key.failing.is_empty() && !old.contains(key)) {
            old.push(key);
        }
        let surplus = old.len().saturating_sub(OLD);
        old.drain(..surplus);
        self.clear();
        self.redirected = Some(Redirected { old, grace, returns: Vec::new() });
        let doubted = self.doubted.take();
        self.know_tests(doubted);
    }
}

/// Adds a round to a list that stays bounded.
pub fn add(list: &mut Vec<u64>, n: u64) {
    if list.len() >= MOST {
        list.remove(0);
    }
    list.push(n);
}
