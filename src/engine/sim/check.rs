//! What must hold: while a simulation goes on, and at its end.

use super::agreed;
use super::life::Sim;
use super::operator::events;
use super::plot::Plot;
use super::world::SimWorld;
use crate::audit::{self, Verdict};
use crate::domain::{
    Allowances, Budget, Guidance, GuidanceState, LiveFate, Need, QuestionKind, QuestionState, Run, RunId, RunState,
    Spent, StepState,
};
use crate::engine::scheduler::run_of;
use crate::store::Store;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Longest that a run may wait by itself, in milliseconds: account limits last a week at most.
const LONGEST_WAIT: i64 = 8 * 24 * 3600 * 1000;

/// How long after a pause a container may still run, in milliseconds.
const FROZEN: i64 = 20_000;
/// The same where any call may get lost or be done late.
const FROZEN_AT_LAST: i64 = 150_000;

/// What somebody outside the engine has seen of the run.
#[derive(Debug, Clone)]
pub(super) struct Witness {
    run: RunId,
    version: i64,
    iteration: u32,
    spent: Spent,
    budget: Option<Budget>,
    /// How often the budget rose.
    raised: usize,
    /// Since when the run is paused, in milliseconds of the simulation.
    paused: Option<i64>,
    /// How long it may still work then.
    frozen: i64,
    /// What projects and days may spend.
    allowances: Allowances,
    /// How often it has looked.
    pub looks: u64,
    /// What it saw last, and how many rows the store had changed by then.
    last: Option<(u64, Run)>,
}

impl Witness {
    /// Somebody who has seen nothing yet.
    pub fn new(run: RunId, plot: &Plot) -> Self {
        let frozen = if plot.slippery > 0 { FROZEN_AT_LAST } else { FROZEN };
        Self {
            frozen,
            run,
            version: 0,
            iteration: 0,
            spent: Spent::default(),
            budget: None,
            raised: 0,
            paused: None,
            allowances: plot.allowances.clone(),
            looks: 0,
            last: None,
        }
    }

    /// A new engine begins to work: what the one before it left undone is not its fault yet.
    pub fn begin(&mut self) {
        self.paused = None;
        self.last = None;
    }

    /// Looks at what is committed and checks what must hold at every moment. Also says whether anything was written since the
    /// last look; if not, only what time alone can break is checked.
    pub async fn look(&mut self, store: &Store, world: &SimWorld) -> (Run, bool) {
        self.looks += 1;
        let rows = store.read_sync(|view| Ok(view.connection().total_changes())).unwrap();
        let (run, news) = match self.last.take() {
            Some((seen, run)) if seen == rows => (run, false),
            _ => (self.look_closely(store).await, true),
        };
        self.watch_time(&run, world);
        self.last = Some((rows, run.clone()));
        (run, news)
    }

    async fn look_closely(&mut self, store: &Store) -> Run {
        let id = self.run;
        let (run, open, budgets) = store
            .read(move |view| {
                let questions = view.questions_of(id)?;
                let open: Vec<_> =
                    questions.iter().filter(|one| one.state == QuestionState::Open).map(|one| one.id).collect();
                let yes = questions.iter().filter(|one| {
                    one.kind == QuestionKind::Budget && one.answer.as_ref().is_some_and(|answer| answer.approve)
                });
                let given = view.guidance(id)?.into_iter().filter_map(|one| one.terms?.terms.iterations);
                Ok((view.run(id)?.unwrap(), open, yes.count() + given.count()))
            })
            .await
            .unwrap();
        self.acknowledged(&run);
        super::books::balance(store, &self.allowances).await;
        // A question is open if and only if the run waits for it: nothing waits unseen, nobody is asked in vain.
        assert_eq!(open, run.question.into_iter().collect::<Vec<_>>(), "{run:?}");
        assert!(!run.state.awaits_person() || run.state == RunState::Paused || run.question.is_some(), "{run:?}");
        if let Some(before) = self.budget.replace(run.budget)
            && before != run.budget
        {
            self.raised += 1;
        }
        assert!(self.raised <= budgets, "a budget rose by itself: {run:?}");
        run
    }

