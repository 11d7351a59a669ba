//! What the gates judge by. All of it is measured by the engine.

use crate::domain::SuiteOutcome;
use serde::{Deserialize, Serialize};

/// How a path differs from the base.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    #[default]
    Added,
    /// Its content or mode differs.
    Modified,
    /// It is gone.
    Deleted,
    /// It became another sort of thing: a link, a file, a submodule.
    TypeChanged,
}

/// One path that differs between the base and now. A rename is a deletion and an addition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Relative to the repository's root, with `/`, escaped for display.
    pub path: String,
    /// The path as stored.
    pub raw: Vec<u8>,
    /// How it differs.
    pub kind: ChangeKind,
    /// Whether it is a symbolic link now.
    pub link: bool,
}

/// The facts of one iteration. Globs are those of [`super::path_fits`].
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    /// The suites of iteration 0.
    pub base: &'a [SuiteOutcome],
    /// The suites of this iteration.
    pub now: &'a [SuiteOutcome],
    /// Every path that differs from the base.
    pub changes: &'a [Change],
    /// Refused connections on log channels.
    pub intrusions: u32,
    /// Things in the tree that try to run on the host or to fool it, in words, from the workspace.
    pub planted: &'a [String],
    /// Why nothing of what the agent left was taken, if so: what was tested is the work of before.
    pub not_taken: Option<&'a str>,
    /// Whether the tree is the base's own.
    pub unchanged: bool,
    /// Reports that were there before the run or were no regular files, in words.
    pub report_tampering: &'a [String],
    /// Further test entry points, from the configuration.
    pub entry_globs: &'a [String],
    /// Further test files, from the configuration.
    pub test_globs: &'a [String],
    /// Further files with criteria, from the configuration.
    pub criteria_globs: &'a [String],
    /// Source files whose tests beside the code were edited (see [`super::edits_inline_tests`]).
    pub inline_tests: &'a [String],
    /// Changed files that differ in remarks and blanks only.
    pub same_programs: &'a [String],
    /// Changed files of which only the mode differs.
    pub same_bytes: &'a [String],
    /// Files that the suites' commands run or name; see [`super::reached`].
    pub command_files: &'a [String],
    /// What the work added that reaches into its own test run, in words; see [`super::meddling`].
    pub meddling: &'a [String],
    /// Directories in which suites run, `.` for the top: modules there go before those of the language.
    pub suite_directories: &'a [String],
}
