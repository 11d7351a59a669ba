//! The reference page of both configuration files, written from the table of keys.

use super::schema::{ASSETS, ENGINE_FILE, NAMED_ROLE, PROJECT, Table};
use crate::domain::Role;

/// When a change of `config.toml` counts.
const WHEN: &str = "The engine reads it once, at its start, all tables of it: what is changed counts from its next start on \
                    (`dogwatch stop`, or a restart of its unit; steps at work go on meanwhile). Until then `dogwatch status`, \
                    `dogwatch whoami`, `dogwatch doctor` and the console say that it was changed. Consoles read `[keys]` \
                    themselves, each time they begin; and whoever carries out what was approved looks at `[approvals]` once \
                    more each time, so what is stricter there holds at once.";

/// The page in Markdown, as checked in under `assets/docs/config.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         This page is written by the program from its table of keys; a test fails when it is stale.\n\
         Unknown keys, wrong types and values out of range are refused with their line and column.\n\n\
         Durations are written `90s`, `10m`, `8h`, `1h30m` or `2d`; sizes `512MiB`, `4GiB` or `1TiB`. Paths are relative to \
         the top of the repository and stay inside it. A command is one string for `/bin/sh -c`, or a list of words that \
         is run as it is.\n",
    );
    for (title, about, tables) in [
        ("dogwatch.toml", "It counts as of the commit that a run starts from.", PROJECT),
        ("config.toml", WHEN, ENGINE_FILE),
        ("assets.toml", "`dogwatch asset import` reads it.", ASSETS),
    ] {
        page.extend([format!("\n## {title}\n\n{about}\n")]);
        for table in tables {
            page.push_str(&section(table));
        }
    }
    page
}

fn section(table: &Table) -> String {
    let mut text = String::from("\n");
    if !table.header.is_empty() {
        text.extend([format!("### `{}`\n\n", table.header)]);
    }
    text.extend([format!("{}\n\n| key | is | if left out | meaning |\n| --- | --- | --- | --- |\n", table.about)]);
    for key in table.keys {
        text.extend([format!("| `{}` | {} | {} | {} |\n", key.name, key.kind, key.default, key.about)]);
    }
    if table.header == NAMED_ROLE.header {
        text.push_str(&roles());
    }
    text
}

/// What each role has where the operator says nothing.
fn roles() -> String {
    let mut text = String::from("\n| role | `tools` if left out | `data` if left out |\n| --- | --- | --- |\n");
    for role in Role::ALL {
        let rules = role.rules();
        let words = |names: Vec<&'static str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let tools = words(rules.tools.iter().map(|tool| tool.name()).collect());
        let data = words(rules.data.iter().map(|data| data.name()).collect());
        text.extend([format!("| `{role}` | {tools} | {data} |\n")]);
    }
    text
}
