//! `config.toml`: what the operator of an engine decides. The file may be absent.

use super::agents::{COMMAND, REPLAY};
use super::audit::{self, AuditConfig};
use super::backup::{self, BackupConfig};
use super::command::CommandLine;
use super::egress::{self, EgressConfig};
use super::engines::{self, EngineAt, USUAL_ENGINE};
use super::errors::ConfigErrors;
use super::fleet;
use super::memory::{self, Memory};
use super::models::{self, ModelsAt};
use super::most::{self, Most};
use super::notify::{self, NotifyConfig};
use super::project::Silence;
use super::project::read_silence;
use super::reader::{Placed, Section, clip, read_file};
use super::retention::{self, Retention};
use super::sandbox::{self, SandboxConfig};
use super::{Reviews, allowances, approvals, keys, operators, prices, roles, rules, schema, watchdog};
use crate::agent::{Adapter, CodingSettings};
use crate::approval::policy::Policy;
use crate::console::keys::Key;
use crate::domain::{Allowances, Operators, Remedy, Role, RoleRules};
use crate::models::Prices;
use crate::text::screen::Bell;
use crate::watchdog::Thresholds;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Registries that images may come from when the operator says nothing.
pub const USUAL_REGISTRIES: [&str; 5] = ["docker.io", "ghcr.io", "quay.io", "registry.gitlab.com", "mcr.microsoft.com"];

/// MiB that are kept back when the operator says nothing.
const USUAL_RESERVE: u64 = 64;
/// In MiB.
const TEBIBYTE: u64 = 1 << 20;
const LARGEST_FILE: u64 = 256 * 1024;

/// A checked `config.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineConfig {
    /// Where the container engine listens (`unix:///...`), if the file says so.
    pub docker_host: Option<String>,
    /// Registries that images may be pulled from, in lower case, with a port where one was written.
    pub allowed_registries: BTreeSet<String>,
    /// Further Docker engines, by name.
    #[serde(default)]
    pub engines: BTreeMap<String, EngineAt>,
    /// The engines of projects that have one of their own, by the projects' names.
    #[serde(default)]
    pub project_engines: BTreeMap<String, String>,
    /// Runs that work at the same time, at least 1.
    pub max_runs: u32,
    /// MiB of memory that they may use together; what the machine has when the file does not say.
    pub memory_mib: Option<u64>,
    /// Thousandths of processors that they may use together; what the machine has when the file does not say.
    pub millicpus: Option<u64>,
    /// The most that repositories may ask for.
    pub most: Most,
    /// How long what runs that are over leave behind is kept.
    pub retention: Retention,
    /// MiB of disk that are kept back for the engine's own records; 0 for none.
    pub reserve_mib: u64,
    /// The Unix group whose members may reach the socket of the system's engine.
    #[serde(default = "usual_group")]
    pub group: String,
    /// Which sandbox steps run in.
    pub sandbox: SandboxConfig,
    /// What projects and days may spend.
    pub allowances: Allowances,
    /// Agents that the operator trusts, by name.
    pub agents: BTreeMap<String, NamedAgent>,
    /// Where models are, by name; one provider of each API.
    #[serde(default)]
    pub models: BTreeMap<String, ModelsAt>,
    /// When a run that does not move is warned and paused.
    #[serde(default)]
    pub watchdog: Thresholds,
    /// What the first warning of a run changes for its next turn.
    pub change: Remedy,
    /// What agents are told of repairs of other bugs.
    #[serde(default)]
    pub memory: Memory,
    /// What models cost.
    #[serde(default)]
    pub prices: Prices,
    /// What agents may use, by what they are there for; roles that are not here have what is usual.
    #[serde(default)]
    pub roles: BTreeMap<Role, RoleRules>,
    /// What sandboxes may reach beside their models.
    #[serde(default)]
    pub egress: EgressConfig,
    /// Seconds between two looks at all live systems; none where nobody looks.
    #[serde(default)]
    pub look_every: Option<u64>,
    /// What runs on live assets, and who decides.
    #[serde(default)]
    pub approvals: Policy,
    /// What people look at before a result is delivered.
    #[serde(default)]
    pub reviews: Reviews,
    /// Which people may do what; `None` where the file does not say.
    #[serde(default)]
    pub operators: Option<Operators>,
    /// Where checkpoints of the audit log go.
    #[serde(default)]
    pub audit: AuditConfig,
    /// The engine's own backups.
    #[serde(default)]
    pub backup: BackupConfig,
    /// How people are told that something waits for them, by names.
    #[serde(default)]
    pub notify: BTreeMap<String, NotifyConfig>,
    /// How the console calls somebody to what waits.
    #[serde(default)]
    pub bell: Bell,
    /// Other keys for commands of the console, by their names.
    #[serde(default)]
    pub keys: BTreeMap<String, Vec<Key>>,
}

