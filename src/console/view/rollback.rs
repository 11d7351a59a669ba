//! What a rollback does, said before it is done.

use crate::console::app::{App, Best};
use crate::domain::{RunId, RunState};
use crate::safe;
use crate::text::{SafeText, Style};

/// Which iteration came farthest, as far as that is told.
pub(super) fn best(told: Best) -> SafeText {
    match told {
        Best::Asked => safe!(
            "- It goes on from the checkpoint of the iteration that came farthest; the engine is asked which that is."
        ),
        Best::Unknown => safe!("- No iteration is known to be the best one: choose one on the run's own screen."),
        Best::Is(0) => safe!("- It goes on from the base: no iteration came farther than that."),
        Best::Is(number) => {
            safe!(
                "- It goes on from the checkpoint of iteration {}, which came farthest.",
                safe!("{}", number).styled(Style::strong())
            )
        }
    }
}

/// The consequences of going back to an iteration, one a line.
pub(super) fn told(app: &App, run: RunId, number: u32) -> Vec<SafeText> {
    let Some(detail) = app.one.shown().filter(|detail| detail.view.run.id == run) else {
        return vec![safe!("The engine has not told what {} is at.", run)];
    };
    let state = &detail.view.run;
    let commit = detail.iterations.iter().find(|one| one.number == number).and_then(|one| one.commit.clone());
    let from = commit.filter(|_| number > 0).map_or_else(
        || safe!("the base, as it was before any work"),
        |commit| safe!("the checkpoint of iteration {} ({})", number, commit.chars().take(12).collect::<String>()),
    );
    let mut lines = vec![safe!("- The next iteration of {} begins from {}.", run, from)];
    let now = state.iteration;
    if now > number + 1 {
        lines.push(safe!(
            "- What iterations {} to {} changed is not in it. Their checkpoints and records stay.",
            number + 1,
            now
        ));
    } else if now == number + 1 {
        lines.push(safe!("- What iteration {} changed is not in it. Its checkpoint and records stay.", now));
    }
    // Whoever waits for a person has nothing at work; what is paused is frozen.
    let rests = state.state.awaits_person() && state.state != RunState::Paused;
    let under_way = detail.iterations.iter().find(|one| one.number == now && one.outcome.is_none() && !rests);
    if let Some(one) = under_way {
        // What has a checkpoint stays.
        let end = if one.commit.is_some() || now == 0 {
            safe!("it ends without a verdict")
        } else {
            safe!("what its agent did since its start is lost")
        };
        lines.push(safe!("- Iteration {} is under way: its container is stopped, and {}.", now, end));
    }
    if let Some(question) = state.question {
        lines.push(safe!("- {} is withdrawn: nobody needs its answer any more.", question));
    }
    if !state.spent.reached(&state.budget).is_empty() {
        lines.push(safe!("- Its caps are reached, so it asks for more before it goes on."));
    }
    if state.state == RunState::Paused {
        lines.push(safe!("- The run stays paused."));
    }
    if state.iteration == 0 {
        lines.push(safe!("- The base is not tested yet, so the engine will refuse this."));
    }
    if state.state.is_final() {
        lines.push(safe!("- {} is over, so the engine will refuse this.", run));
    }
    lines
}
