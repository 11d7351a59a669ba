//! How a live system is, in words that the command line and the console share. What it says of itself is outside text.

use super::{ago, size, span};
use crate::domain::{AssetLogin, AssetState, Millis, Reach, Sighting, Vitals};
use crate::protocol::AssetView;
use crate::safe;
use crate::text::{Colour, SafeText, Style};

/// Percent from which a file system is worth a colour.
const FULL: u64 = 90;

/// Its state in one word.
pub fn state(seen: Option<&Sighting>) -> SafeText {
    match seen.map(|seen| &seen.state) {
        None => safe!("unseen").styled(Style::faint()),
        Some(AssetState::Down { .. }) => safe!("down").styled(Style::fg(Colour::Red)),
        Some(AssetState::Up { vitals }) if is_troubled(vitals) => safe!("troubled").styled(Style::fg(Colour::Magenta)),
        Some(AssetState::Up { .. }) => safe!("up").styled(Style::fg(Colour::Green)),
    }
}

/// Whether something of it calls for a look.
fn is_troubled(vitals: &Vitals) -> bool {
    !vitals.failed.is_empty()
        || vitals.fullest().is_some_and(|(_, used)| used >= FULL)
        || vitals.containers.iter().any(|one| one.state == "restarting" || one.status.contains("(unhealthy)"))
}

/// Its load over a minute, as `0.42`.
pub fn load(vitals: &Vitals) -> SafeText {
    let part = vitals.load % 100;
    let zero = if part < 10 { "0" } else { "" };
    safe!("{}.{}{}", vitals.load / 100, safe!("{}", zero), part)
}

/// Percent of its memory that are in use.
pub fn memory(vitals: &Vitals) -> SafeText {
    let (total, free) = vitals.memory;
    safe!("{}%", total.saturating_sub(free).saturating_mul(100) / total.max(1))
}

/// Percent of its fullest file system that are in use.
pub fn disk(vitals: &Vitals) -> SafeText {
    match vitals.fullest() {
        Some((_, used)) if used >= FULL => safe!("{}%", used).styled(Style::fg(Colour::Magenta)),
        Some((_, used)) => safe!("{}%", used),
        None => safe!("-"),
    }
}

/// Everything about one live system.
pub fn page(view: &AssetView, now: Millis) -> Vec<SafeText> {
    let spec = &view.asset.spec;
    let mut page = vec![
        safe!("{}  ({}, version {})", spec.name, view.asset.id, view.asset.version).styled(Style::default().bold()),
    ];
    let mut say = |word: &'static str, text: SafeText| page.push(safe!("{}{}", safe!("{}", word).pad_right(13), text));
    say("reached by", safe!("{}", spec.reach.name()));
    if spec.reach != Reach::Nowhere {
        say("at", safe!("{}", spec.reach.place()));
    }
    if let Reach::Ssh { host_keys, login, .. } = &spec.reach {
        for key in host_keys {
            say("host key", safe!("{} {}", key.kind(), key.fingerprint()));
        }
        say("logs in with", logs_in(login));
    }
    if let Some(environment) = &spec.environment {
        say("environment", safe!("{}", environment.as_str()));
    }
    say("critical", if spec.critical { safe!("yes") } else { safe!("no") });
    for (word, value) in &spec.labels {
        say("label", safe!("{}={}", word.as_str(), value));
    }
    if let Some(receipts) = &spec.receipts {
        say("receipts", safe!("{}", receipts.as_str()));
    }
    say("said by", safe!("{}, {} ago", view.asset.by, ago(view.asset.changed, now)));
    if spec.reach != Reach::Nowhere {
        page.extend(lines(view, now));
    }
    if !spec.note.is_empty() {
        page.push(SafeText::empty());
        page.extend(spec.note.lines().map(|line| safe!("{}", line)));
    }
    page
}

/// With what the gate logs in there.
fn logs_in(login: &AssetLogin) -> SafeText {
    match (&login.identity, &login.authority, &login.source_address) {
        (_, Some(key), None) => safe!("a certificate for each call, by {}", key.as_str()),
        (_, Some(key), Some(from)) => {
            safe!("a certificate for each call from {}, by {}", from.as_str(), key.as_str())
        }
        (Some(key), None, _) => safe!("{}", key.as_str()),
        (None, None, _) => safe!("the engine's SSH agent"),
    }
}

/// All that the last looks told.
fn lines(view: &AssetView, now: Millis) -> Vec<SafeText> {
    let field = |word: &'static str, text: SafeText| safe!("{}{}", safe!("{}", word).pad_right(13), text);
    let Some(seen) = &view.seen else {
        return vec![field("state", safe!("nobody has looked at it yet"))];
    };
    let mut lines = vec![field("state", safe!("{}, {} ago", state(Some(seen)), ago(seen.at, now)))];
    match &seen.state {
        AssetState::Down { why } => lines.push(field("why", safe!("{}", why))),
        AssetState::Up { vitals } => told(vitals, &mut |word, text| lines.push(field(word, text))),
    }
    if !view.before.is_empty() {
        let newest_last = view.before.iter().rev().chain([seen]);
        let marks = newest_last.map(|one| match &one.state {
            AssetState::Up { vitals } if is_troubled(vitals) => safe!("!").styled(Style::fg(Colour::Magenta)),
            AssetState::Up { .. } => safe!("."),
            AssetState::Down { .. } => safe!("x").styled(Style::fg(Colour::Red)),
        });
        let marks: Vec<SafeText> = marks.collect();
        lines.push(field("lately", safe!("{}  (. up, ! troubled, x down)", SafeText::join(&marks, &safe!("")))));
    }
    lines
}

fn told(vitals: &Vitals, say: &mut impl FnMut(&'static str, SafeText)) {
    let kib = |kib: u64| size(kib.saturating_mul(1024));
    say("system", safe!("{}, {}", vitals.system, vitals.kernel));
    let up = i64::try_from(vitals.uptime.saturating_mul(1000)).unwrap_or(i64::MAX);
    say("started", safe!("{} ago, boot {}", span(up), vitals.boot));
    say("load", safe!("{} on {} processors", load(vitals), vitals.cpus));
    say("memory", safe!("{} of {} in use", memory(vitals), kib(vitals.memory.0)));
    for disk in &vitals.disks {
        let used = disk.total.saturating_sub(disk.free).saturating_mul(100) / disk.total.max(1);
        say("disk", safe!("{}% of {} in use: {}", used, kib(disk.total), disk.mount));
    }
    for service in &vitals.failed {
        say("failed", safe!("{}", service).styled(Style::fg(Colour::Magenta)));
    }
    for container in &vitals.containers {
        say("container", safe!("{}  {}  {}", container.name, container.state, container.status));
    }
}
