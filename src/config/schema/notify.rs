//! The keys of `[notify.NAME]`.

use super::{DURATION, NAME, Table, key};

/// `[notify.NAME]`.
pub const NOTIFY: Table = Table {
    header: "[notify.NAME]",
    about: "A way by which somebody is told that something waits for a person; one for each person and means. What waits is told until it went through, and may come twice: each message has an id. Messages hold what kind of question it is, which run asks it, and its title cut to 120 characters; nothing that an agent or a program wrote is followed by whoever shows them. `dogwatch notify test` tries all ways. A webhook gets JSON with `x-dogwatch-id`, `x-dogwatch-timestamp` (seconds since 1970) and `x-dogwatch-signature`: `v1=` and the HMAC-SHA256, in hexadecimal, of the timestamp, a full stop and the body; refuse what is older than some minutes.",
    keys: &[
        key("by", "one of \"ntfy\", \"slack\", \"webhook\", \"mail\"", "required", "How."),
        key(
            "url",
            "an address such as \"https://ntfy.sh/topic\"",
            "required by ntfy and webhook",
            "Where to; `http://` only on this machine.",
        ),
        key(
            "secret",
            NAME,
            "required by slack and webhook",
            "The name of a secret (`dogwatch secret set`): the token of ntfy, the whole address of Slack's webhook, or the key that signs.",
        ),
        key("to", "a mail address", "required by mail", "To whom."),
        key("from", "a mail address", "as the program has it", "From whom."),
        key(
            "sendmail",
            "an absolute path",
            "\"/usr/sbin/sendmail\"",
            "The program that takes mail, as every mail server brings one. Under the units that come with dogwatch it cannot change its user or group (`NoNewPrivileges`), as postfix's and exim's do; one such as msmtp works.",
        ),
        key("kinds", "a list such as [\"review\", \"stuck\"]", "all", "Only questions of these kinds."),
        key(
            "quiet",
            "a part of the day such as \"22:00-07:00\"",
            "none",
            "When nothing is told, by the engine's clock; what waits is told afterwards.",
        ),
        key("digest", DURATION, "at once", "Questions are gathered for so long and told in one message."),
        key("again", DURATION, "never", "A question that still waits is told again after so long, at most 7d."),
        key(
            "text",
            "\"title\" or \"detail\"",
            "\"title\"",
            "Whether a message also holds what is known of the question, cut to 1,000 characters.",
        ),
    ],
};
