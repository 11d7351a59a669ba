//! Runs: the rows that transitions compare and set.

use super::columns::{InOrder, Json, Word, word};
use super::{StoreError, Tx, View};
use crate::domain::{Budget, Millis, Needs, ProjectId, QuestionId, Run, RunId, RunState, Spent};
use rusqlite::{Row, ToSql, named_params, params, params_from_iter};

/// Which runs a list shall have. The default is all of them, newest first, at most 1000.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only this project's.
    pub project: Option<ProjectId>,
    /// Only runs in one of these states; empty means any state.
    pub states: Vec<RunState>,
    /// Leave out runs whose state is final.
    pub unfinished: bool,
    /// Only runs older than this one, for paging.
    pub before: Option<RunId>,
    /// At most so many; 1000 when absent.
    pub limit: Option<u32>,
}

/// The columns of a run, in the order in which [`run`] reads them. Runs are read more often than anything else, and to look
/// each column up by its name was most of the cost.
macro_rules! columns {
    () => {
        "id, project, task, criteria, owner, origin, agent, role, engine, priority, needs_memory, needs_processors, predecessors, waits_since,
         plan, audit, state, resume_to, iteration, attempt, losses, rerun, troubles, instant_failures, not_before, base, head, image, budget_iterations, budget_seconds, budget_tokens, budget_microusd,
         spent_iterations, spent_milliseconds, spent_tokens, spent_microusd, question, reason, version, created, updated"
    };
}

fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let mut next = InOrder::new(row);
    Ok(Run {
        id: RunId(next.get()?),
        project: ProjectId(next.get()?),
        task: next.get()?,
        criteria: next.json()?,
        owner: next.json()?,
        origin: next.json()?,
        agent: next.get()?,
        role: next.word()?,
        engine: next.get()?,
        priority: next.word()?,
        needs: Needs { memory_mib: next.get()?, millicpus: next.get()? },
        after: next.json()?,
        waits_since: Millis(next.get()?),
        plan: next.word()?,
        audit: next.get()?,
        state: next.word()?,
        resume_to: next.maybe_word()?,
        iteration: next.get()?,
        attempt: next.get()?,
        losses: next.get()?,
        rerun: next.maybe_json()?,
        troubles: next.get()?,
        instant_failures: next.get()?,
        not_before: next.get::<Option<i64>>()?.map(Millis),
        base: next.get()?,
        head: next.get()?,
        image: next.maybe_json()?,
        budget: Budget { iterations: next.get()?, seconds: next.get()?, tokens: next.get()?, microusd: next.get()? },
        spent: Spent { iterations: next.get()?, milliseconds: next.get()?, tokens: next.get()?, microusd: next.get()? },
        question: next.get::<Option<i64>>()?.map(QuestionId),
        reason: next.get()?,
        version: next.get()?,
        created: Millis(next.get()?),
        updated: Millis(next.get()?),
    })
}

impl View<'_> {
    /// The run with this id.
    pub fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.one(concat!("SELECT ", columns!(), " FROM runs WHERE id = ?1"), [id.0], run)
    }

    /// The states of these runs, and when each last changed. What the store does not know is left out.
    pub fn states(&self, runs: &[RunId]) -> Result<Vec<(RunId, RunState, Millis)>, StoreError> {
        let mut found = Vec::new();
        for id in runs {
            let sql = "SELECT state, updated FROM runs WHERE id = ?1";
            found.extend(self.one(sql, [id.0], |row| Ok((*id, word(row, "state")?, Millis(row.get("updated")?))))?);
        }
        Ok(found)
    }

    /// How many runs are not over.
    pub fn unfinished_runs(&self) -> Result<u32, StoreError> {
        let sql = "SELECT count(*) FROM runs WHERE state NOT IN ('succeeded', 'cancelled', 'failed')";
        Ok(self.one(sql, [], |row| row.get(0))?.unwrap_or_default())
    }

    /// Runs that pass the filter, newest first.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<Run>, StoreError> {
        let mut sql = concat!("SELECT ", columns!(), " FROM runs WHERE 1").to_owned();
        let mut values: Vec<Box<dyn ToSql>> = Vec::new();
        if let Some(project) = filter.project {
            sql.push_str(" AND project = ?");
            values.push(Box::new(project.0));
        }
        if !filter.states.is_empty() {
            sql.push_str(" AND state IN (");
            sql.push_str(&vec!["?"; filter.states.len()].join(", "));
            sql.push(')');
            values.extend(filter.states.iter().map(|state| Box::new(state.name()) as Box<dyn ToSql>));
        }
        if filter.unfinished {
            sql.push_str(" AND state NOT IN ('succeeded', 'cancelled', 'failed')");
        }
        if let Some(before) = filter.before {
            sql.push_str(" AND id < ?");
            values.push(Box::new(before.0));
        }
        sql.push_str(" ORDER BY id DESC LIMIT ?");
        values.push(Box::new(filter.limit.unwrap_or(1000)));
        self.many(&sql, params_from_iter(values), run)
    }
}

