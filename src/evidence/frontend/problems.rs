//! Which of the things that a browser saw are problems, and what each is called.

use super::{Asked, At, Console, Seen, Thrown};
use crate::domain::{Frame, Location, Severity, Source};
use crate::evidence::junit_problem::exception;
use crate::evidence::limits;
use crate::evidence::problem::Problem;
use crate::evidence::service::ids;
use crate::evidence::sighting::{Request, Sighted, Ties, path};
use crate::evidence::trace::frames;
use std::collections::BTreeMap;

/// Pages of which pictures are known.
const PAGES: usize = 50;

/// Bytes of an answer's body that are quoted.
const BODY: usize = 300;

/// What is known of the pages.
#[derive(Debug, Default)]
pub struct Page {
    /// The last picture of each page, by its path.
    pictures: BTreeMap<String, String>,
}

impl Page {
    /// The problem in something that was seen, if it is one.
    pub fn problem(&mut self, seen: &Seen) -> Option<(Problem, Ties)> {
        match seen {
            Seen::Page(page) => {
                let error = page.error.as_ref()?;
                let words = format!("the page {} could not be opened: {error}", path(&page.url));
                let ties = Ties {
                    when: page.at,
                    request: Some(Request::new(Some("GET"), &page.url, None)),
                    ..Ties::default()
                };
                Some((Problem::new(Source::Frontend, "page", words), ties))
            }
            Seen::Console(console) => said(console),
            Seen::Exception(thrown) => Some(uncaught(thrown)),
            Seen::Request(asked) => failed(asked),
            Seen::Screenshot(picture) => {
                let digest = picture.digest.trim();
                let known = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
                if known && (self.pictures.len() < PAGES || self.pictures.contains_key(path(&picture.page))) {
                    self.pictures.insert(path(&picture.page).to_owned(), digest.to_ascii_lowercase());
                }
                None
            }
            Seen::Log(_) => None,
        }
    }

    /// Names the picture of the page below each problem of it.
    pub fn add_pictures(&self, all: &mut [Sighted]) {
        for one in all {
            let page = one.finding.message.lines().find_map(|line| line.strip_prefix(ON_PAGE));
            if let Some(digest) = page.and_then(|page| self.pictures.get(page)) {
                one.finding.message.push_str("\nscreenshot: sha256:");
                one.finding.message.push_str(digest);
            }
        }
    }
}

/// How the line begins that names the page.
const ON_PAGE: &str = "on the page ";

fn on_page(words: &mut String, page: &str) {
    if !page.is_empty() {
        words.push('\n');
        words.push_str(ON_PAGE);
        words.push_str(path(page));
    }
}

fn said(console: &Console) -> Option<(Problem, Ties)> {
    let severity = match console.level.to_ascii_lowercase().as_str() {
        "error" | "assert" | "severe" => Severity::Error,
        "warning" | "warn" => Severity::Warning,
        _ => return None,
    };
    let first = console.text.trim_start().trim_start_matches("Uncaught ").lines().next().unwrap_or_default();
    let kind = exception(first.split(':').next().unwrap_or_default());
    let mut problem =
        Problem::new(Source::Frontend, kind.unwrap_or_else(|| format!("console {}", level(severity))), "");
    problem.severity = severity;
    Some(told(problem, &console.text, (&console.page, console.at), &console.stack))
}

fn level(severity: Severity) -> &'static str {
    if severity == Severity::Error { "error" } else { "warning" }
}

fn uncaught(thrown: &Thrown) -> (Problem, Ties) {
    let text = thrown.text.trim_start().trim_start_matches("Uncaught ").trim_start_matches("(in promise) ");
    let (word, rest) = text.split_once(": ").unwrap_or((text, ""));
    let kind = exception(word);
    let words = if kind.is_some() && !rest.is_empty() { rest } else { text };
    let problem = Problem::new(Source::Frontend, kind.unwrap_or_else(|| "uncaught".to_owned()), "");
    told(problem, words, (&thrown.page, thrown.at), &thrown.stack)
}

