//! What an agent proposes for live assets, and what became of it. People decide; the agent goes on meanwhile and is told once in
//! a prompt, and here whenever it asks.

use super::field::Arguments;
use super::{Given, ToolFault, Who, limits};
use crate::domain::{
    Claims, Command, ExecutionOutcome, Program, Proposal, ProposalState as State, Requester, shortened,
};
use crate::engine::proposals::{Asked, Desk, ProposeFault, Request, propose};
use crate::store::{StoreError, Tx, View, Which};
use serde_json::{Value, json};

/// Seconds, where an agent does not say how many.
const USUAL_TIME: u32 = 60;

/// Takes a proposal in.
pub(super) fn take(tx: &Tx<'_>, who: Who, desk: Option<&Desk>, arguments: &Arguments) -> Given {
    let Some(desk) = desk else {
        return Err(ToolFault::refused("this engine has no live assets".to_owned()));
    };
    let role = tx.run(who.run)?.map(|run| run.role).unwrap_or_default();
    let text = |name| arguments.text(name).unwrap_or_default().to_owned();
    let request = Request {
        asset: text("asset"),
        command: command(arguments)?,
        claims: Claims { why: text("why"), expect: text("expect"), undo: text("undo") },
        requester: Requester::Agent { role },
        voter: None,
        run: Some(who.run),
        replaces: None,
    };
    let (one, how) = match propose(tx, desk, request).map_err(fault)? {
        Asked::New(one) => (one, "asked as"),
        Asked::Known(one) if one.state == State::Denied => return Err(denied(&one)),
        Asked::Known(one) => (one, "asked already as"),
    };
    Ok(json!({
        "proposed": one.id.to_string(), "state": one.state,
        "says": format!(
            "{how} {}; people decide, which may take hours. Go on with what does not need it: what becomes of it will be in a later \
             prompt, and in the tool `proposals`",
            one.id
        ),
    }))
}

fn denied(one: &Proposal) -> ToolFault {
    ToolFault::refused(format!(
        "the same was denied as {}: {}. Propose something else, or nothing",
        one.id,
        shortened(&one.reason, limits::LONG_TEXT)
    ))
}

fn fault(fault: ProposeFault) -> ToolFault {
    match fault {
        ProposeFault::Refused(words) => ToolFault::refused(words),
        ProposeFault::Missing { .. } => ToolFault::refused(fault.to_string()),
        ProposeFault::Store(error) => error.into(),
        ProposeFault::Random(_) => ToolFault::from(StoreError::Refused(fault.to_string())),
    }
}

fn command(arguments: &Arguments) -> Result<Command, ToolFault> {
    let words = arguments.texts("argv");
    let script = arguments.text("script");
    let program = match (words.is_empty(), script) {
        (false, None) => Program::Argv { words: words.iter().map(|word| word.as_bytes().to_vec()).collect() },
        (true, Some(script)) => Program::Script { bytes: script.as_bytes().to_vec() },
        _ => return Err(ToolFault::refused("give either `argv` or `script`, not both and not neither".to_owned())),
    };
    let variable = |text: &&str| {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| ToolFault::refused("each text of `env` must be NAME=VALUE".to_owned()))?;
        Ok((name.to_owned(), value.as_bytes().to_vec()))
    };
    Ok(Command {
        program,
        stdin: arguments.text("stdin").map(|text| text.as_bytes().to_vec()),
        env: arguments.texts("env").iter().map(variable).collect::<Result<_, ToolFault>>()?,
        cwd: arguments.text("cwd").unwrap_or("/").to_owned(),
        user: arguments.text("user").map(str::to_owned),
        timeout: arguments.number("timeout").unwrap_or(USUAL_TIME),
    })
}

/// What became of the proposals of the run.
pub(super) fn list(view: &View<'_>, who: Who) -> Given {
    let mut all = view.proposals(Which::Of(who.run), 21)?;
    let more = all.len() > 20;
    all.drain(..all.len().saturating_sub(20));
    let rows: Vec<Value> = all.iter().rev().map(told).collect();
    Ok(json!({ "proposals": rows, "more": more }))
}

fn told(one: &Proposal) -> Value {
    let code = match &one.outcome {
        Some(ExecutionOutcome::Ran { code }) => Some(*code),
        _ => None,
    };
    json!({
        "id": one.id.to_string(), "asset": one.proposed.asset.name, "state": one.state,
        "reason": shortened(&one.reason, limits::LONG_TEXT), "by": one.by.as_ref().map(|by| shortened(&by.name, 60)),
        "replaced_by": one.replaced_by.map(|id| id.to_string()), "exit_code": code, "asked": one.asked.wall.rfc3339(),
    })
}
