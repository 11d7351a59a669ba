//! What doctor says of Docker.

use super::Finding;
use super::sandbox::trees;
use crate::sandbox::docker::{DockerFacts, ask_facts, disk_bound};

/// Holes that are known, with the version that closed them. Only those that matter to us: containers that break out, and
/// ways around the engine's own limits.
const HOLES: [((u32, u32, u32), &str); 4] = [
    (
        (23, 0, 0),
        "a program can open sockets of the family AF_VSOCK, which on a virtual machine lead to its host past the missing network",
    ),
    (
        (25, 0, 2),
        "a program can leave its container through a file that runc leaves open (CVE-2024-21626), unless runc was updated by itself",
    ),
    (
        (28, 5, 2),
        "a program can leave its container by races over masked paths in runc (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881), \
         unless runc was updated by itself",
    ),
    (
        (29, 3, 1),
        "authorisation plugins can be passed by with large requests (CVE-2026-34040); without such plugins it does not matter",
    ),
];

pub(super) async fn look(host: Option<&str>, runtime: Option<&str>) -> Vec<Finding> {
    match ask_facts(host).await {
        Ok(facts) => {
            let mut findings = judge(&facts, runtime);
            findings.push(trees(disk_bound(&facts.socket)));
            findings
        }
        Err(error) => vec![Finding::fail(
            "docker",
            error.to_string(),
            "start Docker, let this user use its socket, or name another one under [docker] in config.toml; until then runs wait. \
             Without Docker: `kind = \"process\"` under [sandbox], with bubblewrap (weaker walls, no images)",
        )],
    }
}

fn judge(facts: &DockerFacts, runtime: Option<&str>) -> Vec<Finding> {
    let mut findings =
        vec![Finding::ok("docker", format!("{} answers, version {}, API {}", facts.socket, facts.version, facts.api))];
    let version = numbers(&facts.version);
    let open: Vec<_> = HOLES.iter().filter(|(closed, _)| version.is_some_and(|version| version < *closed)).collect();
    for ((major, minor, patch), words) in &open {
        findings.push(Finding::warn(
            "docker-holes",
            format!("before version {major}.{minor}.{patch} {words}"),
            format!("update Docker to {major}.{minor}.{patch} or newer"),
        ));
    }
    if open.is_empty() {
        findings.push(Finding::ok("docker-holes", "none known to this dogwatch"));
    }
    if let Some((reason, remedy)) = facts.obstacle() {
        findings.push(Finding::fail("docker-users", reason, remedy));
    }
    if let Some((reason, remedy)) = runtime.and_then(|name| facts.lacks_runtime(name)) {
        findings.push(Finding::fail("runtime", reason, remedy));
    }
    findings.push(isolation(&facts.security_options, runtime));
    findings.push(match facts.cgroup_version.as_str() {
        "2" => Finding::ok("cgroups", format!("version 2, {}", facts.cgroup_driver)),
        other => Finding::warn(
            "cgroups",
            format!("version {other}: running out of memory may be told apart less well from other kills"),
            "start the machine with cgroup version 2",
        ),
    });
    findings.push(match facts.live_restore {
        Some(true) => Finding::ok("live-restore", "containers survive a restart of Docker"),
        _ => Finding::warn(
            "live-restore",
            "a restart of Docker ends the steps that are at work; they are repeated",
            "set \"live-restore\": true in /etc/docker/daemon.json and reload Docker",
        ),
    });
    findings.push(match facts.storage_driver.as_str() {
        "vfs" => Finding::warn(
            "storage-driver",
            "vfs copies every layer in full: slow, and it fills the disk",
            "use overlay2 or the containerd image store",
        ),
        driver => Finding::ok("storage-driver", format!("{driver} below {}", facts.root)),
    });
    findings.extend(
        facts.warnings.iter().map(|warning| {
            Finding::warn("docker-warning", warning.clone(), "see Docker's documentation on this warning")
        }),
    );
    findings
}

