//! `dogwatch audit log` and `audit show`: records as people look for them, from the engine where one answers, otherwise from its files.

use super::files;
use crate::audit::hex;
use crate::cli::context::{Context, Failure, unfit};
use crate::config::units::parse_duration;
use crate::domain::{Actor, AuditAbout, AuditPage, AuditRecord, Millis, RunId};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::store::{AuditFilter, Store};
use crate::text::{SafeText, Style, exact};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Which records.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// About this run
    #[arg(long)]
    run: Option<RunId>,
    /// Made by this user, or by somebody who logged in as this user; "engine" for the engine
    #[arg(long)]
    by: Option<String>,
    /// About this live system
    #[arg(long)]
    asset: Option<String>,
    /// Of a kind that begins so, such as run. or question.answered
    #[arg(long)]
    kind: Option<String>,
    /// With this text anywhere in them
    #[arg(long)]
    text: Option<String>,
    /// Not before this: a day (2026-11-30), an instant (2026-11-30T06:00:00Z), or so long ago (2h, 3d)
    #[arg(long, value_parser = instant)]
    since: Option<Millis>,
    /// Before this, written the same way
    #[arg(long, value_parser = instant)]
    until: Option<Millis>,
    /// At most so many, the newest
    #[arg(short = 'n', long, default_value_t = 50)]
    most: usize,
    /// Print JSON, one record a line, the oldest first
    #[arg(long)]
    json: bool,
}

fn instant(text: &str) -> Result<Millis, String> {
    if let Some(seconds) = parse_duration(text) {
        let back = i64::try_from(seconds).map_err(|error| error.to_string())?.saturating_mul(1000);
        return Ok(Millis(Timestamp::now().as_millisecond().saturating_sub(back)));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Millis(at.as_millisecond()));
    }
    let day = text.parse::<Date>().and_then(|day| day.to_zoned(TimeZone::UTC));
    day.map(|day| Millis(day.timestamp().as_millisecond()))
        .map_err(|_| "write a day (2026-11-30), an instant (2026-11-30T06:00:00Z), or so long ago (2h, 3d)".to_owned())
}

/// Where records are read.
enum Source {
    Engine,
    Files(Box<Store>),
}

impl Source {
    async fn open(context: &mut Context) -> Result<Self, Failure> {
        if context.running().await?.is_some() {
            return Ok(Self::Engine);
        }
        Ok(Self::Files(Box::new(files(context)?)))
    }

    async fn page(&self, context: &mut Context, wanted: AuditFilter) -> Result<AuditPage, Failure> {
        match self {
            Self::Engine => {
                let AuditFilter { before, most, run, kind, text, about } = wanted;
                let most = u32::try_from(most).unwrap_or(u32::MAX);
                match context.ask(Request::Audit { before, most, run, kind, text, about }).await? {
                    Reply::Audit { page } => Ok(page),
                    _ => unfit(),
                }
            }
            Self::Files(store) => {
                store.read_sync(|view| view.audit_page(&wanted)).map_err(|error| Failure::new(error.to_string()))
            }
        }
    }
}

pub(super) async fn log(mut context: Context, args: Args) -> Result<i32, Failure> {
    let source = Source::open(&mut context).await?;
    let about = AuditAbout { by: args.by, asset: args.asset, from: args.since, until: args.until };
    let mut wanted =
        AuditFilter { before: None, most: args.most, run: args.run, kind: args.kind, text: args.text, about };
    let mut found: Vec<AuditRecord> = Vec::new();
    loop {
        wanted.most = args.most.saturating_sub(found.len());
        if wanted.most == 0 {
            break;
        }
        let page = source.page(&mut context, wanted.clone()).await?;
        found.extend(page.records);
        match page.next {
            Some(next) => wanted.before = Some(next),
            None => break,
        }
    }
    for record in found.iter().rev() {
        if args.json {
            context.json(&value(record))?;
        } else {
            context.say_wrapped(&line(record))?;
        }
    }
    if found.is_empty() && !args.json {
        context.say(&safe!("no event of the audit log is like that"))?;
    }
    Ok(0)
}

