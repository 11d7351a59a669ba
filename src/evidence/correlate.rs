//! Joins what services logged and what a browser saw where both belong to one request.
//!
//! Two sightings belong together when they share the id of a request or trace, or else when they name the same request at
//! about the same time. What a page says about a failed request (its script's exception, the console's line) belongs to that
//! request when it names the same address, or its status right after it.

use super::limits;
use super::sighting::{Request, Sighted, Ties};
use crate::domain::{Finding, Severity};
use std::collections::HashMap;

/// Milliseconds within which both sides tell of one request.
const WINDOW: i64 = 2_000;

/// Lines of the other side that are quoted.
const QUOTED: usize = 12;

/// All findings: each problem of a service with what the browser saw of it, and what only one side saw. Errors first.
pub fn correlate(backend: Vec<Sighted>, frontend: Vec<Sighted>) -> Vec<Finding> {
    let frontend = within_the_page(frontend);
    let mut left: Vec<Option<Sighted>> = frontend.into_iter().map(Some).collect();
    let mut partners: Vec<Vec<Sighted>> = backend.iter().map(|_| Vec::new()).collect();
    // What shares an id is settled before anything else can take it.
    let known = by_id(&backend);
    for slot in &mut left {
        let taken = slot.as_ref().and_then(|seen| shares_id(&known, seen)).and_then(|at| partners.get_mut(at));
        if let Some(taken) = taken {
            taken.extend(slot.take());
        }
    }
    for slot in &mut left {
        let Some(seen) = slot else { continue };
        let fitting = backend.iter().position(|told| about(told, seen));
        if let Some(taken) = fitting.and_then(|at| partners.get_mut(at)) {
            taken.extend(slot.take());
        }
    }
    only_ones(&backend, &mut left, &mut partners);
    let mut joined = Vec::new();
    for (told, seen) in backend.into_iter().zip(partners) {
        joined.push(if seen.is_empty() { told.finding } else { both(told, &seen) });
    }
    joined.extend(left.into_iter().flatten().map(|one| one.finding));
    joined.sort_by_key(|finding| finding.severity != Severity::Error);
    joined
}

/// Where the one failed request has no other partner and the one error about that time names no request, they are one.
fn only_ones(backend: &[Sighted], left: &mut [Option<Sighted>], partners: &mut [Vec<Sighted>]) {
    for slot in left {
        let Some(seen) = slot else { continue };
        let failed = |ties: &&Ties| ties.request.as_ref().and_then(|request| request.status).is_some_and(|s| s >= 500);
        let Some(request) = seen.ties.iter().find(failed) else { continue };
        let near = |told: &Sighted| {
            told.finding.severity == Severity::Error
                && told.ties.iter().any(|ties| ties.request.is_none() && soon(ties, request, false))
        };
        let mut fitting = backend.iter().enumerate().filter(|(_, told)| near(told)).map(|(at, _)| at);
        if let (Some(at), None) = (fitting.next(), fitting.next())
            && let Some(taken) = partners.get_mut(at).filter(|taken| taken.is_empty())
        {
            taken.extend(slot.take());
        }
    }
}

/// Which sighting each id belongs to.
fn by_id(all: &[Sighted]) -> HashMap<String, usize> {
    let mut known = HashMap::new();
    for (at, one) in all.iter().enumerate() {
        for id in one.ties.iter().flat_map(|ties| &ties.ids) {
            known.entry(id.clone()).or_insert(at);
        }
    }
    known
}

fn shares_id(known: &HashMap<String, usize>, seen: &Sighted) -> Option<usize> {
    seen.ties.iter().flat_map(|ties| &ties.ids).find_map(|id| known.get(id)).copied()
}

/// Whether both name the same request at about the same time.
fn about(one: &Sighted, two: &Sighted) -> bool {
    one.ties.iter().any(|mine| two.ties.iter().any(|other| same_request(mine, other)))
}

