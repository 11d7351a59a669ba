//! Ways to end a program with success before its test framework has had its say. Who ends it with failure fails the suite,
//! so only a status of zero, or one that is not plain to see, counts.

mod handlers;

use crate::gates::code::{self, Language, beginnings, name, near_end, places};
use handlers::without_handlers;

/// Replace or end the process whatever the status is.
const PYTHON: [&str; 2] = ["execv", "execl"];
const SCRIPT: [&str; 11] = [
    "reallyExit",
    "process[",
    "process.on('exit'",
    "process.on(\"exit\"",
    "process.once('exit'",
    "process.once(\"exit\"",
    "process.kill(process.pid",
    "process.emit(",
    "process.execve",
    "process.binding",
    "process.dlopen",
];
const RUST: [&str; 6] = ["CommandExt", ".exec()", "execv", "asm!", "crate::main", "main as"];
const GO: [&str; 6] = ["syscall.Exec", "unix.Exec", "func TestMain", "go:linkname", "syscall.RawSyscall", "\"test.v\""];
const OTHER: [&str; 6] = ["execv", "execl", "atexit", "at_exit", "quick_exit", "exit!"];
/// Ends by an exception in Python, without blanks.
const SOFT: [&str; 9] = [
    "sys.exit()",
    "sys.exit(0)",
    "sys.exit(None)",
    "SystemExit()",
    "SystemExit(0)",
    "quit()",
    "quit(0)",
    "exit()",
    "exit(0)",
];
/// Begin something in Python that importing a file does not run, without blanks.
const DEFINES: [&str; 6] = ["def", "asyncdef", "class", "@", "if__name__==\"__main__\":", "if__name__=='__main__':"];
/// Macros of the standard library that tests and the code under test stand on.
const MACROS: [&str; 9] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "assert_matches",
    "debug_assert",
    "debug_assert_eq",
    "panic",
    "unreachable",
    "matches",
];

/// Every such place in a text, named by its word. `raw` is the text as written, `flat` the same without needless blanks and
/// without what importing it does not run.
pub(super) fn ends(language: Language, raw: &str, flat: &str) -> Vec<String> {
    match language {
        Language::Python => {
            // These are not left to what starts as a program: a test can start it in its own process.
            let whole = code::flat(&code::lines(language, raw));
            [named(flat, &["atexit"]), named(&whole, &PYTHON), calls(&whole, &["_exit"]), soft_ends(raw)].concat()
        }
        Language::Script => {
            let flat = without_handlers(flat);
            let others = places(&flat, ".exit(0)").filter(|(before, _)| !before.ends_with("process"));
            let others = others.map(|_| ".exit(0)".to_owned()).collect();
            let calls = calls(&flat, &["process.exit", "Deno.exit", "Bun.exit"]);
            [named(&flat, &SCRIPT), calls, others, taken_out(&flat)].concat()
        }
        Language::Rust => [named(flat, &RUST), calls(flat, &["_exit"]), rust_exits(flat), rust_macros(flat)].concat(),
        Language::Go => [named(flat, &GO), calls(flat, &["syscall.Exit", "unix.Exit"])].concat(),
        Language::Other => [named(flat, &OTHER), calls(flat, &["_exit", "exit(0", "System.exit", ".halt"])].concat(),
    }
}

/// Every place where one of the words begins.
fn named(flat: &str, words: &[&str]) -> Vec<String> {
    let of = |word: &&str| beginnings(flat, word).map(|_| (*word).to_owned()).collect::<Vec<_>>();
    words.iter().flat_map(of).collect()
}

/// Uses of a function that ends the program, except calls with a literal other than zero.
fn calls(flat: &str, words: &[&str]) -> Vec<String> {
    let of = |word: &&str| {
        places(flat, word).filter(|(_, behind)| !fails(behind)).map(|_| (*word).to_owned()).collect::<Vec<_>>()
    };
    words.iter().flat_map(of).collect()
}

/// Whether the text goes on with a call that gives a plain status other than zero.
fn fails(behind: &str) -> bool {
    let Some(status) = behind.strip_prefix('(') else { return false };
    let digits = status.trim_start_matches('-');
    let number = name(digits);
    digits.starts_with(|c: char| ('1'..='9').contains(&c))
        && digits.get(number.len()..).is_some_and(|rest| rest.starts_with(')'))
}