pub(super) async fn show(mut context: Context, number: u64, json: bool) -> Result<i32, Failure> {
    let source = Source::open(&mut context).await?;
    let wanted = AuditFilter { before: number.checked_add(1), most: 1, ..AuditFilter::default() };
    let found = source.page(&mut context, wanted).await?.records;
    let Some(record) = found.into_iter().find(|record| record.seq == number) else {
        return Err(Failure {
            code: 4,
            message: format!("there is no event {number} in the audit log: `dogwatch audit log` lists the newest"),
        });
    };
    if json {
        context.json(&value(&record))?;
    } else {
        for line in told(&record) {
            context.say_wrapped(&line)?;
        }
    }
    Ok(if fits(&record) { 0 } else { 12 })
}

fn fits(record: &AuditRecord) -> bool {
    hex(&Sha256::digest(record.record.as_bytes())) == record.hash
}

fn parsed(record: &AuditRecord) -> Value {
    serde_json::from_str(&record.record).unwrap_or_else(|_| Value::from(record.record.as_str()))
}

fn value(record: &AuditRecord) -> Value {
    json!({ "seq": record.seq, "hash": record.hash, "fits": fits(record), "record": parsed(record) })
}

/// Who made a record: with the login where that is another user.
fn who(value: &Value) -> String {
    match value.get("actor").cloned().map(serde_json::from_value::<Actor>) {
        Some(Ok(Actor::Operator { name, login_name: Some(login), .. })) if login != name => {
            format!("{name} (logged in as {login})")
        }
        Some(Ok(actor)) => actor.label().to_owned(),
        _ => "nobody that is known".to_owned(),
    }
}

fn line(record: &AuditRecord) -> SafeText {
    let value = parsed(record);
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let wall = Millis(value.get("wall").and_then(Value::as_i64).unwrap_or_default());
    let run = value.get("run").and_then(Value::as_i64).map_or_else(SafeText::empty, |run| safe!(" {}", RunId(run)));
    let detail = value.get("detail").map(Value::to_string).unwrap_or_default();
    let back = if value.get("back").is_some() { safe!(" (the clock was set back before)") } else { SafeText::empty() };
    // A yes for two persons is seen without reading details.
    let alone = value.get("detail").and_then(|detail| detail.get("glass")).is_some_and(|why| !why.is_null());
    let alone = if alone { safe!(" BREAK-GLASS").styled(Style::strong()) } else { SafeText::empty() };
    let damaged = if fits(record) { SafeText::empty() } else { safe!(" DAMAGED: not its hash") };
    safe!("{} {} {} {}{}{} {}{}{}", record.seq, wall, who(&value), text("kind"), run, alone, detail, back, damaged)
}

fn told(record: &AuditRecord) -> Vec<SafeText> {
    let value = parsed(record);
    let mut lines = vec![line(record)];
    lines.push(if fits(record) {
        safe!("the record has its hash, {}; `dogwatch audit verify` checks the whole chain", record.hash)
    } else {
        safe!("THIS IS NOT THE HASH OF THE RECORD: {}; run `dogwatch audit verify`", record.hash)
    });
    if let Ok(text) = serde_json::to_string_pretty(&value) {
        lines.extend(text.lines().map(|line| exact::encode_indented(line.as_bytes())));
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn instants_are_days_instants_or_ages() {
        assert_eq!(instant("1970-01-02").unwrap(), Millis(86_400_000));
        assert_eq!(instant("1970-01-02T00:00:01Z").unwrap(), Millis(86_401_000));
        let ago = Timestamp::now().as_millisecond() - instant("2h").unwrap().0;
        assert!((7_199_000..7_260_000).contains(&ago), "{ago}");
        assert!(instant("yesterday").unwrap_err().contains("2026-11-30"));
    }

    #[test]
    fn a_line_tells_who_logged_in_and_what_is_damaged() {
        let actor = r#"{"kind":"operator","uid":0,"name":"root","login_uid":7,"login_name":"eve\u0007"}"#;
        let text =
            format!(r#"{{"wall":0,"actor":{actor},"kind":"run.paused","run":3,"detail":{{"a":1}},"back":true}}"#);
        let hash = hex(&Sha256::digest(text.as_bytes()));
        let record = AuditRecord { seq: 5, hash, record: text };
        let said = line(&record).as_str().to_owned();
        assert_eq!(
            said,
            "5 1970-01-01T00:00:00Z root (logged in as eve\\u{7}) run.paused r3 {\"a\":1} (the clock was set back before)"
        );
        let damaged = AuditRecord { hash: "0".repeat(64), ..record };
        assert!(line(&damaged).as_str().ends_with("DAMAGED: not its hash"));
        assert!(told(&damaged)[1].as_str().starts_with("THIS IS NOT THE HASH"));
    }
}
