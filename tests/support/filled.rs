//! State directories with something in them, for engines that run no containers.

use super::bare::Bare;
use dogwatch::audit::AuditEvent;
use dogwatch::domain::{
    Actor, Budget, Finding, Fingerprint, Frame, GateResult, GateVerdict, Iteration, Location, Millis, Needs, Origin,
    Outcome, Priority, ProjectId, QuestionKind, Run, RunId, RunState, Severity, Source, Spent, StepEnd, StepKey,
    StepKind, StepState, SuiteOutcome, SuiteVerdict,
};
use dogwatch::logs::{LogWriter, Record, Stream};
use dogwatch::store::{self, Ask, BlobOrigin, Options, Store};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// The store that an engine of these directories opens.
pub fn store(bare: &Bare) -> Store {
    let paths = store::Paths {
        database: bare.file("dogwatch.db"),
        lock: bare.file("engine.lock"),
        chain_head: bare.file("chain-head"),
        epoch: bare.file("epoch"),
        reserve: bare.file("reserve"),
        blobs: bare.file("blobs"),
    };
    Store::open(&paths, &Options::default()).unwrap()
}

/// Stores runs that are over, each with a long task.
pub fn fill(bare: &Bare, count: usize, task: &str) {
    let task = task.to_owned();
    let stored = store(bare).write_sync(move |tx| {
        let project = tx.insert_project("p", "/nowhere")?;
        for _ in 0..count {
            let run = tx.insert_run(&over(project.id, task.clone()))?;
            tx.record(AuditEvent::new(Actor::Engine, "run.submitted").run(run.id).project(project.id))?;
        }
        Ok(())
    });
    stored.unwrap();
}

/// Stores a run that is paused and one that waits for an answer; gives their ids.
pub fn waiting(bare: &Bare, title: &str, facts: &[String]) -> (RunId, RunId) {
    let (title, facts) = (title.to_owned(), facts.to_vec());
    let stored = store(bare).write_sync(move |tx| {
        let project = tx.insert_project("waits", "/nowhere")?;
        let paused =
            Run { state: RunState::Paused, resume_to: Some(RunState::Queued), ..over(project.id, title.clone()) };
        let paused = tx.insert_run(&paused)?;
        let asks = tx.insert_run(&Run { state: RunState::AwaitingReview, ..over(project.id, title.clone()) })?;
        let question = tx.insert_question(&Ask {
            run: Some(asks.id),
            iteration: 0,
            kind: QuestionKind::Review,
            title,
            facts,
            reached: Vec::new(),
            digest: None,
            deadline: None,
        })?;
        tx.update_run(&Run { question: Some(question), ..asks.clone() })?;
        for run in [paused.id, asks.id] {
            tx.record(AuditEvent::new(Actor::Engine, "run.submitted").run(run).project(project.id))?;
        }
        Ok((paused.id, asks.id))
    });
    stored.unwrap()
}

/// A run that is over.
pub fn over(project: ProjectId, task: String) -> Run {
    Run {
        role: dogwatch::domain::Role::Coder,
        engine: String::new(),
        id: RunId(0),
        project,
        task,
        criteria: Vec::new(),
        owner: Actor::Engine,
        origin: Origin::Operator,
        agent: "command".to_owned(),
        priority: Priority::Normal,
        needs: Needs::default(),
        after: Vec::new(),
        waits_since: Millis(1),
        plan: dogwatch::domain::Plan::None,
        audit: false,
        state: RunState::Cancelled,
        resume_to: None,
        iteration: 0,
        attempt: 1,
        losses: 0,
        troubles: 0,
        rerun: None,
        instant_failures: 0,
        not_before: None,
        base: None,
        head: None,
        image: None,
        budget: Budget { iterations: 1, seconds: None, tokens: None, microusd: None },
        spent: Spent::default(),
        question: None,
        reason: String::new(),
        version: 0,
        created: Millis(1),
        updated: Millis(1),
    }
}

/// A step that has ended and printed a line.
pub fn ended_step(bare: &Bare, run: RunId, attempt: u32) -> PathBuf {
    step_with(bare, run, attempt, |key| format!("said by {key}\n").into_bytes())
}

