//! What all coding agents say, in one form. The texts are theirs: bounded here, made safe where they are shown.

pub use crate::domain::Tokens;
use crate::domain::{Millis, Usage};
use serde::Serialize;

/// Bytes of any one text that are kept.
const TEXT: usize = 16 * 1024;

/// Why a line said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// No JSON object, or only a part of one.
    NotJson,
    /// Bytes that are no text.
    NotUtf8,
    /// Longer than any line that is read.
    TooLong,
}

/// One thing that an agent said.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It began. What it did not say is empty.
    Started {
        /** Its name for the session, by which it can be resumed. */
        session: String,
        /** The model. */
        model: String,
        /** Its own version. */
        version: String,
    },
    /// The model wrote to whoever reads.
    Text {
        /** What. */
        text: String,
    },
    /// The model thought aloud.
    Thought {
        /** What. */
        text: String,
    },
    /// The model uses a tool.
    ToolUse {
        /** Names the use. */
        id: String,
        /** The tool. */
        tool: String,
        /** What it is given; JSON text unless the agent says something shorter. */
        input: String,
    },
    /// What came of it.
    ToolResult {
        /** Names the use. */
        id: String,
        /** Whether the tool calls it a success. */
        ok: bool,
        /** What the model is shown. */
        output: String,
    },
    /// The agent did not let the model use a tool.
    Denied {
        /** Names the use; may be empty. */
        id: String,
        /** The tool; may be empty. */
        tool: String,
    },
    /// How it stands with a tool server.
    Server {
        /** Its name. */
        name: String,
        /** In the agent's words. */
        status: String,
    },
    /// A call to the model failed and is tried again.
    Retry {
        /** The class of ending that it would make. */
        class: &'static str,
        /** The status of HTTP, if there was one. */
        status: Option<u16>,
        /** How long the provider asked it to wait, in milliseconds. */
        #[serde(skip_serializing_if = "Option::is_none")]
        wait_ms: Option<i64>,
        /** In the agent's words. */
        message: String,
    },
    /// What the account may still use.
    Limit {
        /** Whether nothing is left. */
        reached: bool,
        /** When it begins anew. */
        until: Option<Millis>,
    },
    /// What was used up to here in this turn.
    Usage {
        /** Tokens. */
        tokens: Tokens,
        /** Money in millionths of a US dollar. */
        microusd: u64,
    },
    /// Something that does not end the turn.
    Warning {
        /** In the agent's words. */
        message: String,
    },
    /// Its turn was interrupted by whoever speaks to it while it works.
    Interrupted {
        /** In the agent's words. */
        message: String,
    },
    /// The agent's own word about its end. What it comes to is decided with the exit code.
    Result {
        /** Whether it speaks of success. */
        ok: bool,
        /** The class of ending that it stands for. */
        class: &'static str,
        /** In the agent's words. */
        message: String,
    },
    /// An event that this version does not know.
    Unknown {
        /** What it is called. */
        kind: String,
    },
    /// A line that says nothing.
    Damaged {
        /** Its number, from 1. */
        line: u64,
        /** Why. */
        why: Damage,
    },
}

/// What the lines of a stream came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Lines that were not empty.
    pub lines: u64,
    /// Events that this version does not know.
    pub unknown: u64,
    /// Lines that say nothing, those that are too long included.
    pub damaged: u64,
    /// Lines that were too long to be read.
    pub too_long: u64,
    /// Uses of tools.
    pub tools: u64,
    /// Uses of tools that were not allowed.
    pub denied: u64,
}

/// A text within its bound. One that was cut ends in an ellipsis.
pub(in crate::agent) fn bounded(text: &str) -> String {
    cut(text, TEXT)
}

/// A name within its bound.
pub(in crate::agent) fn name(text: &str) -> String {
    cut(text, 200)
}

fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut kept = text.get(..text.floor_char_boundary(most)).unwrap_or_default().to_owned();
    kept.push('…');
    kept
}

/// Dollars as millionths, within what can be counted.
pub(in crate::agent) fn microusd(usd: f64) -> u64 {
    let microusd = (usd * 1e6).clamp(0.0, 9e15);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a range that fits")]
    let microusd = if microusd.is_finite() { microusd.round() as u64 } else { 0 };
    microusd
}

/// Tokens and money as the engine counts them.
pub(in crate::agent) fn usage(tokens: Tokens, microusd: u64) -> Usage {
    Usage { tokens: tokens.all(), microusd }
}
