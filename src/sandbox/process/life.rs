//! The life of one container: started, looked at, frozen, thawed, stopped, removed. Every call may be repeated.

use super::bwrap::{self, Filters};
use super::groups::Controller;
use super::identity::Identity;
use super::record::{Made, Record, Started};
use super::walls::Walls;
use super::{ProcessSandbox, freeze, limits};
use crate::domain::Millis;
use crate::sandbox::executable::Copy;
use crate::sandbox::verdict::Remains;
use crate::sandbox::{Presence, SandboxError, StepSpec, executable, frozen, layout};
use rustix::process::Signal;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

/// How long bubblewrap may take until it names the first process.
const BEGIN: Duration = Duration::from_secs(30);
/// How long killed processes may take to be gone.
const ENDING: Duration = Duration::from_secs(10);
/// How long the shim may take to read its secret.
const TELLING: Duration = Duration::from_secs(10);
/// Between two looks at something that is under way.
const PAUSE: Duration = Duration::from_millis(3);

/// One container at one moment.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Where it stands.
    pub(super) presence: Presence,
    /// What it was made for.
    pub(super) made: Made,
    /// Its first process, once that is known.
    pub(super) started: Option<Started>,
    /// What is left of an ended one.
    pub(super) remains: Remains,
    /// The machine has been started anew since it ran.
    pub(super) rebooted: bool,
}

/// Looks at a container; `None` when there is none.
pub(super) fn look(record: &Record) -> io::Result<Option<Seen>> {
    let Some(made) = record.made()? else { return Ok(None) };
    // In this order: whoever has the claim lets go of it only after what is read next was written.
    let claimed = record.is_claimed()?;
    let (started, status) = (record.started()?, record.status()?);
    let stat = started.as_ref().and_then(|started| started.first.look());
    let presence = match (&started, &stat) {
        (_, Some(stat)) if freeze::is_frozen(&made, stat) => Presence::Frozen,
        (_, Some(_)) => Presence::Running,
        // Bubblewrap has not written the exit code yet.
        (Some(started), None) if claimed && started.first.same_boot() && status.code.is_none() => Presence::Running,
        (Some(_), None) => Presence::Exited,
        (None, _) if claimed => Presence::Running,
        (None, _) if status.child.is_some() => Presence::Exited,
        (None, _) => Presence::Created,
    };
    let rebooted = started.as_ref().is_some_and(|started| !started.first.same_boot());
    let oom = made.groups.out_of_memory();
    let remains = Remains { code: status.code, oom, error: String::new() };
    Ok(Some(Seen { presence, made, started, remains, rebooted }))
}

/// Starts a container that was made and never started, and tells its shim the secret.
pub(super) async fn start(sandbox: &ProcessSandbox, spec: &StepSpec, record: &Record) -> Result<(), SandboxError> {
    let what = || format!("to start container {}", spec.key);
    let begun = Instant::now();
    let claim = loop {
        match look(record).map_err(|error| sandbox.local(&error))? {
            None => return Err(SandboxError::Refused { what: what(), reason: "it is gone".to_owned() }),
            Some(seen) if seen.started.is_some() || seen.presence == Presence::Exited => return Ok(()),
            Some(_) => {}
        }
        match record.claim().map_err(|error| sandbox.local(&error))? {
            Some(claim) => break claim,
            // Somebody else looks at it, or starts it.
            None if begun.elapsed() < BEGIN => sleep(PAUSE).await,
            None => {
                let reason = "somebody else has begun to and does not come to an end".to_owned();
                return Err(SandboxError::Refused { what: what(), reason });
            }
        }
    };
    // It may have been started between the look and the claim.
    let Some(seen) = look(record).map_err(|error| sandbox.local(&error))? else { return Ok(()) };
    if seen.started.is_some() || record.status().map_err(|error| sandbox.local(&error))?.child.is_some() {
        return Ok(());
    }
    let copy = sandbox.copy.get().await?;
    layout::write(spec)?;
    let mounts = layout::mounts(spec)?;
    seen.made.groups.make(&spec.limits).map_err(|error| sandbox.local(&error))?;
    let words = record.words_file().map_err(|error| sandbox.local(&error))?;
    let filters = Filters::open().map_err(SandboxError::Local)?;
    let walls = walls((sandbox, copy), spec, (record, &seen.made), mounts, &filters)?;
    let mut command = bwrap::command(&sandbox.bubblewrap.program);
    command.args(walls.arguments()).stdin(Stdio::piped()).stdout(claim).stderr(words);
    let spawned = command.spawn();
    // The command holds a copy of the claim, which from here on is bubblewrap's alone.
    drop(command);
    drop(filters);
    let mut child = spawned.map_err(|error| SandboxError::Refused { what: what(), reason: error.to_string() })?;
    let begun = begin(sandbox, spec, record, &seen.made, &mut child).await;
    if begun.is_err() {
        // Without its secret the shim ends by itself, so this only makes it end sooner.
        drop(child.stdin.take());
    }
    begun
}

