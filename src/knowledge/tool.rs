//! The tools that agents have: their names, what agents are told of them, and what they take.

use super::field::{Field, Holds};
use crate::domain::Fulfilment;
use serde::{Deserialize, Serialize};

/// One tool. No tool decides anything, and none changes the state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// Looks for bugs that are like something.
    SearchBugs,
    /// Tells everything of one bug.
    Bug,
    /// Tells which features are wanted.
    Features,
    /// Tells which live systems there are.
    Assets,
    /// Tells which data there is to work with.
    Datasets,
    /// Notes a problem.
    RecordFinding,
    /// Notes what was tried against a bug.
    RecordAttempt,
    /// Says whether the work meets a criterion.
    ReportCriterion,
    /// Tells what was noted in the run.
    Notes,
    /// Asks a person.
    AskOperator,
    /// Tells what people answered.
    Answers,
    /// Answers a question in SQL.
    Query,
    /// Has a suite run on a copy of the agent's tree.
    RunTests,
    /// Tells what came of something that was asked for.
    Task,
    /// Tells what was asked for in the run.
    Tasks,
    /// Tells what tests that run by a clock came to.
    ScheduledTests,
    /// Starts a service beside the agent.
    ServiceStart,
    /// Runs a program in a container of its own.
    ContainerRun,
    /// Tells what a container printed.
    ContainerLogs,
    /// Ends a container.
    ContainerStop,
    /// Tells which containers and images there are.
    ContainerList,
    /// Builds an image.
    ImageBuild,
    /// Proposes something for a live asset.
    ProposeExecution,
    /// Tells what became of what was proposed.
    Proposals,
}

const LIMIT: Field = Field::may("limit", Holds::Number(20), "how many rows at most; 10 where it is left out");
const NAME: Field = Field::may("name", Holds::Text(200), "the name of one, to read only that");
const ID: Field = Field::needed("id", Holds::Text(24), "the id that you were given, such as t5");
const IMAGE: Field = Field::may(
    "image",
    Holds::Text(40),
    "`run` for your own image, which is meant where this is left out; a service of the project, by name; or the id of an image that \
     you built",
);
const ARGV: Field = Field::may(
    "argv",
    Holds::Texts(100, 4_096),
    "the program and its arguments one by one; there is no shell unless you name one",
);
const ENV: Field = Field::may("env", Holds::Texts(50, 4_096), "variables for it, each as NAME=value");
const PORT: Field = Field::may(
    "port",
    Holds::Number(65_535),
    "the port at which it listens: the answer comes once it takes connections there",
);
const TIMEOUT: Field =
    Field::may("timeout", Holds::Number(600), "how many seconds it may run; 60 where it is left out");
const BUG: &str = "the bug's id as other tools write it, such as b9";

/// What a proposal says.
const PROPOSED: [Field; 11] = [
    Field::needed("asset", Holds::Text(200), "the name of the asset, as the tool `assets` writes it"),
    Field::may("argv", Holds::Texts(256, 4_096), "the program and its arguments, one text each; no shell reads them"),
    Field::may("script", Holds::Text(65_536), "or a script for /bin/sh, in full"),
    Field::may("stdin", Holds::Text(65_536), "what it reads; nothing where it is left out"),
    Field::may("env", Holds::Texts(50, 4_096), "variables beside PATH, each NAME=VALUE"),
    Field::may("cwd", Holds::Text(4_096), "where it is started, an absolute path; / where it is left out"),
    Field::may("user", Holds::Text(64), "as which user of the asset"),
    Field::may("timeout", Holds::Number(86_400), "after how many seconds it is ended; 60 where it is left out"),
    Field::needed("why", Holds::Text(4_096), "why, for the people who decide; it is shown as your words"),
    Field::may("expect", Holds::Text(4_096), "what it should bring about, and how that can be seen"),
    Field::may("undo", Holds::Text(4_096), "how it would be undone"),
];

/// Kinds of questions.
pub(super) const ASKED: [&str; 4] = ["clarify", "decide", "access", "report"];

