//! Where it is written down what requests to models take: before each one what it may take, after it what it took.

use crate::domain::{RunId, Tokens};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// A request that is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The run whose agent asks.
    pub run: RunId,
    /// The iteration under way.
    pub iteration: u32,
    /// The provider's name.
    pub provider: String,
    /// The model's name: an agent's word.
    pub model: String,
    /// What it may take, and cost in millionths of a dollar.
    pub likely: (Tokens, u64),
}

/// What came of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Took {
    /// The status of HTTP; 0 where the provider did not answer.
    pub status: u16,
    /// Tokens.
    pub tokens: Tokens,
    /// Millionths of a dollar.
    pub microusd: u64,
    /// Whether the provider said so; otherwise it is reckoned.
    pub said: bool,
}

/// Why a request is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MeterError {
    /// It cannot be written down.
    #[error("what a request to a model takes cannot be recorded: {0}")]
    Unrecorded(String),
    /// A person has stopped models.
    #[error("a person has stopped models")]
    Stopped,
}

/// A result that comes later.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where requests are written down.
pub trait Meter: Send + Sync + fmt::Debug {
    /// Whether a run may ask at all, also for what nothing is written down of.
    fn may(self: Arc<Self>, run: RunId) -> Later<Result<(), MeterError>>;

    /// Writes down that a request begins, and gives its number. It is on disk when this is done. Whether it may is looked at in
    /// the same transaction, so none passes after a stop was recorded.
    fn begin(self: Arc<Self>, asked: Asked) -> Later<Result<i64, MeterError>>;

    /// Writes down what it took. One that was settled otherwise meanwhile stays as it is.
    fn settle(self: Arc<Self>, request: i64, took: Took) -> Later<Result<(), MeterError>>;
}

/// Writes nothing down: for trying out an agent, which belongs to no run.
#[derive(Debug)]
pub struct NoMeter;

impl Meter for NoMeter {
    fn may(self: Arc<Self>, _run: RunId) -> Later<Result<(), MeterError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn begin(self: Arc<Self>, _asked: Asked) -> Later<Result<i64, MeterError>> {
        Box::pin(std::future::ready(Ok(0)))
    }

    fn settle(self: Arc<Self>, _request: i64, _took: Took) -> Later<Result<(), MeterError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
