//! Which files of the repository a test command runs: itself, and through make, package scripts and shell scripts. Editing
//! one of them changes what the command does.
//!
//! Only what is run counts, not every file that is named: makefiles name the sources that they compile.

use std::collections::BTreeSet;
use std::path::Path;

/// A file that may be run. It need not exist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reached {
    /// Relative to the repository.
    pub path: String,
    /// The directory it is run in, `.` for the top.
    pub directory: String,
    /// How its text is to be read in turn.
    pub reads: Reads,
}

/// How a text runs others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    /// It is a program, which is not read.
    Nothing,
    /// Lines of a shell.
    Shell,
    /// A `package.json`, of which these scripts are run.
    Package(Vec<String>),
    /// A makefile or justfile, of which these targets are made; none is the first one.
    Make(Vec<String>),
}

/// Programs that run a shell script.
const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "ksh", "source", "."];
/// Programs that run another script.
const INTERPRETERS: [&str; 13] = [
    "node",
    "python",
    "python3",
    "ruby",
    "perl",
    "php",
    "deno",
    "bun",
    "tsx",
    "ts-node",
    "babel-node",
    "lua",
    "coverage",
];
/// Words that stand before a command, with their own options and numbers between.
const BEFORE: [&str; 37] = [
    "exec",
    "time",
    "env",
    "sudo",
    "then",
    "do",
    "else",
    "if",
    "!",
    "npx",
    "cross-env",
    "c8",
    "nyc",
    "poetry",
    "uv",
    "pipenv",
    "hatch",
    "xvfb-run",
    "nice",
    "command",
    "-",
    "bundle",
    "timeout",
    "nohup",
    "setsid",
    "stdbuf",
    "ionice",
    "chrt",
    "xargs",
    "busybox",
    "doas",
    "elif",
    "while",
    "until",
    "{",
    "builtin",
    "eval",
];
/// Most directories in which a text is followed: a place that it changes to is one more, since a shell within brackets goes back.
const MOST_DIRECTORIES: usize = 16;
/// Options whose value is a file that is run or obeyed.
const OPTIONS: [&str; 8] =
    ["--require", "-r", "--import", "--loader", "--experimental-loader", "--config", "--rcfile", "--globalSetup"];
/// How a script names the directory that it lies in.
const OWN_DIRECTORY: [&str; 5] = [
    "$(dirname $0)",
    "$(dirname \"$0\")",
    "$(dirname -- \"$0\")",
    "$(dirname \"${BASH_SOURCE[0]}\")",
    "$(dirname \"$BASH_SOURCE\")",
];
/// How deep prerequisites are followed.
const DEEPEST: usize = 5;

/// What a text runs, read in this way. `path` is the file that holds it, empty for the command itself.
pub fn reached(text: &str, reads: &Reads, path: &str, directory: &str) -> Vec<Reached> {
    let mut found = BTreeSet::new();
    match reads {
        Reads::Nothing => {}
        Reads::Shell => shell(text, path, directory, &mut found),
        Reads::Package(scripts) => {
            // A file that is no JSON runs nothing.
            let json: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
            for script in scripts {
                for name in [format!("pre{script}"), script.clone(), format!("post{script}")] {
                    let line =
                        json.get("scripts").and_then(|scripts| scripts.get(&name)).and_then(|line| line.as_str());
                    shell(line.unwrap_or_default(), path, directory, &mut found);
                }
            }
        }
        Reads::Make(targets) => {
            let text = text.replace("\\\n", " ");
            for recipe in recipes(&text, targets) {
                shell(recipe, path, directory, &mut found);
            }
        }
    }
    found.into_iter().collect()
}

fn shell(text: &str, path: &str, directory: &str, found: &mut BTreeSet<Reached>) {
    let mut joined = text.replace("\\\n", " ");
    for own in OWN_DIRECTORY {
        joined = joined.replace(own, "$DIRECTORY");
    }
    let joined = variables(&joined);
    let mut directories = vec![directory.to_owned()];
    for line in joined.split(['\n', ';', '|', '&', '(', ')', '`']) {
        if line.trim_start().starts_with('#') {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '\'', '@', ','])).collect();
        let mut entered = Vec::new();
        for directory in &directories {
            if let Some(word) = command(&words, false, path, directory, found) {
                entered.extend(inner(word, path, directory));
            }
        }
        for one in entered {
            if directories.len() < MOST_DIRECTORIES && !directories.contains(&one) {
                directories.push(one);
            }
        }
    }
    if text.contains("package.json") {
        // A program that looks the script up by itself.
        let names = text.match_indices("scripts.").filter_map(|(at, word)| text.get(at + word.len()..));
        let names = names.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric()).collect()).collect();
        insert(found, join(directory, "package.json"), directory, &Reads::Package(names));
    }
}

