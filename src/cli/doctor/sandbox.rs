//! What doctor says of the sandbox that steps run in: which one it is, what its walls are worth, what its limits hold.

use super::{Finding, docker};
use crate::cli::serve::step_user;
use crate::config::{EngineConfig, Paths, SandboxKind};
use crate::sandbox::docker::is_there;
use crate::sandbox::process::{ProcessFacts, ask_facts, check_shown};
use crate::sandbox::{Abilities, Bound, DiskBound, REMEDIES};
use crate::workspace::volume;

pub(super) async fn look(config: &EngineConfig, paths: &Paths) -> Vec<Finding> {
    let host = config.docker_host.as_deref();
    match config.sandbox.kind {
        SandboxKind::Docker => docker::look(host, config.sandbox.runtime.as_deref()).await,
        SandboxKind::Auto if is_there(host) => docker::look(host, config.sandbox.runtime.as_deref()).await,
        kind => match ask_facts(step_user()).await {
            Ok(facts) => {
                let mut findings = judge(&facts, kind);
                findings.push(shown(config, paths));
                findings
            }
            Err(reason) => vec![Finding::fail(
                "sandbox",
                match kind {
                    SandboxKind::Auto => format!("there is none: Docker is not installed, and {reason}"),
                    _ => format!("config.toml wants the process sandbox, and {reason}"),
                },
                REMEDIES,
            )],
        },
    }
}

fn judge(facts: &ProcessFacts, kind: SandboxKind) -> Vec<Finding> {
    let why = if kind == SandboxKind::Auto { ", since Docker is not installed" } else { ", as config.toml wants it" };
    let program = facts.program.display();
    let user = if facts.own_namespace {
        "as this user in a user namespace of their own"
    } else {
        "as an ordinary user that the engine's root becomes"
    };
    vec![
        Finding::ok("sandbox", format!("processes under {program} {}{why}", facts.version)),
        Finding::warn(
            "isolation",
            format!(
                "weaker than Docker's: steps run {user}, with no network, no capabilities and many system calls refused, but they \
                 see this machine's own programs read-only instead of an image, and a hole in its kernel or in bubblewrap is a way \
                 out"
            ),
            "install Docker for images, Dockerfiles and [setup]; run nothing else of value on this machine",
        ),
        limits(facts.abilities),
        trees(facts.abilities.disk),
    ]
}

/// What steps are shown of this machine: an engine whose settings show too much does not start.
fn shown(config: &EngineConfig, paths: &Paths) -> Finding {
    const CHECK: &str = "shown";
    let (roots, visible) = (&config.sandbox.roots, &config.sandbox.visible);
    match check_shown(roots, visible, vec![paths.state().to_owned(), paths.config().to_owned()]) {
        Ok(()) => Finding::ok(CHECK, "steps are shown nothing of the engine's own directories"),
        Err(error) => Finding::fail(
            CHECK,
            error.to_string(),
            "correct `roots` and `visible` under [sandbox] in config.toml; the engine does not start",
        ),
    }
}

/// How the cap on a step's tree holds.
pub(super) fn trees(disk: DiskBound) -> Finding {
    const CHECK: &str = "disk-caps";
    match disk {
        DiskBound::FileSystem => {
            Finding::ok(CHECK, "each step works on a file system of its own that is hardly larger than its cap")
        }
        DiskBound::Watched => {
            let why = match volume::possible() {
                Ok(()) => "the container engine may not see what this one mounts".to_owned(),
                Err(reason) => reason.to_owned(),
            };
            Finding::ok(
                CHECK,
                format!(
                    "steps work in ordinary directories ({why}): what they take is measured every few seconds, and a step beyond \
                     its cap is stopped; files without a name are not seen"
                ),
            )
        }
    }
}

fn limits(can: Abilities) -> Finding {
    const CHECK: &str = "limits";
    let loose: Vec<String> = [("memory", can.memory), ("processes", can.pids), ("processors", can.cpus)]
        .into_iter()
        .filter_map(|(what, bound)| {
            let how = match bound {
                Bound::Whole => return None,
                Bound::EachProcess => {
                    "hold for each process by itself: all together may take more, and what they share is not counted"
                }
                Bound::EachUser => "hold for all steps of this user together",
                Bound::Nothing => "do not hold",
            };
            Some(format!("limits of {what} {how}"))
        })
        .chain((!can.freezer).then(|| {
            "a pause stops each process by a signal, which one that wants to can get round for a moment".to_owned()
        }))
        .collect();
    if loose.is_empty() {
        return Finding::ok(CHECK, "memory, processes and processors are limited by control groups");
    }
    Finding::warn(
        CHECK,
        format!("this engine may not make control groups: {}", loose.join("; ")),
        "run the engine as root, or as the systemd unit of `dogwatch serve --print-unit` (systemd 254 or newer, control groups \
         version 2)",
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn weak_walls_and_loose_limits_are_said_in_plain_words() {
        let mut facts = ProcessFacts {
            program: "/usr/bin/bwrap".into(),
            version: "0.8.0".to_owned(),
            abilities: Abilities { images: false, builds: false, setup: false, ..Abilities::ALL },
            own_namespace: true,
        };
        let level = |findings: &[Finding], check| {
            let found = findings.iter().find(|one| one.check == check);
            found.map_or((Level::Fail, String::new()), |one| (one.level, one.words.clone()))
        };
        let tight = judge(&facts, SandboxKind::Auto);
        assert_eq!(level(&tight, "sandbox").0, Level::Ok);
        let (weak, words) = level(&tight, "isolation");
        assert!(weak == Level::Warn && words.starts_with("weaker than Docker's"), "{words}");
        assert_eq!(level(&tight, "limits").0, Level::Ok);
        facts.abilities.memory = Bound::EachProcess;
        facts.abilities.freezer = false;
        let (loose, words) = level(&judge(&facts, SandboxKind::Process), "limits");
        assert_eq!(loose, Level::Warn);
        assert!(words.contains("limits of memory hold for each process") && words.contains("by a signal"), "{words}");
    }

    #[test]
    fn settings_that_show_the_engines_own_directories_are_told_before_the_engine_refuses_them() {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join("state");
        std::fs::create_dir_all(&state).unwrap();
        let paths = Paths::new(state, home.path().join("config")).unwrap();
        let mut config = EngineConfig::default();
        assert_eq!(shown(&config, &paths).level, Level::Ok);
        config.sandbox.visible.insert(home.path().to_owned());
        let found = shown(&config, &paths);
        assert_eq!(found.level, Level::Fail);
        assert!(found.words.contains("holds the engine's own directory"), "{}", found.words);
    }
}
