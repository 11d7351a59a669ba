//! Builds on the JVM: Maven's `[ERROR]` lines, Gradle's reasons, Kotlin's `e:` lines. What javac says by itself has the shape
//! of gcc's messages.

use super::Told;
use crate::domain::{Location, Severity, Source};
use crate::evidence::limits;
use crate::evidence::problem::Problem;
use crate::evidence::trace::place;

/// What Maven says about itself and not about the problem.
const ECHOES: [&str; 14] = [
    "COMPILATION ERROR",
    "To see the full stack trace",
    "Re-run Maven",
    "For more information",
    "After correcting the problems",
    "[Help ",
    "Please refer to",
    "There are test failures",
    "Tests run:",
    "Failures:",
    "Errors:",
    "-> [Help",
    "See ",
    "  mvn ",
];

/// What a build tool says in general, for when nothing tells more.
#[derive(Debug, Default)]
pub struct Maven {
    general: Option<Problem>,
    /// Below the line that sums up, where everything is said a second time.
    summed: bool,
    /// Below Gradle's `* What went wrong:`.
    reason: bool,
}

impl Maven {
    /// Reads a line that begins with Maven's mark, or one of Gradle's: reads it.
    pub fn line(&mut self, line: &str) -> Told {
        if let Some(words) = line.strip_prefix("* ") {
            self.reason = words == "What went wrong:";
            return if self.reason { Told::Used } else { Told::Foreign };
        }
        if self.reason {
            self.reason = false;
            self.general.get_or_insert_with(|| Problem::new(Source::Build, "gradle", line));
            return Told::Used;
        }
        if let Some(words) = line.strip_prefix("> ").filter(|_| self.general.is_some()) {
            if let Some(general) = &mut self.general {
                super::append(general, words);
            }
            return Told::Used;
        }
        let (severity, words) = if let Some(words) = line.strip_prefix("[ERROR]") {
            (Severity::Error, words)
        } else if let Some(words) = line.strip_prefix("[WARNING]") {
            (Severity::Warning, words)
        } else {
            return Told::Foreign;
        };
        self.told(severity, words.strip_prefix(' ').unwrap_or(words)).map_or(Told::Used, Told::Problem)
    }

    fn told(&mut self, severity: Severity, words: &str) -> Option<Problem> {
        if self.summed {
            return None;
        }
        if let Some((location, words)) = bracketed(words) {
            let mut problem = Problem::new(Source::Build, word(severity), words);
            if let Some((code, rest)) = words.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
                problem = Problem::new(Source::Build, code, rest);
            }
            problem.severity = severity;
            problem.location = Some(location);
            return Some(problem);
        }
        if severity == Severity::Error && words.starts_with("Failed to execute goal") {
            self.summed = true;
        }
        let told = severity == Severity::Error
            && !words.trim().is_empty()
            && !words.starts_with(' ')
            && !words.contains(" <<< ")
            && !ECHOES.iter().any(|echo| words.starts_with(echo));
        if told && self.general.is_none() {
            let words = words.split(" -> [Help").next().unwrap_or(words);
            self.general = Some(Problem::new(Source::Build, "maven", words));
        }
        None
    }

    /// What is left when the output ends.
    pub fn end(&mut self) -> Option<Problem> {
        self.general.take()
    }
}

fn word(severity: Severity) -> &'static str {
    if severity == Severity::Error { "error" } else { "warning" }
}

/// `/p/Main.java:[5,10] words` and `/p/a.kt: (3, 5) words`.
fn bracketed(words: &str) -> Option<(Location, &str)> {
    let (file, rest) = words.split_once(":[").map_or_else(
        || words.split_once(": (").map(|(file, rest)| (file, rest.split_once(')'))),
        |(file, rest)| Some((file, rest.split_once("] "))),
    )?;
    let (numbers, words) = rest?;
    let (line, column) = numbers.split_once(',').unwrap_or((numbers, ""));
    let line = line.trim().parse().ok()?;
    let located = !file.contains(' ') && file.contains('.');
    located.then(|| {
        let file = limits::head(file, limits::NAME_BYTES).to_owned();
        (Location { file, line: Some(line), column: column.trim().parse().ok() }, words.trim_start_matches([':', ' ']))
    })
}

/// Whether the line is one of Maven's with a place.
pub fn is_placed(line: &str) -> bool {
    let words = line.strip_prefix("[ERROR] ").or_else(|| line.strip_prefix("[WARNING] "));
    words.and_then(bracketed).is_some() || kotlin(line).is_some()
}

/// `e: file:///p/a.kt:3:5 words` and `w: /p/a.kt: (3, 5): words`.
pub fn kotlin(line: &str) -> Option<Problem> {
    let (severity, rest) = match line.split_once(": ")? {
        ("e", rest) => (Severity::Error, rest),
        ("w", rest) => (Severity::Warning, rest),
        _ => return None,
    };
    let (location, words) = bracketed(rest).or_else(|| {
        let (front, words) = rest.split_once(' ')?;
        Some((place(front.trim_end_matches(':'))?, words))
    })?;
    let mut problem = Problem::new(Source::Build, word(severity), words.trim());
    problem.severity = severity;
    problem.location = Some(location);
    Some(problem)
}
