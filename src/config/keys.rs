//! `[console]` and `[keys]` of `config.toml`: how the console calls somebody, and other keys for it. The names and the usual keys are those of the console's own table.

use super::reader::{Placed, Section, clip};
use super::schema::{self, KEY_LIST};
use super::{rules, suggest::nearest};
use crate::console::keymap::{BINDINGS, Keymap};
use crate::console::keys::Key;
use crate::text::screen::Bell;
use std::collections::BTreeMap;

/// How the console calls somebody to what waits.
pub(super) fn bell(top: &Section<'_, '_>) -> Bell {
    let Some(section) = top.table("console", schema::CONSOLE) else { return Bell::default() };
    match rules::one_of(&section, "bell", &["off", "bell", "notify"]) {
        Some("off") => Bell::Off,
        Some("notify") => Bell::Notify,
        _ => Bell::Bell,
    }
}

/// The keys of each command that has others than usual.
pub(super) fn read(top: &Section<'_, '_>) -> BTreeMap<String, Vec<Key>> {
    let mut keys = BTreeMap::new();
    let mut places: Vec<(Placed<String>, Vec<Placed<Key>>)> = Vec::new();
    for (name, written) in top.named_lists("keys", KEY_LIST) {
        if !BINDINGS.iter().any(|one| one.name == name.value) {
            top.note(name.at, unknown(&name.value));
            continue;
        }
        let mut own: Vec<Placed<Key>> = Vec::new();
        for text in written {
            match text.value.parse::<Key>() {
                Ok(key) if own.iter().any(|known| known.value == key) => {
                    top.note(text.at, format!("`keys.{}` has \"{key}\" twice: take one away", name.value));
                }
                Ok(key) => own.push(Placed { value: key, at: text.at }),
                Err(_) => top.note(text.at, format!("`keys.{}`: {}", name.value, unreadable(&text.value))),
            }
        }
        keys.insert(name.value.clone(), own.iter().map(|key| key.value).collect());
        places.push((name, own));
    }
    for clash in Keymap::of(&keys).clashes() {
        let ours = places.iter().find(|(name, _)| [clash.first, clash.second].contains(&name.value.as_str()));
        let at = ours.and_then(|(_, own)| own.iter().find(|key| key.value == clash.key)).map_or(top.at(), |key| key.at);
        top.note(at, clash.to_string());
    }
    keys
}

fn unknown(typed: &str) -> String {
    let remedy = match nearest(typed, BINDINGS.iter().map(|one| one.name)) {
        Some(word) => format!("did you mean `{word}`?"),
        None => "`:` in the console and keys.md tell the names".to_owned(),
    };
    format!("unknown command `{}` in [keys]: {remedy}", clip(typed))
}

fn unreadable(text: &str) -> String {
    // The error quotes what it could not read.
    match clip(text).parse::<Key>() {
        Err(error) => error.to_string(),
        Ok(key) => format!("`{key}` is no key"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::config::EngineConfig;

    #[test]
    fn keys_are_read_strictly() {
        let config = EngineConfig::parse("[keys]\npause = [\"P\", \"f5\"]\nquit = []\n", "c").unwrap();
        let own: Vec<String> = config.keys["pause"].iter().map(ToString::to_string).collect();
        assert_eq!((own, config.keys["quit"].len()), (vec!["P".to_owned(), "f5".to_owned()], 0));
        let text = "[keys]\npasue = [\"P\"]\ncancel = \"x\"\nhelp = [1]\nquit = [\"hyper-q\"]\nup = [\"w\", \"w\"]\n\
                    redirect = [\n  \"e\",\n  \"p\",\n]\nxyzzy = []\n";
        let told = EngineConfig::parse(text, "c").unwrap_err().to_string();
        for part in [
            "c:2:1: unknown command `pasue` in [keys]: did you mean `pause`?",
            "c:3:10: `keys.cancel` is a string; it must be a list of keys",
            "c:4:9: `keys.help` has a whole number in it",
            "c:5:9: `keys.quit`: `hyper-q` is no key: write a letter",
            "c:6:12: `keys.up` has \"w\" twice",
            "c:9:3: the key \"p\" would do two things where a run is selected or shown, `pause` and `redirect`",
            "c:11:1: unknown command `xyzzy`",
        ] {
            assert!(told.contains(part), "{part}\n{told}");
        }
    }
}
