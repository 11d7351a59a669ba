//! `dogwatch run`: starts a run and, with `--follow`, shows it until it is over or waits for a person.

use super::context::{Context, Failure, unfit};
use super::{feature, input};
use crate::client::ClientError;
use crate::domain::{Budget, FeatureId, Plan, Priority, Role, RunId, RunState};
use crate::protocol::{Event, Reply, Request, RunView};
use crate::safe;
use crate::text::SafeText;
use crate::words;
use std::path::Path;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is to be done, in words; `-` reads it from standard input. With --feature it is added to what that says
    #[arg(required_unless_present = "feature", default_value = "", hide_default_value = true)]
    task: String,
    /// Build a feature, such as f3: its words are the task and its criteria are the run's
    #[arg(long, value_name = "FEATURE")]
    feature: Option<FeatureId>,
    /// The project's name or id; the repository of the current directory by default
    #[arg(short, long)]
    project: Option<String>,
    /// An acceptance criterion; may be given several times
    #[arg(short, long = "criterion", value_name = "LINE")]
    criteria: Vec<String>,
    /// What the agent is there for: coder, reviewer, tester, pentester, researcher or remedy. It is told so, and uses what
    /// [roles] in config.toml lets it
    #[arg(long, default_value = "coder")]
    role: Role,
    /// The container engine that its steps run on: a name under [engines] in config.toml, or `here` for the usual one; that of
    /// its project by default
    #[arg(long, value_name = "NAME")]
    engine: Option<String>,
    /// The agent; that of the role or the repository's own by default
    #[arg(short, long)]
    agent: Option<String>,
    /// Most iterations; the repository's own by default
    #[arg(short = 'n', long, value_parser = clap::value_parser!(u32).range(1..=i64::from(Budget::MOST_ITERATIONS)))]
    iterations: Option<u32>,
    /// The revision to start from; the source's HEAD by default
    #[arg(short, long)]
    revision: Option<String>,
    /// How much it is wanted: high, normal or low. High runs get free places first; half a day of waiting for a place lifts
    /// a run by one step
    #[arg(long, default_value = "normal")]
    priority: Priority,
    /// Runs that must succeed before this one starts, such as r12,r13. It still starts from its own revision, as that is
    /// now, not from what those come to. If one of them fails or is cancelled, you are asked
    #[arg(long, value_name = "RUN", value_delimiter = ',')]
    after: Vec<RunId>,
    /// Let the agent write a plan first, which you approve before anything is changed
    #[arg(long)]
    plan: bool,
    /// Show progress until the run is over or waits for a person. Exit codes: 0 succeeded, 10 failed, 11 cancelled, 12
    /// waits for a person, 130 interrupted (the run goes on)
    #[arg(short, long)]
    follow: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The exit code for where a run stands: 0 succeeded, 10 failed, 11 cancelled, 12 waits for a person.
pub fn outcome(state: RunState) -> i32 {
    match state {
        RunState::Succeeded => 0,
        RunState::Failed => 10,
        RunState::Cancelled => 11,
        _ => 12,
    }
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let project = match (args.project, args.feature) {
        (Some(project), _) => project,
        (None, Some(feature)) => feature::project_of(&mut context, feature).await?,
        (None, None) => project_here(&mut context).await?,
    };
    let task = input::text(args.task)?;
    let request = Request::Submit {
        project,
        task,
        criteria: args.criteria,
        role: args.role,
        engine: args.engine,
        agent: args.agent,
        iterations: args.iterations,
        revision: args.revision,
        priority: args.priority,
        plan: args.plan.then_some(Plan::Ask),
        after: args.after,
        feature: args.feature,
    };
    let Reply::Run { run } = context.ask(request).await? else { return unfit() };
    if args.json {
        context.json(&run)?;
    } else {
        context.say(&safe!("{} queued", run.run.id))?;
        if !run.run.reason.is_empty() {
            context.say_wrapped(&safe!("note: {}", run.run.reason))?;
        }
    }
    if args.follow { follow(context, run.run.id, args.json).await } else { Ok(0) }
}

/// The project whose source is the repository around the current directory, registered where it is not yet.
async fn project_here(context: &mut Context) -> Result<String, Failure> {
    let here = std::env::current_dir()?;
    let top = here.ancestors().find(|dir| dir.join(".git").exists()).map(Path::to_owned);
    let Some(top) = top else {
        return Err(Failure::new(format!(
            "{} is not in a git repository: change into one, or name a project with --project",
            here.display()
        )));
    };
    let source = input::nameable(&top)?;
    let Reply::Projects { projects } = context.ask(Request::Projects).await? else { return unfit() };
    if let Some(project) = projects.into_iter().find(|project| project.source == source) {
        return Ok(project.name);
    }
    match context.ask(Request::AddProject { source, name: None }).await? {
        Reply::Project { project } => Ok(project.name),
        _ => unfit(),
    }
}