/// A step that has ended and printed this.
pub fn step_with(bare: &Bare, run: RunId, attempt: u32, text: impl FnOnce(&StepKey) -> Vec<u8>) -> PathBuf {
    let key = StepKey { run, iteration: 0, kind: StepKind::Test, suite: "unit".to_owned(), attempt };
    let log = bare.file("logs").join(run.to_string()).join(format!("{key}.log"));
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    let mut writer = LogWriter::open(&log).unwrap();
    for (seq, bytes) in (1..).zip(text(&key).chunks(32 * 1024)) {
        writer.append(Record { seq, time_ms: 1, stream: Stream::Stdout, bytes }).unwrap();
    }
    writer.sync().unwrap();
    let digest = writer.digest();
    let stored = store(bare).write_sync(move |tx| {
        let step = tx.insert_step(&key)?;
        let end = StepEnd::Exited { code: 0 };
        tx.set_step_state(step.id, &StepState::Ended { end, log_digest: digest, intrusions: 0 })?;
        tx.record(AuditEvent::new(Actor::Engine, "step").run(run)).map(drop)
    });
    stored.unwrap();
    log
}

/// What a run of three iterations leaves behind, with this text in all that comes from outside.
pub fn worked(bare: &Bare, run: RunId, text: &str) {
    let text = text.to_owned();
    let finding = |name: &str, text: &str| Finding {
        source: Source::Test,
        kind: "AssertionError".to_owned(),
        severity: Severity::Error,
        message: format!("{name} is wrong {text}"),
        test: Some(format!("tests::{name} {text}")),
        location: Some(Location { file: format!("src/{text}.py"), line: Some(7), column: None }),
        stack: vec![Frame { function: Some(format!("inner {text}")), location: None }],
        exact: Fingerprint(name.to_owned()),
        class: Fingerprint("class".to_owned()),
        count: 1,
    };
    let stored = store(bare).write_sync(move |tx| {
        for (number, names) in [(0, vec!["sum", "round"]), (1, vec!["round", "empty"]), (2, vec![])] {
            let suite = SuiteOutcome {
                suite: "unit".to_owned(),
                verdict: SuiteVerdict::Failed,
                exit_code: Some(1),
                cases: BTreeMap::new(),
                oddities: vec![text.clone()],
                flaky: std::collections::BTreeSet::new(),
            };
            tx.put_iteration(&Iteration {
                commit: (number > 0).then(|| "c".repeat(40)),
                outcome: Some(if number == 2 { Outcome::Green } else { Outcome::Red }),
                tests: (3 + number, 2 - number, 0),
                ended: Some(Millis(61_001)),
                ..Iteration::new(run, number, "b".repeat(40), Millis(1))
            })?;
            tx.put_suite(run, number, &suite)?;
            for name in names {
                let found = finding(name, &text);
                let bug = tx.join_bug(run, &found)?;
                tx.insert_finding(run, number, Some(bug), &found)?;
            }
            let evidence = vec![text.clone()];
            let gate = GateResult { gate: "tests".to_owned(), verdict: GateVerdict::Fail, evidence };
            tx.put_gate_result(run, number, &gate)?;
            if number > 0 {
                let key = StepKey { run, iteration: number, kind: StepKind::Develop, suite: String::new(), attempt: 1 };
                let step = tx.insert_step(&key)?;
                let digest = "0".repeat(64);
                let end = StepEnd::Exited { code: 0 };
                tx.set_step_state(step.id, &StepState::Ended { end, log_digest: digest, intrusions: 0 })?;
                let origin = BlobOrigin { kind: "prompt".to_owned(), run: Some(run), step: Some(step.id) };
                tx.put_blob(format!("# Task of {number}\n{text}").as_bytes(), &origin)?;
            }
        }
        tx.insert_guidance(run, &Actor::Engine, &format!("look at the sums {text}"))?;
        let detail = serde_json::json!({ "say": text });
        tx.record(AuditEvent::new(Actor::Engine, "run.looked").run(run).detail(detail)).map(drop)
    });
    stored.unwrap();
}
