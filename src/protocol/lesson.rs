//! What clients ask about lessons, and what they are told.

use crate::domain::{Lesson, LessonId};
use serde::{Deserialize, Serialize};

/// What is asked about lessons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum LessonAsk {
    /// Them, newest first.
    List {
        /// Only those of this project, by name or id.
        project: Option<String>,
    },
    /// Add one.
    Add {
        /// The project's name or id.
        project: String,
        /// It, in one line.
        text: String,
    },
    /// Say one anew.
    Edit {
        /// Which.
        lesson: LessonId,
        /// It, in one line.
        text: String,
    },
    /// Remove one.
    Remove {
        /// Which.
        lesson: LessonId,
    },
}

/// A lesson as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonView {
    /// It.
    pub lesson: Lesson,
    /// The name of its project.
    pub project: String,
    /// The next prompt of a run of its project quotes it.
    pub quoted: bool,
}
