//! Which tools a run has: those of its role that have something to read.

use super::Tool;
use crate::domain::{Data, RoleRules, Tool as Part};
use std::collections::BTreeSet;

/// The tools of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toolset {
    tools: BTreeSet<Tool>,
    data: BTreeSet<Data>,
    suites: Vec<String>,
    /// The project's services; `None` where there can be no containers at all.
    services: Option<Vec<String>>,
}

impl Toolset {
    /// Those of a role.
    pub fn of(rules: &RoleRules) -> Self {
        let has = |tool: &Tool| {
            let (part, data) = needs(*tool);
            let either = *tool == Tool::Task && rules.tools.contains(&Part::Containers);
            (rules.tools.contains(&part) || either) && data.is_none_or(|data| rules.data.contains(&data))
        };
        Self {
            tools: Tool::ALL.into_iter().filter(has).collect(),
            data: rules.data.clone(),
            suites: Vec::new(),
            services: None,
        }
    }

    /// The same, for a project with these suites.
    pub fn with_suites(self, suites: Vec<String>) -> Self {
        Self { suites, ..self }
    }

    /// Those of them that are in this list.
    pub fn only(mut self, tools: &[Tool]) -> Self {
        self.tools.retain(|tool| tools.contains(tool));
        self
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

    /// The suites that there are to run.
    pub fn suites(&self) -> &[String] {
        &self.suites
    }

    /// The same, in a sandbox that can have containers beside the agent's own, for a project with these services.
    pub fn with_services(self, services: Vec<String>) -> Self {
        Self { services: Some(services), ..self }
    }

    /// The services whose images there are.
    pub fn services(&self) -> &[String] {
        self.services.as_deref().unwrap_or_default()
    }

    /// Why there are no containers to be had, where that is so.
    pub fn no_containers(&self) -> Option<&'static str> {
        self.services.is_none().then_some(
            "this engine's process sandbox cannot have containers beside yours: start what you need in your own, as a process",
        )
    }

    /// Whether there may be containers beside the agent's own.
    pub fn has_containers(&self) -> bool {
        self.has(Tool::ServiceStart) && self.services.is_some()
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
        Tool::RecordFinding | Tool::ReportCriterion | Tool::Notes => (Part::Record, None),
        Tool::AskOperator | Tool::Answers => (Part::Ask, None),
        Tool::Query => (Part::Query, None),
        Tool::RunTests | Tool::Task | Tool::Tasks => (Part::Tasks, None),
        Tool::ScheduledTests => (Part::Tasks, Some(Data::Tasks)),
        Tool::ServiceStart
        | Tool::ContainerRun
        | Tool::ContainerLogs
        | Tool::ContainerStop
        | Tool::ContainerList
        | Tool::ImageBuild => (Part::Containers, None),
        // Both parts have things to ask after.
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
        let only = |role: Role| Toolset::of(&role.rules()).only(&[Tool::ProposeExecution]).iter().collect::<Vec<_>>();
        assert_eq!((only(Role::Remedy), only(Role::Coder)), (vec![Tool::ProposeExecution], vec![]));
    }
}
