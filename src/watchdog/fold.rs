//! The fold itself: takes one event after the other and says what each round comes to.

use super::class;
use super::event::{Event, Round};
use super::facts::Facts;
use super::frontier::Best;
use super::marks::mark;
use super::names::test_name;
use super::rules::{self, View};
use super::state::{State, add};
use super::thresholds::Thresholds;
use super::verdict::{Found, Level, Rule, Verdict};

/// Changes of the criteria without a person that let the counting begin anew, between two gains.
const REWRITES: u32 = 2;
/// Rollbacks that do, between two gains. Who rolls back and does the same again is still in the same place.
const ROLLBACKS: u32 = 1;

/// Reads the history of one run.
#[derive(Debug, Clone, Default)]
pub struct Watchdog {
    limits: Thresholds,
    state: State,
    /// The last round, and what was known before it.
    last: Option<(u64, Box<State>)>,
    restarted: bool,
}

impl Watchdog {
    /// With these thresholds, at the beginning of a run.
    pub fn new(limits: Thresholds) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The best round so far.
    pub fn best(&self) -> Option<u64> {
        self.state.best.as_ref().map(|best| best.n)
    }

    /// Takes what happened next. A round gives a verdict.
    pub fn take(&mut self, event: &Event) -> Option<Verdict> {
        match event {
            Event::Iteration(round) => return Some(self.round(round)),
            Event::Redirect => {
                self.state.speak(self.limits.grace);
                self.state.spoken = true;
            }
            Event::EngineRestart => {
                self.restarted = true;
                return None;
            }
            Event::Rollback { to } => self.roll_back(*to),
        }
        self.last = None;
        None
    }

    fn roll_back(&mut self, to: u64) {
        let state = &mut self.state;
        state.before.tree = state.trees.get(&to).copied();
        state.before.ledger = None;
        if state.paused {
            // A person chose it, knowing where the run stands.
            state.speak(self.limits.grace);
        } else if state.rollbacks < ROLLBACKS {
            state.clear();
        }
        state.worse.clear();
        state.rollbacks = state.rollbacks.saturating_add(1);
    }

    fn round(&mut self, round: &Round) -> Verdict {
        // The engine was killed after it knew of this round, and tells it again.
        if let Some((n, before)) = self.last.take()
            && self.restarted
            && n == round.n
        {
            self.state = *before;
        }
        self.restarted = false;
        let before = Box::new(self.state.clone());
        let verdict = self.judge(round);
        self.last = Some((round.n, before));
        verdict
    }

    fn judge(&mut self, round: &Round) -> Verdict {
        let disagreeing = round.rerun_disagrees.iter().flatten().map(|name| mark(&test_name(name)));
        self.state.quarantine(disagreeing);
        if let Some(why) = class::neutral(round) {
            return self.neutral(round, why);
        }
        self.state.instant.clear();
        let facts = Facts::of(round, &self.state.flaky, self.state.before.stage);
        let (level, rule, evidence) = match self.valid(round, &facts) {
            Ok(found) => (found.level, Some(found.rule), found.evidence),
            Err((level, evidence)) => (level, None, evidence),
        };
        self.state.remember(&facts);
        self.state.spoken = false;
        self.state.paused = level.pauses();
        Verdict { n: round.n, level, rule, evidence }
    }

    fn neutral(&mut self, round: &Round, why: &str) -> Verdict {
        let state = &mut self.state;
        if class::instant(round) {
            add(&mut state.instant, round.n);
        } else if !class::passes(round) {
            state.instant.clear();
        }
        let times = state.instant.len();
        if state.instant.last() == Some(&round.n) && times >= self.limits.instant as usize {
            let evidence = format!("{times} turns in a row failed in an instant, without a token: {why}");
            return Verdict { n: round.n, level: Level::Escalate, rule: Some(Rule::Instant), evidence };
        }
        Verdict { n: round.n, level: Level::Neutral, rule: None, evidence: why.to_owned() }
    }

