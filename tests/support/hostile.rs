//! Text as a hostile program, task, tool or person would write it, and a store that is full of it.

use super::bare::Bare;
use super::filled::{over, step_with, store};
use dogwatch::audit::AuditEvent;
use dogwatch::domain::{
    Actor, AskedBy, AssetFacts, Audit, Claims, Command, CriterionReport, Dataset, DatasetId, DatasetState, EgressSeen,
    EntryKind, Feature, FeatureId, Finding, Fingerprint, Firing, Frame, Fulfilment, GateResult, GateVerdict, Human,
    Iteration, LessonOrigin, Location, Millis, Moment, Note, NoteKind, Program, ProjectId, Proposed, QuestionKind,
    Requester, Run, RunId, RunState, Schedule, ScheduleId, Severity, Source, Suspicion, TaskOutcome, TaskPlace,
    TaskResult, TaskWork, Timing, ToolCall, ToolOutcome, Usage,
};
use dogwatch::store::{Ask, NewProposal, StoreError, Tx};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What a terminal may obey, what makes text look otherwise than it is, and what no encoding has.
pub const PIECES: [&[u8]; 34] = [
    b"\x1b]0;owned\x07",
    b"\x1b]52;c;b3duZWQ=\x1b\\",
    b"\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\",
    b"\x1bP$q\"p\x1b\\",
    b"\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\",
    b"\x1b[2J\x1b[H",
    b"\x1b[6n\x1b[c\x1b[>c\x1b[21t",
    b"\x1b[?1049l\x1b[?25h",
    b"\x1bc\x1b#8\x1b(0",
    b"\x1b[31;8;9m",
    b"\x1b[99999999999999999m",
    b"\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20z",
    b"\x1b",
    b"\x1b[",
    b"\xc2\x9b2J",
    b"\xc2\x9d0;owned\xc2\x9c",
    b"\x9b2J",
    b"\x90q\x9c",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x82",
    "\u{202e}dlrow\u{202c}".as_bytes(),
    "\u{2066}\u{2067}\u{2069}\u{200e}\u{200f}\u{61c}".as_bytes(),
    "a\u{200b}b\u{200d}c\u{2060}d\u{feff}e\u{ad}f".as_bytes(),
    "\u{e0041}\u{e0042}\u{e007f}".as_bytes(),
    "\u{fff9}x\u{fffb}\u{2028}y\u{2029}".as_bytes(),
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}".as_bytes(),
    "\u{1f469}\u{200d}\u{1f4bb}\u{fe0f}".as_bytes(),
    b"\x00\x07\x08\x7f\x0b\x0c\x0e\x0f",
    b"over\rwritten\x1b[K",
    b"tab\tulator",
    b"\x1b[?2026h\x1b[?2004l",
    b"\x1b[200~q\x1b[201~",
];

/// Hostile texts, each with a mark of its own at its beginning.
pub struct Hostile {
    random: StdRng,
    next: u32,
    /// The marks of the lines of the log.
    pub log: std::ops::Range<u32>,
}

