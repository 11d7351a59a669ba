//! The keys of `[egress]`.

use super::{SIZE, Table, key};

/// What a list of hosts must be.
pub(super) const HOSTS: &str =
    "a list of presets and hosts such as [\"pypi\", \"mirror.example.org\", \"*.example.com\"]";

/// `[egress]` of `config.toml`.
pub const EGRESS: Table = Table {
    header: "[egress]",
    about: "What sandboxes may reach beside their models, through the engine: the hosts that a list names, by HTTPS on port 443 and by HTTP (reading only) on port 80. The engine looks names up itself, dials public addresses only, and for HTTPS wants the name of the host in the handshake; it does not look into it, so whoever serves an allowed host, or the content network in front of it, could pass on what is sent there. Presets: `crates`, `docs`, `go`, `gradle`, `hex`, `maven`, `npm`, `nuget`, `packagist`, `pypi`, `rubygems`, `yarn`. For apt and the like, name the hosts of the image's own sources.",
    keys: &[
        key(
            "projects-may-ask",
            HOSTS,
            "every preset but `docs`",
            "What `egress` under `[setup]` of a `dogwatch.toml` may name; replaces the default list.",
        ),
        key(
            "private",
            "a table of strings such as { \"mirror.example.org\" = \"10.0.0.5:8080\" }",
            "{}",
            "Hosts that are at a private address or have another port, a mirror for example: the address is dialled as it stands, on that port alone. They must be on a list all the same.",
        ),
        key("up", SIZE, "\"16MiB\"", "What a run may send out that way, at most \"1TiB\"."),
        key("down", SIZE, "\"8GiB\"", "What it may fetch, at most \"1TiB\"."),
    ],
};
