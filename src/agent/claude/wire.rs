//! What a line of Claude Code holds, as far as it is read. `init`, `assistant`, `user` and `result` share one shape here.

use crate::agent::stream::event::Tokens;
use crate::agent::stream::soft::{Few, Soft, Text};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub r#type: Soft<Text<'a>>,
    pub subtype: Soft<Text<'a>>,
    pub session_id: Soft<Text<'a>>,
    pub model: Soft<Text<'a>>,
    pub claude_code_version: Soft<Text<'a>>,
    pub mcp_servers: Soft<Few<Server<'a>>>,
    pub message: Soft<Message<'a>>,
    pub error: Soft<Text<'a>>,
    pub error_status: Soft<u16>,
    pub retry_delay_ms: Soft<f64>,
    pub rate_limit_info: Soft<Limit<'a>>,
    pub is_error: Soft<bool>,
    pub api_error_status: Soft<u16>,
    pub result: Soft<Text<'a>>,
    pub terminal_reason: Soft<Text<'a>>,
    pub total_cost_usd: Soft<f64>,
    pub usage: Soft<Usage>,
    #[serde(rename = "modelUsage")]
    pub models: Option<&'a RawValue>,
    pub permission_denials: Soft<Few<Denial<'a>>>,
}

/// Bytes of the list of models that are read; a longer one is none.
const MODELS: usize = 64 * 1024;

impl Line<'_> {
    /// What all models together used in this process, sub-agents and titles included.
    pub fn used(&self) -> Option<Tokens> {
        let raw = self.models.filter(|raw| raw.get().len() <= MODELS)?;
        // A list of another kind says nothing.
        let models: BTreeMap<String, ModelUsage> = serde_json::from_str(raw.get()).ok()?;
        (!models.is_empty()).then(|| {
            models.into_values().fold(Tokens::default(), |mut sum, model| {
                sum.add(model.into());
                sum
            })
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Server<'a> {
    #[serde(borrow)]
    pub name: Soft<Text<'a>>,
    pub status: Soft<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub id: Soft<Text<'a>>,
    pub model: Soft<Text<'a>>,
    pub content: Soft<Few<Block<'a>>>,
    pub usage: Soft<Usage>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Block<'a> {
    #[serde(borrow)]
    pub r#type: Soft<Text<'a>>,
    pub text: Soft<Text<'a>>,
    pub thinking: Soft<Text<'a>>,
    pub id: Soft<Text<'a>>,
    pub name: Soft<Text<'a>>,
    pub input: Option<&'a RawValue>,
    pub tool_use_id: Soft<Text<'a>>,
    pub content: Option<&'a RawValue>,
    pub is_error: Soft<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Limit<'a> {
    #[serde(borrow)]
    pub status: Soft<Text<'a>>,
    #[serde(rename = "resetsAt")]
    pub resets_at: Soft<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names of the program")]
pub(super) struct Usage {
    pub input_tokens: Soft<u64>,
    pub output_tokens: Soft<u64>,
    pub cache_read_input_tokens: Soft<u64>,
    pub cache_creation_input_tokens: Soft<u64>,
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        Self {
            input: usage.input_tokens.or_default(),
            output: usage.output_tokens.or_default(),
            cached: usage.cache_read_input_tokens.or_default(),
            cache_write: usage.cache_creation_input_tokens.or_default(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the program")]
pub(super) struct ModelUsage {
    pub input_tokens: Soft<u64>,
    pub output_tokens: Soft<u64>,
    pub cache_read_input_tokens: Soft<u64>,
    pub cache_creation_input_tokens: Soft<u64>,
}

impl From<ModelUsage> for Tokens {
    fn from(usage: ModelUsage) -> Self {
        Self {
            input: usage.input_tokens.or_default(),
            output: usage.output_tokens.or_default(),
            cached: usage.cache_read_input_tokens.or_default(),
            cache_write: usage.cache_creation_input_tokens.or_default(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Denial<'a> {
    #[serde(borrow)]
    pub tool_name: Soft<Text<'a>>,
    pub tool_use_id: Soft<Text<'a>>,
}
