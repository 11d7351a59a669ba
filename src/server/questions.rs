//! Questions as lists and streams carry them. A run waits for each, so none is ever left out for its size: one with more facts
//! than fit is carried with fewer of them, and says so.

use super::answer::{MOST_LISTED, size};
use crate::domain::{Question, shortened};
use crate::protocol::{LONGEST_LINE, Reply};

/// A list of questions, oldest first. The oldest are left out where there are too many.
pub(super) fn listed(mut questions: Vec<Question>) -> Reply {
    let left_out = questions.len().saturating_sub(MOST_LISTED);
    questions.drain(..left_out);
    let most = LONGEST_LINE / 2;
    if questions.iter().map(size).sum::<usize>() > most {
        let share = most / questions.len().max(1);
        for question in &mut questions {
            shorten(question, share);
        }
    }
    Reply::Questions { questions, more: left_out > 0 }
}

/// Cuts a question so that it takes at most so many bytes in a line, which must be some thousands. The last fact says what the
/// answers do and stays.
pub(super) fn shorten(question: &mut Question, most: usize) {
    if size(question) <= most {
        return;
    }
    // A byte takes at most six in JSON.
    let text = most / 32;
    question.title = shortened(&question.title, text);
    if let Some(answer) = &mut question.answer {
        answer.reason = shortened(&answer.reason, text);
    }
    let Some(last) = question.facts.pop() else { return };
    let all = question.facts.len();
    let mut left = most / 4;
    let mut kept: Vec<String> = Vec::new();
    for fact in &question.facts {
        let fact = shortened(fact, text);
        let Some(rest) = left.checked_sub(size(&fact) + 1) else { break };
        left = rest;
        kept.push(fact);
    }
    if kept.len() < all {
        let more = all - kept.len();
        kept.push(format!("and {more} more; `dogwatch approvals show {}` shows as many as fit", question.id));
    }
    kept.push(shortened(&last, text));
    question.facts = kept;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, Answer, Millis, QuestionId, QuestionKind, QuestionState, RunId};

    fn question(id: i64, facts: Vec<String>) -> Question {
        Question {
            id: QuestionId(id),
            run: Some(RunId(id)),
            iteration: 1,
            kind: QuestionKind::Review,
            title: "someone should look".to_owned(),
            facts,
            reached: Vec::new(),
            sharing: Vec::new(),
            state: QuestionState::Open,
            asked: Millis(0),
            answer: None,
        }
    }

    fn of(reply: &Reply) -> (&[Question], bool) {
        let Reply::Questions { questions, more } = reply else { panic!("{reply:?}") };
        (questions, *more)
    }

    #[test]
    fn no_question_is_left_out_for_its_size() {
        let large = || vec!["x".repeat(100_000); 300];
        let mut facts = large();
        facts.push("approve counts it as done".to_owned());
        let reply = listed(vec![question(1, vec!["why".to_owned()]), question(2, facts), question(3, large())]);
        let (questions, more) = of(&reply);
        assert_eq!(questions.iter().map(|one| one.id.0).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(!more && size(&reply) < LONGEST_LINE, "{} bytes", size(&reply));
        assert_eq!(questions[0].facts, ["why"]);
        let [.., count, last] = &questions[1].facts[..] else { panic!("too few facts") };
        assert!(count.contains(" more; `dogwatch approvals show q2`"), "{count}");
        assert_eq!(last, "approve counts it as done");
    }

    #[test]
    fn what_fits_stays_whole() {
        let whole = vec![question(1, vec!["x".repeat(50_000); 10]), question(2, Vec::new())];
        assert_eq!(of(&listed(whole.clone())), (&whole[..], false));
    }

    #[test]
    fn the_worst_thousand_questions_fit_into_one_line() {
        // A control character has six bytes in JSON.
        let worst = "\u{1}".repeat(64 * 1024);
        let mut one = question(1, vec![worst.clone(); 20]);
        one.title.clone_from(&worst);
        one.answer = Some(Answer { approve: true, reason: worst, by: Actor::Engine, at: Millis(0) });
        let share = LONGEST_LINE / 2 / MOST_LISTED;
        shorten(&mut one, share);
        assert!(size(&one) <= share, "{} of {share} bytes", size(&one));
        let many = (0..1_200).map(|n| Question { id: QuestionId(n), ..one.clone() }).collect();
        let reply = listed(many);
        let (questions, more) = of(&reply);
        assert_eq!((questions.len(), questions[0].id.0, more), (MOST_LISTED, 200, true));
    }
}
