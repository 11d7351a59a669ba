//! What bounds each process by itself, as words for the shim, which takes the limits on before any program starts: always
//! some, and those for memory and processes where no control group does it for the container as a whole.

use crate::sandbox::Limits;

/// Open files of one process, where the engine may have so many.
const FILES: u64 = 65_536;
/// What the shim itself needs besides the program: its threads.
const SHIM: u64 = 8;

/// How readily the kernel kills what is in a container where the machine's memory runs out: before all else.
const OOM: &str = "1000";

/// The shim's arguments. `memory` and `pids` say whether these are still to be bounded.
pub(super) fn words(limits: &Limits, memory: bool, pids: bool) -> Vec<String> {
    let mut all = vec![("core", 0), ("nofile", FILES)];
    if memory {
        // What is only reserved does not count, so that programs with large reservations work.
        all.push(("data", limits.memory_mib.saturating_mul(1 << 20)));
    }
    if pids {
        all.push(("nproc", u64::from(limits.pids).saturating_add(SHIM)));
    }
    let limits = all.into_iter().flat_map(|(name, most)| ["--limit".to_owned(), format!("{name}={most}")]);
    ["--oom", OOM].map(str::to_owned).into_iter().chain(limits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_group_bounds_is_bounded_here() {
        let limits = Limits { memory_mib: 2, cpus: 1.0, pids: 16, tmp_mib: 1, ..Limits::default() };
        assert_eq!(words(&limits, false, false).join(" "), "--oom 1000 --limit core=0 --limit nofile=65536");
        assert!(words(&limits, true, true).join(" ").ends_with("--limit data=2097152 --limit nproc=24"));
    }
}
