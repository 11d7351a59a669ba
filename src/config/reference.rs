//! The reference page of both configuration files, written from the table of keys.

use super::schema::{ASSETS, ENGINE_FILE, PROJECT, Table};

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
    for (title, tables) in [("dogwatch.toml", PROJECT), ("config.toml", ENGINE_FILE), ("assets.toml", ASSETS)] {
        page.extend([format!("\n## {title}\n")]);
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
    text
}
