//! Ruby projects tested with `RSpec`.

use super::{Ecosystem, Found, Here, SetupHint, SuiteHint};
use crate::config::Formats;

const REPORT: &str = "dogwatch-junit.xml";

pub(super) fn look(here: &Here<'_>) -> Option<Found> {
    let gems = here.read("Gemfile");
    let rspec = here.has(".rspec") || here.has_directory("spec") && gems.as_ref().is_some_and(|g| g.contains("rspec"));
    if gems.is_none() && !rspec {
        return None;
    }
    let why = match (rspec, here.has(".rspec")) {
        (true, true) => ".rspec",
        (true, false) => "Gemfile with rspec and spec/",
        _ => "Gemfile",
    };
    let mut found = here.found(Ecosystem::Ruby, "docker.io/library/ruby:3-bookworm", why);
    let bundle = if gems.is_some() { "bundle install && " } else { "" };
    found.setup = Some(SetupHint {
        command: format!("{bundle}gem install rspec_junit_formatter"),
        keep: Vec::new(),
        note: Some("Gems go into the image, since tests have no network.".to_owned()),
    });
    if rspec {
        let program = if gems.is_some() { "bundle exec rspec" } else { "rspec" };
        found.suites.push(SuiteHint {
            name: "rspec".to_owned(),
            // By its path, the formatter is found though the project's bundle does not have it.
            command: format!(
                "{program} --require \"$(gem which rspec_junit_formatter)\" --format progress --format RspecJunitFormatter \
                 --out {REPORT}"
            ),
            format: Formats::JUNIT,
            report: Some(REPORT.to_owned()),
            ..SuiteHint::default()
        });
    }
    Some(found)
}
