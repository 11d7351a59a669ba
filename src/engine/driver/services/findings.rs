//! What services come to in the evidence: those that were not ready, those that ended by themselves.

use super::super::test::counts;
use super::super::{Context, Engine, Halt};
use super::{Unready, specs};
use crate::config::Suite;
use crate::domain::{Step, StepKind, StepState, SuiteVerdict};
use crate::engine::ports::{TreeFault, Trees, World};
use crate::evidence::{self, Judged, ServiceOutput, ServiceTrouble};
use std::path::Path;

/// How much of a browser's account is read.
const ACCOUNT: usize = 16 * 1024 * 1024;
/// Pictures of one look that are kept.
const PICTURES: usize = 20;
/// Bytes of one.
const PICTURE: usize = 4 << 20;
/// What every picture begins with.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// How much of a service's log is looked at.
const LOG_END: usize = 256 * 1024;

impl<W: World> Engine<W> {
    /// The judgement of a suite that never began.
    pub(in crate::engine::driver) async fn judge_unready(
        &self,
        context: &Context,
        suite: &Suite,
        unready: Unready,
    ) -> Result<Judged, Halt> {
        let mut troubles = self.ended_by_themselves(suite, &unready.ended).await?;
        if let Some(waited) = unready.waited {
            let said = self.end_of_log(&waited).await?;
            let said = String::from_utf8_lossy(&said);
            let words = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nobody said why");
            // These are our own words, which begin with the service's name.
            let name = words.split(' ').next().unwrap_or_default();
            let of = |step: &&Step| {
                step.key.attempt == waited.key.attempt && specs::service_of(&step.key, suite) == Some(name)
            };
            let steps = self.beside(context, suite).await?;
            let log = match steps.iter().find(of) {
                Some(step) => self.end_of_log(step).await?,
                None => Vec::new(),
            };
            troubles.insert(0, ServiceTrouble::not_ready(words, log));
        }
        Ok(evidence::unready(&suite.name, troubles))
    }

    /// Services that ended by themselves while their suite ran.
    pub(in crate::engine::driver) async fn judge_services(
        &self,
        context: &Context,
        suite: &Suite,
        verdict: &Step,
        judged: &mut Judged,
    ) -> Result<(), Halt> {
        let mut ended = self.beside(context, suite).await?;
        ended.retain(|step| {
            step.key.attempt == verdict.key.attempt
                && step.key.kind == StepKind::Service
                && matches!(&step.state, StepState::Ended { end, .. } if counts(end))
        });
        let troubles = self.ended_by_themselves(suite, &ended).await?;
        evidence::with_services(judged, troubles);
        // Tests that pass may well have provoked errors.
        if suite.browser.is_none() && judged.outcome.verdict != SuiteVerdict::Passed {
            evidence::with_logs(judged, &self.said_beside(context, suite, verdict).await?);
        }
        Ok(())
    }

    /// The judgement of what a browser saw, and the pictures that it took.
    pub(in crate::engine::driver) async fn judge_browser(
        &self,
        context: &Context,
        suite: &Suite,
        step: &Step,
        tree: &Path,
    ) -> Result<(Judged, Vec<Vec<u8>>), Halt> {
        let StepState::Ended { end, log_digest, .. } = &step.state else { return Err(Halt::Superseded) };
        let output = self.world.trees().output(&self.places().log(&step.key), log_digest, ACCOUNT).await?;
        let services = self.said_beside(context, suite, step).await?;
        let mut judged = evidence::judge_pages(&suite.name, end, &output, &services);
        self.judge_services(context, suite, step, &mut judged).await?;
        let mut pictures = Vec::new();
        match self.world.trees().reports(tree, suite).await {
            Some(Ok(files)) => pictures.extend(files.into_iter().map(|file| file.bytes).take(PICTURES)),
            Some(Err(fault)) => judged.outcome.oddities.push(format!("the pictures of pages: {fault}")),
            None => {}
        }
        // Only what is surely a picture is kept as one.
        pictures.retain(|picture| picture.starts_with(PNG) && picture.len() <= PICTURE);
        Ok((judged, pictures))
    }

    /// What the services said that ran beside an execution of a suite.
    async fn said_beside(&self, context: &Context, suite: &Suite, ran: &Step) -> Result<Vec<ServiceOutput>, Halt> {
        let mut services = Vec::new();
        for beside in self.beside(context, suite).await? {
            if let Some(service) =
                specs::service_of(&beside.key, suite).filter(|_| beside.key.attempt == ran.key.attempt)
            {
                let bytes = self.end_of_log(&beside).await?;
                services.push(ServiceOutput { service: service.to_owned(), bytes });
            }
        }
        Ok(services)
    }

    async fn ended_by_themselves(&self, suite: &Suite, steps: &[Step]) -> Result<Vec<ServiceTrouble>, Halt> {
        let mut troubles = Vec::new();
        for step in steps {
            if let (Some(name), StepState::Ended { end, .. }) = (specs::service_of(&step.key, suite), &step.state) {
                troubles.push(ServiceTrouble::ended(name, end, self.end_of_log(step).await?));
            }
        }
        Ok(troubles)
    }

    /// The end of a step's log; nothing of one that was stopped before anybody took it.
    async fn end_of_log(&self, step: &Step) -> Result<Vec<u8>, TreeFault> {
        match &step.state {
            StepState::Ended { log_digest, .. } if !log_digest.is_empty() => {
                self.world.trees().output(&self.places().log(&step.key), log_digest, LOG_END).await
            }
            _ => Ok(Vec::new()),
        }
    }
}
