//! The keys of `assets.toml`, which `dogwatch asset import` reads.

use super::{Table, key};

const PLACE: &str = "an absolute path of letters, digits, dots, dashes, underscores and slashes";

const KEY: &str = "such a path, or \"secret:NAME\" for one of the secret store";

/// The top of `assets.toml`.
pub const ASSETS_TOP: Table = Table {
    header: "",
    about: "A list of live systems, which `dogwatch asset import assets.toml` takes into the registry: new names are added, what differs makes a new version of its asset, and assets that the file does not name stay as they are.",
    keys: &[key("assets", "tables written as [assets.NAME]", "none", "The assets, by their names.")],
};

/// `[assets.NAME]`.
pub const ASSET: Table = Table {
    header: "[assets.NAME]",
    about: "One live system. It has one of `ssh`, `docker` and `local`, or none of them where nothing reaches it and it is only known.",
    keys: &[
        key("ssh", "a host such as \"deploy@db-1.example.org:22\"", "none", "A host, reached by SSH."),
        key(
            "host-keys",
            "a list of public keys such as [\"ssh-ed25519 AAAA...\"]",
            "required with `ssh`",
            "The keys that the host may show. Nothing else is believed, and nothing is learned at the first connection.",
        ),
        key(
            "identity",
            KEY,
            "the engine's SSH agent",
            "The key that logs in: a file that nobody but the engine's user may read, or a secret.",
        ),
        key(
            "authority",
            KEY,
            "none",
            "In place of `identity`: the key of an authority that the host trusts. For each call the gate makes a new key and certifies it for this user, this call alone and one minute.",
        ),
        key(
            "source-address",
            "an address or a network such as \"192.0.2.7\"",
            "any",
            "With `authority`: the only place from which the certificates are good, as the host sees it.",
        ),
        key("docker", "a container's name or id", "none", "A container."),
        key("engine", PLACE, "\"/var/run/docker.sock\"", "The socket of the container's engine."),
        key("local", "true or false", "false", "The machine on which the engine runs, as the engine's user."),
        key("labels", "a table of strings such as { tier = \"db\" }", "{}", "What it is called in rules and lists."),
        key("environment", "a word such as \"production\"", "none", "Where it belongs."),
        key("critical", "true or false", "false", "Whether what is done to it wants more than one person."),
        key(
            "note",
            "a string",
            "\"\"",
            "What there is to know of it, for people and for agents whose role sees assets.",
        ),
        key(
            "receipts",
            PLACE,
            "by the user there",
            "The directory on the asset that keeps the receipts of what ran: `/var/lib/dogwatch/receipts` for root, `~/.dogwatch/receipts` for others.",
        ),
    ],
};

/// The tables of `assets.toml`.
pub const ASSETS: &[Table] = &[ASSETS_TOP, ASSET];