    /// What a round that counts comes to: by a rule, or by none.
    fn valid(&mut self, round: &Round, facts: &Facts) -> Result<Found, (Level, String)> {
        let rewritten = self.criteria(facts);
        let doubt = rules::false_progress(&self.state, facts, rewritten);
        if let Some(found) = doubt.as_ref().filter(|found| found.level == Level::Escalate) {
            add(&mut self.state.still, facts.n);
            self.state.doubted = facts.tests_hash;
            return Ok(found.clone());
        }
        if rewritten {
            if self.state.criteria_changes < REWRITES {
                self.state.clear();
            }
            self.state.criteria_changes = self.state.criteria_changes.saturating_add(1);
        }
        let gained = self.frontier(facts);
        if !gained {
            self.count(facts);
        }
        self.state.accept(facts, gained);
        let spent = &mut self.state.spent;
        spent.tokens = spent.tokens.saturating_add(round.tokens.unwrap_or(0));
        spent.usd += round.cost_usd.unwrap_or(0.0);
        if facts.green && facts.n > 0 {
            return Err((Level::Done, format!("nothing fails at {}", facts.stage.name())));
        }
        let grace = self.grace(facts);
        if gained {
            let evidence = standing(facts);
            return doubt.ok_or((Level::Ok, evidence));
        }
        let view = View { state: &self.state, facts, limits: &self.limits };
        match rules::judge(view) {
            Some(found) if grace && found.level == Level::Stuck => {
                let evidence = format!("{}; new guidance was just given, so it goes on", found.evidence);
                Ok(Found::new(Level::Warn, found.rule, evidence))
            }
            Some(found) => Ok(found),
            None => doubt.ok_or_else(|| (Level::Ok, standing(facts))),
        }
    }

    /// Whether the criteria were changed and no person had spoken. Where one had, the goal is another one.
    fn criteria(&mut self, facts: &Facts) -> bool {
        let state = &mut self.state;
        let changed = facts.criteria.zip(state.before.criteria).is_some_and(|(now, before)| now != before);
        if changed && (state.spoken || state.paused) {
            state.clear();
            state.best = None;
            state.totals.clear();
            state.skipped.clear();
            state.tests_hashes.clear();
            state.redirected = None;
            state.criteria_changes = 0;
            return false;
        }
        changed
    }

    /// Compares with the best that there was; whether this is better.
    fn frontier(&mut self, facts: &Facts) -> bool {
        let state = &mut self.state;
        let Some(failures) = facts.failures else { return false };
        let first = state.best.is_none();
        let better = state.best.as_ref().is_none_or(|best| best.is_beaten_by(facts.stage, failures));
        if !better || !first && rules::less_is_tested(state, facts) {
            return false;
        }
        if first {
            // The first measure is no gain over anything, so it counts; the base is not the agent's work.
            if facts.n > 0 {
                add(&mut state.still, facts.n);
            }
        } else {
            state.clear();
            state.gains = state.gains.saturating_add(1);
            state.rollbacks = 0;
            state.criteria_changes = 0;
            state.redirected = None;
        }
        state.best = Some(Best { n: facts.n, stage: facts.stage, failures, tests: facts.tests.clone() });
        if facts.n > 0 {
            state.hold(facts);
        }
        true
    }

    /// Counts a round that brought no gain.
    fn count(&mut self, facts: &Facts) {
        let state = &mut self.state;
        add(&mut state.still, facts.n);
        match &state.best {
            Some(best) if best.beats(facts.stage, facts.failures) => add(&mut state.worse, facts.n),
            _ => state.worse.clear(),
        }
        let unchanged = match (facts.tree, state.before.tree) {
            (Some(now), Some(before)) => now == before,
            _ => facts.empty,
        };
        let planned = facts.ledger.zip(state.before.ledger).is_some_and(|(now, before)| now != before);
        if !unchanged {
            state.idle.clear();
            state.idle_claimed = 0;
        } else if planned && state.plans < self.limits.plans {
            // A round that changed the plan alone is no work on the tree, so what fails there says nothing new.
            state.plans += 1;
            return;
        } else {
            add(&mut state.idle, facts.n);
            state.idle_claimed = if facts.claims { state.idle_claimed.saturating_add(1) } else { 0 };
        }
        let key = facts.key();
        if !unchanged
            && facts.tree.is_some()
            && state.window.iter().any(|held| held.tree == facts.tree && held.key == key)
        {
            add(&mut state.revisits, facts.n);
        }
        state.hold(facts);
    }

    /// Whether the round is one of those after a redirect that go on whatever they show; counts what comes back after them.
    fn grace(&mut self, facts: &Facts) -> bool {
        let Some(redirected) = &mut self.state.redirected else { return false };
        if redirected.grace > 0 {
            redirected.grace -= 1;
            return true;
        }
        let key = facts.key();
        if !key.failing.is_empty() && redirected.old.contains(&key) {
            add(&mut redirected.returns, facts.n);
        }
        false
    }
}

/// Where a round stands, in words.
fn standing(facts: &Facts) -> String {
    match facts.failures {
        Some(0) if facts.only_flaky => "only tests that come out differently on the same tree fail".to_owned(),
        Some(failures) => format!("{failures} left at {}", facts.stage.name()),
        None => "nothing to measure by".to_owned(),
    }
}
