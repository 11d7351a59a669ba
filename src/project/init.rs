//! Writes a first `dogwatch.toml` from what was found. People are meant to read and change it.

use super::detect::{Detection, Found};
use crate::workspace::shown;
use std::collections::{BTreeMap, BTreeSet};

/// Directories that are named as not looked at.
const MOST_NAMED: usize = 10;
const UNKNOWN_IMAGE: &str = "docker.io/library/debian:bookworm-slim";

/// The text of a commented `dogwatch.toml`. It always reads without a mistake.
pub fn render(detection: &Detection) -> String {
    let mut page = Page::default();
    page.comment(
        "What dogwatch needs to know of this repository. Change it freely: mistakes are refused with their place.",
    );
    page.comment("It counts as of the commit that a run starts from: commit it before the first run.");
    match detection.found.as_slice() {
        [] => page.comment("The layout of this repository is unknown to `dogwatch init`: nothing was found to test."),
        found => {
            page.comment("Found:");
            for one in found {
                page.comment(&format!("- {} in {} ({})", one.ecosystem.title(), one.directory, one.why));
            }
        }
    }
    passed_over(&mut page, &detection.passed_over);
    page.line("version = 1");
    image(&mut page, &detection.found);
    setup(&mut page, &detection.found);
    suites(&mut page, detection);
    rest(&mut page);
    page.text
}

fn passed_over(page: &mut Page, paths: &[String]) {
    if paths.is_empty() {
        return;
    }
    page.comment("These directories were not looked at (too deep, too many, or hard to write in a shell line); tests in there need suites by hand:");
    for path in paths.iter().take(MOST_NAMED) {
        page.comment(&format!("- {}", shown(path.as_bytes())));
    }
    if let Some(more) = paths.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        page.comment(&format!("- and {more} more"));
    }
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn header(&mut self, header: &str) {
        self.text.push('\n');
        self.line(header);
    }

    // Wrapped, and with nothing in it that TOML refuses in a comment.
    fn comment(&mut self, words: &str) {
        let mut line = String::from("#");
        for word in words.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > 110 && line.len() > 1 {
                self.line(&line);
                line = String::from("#");
            }
            line.push(' ');
            line.extend(word.chars().filter(|c| !c.is_control()));
        }
        self.line(&line);
    }
}

fn image(page: &mut Page, found: &[Found]) {
    page.header("[image]");
    let images: BTreeSet<&str> = found.iter().map(|one| one.image).collect();
    page.comment("Any image will do, as long as it holds the tools that the commands below need.");
    if images.len() > 1 {
        page.comment(
            "This repository needs the tools of several images at once, and the one below holds only some of them:",
        );
        for image in &images {
            let titles: BTreeSet<&str> =
                found.iter().filter(|one| one.image == *image).map(|one| one.ecosystem.title()).collect();
            page.comment(&format!("- {image} for {}", titles.into_iter().collect::<Vec<_>>().join(", ")));
        }
        page.comment(
            "Choose an image that holds all of them, or write a Dockerfile and use `dockerfile = \"Dockerfile\"`.",
        );
    }
    page.comment(
        "Where the engine has no Docker but the process sandbox: `reference = \"host\"`, this machine's own programs.",
    );
    let first = found.first().map_or(UNKNOWN_IMAGE, |one| one.image);
    page.line(&format!("reference = {}", quoted(first)));
}

fn setup(page: &mut Page, found: &[Found]) {
    let hints: Vec<(&Found, _)> = found.iter().filter_map(|one| Some((one, one.setup.as_ref()?))).collect();
    if hints.is_empty() {
        return;
    }
    page.text.push('\n');
    page.comment(
        "Containers have no network, so the image has to hold what the tests need. This runs once as user 0, reaches the \
         registries that it names and nothing else, and its result is kept as an image:",
    );
    page.line("# [setup]");
    let notes: BTreeSet<&str> = hints.iter().filter_map(|(_, hint)| hint.note.as_deref()).collect();
    for note in notes {
        page.comment(note);
    }
    let commands: Vec<String> = hints
        .iter()
        .map(|(one, hint)| match (one.directory.as_str(), hints.len()) {
            (".", 1) => hint.command.clone(),
            (".", _) => format!("({})", hint.command),
            (directory, _) => format!("(cd {directory} && {})", hint.command),
        })
        .collect();
    page.line(&format!("# command = {}", quoted(&commands.join(" && "))));
    let registries: BTreeSet<&str> = hints.iter().flat_map(|(one, _)| one.ecosystem.registries()).copied().collect();
    if !registries.is_empty() {
        let words: Vec<String> = registries.into_iter().map(quoted).collect();
        page.line(&format!("# egress = [{}]", words.join(", ")));
    }
    let keep: Vec<String> = hints
        .iter()
        .flat_map(|(one, hint)| hint.keep.iter().map(|path| within(&one.directory, path)))
        .map(|path| quoted(&path))
        .collect();
    if !keep.is_empty() {
        page.line(&format!("# keep = [{}]", keep.join(", ")));
    }
}

fn suites(page: &mut Page, detection: &Detection) {
    if detection.unknown {
        page.text.push('\n');
        page.comment("No test suite was found. Until one is written here, no run of this project can count as done.");
        for line in
            ["[[suite]]", "name = \"unit\"", "command = \"...\"", "format = \"junit\"", "report = \"reports/*.xml\""]
        {
            page.line(&format!("# {line}"));
        }
        return;
    }
    for one in &detection.found {
        for suite in &one.suites {
            page.header("[[suite]]");
            if let Some(note) = &suite.note {
                page.comment(note);
            }
            page.line(&format!("name = {}", quoted(&suite.name)));
            if one.directory != "." {
                page.line(&format!("directory = {}", quoted(&one.directory)));
            }
            page.line(&format!("command = {}", quoted(&suite.command)));
            page.line(&format!("format = {}", quoted(suite.format)));
            if let Some(report) = &suite.report {
                page.line(&format!("report = {}", quoted(report)));
            }
            page.line("timeout = \"10m\"");
            environment(page, &suite.env);
        }
    }
}

fn environment(page: &mut Page, env: &BTreeMap<String, String>) {
    if !env.is_empty() {
        let pairs: Vec<String> = env.iter().map(|(key, value)| format!("{key} = {}", quoted(value))).collect();
        page.line(&format!("env = {{ {} }}", pairs.join(", ")));
    }
}

fn rest(page: &mut Page) {
    page.text.push('\n');
    page.comment(
        "Who works, unless `dogwatch run --agent NAME` says otherwise: a coding agent (claude, codex, gemini, opencode, copilot), \
         whose program the image above has to hold too (`dogwatch help agents` tells what such an image needs):",
    );
    page.line("# [agent]");
    page.line("# name = \"claude\"");
    page.comment(
        "Or any program that takes a prompt on its standard input and changes the files of the directory that it is started in:",
    );
    page.line("# [agent]");
    page.line("# name = \"command\"");
    page.line("# command = [\"my-agent\", \"--flag\"]");
    page.header("[limits]");
    page.line("memory = \"4GiB\"");
    page.line("cpus = 2.0");
    page.header("[budget]");
    page.line("iterations = 10");
    page.line("time = \"8h\"");
    page.header("[gates]");
    page.comment("\"always\" asks a person each time before a run may succeed.");
    page.line("review = \"when-suspicious\"");
}

fn within(directory: &str, path: &str) -> String {
    if directory == "." { path.to_owned() } else { format!("{directory}/{path}") }
}

fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}
