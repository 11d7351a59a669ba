//! Tells people that something waits for them. An open question is its own entry in the list of what is to be told, so it is there
//! from the transaction on in which it was asked; which way has told it is recorded after that way took the message. A message may
//! come twice after a crash and is never lost. Nothing that is told decides anything, and nothing comes back.

mod http;
mod mail;
mod message;
mod send;

#[cfg(test)]
mod tests;

pub use message::Message;
pub use send::{Fault, Sender};

use crate::audit::AuditEvent;
use crate::config::NotifyConfig;
use crate::domain::{Actor, Millis, Question, QuestionId};
use crate::store::{Store, StoreError};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// Most questions of one message; others follow in the next.
const MOST: usize = 20;
/// How often it is looked for what waits, where nothing tells of news.
const LOOK: Duration = Duration::from_secs(20);
/// The first wait after a message that did not go through, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// All ways of an engine.
pub struct Notifier {
    store: Store,
    ways: Vec<Way>,
}

/// One way, and how it goes.
struct Way {
    name: String,
    config: NotifyConfig,
    sender: Sender,
    failed: u32,
    not_before: Option<Instant>,
    /// What it has told and could not record, as on a full disk: it is not told again for that.
    owed: Vec<Owed>,
    /// How often that could not be recorded in a row, and when it is tried again.
    unrecorded: u32,
    record_at: Option<Instant>,
}

/// A message that went through and is not recorded.
#[derive(Debug, Clone)]
struct Owed {
    message: String,
    questions: Vec<QuestionId>,
}

impl Notifier {
    /// By the ways of `config.toml`; `home` is the directory of the configuration, beside which the secrets are.
    pub fn new(store: Store, ways: &BTreeMap<String, NotifyConfig>, home: &std::path::Path) -> Self {
        let ways = ways.iter().map(|(name, config)| Way {
            name: name.clone(),
            config: config.clone(),
            sender: Sender::new(config.by.clone(), PathBuf::from(home)),
            failed: 0,
            not_before: None,
            owed: Vec::new(),
            unrecorded: 0,
            record_at: None,
        });
        Self { ways: ways.collect(), store }
    }

    /// Tells what waits, for ever.
    pub async fn keep(mut self, mut commits: watch::Receiver<u64>) {
        if self.ways.is_empty() {
            return;
        }
        loop {
            self.look(&Zoned::now()).await;
            match timeout(LOOK, commits.changed()).await {
                Ok(Ok(())) | Err(_) => {}
                // The engine ends.
                Ok(Err(_)) => sleep(LOOK).await,
            }
        }
    }

    /// Looks once for what waits, and tells it.
    async fn look(&mut self, now: &Zoned) {
        for way in &mut self.ways {
            if way.not_before.is_some_and(|at| Instant::now() < at) {
                continue;
            }
            if let Err(error) = way.look(&self.store, now).await {
                tracing::warn!(way = way.name, "what waits for people cannot be read or recorded: {error}");
            }
        }
    }
}

impl Way {
    async fn look(&mut self, store: &Store, now: &Zoned) -> Result<(), StoreError> {
        let local = now.time();
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or_default();
        if self.config.quiet.is_some_and(|quiet| quiet.holds(minute)) {
            return Ok(());
        }
        let at = Millis(now.timestamp().as_millisecond());
        let ago = |seconds: u64| at.plus(-i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX));
        self.record(store).await;
        let owed: Vec<QuestionId> = self.owed.iter().flat_map(|one| one.questions.iter().copied()).collect();
        let (again, kinds, name) = (self.config.again.map(ago), self.config.kinds.clone(), self.name.clone());
        let untold = store.read(move |view| {
            let all = view.untold(&name, again, usize::MAX)?;
            let wanted = |question: &Question| {
                (kinds.is_empty() || kinds.contains(&question.kind)) && !owed.contains(&question.id)
            };
            Ok((all.into_iter().filter(|(question, _)| wanted(question)).take(MOST).collect(), view.open_questions()?))
        });
        let (untold, waiting): (Vec<(Question, u32)>, u32) = untold.await?;
        let oldest = untold.iter().map(|(question, _)| question.asked).min();
        let Some(oldest) = oldest else { return Ok(()) };
        if self.config.digest.is_some_and(|seconds| oldest > ago(seconds)) {
            return Ok(());
        }
        let message = Message::of(store.instance(), &self.name, &untold, waiting, self.config.detail);
        match self.sender.send(&message).await {
            Ok(()) => {
                (self.failed, self.not_before) = (0, None);
                let questions = untold.iter().map(|(question, _)| question.id).collect();
                self.owed.push(Owed { message: message.id.clone(), questions });
                self.record(store).await;
                Ok(())
            }
            Err(fault) => self.failed(store, &fault).await,
        }
    }

    /// Records what was told, ever less often where that fails.
    async fn record(&mut self, store: &Store) {
        if self.owed.is_empty() || self.record_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let (name, owed) = (self.name.clone(), self.owed.clone());
        let told = store.write(move |tx| {
            for Owed { message, questions } in &owed {
                for question in questions {
                    tx.tell(*question, &name)?;
                }
                let questions: Vec<String> = questions.iter().map(QuestionId::to_string).collect();
                let detail = json!({ "way": name, "message": message, "questions": questions });
                tx.record(AuditEvent::new(Actor::Engine, "notice.sent").detail(detail))?;
            }
            Ok(())
        });
        match told.await {
            Ok(()) => {
                self.owed.clear();
                (self.unrecorded, self.record_at) = (0, None);
            }
            Err(error) => {
                let wait = wait_after(self.unrecorded);
                self.record_at = Some(Instant::now() + wait);
                self.unrecorded = self.unrecorded.saturating_add(1);
                tracing::warn!(way = self.name, wait = wait.as_secs(), "what was told cannot be recorded: {error}");
            }
        }
    }

    /// Tries again later and ever less often; the first failure in a row is recorded.
    async fn failed(&mut self, store: &Store, fault: &Fault) -> Result<(), StoreError> {
        let wait = wait_after(self.failed);
        self.not_before = Some(Instant::now() + wait);
        self.failed = self.failed.saturating_add(1);
        tracing::warn!(way = self.name, wait = wait.as_secs(), "people are not told: {fault}");
        if self.failed > 1 {
            return Ok(());
        }
        let detail = json!({ "way": self.name, "why": fault.to_string() });
        let recorded = store.write(move |tx| {
            tx.record(
                AuditEvent::new(Actor::Engine, "notice.failed").detail(detail).provenance("notification service"),
            )?;
            Ok(())
        });
        recorded.await
    }
}

/// How long to wait after so many failures in a row.
fn wait_after(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failures.min(12))).min(LONGEST_WAIT)
}

/// The instant of a message, for its signature.
fn seconds() -> i64 {
    Timestamp::now().to_zoned(TimeZone::UTC).timestamp().as_second()
}
