//! What models cost: what the operator says (`[prices]` in `config.toml`), else a list that comes with dogwatch. Prices change;
//! a run that has a cap on money asks no model whose price nobody has said.

use crate::domain::Tokens;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Prices in millionths of a dollar for a million tokens, which is one dollar's number a million times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Input that is not cached.
    pub input: u64,
    /// Output.
    pub output: u64,
    /// Input that is read from a cache.
    pub cached: u64,
    /// Input that is written to a cache.
    pub cache_write: u64,
}

impl Price {
    /// From cents for a million tokens of input and of output, with what makers usually take for caches: a tenth for
    /// reading, a quarter more for writing.
    const fn of(input_cents: u64, output_cents: u64) -> Self {
        let input = input_cents * 10_000;
        Self { input, output: output_cents * 10_000, cached: input / 10, cache_write: input + input / 4 }
    }

    /// With another price for what is read from a cache, in millionths of a dollar.
    const fn cached(self, cached: u64) -> Self {
        Self { cached, ..self }
    }

    /// What tokens cost, in millionths of a dollar, rounded up.
    pub fn cost(&self, tokens: Tokens) -> u64 {
        let part = |count: u64, price: u64| u128::from(count).saturating_mul(u128::from(price));
        let sum = part(tokens.input, self.input)
            .saturating_add(part(tokens.output, self.output))
            .saturating_add(part(tokens.cached, self.cached))
            .saturating_add(part(tokens.cache_write, self.cache_write));
        u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// Models with their prices in cents for a million tokens, input and output. A name stands for itself and for those that go on
/// with `-`, `:`, `@` or `[`; longer ones go before shorter ones.
///
/// Compared on 30 November 2026 with what was to be found of the makers' pages: Anthropic's page of prices and its pages of
/// models; of `OpenAI`'s page of prices transcripts of September to November 2026, of Google's one of 7 October 2026. Where a
/// price goes by the length of the prompt, that of short ones stands here, but for Claude Haiku 5.5 that of long ones (beyond
/// 100,000 tokens), which coding agents soon have; where one rises soon, the later one. Discounts and premiums of service
/// tiers are not known here, nor caches of an hour. So the operator's word goes before it.
const KNOWN: &[(&str, Price)] = &[
    ("claude-fable-5", Price::of(1000, 5000)),
    ("claude-fable-5-1", Price::of(1000, 5000).cached(250_000)),
    ("claude-opus-4-0", Price::of(1500, 7500)),
    ("claude-opus-4-1", Price::of(1500, 7500)),
    ("claude-opus-4-20250514", Price::of(1500, 7500)),
    ("claude-opus-4", Price::of(500, 2500)),
    ("claude-opus-5", Price::of(500, 2500)),
    ("claude-opus-5-5", Price::of(400, 2000).cached(200_000)),
    ("claude-sonnet-4", Price::of(300, 1500)),
    ("claude-sonnet-5", Price::of(200, 1000)),
    ("claude-sonnet-5-5", Price::of(200, 1000).cached(100_000)),
    ("claude-haiku-4", Price::of(100, 500)),
    ("claude-haiku-5-5", Price::of(50, 250)),
    ("claude-3-5-haiku", Price::of(80, 400)),
    ("gpt-6-astra", Price::of(1000, 5000)),
    ("gpt-6-sol", Price::of(200, 1000)),
    ("gpt-6-luna", Price::of(10, 50)),
    ("gpt-6.1-sol", Price::of(200, 1000).cached(100_000)),
    ("gpt-5.6-sol", Price::of(400, 2000)),
    ("gpt-5.6-terra", Price::of(200, 1200)),
    ("gpt-5.6-luna", Price::of(20, 120)),
    ("gpt-5.5", Price::of(500, 3000)),
    ("gpt-5.5-pro", Price::of(3000, 18000)),
    ("gpt-5.4", Price::of(250, 1500)),
    ("gpt-5.4-mini", Price::of(75, 450)),
    ("gpt-5.4-nano", Price::of(20, 125)),
    ("gpt-5.4-pro", Price::of(3000, 18000)),
    ("gpt-5.3-codex", Price::of(175, 1400)),
    ("gpt-5.2", Price::of(175, 1400)),
    ("gpt-5.1", Price::of(125, 1000)),
    ("gpt-5", Price::of(125, 1000)),
    ("gpt-5-mini", Price::of(25, 200)),
    ("gpt-5-nano", Price::of(5, 40)),
    ("gpt-5-pro", Price::of(1500, 12000)),
    ("gpt-4.1", Price::of(200, 800).cached(500_000)),
    ("gpt-4.1-mini", Price::of(40, 160).cached(100_000)),
    ("gpt-4.1-nano", Price::of(10, 40).cached(25_000)),
    ("gemini-3.8-flash", Price::of(150, 750)),
    ("gemini-3.5-flash", Price::of(150, 900)),
    ("gemini-3.5-flash-lite", Price::of(30, 250)),
    ("gemini-3.1-pro", Price::of(200, 1200)),
    ("gemini-3-flash", Price::of(50, 300)),
    ("gemini-2.5-pro", Price::of(125, 1000)),
    ("gemini-2.5-flash", Price::of(30, 250)),
    ("gemini-2.5-flash-lite", Price::of(10, 40)),
];

/// What may follow the name of a model whose price is that of the name: 5 is not 5.6.
const ENDS: [char; 4] = ['-', ':', '@', '['];

/// The prices that hold for an engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prices {
    /// What the operator says: names, or beginnings of names that end in `*`.
    own: BTreeMap<String, Price>,
}

impl Prices {
    /// What the operator says, and the list behind it.
    pub fn new(own: BTreeMap<String, Price>) -> Self {
        Self { own }
    }

