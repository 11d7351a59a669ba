//! Containers that an agent asks for. What it may say is typed: an image that the run has, a program, its environment, a port.
//! Nothing that the container engine understands is taken from it; the driver composes all of that.

use super::field::Arguments;
use super::tasks::{ours, put};
use super::{DATA, Given, Knowledge, Tool, ToolFault, Toolset, Who, flat, limits, who};
use crate::domain::{ImageFrom, Millis, RunId, StepKind, Task, TaskId, TaskOutcome, TaskState, TaskWork, shortened};
use crate::gateway::PORT;
use crate::logs::{LogError, LogReader, MAX_READ};
use crate::store::{Tx, View};
use serde_json::{Value, json};
use std::path::Path;

/// How much of a log is told where nobody says.
const LOG: u32 = 8 * 1024;

/// Asks for what a tool is there for.
pub(super) fn ask(tx: &Tx<'_>, who: Who, toolset: &Toolset, tool: Tool, arguments: &Arguments) -> Given {
    if let Some(reason) = toolset.no_containers() {
        return Err(ToolFault::refused(reason.to_owned()));
    }
    let (work, most, open) = match tool {
        Tool::ImageBuild => (image(arguments)?, limits::IMAGES, limits::IMAGES_OPEN),
        Tool::ServiceStart => (service(tx, who, toolset, arguments)?, limits::SERVICES, limits::SERVICES_OPEN),
        _ => (program(tx, who, toolset, arguments)?, limits::PROGRAMS, limits::PROGRAMS_OPEN),
    };
    put(tx, who, &work, most, open)
}

fn program(tx: &Tx<'_>, who: Who, toolset: &Toolset, arguments: &Arguments) -> Result<TaskWork, ToolFault> {
    Ok(TaskWork::Program {
        from: from(tx, who, toolset, arguments)?,
        argv: argv(arguments, true)?,
        env: env(arguments)?,
        seconds: arguments.number("timeout").unwrap_or(60),
    })
}

fn service(tx: &Tx<'_>, who: Who, toolset: &Toolset, arguments: &Arguments) -> Result<TaskWork, ToolFault> {
    let from = from(tx, who, toolset, arguments)?;
    let own = matches!(from, ImageFrom::Service { .. });
    let port = arguments.number("port").and_then(|port| u16::try_from(port).ok());
    if port == Some(PORT) {
        return Err(ToolFault::refused(format!("port {PORT} is the engine's own: take another one")));
    }
    Ok(TaskWork::Service { from, argv: argv(arguments, !own)?, env: env(arguments)?, port })
}

fn image(arguments: &Arguments) -> Result<TaskWork, ToolFault> {
    let directory = place(arguments.text("directory").unwrap_or("."), "directory", true)?;
    let dockerfile = place(arguments.text("dockerfile").unwrap_or("Dockerfile"), "dockerfile", false)?;
    Ok(TaskWork::Image { directory, dockerfile })
}

/// A path inside of the tree, in the one way to write it.
fn place(text: &str, name: &str, top: bool) -> Result<String, ToolFault> {
    let plain = |part: &str| {
        !matches!(part, "" | "." | "..") && part.chars().all(|c| c.is_ascii_alphanumeric() || "._+-@ ".contains(c))
    };
    if (top && text == ".") || text.split('/').all(plain) {
        return Ok(text.to_owned());
    }
    Err(ToolFault::refused(format!(
        "`{name}` must be a path in your tree such as {}: letters, digits and ._+-@ only, no .. and no slash at either end",
        if top { "tools/db" } else { "Dockerfile" }
    )))
}

/// The image that is meant.
fn from(view: &View<'_>, who: Who, toolset: &Toolset, arguments: &Arguments) -> Result<ImageFrom, ToolFault> {
    let Some(name) = arguments.text("image").filter(|name| *name != ImageFrom::RUN) else { return Ok(ImageFrom::Run) };
    if toolset.services().iter().any(|service| service == name) {
        return Ok(ImageFrom::Service { name: name.to_owned() });
    }
    let built = name.starts_with('t').then(|| name.parse::<TaskId>().ok()).flatten();
    if let Some(id) = built.filter(|id| id.to_string() == name)
        && let Some(task) = view.task(id)?
        && task.place == Some(super::tasks::place(view, who)?)
        && matches!(task.what, TaskWork::Image { .. })
    {
        let made = task.result.as_ref().is_some_and(|result| result.outcome == TaskOutcome::Passed);
        return if made {
            Ok(ImageFrom::Built { task: id })
        } else {
            Err(ToolFault::refused(format!("{id} has built no image: `task` tells how far it is")))
        };
    }
    let services = toolset.services();
    let services = if services.is_empty() { String::new() } else { format!(", {}", services.join(", ")) };
    Err(ToolFault::refused(format!(
        "there is no image {} for you: there are {}{services}, and what `image_build` built in this turn, by its id",
        shortened(name, 60),
        ImageFrom::RUN
    )))
}

