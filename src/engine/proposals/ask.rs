//! Taking in a proposal: checked strictly, bounded in number where it comes from an agent, and put to people by a question.

use super::Desk;
use crate::approval::{canonical, digest};
use crate::audit::{AuditEvent, hex};
use crate::domain::{
    Actor, Claims, Command, Human, Proposal, ProposalId, ProposalState as State, Proposed, QuestionKind, Requester,
    Run, RunId, Voter, bounded_facts,
};
use crate::store::{Ask, NewProposal, StoreError, Tx, View};
use serde_json::json;

/// Proposals of an agent that may wait at once.
pub const WAITING: u32 = 3;
/// Proposals of an agent in an hour.
pub const HOURLY: u32 = 10;
/// Proposals of an agent in a run.
pub const EVER: u32 = 50;
/// Proposals of a person that may wait at once; those that take the place of another are not counted.
pub const WAITING_OF_PERSON: u32 = 50;
/// An hour.
const HOUR: i64 = 3_600_000;
/// Longest text that a requester says, in bytes.
pub const LONGEST_CLAIM: usize = 4096;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Request {
    /// The asset's name.
    pub asset: String,
    /// What would run there.
    pub command: Command,
    /// What is said of it.
    pub claims: Claims,
    /// Who wants it.
    pub requester: Requester,
    /// The requester with their roles, where it is a person.
    pub voter: Option<Voter>,
    /// The run that it is for.
    pub run: Option<RunId>,
    /// The one that it was edited from.
    pub replaces: Option<Proposal>,
}

/// What became of a request.
#[derive(Debug, Clone)]
pub enum Asked {
    /// It was taken in.
    New(Box<Proposal>),
    /// The same stands there already; nothing was added.
    Known(Box<Proposal>),
}

