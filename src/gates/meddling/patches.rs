//! Replacing what belongs to another module while tests run: what a new file of tests does so holds for all of them, and a
//! source that does so to its test framework makes assertions say nothing.

use crate::gates::code::{Language, beginnings, enclosed, is_word, name, near, near_end, places};
use std::collections::BTreeSet;

/// Most names that a file is asked about.
const MOST: usize = 200;
/// Modules that belong to no package under test.
const OTHERS: [&str; 15] = [
    "sys",
    "unittest",
    "pytest",
    "mock",
    "os",
    "time",
    "random",
    "logging",
    "typing",
    "hypothesis",
    "numpy",
    "warnings",
    "tests",
    "test",
    "conftest",
];
/// Modules by which Python's tests assert.
const FRAMEWORKS: [&str; 3] = ["unittest", "pytest", "mock"];
/// Modules in which files of tests see each other.
const OF_TESTS: [&str; 3] = ["tests", "test", "conftest"];
/// What a replacement by `mock` is told to say.
const TOLD: [&str; 3] = ["return_value", "side_effect", "maxDiff"];
/// Modules of JavaScript by which tests assert.
const ASSERTS: [&str; 12] = [
    "assert",
    "node:assert",
    "assert/strict",
    "node:assert/strict",
    "chai",
    "expect",
    "should",
    "node:test",
    "module",
    "mocha",
    "jasmine",
    "tape",
];
/// What test frameworks give to tests to replace things by; files of tests do not see each other under those.
const STUBS: [&str; 4] = ["jest.", "vi.", "sinon.", "mock."];

/// The targets of such replacements in a file of tests. `lines` is the text without needless blanks.
pub(super) fn in_tests(language: Language, raw: &str, lines: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = raw.lines().filter_map(target).map(str::to_owned).collect();
    match language {
        Language::Python => {
            let lines = &lines.replace("\\\n", "");
            for name in python_names(raw, is_own) {
                found.extend(assigned(lines, &name, python_value));
                found.extend(around(lines, &name));
            }
            for name in python_names(raw, |root| FRAMEWORKS.contains(&root)) {
                let told = |target: &String| TOLD.iter().any(|told| last(target) == *told);
                found.extend(assigned(lines, &name, plain_value).into_iter().filter(|target| !told(target)));
                found.extend(around(lines, &name));
            }
            // Other tests may be given what they work with, but not be replaced.
            for name in python_names(raw, |root| OF_TESTS.contains(&root)) {
                let tests =
                    |target: &String| ["test", "assert", "setUp"].iter().any(|word| last(target).starts_with(word));
                found.extend(assigned(lines, &name, |_| false).into_iter().filter(tests));
            }
        }
        Language::Script => {
            let wanted = |module: &str| module.starts_with(['.', '/', '#', '@', '~']) || ASSERTS.contains(&module);
            for name in script_names(lines, wanted) {
                found.extend(assigned(lines, &name, script_value));
                found.extend(set_otherwise(lines, &name));
            }
            for (before, behind) in places(lines, "require(") {
                let call = behind.split_once(')').map_or("", |(_, rest)| rest);
                if let Some(target) = assigned_at(before, call, script_value) {
                    found.insert(format!("require(){target}"));
                }
            }
        }
        Language::Go => found.extend(at_start(raw)),
        _ => {}
    }
    found
}

/// Functions of Go that run when a file of tests is loaded: `var ready = func() bool { … }()`, `var _ = prepare()`.
fn at_start(raw: &str) -> Vec<String> {
    let ends = ["\nfunc ", "\ntype ", "\nconst "];
    let declared = raw
        .match_indices("var ")
        .filter(|(at, _)| raw.get(..*at).is_some_and(|front| front.is_empty() || front.ends_with('\n')));
    let declared = declared.filter_map(|(at, word)| {
        let rest = near(raw.get(at + word.len()..)?).split("\nvar ").next()?;
        let end = ends.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
        let (names, value) = rest.get(..end)?.split_once('=')?;
        let (names, value) = (names.trim(), value.trim_start());
        let called = value.starts_with("func(") && value.contains("}(");
        let prepares =
            names == "_" && value.starts_with(char::is_lowercase) && value.get(name(value).len()..)?.starts_with('(');
        // The plain form is a word by itself.
        ((called && names != "_") || prepares).then(|| format!("var {names} = {}()", name(value)))
    });
    declared.collect()
}

/// Other ways to what an object of Python has.
fn around<'a>(lines: &'a str, name: &str) -> impl Iterator<Item = String> + use<'a> {
    let ways = [format!("{name}.__dict__"), format!("vars({name})")];
    ways.into_iter().filter(move |way| beginnings(lines, way).next().is_some())
}

