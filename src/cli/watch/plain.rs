//! `dogwatch watch --plain`: a line for each event, for screen readers, dumb terminals and files. No cursor, no colour, and
//! nothing twice: what is known is told only when it changes.

use crate::cli::context::{Context, Failure};
use crate::client::ClientError;
use crate::domain::{Millis, Question, QuestionId, QuestionState, RunId, RunState};
use crate::protocol::{Event, Request, RunView, Snapshot};
use crate::safe;
use crate::text::SafeText;
use crate::words;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often an engine is looked for that went away.
const LOOK: Duration = Duration::from_millis(500);

/// Tells what happens until it is interrupted. `unicode` says whether the terminal has more than ASCII.
pub async fn perform(mut context: Context, unicode: bool) -> Result<i32, Failure> {
    let mut told = Told::default();
    let mut cursor = None;
    loop {
        let since = cursor.clone();
        let client = context.client().await?;
        let instance = client.welcome().instance.clone();
        client.ask(Request::Watch { since }).await?;
        loop {
            let event = match context.client().await?.event().await {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(0),
                Err(ClientError::Broken(_)) => break,
                Err(error) => return Err(error.into()),
            };
            let (snapshot, whole) = match event {
                Event::Snapshot(snapshot) => (snapshot, true),
                Event::Changed(snapshot) => (snapshot, false),
                _ => continue,
            };
            cursor = Some((instance.clone(), snapshot.cursor));
            say(&mut context, told.news(&snapshot, whole, words::now()), unicode)?;
        }
        say(&mut context, vec![safe!("The engine went away; runs in containers go on. Looking for it.")], unicode)?;
        await_engine(&mut context).await?;
        say(&mut context, vec![safe!("The engine is back.")], unicode)?;
    }
}

fn say(context: &mut Context, lines: Vec<SafeText>, unicode: bool) -> Result<(), Failure> {
    let plain = |line: SafeText| if unicode { line.unstyled() } else { line.in_ascii() };
    let lines: Vec<SafeText> = lines.into_iter().map(plain).collect();
    if lines.is_empty() { Ok(()) } else { context.say_all(&lines) }
}

