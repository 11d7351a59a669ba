//! The line that says how the engine is: as much of it as there is room for, the most important first.

use super::urgent;
use crate::console::app::{App, Connection};
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

/// A disk with less than a tenth free is told in another way.
const SCARCE: u64 = 10;

pub(super) fn line(app: &App, canvas: &mut Canvas<'_>, row: Rect) {
    if row.height == 0 {
        return;
    }
    let between = safe!(" · ").styled(Style::faint());
    let room = usize::from(row.width);
    let mut shown = SafeText::empty();
    for (part, short) in parts(app) {
        let with = |part: &SafeText| {
            if shown.is_empty() { safe!(" {}", part) } else { safe!("{}{}{}", shown, between, part) }
        };
        // Half a word helps nobody; a part that does not fit is left out, and shorter ones after it may still fit.
        let fits =
            [Some(with(&part)), short.as_ref().map(with)].into_iter().flatten().find(|next| next.width() <= room);
        if let Some(next) = fits {
            shown = next;
        } else if shown.is_empty() {
            shown = with(&part);
        }
    }
    canvas.text(row, &shown);
}

/// The parts, each with a shorter form where it has one.
fn parts(app: &App) -> Vec<(SafeText, Option<SafeText>)> {
    let faint = |text: SafeText| (text.styled(Style::faint()), None);
    let mut parts = Vec::new();
    let since = app.heard.map_or_else(SafeText::empty, |heard| safe!(", all this is as of {}", heard));
    match &app.connection {
        Connection::Opening => parts.push(faint(safe!("not connected yet"))),
        Connection::Up(_) if app.slow.is_some() => {
            parts.push((safe!("the engine is silent{}", since).styled(Style::fg(Colour::Red)), None));
        }
        Connection::Up(welcome) => parts.push(faint(safe!("connected as {}", welcome.you))),
        Connection::Down(_) => {
            parts.push((safe!("not connected{}", since).styled(Style::fg(Colour::Red)), None));
        }
    }
    let Some(status) = &app.status else { return parts };
    if let Some(stopped) = status.stopped.first() {
        let whose = stopped
            .project
            .as_ref()
            .map_or_else(|| safe!("models are stopped"), |project| safe!("models of {} are stopped", project));
        parts.push((urgent(&whose), Some(urgent(&safe!("models stopped")))));
    }
    if let Some(disk) = status.disk {
        let free = safe!("{} free", words::size(disk.free));
        let scarce = disk.free < disk.total / SCARCE;
        parts.push(if scarce { (urgent(&safe!("only {}", free)), None) } else { faint(free) });
    }
    if let Some(today) = status.today {
        parts.push(faint(safe!("{} today", words::dollars(today.microusd))));
    }
    parts.push(faint(safe!("dogwatch {}", status.version)));
    if let Some(sandbox) = &status.sandbox {
        let short = sandbox.split(',').next().unwrap_or_default();
        parts.push((safe!("{}", sandbox).styled(Style::faint()), Some(safe!("{}", short).styled(Style::faint()))));
    }
    parts
}
