//! The plots that together reach every crash point.

use super::plot::{Ask, Fate, Leader, Plot, Says, Turn, When};
use crate::domain::{Allowances, Caps, Plan, Priority, QuestionKind, RunState, StepKind};

/// So many iterations on each day.
fn each_day(iterations: u64) -> Allowances {
    let day = Caps { iterations: Some(iterations), ..Caps::default() };
    Allowances { day, ..Allowances::default() }
}

/// Every plot for a seed.
pub(super) fn all(seed: u64) -> Vec<Plot> {
    let mut plots = of_one(seed);
    plots.extend(of_several(seed));
    plots.extend(of_plans(seed));
    plots.extend(of_luck(seed));
    plots.extend(of_audits(seed));
    plots.push(of_packages(seed));
    plots.push(of_steering(seed));
    plots
}

/// Where other runs and the day have a say.
fn of_several(seed: u64) -> Vec<Plot> {
    let plain = |name| Plot::plain(name, seed);
    vec![
        Plot { allowances: each_day(1), waits: 1, ..plain("no room today") },
        Plot {
            allowances: each_day(1),
            parts: 3,
            answers: vec![(QuestionKind::Budget, true), (QuestionKind::Budget, false)],
            ..plain("more room today")
        },
        Plot { leader: Some(Leader::Works), places: 1, parts: 1, ..plain("follows") },
        Plot {
            leader: Some(Leader::Cancelled),
            rivals: 2,
            places: 1,
            parts: 1,
            asks: vec![(When::State(RunState::Queued, 0), Ask::Prioritise(Priority::High))],
            ..plain("goes on alone")
        },
        Plot {
            leader: Some(Leader::Cancelled),
            answers: vec![(QuestionKind::Predecessor, false)],
            ..plain("not without the other")
        },
    ]
}

/// Where a plan is written first.
fn of_plans(seed: u64) -> Vec<Plot> {
    let plain = |name| Plot::plain(name, seed);
    vec![
        Plot {
            plan: Plan::Ask,
            answers: vec![(QuestionKind::Plan, false), (QuestionKind::Plan, true)],
            ..plain("a plan that is written twice")
        },
        Plot {
            plan: Plan::Automatic,
            turns: vec![(1, 1, Turn::Nothing), (1, 2, Turn::Overloaded)],
            ..plain("a plan that nobody reads")
        },
        Plot {
            plan: Plan::Ask,
            coding: true,
            turns: vec![(1, 0, Turn::Nothing)],
            answers: vec![(QuestionKind::Trouble, true), (QuestionKind::Trouble, false)],
            ..plain("no plan at all")
        },
    ]
}

/// Where another agent looks at results.
fn of_audits(seed: u64) -> Vec<Plot> {
    let plain = |name| Plot { audit: true, parts: 1, ..Plot::plain(name, seed) };
    vec![
        Plot {
            audits: vec![(1, 1, Says::No), (2, 1, Says::Nothing(Turn::Nothing))],
            answers: vec![(QuestionKind::Audit, false)],
            ..plain("an auditor that is heard")
        },
        Plot {
            coding: true,
            review: true,
            audits: vec![
                (1, 1, Says::Nothing(Turn::Overloaded)),
                (1, 2, Says::Nothing(Turn::Instant)),
                (1, 3, Says::Nothing(Turn::Nothing)),
                (1, 4, Says::Much),
            ],
            broken_deliveries: 1,
            ..plain("an auditor that mumbles")
        },
        Plot {
            audits: vec![(1, 0, Says::Nothing(Turn::Nothing)), (2, 1, Says::Nothing(Turn::Auth))],
            fates: vec![(StepKind::Audit, 2, 2, 4, Fate::Removed), (StepKind::Audit, 2, 3, 4, Fate::Restart)],
            answers: vec![(QuestionKind::Audit, false), (QuestionKind::Audit, true)],
            ..plain("an auditor that says nothing")
        },
        Plot {
            iterations: 5,
            asks: vec![
                (When::Runs(StepKind::Audit, 1, 3), Ask::Redirect("name it otherwise")),
                (When::Runs(StepKind::Audit, 2, 3), Ask::Pause),
                (When::State(RunState::Paused, 60), Ask::Redirect("and mind the edge cases")),
                (When::State(RunState::Paused, 60), Ask::Resume),
                (When::Runs(StepKind::Audit, 3, 3), Ask::Rollback(1)),
            ],
            ..plain("an audit that people do not wait for")
        },
        Plot { asks: vec![(When::Runs(StepKind::Audit, 1, 3), Ask::Cancel)], ..plain("an audit that is cancelled") },
        Plot { iterations: 1, allowances: each_day(1), ..plain("an audit of the last iteration") },
    ]
}

