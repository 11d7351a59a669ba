//! The formats that can be read, and how unknown input is told apart.

use super::collector::Collector;
use super::plain::plain;
use super::{
    cargo, compiler, frontend, gotest, jest, jest_json, junit, limits, nextest, node_counts, pytest, service, sighting,
    spec, tail, tap, totals, vitest,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A report or output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `JUnit` XML, as pytest, nextest, Jest, Maven, Gradle and many others write it.
    Junit,
    /// What `cargo test` prints: compiler messages, several test programs, documentation tests.
    CargoTest,
    /// What pytest prints. Only `-v` or `-rA` name the tests that pass.
    Pytest,
    /// What `go test -json` prints.
    GoTestJson,
    /// What `node --test` prints: TAP or the spec reporter.
    NodeTest,
    /// What `cargo nextest run` prints.
    Nextest,
    /// What Vitest prints. Only its verbose reporter names the tests that pass.
    Vitest,
    /// What Jest prints. Only `--verbose` names the tests that pass.
    Jest,
    /// The JSON that Jest and Vitest write.
    JestJson,
    /// What compilers and linters print.
    Compiler,
    /// The log of a service, in words or JSON.
    ServiceLog,
    /// What a browser saw, as lines of JSON; lines of services' logs may stand among them.
    Frontend,
    /// The last resort: the exit code and the most telling lines of the output. Gives no test counts.
    ExitCode,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 13] = [
        Self::Junit,
        Self::CargoTest,
        Self::Nextest,
        Self::Pytest,
        Self::GoTestJson,
        Self::NodeTest,
        Self::Vitest,
        Self::Jest,
        Self::JestJson,
        Self::Compiler,
        Self::ServiceLog,
        Self::Frontend,
        Self::ExitCode,
    ];

    /// The stable name, as `dogwatch.toml` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::CargoTest => "cargo-test",
            Self::Pytest => "pytest",
            Self::GoTestJson => "go-test-json",
            Self::NodeTest => "node-test",
            Self::Nextest => "nextest",
            Self::Vitest => "vitest",
            Self::Jest => "jest",
            Self::JestJson => "jest-json",
            Self::Compiler => "compiler",
            Self::ServiceLog => "service-log",
            Self::Frontend => "frontend",
            Self::ExitCode => "exit-code",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no format's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a report format: use {}", names())]
pub struct UnknownFormat {
    name: String,
}

/// All names as people list them.
fn names() -> String {
    let mut names = Format::ALL.map(Format::name).to_vec();
    let last = names.pop().unwrap_or_default();
    format!("{} or {last}", names.join(", "))
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| UnknownFormat { name: text.chars().take(40).collect() })
    }
}

/// Guesses the format from the input's shape; [`Format::ExitCode`] when nothing fits.
pub fn detect(input: &[u8]) -> Format {
    let text = plain(end(input));
    let start = limits::head(text.trim_start(), 64 << 10);
    if start.starts_with('<') && ["<testsuite", "<testrun", "<testcase"].iter().any(|tag| start.contains(tag)) {
        return Format::Junit;
    }
    if text.lines().take(20).any(jest_json::is_report) {
        return Format::JestJson;
    }
    let mut points = [
        Format::GoTestJson,
        Format::CargoTest,
        Format::Nextest,
        Format::Pytest,
        Format::NodeTest,
        Format::Vitest,
        Format::Jest,
    ]
    .map(|format| (format, 0_u32));
    let mut point = |format: Format| {
        if let Some((_, count)) = points.iter_mut().find(|(known, _)| *known == format) {
            *count += 1;
        }
    };
    for line in limits::lines(&text) {
        let trimmed = line.trim();
        if trimmed.starts_with("{\"") && trimmed.contains("\"Action\":\"") {
            point(Format::GoTestJson);
        } else if nextest::begins(line) {
            point(Format::Nextest);
        } else if vitest::begins(line) {
            point(Format::Vitest);
        } else if jest::begins(line) {
            point(Format::Jest);
        } else if totals::libtest(line).is_some()
            || trimmed.starts_with("error[E")
            || trimmed.starts_with("error: could not compile")
            || (trimmed.starts_with("Compiling ") && trimmed.contains(" v"))
        {
            point(Format::CargoTest);
        } else if totals::pytest(line).is_some()
            || (trimmed.starts_with("===") && trimmed.contains(" test session starts "))
        {
            point(Format::Pytest);
        } else if trimmed.starts_with("TAP version ") || node_counts::begins(line) {
            point(Format::NodeTest);
        }
    }
    let best =
        points.into_iter().filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count).map(|(format, _)| format);
    best.unwrap_or_else(|| {
        // What a compiler says can stand in any output, so it only counts where no test tool is recognised.
        if limits::lines(&text).any(frontend::sure) {
            Format::Frontend
        } else if limits::lines(&text).any(compiler::sure) {
            Format::Compiler
        } else if limits::lines(&text).any(service::sure) {
            Format::ServiceLog
        } else {
            Format::ExitCode
        }
    })
}

/// The part of a too long input that is read: its end, where tools put their summary.
pub fn end(input: &[u8]) -> &[u8] {
    input.get(input.len().saturating_sub(limits::INPUT_BYTES)..).unwrap_or(input)
}

/// Reads one input into a report in the making.
pub fn parse_into(to: &mut Collector, format: Format, input: &[u8]) {
    match format {
        Format::Junit => return junit::read(to, input),
        Format::Frontend => return frontend::read(to, input),
        Format::ServiceLog => {
            let mut log = service::ServiceLog::default();
            log.push(input);
            let (sighted, dropped) = log.finish();
            return sighting::hand_on(to, sighted.into_iter().map(|one| one.finding), dropped);
        }
        _ => {}
    }
    let kept = end(input);
    if kept.len() < input.len() {
        to.odd(format!("only the last {} of {} bytes were read", kept.len(), input.len()));
    }
    let text = plain(kept);
    match format {
        Format::CargoTest => cargo::read(to, &text),
        Format::Pytest => pytest::read(to, &text),
        Format::GoTestJson => gotest::read(to, &text),
        Format::NodeTest => {
            if tap::is_tap(&text) {
                tap::read(to, &text);
            } else {
                spec::read(to, &text);
            }
        }
        Format::Nextest => nextest::read(to, &text),
        Format::Vitest => vitest::read(to, &text),
        Format::Jest => jest::read(to, &text),
        Format::JestJson => jest_json::read(to, &text),
        Format::Compiler => compiler::read(to, &text),
        Format::ExitCode | Format::Junit | Format::ServiceLog | Format::Frontend => tail::read(to, &text),
    }
}
