//! The keys of `[memory]` of `config.toml`.

use super::{Table, key};

/// `[memory]`.
pub const MEMORY: Table = Table {
    header: "[memory]",
    about: "What agents are told of repairs of other bugs. A repair is remembered when the engine's own tests no longer show the bug in the iteration that made it; what is quoted and does not help is quoted less.",
    keys: &[
        key("offer", "true or false", "true", "Prompts quote up to three repairs of the same bug or of ones like it."),
        key(
            "across-projects",
            "true or false",
            "true",
            "Repairs that runs of other projects made are quoted, too: lines of their code come with them. With `false` the tools of agents also tell of no bug, run, note or turn of another project.",
        ),
    ],
};