impl Hostile {
    pub fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), next: 0, log: 0..0 }
    }

    /// The next one.
    pub fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = format!("h{}.", self.next).into_bytes();
        self.next += 1;
        for _ in 0..self.random.random_range(1..4) {
            bytes.extend(PIECES[self.random.random_range(0..PIECES.len())]);
            bytes.extend(b"and");
        }
        if self.random.random_range(0..40) == 0 {
            // A line that goes on and on.
            let piece = PIECES[self.random.random_range(0..PIECES.len())];
            bytes.extend(piece.repeat(self.random.random_range(1..4000)));
        }
        if self.random.random_range(0..8) == 0 {
            bytes.extend((0..12).map(|_| self.random.random::<u8>()).filter(|byte| *byte != b'\n'));
        }
        bytes
    }

    /// The next one where only characters can be.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// The next one as an argument can be: without a NUL, and not too long for the system.
    pub fn argument(&mut self) -> std::ffi::OsString {
        use std::os::unix::ffi::OsStringExt;
        let mut bytes = self.bytes();
        bytes.retain(|byte| *byte != 0);
        bytes.truncate(2000);
        std::ffi::OsString::from_vec(bytes)
    }

    fn texts(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.text()).collect()
    }

    /// Stores so many inputs in everything that is shown: runs that are over and ones that wait for an answer, guidance,
    /// findings, bugs, gates, and the log of the second run.
    #[allow(clippy::too_many_lines, reason = "a list of rows")]
    pub fn fill(&mut self, bare: &Bare, inputs: usize) {
        let runs: Vec<(Run, Vec<String>)> = (0..inputs.div_ceil(10))
            .map(|number| {
                let mut run = over(dogwatch::domain::ProjectId(1), self.text());
                run.criteria = self.texts(4);
                (run.reason, run.agent) = (self.text(), self.text());
                run.owner = Actor::operator(7, self.text().chars().take(200).collect::<String>());
                run.state = if number % 2 == 0 { RunState::AwaitingReview } else { RunState::Failed };
                (run, self.texts(13))
            })
            .collect();
        let bugs: Vec<Finding> = (0..inputs).map(|number| self.finding(number)).collect();
        let source = format!("/nowhere/{}", self.text().chars().filter(|letter| *letter != '\0').collect::<String>());
        let stored = store(bare).write_sync(move |tx| {
            let project = tx.insert_project("p", &source)?;
            let mut findings = bugs.iter();
            for (run, texts) in &runs {
                let mut run = tx.insert_run(&Run { project: project.id, ..run.clone() })?;
                let id = run.id;
                tx.put_iteration(&Iteration {
                    tests: (1, 2, 3),
                    suspicions: vec![Suspicion::TestsRemoved { tests: texts[1..3].to_vec(), total: 9 }],
                    audit: Some(Audit::new(
                        Some(&texts[3]),
                        texts[4].clone(),
                        Some(texts[5].clone()),
                        Usage::default(),
                    )),
                    ended: Some(Millis(2)),
                    ..Iteration::new(id, 0, texts[0].clone(), Millis(1))
                })?;
                tx.insert_guidance(id, &run.owner, &texts[3])?;
                let (gate, evidence) = ("honesty".to_owned(), texts[4..6].to_vec());
                tx.put_gate_result(id, 0, &GateResult { gate, verdict: GateVerdict::Fail, evidence })?;
                tx.tell_bug(run.project, &texts[3], &run.owner)?;
                for finding in findings.by_ref().take(10) {
                    let bug = tx.join_bug(id, finding)?;
                    tx.insert_finding(id, 0, Some(bug), finding)?;
                }
                if run.state == RunState::AwaitingReview {
                    let question = tx.insert_question(&Ask {
                        run: Some(id),
                        iteration: 0,
                        kind: QuestionKind::Review,
                        title: texts[6].clone(),
                        facts: texts[7..12].to_vec(),
                        reached: Vec::new(),
                        digest: None,
                        deadline: None,
                    })?;
                    run.question = Some(question);
                    tx.update_run(&run)?;
                }
                tx.note_egress(id, &[refused(id, &texts[12])])?;
                tx.insert_tool_call(&ToolCall {
                    id: 0,
                    run: id,
                    iteration: 0,
                    tool: texts[0].clone(),
                    asked: texts[1].clone(),
                    outcome: ToolOutcome::Done,
                    answer: texts[2].clone(),
                    bytes: 1,
                    milliseconds: 1,
                    at: Millis(1),
                })?;
                tx.insert_note(&Note {
                    id: 0,
                    run: id,
                    iteration: 0,
                    kind: NoteKind::Finding,
                    bug: None,
                    title: texts[3].clone(),
                    text: texts[4].clone(),
                    place: Some(texts[5].clone()),
                    at: Millis(1),
                })?;
                let place = TaskPlace { run: id, iteration: 0, attempt: 1 };
                let what = TaskWork::Tests { suite: texts[8].clone() };
                let task = tx.insert_task(project.id, Some(place), &AskedBy::Agent { run: id }, &what)?;
                let mut result = TaskResult::plain(TaskOutcome::Failed, texts[9].clone());
                result.findings = texts[10..12].to_vec();
                tx.end_task(task, &result)?;
                tx.insert_entry(EntryKind::Dataset, None, (&texts[6], &texts[7]), &run.owner)?;
                want(tx, project.id, id, texts)?;
                schedule(tx, project.id, id, texts)?;
                hold(tx, texts)?;
                tx.insert_lesson(project.id, &texts[5], &LessonOrigin::Operator { by: run.owner.clone() })?;
                let spec = serde_json::json!({
                    "name": "db-1", "reach": {"by": "local"}, "note": texts[7], "labels": {"tier": texts[6]},
                });
                if tx.asset_named("db-1")?.is_none() {
                    tx.insert_asset(&serde_json::from_value(spec).unwrap(), &run.owner)?;
                    propose(tx, id, texts)?;
                }
                let actor = run.owner.clone();
                tx.record(AuditEvent::new(actor, "run.submitted").run(id).project(project.id))?;
            }
            Ok(())
        });
        stored.unwrap();
        let first = self.next;
        let mut log = Vec::new();
        for _ in 0..inputs {
            log.extend(self.bytes());
            log.push(b'\n');
        }
        self.log = first..self.next;
        step_with(bare, RunId(2), 1, |_| log);
    }

    fn finding(&mut self, number: usize) -> Finding {
        let place = Location { file: self.text(), line: Some(3), column: None };
        Finding {
            source: Source::Test,
            kind: self.text(),
            severity: Severity::Error,
            message: self.text(),
            test: Some(self.text()),
            location: Some(place.clone()),
            stack: vec![Frame { function: Some(self.text()), location: Some(place) }],
            exact: Fingerprint(format!("{number:032x}")),
            class: Fingerprint(format!("{:032x}", number % 7)),
            count: 1,
        }
    }
}

