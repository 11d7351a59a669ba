//! What a coding agent needs besides its container: the way to its models, and the conversation that it goes on with.
//!
//! A turn goes on with the conversation of the turn that left the commit which it begins from, so a rollback takes the
//! conversation back, too. Files of conversations are copied: into a step before it begins, out of it after its end.

use super::{Context, Engine, Halt};
use crate::agent::CodingSettings;
use crate::config::AgentWork;
use crate::domain::{AgentReport, Conversation, Ending, Iteration, Millis, Run, StepKey};
use crate::engine::ports::{Trees, World};
use crate::sandbox::session_dir;
use std::path::PathBuf;

impl<W: World> Engine<W> {
    /// The directory of the run's gateway, where its agent needs one.
    pub(super) fn gateway_of(&self, context: &Context) -> Option<PathBuf> {
        coding(context).map(|_| self.places().gateway(context.run.id))
    }

    /// Makes sure that somebody listens there.
    pub(super) fn open_way(&self, context: &Context) -> Result<(), Halt> {
        let (Some(settings), run) = (coding(context), context.run.id) else { return Ok(()) };
        self.world.open_way(run, settings.api(), &self.places().gateway(run)).map_err(Halt::Trouble)
    }

    /// Nobody listens there any more. What is known of the account's limit.
    pub(super) fn close_way(&self, context: &Context) -> Option<Millis> {
        let limit = self.world.limit(context.run.id);
        self.world.close_way(context.run.id);
        limit
    }

    /// The conversation that the present turn goes on with.
    pub(super) async fn conversation(&self, context: &Context) -> Result<Option<Conversation>, Halt> {
        if coding(context).is_none() {
            return Ok(None);
        }
        let id = context.run.id;
        let iterations = self.store.read(move |view| view.iterations(id)).await?;
        Ok(last_conversation(&context.run, &context.base, &iterations).cloned())
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

/// A limit whose end the agent kept to itself ends when its provider said so.
pub(super) fn with_limit(report: AgentReport, limit: Option<Millis>) -> AgentReport {
    match report.ending {
        Ending::RateLimited { until: None } => AgentReport { ending: Ending::RateLimited { until: limit }, ..report },
        _ => report,
    }
}

fn coding(context: &Context) -> Option<&CodingSettings> {
    if let AgentWork::Coding(settings) = &context.agent.work { Some(settings) } else { None }
}

/// What a run's next turn goes on with: the last word about the tree that it begins from. A turn that failed by itself ends
/// the conversation; one that was kept from working by others leaves it as it was.
fn last_conversation<'a>(run: &Run, base: &str, iterations: &'a [Iteration]) -> Option<&'a Conversation> {
    let head = run.head.as_deref().unwrap_or(base);
    let ours = |iteration: &&Iteration| iteration.number == run.iteration || iteration.commit.as_deref() == Some(head);
    let mut reports = iterations.iter().rev().filter(ours).filter_map(|iteration| iteration.report.as_ref());
    let last = reports.find(|report| report.conversation.is_some() || !report.ending.may_go_on())?;
    last.conversation.as_ref().filter(|talk| last.ending.may_go_on() && talk.kept.is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::{ProjectId, RunId, Tokens, Usage};
    use crate::store::new_run_for_tests;

    fn iteration(number: u32, commit: &str, ending: Option<(Ending, bool)>) -> Iteration {
        let report = ending.map(|(ending, talks)| {
            let kept = Some(format!("r1-i{number}-develop-a1"));
            let talk = talks.then(|| Conversation { id: format!("id-{number}"), used: Tokens::default(), kept });
            AgentReport { conversation: talk, ..AgentReport::new(ending, String::new(), Usage::default()) }
        });
        Iteration {
            run: RunId(1),
            number,
            base: "base".to_owned(),
            commit: (!commit.is_empty()).then(|| commit.to_owned()),
            tree: None,
            report,
            outcome: None,
            tests: (0, 0, 0),
            suspicions: Vec::new(),
            started: Millis(0),
            ended: None,
        }
    }

    fn chosen(head: &str, number: u32, iterations: &[Iteration]) -> Option<String> {
        let run = Run { head: Some(head.to_owned()), iteration: number, ..new_run_for_tests(ProjectId(1)) };
        last_conversation(&run, "base", iterations).map(|talk| talk.id.clone())
    }

    #[test]
    fn a_turn_goes_on_with_the_conversation_of_its_own_tree() {
        let done = || Some((Ending::Finished, true));
        let mut all = vec![iteration(0, "", None), iteration(1, "one", done()), iteration(2, "two", done())];
        assert_eq!(chosen("base", 1, &all[..1]), None);
        assert_eq!(chosen("two", 3, &all), Some("id-2".to_owned()));
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
