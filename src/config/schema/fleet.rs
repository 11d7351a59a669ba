//! The keys of `[fleet]`.

use super::{Table, key};

/// `[fleet]` of `config.toml`.
pub const FLEET: Table = Table {
    header: "[fleet]",
    about: "Live systems that `dogwatch asset` registers. The engine looks at each of them now and then, by one text that only reads: whether it answers, its load, memory, file systems, failed services, containers.",
    keys: &[key(
        "look",
        "a duration such as \"5m\", or \"off\"",
        "\"5m\"",
        "How often the engine looks at all assets; at least \"10s\".",
    )],
};
