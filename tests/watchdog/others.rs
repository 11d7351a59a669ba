//! The rules of two other loops as their code has them, for comparison. They see what they would see: ralph-claude-code whether
//! files changed and whether there is text of an error, the other (`OpenHands`) actions and what came of them, byte by byte.

use crate::rounds;
use dogwatch::watchdog::{Event, How, Round};

fn waits(round: &Round) -> bool {
    matches!(round.ending, How::RateLimited | How::Overloaded | How::Stopped)
}

/// The circuit breaker of ralph-claude-code: three rounds without a changed file, five with any text of an error, or two
/// denials. It waits at limits, and results of tests never reach it.
pub fn ralph_claude_code(events: &[Event]) -> Option<usize> {
    let (mut unchanged, mut errors, mut denied) = (0, 0, 0);
    let mut tree: Option<&str> = None;
    for (place, round) in rounds(events).enumerate() {
        if waits(round) {
            continue;
        }
        let now = round.tree.as_deref();
        let changed = match (now, tree) {
            (Some(now), Some(before)) => now != before,
            _ => round.patch.as_deref() != Some("") && round.verified != Some(false),
        };
        tree = now.or(tree);
        let text = round.errors.iter().flatten().any(|error| !error.text.is_empty());
        unchanged = if changed { 0 } else { unchanged + 1 };
        errors = if text { errors + 1 } else { 0 };
        denied = if round.ending == How::Blocked { denied + 1 } else { 0 };
        if unchanged >= 3 || errors >= 5 || denied >= 2 {
            return Some(place);
        }
    }
    None
}

/// The stuck detector of `OpenHands`: the same action with the same result four times, with the same error three times, three
/// turns without an action, or two of them by turns over six. Equality is exact.
pub fn openhands(events: &[Event]) -> Option<usize> {
    let mut seen: Vec<(String, String, bool)> = Vec::new();
    let mut talk = 0;
    for (place, round) in rounds(events).enumerate() {
        let action = round.patch.clone().or_else(|| round.tree.clone()).unwrap_or_default();
        let result = format!("{:?} {:?} {:?}", round.ending, round.failing, round.errors);
        let failed = round.errors.as_ref().is_some_and(|errors| !errors.is_empty());
        talk = if action.is_empty() { talk + 1 } else { 0 };
        seen.push((action, result, failed));
        let last = |count: usize| seen.len().checked_sub(count).map(|from| &seen[from..]);
        let equal = |count| last(count).is_some_and(|last| last.iter().all(|one| *one == last[0]));
        let turns = last(6).is_some_and(|last| last[0] != last[1] && last[2..].iter().zip(last).all(|(a, b)| a == b));
        if equal(4) || equal(3) && failed || talk >= 3 || turns {
            return Some(place);
        }
    }
    None
}
