//! `[prices."MODEL"]` of `config.toml`: what models cost, in dollars for a million tokens.

use super::reader::{Section, clip};
use super::schema;
use crate::models::{Price, Prices};
use std::collections::BTreeMap;

/// The most dollars for a million tokens.
const MOST: f64 = 10_000.0;

pub(super) fn read(top: &Section<'_, '_>) -> Prices {
    let mut own = BTreeMap::new();
    for (name, section) in top.named_tables("prices", schema::NAMED_PRICE) {
        let bare = name.value.strip_suffix('*').unwrap_or(&name.value);
        let fine = (1..=128).contains(&name.value.len())
            && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:/@[]".contains(&byte));
        if !fine {
            let message =
                format!("[prices.\"{}\"]: it must be the name of a model, which may end in *", clip(&name.value));
            section.note(name.at, message);
            continue;
        }
        let said = |key| section.number(key, 0.0, MOST).map(microusd);
        for key in ["input", "output"] {
            if !section.has(key) {
                section.missing(key);
            }
        }
        let (Some(input), Some(output)) = (said("input"), said("output")) else { continue };
        let (cached, cache_write) = (said("cached").unwrap_or(input), said("cache-write").unwrap_or(input));
        own.insert(name.value, Price { input, output, cached, cache_write });
    }
    Prices::new(own)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10,000 dollars, checked")]
fn microusd(dollars: f64) -> u64 {
    (dollars * 1_000_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::EngineConfig;

    #[test]
    fn prices_are_read_and_mistakes_named() {
        let text = "[prices.\"mine-*\"]\ninput = 0.5\noutput = 2\ncached = 0\n[prices.local]\ninput = 0\noutput = 0\n";
        let prices = EngineConfig::parse(text, "c").unwrap().prices;
        let mine = Price { input: 500_000, output: 2_000_000, cached: 0, cache_write: 500_000 };
        assert_eq!((prices.of("mine-7"), prices.of("local")), (Some(mine), Some(Price::default())));
        for (text, words) in [
            ("[prices.a]\ninput = 1\n", "has no `output`"),
            ("[prices.a]\ninput = -1\noutput = 1\n", "`input`"),
            ("[prices.\"a b\"]\ninput = 1\noutput = 1\n", "name of a model"),
            ("[prices.\"*\"]\ninput = 1\n", "has no `output`"),
        ] {
            let error = EngineConfig::parse(text, "c").unwrap_err().to_string();
            assert!(error.starts_with("c:") && error.contains(words), "{text}: {error}");
        }
    }
}
