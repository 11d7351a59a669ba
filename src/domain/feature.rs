//! What people want of a project, and what agents say of the criteria that it is judged by.

use super::{Actor, FeatureId, Millis, ProjectId, RunId, RunState};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// One thing that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// Its id.
    pub id: FeatureId,
    /// The project of which it is wanted.
    pub project: ProjectId,
    /// One line.
    pub title: String,
    /// What is wanted, and why.
    pub text: String,
    /// By what it is judged, one a line; their numbers are their places.
    pub criteria: Vec<String>,
    /// What whoever builds it should know.
    pub notes: String,
    /// Who added it.
    pub by: Actor,
    /// When.
    pub added: Millis,
    /// When its words were changed last.
    pub changed: Millis,
    /// Grows with each change of its words.
    pub version: i64,
    /// A person has closed it.
    pub closed: Option<FeatureClosed>,
}

/// That a person has closed a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureClosed {
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Millis,
}

/// How far a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureState {
    /// Nobody works on it.
    Open,
    /// A run of it is not over.
    InWork,
    /// A run of it has succeeded, so its work was delivered.
    Delivered,
    /// A person has closed it.
    Closed,
}

impl FeatureState {
    /// In a few words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InWork => "in work",
            Self::Delivered => "delivered",
            Self::Closed => "closed",
        }
    }
}

impl Feature {
    /// How far it is, by the states of its runs.
    pub fn state(&self, runs: &[RunState]) -> FeatureState {
        match () {
            () if self.closed.is_some() => FeatureState::Closed,
            () if runs.contains(&RunState::Succeeded) => FeatureState::Delivered,
            () if runs.iter().any(|state| !state.is_final()) => FeatureState::InWork,
            () => FeatureState::Open,
        }
    }

    /// The task of a run that is to build it, with what the operator adds. The criteria are the run's own.
    pub fn task(&self, more: &str) -> String {
        let mut task = format!("Feature {}: {}\n\n{}", self.id, self.title, self.text.trim_end());
        for (head, part) in [("Implementation notes", self.notes.as_str()), ("The operator adds", more)] {
            if !part.trim().is_empty() {
                let _infallible = write!(task, "\n\n{head}:\n\n{}", part.trim_end());
            }
        }
        task
    }
}

/// What an agent says of a criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fulfilment {
    /// Its work meets it.
    Met,
    /// Its work does not.
    Unmet,
    /// It cannot tell.
    Unclear,
}

impl Fulfilment {
    /// The words that stand for them.
    pub const NAMES: [&'static str; 3] = ["met", "unmet", "unclear"];

    /// The word that stands for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Unmet => "unmet",
            Self::Unclear => "unclear",
        }
    }

    /// The one that a word stands for.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Met, Self::Unmet, Self::Unclear].into_iter().find(|one| one.name() == word)
    }
}

/// What the agent of a run said of one criterion. It is the agent's word, and nothing follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionReport {
    /// The run whose agent it was.
    pub run: RunId,
    /// In which iteration.
    pub iteration: u32,
    /// The criterion's number in the run, from 1.
    pub number: u32,
    /// The criterion as it read then.
    pub criterion: String,
    /// What it said.
    pub verdict: Fulfilment,
    /// The same in its words.
    pub words: String,
    /// When.
    pub at: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature() -> Feature {
        Feature {
            id: FeatureId(3),
            project: ProjectId(1),
            title: "refunds".to_owned(),
            text: "Give money back.\n".to_owned(),
            criteria: vec!["within a day".to_owned()],
            notes: String::new(),
            by: Actor::Engine,
            added: Millis(1),
            changed: Millis(1),
            version: 1,
            closed: None,
        }
    }

    #[test]
    fn how_far_it_is_follows_from_its_runs_and_from_who_closed_it() {
        use RunState::{Cancelled, Failed, Paused, Succeeded, Testing};
        let mut feature = feature();
        let of = |feature: &Feature, runs: &[RunState]| feature.state(runs);
        assert_eq!(of(&feature, &[]), FeatureState::Open);
        assert_eq!(of(&feature, &[Failed, Cancelled]), FeatureState::Open, "who failed left it as it was");
        assert_eq!(of(&feature, &[Failed, Paused]), FeatureState::InWork);
        assert_eq!(of(&feature, &[Testing, Succeeded]), FeatureState::Delivered);
        feature.closed = Some(FeatureClosed { by: Actor::Engine, reason: "no".to_owned(), at: Millis(2) });
        assert_eq!(of(&feature, &[Testing, Succeeded]), FeatureState::Closed);
    }

    #[test]
    fn the_task_of_a_run_has_all_of_its_words() {
        let feature = Feature { notes: "see shop.py\n".to_owned(), ..feature() };
        assert_eq!(
            feature.task("begin with the tests"),
            "Feature f3: refunds\n\nGive money back.\n\nImplementation notes:\n\nsee shop.py\n\nThe operator adds:\n\nbegin with \
             the tests"
        );
        assert!(!feature.task(" ").contains("adds"));
    }
}
