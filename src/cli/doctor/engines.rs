//! What doctor says of the further container engines that config.toml names: whether each is reached, what it is, and what its
//! walls are worth.

use super::{Finding, docker};
use crate::cli::serve::engine_settings;
use crate::config::{EngineAt, EngineConfig, Paths};
use crate::sandbox::docker::{DockerSandbox, FarFacts};
use crate::workspace;

const CHECK: &str = "engines";
/// Clocks that differ by more, in milliseconds, make times in logs and records hard to follow.
const APART: i64 = 5_000;

pub(super) async fn look(config: &EngineConfig, paths: &Paths) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, at) in &config.engines {
        // A connection of its own: that of an engine at work stays as it is.
        let home = paths.far().join(format!(".doctor-{}", std::process::id()));
        findings.extend(look_at(config, paths, (name, at), &home).await);
        if let Err(error) = workspace::remove_tree(&home) {
            tracing::debug!("files of a connection are left: {error}");
        }
    }
    findings
}

async fn look_at(
    config: &EngineConfig,
    paths: &Paths,
    (name, at): (&String, &EngineAt),
    home: &std::path::Path,
) -> Vec<Finding> {
    let fail = |error: &dyn std::fmt::Display, remedy: &str| {
        vec![Finding::fail(
            CHECK,
            format!("{name}: {error}"),
            format!("{remedy}; runs with `--engine {name}` wait until then"),
        )]
    };
    let mut settings = engine_settings(paths, config, name, at, "doctor-looks".to_owned());
    if let Some(far) = &mut settings.far {
        home.clone_into(&mut far.home);
    }
    let sandbox = match DockerSandbox::connect(settings).await {
        Ok(sandbox) => sandbox,
        Err(error) => return fail(&error, "correct [engines] in config.toml"),
    };
    let machine = match sandbox.far_facts().await {
        Ok(machine) => machine,
        Err(error) => return fail(&error, "see that the machine is up and that `ssh` gets in with this key"),
    };
    let facts = match sandbox.version_and_facts().await {
        Ok(facts) => facts,
        Err(error) => return fail(&error, "let that user use Docker's socket there, or name it by `socket`"),
    };
    let mut findings = vec![Finding::ok(CHECK, format!("{name} answers, Docker {}, API {}", facts.version, facts.api))];
    findings.extend(machine.iter().flat_map(|machine| judge(name, machine)));
    findings.extend(docker::judge(&facts, None).into_iter().skip(1).map(|finding| finding.of(name)));
    findings
}

/// What has to be said of the machine itself.
fn judge(name: &str, machine: &FarFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let own = std::env::consts::ARCH;
    if machine.architecture != own {
        let words =
            format!("{name} has another kind of processor ({}) than this machine ({own})", machine.architecture);
        findings.push(Finding::fail(CHECK, words, "no step can work there: name a machine of the same kind"));
    }
    if machine.ahead.abs() > APART {
        let (seconds, way) = (machine.ahead.abs() / 1000, if machine.ahead > 0 { "before" } else { "after" });
        let words = format!("the clock of {name} goes {seconds} s {way} this machine's");
        findings.push(Finding::warn(
            CHECK,
            words,
            "have both set by a time service; limits of time are kept all the same",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn a_machine_of_another_kind_or_time_is_told() {
        let fine = FarFacts { architecture: std::env::consts::ARCH.to_owned(), ..FarFacts::default() };
        assert_eq!(judge("big", &fine), Vec::new());
        let late = FarFacts { ahead: -90_000, ..fine.clone() };
        let told = judge("big", &late);
        assert!(told.len() == 1 && told[0].level == Level::Warn && told[0].words.contains("90 s after"), "{told:?}");
        let other = FarFacts { architecture: "riscv64".to_owned(), ..fine };
        assert!(judge("big", &other).iter().any(|one| one.level == Level::Fail));
    }
}