fn same_request(one: &Ties, two: &Ties) -> bool {
    let (Some(mine), Some(other)) = (&one.request, &two.request) else { return false };
    if !mine.fits(other) || !soon(one, two, true) {
        return false;
    }
    // Where both name ids, and different ones, they are different requests.
    one.ids.is_empty() || two.ids.is_empty() || one.ids.iter().any(|id| two.ids.contains(id))
}

/// Whether both are about the same time; `unknown` is what counts where one of them does not tell it.
fn soon(one: &Ties, two: &Ties, unknown: bool) -> bool {
    match (one.when, two.when) {
        (Some(one), Some(two)) => one.abs_diff(two) <= WINDOW.unsigned_abs(),
        _ => unknown,
    }
}

/// Joins what a page says about a failed request with that request.
fn within_the_page(frontend: Vec<Sighted>) -> Vec<Sighted> {
    let is_request = |one: &Sighted| one.ties.first().and_then(|ties| ties.request.as_ref()).is_some_and(is_whole);
    let (mut requests, others): (Vec<_>, Vec<_>) = frontend.into_iter().partition(is_request);
    let mut rest = Vec::new();
    let known = by_id(&requests);
    for other in others {
        let named = shares_id(&known, &other).or_else(|| requests.iter().position(|request| about(request, &other)));
        let mut spoken =
            requests.iter().enumerate().filter(|(_, request)| spoken_of(request, &other)).map(|(at, _)| at);
        // A status alone can mean any of several requests.
        let only = match (spoken.next(), spoken.next()) {
            (Some(at), None) => Some(at),
            _ => None,
        };
        match named.or(only).and_then(|at| requests.get_mut(at)) {
            Some(request) => quote(&mut request.finding, &other.finding, "the page: "),
            None => rest.push(other),
        }
    }
    requests.extend(rest);
    requests
}

/// Whether it is a browser's own account of a request, which knows its method.
fn is_whole(request: &Request) -> bool {
    request.method.is_some()
}

/// Whether words name the status of a request that ended just before them, or come from where it was started.
fn spoken_of(request: &Sighted, other: &Sighted) -> bool {
    let status = request.ties.first().and_then(|ties| ties.request.as_ref()).and_then(|request| request.status);
    let Some(status) = status.map(|status| status.to_string()) else { return false };
    let first = other.finding.message.lines().next().unwrap_or_default();
    let named = first.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == status);
    let follows = request.ties.iter().any(|one| {
        other.ties.iter().any(|two| match (one.when, two.when) {
            (Some(one), Some(two)) => (0..=WINDOW).contains(&two.saturating_sub(one)),
            _ => false,
        })
    });
    let page =
        |finding: &Finding| finding.message.lines().find(|line| line.starts_with("on the page ")).map(str::to_owned);
    named && follows && page(&request.finding) == page(&other.finding)
}

/// The service's problem with what the browser saw of it below: one finding, under the service's name.
fn both(told: Sighted, seen: &[Sighted]) -> Finding {
    let mut finding = told.finding;
    if let Some(request) = told.ties.iter().find_map(|ties| ties.request.as_ref()) {
        let method = request.method.as_deref().unwrap_or("request");
        add(&mut finding.message, &["the service: ", method, " ", &request.path]);
    }
    for one in seen {
        quote(&mut finding, &one.finding, "the browser: ");
    }
    finding
}

/// Adds the other's words, marked with whose they are.
fn quote(finding: &mut Finding, other: &Finding, whose: &str) {
    let mut lines = other.message.lines();
    add(&mut finding.message, &[whose, lines.next().unwrap_or_default()]);
    if let Some(place) = &other.location {
        add(&mut finding.message, &[whose, "at ", &place.to_string()]);
    }
    for line in lines.take(QUOTED) {
        if !finding.message.lines().any(|known| known == line) {
            add(&mut finding.message, &[line]);
        }
    }
}

/// Adds a line, unless there would be too many bytes.
fn add(message: &mut String, parts: &[&str]) {
    let bytes: usize = parts.iter().map(|part| part.len()).sum();
    if message.len() + bytes < limits::MESSAGE_BYTES {
        message.push('\n');
        message.extend(parts.iter().copied());
    }
}
