//! Go modules.

use super::{Ecosystem, Found, Here, SetupHint, SuiteHint};
use crate::config::Formats;

pub(super) fn look(here: &Here<'_>) -> Option<Found> {
    let module = here.read("go.mod")?;
    let mut found = here.found(Ecosystem::Go, "docker.io/library/golang:1-bookworm", "go.mod");
    if module.lines().any(|line| line.trim_start().starts_with("require")) && !here.has_directory("vendor") {
        found.setup = Some(SetupHint {
            command: "go mod download".to_owned(),
            keep: Vec::new(),
            note: Some("Modules go into the image, since tests have no network.".to_owned()),
        });
    }
    found.suites.push(SuiteHint {
        name: "go".to_owned(),
        command: "go test -json ./...".to_owned(),
        format: Formats::GO_TEST_JSON,
        env: [("GOCACHE", "/tmp/go-cache"), ("GOFLAGS", "-buildvcs=false")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..SuiteHint::default()
    });
    Some(found)
}
