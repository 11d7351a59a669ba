//! On what terms work goes on, where a redirect changes more than words can.

use super::{Budget, Guidance};
use serde::{Deserialize, Serialize};

/// What a person changes beside what they say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The agent that works from then on, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The model that it asks from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// So many more iterations may be spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u32>,
}

impl Terms {
    /// Nothing changes.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Somebody else works, or the same agent asks another model.
    pub fn change_hands(&self) -> bool {
        self.agent.is_some() || self.model.is_some()
    }

    /// What speaks against them, whatever the run.
    pub fn unfit(&self) -> Option<&'static str> {
        let empty = |name: &Option<String>| name.as_ref().is_some_and(|name| name.trim().is_empty());
        if empty(&self.agent) || empty(&self.model) {
            return Some("an agent or a model is changed by its name, which is not empty");
        }
        let more = self.iterations.is_none_or(|more| (1..=Budget::MOST_ITERATIONS).contains(&more));
        (!more).then_some("a run can be given 1 to 1,000 more iterations at a time")
    }
}

/// Terms that were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsFrom {
    /// The first iteration that they hold for.
    pub from: u32,
    /// They.
    #[serde(flatten)]
    pub terms: Terms,
}

/// Who works in an iteration by a run's guidance: an agent other than the run's own, and a model other than that agent's own.
/// Another agent begins with its own model.
pub fn hands(guidance: &[Guidance], iteration: u32) -> (Option<&str>, Option<&str>) {
    let taken = guidance.iter().filter_map(|one| one.terms.as_ref()).filter(|one| one.from <= iteration);
    taken.fold((None, None), |(agent, model), TermsFrom { terms, .. }| match (&terms.agent, &terms.model) {
        (Some(other), model) => (Some(other.as_str()), model.as_deref()),
        (None, Some(other)) => (agent, Some(other)),
        (None, None) => (agent, model),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, GuidanceState, Millis, RunId};

    fn told(number: u32, from: u32, agent: Option<&str>, model: Option<&str>) -> Guidance {
        let terms = Terms { agent: agent.map(str::to_owned), model: model.map(str::to_owned), iterations: None };
        Guidance {
            run: RunId(1),
            number,
            by: Actor::Engine,
            text: "go on".to_owned(),
            at: Millis(0),
            state: GuidanceState::Accepted,
            applied_in: None,
            live: None,
            terms: Some(TermsFrom { from, terms }),
        }
    }

    #[test]
    fn terms_hold_from_their_iteration_until_others_do() {
        let all = [
            told(1, 3, None, Some("large")),
            told(2, 5, Some("codex"), None),
            told(3, 7, None, Some("small")),
            told(4, 7, Some("claude"), Some("huge")),
            Guidance { terms: None, ..told(5, 0, None, None) },
        ];
        let at = |iteration| hands(&all, iteration);
        assert_eq!((at(2), at(3), at(4)), ((None, None), (None, Some("large")), (None, Some("large"))));
        assert_eq!((at(5), at(6)), ((Some("codex"), None), (Some("codex"), None)));
        assert_eq!((at(7), at(900)), ((Some("claude"), Some("huge")), (Some("claude"), Some("huge"))));
    }

    #[test]
    fn terms_without_sense_are_refused() {
        let more = |iterations| Terms { iterations: Some(iterations), ..Terms::default() };
        assert!(Terms::default().is_none() && Terms::default().unfit().is_none());
        assert!(more(1).unfit().is_none() && more(1000).unfit().is_none());
        assert!(more(0).unfit().is_some() && more(1001).unfit().is_some());
        let agent = Terms { agent: Some(" ".to_owned()), ..Terms::default() };
        assert!(agent.change_hands() && agent.unfit().is_some());
    }
}
