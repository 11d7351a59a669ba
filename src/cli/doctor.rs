//! `dogwatch doctor`: looks at everything that a night of work relies on, and says what to do about what is wrong.

mod backups;
mod docker;
mod egress;
mod engine;
mod engines;
mod host;
mod models;
mod operators;
mod sandbox;
mod session;

use super::context::{Context, Failure};
use crate::config::EngineConfig;
use crate::safe;
use crate::text::{Colour, SafeText, Style};
use serde::Serialize;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON, one finding a line
    #[arg(long)]
    json: bool,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// It works, with a risk or a loss.
    Warn,
    /// It will not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// How bad it is.
    pub level: Level,
    /// A stable name for scripts.
    check: &'static str,
    /// What was found. May quote outside text.
    pub words: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Finding {
    pub fn ok(check: &'static str, words: impl Into<String>) -> Self {
        Self { level: Level::Ok, check, words: words.into(), remedy: None }
    }

    pub fn warn(check: &'static str, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Warn, check, words: words.into(), remedy: Some(remedy.into()) }
    }

    pub fn fail(check: &'static str, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Fail, check, words: words.into(), remedy: Some(remedy.into()) }
    }

    /// The same, of one engine among several.
    pub fn of(self, engine: &str) -> Self {
        Self { words: format!("{engine}: {}", self.words), ..self }
    }

    /// Tells it to people or scripts.
    pub fn print(&self, context: &mut Context, json: bool) -> Result<(), Failure> {
        if json {
            return context.json(self);
        }
        self.lines().iter().try_for_each(|line| context.say_wrapped(line))
    }

    fn lines(&self) -> Vec<SafeText> {
        let (word, colour) = match self.level {
            Level::Ok => (safe!("ok  "), Colour::Green),
            Level::Warn => (safe!("warn"), Colour::Yellow),
            Level::Fail => (safe!("fail"), Colour::Red),
        };
        // A configuration may have several mistakes, a line each.
        let (first, more) = self.words.split_once('\n').unwrap_or((&self.words, ""));
        let mut lines = vec![safe!("{}  {}: {}", word.styled(Style::fg(colour)), self.check, first)];
        lines.extend(more.lines().map(|line| safe!("      {}", line)));
        lines.extend(self.remedy.iter().map(|remedy| safe!("      -> {}", remedy)));
        lines
    }
}

/// Looks at everything. Exit code 1 where something fails.
pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let mut findings = Vec::new();
    let config = match EngineConfig::load(&context.paths.config_file()) {
        Ok(config) => {
            findings.push(Finding::ok("config", format!("{} holds", context.paths.config_file().display())));
            config
        }
        Err(errors) => {
            findings.push(Finding::fail("config", errors.to_string(), "correct the file; the engine does not start"));
            EngineConfig::default()
        }
    };
    findings.extend(engine::other_eyes(&context.paths));
    findings.extend(engine::look(&mut context).await);
    findings.extend(backups::look(&config, &context.paths));
    findings.push(host::executable());
    findings.extend(sandbox::look(&config, &context.paths).await);
    findings.extend(engines::look(&config, &context.paths).await);
    findings.extend(models::look(&config));
    findings.extend(egress::look(&config));
    findings.extend(operators::look(&config, &context.paths).await);
    findings.extend(host::look(&context.paths, config.reserve_mib));
    // Nobody's login is what the engine of a whole machine lives by.
    if !context.paths.is_system() {
        findings.extend(session::look());
    }
    for finding in &findings {
        finding.print(&mut context, args.json)?;
    }
    Ok(i32::from(findings.iter().any(|finding| finding.level == Level::Fail)))
}
