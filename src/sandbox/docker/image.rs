//! Images: found on this machine or pulled from an allowed registry, and pinned to their content id.

use super::link::{Failure, Link, is_disk_full, shorten};
use super::progress::Progress;
use super::reference::Reference;
use super::state::QUICK;
use crate::domain::ImageUsed;
use crate::sandbox::SandboxError;
use bollard::models::ImageInspect;
use bollard::query_parameters::{CreateImageOptionsBuilder, RemoveImageOptions};
use futures_util::StreamExt as _;
use std::time::Duration;
use tokio::time::timeout;

/// A pull that says nothing for so long is given up.
const STALLED: Duration = Duration::from_mins(1);

/// Deadline of a removal, which deletes many files.
const REMOVAL: Duration = Duration::from_mins(2);

/// Looks at an image by reference or id; `None` when there is none.
pub(super) async fn local(link: &Link, reference: &str) -> Result<Option<ImageInspect>, Failure> {
    let docker = link.client()?;
    match link.call(QUICK, docker.inspect_image(reference)).await {
        Ok(image) => Ok(Some(image)),
        Err(Failure::Absent(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The content id and size of what a local tag names.
pub(super) async fn made(link: &Link, tag: &str) -> Result<Option<(String, u64)>, SandboxError> {
    let image = local(link, tag).await.map_err(|failure| failure.into_error("to look at an image"))?;
    let size = |image: &ImageInspect| image.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    Ok(image.and_then(|image| Some((image.id.clone()?, size(&image)))))
}

/// Takes a local tag away. An image that a container uses is refused, and one that has other names keeps those.
pub(super) async fn remove(link: &Link, tag: &str) -> Result<(), SandboxError> {
    let what = "to remove an image";
    let docker = link.client().map_err(|failure| failure.into_error(what))?;
    match link.call(REMOVAL, docker.remove_image(tag, None::<RemoveImageOptions>, None)).await {
        Ok(_) | Err(Failure::Absent(_)) => Ok(()),
        Err(failure) => Err(failure.into_error(what)),
    }
}

/// Finds or pulls what `asked` means. An image that is on this machine is used as it is; the registry must be allowed in
/// either case, so that the same project means the same thing on every machine.
pub(super) async fn obtain(
    link: &Link,
    registries: &[String],
    asked: &str,
    progress: &(dyn Fn(String) + Send + Sync),
) -> Result<ImageUsed, SandboxError> {
    let reference = admitted(registries, asked)?;
    let name = reference.to_string();
    let look = || async { local(link, &name).await.map_err(|failure| failure.into_error("to look at an image")) };
    if let Some(image) = look().await? {
        return used(asked, &reference, image);
    }
    if let Reference::Id(_) = reference {
        return Err(refuse(asked, "there is no image with this id, and ids cannot be pulled".to_owned()));
    }
    pull(link, asked, &name, progress).await?;
    match look().await? {
        Some(image) => used(asked, &reference, image),
        None => Err(refuse(asked, "it was pulled and then is not there".to_owned())),
    }
}

/// The reference, where it is one and its registry is allowed.
pub(super) fn admitted(registries: &[String], asked: &str) -> Result<Reference, SandboxError> {
    let reference = Reference::parse(asked).map_err(|reason| refuse(asked, reason))?;
    if reference.allowed(registries) {
        return Ok(reference);
    }
    let reason = format!(
        "its registry is not allowed (allowed: {}): add it to `allowed-registries` under [docker] in config.toml",
        registries.join(", ")
    );
    Err(refuse(asked, reason))
}

fn used(asked: &str, reference: &Reference, image: ImageInspect) -> Result<ImageUsed, SandboxError> {
    let id = image.id.filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| refuse(asked, "Docker does not tell its id".to_owned()))?;
    let volumes = image.config.and_then(|config| config.volumes).unwrap_or_default();
    super::create::volumes(&volumes).map_err(|reason| refuse(asked, reason))?;
    let digests = image.repo_digests.unwrap_or_default();
    let ours = |entry: &&String| entry.split_once('@').map(|(name, _)| name) == reference.familiar().as_deref();
    let digest = digests.iter().find(ours).and_then(|entry| entry.split_once('@')).map(|(_, digest)| digest.to_owned());
    Ok(ImageUsed { asked: asked.to_owned(), id, digest, services: std::collections::BTreeMap::new() })
}

async fn pull(link: &Link, asked: &str, name: &str, tell: &(dyn Fn(String) + Send + Sync)) -> Result<(), SandboxError> {
    link.ping().await.map_err(|failure| failure.into_error("a sign of life"))?;
    let docker = link.client().map_err(|failure| failure.into_error("a connection"))?;
    let options = CreateImageOptionsBuilder::default().from_image(name).build();
    let mut stream = std::pin::pin!(docker.create_image(Some(options), None, None));
    let mut progress = Progress::default();
    loop {
        match timeout(STALLED, stream.next()).await {
            Ok(Some(Ok(info))) => {
                if let Some(text) = progress.take(&info) {
                    tell(format!("pulling {name}: {text}"));
                }
            }
            Ok(Some(Err(error))) => return Err(pull_error(asked, link.failure(&error))),
            Ok(None) => return Ok(()),
            // Dropping the stream cancels the pull.
            Err(_) => {
                let reason =
                    format!("the pull made no progress for {} s; is the registry reachable?", STALLED.as_secs());
                return Err(SandboxError::Image { image: asked.to_owned(), reason, retry: true });
            }
        }
    }
}

fn refuse(asked: &str, reason: String) -> SandboxError {
    SandboxError::Image { image: shorten(asked), reason, retry: false }
}

/// Sorts what a registry or the way to it answered. Docker passes these on as text only.
fn pull_error(asked: &str, failure: Failure) -> SandboxError {
    let text = match failure {
        Failure::Unreachable(reason) => return SandboxError::Unreachable(reason),
        Failure::DiskFull(reason) => return SandboxError::DiskFull(reason),
        Failure::Absent(text) | Failure::Conflict(text) | Failure::Refused(text) => text,
    };
    if is_disk_full(&text) {
        return SandboxError::DiskFull(text);
    }
    let lower = text.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let (what, retry) = if speaks_of(&["toomanyrequests", "rate limit", "too many requests"]) {
        ("the registry limits how often one may pull; try later or log in", true)
    } else if speaks_of(&["no such host", "connection refused", "i/o timeout", "timeout", "no route", "unreachable"]) {
        ("the registry cannot be reached", true)
    } else if speaks_of(&["unauthorized", "access denied", "authentication required", "denied:", "forbidden"]) {
        ("the registry wants a login, or there is no such repository", false)
    } else if speaks_of(&["manifest unknown", "not found", "no matching manifest", "name unknown"]) {
        ("the registry has no such image for this machine", false)
    } else if speaks_of(&["x509", "tls:", "certificate"]) {
        ("the registry's certificate is not trusted", false)
    } else {
        ("the pull failed", true)
    };
    SandboxError::Image { image: asked.to_owned(), reason: format!("{what}: {text}"), retry }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn pull_errors_are_told_apart() {
        for (text, retry, part) in [
            ("manifest for rust:9 not found: manifest unknown: manifest unknown", false, "no such image"),
            ("pull access denied for x, repository does not exist or may require 'docker login'", false, "login"),
            ("Get \"https://r/v2/\": dial tcp: lookup r on 1.1.1.1:53: no such host", true, "cannot be reached"),
            ("Get \"https://r/v2/\": dial tcp 1.2.3.4:443: connect: connection refused", true, "cannot be reached"),
            ("toomanyrequests: You have reached your pull rate limit", true, "limits"),
            ("Get \"https://r/v2/\": x509: certificate signed by unknown authority", false, "certificate"),
            ("something else", true, "the pull failed"),
        ] {
            let error = pull_error("x", Failure::Refused(text.to_owned()));
            let SandboxError::Image { reason, retry: again, .. } = &error else { panic!("{error}") };
            assert_eq!(*again, retry, "{text}");
            assert!(reason.contains(part), "{reason}");
        }
        let full = pull_error("x", Failure::Refused("write /x: no space left on device".into()));
        assert!(matches!(full, SandboxError::DiskFull(_)));
    }

    #[test]
    fn the_digest_is_that_of_the_repository_asked_for() {
        let reference = Reference::parse("ghcr.io/a/b:1").unwrap();
        let image = ImageInspect {
            id: Some("sha256:1".into()),
            repo_digests: Some(vec!["other@sha256:2".into(), "ghcr.io/a/b@sha256:3".into()]),
            ..ImageInspect::default()
        };
        let found = used("ghcr.io/a/b:1", &reference, image).unwrap();
        assert_eq!((found.id.as_str(), found.digest.as_deref()), ("sha256:1", Some("sha256:3")));
    }
}
