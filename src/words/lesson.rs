//! Lessons, for screens and the command line.

use crate::domain::{Lesson, LessonOrigin};
use crate::safe;
use crate::text::SafeText;

/// Where a lesson is from.
pub fn from(lesson: &Lesson) -> SafeText {
    let from = match &lesson.origin {
        LessonOrigin::Operator { by } => safe!("{}", by),
        LessonOrigin::Bug { bug, runs } => {
            let runs: Vec<String> = runs.iter().map(ToString::to_string).collect();
            safe!("{} in {}", bug, runs.join(", "))
        }
    };
    match &lesson.edited {
        Some(by) => safe!("{}, said anew by {}", from, by),
        None => from,
    }
}