/// Shows a run's changes until it is over or waits for a person. Ctrl-C ends the showing, not the run.
pub async fn follow(mut context: Context, id: RunId, json: bool) -> Result<i32, Failure> {
    context.ask(Request::Watch { since: None }).await?;
    // Listened for before anything is shown, so that no moment is left in which Ctrl-C would end us without a word.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut last = String::new();
    loop {
        let client = context.client().await?;
        let event = tokio::select! {
            event = client.event() => event,
            _ = interrupt.recv() => return Err(interruption(id)),
        };
        let news = match event {
            Ok(Some(Event::Snapshot(news) | Event::Changed(news))) => news,
            Ok(Some(_)) => continue,
            Ok(None) | Err(ClientError::Broken(_)) => {
                if !json {
                    context.say(&safe!("{}  the engine went away; its runs go on when one is there again", id))?;
                }
                tokio::select! {
                    opened = context.reopen(Request::Watch { since: None }) => opened?,
                    _ = interrupt.recv() => return Err(interruption(id)),
                }
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let Some(view) = news.runs.into_iter().find(|view| view.run.id == id) else { continue };
        let line = progress(&view);
        if line.as_str() != last && (json || worth_a_line(&view)) {
            line.as_str().clone_into(&mut last);
            if json { context.json(&view)? } else { context.say(&line)? }
        }
        let state = view.run.state;
        if state.is_final() || state.awaits_person() {
            if !json {
                context.say_all(&farewell(&view))?;
            }
            return Ok(outcome(state));
        }
    }
}

/// States that pass within milliseconds, and steps that have not begun, are not worth a line for people.
fn worth_a_line(view: &RunView) -> bool {
    match view.run.state {
        RunState::Gathering | RunState::Analysing | RunState::Gating | RunState::Delivering => false,
        RunState::Planning | RunState::Developing | RunState::Testing | RunState::Reviewing => {
            view.note.is_some() || !view.run.reason.is_empty()
        }
        _ => true,
    }
}

/// The run is the engine's and goes on without us.
fn interruption(id: RunId) -> Failure {
    let message = format!(
        "interrupted; {id} goes on in the engine: `dogwatch logs -f {id}` and `dogwatch show {id}` come back to it, \
         `dogwatch pause {id}` or `dogwatch cancel {id}` stops it"
    );
    Failure { code: 130, message }
}

/// Where the result is, or what a person can do.
fn farewell(view: &RunView) -> Vec<SafeText> {
    let run = &view.run;
    let id = run.id;
    match (run.state, run.question) {
        (RunState::Succeeded, _) if run.only_tests().is_some() => vec![safe!("passed: {}", run.reason)],
        (RunState::Succeeded, _) => {
            let head = run.head.as_deref().unwrap_or_default();
            vec![
                safe!("the result: {}, commit {}", run.reason, head),
                safe!("look: dogwatch diff {}; as a patch: dogwatch deliver {} --patch FILE", id, id),
            ]
        }
        (_, Some(question)) => vec![safe!("{} waits for you: dogwatch approvals show {}", id, question)],
        (RunState::AwaitingRedirect, None) => {
            vec![safe!("{} is stuck and waits for you: dogwatch show {}; dogwatch redirect {} TEXT", id, id, id)]
        }
        (RunState::Paused, None) => vec![safe!("{} is paused: dogwatch resume {}", id, id)],
        _ => vec![safe!("see dogwatch show {} and dogwatch logs {}", id, id)],
    }
}

/// One line about where a run stands.
pub fn progress(view: &RunView) -> SafeText {
    let run = &view.run;
    let tests = view.tests.map_or_else(SafeText::empty, |tests| safe!("  {}", words::counts(tests, view.flaky)));
    let why = match (&view.note, run.reason.as_str()) {
        (_, reason) if !reason.is_empty() => safe!("  {}", reason),
        (Some(note), _) => safe!("  {}", note),
        _ => SafeText::empty(),
    };
    safe!("{}  {}  iteration {}{}{}", run.id, run.state.name(), words::iteration(run), tests, why)
}
