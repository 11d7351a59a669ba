//! What happens in one simulation: the repository, what the agent does in each turn, what breaks, what operators ask.

use super::disk::Tree;
use crate::domain::{Allowances, Priority, QuestionKind, RunState, StepKey, StepKind};
use std::time::Duration;

/// Agents and suites have so many times ten minutes at most, however slow everything is.
const LONGEST_PATIENCE: u32 = 12;

/// What the agent does in one turn. Turns that are not listed do honest work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Repairs one part.
    Work,
    /// Ends well without a change.
    Nothing,
    /// Says that it cannot do it.
    GiveUp,
    /// Says that the account's limit is reached, for so many seconds; a limit that is over already is negative.
    Limited(i64),
    /// The provider is overloaded.
    Overloaded,
    /// Fails at once.
    Instant,
    /// Refused credentials.
    Auth,
    /// Writes nothing more and never ends.
    Silent,
    /// Writes and never ends.
    Endless,
    /// Repairs one part, and has the repository take in a package.
    Packages,
    /// Makes the tests pass by editing them.
    CheatTests,
    /// Brings a filter for git along.
    CheatGit,
}

/// What the auditor does in one turn. Turns that are not listed agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// That it agrees.
    Yes,
    /// That it does not.
    No,
    /// Something, and not whether it agrees.
    Much,
    /// Whatever an agent's turn comes to that leaves no word of it.
    Nothing(Turn),
}

/// What befalls a running container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Somebody removes it.
    Removed,
    /// The kernel kills it for its memory.
    OutOfMemory,
    /// The container engine is restarted and takes every container down.
    Restart,
    /// Its end is unknown, and the container engine is the one to blame.
    Dropped,
}

/// A call of the container engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Create,
    Start,
    Presence,
    Freeze,
    Thaw,
    Remove,
    Labelled,
    Image,
    Commit,
}

/// How a call goes wrong. The caller sees no answer within its deadline in all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slip {
    /// It was never done.
    Hung,
    /// It was done; the answer was lost.
    LostReply,
    /// It is done after the caller has given up.
    Late,
}

/// What an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Pause,
    Resume,
    Redirect(&'static str),
    /// A redirect by which an agent called by its name works on, with another iteration to spend.
    HandOn(&'static str),
    Cancel,
    Prioritise(Priority),
    Rollback(u32),
    /// Takes the checkpoint of an iteration as a branch of its own.
    HandOver(u32),
}

impl Ask {
    /// The kind of the audit event that shows it was done.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Pause => "run.pause",
            Self::Resume => "run.resume",
            Self::Redirect(_) | Self::HandOn(_) => "run.redirect",
            Self::Cancel => "run.cancel",
            Self::Prioritise(_) => "run.prioritise",
            Self::Rollback(_) => "run.rollback",
            Self::HandOver(_) => "delivery.done",
        }
    }
}

/// When an operator does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// A container of this kind has run for so many seconds in this iteration.
    Runs(StepKind, u32, u64),
    /// The run has been in this state for so many seconds.
    State(RunState, i64),
    /// The container engine refuses to answer.
    Down,
    /// The simulation is so many seconds old.
    At(i64),
}

/// What becomes of the run that the plot's run follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leader {
    /// It goes its way.
    Works,
    /// The person cancels it as soon as it works.
    Cancelled,
}

