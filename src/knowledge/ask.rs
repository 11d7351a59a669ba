//! What an agent asks of people, and what they answered. The run goes on meanwhile.

use super::field::Arguments;
use super::{Given, ToolFault, Who, limits};
use crate::domain::{Question, QuestionKind, QuestionState, bounded_facts, shortened};
use crate::store::{Ask, Tx, View};
use serde_json::{Value, json};

/// What the answers do.
const ANSWERS: &str = "the run goes on meanwhile; approve says yes, and a reason with it is the answer in words; deny says no and \
                       why; the agent's next prompt quotes it";

/// Asks people. What is asked already is not asked again.
pub(super) fn ask(tx: &Tx<'_>, who: Who, arguments: &Arguments) -> Given {
    let kind = arguments.text("kind").unwrap_or_default();
    let question = arguments.text("question").unwrap_or_default();
    let title = format!("the agent asks ({kind}): {}", shortened(&one_line(question), 120));
    let mut facts = vec![format!(
        "the agent of {} wrote what follows, in iteration {}; nobody has checked it",
        who.run, who.iteration
    )];
    facts.push(format!("it asks: {question}"));
    facts.extend(arguments.text("why").map(|why| format!("why, as it says: {why}")));
    let options = arguments.texts("options");
    facts.extend(options.iter().enumerate().map(|(place, option)| format!("it offers {}: {option}", place + 1)));
    facts.push(ANSWERS.to_owned());
    let facts = bounded_facts(&facts);
    let open = tx.questions_of(who.run)?.into_iter().filter(|one| one.kind == QuestionKind::Agent);
    if let Some(same) =
        open.into_iter().find(|one| one.state == QuestionState::Open && one.facts.get(1..) == facts.get(1..))
    {
        return Ok(asked(&same.id.to_string(), "asked already as"));
    }
    let (waiting, hourly, all) = tx.asked_by_agent(who.run, who.now.plus(-limits::HOUR))?;
    let reached = match () {
        () if waiting >= limits::WAITING => Some(format!("{} questions wait for an answer", limits::WAITING)),
        () if all >= limits::QUESTIONS => Some(format!("{} questions were asked in this run", limits::QUESTIONS)),
        () if hourly >= limits::HOURLY => Some(format!("{} questions were asked in the last hour", limits::HOURLY)),
        () => None,
    };
    if let Some(reached) = reached {
        return Err(ToolFault::refused(format!(
            "{reached}, which is the most: go on with what you know, and say in your work what you took for granted"
        )));
    }
    let id = tx.insert_question(&Ask {
        run: Some(who.run),
        iteration: who.iteration,
        kind: QuestionKind::Agent,
        title,
        facts,
        reached: Vec::new(),
        digest: None,
        deadline: None,
    })?;
    Ok(asked(&id.to_string(), "asked as"))
}

fn asked(id: &str, how: &str) -> Value {
    json!({
        "asked": id,
        "says": format!("{how} {id}; go on working: the answer will be in your next prompt, and in the tool `answers`"),
    })
}

/// What was asked in the run, and what people answered.
pub(super) fn answers(view: &View<'_>, who: Who) -> Given {
    let mut all = view.questions_of(who.run)?;
    all.retain(|one| one.kind == QuestionKind::Agent);
    let rows: Vec<Value> = all.iter().rev().take(20).map(told).collect();
    Ok(json!({ "questions": rows, "more": all.len() > 20 }))
}

fn told(question: &Question) -> Value {
    let answer = question.answer.as_ref().map(|answer| {
        json!({
            "yes": answer.approve, "words": shortened(&answer.reason, limits::LONG_TEXT), "at": answer.at.rfc3339(),
            "from": format!("the operator {}", shortened(answer.by.label(), 60)),
        })
    });
    let asked = question.facts.get(1).map(|fact| shortened(fact, limits::LONG_TEXT));
    json!({ "id": question.id.to_string(), "asked": asked, "state": question.state, "answer": answer })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
