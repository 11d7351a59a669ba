//! Test runs that an agent asks for: the engine's own way to run a suite, on a copy of the agent's tree.

use crate::config::Suite;
use crate::domain::{Finding, Run, StepKey, SuiteVerdict, Task, TaskOutcome, TaskResult, TestStatus, shortened};
use crate::engine::driver::{Context, Engine, Halt};
use crate::engine::ports::{Trees, World};
use crate::evidence;

/// How much is told of the output.
const OUTPUT: usize = 6 * 1024;
/// How many problems are told of, and how long each may be.
const FINDINGS: (usize, usize) = (20, 600);
/// How often a suite is tried whose containers are lost.
const TRIES: u32 = 3;
/// Names and sentences of ours.
const WORDS: usize = 300;

impl<W: World> Engine<W> {
    /// Runs a suite for a task and tells what it came to.
    pub(super) async fn run_tests(&self, context: &Context, task: &Task, suite: &str) -> Result<TaskResult, Halt> {
        let mut attempt = 1;
        loop {
            let Some((context, suite)) = alike(context, task, attempt, suite) else {
                let words = format!("there is no suite {}", shortened(suite, 40));
                return Ok(TaskResult::plain(TaskOutcome::Impossible, words));
            };
            match Box::pin(self.run_once(&context, &suite)).await {
                // One that was lost says nothing, least of all where the engine's own death explains it.
                Err(Halt::Lost { .. }) if attempt < TRIES => {
                    self.clear_task(context.run.id, task.id).await?;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn run_once(&self, context: &Context, suite: &Suite) -> Result<TaskResult, Halt> {
        Box::pin(self.tested(context, suite)).await?;
        let told = Box::pin(self.told(context, suite, &(0..u32::MAX))).await?;
        let output = match self.verdict_of(context, suite, &(0..u32::MAX)).await? {
            Some(step) => self.output_of(&step, OUTPUT).await?,
            None => String::new(),
        };
        let outcome = &told.judged.outcome;
        let count = |status| u32::try_from(outcome.count(status)).unwrap_or(u32::MAX);
        let counted = !outcome.cases.is_empty();
        let tests = (count(TestStatus::Passed), count(TestStatus::Failed), count(TestStatus::Skipped));
        let ours = |odd: &&String| !odd.starts_with(evidence::TAMPERED);
        let findings = told.judged.findings.iter().map(line).chain(outcome.oddities.iter().filter(ours).cloned());
        Ok(TaskResult {
            outcome: outcome_of(outcome.verdict),
            words: words(outcome.verdict, counted.then_some(tests)),
            exit_code: outcome.exit_code,
            tests: counted.then_some(tests),
            findings: findings.take(FINDINGS.0).map(|text| shortened(&text, FINDINGS.1)).collect(),
            output,
            milliseconds: told.milliseconds,
        })
    }

    /// The end of what a step's program printed.
    pub(super) async fn output_of(&self, step: &crate::domain::Step, most: usize) -> Result<String, Halt> {
        let crate::domain::StepState::Ended { log_digest, .. } = &step.state else { return Ok(String::new()) };
        let bytes = self.world.trees().output(&self.places().log(&step.key), log_digest, most).await?;
        // What a byte that is no text stands for takes more room than it.
        let text = String::from_utf8_lossy(&bytes);
        let skip = text.char_indices().map(|(at, _)| at).find(|at| text.len() - at <= most).unwrap_or(text.len());
        Ok(text.get(skip..).unwrap_or_default().to_owned())
    }
}

/// The same run as if its head were the task's copy, and the suite under a name by which its steps are the task's.
fn alike(context: &Context, task: &Task, attempt: u32, suite: &str) -> Option<(Context, Suite)> {
    let found = context.config.suite(suite)?;
    let suite = Suite { name: StepKey::of_task(task.id, attempt, &found.name), ..found.clone() };
    let mut image = context.run.image.clone();
    if let Some(image) = &mut image
        && let Some(own) = image.services.get(&found.name).cloned()
    {
        image.services.insert(suite.name.clone(), own);
    }
    let run = Run { head: task.commit.clone(), image, ..context.run.clone() };
    Some((Context { run, ..context.clone() }, suite))
}

fn outcome_of(verdict: SuiteVerdict) -> TaskOutcome {
    match verdict {
        SuiteVerdict::Passed => TaskOutcome::Passed,
        SuiteVerdict::Failed | SuiteVerdict::Flaky => TaskOutcome::Failed,
        SuiteVerdict::Uncounted => TaskOutcome::Uncounted,
        SuiteVerdict::NoVerdict => TaskOutcome::NoVerdict,
    }
}

fn words(verdict: SuiteVerdict, tests: Option<(u32, u32, u32)>) -> String {
    let counts =
        tests.map(|(passed, failed, skipped)| format!(": {passed} passed, {failed} failed, {skipped} skipped"));
    let what = match verdict {
        SuiteVerdict::Passed => "the suite passed",
        SuiteVerdict::Failed | SuiteVerdict::Flaky => "the suite failed",
        SuiteVerdict::Uncounted => "the command succeeded, and no tests were counted",
        SuiteVerdict::NoVerdict => "the suite came to no verdict",
    };
    format!("{what}{}", counts.unwrap_or_default())
}

/// A problem in one line.
fn line(finding: &Finding) -> String {
    let whole = finding.test.as_ref().unwrap_or(&finding.kind);
    let place = finding.location.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
    let message = finding.message.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{}: {}{}", shortened(whole, WORDS), shortened(&message, WORDS), shortened(&place, WORDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_a_suite_is_said_in_a_sentence() {
        assert_eq!(words(SuiteVerdict::Failed, Some((3, 1, 0))), "the suite failed: 3 passed, 1 failed, 0 skipped");
        assert_eq!(words(SuiteVerdict::NoVerdict, None), "the suite came to no verdict");
    }
}
