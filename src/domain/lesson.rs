//! What people and solved bugs teach about a project.

use super::{Actor, BugId, LessonId, Millis, ProjectId, RunId};
use serde::{Deserialize, Serialize};

/// Runs that must have solved a bug before it teaches anything.
pub const TEACHES: usize = 2;
/// Longest lesson in bytes.
pub const LONGEST_LESSON: usize = 400;

/// Where a lesson is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum LessonOrigin {
    /// A person wrote it.
    Operator {
        /// Who.
        by: Actor,
    },
    /// A bug that came back and was solved again, each time by the engine's own tests. Its words are those of tests and tools.
    Bug {
        /// Which.
        bug: BugId,
        /// The runs that solved it.
        runs: Vec<RunId>,
    },
}

/// One lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// Its id.
    pub id: LessonId,
    /// The project that it is about.
    pub project: ProjectId,
    /// It, in one line.
    pub text: String,
    /// Where it is from.
    pub origin: LessonOrigin,
    /// Who said it anew, so that the words are a person's.
    pub edited: Option<Actor>,
    /// When it came to be.
    pub added: Millis,
    /// When its words were changed last.
    pub changed: Millis,
}

impl Lesson {
    /// Whether a person stands for its words.
    pub fn is_from_people(&self) -> bool {
        self.edited.is_some() || matches!(self.origin, LessonOrigin::Operator { .. })
    }
}
