//! The walls: what is asked of Docker for one step's container.
//!
//! Every wall is stated here even where it is Docker's default, so that a changed default of an engine does not open it.
//! The image decides nothing: its entry point, command, user, health check and working directory are all overridden.

use super::link::shorten;
use crate::sandbox::executable::INSIDE;
use crate::sandbox::{Network, Profile, StepSpec};
use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigLogConfig, Mount, MountBindOptions,
    MountBindOptionsPropagationEnum, MountType, ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// Label with the engine instance's id.
pub(super) const LABEL_INSTANCE: &str = "dogwatch.instance";
/// Label with the run's id.
pub(super) const LABEL_RUN: &str = "dogwatch.run";
/// Label with the step's key.
pub(super) const LABEL_STEP: &str = "dogwatch.step";

/// Label with the step's directory here, on the container of another machine, whose mounts do not tell it.
pub(super) const LABEL_DIR: &str = "dogwatch.dir";

/// Bytes of a mebibyte.
const MIB: u64 = 1 << 20;
/// Open files of one process, where the machine allows so many.
const FILES: u64 = 65_536;
/// Seconds that Docker waits between SIGTERM and SIGKILL when somebody else stops the container.
const STOP_SECONDS: i64 = 10;
/// Docker refuses less than this.
const MEMORY_MIN_MIB: u64 = 16;

/// What a container is made with besides its step.
#[derive(Debug, Clone)]
pub(super) struct Surroundings<'a> {
    /// The engine instance's id.
    pub(super) instance: &'a str,
    /// Directory of the staged executable.
    pub(super) bin: &'a Path,
    /// The shim's command line.
    pub(super) command: Vec<String>,
    /// User and group of the agent and test profiles.
    pub(super) user: (u32, u32),
    /// Processors of the machine; more than these cannot be given.
    pub(super) processors: Option<i64>,
    /// The runtime, where it is not Docker's usual one.
    pub(super) runtime: Option<&'a str>,
    /// The mounts besides the executable: host path, path inside, read-only.
    pub(super) mounts: Vec<(String, String, bool)>,
    /// The step's directory here, where the container is on another machine.
    pub(super) dir: Option<String>,
    /// What the image declares as volumes. Docker would give each a writable directory on the host, without a limit.
    pub(super) volumes: Vec<String>,
}

/// The volumes of an image, if they are such as a step can have.
pub(super) fn volumes(declared: &[String]) -> Result<Vec<String>, String> {
    if declared.len() > VOLUMES_MAX {
        return Err(format!("it declares {} volumes; a step can have {VOLUMES_MAX}", declared.len()));
    }
    let plain = |path: &String| {
        Path::new(path).has_root()
            && Path::new(path).parent().is_some()
            && Path::new(path).components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
    };
    match declared.iter().find(|path| !plain(path) || Path::new(path).starts_with("/dogwatch")) {
        Some(path) => Err(format!("its volume {} cannot be had; give it a plain path of its own", shorten(path))),
        // As Docker writes them, without a slash at the end.
        None => Ok(declared.iter().map(|path| clean(path)).collect()),
    }
}

/// What a step's log says of the image's volumes, since what an image or a setup puts there is not there later.
pub(super) fn remark(profile: Profile, volumes: &[String]) -> Option<String> {
    let all: Vec<String> =
        volumes.iter().filter(|path| !matches!(path.as_str(), "/tmp" | "/work")).map(|path| shorten(path)).collect();
    let what = match profile {
        Profile::Provision => "what the setup puts there is not kept for later steps",
        Profile::Agent | Profile::Test => {
            "they are empty directories in memory here, whatever the image or the setup has put there"
        }
    };
    (!all.is_empty()).then(|| format!("[dogwatch: the image declares volumes ({}): {what}]\n", all.join(", ")))
}

fn clean(path: &str) -> String {
    Path::new(path).components().collect::<PathBuf>().to_string_lossy().into_owned()
}

/// What the names of services stand for.
const LOOPBACK: &str = "127.0.0.1";
/// Volumes of one image that are taken.
const VOLUMES_MAX: usize = 32;

