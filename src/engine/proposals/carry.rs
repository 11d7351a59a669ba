//! Carries one approved proposal to its end: a look at the asset, the claim, the word that the first byte is about to leave, the start.
//! Only who has just claimed starts; everybody else asks the asset.

use super::ledger::take;
use super::output::Sink;
use super::people::still;
use super::{Order, Piece, Proposals};
use crate::approval::machine::{Event, Refusal};
use crate::approval::recheck::Standing;
use crate::approval::{digest, signature};
use crate::domain::{Actor, ExecutionOutcome, Proposal, ProposalId, ProposalState as State};
use crate::engine::crash::Crashed;
use crate::store::{StoreError, Tx};
use std::time::Duration;
use tokio::sync::mpsc;

/// The first pause between two tries.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// The longest while something may still be found out soon.
pub(super) const LONGEST: Duration = Duration::from_mins(1);
/// The longest once people know that nobody knows.
const RARELY: Duration = Duration::from_hours(1);
/// So many times an asset is asked before people are told that nobody knows.
const PATIENCE: u32 = 6;
/// Pieces of output on their way.
const PIECES: usize = 64;

/// How a look at the grant ended.
pub(super) enum Claim {
    /// It is ours, and used up.
    Ours(Box<Proposal>),
    /// Not now.
    Later(String),
    /// Something else became of it.
    Gone,
}

