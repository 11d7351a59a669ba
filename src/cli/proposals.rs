//! Proposals for live assets under `dogwatch approvals`: listed beside the questions, shown exactly, decided by the digest of what was
//! shown.

use super::context::{Context, Failure, unfit};
use crate::approval::machine::Resolution;
use crate::approval::show;
use crate::client::{ClientError, sign};
use crate::domain::{ProposalId, ProposalState};
use crate::protocol::{ProposalBrief, ProposalDetail, Reply, Request, Verdict};
use crate::safe;
use crate::text::{LogParser, SafeText, Table, left};
use crate::words;
use std::path::PathBuf;

/// How an outcome that nobody knows is ended.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Found {
    /// It ran
    Ran,
    /// It did not run
    NotRun,
    /// Nobody will know, and that is taken as it is
    Accepted,
}

impl Found {
    pub fn resolution(self) -> Resolution {
        match self {
            Self::Ran => Resolution::Ran,
            Self::NotRun => Resolution::NotRun,
            Self::Accepted => Resolution::Accepted,
        }
    }
}

/// Asks for the list.
pub async fn ask(context: &mut Context, all: bool) -> Result<(Vec<ProposalBrief>, bool), Failure> {
    let Reply::Proposals { proposals, more } = context.ask(Request::Proposals { all }).await? else { return unfit() };
    Ok((proposals, more))
}

/// The list for people.
pub fn table(proposals: &[ProposalBrief], columns: Option<usize>) -> Vec<SafeText> {
    let headers = ["PROPOSAL", "ASSET", "RUN", "STATE", "AGE", "BY", "NEEDS", "BEGINS (show tells all)"];
    let mut table = Table::new(headers.map(left), columns);
    let now = words::now();
    for one in proposals {
        let critical = if one.critical { safe!("{} (critical)", one.asset) } else { safe!("{}", one.asset) };
        table.row([
            safe!("{}", one.id),
            critical,
            safe!("{}", one.run),
            state(one.state),
            words::ago(one.asked, now),
            safe!("{}", one.requester),
            if one.state.is_open() { safe!("{} more", one.missing) } else { safe!("-") },
            safe!("{}", one.beginning.decode().unwrap_or_default()),
        ]);
    }
    table.lines()
}

/// A state in words.
pub fn state(state: ProposalState) -> SafeText {
    safe!("{}", state.name().replace('_', " "))
}

/// Asks for one.
pub async fn load(context: &mut Context, id: ProposalId) -> Result<ProposalDetail, Failure> {
    let Reply::Proposal { detail } = context.ask(Request::Proposal { proposal: id }).await? else { return unfit() };
    Ok(*detail)
}

/// Shows one, with what can be done about it.
pub async fn show(mut context: Context, id: ProposalId, json: bool) -> Result<i32, Failure> {
    let detail = load(&mut context, id).await?;
    if json {
        context.json(&detail)?;
        return Ok(0);
    }
    for line in show::lines(&detail) {
        context.say_wrapped(&line)?;
    }
    context.say(&SafeText::empty())?;
    if detail.proposal.state.is_open() {
        let digest = show::shown(&detail);
        context.say_wrapped(&safe!("say yes: dogwatch approvals approve {} --digest {}", id, digest))?;
        context.say_wrapped(&safe!("     no: dogwatch approvals deny {} --reason WHY", id))?;
        context.say_wrapped(&safe!(" change: dogwatch approvals edit {} --why WHY -- WORD...", id))?;
    }
    if detail.proposal.state.is_under_way() {
        context.say_wrapped(&safe!("stop it: dogwatch approvals stop {} --reason WHY", id))?;
    }
    if detail.proposal.state == ProposalState::OutcomeUnknown {
        let resolve = safe!("tell: dogwatch approvals resolve {} ran|not-run|accepted --reason WHAT-YOU-FOUND", id);
        context.say_wrapped(&resolve)?;
    }
    if detail.proposal.execution.is_some() {
        context.say_wrapped(&safe!("output: dogwatch approvals output {}", id))?;
    }
    Ok(0)
}

/// How somebody says yes.
#[derive(Debug, clap::Args)]
pub struct Yes {
    /// To which bytes, for a proposal: the digest that `show` ends with, or at least 8 digits of it
    #[arg(long)]
    digest: Option<String>,
    /// The asset's name once more, where it is critical
    #[arg(long, value_name = "ASSET")]
    confirm: Option<String>,
    /// The file of the SSH key to sign with, where the asset is critical; the SSH agent's otherwise
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Stand in for the second person on a critical asset, with a reason that everybody gets to read
    #[arg(long, value_name = "WHY")]
    break_glass: Option<String>,
}