/// The labels of a step's container.
pub(super) fn labels(instance: &str, spec: &StepSpec) -> HashMap<String, String> {
    HashMap::from([
        (LABEL_INSTANCE.to_owned(), instance.to_owned()),
        (LABEL_RUN.to_owned(), spec.key.run.to_string()),
        (LABEL_STEP.to_owned(), spec.key.to_string()),
    ])
}

/// The request.
pub(super) fn body(spec: &StepSpec, around: &Surroundings) -> ContainerCreateBody {
    let user = match spec.profile {
        Profile::Agent | Profile::Test => format!("{}:{}", around.user.0, around.user.1),
        Profile::Provision => "0:0".to_owned(),
    };
    // Whoever joins a network has the name and the table of hosts that are there; Docker refuses its own then.
    let own = matches!(spec.network, Network::Own(_));
    // A disabled network has no table of hosts. That of the mode `none`, named below, leads nowhere either.
    let disabled = spec.network == Network::default();
    ContainerCreateBody {
        hostname: own.then(|| "dogwatch".to_owned()),
        user: Some(user),
        image: Some(spec.image.clone()),
        entrypoint: Some(around.command.clone()),
        cmd: Some(Vec::new()),
        // The shim changes into the step's own directory; one that Docker makes might follow a link of the image.
        working_dir: Some("/".to_owned()),
        // Terminals let the program's bytes pass for frames of Docker's own stream.
        tty: Some(false),
        // The secret goes in by this way, once.
        open_stdin: Some(true),
        stdin_once: Some(true),
        attach_stdin: Some(true),
        attach_stdout: Some(false),
        attach_stderr: Some(false),
        network_disabled: Some(disabled),
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        stop_signal: Some("SIGTERM".to_owned()),
        stop_timeout: Some(STOP_SECONDS),
        labels: Some(
            labels(around.instance, spec)
                .into_iter()
                .chain(around.dir.iter().map(|dir| (LABEL_DIR.to_owned(), dir.clone())))
                .collect(),
        ),
        host_config: Some(host(spec, around)),
        ..ContainerCreateBody::default()
    }
}

fn host(spec: &StepSpec, around: &Surroundings) -> HostConfig {
    let limits = spec.limits;
    let memory = bytes(limits.memory_mib.max(MEMORY_MIN_MIB));
    let tmp = format!("rw,exec,nosuid,nodev,mode=1777,size={}", bytes(limits.tmp_mib));
    let mut mounts = vec![bind(&around.bin.to_string_lossy(), INSIDE, true)];
    mounts.extend(around.mounts.iter().map(|(from, to, read_only)| bind(from, to, *read_only)));
    let mut in_memory = HashMap::from([("/tmp".to_owned(), tmp.clone())]);
    // Where the root is writable anyway, volumes open nothing more: Docker makes them, and they go with the container. What
    // the setup puts there is no part of the image that is made of it.
    if spec.profile != Profile::Provision {
        let taken =
            |path: &Path| path == Path::new("/tmp") || around.mounts.iter().any(|(_, to, _)| Path::new(to) == path);
        let volumes = around.volumes.iter().filter(|path| !taken(Path::new(path)));
        // The directory of the image lends its rights to what is mounted there, so the user has to own it.
        let options = format!("{tmp},uid={},gid={}", around.user.0, around.user.1);
        in_memory.extend(volumes.map(|path| (path.clone(), options.clone())));
    }
    let (network, hosts) = match &spec.network {
        Network::Own(names) if names.is_empty() => ("none".to_owned(), None),
        Network::Own(names) => {
            ("none".to_owned(), Some(names.iter().map(|name| format!("{name}:{LOOPBACK}")).collect()))
        }
        Network::Of(container) => (format!("container:{container}"), None),
    };
    HostConfig {
        network_mode: Some(network),
        runtime: around.runtime.map(str::to_owned),
        extra_hosts: hosts,
        readonly_rootfs: Some(spec.profile != Profile::Provision),
        privileged: Some(false),
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: Some(Vec::new()),
        // The engine's own system call filter stays, since none is named here.
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        pids_limit: Some(i64::from(limits.pids)),
        memory: Some(memory),
        // The same number means no swap; without it there would be as much swap again.
        memory_swap: Some(memory),
        nano_cpus: Some(nano_cpus(limits.cpus, around.processors)),
        // Counts towards the container's limit of memory. It goes before a volume of the same path.
        tmpfs: Some(in_memory),
        mounts: Some(mounts),
        // The log goes through the shim's own channel; Docker's is a small fall-back for the shim's last words.
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([("max-size".to_owned(), "256k".to_owned())])),
        }),
        ulimits: Some(vec![ulimit("core", 0), ulimit("nofile", files())]),
        init: Some(false),
        auto_remove: Some(false),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
        ipc_mode: Some("private".to_owned()),
        oom_kill_disable: Some(false),
        ..HostConfig::default()
    }
}

