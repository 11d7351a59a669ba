//! When a wait is over, by two clocks of which either is enough: the wall clock may be set, and the boot-time clock, which cannot,
//! begins anew with each boot. What could have been over in a boot that nobody watched counts as over.

use crate::domain::Moment;

/// Whether so many milliseconds have passed since a moment. `strict` is for grants: they do not outlive a boot.
pub fn passed(from: &Moment, span: i64, strict: bool, now: &Moment) -> bool {
    let by_wall = now.wall.0 >= from.wall.0.saturating_add(span);
    if by_wall {
        return true;
    }
    if now.boot_id == from.boot_id && !from.boot_id.is_empty() {
        // Within one boot this clock only goes forward; one that does not is no clock.
        return now.boot >= from.boot.saturating_add(span) || now.boot < from.boot;
    }
    // In another boot at least the time since it has passed. A wall clock before the beginning says that nothing is known.
    strict || now.boot >= span || now.wall < from.wall
}

/// What is left, in milliseconds, by the clock that is ahead; for showing.
pub fn left(from: &Moment, span: i64, now: &Moment) -> i64 {
    let by_wall = from.wall.0.saturating_add(span).saturating_sub(now.wall.0);
    let left = if now.boot_id == from.boot_id {
        by_wall.min(from.boot.saturating_add(span).saturating_sub(now.boot))
    } else {
        by_wall
    };
    left.clamp(0, span.max(0))
}