impl Tool {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::SearchBugs,
        Self::Bug,
        Self::Features,
        Self::Assets,
        Self::Datasets,
        Self::RecordFinding,
        Self::RecordAttempt,
        Self::ReportCriterion,
        Self::Notes,
        Self::AskOperator,
        Self::Answers,
        Self::Query,
        Self::RunTests,
        Self::Task,
        Self::Tasks,
        Self::ScheduledTests,
        Self::ServiceStart,
        Self::ContainerRun,
        Self::ContainerLogs,
        Self::ContainerStop,
        Self::ContainerList,
        Self::ImageBuild,
        Self::ProposeExecution,
        Self::Proposals,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SearchBugs => "search_bugs",
            Self::Bug => "bug",
            Self::Features => "features",
            Self::Assets => "assets",
            Self::Datasets => "datasets",
            Self::RecordFinding => "record_finding",
            Self::RecordAttempt => "record_attempt",
            Self::ReportCriterion => "report_criterion",
            Self::Notes => "notes",
            Self::AskOperator => "ask_operator",
            Self::Answers => "answers",
            Self::Query => "query",
            Self::RunTests => "run_tests",
            Self::Task => "task",
            Self::Tasks => "tasks",
            Self::ScheduledTests => "scheduled_tests",
            Self::ServiceStart => "service_start",
            Self::ContainerRun => "container_run",
            Self::ContainerLogs => "container_logs",
            Self::ContainerStop => "container_stop",
            Self::ContainerList => "container_list",
            Self::ImageBuild => "image_build",
            Self::ProposeExecution => "propose_execution",
            Self::Proposals => "proposals",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// What agents are told of it.
    pub fn says(self) -> &'static str {
        match self {
            Self::SearchBugs => {
                "Look for known bugs that are like an error, over all runs: those of this project, and of others marked as such. \
                 Give the words of the error message, or a fingerprint. Use it before you try to repair something."
            }
            Self::Bug => {
                "Everything that is known of one bug: where it was seen last, which turns tried to repair it, and which of them \
                 made it go away by the engine's own tests."
            }
            Self::Features => {
                "What people want of this project: features with their acceptance criteria and notes, and which of them your run \
                 is to build."
            }
            Self::Assets => {
                "The live systems that people registered. To know of one is no leave to touch it, and there is no way to it."
            }
            Self::Datasets => "The data sets that people registered for this project.",
            Self::RecordFinding => {
                "Note a problem that you saw, for the people and for later turns of this run. It stays your word: nothing follows \
                 from it by itself."
            }
            Self::RecordAttempt => {
                "Note what you try against a known bug. Later runs get to read it once the engine's own tests have shown that the \
                 bug is gone."
            }
            Self::ReportCriterion => {
                "Say whether your work meets an acceptance criterion of your task, by its number there. It is shown to people as your \
                 word, beside what the engine's own tests say; the last word on each counts, and nothing follows from it by itself."
            }
            Self::Notes => "What was noted in this run so far.",
            Self::AskOperator => {
                "Ask a person something. It gives the question's id at once, and you go on working: the answer is in the next \
                 prompt, and in the tool `answers`. At most 3 questions may wait, 10 an hour, 50 a run."
            }
            Self::Query => {
                "Ask in SQL, as SQLite speaks it: one SELECT over copies of the newest rows of these tables, at most 2 s, 1,000 rows \
                 and 1 MiB. Instants are milliseconds since 1970."
            }
            Self::Answers => "What was asked in this run, and what people answered.",
            Self::RunTests => {
                "Have the engine run one of the project's suites on a copy of your tree as it is now, in a container of its own, \
                 while you go on working. It gives an id at once; `task` tells what came of it. One runs at a time, three may \
                 wait, and an iteration has at most 20. It is for you to learn from: only the engine's own run after your turn \
                 decides, and whatever is not over by then is ended."
            }
            Self::Task => {
                "What came of something that you had the engine do: its state, tests that passed and failed, problems, and the end \
                 of its output."
            }
            Self::ScheduledTests => {
                "The test runs of this project that people have by a clock, at the commit of that moment, and what the last of them came \
                 to."
            }
            Self::Tasks => "What you had the engine do in this run, the newest last.",
            Self::ServiceStart => {
                "Start a program beside you that stays until your turn is over, on a copy of your tree at /work: a database, or the \
                 application itself. You reach it at 127.0.0.1, and so do the others; two cannot have the same port. There is no \
                 other network. At most 4 at once, each with a part of what you have."
            }
            Self::ContainerRun => {
                "Run a program to its end in a container of its own, on a copy of your tree at /work, and read its exit code and \
                 the end of its output. It reaches what you reach at 127.0.0.1. What it writes is thrown away."
            }
            Self::ContainerLogs => "The end of what a service, a program or a test run has printed so far.",
            Self::ContainerStop => {
                "Ask a service, a program, a test run or a build of yours to end. It is killed after some seconds."
            }
            Self::ContainerList => "The containers that run beside you, and the images that you built.",
            Self::ImageBuild => {
                "Build an image of a directory of your tree for `service_start` and `container_run`, which take it by the id that \
                 this gives. Its Dockerfile has FROM run (your own image), a service of the project or an image that you built, \
                 COPY, and instructions that set something; there is no RUN and no network. It is removed after your turn."
            }
            Self::ProposeExecution => {
                "Propose a command for a live asset. People see exactly its bytes and decide; once enough have agreed it is started \
                 once, by something else than you. It gives the proposal's id at once: go on working meanwhile. What was denied is \
                 not proposed again. At most 3 may wait, 10 an hour, 50 a run."
            }
            Self::Proposals => "What you proposed in this run, and what became of it.",
        }
    }

    /// What it takes.
    #[allow(clippy::too_many_lines, reason = "a table")]
    pub(crate) fn fields(self) -> &'static [Field] {
        match self {
            Self::SearchBugs => {
                const {
                    &[
                        Field::may(
                            "text",
                            Holds::Text(2_000),
                            "words of the error: its message, its type, names in its stack",
                        ),
                        Field::may(
                            "fingerprint",
                            Holds::Text(32),
                            "an exact or a class fingerprint of a bug, 32 digits",
                        ),
                        LIMIT,
                    ]
                }
            }
            Self::Bug => const { &[Field::needed("id", Holds::Text(24), BUG)] },
            Self::Features => {
                const { &[Field::may("id", Holds::Text(24), "the id of one, such as f3, to read it in full"), LIMIT] }
            }
            Self::ReportCriterion => {
                const {
                    &[
                        Field::needed("criterion", Holds::Number(50), "its number in your task"),
                        Field::needed("verdict", Holds::OneOf(&Fulfilment::NAMES), "what you found"),
                        Field::needed("words", Holds::Text(1_000), "how that can be seen, or what is missing"),
                    ]
                }
            }
            Self::Assets | Self::Datasets => const { &[NAME, LIMIT] },
            Self::ScheduledTests => const { &[LIMIT] },
            Self::RecordFinding => {
                const {
                    &[
                        Field::needed("title", Holds::Text(200), "the problem in one line"),
                        Field::needed("text", Holds::Text(4_000), "what you saw, and how it can be seen again"),
                        Field::may("place", Holds::Text(300), "where it is, such as src/shop.py:12"),
                        Field::may("bug", Holds::Text(24), "the id of the bug that it belongs to, such as b9"),
                    ]
                }
            }
            Self::RecordAttempt => {
                const {
                    &[
                        Field::needed("bug", Holds::Text(24), BUG),
                        Field::needed("tried", Holds::Text(4_000), "what you change, and why that should help"),
                        Field::may("title", Holds::Text(200), "the same in one line"),
                    ]
                }
            }
            Self::AskOperator => {
                const {
                    &[
                        Field::needed(
                            "kind",
                            Holds::OneOf(&ASKED),
                            "what you need: an explanation, a decision, access to something, or only to tell them",
                        ),
                        Field::needed(
                            "question",
                            Holds::Text(1_200),
                            "the question; it is shown to people as your words",
                        ),
                        Field::may("why", Holds::Text(600), "what depends on the answer"),
                        Field::may("options", Holds::Texts(6, 150), "answers that would help you"),
                    ]
                }
            }
            Self::Query => {
                const {
                    &[
                        Field::needed("sql", Holds::Text(16 * 1024), "one SELECT"),
                        Field::may("limit", Holds::Number(1_000), "how many rows at most; 100 where it is left out"),
                    ]
                }
            }
            Self::RunTests => {
                const { &[Field::needed("suite", Holds::Text(32), "the suite's name in dogwatch.toml, such as unit")] }
            }
            Self::Task => {
                const {
                    &[
                        Field::needed("id", Holds::Text(24), "the id that you were given, such as t5"),
                        Field::may(
                            "wait",
                            Holds::Number(120),
                            "how many seconds to wait for its end; none where it is left out",
                        ),
                    ]
                }
            }
            Self::ServiceStart => const { &[IMAGE, ARGV, ENV, PORT] },
            Self::ContainerRun => const { &[IMAGE, ARGV, ENV, TIMEOUT] },
            Self::ContainerLogs => {
                const { &[ID, Field::may("bytes", Holds::Number(32_768), "how much of the end; 8,192 where it is left out")] }
            }
            Self::ContainerStop => const { &[ID] },
            Self::ImageBuild => {
                const {
                    &[
                        Field::may(
                            "directory",
                            Holds::Text(200),
                            "the directory in your tree; its top where it is left out",
                        ),
                        Field::may("dockerfile", Holds::Text(100), "the file in it; Dockerfile where it is left out"),
                    ]
                }
            }
            Self::ProposeExecution => &PROPOSED,
            Self::Notes | Self::Answers | Self::Proposals | Self::Tasks | Self::ContainerList => &[],
        }
    }

    /// Whether it leaves something behind beside the record of its use.
    pub(crate) fn writes(self) -> bool {
        self.begins()
            || matches!(
                self,
                Self::RecordFinding
                    | Self::RecordAttempt
                    | Self::ReportCriterion
                    | Self::AskOperator
                    | Self::ContainerStop
                    | Self::ProposeExecution
            )
    }

    /// Whether it has the engine begin with something.
    pub(super) fn begins(self) -> bool {
        matches!(self, Self::RunTests | Self::ServiceStart | Self::ContainerRun | Self::ImageBuild)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_every_argument_is_explained() {
        for tool in Tool::ALL {
            assert_eq!(Tool::named(tool.name()), Some(tool));
            assert!(tool.says().ends_with('.'), "{tool:?}");
            assert!(tool.fields().iter().all(|field| !field.says.is_empty()), "{tool:?}");
        }
        assert_eq!(Tool::named("decide"), None);
    }
}
