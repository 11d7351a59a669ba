//! Test reports and tool output become findings, test counts and a judgement.
//!
//! Everything read here was written by agents or by the programs under test, so it is hostile: readers are bounded, never
//! panic, and turn what they cannot understand into an *oddity* (a sentence of ours) instead of an error. Reports in an
//! agent-writable tree are read without following links ([`read`], [`remove_stale`]).
//!
//! The way through this room: [`read`] the report files, [`judge`] them with the step's end and the output's bytes, and
//! compare the outcomes of two iterations in the gates room. [`parse`] and [`detect`] are the same readers without the
//! judgement, [`debug`] shows what they make of any input.

mod beside;
mod cargo;
mod cargo_block;
mod cargo_lines;
mod cargo_order;
mod cargo_runs;
mod collector;
mod compiler;
mod correlate;
mod debug;
mod detail;
mod doubt;
mod files;
mod format;
pub mod frontend;
mod glob;
mod gotest;
mod gotest_problems;
mod jest;
mod jest_json;
mod judge;
mod junit;
mod junit_problem;
mod limits;
mod lines;
mod nextest;
mod node_counts;
mod normal;
mod pages;
mod plain;
mod problem;
mod pytest;
mod pytest_blocks;
mod pytest_lines;
mod pytest_sessions;
mod rustc;
mod service;
mod settle;
mod sighting;
mod spec;
mod spec_problems;
mod stamp;
mod tail;
mod tap;
mod tap_yaml;
mod totals;
mod trace;
mod trace_other;
mod vitest;
mod xml;
mod xml_text;

#[cfg(test)]
mod tests;

pub use beside::{ServiceTrouble, unready, with_logs, with_services};
pub use cargo_order::in_order;
pub use correlate::correlate;
pub use debug::debug;
pub use doubt::{Before, is_doubtful};
pub use files::{ReportFault, ReportFile, read, remove_stale};
pub use format::{Format, UnknownFormat, detect};
pub use glob::BadPattern;
pub(crate) use judge::how_it_ended;
pub use judge::{Judged, judge};
pub use normal::normalise;
pub use pages::{ServiceOutput, judge_pages};
pub use problem::Problem;
pub use service::ServiceLog;
pub use settle::{Settled, is_test, settle};
pub use sighting::{Request, Sighted, Ties};

use crate::domain::SuiteReport;

/// An oddity that begins with these words says that two accounts of the same run disagree.
pub const DISAGREES: &str = "disagreement: ";

/// An oddity that begins with these words says that a report was not what a test run leaves behind.
pub const TAMPERED: &str = "tampered report: ";

/// The name, behind that of a test program or package, of the failed test that stands for a run that ended too early.
pub const UNFINISHED: &str = "(did not finish)";

/// Reads one report or one output. Never fails: what cannot be read becomes an oddity of the report.
pub fn parse(format: Format, input: &[u8]) -> SuiteReport {
    let mut collector = collector::Collector::default();
    format::parse_into(&mut collector, format, input);
    collector.finish().0
}
