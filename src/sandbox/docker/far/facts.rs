//! What that machine says of itself, asked for once a connection.

use crate::domain::Millis;
use crate::sandbox::frozen;
use serde::Serialize;

/// What is run there. Each line is one fact, an empty one what cannot be known.
pub(super) const SCRIPT: &str = "export LC_ALL=C; id -u; id -g; printf '%s\\n' \"$HOME\"; uname -m; date +%s; \
    sed -n 's/^btime //p' /proc/stat; getconf CLK_TCK || echo 100; \
    sed 's/^.*) //' \"/proc/$(cat /var/run/docker.pid 2>/dev/null)/stat\" 2>/dev/null || echo";

/// Position of the start time in `/proc/PID/stat`, counted from the field after the command's closing parenthesis.
const START_FIELD: usize = 19;
/// Clocks that differ by less than this, in milliseconds, are the same: seconds are all that is told.
const SAME: i64 = 2_000;

/// One machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FarFacts {
    /// The user that was logged in.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its home directory.
    pub home: String,
    /// The kind of processor.
    pub architecture: String,
    /// By how many milliseconds its clock goes before this machine's.
    pub ahead: i64,
    /// When the machine was started, by its own clock.
    pub boot: Option<Millis>,
    /// When Docker was started, by its own clock, where that can be known.
    pub docker: Option<Millis>,
}

impl FarFacts {
    /// Reads what the script printed.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let mut next = |what: &str| lines.next().map(str::trim).ok_or_else(|| format!("it does not tell its {what}"));
        let number = |text: &str| text.parse::<i64>().ok();
        let uid = next("user")?.parse().map_err(|_| "its `id -u` tells no number".to_owned())?;
        let gid = next("group")?.parse().map_err(|_| "its `id -g` tells no number".to_owned())?;
        let home = next("home directory")?.to_owned();
        let architecture = next("kind of processor")?.to_owned();
        let now = number(next("time")?).ok_or_else(|| "its clock cannot be read".to_owned())?;
        let boot = next("boot time").ok().and_then(number);
        let ticks = next("clock ticks").ok().and_then(number).filter(|ticks| *ticks > 0);
        let stat = next("Docker").ok().map(str::to_owned).unwrap_or_default();
        let started = stat.split(' ').nth(START_FIELD).and_then(number);
        let docker = boot.zip(ticks).zip(started).map(|((boot, ticks), started)| {
            Millis(boot.saturating_mul(1000).saturating_add(started.saturating_mul(1000) / ticks))
        });
        let plain = home.starts_with('/') && !home.contains([':', '\'', '"', '\\', '[', ']', ' ']);
        if !plain || home.len() > 60 {
            return Err(format!(
                "its home directory {home} cannot be used: it must be a short path without special signs"
            ));
        }
        let ahead = now.saturating_mul(1000).saturating_sub(frozen::now().0);
        let boot = boot.map(|boot| Millis(boot.saturating_mul(1000)));
        Ok(Self { uid, gid, home, architecture, ahead, boot, docker })
    }

    /// What has to be added to a moment of its clock to have one of this machine's, in milliseconds.
    pub(super) fn behind(&self) -> i64 {
        if self.ahead.abs() < SAME { 0 } else { -self.ahead }
    }

    /// Since when containers can have lived there without a break.
    pub(super) fn began(&self) -> Option<Millis> {
        self.boot.max(self.docker)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_answers_are_read() {
        let text = format!(
            "1000\n1001\n/home/dog\nx86_64\n{}\n1700000000\n100\nS 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 5000 1\n",
            frozen::now().0 / 1000
        );
        let facts = FarFacts::read(&text).unwrap();
        assert_eq!((facts.uid, facts.gid, facts.home.as_str()), (1000, 1001, "/home/dog"));
        assert_eq!(facts.behind(), 0);
        assert_eq!(facts.began(), Some(Millis(1_700_000_050_000)));
        let other = FarFacts { ahead: 60_000, ..facts };
        assert_eq!(other.behind(), -60_000);
    }

    #[test]
    fn what_is_not_told_is_no_fact() {
        let facts = FarFacts::read("0\n0\n/root\naarch64\n1700000000\n\n100\n\n").unwrap();
        assert_eq!(facts.began(), None);
        for bad in ["", "x\n0\n/root\na\n1\n", "0\n0\n/r:oot\na\n1\n", "0\n0\nroot\na\n1\n", "0\n0\n/root\na\nnever\n"]
        {
            assert!(FarFacts::read(bad).is_err(), "{bad}");
        }
    }
}