impl Tx<'_> {
    /// Stores a new run and gives it back with its id. `id` and `version` of the argument are ignored; the version
    /// starts at 1.
    pub fn insert_run(&self, new: &Run) -> Result<Run, StoreError> {
        let id = self.insert(
            "INSERT INTO runs (project, task, criteria, owner, origin, agent, role, engine, priority, needs_memory, needs_processors, predecessors, waits_since, plan, audit, state, resume_to, iteration, attempt, losses, rerun, troubles,
                instant_failures, not_before, base, head, image, budget_iterations, budget_seconds, budget_tokens,
                budget_microusd, spent_iterations, spent_milliseconds, spent_tokens, spent_microusd, question, reason,
                version, created, updated)
             VALUES (:project, :task, :criteria, :owner, :origin, :agent, :role, :engine, :priority, :needs_memory, :needs_processors, :predecessors, :waits_since, :plan, :audit, :state, :resume_to, :iteration, :attempt,
                :losses, :rerun, :troubles, :instant_failures, :not_before, :base, :head, :image, :budget_iterations, :budget_seconds,
                :budget_tokens, :budget_microusd, :spent_iterations, :spent_milliseconds, :spent_tokens,
                :spent_microusd, :question, :reason, 1, :created, :updated)",
            named_params! {
                ":project": new.project.0, ":task": new.task, ":criteria": Json(&new.criteria),
                ":owner": Json(&new.owner), ":origin": Json(&new.origin), ":agent": new.agent, ":role": Word(new.role), ":engine": new.engine,
                ":priority": new.priority.name(), ":needs_memory": new.needs.memory_mib,
                ":needs_processors": new.needs.millicpus, ":predecessors": Json(&new.after), ":waits_since": new.waits_since.0, ":plan": Word(new.plan), ":audit": new.audit,
                ":state": new.state.name(), ":resume_to": new.resume_to.map(Word), ":iteration": new.iteration,
                ":attempt": new.attempt, ":losses": new.losses, ":rerun": new.rerun.as_ref().map(Json), ":troubles": new.troubles, ":instant_failures": new.instant_failures,
                ":not_before": new.not_before.map(|at| at.0), ":base": new.base, ":head": new.head,
                ":image": new.image.as_ref().map(Json), ":budget_iterations": new.budget.iterations,
                ":budget_seconds": new.budget.seconds, ":budget_tokens": new.budget.tokens,
                ":budget_microusd": new.budget.microusd, ":spent_iterations": new.spent.iterations,
                ":spent_milliseconds": new.spent.milliseconds, ":spent_tokens": new.spent.tokens,
                ":spent_microusd": new.spent.microusd, ":question": new.question.map(|q| q.0),
                ":reason": new.reason, ":created": new.created.0, ":updated": new.updated.0,
            },
        )?;
        Ok(Run { id: RunId(id), version: 1, ..new.clone() })
    }

    /// Writes what a run has spent and nothing else: that moves it nowhere, so it stays in its version.
    pub fn put_spent(&self, run: &Run) -> Result<(), StoreError> {
        self.change(
            "UPDATE runs SET spent_tokens = ?2, spent_microusd = ?3 WHERE id = ?1",
            params![run.id.0, run.spent.tokens, run.spent.microusd],
        )
        .map(drop)
    }

    /// Compare-and-set: stores the run's values if the row is still at `run.version`, and gives it back with the next
    /// version. What a run is at birth (project, task, owner, origin, agent, role, engine, needs, audit, created) never changes.
    pub fn update_run(&self, run: &Run) -> Result<Run, StoreError> {
        let changed = self.change(
            "UPDATE runs SET criteria = :criteria, priority = :priority, predecessors = :predecessors, waits_since = :waits_since, plan = :plan, state = :state, resume_to = :resume_to, iteration = :iteration, attempt = :attempt,
                losses = :losses, rerun = :rerun, troubles = :troubles, instant_failures = :instant_failures, not_before = :not_before, base = :base,
                head = :head, image = :image, budget_iterations = :budget_iterations, budget_seconds = :budget_seconds,
                budget_tokens = :budget_tokens, budget_microusd = :budget_microusd,
                spent_iterations = :spent_iterations, spent_milliseconds = :spent_milliseconds,
                spent_tokens = :spent_tokens, spent_microusd = :spent_microusd, question = :question,
                reason = :reason, version = version + 1, updated = :updated
             WHERE id = :id AND version = :version",
            named_params! {
                ":criteria": Json(&run.criteria), ":priority": run.priority.name(), ":predecessors": Json(&run.after), ":waits_since": run.waits_since.0, ":plan": Word(run.plan),
                ":state": run.state.name(), ":resume_to": run.resume_to.map(Word), ":iteration": run.iteration,
                ":attempt": run.attempt, ":losses": run.losses, ":rerun": run.rerun.as_ref().map(Json), ":troubles": run.troubles, ":instant_failures": run.instant_failures,
                ":not_before": run.not_before.map(|at| at.0), ":base": run.base, ":head": run.head,
                ":image": run.image.as_ref().map(Json), ":budget_iterations": run.budget.iterations,
                ":budget_seconds": run.budget.seconds, ":budget_tokens": run.budget.tokens,
                ":budget_microusd": run.budget.microusd, ":spent_iterations": run.spent.iterations,
                ":spent_milliseconds": run.spent.milliseconds, ":spent_tokens": run.spent.tokens,
                ":spent_microusd": run.spent.microusd, ":question": run.question.map(|q| q.0),
                ":reason": run.reason, ":updated": run.updated.0, ":id": run.id.0, ":version": run.version,
            },
        )?;
        if changed == 1 {
            return Ok(Run { version: run.version + 1, ..run.clone() });
        }
        match self.one("SELECT version FROM runs WHERE id = ?1", [run.id.0], |row| row.get(0))? {
            Some(found) => Err(StoreError::Conflict { run: run.id, expected: run.version, found }),
            None => Err(StoreError::Missing { what: "run", id: run.id.to_string() }),
        }
    }
}
