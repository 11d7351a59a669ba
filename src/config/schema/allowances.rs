//! The keys of `config.toml` about what projects and days may spend.

use super::{DURATION, Key, Table, key};

const CAP_ITERATIONS: Key = key("iterations", "a whole number", "no cap", "Iterations that count; 1 to 1000000.");
const CAP_TIME: Key = key("time", DURATION, "no cap", "Time at work of turns and test suites; at most 365d.");
const CAP_TOKENS: Key =
    key("tokens", "a whole number", "no cap", "Model tokens, input and output, as the engine counts them.");
const CAP_USD: Key = key(
    "usd",
    "a number such as 5.0",
    "no cap",
    "Money for models in US dollars, as the engine counts it by its prices; 0.01 to 1000000.",
);
const CAPS: &[Key] = &[CAP_ITERATIONS, CAP_TIME, CAP_TOKENS, CAP_USD];

/// What is reserved where nobody says how much.
const RESERVED: &str =
    "what the greatest of the project's last 20 iterations used; for its first one a tenth of the smallest cap";
const RESERVATIONS: &[Key] = &[
    key("time", DURATION, RESERVED, "Time at work, tests included."),
    key("tokens", "a whole number", RESERVED, "Model tokens."),
    key("usd", "a number such as 0.5", RESERVED, "Money for models in US dollars."),
];

/// `[budget]` of `config.toml`.
pub const ENGINE_BUDGET: Table = Table {
    header: "[budget]",
    about: "What all projects together may spend, beside what each run may by its repository's `[budget]`. When a cap leaves no room for one more iteration, the run asks a person, who can allow more once, end it, or let it wait for the next day. What is said here is the operator's alone; a repository cannot change it.",
    keys: &[
        key("day", "a table", "no caps", "The caps of each day."),
        key("iteration", "a table", "see there", "What is reserved for an iteration before its turn begins."),
    ],
};

/// `[budget.day]`.
pub const BUDGET_DAY: Table = Table {
    header: "[budget.day]",
    about: "What all projects together may spend on each day. Days are those of UTC; what an iteration uses counts to the day on which its turn began.",
    keys: CAPS,
};

/// `[budget.iteration]`.
pub const BUDGET_ITERATION: Table = Table {
    header: "[budget.iteration]",
    about: "What is reserved for one iteration before its turn begins, and given back as far as it was not used. An iteration that uses more than that can go beyond a cap by as much; the next one is not begun then. Never more is reserved than the smallest cap allows in all.",
    keys: RESERVATIONS,
};

/// `[projects.NAME]`.
pub const NAMED_PROJECT: Table = Table {
    header: "[projects.NAME]",
    about: "What one project may spend, by the name that `dogwatch project ls` shows.",
    keys: &[
        key("total", "a table", "no caps", "The caps of all its runs together, for good."),
        key("day", "a table", "no caps", "The caps of all its runs together on each day."),
        key("iteration", "a table", "[budget.iteration]", "What is reserved for one of its iterations."),
    ],
};

/// `[projects.NAME.total]`.
pub const PROJECT_TOTAL: Table = Table {
    header: "[projects.NAME.total]",
    about: "What all runs of the project together may spend, for good.",
    keys: CAPS,
};

/// `[projects.NAME.day]`.
pub const PROJECT_DAY: Table = Table {
    header: "[projects.NAME.day]",
    about: "What all runs of the project together may spend on each day, as in `[budget.day]`.",
    keys: CAPS,
};

/// `[projects.NAME.iteration]`.
pub const PROJECT_ITERATION: Table = Table {
    header: "[projects.NAME.iteration]",
    about: "What is reserved for one iteration of the project, key by key before `[budget.iteration]`.",
    keys: RESERVATIONS,
};
