//! Which backups stay: the newest, and one a day for some days. Those that do not count are nobody's to remove but people's.

use super::make::{GOING, Turn, remove};
use super::{BackupError, Name, io, list};
use crate::domain::{Day, Millis};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Those that go: not among the `keep` newest, nor the last of one of the last `days` days.
fn doomed(names: &[Name], keep: usize, days: u64, now: Millis) -> Vec<Name> {
    let mut names = names.to_vec();
    names.sort_by_key(|name| std::cmp::Reverse(*name));
    let first = Day::of(now).0.saturating_sub(i64::try_from(days).unwrap_or(i64::MAX));
    let mut told = BTreeSet::new();
    let last_of_day = |name: &Name| {
        let day = Day::of(name.made);
        told.insert(day) && day.0 > first
    };
    let daily: BTreeSet<Name> = names.iter().copied().filter(last_of_day).collect();
    names.into_iter().skip(keep.max(1)).filter(|name| !daily.contains(name)).collect()
}

/// Removes what is not to be kept, and gives the names of what went. The one that was made `last` stays in any case: after a clock was
/// set back it has an older name than others.
pub fn rotate(place: &Path, keep: usize, days: u64, now: Millis, last: Name) -> Result<Vec<Name>, BackupError> {
    let _turn = Turn::take(place)?;
    let good: Vec<Name> =
        list(place)?.into_iter().filter(|found| found.manifest.is_ok()).map(|found| found.name).collect();
    let mut going = doomed(&good, keep, days, now);
    going.retain(|name| *name != last);
    for name in &going {
        // Under another name first, so that one that is half gone is never taken for a backup.
        let (dir, gone) = (place.join(name.to_string()), place.join(format!("{GOING}{name}")));
        fs::rename(&dir, &gone).map_err(io(&dir))?;
        remove(&gone)?;
    }
    Ok(going)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn the_newest_stay_and_one_a_day_for_a_week() {
        let now = Millis(1_796_066_100_000);
        let names: Vec<Name> = (0..24 * 20).map(|hour| Name::new(now.plus(-hour * HOUR), 1)).collect();
        let going: BTreeSet<Name> = doomed(&names, 24, 7, now).into_iter().collect();
        let kept: Vec<Name> = names.iter().copied().filter(|name| !going.contains(name)).collect();
        assert!(names[..24].iter().all(|name| kept.contains(name)));
        // Yesterday's last one may be among the 24.
        let days: BTreeSet<Day> = kept.iter().map(|name| Day::of(name.made)).collect();
        assert_eq!(days.len(), 7);
        assert!((29..=30).contains(&kept.len()), "{}", kept.len());
    }

    proptest! {
        #[test]
        fn nothing_promised_ever_goes(
            hours in proptest::collection::btree_set(0_i64..1000, 0..60), keep in 1_usize..40, days in 0_u64..20,
        ) {
            let now = Millis(1_796_066_100_000);
            let names: Vec<Name> = hours.iter().map(|hour| Name::new(now.plus(-hour * HOUR), 7)).collect();
            let going = doomed(&names, keep, days, now);
            prop_assert!(names.iter().take(keep).all(|name| !going.contains(name)));
            for day in 0..i64::try_from(days).unwrap_or(0) {
                let of_day = |name: &&Name| Day::of(name.made).0 == Day::of(now).0 - day;
                if let Some(last) = names.iter().find(of_day) {
                    prop_assert!(!going.contains(last));
                }
            }
            // And what is left is no more than was promised.
            prop_assert!(names.len() - going.len() <= keep + usize::try_from(days).unwrap_or(0));
        }
    }
}