/// How far a program in a step is from the machine, in words. `options` is what Docker says of its own walls. What another runtime
/// is worth the engine tries before the first step, and doctor makes no containers.
fn isolation(options: &[String], runtime: Option<&str>) -> Finding {
    let kernel = runtime.map_or_else(
        || {
            "by runc, under a Docker that runs as root; the kernel is the machine's own, so a hole in it, in runc or in Docker is a \
             way out"
                .to_owned()
        },
        |name| {
            format!(
                "by {name}, under a Docker that runs as root; the engine tries {name} before the first step, and `dogwatch status` \
                 tells whether programs have a kernel of their own there"
            )
        },
    );
    let named = |name: &str| options.iter().find(|option| option.split(',').any(|part| part == format!("name={name}")));
    let seccomp = named("seccomp").is_some_and(|option| !option.contains("profile=unconfined"));
    let confined = ["apparmor", "selinux"].iter().find(|name| named(name).is_some());
    let walls = format!(
        "steps run as an ordinary user in containers without network, capabilities or a way to gain rights, {}, {}, \
         {kernel}",
        if seccomp { "with Docker's filter of system calls" } else { "with NO filter of system calls" },
        confined.map_or_else(|| "without AppArmor or SELinux".to_owned(), |name| format!("under {name}")),
    );
    if seccomp {
        Finding::ok("isolation", walls)
    } else {
        Finding::warn(
            "isolation",
            walls,
            "take `seccomp-profile` out of Docker's configuration, and run it on a kernel with CONFIG_SECCOMP_FILTER",
        )
    }
}

/// The numbers at the start of a version: `20.10.24+dfsg1` is 20, 10, 24.
fn numbers(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().ok());
    Some((parts.next()??, parts.next().flatten().unwrap_or(0), parts.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Level;
    use super::*;

    fn facts(version: &str) -> DockerFacts {
        DockerFacts {
            version: version.to_owned(),
            cgroup_version: "2".to_owned(),
            live_restore: Some(true),
            storage_driver: "overlay2".to_owned(),
            security_options: vec!["name=apparmor".to_owned(), "name=seccomp,profile=builtin".to_owned()],
            ..DockerFacts::default()
        }
    }

    #[test]
    fn an_engine_on_which_no_step_works_fails() {
        let rootless = DockerFacts { rootless: true, ..facts("29.3.1") };
        assert!(judge(&rootless, None).iter().any(|one| one.level == Level::Fail && one.check == "docker-users"));
        assert!(judge(&facts("29.3.1"), None).iter().all(|one| one.level != Level::Fail));
    }

    #[test]
    fn a_runtime_that_docker_does_not_know_fails() {
        let known = DockerFacts { runtimes: vec!["crun".to_owned(), "runc".to_owned()], ..facts("29.3.1") };
        let told = |name| judge(&known, name).into_iter().find(|one| one.check == "runtime");
        assert!(told(None).is_none() && told(Some("crun")).is_none());
        let lacking = told(Some("runsc")).unwrap();
        assert!(lacking.level == Level::Fail && lacking.words.contains("it knows crun, runc"), "{}", lacking.words);
    }

    #[test]
    fn holes_follow_the_version() {
        let count = |version| judge(&facts(version), None).iter().filter(|one| one.level == Level::Warn).count();
        assert_eq!(count("20.10.24+dfsg1"), 4);
        assert_eq!(count("23.0.0"), 3);
        assert_eq!(count("25.0.2"), 2);
        assert_eq!(count("29.3.1"), 0);
        assert_eq!(count("29.4"), 0);
        assert_eq!(count("dev"), 0);
    }

    #[test]
    fn the_walls_are_told_as_they_are() {
        let told =
            |options: &[&str]| isolation(&options.iter().map(|&option| option.to_owned()).collect::<Vec<_>>(), None);
        let usual = told(&["name=apparmor", "name=seccomp,profile=builtin"]);
        assert!(usual.level == Level::Ok && usual.words.contains("under apparmor"), "{}", usual.words);
        let bare = told(&["name=seccomp,profile=default"]);
        assert!(bare.level == Level::Ok && bare.words.contains("without AppArmor"), "{}", bare.words);
        for open in [&[][..], &["name=seccomp,profile=unconfined"]] {
            assert!(told(open).level == Level::Warn && told(open).words.contains("NO filter"));
        }
    }
}