/// With make's variables in braces, so that brackets are those of a shell.
fn variables(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("$(") {
        found.push_str(before);
        let end = behind.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(behind.len());
        let (name, after) = behind.split_at(end);
        if let Some(after) = after.strip_prefix(')') {
            found.extend(["${", name, "}"]);
            rest = after;
        } else {
            found.push_str("$(");
            rest = behind;
        }
    }
    found + rest
}

/// The directories that a word leads to from one, `.` for the top.
pub fn inner(word: &str, path: &str, directory: &str) -> Vec<String> {
    let beside = path.rsplit_once('/').map_or(".", |(directory, _)| directory);
    let places = match word {
        "$DIRECTORY" => vec![beside.to_owned()],
        // What leads out of the repository is none of its directories.
        _ => places(word, path, directory).into_iter().filter(|place| !place.contains('$')).collect(),
    };
    let named = |place: String| if place.is_empty() { ".".to_owned() } else { place };
    places.into_iter().map(named).collect()
}

/// Finds what one command runs, and gives the word by which it changes the directory. `behind` says that it stands behind a word
/// that has options of its own.
fn command<'w>(
    words: &[&'w str],
    behind: bool,
    path: &str,
    directory: &str,
    found: &mut BTreeSet<Reached>,
) -> Option<&'w str> {
    let assigns = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c == '_' || c.is_alphanumeric()))
    };
    let mut behind = behind;
    let mut start = 0;
    while let Some(word) = words.get(start) {
        let own = behind && (word.starts_with(['-', '+']) || word.starts_with(|c: char| c.is_ascii_digit()));
        behind |= BEFORE.contains(word);
        if !(word.is_empty() || BEFORE.contains(word) || assigns(word) || own) {
            break;
        }
        start += 1;
    }
    let (program, rest) = words.get(start..)?.split_first()?;
    if *program == "run" {
        return command(rest, true, path, directory, found);
    }
    if matches!(*program, "cd" | "pushd") {
        return rest.iter().find(|word| !word.starts_with('-')).copied();
    }
    // It may be the value of an option before it.
    if behind && start > 0 && words.get(start - 1).is_some_and(|word| word.starts_with('-') && word.len() > 1) {
        command(rest, true, path, directory, found);
    }
    let name = program.rsplit('/').next().unwrap_or(program);
    let plain: Vec<&str> = rest.iter().copied().filter(|word| !word.starts_with('-') && !word.contains('=')).collect();
    let mut add = |word: &str, reads: &Reads| {
        for path in places(word, path, directory) {
            insert(found, path, directory, reads);
        }
    };
    for (at, word) in rest.iter().enumerate() {
        let (option, value) = word.split_once('=').unwrap_or((word, rest.get(at + 1).copied().unwrap_or_default()));
        if OPTIONS.contains(&option) {
            add(value, &Reads::Nothing);
        }
    }
    let variable = program.starts_with('$') && !program.contains('/');
    let stands_for = |words: &[&str]| variable && words.iter().any(|word| program.to_lowercase().contains(word));
    if SHELLS.contains(&name) || stands_for(&["shell", "bash"]) {
        if let Some(at) = rest.iter().position(|word| *word == "-c" || *word == "-ec" || *word == "-lc") {
            return command(rest.get(at + 1..).unwrap_or_default(), false, path, directory, found);
        }
        add(plain.first().unwrap_or(&""), &Reads::Shell);
    } else if INTERPRETERS.contains(&name)
        || name.starts_with("python3.")
        || stands_for(&["python", "node", "ruby", "perl"])
    {
        if let Some(module) = rest.iter().position(|word| *word == "-m").and_then(|at| rest.get(at + 1)) {
            let module = module.replace('.', "/");
            add(&format!("{module}.py"), &Reads::Nothing);
            add(&format!("{module}/__main__.py"), &Reads::Nothing);
        } else if !rest.iter().any(|word| matches!(*word, "-c" | "-e" | "--eval")) {
            add(plain.iter().find(|word| !matches!(**word, "run" | "test")).unwrap_or(&""), &Reads::Nothing);
        }
        if name == "bun" {
            package(&plain, within(rest), directory, found);
        }
    } else if matches!(name, "make" | "gmake" | "just") || stands_for(&["make"]) {
        let within = within(rest);
        let inner = within.map_or_else(|| directory.to_owned(), |inner| join(directory, inner));
        let targets: Vec<String> =
            plain.iter().filter(|word| Some(**word) != within).map(|word| (*word).to_owned()).collect();
        for file in ["GNUmakefile", "makefile", "Makefile", "justfile", "Justfile", ".justfile"] {
            insert(found, join(&inner, file), &inner, &Reads::Make(targets.clone()));
        }
    } else if matches!(name, "npm" | "pnpm" | "yarn") {
        package(&plain, within(rest), directory, found);
    } else if (program.contains('/') && !is_json(program)) || [".sh", ".bash"].iter().any(|end| program.ends_with(end))
    {
        add(program, &Reads::Shell);
    }
    None
}

