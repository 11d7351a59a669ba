//! Plain types that every room shares. No I/O and nothing async lives here.

mod actor;
mod allowance;
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
mod turn;

pub use actor::Actor;
pub use allowance::{Account, Allowances, Caps, Left, Measure, ProjectAllowance, Reached, Reservation, Scope, reached};
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
pub use step::{OnDisk, Step, StepEnd, StepKey, StepKind, StepLog, StepState};
pub use suite::{SuiteOutcome, SuiteReport, SuiteVerdict, TestCase, TestStatus};
pub use time::{Day, Millis};
pub use turn::{BadPriority, Need, Needs, Predecessor, Priority};
