//! The result of an event: the run's new values and the rows to write beside them, all in one transaction.

use crate::domain::{
    Actor, AgentReport, Audit, Left, Millis, Outcome, QuestionId, QuestionKind, Reached, Run, RunState, Spent,
    Suspicion, TermsFrom,
};

/// Why an event does not apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The run is not in a state for it.
    #[error("{event} does not apply to a run that is {}", .state.name())]
    NotNow {
        /// The event.
        event: &'static str,
        /// The run's state.
        state: RunState,
    },
    /// The run waits for the answer to a question first.
    #[error("the run waits for {question}: answer it with `dogwatch approvals approve|deny {question}`")]
    AnswerFirst {
        /// The question.
        question: QuestionId,
    },
    /// The question is not the one the run waits for.
    #[error("{question} is not open any more")]
    NotOpen {
        /// The question asked about.
        question: QuestionId,
    },
    /// Words are missing.
    #[error("{0}")]
    Incomplete(&'static str),
}

/// Lines of evidence in a question that is about something else.
const MOST_EXPLAINED: usize = 60;

/// A row to write in the same transaction as the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new iteration begins.
    OpenIteration {
        /// Its number.
        number: u32,
        /// The commit it starts from.
        base: String,
    },
    /// The agent's turn of the present iteration is over.
    AgentTurn {
        /// How.
        report: AgentReport,
        /// Checkpoint and tree.
        checkpoint: Option<(String, String)>,
    },
    /// A turn of the auditor is over, with what it says of the present iteration's result where it said something.
    Audited {
        /// What.
        audit: Option<Audit>,
    },
    /// Suites of the present iteration run a second time.
    Rerun {
        /// Which.
        suites: Vec<String>,
    },
    /// What the tests of the present iteration came to.
    Counts {
        /// Passed, failed, skipped.
        tests: (u32, u32, u32),
        /// Those that failed and passed on its tree.
        disagrees: Vec<String>,
    },
    /// Suspicions of the present iteration.
    Suspect {
        /// Which.
        suspicions: Vec<Suspicion>,
    },
    /// The iteration is over; one that has an outcome keeps it.
    CloseIteration {
        /// Its number.
        number: u32,
        /// How it ended.
        outcome: Outcome,
    },
    /// A person is asked; the run waits for it.
    Ask {
        /// What kind.
        kind: QuestionKind,
        /// One line.
        title: String,
        /// The facts.
        facts: Vec<String>,
        /// The caps of projects and days that are reached, where it is about such.
        reached: Vec<Reached>,
        /// What the trouble is known by, where other runs may have it as well: all of them share one question.
        cause: Option<String>,
    },
    /// The question was answered.
    RecordAnswer {
        /// Which.
        question: QuestionId,
        /// Yes or no.
        approve: bool,
        /// Why.
        reason: String,
        /// Who.
        by: Actor,
    },
    /// What a question asked for beyond caps of projects and days is allowed, once.
    Grant {
        /// Which.
        question: QuestionId,
    },
    /// Nobody needs the answer any more.
    Withdraw {
        /// Which.
        question: QuestionId,
    },
    /// New guidance for the next prompt.
    Guide {
        /// Who.
        by: Actor,
        /// What.
        text: String,
        /// What changes beside the words.
        terms: Option<TermsFrom>,
    },
    /// The plan that the agent wrote.
    KeepPlan {
        /// It.
        text: String,
    },
    /// Nothing stays reserved for the present iteration.
    Release,
    /// What a part of the present iteration used, for the ledger; and what stays reserved for the rest of it.
    Use {
        /// The part, as the ledger calls it.
        part: &'static str,
        /// How much.
        used: Spent,
        /// What stays reserved.
        left: Left,
    },
}

/// A run's new values with the rows beside them. Built up by the parts of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The new values. `version` is the one that was read: the store compares it and counts on.
    pub run: Run,
    /// Rows to write.
    pub writes: Vec<Write>,
}

impl Transition {
    pub(super) fn of(run: &Run, now: Millis) -> Self {
        let mut run = run.clone();
        run.updated = now;
        Self { run, writes: Vec::new() }
    }

    /// Moves to a working state with fresh counters of the step.
    pub(super) fn go(&mut self, state: RunState) {
        self.run.state = state;
        self.run.resume_to = None;
        self.run.question = None;
        self.run.attempt = 1;
        self.run.losses = 0;
        self.run.troubles = 0;
        self.run.not_before = None;
        self.run.reason = String::new();
    }

