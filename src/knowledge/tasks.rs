//! What an agent has the engine do beside its turn. A task is a row here; the driver of the run does it.

use super::field::Arguments;
use super::{DATA, Given, Knowledge, Tool, ToolFault, Toolset, Who, flat, limits, who};
use crate::audit::AuditEvent;
use crate::domain::{
    Actor, AskedBy, BadId, Millis, Run, RunId, RunState, Task, TaskId, TaskOutcome, TaskPlace, TaskState, TaskWork,
    shortened,
};
use crate::store::{Tx, View};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long an answer waits for the end of a program, or for a service to be ready. Agents do not wait for ever for a tool.
const END: Duration = Duration::from_secs(50);
/// How long an answer waits for the copy of the agent's tree, so that an agent may go on changing it once it is told.
const COPY: Duration = Duration::from_secs(20);
/// Between two looks, where nobody tells of changes.
const LOOK: Duration = Duration::from_millis(200);
/// What an agent has to know of a result.
const ADVICE: &str = "for you to learn from; only the engine's own run after your turn decides";

/// Asks for something.
pub(super) fn ask(tx: &Tx<'_>, who: Who, toolset: &Toolset, arguments: &Arguments) -> Given {
    let suite = arguments.text("suite").unwrap_or_default();
    if !toolset.suites().iter().any(|known| known == suite) {
        return Err(ToolFault::refused(format!(
            "there is no suite {}: the suites are {}",
            shortened(suite, 40),
            toolset.suites().join(", ")
        )));
    }
    put(tx, who, &TaskWork::Tests { suite: suite.to_owned() }, limits::TESTS, limits::TESTS_OPEN)
}

/// Puts work into the queue, if there may be more of its kind.
pub(super) fn put(tx: &Tx<'_>, who: Who, what: &TaskWork, most: u64, open: usize) -> Given {
    let place = place(tx, who)?;
    let waiting = tx.open_tasks(who.run)?.iter().filter(|task| task.what.kind() == what.kind()).count();
    let reached = match () {
        () if waiting >= open => Some(format!("{waiting} of them are not over yet: wait for one")),
        () if tx.tasks_asked(who.run, who.iteration, what.kind())? >= most => {
            Some(format!("an iteration has at most {most} of them: go on without"))
        }
        () => None,
    };
    if let Some(reached) = reached {
        return Err(ToolFault::refused(reached));
    }
    let by = AskedBy::Agent { run: who.run };
    let id = tx.insert_task(who.project, Some(place), &by, what)?;
    let detail = json!({ "task": id.to_string(), "by": by, "what": what });
    let event = AuditEvent::new(Actor::Engine, "task.asked").run(who.run).project(who.project).detail(detail);
    tx.record(event.provenance(format!("the agent of {}", who.run)))?;
    Ok(json!({ "task": id.to_string() }))
}

/// The turn in which a task is asked for.
pub(super) fn place(view: &View<'_>, who: Who) -> Result<TaskPlace, ToolFault> {
    let run: Option<Run> = view.run(who.run)?;
    match run {
        Some(run) if matches!(run.state, RunState::Developing | RunState::Planning) => {
            Ok(TaskPlace { run: run.id, iteration: run.iteration, attempt: run.attempt })
        }
        _ => Err(ToolFault::refused("this is done only during an agent's turn, and yours is over".to_owned())),
    }
}

/// What came of one.
pub(super) fn one(view: &View<'_>, who: Who, arguments: &Arguments) -> Given {
    Ok(told(&ours(view, who, arguments)?, true))
}

/// What was asked for in the run.
pub(super) fn list(view: &View<'_>, who: Who) -> Given {
    let tasks = view.tasks(Some(who.run), limits::LISTED + 1)?;
    let more = tasks.len() > limits::LISTED as usize;
    let tasks: Vec<Value> = tasks.iter().skip(usize::from(more)).map(|task| told(task, false)).collect();
    Ok(json!({ "says": DATA, "tasks": tasks, "more": more }))
}

/// The task of this run that is named. One of another run is as if it were not there.
pub(super) fn ours(view: &View<'_>, who: Who, arguments: &Arguments) -> Result<Task, ToolFault> {
    let text = arguments.text("id").unwrap_or_default();
    let id: TaskId = text.parse().map_err(|error: BadId| ToolFault::refused(error.to_string()))?;
    let task = view.task(id)?.filter(|task| task.place.is_some_and(|place| place.run == who.run));
    task.ok_or_else(|| ToolFault::refused(format!("this run has no task {id}: `tasks` shows those that there are")))
}

