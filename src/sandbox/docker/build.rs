//! Images built from a Dockerfile, and images made by committing a container.

use super::dockerfile;
use super::image;
use super::link::{Failure, Link, shorten};
use crate::domain::ImageUsed;
use crate::sandbox::SandboxError;
use bollard::models::{BuildInfo, ContainerConfig};
use bollard::query_parameters::{BuildImageOptionsBuilder, CommitContainerOptionsBuilder};
use futures_util::StreamExt as _;
use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A build that takes longer is given up.
const BUILD: Duration = Duration::from_hours(1);
/// Between two signs of life asked for while a build is silent.
const CHECK: Duration = Duration::from_secs(5);
/// Memory of a build step in bytes; the interface takes 31 bits.
const MEMORY: i32 = i32::MAX;
/// What is added where a build step was killed.
const OUT_OF_MEMORY: &str = " (it was killed, most likely for want of memory: a step of a build has 2 GiB; \
                             do it in [setup], which has what [limits] gives)";
/// Microseconds in which a build step may use its share of the processors.
const PERIOD: i32 = 100_000;
/// Lines of a failed build that are kept.
const TAIL_LINES: usize = 40;
/// Characters of a line that are kept.
const LINE_MAX: usize = 300;
/// Longest Dockerfile that is read.
const DOCKERFILE_MAX: u64 = 1 << 20;
/// A commit copies what the container changed.
const COMMIT: Duration = Duration::from_mins(10);

/// What is to be built, and within which bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// From where images may come.
    pub(super) registries: &'a [String],
    /// Processors of the machine.
    pub(super) processors: Option<i64>,
    /// The local name.
    pub(super) tag: &'a str,
    /// Path of the Dockerfile in the archive.
    pub(super) dockerfile: &'a str,
}

/// Builds from an archive.
///
/// The interface has no word for the capabilities of build steps nor for the number of their processes: they have those
/// that Docker gives by default. So a Dockerfile is trusted further than a step; it counts as of the commit that a run
/// starts from, like `dogwatch.toml`.
pub(super) async fn build(
    link: &Link,
    asked: &Asked<'_>,
    context: Vec<u8>,
    tell: &(dyn Fn(String) + Send + Sync),
) -> Result<ImageUsed, SandboxError> {
    let Asked { registries, processors, tag, dockerfile } = *asked;
    for name in bases(&context, dockerfile)? {
        let base = image::obtain(link, registries, &name, tell).await?;
        let inspected =
            image::local(link, &base.id).await.map_err(|failure| failure.into_error("to look at an image"))?;
        let triggers = inspected.and_then(|image| image.config).and_then(|config| config.on_build).unwrap_or_default();
        dockerfile::check_triggers(&triggers).map_err(|reason| refuse(&name, reason))?;
    }
    let options = BuildImageOptionsBuilder::default()
        .dockerfile(dockerfile)
        .t(tag)
        .networkmode("none")
        .memory(MEMORY)
        .memswap(MEMORY)
        .cpuperiod(PERIOD)
        .cpuquota(quota(processors))
        .rm(true)
        .forcerm(true)
        .build();
    let docker = link.client().map_err(|failure| failure.into_error("a connection"))?;
    let mut stream = std::pin::pin!(docker.build_image(options, None, Some(bollard::body_full(context.into()))));
    let mut log = Tail::default();
    let deadline = Instant::now() + BUILD;
    loop {
        match timeout(CHECK, stream.next()).await {
            Ok(Some(Ok(info))) => log.take(&info, tell),
            Ok(Some(Err(error))) => return Err(build_error(dockerfile, link.failure(&error), &log)),
            Ok(None) => break,
            Err(_) => link.ping().await.map_err(|failure| failure.into_error("a sign of life"))?,
        }
        if Instant::now() > deadline {
            let reason = format!("the build did not end within {} s", BUILD.as_secs());
            return Err(refuse(dockerfile, reason));
        }
    }
    match image_id(link, tag).await? {
        Some(id) => Ok(ImageUsed {
            asked: dockerfile.to_owned(),
            id,
            digest: None,
            services: std::collections::BTreeMap::new(),
        }),
        None => Err(refuse(dockerfile, format!("the build left no image; its last lines:\n{}", log.text()))),
    }
}

