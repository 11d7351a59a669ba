//! JavaScript and TypeScript packages, by the test script of their package.json.

use super::{Ecosystem, Found, Here, SetupHint, SuiteHint};
use crate::config::Formats;
use serde_json::Value;

const REPORT: &str = "dogwatch-junit.xml";
const JEST_REPORT: &str = "dogwatch-jest.json";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manager {
    Npm,
    Pnpm,
    Yarn,
    Bun,
}

impl Manager {
    fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
            Self::Bun => "bun",
        }
    }

    /// An image that holds it, and node where it needs that.
    fn image(self) -> &'static str {
        match self {
            Self::Npm | Self::Pnpm | Self::Yarn => "docker.io/library/node:22-bookworm-slim",
            Self::Bun => "docker.io/oven/bun:1",
        }
    }
}

pub(super) fn look(here: &Here<'_>) -> Option<Found> {
    let manifest: Value = serde_json::from_str(&here.read("package.json")?).ok()?;
    let script = test_script(&manifest);
    let manager = manager(here, &manifest, script.as_deref().unwrap_or_default());
    let why = match &script {
        Some(_) => "package.json with a test script",
        None => "package.json without a test script",
    };
    let mut found = here.found(Ecosystem::Node, manager.image(), why);
    found.setup = setup(here, &manifest, manager);
    found.suites.extend(script.map(|script| suite(&script, &manifest, manager)));
    Some(found)
}

fn manager(here: &Here<'_>, manifest: &Value, script: &str) -> Manager {
    let named = manifest.get("packageManager").and_then(Value::as_str).unwrap_or_default();
    if here.has("pnpm-lock.yaml") || named.starts_with("pnpm") {
        Manager::Pnpm
    } else if here.has("yarn.lock") || named.starts_with("yarn") {
        Manager::Yarn
    } else if here.has("bun.lock")
        || here.has("bun.lockb")
        || named.starts_with("bun")
        || script.split_whitespace().any(|word| word == "bun" || word == "bunx")
    {
        Manager::Bun
    } else {
        Manager::Npm
    }
}

fn test_script(manifest: &Value) -> Option<String> {
    let script = manifest.get("scripts")?.get("test")?.as_str()?.trim();
    // What `npm init` writes.
    (!script.is_empty() && !script.contains("no test specified")).then(|| script.to_owned())
}

fn depends_on(manifest: &Value, name: &str) -> bool {
    ["dependencies", "devDependencies", "optionalDependencies"]
        .into_iter()
        .any(|kind| manifest.get(kind).and_then(|all| all.get(name)).is_some())
}

fn setup(here: &Here<'_>, manifest: &Value, manager: Manager) -> Option<SetupHint> {
    let lists = ["dependencies", "devDependencies", "optionalDependencies", "workspaces"];
    let empty = |value: &Value| {
        value.as_object().is_none_or(serde_json::Map::is_empty) && value.as_array().is_none_or(Vec::is_empty)
    };
    let needs = lists.into_iter().any(|kind| manifest.get(kind).is_some_and(|value| !empty(value)));
    let workspaces = manifest.get("workspaces").is_some() || here.has("pnpm-workspace.yaml");
    if !needs && !workspaces {
        return None;
    }
    let command = match manager {
        Manager::Npm if here.has("package-lock.json") || here.has("npm-shrinkwrap.json") => "npm ci",
        Manager::Npm => "npm install",
        Manager::Pnpm => "npm install -g pnpm && pnpm install --frozen-lockfile",
        Manager::Yarn if here.read("yarn.lock").is_some_and(|lock| lock.contains("__metadata:")) => {
            "npm install -g corepack && yarn install --immutable"
        }
        Manager::Yarn => "yarn install --frozen-lockfile",
        Manager::Bun if here.has("bun.lock") || here.has("bun.lockb") => "bun install --frozen-lockfile",
        Manager::Bun => "bun install",
    };
    let note =
        workspaces.then(|| "Packages of the workspace may have their own node_modules: add each to `keep`.".to_owned());
    Some(SetupHint { command: command.to_owned(), keep: vec!["node_modules".to_owned()], note })
}

fn suite(script: &str, manifest: &Value, manager: Manager) -> SuiteHint {
    // Words that are added reach the last command of the script alone.
    let last = script.rsplit(['&', '|', ';']).next().unwrap_or(script);
    let runs = |words: &[&str]| {
        let mut parts = last.split_whitespace().map(|part| part.rsplit('/').next().unwrap_or(part));
        parts.any(|part| words.contains(&part))
    };
    let run = match manager {
        Manager::Npm => "npm test",
        Manager::Pnpm => "pnpm test",
        Manager::Yarn => "yarn test",
        // `bun test` would be bun's own runner, not the script.
        Manager::Bun => "bun run test",
    };
    // npm alone needs the dashes before words for the script.
    let with = |words: &str| match manager {
        Manager::Npm => format!("{run} -- {words}"),
        _ => format!("{run} {words}"),
    };
    let mut hint = SuiteHint {
        name: manager.name().to_owned(),
        command: run.to_owned(),
        format: Formats::JUNIT,
        report: Some(REPORT.to_owned()),
        env: [("CI".to_owned(), "1".to_owned())].into(),
        note: None,
    };
    if runs(&["bun"]) && last.split_whitespace().any(|word| word == "test") {
        hint.command = with(&format!("--reporter=junit --reporter-outfile={REPORT}"));
    } else if runs(&["vitest"]) {
        hint.command = with(&format!("--reporter=default --reporter=junit --outputFile.junit={REPORT}"));
    } else if runs(&["mocha"]) {
        hint.command = with(&format!("--reporter xunit --reporter-option output={REPORT}"));
    } else if runs(&["jest"]) && depends_on(manifest, "jest-junit") {
        hint.command = with("--ci --reporters=default --reporters=jest-junit");
        hint.env.insert("JEST_JUNIT_OUTPUT_FILE".to_owned(), REPORT.to_owned());
    } else if runs(&["jest", "react-scripts"]) {
        hint.command = with(&format!("--ci --json --outputFile={JEST_REPORT}"));
        hint.format = Formats::JEST_JSON;
        hint.report = Some(JEST_REPORT.to_owned());
    } else if runs(&["node", "tsx"]) && last.split_whitespace().any(|word| word == "--test") {
        hint.format = Formats::NODE_TEST;
        hint.report = None;
        // Set here and not added as a word, since words after file names would go to the tests.
        hint.env.insert("NODE_OPTIONS".to_owned(), "--test-reporter=tap".to_owned());
    } else {
        hint.format = Formats::EXIT_CODE;
        hint.report = None;
        hint.note = Some(
            "The exit code alone gives no test counts, so a run never succeeds without a person. Give the format that the \
             tests write, if it is one of junit, cargo-test, nextest, pytest, go-test-json, node-test, vitest, jest, jest-json."
                .to_owned(),
        );
    }
    hint
}
