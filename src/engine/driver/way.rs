//! What a coding agent needs besides its container: the way to its models, and the conversation that it goes on with.
//!
//! A turn goes on with the conversation of the turn that left the commit which it begins from, so a rollback takes the
//! conversation back, too. Files of conversations are copied: into a step before it begins, out of it after its end.

use super::tasks::names;
use super::{Context, Engine, Halt};
use crate::agent::CodingSettings;
use crate::config::{AgentWork, Setup};
use crate::domain::{AgentReport, Conversation, Ending, Iteration, Remedy, Run, RunId, StepKey, hands, shortened};
use crate::engine::ports::{Trees, World};
use crate::gateway::{Answered, ModelUse, PORT, Policy, Refused, Ways, address};
use crate::knowledge::{Tool, Toolset};
use crate::sandbox::{Network, Sandbox, session_dir};
use crate::watchdog::Level;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What a replayed turn can use of the tools of its role. What needs an answer that somebody understands is of no use to it.
const REPLAYED: [Tool; 1] = [Tool::ProposeExecution];

impl<W: World> Engine<W> {
    /// What the run's agent may reach.
    pub(super) async fn agent_ways(&self, context: &Context) -> Result<Ways, Halt> {
        let rules = self.world.rules(context.role);
        let models = match coding(context) {
            Some(settings) => Some(ModelUse {
                api: settings.api(),
                models: context.agent.models.clone(),
                provider_tools: rules.provider_tools,
                left: self.turn_caps(context).await?,
                iteration: context.run.iteration,
            }),
            None => None,
        };
        Ok(Ways { models, egress: Policy::of(&rules.egress, self.world.egress()), tools: self.toolset(context) })
    }

    /// What a setup may reach; or why the operator does not let it.
    pub(in crate::engine) fn setup_ways(&self, setup: &Setup) -> Result<Ways, String> {
        let config = self.world.egress();
        match config.forbidden(&setup.egress) {
            None => Ok(Ways { egress: Policy::of(&setup.egress, config), ..Ways::default() }),
            Some(word) => Err(format!(
                "[setup] in dogwatch.toml wants to reach \"{word}\", and this engine's operator does not let repositories ask \
                 for that: leave it out of `egress`, or add it to `projects-may-ask` under [egress] in config.toml and restart the \
                 engine"
            )),
        }
    }

    /// The directory of the run's gateway, where a step has any way.
    pub(super) fn gateway_of(&self, run: RunId, ways: &Ways) -> Option<PathBuf> {
        (*ways != Ways::default()).then(|| self.places().gateway(run))
    }

    /// Makes sure that somebody listens there.
    pub(super) fn open_way(&self, run: RunId, ways: &Ways) -> Result<(), Halt> {
        let Some(dir) = self.gateway_of(run, ways) else { return Ok(()) };
        self.world.open_way(run, ways, &dir).map_err(Halt::Trouble)
    }

    /// The tools that the run's agent has: those of its role, where it is an agent that can use any.
    pub(super) fn toolset(&self, context: &Context) -> Toolset {
        let of_role = Toolset::of(&self.world.rules(context.role));
        match &context.agent.work {
            AgentWork::Coding(_) => {}
            AgentWork::Replay(_) => return of_role.only(&REPLAYED),
            AgentWork::Command(_) | AgentWork::Nothing => return Toolset::default(),
        }
        let suites = context.config.suites.iter().map(|suite| suite.name.clone()).collect();
        let toolset = of_role.with_suites(suites);
        if self.sandbox(&context.run).is_ok_and(|sandbox| sandbox.abilities().services) {
            toolset.with_services(context.config.services.keys().cloned().collect())
        } else {
            toolset
        }
    }

    /// The network of the run's agent: one of its own, where the containers that it may have join it.
    pub(super) fn agent_network(&self, context: &Context) -> Network {
        let joined = self.toolset(context).has_containers();
        if joined { Network::Own(names(context)) } else { Network::default() }
    }

