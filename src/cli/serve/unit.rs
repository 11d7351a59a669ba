//! `dogwatch serve --print-unit`: a systemd user unit for the engine that this shell's commands talk to;
//! with `--system` the unit for the engine of the whole machine.

use crate::cli::context::{Context, Failure};
use crate::client::TAKEN;
use crate::config::{CONFIG_VARIABLE, Paths, STATE_VARIABLE};
use crate::safe;
use serde_json::json;

/// The unit of the engine of a whole machine.
const SYSTEM: &str = include_str!("../../../assets/systemd/dogwatch.service");

/// Prints the unit.
pub(super) fn print(json: bool, system: bool) -> Result<i32, Failure> {
    let mut context = Context::new()?;
    let program = std::env::current_exe()?;
    let docker = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    let program = program.to_string_lossy();
    let text = if system { of_system(&program) } else { unit(&program, &context.paths, docker.as_deref()) };
    if json {
        context.json(&json!({ "unit": text }))?;
    } else {
        let lines: Vec<_> = text.lines().map(|line| safe!("{}", line)).collect();
        context.say_all(&lines)?;
    }
    Ok(0)
}

/// A user unit cannot wait for the system's Docker; runs wait for it by themselves. Places are named in any case, since a
/// unit knows nothing of a shell's variables.
fn unit(program: &str, paths: &Paths, docker: Option<&str>) -> String {
    let places = [
        (STATE_VARIABLE, Some(paths.state().to_string_lossy())),
        (CONFIG_VARIABLE, Some(paths.config().to_string_lossy())),
        ("DOCKER_HOST", docker.map(Into::into)),
    ];
    let environment: String = places
        .into_iter()
        .filter_map(|(name, value)| Some(format!("Environment={}\n", quoted(&format!("{name}={}", value?)))))
        .collect();
    let program = quoted(program);
    format!(
        "[Unit]
Description=dogwatch engine

[Service]
ExecStart={program} serve
{environment}# `dogwatch stop` ends it for good; only what went wrong is started again.
Restart=on-failure
RestartSec=2
# Nor one that finds another engine of this user at work: end that one first.
RestartPreventExitStatus={TAKEN}
# Steps outlive the engine, and those of a process sandbox are its children: stopping it leaves them alone.
KillMode=process
# What neither the engine nor a process sandbox needs. NoNewPrivileges takes what changes its user away, too: sudo for commands of
# a `local` asset, a sendmail that has setgid ([notify]).
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
# A part of the control groups for the engine's own use, so that a process sandbox can limit steps as a whole.
Delegate=yes
DelegateSubgroup=engine

[Install]
WantedBy=default.target
"
    )
}

/// The unit of the system's engine, with where this program lies.
fn of_system(program: &str) -> String {
    SYSTEM.replace("/usr/local/bin/dogwatch", &quoted(program))
}

/// A word as systemd reads it: in quotes, with neither escapes nor specifiers left to chance.
fn quoted(word: &str) -> String {
    let plain = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{plain}\"")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_reach_systemd_as_they_are() {
        assert_eq!(quoted("/opt/my tools/100%/dog\"watch\\"), "\"/opt/my tools/100%%/dog\\\"watch\\\\\"");
    }
}