    fn watch_time(&mut self, run: &Run, world: &SimWorld) {
        let id = self.run;
        if let Some(until) = run.not_before {
            assert!(until.since(world.clock.wall()) <= LONGEST_WAIT, "waits for ever: {run:?}");
        }
        if run.state == RunState::Paused {
            let since = *self.paused.get_or_insert(world.clock.passed());
            let works = world.daemon.age(|key| key.run == id);
            assert!(
                works.is_none() || world.clock.passed() - since < self.frozen,
                "it works through its pause: {run:?}"
            );
        } else {
            self.paused = None;
        }
    }

    /// Takes note of a state that was acknowledged; nothing may ever go back behind it.
    pub fn acknowledged(&mut self, run: &Run) {
        assert!(run.version >= self.version, "an acknowledged change was lost: {self:?} {run:?}");
        let (now, was) = (run.spent, self.spent);
        let spent = now.iterations >= was.iterations
            && now.milliseconds >= was.milliseconds
            && now.tokens >= was.tokens
            && now.microusd >= was.microusd;
        assert!(run.iteration >= self.iteration && spent, "{self:?} {run:?}");
        self.version = run.version;
        self.iteration = run.iteration;
        self.spent = run.spent;
    }
}

/// The events of the run, for people.
pub(super) fn story(store: &Store, plot: &Plot) -> String {
    let mut lines = vec![format!("{plot:?}")];
    store
        .read_sync(|view| {
            let mut statement =
                view.connection().prepare("SELECT wall, kind, record FROM audit ORDER BY seq DESC LIMIT 60")?;
            let rows = statement.query_map([], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?))
            })?;
            let mut found: Vec<String> = rows
                .map(|row| {
                    let (wall, kind, record) = row.unwrap();
                    let record: Value = serde_json::from_slice(&record).unwrap();
                    format!("{:>9} {kind} {}", wall - 1_760_000_000_000, record["detail"])
                })
                .collect();
            found.reverse();
            lines.append(&mut found);
            Ok(())
        })
        .unwrap();
    lines.join("\n")
}

/// Where an event may lead from and to, written down once more independently of the machine.
fn allowed(event: &str, from: &str, to: &str) -> bool {
    let over = |state: &str| ["succeeded", "failed", "cancelled"].contains(&state);
    let works = |state: &str| {
        let before = ["queued", "preparing", "planning", "developing", "testing", "gathering", "analysing", "gating"];
        before.contains(&state) || ["reviewing", "delivering"].contains(&state)
    };
    let turns = |state: &str| ["planning", "developing", "reviewing"].contains(&state);
    let waits = |state: &str| ["awaiting_review", "awaiting_redirect", "escalated"].contains(&state);
    match event {
        "run.admitted" => (from, to) == ("queued", "preparing"),
        "run.blocked" => (from, to) == ("queued", "escalated"),
        "run.prepared" => (from, to) == ("preparing", "testing"),
        "run.prepare_failed" => from == "preparing" && ["preparing", "escalated"].contains(&to),
        "run.agent_ended" => (from, to) == ("developing", "testing"),
        "run.planned" => from == "planning" && ["planning", "developing", "awaiting_review", "escalated"].contains(&to),
        "run.audited" => {
            from == "reviewing"
                && ["reviewing", "delivering", "developing", "awaiting_review", "escalated"].contains(&to)
        }
        "run.agent_held" => turns(from) && [from, "escalated"].contains(&to),
        "run.step_lost" => {
            (turns(from) || ["preparing", "testing"].contains(&from)) && [from, "escalated"].contains(&to)
        }
        "run.trouble" => {
            (works(from) && [from, "escalated"].contains(&to))
                || (from == "cancelling" && ["cancelling", "cancelled"].contains(&to))
        }
        "run.capped" => turns(from) && to == "escalated",
        "run.await_day" => from == "escalated" && turns(to),
        "run.tested" => (from, to) == ("testing", "gathering"),
        "run.doubted" => (from, to) == ("gathering", "testing"),
        "run.gathered" => (from, to) == ("gathering", "analysing"),
        "run.analysed" => from == "analysing" && ["gating", "planning", "developing", "escalated"].contains(&to),
        "run.gated" => {
            from == "gating"
                && ["delivering", "reviewing", "developing", "awaiting_review", "awaiting_redirect", "escalated"]
                    .contains(&to)
        }
        "run.delivered" => (from, to) == ("delivering", "succeeded"),
        "run.delivery_failed" => from == "delivering" && [from, "escalated"].contains(&to),
        "run.cleaned" => (from, to) == ("cancelling", "cancelled"),
        "run.pause" => works(from) && to == "paused",
        "run.resume" => from == "paused" && works(to),
        "run.redirect" => {
            let anew = (from, to) == ("reviewing", "developing");
            let on = from == to || (waits(from) && works(to)) || to == "escalated";
            !over(from) && from != "cancelling" && (on || anew)
        }
        "run.prioritise" => !over(from) && from != "cancelling" && from == to,
        "run.cancel" => !over(from) && from != "cancelling" && to == "cancelling",
        "run.rollback" => {
            !over(from) && from != "cancelling" && ["planning", "developing", "paused", "escalated"].contains(&to)
        }
        "run.answer" => waits(from) && (works(to) || ["failed", "escalated", "cancelling"].contains(&to)),
        _ => false,
    }
}

