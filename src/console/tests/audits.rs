//! What the console shows of an audit: that one goes on, and the question where the auditor does not agree.

use super::*;
use crate::domain::{Audit, Usage};

#[test]
fn pictures_of_an_audit() {
    let mut app = busy();
    let mut audited = run(3, RunState::Reviewing, "Fix the rounding of totals");
    audited.run.audit = true;
    audited.note = Some("iteration 3: codex audits the result".to_owned());
    let words =
        "disagree\nthe test of the total asks for less than before: tests/test_totals.py:13\n\nround() hides it\n";
    let used = Usage { tokens: 7_100, microusd: 21_300 };
    let audit = Audit::new(Some(words), "codex".to_owned(), Some("large".to_owned()), used);
    let asks = Question {
        kind: QuestionKind::Audit,
        title: "iteration 3 passes, and its auditor disagrees: shall it count?".to_owned(),
        facts: audit.facts(),
        ..question(1, 2)
    };
    app.hear(News::Changed(Snapshot { cursor: 10, runs: vec![audited], questions: vec![asks], more: false }));
    insta::assert_snapshot!("audit-at-work", picture(&mut app, 80, 24, LOOK));
    press(&mut app, "2");
    insta::assert_snapshot!("audit-question", picture(&mut app, 120, 36, LOOK));
    insta::assert_snapshot!("audit-question-mono", picture(&mut app, 80, 24, Look { colour: false, unicode: false }));
}
