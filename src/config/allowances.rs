//! `[budget]` and `[projects.NAME]` of `config.toml`: what projects and days may spend. A repository has no say in it.

use super::reader::{Section, clip};
use super::{rules, schema};
use crate::domain::{Allowances, Caps, ProjectAllowance};

/// The most iterations that can be allowed.
const MOST_ITERATIONS: u64 = 1_000_000;

/// Reads both tables.
pub(super) fn read(top: &Section<'_, '_>) -> Allowances {
    let mut allowances = Allowances::default();
    if let Some(section) = top.table("budget", schema::ENGINE_BUDGET) {
        allowances.day = section.table("day", schema::BUDGET_DAY).map(|section| caps(&section)).unwrap_or_default();
        let iteration = section.table("iteration", schema::BUDGET_ITERATION);
        allowances.iteration = iteration.map(|section| reservation(&section)).unwrap_or_default();
    }
    for (name, section) in top.named_tables("projects", schema::NAMED_PROJECT) {
        if name.value.trim().is_empty() {
            section.note(name.at, format!("\"{}\" is no project's name: see `dogwatch project ls`", clip(&name.value)));
        }
        let table = |word, schema| section.table(word, schema).map(|section| caps(&section)).unwrap_or_default();
        let iteration = section.table("iteration", schema::PROJECT_ITERATION);
        let allowance = ProjectAllowance {
            total: table("total", schema::PROJECT_TOTAL),
            day: table("day", schema::PROJECT_DAY),
            iteration: iteration.map(|section| reservation(&section)).unwrap_or_default(),
        };
        allowances.projects.insert(name.value, allowance);
    }
    allowances
}

fn caps(section: &Section<'_, '_>) -> Caps {
    Caps { iterations: section.whole("iterations", 1..MOST_ITERATIONS + 1), ..reservation(section) }
}

/// As caps, but an iteration is one iteration.
fn reservation(section: &Section<'_, '_>) -> Caps {
    Caps {
        iterations: None,
        seconds: rules::duration(section, "time", rules::YEAR),
        tokens: section.whole("tokens", 1..rules::MOST_TOKENS + 1),
        microusd: rules::microusd(section, "usd"),
    }
}
