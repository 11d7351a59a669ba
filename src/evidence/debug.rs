//! What the readers make of any input, as lines of JSON for `dogwatch debug evidence`.

use super::collector::Collector;
use super::format::{Format, detect, parse_into};
use crate::domain::TestStatus;
use serde_json::json;

/// One line per finding and a last line `{"summary":{"format":..,"passed":..,"failed":..,"skipped":..,"oddities":[..]}}`.
///
/// The counts are those of the named tests; where the tool states counts without naming every test, they are the stated
/// ones and an oddity says so.
pub fn debug(format: Option<Format>, input: &[u8]) -> Vec<String> {
    let format = format.unwrap_or_else(|| detect(input));
    let mut to = Collector::default();
    parse_into(&mut to, format, input);
    let (report, stated) = to.finish();
    let mut lines: Vec<String> = report.findings.iter().map(|finding| json!(finding).to_string()).collect();
    let named = |status| report.count(status);
    let (mut passed, mut failed, mut skipped) =
        (named(TestStatus::Passed), named(TestStatus::Failed), named(TestStatus::Skipped));
    if let Some(totals) = stated {
        passed = passed.max(totals.passed);
        failed = failed.max(totals.failed);
        skipped = skipped.max(totals.skipped);
    }
    let summary = json!({
        "format": format.name(), "passed": passed, "failed": failed, "skipped": skipped, "oddities": report.oddities,
    });
    lines.push(json!({ "summary": summary }).to_string());
    lines
}
