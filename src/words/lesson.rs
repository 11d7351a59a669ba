//! Lessons, for screens and the command line.

use crate::domain::{Lesson, LessonOrigin};
use crate::protocol::LessonView;
use crate::safe;
use crate::text::{SafeText, Style};

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

/// A lesson in full.
pub fn told(view: &LessonView) -> Vec<SafeText> {
    let lesson = &view.lesson;
    let quoted = if view.quoted {
        safe!("the next prompt of the project's runs quotes it")
    } else {
        safe!("prompts have no room for it: remove or shorten others where it matters more")
    };
    vec![
        safe!("{}", lesson.text).styled(Style::strong()),
        SafeText::empty(),
        safe!("from {}", from(lesson)),
        safe!("added at {}, last changed at {}", lesson.added, lesson.changed),
        quoted,
    ]
}