    /// Nobody listens there any more. How the last request was answered.
    pub(super) fn close_way(&self, context: &Context) -> Option<Answered> {
        let answered = self.world.answered(context.run.id);
        self.world.close_way(context.run.id);
        answered
    }

    /// The conversation that the present turn goes on with.
    pub(super) async fn conversation(&self, context: &Context) -> Result<Option<Conversation>, Halt> {
        if coding(context).is_none() {
            return Ok(None);
        }
        let id = context.run.id;
        let (iterations, said, changed, guidance) = self
            .store
            .read(move |view| {
                Ok((view.iterations(id)?, view.watch_verdicts(id)?, view.changed_turns(id)?, view.guidance(id)?))
            })
            .await?;
        // What did not help in a conversation will not help in its next turn either: who does not move begins anew.
        if said.last().is_some_and(|verdict| verdict.level == Level::Warn || verdict.level.pauses()) {
            return Ok(None);
        }
        let others = changed.iter().filter(|(_, change)| matches!(change, Remedy::Agent(_))).map(|(turn, _)| *turn);
        // A conversation is one agent's: whoever takes over begins one of their own.
        let (now, _) = hands(&guidance, context.run.iteration);
        let before = iterations.iter().map(|one| one.number).filter(|number| hands(&guidance, *number).0 != now);
        let by_others = others.chain(before);
        Ok(last_conversation(&context.run, &context.base, &iterations, &by_others.collect()).cloned())
    }

    /// Puts the files of a conversation into place for a step that has not begun.
    pub(super) async fn lay_conversation(&self, key: &StepKey, talk: Option<&Conversation>) -> Result<(), Halt> {
        let Some(step) = talk.and_then(|talk| talk.kept.as_ref()) else { return Ok(()) };
        let (from, to) = (self.places().kept(key.run, step), session_dir(&self.places().step(key)));
        Ok(self.world.trees().lay_session(&from, &to).await?)
    }

    /// Keeps the files of the conversation that a step had. Without any there is nothing to go on with.
    pub(super) async fn keep_conversation(
        &self,
        context: &Context,
        key: &StepKey,
        report: AgentReport,
    ) -> Result<AgentReport, Halt> {
        let (Some(settings), Some(talk)) = (coding(context), &report.conversation) else { return Ok(report) };
        let (from, to) = (session_dir(&self.places().step(key)), self.places().kept(key.run, &key.to_string()));
        let kept = self.world.trees().keep_session(&from, &to, settings.adapter.keeps()).await?;
        let talk = kept.then(|| Conversation { kept: Some(key.to_string()), ..talk.clone() });
        Ok(AgentReport { conversation: talk, ..report })
    }
}

/// How programs find the way to hosts outside: they know a proxy by these names, some only in small letters, others only in
/// large ones. What is inside of the sandbox they reach by themselves.
pub(super) fn proxies(ways: &Ways) -> BTreeMap<String, String> {
    if ways.egress.is_none() {
        return BTreeMap::new();
    }
    let at = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].map(|name| (name.to_owned(), address()));
    let inside = ["NO_PROXY", "no_proxy"].map(|name| (name.to_owned(), "localhost,127.0.0.1,::1".to_owned()));
    // Maven and Gradle know none of these.
    let java = format!(
        "-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={PORT} -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort={PORT} \
         -Dhttp.nonProxyHosts=localhost|127.*"
    );
    let java = ["MAVEN_OPTS", "GRADLE_OPTS"].map(|name| (name.to_owned(), java.clone()));
    at.into_iter().chain(inside).chain(java).collect()
}

