//! A run's plan: written by the agent before anything is changed, and settled by a person or by a rule.

use serde::{Deserialize, Serialize};

/// Whether a run writes a plan first, and how far that has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// None is wanted.
    #[default]
    None,
    /// One is written, and a person says whether the work may follow it.
    Ask,
    /// One is written, and the work follows it.
    Automatic,
    /// The work follows it.
    Settled,
}

impl Plan {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Ask, Self::Automatic, Self::Settled];

    /// Whether the next turn of the agent is about the plan.
    pub fn is_due(self) -> bool {
        matches!(self, Self::Ask | Self::Automatic)
    }
}

/// Most lines of a plan: a question has room for as many.
const MOST_LINES: usize = 800;
/// Most bytes of a line that a question shows whole.
const LONGEST_LINE: usize = 1200;

/// A plan cut to as much as a person is shown, so that nobody works by what nobody has read.
pub fn bounded_plan(text: &str) -> String {
    let lines = text.lines().count();
    if lines <= MOST_LINES {
        return text.to_owned();
    }
    let kept: Vec<&str> = text.lines().take(MOST_LINES).collect();
    format!("{}\n[cut here: {} more lines, a plan has room for {MOST_LINES}]\n", kept.join("\n"), lines - MOST_LINES)
}

/// A plan as the facts of a question: its lines, in pieces where they are longer than a fact may be.
pub fn plan_facts(text: &str) -> Vec<String> {
    let mut facts = Vec::new();
    for mut line in text.lines() {
        while line.len() > LONGEST_LINE {
            let (piece, rest) = line.split_at(line.floor_char_boundary(LONGEST_LINE));
            facts.push(piece.to_owned());
            line = rest;
        }
        facts.push(line.to_owned());
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bounded_facts;
    use proptest::prelude::*;

    proptest! {
        /// 16 KiB is what is taken of a plan at most.
        #[test]
        fn whatever_is_worked_by_was_shown(text in proptest::collection::vec("\\PC{0,3}|ä{0,900}|\n{0,900}", 0..20)) {
            let text = text.concat();
            let text = text.get(..text.floor_char_boundary(16 * 1024)).unwrap_or_default();
            let plan = bounded_plan(text);
            let facts: Vec<String> = plan_facts(&plan).into_iter().chain(["approve or deny".to_owned()]).collect();
            prop_assert_eq!(bounded_facts(&facts), facts.clone());
            let shown: String = facts[..facts.len() - 1].concat();
            prop_assert_eq!(shown, plan.lines().collect::<String>());
            prop_assert!(plan.lines().count() <= MOST_LINES + 1);
        }
    }

    #[test]
    fn a_plan_of_too_many_lines_says_so() {
        let plan = bounded_plan(&"x\n".repeat(900));
        assert!(plan.ends_with("x\n[cut here: 100 more lines, a plan has room for 800]\n"), "{plan}");
        assert_eq!(bounded_plan("1. read\n2. mend"), "1. read\n2. mend");
    }
}
