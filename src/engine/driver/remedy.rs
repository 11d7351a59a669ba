//! Who works on a turn: the run's own agent, another one that a person named, or what a warning changes.
//!
//! The rung between a warning and a pause: something is changed once. What was changed for a turn is stored with its intent, so that
//! the same agent reads what the turn wrote, whatever a configuration says by then.

use super::{Engine, Halt};
use crate::config::{AgentWork, ChosenAgent, ProjectConfig};
use crate::domain::{Remedy, Run, Terms, hands};
use crate::engine::ports::{Trees, World};
use crate::store::StoreError;
use crate::watchdog::Level;

impl<W: World> Engine<W> {
    /// The agent of a run's present turn, and what was changed for it.
    pub(super) async fn choose_for(
        &self,
        run: &Run,
        config: &ProjectConfig,
    ) -> Result<(ChosenAgent, Option<Remedy>), Halt> {
        let (id, number) = (run.id, run.iteration);
        let guidance = self.store.read(move |view| view.guidance(id)).await?;
        let own = || self.appointed(run, config, hands(&guidance, number)).map_err(Halt::Trouble);
        let Some(change) = self.remedy_for(run).await? else { return Ok((own()?, None)) };
        let changed = match &change {
            Remedy::FreshSession => own().map(|agent| (agent, None))?,
            Remedy::Agent(name) => match self.other(name, run, config) {
                Ok(agent) => (agent, None),
                Err(why) => (own()?, Some(why)),
            },
            Remedy::Model(model) => with_model(own()?, model),
        };
        let (agent, hindrance) = changed;
        let Some(why) = hindrance else { return Ok((agent, Some(change))) };
        self.note(run.id, &format!("the warned turn goes on as it is, since what was to be changed cannot be: {why}"));
        Ok((agent, Some(Remedy::FreshSession)))
    }

    /// The agent that works by what people named, with the model that they named.
    fn appointed(
        &self,
        run: &Run,
        config: &ProjectConfig,
        (agent, model): (Option<&str>, Option<&str>),
    ) -> Result<ChosenAgent, String> {
        let chosen = match agent {
            Some(name) => self.other(name, run, config)?,
            None => self.world.choose_agent(&run.agent, run.role, config)?,
        };
        let Some(model) = model else { return Ok(chosen) };
        match with_model(chosen, model) {
            (chosen, None) => Ok(chosen),
            (_, Some(why)) => Err(why),
        }
    }

    /// Why a run could not go on on such terms, where that is known before they are taken.
    pub(in crate::engine) async fn hindrance(&self, run: &Run, terms: &Terms) -> Result<Option<String>, StoreError> {
        if !terms.change_hands() {
            return Ok(None);
        }
        let Some(base) = &run.base else {
            return Ok(Some(
                "it is not prepared yet, so who could work on it is not known: wait for its first iteration".to_owned(),
            ));
        };
        let project = self.project(run.project).await?;
        let config = match self.world.trees().config(&project, base).await {
            Ok(config) => config,
            Err(fault) => return Ok(Some(fault.0)),
        };
        let id = run.id;
        let guidance = self.store.read(move |view| view.guidance(id)).await?;
        let (before, _) = hands(&guidance, u32::MAX);
        let agent = terms.agent.as_deref().or(before);
        Ok(self.appointed(run, &config, (agent, terms.model.as_deref())).err())
    }

    /// Another agent, where it could work at all.
    fn other(&self, name: &str, run: &Run, config: &ProjectConfig) -> Result<ChosenAgent, String> {
        let agent = self.world.choose_agent(name, run.role, config)?;
        if let AgentWork::Coding(settings) = &agent.work {
            self.world
                .models(settings.api())
                .map_err(|why| format!("the agent {name} has no way to its models: {why}"))?;
        }
        Ok(agent)
    }

    /// What is changed for the present turn: what was stored for it, or what the first warning of the run asks for.
    async fn remedy_for(&self, run: &Run) -> Result<Option<Remedy>, StoreError> {
        let (id, number, wanted) = (run.id, run.iteration, self.world.remedy().clone());
        self.store
            .read(move |view| {
                let known = view.changed_turns(id)?;
                if let Some((_, change)) = known.iter().find(|(turn, _)| *turn == number) {
                    return Ok(Some(change.clone()));
                }
                let warned = view.last_verdict(id, number)?.is_some_and(|verdict| verdict.level == Level::Warn);
                Ok((known.is_empty() && warned).then_some(wanted))
            })
            .await
    }
}

/// A coding agent that asks another model, where its role admits it; or why it is left as it was.
pub(super) fn with_model(mut agent: ChosenAgent, model: &str) -> (ChosenAgent, Option<String>) {
    if !crate::domain::RoleRules::admitted(&agent.models, model) {
        return (agent, Some(format!("the model {model} is none that the run's role may ask")));
    }
    let AgentWork::Coding(settings) = &mut agent.work else {
        let why = format!("the agent {} asks no model of the engine's", agent.name);
        return (agent, Some(why));
    };
    settings.model = Some(model.to_owned());
    (agent, None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::config::{EngineConfig, choose_agent};
    use crate::domain::Role;

    #[test]
    fn a_model_is_changed_where_the_agent_has_one_and_the_role_admits_it() {
        let project = |agent: &str| {
            let text = format!(
                "[image]\nreference = \"a\"\n[[suite]]\nname = \"u\"\ncommand = \"c\"\nformat = \"exit-code\"\n[agent]\n{agent}"
            );
            ProjectConfig::parse(&text, "d").unwrap()
        };
        let engine = EngineConfig::parse("[roles.coder]\nmodels = [\"small\", \"large*\"]\n", "c").unwrap();
        let codex = project("name = \"codex\"\nmodel = \"small\"\n");
        let codex = choose_agent(None, Role::Coder, &codex, &engine).unwrap();
        let (changed, why) = with_model(codex.clone(), "large-2");
        let AgentWork::Coding(settings) = &changed.work else { panic!("{changed:?}") };
        assert_eq!((settings.model.as_deref(), why), (Some("large-2"), None));
        let (left, why) = with_model(codex.clone(), "huge");
        assert!(left == codex && why.unwrap().contains("huge is none that"));
        let command = project("name = \"command\"\ncommand = \"x\"\n");
        let command = choose_agent(None, Role::Coder, &command, &engine).unwrap();
        let (left, why) = with_model(command.clone(), "large");
        assert!(left == command && why.unwrap().contains("asks no model"));
    }
}
