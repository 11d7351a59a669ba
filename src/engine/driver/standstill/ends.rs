//! Turns that end badly again and again, and what an iteration ran out of: what a question says in its title.

use super::History;
use crate::domain::{Ending, Finding, Guidance, Iteration, Question, QuestionKind, QuestionState, Source};

/// Turns in a row that end in the same bad way before a person is asked.
const ENDS: usize = 3;

/// What the engine's own findings are called where something ran out.
const RAN_OUT: [&str; 4] = ["out_of_memory", "disk_full", "log_full", "spool_full"];

/// Why people are asked although the watchdog lets the run go on: its last turns all ended in the same bad way. In words that go on
/// from `and`.
pub(super) fn ended_badly(history: &History, present: u32) -> Option<String> {
    let since = told_at(&history.guidance, &history.questions);
    let mut turns: Vec<&Iteration> =
        history.iterations.iter().filter(|one| one.number > since && (1..=present).contains(&one.number)).collect();
    turns.sort_by_key(|one| one.number);
    let last: Vec<&str> = turns.iter().rev().take(ENDS).filter_map(|one| badly(one)).collect();
    let first = last.first()?;
    (last.len() == ENDS && last.iter().all(|one| one == first))
        .then(|| format!("the agent {first} in each of its last {ENDS} turns"))
}

/// How a turn ended, where that is bad.
fn badly(one: &Iteration) -> Option<&'static str> {
    match one.report.as_ref()?.ending {
        Ending::Silent => Some("fell silent"),
        Ending::Killed { oom: true } => Some("ran out of memory"),
        Ending::Overfull => Some("filled its disk"),
        _ => None,
    }
}

/// The iteration up to which people have said what should become of the run.
fn told_at(guidance: &[Guidance], questions: &[Question]) -> u32 {
    let guided = guidance.iter().filter_map(|one| one.applied_in).map(|applied| applied.saturating_sub(1));
    // One that was withdrawn: the run was redirected or taken back.
    let let_go = questions.iter().filter(|one| {
        let approved = one.answer.as_ref().is_some_and(|answer| answer.approve);
        one.kind == QuestionKind::Stuck && (approved || one.state == QuestionState::Withdrawn)
    });
    guided.chain(let_go.map(|one| one.iteration)).max().unwrap_or(0)
}

/// What ran out in the tests of an iteration, in the engine's own words.
pub(super) fn ran_out(findings: &[Finding]) -> Option<String> {
    let own = |one: &&Finding| one.source == Source::Harness && RAN_OUT.contains(&one.kind.as_str());
    let found = findings.iter().find(own)?;
    Some(found.message.lines().next().unwrap_or_default().chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finding, history, turn};
    use super::*;

    fn silent(number: u32) -> Iteration {
        turn(number, Some(Ending::Silent))
    }

    #[test]
    fn three_silent_turns_in_a_row_are_a_persons_business_and_two_are_not() {
        let mut told = history();
        told.iterations = vec![turn(0, None), turn(1, Some(Ending::Finished)), silent(2), silent(3)];
        assert_eq!(ended_badly(&told, 3), None);
        told.iterations.push(silent(4));
        assert_eq!(ended_badly(&told, 4).as_deref(), Some("the agent fell silent in each of its last 3 turns"));
        // Another end in between, and a repeated one of another kind.
        told.iterations.push(turn(5, Some(Ending::Killed { oom: true })));
        assert_eq!(ended_badly(&told, 5), None);
        told.iterations
            .extend([turn(6, Some(Ending::Killed { oom: true })), turn(7, Some(Ending::Killed { oom: true }))]);
        assert_eq!(ended_badly(&told, 7).as_deref(), Some("the agent ran out of memory in each of its last 3 turns"));
    }

    #[test]
    fn counting_begins_anew_once_people_have_spoken() {
        let mut told = history();
        told.iterations = (1..=5).map(silent).collect();
        assert!(ended_badly(&told, 5).is_some());
        told.guidance = vec![super::super::tests::guidance(4)];
        assert_eq!(ended_badly(&told, 5), None, "turns 4 and 5 are two");
        assert!(ended_badly(&told, 3).is_none());
        told.guidance.clear();
        // Asked after the third turn, and then taken back.
        told.questions = vec![Question {
            id: crate::domain::QuestionId(1),
            run: None,
            iteration: 3,
            kind: QuestionKind::Stuck,
            title: String::new(),
            facts: Vec::new(),
            reached: Vec::new(),
            sharing: Vec::new(),
            state: QuestionState::Withdrawn,
            asked: crate::domain::Millis(0),
            answer: None,
        }];
        assert_eq!(ended_badly(&told, 5), None);
        told.questions[0].state = QuestionState::Open;
        assert!(ended_badly(&told, 5).is_some());
    }

    #[test]
    fn only_the_engines_own_word_on_what_ran_out_counts() {
        let own = finding(Source::Harness, "out_of_memory", "the suite ran out of memory and was ended by signal 9");
        let said = finding(Source::Test, "out_of_memory", "no space left on device");
        assert_eq!(
            ran_out(&[said.clone(), own]).as_deref(),
            Some("the suite ran out of memory and was ended by signal 9")
        );
        assert_eq!(ran_out(&[said]), None);
    }
}