/// One simulation. Everything else follows from it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other")]
pub(super) struct Plot {
    pub name: &'static str,
    pub seed: u64,
    /// How many times longer than in the stories everything takes: 1 for turns of 8 to 40 seconds, 60 for as many minutes.
    pub pace: u32,
    /// Runs that may work at once.
    pub places: usize,
    /// How much the run is wanted.
    pub priority: Priority,
    /// A run with the same task that it follows.
    pub leader: Option<Leader>,
    /// Further runs with the same task, which were there before; every other one is of another project.
    pub rivals: u64,
    /// Parts of the repository that have to be repaired, one a turn.
    pub parts: u64,
    pub setup: bool,
    /// The suite `unit` has services: a database, and the application, which ends at once while part 0 is bad. A browser looks
    /// at the latter.
    pub services: bool,
    /// In these iterations the application is never ready.
    pub deaf: Vec<u32>,
    /// In these iterations and attempts a test fails that nothing is wrong with; in all others it passes.
    pub flaky: Vec<(u32, u32)>,
    /// A person looks at every result.
    pub review: bool,
    /// The agent is a coding agent, which says what it does in its own events.
    pub coding: bool,
    /// It asks models, and that is written down.
    pub asks_models: bool,
    /// Whether runs write a plan first.
    pub plan: crate::domain::Plan,
    /// Whether another agent looks at results.
    pub audit: bool,
    /// What it says of them, by iteration and attempt; attempt 0 means every one.
    pub audits: Vec<(u32, u32, Says)>,
    /// The cap on iterations.
    pub iterations: u32,
    /// The cap on tokens.
    pub tokens: Option<u64>,
    /// By iteration and attempt; attempt 0 means every one.
    pub turns: Vec<(u32, u32, Turn)>,
    /// By kind, iteration and attempt (0 for every one): after so many seconds of running.
    pub fates: Vec<(StepKind, u32, u32, u64, Fate)>,
    /// The n-th such call slips.
    pub slips: Vec<(Call, u32, Slip)>,
    /// Every call slips so often in a hundred.
    pub slippery: u64,
    /// So many pulls fail first.
    pub broken_pulls: u32,
    /// These checkouts fail, counted from 1.
    pub broken_checkouts: Vec<u32>,
    /// Deliveries fail until a person has repaired something so often, which is done before each approval.
    pub broken_deliveries: u32,
    /// So many deliveries fail for a reason that passes.
    pub shaky_deliveries: u32,
    /// Whether the setup command fails.
    pub broken_setup: bool,
    /// Done one after the other.
    pub asks: Vec<(When, Ask)>,
    /// Answers by kind, in order; the last one of a kind is repeated.
    pub answers: Vec<(QuestionKind, bool)>,
    /// What projects and days may spend.
    pub allowances: Allowances,
    /// Whether questions about the caps of a day are answered by waiting for the next one: so many first, then by `answers`.
    pub waits: usize,
    /// Whether the person asks without knowing whether it fits.
    pub rash: bool,
    /// How long the engine stays dead after a crash.
    pub dead: Duration,
}

impl Plot {
    /// A run without any disturbance.
    pub fn plain(name: &'static str, seed: u64) -> Self {
        Self {
            name,
            seed,
            pace: 1,
            places: 2,
            priority: Priority::Normal,
            leader: None,
            rivals: 0,
            parts: 2,
            setup: false,
            services: false,
            deaf: Vec::new(),
            flaky: Vec::new(),
            review: false,
            coding: false,
            asks_models: false,
            plan: crate::domain::Plan::None,
            audit: false,
            audits: Vec::new(),
            iterations: 10,
            tokens: None,
            turns: Vec::new(),
            fates: Vec::new(),
            slips: Vec::new(),
            slippery: 0,
            broken_pulls: 0,
            broken_checkouts: Vec::new(),
            broken_deliveries: 0,
            shaky_deliveries: 0,
            broken_setup: false,
            asks: Vec::new(),
            answers: Vec::new(),
            allowances: Allowances::default(),
            waits: 0,
            rash: false,
            dead: Duration::from_secs(2),
        }
    }

    /// What the agent does.
    pub fn turn(&self, key: &StepKey) -> Turn {
        listed(&self.turns, key).unwrap_or(Turn::Work)
    }

    /// What the auditor does.
    pub fn says(&self, key: &StepKey) -> Says {
        listed(&self.audits, key).unwrap_or(Says::Yes)
    }