/// No run starts before those that it follows have succeeded, or a person has said that it may.
fn in_order(sim: &Sim) {
    let first = |run: RunId, kind: &str, fits: &str| {
        let sql = format!("SELECT min(seq) FROM audit WHERE run = ?1 AND kind = ?2 AND {fits}");
        let found = |row: &rusqlite::Row<'_>| row.get::<_, Option<i64>>(0);
        let sought = sim.store.read_sync(|view| Ok(view.connection().query_row(&sql, (run.0, kind), found)?));
        sought.unwrap()
    };
    let detail = |name: &str| format!("json_extract(CAST(record AS TEXT), '$.detail.{name}')");
    for id in sim.others.iter().chain([&sim.run]) {
        let Some(began) = first(*id, "run.admitted", "1") else { continue };
        for before in sim.stored(*id).after {
            let succeeded = first(before.run, "run.delivered", &format!("{} = 'succeeded'", detail("to")));
            let allowed = format!("{} = 'predecessor' AND {}", detail("kind"), detail("approve"));
            let allowed = first(*id, "run.answer", &allowed).filter(|_| before.need == Need::Waived);
            assert!(
                succeeded.or(allowed).is_some_and(|at| at < began),
                "{id} started before {before:?}\n{}",
                story(&sim.store, &sim.plot)
            );
        }
    }
}

/// What is on record of guidance for agents at work is what their programs got.
fn told_live(guidance: &[Guidance], heard: &BTreeMap<(String, u64), String>, run: RunId, told: &dyn Fn() -> String) {
    for one in guidance {
        let Some(live) = &one.live else { continue };
        let got = heard.get(&(live.step.clone(), u64::from(one.number)));
        let right = match &live.fate {
            LiveFate::Sending => false,
            LiveFate::Delivered => got.is_some_and(|text| text.contains(&one.text)),
            LiveFate::Missed { .. } => got.is_none(),
            LiveFate::Unknown => true,
        };
        assert!(right, "{one:?} went elsewhere: {got:?}\n{}", told());
    }
    for (step, number) in heard.keys().filter(|(step, _)| run_of(step) == Some(run)) {
        let known = guidance
            .iter()
            .any(|one| u64::from(one.number) == *number && one.live.as_ref().is_some_and(|live| live.step == *step));
        assert!(known, "nothing is on record of what {step} was told as {number}\n{}", told());
    }
}

