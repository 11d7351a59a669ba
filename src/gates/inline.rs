//! Tests that live inside source files, as Rust has them: whether an edit touched them.
//!
//! Paths do not tell such edits apart from work on the code itself, so the items of both versions are compared: each item
//! that only tests have must still be there, word for word. New ones are welcome when nothing that was there can mean
//! something else by them.

mod examples;
mod items;

use super::rust::{Token, tokens};
use examples::{examples, settings};
use items::{Entry, Tests};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Whether `now` edits tests that are inside `base`, two versions of one Rust source file.
pub fn edits_inline_tests(base: &str, now: &str) -> bool {
    let (before, after) = (tokens(base), tokens(now));
    let (before, after) = (Tests::of(&before), Tests::of(&after));
    if !holds_all(&examples(now), &examples(base)) || settings(now) > settings(base) {
        return true;
    }
    // A module that lay in a file of its own and lies here now keeps the ids of its tests, whatever they say.
    let declared: HashSet<&(String, String)> = after.declared.iter().collect();
    let opened: HashSet<&String> = after.opened.iter().collect();
    if before.declared.iter().any(|module| !declared.contains(module) && opened.contains(&module.1)) {
        return true;
    }
    if before.entries.is_empty() {
        return false;
    }
    let mut left: HashMap<&str, usize> = HashMap::new();
    for entry in &before.entries {
        *left.entry(&entry.text).or_default() += 1;
    }
    let new: Vec<_> = after.entries.iter().filter(|entry| !take(&mut left, &entry.text)).collect();
    let uses = |tests: &Tests<'_>| tests.uses.iter().cloned().collect::<HashSet<String>>();
    let (used_before, used_after) = (uses(&before), uses(&after));
    if left.values().any(|times| *times > 0) || !used_before.is_subset(&used_after) {
        return true;
    }
    let known: BTreeSet<&str> = before.entries.iter().flat_map(|entry| words(&entry.tokens)).collect();
    let names: BTreeSet<&str> = new.iter().filter_map(|entry| entry.name).collect();
    let mut imported = used_after.difference(&used_before);
    !new.iter().all(|entry| is_welcome(entry, &known, &names)) || !imported.all(|used| is_plain(used, &known))
}

/// The names of the test functions in a Rust source file.
pub fn inline_test_names(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    Tests::of(&tokens).functions.into_iter().map(str::to_owned).collect()
}

/// Files of which one declares the module in the other for tests only: each path above the file with the text of the
/// declaring module's name, from the nearest on.
pub fn declaring_files(path: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Some(mut module) = path.strip_suffix(".rs") else { return found };
    while let Some((directory, name)) = module.rsplit_once('/') {
        if !matches!(name, "mod" | "lib" | "main") {
            let beside = ["lib.rs", "main.rs", "mod.rs"].map(|file| format!("{directory}/{file}"));
            let files = beside.into_iter().chain(std::iter::once(format!("{directory}.rs")));
            found.extend(files.map(|file| (file, name.to_owned())));
        }
        module = directory;
    }
    found
}

/// Whether a Rust source file has the module `name` in another file for tests only.
pub fn declares_for_tests(text: &str, name: &str) -> bool {
    let tokens = tokens(text);
    let tests = Tests::of(&tokens);
    tests.entries.iter().any(|entry| entry.is_declared_module && entry.name == Some(name))
}

fn words<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    tokens.iter().filter_map(|token| if let Token::Word(word) = token { Some(*word) } else { None }).collect()
}

/// Whether a new item leaves everything that was there as it is: its name was not known, or it belongs to such a one.
fn is_welcome(entry: &Entry<'_>, known: &BTreeSet<&str>, names: &BTreeSet<&str>) -> bool {
    match entry.keyword {
        "impl" => entry.implemented.is_some_and(|name| names.contains(name) && !known.contains(name)),
        "fn" | "mod" | "struct" | "enum" | "const" | "static" | "type" | "trait" | "union" | "macro_rules" => {
            let symbol = ["no_mangle", "ctor", "export_name", "global_allocator", "macro_use"];
            entry.name.is_some_and(|name| !known.contains(name))
                && !entry.attributes.iter().any(|attribute| symbol.iter().any(|word| attribute.contains(word)))
        }
        "proptest" => true,
        _ => false,
    }
}

/// Whether a new import cannot stand in for a name that was used before. Explicit ones go before those of a `*`.
fn is_plain(used: &str, known: &BTreeSet<&str>) -> bool {
    let name = used.rsplit("::").next().unwrap_or(used);
    used == "super::*" || (name != "*" && !used.contains(" as ") && !known.contains(name))
}

/// Whether every one of `wanted` is still there, as often as it was.
fn holds_all(there: &[String], wanted: &[String]) -> bool {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for one in there {
        *left.entry(one).or_default() += 1;
    }
    wanted.iter().all(|one| take(&mut left, one))
}

/// Takes one of these, where there is one left.
fn take(left: &mut HashMap<&str, usize>, one: &str) -> bool {
    let Some(times) = left.get_mut(one).filter(|times| **times > 0) else { return false };
    *times -= 1;
    true
}

#[cfg(test)]
mod tests;
