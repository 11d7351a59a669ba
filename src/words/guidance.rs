//! Where guidance went: to an agent at work, and into a prompt.

use crate::domain::{Guidance, GuidanceState, Live, LiveFate, Run, RunState, Step, StepKind, TermsFrom};
use crate::safe;
use crate::text::SafeText;

/// What became of guidance for an agent that was at work when it came.
pub fn live(live: &Live) -> SafeText {
    let iteration = live.iteration;
    match &live.fate {
        LiveFate::Sending => safe!("on its way to the agent at work in iteration {}", iteration),
        LiveFate::Delivered => safe!("delivered live in iteration {} at {}", iteration, live.at),
        LiveFate::Missed { reason } => safe!("not delivered live in iteration {}: {}", iteration, reason),
        LiveFate::Unknown => safe!("it is not known whether the agent of iteration {} got it", iteration),
    }
}

/// Which prompt quoted it first, or will.
pub fn applied(one: &Guidance, run: &Run, steps: &[Step]) -> SafeText {
    match (one.state, one.applied_in) {
        (GuidanceState::Applied, Some(iteration)) => safe!("applied at the beginning of iteration {}", iteration),
        (GuidanceState::Applied, None) => safe!("applied"),
        (GuidanceState::Accepted, _) if run.state.is_final() => safe!("the run ended before a prompt quoted it"),
        (GuidanceState::Accepted, _) => {
            safe!("will be applied at the beginning of iteration {} at the latest", next_prompt(run, steps))
        }
    }
}

/// What it changed beside the words.
pub fn terms(one: &TermsFrom) -> SafeText {
    let TermsFrom { from, terms } = one;
    let hands = match (&terms.agent, &terms.model) {
        (Some(agent), Some(model)) => Some(safe!("from iteration {} on {} works and asks {}", from, agent, model)),
        (Some(agent), None) => Some(safe!("from iteration {} on {} works", from, agent)),
        (None, Some(model)) => Some(safe!("from iteration {} on its agent asks {}", from, model)),
        (None, None) => None,
    };
    let more = terms.iterations.map(|more| safe!("{} more iterations", more));
    let parts: Vec<SafeText> = [hands, more].into_iter().flatten().collect();
    SafeText::join(&parts, &safe!("; "))
}

/// The iteration of the next prompt, unless the turn under way has to be repeated before.
fn next_prompt(run: &Run, steps: &[Step]) -> u32 {
    let state = run.resume_to.filter(|_| run.state == RunState::Paused).unwrap_or(run.state);
    let begun = || {
        let turn = |step: &Step| step.key.kind == StepKind::Develop && step.key.attempt == run.attempt;
        steps.iter().any(|step| turn(step) && step.key.iteration == run.iteration)
    };
    // A turn about a plan is of the iteration that works by it.
    let same = state == RunState::Planning || (state == RunState::Developing && !begun());
    if same { run.iteration } else { run.iteration.saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, Millis, ProjectId, StepId, StepKey, StepLog, StepState};
    use crate::store::new_run_for_tests;

    fn run(state: RunState) -> Run {
        Run { state, iteration: 2, attempt: 1, ..new_run_for_tests(ProjectId(1)) }
    }

    fn turn(run: &Run) -> Step {
        let key =
            StepKey { run: run.id, iteration: 2, kind: StepKind::Develop, suite: String::new(), attempt: run.attempt };
        let (state, started, log) = (StepState::Intended, Millis(0), StepLog::default());
        Step { id: StepId(1), key, state, started, ended: None, log }
    }

    fn told(state: GuidanceState, applied_in: Option<u32>, live: Option<Live>) -> Guidance {
        let (by, text, at) = (Actor::Engine, "text".to_owned(), Millis(0));
        Guidance { run: crate::domain::RunId(1), number: 1, by, text, at, state, applied_in, live, terms: None }
    }

    #[test]
    fn it_is_said_where_guidance_went_and_where_it_will_go() {
        let waits = told(GuidanceState::Accepted, None, None);
        let says = |run: &Run, steps: &[Step]| applied(&waits, run, steps).to_string();
        let developing = run(RunState::Developing);
        assert!(says(&developing, &[]).contains("beginning of iteration 2"));
        assert!(says(&developing, &[turn(&developing)]).contains("beginning of iteration 3"));
        assert!(says(&run(RunState::Planning), &[turn(&developing)]).contains("beginning of iteration 2"));
        assert!(says(&run(RunState::Testing), &[]).contains("beginning of iteration 3"));
        let paused = Run { resume_to: Some(RunState::Developing), ..run(RunState::Paused) };
        assert!(says(&paused, &[turn(&paused)]).contains("beginning of iteration 3"));
        assert!(says(&run(RunState::Cancelled), &[]).contains("the run ended"));
        let applied_in = told(GuidanceState::Applied, Some(3), None);
        assert_eq!(applied(&applied_in, &developing, &[]).to_string(), "applied at the beginning of iteration 3");
        let at = |fate| live(&Live { iteration: 2, step: String::new(), at: Millis(0), fate }).to_string();
        assert_eq!(at(LiveFate::Delivered), "delivered live in iteration 2 at 1970-01-01T00:00:00Z");
        assert!(at(LiveFate::Unknown).contains("not known"));
    }
}