impl Yes {
    /// Whether anything was said that only a proposal has.
    pub fn is_said(&self) -> bool {
        self.digest.is_some() || self.confirm.is_some() || self.key.is_some() || self.break_glass.is_some()
    }
}

/// Says yes to what was shown: the digest that `show` printed, so that nothing is agreed to that nobody has read.
pub async fn approve(
    mut context: Context,
    id: ProposalId,
    yes: Yes,
    reason: String,
    json: bool,
) -> Result<i32, Failure> {
    let Yes { digest, confirm, key, break_glass: glass } = yes;
    let detail = load(&mut context, id).await?;
    let shown = show::shown(&detail);
    let Some(digest) = digest else {
        let message = format!(
            "say to which bytes: read `dogwatch approvals show {id}`, then give the digest that it ends with as --digest"
        );
        return Err(Failure { code: 2, message });
    };
    // A few digits are enough to tell that it was read; all of it is what is sent.
    if digest.len() < 8 || !shown.starts_with(&digest.to_lowercase()) {
        let message = format!("{id} is not what this digest stands for: read `dogwatch approvals show {id}` again");
        return Err(Failure { code: 5, message });
    }
    let signature = if detail.need.critical {
        let name = &detail.proposal.proposed.asset.name;
        if confirm.as_ref() != Some(name) {
            let message = format!("{id} is for a critical asset: give its name once more as --confirm");
            return Err(Failure { code: 2, message });
        }
        let signed = sign(id, &shown, glass.as_deref(), key.as_deref(), &detail.keys);
        Some(signed.map_err(|error| Failure::new(error.to_string()))?)
    } else {
        None
    };
    let verdict = Verdict::Approve { digest: shown, seen: None, signature, glass, reason };
    decide(context, id, verdict, json).await
}

/// Decides.
pub async fn decide(mut context: Context, id: ProposalId, verdict: Verdict, json: bool) -> Result<i32, Failure> {
    let request = Request::Decide { proposal: id, verdict };
    let Reply::Proposal { detail } = context.ask(request).await? else { return unfit() };
    told(&mut context, &detail, json)?;
    Ok(0)
}

/// Stops what runs.
pub async fn stop(mut context: Context, id: ProposalId, reason: String, json: bool) -> Result<i32, Failure> {
    let request = Request::Decide { proposal: id, verdict: Verdict::Stop { reason } };
    let Reply::Proposal { detail } = context.ask(request).await? else { return unfit() };
    if json {
        context.json(&*detail)?;
        return Ok(0);
    }
    let one = &detail.proposal;
    let line = if one.state.is_final() {
        safe!("{} had ended before: it is {}", id, state(one.state))
    } else {
        safe!("{} is told to end, and killed where it does not within {} s", id, crate::fleet::GRACE)
    };
    context.say_wrapped(&line)?;
    context.say_wrapped(&safe!("look: dogwatch approvals show {}", id))?;
    Ok(0)
}

/// What came of a request.
pub fn told(context: &mut Context, detail: &ProposalDetail, json: bool) -> Result<(), Failure> {
    if json {
        return context.json(detail);
    }
    let one = &detail.proposal;
    let id = one.id;
    let line = match one.state {
        ProposalState::Pending | ProposalState::Partial => safe!("{} waits for {}", id, words::people(detail.missing)),
        ProposalState::Approved => safe!("{} is approved and starts now", id),
        state => safe!("{} is {}", id, self::state(state)),
    };
    context.say_wrapped(&line)?;
    context.say_wrapped(&safe!("look: dogwatch approvals show {}", id))
}

/// Prints what it printed.
pub async fn output(mut context: Context, id: ProposalId, json: bool) -> Result<i32, Failure> {
    let mut parser = LogParser::new();
    let mut offset = 0;
    loop {
        let request = Request::ReadOutput { proposal: id, offset, most: 1 << 20 };
        let Reply::Output { bytes, end, .. } = context.ask(request).await? else { return unfit() };
        let damaged = || ClientError::Broken("bytes of the output arrived damaged".to_owned());
        let bytes = bytes.decode().ok_or_else(damaged)?;
        if json {
            context.json(&crate::protocol::Bytes::new(&bytes))?;
        } else {
            let mut lines = Vec::new();
            parser.push(&bytes, &mut |line| lines.push(line.to_terminal(true)));
            context.say_all(&lines)?;
        }
        offset += bytes.len() as u64;
        if bytes.is_empty() || offset >= end {
            break;
        }
    }
    let mut last = Vec::new();
    parser.finish(&mut |line| last.push(line.to_terminal(true)));
    context.say_all(&last)?;
    if offset == 0 && !json {
        context.say(&safe!("{} has printed nothing", id))?;
    }
    Ok(0)
}