    /// Opens the next iteration from the head; where a cap is reached a person is asked before anything is dispatched.
    pub(super) fn next_iteration(&mut self) {
        self.release();
        self.go(if self.run.plan.is_due() { RunState::Planning } else { RunState::Developing });
        self.run.iteration += 1;
        self.run.rerun = None;
        let base = self.run.head.clone().or_else(|| self.run.base.clone()).unwrap_or_default();
        self.writes.push(Write::OpenIteration { number: self.run.iteration, base });
        self.check_budget();
    }

    /// Asks a person where a cap is reached; the answer leads back to the present state.
    pub(super) fn check_budget(&mut self) -> bool {
        let mut budget = self.run.budget;
        if self.run.state == RunState::Reviewing {
            // A turn of the auditor is no iteration.
            budget.iterations = u32::MAX;
        }
        let mut facts = self.run.spent.reached(&budget);
        if facts.is_empty() {
            return false;
        }
        let title = format!("budget reached: {}", facts.join(", "));
        facts.push("approve doubles every cap that is reached; deny ends the run as failed".to_owned());
        let resume_to = self.run.state;
        self.ask(RunState::Escalated, resume_to, QuestionKind::Budget, title, facts);
        true
    }

    /// Enters a use into the run's row and into the ledger.
    pub(super) fn spend(&mut self, part: &'static str, used: Spent, left: Left) {
        let spent = &mut self.run.spent;
        spent.iterations = spent.iterations.saturating_add(used.iterations);
        spent.milliseconds = spent.milliseconds.saturating_add(used.milliseconds);
        spent.tokens = spent.tokens.saturating_add(used.tokens);
        spent.microusd = spent.microusd.saturating_add(used.microusd);
        self.writes.push(Write::Use { part, used, left });
    }

    /// Gives back what is reserved for the present iteration.
    pub(super) fn release(&mut self) {
        self.writes.push(Write::Release);
    }

    /// Ends the run in a final state; an iteration that is still open ends without a verdict.
    pub(super) fn end(&mut self, state: RunState, reason: String) {
        self.writes.push(Write::CloseIteration { number: self.run.iteration, outcome: Outcome::Neutral });
        self.release();
        self.go(state);
        self.run.reason = reason;
    }

    /// Asks a person and waits in `state`; the answer leads to `resume_to`.
    pub(super) fn ask(
        &mut self,
        state: RunState,
        resume_to: RunState,
        kind: QuestionKind,
        title: String,
        facts: Vec<String>,
    ) {
        self.run.state = state;
        self.run.resume_to = Some(resume_to);
        self.run.not_before = None;
        self.run.reason.clone_from(&title);
        self.writes.push(Write::Ask { kind, title, facts, reached: Vec::new(), cause: None });
    }

    /// Asks a person where a cap of the project or of the day is reached; the answer leads back to the present state.
    pub(super) fn ask_for_more(&mut self, project: &str, reached: &[Reached]) {
        let short: Vec<String> = reached.iter().map(|one| one.short(project)).collect();
        let mut facts: Vec<String> = reached.iter().map(|one| one.words(project)).collect();
        if reached.iter().all(|one| one.scope.day().is_some()) {
            facts.push(
                "or let it wait, with `dogwatch approvals wait`: then it goes on by itself when the day turns"
                    .to_owned(),
            );
        }
        facts.push("deny ends the run as failed".to_owned());
        let resume_to = self.run.state;
        let title = format!("budget reached: {}", short.join(", "));
        self.ask(RunState::Escalated, resume_to, QuestionKind::Budget, title, facts);
        if let Some(Write::Ask { reached: about, .. }) = self.writes.last_mut() {
            *about = reached.to_vec();
        }
    }

    /// Adds what led here to the question that is being asked, where there is one.
    pub(super) fn explain(&mut self, headline: &str, evidence: &[String]) {
        let Some(Write::Ask { facts, .. }) = self.writes.last_mut() else { return };
        facts.push(headline.to_owned());
        facts.extend(evidence.iter().take(MOST_EXPLAINED).cloned());
        if evidence.len() > MOST_EXPLAINED {
            facts.push(format!(
                "and {} more lines; see `dogwatch show {}`",
                evidence.len() - MOST_EXPLAINED,
                self.run.id
            ));
        }
    }

    /// Takes back the open question, if there is one.
    pub(super) fn withdraw(&mut self) {
        if let Some(question) = self.run.question.take() {
            self.writes.push(Write::Withdraw { question });
        }
    }
}
