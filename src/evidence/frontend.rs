//! What a browser saw of the running application, as lines of JSON, and the problems in it.
//!
//! The browser runs beside the program under test, so its account is as hostile as any other: lines that cannot be read are
//! counted as an oddity, everything is bounded. Times are milliseconds since 1970.

mod problems;

use self::problems::Page;
use super::collector::Collector;
use super::correlate::correlate;
use super::limits;
use super::lines::Lines;
use super::service::ServiceLog;
use super::sighting::{Sighted, Sightings, hand_on};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One thing that a browser saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Seen {
    /// A page was opened.
    Page(Opened),
    /// Something was written to the console.
    Console(Console),
    /// An exception that nobody caught, or a promise that nobody looked after.
    Exception(Thrown),
    /// A request came to its end, or failed.
    Request(Asked),
    /// A picture of the page was taken.
    Screenshot(Picture),
    /// A line of a service's log, for an account that holds both sides.
    Log(Logged),
}

/// A page that was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// When.
    pub at: Option<i64>,
    /// Its address.
    pub url: String,
    /// Why it could not be opened, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What was written to the console.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Console {
    /// When.
    pub at: Option<i64>,
    /// The page's address.
    #[serde(default)]
    pub page: String,
    /// `error`, `warning`, `info` and others.
    pub level: String,
    /// The words.
    pub text: String,
    /// The stack, innermost frame first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<At>,
}

/// An exception that nobody caught.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thrown {
    /// When.
    pub at: Option<i64>,
    /// The page's address.
    #[serde(default)]
    pub page: String,
    /// Type and message as the browser shows them: `TypeError: x is undefined`, perhaps behind `Uncaught`.
    pub text: String,
    /// The stack, innermost frame first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<At>,
}

/// A place in a script.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// The function, where it has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The script's address.
    pub url: String,
    /// Line, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// A request that came to its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// When it came to its end.
    pub at: Option<i64>,
    /// The page's address.
    #[serde(default)]
    pub page: String,
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// What it was for: `fetch`, `script`, `image`, `stylesheet`, `font`, `document` or others.
    #[serde(default)]
    pub resource: String,
    /// The answer's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Headers that name the request or its trace, of request and answer: `traceparent`, `x-request-id` and others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<String, String>,
    /// The beginning of the answer's body where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Where in the scripts it was started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<At>,
}

/// A picture of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// When.
    pub at: Option<i64>,
    /// The page's address.
    pub page: String,
    /// SHA-256 of the picture in lower-case hexadecimal.
    pub digest: String,
}

/// A line of a service's log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// The service.
    pub service: String,
    /// The line, without its end.
    pub line: String,
}

/// Services whose lines are read from one account.
const SERVICES: usize = 16;

/// Reads what a browser saw, in pieces of any size.
#[derive(Debug, Default)]
pub struct Frontend {
    lines: Lines,
    account: Account,
}

#[derive(Debug, Default)]
struct Account {
    sightings: Sightings,
    /// What is known of each page.
    page: Page,
    services: BTreeMap<String, ServiceLog>,
    unreadable: usize,
    seen: usize,
}

impl Frontend {
    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        let account = &mut self.account;
        self.lines.push(bytes, &mut |line| account.line(line));
    }

    /// Takes one thing that was seen.
    pub fn see(&mut self, seen: &Seen) {
        self.account.see(seen);
    }

    /// Ends the account. The oddities are sentences of ours.
    pub fn finish(&mut self) -> Told {
        let account = &mut self.account;
        self.lines.end(&mut |line| account.line(line));
        let (mut frontend, mut dropped) = account.sightings.finish();
        account.page.add_pictures(&mut frontend);
        let mut backend = Vec::new();
        for log in account.services.values_mut() {
            let (sighted, left_out) = log.finish();
            backend.extend(sighted);
            dropped += left_out;
        }
        let mut oddities = Vec::new();
        if account.unreadable > 0 {
            oddities.push(format!("{} lines of the browser's account cannot be read", account.unreadable));
        }
        if account.seen == 0 {
            oddities.push("the browser's account is empty".to_owned());
        }
        Told { frontend, backend, dropped, oddities }
    }
}

/// What an account tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The problems that the browser saw, errors first.
    pub frontend: Vec<Sighted>,
    /// The problems in the services' lines.
    pub backend: Vec<Sighted>,
    /// How many more there were.
    pub dropped: usize,
    /// Sentences of ours about the account itself.
    pub oddities: Vec<String>,
}

impl Account {
    fn line(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        match serde_json::from_str(line) {
            Ok(seen) => self.see(&seen),
            Err(_) => self.unreadable = self.unreadable.saturating_add(1),
        }
    }

    fn see(&mut self, seen: &Seen) {
        self.seen = self.seen.saturating_add(1);
        if let Seen::Log(logged) = seen {
            let name = limits::head(&logged.service, limits::NAME_BYTES);
            if self.services.len() < SERVICES || self.services.contains_key(name) {
                let log = self.services.entry(name.to_owned()).or_default();
                log.push(logged.line.as_bytes());
                log.push(b"\n");
            }
            return;
        }
        if let Some((problem, ties)) = self.page.problem(seen) {
            self.sightings.add(problem, ties);
        }
    }
}

/// Reads a whole account into a report: the findings of both sides, joined where they belong to one request.
pub fn read(to: &mut Collector, input: &[u8]) {
    let mut frontend = Frontend::default();
    frontend.push(input);
    let told = frontend.finish();
    for oddity in told.oddities {
        to.odd(oddity);
    }
    hand_on(to, correlate(told.backend, told.frontend), told.dropped);
}

/// Whether a line is surely one of such an account.
pub fn sure(line: &str) -> bool {
    line.starts_with("{\"kind\":\"") && line.contains("\"at\":") && serde_json::from_str::<Seen>(line).is_ok()
}
