//! Reads `dogwatch.toml` section by section.

use super::{
    AgentConfig, DeliverTo, DependencyGate, Formats, Gates, ImageSource, ProjectConfig, ReviewGate, Setup, Silence,
    Suite,
};
use super::{browser, services};
use crate::agent::Adapter;
use crate::config::agents::{COMMAND, REPLAY};
use crate::config::egress;
use crate::config::errors::ConfigErrors;
use crate::config::reader::{Placed, Section, clip, read_file};
use crate::config::sandbox::runtime_name;
use crate::config::{rules, schema};
use crate::domain::{Budget, Plan, is_dataset_name};
use crate::sandbox::Limits;
use std::collections::BTreeSet;

const SETUP_SECONDS: u64 = 15 * 60;
const SUITE_SECONDS: u64 = 10 * 60;
const MOST_SUITES: usize = 64;
const MOST_DATASETS: usize = 16;

pub(super) fn parse(text: &str, place: &str) -> Result<ProjectConfig, ConfigErrors> {
    read_file(text, place, schema::PROJECT_TOP, |top| {
        top.whole("version", 1..2);
        let image = image(top);
        let datasets = datasets(top);
        let runtime = top.table("sandbox", schema::PROJECT_SANDBOX).and_then(|section| {
            let text = section.string("runtime")?;
            runtime_name(&section, "runtime", &text)
        });
        let setup = top.table("setup", schema::SETUP).map(|section| setup(&section));
        let services = services::read(top);
        let mut suites = suites(top);
        suites.extend(browser::read(top, &suites));
        let agent = top.table("agent", schema::AGENT).map(|section| agent(&section));
        let limits = top.table("limits", schema::LIMITS).map_or_else(Limits::default, |section| limits(&section));
        let budget = top.table("budget", schema::BUDGET).map_or_else(Budget::default, |section| budget(&section));
        let gates = top.table("gates", schema::GATES).map_or_else(Gates::default, |section| gates(&section));
        let deliver =
            top.table("deliver", schema::DELIVER).map_or_else(DeliverTo::default, |section| deliver(&section));
        // A part that could not be made has noted why.
        Some(ProjectConfig {
            image: image?,
            runtime,
            datasets,
            setup: flat(setup)?,
            services,
            suites,
            agent: flat(agent)?,
            limits,
            budget,
            gates,
            deliver,
        })
    })
}

/// Names of data sets.
fn datasets(top: &Section<'_, '_>) -> BTreeSet<String> {
    let Some(list) = top.strings("datasets") else { return BTreeSet::new() };
    if list.value.len() > MOST_DATASETS {
        top.note(list.at, format!("`datasets` has {} entries, at most {MOST_DATASETS} are taken", list.value.len()));
    }
    for name in list.value.iter().filter(|name| !is_dataset_name(&name.value)) {
        top.note(
            name.at,
            format!(
                "`datasets` names \"{}\": no data set can be called so; `dogwatch dataset ls` lists them",
                clip(&name.value)
            ),
        );
    }
    list.value.into_iter().map(|name| name.value).collect()
}

// Absent is fine, unreadable is not.
#[expect(clippy::option_option, reason = "absent, unreadable and read are three things")]
fn flat<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        None => Some(None),
        Some(made) => made.map(Some),
    }
}

fn image(top: &Section<'_, '_>) -> Option<ImageSource> {
    let Some(section) = top.table("image", schema::IMAGE) else {
        if !top.has("image") {
            top.note(
                0,
                "the file has no [image]: add it with `reference = \"...\"` or `dockerfile = \"Dockerfile\"`"
                    .to_owned(),
            );
        }
        return None;
    };
    let reference = section.string("reference");
    let dockerfile = section.string("dockerfile");
    let context = section.string("context");
    if section.has("reference") && section.has("dockerfile") {
        section.note(
            section.place_of("dockerfile"),
            "[image] has both `reference` and `dockerfile`: keep one of them".to_owned(),
        );
        return None;
    }
    if section.has("context") && !section.has("dockerfile") {
        section.note(
            section.place_of("context"),
            "`context` belongs to `dockerfile`, which is not there: leave it out".to_owned(),
        );
    }
    if !section.has("reference") && !section.has("dockerfile") {
        section.note(
            section.at(),
            "[image] has neither `reference` nor `dockerfile`: add one, such as \
             `reference = \"docker.io/library/debian:bookworm-slim\"`"
                .to_owned(),
        );
    }
    if let Some(reference) = reference {
        return image_reference(&section, &reference);
    }
    let path = rules::inside(&section, "dockerfile", &dockerfile?, false)?;
    let context = match context {
        Some(text) => rules::inside(&section, "context", &text, true)?,
        None => ".".to_owned(),
    };
    Some(ImageSource::Dockerfile { path, context })
}

