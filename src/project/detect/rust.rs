//! Cargo packages and workspaces.

use super::{Ecosystem, Found, Here, SetupHint, SuiteHint};
use crate::config::Formats;

pub(super) fn look(here: &Here<'_>) -> Option<Found> {
    if !here.has("Cargo.toml") {
        return None;
    }
    let manifest = here.read("Cargo.toml").unwrap_or_default();
    let workspace = manifest.lines().any(|line| line.trim_start().starts_with("[workspace"));
    let locked = if here.has("Cargo.lock") { " --locked" } else { "" };
    let all = if workspace { " --workspace" } else { "" };
    let why = if workspace { "Cargo.toml with [workspace]" } else { "Cargo.toml" };
    let mut found = here.found(Ecosystem::Cargo, "docker.io/library/rust:1-slim-bookworm", why);
    found.setup = Some(SetupHint {
        command: format!("cargo fetch{locked}"),
        keep: Vec::new(),
        note: Some("Dependencies go into the image, since tests have no network.".to_owned()),
    });
    let nextest = here.tree.list(&super::join(here.directory, ".config")).iter().any(|e| e.name == "nextest.toml");
    if nextest {
        found.setup = Some(SetupHint {
            command: format!("cargo install --locked cargo-nextest && cargo fetch{locked}"),
            keep: Vec::new(),
            note: Some("Tools and dependencies go into the image, since tests have no network.".to_owned()),
        });
        found.suites.push(SuiteHint {
            name: "nextest".to_owned(),
            command: format!("cargo nextest run{all} --no-fail-fast --offline"),
            format: Formats::NEXTEST,
            note: Some(
                "nextest runs no tests of documentation: add a suite for `cargo test --doc` if there are any."
                    .to_owned(),
            ),
            ..SuiteHint::default()
        });
        return Some(found);
    }
    found.suites.push(SuiteHint {
        name: "cargo".to_owned(),
        command: format!("cargo test{all} --no-fail-fast --offline"),
        format: Formats::CARGO_TEST,
        ..SuiteHint::default()
    });
    Some(found)
}