/// What the provider said last is what an agent failed over that says no more than that it failed; and it knows best when a
/// limit ends that the agent does not tell. An ending that an agent states is its own.
pub(super) fn by_provider(report: AgentReport, answered: Option<Answered>) -> AgentReport {
    let Some(Answered { status, until, refused }) = answered else { return report };
    if let Some(refused) = refused
        && matches!(
            report.ending,
            Ending::Crashed
                | Ending::Auth
                | Ending::Billing
                | Ending::Misconfigured
                | Ending::Overloaded
                | Ending::RateLimited { .. }
        )
    {
        return by_gateway(report, &refused);
    }
    let ending = match (&report.ending, status) {
        (Ending::RateLimited { until: None }, _) | (Ending::Crashed, 429) => Ending::RateLimited { until },
        (Ending::Crashed, 401) => Ending::Auth,
        (Ending::Crashed, 500..) => Ending::Overloaded,
        _ => return report,
    };
    if ending.name() == report.ending.name() {
        return AgentReport { ending, ..report };
    }
    let detail = format!("its provider answered with status {status}; {}", report.detail);
    AgentReport { ending, detail, ..report }
}

/// Longest name of a model that is quoted, in bytes.
const LONGEST_NAME: usize = 100;

/// What the engine itself kept an agent from is not the provider's doing.
fn by_gateway(report: AgentReport, refused: &Refused) -> AgentReport {
    let (ending, why) = match refused {
        Refused::Stopped => (Ending::Overloaded, "a person had stopped requests to models".to_owned()),
        Refused::UsedUp => (Ending::OwnLimit, "what its turn could take of models was used up".to_owned()),
        Refused::Model(name) => {
            let name = shortened(name, LONGEST_NAME);
            (
                Ending::Misconfigured,
                format!("it asked for the model {name}, which its role may not ask ([roles] in config.toml)"),
            )
        }
        Refused::Price(name) => {
            let name = shortened(name, LONGEST_NAME);
            let why = format!(
                "its run has a cap on money, and nobody has said what the model {name} costs: add [prices.\"{name}\"] to config.toml"
            );
            (Ending::Misconfigured, why)
        }
    };
    let detail = format!("{why}; {}", report.detail);
    AgentReport { ending, detail, ..report }
}

pub(super) fn coding(context: &Context) -> Option<&CodingSettings> {
    if let AgentWork::Coding(settings) = &context.agent.work { Some(settings) } else { None }
}

