//! What doctor says of the backups of the database.

use super::Finding;
use crate::backup;
use crate::cli::backup::place;
use crate::config::{EngineConfig, Paths};
use crate::domain::Millis;
use crate::words;
use std::path::Path;
use std::time::UNIX_EPOCH;

const CHECK: &str = "backups";
/// What an engine may need for one, beside the time between two, in milliseconds.
const SLACK: i64 = 30 * 60 * 1000;

pub(super) fn look(config: &EngineConfig, paths: &Paths) -> Option<Finding> {
    let written = written(&paths.database())?;
    let place = place(paths, config);
    let Some(every) = config.backup.every() else {
        return Some(Finding::warn(
            CHECK,
            "[backup] says that none is made",
            "make them by `dogwatch backup`, or take `each` out of [backup] in config.toml",
        ));
    };
    let all = match backup::list(&place) {
        Ok(all) => all,
        Err(error) => {
            return Some(Finding::fail(CHECK, error.to_string(), "see to the directory, or name another one"));
        }
    };
    let newest = all.iter().find(|found| found.manifest.is_ok()).map(|found| found.name.made);
    Some(judge(newest, written, every, words::now()))
}

/// When the database or its log was written last; `None` where there is none yet.
fn written(database: &Path) -> Option<Millis> {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    let files = [database, Path::new(&log)];
    let times = files.iter().filter_map(|file| std::fs::metadata(file).ok()?.modified().ok());
    let since = times.max()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

fn judge(newest: Option<Millis>, written: Millis, every: i64, now: Millis) -> Finding {
    const REMEDY: &str = "`dogwatch status` says why the engine makes none; `dogwatch backup` makes one at once";
    let bound = every.saturating_mul(2).saturating_add(SLACK);
    match newest {
        None => Finding::ok(CHECK, "there is none yet; the engine makes the first one when it is due"),
        Some(made) if now.since(made) > bound && written.since(made) > every => {
            let words = format!("the newest is {} old, and much was written since", words::ago(made, now).as_str());
            Finding::warn(CHECK, words, REMEDY)
        }
        Some(made) => Finding::ok(CHECK, format!("the newest is {} old", words::ago(made, now).as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Level;

    #[test]
    fn one_is_missed_only_where_something_was_written_since() {
        let hour = 3_600_000;
        let level = |made: i64, written: i64| {
            judge(Some(Millis(made * hour)), Millis(written * hour), hour, Millis(10 * hour)).level
        };
        assert_eq!(level(9, 10), Level::Ok);
        assert_eq!(level(1, 1), Level::Ok);
        assert_eq!(level(1, 9), Level::Warn);
        assert_eq!(judge(None, Millis(0), hour, Millis(hour)).level, Level::Ok);
    }
}
