//! The life of one container: made, started, frozen, thawed, removed. Every call may be repeated.

use super::create::{self, LABEL_DIR, LABEL_INSTANCE, LABEL_STEP, Surroundings};
use super::link::{Failure, Link};
use super::state::{self, QUICK, Seen};
use super::upload::Target;
use crate::sandbox::executable::Copy;
use crate::sandbox::{Presence, Profile, SandboxError, StepSpec, frozen, layout};
use crate::shim::Secret;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, KillContainerOptionsBuilder,
    ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder,
};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, sleep};

/// Deadline of calls that make Docker work on disk.
const SLOW: Duration = Duration::from_secs(30);
/// How long a removal that is under way is waited for.
const REMOVAL: Duration = Duration::from_mins(1);
/// Between two looks at something that is under way.
const PAUSE: Duration = Duration::from_millis(200);
/// A name that is taken by a container that cannot be seen yet is waited for so long.
const HALF_MADE: Duration = Duration::from_secs(10);

/// Makes the container or finds the one of that name.
pub(super) async fn create(
    link: &Link,
    name: &str,
    spec: &StepSpec,
    around: &Surroundings<'_>,
) -> Result<String, SandboxError> {
    let what = format!("to make container {name}");
    let options = CreateContainerOptionsBuilder::default().name(name).build();
    let begun = Instant::now();
    loop {
        let docker = link.client().map_err(|failure| failure.into_error(&what))?;
        let body = create::body(spec, around);
        match link.call(SLOW, docker.create_container(Some(options.clone()), body)).await {
            Ok(made) => return Ok(made.id),
            Err(Failure::Absent(reason)) => {
                return Err(SandboxError::Image { image: spec.image.clone(), reason, retry: true });
            }
            Err(Failure::Conflict(reason)) => {
                match state::look(link, name).await.map_err(|failure| failure.into_error(&what))? {
                    Some(seen) => return adopt(seen, name, spec, around),
                    // The name is reserved before the container can be seen, and freed after it is gone.
                    None if begun.elapsed() < HALF_MADE => sleep(PAUSE).await,
                    None => return Err(Failure::Conflict(reason).into_error(&what)),
                }
            }
            Err(failure) => return Err(failure.into_error(&what)),
        }
    }
}

/// Takes a container that was made before, if it is what would be made now.
fn adopt(seen: Seen, name: &str, spec: &StepSpec, around: &Surroundings) -> Result<String, SandboxError> {
    let wanted = create::labels(around.instance, spec);
    let same = wanted.iter().all(|(label, value)| seen.labels.get(label) == Some(value)) && seen.image == spec.image;
    if same {
        return Ok(seen.id);
    }
    Err(SandboxError::Refused {
        what: format!("to make container {name}"),
        reason: format!(
            "a container of that name ({}) has other labels or another image; remove it with `docker rm -f {name}`",
            seen.id.chars().take(12).collect::<String>()
        ),
    })
}

/// Starts a container that was made and never started, and tells its shim the secret.
pub(super) async fn start(link: &Link, spec: &StepSpec, container: &str, secret: &Secret) -> Result<(), SandboxError> {
    let what = format!("to start container {container}");
    let fail = |failure: Failure| failure.into_error(&what);
    let _turn = match link.far() {
        Some(far) => Some(far.turn(container).await),
        None => None,
    };
    let seen = state::look(link, container).await.map_err(fail)?;
    match seen.map(|seen| seen.presence) {
        Some(Presence::Created) => {}
        Some(_) => return Ok(()),
        None => return Err(SandboxError::Refused { what, reason: "it is gone".to_owned() }),
    }
    match link.far() {
        Some(far) => far.put(link, spec, container).await.map_err(fail)?,
        None => layout::write(spec)?,
    }
    if let (Profile::Provision, Some(tree)) = (spec.profile, &spec.tree) {
        let target = Target { path: "/", prefix: layout::WORK_INSIDE.trim_start_matches('/'), owner: (0, 0) };
        super::upload::upload(link, container, tree, &target).await.map_err(fail)?;
    }
    let docker = link.client().map_err(fail)?;
    let options = AttachContainerOptionsBuilder::default().stdin(true).stream(true).build();
    let mut attached = link.call(QUICK, docker.attach_container(container, Some(options))).await.map_err(fail)?;
    match link.call(SLOW, docker.start_container(container, None::<StartContainerOptions>)).await {
        Ok(()) => {}
        // Somebody started it in the meantime, and that one tells the secret.
        Err(Failure::Conflict(_)) => return Ok(()),
        Err(failure) => return Err(failure.into_error(&what)),
    }
    let words = secret.stdin_line();
    let told = async {
        attached.input.write_all(&words).await?;
        attached.input.flush().await?;
        attached.input.shutdown().await
    };
    // A shim that got no secret says so and the step counts as lost without anybody's fault, so this is not the place
    // to stop at; but why it happened should be known.
    match tokio::time::timeout(QUICK, told).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(container, %error, "the step's secret could not be sent"),
        Err(_) => tracing::warn!(container, "the step's secret could not be sent in time"),
    }
    Ok(())
}

