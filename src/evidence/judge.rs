//! The engine's judgement of one run of a suite. Only the engine's own facts count: how the step ended, what the report says
//! and what the output says, and where they disagree the safer reading is taken and the disagreement is named.

use super::collector::Collector;
use super::files::{ReportFault, ReportFile};
use super::format::{self, Format, parse_into};
use super::plain::plain;
use super::problem::Problem;
use super::{TAMPERED, tail, totals};
use crate::config::units::format_size;
use crate::domain::{Finding, OnDisk, Source, StepEnd, SuiteOutcome, SuiteVerdict, TestStatus};

/// The judgement and the problems seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What is stored for the suite.
    pub outcome: SuiteOutcome,
    /// The problems, bounded.
    pub findings: Vec<Finding>,
}

/// Judges one run of a suite.
///
/// `reports` is `None` when the format reads the output itself. `output` is the step's log, program output only, bounded
/// by the caller.
pub fn judge(
    suite: &str,
    end: &StepEnd,
    format: Format,
    reports: Option<Result<Vec<ReportFile>, ReportFault>>,
    output: &[u8],
) -> Judged {
    let mut to = Collector::default();
    let code = if let StepEnd::Exited { code } = end { Some(*code) } else { None };
    // Without counts, the words of a command that succeeded are no problems.
    let silent = format == Format::ExitCode && code == Some(0);
    let readable = !silent && read_reports(&mut to, format, reports, output);
    if code == Some(0) && format == Format::Junit {
        to.take_as_run_again();
    }
    if code != Some(0) && !to.has_findings() {
        from_output(&mut to, format, output);
    }
    let verdict = if let Some(code) = code {
        counted(&mut to, suite, code, readable && format != Format::ExitCode, output)
    } else {
        cut_off(&mut to, end);
        SuiteVerdict::NoVerdict
    };
    let (report, _) = to.finish();
    let cases = report.cases.into_iter().map(|case| (case.id, case.status)).collect();
    Judged {
        outcome: SuiteOutcome {
            suite: suite.to_owned(),
            verdict,
            exit_code: code,
            cases,
            oddities: report.oddities,
            flaky: report.flaky,
        },
        findings: report.findings,
    }
}

/// Reads the reports, or the output where it is the report; whether there was anything to read.
fn read_reports(
    to: &mut Collector,
    format: Format,
    reports: Option<Result<Vec<ReportFile>, ReportFault>>,
    output: &[u8],
) -> bool {
    match reports {
        None => {
            parse_into(to, format, output);
            true
        }
        Some(Ok(files)) => {
            for file in &files {
                if file.links > 1 {
                    to.odd(format!("{TAMPERED}the report `{}` has {} names", file.path, file.links));
                }
                parse_into(to, format, &file.bytes);
            }
            !files.is_empty()
        }
        Some(Err(fault)) => {
            if fault.is_tampering() {
                to.odd(format!("{TAMPERED}{fault}"));
            } else {
                to.odd(fault.to_string());
            }
            false
        }
    }
}

/// The verdict of a command that exited by itself.
fn counted(to: &mut Collector, suite: &str, code: i32, readable: bool, output: &[u8]) -> SuiteVerdict {
    if let Some(totals) = totals::stated(&plain(format::end(output)))
        && readable
        && (to.has_cases() || totals.failed > 0)
        && (code == 0 || to.has_cases())
    {
        // Tests that no output names one by one are no disagreement, failures that a report leaves out are.
        to.compare("the output's summary", totals);
        if code == 0 && totals.failed > 0 {
            to.disagreement(&format!("the command succeeded though its output says {} failed", totals.failed));
            return SuiteVerdict::Failed;
        }
    }
    let failed = to.count(TestStatus::Failed);
    if code == 0 {
        if failed > 0 {
            to.disagreement(&format!("the command succeeded though {failed} tests failed"));
            return SuiteVerdict::Failed;
        }
        if readable && to.count(TestStatus::Passed) > 0 { SuiteVerdict::Passed } else { SuiteVerdict::Uncounted }
    } else {
        if failed == 0 && to.has_cases() {
            to.odd(format!("the command ended with exit code {code} though no test failed"));
        }
        if !to.has_findings() {
            let words = format!("suite `{suite}` ended with exit code {code} and no telling line of output");
            to.problem(Problem::new(Source::Harness, "exit_code", words));
        }
        SuiteVerdict::Failed
    }
}

/// Looks for problems in the output when the report named none, as it does when the build breaks.
fn from_output(to: &mut Collector, read_as: Format, output: &[u8]) {
    let found = format::detect(output);
    // The last resort reads what compilers say as well.
    if found == read_as || matches!(found, Format::Junit | Format::Compiler | Format::ServiceLog | Format::Frontend) {
        tail::read(to, &plain(format::end(output)));
        return;
    }
    let mut other = Collector::default();
    parse_into(&mut other, found, output);
    if !other.has_findings() {
        tail::read(&mut other, &plain(format::end(output)));
    }
    for finding in other.finish().0.findings {
        to.finding(finding);
    }
}

/// Says why there is no verdict.
pub(super) fn cut_off(to: &mut Collector, end: &StepEnd) {
    if matches!(end, StepEnd::Exited { .. }) {
        return;
    }
    let (kind, words) = how_it_ended(end);
    let words = format!("the suite {words}");
    to.odd(words.clone());
    to.problem(Problem::new(Source::Harness, kind, words));
}

/// How a program ended that did not end by itself: a kind, and words that go on from its name.
pub(crate) fn how_it_ended(end: &StepEnd) -> (&'static str, String) {
    match end {
        StepEnd::Exited { code } => ("exited", format!("ended with exit code {code}")),
        StepEnd::Signalled { signal, oom: Some(true) } => {
            ("out_of_memory", format!("ran out of memory and was ended by signal {signal}"))
        }
        StepEnd::Signalled { signal, .. } => ("signalled", format!("was ended by signal {signal}")),
        StepEnd::TimedOut { seconds } => ("timed_out", format!("was stopped at its limit of {seconds} s")),
        StepEnd::Silent { seconds } => ("silent", format!("wrote nothing for {seconds} s and was stopped")),
        StepEnd::Overfull { what: OnDisk::Tree, mib } => (
            "disk_full",
            format!("was stopped: its files in the repository took more than {}, or were too many", format_size(*mib)),
        ),
        StepEnd::Overfull { what: OnDisk::Log, mib } => {
            ("log_full", format!("was stopped: it wrote more output than {}", format_size(*mib)))
        }
        // What is judged here has no session.
        StepEnd::Overfull { what: OnDisk::Spool | OnDisk::Session, mib } => (
            "spool_full",
            format!("was stopped: it put more than {}, or too many files, into dogwatch's spool", format_size(*mib)),
        ),
        StepEnd::Stopped => ("stopped", "was stopped by the engine".to_owned()),
        StepEnd::NotStarted { reason } => ("not_started", format!("could not be started: {reason}")),
        StepEnd::Lost { reason, .. } => ("lost", format!("lost its container: {reason}")),
    }
}
