//! Problems with what ties them to others: when they were seen, in which request, under which ids. One list for all sources,
//! within bounds: what repeats is counted, what goes beyond the bounds too.

use super::collector::Collector;
use super::limits;
use super::problem::Problem;
use crate::domain::{Finding, Severity};
use std::mem;

/// What ties one sighting of a problem to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ties {
    /// When, in milliseconds since 1970. A time without a zone counts as UTC.
    pub when: Option<i64>,
    /// Ids of requests and traces.
    pub ids: Vec<String>,
    /// The request.
    pub request: Option<Request>,
}

/// A request as either side names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, where it is known.
    pub method: Option<String>,
    /// The path without the server and the query.
    pub path: String,
    /// The answer's status, where it is known.
    pub status: Option<u16>,
}

impl Request {
    /// From a path or a whole URL.
    pub fn new(method: Option<&str>, url: &str, status: Option<u16>) -> Self {
        let method = method.map(|method| limits::head(method, 16).to_ascii_uppercase());
        Self { method, path: path(url).to_owned(), status }
    }

    /// Whether both can be the same request, as far as they say.
    pub fn fits(&self, other: &Self) -> bool {
        let same = |one: &Option<String>, two: &Option<String>| one.is_none() || two.is_none() || one == two;
        self.path == other.path
            && same(&self.method, &other.method)
            && (self.status.is_none() || other.status.is_none() || self.status == other.status)
    }
}

/// The path of a URL, without server, query and fragment.
pub fn path(url: &str) -> &str {
    let url = limits::head(url, limits::NAME_BYTES);
    let rest = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => url,
    };
    rest.split(['?', '#']).next().unwrap_or(rest)
}

/// A problem, all sightings of it together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighted {
    /// The problem, with its count.
    pub finding: Finding,
    /// What ties the first sightings of it to others.
    pub ties: Vec<Ties>,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Sightings {
    errors: Kept,
    warnings: Kept,
}

#[derive(Debug, Default)]
struct Kept {
    collector: Collector,
    ties: Vec<Vec<Ties>>,
}

/// Where the ties of one sighting lie, while more may come to be known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tied {
    severity: Severity,
    finding: usize,
    ties: usize,
}

impl Sightings {
    /// Adds a sighting.
    pub fn add(&mut self, problem: Problem, ties: Ties) -> Option<Tied> {
        let severity = problem.severity;
        let kept = if severity == Severity::Error { &mut self.errors } else { &mut self.warnings };
        let finding = kept.collector.problem(problem)?;
        if kept.ties.len() <= finding {
            kept.ties.resize_with(finding + 1, Vec::new);
        }
        let list = kept.ties.get_mut(finding)?;
        (list.len() < limits::TIES).then(|| {
            list.push(ties);
            Tied { severity, finding, ties: list.len() - 1 }
        })
    }

    /// The ties of a sighting.
    pub fn ties(&mut self, at: Tied) -> Option<&mut Ties> {
        let kept = if at.severity == Severity::Error { &mut self.errors } else { &mut self.warnings };
        kept.ties.get_mut(at.finding)?.get_mut(at.ties)
    }

    /// All problems, errors first, and how many were left out.
    pub fn finish(&mut self) -> (Vec<Sighted>, usize) {
        let mut all = Vec::new();
        let mut dropped = 0;
        for kept in [mem::take(&mut self.errors), mem::take(&mut self.warnings)] {
            dropped += kept.collector.dropped();
            let mut ties = kept.ties.into_iter();
            let findings = kept.collector.finish().0.findings;
            all.extend(findings.into_iter().map(|finding| Sighted { finding, ties: ties.next().unwrap_or_default() }));
        }
        (all, dropped)
    }
}

/// Hands the findings on: at most 200 with 16 KiB of words in all, the rest is counted.
pub fn hand_on(to: &mut Collector, findings: impl IntoIterator<Item = Finding>, dropped: usize) {
    let mut bytes = 0;
    for mut finding in findings {
        let end = finding.message.floor_char_boundary(limits::SIGHTED_BYTES);
        finding.message.truncate(end);
        finding.stack.truncate(limits::SIGHTED_FRAMES);
        if bytes + finding.message.len() > limits::ALL_SIGHTED_BYTES {
            to.drop_one();
            continue;
        }
        bytes += finding.message.len();
        to.finding(finding);
    }
    for _ in 0..dropped {
        to.drop_one();
    }
}