/// Places in Python at which importing a file raises `SystemExit` with success. Within functions it is an error for every
/// test framework, and what asks for `__main__` nobody imports.
fn soft_ends(raw: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut within = false;
    for line in raw.lines() {
        let at_top = !line.starts_with(char::is_whitespace);
        let code: String = line.chars().filter(|c| !c.is_whitespace()).collect();
        if at_top && !code.is_empty() && !code.starts_with([')', ']', '}', '#', '"', '\'']) {
            within = DEFINES.iter().any(|start| code.starts_with(start));
        }
        if !within {
            let of = |end: &&str| {
                let whole = |before: &str| !before.ends_with("sys.") || end.starts_with("sys.");
                places(&code, end).filter(|(before, _)| whole(before)).map(|_| (*end).to_owned()).collect::<Vec<_>>()
            };
            found.extend(SOFT.iter().flat_map(of));
            found.extend((code == "raiseSystemExit").then(|| "raise SystemExit".to_owned()));
        }
    }
    found
}

/// What stands in for a macro of the standard library, and what brings other files in as code.
fn rust_macros(flat: &str) -> Vec<String> {
    let mut found = Vec::new();
    for wanted in MACROS {
        let defined = places(flat, "macro_rules!").filter(|(_, behind)| name(behind) == wanted);
        found.extend(defined.map(|_| format!("macro_rules! {wanted}")));
        let renamed = format!("as {wanted}");
        found.extend(places(flat, &renamed).map(|_| renamed.clone()));
    }
    // What a build script makes is not in the tree, and build scripts are entry points.
    let included = places(flat, "include!(").filter(|(_, behind)| !behind.starts_with("concat!(env!("));
    found.extend(included.map(|_| "include!".to_owned()));
    found.extend(flat.match_indices("#[path=").map(|_| "#[path]".to_owned()));
    found
}

/// Every use of Rust's `exit` that may give success: not methods, not definitions, not plain imports.
fn rust_exits(flat: &str) -> Vec<String> {
    let flat = without_main(flat);
    let mut found = Vec::new();
    for (before, behind) in places(&flat, "exit") {
        let path = before.ends_with("::");
        let aliased = behind.starts_with(" as ");
        let line = near_end(before).rsplit([';', ')']).next().unwrap_or_default();
        let imported = behind.starts_with([';', ',', '}']) && line.contains("use ") && line.contains("process");
        if before.ends_with('.') || before.ends_with("fn ") || fails(behind) || (imported && !aliased) {
            continue;
        }
        if path || aliased || behind.starts_with('(') {
            found.push(if path { "::exit" } else { "exit" }.to_owned());
        }
    }
    found
}

/// Without a program's own `main`, which no test calls: whoever calls it is named.
fn without_main(flat: &str) -> String {
    let mut heads = places(flat, "fn main()");
    if let (Some((before, behind)), None) = (heads.next(), heads.next())
        && let Some(open) = behind.find('{')
        && places(flat, "main(").count() == 1
        && let Some(length) = behind.get(open..).and_then(block)
    {
        return format!("{before}{}", behind.get(open + length..).unwrap_or_default());
    }
    flat.to_owned()
}

/// The length of the block at the front, in a text without literals.
fn block(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Names that a braced list takes out of the process: `const { exit } = process`.
fn taken_out(flat: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, _) in flat.match_indices('}') {
        let before = flat.get(from..at).unwrap_or_default();
        from = at;
        let source = flat.get(at + 1..).unwrap_or_default();
        let source =
            source.strip_prefix("=require(").or_else(|| source.strip_prefix("from")).or(source.strip_prefix('='));
        let source = source.unwrap_or_default().trim_start_matches(['"', '\'']);
        if name(source.strip_prefix("node:").unwrap_or(source)) != "process" {
            continue;
        }
        let list = before.rsplit_once('{').map_or(before, |(_, list)| list);
        let names = ["exit", "on", "once", "emit"].into_iter().filter(|name| places(list, name).next().is_some());
        found.extend(names.map(|name| format!("{{ {name} }} of the process")));
    }
    found
}
