//! Proposals for live assets with their votes. The command lies in a blob; a row whose blob is lost or damaged is still read, with a
//! command that is empty, which no proposal has.

mod care;

pub use care::Waits;

use super::columns::{Json, Word, json};
use super::{BlobName, BlobOrigin, StoreError, Tx, View};
use crate::approval::{canonical, digest};
use crate::domain::{
    AssetFacts, Claims, Command, ExecutionId, ExecutionOutcome, Human, Millis, Moment, Program, Proposal, ProposalId,
    ProposalState, Proposed, QuestionId, Requester, RunId, Stop, Vote,
};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

/// What votes bind beside the command.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    asset: AssetFacts,
    requester: Requester,
    owners: Vec<Human>,
    iteration: u32,
    claims: Claims,
    policy: String,
    engine: String,
    epoch: u64,
    nonce: String,
}

/// How far it has come.
#[derive(Debug, Serialize, Deserialize)]
struct Standing {
    #[serde(default)]
    unknown: Option<QuestionId>,
    #[serde(default)]
    glass: Option<QuestionId>,
    asked: Moment,
    wait: i64,
    granted: Option<(Moment, i64)>,
    by: Option<Human>,
    reason: String,
    replaces: Option<ProposalId>,
    replaced_by: Option<ProposalId>,
    boot: Option<String>,
    outcome: Option<ExecutionOutcome>,
    reviewed: Option<Human>,
    #[serde(default)]
    stop: Option<Stop>,
    #[serde(default)]
    gap: bool,
}

impl Standing {
    fn of(one: &Proposal) -> Self {
        Self {
            unknown: one.unknown,
            glass: one.glass,
            asked: one.asked.clone(),
            wait: one.wait,
            granted: one.granted.clone(),
            by: one.by.clone(),
            reason: one.reason.clone(),
            replaces: one.replaces,
            replaced_by: one.replaced_by,
            boot: one.boot.clone(),
            outcome: one.outcome.clone(),
            reviewed: one.reviewed.clone(),
            stop: one.stop.clone(),
            gap: one.gap,
        }
    }
}

/// A proposal to be stored.
#[derive(Debug, Clone)]
pub struct NewProposal {
    /// What it is.
    pub proposed: Proposed,
    /// The question that asks for it.
    pub question: QuestionId,
    /// When.
    pub asked: Moment,
    /// How long it may wait.
    pub wait: i64,
    /// The one that it was edited from.
    pub replaces: Option<ProposalId>,
}

/// Which proposals are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those of which something is still expected, by people or by the engine.
    Open,
    /// Those that one person decided for two, and nobody else has looked at since.
    Unreviewed,
    /// Those that were granted and whose end is not known.
    UnderWay,
    /// Those of a run.
    Of(RunId),
}

/// Those of which something is expected: by people, by the engine, or a look at what one person decided for two.
const OPEN: &str = "(state IN ('pending', 'partial', 'approved', 'claimed', 'dispatched', 'running', 'outcome_unknown')
    OR (execution IS NOT NULL AND json_extract(standing, '$.reviewed') IS NULL AND EXISTS
        (SELECT 1 FROM votes WHERE proposal = proposals.id AND json_extract(vote, '$.glass') IS NOT NULL)))";

/// Stands for a command that cannot be read.
fn lost() -> Command {
    let program = Program::Argv { words: Vec::new() };
    Command { program, stdin: None, env: Vec::new(), cwd: String::new(), user: None, timeout: 0 }
}