    /// The price of a model, if anybody has said it: the operator's for the very name, then for the longest beginning, then
    /// the list's.
    pub fn of(&self, model: &str) -> Option<Price> {
        let own = self.own.get(model).copied().or_else(|| {
            let fits = self.own.iter().filter_map(|(name, price)| Some((name.strip_suffix('*')?, *price)));
            longest(fits, model)
        });
        own.or_else(|| {
            let ends =
                |name: &str| model.get(name.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with(ENDS));
            longest(KNOWN.iter().copied().filter(|(name, _)| ends(name)), model)
        })
    }
}

fn longest<'a>(all: impl Iterator<Item = (&'a str, Price)>, model: &str) -> Option<Price> {
    all.filter(|(beginning, _)| model.starts_with(beginning))
        .max_by_key(|(beginning, _)| beginning.len())
        .map(|(_, price)| price)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tokens_of_each_kind_cost_what_they_cost() {
        let price = Price::of(300, 1500);
        let tokens = Tokens { input: 1_000, output: 200, cached: 10_000, cache_write: 400 };
        // 0.003 + 0.003 + 0.003 + 0.0015 dollars.
        assert_eq!(price.cost(tokens), 10_500);
        assert_eq!(price.cost(Tokens { input: 1, ..Tokens::default() }), 3);
        assert_eq!(Price::of(5, 40).cost(Tokens { input: 1, ..Tokens::default() }), 1, "rounded up");
        assert_eq!(Price { input: u64::MAX, ..price }.cost(Tokens { input: u64::MAX, ..tokens }), u64::MAX);
    }

    #[test]
    fn the_operators_word_goes_before_the_list_and_the_longer_name_before_the_shorter() {
        let one = |input| Price { input, ..Price::default() };
        let own = [("gpt-*", one(1)), ("gpt-5*", one(2)), ("gpt-5-mini", one(3))];
        let prices = Prices::new(own.map(|(name, price)| (name.to_owned(), price)).into());
        for (model, input) in [("gpt-5-mini", 3), ("gpt-5-mini-2", 2), ("gpt-5", 2), ("gpt-9", 1)] {
            assert_eq!(prices.of(model).unwrap().input, input, "{model}");
        }
        assert_eq!(prices.of("gemini-2.5-flash-lite-x"), Some(Price::of(10, 40)));
        for unknown in ["local-model", "claude-opus-6", "gpt-7", "gpt-5x"] {
            assert_eq!(Prices::default().of(unknown), None, "{unknown}");
        }
        let list = |model| Prices::default().of(model).unwrap();
        assert_eq!(list("gpt-5.6-sol-2026-07-09"), Price::of(400, 2000));
        assert_eq!(list("gpt-5-2025-08-07"), Price::of(125, 1000));
        assert_eq!(list("claude-opus-4-8[1m]"), Price::of(500, 2500));
        assert_eq!(list("claude-opus-4-1@20250805"), Price::of(1500, 7500));
        assert_eq!(list("claude-sonnet-5-5").cached, 100_000);
    }
}