/// Freezes or thaws, and notes when.
pub(super) async fn set_frozen(link: &Link, instance: &str, container: &str, freeze: bool) -> Result<(), SandboxError> {
    let what = if freeze { "to freeze a container" } else { "to thaw a container" };
    let fail = |failure: Failure| failure.into_error(what);
    let Some(seen) = state::look(link, container).await.map_err(fail)? else { return Ok(()) };
    if seen.presence != Presence::Running {
        return Ok(());
    }
    if seen.paused != freeze {
        let docker = link.client().map_err(fail)?;
        let done = if freeze {
            link.call(QUICK, docker.pause_container(&seen.id)).await
        } else {
            link.call(QUICK, docker.unpause_container(&seen.id)).await
        };
        match done {
            Ok(()) | Err(Failure::Absent(_)) => {}
            // It ended or changed in the meantime; what it is now decides.
            Err(failure @ Failure::Conflict(_)) => {
                let now = state::look(link, container).await.map_err(fail)?;
                if now.is_some_and(|now| now.presence == Presence::Running && now.paused != freeze) {
                    return Err(fail(failure));
                }
            }
            Err(failure) => return Err(fail(failure)),
        }
    }
    note_frozen(link, &seen, instance, freeze);
    Ok(())
}

/// Keeps the step's clock right. The step's directory is known from the container itself, if it is one of ours.
fn note_frozen(link: &Link, seen: &Seen, instance: &str, freeze: bool) {
    let ours = seen.labels.get(LABEL_INSTANCE).is_some_and(|label| label == instance);
    let step = match link.far() {
        Some(_) => seen.labels.get(LABEL_DIR).map(PathBuf::from),
        None => seen.mounts.get(layout::STEP_INSIDE).and_then(|path| path.parent()).map(Path::to_owned),
    };
    if let (true, Some(dir)) = (ours, step) {
        frozen::observe(&dir, freeze);
    }
}

/// Asks a container to end, and makes it end.
pub(super) async fn stop(link: &Link, container: &str, grace_seconds: i32) -> Result<(), SandboxError> {
    let what = "to stop a container";
    let docker = link.client().map_err(|failure| failure.into_error(what))?;
    let options = StopContainerOptionsBuilder::default().t(grace_seconds).build();
    let limit = SLOW + Duration::from_secs(u64::try_from(grace_seconds).unwrap_or(0));
    match link.call(limit, docker.stop_container(container, Some(options))).await {
        Ok(()) | Err(Failure::Absent(_) | Failure::Conflict(_)) => return Ok(()),
        Err(failure @ Failure::Unreachable(_)) => return Err(failure.into_error(what)),
        Err(failure) => tracing::warn!(container, ?failure, "a container could not be stopped and is killed"),
    }
    let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
    match link.call(SLOW, docker.kill_container(container, Some(options))).await {
        Ok(()) | Err(Failure::Absent(_) | Failure::Conflict(_)) => Ok(()),
        Err(failure) => Err(failure.into_error(what)),
    }
}

/// Kills and removes, with the volumes that the image made Docker create, and what it had of another machine's disk.
pub(super) async fn remove(link: &Link, instance: &str, container: &str) -> Result<(), SandboxError> {
    let what = "to remove a container";
    let fail = |failure: Failure| failure.into_error(what);
    let seen = match link.far() {
        Some(_) => state::look(link, container).await.map_err(fail)?,
        None => None,
    };
    let begun = Instant::now();
    loop {
        let docker = link.client().map_err(fail)?;
        let options = RemoveContainerOptionsBuilder::default().v(true).force(true).build();
        match link.call(SLOW, docker.remove_container(container, Some(options))).await {
            Ok(()) | Err(Failure::Absent(_)) => break,
            // Somebody's removal is under way.
            Err(Failure::Conflict(_)) if begun.elapsed() < REMOVAL => sleep(PAUSE).await,
            Err(failure) => return Err(fail(failure)),
        }
    }
    let Some(far) = link.far() else { return Ok(()) };
    let labels = seen.map(|seen| seen.labels).unwrap_or_default();
    let ours = labels.get(LABEL_INSTANCE).is_some_and(|label| label == instance);
    match labels.get(LABEL_STEP).filter(|_| ours) {
        Some(key) => far.forget(key).await.map_err(fail),
        // One that somebody else removed has left its directories, which are found when leavings are looked for.
        None => Ok(()),
    }
}

/// Names and ids of the containers with this instance's label.
pub(super) async fn labelled(link: &Link, instance: &str) -> Result<Vec<(String, String)>, SandboxError> {
    let what = "to list containers";
    let filters = HashMap::from([("label".to_owned(), vec![format!("{LABEL_INSTANCE}={instance}")])]);
    let docker = link.client().map_err(|failure| failure.into_error(what))?;
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let listed = link.call(QUICK, docker.list_containers(Some(options))).await;
    let listed = listed.map_err(|failure| failure.into_error(what))?.into_iter();
    let prefix = prefix(instance);
    Ok(listed
        .filter_map(|container| {
            let name = container.names.unwrap_or_default().into_iter().next()?;
            let name = name.trim_start_matches('/');
            Some((name.strip_prefix(&prefix).unwrap_or(name).to_owned(), container.id?))
        })
        .collect())
}

/// What a container of this step is called on this machine.
pub(super) fn name(instance: &str, spec: &StepSpec) -> String {
    format!("{}{}", prefix(instance), spec.key)
}

/// What the names of this engine's containers begin with; the step's own name follows.
fn prefix(instance: &str) -> String {
    let instance: String = instance.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    format!("dogwatch-{instance}-")
}

/// The command line of the shim.
pub(super) fn command(copy: &Copy) -> Vec<String> {
    copy.command.iter().cloned().chain(["shim".to_owned()]).collect()
}
