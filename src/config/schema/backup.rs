//! The keys of `[backup]`.

use super::{Table, key};

/// `[backup]` of `config.toml`.
pub const BACKUP: Table = Table {
    header: "[backup]",
    about: "The engine's own backups of its database: `dogwatch help operations` tells what is in them and how to go back to one. None is made while nothing has happened, nor where it would take the space that is kept back. `dogwatch status` tells the newest. Read at the engine's start.",
    keys: &[
        key(
            "each",
            "a duration such as \"1h\", or \"never\"",
            "\"1h\"",
            "How long after one the next is made; at least 60s.",
        ),
        key("keep", "a whole number from 1 to 1000", "24", "So many of the newest stay."),
        key("days", "a whole number from 0 to 3650", "7", "And the last of each of so many days."),
        key(
            "to",
            "an absolute path",
            "`backups` in the state directory",
            "Where they go instead, best on another disk. Blobs lie beside them, once.",
        ),
    ],
};
