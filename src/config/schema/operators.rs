//! The keys of `[operators]`.

use super::{Table, key};

const PEOPLE: &str = "a list of Unix users and groups such as [\"ada\", \"@ops\"]";

/// `[operators]`.
pub const OPERATORS: Table = Table {
    header: "[operators]",
    about: "Which people may do what: Unix users, and with `@` Unix groups, looked up as this machine does it (also in a directory service, by `getent`). A group counts for those who were in it when they connected and still are; a role that is taken away there is gone within a second, but for what a cache of the directory service keeps. Without this table the engine's own user and root may do everything and nobody else may connect; with it, only what stands here counts. Read at the engine's start.",
    keys: &[
        key("viewer", PEOPLE, "[]", "They look: runs, logs, bugs, questions. Every other role includes this."),
        key("operator", PEOPLE, "[]", "They start runs, steer them, and take their results."),
        key("approver", PEOPLE, "[]", "They answer what waits for a person."),
        key(
            "critical-approver",
            PEOPLE,
            "[]",
            "They answer also where a critical live system is concerned; includes `approver`.",
        ),
        key("auditor", PEOPLE, "[]", "They read the audit log."),
        key(
            "admin",
            PEOPLE,
            "required",
            "They may do everything, with registering repositories and stopping the engine.",
        ),
    ],
};