fn image_reference(section: &Section<'_, '_>, text: &Placed<String>) -> Option<ImageSource> {
    let reference = &text.value;
    if is_reference(reference) {
        return Some(ImageSource::Reference(reference.clone()));
    }
    section.note(text.at, wrong_reference("reference", reference));
    None
}

/// What is said of a reference that cannot be one.
pub(super) fn wrong_reference(key: &str, reference: &str) -> String {
    format!(
        "`{key}` is \"{}\"; it must be an image such as \"docker.io/library/python:3.13-slim\", without blanks and without \
         https://",
        clip(reference)
    )
}

/// Whether a text can name an image.
pub(super) fn is_reference(reference: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    (1..=400).contains(&reference.len())
        && reference.chars().all(allowed)
        && reference.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !reference.contains("//")
        && !reference.contains("://")
        && !reference.ends_with(['/', ':', '@', '.', '-'])
}

fn setup(section: &Section<'_, '_>) -> Option<Setup> {
    let command = rules::command(section, "command");
    if !section.has("command") {
        section.missing("command");
    }
    let timeout = rules::duration(section, "timeout", rules::DAY).unwrap_or(SETUP_SECONDS);
    let mut keep: Vec<String> = Vec::new();
    for text in section.strings("keep").map_or_else(Vec::new, |list| list.value) {
        let Some(path) = rules::inside(section, "keep", &text, false) else { continue };
        let within = |a: &str, b: &str| a == b || a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
        if let Some(other) = keep.iter().find(|other| within(&path, other) || within(other, &path)) {
            section.note(
                text.at,
                format!("`keep` has both \"{}\" and \"{}\": keep the outer one only", clip(other), clip(&path)),
            );
            continue;
        }
        keep.push(path);
    }
    let egress = egress::words(section, "egress").unwrap_or_default();
    Some(Setup { command: command?, keep, timeout, egress })
}

fn suites(top: &Section<'_, '_>) -> Vec<Suite> {
    let sections = top.tables("suite", schema::SUITE);
    if sections.len() > MOST_SUITES {
        top.note(
            top.place_of("suite"),
            format!("there are {} suites; at most {MOST_SUITES} are allowed", sections.len()),
        );
        return Vec::new();
    }
    let mut names = BTreeSet::new();
    sections.iter().filter_map(|section| suite(top, section, &mut names)).collect()
}

fn suite(top: &Section<'_, '_>, section: &Section<'_, '_>, names: &mut BTreeSet<String>) -> Option<Suite> {
    for required in ["name", "command", "format"] {
        if !section.has(required) {
            section.missing(required);
        }
    }
    let name = section.string("name").and_then(|text| rules::name(section, text));
    if let Some(name) = &name
        && !names.insert(name.value.clone())
    {
        section.note(name.at, format!("the suite name \"{}\" is used twice: give each suite its own", name.value));
    }
    let command = rules::command(section, "command");
    let format = rules::one_of(section, "format", &Formats::ALL);
    let report = section.string("report").and_then(|text| rules::report(section, "report", &text));
    if format == Some(Formats::JUNIT) && !section.has("report") {
        section.note(
            section.at(),
            "the format \"junit\" needs `report`: add where the command writes its XML files, such as \
             `report = \"reports/*.xml\"`"
                .to_owned(),
        );
    }
    if format == Some(Formats::EXIT_CODE) && section.has("report") {
        section.note(
            section.place_of("report"),
            "the format \"exit-code\" reads no report: leave out `report`, or give the format that it has".to_owned(),
        );
    }
    let timeout = rules::duration(section, "timeout", rules::DAY).unwrap_or(SUITE_SECONDS);
    let directory = match section.string("directory") {
        Some(text) => rules::inside(section, "directory", &text, true)?,
        None => ".".to_owned(),
    };
    let env = rules::env(section);
    let (name, command, format) = (name?.value, command?, format?.to_owned());
    let services = services::named(top, section);
    Some(Suite { name, command, format, report, timeout, directory, env, services, browser: None })
}

fn agent(section: &Section<'_, '_>) -> Option<AgentConfig> {
    let timeout = rules::duration(section, "timeout", rules::DAY);
    let silence = read_silence(section);
    let env = rules::env(section);
    let command = rules::command(section, "command");
    let script = section.string("script").and_then(|text| script(section, &text));
    if !section.has("name") {
        section.missing("name");
    }
    let name = section.string("name").and_then(|text| rules::name(section, text))?.value;
    for (key, owner) in [("command", COMMAND), ("script", REPLAY)] {
        if name == owner && !section.has(key) {
            section.note(section.at(), format!("the agent \"{owner}\" needs `{key}`: add it"));
        }
        if name != owner && section.has(key) {
            section.note(
                section.place_of(key),
                format!("`{key}` belongs to the agent \"{owner}\", not to \"{name}\": leave it out, or change `name`"),
            );
        }
    }
    let (model, arguments) = coding(section, &name);
    Some(AgentConfig { name, command, script, model, arguments, timeout, silence, env })
}