fn bind(source: &str, target: &str, read_only: bool) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(source.to_owned()),
        target: Some(target.to_owned()),
        read_only: Some(read_only),
        bind_options: Some(MountBindOptions {
            propagation: Some(MountBindOptionsPropagationEnum::RPRIVATE),
            ..MountBindOptions::default()
        }),
        ..Mount::default()
    }
}

fn ulimit(name: &str, limit: i64) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(name.to_owned()), soft: Some(limit), hard: Some(limit) }
}

/// A container cannot start with more open files than the engine's service may give, which it does not tell; what this
/// process may have is the best guess.
fn files() -> i64 {
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum.unwrap_or(FILES);
    i64::try_from(most.min(FILES)).unwrap_or(1024)
}

fn bytes(mib: u64) -> i64 {
    i64::try_from(mib.saturating_mul(MIB)).unwrap_or(i64::MAX)
}

/// Billionths of a processor. Docker refuses more than the machine has.
fn nano_cpus(wanted: f64, processors: Option<i64>) -> i64 {
    const BILLION: i64 = 1_000_000_000;
    #[expect(clippy::cast_possible_truncation, reason = "the conversion saturates, and the result is bounded below")]
    let nano = (wanted * 1e9) as i64;
    let most = processors.unwrap_or(i64::MAX / BILLION).max(1).saturating_mul(BILLION);
    nano.clamp(BILLION / 100, most)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::domain::{RunId, StepKey, StepKind};
    use crate::sandbox::{Limits, WallTimes};
    use std::collections::BTreeMap;

    fn spec(profile: Profile) -> StepSpec {
        StepSpec {
            key: StepKey { run: RunId(3), iteration: 2, kind: StepKind::Test, suite: "unit".into(), attempt: 1 },
            profile,
            image: format!("sha256:{}", "0".repeat(64)),
            argv: vec!["true".into()],
            env: BTreeMap::new(),
            cwd: "/work".into(),
            tree: None,
            stdin: Vec::new(),
            open_until: None,
            runtime: None,
            keep: Vec::new(),
            dir: PathBuf::from("/state/step"),
            log: PathBuf::from("/state/log"),
            gateway: None,
            data: BTreeMap::new(),
            limits: Limits { memory_mib: 100, cpus: 1.5, pids: 64, tmp_mib: 10, ..Limits::default() },
            times: WallTimes { seconds: 10, silent_seconds: None },
            network: Network::default(),
        }
    }

    fn asked(profile: Profile) -> ContainerCreateBody {
        let around = Surroundings {
            instance: "abcd",
            bin: Path::new("/copies/1"),
            command: vec!["/dogwatch/bin/dogwatch".into(), "shim".into()],
            user: (10_001, 10_001),
            processors: Some(1),
            runtime: None,
            mounts: vec![("/state/step".into(), "/dogwatch/step".into(), true), ("/t".into(), "/work".into(), false)],
            dir: None,
            volumes: vec!["/data".into(), "/work".into(), "/tmp".into()],
        };
        body(&spec(profile), &around)
    }

    #[test]
    fn the_walls_stand_in_every_profile() {
        for profile in [Profile::Agent, Profile::Test, Profile::Provision] {
            let body = asked(profile);
            let host = body.host_config.unwrap();
            assert_eq!(host.network_mode.as_deref(), Some("none"));
            assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
            assert_eq!(host.privileged, Some(false));
            assert_eq!(host.security_opt, Some(vec!["no-new-privileges:true".to_owned()]));
            assert_eq!(host.memory, Some(100 << 20));
            assert_eq!(host.memory_swap, host.memory);
            assert_eq!(host.pids_limit, Some(64));
            assert_eq!(host.nano_cpus, Some(1_000_000_000));
            assert_eq!(body.tty, Some(false));
            assert_eq!(body.cmd, Some(Vec::new()));
            assert!(host.binds.is_none() && host.devices.is_none() && host.volumes_from.is_none());
        }
    }

    #[test]
    fn who_joins_a_network_has_nothing_else_of_it() {
        let around = Surroundings {
            instance: "abcd",
            bin: Path::new("/copies/1"),
            command: Vec::new(),
            user: (10_001, 10_001),
            processors: None,
            runtime: Some("crun"),
            mounts: Vec::new(),
            dir: None,
            volumes: Vec::new(),
        };
        let holder = StepSpec { network: Network::Own(vec!["db".into(), "app".into()]), ..spec(Profile::Test) };
        let holder = body(&holder, &around);
        assert_eq!(holder.network_disabled, Some(false), "or else the names mean nothing");
        let host = holder.host_config.unwrap();
        assert_eq!(host.network_mode.as_deref(), Some("none"));
        assert_eq!(host.extra_hosts, Some(vec!["db:127.0.0.1".to_owned(), "app:127.0.0.1".to_owned()]));
        let joined = StepSpec { network: Network::Of("0123".into()), ..spec(Profile::Test) };
        let joined = body(&joined, &around);
        assert_eq!((joined.hostname, joined.network_disabled), (None, Some(false)));
        let host = joined.host_config.unwrap();
        assert_eq!((host.network_mode.as_deref(), host.extra_hosts), (Some("container:0123"), None));
        assert_eq!((host.port_bindings, host.runtime.as_deref()), (None, Some("crun")));
    }

    #[test]
    fn only_provision_is_root_with_a_writable_root() {
        for profile in [Profile::Agent, Profile::Test] {
            let body = asked(profile);
            assert_eq!(body.user.as_deref(), Some("10001:10001"));
            assert_eq!(body.host_config.unwrap().readonly_rootfs, Some(true));
        }
        let body = asked(Profile::Provision);
        assert_eq!(body.user.as_deref(), Some("0:0"));
        assert_eq!(body.host_config.unwrap().readonly_rootfs, Some(false));
    }

    #[test]
    fn volumes_of_the_image_are_rooms_in_memory_with_a_limit() {
        let rooms = |profile| {
            let rooms: BTreeMap<_, _> = asked(profile).host_config.unwrap().tmpfs.unwrap().into_iter().collect();
            rooms.into_iter().collect::<Vec<_>>()
        };
        let tmp = format!("rw,exec,nosuid,nodev,mode=1777,size={}", 10 << 20);
        let data = format!("{tmp},uid=10001,gid=10001");
        assert_eq!(rooms(Profile::Test), [("/data".to_owned(), data), ("/tmp".to_owned(), tmp.clone())]);
        assert_eq!(rooms(Profile::Provision), [("/tmp".to_owned(), tmp)]);
        assert_eq!(volumes(&["/var//lib/x/".into()]).unwrap(), ["/var/lib/x"]);
        assert_eq!(remark(Profile::Test, &["/tmp".into(), "/work".into()]), None);
        assert!(remark(Profile::Test, &["/data".into()]).unwrap().contains("(/data): they are empty"));
        assert!(remark(Profile::Provision, &["/data".into()]).unwrap().contains("not kept"));
        for bad in ["data", "/a/../b", "/dogwatch/step", "/dogwatch", "", "/", "//", "/."] {
            assert!(volumes(&[bad.to_owned()]).is_err(), "{bad}");
        }
        assert!(volumes(&vec!["/v".to_owned(); 100]).is_err());
    }

    #[test]
    fn processors_stay_within_what_docker_takes() {
        assert_eq!(nano_cpus(2.5, Some(4)), 2_500_000_000);
        assert_eq!(nano_cpus(64.0, Some(2)), 2_000_000_000);
        assert_eq!(nano_cpus(0.0, Some(2)), 10_000_000);
        assert_eq!(nano_cpus(f64::NAN, None), 10_000_000);
        assert!(nano_cpus(f64::INFINITY, None) > 0);
    }
}
