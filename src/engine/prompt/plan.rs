//! The plan in prompts: how one is asked for, and how the work is told to follow it.

use super::quote::fenced;
use super::{Material, asked, data, findings, gates, guidance, lessons, repository, role, task};
use crate::domain::Plan;
use std::fmt::Write as _;

/// The prompt of a turn that writes the plan into a file of this name.
pub fn of_plan(material: &Material<'_>, file: &str) -> String {
    let mut text = String::new();
    guidance(&mut text, material.guidance);
    asked::answers(&mut text, material.asked);
    task(&mut text, material.run);
    role(&mut text, material.run.role);
    let _infallible = write!(
        text,
        "# What to do now\n\nWrite a plan for this task, and change nothing yet: whatever else you change in this turn is thrown \
         away. Read what you need to know. Then write the plan into `{file}` in the current directory, in at most 16 KiB of plain \
         text: what is wrong or missing and why, which files change and how, which tests show that it is done, and what could \
         go wrong. Your turn ends when you exit.\n\n"
    );
    if material.run.plan == Plan::Ask {
        text.push_str("A person reads the plan and says whether the work may follow it.\n\n");
    }
    if let Some(before) = material.plan {
        text.push_str("This is the plan that you wrote before. It was not accepted; the guidance says why.\n\n");
        text.push_str(&fenced(&ended(before)));
    }
    asked::tools(&mut text, material);
    repository::section(&mut text, material.outline);
    data::section(&mut text, material.datasets);
    gates(&mut text, material.gates);
    findings(&mut text, material);
    lessons::section(&mut text, material.lessons);
    text
}

/// The plan that the work follows.
pub(super) fn settled(text: &mut String, material: &Material<'_>) {
    let Some(plan) = material.plan.filter(|_| material.run.plan == Plan::Settled) else { return };
    text.push_str("# Plan\n\nFollow this plan; where it turns out to be wrong, do what the task needs.\n\n");
    text.push_str(&fenced(&ended(plan)));
}

/// With a line break at its end.
fn ended(text: &str) -> String {
    format!("{}\n", text.trim_end())
}
