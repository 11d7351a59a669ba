//! Asking a running engine over its socket, waiting on runs, and looking into what it wrote down.

use super::{DockerEnv, Engine, TempRepo, wait_until};
use dogwatch::audit::{Verdict, verify};
use dogwatch::client::{Client, ClientError};
use dogwatch::config::Paths;
use dogwatch::domain::{Priority, Question, RunId, RunState};
use dogwatch::logs::LogReader;
use dogwatch::protocol::{Reply, Request, RunDetail, RunView};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// How long a run may take to come to rest. Generous, since test machines are slow when they compile.
pub const REST: Duration = Duration::from_mins(2);

/// Memory and processors for any number of runs at once, for the section `[engine]`: tests count places.
pub const ENOUGH: &str = "memory = \"1TiB\"\ncpus = 65536\n";

/// The request that starts a run of a project.
pub fn submission(project: &str, iterations: Option<u32>) -> Request {
    Request::Submit {
        engine: None,
        role: dogwatch::domain::Role::Coder,
        project: project.to_owned(),
        task: "make the tests pass".to_owned(),
        criteria: vec!["add adds".to_owned()],
        agent: None,
        iterations,
        revision: None,
        priority: Priority::Normal,
        plan: None,
        after: Vec::new(),
        feature: None,
    }
}

impl Engine {
    /// The engine's places.
    pub fn paths(&self) -> Paths {
        Paths::new(self.state(), self.config()).expect("short absolute paths")
    }

