//! `dogwatch.toml`: what a repository says about its image, its tests and its limits. Read from the base commit of a run.

mod browser;
mod parse;
mod services;
#[cfg(test)]
mod tests;

pub use browser::Browser;
pub(super) use parse::read_silence;
pub use services::{Ready, Service};

use super::command::CommandLine;
use super::errors::ConfigErrors;
use crate::domain::{Budget, Needs, Plan};
use crate::sandbox::{Limits, WallTimes};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The report formats that a suite may have.
pub struct Formats;

impl Formats {
    /// `JUnit` XML files.
    pub const JUNIT: &'static str = "junit";
    /// What `cargo test` writes.
    pub const CARGO_TEST: &'static str = "cargo-test";
    /// What `cargo nextest run` writes.
    pub const NEXTEST: &'static str = "nextest";
    /// What `pytest` writes.
    pub const PYTEST: &'static str = "pytest";
    /// What `go test -json` writes.
    pub const GO_TEST_JSON: &'static str = "go-test-json";
    /// What `node --test` writes.
    pub const NODE_TEST: &'static str = "node-test";
    /// What the browser of `[browser]` tells; no suite can ask for it.
    pub const BROWSER: &'static str = "browser";
    /// What Vitest writes; its verbose reporter names the tests that pass.
    pub const VITEST: &'static str = "vitest";
    /// What Jest writes; `--verbose` names the tests that pass.
    pub const JEST: &'static str = "jest";
    /// The JSON of Jest and Vitest.
    pub const JEST_JSON: &'static str = "jest-json";
    /// Nothing but the exit code and the tail of the output; gives no test counts.
    pub const EXIT_CODE: &'static str = "exit-code";
    /// All of them.
    pub const ALL: [&'static str; 10] = [
        Self::JUNIT,
        Self::CARGO_TEST,
        Self::NEXTEST,
        Self::PYTEST,
        Self::GO_TEST_JSON,
        Self::NODE_TEST,
        Self::VITEST,
        Self::JEST,
        Self::JEST_JSON,
        Self::EXIT_CODE,
    ];
}

/// A checked `dogwatch.toml`. Every path is relative, clean and inside the repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProjectConfig {
    /// What containers are made from.
    pub image: ImageSource,
    /// The runtime of Docker that containers run in, where the engine's is not enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// The data sets that steps see.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub datasets: BTreeSet<String>,
    /// What has to be installed once.
    pub setup: Option<Setup>,
    /// What runs beside suites that ask for it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, Service>,
    /// The test suites, in the order of the file; names are unique.
    pub suites: Vec<Suite>,
    /// Who works, unless the operator says otherwise.
    pub agent: Option<AgentConfig>,
    /// What each container may use.
    pub limits: Limits,
    /// What a run may spend.
    pub budget: Budget,
    /// When a person must look.
    pub gates: Gates,
    /// What happens with the result.
    pub deliver: DeliverTo,
}

/// What containers are made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageSource {
    /// An image to pull.
    Reference(String),
    /// An image to build.
    Dockerfile {
        /// Path of the Dockerfile, relative to the repository.
        path: String,
        /// Directory that it sees, relative to the repository; `.` for the top.
        context: String,
    },
}

impl ImageSource {
    /// What was asked for, in words for people.
    pub fn asked(&self) -> &str {
        match self {
            Self::Reference(reference) => reference,
            Self::Dockerfile { path, .. } => path,
        }
    }
}

/// What has to be installed once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// What to run, at the top of the repository.
    pub command: CommandLine,
    /// Paths that it makes and every step shall see. None lies within another.
    pub keep: Vec<String>,
    /// The longest it may take, in seconds.
    pub timeout: u64,
    /// What it reaches outside: presets and hosts.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub egress: BTreeSet<String>,
}

impl Setup {
    /// Time limits of the step.
    pub fn times(&self) -> WallTimes {
        WallTimes { seconds: self.timeout, silent_seconds: None }
    }
}

/// One test suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suite {
    /// Its unique name: `[a-z0-9-]{1,32}`, no dash first.
    pub name: String,
    /// What to run.
    pub command: CommandLine,
    /// One of `Formats::ALL`.
    pub format: String,
    /// Path of the report files, relative to `directory`, with `*` and `?` inside components. Without it the output of the
    /// command is read.
    pub report: Option<String>,
    /// The longest it may take, in seconds.
    pub timeout: u64,
    /// Where to run, relative to the repository; `.` for the top.
    pub directory: String,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// The names of the services that it needs, in the order in which they are started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// A browser that is to look at pages, in place of the command; for the suite that `[browser]` makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<Browser>,
}

impl Suite {
    /// Time limits of the step.
    pub fn times(&self) -> WallTimes {
        WallTimes { seconds: self.timeout, silent_seconds: None }
    }

    /// The report's path or pattern, relative to the repository.
    pub fn report_in_repository(&self) -> Option<String> {
        let report = self.report.as_ref()?;
        Some(if self.directory == "." { report.clone() } else { format!("{}/{report}", self.directory) })
    }

    /// The working directory inside a container whose tree is mounted at `/work`.
    pub fn cwd(&self) -> String {
        if self.directory == "." { "/work".to_owned() } else { format!("/work/{}", self.directory) }
    }

