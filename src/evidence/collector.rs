//! Gathers what the readers find, within bounds, and compares it with the counts that the tool itself stated.

use super::limits::{self, head};
use super::problem::{Problem, digest};
use super::totals::Totals;
use super::{DISAGREES, TAMPERED, UNFINISHED};
use crate::domain::{Finding, Fingerprint, Location, Source, SuiteReport, TestCase, TestStatus};
use std::collections::{BTreeSet, HashMap};

/// Further places that are told of one problem.
const PLACES: usize = 8;

/// A report in the making.
#[derive(Debug, Default)]
pub struct Collector {
    cases: Vec<TestCase>,
    /// Per id: how often it came and the first outcome.
    seen: HashMap<String, (u32, TestStatus)>,
    flaky: BTreeSet<String>,
    findings: Vec<Finding>,
    by_name: HashMap<Fingerprint, usize>,
    /// The same by the words as they came: what repeats word for word needs no fingerprint to be known again.
    by_words: HashMap<String, usize>,
    oddities: Vec<String>,
    dropped_cases: usize,
    dropped_findings: usize,
    dropped_oddities: usize,
    stated: Option<Totals>,
}

impl Collector {
    /// Adds a test and gives the id under which it is kept: a repeated id gets a number behind it, so that a problem of
    /// the second test is not taken for one of the first. Repeated ids with different outcomes are an oddity.
    pub fn case(&mut self, id: &str, status: TestStatus) -> String {
        let id = bounded(id);
        if self.cases.len() >= limits::CASES {
            self.dropped_cases += 1;
            return id;
        }
        let (times, first) = *self.seen.entry(id.clone()).and_modify(|(times, _)| *times += 1).or_insert((1, status));
        if times == 1 {
            self.cases.push(TestCase { id: id.clone(), status });
            return id;
        }
        if first != status {
            self.odd(format!("the test id `{id}` came more than once with different outcomes"));
        }
        let mut number = times;
        let mut name = format!("{id}#{number}");
        while self.seen.contains_key(&name) {
            number += 1;
            name = format!("{id}#{number}");
        }
        // The next one of this name goes on from here, or many made-up names would cost the square of their number.
        self.seen.insert(id, (number, first));
        self.seen.insert(name.clone(), (1, status));
        self.cases.push(TestCase { id: name.clone(), status });
        name
    }

    /// Notes that a test, by the id under which it is kept, failed first and passed when its runner ran it again.
    pub fn flaky(&mut self, id: &str) {
        if self.flaky.len() < limits::FLAKY {
            self.flaky.insert(id.to_owned());
        }
        self.odd(format!("the test `{id}` failed first and passed when its runner ran it again"));
    }

    /// Takes what came more than once, failed, and passed at its last time for one test that its runner ran again, as Gradle and
    /// gotestsum report such. Only where the whole run succeeded.
    pub fn take_as_run_again(&mut self) {
        let mut attempts: HashMap<&str, Vec<(usize, TestStatus)>> = HashMap::new();
        for (at, case) in self.cases.iter().enumerate() {
            let numbered = case.id.rsplit_once('#').filter(|(first, number)| {
                let times = self.seen.get(*first).map_or(0, |(times, _)| *times);
                number.parse::<u32>().is_ok_and(|number| (2..=times).contains(&number))
            });
            let first = numbered.map_or(case.id.as_str(), |(first, _)| first);
            attempts.entry(first).or_default().push((at, case.status));
        }
        let again = attempts.into_values().filter(|all| {
            let failed = all.iter().any(|(_, status)| *status == TestStatus::Failed);
            failed && all.last().is_some_and(|(_, status)| *status == TestStatus::Passed)
        });
        let again: Vec<Vec<(usize, TestStatus)>> = again.collect();
        let mut gone = BTreeSet::new();
        for all in again {
            let mut places = all.into_iter().map(|(at, _)| at);
            let Some(case) = places.next().and_then(|at| self.cases.get_mut(at)) else { continue };
            case.status = TestStatus::Passed;
            let id = case.id.clone();
            self.flaky(&id);
            gone.extend(places);
        }
        let mut at = 0;
        self.cases.retain(|_| {
            at += 1;
            !gone.contains(&(at - 1))
        });
    }

    /// Notes that a run of tests ended before it had told all: that is a failure, whatever the tests said that ran. Gives
    /// the id of the test that stands for it.
    pub fn unfinished(&mut self, whose: &str, words: &str) -> String {
        self.disagreement(words);
        self.case(&format!("{whose}::{UNFINISHED}"), TestStatus::Failed)
    }

    /// Whether no further finding is kept, so that its making can be spared.
    pub fn is_full(&self) -> bool {
        self.findings.len() >= limits::FINDINGS
    }

    /// Counts a finding that was not made because of that.
    pub fn drop_one(&mut self) {
        self.dropped_findings += 1;
    }

    /// How many findings were not kept.
    pub fn dropped(&self) -> usize {
        self.dropped_findings
    }