impl Proposals {
    /// Looks after a proposal until there is nothing more to do. `Err` only when a crash point was hit.
    pub(super) async fn carry(&self, id: ProposalId) -> Result<(), Crashed> {
        let (mut pause, mut silent) = (PAUSE, 0);
        loop {
            let Some(one) = self.load(id).await else { continue };
            match one.state {
                State::Approved => match self.begin(&one).await? {
                    Claim::Ours(one) => self.start(*one).await?,
                    Claim::Later(why) => {
                        tracing::info!(proposal = %id, "cannot be started yet: {why}");
                        tokio::time::sleep(PAUSE).await;
                    }
                    Claim::Gone => {}
                },
                State::Claimed | State::Dispatched | State::Running | State::OutcomeUnknown => {
                    match self.ask_asset(&one).await? {
                        Ok(()) => silent = 0,
                        Err(why) => {
                            silent += 1;
                            if silent == PATIENCE && one.state != State::OutcomeUnknown {
                                let why = format!("the asset does not answer: {why}");
                                let outcome = ExecutionOutcome::Unknown { why };
                                let come = || Event::Come { outcome: outcome.clone(), gap: false };
                                self.step(id, "silent", come).await?;
                            }
                        }
                    }
                    let Some(now) = self.load(id).await else { continue };
                    if now.state.is_final() {
                        return Ok(());
                    }
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.nudged.notified() => {}
                    }
                    let longest = if now.state == State::OutcomeUnknown { RARELY } else { LONGEST };
                    pause = if now.state == one.state { (pause * 2).min(longest) } else { PAUSE };
                }
                _ => return Ok(()),
            }
        }
    }

    /// Looks at the asset and then uses the grant up, with everything checked again in the same transaction.
    pub(super) async fn begin(&self, one: &Proposal) -> Result<Claim, Crashed> {
        let id = one.id;
        // Its name on the asset is what it will be called once it is claimed.
        let order = order(one);
        let boot = match self.desk.fleet.ready(&order).await {
            Ok(boot) => boot,
            Err(why) => {
                let name = &one.proposed.asset.name;
                self.step(id, "look", || Event::Look).await?;
                return Ok(self.still_approved(id, format!("{name} does not answer: {why}")).await);
            }
        };
        self.crash.at("execution.ready")?;
        let voters = still(&*self.roles, &one.votes).await;
        self.crash.at("proposal.claim.before")?;
        let (desk, halt) = (self.desk.clone(), self.store.shortage());
        let claimed = self.store.write(move |tx| {
            let Some(one) = tx.proposal(id)? else { return Ok(None) };
            let standing = Standing {
                policy: &desk.policy,
                asset: desk.fleet.asset(tx, &one.proposed.asset.name)?,
                voters,
                run_lives: lives(tx, &one)?,
                engine: &desk.engine,
                epoch: desk.epoch,
                command: Some(one.proposed.command.clone()),
                signed: !one.proposed.asset.critical || signature::all_hold(&desk.policy, &one),
                halt,
                unknown: tx.unknown_beside(&one)?.map(|id| id.to_string()),
            };
            take(tx, &one, Event::Claim { standing: &standing, boot }, Actor::Engine).map(Some)
        });
        let claimed = claimed.await;
        self.announce();
        self.crash.at("proposal.claim.after")?;
        Ok(match claimed {
            Ok(Some(Ok(one))) if one.state == State::Claimed => Claim::Ours(Box::new(one)),
            Ok(Some(Err(Refusal::Later(why)))) => Claim::Later(why),
            Ok(_) => Claim::Gone,
            Err(error) => Claim::Later(format!("nothing can be recorded: {error}")),
        })
    }

    async fn still_approved(&self, id: ProposalId, why: String) -> Claim {
        match self.load(id).await {
            Some(one) if one.state == State::Approved => Claim::Later(why),
            _ => Claim::Gone,
        }
    }

    /// Starts what was just claimed. There is no other place that does.
    pub(super) async fn start(&self, one: Proposal) -> Result<(), Crashed> {
        let id = one.id;
        let order = order(&one);
        if let Err(why) = order.check(&self.desk.policy) {
            return self.come(id, ExecutionOutcome::NotRun { why }, false).await;
        }
        let intended = self.step(id, "dispatch", || Event::Dispatch).await?;
        let Some(one) = intended.filter(|one| one.state == State::Dispatched) else { return Ok(()) };
        let (pieces, come) = mpsc::channel(PIECES);
        let carried = self.desk.fleet.dispatch(order, pieces);
        let (outcome, gap) = tokio::try_join!(async { Ok(carried.await) }, self.take_in(id, come))?;
        self.crash.at("execution.dispatched")?;
        self.finish(&one, outcome, gap).await
    }

    /// Asks the asset what became of it.
    async fn ask_asset(&self, one: &Proposal) -> Result<Result<(), String>, Crashed> {
        let (pieces, come) = mpsc::channel(PIECES);
        self.crash.at("execution.probe")?;
        let asked = self.desk.fleet.probe(order(one), pieces);
        let (outcome, gap) = tokio::try_join!(async { Ok(asked.await) }, self.take_in(one.id, come))?;
        self.crash.at("execution.probed")?;
        match outcome {
            Ok(outcome) => self.finish(one, outcome, gap).await.map(Ok),
            Err(why) => Ok(Err(why)),
        }
    }

    async fn finish(&self, one: &Proposal, outcome: ExecutionOutcome, gap: bool) -> Result<(), Crashed> {
        if gap {
            tracing::warn!(proposal = %one.id, "its log has a gap");
        }
        self.come(one.id, outcome, gap).await
    }

    /// Takes what comes from the asset; whether something of it could not be kept.
    async fn take_in(&self, id: ProposalId, mut come: mpsc::Receiver<Piece>) -> Result<bool, Crashed> {
        let mut sink: Option<Sink> = None;
        let mut pieces = Vec::new();
        let mut begun = false;
        while come.recv_many(&mut pieces, PIECES).await > 0 {
            if !begun && pieces.contains(&Piece::Begun) {
                begun = true;
                self.step(id, "begin", || Event::Begin).await?;
            }
            let output = pieces.iter().any(|piece| matches!(piece, Piece::Output { .. }));
            if output {
                self.crash.at("execution.output.heard")?;
            }
            let (path, now, known) = (self.log(id), wall(), sink.take());
            let batch = std::mem::take(&mut pieces);
            let kept = tokio::task::spawn_blocking(move || {
                let mut sink = known.unwrap_or_else(|| Sink::open(&path));
                for piece in batch {
                    if let Piece::Output { error, offset, bytes } = piece {
                        sink.put(error, offset, &bytes, now);
                    }
                }
                sink
            });
            match kept.await {
                Ok(kept) => sink = Some(kept),
                Err(error) => tracing::error!("the log of an execution failed: {error}"),
            }
            if output {
                self.crash.at("execution.output.kept")?;
            }
        }
        Ok(match sink {
            Some(sink) => settled(sink).await,
            None => false,
        })
    }

    /// Records evidence, and whether some of the output is missing.
    async fn come(&self, id: ProposalId, outcome: ExecutionOutcome, gap: bool) -> Result<(), Crashed> {
        self.step(id, "come", || Event::Come { outcome: outcome.clone(), gap }).await.map(drop)
    }

    /// Commits an event of the engine. A store that refuses is asked until it does not: what happened on an asset is not forgotten for
    /// a full disk. `None` where the event no longer fits.
    pub(super) async fn step(
        &self,
        id: ProposalId,
        name: &str,
        event: impl Fn() -> Event<'static>,
    ) -> Result<Option<Proposal>, Crashed> {
        self.crash.at(format!("proposal.{name}.before"))?;
        loop {
            let event = event();
            let done = self.store.write(move |tx| {
                let one =
                    tx.proposal(id)?.ok_or_else(|| StoreError::Missing { what: "proposal", id: id.to_string() })?;
                take(tx, &one, event, Actor::Engine)
            });
            match done.await {
                Ok(Ok(one)) => {
                    self.announce();
                    self.crash.at(format!("proposal.{name}.after"))?;
                    return Ok(Some(one));
                }
                Ok(Err(_)) | Err(StoreError::Missing { .. }) => return Ok(None),
                Err(error) => {
                    tracing::error!(proposal = %id, "this cannot be recorded yet: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Reads a proposal; `None` after a pause where the store does not answer.
    pub(super) async fn load(&self, id: ProposalId) -> Option<Proposal> {
        match self.store.read(move |view| view.proposal(id)).await {
            Ok(Some(one)) => Some(one),
            other => {
                tracing::error!(proposal = %id, "cannot be read: {other:?}");
                tokio::time::sleep(PAUSE).await;
                None
            }
        }
    }
}

/// Puts on disk what came, as far as the disk takes it within some seconds; whether something is missing then.
async fn settled(mut sink: Sink) -> bool {
    for pause in [Some(PAUSE), Some(PAUSE * 2), Some(PAUSE * 4), None] {
        let now = wall();
        let done = tokio::task::spawn_blocking(move || {
            let settled = sink.settle(now);
            (sink, settled)
        });
        let settled = match done.await {
            Ok((back, settled)) => {
                sink = back;
                settled
            }
            Err(error) => {
                tracing::error!("the log of an execution failed: {error}");
                return true;
            }
        };
        match pause.filter(|_| !settled) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => break,
        }
    }
    sink.has_gap()
}

pub(super) fn order(one: &Proposal) -> Order {
    let execution = one.execution.clone();
    Order {
        proposal: one.id,
        execution: execution.unwrap_or_else(|| digest::execution(&one.digest, &one.proposed.nonce)),
        proposed: one.proposed.clone(),
        digest: one.digest.clone(),
        votes: one.votes.clone(),
        boot: one.boot.clone(),
    }
}

/// Whether the run that it is for goes on.
pub(super) fn lives(tx: &Tx<'_>, one: &Proposal) -> Result<bool, StoreError> {
    let Some(run) = one.proposed.run else { return Ok(true) };
    Ok(tx.run(run)?.is_some_and(|run| !run.state.is_final()))
}

fn wall() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