pub(super) fn told(task: &Task, all: bool) -> Value {
    let mut value = json!({ "task": task.id.to_string(), "what": task.what, "state": task.state });
    let Some(object) = value.as_object_mut() else { return value };
    if let (TaskState::Ready, TaskWork::Service { port: Some(port), .. }) = (task.state, &task.what) {
        object.insert("address".to_owned(), json!(format!("127.0.0.1:{port}")));
    }
    if task.state == TaskState::Queued {
        object.insert("copied".to_owned(), json!(task.commit.is_some()));
    }
    if let Some(result) = &task.result {
        object.insert("outcome".to_owned(), json!(result.outcome));
        object.insert(
            "tests".to_owned(),
            json!(result.tests.map(|(passed, failed, skipped)| {
                json!({ "passed": passed, "failed": failed, "skipped": skipped })
            })),
        );
        if all {
            // Why the engine failed is none of the agent's business.
            let words = match result.outcome {
                TaskOutcome::Broken => {
                    "the engine could not do this now; its operator finds the reason in `dogwatch tasks`"
                }
                _ => &result.words,
            };
            object.insert("says".to_owned(), json!(words));
            object.insert("exit_code".to_owned(), json!(result.exit_code));
            object.insert("findings".to_owned(), json!(result.findings));
            object.insert("output".to_owned(), json!(result.output));
            object.insert("milliseconds".to_owned(), json!(result.milliseconds));
            let tests = matches!(task.what, TaskWork::Tests { .. });
            let from = if tests { format!("{ADVICE}. {DATA}") } else { DATA.to_owned() };
            object.insert("from".to_owned(), json!(from));
        }
    }
    value
}

impl Knowledge {
    /// Waits until a task that was asked for is as far as an agent wants to see it, and tells of it: its tree copied, its program
    /// over, its service ready. It goes on by itself where that takes long.
    pub(super) async fn begun(&self, run: RunId, tool: Tool, given: &str) -> Given {
        let id = serde_json::from_str::<Value>(given).ok().and_then(|value| value["task"].as_str()?.parse().ok());
        let Some(id) = id else { return Err(ToolFault::Failed("a task has no id".to_owned())) };
        let copied = |task: &Task| task.commit.is_some() || task.state == TaskState::Ended;
        let task = if tool == Tool::RunTests {
            self.awaited(run, id, COPY, copied).await?
        } else {
            let wished = |task: &Task| matches!(task.state, TaskState::Ended | TaskState::Ready);
            self.awaited(run, id, END, wished).await?
        };
        let says = match task.state {
            TaskState::Ready => "it is ready, and yours until your turn is over",
            _ if copied(&task) => "asked for, and your tree is copied: go on working, `task` tells what came of it",
            _ => "asked for; your tree is not copied yet: `task` says when it is, what you change until then counts",
        };
        let mut value = told(&task, true);
        if let Some(object) = value.as_object_mut() {
            object.entry("says").or_insert_with(|| json!(says));
        }
        Ok(value)
    }

    /// Waits for the end of a task, where an agent wants that.
    pub(super) async fn await_end(&self, run: RunId, arguments: &Arguments) -> Result<(), ToolFault> {
        let (Some(seconds), Some(id)) = (arguments.number("wait"), arguments.text("id").and_then(|id| id.parse().ok()))
        else {
            return Ok(());
        };
        let ended = |task: &Task| task.state == TaskState::Ended;
        match self.awaited(run, id, Duration::from_secs(u64::from(seconds)), ended).await {
            // Whatever is wrong with it is told by whoever answers.
            Ok(_) | Err(ToolFault::Refused(_)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Looks at a task of a run until it is as wished, or for so long.
    async fn awaited(
        &self,
        run: RunId,
        id: TaskId,
        most: Duration,
        wished: impl Fn(&Task) -> bool,
    ) -> Result<Task, ToolFault> {
        let until = Instant::now() + most;
        let mut commits = self.told.get().map(tokio::sync::watch::Sender::subscribe);
        loop {
            if let Some(commits) = &mut commits {
                commits.mark_unchanged();
            }
            let look = move |view: &View<'_>| {
                // Also that the run is not over.
                who(view, run, Millis(0))?;
                let task = view.task(id)?.filter(|task| task.place.is_some_and(|place| place.run == run));
                task.ok_or_else(|| ToolFault::refused(format!("this run has no task {id}")))
            };
            let task = flat(self.store.read(move |view| Ok(look(view))).await)?;
            if wished(&task) || Instant::now() >= until {
                return Ok(task);
            }
            let changed = async {
                match &mut commits {
                    // Whoever would tell of more is gone with the engine.
                    Some(commits) => drop(commits.changed().await),
                    None => tokio::time::sleep(LOOK).await,
                }
            };
            // Either is a reason to look again.
            let _looked_for_long_enough = timeout_at(until, changed).await;
        }
    }
}