/// Whether a build from this archive would be begun at all; asks nobody.
pub(super) fn admitted(registries: &[String], dockerfile: &str, context: &[u8]) -> Result<(), SandboxError> {
    bases(context, dockerfile)?.iter().try_for_each(|name| image::admitted(registries, name).map(drop))
}

/// The archive of a build as it is sent for an agent: its Dockerfile is written anew from what was understood of it. `images` has
/// the names that may stand after FROM, with what they stand for.
pub fn agents_build(dockerfile: &str, context: &[u8], images: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
    let text = dockerfile::compose(&find(context, dockerfile)?, images)?;
    let failed = |error: std::io::Error| format!("the build context cannot be read: {error}");
    let wanted = std::path::Path::new(dockerfile.trim_start_matches("./"));
    let mut archive = tar::Archive::new(context);
    let mut builder = tar::Builder::new(Vec::new());
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let path = entry.path().map_err(failed)?.into_owned();
        let mut header = entry.header().clone();
        if path.strip_prefix("./").unwrap_or(&path) == wanted {
            header.set_size(text.len() as u64);
            builder.append_data(&mut header, &path, text.as_bytes()).map_err(failed)?;
        } else if let Some(target) = entry.link_name().map_err(failed)?.map(std::borrow::Cow::into_owned) {
            builder.append_link(&mut header, &path, target).map_err(failed)?;
        } else {
            builder.append_data(&mut header, &path, &mut entry).map_err(failed)?;
        }
    }
    builder.into_inner().map_err(failed)
}

/// The images that the Dockerfile in the archive builds upon.
fn bases(context: &[u8], dockerfile: &str) -> Result<Vec<String>, SandboxError> {
    find(context, dockerfile).and_then(|text| dockerfile::images(&text)).map_err(|reason| refuse(dockerfile, reason))
}

/// All processors but one, which is left for everything else; nine tenths of the only one.
fn quota(processors: Option<i64>) -> i32 {
    let most = i32::try_from(processors.unwrap_or(1)).unwrap_or(i32::MAX);
    if most <= 1 { PERIOD / 10 * 9 } else { (most - 1).saturating_mul(PERIOD) }
}

/// The content id behind a local name, where steps can have such an image.
pub(super) async fn image_id(link: &Link, tag: &str) -> Result<Option<String>, SandboxError> {
    let image = image::local(link, tag).await.map_err(|failure| failure.into_error("to look at an image"))?;
    let Some(image) = image else { return Ok(None) };
    let volumes = image.config.and_then(|config| config.volumes).unwrap_or_default();
    super::create::volumes(&volumes).map_err(|reason| refuse(tag, reason))?;
    Ok(image.id.filter(|id| !id.is_empty()))
}

/// Commits a container under a local name. What the container was started with is not kept: the image gets back the
/// entry point, command, user and directory of none, since every step states its own.
pub(super) async fn commit(link: &Link, container: &str, tag: &str) -> Result<String, SandboxError> {
    let what = || format!("to commit {container}");
    let (repository, version) = tag.rsplit_once(':').unwrap_or((tag, "latest"));
    let seen = super::state::look(link, container).await.map_err(|failure| failure.into_error(&what()))?;
    let seen = seen.ok_or_else(|| SandboxError::Refused { what: what(), reason: "it is gone".to_owned() })?;
    let labels = [super::create::LABEL_INSTANCE, super::create::LABEL_RUN, super::create::LABEL_STEP];
    // Emptied, or a container made from the image would look as if it were a step.
    let labels = labels.map(|label| (label.to_owned(), String::new())).into_iter().collect();
    let options = CommitContainerOptionsBuilder::default()
        .container(&seen.id)
        .repo(repository)
        .tag(version)
        .pause(true)
        .changes("ENTRYPOINT []\nCMD []\nUSER 0:0")
        .build();
    let config = ContainerConfig { labels: Some(labels), ..ContainerConfig::default() };
    let docker = link.client().map_err(|failure| failure.into_error(&what()))?;
    let made = link.call(COMMIT, docker.commit_container(options, config)).await;
    let id = made.map_err(|failure| failure.into_error(&what()))?.id;
    Ok(image_id(link, tag).await?.unwrap_or(id))
}