/// The directory that an option of a package manager names.
fn within<'w>(rest: &[&'w str]) -> Option<&'w str> {
    let options = ["--prefix", "-C", "--cwd", "--dir"];
    rest.iter().enumerate().find_map(|(at, word)| match word.split_once('=') {
        Some((option, value)) => options.contains(&option).then_some(value),
        None => options.contains(word).then(|| rest.get(at + 1).copied()).flatten(),
    })
}

fn is_json(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|end| end.eq_ignore_ascii_case("json"))
}

/// The script that `npm test`, `npm run check` or `yarn check` runs; `within` is the value of an option that names a directory.
fn package(plain: &[&str], within: Option<&str>, directory: &str, found: &mut BTreeSet<Reached>) {
    let inner = within.map_or_else(|| directory.to_owned(), |inner| join(directory, inner));
    let directory = inner.as_str();
    let mut plain = plain.iter().filter(|word| Some(**word) != within);
    let script = plain.find(|word| !matches!(**word, "run" | "run-script" | "workspace" | "exec"));
    let script = script.map_or("test", |word| if matches!(*word, "t" | "tst") { "test" } else { word });
    insert(found, join(directory, "package.json"), directory, &Reads::Package(vec![script.to_owned()]));
}

fn insert(found: &mut BTreeSet<Reached>, path: String, directory: &str, reads: &Reads) {
    if !path.is_empty() && path != "." && !path.contains(['$', '*', '{']) {
        found.insert(Reached { path, directory: directory.to_owned(), reads: reads.clone() });
    }
}

/// Where a word may point to: below the directory, and for `$(dirname $0)/x` beside the script.
fn places(word: &str, path: &str, directory: &str) -> Vec<String> {
    if word.is_empty() || word.starts_with('/') || word.starts_with('-') {
        return Vec::new();
    }
    let beside = path.rsplit_once('/').map_or(".", |(directory, _)| directory);
    match word.split_once('/').filter(|_| word.starts_with('$')) {
        Some((_, rest)) => vec![join(directory, rest), join(beside, rest)],
        None => vec![join(directory, word)],
    }
}

/// A path below a directory, without `.` and `..`; empty where it leads out.
pub fn join(directory: &str, word: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(word.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return String::new();
                }
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The recipes of the targets and of what they need.
fn recipes<'a>(text: &'a str, targets: &[String]) -> Vec<&'a str> {
    let mut rules: Vec<(Vec<&str>, Vec<&str>, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        if line.starts_with(['\t', ' ']) {
            if let Some((_, _, lines)) = rules.last_mut() {
                lines.push(line.trim().trim_start_matches(['@', '-', '+']));
            }
        } else if let Some((names, needs)) = line.split_once(':').filter(|(_, needs)| !needs.starts_with('=')) {
            // A recipe may begin on the same line.
            let (needs, first) = needs.split_once(';').unwrap_or((needs, ""));
            rules.push((names.split_whitespace().collect(), needs.split_whitespace().collect(), vec![first]));
        }
    }
    let first = rules.iter().filter_map(|rule| rule.0.first()).find(|name| !name.starts_with('.'));
    let mut wanted: Vec<&str> = targets.iter().map(String::as_str).collect();
    if wanted.is_empty() {
        wanted.extend(first);
    }
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut found = Vec::new();
    for _ in 0..DEEPEST {
        let now: Vec<&str> = std::mem::take(&mut wanted).into_iter().filter(|name| !done.contains(name)).collect();
        for (_, needs, lines) in rules.iter().filter(|rule| rule.0.iter().any(|name| now.contains(name))) {
            wanted.extend(needs);
            found.extend(lines);
        }
        done.extend(rules.iter().flat_map(|rule| &rule.0).filter(|name| now.contains(name)));
    }
    found
}

#[cfg(test)]
mod tests;