/// The last of dotted names.
fn last(target: &str) -> &str {
    target.rsplit('.').next().unwrap_or(target)
}

/// The targets of such replacements in a source: members of what tests assert by.
pub(super) fn in_sources(language: Language, lines: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if language == Language::Script {
        for name in script_names(lines, |module| ASSERTS.contains(&module)) {
            found.extend(assigned(lines, &name, |_| false));
            found.extend(set_otherwise(lines, &name));
        }
    }
    found
}

/// The dotted name that a line assigns to which stands at its beginning, as it does where importing the file is to do it.
fn target(line: &str) -> Option<&str> {
    let (left, right) = line.split_once('=')?;
    let left = left.strip_suffix(' ').unwrap_or(left);
    let dotted = left.contains('.') && left.chars().all(|c| is_word(c) || c == '.');
    // `a.b == c` compares, and a number is no name.
    let assigns = dotted && !right.starts_with('=') && !left.starts_with(|c: char| c.is_ascii_digit());
    // What a module of JavaScript gives out is its own.
    let own = left.starts_with("exports.") || left.starts_with("module.exports") || last(left) == "maxDiff";
    (assigns && !own && !python_value(right.trim_start())).then_some(left)
}

/// What no assertion can be replaced by.
fn plain_value(value: &str) -> bool {
    let plain = value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '\'' | '"' | '[' | '{'));
    plain || python_value(value) || name(value) == "None"
}

/// A switch is no replacement.
fn python_value(value: &str) -> bool {
    ["True", "False", "true", "false"].contains(&name(value))
}

/// Nor is a plain value, where files of tests mostly run by themselves.
fn script_value(value: &str) -> bool {
    let plain = value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '\'' | '"' | '['));
    plain || python_value(value) || STUBS.iter().any(|stub| value.starts_with(stub))
}

/// Members of `name` that are assigned to anywhere.
fn assigned(lines: &str, name: &str, harmless: impl Fn(&str) -> bool + Copy) -> Vec<String> {
    let targets = places(lines, name).filter(|(before, _)| !before.ends_with('.'));
    let targets =
        targets.filter_map(|(before, behind)| Some(format!("{name}{}", assigned_at(before, behind, harmless)?)));
    targets.collect()
}

/// The members that follow, where they are assigned to.
fn assigned_at(before: &str, behind: &str, harmless: impl Fn(&str) -> bool) -> Option<String> {
    let end = behind.find(|c| !is_word(c) && c != '.').unwrap_or(behind.len());
    let (members, rest) = behind.split_at(end);
    if !members.starts_with('.') || members.len() < 2 {
        return None;
    }
    let (before, rest) = (near_end(before), near(rest));
    let assigns = |rest: &str| rest.starts_with('=') && !rest.starts_with("==") && !rest.starts_with("=>");
    let line = rest.split('\n').next().unwrap_or_default();
    let starts = before.is_empty() || before.ends_with(['\n', ';', ':']);
    let value = rest.get(1..).unwrap_or_default();
    let plainly = assigns(rest) && !harmless(value);
    // `a.b += c`, `a.b: object = c`, `a.b, c = d`, `for a.b in c`, `with c as a.b`.
    let added = rest.starts_with(['+', '-', '*', '|', '&', '^', '%', '?']) && rest.get(1..).is_some_and(assigns);
    let head = line.split('(').next().unwrap_or_default();
    let annotated = starts
        && rest.starts_with([':', ','])
        && head.match_indices('=').any(|(at, _)| {
            head.get(at..).is_some_and(assigns)
                && !head.get(..at).is_some_and(|front| front.ends_with(['=', '!', '<', '>']))
        });
    let list = rest.find(|c| !is_word(c) && !matches!(c, '.' | ',' | ' ')).unwrap_or(rest.len());
    let closed = rest.get(list..).unwrap_or_default();
    let unpacked =
        closed.starts_with([')', ']']) && closed.get(1..).is_some_and(assigns) && before.ends_with(['(', '[', ',']);
    let statement = before.rsplit('\n').next().unwrap_or_default();
    let bound = (before.ends_with("for ") && rest.starts_with(" in"))
        || (before.ends_with("as ") && beginnings(statement, "with").next().is_some());
    (plainly || added || annotated || unpacked || bound).then(|| members.to_owned())
}