/// What a run's next turn goes on with: the last word about the tree that it begins from. A turn that failed by itself ends
/// the conversation; one that was kept from working by others leaves it as it was. Nobody goes on with what another agent said.
fn last_conversation<'a>(
    run: &Run,
    base: &str,
    iterations: &'a [Iteration],
    by_others: &BTreeSet<u32>,
) -> Option<&'a Conversation> {
    let head = run.head.as_deref().unwrap_or(base);
    let ours = |iteration: &&Iteration| iteration.number == run.iteration || iteration.commit.as_deref() == Some(head);
    let mut reports = iterations.iter().rev().filter(ours).filter_map(|one| Some((one.number, one.report.as_ref()?)));
    let (number, last) = reports.find(|(_, report)| report.conversation.is_some() || !report.ending.may_go_on())?;
    let goes_on = last.ending.may_go_on() && !by_others.contains(&number);
    last.conversation.as_ref().filter(|talk| goes_on && talk.kept.is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::{Millis, ProjectId, Tokens, Usage};
    use crate::store::new_run_for_tests;

    fn iteration(number: u32, commit: &str, ending: Option<(Ending, bool)>) -> Iteration {
        let report = ending.map(|(ending, talks)| {
            let kept = Some(format!("r1-i{number}-develop-a1"));
            let talk = talks.then(|| Conversation { id: format!("id-{number}"), used: Tokens::default(), kept });
            AgentReport { conversation: talk, ..AgentReport::new(ending, String::new(), Usage::default()) }
        });
        Iteration {
            commit: (!commit.is_empty()).then(|| commit.to_owned()),
            report,
            ..Iteration::new(RunId(1), number, "base".to_owned(), Millis(0))
        }
    }

    fn chosen(head: &str, number: u32, iterations: &[Iteration]) -> Option<String> {
        let run = Run { head: Some(head.to_owned()), iteration: number, ..new_run_for_tests(ProjectId(1)) };
        last_conversation(&run, "base", iterations, &BTreeSet::new()).map(|talk| talk.id.clone())
    }

    #[test]
    fn what_an_agent_keeps_to_itself_its_provider_tells() {
        let judged = |ending, status, until| {
            let report = AgentReport::new(ending, "it failed".to_owned(), Usage::default());
            by_provider(report, Some(Answered { status, until, refused: None })).ending
        };
        let limited = |until| Ending::RateLimited { until };
        let at = Some(Millis(7));
        assert_eq!(judged(limited(None), 429, at), limited(at));
        assert_eq!(judged(limited(Some(Millis(3))), 429, at), limited(Some(Millis(3))));
        assert_eq!(judged(Ending::Crashed, 429, at), limited(at));
        assert_eq!(judged(Ending::Crashed, 529, None), Ending::Overloaded);
        assert_eq!(judged(Ending::Crashed, 401, None), Ending::Auth);
        for status in [200, 400, 404] {
            assert_eq!(judged(Ending::Crashed, status, None), Ending::Crashed);
        }
        // What the gateway refused is told as what it was, whatever the agent makes of it.
        for (refused, ending, words) in [
            (Refused::UsedUp, Ending::OwnLimit, "used up"),
            (Refused::Stopped, Ending::Overloaded, "a person had stopped"),
            (Refused::Model("x".repeat(500)), Ending::Misconfigured, "its role may not ask"),
            (Refused::Price("m".to_owned()), Ending::Misconfigured, "add [prices.\"m\"]"),
        ] {
            for own in [Ending::Crashed, Ending::Auth, Ending::RateLimited { until: None }, Ending::Finished] {
                let report = AgentReport::new(own.clone(), "it failed".to_owned(), Usage::default());
                let told =
                    by_provider(report, Some(Answered { status: 0, until: None, refused: Some(refused.clone()) }));
                if own == Ending::Finished {
                    assert_eq!(told.ending, own);
                } else {
                    assert_eq!(told.ending, ending);
                    assert!(told.detail.contains(words) && told.detail.len() < 400, "{}", told.detail);
                }
            }
        }
        for ending in [Ending::Finished, Ending::Stopped, Ending::OwnLimit, Ending::Killed { oom: true }] {
            assert_eq!(judged(ending.clone(), 529, None), ending);
        }
    }

    #[test]
    fn a_turn_goes_on_with_the_conversation_of_its_own_tree() {
        let done = || Some((Ending::Finished, true));
        let mut all = vec![iteration(0, "", None), iteration(1, "one", done()), iteration(2, "two", done())];
        assert_eq!(chosen("base", 1, &all[..1]), None);
        assert_eq!(chosen("two", 3, &all), Some("id-2".to_owned()));
        let run = Run { head: Some("two".to_owned()), iteration: 3, ..new_run_for_tests(ProjectId(1)) };
        assert_eq!(last_conversation(&run, "base", &all, &BTreeSet::from([2])), None, "it is another agent's");
        // After a rollback to the first.
        assert_eq!(chosen("one", 3, &all), Some("id-1".to_owned()));
        assert_eq!(chosen("base", 3, &all), None);
        // One that was held goes on with its own words, or with those of before where it said none.
        all.push(iteration(3, "", Some((Ending::RateLimited { until: None }, true))));
        assert_eq!(chosen("two", 3, &all), Some("id-3".to_owned()));
        all[3] = iteration(3, "", Some((Ending::Auth, false)));
        assert_eq!(chosen("two", 3, &all), Some("id-2".to_owned()));
        // One that failed by itself may have failed over its conversation.
        for talks in [true, false] {
            all[3] = iteration(3, "", Some((Ending::Crashed, talks)));
            assert_eq!(chosen("two", 3, &all), None);
        }
        all[2] = iteration(2, "two", Some((Ending::OwnLimit, true)));
        assert_eq!(chosen("two", 3, &all[..3]), None);
    }
}
