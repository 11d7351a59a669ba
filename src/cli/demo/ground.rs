//! What the demo's steps run in, and why: Docker where it answers and the image can be had, else the process sandbox, else what to
//! install.

use super::Args;
use super::place::Place;
use crate::cli::context::Failure;
use crate::cli::serve::{sandbox_of, step_user};
use crate::config::{EngineConfig, HOST_ROOT, SandboxConfig, SandboxKind};
use crate::safe;
use crate::sandbox::{Sandbox, docker, process};
use crate::text::SafeText;
use std::path::Path;

/// A small image with Python that everybody can pull.
pub(super) const IMAGE: &str = "docker.io/library/python:3-slim";
/// Where the image `host` shows programs of this machine.
const PROGRAMS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];
/// Under which name containers would be made; none is.
const LOOKS: &str = "demo-looks-around";

/// Which sandbox somebody wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Wanted {
    #[default]
    Auto,
    Docker,
    Process,
}

/// Says a line while something takes its time.
pub(super) type Say<'a> = &'a mut (dyn FnMut(SafeText) -> Result<(), Failure> + Send);

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ground {
    kind: SandboxKind,
    host: Option<String>,
    /// The image of all projects.
    pub image: String,
    /// The image of the one whose pages are opened.
    pub browser: Option<String>,
    /// Which it is, why, and what is left out.
    pub says: Vec<String>,
}

impl Ground {
    /// Looks at what this machine has.
    pub async fn choose(place: &Place, args: &Args, say: Say<'_>) -> Result<Self, Failure> {
        let not_docker = match args.sandbox {
            Wanted::Process => "you said so".to_owned(),
            Wanted::Auto | Wanted::Docker => match with_docker(place, args, say).await {
                Ok(ground) => return Ok(ground),
                Err(reason) => reason,
            },
        };
        if args.sandbox == Wanted::Docker {
            return Err(Failure::new(format!("the demo cannot use Docker: {not_docker}")));
        }
        let found = match process::ask_facts(step_user()).await {
            Ok(facts) => Ok(format!("{} {}", facts.program.display(), facts.version)),
            Err(reason) => Err(reason),
        };
        match (found, has_python()) {
            (Ok(program), true) => Ok(Self::process(&program, &not_docker)),
            (found, python) => Err(nothing(&not_docker, found.err().as_deref(), python)),
        }
    }

    fn process(program: &str, not_docker: &str) -> Self {
        let browser = "No browser opens the pages of the project `shop`: the process sandbox cannot run services beside a suite. \
                       With Docker and `--browser-image IMAGE` (python3 and Chromium in it) it does.";
        Self {
            kind: SandboxKind::Process,
            host: None,
            image: HOST_ROOT.to_owned(),
            browser: None,
            says: vec![
                format!("Steps run in the process sandbox, {program}. Docker is not used: {}.", sentence(not_docker)),
                browser.to_owned(),
            ],
        }
    }

    /// With these images, without asking anybody.
    #[cfg(test)]
    pub fn for_tests(image: &str, browser: Option<String>) -> Self {
        Self { kind: SandboxKind::Docker, host: None, image: image.to_owned(), browser, says: Vec::new() }
    }

    /// The demo's `config.toml`.
    pub fn config(&self) -> String {
        let kind = if self.kind == SandboxKind::Docker { "docker" } else { "process" };
        let host = self.host.as_ref().map(|host| format!("\n[docker]\nhost = {}\n", toml::Value::from(host.as_str())));
        format!(
            "# Written by `dogwatch demo`; `dogwatch demo --clean` removes it.\n\
             [engine]\nmax-runs = 3\nmemory = \"4GiB\"\ncpus = 4.0\n\n[sandbox]\nkind = \"{kind}\"\n{}",
            host.unwrap_or_default()
        )
    }
}