/// Looks for an engine until one answers. None is started: somebody may have stopped it.
async fn await_engine(context: &mut Context) -> Result<(), Failure> {
    loop {
        if context.running().await?.is_some() {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What was told last.
#[derive(Debug, Default)]
struct Told {
    runs: BTreeMap<RunId, (RunState, u32)>,
    questions: BTreeSet<QuestionId>,
    /// What was there before anything happened is being told.
    begun: bool,
    /// Whether anything of it was worth a line.
    busy: bool,
}

impl Told {
    /// Lines for what is new in this.
    fn news(&mut self, snapshot: &Snapshot, whole: bool, now: Millis) -> Vec<SafeText> {
        let first = whole && !self.begun;
        let mut lines = Vec::new();
        for view in &snapshot.runs {
            lines.extend(self.run(view, first));
        }
        for question in &snapshot.questions {
            lines.extend(self.question(question));
        }
        self.busy |= !lines.is_empty();
        // Large news come in parts, of which only the last has a place in the audit log.
        if !self.begun && snapshot.cursor > 0 {
            self.begun = true;
            if !self.busy {
                return vec![safe!("The engine is up; no runs are at work. What happens will be told here.")];
            }
        }
        if self.begun && !first {
            lines.into_iter().map(|line| safe!("{} {}", clock(now), line)).collect()
        } else {
            lines
        }
    }

    fn run(&mut self, view: &RunView, first: bool) -> Option<SafeText> {
        let run = &view.run;
        let before = self.runs.insert(run.id, (run.state, run.iteration));
        if before == Some((run.state, run.iteration)) {
            return None;
        }
        if run.state.is_final() {
            // One that was over before is no news.
            let news = before.is_some_and(|(state, _)| !state.is_final()) || (before.is_none() && self.begun && !first);
            let why = if run.reason.is_empty() { SafeText::empty() } else { safe!(": {}", run.reason) };
            return news.then(|| safe!("{} has ended: {}{}", run.id, run.state.name(), why));
        }
        let mut line = safe!("{} is {}", run.id, run.state.name());
        if run.iteration > 0 {
            line.push(&safe!(", iteration {}", words::iteration(run)));
        }
        if let Some(tests) = view.tests.filter(|_| before.is_some_and(|(_, number)| number != run.iteration)) {
            line.push(&safe!(", tests so far: {}", words::counts(tests, view.flaky)));
        }
        if before.is_none() {
            line.push(&safe!(", of {}: {}", view.project, run.task));
        }
        Some(line)
    }

    fn question(&mut self, question: &Question) -> Option<SafeText> {
        let (id, run) = (question.id, question.run);
        if question.state == QuestionState::Open {
            return self.questions.insert(id).then(|| {
                safe!(
                    "{} asks {}: {}. To see all of it: dogwatch approvals show {}. To answer: dogwatch approvals approve {}, or dogwatch approvals deny {} --reason TEXT",
                    run, id, question.title, id, id, id
                )
            });
        }
        let known = self.questions.remove(&id);
        let by = question.answer.as_ref();
        known.then(|| match by {
            Some(answer) if answer.approve => safe!("{} of {} was answered yes by {}", id, run, answer.by),
            Some(answer) => safe!("{} of {} was answered no by {}", id, run, answer.by),
            None => safe!("{} of {} is withdrawn: nobody needs the answer any more", id, run),
        })
    }
}

/// Hours, minutes and seconds in UTC.
fn clock(now: Millis) -> SafeText {
    let text = now.rfc3339();
    safe!("{}", text.get(11..19).unwrap_or(&text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::{Actor, Answer, Budget, ProjectId, QuestionKind, Run};
    use crate::store::new_run_for_tests;

    const NOW: Millis = Millis(1_790_000_000_000);

    fn view(id: i64, state: RunState, iteration: u32) -> RunView {
        let run = Run {
            id: RunId(id),
            task: "Fix\u{1b}[2J it".to_owned(),
            state,
            iteration,
            budget: Budget { iterations: 10, ..Budget::default() },
            ..new_run_for_tests(ProjectId(1))
        };
        RunView { tests: Some((41, 2, 0)), trend: vec![2], ..RunView::for_tests(run) }
    }

    fn question(state: QuestionState, answer: Option<Answer>) -> Question {
        Question {
            id: QuestionId(7),
            run: Some(RunId(1)),
            iteration: 1,
            kind: QuestionKind::Review,
            title: "does it count?".to_owned(),
            facts: Vec::new(),
            reached: Vec::new(),
            state,
            asked: NOW,
            answer,
        }
    }

    fn lines(told: &mut Told, runs: Vec<RunView>, questions: Vec<Question>, whole: bool) -> Vec<String> {
        let snapshot = Snapshot { cursor: 5, runs, questions, more: false };
        told.news(&snapshot, whole, NOW).iter().map(SafeText::plain).collect()
    }

    #[test]
    fn each_event_has_one_line_and_none_comes_twice() {
        let mut told = Told::default();
        let begin = vec![view(1, RunState::Developing, 2), view(2, RunState::Failed, 3)];
        assert_eq!(
            lines(&mut told, begin.clone(), Vec::new(), true),
            ["r1 is developing, iteration 2/10, of calc: Fix\\e[2J it"]
        );
        assert!(lines(&mut told, begin.clone(), Vec::new(), false).is_empty());
        // The engine came back and tells everything again.
        assert!(lines(&mut told, begin, Vec::new(), true).is_empty());
        let next = vec![view(1, RunState::Developing, 3)];
        assert_eq!(
            lines(&mut told, next, Vec::new(), false),
            ["14:13:20 r1 is developing, iteration 3/10, tests so far: 41 passed, 2 failed, 0 skipped"]
        );
        let asks = vec![question(QuestionState::Open, None)];
        let asked = lines(&mut told, vec![view(1, RunState::AwaitingReview, 3)], asks.clone(), false);
        assert_eq!(asked.len(), 2);
        assert!(asked[1].starts_with("14:13:20 r1 asks q7: does it count?."), "{asked:?}");
        assert!(asked[1].contains("dogwatch approvals approve q7"), "{asked:?}");
        assert!(lines(&mut told, Vec::new(), asks, false).is_empty());
        let by = Actor::operator(1, "ada");
        let answer = Answer { approve: true, reason: String::new(), by, at: NOW };
        let answered = vec![question(QuestionState::Answered, Some(answer))];
        let ended = lines(&mut told, vec![view(1, RunState::Succeeded, 3)], answered.clone(), false);
        assert_eq!(ended, ["14:13:20 r1 has ended: succeeded", "14:13:20 q7 of r1 was answered yes by ada"]);
        assert!(lines(&mut told, vec![view(1, RunState::Succeeded, 3)], answered, false).is_empty());
        // One that came and went between two looks is told once.
        let quick = vec![view(3, RunState::Cancelled, 0)];
        assert_eq!(lines(&mut told, quick.clone(), Vec::new(), false), ["14:13:20 r3 has ended: cancelled"]);
        assert!(lines(&mut told, quick, Vec::new(), true).is_empty());
    }

    #[test]
    fn nothing_to_tell_is_told() {
        let mut told = Told::default();
        let said = lines(&mut told, vec![view(2, RunState::Failed, 3)], Vec::new(), true);
        assert!(said.len() == 1 && said[0].contains("no runs are at work"), "{said:?}");
    }
}
