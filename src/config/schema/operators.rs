//! The keys of `[operators]`.

use super::{Table, key};

const PEOPLE: &str = "a list of Unix users and groups such as [\"ada\", \"@ops\"]";

/// `[operators]`.
pub const OPERATORS: Table = Table {
    header: "[operators]",
    about: "Which people may do what: Unix users, and with `@` Unix groups, looked up as this machine does it (also in a directory service, by `getent`). A group counts for those who were in it when they connected and still are: whoever is taken out of a group loses its roles within a second, but for what a cache of the directory service keeps. A role that is taken out of this table is gone with the engine's next start. Without this table the engine's own user and root may do everything and nobody else may connect; with it, only what stands here counts.",
    keys: &[
        key("viewer", PEOPLE, "[]", "They look: runs, logs, bugs, questions. Every other role includes this."),
        key(
            "operator",
            PEOPLE,
            "[]",
            "They start runs, steer them, take their results, and answer what only steers: a run in trouble, one that does not move, one whose predecessor failed, an agent that asks.",
        ),
        key(
            "approver",
            PEOPLE,
            "[]",
            "They answer whatever waits for a person: also results, packages, plans, hosts, budgets, and live systems that are not critical.",
        ),
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
