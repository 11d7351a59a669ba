//! What linkers say: they know objects and symbols, seldom lines.

use super::Style;
use crate::domain::{Location, Source};
use crate::evidence::problem::Problem;

/// `ld.lld: error: words`, `/usr/bin/ld: cannot find -lx: words`, `a.c:(.text+0x1d): undefined reference to words`.
pub fn header(line: &str) -> Option<(Problem, Style)> {
    if let Some(at) = line.find(":(.")
        && let Some((_, words)) = line.get(at..)?.split_once("): ")
    {
        let mut problem = problem(words);
        let file = line.get(..at)?.rsplit(':').next()?.trim();
        // What an object is called says nothing where it was a temporary one.
        if file.strip_suffix(".o").is_none() && !file.contains(' ') {
            problem.location = Some(Location { file: file.to_owned(), line: None, column: None });
        }
        return Some((problem, Style::Indented));
    }
    let (program, words) = line.split_once(": ")?;
    let name = program.rsplit('/').next()?;
    match name {
        "ld.lld" | "lld" | "mold" | "ld64.lld" | "wasm-ld" | "rust-lld" => {
            let words = words.strip_prefix("error: ")?;
            Some((Problem::new(Source::Build, "link", words), Style::Lld))
        }
        _ if name == "ld" || name.ends_with("-ld") || name == "ld.gold" || name == "ld.bfd" => {
            let words = words.strip_prefix("error: ").unwrap_or(words);
            let told = ["cannot find ", "cannot open ", "undefined reference", "unrecognised ", "unrecognized "];
            if let Some(told) = told.iter().any(|start| words.starts_with(start)).then_some(words) {
                return Some((Problem::new(Source::Build, "link", told), Style::Indented));
            }
            // The place of a symbol may stand behind the linker's name.
            super::placed::header(words).filter(|(problem, _)| problem.kind == "link").or_else(|| header(words))
        }
        _ => None,
    }
}

/// A linker's problem. Where a symbol was defined first goes into a line of its own, since objects have made-up names.
pub fn problem(words: &str) -> Problem {
    let words = match words.split_once("; ") {
        Some((words, first)) if first.ends_with("first defined here") => format!("{words}\n{first}"),
        _ => words.to_owned(),
    };
    Problem::new(Source::Build, "link", words)
}