impl View<'_> {
    fn proposal_row(&self, row: &Row<'_>) -> rusqlite::Result<Proposal> {
        let record: Record = json(row, "record")?;
        let standing: Standing = json(row, "standing")?;
        let id = ProposalId(row.get("id")?);
        let name: String = row.get("command")?;
        // What is lost is said where the proposal is shown, and refused where it is claimed.
        let bytes = name.parse::<BlobName>().and_then(|name| self.blob(&name)).unwrap_or_default();
        let proposed = Proposed {
            command: canonical::decode(&bytes).unwrap_or_else(|_| lost()),
            asset: record.asset,
            requester: record.requester,
            owners: record.owners,
            run: row.get::<_, Option<i64>>("run")?.map(RunId),
            iteration: record.iteration,
            claims: record.claims,
            policy: record.policy,
            engine: record.engine,
            epoch: record.epoch,
            nonce: record.nonce,
        };
        Ok(Proposal {
            id,
            version: row.get("version")?,
            proposed,
            digest: row.get("digest")?,
            state: super::columns::word(row, "state")?,
            question: QuestionId(row.get("question")?),
            unknown: standing.unknown,
            glass: standing.glass,
            asked: standing.asked,
            wait: standing.wait,
            granted: standing.granted,
            votes: Vec::new(),
            by: standing.by,
            reason: standing.reason,
            replaces: standing.replaces,
            replaced_by: standing.replaced_by,
            execution: super::columns::maybe_word::<ExecutionId>(row, "execution")?,
            boot: standing.boot,
            outcome: standing.outcome,
            reviewed: standing.reviewed,
            stop: standing.stop,
            gap: standing.gap,
        })
    }

    fn with_votes(&self, mut one: Proposal) -> Result<Proposal, StoreError> {
        let sql = "SELECT vote FROM votes WHERE proposal = ?1 ORDER BY number";
        one.votes = self.many(sql, [one.id.0], |row| json(row, "vote"))?;
        Ok(one)
    }

    /// How long, in milliseconds, a person had before them what they said yes to, where that is known: the newest `most`.
    pub fn reading_times(&self, person: &Human, most: usize) -> Result<Vec<u64>, StoreError> {
        let sql = "SELECT json_extract(vote, '$.seen.milliseconds') AS time FROM votes
                   WHERE (uid = ?1 OR login = ?2) AND time IS NOT NULL
                   ORDER BY json_extract(vote, '$.at.wall') DESC, proposal DESC LIMIT ?3";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.many(sql, params![person.uid, person.login_uid, most], |row| {
            let time: i64 = row.get("time")?;
            Ok(u64::try_from(time).unwrap_or(0))
        })
    }

    /// The proposal with this id.
    pub fn proposal(&self, id: ProposalId) -> Result<Option<Proposal>, StoreError> {
        let found = self.one("SELECT * FROM proposals WHERE id = ?1", [id.0], |row| self.proposal_row(row))?;
        found.map(|one| self.with_votes(one)).transpose()
    }

    /// Proposals, the newest `most`, oldest first.
    pub fn proposals(&self, which: Which, most: usize) -> Result<Vec<Proposal>, StoreError> {
        let (wanted, run) = match which {
            Which::All => ("1", None),
            Which::Open => (OPEN, None),
            Which::Unreviewed => (
                "execution IS NOT NULL AND json_extract(standing, '$.reviewed') IS NULL AND EXISTS
                     (SELECT 1 FROM votes WHERE proposal = proposals.id AND json_extract(vote, '$.glass') IS NOT NULL)",
                None,
            ),
            Which::UnderWay => ("state IN ('approved', 'claimed', 'dispatched', 'running', 'outcome_unknown')", None),
            Which::Of(run) => ("run = ?2", Some(run.0)),
        };
        let sql = format!("SELECT * FROM proposals WHERE {wanted} AND ?2 IS ?2 ORDER BY id DESC LIMIT ?1");
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let found = self.many(&sql, params![most, run], |row| self.proposal_row(row))?;
        found.into_iter().rev().map(|one| self.with_votes(one)).collect()
    }

    /// How many executions have come to an end, known or not.
    pub fn executions_over(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM proposals WHERE execution IS NOT NULL
                   AND state NOT IN ('approved', 'claimed', 'dispatched', 'running')";
        Ok(self.one(sql, [], |row| row.get(0))?.unwrap_or_default())
    }

    /// How many an agent has proposed in a run: those that wait, those since an instant, and all.
    pub fn proposed_by_agent(&self, run: RunId, since: Millis) -> Result<(u32, u32, u32), StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE state IN ('pending', 'partial')), count(*) FILTER (WHERE asked > ?2), count(*)
                   FROM proposals WHERE run = ?1 AND agent = 1";
        let counted = self.one(sql, params![run.0, since.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(counted.unwrap_or_default())
    }

    /// The last proposal of a run that wanted the same on the same asset, whatever was said of it.
    pub fn same_proposal(&self, run: RunId, same: &str) -> Result<Option<Proposal>, StoreError> {
        let sql = "SELECT * FROM proposals WHERE run = ?1 AND same = ?2 ORDER BY id DESC LIMIT 1";
        let found = self.one(sql, params![run.0, same], |row| self.proposal_row(row))?;
        found.map(|one| self.with_votes(one)).transpose()
    }

    /// The last proposal before this one on the same asset.
    pub fn proposal_before(&self, one: &Proposal) -> Result<Option<ProposalId>, StoreError> {
        let sql = "SELECT max(id) FROM proposals WHERE asset = ?1 AND id < ?2";
        let found = self.one(sql, params![one.proposed.asset.id, one.id.0], |row| row.get::<_, Option<i64>>(0))?;
        Ok(found.flatten().map(ProposalId))
    }

    /// Another execution of the same run on the same asset of which nobody knows what became of it.
    pub fn unknown_beside(&self, one: &Proposal) -> Result<Option<ProposalId>, StoreError> {
        let sql =
            "SELECT id FROM proposals WHERE run = ?1 AND asset = ?2 AND id <> ?3 AND state = 'outcome_unknown' LIMIT 1";
        let Some(run) = one.proposed.run else { return Ok(None) };
        self.one(sql, params![run.0, one.proposed.asset.id, one.id.0], |row| row.get(0).map(ProposalId))
    }

    /// What a run's agent has to be told in the prompt of an iteration: what became of its proposals and of those that people made
    /// of them, each in one prompt only.
    pub fn proposals_to_tell(&self, run: RunId, iteration: u32) -> Result<Vec<Proposal>, StoreError> {
        let sql = "WITH RECURSIVE its(id) AS (
                       SELECT id FROM proposals WHERE run = ?1 AND agent = 1 UNION
                       SELECT edited.id FROM proposals AS edited JOIN its ON json_extract(edited.standing, '$.replaces') = its.id
                       WHERE edited.run = ?1)
                   SELECT * FROM proposals WHERE id IN its AND (told_in IS NULL OR told_in = ?2)
                   AND state NOT IN ('pending', 'partial', 'approved', 'claimed', 'dispatched', 'running') ORDER BY id";
        let found = self.many(sql, params![run.0, iteration], |row| self.proposal_row(row))?;
        found.into_iter().map(|one| self.with_votes(one)).collect()
    }
}

