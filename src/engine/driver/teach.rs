//! What a bug teaches that came back and was solved again.

use crate::audit::AuditEvent;
use crate::domain::{Actor, Bug, LONGEST_LESSON, LessonOrigin, ProjectId, RunId, TEACHES, shortened};
use crate::store::{StoreError, Tx};
use serde_json::json;

/// Most lessons of a project that bugs teach; people make room by removing some.
const MOST: usize = 100;
/// Runs that are named.
const NAMED: usize = 5;

/// Keeps what a bug teaches once enough runs of a project have solved it, once and for all.
pub(super) fn teach(tx: &Tx<'_>, project: ProjectId, bug: &Bug, patch: &str) -> Result<(), StoreError> {
    let mut runs = tx.solved_in(project, bug.id)?;
    if runs.len() < TEACHES || tx.has_taught(project, bug.id)? {
        return Ok(());
    }
    let taught = |lesson: &crate::domain::Lesson| matches!(lesson.origin, LessonOrigin::Bug { .. });
    if tx.lessons(Some(project), u32::MAX)?.iter().filter(|lesson| taught(lesson)).count() >= MOST {
        return Ok(());
    }
    let text = lesson(bug, &runs, patch);
    runs.drain(..runs.len().saturating_sub(NAMED));
    let origin = LessonOrigin::Bug { bug: bug.id, runs };
    let id = tx.insert_lesson(project, &text, &origin)?;
    let detail = json!({ "lesson": id, "origin": origin });
    tx.record(AuditEvent::new(Actor::Engine, "lesson.learned").project(project).detail(detail)).map(drop)
}

/// It in one line: what came back, and where it was repaired.
fn lesson(bug: &Bug, runs: &[RunId], patch: &str) -> String {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = one_line(bug.message.lines().next().unwrap_or_default());
    let kind = one_line(&bug.kind);
    let what = if message.starts_with(&kind) { message } else { format!("{kind}: {message}") };
    let what = shortened(&what, 200);
    // A repair begins with the name of the file that it changes most to the point.
    let place = patch.lines().next().map(one_line).filter(|path| !path.is_empty());
    let place = place.map(|path| format!(", the last time in {}", shortened(&path, 100))).unwrap_or_default();
    shortened(&format!("{what} came back and was repaired in {} runs{place}", runs.len()), LONGEST_LESSON)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::{Finding, Fingerprint, Severity, Solution, Source};
    use crate::store::{Options, Store, new_run_for_tests};

    fn finding() -> Finding {
        Finding {
            source: Source::Test,
            kind: "AssertionError".to_owned(),
            severity: Severity::Error,
            message: format!("590 == 690\n{}", "x".repeat(9_000)),
            test: None,
            location: None,
            stack: Vec::new(),
            exact: Fingerprint("a".repeat(32)),
            class: Fingerprint("b".repeat(32)),
            count: 1,
        }
    }

    #[test]
    fn a_bug_that_two_runs_of_a_project_solved_teaches_it_once_also_after_it_was_removed() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let told = store.write_sync(|tx| {
            let (shop, farm) = (tx.insert_project("shop", "/shop")?.id, tx.insert_project("farm", "/farm")?.id);
            tx.record(AuditEvent::new(Actor::Engine, "test"))?;
            let mut counts = Vec::new();
            for project in [shop, farm, shop, shop] {
                let run = tx.insert_run(&new_run_for_tests(project))?.id;
                let id = tx.join_bug(run, &finding())?;
                let (commit, summary) = ("c".repeat(40), "src/prices.py\n-1\n+2\n".to_owned());
                // Twice in one run is once.
                for iteration in 1..3 {
                    let solution =
                        Solution { run, iteration, commit: commit.clone(), summary: summary.clone(), at: tx.now() };
                    tx.insert_bug_solution(id, &solution)?;
                    let bug = tx.bug(id)?.unwrap();
                    teach(tx, project, &bug, &summary)?;
                }
                counts.push(tx.lessons(None, 10)?.len());
            }
            let lesson = tx.lessons(Some(shop), 10)?.remove(0);
            tx.remove_lesson(lesson.id)?;
            let bug = tx.bug(crate::domain::BugId(1))?.unwrap();
            teach(tx, shop, &bug, "")?;
            counts.push(tx.lessons(None, 10)?.len());
            Ok((counts, lesson))
        });
        let (counts, lesson) = told.unwrap();
        assert_eq!(counts, [0, 0, 1, 1, 0]);
        assert_eq!(
            lesson.text,
            "AssertionError: 590 == 690 came back and was repaired in 2 runs, the last time in src/prices.py"
        );
        let (bug, runs) = (crate::domain::BugId(1), vec![RunId(1), RunId(3)]);
        assert_eq!(lesson.origin, LessonOrigin::Bug { bug, runs });
        assert!(!lesson.is_from_people());
    }
}
