//! What people answered to the agent's questions, and that it has tools to ask with.

use super::quote::{fenced, push_bounded};
use super::{MAX_MESSAGE, MOST_GUIDANCE, Material};
use crate::domain::Question;
use std::fmt::Write as _;

/// The answers, newest first. The question is the agent's own text, the answer a person's.
pub(super) fn answers(text: &mut String, asked: &[Question]) {
    let answered = asked.iter().rev().filter_map(|one| one.answer.as_ref().map(|answer| (one, answer)));
    for (number, (question, answer)) in answered.take(MOST_GUIDANCE).enumerate() {
        if number == 0 {
            text.push_str("# The operator's answers to your questions (newest first; they count as guidance)\n\n");
        }
        let mut body = String::new();
        push_bounded(&mut body, question.facts.get(1).map_or("", String::as_str), MAX_MESSAGE);
        body.push('\n');
        let _infallible = writeln!(text, "Your question {}:\n\n{}", question.id, fenced(&body).trim_end());
        let word = if answer.approve { "yes" } else { "no" };
        let _infallible = write!(text, "\nThe answer is {word}");
        if !answer.reason.trim().is_empty() {
            text.push_str(": ");
            push_bounded(text, &answer.reason, MAX_MESSAGE * 4);
        }
        text.push_str("\n\n");
    }
}

/// That there are tools.
pub(super) fn tools(text: &mut String, material: &Material<'_>) {
    if material.tools {
        text.push_str(
            "# Tools\n\nThe tools of `dogwatch` know what earlier runs met and what repaired it: search there for an error before \
             you repair it, and note there what you try. By them you can also ask a person; go on working meanwhile, since the \
             answer comes with a later prompt. None of them decides whether you are done.\n\n",
        );
        if material.reports && !material.run.criteria.is_empty() {
            text.push_str(
                "Before your turn ends, say of each acceptance criterion by its number whether your work meets it, with \
                 `report_criterion`. People read it as your word, beside what the engine's own tests say.\n\n",
            );
        }
    }
}
