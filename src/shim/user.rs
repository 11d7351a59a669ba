//! Becomes the step's user, where the sandbox could not start the shim as that user: a process sandbox of an engine that is
//! root needs root to reach what it shows, and leaves it to the shim to give all of that up before anything else.

use rustix::process::{Gid, Uid, geteuid, getgroups};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, remove_capability_from_bounding_set, set_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

/// Numbers of capabilities that a kernel may know.
const CAPABILITIES: u32 = 64;

/// A user and group that are given as `UID:GID`; never root's.
pub(super) fn parse(text: &str) -> Option<(u32, u32)> {
    let (uid, gid) = text.split_once(':')?;
    let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
    (uid != 0 && gid != 0).then_some((uid, gid))
}

/// Gives up root, all groups and every capability, for good. The identity is that of the calling thread, so this comes
/// before any other thread.
pub(super) fn become_user((uid, gid): (u32, u32)) -> Result<(), String> {
    let failed = |doing: &'static str| move |error: rustix::io::Errno| format!("cannot {doing}: {error}");
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    for number in 0..CAPABILITIES {
        match remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number)) {
            Ok(()) => {}
            // The kernel knows no more of them.
            Err(rustix::io::Errno::INVAL) => break,
            Err(error) => return Err(failed("give up a capability")(error)),
        }
    }
    set_thread_groups(&[]).map_err(failed("leave its groups"))?;
    set_thread_res_gid(gid, gid, gid).map_err(failed("change its group"))?;
    set_thread_res_uid(uid, uid, uid).map_err(failed("change its user"))?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, sets).map_err(failed("give up its capabilities"))?;
    let left = capabilities(None).map_err(failed("look at its capabilities"))?;
    let groups = getgroups().map_err(failed("look at its groups"))?;
    if geteuid() != uid || left != sets || !groups.is_empty() {
        return Err("is still more than the step's user".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_becomes_root() {
        assert_eq!(parse("10001:10002"), Some((10_001, 10_002)));
        for bad in ["0:1", "1:0", "1", "", ":", "a:b", "-1:1", "1:1:1"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