/// `[agents.NAME]`: what the operator trusts as an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedAgent {
    /// What it does.
    pub work: NamedWork,
    /// The longest one turn may take, in seconds.
    pub timeout: Option<u64>,
    /// How long it may write nothing.
    pub silence: Option<Silence>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
}

/// What an agent of the operator does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedWork {
    /// A program of its own.
    Command(CommandLine),
    /// One of the coding agents that are known.
    Coding(CodingSettings),
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            docker_host: None,
            allowed_registries: USUAL_REGISTRIES.into_iter().map(str::to_owned).collect(),
            engines: BTreeMap::new(),
            project_engines: BTreeMap::new(),
            max_runs: usual_runs(),
            memory_mib: None,
            millicpus: None,
            most: Most::default(),
            retention: Retention::default(),
            reserve_mib: USUAL_RESERVE,
            group: usual_group(),
            sandbox: SandboxConfig::default(),
            allowances: Allowances::default(),
            agents: BTreeMap::new(),
            models: BTreeMap::new(),
            watchdog: Thresholds::default(),
            change: Remedy::default(),
            memory: Memory::default(),
            prices: Prices::default(),
            roles: BTreeMap::new(),
            egress: EgressConfig::default(),
            look_every: Some(fleet::USUAL),
            approvals: Policy::default(),
            reviews: Reviews::default(),
            operators: None,
            audit: AuditConfig::default(),
            backup: BackupConfig::default(),
            notify: BTreeMap::new(),
            bell: Bell::default(),
            keys: BTreeMap::new(),
        }
    }
}

impl EngineConfig {
    /// The name of the file in the configuration directory.
    pub const FILE: &'static str = "config.toml";

    /// Reads the text of a `config.toml`. `place` names it in messages.
    pub fn parse(text: &str, place: &str) -> Result<Self, ConfigErrors> {
        read_file(text, place, schema::ENGINE_TOP, |top| {
            let mut config = Self::default();
            if let Some(section) = top.table("docker", schema::DOCKER) {
                config.docker_host = docker_host(&section);
                if let Some(list) = section.strings("allowed-registries") {
                    config.allowed_registries = list.value.iter().filter_map(|text| registry(&section, text)).collect();
                }
            }
            if let Some(section) = top.table("engine", schema::ENGINE) {
                let runs = section.whole("max-runs", 1..257).and_then(|n| u32::try_from(n).ok());
                config.max_runs = runs.unwrap_or(config.max_runs);
                config.memory_mib = rules::size(&section, "memory", 64, TEBIBYTE);
                config.millicpus = section.number("cpus", 0.1, 65_536.0).map(rules::thousandths);
                config.reserve_mib = rules::size(&section, "reserve", 0, TEBIBYTE).unwrap_or(USUAL_RESERVE);
                config.group = operators::group(&section, "group").unwrap_or(config.group);
            }
            config.most = most::read(top);
            if let Some(section) = top.table("retention", schema::RETENTION) {
                config.retention = retention::read(&section);
            }
            (config.engines, config.project_engines) = engines::read(top);
            config.sandbox = sandbox::read(top);
            config.allowances = allowances::read(top);
            config.models = models::read(top);
            (config.watchdog, config.change) = watchdog::read(top);
            config.memory = memory::read(top);
            config.prices = prices::read(top);
            config.roles = roles::read(top);
            config.egress = egress::read(top);
            config.look_every = fleet::read(top);
            (config.approvals, config.reviews) = approvals::read(top);
            config.operators = operators::read(top);
            config.audit = audit::read(top);
            config.backup = backup::read(top);
            config.notify = notify::all(top);
            config.keys = keys::read(top);
            config.bell = keys::bell(top);
            for (name, section) in top.named_tables("agents", schema::NAMED_AGENT) {
                let agent = named_agent(&section, &name.value);
                if [COMMAND, REPLAY].contains(&name.value.as_str()) {
                    section.note(name.at, format!("the agent name \"{}\" is taken: choose another", name.value));
                } else if let (Some(name), Some(agent)) = (rules::name(&section, name), agent) {
                    config.agents.insert(name.value, agent);
                }
            }
            Some(config)
        })
    }

