//! Plain types that every room shares. No I/O and nothing async lives here.

mod actor;
mod bounded;
mod budget;
mod bug;
mod ending;
mod finding;
mod garbage;
mod gate;
mod guidance;
mod ids;
mod iteration;
mod project;
mod question;
mod run;
mod step;
mod suite;
mod time;

pub use actor::Actor;
pub use bounded::{Bounded, bounded_facts, shortened};
pub use budget::{Budget, Spent, Usage};
pub use bug::{Bug, BugState};
pub use ending::{AgentReport, Ending};
pub use finding::{Finding, Fingerprint, Frame, Location, Severity, Source};
pub use garbage::{Collection, Garbage, GarbageKind};
pub use gate::{GateResult, GateVerdict};
pub use guidance::{Guidance, GuidanceState};
pub use ids::{BugId, ProjectId, QuestionId, RunId, StepId};
pub use iteration::{Iteration, Outcome, Suspicion};
pub use project::Project;
pub use question::{Answer, Question, QuestionKind, QuestionState};
pub use run::{ImageUsed, Origin, Run, RunState};
pub use step::{Step, StepEnd, StepKey, StepKind, StepLog, StepState};
pub use suite::{SuiteOutcome, SuiteReport, SuiteVerdict, TestCase, TestStatus};
pub use time::Millis;
