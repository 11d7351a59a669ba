//! Which tools a run has: those of its role that have something to read.

use super::Tool;
use crate::domain::{Data, RoleRules, Tool as Part};
use std::collections::BTreeSet;

/// The tools of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toolset {
    tools: BTreeSet<Tool>,
    data: BTreeSet<Data>,
}

impl Toolset {
    /// Those of a role.
    pub fn of(rules: &RoleRules) -> Self {
        let has = |tool: &Tool| {
            let (part, data) = needs(*tool);
            rules.tools.contains(&part) && data.is_none_or(|data| rules.data.contains(&data))
        };
        Self { tools: Tool::ALL.into_iter().filter(has).collect(), data: rules.data.clone() }
    }

    /// Whether this one is among them.
    pub fn has(&self, tool: Tool) -> bool {
        self.tools.contains(&tool)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// Them.
    pub fn iter(&self) -> impl Iterator<Item = Tool> + '_ {
        self.tools.iter().copied()
    }

    /// What is read with them.
    pub fn data(&self) -> &BTreeSet<Data> {
        &self.data
    }
}

/// What a role must have for a tool.
fn needs(tool: Tool) -> (Part, Option<Data>) {
    match tool {
        Tool::SearchBugs | Tool::Bug => (Part::Search, Some(Data::Bugs)),
        Tool::Features => (Part::Search, Some(Data::Features)),
        Tool::Assets => (Part::Search, Some(Data::Assets)),
        Tool::Datasets => (Part::Search, Some(Data::Datasets)),
        Tool::RecordAttempt => (Part::Record, Some(Data::Bugs)),
        Tool::RecordFinding | Tool::Notes => (Part::Record, None),
        Tool::AskOperator | Tool::Answers => (Part::Ask, None),
        Tool::Query => (Part::Query, None),
        Tool::ProposeExecution | Tool::Proposals => (Part::Propose, Some(Data::Assets)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;

    #[test]
    fn a_role_has_the_tools_of_what_it_may_read() {
        let has = |role: Role, tool| Toolset::of(&role.rules()).has(tool);
        assert!(has(Role::Coder, Tool::SearchBugs) && has(Role::Coder, Tool::AskOperator));
        assert!(!has(Role::Coder, Tool::Assets) && has(Role::Remedy, Tool::Assets));
        assert!(!has(Role::Researcher, Tool::Bug) && has(Role::Researcher, Tool::Features));
        let mut rules = Role::Coder.rules();
        rules.tools.clear();
        assert!(Toolset::of(&rules).is_empty());
    }
}
