//! Maven and Gradle. A directory with both is taken for Maven.

use super::{Ecosystem, Found, Here, SetupHint, SuiteHint};
use crate::config::Formats;

pub(super) fn look(here: &Here<'_>) -> Option<Found> {
    if here.has("pom.xml") { Some(maven(here)) } else { gradle(here) }
}

fn maven(here: &Here<'_>) -> Found {
    let several = here.read("pom.xml").is_some_and(|text| text.contains("<modules>"));
    let inner = if several { "*/" } else { "" };
    let mut found = here.found(Ecosystem::Maven, "docker.io/library/maven:3-eclipse-temurin-21", "pom.xml");
    found.setup = Some(SetupHint {
        command: "mvn -B -Dmaven.repo.local=/opt/m2 dependency:go-offline test-compile".to_owned(),
        keep: Vec::new(),
        note: Some("The local repository goes into the image, since tests have no network.".to_owned()),
    });
    found.suites.push(SuiteHint {
        name: "maven".to_owned(),
        command: "mvn -B -o -Dmaven.repo.local=/opt/m2 -Dmaven.test.failure.ignore=false test".to_owned(),
        format: Formats::JUNIT,
        report: Some(format!("{inner}target/surefire-reports/TEST-*.xml")),
        ..SuiteHint::default()
    });
    found
}

fn gradle(here: &Here<'_>) -> Option<Found> {
    let files = ["settings.gradle", "settings.gradle.kts", "build.gradle", "build.gradle.kts"];
    let file = files.into_iter().find(|file| here.has(file))?;
    let program = if here.has("gradlew") { "sh ./gradlew" } else { "gradle" };
    let settings = here.read("settings.gradle").or_else(|| here.read("settings.gradle.kts")).unwrap_or_default();
    let several = settings.lines().any(|line| line.trim_start().starts_with("include"));
    let inner = if several { "*/" } else { "" };
    let mut found = here.found(Ecosystem::Gradle, "docker.io/library/gradle:8-jdk21", file);
    found.setup = Some(SetupHint {
        command: format!("GRADLE_USER_HOME=/opt/gradle-home {program} --no-daemon testClasses"),
        keep: Vec::new(),
        note: Some("Gradle's own directory goes into the image, since tests have no network.".to_owned()),
    });
    found.suites.push(SuiteHint {
        name: "gradle".to_owned(),
        // Gradle writes into its own directory, and the image cannot be written to.
        command: format!(
            "cp -r /opt/gradle-home /tmp/gradle-home && GRADLE_USER_HOME=/tmp/gradle-home {program} --no-daemon \
             --offline --continue test"
        ),
        format: Formats::JUNIT,
        report: Some(format!("{inner}build/test-results/test/*.xml")),
        note: Some(
            "Gradle's directory is copied to /tmp; raise `tmp` under [limits] when that is too small.".to_owned(),
        ),
        ..SuiteHint::default()
    });
    Some(found)
}
