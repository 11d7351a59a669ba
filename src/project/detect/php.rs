//! PHP projects tested with `PHPUnit`.

use super::{Ecosystem, Found, Here, SetupHint, SuiteHint};
use crate::config::Formats;

const REPORT: &str = "dogwatch-junit.xml";

pub(super) fn look(here: &Here<'_>) -> Option<Found> {
    let composer = here.read("composer.json");
    let own = ["phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml"].into_iter().find(|file| here.has(file));
    let named = composer.as_ref().is_some_and(|text| text.contains("\"phpunit/phpunit\""));
    if composer.is_none() && own.is_none() {
        return None;
    }
    let why = match own {
        Some(file) => file,
        None if named => "composer.json with phpunit",
        None => "composer.json",
    };
    let mut found = here.found(Ecosystem::Php, "docker.io/library/composer:2", why);
    found.setup = composer.is_some().then(|| SetupHint {
        command: "composer install --no-interaction --no-progress".to_owned(),
        keep: vec!["vendor".to_owned()],
        note: None,
    });
    if own.is_some() || named {
        let program = if named { "vendor/bin/phpunit" } else { "phpunit" };
        found.suites.push(SuiteHint {
            name: "phpunit".to_owned(),
            command: format!("{program} --log-junit {REPORT}"),
            format: Formats::JUNIT,
            report: Some(REPORT.to_owned()),
            note: own.is_none().then(|| "Without a phpunit.xml, name the directory of the tests behind it.".to_owned()),
            ..SuiteHint::default()
        });
    }
    Some(found)
}
