//! Proposals for live assets, as clients ask for them.

use super::Server;
use super::answer::not_found;
use super::answer::read_range;
use crate::approval::policy::Policy;
use crate::approval::risk::risks;
use crate::approval::{deadline, pace, vote};
use crate::domain::{Actor, Agreed, Human, Moment, Program, Proposal, ProposalId, ProposalState as State, Vote, Voter};
use crate::engine::proposals::{Change, DecideFault, Decision, Proposals};
use crate::people::Peer;
use crate::protocol::{
    Before, Bytes, Fault, FaultCode, NewProposal, ProposalBrief, ProposalDetail, Reply, Request, Verdict, requester,
};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, View, Which};

/// Most proposals in one answer.
const MOST: usize = 500;
/// Bytes of the beginning in a list.
const BEGINNING: usize = 160;
/// Most bytes of output in one answer.
const MOST_OUTPUT: u32 = 1024 * 1024;

impl From<DecideFault> for Fault {
    fn from(fault: DecideFault) -> Self {
        let code = match &fault {
            DecideFault::Missing { what, id } => return not_found(what, id),
            DecideFault::Refused(_) => FaultCode::Refused,
            DecideFault::Store(_) | DecideFault::Died(_) => FaultCode::Engine,
        };
        Self { code, message: fault.to_string() }
    }
}

impl<S: Sandbox> Server<S> {
    pub(super) async fn about_proposals(&self, request: Request, you: &Actor, peer: &Peer) -> Result<Reply, Fault> {
        let only_people = || Fault { code: FaultCode::Forbidden, message: "only a person decides".to_owned() };
        let person = Human::of(you).ok_or_else(only_people)?;
        // With the roles of this moment.
        let you = Voter { person, roles: self.people.roles(peer).await };
        match request {
            Request::Proposal { proposal } => self.proposal(proposal, you).await,
            Request::Propose { new } => self.propose(*new, you).await,
            Request::EditProposal { proposal, new } => self.edit_proposal(proposal, *new, you).await,
            Request::Decide { proposal, verdict } => self.decide(proposal, verdict, you).await,
            Request::AgreeToAll { yes } => self.agree_to_all(yes, you).await,
            Request::ReadOutput { proposal, offset, most } => self.read_output(proposal, offset, most).await,
            Request::Proposals { all } => self.proposals(all).await,
            other => {
                let message = format!("`{}` is answered by nobody", other.word());
                Err(Fault { code: FaultCode::Engine, message })
            }
        }
    }

    async fn proposals(&self, all: bool) -> Result<Reply, Fault> {
        let which = if all { Which::All } else { Which::Open };
        let mut found = self
            .engine
            .store
            .read(move |view| {
                let mut found = view.proposals(which, MOST + 1)?;
                if !all {
                    found.extend(view.proposals(Which::Unreviewed, MOST + 1)?);
                    found.extend(view.proposals(Which::UnderWay, usize::MAX)?);
                    found.sort_by_key(|one| one.id);
                    found.dedup_by_key(|one| one.id);
                }
                Ok(found)
            })
            .await?;
        let more = found.len() > MOST;
        let mut surplus = found.len().saturating_sub(MOST);
        // The oldest are left out, but never one that was granted and may run.
        found.retain(|one| {
            let leaves = surplus > 0 && (all || one.state.is_open() || one.state.is_final());
            surplus -= usize::from(leaves);
            !leaves
        });
        let (policy, now) = (&self.proposals.desk().policy, self.proposals.moment());
        Ok(Reply::Proposals { proposals: found.iter().map(|one| brief(one, policy, &now)).collect(), more })
    }

    async fn agree_to_all(&self, yes: Vec<Agreed>, you: Voter) -> Result<Reply, Fault> {
        let done = self.proposals.agree_to_all(yes, you).await?;
        let (policy, now) = (&self.proposals.desk().policy, self.proposals.moment());
        Ok(Reply::Proposals { proposals: done.iter().map(|one| brief(one, policy, &now)).collect(), more: false })
    }

    async fn proposal(&self, id: ProposalId, voter: Voter) -> Result<Reply, Fault> {
        let desk = self.proposals.desk().clone();
        let person = voter.person.clone();
        let read = self.engine.store.read(move |view| {
            let Some(one) = view.proposal(id)? else { return Ok(None) };
            let asset = desk.fleet.asset(view, &one.proposed.asset.name)?;
            let before = before(view, &one)?;
            let times = view.reading_times(&person, pace::LAST)?;
            Ok(Some((one, asset, before, pace::hurried(&times))))
        });
        let Some((proposal, asset, before, hurried)) = read.await? else { return Err(not_found("proposal", id)) };
        let (policy, now) = (&self.proposals.desk().policy, self.proposals.moment());
        let need = policy.need(&proposal.proposed.asset);
        let hindrance = if proposal.state.is_open() {
            let (voter, digest) = (voter.clone(), proposal.digest.clone());
            // What a signature says is looked at where one is given.
            let signature = Some(String::new());
            let (at, reason) = (now.clone(), String::new());
            let vote = Vote { voter, digest, at, seen: None, signature, glass: None, reason, together: 0 };
            vote::check(&proposal, &need, &policy.break_glass, &vote).err().map(|bad| bad.to_string())
        } else {
            Some(format!("it is {}", proposal.state.name()))
        };
        let output = output_bytes(&self.proposals, id).await;
        let login = voter.person.login_name.as_ref();
        let keys = login.and_then(|name| policy.keys.get(name).cloned()).unwrap_or_default();
        Ok(Reply::Proposal {
            detail: Box::new(ProposalDetail {
                missing: vote::missing(&proposal, &need, &policy.break_glass, None),
                left: left(&proposal, &now),
                grant: policy.granted(),
                freeze: policy.frozen(now.wall).map(ToString::to_string),
                need,
                proposal,
                you: Some(voter),
                hindrance,
                hurried,
                asset,
                before: before.map(Box::new),
                keys,
                output,
            }),
        })
    }