    /// Asks one thing over a connection of its own.
    pub fn ask(&self, request: Request) -> Result<Reply, ClientError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { Client::connect(&self.paths().socket()).await?.ask(request).await })
    }

    /// Registers a repository; returns the project's name.
    pub fn add(&self, repo: &TempRepo) -> String {
        let source = repo.path().to_str().expect("a UTF-8 path").to_owned();
        match self.ask(Request::AddProject { source, name: None }).expect("a new project") {
            Reply::Project { project } => project.name,
            other => panic!("{other:?}"),
        }
    }

    /// Starts a run of a project.
    pub fn submit(&self, project: &str, iterations: Option<u32>) -> RunId {
        self.expect_run(submission(project, iterations)).run.id
    }

    /// Registers a repository and starts a run on it.
    pub fn run_on(&self, repo: &TempRepo) -> RunId {
        self.submit(&self.add(repo), None)
    }

    /// Asks for something whose answer is a run.
    #[track_caller]
    pub fn expect_run(&self, request: Request) -> RunView {
        match self.ask(request).expect("an answer of the engine") {
            Reply::Run { run } => run,
            other => panic!("{other:?}"),
        }
    }

    /// A run in full.
    #[track_caller]
    pub fn detail(&self, run: RunId) -> RunDetail {
        match self.ask(Request::Run { run }).expect("an answer of the engine") {
            Reply::Detail { detail } => *detail,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until a run fits; returns it.
    #[track_caller]
    pub fn wait_run(&self, run: RunId, what: &str, mut fits: impl FnMut(&RunDetail) -> bool) -> RunDetail {
        let mut last = None;
        let begin = std::time::Instant::now();
        loop {
            let detail = self.detail(run);
            if fits(&detail) {
                return detail;
            }
            // The questions come first: where output is cut, they say most.
            let seen = last.as_ref().unwrap_or(&detail);
            assert!(
                begin.elapsed() < REST,
                "{run} {what}: not within {REST:?}; it asks {:#?} and is {:#?}",
                seen.questions,
                seen.view.run
            );
            last = Some(detail);
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits until a run is over or waits for a person.
    #[track_caller]
    pub fn rested(&self, run: RunId) -> RunDetail {
        self.wait_run(run, "over or waiting for a person", |detail| {
            let state = detail.view.run.state;
            state.is_final() || state.awaits_person()
        })
    }

    /// Waits until a run is in this state.
    #[track_caller]
    pub fn reaches(&self, run: RunId, state: RunState) -> RunDetail {
        self.wait_run(run, state.name(), |detail| {
            let now = detail.view.run.state;
            assert!(now == state || !now.is_final(), "{run} is {}: {}", now.name(), detail.view.run.reason);
            now == state
        })
    }

    /// The question that a run waits for.
    #[track_caller]
    pub fn open_question(&self, run: RunId) -> Question {
        let detail = self.detail(run);
        let id = detail.view.run.question.unwrap_or_else(|| panic!("{run} waits for no answer: {detail:#?}"));
        detail.questions.into_iter().find(|question| question.id == id).expect("the open question")
    }

    /// Answers the question that a run waits for.
    #[track_caller]
    pub fn answer(&self, run: RunId, approve: bool, reason: &str) {
        let question = self.open_question(run);
        let (reason, runs) = (reason.to_owned(), question.sharing);
        self.expect_run(Request::Answer { question: question.id, approve, reason, runs });
    }

    /// The database, for reading only.
    pub fn database(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(self.paths().database(), flags).expect("the engine's database")
    }

    /// The number that a query gives.
    #[track_caller]
    pub fn count(&self, sql: &str) -> i64 {
        self.database().query_row(sql, [], |row| row.get(0)).expect("a number")
    }

    /// The texts that a query gives.
    #[track_caller]
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let db = self.database();
        let mut query = db.prepare(sql).expect("a query");
        let rows = query.query_map([], |row| row.get(0)).expect("rows");
        rows.map(|text| text.expect("a text")).collect()
    }

    /// The prompts that a run's agent was given, oldest first.
    pub fn prompts(&self, run: RunId) -> Vec<String> {
        let names = self
            .texts(&format!("SELECT sha256 FROM blob_origins WHERE kind = 'prompt' AND run = {} ORDER BY id", run.0));
        names.iter().map(|name| find_file(&self.paths().blobs(), name)).collect()
    }

    /// All that a step's program wrote and the engine kept, as far as it is on disk.
    pub fn raw_log(&self, run: RunId, part: &str) -> String {
        let (of_run, run) = (self.paths().logs().join(format!("r{}", run.0)), format!("r{}-", run.0));
        let logs: BTreeSet<PathBuf> = walk(&of_run)
            .into_iter()
            .map(|file| if file.extension().is_some_and(|end| end == "zst") { file.with_extension("") } else { file })
            .filter(|file| file.extension().is_some_and(|end| end == "log"))
            .filter(|file| [run.as_str(), part].iter().all(|part| file.to_string_lossy().contains(part)))
            .collect();
        let mut text = String::new();
        for log in logs {
            // The index comes a moment after the log.
            let Ok(reader) = LogReader::open(&log) else { continue };
            let (mut bytes, end) = (Vec::new(), reader.end().expect("its end"));
            while (bytes.len() as u64) < end {
                bytes.extend(reader.bytes(bytes.len() as u64..end).expect("its bytes"));
            }
            text += &String::from_utf8_lossy(&bytes);
        }
        text
    }

    /// Checks the whole audit chain of an engine that is at rest.
    pub fn verify_audit(&self) -> Verdict {
        verify(&self.database(), &self.paths().chain_head()).expect("a check of the audit log")
    }

    /// Fails the test unless the audit chain is whole up to its anchored head.
    #[track_caller]
    pub fn assert_anchored(&self) {
        let mut verdict = self.verify_audit();
        // The head is written right after a commit; an engine at rest has done so very soon.
        wait_until("an anchored audit log", Duration::from_secs(10), || {
            verdict = self.verify_audit();
            matches!(verdict, Verdict::Anchored { .. } | Verdict::Broken { .. } | Verdict::Rewritten { .. })
        });
        assert!(matches!(verdict, Verdict::Anchored { .. }), "{verdict:?}");
    }

    /// Fails the test unless no container, tree or step directory is left within the minute that is promised: an engine whose
    /// container engine was away looks again after half of it.
    #[track_caller]
    pub fn assert_nothing_left(&self) {
        let left = || {
            let trees = walk(&self.paths().workspaces());
            let steps = walk(&self.paths().steps());
            let list = fs::read_to_string("/proc/self/mountinfo").expect("what is mounted");
            // Whatever lies below: the state itself may be a disk of the test's.
            let state = format!("{}/", self.state().display());
            let mounted = list.lines().filter(|line| line.contains(&state)).map(str::to_owned).collect();
            (self.containers(), trees, steps, mounted)
        };
        let mut last = left();
        let begin = std::time::Instant::now();
        while last != (Vec::new(), Vec::new(), Vec::new(), Vec::<String>::new()) {
            assert!(begin.elapsed() < Duration::from_mins(1), "left over: {last:?}");
            std::thread::sleep(Duration::from_millis(50));
            last = left();
        }
    }
}

/// Every file, link or socket below a directory.
fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(walk(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

fn find_file(dir: &std::path::Path, name: &str) -> String {
    let files = walk(dir);
    let hit = files.iter().find(|path| {
        let joined: String = path
            .strip_prefix(dir)
            .expect("below")
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        joined.ends_with(name) || path.file_name().is_some_and(|file| *file == *name)
    });
    fs::read_to_string(hit.unwrap_or_else(|| panic!("no blob {name} in {files:?}"))).expect("a blob")
}

/// A repository in Python with one wrong function and a test that shows it; `agent` is the `[agent]` table and whatever
/// follows it.
pub fn python_repo(docker: &DockerEnv, agent: &str, more: &[(&str, &str)]) -> TempRepo {
    let toml = format!(
        r#"[image]
reference = "{}"

[[suite]]
name = "unit"
command = "python3 -m pytest -p no:cacheprovider --junitxml=report.xml"
format = "junit"
report = "report.xml"
timeout = "1m"
env = {{ PYTHONPATH = ".", PYTHONDONTWRITEBYTECODE = "1" }}

{agent}
"#,
        docker.image
    );
    let mut files = vec![("dogwatch.toml", toml.as_str()), ("calc.py", WRONG), ("tests/test_calc.py", TESTS)];
    files.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    files.extend(more);
    TempRepo::new(&files)
}

/// `[agent]` for the replay agent whose script lies in the repository.
pub const REPLAY: &str = "[agent]\nname = \"replay\"\nscript = \"replay.json\"\n";
/// The package under test, wrong.
pub const WRONG: &str = "def add(a, b):\n    return a - b\n\n\ndef double(a):\n    return 2 * a\n";
/// The package under test, right.
pub const RIGHT: &str = "def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return 2 * a\n";
/// Its tests.
pub const TESTS: &str = "import calc\n\n\ndef test_add():\n    assert calc.add(2, 3) == 5\n\n\ndef test_add_zero():\n    \
                         assert calc.add(0, 0) == 0\n\n\ndef test_double():\n    assert calc.double(4) == 8\n";
