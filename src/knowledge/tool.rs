//! The tools that agents have: their names, what agents are told of them, and what they take.

use super::field::{Field, Holds};
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
    /// Tells what was noted in the run.
    Notes,
    /// Asks a person.
    AskOperator,
    /// Tells what people answered.
    Answers,
    /// Answers a question in SQL.
    Query,
    /// Proposes something for a live asset.
    ProposeExecution,
    /// Tells what became of what was proposed.
    Proposals,
}

const LIMIT: Field = Field::may("limit", Holds::Number(20), "how many rows at most; 10 where it is left out");
const NAME: Field = Field::may("name", Holds::Text(200), "the name of one, to read only that");
const BUG: &str = "the bug's id as other tools write it, such as b9";

/// Kinds of questions.
pub(super) const ASKED: [&str; 4] = ["clarify", "decide", "access", "report"];

impl Tool {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::SearchBugs,
        Self::Bug,
        Self::Features,
        Self::Assets,
        Self::Datasets,
        Self::RecordFinding,
        Self::RecordAttempt,
        Self::Notes,
        Self::AskOperator,
        Self::Answers,
        Self::Query,
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
            Self::Notes => "notes",
            Self::AskOperator => "ask_operator",
            Self::Answers => "answers",
            Self::Query => "query",
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
            Self::Features => "The features that people want of this project, with their acceptance criteria.",
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
            Self::ProposeExecution => {
                "Propose a command for a live asset. People see exactly its bytes and decide; once enough have agreed it is started \
                 once, by something else than you. It gives the proposal's id at once: go on working meanwhile. What was denied is \
                 not proposed again. At most 3 may wait, 10 an hour, 50 a run."
            }
            Self::Proposals => "What you proposed in this run, and what became of it.",
        }
    }

    /// What it takes.
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
            Self::Features | Self::Assets | Self::Datasets => const { &[NAME, LIMIT] },
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
            Self::ProposeExecution => {
                const {
                    &[
                        Field::needed(
                            "asset",
                            Holds::Text(200),
                            "the name of the asset, as the tool `assets` writes it",
                        ),
                        Field::may(
                            "argv",
                            Holds::Texts(256, 4_096),
                            "the program and its arguments, one text each; no shell reads them",
                        ),
                        Field::may("script", Holds::Text(65_536), "or a script for /bin/sh, in full"),
                        Field::may("stdin", Holds::Text(65_536), "what it reads; nothing where it is left out"),
                        Field::may("env", Holds::Texts(50, 4_096), "variables beside PATH, each NAME=VALUE"),
                        Field::may(
                            "cwd",
                            Holds::Text(4_096),
                            "where it is started, an absolute path; / where it is left out",
                        ),
                        Field::may("user", Holds::Text(64), "as which user of the asset"),
                        Field::may(
                            "timeout",
                            Holds::Number(86_400),
                            "after how many seconds it is ended; 60 where it is left out",
                        ),
                        Field::needed(
                            "why",
                            Holds::Text(4_096),
                            "why, for the people who decide; it is shown as your words",
                        ),
                        Field::may(
                            "expect",
                            Holds::Text(4_096),
                            "what it should bring about, and how that can be seen",
                        ),
                        Field::may("undo", Holds::Text(4_096), "how it would be undone"),
                    ]
                }
            }
            Self::Notes | Self::Answers | Self::Proposals => &[],
        }
    }

    /// Whether it leaves something behind beside the record of its use.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::RecordFinding | Self::RecordAttempt | Self::AskOperator | Self::ProposeExecution)
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