/// What a repository says of a coding agent. Only its own names can have that: what stands behind other names is the operator's.
fn coding(section: &Section<'_, '_>, name: &str) -> (Option<String>, Vec<String>) {
    if let Some(adapter) = Adapter::named(name) {
        return (rules::model(section), rules::arguments(section, adapter));
    }
    for key in ["model", "arguments"].into_iter().filter(|key| section.has(key)) {
        let known = Adapter::ALL.map(Adapter::name).join(", ");
        section.note(
            section.place_of(key),
            format!("`{key}` belongs to a coding agent ({known}), not to \"{name}\": leave it out, or change `name`"),
        );
    }
    (None, Vec::new())
}

fn script(section: &Section<'_, '_>, text: &Placed<String>) -> Option<String> {
    let Some(absolute) = text.value.strip_prefix('/') else { return rules::inside(section, "script", text, false) };
    let inner = Placed { value: absolute.trim_start_matches('/').to_owned(), at: text.at };
    rules::inside(section, "script", &inner, false).map(|path| format!("/{path}"))
}

/// A duration or "off".
pub(in crate::config) fn read_silence(section: &Section<'_, '_>) -> Option<Silence> {
    let text = section.string("silence")?;
    if text.value == "off" {
        return Some(Silence::Off);
    }
    rules::duration_text(section, "silence", &text, rules::DAY).map(Silence::Seconds)
}

fn limits(section: &Section<'_, '_>) -> Limits {
    const TEBIBYTE: u64 = 1 << 20;
    let usual = Limits::default();
    Limits {
        memory_mib: rules::size(section, "memory", 64, TEBIBYTE).unwrap_or(usual.memory_mib),
        cpus: section.number("cpus", 0.1, 256.0).unwrap_or(usual.cpus),
        pids: section.whole("pids", 16..65_537).and_then(|n| u32::try_from(n).ok()).unwrap_or(usual.pids),
        tmp_mib: rules::size(section, "tmp", 1, TEBIBYTE).unwrap_or(usual.tmp_mib),
        disk_mib: rules::size(section, "disk", 16, TEBIBYTE).unwrap_or(usual.disk_mib),
        log_mib: rules::size(section, "log", 1, TEBIBYTE).unwrap_or(usual.log_mib),
    }
}

fn budget(section: &Section<'_, '_>) -> Budget {
    let usual = Budget::default();
    Budget {
        iterations: section
            .whole("iterations", 1..u64::from(Budget::MOST_ITERATIONS) + 1)
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(usual.iterations),
        seconds: rules::duration(section, "time", rules::YEAR),
        tokens: section.whole("tokens", 1..rules::MOST_TOKENS + 1),
        microusd: rules::microusd(section, "usd"),
    }
}

fn gates(section: &Section<'_, '_>) -> Gates {
    let review = match rules::one_of(section, "review", &["when-suspicious", "always"]) {
        Some("always") => ReviewGate::Always,
        _ => ReviewGate::WhenSuspicious,
    };
    let dependencies = match rules::one_of(section, "dependencies", &["ask", "allow"]) {
        Some("allow") => DependencyGate::Allow,
        _ => DependencyGate::Ask,
    };
    let plan = match rules::one_of(section, "plan", &["none", "ask", "automatic"]) {
        Some("ask") => Plan::Ask,
        Some("automatic") => Plan::Automatic,
        _ => Plan::None,
    };
    Gates {
        review,
        dependencies,
        plan,
        audit: rules::one_of(section, "audit", &["none", "always"]) == Some("always"),
        rerun: rerun(section),
        test_files: rules::patterns(section, "test-files"),
        entry_points: rules::patterns(section, "entry-points"),
        criteria: rules::patterns(section, "criteria"),
    }
}

/// How long suites in doubt may have taken; "off" for none.
fn rerun(section: &Section<'_, '_>) -> Option<u64> {
    let usual = Gates::default().rerun;
    let Some(text) = section.string("rerun") else { return usual };
    if text.value == "off" {
        return None;
    }
    rules::duration_text(section, "rerun", &text, rules::DAY).or(usual)
}

fn deliver(section: &Section<'_, '_>) -> DeliverTo {
    match rules::one_of(section, "to", &["branch", "none"]) {
        Some("none") => DeliverTo::None,
        _ => DeliverTo::Branch,
    }
}
