//! What doctor says of the executable, the state directory and the clock.

use super::Finding;
use crate::config::Paths;
use crate::sandbox::executable::{Linkage, linkage};
use crate::store::Room;
use crate::words;
use std::path::Path;

/// File systems on which the database or its locks are at risk, by the kernel's magic number, with the reason.
const RISKY: [(u64, &str, &str); 9] = [
    (0x6969, "NFS", "locks and syncs over a network cannot be relied on"),
    (0xff53_4d42, "CIFS", "locks and syncs over a network cannot be relied on"),
    (0xfe53_4d42, "SMB", "locks and syncs over a network cannot be relied on"),
    (0x00c3_6400, "Ceph", "locks and syncs over a network cannot be relied on"),
    (0x5346_414f, "AFS", "locks and syncs over a network cannot be relied on"),
    (0x0102_1997, "9p", "locks and syncs over a network cannot be relied on"),
    (0x6573_5546, "FUSE", "whether locks and syncs hold depends on the program behind it"),
    (0x0102_1994, "tmpfs", "everything in it is gone after a restart of the machine"),
    (0x794c_7630, "overlayfs", "inside a container it is gone with the container"),
];
const GIB: u64 = 1 << 30;
/// 2026-01-01T00:00:00Z in milliseconds: this program is younger.
const YOUNGEST: i64 = 1_767_225_600_000;

pub(super) fn executable() -> Finding {
    const CHECK: &str = "executable";
    match linkage(Path::new("/proc/self/exe")) {
        Ok(Linkage::Static) => Finding::ok(CHECK, "static: it runs in any image"),
        Ok(Linkage::Dynamic { loader }) => Finding::warn(
            CHECK,
            format!("it needs {loader} and shared libraries, which are copied into each container"),
            "build it static: unset RUSTFLAGS and run `cargo build --release --locked` in its source tree",
        ),
        Err(error) => Finding::fail(
            CHECK,
            format!("its file cannot be read: {error}"),
            "install dogwatch anew; containers need a copy of it",
        ),
    }
}

pub(super) fn look(paths: &Paths, reserve_mib: u64) -> Vec<Finding> {
    let state = paths.state();
    // Before the first start the directory is not there; its future parent tells the same.
    let there = state.ancestors().find(|dir| dir.exists()).unwrap_or(state);
    let mut findings = vec![file_system(state, there), free(there)];
    if there == state {
        findings.extend(reserve(paths, reserve_mib));
    }
    findings.push(clock(paths));
    findings
}

/// Says so where no new step begins for want of space. Where space is not short there is nothing to say.
fn reserve(paths: &Paths, reserve_mib: u64) -> Option<Finding> {
    const CHECK: &str = "reserve";
    const REMEDY: &str = "free some space: waiting runs go on by themselves within seconds";
    match Room::of(&paths.reserve(), reserve_mib << 20) {
        Ok(room) => room.shortage().map(|shortage| Finding::fail(CHECK, shortage, REMEDY)),
        Err(error) => Some(Finding::warn(CHECK, format!("{}: {error}", paths.reserve().display()), REMEDY)),
    }
}

fn file_system(state: &Path, there: &Path) -> Finding {
    const CHECK: &str = "state-directory";
    let seen = match rustix::fs::statfs(there) {
        Ok(seen) => seen,
        Err(error) => {
            let words = format!("{}: {error}", there.display());
            return Finding::fail(CHECK, words, "make it readable, or set DOGWATCH_STATE_DIR to another place");
        }
    };
    // The field's type differs between machines; magic numbers have 32 bits.
    #[allow(
        clippy::cast_sign_loss,
        clippy::cast_lossless,
        clippy::unnecessary_cast,
        reason = "signed on some machines"
    )]
    let magic = seen.f_type as u64 & 0xffff_ffff;
    match RISKY.iter().find(|(number, _, _)| *number == magic) {
        Some((_, name, reason)) => Finding::warn(
            CHECK,
            format!("{} is on {name}: {reason}", state.display()),
            "set DOGWATCH_STATE_DIR to a directory on a local disk",
        ),
        None => Finding::ok(CHECK, format!("{} is on a local file system", state.display())),
    }
}

fn free(there: &Path) -> Finding {
    const CHECK: &str = "disk";
    const REMEDY: &str = "free some space, or set DOGWATCH_STATE_DIR to a larger disk";
    match rustix::fs::statvfs(there) {
        Ok(seen) => {
            let bytes = seen.f_bavail.saturating_mul(seen.f_frsize);
            let words = format!("{}.{} GiB free for the state directory", bytes / GIB, bytes % GIB * 10 / GIB);
            match bytes {
                _ if bytes < GIB / 2 => Finding::fail(CHECK, words, REMEDY),
                _ if bytes < 5 * GIB => Finding::warn(CHECK, words, REMEDY),
                _ => Finding::ok(CHECK, words),
            }
        }
        Err(error) => Finding::warn(CHECK, format!("{}: {error}", there.display()), REMEDY),
    }
}

fn clock(paths: &Paths) -> Finding {
    const CHECK: &str = "clock";
    const REMEDY: &str = "set the clock, and let a time service keep it";
    let now = words::now();
    let written = std::fs::metadata(paths.database()).and_then(|meta| meta.modified()).ok();
    let ahead = written.and_then(|instant| instant.duration_since(std::time::SystemTime::now()).ok());
    match ahead {
        _ if now.0 < YOUNGEST => Finding::fail(CHECK, format!("it says {}, which cannot be", now.rfc3339()), REMEDY),
        Some(ahead) if ahead.as_secs() > 60 => {
            let seconds = ahead.as_secs();
            Finding::warn(CHECK, format!("it was set back: the database was written {seconds} s from now"), REMEDY)
        }
        _ => Finding::ok(CHECK, format!("it says {}", now.rfc3339())),
    }
}