/// What must hold when a simulation is over.
pub(super) async fn whole(sim: &Sim) {
    let id = sim.run;
    in_order(sim);
    let told = || story(&sim.store, &sim.plot);
    let (run, steps, unfinished) = sim
        .store
        .read(move |view| Ok((view.run(id)?.unwrap(), view.steps(id)?, view.unfinished_steps()?)))
        .await
        .unwrap();
    let (iterations, guidance, questions) = sim
        .store
        .read(move |view| Ok((view.iterations(id)?, view.guidance(id)?, view.questions_of(id)?)))
        .await
        .unwrap();
    assert!(iterations.iter().all(|one| one.ended.is_some()), "an iteration never ended: {iterations:?}\n{}", told());
    // Only who looks at a result and takes it as it is overrules guidance.
    let taken = questions.iter().any(|one| {
        matches!(one.kind, QuestionKind::Review | QuestionKind::Dependency | QuestionKind::Audit)
            && one.answer.as_ref().is_some_and(|answer| answer.approve)
    });
    agreed::packages(sim, &run, &questions);
    agreed::audited(sim, &run, &iterations, &questions);
    let lost = guidance.iter().find(|one| one.state == GuidanceState::Accepted);
    assert!(run.state != RunState::Succeeded || taken || lost.is_none(), "guidance was lost: {lost:?}\n{}", told());
    // What goes by luck is never a reason for success by itself.
    let lucky =
        sim.store.read_sync(|view| Ok(view.suites(id, run.iteration)?.iter().any(|suite| !suite.flaky.is_empty())));
    assert!(run.state != RunState::Succeeded || taken || !lucky.unwrap(), "it ended well by luck\n{}", told());
    assert_eq!(sim.world.leftovers(), Vec::<String>::new(), "{}", told());
    assert!(unfinished.is_empty(), "steps that never ended: {unfinished:?}\n{}", told());
    assert!(run.state.is_final(), "{}", told());
    for other in &sim.others {
        assert!(sim.stored(*other).state.is_final(), "{other} is not over\n{}", told());
    }
    for one in sim.others.iter().chain([&id]) {
        let (booked, asked) = sim.store.read_sync(|view| super::books::requests(view, *one)).unwrap();
        let spent = sim.stored(*one).spent.tokens;
        assert_eq!(booked, asked, "requests of {one} were never booked\n{}", told());
        // Turns that asked nobody say 100 of themselves.
        let rest = spent.checked_sub(asked);
        assert!(rest.is_some_and(|rest| rest % 100 == 0), "{one} spent {spent}, its requests took {asked}\n{}", told());
    }
    let rows = sim.store.read_sync(|view| {
        let all = sim.others.iter().chain([&id]).map(|run| view.steps(*run));
        Ok(all.collect::<Result<Vec<_>, _>>()?.concat())
    });
    let rows = rows.unwrap();
    let kept = sim.world.daemon.kept();
    for (name, times) in &kept.creations {
        // A call that is done late may make a container again whose step is over; it is never started.
        let slips = sim.plot.slippery > 0 || !sim.plot.slips.is_empty();
        assert!(*times == 1 || slips || kept.taken_away.contains(name), "{name} was made {times} times\n{}", told());
        assert!(rows.iter().any(|step| step.key.to_string() == *name), "{name} has no row\n{}", told());
    }
    for (name, times) in &kept.launches {
        assert!(*times == 1 || kept.taken_away.contains(name), "{name} was started {times} times\n{}", told());
    }
    told_live(&guidance, &kept.told, id, &told);
    drop(kept);
    // Told beforehand: within a reading there may be no reader left for it.
    let told = told();
    assert!(steps.iter().all(|step| matches!(step.state, StepState::Ended { .. })));
    sim.store
        .read_sync(|view| {
            let verdict = audit::verify(view.connection(), Path::new("/nonexistent/chain_head")).unwrap();
            assert!(matches!(verdict, Verdict::NotAnchored { since: 0, .. }), "{verdict:?}");
            let mut statement = view
                .connection()
                .prepare("SELECT kind, record FROM audit WHERE run = ?1 AND kind LIKE 'run.%' ORDER BY seq")?;
            let rows = statement.query_map([id.0], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
            let mut state = "queued".to_owned();
            let mut versions = 0;
            for row in rows {
                let (kind, record) = row?;
                versions += 1;
                if kind == "run.submitted" {
                    continue;
                }
                let record: Value = serde_json::from_slice(&record).unwrap();
                let (from, to) = (record["detail"]["from"].as_str().unwrap(), record["detail"]["to"].as_str().unwrap());
                assert_eq!(from, state, "an event is missing before {kind}\n{told}");
                assert!(allowed(&kind, from, to), "{kind} led from {from} to {to}\n{told}");
                to.clone_into(&mut state);
            }
            // Every state has its event and every event its state.
            assert_eq!(versions, run.version, "{told}");
            assert_eq!(state, run.state.name(), "{told}");
            for step in &steps {
                assert!(step.ended.is_some());
            }
            for (what, count) in [("step.intended", steps.len()), ("step.ended", steps.len())] {
                assert_eq!(events(view, id, what), count, "{what}\n{told}");
            }
            Ok(())
        })
        .unwrap();
}
