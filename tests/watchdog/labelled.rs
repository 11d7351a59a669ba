//! The labelled set: `labels.jsonl` says of each file in `histories/` whether a run that goes so is stuck, must be looked at, only
//! deserves a warning, or is fine, and why. Labels say what a person would decide; some were written with the rules in mind.

use crate::others::{openhands, ralph_claude_code};
use crate::{judge, pause, rounds};
use dogwatch::watchdog::{Event, Level, Rule, Thresholds, Verdict, event};
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Label {
    Stuck,
    Escalate,
    Warn,
    Fine,
}

#[derive(Debug, Deserialize)]
struct Labelled {
    history: String,
    label: Label,
    why: String,
    /// The rule that should say so, where one is meant.
    rule: Option<Rule>,
    /// The iteration at which it must have been said.
    by: Option<u64>,
}

/// What a detector did with the set.
#[derive(Debug, Default)]
struct Score {
    name: &'static str,
    caught: usize,
    missed: usize,
    false_pauses: usize,
    let_go: usize,
}

impl Score {
    fn add(&mut self, bad: bool, paused: bool) {
        match (bad, paused) {
            (true, true) => self.caught += 1,
            (true, false) => self.missed += 1,
            (false, true) => self.false_pauses += 1,
            (false, false) => self.let_go += 1,
        }
    }

    fn line(&self) -> String {
        let share = |part: usize, of: usize| if of == 0 { 1.0 } else { part as f64 / of as f64 };
        format!(
            "{:<20} {:>7} {:>7} {:>13} {:>8} {:>10.3} {:>7.3}",
            self.name,
            self.caught,
            self.missed,
            self.false_pauses,
            self.let_go,
            share(self.caught, self.caught + self.false_pauses),
            share(self.caught, self.caught + self.missed),
        )
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/watchdog")
}

fn read(name: &str) -> Vec<Event> {
    let text = std::fs::read_to_string(folder().join("histories").join(format!("{name}.jsonl"))).unwrap();
    text.lines().zip(1..).filter_map(|(line, number)| event(number, line.as_bytes()).unwrap()).collect()
}

fn labels() -> Vec<Labelled> {
    let text = std::fs::read_to_string(folder().join("labels.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What is wrong with the verdicts on one history.
fn fault(labelled: &Labelled, verdicts: &[Verdict]) -> Option<String> {
    let paused = pause(verdicts).map(|place| &verdicts[place]);
    let wanted = match labelled.label {
        Label::Stuck => Some(Level::Stuck),
        Label::Escalate => Some(Level::Escalate),
        Label::Warn | Label::Fine => None,
    };
    match (wanted, paused) {
        (None, Some(verdict)) => return Some(format!("paused: {verdict:?}")),
        (Some(_), None) => return Some("not paused".to_owned()),
        (Some(level), Some(verdict)) => {
            let right = verdict.level == level && labelled.by.is_none_or(|by| verdict.n <= by);
            let rule = labelled.rule.is_none_or(|rule| verdict.rule == Some(rule) || rule == Rule::R8);
            if !right || !rule {
                return Some(format!("paused otherwise: {verdict:?}"));
            }
        }
        (None, None) => {}
    }
    let warned = |rule| verdicts.iter().any(|verdict| verdict.level == Level::Warn && verdict.rule == rule);
    if labelled.label == Label::Warn && !warned(labelled.rule) {
        return Some(format!("no warning by {:?}: {verdicts:?}", labelled.rule));
    }
    let last = verdicts.last().map(|verdict| verdict.level);
    (labelled.label == Label::Fine && last != Some(Level::Done)).then(|| format!("not done at its end: {verdicts:?}"))
}

#[test]
fn the_labelled_histories_are_told_apart() {
    let labels = labels();
    let bad = labels.iter().filter(|one| matches!(one.label, Label::Stuck | Label::Escalate)).count();
    assert!(labels.len() >= 60 && bad >= 25 && labels.len() - bad >= 25);
    let mut scores = ["watchdog", "ralph-claude-code", "OpenHands"].map(|name| Score { name, ..Score::default() });
    let mut faults = Vec::new();
    let mut right = 0;
    for labelled in &labels {
        let events = read(&labelled.history);
        let verdicts = judge(Thresholds::default(), &events);
        assert_eq!(verdicts.len(), rounds(&events).count());
        let bad = matches!(labelled.label, Label::Stuck | Label::Escalate);
        let paused = [pause(&verdicts), ralph_claude_code(&events), openhands(&events)];
        scores.iter_mut().zip(paused).for_each(|(score, paused)| score.add(bad, paused.is_some()));
        match fault(labelled, &verdicts) {
            Some(fault) => faults.push(format!("{} ({}): {fault}", labelled.history, labelled.why)),
            None => right += 1,
        }
    }
    println!("{} labelled histories, {bad} of them for a person; {right} exactly as labelled", labels.len());
    println!(
        "{:<20} {:>7} {:>7} {:>13} {:>8} {:>10} {:>7}",
        "", "caught", "missed", "false pauses", "let go", "precision", "recall"
    );
    for score in &scores {
        println!("{}", score.line());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_history_has_its_label() {
    let mut files: Vec<String> = std::fs::read_dir(folder().join("histories"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut named: Vec<String> = labels().into_iter().map(|one| format!("{}.jsonl", one.history)).collect();
    named.sort();
    assert_eq!(files, named);
}
