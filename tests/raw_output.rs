//! Bytes reach a terminal through `src/text` only. This reads the source and fails where another room prints by itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// Ways to write to standard output or standard error. `eprint` contains `print`, so each is sought as a whole word.
const PRINTERS: [&str; 10] = [
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
    "dbg!",
    "stdout()",
    "stderr()",
    "io::Stdout",
    "io::Stderr",
    "STDOUT_FILENO",
];

/// Rooms that may: the printer itself, and what runs inside a sandbox, where no terminal is: the shim, which relays a
/// program's bytes, and the replay agent, whose output is a pipe to it. The children that answer SQL and that hold what logs in to assets have pipes to the engine.
const ALLOWED: [&str; 6] = ["text/", "shim/", "shim.rs", "agent/replay.rs", "query/child.rs", "fleet/gate/child.rs"];

/// Whether a file of `src/` holds tests alone; they print what a person reads after a failure.
fn is_test(name: &str) -> bool {
    name.ends_with("/tests.rs")
        || name.contains("/tests/")
        || name.starts_with("engine/sim")
        || name.starts_with("engine/proposals/sim")
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The printer that a line of code uses, if any. Methods such as `child.stdout()` read, so a dot before is no printer.
fn printer(line: &str) -> Option<&'static str> {
    let code = line.split("//").next().unwrap_or_default();
    PRINTERS.into_iter().find(|name| {
        code.match_indices(name).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.')
                && !code[..at].ends_with("Out::")
                && !code[..at].ends_with("Stdio::")
        })
    })
}

#[test]
fn only_the_text_room_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![];
    sources(&root, &mut files);
    assert!(files.len() > 10, "the source tree was not found");
    let mut faults = vec![];
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        if is_test(&name) || ALLOWED.iter().any(|allowed| name.starts_with(allowed)) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        // Tests beside the code come last in a file.
        let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        for (number, line) in code.enumerate() {
            if let Some(found) = printer(line) {
                faults.push(format!("src/{name}:{}: {found} (print by text::Out instead)", number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_search_knows_printers_from_readers() {
    for line in ["println!(\"x\");", "  std::io::stdout().write_all(b)", "let e = io::stderr();", "dbg!(x)"] {
        assert!(printer(line).is_some(), "{line}");
    }
    for line in ["// println!(x)", "Out::stdout()", "child.stdout()", "my_print!(x)", "Stdio::piped()"] {
        assert!(printer(line).is_none(), "{line}");
    }
}

#[test]
fn only_one_place_speaks_to_the_clipboard() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![];
    sources(&root, &mut files);
    let holds = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        code.filter(|line| !line.trim_start().starts_with("//")).any(|line| line.contains("]52;"))
    };
    files.retain(|file| holds(file) && !is_test(&file.to_string_lossy()));
    assert_eq!(files, [root.join("text/screen/clipboard.rs")]);
}
