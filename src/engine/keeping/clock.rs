//! Whether the wall clock may be believed before logs are removed for their age: one that is far ahead for a moment makes all of them
//! old. Where it has gone on by more than the time since boot explains, nothing is removed until it has stood by that for a day.

use crate::audit::AuditEvent;
use crate::domain::{Actor, Moment};
use crate::engine::Engine;
use crate::engine::ports::World;
use crate::store::{RunFilter, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A day, in milliseconds: how long a clock that leapt has to stand by it, and how old what is kept of the last look may grow.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// What a clock may have gone on by without an explanation: machines are off over a weekend.
const UNEXPLAINED: i64 = 4 * DAY;
/// Where the last look is kept.
const SETTING: &str = "retention.clock";

/// What is kept of a look at the clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Look {
    at: Moment,
    /// Since when the wall clock is not believed.
    doubted: Option<Moment>,
}

/// What follows from a look, and whether the wall clock may be believed.
fn look(last: Option<Look>, now: &Moment) -> (Look, bool) {
    let Some(Look { at, doubted }) = last else { return (Look { at: now.clone(), doubted: None }, true) };
    let explained = if at.boot_id == now.boot_id { now.boot - at.boot } else { now.boot };
    let leapt = now.wall.since(at.wall) - explained > UNEXPLAINED;
    let doubted = match doubted {
        // Back where it was before, or once more elsewhere: nothing is known of it again.
        Some(since) if leapt || since.boot_id != now.boot_id => Some(now.clone()),
        Some(since) => Some(since).filter(|since| now.boot - since.boot < DAY && now.wall >= since.wall),
        None => leapt.then(|| now.clone()),
    };
    let believed = doubted.is_none();
    (Look { at: now.clone(), doubted }, believed)
}

impl<W: World> Engine<W> {
    /// Whether the wall clock may be believed.
    pub(super) async fn believes_clock(&self) -> Result<bool, StoreError> {
        self.store.write(|tx| believes(tx)).await
    }
}

fn believes(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let last = tx.setting(SETTING)?.and_then(|text| serde_json::from_str::<Look>(&text).ok());
    if last.is_none() && tx.runs(&RunFilter { limit: Some(1), ..RunFilter::default() })?.is_empty() {
        // There is nothing yet that could be old.
        return Ok(true);
    }
    let now = tx.moment();
    let (next, believed) = look(last.clone(), &now);
    let fresh = last.as_ref().is_some_and(|last| {
        let same_boot = last.at.boot_id == now.boot_id;
        last.doubted == next.doubted && same_boot && now.boot - last.at.boot < DAY
    });
    if !fresh {
        tx.set_setting(SETTING, &json!(next).to_string())?;
        let kind = if believed { "retention.looked" } else { "retention.clock_doubted" };
        let detail = json!({ "wall": now.wall, "doubted_since": next.doubted.map(|since| since.wall) });
        tx.record(AuditEvent::new(Actor::Engine, kind).detail(detail))?;
    }
    Ok(believed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Millis;

    const HOUR: i64 = DAY / 24;

    fn moment(wall: i64, boot: i64, boot_id: &str) -> Moment {
        Moment { wall: Millis(wall), boot, boot_id: boot_id.to_owned() }
    }

    /// Looks in this order; whether the clock was believed at each.
    fn looks(moments: &[Moment]) -> Vec<bool> {
        let mut last = None;
        let each = moments.iter().map(|now| {
            let (next, believed) = look(last.take(), now);
            last = Some(next);
            believed
        });
        each.collect()
    }

    #[test]
    fn a_clock_that_leaps_ahead_is_believed_after_a_day() {
        let year = 365 * DAY;
        let at = |hours: i64, ahead: i64| moment(hours * HOUR + ahead, hours * HOUR, "b");
        let usual = [at(1, 0), at(2, 0), at(30 * 24, 0)];
        assert_eq!(looks(&usual), [true; 3], "an engine that did not run is no leap");
        let leap = [at(1, 0), at(2, year), at(3, year), at(25, year), at(26, year), at(27, year)];
        assert_eq!(looks(&leap), [true, false, false, false, true, true]);
        let back = [at(1, 0), at(2, year), at(3, 0), at(4, 0)];
        assert_eq!(looks(&back), [true, false, true, true], "set right again");
        let again = [at(1, 0), at(2, year), at(20, 2 * year), at(27, 2 * year), at(44, 2 * year)];
        assert_eq!(looks(&again), [true, false, false, false, true]);
    }

    #[test]
    fn a_machine_that_was_off_for_long_waits_for_a_day() {
        let off = [moment(0, 99 * DAY, "a"), moment(3 * DAY, HOUR, "b"), moment(100 * DAY, HOUR, "c")];
        assert_eq!(looks(&off), [true, true, false]);
        // Another boot begins the wait anew.
        let more =
            [&off[..], &[moment(100 * DAY + HOUR, HOUR, "d"), moment(101 * DAY + HOUR, DAY + HOUR, "d")]].concat();
        assert_eq!(looks(&more), [true, true, false, false, true]);
    }
}