    /// The engine of a run of this project; empty for the usual one.
    pub fn engine_of<'a>(&'a self, project: &str, asked: Option<&'a str>) -> &'a str {
        match asked {
            Some(USUAL_ENGINE) => "",
            Some(asked) => asked,
            None => self.project_engines.get(project).map_or("", String::as_str),
        }
    }

    /// What agents of a role may use.
    pub fn role(&self, role: Role) -> RoleRules {
        self.roles.get(&role).cloned().unwrap_or_else(|| role.rules())
    }

    /// Reads the file at `path`; the defaults when there is none.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let place = path.display().to_string();
        let unreadable = |error: std::io::Error| {
            ConfigErrors::whole(&place, format!("cannot be read: {error}; repair it or take it away"))
        };
        let bytes = match read_regular(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unreadable(error)),
        };
        let text = String::from_utf8(bytes).map_err(|_| {
            unreadable(std::io::Error::new(ErrorKind::InvalidData, "stream did not contain valid UTF-8"))
        })?;
        let mut config = Self::parse(&text, &place)?;
        for models in config.models.values_mut() {
            models.key = models.key.take().map(|key| key.beside(path.parent().unwrap_or(path)));
        }
        Ok(config)
    }
}

/// The bytes of `config.toml`, as many as it may have and one more. Whatever lies in its place, nobody waits for it.
pub fn read_regular(path: &Path) -> std::io::Result<Vec<u8>> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn usual_group() -> String {
    "dogwatch".to_owned()
}

fn usual_runs() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(processors / 2).unwrap_or(1).clamp(1, 256)
}

fn docker_host(section: &Section<'_, '_>) -> Option<String> {
    let text = section.string("host")?;
    let fine = text.value.strip_prefix("unix://").is_some_and(|path| {
        path.starts_with('/') && path.len() > 1 && path.len() < 108 && !path.chars().any(char::is_control)
    });
    if !fine {
        section.note(
            text.at,
            format!(
                "`host` is \"{}\"; it must be a local socket such as \"unix:///var/run/docker.sock\", shorter than 108 bytes",
                clip(&text.value)
            ),
        );
        return None;
    }
    Some(text.value)
}

fn registry(section: &Section<'_, '_>, text: &Placed<String>) -> Option<String> {
    let name = text.value.to_lowercase();
    let (host, port) = name.split_once(':').unwrap_or((&name, "1"));
    let fine = (1..=253).contains(&host.len())
        && host.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
        && port.parse::<u16>().is_ok_and(|port| port > 0);
    if !fine {
        section.note(
            text.at,
            format!(
                "`allowed-registries` has \"{}\"; write a host without https:// and without a path, such as \"docker.io\" or \
                 \"localhost:5000\"",
                clip(&text.value)
            ),
        );
        return None;
    }
    Some(name)
}

fn named_agent(section: &Section<'_, '_>, name: &str) -> Option<NamedAgent> {
    let work = named_work(section, name);
    let timeout = rules::duration(section, "timeout", rules::DAY);
    let silence = read_silence(section);
    let env = rules::env(section);
    Some(NamedAgent { work: work?, timeout, silence, env })
}

/// With `adapter`, or under the name of a known agent without a command, it is that one; `command` then says how it is started.
fn named_work(section: &Section<'_, '_>, name: &str) -> Option<NamedWork> {
    let known = Adapter::ALL.map(Adapter::name);
    let command = rules::command(section, "command");
    let adapter = match rules::one_of(section, "adapter", &known) {
        Some(written) => Adapter::named(written),
        None if section.has("adapter") || section.has("command") => None,
        None => Adapter::named(name),
    };
    let Some(adapter) = adapter else {
        if !section.has("command") && !section.has("adapter") {
            section.missing("command");
        }
        for key in ["model", "arguments"].into_iter().filter(|key| section.has(key) && !section.has("adapter")) {
            let known = known.join(", ");
            section.note(
                section.place_of(key),
                format!("`{key}` belongs to a coding agent: add `adapter` ({known}), or write it into `command`"),
            );
        }
        return command.map(NamedWork::Command);
    };
    let model = rules::model(section);
    let arguments = rules::arguments(section, adapter);
    let program = match command {
        Some(CommandLine::Argv(words)) => words,
        Some(CommandLine::Shell(_)) => {
            let place = section.place_of("command");
            section.note(
                place,
                "`command` must be a list of words where there is an `adapter`, which adds to it".to_owned(),
            );
            return None;
        }
        None => vec![adapter.name().to_owned()],
    };
    Some(NamedWork::Coding(CodingSettings { adapter, program, model, arguments }))
}
