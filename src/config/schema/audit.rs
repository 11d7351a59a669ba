//! The keys of `[audit]`.

use super::{Table, key};

/// `[audit]`.
pub const AUDIT: Table = Table {
    header: "[audit]",
    about: "Where signed checkpoints of the audit log go, once a minute where there is news and after each live execution: one line each, which whoever changes the log would have to change as well. They are kept beside the log anyway, and everybody who connects remembers the last one it saw.",
    keys: &[
        key(
            "anchor-file",
            "an absolute path",
            "none",
            "A file that each is added to, best on another machine or where nothing can be taken away.",
        ),
        key(
            "anchor-command",
            "a list of words such as [\"/usr/bin/ssh\", \"log@elsewhere\"]",
            "none",
            "A program that gets each on its standard input, within 20 s. `dogwatch status` says when it fails.",
        ),
    ],
};
