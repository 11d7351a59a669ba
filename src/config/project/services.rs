//! `[services.NAME]`: what runs beside the suites that ask for it.

use super::parse::{is_reference, wrong_reference};
use crate::config::command::CommandLine;
use crate::config::reader::{Placed, Section, clip};
use crate::config::{rules, schema, suggest};
use crate::domain::Needs;
use crate::sandbox::Limits;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most services of one project.
const MOST: usize = 16;
/// How long a service may take to be ready where nobody says, in seconds.
const WITHIN: u64 = 60;
/// The longest that may be said, in seconds.
const LONGEST: u64 = 3_600;
/// Memory of a service where nobody says, in MiB.
const MEMORY: u64 = 1024;
/// Names that mean something else already.
const TAKEN: [&str; 3] = ["localhost", "dogwatch", "browser"];

/// A database, a cache, the application itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// An image to pull; `None` for the project's own, with a checkout of what is tested.
    pub image: Option<String>,
    /// What to run.
    pub command: CommandLine,
    /// Where to run, relative to the repository; `.` for the top. Without a checkout it means nothing.
    pub directory: String,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// How to tell that it is ready; `None` where it is as soon as it is started.
    pub ready: Option<Ready>,
    /// Memory in MiB, swap included.
    pub memory_mib: u64,
    /// Processors.
    pub cpus: f64,
}

/// How to tell that a service is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// A port that takes connections.
    pub tcp: Option<u16>,
    /// An address that answers well.
    pub http: Option<String>,
    /// How long that may take, in seconds.
    pub within: u64,
}

impl Service {
    /// What its container may use; the rest is as for other steps.
    pub fn limits(&self, others: Limits) -> Limits {
        Limits { memory_mib: self.memory_mib, cpus: self.cpus, ..others }
    }

    /// The working directory inside its container.
    pub fn cwd(&self) -> String {
        match (&self.image, self.directory.as_str()) {
            (Some(_), _) => "/tmp".to_owned(),
            (None, ".") => "/work".to_owned(),
            (None, directory) => format!("/work/{directory}"),
        }
    }

    /// What it needs of the machine.
    pub fn needs(&self) -> Needs {
        Needs { memory_mib: self.memory_mib, millicpus: rules::thousandths(self.cpus) }
    }
}

/// All services of a file.
pub(super) fn read(top: &Section<'_, '_>) -> BTreeMap<String, Service> {
    let sections = top.named_tables("services", schema::SERVICE);
    if sections.len() > MOST {
        let at = top.place_of("services");
        top.note(at, format!("there are {} services; at most {MOST} are allowed", sections.len()));
        return BTreeMap::new();
    }
    let names: Vec<String> = sections.iter().map(|(name, _)| name.value.clone()).collect();
    let mut services = BTreeMap::new();
    for (name, section) in sections {
        if TAKEN.contains(&name.value.as_str()) {
            section.note(name.at, format!("a service cannot be called \"{}\": choose another name", name.value));
        }
        let service = service(&section, &names);
        if let (Some(name), Some(service)) = (rules::name(&section, name), service) {
            services.insert(name.value, service);
        }
    }
    services
}

/// The services that a suite names.
pub(super) fn named(top: &Section<'_, '_>, suite: &Section<'_, '_>) -> Vec<String> {
    let known: Vec<String> =
        top.named_tables("services", schema::SERVICE).into_iter().map(|(name, _)| name.value).collect();
    let mut named: Vec<String> = Vec::new();
    for text in suite.strings("services").map_or_else(Vec::new, |list| list.value) {
        if !known.contains(&text.value) {
            let remedy = match suggest::nearest(&text.value, known.iter().map(String::as_str)) {
                Some(word) => format!("did you mean \"{word}\"?"),
                None => format!("add a [services.{}]", clip(&text.value)),
            };
            suite.note(text.at, format!("there is no service \"{}\": {remedy}", clip(&text.value)));
        } else if named.contains(&text.value) {
            suite.note(text.at, format!("`services` has \"{}\" twice: take one away", text.value));
        } else {
            named.push(text.value);
        }
    }
    named
}

fn service(section: &Section<'_, '_>, names: &[String]) -> Option<Service> {
    let usual = Limits::default();
    let image = section.string("image");
    if let Some(text) = image.as_ref().filter(|text| !is_reference(&text.value)) {
        section.note(text.at, wrong_reference("image", &text.value));
    }
    if section.has("image") && section.has("directory") {
        section.note(
            section.place_of("directory"),
            "`directory` is of the repository, which a service with an `image` of its own does not have: leave one out"
                .to_owned(),
        );
    }
    if !section.has("command") {
        section.missing("command");
    }
    let directory = match section.string("directory") {
        Some(text) => rules::inside(section, "directory", &text, true)?,
        None => ".".to_owned(),
    };
    let ready = section.table("ready", schema::READY).map(|section| ready(&section, names));
    let env = rules::env(section);
    let memory_mib = rules::size(section, "memory", 64, 1 << 20).unwrap_or(MEMORY);
    let cpus = section.number("cpus", 0.1, 256.0).unwrap_or(usual.cpus.min(1.0));
    let command = rules::command(section, "command")?;
    Some(Service { image: image.map(|text| text.value), command, directory, env, ready, memory_mib, cpus })
}

fn ready(section: &Section<'_, '_>, names: &[String]) -> Ready {
    if !section.has("tcp") && !section.has("http") {
        section.note(section.at(), "`ready` has neither `tcp` nor `http`: add one, such as `tcp = 5432`".to_owned());
    }
    let tcp = section.whole("tcp", 1..65_536).and_then(|port| u16::try_from(port).ok());
    let http = section.string("http");
    if let Some(text) = http.as_ref().filter(|text| !is_inside(text, names)) {
        section.note(
            text.at,
            format!(
                "`http` is \"{}\"; it must be an address such as \"http://127.0.0.1:8000/health\" on 127.0.0.1, localhost or the \
                 name of a service",
                clip(&text.value)
            ),
        );
    }
    let within = rules::duration(section, "within", LONGEST).unwrap_or(WITHIN);
    Ready { tcp, http: http.map(|text| text.value), within }
}

/// Whether an address lies in the network of the services.
fn is_inside(text: &Placed<String>, names: &[String]) -> bool {
    let plain = text.value.len() <= 512 && text.value.chars().all(|c| c.is_ascii_graphic());
    crate::probe::Address::parse(&text.value).is_some_and(|address| {
        plain && (["127.0.0.1", "localhost"].contains(&address.host) || names.iter().any(|name| name == address.host))
    })
}