/// Where an agent is told something while it works.
fn of_steering(seed: u64) -> Plot {
    Plot {
        coding: true,
        asks: vec![
            (When::Runs(StepKind::Develop, 1, 3), Ask::Redirect("use approach B")),
            (When::Runs(StepKind::Develop, 1, 5), Ask::Pause),
            (When::State(RunState::Paused, 60), Ask::Redirect("and mind the edge cases")),
            (When::State(RunState::Paused, 60), Ask::Resume),
        ],
        ..Plot::plain("a coding agent that is steered", seed)
    }
}

/// Where the repository takes in a package, which people refuse at first.
fn of_packages(seed: u64) -> Plot {
    Plot {
        parts: 1,
        turns: vec![(1, 1, Turn::Packages)],
        answers: vec![(QuestionKind::Dependency, false), (QuestionKind::Dependency, true)],
        ..Plot::plain("packages", seed)
    }
}

/// Where a test goes by luck.
fn of_luck(seed: u64) -> Vec<Plot> {
    let plain = |name| Plot::plain(name, seed);
    vec![
        // It fails when all else is repaired, and when the tree is the one before; never is that red, nor is passing success.
        Plot {
            flaky: vec![(1, 1), (2, 1)],
            parts: 1,
            turns: vec![(2, 1, Turn::Nothing)],
            answers: vec![(QuestionKind::Review, false), (QuestionKind::Review, false), (QuestionKind::Review, true)],
            ..plain("a test that goes by luck")
        },
        // At the base, where it is found at once.
        Plot {
            flaky: vec![(0, 1), (2, 1), (2, 2)],
            answers: vec![(QuestionKind::Review, true)],
            ..plain("a test that goes by luck at the base")
        },
    ]
}

