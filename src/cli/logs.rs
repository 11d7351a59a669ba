//! `dogwatch logs`: what the programs of a run printed, step after step, in the safe form for reading.

use super::context::{Context, Failure, open, unfit};
use crate::client::ClientError;
use crate::domain::RunId;
use crate::protocol::{Event, LogChunk, LogInfo, Reply, Request};
use crate::safe;
use crate::text::{LogParser, Out, SafeText, Style, Table, left, right};
use crate::words;
use std::collections::HashMap;

/// Bytes asked for at once.
const PIECE: u32 = 1024 * 1024;

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line, told apart by name")]
pub struct Args {
    /// The run, such as r12
    run: RunId,
    /// Only this step, as `--list` names it; the run's part of the name may be left out
    #[arg(short, long)]
    step: Option<String>,
    /// Only this iteration; with --follow this one and later ones
    #[arg(short, long)]
    iteration: Option<u32>,
    /// Go on until the run is over
    #[arg(short, long, conflicts_with_all = ["raw", "list", "json"])]
    follow: bool,
    /// The exact bytes without headings; refused on a terminal
    #[arg(long, conflicts_with_all = ["list", "json"])]
    raw: bool,
    /// List the logs instead
    #[arg(short, long)]
    list: bool,
    /// List the logs as JSON, one a line
    #[arg(long)]
    json: bool,
}

impl Args {
    fn wants(&self, step: &str) -> bool {
        self.step.as_ref().is_none_or(|wanted| {
            step == wanted
                || step.strip_prefix(&self.run.to_string()).and_then(|rest| rest.strip_prefix('-')) == Some(wanted)
        })
    }

    /// Whether not all of the run is wanted.
    fn is_narrow(&self) -> bool {
        self.step.is_some() || self.iteration.is_some()
    }

    /// Nothing of the run is what was asked for.
    fn nothing(&self) -> Failure {
        let (run, which) = (self.run, if self.step.is_some() { "such step" } else { "step in that iteration" });
        Failure {
            code: 4,
            message: format!("{run} has no {which}: `dogwatch logs {run} --list` lists those that there are"),
        }
    }
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    context.raw_allowed(args.raw)?;
    if args.follow {
        return follow(context, &args).await;
    }
    let Reply::Logs { logs } = context.ask(Request::Logs { run: args.run }).await? else { return unfit() };
    let logs: Vec<LogInfo> = logs
        .into_iter()
        .filter(|log| args.wants(&log.step) && args.iteration.is_none_or(|wanted| log.key.iteration == wanted))
        .collect();
    if logs.is_empty() && args.is_narrow() {
        return Err(args.nothing());
    }
    if args.json {
        for log in &logs {
            context.json(log)?;
        }
    } else if args.list {
        context.say_all(&table(&logs))?;
    } else {
        for log in &logs {
            print(&mut context, args.run, log, args.raw).await?;
        }
    }
    Ok(0)
}

fn table(logs: &[LogInfo]) -> Vec<SafeText> {
    let mut table = Table::new([left("STEP"), right("BYTES"), left("")], None);
    for log in logs {
        let state = words::log(&log.state).unwrap_or_else(SafeText::empty);
        let state = if log.open { safe!("at work") } else { state };
        table.row([safe!("{}", log.step), safe!("{}", log.bytes), state]);
    }
    table.lines()
}

/// One log from its first to its last byte so far.
async fn print(context: &mut Context, run: RunId, log: &LogInfo, raw: bool) -> Result<(), Failure> {
    let mut parser = LogParser::new();
    if !raw {
        heading(context, &log.step)?;
    }
    if let Some(words) = words::log(&log.state) {
        let remark = safe!("dogwatch: the log of {}: {}", log.step, words);
        // Not among the bytes of a log.
        if raw { open(Out::stderr().line(&remark)?)? } else { context.say(&remark)? }
    }
    let mut offset = 0;
    while offset < log.bytes {
        let request = Request::ReadLog { run, step: log.step.clone(), offset, most: PIECE };
        let Reply::Log { chunk } = context.ask(request).await? else { return unfit() };
        let bytes = exact(&chunk)?;
        if bytes.is_empty() {
            break;
        }
        offset += bytes.len() as u64;
        if raw {
            open(context.out.raw_bytes(&bytes)?)?;
        } else {
            feed(context, &mut parser, Some(&bytes))?;
        }
    }
    if raw { Ok(()) } else { feed(context, &mut parser, None) }
}

async fn follow(mut context: Context, args: &Args) -> Result<i32, Failure> {
    let request = Request::FollowLog { run: args.run, from_iteration: args.iteration.unwrap_or(0) };
    context.ask(request.clone()).await?;
    let mut at: Option<(String, LogParser)> = None;
    // How much of each step was shown: an engine that comes back tells everything again.
    let mut shown: HashMap<String, u64> = HashMap::new();
    loop {
        let chunk = match context.client().await?.event().await {
            Ok(Some(Event::Log(chunk))) if args.wants(&chunk.step) => chunk,
            Ok(Some(_)) => continue,
            Ok(None) => break,
            Err(ClientError::Broken(_)) => {
                context.reopen(request.clone()).await?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let mut bytes = exact(&chunk)?;
        let known = shown.entry(chunk.step.clone()).or_default();
        let again = usize::try_from(known.saturating_sub(chunk.offset)).unwrap_or(usize::MAX).min(bytes.len());
        bytes.drain(..again);
        if bytes.is_empty() {
            continue;
        }
        *known = chunk.offset + (again + bytes.len()) as u64;
        if at.as_ref().is_none_or(|(step, _)| *step != chunk.step) {
            if let Some((_, mut before)) = at.take() {
                feed(&mut context, &mut before, None)?;
            }
            heading(&mut context, &chunk.step)?;
        }
        let (_, parser) = at.get_or_insert_with(|| (chunk.step.clone(), LogParser::new()));
        feed(&mut context, parser, Some(&bytes))?;
    }
    if let Some((_, mut last)) = at {
        feed(&mut context, &mut last, None)?;
    }
    if shown.is_empty() && args.is_narrow() {
        // It may have come and printed nothing; the run is over, so none comes any more.
        let Some(client) = context.running().await? else { return Ok(0) };
        let Reply::Logs { logs } = client.ask(Request::Logs { run: args.run }).await? else { return unfit() };
        let later = |log: &LogInfo| args.iteration.is_none_or(|first| log.key.iteration >= first);
        if !logs.iter().any(|log| args.wants(&log.step) && later(log)) {
            return Err(args.nothing());
        }
    }
    Ok(0)
}

fn heading(context: &mut Context, step: &str) -> Result<(), Failure> {
    context.say(&safe!("== {} ==", step).styled(Style::strong()))
}

/// Gives bytes, or the end, to the parser and prints the lines that come out.
fn feed(context: &mut Context, parser: &mut LogParser, bytes: Option<&[u8]>) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let mut keep = |line: crate::text::StyledLine| lines.push(line.to_terminal(true));
    match bytes {
        Some(bytes) => parser.push(bytes, &mut keep),
        None => parser.finish(&mut keep),
    }
    context.say_all(&lines)
}

fn exact(chunk: &LogChunk) -> Result<Vec<u8>, Failure> {
    chunk.bytes.decode().ok_or_else(|| ClientError::Broken("bytes of a log arrived damaged".to_owned()).into())
}