fn argv(arguments: &Arguments, needed: bool) -> Result<Vec<String>, ToolFault> {
    let argv: Vec<String> = arguments.texts("argv").into_iter().map(str::to_owned).collect();
    let fault = match argv.first() {
        None if needed => "`argv` is missing: it says what to run, the program and its arguments one by one",
        Some(program) if program.trim().is_empty() => "`argv` begins with an empty text: name the program there",
        _ if argv.iter().any(|text| text.contains('\0')) => "`argv` has a NUL, which no program can be given",
        _ => return Ok(argv),
    };
    Err(ToolFault::refused(fault.to_owned()))
}

fn env(arguments: &Arguments) -> Result<Vec<(String, String)>, ToolFault> {
    let mut env = Vec::new();
    for text in arguments.texts("env") {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_name = !name.is_empty() && name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit());
        if !is_name || !text.contains('=') || value.contains('\0') {
            return Err(ToolFault::refused(format!(
                "`env` has {}: each is written NAME=value, the name of letters, digits and underscores",
                shortened(text, 60)
            )));
        }
        if env.iter().any(|(known, _)| known == name) {
            return Err(ToolFault::refused(format!("`env` names {name} twice")));
        }
        env.push((name.to_owned(), value.to_owned()));
    }
    Ok(env)
}

/// Asks for the end of something.
pub(super) fn stop(tx: &Tx<'_>, who: Who, arguments: &Arguments) -> Given {
    let task = ours(tx, who, arguments)?;
    if task.state == TaskState::Ended {
        return Ok(json!({ "task": task.id.to_string(), "says": "it is over already" }));
    }
    tx.stop_task(task.id)?;
    Ok(json!({ "task": task.id.to_string(), "says": "it is asked to end, and killed after some seconds" }))
}

/// The containers and images that there are in the turn.
pub(super) fn list(view: &View<'_>, who: Who) -> Given {
    let place = super::tasks::place(view, who)?;
    let tasks = view.tasks(Some(who.run), limits::CONTAINERS_LISTED)?;
    let ours = |task: &&Task| {
        let image = task.result.as_ref().is_some_and(|result| result.outcome == TaskOutcome::Passed);
        task.place == Some(place)
            && match task.what {
                TaskWork::Image { .. } => image || task.state != TaskState::Ended,
                TaskWork::Program { .. } | TaskWork::Service { .. } => task.state != TaskState::Ended,
                TaskWork::Tests { .. } => false,
            }
    };
    let told: Vec<Value> = tasks.iter().filter(ours).map(|task| super::tasks::told(task, false)).collect();
    Ok(json!({ "containers_and_images": told }))
}

impl Knowledge {
    /// The end of what a container has printed so far.
    pub(super) async fn container_logs(&self, run: RunId, arguments: &Arguments) -> Given {
        let Some(logs) = self.logs.clone() else {
            return Err(ToolFault::refused("this engine shows no logs of containers".to_owned()));
        };
        let most = u64::from(arguments.number("bytes").unwrap_or(LOG));
        let arguments = arguments.clone();
        let look = move |view: &View<'_>| {
            let task = ours(view, who(view, run, Millis(0))?, &arguments)?;
            let mut steps = view.steps(run)?.into_iter();
            let shown = |kind| matches!(kind, StepKind::Program | StepKind::Service | StepKind::Test);
            Ok(steps.rfind(|step| step.key.task() == Some(task.id) && shown(step.key.kind)))
        };
        let step = flat(self.store.read(move |view| Ok(look(view))).await)?;
        let Some(step) = step else {
            return Ok(json!({ "says": "it has not begun, so it has printed nothing" }));
        };
        let path = logs.join(run.to_string()).join(format!("{}.log", step.key));
        let read = tokio::task::spawn_blocking(move || tail(&path, most)).await;
        match read {
            Ok(Ok((bytes, before))) => Ok(json!({
                "output": String::from_utf8_lossy(&bytes), "left_out_before": before, "from": DATA,
            })),
            Ok(Err(error)) => Err(ToolFault::Failed(error.to_string())),
            Err(error) => Err(ToolFault::Failed(error.to_string())),
        }
    }
}

/// The last bytes of a log, and how many come before.
fn tail(path: &Path, most: u64) -> Result<(Vec<u8>, u64), LogError> {
    let reader = match LogReader::open(path) {
        Ok(reader) => reader,
        Err(error) if error.is_missing() => return Ok((Vec::new(), 0)),
        Err(error) => return Err(error),
    };
    let end = reader.end()?;
    let before = end.saturating_sub(most.min(MAX_READ as u64));
    Ok((reader.bytes(before..end)?, before))
}
