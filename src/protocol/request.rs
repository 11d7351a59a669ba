//! What clients may ask for.

use super::{DatasetAsk, FeatureAsk, LessonAsk, NewProposal, ScheduleAsk, Verdict};
use crate::domain::sought::Sought;
use crate::domain::{
    Agreed, AssetSpec, AuditAbout, BugId, EntryKind, FeatureId, Plan, Priority, ProposalId, QuestionId, Role, RunId,
    Terms,
};
use serde::{Deserialize, Serialize};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// How the engine is.
    Status,
    /// Who the engine takes the client for, and what that person may do.
    WhoAmI,
    /// End the engine; containers live on and are taken up again by the next one.
    Stop,
    /// Register a repository, by absolute path or URL.
    AddProject {
        /// Where it is.
        source: String,
        /// Its name; the last part of the source by default.
        name: Option<String>,
    },
    /// Take a project away of which nothing is on record.
    RemoveProject {
        /// Its name or id.
        project: String,
    },
    /// All projects.
    Projects,
    /// Start a run.
    Submit {
        /// The project's name or id.
        project: String,
        /// What is to be done.
        task: String,
        /// Acceptance criteria.
        criteria: Vec<String>,
        /// What its agent is there for.
        #[serde(default)]
        role: Role,
        /// The container engine that its steps run on, as config.toml calls it; that of the project by default.
        #[serde(default)]
        engine: Option<String>,
        /// The agent; that of the role or the repository's own by default.
        agent: Option<String>,
        /// A cap on iterations; the repository's by default.
        iterations: Option<u32>,
        /// A revision of the source to start from; its HEAD by default.
        revision: Option<String>,
        /// How much it is wanted, against others that wait for a place.
        #[serde(default)]
        priority: Priority,
        /// Whether a plan is written first; as the repository says where it is not said.
        #[serde(default)]
        plan: Option<Plan>,
        /// The runs that it follows: it starts when all of them have succeeded.
        #[serde(default)]
        after: Vec<RunId>,
        /// The feature that it is to build; task and criteria come after those of it.
        #[serde(default)]
        feature: Option<FeatureId>,
    },
    /// Runs, newest first.
    Runs {
        /// Those that are over as well.
        all: bool,
    },
    /// One run in full.
    Run {
        /// Which.
        run: RunId,
    },
    /// One iteration in full: what its tests found, what its gates said, the prompt as it was sent.
    Iteration {
        /// Which run.
        run: RunId,
        /// Its number.
        iteration: u32,
    },
    /// Freeze a run.
    Pause {
        /// Which.
        run: RunId,
    },
    /// Let a paused run go on.
    Resume {
        /// Which.
        run: RunId,
    },
    /// Give new guidance.
    Redirect {
        /// Which.
        run: RunId,
        /// What the agent should do differently.
        text: String,
        /// What the work is measured by from now on, one a line, if that changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        criteria: Option<Vec<String>>,
        /// What else changes: who works on, and how many more iterations there may be.
        #[serde(default, skip_serializing_if = "Terms::is_none")]
        terms: Terms,
    },
    /// Stop a run for good.
    Cancel {
        /// Which.
        run: RunId,
        /// Why.
        reason: String,
    },
    /// Want a run more than others, or less.
    Prioritise {
        /// Which.
        run: RunId,
        /// How much.
        priority: Priority,
    },
    /// Go on from an earlier checkpoint.
    Rollback {
        /// Which.
        run: RunId,
        /// The iteration whose checkpoint is taken; the best so far where none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        iteration: Option<u32>,
    },
    /// The changes of an iteration, or of the whole run.
    Diff {
        /// Which.
        run: RunId,
        /// One iteration, or from the base to the head.
        iteration: Option<u32>,
    },
    /// Hand over the result.
    Deliver {
        /// Which.
        run: RunId,
        /// An iteration other than the last checkpoint.
        iteration: Option<u32>,
        /// How.
        how: DeliverAs,
    },
    /// Questions to people.
    Questions {
        /// Settled ones as well.
        all: bool,
    },
    /// One question.
    Question {
        /// Which.
        question: QuestionId,
    },
    /// Say yes to a question about a host, for every run of the project.
    OpenHost {
        /// Which question.
        question: QuestionId,
        /// Why, for the record.
        #[serde(default)]
        reason: String,
    },
    /// Hosts that people opened to every run of a project.
    Hosts {
        /// Its name or id.
        project: String,
    },
    /// Close one of them again.
    CloseHost {
        /// The project's name or id.
        project: String,
        /// Which.
        host: String,
        /// Why, for the record.
        #[serde(default)]
        reason: String,
    },
    /// Answer a question.
    Answer {
        /// Which.
        question: QuestionId,
        /// Yes or no.
        approve: bool,
        /// Why; a denial needs it.
        reason: String,
        /// The runs that were shown to wait for it, where there are several. A denial ends these and no others; one that names none
        /// is refused then.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        runs: Vec<RunId>,
    },
    /// Let a run that asks about the caps of a day wait for the next one.
    AwaitDay {
        /// The question.
        question: QuestionId,
    },
    /// Proposals for live assets, oldest first.
    Proposals {
        /// Those that are over as well.
        all: bool,
    },
    /// One proposal in full.
    Proposal {
        /// Which.
        proposal: ProposalId,
    },
    /// Propose something for a live asset.
    Propose {
        /// What.
        new: Box<NewProposal>,
    },
    /// Put an edited proposal in the place of another, whose votes are void.
    EditProposal {
        /// Which.
        proposal: ProposalId,
        /// What; the asset stays where its name is empty.
        new: Box<NewProposal>,
    },
    /// Decide about a proposal.
    Decide {
        /// Which.
        proposal: ProposalId,
        /// What.
        verdict: Verdict,
    },
    /// Say yes to several proposals that are alike, or to none of them.
    AgreeToAll {
        /// Each with the digest of what was shown.
        yes: Vec<Agreed>,
    },
    /// Bytes of what an execution printed.
    ReadOutput {
        /// Which.
        proposal: ProposalId,
        /// First byte.
        offset: u64,
        /// Most bytes; the engine may send fewer.
        most: u32,
    },
    /// What runs, projects and days have used and reserved of what they may.
    Budget,
    /// What a run asked of models.
    Usage {
        /// Which run.
        run: RunId,
    },
    /// Where models are stopped.
    Models,
    /// Let no request pass to any model, for one project by name or id or for all, until they are started again.
    StopModels {
        /// Whose.
        project: Option<String>,
        /// Why.
        reason: String,
    },
    /// Let requests to models pass again.
    StartModels {
        /// Whose.
        project: Option<String>,
    },
    /// What a run asked of hosts outside.
    Egress {
        /// Which.
        run: RunId,
    },
    /// The logs that a run has.
    Logs {
        /// Which.
        run: RunId,
    },
    /// Bytes of a log.
    ReadLog {
        /// Which run.
        run: RunId,
        /// The step's name as in `Logs`.
        step: String,
        /// First byte.
        offset: u64,
        /// Most bytes; the engine may send fewer.
        most: u32,
    },
    /// All log bytes of a run from the start (or the end) on, step after step, as a stream.
    FollowLog {
        /// Which run.
        run: RunId,
        /// Only the steps of this iteration and later ones.
        from_iteration: u32,
    },
    /// Lines of a step's log.
    ReadLines {
        /// Which run.
        run: RunId,
        /// The step's name as in `Logs`.
        step: String,
        /// The first line, counted from 0; absent for the last ones.
        first: Option<u64>,
        /// Which part of the first line, where it is longer than 1 MiB.
        part: u64,
        /// Most lines; the engine may send fewer.
        most: u32,
    },
    /// The lines of a step's log that fit what is sought, from a place on in one direction. The engine looks through a bounded
    /// part of the log and says how far it came; who wants more asks from there.
    SearchLines {
        /// Which run.
        run: RunId,
        /// The step's name as in `Logs`.
        step: String,
        /// What.
        sought: Sought,
        /// Going forward the first line that is looked at, counted from 0; going backward the first that is not any more.
        from: u64,
        /// Towards the beginning.
        backward: bool,
        /// Most lines in the answer; with 0 they are only counted.
        most: u32,
    },
    /// The end of what a run's programs print, as a stream: the last lines of its latest log, then what comes, one step after the
    /// other. Where more comes than a client takes, it gets the last of it and asks for the rest when somebody wants it.
    TailLog {
        /// Which run.
        run: RunId,
        /// Most lines at once.
        most: u32,
    },
    /// Bugs, the one seen last first.
    Bugs {
        /// Solved ones as well.
        all: bool,
    },
    /// One bug: the runs that saw it, and what was tried against it.
    Bug {
        /// Which.
        bug: BugId,
    },
    /// How well the loops do without people.
    Metrics {
        /// How many days are counted, today included; at least 1.
        days: u32,
    },
    /// Take a bug for solved, on a person's word.
    CloseBug {
        /// Which.
        bug: BugId,
        /// Why.
        reason: String,
    },
    /// Take a bug on a person's word.
    AddBug {
        /// The project that has it, by name or id.
        project: String,
        /// In one line.
        title: String,
        /// What else there is to know; may be empty.
        text: String,
    },
    /// Make one bug a part of another, on a person's word.
    MergeBugs {
        /// Which leads to the other from then on.
        from: BugId,
        /// The one that stays.
        into: BugId,
        /// Why.
        reason: String,
    },
    /// What the agent of a run used its tools for, and what it noted.
    Tools {
        /// Which run.
        run: RunId,
    },
    /// What was asked for beside the loop, the newest of it.
    Tasks {
        /// Which run; all where none is named.
        run: Option<RunId>,
    },
    /// About what people want of projects.
    Feature {
        /// What.
        about: FeatureAsk,
    },
    /// About test runs that people want by a clock.
    Schedule {
        /// What.
        about: ScheduleAsk,
    },
    /// About what was taught.
    Lesson {
        /// What.
        about: LessonAsk,
    },
    /// About data sets.
    Dataset {
        /// What.
        about: DatasetAsk,
    },
    /// Register something for agents to read.
    AddEntry {
        /// What it is.
        kind: EntryKind,
        /// The name or id of the project whose it is; every project's where none is named.
        project: Option<String>,
        /// Its name.
        name: String,
        /// What there is to know.
        text: String,
    },
    /// What is registered for agents to read.
    Entries,
    /// Remove what is registered.
    RemoveEntry {
        /// Its number.
        entry: i64,
    },
    /// Live systems, by name; their notes are cut.
    Assets,
    /// One live system in full.
    Asset {
        /// Its name.
        name: String,
    },
    /// Register live systems, all or none of them.
    PutAssets {
        /// Them.
        assets: Vec<AssetSpec>,
        /// Say anew what those are whose names are taken, where that differs.
        replace: bool,
    },
    /// Look at a live system now.
    LookAtAsset {
        /// Its name.
        name: String,
    },
    /// Take a live system out of the registry.
    RemoveAsset {
        /// Its name.
        name: String,
    },
    /// Records of the audit log, the newest first. The engine looks at a bounded number of them for each request and says where
    /// it stopped.
    Audit {
        /// Only records before this one; absent for the newest.
        before: Option<u64>,
        /// Most records; the engine may send fewer.
        most: u32,
        /// Only records about this run.
        #[serde(default)]
        run: Option<RunId>,
        /// Only records of a kind that begins so.
        #[serde(default)]
        kind: Option<String>,
        /// Only records that hold this text, in upper or lower case.
        #[serde(default)]
        text: Option<String>,
        /// What else they must be.
        #[serde(default)]
        about: AuditAbout,
    },
    /// What the engine says of its audit log, signed, for whoever remembers what it said before.
    Witness {
        /// The record that was seen last.
        seen: Option<u64>,
    },
    /// Check the whole audit log.
    VerifyAudit,
    /// Remove what the policy of retention lets go.
    Collect {
        /// Only tell it.
        dry_run: bool,
    },
    /// Everything that changes, as a stream.
    Watch {
        /// The cursor up to which the client knows everything, with the engine's instance that gave it.
        since: Option<(String, u64)>,
    },
}

/// How a result is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliverAs {
    /// As a branch in the source repository.
    Branch {
        /// Its name; the run's branch by default.
        name: Option<String>,
        /// Also where the branch there has other commits.
        force: bool,
    },
    /// As a patch against the base, in the reply.
    Patch,
}