/// Something for a live asset, every text of it hostile.
fn propose(tx: &Tx<'_>, run: RunId, texts: &[String]) -> Result<(), StoreError> {
    let question = tx.insert_question(&Ask {
        run: None,
        iteration: 0,
        kind: QuestionKind::Execution,
        title: texts[0].clone(),
        facts: texts[1..3].to_vec(),
        reached: Vec::new(),
        digest: None,
        deadline: None,
    })?;
    let asset = tx.asset_named("db-1")?.map(|asset| AssetFacts::of(&asset)).unwrap();
    let person = Human { uid: 7, login_uid: Some(8), name: texts[3].clone(), login_name: Some(texts[4].clone()) };
    let proposed = Proposed {
        command: Command {
            program: Program::Argv { words: texts.iter().map(|text| text.clone().into_bytes()).collect() },
            stdin: Some(texts.join("\n").into_bytes()),
            env: vec![(texts[5].clone(), texts[6].clone().into_bytes())],
            cwd: texts[7].clone(),
            user: Some(texts[8].clone()),
            timeout: 5,
        },
        asset,
        requester: Requester::Person { person: person.clone() },
        owners: vec![person],
        run: Some(run),
        iteration: 1,
        claims: Claims { why: texts[9].clone(), expect: texts[10].clone(), undo: texts[11].clone() },
        policy: texts[0].clone(),
        engine: texts[1].clone(),
        epoch: 1,
        nonce: texts[2].clone(),
    };
    // In another boot the wall clock counts, so it waits for as long as the test runs.
    let asked = Moment { wall: Millis(0), boot: 0, boot_id: texts[3].clone() };
    tx.insert_proposal(NewProposal { proposed, question, asked, wait: i64::MAX / 4, replaces: None })?;
    Ok(())
}

/// A host that a run asked for and did not reach.
fn refused(run: RunId, host: &str) -> EgressSeen {
    EgressSeen {
        run,
        host: host.to_owned(),
        port: 443,
        allowed: false,
        rule: "not a host name".to_owned(),
        requests: 1,
        up: 0,
        down: 0,
        milliseconds: 0,
        first: Millis(1),
        last: Millis(1),
    }
}

/// A feature and what the agent of a run says of its criterion, of these texts.
fn want(tx: &Tx<'_>, project: ProjectId, run: RunId, texts: &[String]) -> Result<(), StoreError> {
    let feature = Feature {
        id: FeatureId(0),
        project,
        title: texts[0].clone(),
        text: texts[1].clone(),
        criteria: vec![texts[2].clone()],
        notes: texts[3].clone(),
        by: Actor::Engine,
        added: Millis(1),
        changed: Millis(1),
        version: 1,
        closed: None,
    };
    let feature = tx.insert_feature(&feature)?;
    tx.close_feature(feature, Some((&Actor::Engine, texts[4].as_str())))?;
    tx.insert_criterion_report(&CriterionReport {
        run,
        iteration: 0,
        number: 1,
        criterion: texts[2].clone(),
        verdict: Fulfilment::Met,
        words: texts[5].clone(),
        at: Millis(1),
    })
}

/// A test run by a clock that failed to start, and one that started, of these texts.
fn schedule(tx: &Tx<'_>, project: ProjectId, run: RunId, texts: &[String]) -> Result<(), StoreError> {
    let schedule = Schedule {
        id: ScheduleId(0),
        project,
        suites: vec![texts[0].clone(), texts[1].clone()],
        revision: Some(texts[2].clone()),
        timing: Timing::Cron { expression: texts[3].clone() },
        by: Actor::Engine,
        added: Millis(1),
        paused: false,
        next: None,
    };
    let id = tx.insert_schedule(&schedule)?;
    let (due, at) = (Millis(1), Millis(2));
    tx.fire(id, &Firing { due, at, missed: 0, run: None, fault: Some(texts[4].clone()) }, None)?;
    tx.fire(id, &Firing { due, at, missed: 3, run: Some(run), fault: None }, None)
}

/// A data set that cannot be had, of these texts.
fn hold(tx: &Tx<'_>, texts: &[String]) -> Result<(), StoreError> {
    if tx.dataset("hostile")?.is_some() {
        return Ok(());
    }
    let mut dataset = Dataset {
        id: DatasetId(0),
        name: "hostile".to_owned(),
        project: None,
        text: texts[0].clone(),
        path: texts[1].clone(),
        state: DatasetState::Failed,
        digest: None,
        quick: None,
        files: 1,
        bytes: 1,
        fault: Some(texts[2].clone()),
        by: Actor::Engine,
        added: Millis(1),
        looked: None,
    };
    dataset.id = tx.insert_dataset(&dataset)?;
    tx.put_dataset(&dataset)
}
