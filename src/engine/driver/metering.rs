//! What a coding agent's turn may take of models, and what it took: by the engine's own account of each request, not by the
//! agent's word.

use super::way::coding;
use super::{Context, Engine, Halt};
use crate::audit::AuditEvent;
use crate::domain::{Actor, AgentReport, Day, Measure, Run, Scope, Spent, Usage};
use crate::engine::ports::World;
use crate::models::TurnCaps;
use serde_json::json;

impl<W: World> Engine<W> {
    /// What is left of every cap that the present turn counts in. What other iterations under way may still use is theirs.
    pub(super) async fn turn_caps(&self, context: &Context) -> Result<TurnCaps, Halt> {
        let (run, project) = (context.run.clone(), context.project.clone());
        let (allowances, today) = (self.world.allowances().clone(), Day::of(self.world.now()));
        let caps = self.store.read(move |view| {
            let reservation = view.reservation(run.id)?;
            let day = reservation.map_or(today, |own| own.day);
            let own = reservation.map_or(Spent::default(), |own| own.held);
            let before = view.uncounted(run.id)?.unwrap_or_default();
            let before = Spent { tokens: before.tokens, microusd: before.microusd, ..Spent::default() };
            let mut accounts = Vec::new();
            for scope in Scope::all(project.id, day) {
                accounts.push(view.account(scope, allowances.caps(scope, &project.name))?);
            }
            let left = |measure| {
                let shared = accounts.iter().filter_map(|account| {
                    let others = account.reserved.of(measure).saturating_sub(own.of(measure));
                    Some(account.cap(measure)?.saturating_sub(account.used.of(measure)).saturating_sub(others))
                });
                let own = cap(&run, measure).map(|cap| cap.saturating_sub(run.spent.of(measure)));
                let least = shared.chain(own).min();
                least.map(|least| least.saturating_sub(before.of(measure)))
            };
            Ok(TurnCaps { tokens: left(Measure::Tokens), microusd: left(Measure::Money) })
        });
        Ok(caps.await?)
    }

    /// A report with what the turn really took of models. An agent that asked none through the gateway is believed, and so is
    /// its word on money where nobody has said what its models cost.
    pub(super) async fn metered(&self, context: &Context, report: AgentReport) -> Result<AgentReport, Halt> {
        if coding(context).is_none() {
            return Ok(report);
        }
        let run = context.run.id;
        let summed = self.store.write(move |tx| {
            let sum = tx.sum_requests(run)?;
            if let Some(sum) = sum {
                let detail = json!({ "tokens": sum.tokens, "microusd": sum.microusd });
                tx.record(AuditEvent::new(Actor::Engine, "model.summed").run(run).detail(detail))?;
            }
            Ok(sum)
        });
        let Some(sum) = summed.await? else { return Ok(report) };
        let microusd = if sum.microusd == 0 { report.usage.microusd } else { sum.microusd };
        Ok(AgentReport { usage: Usage { tokens: sum.tokens, microusd }, ..report })
    }
}

fn cap(run: &Run, measure: Measure) -> Option<u64> {
    match measure {
        Measure::Tokens => run.budget.tokens,
        Measure::Money => run.budget.microusd,
        Measure::Iterations | Measure::Time => None,
    }
}