/// Why a proposal is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum ProposeFault {
    /// In words that are fit for whoever asked.
    #[error("{0}")]
    Refused(String),
    /// No such thing.
    #[error("there is no {what} {id}")]
    Missing {
        /// Its kind.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no randomness.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

fn refused(words: impl Into<String>) -> ProposeFault {
    ProposeFault::Refused(words.into())
}

/// Takes a request in. It is the same for agents and people but for the caps and who is asked.
pub fn propose(tx: &Tx<'_>, desk: &Desk, request: Request) -> Result<Asked, ProposeFault> {
    let Request { asset, command, claims, requester, voter, run, replaces } = request;
    let Some(asset) = desk.fleet.asset(tx, &asset)? else {
        return Err(ProposeFault::Missing { what: "asset", id: asset.chars().take(60).collect() });
    };
    if asset.leads_nowhere() {
        return Err(refused(format!(
            "{} is known by words only, so nothing can ever run there: register how it is reached (--ssh, --docker, --local)",
            asset.name
        )));
    }
    canonical::check(&command).map_err(|unfit| refused(unfit.to_string()))?;
    for (name, text) in [("why", &claims.why), ("expect", &claims.expect), ("undo", &claims.undo)] {
        if text.len() > LONGEST_CLAIM {
            return Err(refused(format!("`{name}` has {} bytes, at most {LONGEST_CLAIM} are taken", text.len())));
        }
    }
    if claims.why.trim().is_empty() {
        return Err(refused("say why: people decide on it"));
    }
    desk.policy.may_propose(&requester, voter.as_ref(), &asset).map_err(refused)?;
    if let Some(pattern) = desk.policy.denies(&command) {
        return Err(refused(format!("\"{pattern}\" under [approvals] refuses it, whoever proposes it")));
    }
    if asset.critical && asset.host_key.is_none() {
        return Err(refused(format!(
            "{} is critical and has no host key that is pinned: that comes first",
            asset.name
        )));
    }
    let run = run.map(|id| living(tx, id)).transpose()?;
    let mut owners = run.as_ref().map(|run| owners(tx, run)).transpose()?.unwrap_or_default();
    if let Some(old) = &replaces {
        // Who asked for the old one has asked for this one as well.
        let before =
            crate::approval::vote::owners(old).filter(|one| !owners.contains(one)).cloned().collect::<Vec<_>>();
        owners.extend(before);
    }
    let same = digest::sameness(&command, asset.id);
    if let (Requester::Agent { .. }, Some(run)) = (&requester, &run) {
        if let Some(known) = known(tx, run.id, &same)? {
            return Ok(Asked::Known(Box::new(known)));
        }
        room(tx, run.id)?;
    }
    if let (Requester::Person { person }, None) = (&requester, &replaces)
        && tx.waiting_of(person)? >= WAITING_OF_PERSON
    {
        return Err(refused(format!(
            "{WAITING_OF_PERSON} proposals of yours wait for people, which is the most: wait for what they decide, or take some back \
             (`dogwatch approvals withdraw`)"
        )));
    }
    let moment = tx.moment();
    let proposed = Proposed {
        command,
        requester,
        owners,
        run: run.as_ref().map(|run| run.id),
        iteration: run.as_ref().map_or(0, |run| run.iteration),
        claims,
        policy: desk.policy.version(),
        engine: desk.engine.clone(),
        epoch: desk.epoch,
        nonce: nonce()?,
        asset,
    };
    let wait = desk.policy.waits(proposed.asset.critical);
    let question = tx.insert_question(&question(&proposed, moment.wall.plus(wait), desk))?;
    let old = replaces.as_ref().map(|old| old.id);
    let new = tx.insert_proposal(NewProposal { proposed, question, asked: moment, wait, replaces: old })?;
    announce(tx, &new, old)?;
    Ok(Asked::New(Box::new(new)))
}

/// Writes the event of a new proposal.
fn announce(tx: &Tx<'_>, new: &Proposal, replaces: Option<ProposalId>) -> Result<(), StoreError> {
    let actor = match &new.proposed.requester {
        Requester::Person { person } => person.actor(),
        Requester::Agent { .. } => Actor::Engine,
    };
    let detail = json!({
        "proposal": new.id.to_string(), "asset": new.proposed.asset.name, "digest": new.digest,
        "requester": new.proposed.requester, "replaces": replaces.map(|id| id.to_string()),
    });
    let mut event = AuditEvent::new(actor, "proposal.asked").question(new.question).detail(detail);
    if let Some(run) = new.proposed.run {
        event = event.run(run);
    }
    tx.record(event)?;
    Ok(())
}

fn living(view: &View<'_>, id: RunId) -> Result<Run, ProposeFault> {
    match view.run(id)? {
        Some(run) if !run.state.is_final() => Ok(run),
        Some(_) => Err(refused(format!("{id} is over, so nothing is done for it any more"))),
        None => Err(ProposeFault::Missing { what: "run", id: id.to_string() }),
    }
}

/// Everybody who has had a hand in a run: who started it, and who told its agent what to do.
fn owners(view: &View<'_>, run: &Run) -> Result<Vec<Human>, StoreError> {
    let guides = view.guidance(run.id)?.into_iter().map(|one| one.by);
    let mut owners: Vec<Human> = Vec::new();
    for person in std::iter::once(run.owner.clone()).chain(guides).filter_map(|actor| Human::of(&actor)) {
        if !owners.contains(&person) {
            owners.push(person);
        }
    }
    Ok(owners)
}

/// What is said to the same request again: it waits already, it is under way, or a person said no.
fn known(view: &View<'_>, run: RunId, same: &str) -> Result<Option<Proposal>, StoreError> {
    let found = view.same_proposal(run, same)?;
    Ok(found.filter(|one| match one.state {
        State::Denied | State::Approved => true,
        state => state.is_open() || state.is_under_way(),
    }))
}

fn room(tx: &Tx<'_>, run: RunId) -> Result<(), ProposeFault> {
    let (waiting, hourly, all) = tx.proposed_by_agent(run, tx.now().plus(-HOUR))?;
    let reached = match () {
        () if waiting >= WAITING => format!("{WAITING} proposals wait for people"),
        () if all >= EVER => format!("{EVER} proposals were made in this run"),
        () if hourly >= HOURLY => format!("{HOURLY} proposals were made in the last hour"),
        () => return Ok(()),
    };
    Err(refused(format!(
        "{reached}, which is the most: wait for what people decide, and look for what needs no live asset"
    )))
}

/// The question that stands for it in the one queue. What runs is not repeated there: it is shown from the proposal, exactly.
fn question(proposed: &Proposed, deadline: crate::domain::Millis, desk: &Desk) -> Ask {
    let asset = &proposed.asset;
    let who = match &proposed.requester {
        Requester::Agent { role } => format!("the agent (role {role})"),
        Requester::Person { person } => person.name.clone(),
    };
    let need = desk.policy.need(asset);
    let by: Vec<&str> = need.by.iter().map(|role| role.name()).collect();
    let facts = [
        format!(
            "{who} wants to run something on {}{}",
            asset.name,
            if asset.critical { ", which is critical" } else { "" }
        ),
        format!("{} of the roles {} must agree, to exactly these bytes", need.approvals, by.join(", ")),
        "it is decided as a proposal: `dogwatch approvals ls` names it, `dogwatch approvals show` shows what would run"
            .to_owned(),
    ];
    Ask {
        run: proposed.run,
        iteration: proposed.iteration,
        kind: QuestionKind::Execution,
        title: format!("may this run on {}?", asset.name),
        facts: bounded_facts(&facts),
        reached: Vec::new(),
        digest: Some(digest::digest(proposed)),
        deadline: Some(deadline),
    }
}

fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}