/// Docker; or why it is not that.
async fn with_docker(place: &Place, args: &Args, say: Say<'_>) -> Result<Ground, String> {
    if !docker::is_there(None) {
        return Err("it is not installed here".to_owned());
    }
    let facts = docker::ask_facts(None).await.map_err(|error| error.to_string())?;
    if let Some((what, remedy)) = facts.obstacle() {
        return Err(format!("{what}; {remedy}"));
    }
    let sandbox = SandboxConfig { kind: SandboxKind::Docker, ..SandboxConfig::default() };
    let config = EngineConfig { sandbox, ..EngineConfig::default() };
    let (instance, home) = (LOOKS.to_owned(), place.paths.containers());
    let sandbox = sandbox_of(&place.paths, &config, instance, step_user(), [0; 32], home).await;
    let sandbox = sandbox.map_err(|error| error.to_string())?;
    for image in [&args.image].into_iter().chain(&args.browser_image) {
        say(safe!("Docker answers; the image {} is looked for, and pulled where it is not here yet.", image))
            .map_err(|failure| failure.message)?;
        let here = "`--image IMAGE` names one that is here and has python3";
        sandbox.image(image, &|_| ()).await.map_err(|error| format!("{error}; {here}"))?;
    }
    let browser = match &args.browser_image {
        Some(image) => format!("A browser in {image} opens the pages of the project `shop`."),
        None => {
            "No browser opens the pages of the project `shop`: `--browser-image IMAGE` names an image with python3 and \
                 Chromium, and none was named."
                .to_owned()
        }
    };
    Ok(Ground {
        kind: SandboxKind::Docker,
        host: std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty()),
        image: args.image.clone(),
        browser: args.browser_image.clone(),
        says: vec![
            format!(
                "Steps run in Docker {} in containers of {}, since Docker answers at {}.",
                facts.version, args.image, facts.socket
            ),
            browser,
        ],
    })
}

/// A reason as the end of a sentence.
fn sentence(reason: &str) -> &str {
    reason.trim_end_matches(['.', '?', '!'])
}

/// Whether steps of the process sandbox would find Python.
fn has_python() -> bool {
    PROGRAMS.iter().any(|dir| Path::new(dir).join("python3").exists())
}

/// What to install where there is nothing to run in.
fn nothing(not_docker: &str, not_process: Option<&str>, python: bool) -> Failure {
    let process = match (not_process, python) {
        (Some(reason), _) => reason.to_owned(),
        (None, _) => "there is no python3 in /usr/bin, which the demo's projects are written in".to_owned(),
    };
    let missing: Vec<&str> =
        not_process.map(|_| "bubblewrap").into_iter().chain((!python).then_some("python3")).collect();
    Failure::new(format!(
        "the demo has nothing to run in. Docker: {}. The process sandbox: {}. Install {} (on Debian and Ubuntu: \
         `sudo apt-get install {}`), or Docker, and start `dogwatch demo` again",
        sentence(not_docker),
        sentence(&process),
        missing.join(" and "),
        missing.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_configuration_is_one_that_the_engine_takes() {
        let process = Ground::process("/usr/bin/bwrap 0.8", "it is not installed here");
        let config = EngineConfig::parse(&process.config(), "config.toml").unwrap();
        assert_eq!((config.sandbox.kind, config.docker_host), (SandboxKind::Process, None));
        let host = Some("unix:///run/\"odd\".sock".to_owned());
        let docker = Ground { kind: SandboxKind::Docker, host: host.clone(), ..process };
        let config = EngineConfig::parse(&docker.config(), "config.toml").unwrap();
        assert_eq!((config.sandbox.kind, config.docker_host), (SandboxKind::Docker, host));
    }

    #[test]
    fn who_has_nothing_is_told_what_to_install() {
        let told = |process, python| nothing("it is not installed here", process, python).message;
        assert!(told(Some("there is no bwrap"), true).contains("apt-get install bubblewrap`"));
        assert!(told(Some("there is no bwrap"), false).contains("apt-get install bubblewrap python3`"));
        let python = told(None, false);
        assert!(python.contains("apt-get install python3`") && python.contains("no python3"), "{python}");
    }
}
