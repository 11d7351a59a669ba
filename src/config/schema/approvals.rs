//! The keys of `[approvals]` and `[[rule]]` of `config.toml`.

use super::{DURATION, Table, key};

/// Names of roles of people.
const PEOPLE: &str = "a list of \"approver\", \"critical-approver\", \"admin\"";

/// `[approvals]`.
pub const APPROVALS: Table = Table {
    header: "[approvals]",
    about: "What runs on live assets: nothing that people have not agreed to, byte for byte. On critical assets two people other than the owner must agree, each known by their login and each with a signature. A change of this table or of a rule voids what was approved before it.",
    keys: &[
        key("wait", DURATION, "\"8h\"", "How long a proposal may wait for people, at most \"24h\"."),
        key("critical-wait", DURATION, "\"1h\"", "The same on critical assets."),
        key("grant", DURATION, "\"5m\"", "How long an approval holds until it must have begun, at most \"15m\"."),
        key(
            "freeze",
            "a list of times such as [\"fri 16:00 - mon 08:00\", \"2026-12-24 00:00 - 2027-01-02 08:00\"]",
            "[]",
            "When nothing is started, in UTC: every week, or once.",
        ),
        key(
            "deny",
            "a list of patterns such as [\"rm -rf *\", \"mkfs*\"]",
            "[]",
            "Commands that are refused whoever proposes them: words at the edges of words, `*` for anything within a line. A net against mistakes, no wall.",
        ),
        key(
            "break-glass",
            PEOPLE,
            "[]",
            "Who may stand in for the second person, with a reason that all get to read. Nothing else is skipped by it.",
        ),
        key(
            "keys",
            "a table of lists such as { ada = [\"ssh-ed25519 AAAA...\"] }",
            "{}",
            "The public keys by which people sign for critical assets, by the names of their users.",
        ),
        key(
            "review",
            "\"by-project\" or \"always\"",
            "\"by-project\"",
            "Whether a person looks at every result of every project before it is delivered, whatever its `[gates]` say.",
        ),
        key(
            "dependencies",
            "\"by-project\" or \"ask\"",
            "\"by-project\"",
            "Whether a person is asked about packages that a result brings, whatever the project's `[gates]` say.",
        ),
        key(
            "audit",
            "\"by-project\" or \"always\"",
            "\"by-project\"",
            "Whether another agent, that of the role auditor, looks at every result of every project before it is delivered, whatever its `[gates]` say.",
        ),
    ],
};

/// `[[rule]]`.
pub const RULE: Table = Table {
    header: "[[rule]]",
    about: "Who may propose and who decides on some assets. The first rule that fits an asset holds; where none does, agents of the role `remedy` and people may propose, and one approver decides.",
    keys: &[
        key(
            "name",
            "a name of 1 to 32 lower-case letters, digits and dashes",
            "required",
            "What it is called when it refuses something.",
        ),
        key("assets", "a list of names, which may end in *", "any", "The assets that it is for."),
        key("environments", "a list of words", "any", "Their environments."),
        key("labels", "a table of strings such as { team = \"shop\" }", "{}", "Labels that they must have."),
        key(
            "propose",
            "a list of agents' roles such as \"remedy\" and of people's roles",
            "[\"remedy\", \"operator\", \"approver\", \"critical-approver\", \"admin\"]",
            "Who may propose.",
        ),
        key(
            "approvals",
            "a whole number",
            "1",
            "How many people must agree, at most 5; on critical assets at least 2.",
        ),
        key(
            "by",
            PEOPLE,
            "[\"approver\", \"critical-approver\"]",
            "Who decides; on critical assets always `critical-approver`.",
        ),
        key(
            "own-vote",
            "\"yes\" or \"no\"",
            "\"yes\"",
            "Whether the yes of who proposed it, or owns the run that it comes from, counts. It never does on critical assets.",
        ),
    ],
};
