//! The rules. Each looks at what is remembered and at the round that just ended, and says what it found in words.

mod circle;
mod idle;
mod less;
mod plateau;
mod redirect;
mod root;
mod same;
mod worse;

use super::facts::Facts;
use super::state::State;
use super::thresholds::Thresholds;
use super::verdict::{Found, Level};

pub(super) use less::{false_progress, less_is_tested};

/// What a rule looks at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub state: &'a State,
    pub facts: &'a Facts,
    pub limits: &'a Thresholds,
}

/// The most telling rule comes first among those that say the same.
const RULES: [fn(View<'_>) -> Option<Found>; 7] =
    [redirect::check, idle::check, circle::check, same::check, root::check, worse::check, plateau::check];

/// What the rules say of a round that brought no gain.
pub fn judge(view: View<'_>) -> Option<Found> {
    let mut first: Option<Found> = None;
    for found in RULES.into_iter().filter_map(|rule| rule(view)) {
        if found.level == Level::Stuck {
            return Some(found);
        }
        first = first.or(Some(found));
    }
    first
}

impl View<'_> {
    /// A threshold, with one round more for a run that has gained often.
    fn patient(self, threshold: u32) -> usize {
        threshold as usize + usize::from(self.state.gains >= self.limits.earned)
    }
}