fn of_one(seed: u64) -> Vec<Plot> {
    let plain = |name| Plot::plain(name, seed);
    vec![
        plain("plain"),
        Plot { setup: true, parts: 1, ..plain("setup") },
        Plot {
            coding: true,
            turns: vec![
                (1, 1, Turn::Overloaded),
                (1, 2, Turn::Limited(600)),
                (1, 3, Turn::Instant),
                (2, 1, Turn::Nothing),
            ],
            ..plain("a coding agent")
        },
        Plot {
            turns: vec![
                (1, 1, Turn::Overloaded),
                (1, 2, Turn::Limited(600)),
                (1, 3, Turn::Instant),
                (2, 1, Turn::Silent),
                (3, 1, Turn::GiveUp),
                (4, 1, Turn::Endless),
            ],
            parts: 2,
            ..plain("held")
        },
        Plot {
            setup: true,
            fates: vec![
                (StepKind::Prepare, 0, 1, 5, Fate::Removed),
                (StepKind::Develop, 1, 1, 5, Fate::Removed),
                (StepKind::Develop, 2, 1, 6, Fate::OutOfMemory),
                (StepKind::Test, 2, 1, 4, Fate::Restart),
                (StepKind::Test, 1, 1, 4, Fate::Removed),
            ],
            ..plain("lost")
        },
        with_services(plain("services")),
        Plot { broken_deliveries: 1, parts: 1, ..plain("delivery") },
        Plot { broken_pulls: 2, parts: 1, broken_checkouts: vec![1, 4], shaky_deliveries: 2, ..plain("trouble") },
        Plot {
            broken_setup: true,
            setup: true,
            answers: vec![(QuestionKind::Trouble, true), (QuestionKind::Trouble, false)],
            ..plain("no setup")
        },
        Plot {
            asks: vec![
                (When::Runs(StepKind::Develop, 1, 3), Ask::Pause),
                (When::State(RunState::Paused, 300), Ask::Resume),
                (When::Runs(StepKind::Test, 1, 3), Ask::Pause),
                (When::State(RunState::Paused, 60), Ask::Redirect("mind the edge cases")),
                (When::State(RunState::Paused, 60), Ask::Resume),
            ],
            ..plain("pause")
        },
        Plot {
            parts: 3,
            asks: vec![
                (When::Runs(StepKind::Develop, 1, 3), Ask::Redirect("use approach B")),
                (When::Runs(StepKind::Develop, 3, 3), Ask::Rollback(1)),
                (When::Runs(StepKind::Test, 4, 3), Ask::Rollback(0)),
            ],
            ..plain("rollback")
        },
        Plot {
            parts: 1,
            asks: vec![(When::Runs(StepKind::Test, 1, 3), Ask::Redirect("name it otherwise"))],
            ..plain("redirect of what turns out green")
        },
        handed_on(plain("handed on")),
        Plot { asks: vec![(When::Runs(StepKind::Develop, 2, 3), Ask::Cancel)], ..plain("cancel") },
        Plot { asks: vec![(When::Runs(StepKind::Develop, 2, 3), Ask::HandOver(1))], ..plain("hand over") },
        Plot { asks: vec![(When::Runs(StepKind::Test, 0, 3), Ask::Cancel)], setup: true, ..plain("cancel early") },
        Plot {
            turns: vec![(1, 1, Turn::CheatTests), (2, 1, Turn::CheatGit)],
            answers: vec![(QuestionKind::Review, false), (QuestionKind::Review, true)],
            ..plain("review")
        },
        Plot {
            review: true,
            parts: 1,
            asks: vec![(When::State(RunState::AwaitingReview, 0), Ask::Redirect("make it shorter"))],
            ..plain("reviewed always")
        },
        Plot { iterations: 2, parts: 3, answers: vec![(QuestionKind::Budget, true)], ..plain("budget") },
        Plot {
            iterations: 1,
            parts: 5,
            answers: vec![(QuestionKind::Budget, true), (QuestionKind::Budget, false)],
            ..plain("no budget")
        },
        Plot {
            turns: vec![(1, 1, Turn::Auth)],
            answers: vec![(QuestionKind::Trouble, false)],
            ..plain("no credentials")
        },
    ]
}

/// Other agents are called in, while one works and when nothing moves.
fn handed_on(plain: Plot) -> Plot {
    Plot {
        turns: (1..=4).map(|number| (number, 1, Turn::Nothing)).collect(),
        asks: vec![
            (When::Runs(StepKind::Develop, 1, 3), Ask::HandOn("somebody else next time")),
            (When::State(RunState::AwaitingRedirect, 0), Ask::HandOn("somebody else")),
        ],
        parts: 1,
        ..plain
    }
}

/// Services that are not ready, die, and lose their network, while everything else goes on.
fn with_services(plain: Plot) -> Plot {
    Plot {
        services: true,
        deaf: vec![2],
        fates: vec![
            (StepKind::Service, 3, 1, 4, Fate::OutOfMemory),
            (StepKind::Network, 4, 1, 3, Fate::Removed),
            (StepKind::Test, 4, 2, 4, Fate::Restart),
            (StepKind::Ready, 5, 1, 0, Fate::Restart),
        ],
        turns: vec![(2, 1, Turn::Nothing), (3, 1, Turn::Nothing)],
        parts: 3,
        asks: vec![(When::Runs(StepKind::Service, 1, 2), Ask::Pause), (When::State(RunState::Paused, 60), Ask::Resume)],
        ..plain
    }
}
