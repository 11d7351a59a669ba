//! How far the demo's runs come without a person, for those who have no terminal: waits until each of them is there.

use super::place::Place;
use super::runs::{ABOUT, PROJECTS};
use super::surroundings;
use crate::cli::context::{Context, Failure, unfit};
use crate::cli::run::progress;
use crate::client::ClientError;
use crate::domain::{ProposalState, RunId, RunState};
use crate::protocol::{Event, Reply, Request, RunView};
use crate::safe;
use crate::text::SafeText;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// How long all of it may take. It takes half a minute.
const PATIENCE: Duration = Duration::from_mins(15);

/// Columns of a state.
const WORD: usize = 19;

/// Where each run comes to by itself.
const GOALS: [RunState; 5] = [
    RunState::Succeeded,
    RunState::AwaitingRedirect,
    RunState::AwaitingReview,
    RunState::AwaitingReview,
    RunState::Succeeded,
];

/// The runs of a demo that was set up before.
pub(super) fn numbered() -> Vec<RunId> {
    (1..).take(PROJECTS.len()).map(RunId).collect()
}

/// Waits, tells what each run does, and fails where one came to something else.
pub(super) async fn reach(mut context: Context, runs: &[RunId], place: &Place) -> Result<i32, Failure> {
    context.ask(Request::Watch { since: None }).await?;
    let mut known = BTreeMap::new();
    let waited = timeout(PATIENCE, wait(&mut context, runs, &mut known)).await;
    let in_time = waited.is_ok();
    if let Ok(ended) = waited {
        ended?;
    }
    let Reply::Proposals { proposals, .. } = context.ask(Request::Proposals { all: true }).await? else {
        return unfit();
    };
    let proposed = proposals.iter().find(|one| one.run == runs.get(2).copied());
    context.say(&SafeText::empty())?;
    let mut fine = in_time;
    for ((run, goal), about) in runs.iter().zip(GOALS).zip(ABOUT) {
        let state = known.get(run).copied();
        let passed = state == Some(goal) || state == Some(RunState::Succeeded);
        fine &= passed;
        let word = state.map_or("unknown", RunState::name);
        let mark = if passed { safe!("ok  ") } else { safe!("FAIL") };
        context.say_prose(&safe!("{}  {}  {}", mark, run, safe!("{}", word).pad_right(WORD)), &safe!("{}", about))?;
    }
    match proposed {
        Some(one) => {
            let word = safe!("{}", one.state.name()).pad_right(WORD);
            context.say(&safe!(
                "ok    {}  {}the repair that {} proposes for {}",
                one.id,
                word,
                one.run.map_or_else(String::new, |run| run.to_string()),
                one.asset
            ))?;
        }
        None => context.say(&safe!("FAIL  nothing was proposed for the live asset"))?,
    }
    fine &= proposed.is_some_and(|one| one.state == ProposalState::Pending || one.state.is_final());
    context.say(&SafeText::empty())?;
    context
        .say(&safe!("`dogwatch demo` in a terminal opens the console on it, `dogwatch demo --clean` removes it."))?;
    context.say_all(&surroundings(place))?;
    if fine {
        Ok(0)
    } else {
        Err(Failure::new("the demo's runs did not come where they should; see `dogwatch doctor`"))
    }
}

async fn wait(context: &mut Context, runs: &[RunId], known: &mut BTreeMap<RunId, RunState>) -> Result<(), Failure> {
    let mut told = BTreeMap::new();
    loop {
        let news = match context.client().await?.event().await {
            Ok(Some(Event::Snapshot(news) | Event::Changed(news))) => news,
            Ok(Some(_)) => continue,
            Ok(None) => return Err(Failure::new("the demo's engine ended; `dogwatch demo` starts it again")),
            Err(ClientError::Broken(_)) => {
                context.reopen(Request::Watch { since: None }).await?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        for view in news.runs.iter().filter(|view| runs.contains(&view.run.id)) {
            known.insert(view.run.id, view.run.state);
            tell(context, view, &mut told)?;
        }
        let rests = |state: &RunState| state.is_final() || state.awaits_person();
        if runs.iter().all(|run| known.get(run).is_some_and(rests)) {
            return Ok(());
        }
    }
}

/// One line for each new state that is worth one.
fn tell(context: &mut Context, view: &RunView, told: &mut BTreeMap<RunId, (RunState, u32)>) -> Result<(), Failure> {
    let state = (view.run.state, view.run.iteration);
    let worth = matches!(view.run.state, RunState::Developing | RunState::Testing)
        || view.run.state.is_final()
        || view.run.state.awaits_person();
    if worth && told.insert(view.run.id, state) != Some(state) {
        context.say(&safe!("{}  {}", view.project, progress(view)))?;
    }
    Ok(())
}
