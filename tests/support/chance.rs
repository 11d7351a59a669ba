//! Sizes and seeds that the environment may name.

use rand::SeedableRng;
use rand::rngs::StdRng;
use std::time::{SystemTime, UNIX_EPOCH};

/// A number of the environment.
pub fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The seed that `DOGWATCH_SEED` names, or another one each time; it is told. `tests/run` names that of the commit.
pub fn seed() -> u64 {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = number("DOGWATCH_SEED", u64::from(clock.subsec_nanos()));
    println!("DOGWATCH_SEED={seed}");
    seed
}

/// Chance that can be repeated.
pub fn random() -> StdRng {
    StdRng::seed_from_u64(seed())
}
