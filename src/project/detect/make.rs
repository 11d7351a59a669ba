//! Makefiles with a target that runs tests.

use super::{Ecosystem, Found, Here, SuiteHint};
use crate::config::Formats;

pub(super) fn look(here: &Here<'_>) -> Option<Found> {
    let file = ["GNUmakefile", "makefile", "Makefile"].into_iter().find(|file| here.has(file))?;
    let text = here.read(file)?;
    let target = ["test", "tests", "check"].into_iter().find(|target| has_target(&text, target))?;
    let mut found = here.found(
        Ecosystem::Make,
        "docker.io/library/buildpack-deps:bookworm",
        format!("{file} with the target `{target}`"),
    );
    found.suites.push(SuiteHint {
        name: "make".to_owned(),
        command: format!("make {target}"),
        format: Formats::EXIT_CODE,
        note: Some(
            "The exit code alone gives no test counts, so a run never succeeds without a person. Give the format that the \
             tests write, if it is one of junit, cargo-test, nextest, pytest, go-test-json, node-test, vitest, jest, jest-json."
                .to_owned(),
        ),
        ..SuiteHint::default()
    });
    Some(found)
}

// `test:`, `a test: b` and `test::`, but not `test := value`.
fn has_target(text: &str, target: &str) -> bool {
    text.lines().filter(|line| !line.starts_with(['\t', '#'])).any(|line| {
        line.split_once(':').is_some_and(|(names, rest)| {
            let rest = rest.trim_start_matches(':');
            !rest.starts_with('=') && !names.contains('=') && names.split_whitespace().any(|name| name == target)
        })
    })
}