fn walls(
    (sandbox, copy): (&ProcessSandbox, &Copy),
    spec: &StepSpec,
    (record, made): (&Record, &Made),
    mounts: Vec<(String, String, bool)>,
    filters: &Filters,
) -> Result<Walls, SandboxError> {
    let bin = (copy.dir.clone(), PathBuf::from(executable::INSIDE), true);
    let mounts = mounts.into_iter().map(|(from, to, read_only)| (PathBuf::from(from), PathBuf::from(to), read_only));
    let (memory, pids) = (!made.groups.does(Controller::Memory), !made.groups.does(Controller::Pids));
    let limits = limits::words(&spec.limits, memory, pids);
    Ok(Walls {
        root: sandbox.roots.entries(&spec.image, &record.etc())?,
        mounts: [bin].into_iter().chain(mounts).collect(),
        tmp_mib: spec.limits.tmp_mib,
        user: sandbox.becomes(),
        filters: filters.numbers(),
        command: copy.command.iter().cloned().chain(["shim".to_owned()]).chain(limits).collect(),
    })
}

/// From the first sign of the first process to its secret. Nothing but the shim runs before that is told.
async fn begin(
    sandbox: &ProcessSandbox,
    spec: &StepSpec,
    record: &Record,
    made: &Made,
    child: &mut Child,
) -> Result<(), SandboxError> {
    let refused = |reason: String| SandboxError::Refused { what: format!("to start container {}", spec.key), reason };
    let begun = Instant::now();
    let first = loop {
        if let Some(first) = record.status().map_err(|error| sandbox.local(&error))?.child {
            break first;
        }
        if child.try_wait().map_err(|error| sandbox.local(&error))?.is_some() {
            return Err(refused(record.words()));
        }
        if begun.elapsed() > BEGIN {
            return Err(refused(format!("bubblewrap makes none within {} s", BEGIN.as_secs())));
        }
        sleep(PAUSE).await;
    };
    let identity = Identity::of(first);
    // Bubblewrap's own child, and not whoever got the number of one that ended at once.
    let monitor = child.id().and_then(|id| i32::try_from(id).ok());
    let same = identity.as_ref().and_then(Identity::look).is_some_and(|stat| Some(stat.parent) == monitor);
    let Some(identity) = identity.filter(|_| same) else {
        return Err(refused(format!("its first process ended at once: {}", record.words())));
    };
    made.groups.take(first).map_err(|error| sandbox.local(&error))?;
    let started = Started { first: identity, at: frozen::now() };
    record.note_started(&started).map_err(|error| sandbox.local(&error))?;
    let secret = sandbox.secret(spec).stdin_line();
    let Some(mut stdin) = child.stdin.take() else { return Err(refused("it has no standard input".to_owned())) };
    let told = async {
        stdin.write_all(&secret).await?;
        stdin.shutdown().await
    };
    // A shim that got no secret says so and the step counts as lost without anybody's fault, so this is not the place to
    // stop at; but why it happened should be known.
    match timeout(TELLING, told).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(step = %spec.key, %error, "the step's secret could not be sent"),
        Err(_) => tracing::warn!(step = %spec.key, "the step's secret could not be sent in time"),
    }
    Ok(())
}

/// Freezes or thaws what runs, and notes when. Returns whether it may still run.
pub(super) fn set_frozen(record: &Record, freeze: bool) -> io::Result<bool> {
    let Some(seen) = look(record)? else { return Ok(false) };
    let live = matches!(seen.presence, Presence::Running | Presence::Frozen);
    let Some(started) = seen.started.filter(|_| live) else {
        return Ok(live || seen.presence == Presence::Created);
    };
    // An engine may have died in the middle of freezing, and then only some of it stands still.
    if freeze || seen.presence == Presence::Frozen {
        freeze::set_frozen(&seen.made, &started, freeze)?;
    }
    frozen::observe(&seen.made.step, freeze);
    Ok(true)
}

/// Asks a container to end, and makes it end.
pub(super) async fn stop(record: &Record, grace: Duration) -> io::Result<()> {
    let Some(Seen { started: Some(started), .. }) = look(record)? else { return Ok(()) };
    started.first.signal(Signal::TERM)?;
    let begun = Instant::now();
    while started.first.look().is_some() {
        if begun.elapsed() > grace {
            return started.first.signal(Signal::KILL);
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Kills all that runs and removes what there is of it.
pub(super) async fn remove(record: &Record) -> io::Result<()> {
    let begun = Instant::now();
    while let Some(seen) = look(record)? {
        seen.made.groups.check()?;
        let live = matches!(seen.presence, Presence::Running | Presence::Frozen);
        if let Some(started) = seen.started.filter(|_| live) {
            started.first.signal(Signal::KILL)?;
            // In version 1 the frozen cannot die.
            if seen.made.groups.can_freeze() {
                seen.made.groups.set_frozen(false)?;
            }
        }
        if !live {
            seen.made.groups.remove()?;
            return record.remove();
        }
        if begun.elapsed() > ENDING {
            return Err(io::Error::other("its processes do not come to an end"));
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

/// When it was started.
pub(super) fn started_at(seen: &Seen) -> Millis {
    seen.started.as_ref().map_or_else(frozen::now, |started| started.at)
}