impl Tx<'_> {
    /// Stores a proposal that nobody has voted on.
    pub fn insert_proposal(&self, new: NewProposal) -> Result<Proposal, StoreError> {
        let NewProposal { proposed, question, asked, wait, replaces } = new;
        let origin = BlobOrigin { kind: "command".to_owned(), run: proposed.run, step: None };
        let command = self.put_blob(&canonical::encode(&proposed.command), &origin)?;
        let mut one = Proposal {
            id: ProposalId(0),
            version: 1,
            digest: digest::digest(&proposed),
            proposed,
            state: ProposalState::Pending,
            question,
            unknown: None,
            glass: None,
            asked,
            wait,
            granted: None,
            votes: Vec::new(),
            by: None,
            reason: String::new(),
            replaces,
            replaced_by: None,
            execution: None,
            boot: None,
            outcome: None,
            reviewed: None,
            stop: None,
            gap: false,
        };
        let proposed = &one.proposed;
        let record = Record {
            asset: proposed.asset.clone(),
            requester: proposed.requester.clone(),
            owners: proposed.owners.clone(),
            iteration: proposed.iteration,
            claims: proposed.claims.clone(),
            policy: proposed.policy.clone(),
            engine: proposed.engine.clone(),
            epoch: proposed.epoch,
            nonce: proposed.nonce.clone(),
        };
        let id = self.insert(
            "INSERT INTO proposals (question, run, agent, asset, digest, same, command, record, state, standing, version, asked)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'pending', ?9, 1, ?10)",
            params![
                question.0,
                proposed.run.map(|run| run.0),
                matches!(proposed.requester, Requester::Agent { .. }),
                proposed.asset.id,
                one.digest,
                digest::sameness(&proposed.command, proposed.asset.id),
                command.to_string(),
                Json(&record),
                Json(&Standing::of(&one)),
                self.now().0,
            ],
        )?;
        one.id = ProposalId(id);
        Ok(one)
    }

    /// Moves a proposal from what was read of it to what follows; refused where somebody else was faster.
    pub fn move_proposal(&self, from: &Proposal, to: &Proposal) -> Result<(), StoreError> {
        let changed = self.change(
            "UPDATE proposals SET state = ?4, standing = ?5, execution = ?6, version = ?7,
             told_in = CASE WHEN state = ?4 THEN told_in END
             WHERE id = ?1 AND version = ?2 AND state = ?3",
            params![
                from.id.0,
                from.version,
                Word(from.state),
                Word(to.state),
                Json(&Standing::of(to)),
                to.execution.as_ref().map(ExecutionId::as_str),
                to.version,
            ],
        )?;
        if changed != 1 {
            return Err(StoreError::Refused(format!("{} changed meanwhile: look at it again", from.id)));
        }
        for (number, vote) in to.votes.iter().enumerate().skip(from.votes.len()) {
            self.insert_vote(from.id, number + 1, vote)?;
        }
        Ok(())
    }

    fn insert_vote(&self, id: ProposalId, number: usize, vote: &Vote) -> Result<(), StoreError> {
        let person = &vote.voter.person;
        self.change(
            "INSERT INTO votes (proposal, number, uid, login, digest, vote) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id.0, number, person.uid, person.login_uid, vote.digest, Json(vote)],
        )?;
        Ok(())
    }

    /// Keeps that the prompt of an iteration told what became of these.
    pub fn proposals_told(&self, ids: &[ProposalId], iteration: u32) -> Result<(), StoreError> {
        let sql = "UPDATE proposals SET told_in = ?2, version = version + 1 WHERE id = ?1 AND told_in IS NULL";
        for id in ids {
            self.change(sql, params![id.0, iteration])?;
        }
        Ok(())
    }
}
