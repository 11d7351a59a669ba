//! The switch by which a person keeps every agent from models, until a person lets them again.

use super::{Actor, Millis, ProjectId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// That models are stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelStop {
    /// Who stopped them.
    pub by: Actor,
    /// Why; may be empty.
    pub reason: String,
    /// Since when.
    pub at: Millis,
}

/// Where models are stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelStops {
    /// For everybody.
    pub all: Option<ModelStop>,
    /// For projects.
    pub projects: BTreeMap<i64, ModelStop>,
}

impl ModelStops {
    /// What keeps a project from models.
    pub fn of(&self, project: ProjectId) -> Option<&ModelStop> {
        self.all.as_ref().or_else(|| self.projects.get(&project.0))
    }

    /// Puts one in the place of what was there, or lifts it; gives what was there.
    pub fn set(&mut self, project: Option<ProjectId>, stop: Option<ModelStop>) -> Option<ModelStop> {
        match (project, stop) {
            (None, stop) => std::mem::replace(&mut self.all, stop),
            (Some(project), Some(stop)) => self.projects.insert(project.0, stop),
            (Some(project), None) => self.projects.remove(&project.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_for_all_holds_for_each_and_one_of_a_project_outlives_it() {
        let stop = |reason: &str| Some(ModelStop { by: Actor::Engine, reason: reason.to_owned(), at: Millis(1) });
        let mut stops = ModelStops::default();
        assert_eq!((stops.set(None, stop("all")), stops.set(Some(ProjectId(2)), stop("two"))), (None, None));
        assert_eq!(stops.of(ProjectId(1)).map(|stop| stop.reason.as_str()), Some("all"));
        assert_eq!(stops.set(None, None), stop("all"));
        assert_eq!((stops.of(ProjectId(1)), stops.of(ProjectId(2))), (None, stop("two").as_ref()));
        assert_eq!((stops.set(Some(ProjectId(2)), None), stops.set(Some(ProjectId(2)), None)), (stop("two"), None));
        assert_eq!(stops, ModelStops::default());
    }
}
