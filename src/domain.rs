//! Plain types that every room shares. No I/O and nothing async lives here.

mod actor;
mod allowance;
mod asset;
mod audit;
mod bounded;
mod budget;
mod bug;
mod conversation;
mod dataset;
mod egress;
mod ending;
mod execution;
mod feature;
mod finding;
mod garbage;
mod gate;
mod guidance;
mod host;
mod ids;
mod iteration;
mod knowledge;
mod lesson;
mod memory;
mod metrics;
mod model_api;
mod model_stop;
mod person;
mod plan;
mod project;
mod proposal;
mod provider_tool;
mod question;
mod record;
mod remedy;
mod request_sum;
mod role;
mod run;
mod schedule;
pub mod sought;
mod step;
mod stop;
mod suite;
mod task;
mod terms;
mod time;
mod turn;
mod vitals;

pub use actor::Actor;
pub use allowance::{Account, Allowances, Caps, Left, Measure, ProjectAllowance, Reached, Reservation, Scope, reached};
pub use asset::{
    Asset, AssetFault, AssetHost, AssetHostFault, AssetLogin, AssetName, AssetPath, AssetSpec, AssetWord,
    AssetWordFault, ContainerName, HostKey, HostKeyFault, KeySource, Reach, SourceAddress, UserName,
};
pub use audit::{Audit, Opinion};
pub use bounded::{Bounded, bounded_facts, bounded_text, shortened, text_facts};
pub use budget::{Budget, Spent, Usage};
pub use bug::{Bug, BugState, Told};
pub use conversation::{Conversation, Tokens};
pub use dataset::{DATASETS_INSIDE, Dataset, DatasetState, LONGEST_DATASET_NAME, is_dataset_name};
pub use egress::{EgressBytes, EgressSeen, OpenHost};
pub use ending::{AgentReport, Ending};
pub use execution::{Command, ExecutionId, ExecutionOutcome, Program};
pub use feature::{CriterionReport, Feature, FeatureClosed, FeatureState, Fulfilment};
pub use finding::{Finding, Fingerprint, Frame, Location, Severity, Source};
pub use garbage::{Collection, Garbage, GarbageKind, Packed};
pub use gate::{GateResult, GateVerdict};
pub use guidance::{GUIDANCE_HEADING, Guidance, GuidanceState, Live, LiveFate};
pub use host::{HostFault, HostName, HostPattern};
pub use ids::{
    AssetId, BadId, BugId, DatasetId, FeatureId, LessonId, ProjectId, ProposalId, QuestionId, RunId, ScheduleId,
    StepId, TaskId,
};
pub use iteration::{Iteration, Outcome, Suspicion};
pub use knowledge::{Entry, EntryKind, Note, NoteKind, Standing, ToolCall, ToolOutcome};
pub use lesson::{LONGEST_LESSON, Lesson, LessonOrigin, TEACHES};
pub use memory::{Attempt, AttemptOutcome, Likeness, Offer, OfferOutcome, Remembered, Solution};
pub use metrics::{LoopMetrics, Tally};
pub use model_api::ModelApi;
pub use model_stop::{ModelStop, ModelStops};
pub use person::{Group, Holder, Login, OperatorRole, Operators, Person, has as has_role};
pub use plan::Plan;
pub use project::Project;
pub use proposal::{
    Agreed, AssetFacts, Claims, Human, Moment, Proposal, ProposalState, Proposed, Requester, Seen, Vote, Voter,
};
pub use provider_tool::ProviderTool;
pub use question::{Answer, Question, QuestionKind, QuestionState};
pub use record::{AuditAbout, AuditPage, AuditRecord};
pub use remedy::Remedy;
pub use request_sum::RequestSum;
pub use role::{BadRole, Data, Role, RoleRules, Tool};
pub use run::{ImageUsed, Origin, Rerun, Run, RunState};
pub use schedule::{BadTiming, Due, Firing, LATE, MOST_MISSED, Schedule, Timing};
pub use step::{OnDisk, Step, StepEnd, StepKey, StepKind, StepLog, StepState};
pub use stop::Stop;
pub use suite::{SuiteOutcome, SuiteReport, SuiteVerdict, TestCase, TestStatus};
pub use task::{AskedBy, ImageFrom, Task, TaskOutcome, TaskPlace, TaskResult, TaskState, TaskWork};
pub use terms::{Terms, TermsFrom, hands};
pub use time::{Day, Millis};
pub use turn::{BadPriority, Need, Needs, Predecessor, Priority};
pub use vitals::{AssetState, ContainerSeen, DiskSeen, Sighting, Vitals};