    /// Whether the format gives test counts. A suite without them never counts as success without a person.
    pub fn counts_tests(&self) -> bool {
        self.format != Formats::EXIT_CODE
    }
}

/// How long a program may write nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// For ever.
    Off,
    /// This many seconds.
    Seconds(u64),
}

impl Silence {
    /// The limit, if there is one.
    pub fn seconds(self) -> Option<u64> {
        match self {
            Self::Off => None,
            Self::Seconds(seconds) => Some(seconds),
        }
    }
}

/// `[agent]` as the repository wrote it. `choose_agent` turns it into something that can be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentConfig {
    /// `command`, `replay`, a coding agent, or the name of an agent from `config.toml`.
    pub name: String,
    /// The program; with the name `command` only.
    pub command: Option<CommandLine>,
    /// The prepared edits; with the name `replay` only. Absolute on the host, or relative to the repository.
    pub script: Option<String>,
    /// The model; with a coding agent only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Further arguments; with a coding agent only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// The longest one turn may take, in seconds.
    pub timeout: Option<u64>,
    /// How long it may write nothing.
    pub silence: Option<Silence>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
}

/// Whether a person must look at green work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewGate {
    /// Only when something looks odd.
    #[default]
    WhenSuspicious,
    /// Each time.
    Always,
}

/// Whether a person must say whether a result may bring packages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DependencyGate {
    /// Each time that it brings some.
    #[default]
    Ask,
    /// Never.
    Allow,
}

/// The longest that suites in doubt may have taken, unless the project says something else.
const RERUN_SECONDS: u64 = 600;

/// `[gates]`. The patterns follow the rules of `.gitignore` and add to the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gates {
    /// When a person must look.
    pub review: ReviewGate,
    /// Who says whether it may bring packages.
    #[serde(default)]
    pub dependencies: DependencyGate,
    /// Whether a plan is written before anything is changed, and who settles it.
    #[serde(default)]
    pub plan: Plan,
    /// Whether another agent looks at each result that would be delivered.
    #[serde(default)]
    pub audit: bool,
    /// The longest that suites whose result is in doubt may have taken to be run a second time, in seconds; none does where it
    /// is absent.
    pub rerun: Option<u64>,
    /// Files that hold tests.
    pub test_files: Vec<String>,
    /// Files that decide how tests are started.
    pub entry_points: Vec<String>,
    /// Files that hold acceptance criteria.
    pub criteria: Vec<String>,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            review: ReviewGate::default(),
            dependencies: DependencyGate::default(),
            plan: Plan::default(),
            audit: false,
            rerun: Some(RERUN_SECONDS),
            test_files: Vec::new(),
            entry_points: Vec::new(),
            criteria: Vec::new(),
        }
    }
}

/// What happens with the result of a run that succeeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliverTo {
    /// A branch in the source repository.
    #[default]
    Branch,
    /// Nothing; an operator delivers by hand.
    None,
}

impl ProjectConfig {
    /// The name of the file at the top of a repository.
    pub const FILE: &'static str = "dogwatch.toml";

    /// Reads the text of a `dogwatch.toml`. `place` names it in messages.
    pub fn parse(text: &str, place: &str) -> Result<Self, ConfigErrors> {
        parse::parse(text, place)
    }

    /// The canonical form: JSON without blanks, keys in a fixed order, defaults written out. Two files that mean the same
    /// have the same one.
    pub fn canonical(&self) -> String {
        // It fails for map keys that are not strings alone, and there are none.
        serde_json::to_string(self).unwrap_or_else(|error| format!("no canonical form: {error}"))
    }

    /// SHA-256 of the canonical form in lower-case hexadecimal.
    pub fn digest(&self) -> String {
        use std::fmt::Write as _;
        let hash = Sha256::digest(self.canonical().as_bytes());
        hash.iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The suite with this name.
    pub fn suite(&self, name: &str) -> Option<&Suite> {
        self.suites.iter().find(|suite| suite.name == name)
    }

    /// What the machine needs for the services of a suite, beside the suite: the most of all suites.
    pub fn needs_of_services(&self) -> Needs {
        let mut most = Needs::default();
        for suite in &self.suites {
            let needs = suite.services.iter().filter_map(|name| self.services.get(name)).map(Service::needs);
            let sum = needs.fold(Needs::default(), |sum, one| Needs {
                memory_mib: sum.memory_mib.saturating_add(one.memory_mib),
                millicpus: sum.millicpus.saturating_add(one.millicpus),
            });
            most.memory_mib = most.memory_mib.max(sum.memory_mib);
            most.millicpus = most.millicpus.max(sum.millicpus);
        }
        most
    }

    /// Why no run of this project can ever count as done without a person, if that is so.
    pub fn why_never_done(&self) -> Option<String> {
        if self.suites.iter().all(|suite| suite.browser.is_some()) {
            return Some(
                "dogwatch.toml names no test suite, so nothing can show that work is done: add a [[suite]]".to_owned(),
            );
        }
        if !self.suites.iter().any(|suite| suite.browser.is_none() && suite.counts_tests()) {
            return Some(
                "no suite in dogwatch.toml gives test counts, so green proves too little: give one a `format` other than \
                 \"exit-code\""
                    .to_owned(),
            );
        }
        None
    }
}