/// The text of the Dockerfile in the archive: one regular file of that path.
fn find(context: &[u8], path: &str) -> Result<String, String> {
    let wanted = path.trim_start_matches("./");
    let unreadable = |error: std::io::Error| format!("the build context cannot be read: {error}");
    let mut archive = tar::Archive::new(context);
    let mut found = None;
    for entry in archive.entries().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.path().map_err(unreadable)?;
        if name.strip_prefix("./").unwrap_or(&name) != std::path::Path::new(wanted) {
            continue;
        }
        if !entry.header().entry_type().is_file() || found.is_some() {
            return Err("the Dockerfile must be one regular file".to_owned());
        }
        let mut text = String::new();
        entry.take(DOCKERFILE_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
        found = Some(text);
    }
    found.ok_or_else(|| "there is no such file in the build context".to_owned())
}

fn refuse(image: &str, reason: String) -> SandboxError {
    SandboxError::Image { image: image.to_owned(), reason, retry: false }
}

fn build_error(dockerfile: &str, failure: Failure, log: &Tail) -> SandboxError {
    match failure {
        Failure::Unreachable(reason) => SandboxError::Unreachable(reason),
        Failure::DiskFull(reason) => SandboxError::DiskFull(reason),
        Failure::Absent(reason) | Failure::Conflict(reason) | Failure::Refused(reason) => {
            let hint = if reason.contains("non-zero code: 137") { OUT_OF_MEMORY } else { "" };
            refuse(dockerfile, format!("the build failed: {reason}{hint}; its last lines:\n{}", log.text()))
        }
    }
}

/// The last lines of a build.
#[derive(Debug, Default)]
struct Tail {
    lines: VecDeque<String>,
}

impl Tail {
    fn take(&mut self, info: &BuildInfo, tell: &(dyn Fn(String) + Send + Sync)) {
        for line in info.stream.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty()) {
            let line: String = line.chars().take(LINE_MAX).collect();
            if line.starts_with("Step ") {
                tell(format!("building: {line}"));
            }
            if self.lines.len() >= TAIL_LINES {
                self.lines.pop_front();
            }
            self.lines.push_back(line);
        }
    }

    fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        let text = lines.join("\n");
        let skip = text.chars().count().saturating_sub(1800);
        shorten(&text.chars().skip(skip).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn a_step_that_was_killed_is_explained() {
        let told = |code| {
            let reason = format!("The command '/bin/sh -c make' returned a non-zero code: {code}");
            build_error("Dockerfile", Failure::Refused(reason), &Tail::default()).to_string()
        };
        assert!(told(137).contains("2 GiB"), "{}", told(137));
        assert!(!told(1).contains("GiB"));
    }

    #[test]
    fn the_dockerfile_is_found_once() {
        let tar = archive(&[("a/Dockerfile", "FROM x"), ("./Dockerfile", "FROM y")]);
        assert_eq!(find(&tar, "Dockerfile").unwrap(), "FROM y");
        assert_eq!(find(&tar, "./a/Dockerfile").unwrap(), "FROM x");
        assert!(find(&tar, "b/Dockerfile").is_err());
        let twice = archive(&[("Dockerfile", "FROM x"), ("Dockerfile", "FROM y")]);
        assert!(find(&twice, "Dockerfile").is_err());
        assert!(find(b"not an archive at all", "Dockerfile").is_err());
    }

    #[test]
    fn a_build_leaves_something_of_the_machine() {
        assert_eq!(quota(Some(8)), 700_000);
        assert_eq!(quota(Some(2)), 100_000);
        assert_eq!((quota(Some(1)), quota(Some(0)), quota(None)), (90_000, 90_000, 90_000));
        assert!(quota(Some(i64::MAX)) > 0);
    }

    #[test]
    fn a_tail_stays_small() {
        let mut tail = Tail::default();
        let long = BuildInfo { stream: Some("x".repeat(100_000) + "\n"), ..BuildInfo::default() };
        for _ in 0..500 {
            tail.take(&long, &|_| {});
        }
        assert!(tail.text().len() < 2000);
        assert_eq!(tail.lines.len(), TAIL_LINES);
    }
}
