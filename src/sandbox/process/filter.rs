//! The system calls that no step may make: a list of refusals, compiled for the kernel and loaded by bubblewrap right before
//! the shim starts.
//!
//! What is refused leads out of the sandbox, into other processes, or into parts of the kernel that nothing but the
//! administration of a machine needs. Calls of an architecture other than this program's end the process. Calls that are
//! newer than this list, and those of other calling conventions of the same architecture, do not exist as far as a step is
//! concerned (`ENOSYS`), and neither does `clone3`, whose flags no filter can see; libraries then use `clone`.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, sock_filter,
};
use std::collections::BTreeMap;

/// The newest call that this list was made with: mseal.
const NEWEST: u32 = 462;
/// Every flag of clone(2) and unshare(2) that asks for a new namespace.
const NAMESPACES: u64 = {
    let flags = libc::CLONE_NEWNS
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    flags.cast_unsigned() as u64
};
/// `CLONE_NEWTIME`, which clone(2) has for a part of the exit signal instead.
const NEW_TIME: u64 = 0x80;

/// Calls that are refused whatever their arguments are.
const REFUSED: &[libc::c_long] = &[
    // The tree of mounts.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_acct,
    // Other namespaces and other processes.
    libc::SYS_setns,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Keys, programs in the kernel, and what watches it.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_syslog,
    libc::SYS_lookup_dcookie,
    // The machine itself.
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_vhangup,
    libc::SYS_nfsservctl,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
];

/// Those that only exist on one architecture.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[libc::c_long] = &[
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
    libc::SYS_ustat,
    libc::SYS_sysfs,
    libc::SYS__sysctl,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[libc::c_long] = &[];

/// What bubblewrap loads, one program after the other, each in the bytes that the kernel takes. The kernel obeys the
/// strictest of them.
pub(super) fn programs() -> Result<[Vec<u8>; 3], String> {
    let failed = |error: &dyn std::fmt::Display| format!("the filter of system calls cannot be made: {error}");
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| failed(&error))?;
    let refused = refused().map_err(|error| failed(&error))?;
    let absent = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let compile = |rules, errno: i32| -> Result<Vec<u8>, seccompiler::BackendError> {
        let action = SeccompAction::Errno(errno.unsigned_abs());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch)?;
        Ok(bytes(&BpfProgram::try_from(filter)?))
    };
    Ok([
        compile(refused, libc::EPERM).map_err(|error| failed(&error))?,
        compile(absent, libc::ENOSYS).map_err(|error| failed(&error))?,
        bytes(&known_calls()),
    ])
}

fn refused() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.iter().chain(REFUSED_HERE).map(|call| (*call, Vec::new())).collect();
    let when = |argument, operator, value| SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value);
    let any_of = |flags: u64| -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
        let each = (0..u64::BITS).map(|bit| 1 << bit).filter(|flag| flags & flag != 0);
        each.map(|flag| SeccompRule::new(vec![when(0, SeccompCmpOp::MaskedEq(flag), flag)?])).collect()
    };
    rules.insert(libc::SYS_clone, any_of(NAMESPACES)?);
    rules.insert(libc::SYS_unshare, any_of(NAMESPACES | NEW_TIME)?);
    // Bytes put into a terminal as if a person had typed them.
    let typing = [libc::TIOCSTI, libc::TIOCLINUX].map(u64::from);
    let typing = typing.map(|request| SeccompRule::new(vec![when(1, SeccompCmpOp::Eq, request)?]));
    rules.insert(libc::SYS_ioctl, typing.into_iter().collect::<Result<_, _>>()?);
    // Sockets of families other than these lead past the missing network (vsock) or deep into the kernel.
    let families = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    let others = families.map(|family| when(0, SeccompCmpOp::Ne, u64::from(family.unsigned_abs())));
    let others = vec![SeccompRule::new(others.into_iter().collect::<Result<_, _>>()?)?];
    rules.insert(libc::SYS_socket, others.clone());
    rules.insert(libc::SYS_socketpair, others);
    Ok(rules)
}

/// "No such call" for every number beyond those that this list was made with.
fn known_calls() -> BpfProgram {
    // No code is beyond 16 bits; one that is would be refused by the kernel.
    let step =
        |code: u32, k: u32, jt: u8, jf: u8| sock_filter { code: u16::try_from(code).unwrap_or(u16::MAX), jt, jf, k };
    vec![
        // The number of the call is the first word of what a filter sees.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K, NEWEST, 0, 1),
        step(libc::BPF_RET | libc::BPF_K, SeccompAction::Errno(libc::ENOSYS.unsigned_abs()).into(), 0, 0),
        step(libc::BPF_RET | libc::BPF_K, SeccompAction::Allow.into(), 0, 0),
    ]
}

/// The kernel's own layout: eight bytes an instruction.
fn bytes(program: &BpfProgram) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(program.len() * 8);
    for step in program {
        bytes.extend_from_slice(&step.code.to_ne_bytes());
        bytes.extend_from_slice(&[step.jt, step.jf]);
        bytes.extend_from_slice(&step.k.to_ne_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_programs_have_the_size_that_a_kernel_takes() {
        for program in programs().unwrap() {
            assert!(!program.is_empty() && program.len().is_multiple_of(8) && program.len() / 8 < 4096);
        }
    }
}
