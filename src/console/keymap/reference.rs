//! The reference page of the keys, written from their table.

use super::{BINDINGS, Scope};

/// The page in Markdown, as checked in under `assets/docs/keys.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Keys of the console\n\n\
         This page is written by the program from its table of keys; a test fails when it is stale. `?` shows the same in the \
         console, with the keys that you have given to commands yourself; `:` finds a command by its name.\n\n\
         Other keys are given in `config.toml`, by the names below. What is written there replaces all keys of the command; \
         an empty list leaves it to the palette:\n\n\
         ```toml\n[keys]\npause = [\"P\", \"f5\"]\nsuspend = []\n```\n\n\
         A key is a letter, a digit or a sign as it is typed (`j`, `G`, `/`), or `enter`, `esc`, `tab`, `space`, `backspace`, \
         `delete`, `insert`, `up`, `down`, `left`, `right`, `home`, `end`, `pgup`, `pgdn`, `f1` to `f12`; with `ctrl-`, `alt-` or \
         `shift-` before it where it is held (`ctrl-l`, `shift-tab`). Two commands of one place cannot have the same key; a key \
         of a place goes before one that works everywhere. Unknown names and keys are refused with their line and column.\n",
    );
    for scope in Scope::ALL {
        let words = scope.words();
        let (first, rest) = words.split_at(1);
        page.extend([format!("\n## {}{rest}\n\n| key | name | |\n| --- | --- | --- |\n", first.to_uppercase())]);
        for one in BINDINGS.iter().filter(|one| one.scope == scope) {
            let keys: Vec<String> = one.keys.iter().map(|key| format!("`{key}`")).collect();
            page.extend([format!("| {} | `{}` | {} |\n", keys.join(" "), one.name, one.words)]);
        }
    }
    page.push_str(
        "\n## In a field\n\n\
         What is typed and pasted is text there, whatever else it would do. `enter` is done, `esc` leaves it, `alt-enter` or \
         `ctrl-j` begins a new line of guidance, `up` and `down` choose in the palette. A dialog that decides something takes \
         no `enter` before it was on the screen for a moment, nor one that is held down since before.\n",
    );
    page
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::reference;
    use std::path::PathBuf;

    #[test]
    fn the_reference_page_is_fresh() {
        let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/docs/keys.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&place, reference()).unwrap();
        }
        let stored = std::fs::read_to_string(&place).unwrap_or_default();
        assert!(stored == reference(), "assets/docs/keys.md is stale: run this test once with UPDATE_DOCS=1");
    }
}
