//! What Docker says of a container, reduced to what is decided on.

use super::link::{Failure, Link};
use crate::domain::Millis;
use crate::sandbox::Presence;
use crate::sandbox::verdict::Remains;
use bollard::models::{ContainerInspectResponse, ContainerState, ContainerStateStatusEnum};
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt as _;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

/// Deadline of a question that Docker answers from memory.
pub(super) const QUICK: Duration = Duration::from_secs(10);

/// Bytes of a container's own log that are read.
const WORDS_MAX: usize = 4096;

/// One container at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Docker's id.
    pub(super) id: String,
    /// Content id of its image.
    pub(super) image: String,
    /// Its labels.
    pub(super) labels: HashMap<String, String>,
    /// Where it stands.
    pub(super) presence: Presence,
    /// Frozen.
    pub(super) paused: bool,
    /// Docker's number of its first process.
    pid: Option<i64>,
    /// When its first process started.
    pub(super) started: Option<Millis>,
    /// When its first process ended.
    pub(super) finished: Option<Millis>,
    /// What is left of an ended one.
    pub(super) remains: Remains,
    /// Host paths of its mounts by the path inside.
    pub(super) mounts: HashMap<String, PathBuf>,
}

/// Looks at a container by id or name; `None` when there is none.
pub(super) async fn look(link: &Link, container: &str) -> Result<Option<Seen>, Failure> {
    let docker = link.client()?;
    match link.call(QUICK, docker.inspect_container(container, None)).await {
        Ok(answer) => {
            let mut seen = Seen::from(answer);
            if let Some(far) = link.far() {
                (seen.started, seen.finished) =
                    (seen.started.map(|at| far.here(at)), seen.finished.map(|at| far.here(at)));
                // Numbers of processes there mean others here.
                seen.pid = None;
            }
            Ok(Some(seen))
        }
        Err(Failure::Absent(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

impl Seen {
    /// The container's first process, where it is certain that the number means the same process here. Docker may live
    /// where processes have other numbers; that a process belongs to the container is seen by its control group.
    pub(super) fn process(&self) -> Option<i32> {
        let pid = self.pid.and_then(|pid| i32::try_from(pid).ok()).filter(|pid| *pid > 0)?;
        // Not readable means not certain.
        let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        (self.presence == Presence::Running && !self.id.is_empty() && groups.contains(&self.id)).then_some(pid)
    }
}

/// The end of what the shim wrote to Docker's own log; the program cannot write there. Empty where there is nothing to be
/// had: it only explains a loss that is told anyway.
pub(super) async fn last_words(link: &Link, container: &str) -> String {
    let Ok(docker) = link.client() else { return String::new() };
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail("10").build();
    let mut lines = std::pin::pin!(docker.logs(container, Some(options)));
    let mut words = String::new();
    let reading = async {
        while let Some(Ok(line)) = lines.next().await {
            words.push_str(&String::from_utf8_lossy(&line.into_bytes()));
            if words.len() > WORDS_MAX {
                break;
            }
        }
    };
    if tokio::time::timeout(QUICK, reading).await.is_err() {
        tracing::warn!(container, "Docker does not give the container's log in time");
    }
    super::link::shorten(&words)
}

impl From<ContainerInspectResponse> for Seen {
    fn from(answer: ContainerInspectResponse) -> Self {
        let state = answer.state.unwrap_or_default();
        let mounts = answer.mounts.unwrap_or_default().into_iter();
        Self {
            id: answer.id.unwrap_or_default(),
            image: answer.image.unwrap_or_default(),
            labels: answer.config.and_then(|config| config.labels).unwrap_or_default(),
            presence: presence(&state),
            paused: state.paused == Some(true),
            pid: state.pid,
            started: instant(state.started_at.as_deref()),
            finished: instant(state.finished_at.as_deref()),
            remains: Remains {
                code: state.exit_code,
                oom: state.oom_killed,
                error: super::link::shorten(&state.error.unwrap_or_default()),
            },
            mounts: mounts.filter_map(|mount| Some((mount.destination?, PathBuf::from(mount.source?)))).collect(),
        }
    }
}

fn presence(state: &ContainerState) -> Presence {
    use ContainerStateStatusEnum as Status;
    match state.status {
        Some(Status::CREATED) => Presence::Created,
        Some(Status::EXITED | Status::DEAD | Status::REMOVING) => Presence::Exited,
        Some(Status::RUNNING | Status::PAUSED | Status::RESTARTING) => Presence::Running,
        _ if state.running == Some(true) => Presence::Running,
        _ => Presence::Exited,
    }
}

/// Docker writes the year 1 for what has not happened.
fn instant(text: Option<&str>) -> Option<Millis> {
    let at: jiff::Timestamp = text?.parse().ok()?;
    Some(Millis(at.as_millisecond())).filter(|at| at.0 > 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn docker_instants_are_read() {
        assert_eq!(instant(Some("1970-01-01T00:00:01.5Z")), Some(Millis(1500)));
        assert_eq!(instant(Some("2024-05-01T10:00:00.123456789+02:00")), Some(Millis(1_714_550_400_123)));
        for none in [Some("0001-01-01T00:00:00Z"), Some("yesterday"), Some(""), None] {
            assert_eq!(instant(none), None);
        }
    }
}