    /// What befalls a container, and when.
    pub fn fate(&self, key: &StepKey) -> Option<(Duration, Fate)> {
        let found = self.fates.iter().find(|(kind, iteration, attempt, ..)| {
            (*kind, *iteration) == (key.kind, key.iteration) && (*attempt == key.attempt || *attempt == 0)
        });
        found.map(|found| (Duration::from_secs(found.3) * self.pace, found.4))
    }

    /// The repository as the run finds it.
    pub fn repository(&self) -> Tree {
        let patience = self.pace.min(LONGEST_PATIENCE);
        let (timeout, silence) = (10 * patience, 5 * patience);
        let iterations = self.iterations;
        let setup = if self.setup {
            format!("[setup]\ncommand = [\"make\", \"deps\"]\nkeep = [\"deps\"]\ntimeout = \"{timeout}m\"\n")
        } else {
            String::new()
        };
        let named = if self.services { "services = [\"db\", \"app\"]\n" } else { "" };
        let services = if self.services { services(timeout) } else { String::new() };
        let agent = if self.coding { "name = \"claude\"" } else { "name = \"command\"\ncommand = [\"fixer\"]" };
        let tokens = self.tokens.map_or_else(String::new, |tokens| format!("tokens = {tokens}\n"));
        let review = if self.review { "review = \"always\"\n" } else { "" };
        let audit = if self.audit { "audit = \"always\"\n" } else { "" };
        let gates = format!("[gates]\n{review}{audit}");
        let toml = format!(
            "version = 1\n[image]\nreference = \"docker.io/library/python:3.13-slim\"\n{setup}\
             [[suite]]\nname = \"unit\"\ncommand = [\"pytest\", \"-v\"]\nformat = \"pytest\"\ntimeout = \"{timeout}m\"\n{named}\
             [[suite]]\nname = \"lint\"\ncommand = [\"lint\", \"all\"]\nformat = \"junit\"\nreport = \"report.xml\"\n\
             timeout = \"{timeout}m\"\n\
             [agent]\n{agent}\ntimeout = \"{timeout}m\"\nsilence = \"{silence}m\"\n\
             [budget]\niterations = {iterations}\n{tokens}{gates}{services}"
        );
        let mut tree = Tree::from([
            ("dogwatch.toml".to_owned(), toml.into_bytes()),
            ("tests/test_parts.py".to_owned(), b"strict".to_vec()),
            ("diary.md".to_owned(), Vec::new()),
            ("Cargo.toml".to_owned(), NO_PACKAGES.to_vec()),
        ]);
        for part in 0..self.parts {
            tree.insert(part_path(part), b"bad".to_vec());
        }
        tree
    }
}

/// What a list has for the turn of a step.
fn listed<T: Copy>(turns: &[(u32, u32, T)], key: &StepKey) -> Option<T> {
    let fits = |at: &(u32, u32, T)| at.0 == key.iteration && (at.1 == key.attempt || at.1 == 0);
    turns.iter().find(|at| fits(at)).map(|at| at.2)
}

/// The manifest of the base.
pub(super) const NO_PACKAGES: &[u8] = b"[dependencies]\n";

/// The services of a suite, where it has some.
const SERVICES: &str = "[services.db]\nimage = \"docker.io/library/postgres:17\"\ncommand = \"postgres\"\n\
                        ready = { tcp = 5432 }\n[services.app]\ncommand = \"serve\"\n\
                        ready = { http = \"http://app:8000/\", within = \"60s\" }\n\
                        [browser]\nurl = \"http://127.0.0.1:8000\"\nservices = [\"app\"]\n";

/// The same with the longest that the browser may take, since everything may be slow.
fn services(timeout: u32) -> String {
    format!("{SERVICES}timeout = \"{timeout}m\"\n")
}

/// Where a part lies.
pub(super) fn part_path(part: u64) -> String {
    format!("src/part{part}.py")
}
