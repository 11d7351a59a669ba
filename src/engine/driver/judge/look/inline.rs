//! Edits of tests beside the code, over all changed Rust files together: tests that go to another file are looked for there.

use crate::gates::{self, ChangeKind};
use std::collections::{BTreeSet, HashMap};

/// One Rust file in both versions.
#[derive(Debug)]
pub(super) struct Pair {
    pub path: String,
    pub kind: ChangeKind,
    pub base: String,
    pub now: String,
}

/// Rust source files in which tests beside the code were edited. A file of tests that went elsewhere as it was is none.
pub(super) fn edited_inline_tests(files: &[Pair]) -> BTreeSet<String> {
    let mut edited = BTreeSet::new();
    let mut vanished: BTreeSet<String> = BTreeSet::new();
    let added = files.iter().filter(|pair| pair.kind == ChangeKind::Added);
    let added: Vec<_> = added.map(|pair| (pair, names(&pair.now))).collect();
    // By one of its tests a file is found again, without a look at all others.
    let mut homes: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, (_, names)) in added.iter().enumerate() {
        for name in names {
            homes.entry(name).or_default().push(at);
        }
    }
    let mut compared = 0;
    for pair in files {
        if !gates::edits_inline_tests(&pair.base, &pair.now) {
            continue;
        }
        let gone = names(&pair.base);
        let mut taken_in = |(other, there): &(&Pair, BTreeSet<String>)| {
            compared += pair.base.len() + other.now.len();
            compared < MOST_COMPARED && gone.is_subset(there) && !gates::edits_inline_tests(&pair.base, &other.now)
        };
        let homes = || gone.iter().map(|name| homes.get(name.as_str()).map_or(&[][..], Vec::as_slice));
        if pair.kind == ChangeKind::Deleted
            && let Some(rarest) = homes().min_by_key(|homes| homes.len())
            && rarest.iter().take(MOST_HOMES).filter_map(|at| added.get(*at)).any(&mut taken_in)
        {
            continue;
        }
        edited.insert(pair.path.clone());
        let left = names(&pair.now);
        vanished.extend(gone.into_iter().filter(|name| !left.contains(name)));
    }
    // A module put elsewhere keeps the ids of its tests, whatever has become of them.
    let moved = added.iter().filter(|(_, names)| !names.is_disjoint(&vanished));
    edited.extend(moved.map(|(pair, _)| pair.path.clone()));
    edited
}

/// New files that are compared with one that is gone.
const MOST_HOMES: usize = 8;
/// Bytes that are compared so. Further files count as edited.
const MOST_COMPARED: usize = 128 << 20;

fn names(text: &str) -> BTreeSet<String> {
    gates::inline_test_names(text).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(path: &str, kind: ChangeKind, base: &str, now: &str) -> Pair {
        Pair { path: path.to_owned(), kind, base: base.to_owned(), now: now.to_owned() }
    }

    #[test]
    fn tests_that_go_elsewhere_are_edits_unless_they_stay_as_they_were() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests { #[test]\nfn works() { assert!(f()); } }\n";
        let old = || pair("src/a.rs", ChangeKind::Deleted, text, "");
        let new = |text: &str| pair("src/a/mod.rs", ChangeKind::Added, "", text);
        assert_eq!(edited_inline_tests(&[old(), new(text)]).len(), 0);
        let edited = edited_inline_tests(&[old(), new(&text.replace("assert!(f());", "f();"))]);
        assert_eq!(edited.into_iter().collect::<Vec<_>>(), ["src/a.rs", "src/a/mod.rs"]);
    }

    #[test]
    fn a_new_module_may_name_its_tests_as_others_do() {
        let text = "#[cfg(test)]\nmod tests { #[test]\nfn works() {} }\n";
        let kept = pair("src/a.rs", ChangeKind::Modified, text, &format!("fn f() {{}}\n{text}"));
        assert_eq!(edited_inline_tests(&[kept, pair("src/b.rs", ChangeKind::Added, "", text)]).len(), 0);
    }
}
