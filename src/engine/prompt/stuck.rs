//! What the watchdog says of the work so far, so that the next turn does not do the same again.

use super::DATA;
use super::quote::{fenced, one_line, push_bounded};
use crate::watchdog::{Level, Rule, Verdict};
use std::fmt::Write as _;

/// Longest evidence, in characters.
const LONGEST: usize = 1_500;

pub(super) fn section(text: &mut String, verdict: Option<&Verdict>) {
    let Some(verdict) = verdict.filter(|verdict| verdict.level == Level::Warn || verdict.level.pauses()) else {
        return;
    };
    let mut body = String::new();
    push_bounded(&mut body, &one_line(&verdict.evidence), LONGEST);
    body.push('\n');
    let _infallible = writeln!(
        text,
        "# The work does not move\n\nWhat was tried so far did not help, so do not try it again in other words. {}\n\n{DATA}\n\n{}",
        advice(verdict.rule),
        fenced(&body).trim_end()
    );
    text.push('\n');
}

/// What to do otherwise.
fn advice(rule: Option<Rule>) -> &'static str {
    match rule {
        Some(Rule::R2) => "Leave the rest alone and find the cause of the one problem that stays.",
        Some(Rule::R3) => {
            "You go round in a circle: what mends one thing breaks another. Look for what satisfies both before you change anything."
        }
        Some(Rule::R4) => {
            "Nothing was changed. Reading and planning are done: change the code, or say exactly what keeps you from it."
        }
        Some(Rule::R5) => "Mend the code and leave the tests and the criteria as they are.",
        Some(Rule::R7) => "It is worse than it was. Look at what the better iteration had, and begin from there.",
        _ => {
            "Doubt what you took for granted: read the failing test and the code that it runs from the beginning, reproduce the failure, \
             and take another way than before."
        }
    }
}
