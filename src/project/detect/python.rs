//! Python projects tested with pytest, which runs unittest tests as well.

use super::{Ecosystem, Entry, Found, Here, SetupHint, SuiteHint};
use crate::config::Formats;

const REPORT: &str = "dogwatch-junit.xml";
const PACKAGES: [&str; 3] = ["pyproject.toml", "setup.py", "setup.cfg"];
const REQUIREMENTS: [&str; 7] = [
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-test.txt",
    "requirements_dev.txt",
    "requirements_test.txt",
    "dev-requirements.txt",
    "test-requirements.txt",
];

/// Directories of packages that are searched for tests, and how deep.
const MOST_PACKAGES: usize = 50;
const DEEPEST_PACKAGE: usize = 3;

pub(super) fn look(here: &Here<'_>) -> Option<Found> {
    let pyproject = here.read("pyproject.toml").and_then(|text| text.parse::<toml::Table>().ok());
    let packaged = here.has("setup.py")
        || here.read("setup.cfg").is_some_and(|text| text.contains("[metadata]"))
        || pyproject.as_ref().is_some_and(is_package);
    let manifest = PACKAGES.iter().chain(&REQUIREMENTS).find(|file| here.has(file));
    let django = here.read("manage.py").and_then(|text| settings_module(&text));
    // Without a manifest only tests themselves tell: directories named tests belong to other languages too.
    let weak = manifest.and_then(|_| weak_sign(here));
    let tests = weak.or_else(|| test_files(here, django.is_some()));
    // A lone requirements.txt often belongs to documentation, a lone pyproject.toml to a formatter.
    if !packaged && tests.is_none() {
        return None;
    }
    let file = manifest.copied().or_else(|| django.as_ref().map(|_| "manage.py")).unwrap_or("no manifest");
    let why = match &tests {
        Some(sign) => format!("{file}, tests: {sign}"),
        None => format!("{file}, no sign of tests"),
    };
    let mut found = here.found(Ecosystem::Python, "docker.io/library/python:3.13-slim-bookworm", why);
    found.setup = Some(setup(here, pyproject.as_ref(), packaged, manifest.is_some(), django.is_some()));
    if tests.is_some() {
        found.suites.push(suite(django.as_deref()));
    }
    Some(found)
}

fn suite(django: Option<&str>) -> SuiteHint {
    let pytest = format!("python3 -m pytest -p no:cacheprovider --junitxml={REPORT}");
    let (name, command, note) = match django {
        None => ("pytest", pytest, None),
        Some(settings) => (
            "django",
            format!("{pytest} --ds={settings} -o python_files='tests.py test_*.py *_test.py *_tests.py'"),
            Some("Django's own test runner gives no counts that can be read; pytest-django runs the same tests."),
        ),
    };
    SuiteHint {
        name: name.to_owned(),
        command,
        format: Formats::JUNIT,
        report: Some(REPORT.to_owned()),
        env: [("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned())].into(),
        note: note.map(str::to_owned),
    }
}

/// The settings that a Django project's `manage.py` names.
fn settings_module(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("DJANGO_SETTINGS_MODULE")?;
    let name = rest.split(['"', '\'']).find(|part| !part.trim_matches([' ', ',', '=', ']', '\n']).is_empty())?;
    let plain = name.len() <= 100 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b));
    plain.then(|| name.to_owned())
}

fn is_package(pyproject: &toml::Table) -> bool {
    let poetry = pyproject.get("tool").and_then(|tool| tool.get("poetry")).is_some();
    poetry || pyproject.contains_key("project") || pyproject.contains_key("build-system")
}

/// Where tests probably are, given that this is a Python project.
fn weak_sign(here: &Here<'_>) -> Option<String> {
    let directory = ["tests", "test"].into_iter().find(|name| {
        let path = super::join(here.directory, name);
        here.has_directory(name) && here.tree.list(&path).iter().any(|e| e.directory || is_python(&e.name))
    });
    if let Some(name) = directory {
        return Some(format!("{name}/"));
    }
    ["conftest.py", "pytest.ini"].into_iter().find(|file| here.has(file)).map(str::to_owned).or_else(|| {
        let text = here.read("pyproject.toml")?;
        text.contains("[tool.pytest").then(|| "[tool.pytest] in pyproject.toml".to_owned())
    })
}

/// Where test files are: here, in a directory for tests, or inside packages.
fn test_files(here: &Here<'_>, django: bool) -> Option<String> {
    let is_test = |name: &str| {
        is_python(name) && (name.starts_with("test_") || name.ends_with("_test.py") || (django && name == "tests.py"))
    };
    if here.files().any(is_test) {
        return Some("test_*.py".to_owned());
    }
    let mut waiting: Vec<(String, usize)> = Vec::new();
    let below = |path: &str, depth: usize, entries: &[Entry], waiting: &mut Vec<(String, usize)>| {
        let inner = entries.iter().rev().filter(|entry| entry.directory && super::worth_entering(&entry.name));
        waiting.extend(inner.map(|entry| (super::join(path, &entry.name), depth)));
    };
    below("", 1, here.entries, &mut waiting);
    for _ in 0..MOST_PACKAGES {
        let (path, depth) = waiting.pop()?;
        let entries = here.tree.list(&super::join(here.directory, &path));
        let name = path.rsplit('/').next().unwrap_or_default();
        // Other directories stand for themselves: what is in them is looked at when their turn comes.
        if !["tests", "test", "src"].contains(&name) && !entries.iter().any(|entry| entry.name == "__init__.py") {
            continue;
        }
        if entries.iter().any(|entry| !entry.directory && is_test(&entry.name)) {
            return Some(format!("{path}/"));
        }
        if depth < DEEPEST_PACKAGE {
            below(&path, depth + 1, &entries, &mut waiting);
        }
    }
    None
}

fn is_python(name: &str) -> bool {
    name.strip_suffix(".py").is_some()
}

fn setup(here: &Here<'_>, pyproject: Option<&toml::Table>, packaged: bool, manifest: bool, django: bool) -> SetupHint {
    let mut words = vec!["python3 -m pip install --no-cache-dir".to_owned()];
    for file in REQUIREMENTS.into_iter().filter(|file| here.has(file)) {
        words.push(format!("-r {file}"));
    }
    if packaged {
        let extra = pyproject.and_then(test_extra).map_or_else(String::new, |name| format!("[{name}]"));
        words.push(format!("-e '.{extra}'"));
    }
    if let Some(group) = pyproject.and_then(test_group) {
        words.push(format!("--group {group}"));
    }
    words.push("pytest".to_owned());
    if django {
        words.push("pytest-django".to_owned());
        // What nobody has written down is needed all the same.
        words.extend((!manifest).then(|| "django".to_owned()));
    }
    let note = packaged.then(|| {
        "Keep -e: without it the tests would see the copy that was installed here, and no later change.".to_owned()
    });
    SetupHint { command: words.join(" "), keep: Vec::new(), note }
}

fn test_extra(pyproject: &toml::Table) -> Option<&'static str> {
    let extras = pyproject.get("project")?.get("optional-dependencies")?;
    ["test", "tests", "testing", "dev"].into_iter().find(|name| extras.get(name).is_some())
}

fn test_group(pyproject: &toml::Table) -> Option<&'static str> {
    let groups = pyproject.get("dependency-groups")?;
    ["test", "tests", "testing", "dev"].into_iter().find(|name| groups.get(name).is_some())
}
