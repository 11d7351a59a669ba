//! How the engine is.

use super::{rows, title};
use crate::console::app::{App, Connection};
use crate::domain::{EgressSeen, Millis};
use crate::protocol::DiskSpace;
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let below = title(canvas, area, true, &safe!("Health"), &SafeText::empty());
    let up = matches!(app.connection, Connection::Up(_)) && app.slow.is_none();
    // What was so when the engine was heard last is no news.
    let mark = if up { safe!("ok  ").styled(Style::fg(Colour::Green)) } else { safe!("was ").styled(Style::faint()) };
    let good = |words: SafeText| safe!("{} {}", mark, words);
    let bad = |words: SafeText| safe!("{} {}", safe!("FAIL").styled(Style::fg(Colour::Red).bold()), words);
    let fault = |fault: &Option<String>, fine: SafeText| match fault {
        Some(reason) => bad(safe!("{}", reason)),
        None => good(fine),
    };
    let mut lines = vec![match (&app.connection, app.slow) {
        (Connection::Up(_), Some(since)) => bad(safe!("the engine answers nothing since {}", since)),
        (Connection::Up(welcome), None) => good(safe!("connected to {} as {}", welcome.engine, welcome.you)),
        (Connection::Opening, _) => bad(safe!("not connected yet")),
        (Connection::Down(reason), _) => bad(safe!("{}", reason)),
    }];
    if let Some(alarm) = &app.alarm {
        lines.insert(0, bad(safe!("{}", alarm)));
    }
    if let (false, Some(heard)) = (up, app.heard) {
        lines.push(safe!("     all below is as of {}, when the engine was heard last", heard));
    }
    let Some(status) = &app.status else {
        let words = if up { "The engine is asked." } else { "Nothing else is known before the engine answers." };
        lines.push(safe!("     {}", words).styled(Style::faint()));
        return put(canvas, below, &lines);
    };
    let sandbox = status.sandbox.as_ref().map_or_else(SafeText::empty, |sandbox| safe!(": {}", sandbox));
    let today = status.today.map_or_else(SafeText::empty, |spent| {
        let (iterations, cost) = (spent.iterations, words::dollars(spent.microusd));
        safe!("     today all projects have used {} iterations and {}", iterations, cost)
    });
    lines.extend([
        good(safe!("version {}, process {}, instance {}", status.version, status.pid, status.instance)),
        good(safe!("state in {}", status.state_dir)),
        fault(&status.rescue, safe!("the database is open")),
        fault(&status.store_fault, safe!("the files beside it are sound")),
        fault(&status.halt, status.disk.map_or_else(|| safe!("there is space for new steps"), space)),
        fault(&status.sandbox_fault, safe!("the sandbox answers{}", sandbox)),
    ]);
    // Somebody who changed it believes that it counts.
    lines.extend(status.stale.iter().map(|stale| bad(safe!("{}", stale))));
    if status.stopped.is_empty() {
        lines.push(good(safe!("runs may ask their models")));
    }
    lines.extend(status.stopped.iter().map(|stopped| bad(words::models_stopped(stopped))));
    lines.extend(status.providers.iter().filter_map(words::provider_fault).map(bad));
    lines.push(today);
    lines.extend(status.refused.iter().map(|seen| refused(seen, app.now)));
    lines.extend([SafeText::empty(), safe!("`dogwatch doctor` checks the whole machine.").styled(Style::faint())]);
    put(canvas, below, &lines);
}

fn put(canvas: &mut Canvas<'_>, below: Rect, lines: &[SafeText]) {
    let width = usize::from(below.width.saturating_sub(2)).max(2);
    let wrapped = lines.iter().flat_map(|line| line.wrap(width));
    for (row, line) in rows(below).zip(wrapped) {
        canvas.text(Rect { x: row.x + 1, width: row.width.saturating_sub(1), ..row }, &line);
    }
}

/// A host that a sandbox was not let out to.
fn refused(seen: &EgressSeen, now: Millis) -> SafeText {
    safe!("     outside: {} asked for {}, last {} ago", seen.run, words::egress(seen), words::ago(seen.last, now))
}

/// How much of the disk is free.
fn space(disk: DiskSpace) -> SafeText {
    safe!("there is space for new steps: {} of {} are free", words::size(disk.free), words::size(disk.total))
}
