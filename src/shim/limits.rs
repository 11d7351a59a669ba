//! Limits of each process by itself, which the shim takes on before any program starts and which all inherit from it. Nobody
//! else could set them once the shim has become the step's user.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What can be bounded, by its word on the command line.
const KNOWN: [(&str, Resource); 4] =
    [("core", Resource::Core), ("nofile", Resource::Nofile), ("data", Resource::Data), ("nproc", Resource::Nproc)];

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    resource: Resource,
    most: u64,
}

/// Reads `NAME=NUMBER`.
pub(super) fn parse(text: &str) -> Option<Limit> {
    let (name, most) = text.split_once('=')?;
    let (_, resource) = KNOWN.iter().find(|(known, _)| *known == name)?;
    Some(Limit { resource: *resource, most: most.parse().ok()? })
}

/// Takes it on, for good; one that is lower already stays.
pub(super) fn take_on(Limit { resource, most }: Limit) -> Result<(), String> {
    let most = getrlimit(resource).maximum.map_or(most, |present| present.min(most));
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(resource, limit).map_err(|error| format!("cannot limit {resource:?} to {most}: {error}"))
}

/// Reads how readily the kernel may kill this process and what descends from it where memory runs out.
pub(super) fn parse_oom(text: &str) -> Option<i32> {
    text.parse().ok().filter(|score| (0..=1000).contains(score))
}

/// Takes that on. A program can take it back to what it was before, so it bounds nothing.
pub(super) fn offer_oom(score: i32) -> Result<(), String> {
    let done = std::fs::write("/proc/self/oom_score_adj", score.to_string());
    done.map_err(|error| format!("cannot offer itself where memory runs out: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_limits_are_read() {
        assert_eq!(parse("core=0"), Some(Limit { resource: Resource::Core, most: 0 }));
        for bad in ["core", "core=", "core=-1", "stack=1", "=1", ""] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(["0", "1000", "1001", "-1", "x", ""].map(parse_oom), [Some(0), Some(1000), None, None, None, None]);
    }
}
