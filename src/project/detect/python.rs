//! Python projects tested with pytest, which runs unittest tests as well.

use super::{Ecosystem, Found, Here, SetupHint, SuiteHint};
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

pub(super) fn look(here: &Here<'_>) -> Option<Found> {
    let pyproject = here.read("pyproject.toml").and_then(|text| text.parse::<toml::Table>().ok());
    let packaged = here.has("setup.py")
        || here.read("setup.cfg").is_some_and(|text| text.contains("[metadata]"))
        || pyproject.as_ref().is_some_and(is_package);
    let tests = sign_of_tests(here);
    let file = PACKAGES.iter().chain(&REQUIREMENTS).find(|file| here.has(file))?;
    // A lone requirements.txt often belongs to documentation, a lone pyproject.toml to a formatter.
    if !packaged && tests.is_none() {
        return None;
    }
    let why = match &tests {
        Some(sign) => format!("{file}, tests: {sign}"),
        None => format!("{file}, no sign of tests"),
    };
    let mut found = here.found(Ecosystem::Python, "docker.io/library/python:3.13-slim-bookworm", why);
    found.setup = Some(setup(here, pyproject.as_ref(), packaged));
    if tests.is_some() {
        found.suites.push(SuiteHint {
            name: "pytest".to_owned(),
            command: format!("python -m pytest -p no:cacheprovider --junitxml={REPORT}"),
            format: Formats::JUNIT,
            report: Some(REPORT.to_owned()),
            env: [("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned())].into(),
            ..SuiteHint::default()
        });
    }
    Some(found)
}

fn is_package(pyproject: &toml::Table) -> bool {
    let poetry = pyproject.get("tool").and_then(|tool| tool.get("poetry")).is_some();
    poetry || pyproject.contains_key("project") || pyproject.contains_key("build-system")
}

fn sign_of_tests(here: &Here<'_>) -> Option<String> {
    let directory = ["tests", "test"].into_iter().find(|name| {
        let path = super::join(here.directory, name);
        here.has_directory(name) && here.tree.list(&path).iter().any(|e| e.directory || is_python(&e.name))
    });
    if let Some(name) = directory {
        return Some(format!("{name}/"));
    }
    if here.files().any(|name| is_python(name) && (name.starts_with("test_") || name.ends_with("_test.py"))) {
        return Some("test_*.py".to_owned());
    }
    ["conftest.py", "pytest.ini"].into_iter().find(|file| here.has(file)).map(str::to_owned).or_else(|| {
        let text = here.read("pyproject.toml")?;
        text.contains("[tool.pytest").then(|| "[tool.pytest] in pyproject.toml".to_owned())
    })
}

fn is_python(name: &str) -> bool {
    name.strip_suffix(".py").is_some()
}

fn setup(here: &Here<'_>, pyproject: Option<&toml::Table>, packaged: bool) -> SetupHint {
    let mut words = vec!["python -m pip install --no-cache-dir".to_owned()];
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