    async fn propose(&self, new: NewProposal, you: Voter) -> Result<Reply, Fault> {
        let NewProposal { asset, command, claims, run } = new;
        let one = self.proposals.propose(asset, command, claims, run, you.clone()).await?;
        self.proposal(one.id, you).await
    }

    async fn edit_proposal(&self, id: ProposalId, new: NewProposal, you: Voter) -> Result<Reply, Fault> {
        let NewProposal { asset, command, claims, .. } = new;
        let change = Change { command, claims, asset: Some(asset).filter(|name| !name.is_empty()) };
        let one = self.proposals.edit(id, change, you.clone()).await?;
        self.proposal(one.id, you).await
    }

    async fn decide(&self, id: ProposalId, verdict: Verdict, you: Voter) -> Result<Reply, Fault> {
        let decision = match verdict {
            Verdict::Approve { digest, seen, signature, glass, reason } => {
                Decision::Approve { digest, seen, signature, glass, reason }
            }
            Verdict::Deny { reason } => Decision::Deny { reason },
            Verdict::Withdraw { reason } => Decision::Withdraw { reason },
            Verdict::Stop { reason } => Decision::Stop { reason },
            Verdict::Resolve { as_what, note } => Decision::Resolve { as_what, note },
            Verdict::Review => Decision::Review,
        };
        self.proposals.decide(id, decision, you.clone()).await?;
        self.proposal(id, you).await
    }

    async fn read_output(&self, id: ProposalId, offset: u64, most: u32) -> Result<Reply, Fault> {
        let known = self.engine.store.read(move |view| view.proposal(id)).await?;
        known.ok_or_else(|| not_found("proposal", id))?;
        let end = output_bytes(&self.proposals, id).await;
        let to = end.min(offset.saturating_add(u64::from(most.min(MOST_OUTPUT))));
        let bytes = if offset >= to { Vec::new() } else { read_range(self.proposals.log(id), offset, to).await? };
        Ok(Reply::Output { bytes: Bytes::new(&bytes), offset, end })
    }
}

/// How many bytes an execution has printed so far; none where there is no log.
async fn output_bytes(proposals: &Proposals, id: ProposalId) -> u64 {
    let path = proposals.log(id);
    let read = tokio::task::spawn_blocking(move || crate::logs::LogReader::open(&path).and_then(|log| log.end())).await;
    // Most proposals have none, which is no fault.
    read.ok().and_then(Result::ok).unwrap_or_default()
}

/// A proposal in a list.
pub(super) fn brief(one: &Proposal, policy: &Policy, now: &Moment) -> ProposalBrief {
    let asset = &one.proposed.asset;
    let text = match &one.proposed.command.program {
        Program::Argv { words } => words.join(&b' '),
        Program::Script { bytes } => bytes.clone(),
    };
    let need = policy.need(asset);
    ProposalBrief {
        id: one.id,
        version: one.version,
        state: one.state,
        asset: asset.name.clone(),
        environment: asset.environment.clone(),
        critical: asset.critical,
        run: one.proposed.run,
        question: one.question,
        requester: requester(&one.proposed),
        asked: one.asked.wall,
        missing: vote::missing(one, &need, &policy.break_glass, None),
        approvals: need.approvals,
        unknown: one.unknown,
        glass: one.glass,
        risks: risks(&one.proposed.command).into_iter().map(|risk| risk.mark().to_owned()).collect(),
        left: left(one, now),
        beginning: Bytes::new(text.get(..BEGINNING).unwrap_or(&text)),
        wants_review: one.wants_review(),
    }
}

fn left(one: &Proposal, now: &Moment) -> Option<i64> {
    if one.state.is_open() {
        return Some(deadline::left(&one.asked, one.wait, now));
    }
    let granted = one.granted.as_ref().filter(|_| one.state == State::Approved)?;
    Some(deadline::left(&granted.0, granted.1, now))
}

/// What a proposal is compared with.
fn before(view: &View<'_>, one: &Proposal) -> Result<Option<Before>, StoreError> {
    let id = match one.replaces {
        Some(id) => Some(id),
        None => view.proposal_before(one)?,
    };
    let found = id.map(|id| view.proposal(id)).transpose()?.flatten();
    Ok(found.map(|old| Before { id: old.id, state: old.state, proposed: old.proposed }))
}