    /// Adds a problem; the same problem again only counts. Gives its place among the findings where it is kept.
    pub fn problem(&mut self, mut problem: Problem) -> Option<usize> {
        let words = problem.words();
        let at = self.by_words.get(&words).copied();
        if let Some(known) = at.and_then(|at| self.findings.get_mut(at)) {
            known.count = known.count.saturating_add(1);
            also(known, problem.location.as_ref());
            return at;
        }
        if self.is_full() {
            self.dropped_findings += 1;
            return None;
        }
        problem.test = problem.test.map(|id| bounded(&id));
        let finding = problem.finding();
        let name = finding.exact.clone();
        self.finding(finding);
        let at = self.by_name.get(&name).copied()?;
        if self.by_words.len() < limits::WORDS {
            self.by_words.insert(words, at);
        }
        Some(at)
    }

    /// Adds a finding that another collector made.
    pub fn finding(&mut self, finding: Finding) {
        if let Some(known) = self.by_name.get(&finding.exact).and_then(|at| self.findings.get_mut(*at)) {
            known.count = known.count.saturating_add(finding.count);
            also(known, finding.location.as_ref());
        } else if self.findings.len() >= limits::FINDINGS {
            self.dropped_findings += 1;
        } else {
            self.by_name.insert(finding.exact.clone(), self.findings.len());
            self.findings.push(finding);
        }
    }

    /// Notes something odd, in words of ours.
    pub fn odd(&mut self, words: impl Into<String>) {
        let words = words.into();
        if self.oddities.contains(&words) {
            return;
        }
        // What a person must see is never crowded out by lesser oddities.
        let weighty = words.starts_with(DISAGREES) || words.starts_with(TAMPERED);
        if self.oddities.len() < if weighty { 4 * limits::ODDITIES } else { limits::ODDITIES } {
            self.oddities.push(words);
        } else {
            self.dropped_oddities += 1;
        }
    }

    /// Notes that two accounts of the same run disagree.
    pub fn disagreement(&mut self, words: &str) {
        self.odd(format!("{DISAGREES}{words}"));
    }

    /// Adds counts that the tool stated itself.
    pub fn state(&mut self, totals: Totals) {
        self.stated = Some(self.stated.unwrap_or_default().plus(totals));
    }

    /// The counts that the tool stated so far.
    pub fn stated(&self) -> Option<Totals> {
        self.stated
    }

    /// How many tests have this outcome so far.
    pub fn count(&self, status: TestStatus) -> usize {
        self.cases.iter().filter(|case| case.status == status).count()
    }

    /// Whether any test was named.
    pub fn has_cases(&self) -> bool {
        !self.cases.is_empty()
    }

    /// Whether any problem was found.
    pub fn has_findings(&self) -> bool {
        !self.findings.is_empty()
    }

    /// How many different problems were found.
    pub fn findings(&self) -> usize {
        self.findings.len()
    }

    /// Compares the named tests with stated counts. Only differences that could hide a failure or feign a success matter:
    /// a stated failure that is not named, or more passed tests named than stated.
    pub fn compare(&mut self, whose: &str, totals: Totals) {
        let (passed, failed) = (self.count(TestStatus::Passed), self.count(TestStatus::Failed));
        if (totals.failed > 0) != (failed > 0) {
            self.disagreement(&format!(
                "{whose} says {} failed, the tests it should be about say {failed}",
                totals.failed
            ));
        }
        if passed > totals.passed.saturating_add(totals.todo) {
            self.disagreement(&format!(
                "{whose} says {} passed, the tests it should be about say {passed}",
                totals.passed
            ));
        }
    }

    /// The report, and the counts stated by the tool where it stated any.
    pub fn finish(mut self) -> (SuiteReport, Option<Totals>) {
        for (dropped, what) in
            [(self.dropped_cases, "tests"), (self.dropped_findings, "findings"), (self.dropped_oddities, "oddities")]
        {
            if dropped > 0 {
                self.oddities.push(format!("{dropped} more {what} are not listed"));
            }
        }
        (
            SuiteReport { cases: self.cases, flaky: self.flaky, findings: self.findings, oddities: self.oddities },
            self.stated,
        )
    }
}

/// Adds a further place to what a compiler says in several, so that none of them is lost.
fn also(known: &mut Finding, place: Option<&Location>) {
    let Some(place) = place.filter(|place| known.source == Source::Build && known.location.as_ref() != Some(*place))
    else {
        return;
    };
    let line = format!("also at {place}");
    let told = known.message.lines().filter(|line| line.starts_with("also at "));
    if told.clone().count() < PLACES
        && !told.clone().any(|told| told == line)
        && known.message.len() + line.len() < limits::MESSAGE_BYTES
    {
        known.message.push('\n');
        known.message.push_str(&line);
    }
}

/// The id within its bound, still unique.
pub fn bounded(id: &str) -> String {
    let id = id.trim();
    if id.len() <= limits::ID_BYTES {
        return if id.chars().any(char::is_control) {
            id.replace(|c: char| c.is_control(), " ")
        } else {
            id.to_owned()
        };
    }
    let front = head(id, limits::ID_BYTES - 33).replace(|c: char| c.is_control(), " ");
    format!("{front}~{}", digest(&[id]))
}