/// Fills in words, stack and ties.
fn told(mut problem: Problem, text: &str, (page, at): (&str, Option<i64>), stack: &[At]) -> (Problem, Ties) {
    let text = limits::head(text, limits::SIGHTED_BYTES).trim();
    // What stands below the first line is often the stack as text.
    let (first, below) = text.split_once('\n').unwrap_or((text, ""));
    problem.stack = if stack.is_empty() { frames(below).into_iter().map(shorter).collect() } else { placed(stack) };
    first.clone_into(&mut problem.message);
    if !below.is_empty() && problem.stack.is_empty() {
        problem.message.push('\n');
        problem.message.push_str(below);
    }
    let mut ties = Ties {
        when: at,
        request: url_in(first).map(|url| Request::new(None, url, status_in(first))),
        ..Ties::default()
    };
    ids::ids(first, &mut ties.ids);
    on_page(&mut problem.message, page);
    (problem, ties)
}

fn failed(asked: &Asked) -> Option<(Problem, Ties)> {
    let status = asked.status.filter(|status| *status >= 400);
    if status.is_none() && asked.error.is_none() {
        return None;
    }
    let request = Request::new(Some(&asked.method), &asked.url, asked.status);
    let resource = asked.resource.to_ascii_lowercase();
    let broken = matches!(resource.as_str(), "image" | "script" | "stylesheet" | "font" | "media" | "manifest");
    let what =
        if broken { format!("the {resource} {}", request.path) } else { format!("{} {}", asked.method, request.path) };
    let (kind, end) = match (status, &asked.error) {
        (Some(status), _) => (format!("HTTP {status}"), format!("was answered with {status}")),
        (None, error) => {
            let error = limits::head(error.as_deref().unwrap_or_default(), limits::KIND_BYTES);
            ("request failed".to_owned(), format!("failed: {error}"))
        }
    };
    let mut problem = Problem::new(Source::Frontend, if broken { format!("broken {resource}") } else { kind }, "");
    problem.stack = placed(&asked.stack);
    problem.message = format!("{what} {end}");
    if let Some(body) = asked.body.as_deref().map(str::trim).filter(|body| !body.is_empty()) {
        problem.message.push_str("\nthe answer: ");
        problem.message.push_str(&limits::head(body, BODY).replace('\n', " "));
    }
    on_page(&mut problem.message, &asked.page);
    let mut ties = Ties { when: asked.at, ids: Vec::new(), request: Some(request) };
    for (name, value) in &asked.ids {
        if ids::is_id(name)
            && let Some(id) = ids::id(value)
            && !ties.ids.contains(&id)
            && ties.ids.len() < ids::IDS
        {
            ties.ids.push(id);
        }
    }
    Some((problem, ties))
}

/// The address that a sentence names.
fn url_in(text: &str) -> Option<&str> {
    let word = |word: &'_ str| word.starts_with("http://") || word.starts_with("https://") || word.starts_with("/api");
    text.split([' ', '"', '\'', '(', ')', ',']).find(|part| word(part)).map(|url| url.trim_end_matches([':', '.']))
}

/// The status of a failed request that a sentence names.
pub fn status_in(text: &str) -> Option<u16> {
    let numbers = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() == 3);
    numbers.filter_map(|word| word.parse().ok()).find(|status| (400..600).contains(status))
}

fn placed(stack: &[At]) -> Vec<Frame> {
    let frame = |at: &At| Frame {
        function: at.function.clone().filter(|name| !name.is_empty()),
        location: Some(Location { file: file(&at.url), line: at.line, column: at.column }),
    };
    stack.iter().take(limits::SIGHTED_FRAMES).map(frame).collect()
}

fn shorter(mut frame: Frame) -> Frame {
    if let Some(location) = &mut frame.location {
        location.file = file(&location.file);
    }
    frame
}

/// A script as its place in what the application serves: without server, query, and the slash before it.
fn file(url: &str) -> String {
    path(url).trim_start_matches('/').to_owned()
}