/// Other ways to give a member of `name` another value in JavaScript.
fn set_otherwise(lines: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for call in ["Object.assign(", "Object.defineProperty(", "Object.defineProperties(", "Reflect.set("] {
        let named = places(lines, call)
            .filter(|(_, behind)| behind.strip_prefix(name).is_some_and(|rest| !rest.starts_with(is_word)));
        found.extend(named.map(|_| format!("{call}{name}")));
    }
    for (before, behind) in places(lines, name) {
        if before.ends_with('.') || !behind.starts_with('[') {
            continue;
        }
        let rest = enclosed(behind).and_then(|length| behind.get(length..)).unwrap_or_default();
        if rest.starts_with('=') && !rest.starts_with("==") {
            found.push(format!("{name}[]"));
        }
    }
    found
}

/// Whether a module may be what is tested.
fn is_own(root: &str) -> bool {
    !OTHERS.contains(&root) && !crate::gates::paths::is_of_language(root)
}

/// Names that a Python file imports from the modules that are asked for, by the first of their names, and plain further names
/// for those.
fn python_names(raw: &str, wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let own = |module: &str| wanted(module.split('.').next().unwrap_or_default());
    let mut found = BTreeSet::new();
    let joined = raw.replace("\\\n", " ");
    let mut at = 0;
    // Where the bracket last looked for is closed, and the last such list that was gone through: its end holds all lists
    // that begin within it.
    let (mut close, mut listed) = (0, None);
    for whole in joined.split_inclusive('\n') {
        let start = at;
        at += whole.len();
        let line = whole.trim();
        if let Some((module, names)) = line.strip_prefix("from ").and_then(|line| line.split_once(" import ")) {
            if !own(module.trim()) {
                continue;
            }
            // A list in brackets may go on over lines.
            let open = whole.find('(').filter(|_| names.trim_start().starts_with('(')).map(|open| start + open);
            let list = match open {
                Some(open) => {
                    if close <= open {
                        close = joined.get(open..).and_then(|rest| rest.find(')')).map_or(joined.len(), |at| open + at);
                    }
                    let known = listed.replace(close) == Some(close);
                    if known { names } else { joined.get(open + 1..close).unwrap_or(names) }
                }
                None => names,
            };
            found.extend(list.split([',', '\n']).filter_map(|part| part.split('#').next()?.split_whitespace().last()));
        } else if let Some(names) = line.strip_prefix("import ") {
            for part in names.split(',').filter(|part| own(part.trim())) {
                let last = part.split_whitespace().last().unwrap_or_default();
                found.extend(last.split('.').next().filter(|name| !name.is_empty()));
            }
        }
    }
    let mut found: BTreeSet<String> = found.into_iter().map(|name| name.trim_matches(['(', ')']).to_owned()).collect();
    for line in joined.lines() {
        if let Some((left, right)) = line.split_once('=')
            && (found.contains(right.trim()) || is_class(right.trim(), &found))
            && !left.trim().is_empty()
            && left.trim().chars().all(is_word)
        {
            found.insert(left.trim().to_owned());
        }
    }
    found.into_iter().filter(|name| !name.is_empty()).take(MOST).collect()
}

/// `unittest.TestCase` and other classes of what was imported.
fn is_class(dotted: &str, found: &BTreeSet<String>) -> bool {
    let class = last(dotted).starts_with(char::is_uppercase) && dotted.chars().all(|c| is_word(c) || c == '.');
    class && dotted.split('.').next().is_some_and(|root| found.contains(root))
}

/// Names that a JavaScript file has for the modules that are asked for.
fn script_names(lines: &str, wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for start in ["from'", "from\"", "require('", "require(\""] {
        let mut seen = 0;
        for (at, _) in lines.match_indices(start) {
            let before = lines.get(seen..at).unwrap_or_default();
            seen = at;
            let module =
                lines.get(at + start.len()..).and_then(|rest| near(rest).split(['\'', '"']).next()).unwrap_or_default();
            if !wanted(module) {
                continue;
            }
            let statement = before.rsplit([';']).next().unwrap_or(before);
            let from = ["import", "const ", "let ", "var ", "const{", "let{", "var{"].iter();
            let from = from.filter_map(|word| statement.rfind(word)).max().unwrap_or_default();
            let list = statement.get(from..).unwrap_or_default();
            // Of `{ a: b }` and `a as b` the latter name counts.
            let names = list.trim_end_matches('=').split([',', '{', '}', '*']).filter_map(|part| {
                let name = part.trim().rsplit([':', ' ']).next().unwrap_or_default();
                let name = name.trim_start_matches("import").trim();
                (!name.is_empty() && name.chars().all(is_word)).then_some(name)
            });
            found.extend(names.map(str::to_owned));
        }
    }
    for word in ["const", "let", "var", "as", "type"] {
        found.remove(word);
    }
    found.into_iter().take(MOST).collect()
}
