//! What the engine and its gate say to each other: JSON with its length in front.

use super::super::{Looked, Order};
use crate::domain::{Asset, AssetSpec, ExecutionOutcome, Vitals};
use crate::engine::proposals::Order as Approved;
use crate::protocol::Bytes;
use serde::{Deserialize, Serialize};
use tokio_util::codec::LengthDelimitedCodec;

/// The longest of all: a command with all the input that it may have, each byte written as a number.
const LONGEST: usize = 64 * 1024 * 1024;

/// What the gate is told to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(super) enum Ask {
    Look { asset: AssetSpec },
    Observe { asset: AssetSpec },
    Dispatch { approved: Box<Approved>, asset: Box<Asset> },
    Fence { order: Box<Order>, boot: String },
    Follow { order: Box<Order> },
    Stop { order: Box<Order>, boot: String },
}

impl Ask {
    /// Where the engine may die once this is on its way; nothing comes of a look that only reads.
    pub(super) fn point(&self) -> Option<&'static str> {
        match self {
            Self::Look { .. } => Some("gate.look.given"),
            Self::Observe { .. } => None,
            Self::Dispatch { .. } => Some("gate.dispatch.given"),
            Self::Fence { .. } => Some("gate.fence.given"),
            Self::Follow { .. } => Some("gate.follow.given"),
            Self::Stop { .. } => Some("gate.stop.given"),
        }
    }
}

/// The same with its number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub id: u64,
    pub ask: Ask,
}

/// What it answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub(super) enum Say {
    Looked { looked: Looked },
    Observed { vitals: Box<Vitals> },
    Fault { why: String },
    Begun,
    Output { error: bool, bytes: Bytes },
    Outcome { outcome: ExecutionOutcome },
}

/// The same with the number of what was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Said {
    pub id: u64,
    pub say: Say,
}

pub(super) fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(LONGEST).new_codec()
}
