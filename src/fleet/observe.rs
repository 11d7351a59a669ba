//! Looking at an asset: one constant text that only reads, and what it says taken apart. It shares nothing with the way on which
//! commands are carried out but the line.

use super::call::Call;
use super::line::Line;
use super::{Fleet, FleetFault};
use crate::domain::{AssetSpec, ContainerSeen, DiskSeen, Vitals, shortened};
use std::time::Duration;
use tokio::time::timeout;

pub(super) const TEXT: &str = include_str!("observe.sh");

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// Most bytes that are taken.
const MOST: usize = 256 * 1024;
/// Most of a list, and the longest text of anything.
const LONGEST: (usize, usize) = (50, 200);

/// What an asset says of itself.
pub(super) async fn observe(fleet: &Fleet, asset: &AssetSpec) -> Result<Vitals, FleetFault> {
    let looked = async {
        let call = Call::observe(TEXT, asset.name.as_str());
        let line = Line::open(fleet, asset, &call).await?;
        let mut pieces = line.call(&call, Vec::new()).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.piece().await {
            bytes.extend(piece);
            if bytes.len() > MOST {
                return Err(FleetFault("it says more of itself than there can be to say".to_owned()));
            }
        }
        read(&String::from_utf8_lossy(&bytes))
    };
    let slow = || FleetFault(format!("it did not answer within {} s", PATIENCE.as_secs()));
    timeout(PATIENCE, looked).await.map_err(|_| slow())?
}

/// Takes its words apart. Lines that mean nothing are left out; one without its end is not believed.
pub(super) fn read(text: &str) -> Result<Vitals, FleetFault> {
    let mut vitals = Vitals::default();
    let mut whole = false;
    for line in text.lines().filter_map(|line| line.strip_prefix("dogwatch:")) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let number = |text: &str| text.parse::<u64>().unwrap_or_default();
        let short = |text: &str| shortened(text, LONGEST.1);
        match word {
            "boot" => vitals.boot = short(rest),
            "uptime" => vitals.uptime = number(rest),
            "load" => vitals.load = hundredths(rest),
            "cpus" => vitals.cpus = number(rest),
            "memory" => {
                let (total, free) = rest.split_once(' ').unwrap_or_default();
                vitals.memory = (number(total), number(free));
            }
            "kernel" => vitals.kernel = short(rest),
            "system" => vitals.system = short(rest),
            "disk" if vitals.disks.len() < LONGEST.0 => {
                let mut words = rest.splitn(3, ' ');
                let mut next = || words.next().unwrap_or_default();
                let (total, free, mount) = (number(next()), number(next()), short(next()));
                vitals.disks.push(DiskSeen { mount, total, free });
            }
            "failed" if vitals.failed.len() < LONGEST.0 => vitals.failed.push(short(rest)),
            "container" if vitals.containers.len() < LONGEST.0 => {
                let mut words = rest.splitn(3, ' ').map(short);
                let mut next = || words.next().unwrap_or_default();
                vitals.containers.push(ContainerSeen { name: next(), state: next(), status: next() });
            }
            "seen" => whole = true,
            _ => {}
        }
    }
    if whole {
        Ok(vitals)
    } else {
        Err(FleetFault("it does not say how it is: does the account have a shell?".to_owned()))
    }
}

/// `1.25` as 125.
fn hundredths(text: &str) -> u64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().chain("00".chars()).take(2).collect();
    let number = |text: &str| text.parse::<u64>().unwrap_or_default();
    number(whole).min(1_000_000) * 100 + number(&part)
}
