//! The dialog about one proposal: how it stands and what may be done above, below it all that is known of it, of which nothing is
//! cut. Lines are broken, never shortened, and only headings of ours begin at the edge.

use super::{odd, rows, title, urgent};
use crate::approval::show::{Part, parts};
use crate::console::app::{App, Line, Output};
use crate::console::keymap::Command;
use crate::domain::{ExecutionOutcome, ProposalState as State};
use crate::protocol::ProposalDetail;
use crate::safe;
use crate::text::{Canvas, Colour, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

/// Rows above the text: its title, how it stands, what may be done.
pub(super) const HEAD: u16 = 3;

/// The part of the page that the text has.
pub(super) fn body(page: Rect) -> Rect {
    let head = HEAD.min(page.height);
    Rect { y: page.y + head, height: page.height - head, ..page }
}

/// All that is known of a proposal. What changes by the second stands in the head instead, so that what was read stays read.
pub(super) fn lines(detail: &ProposalDetail, output: &Output) -> Vec<Line> {
    let mut parts = parts(&ProposalDetail { left: None, ..detail.clone() });
    parts.insert(1.min(parts.len()), deadlines(detail));
    if let Some(odd) = odd::part(&detail.proposal.proposed) {
        parts.insert(4.min(parts.len()), odd);
    }
    if detail.output > 0 {
        parts.push(printed(output));
    }
    let mut lines = Vec::new();
    for part in parts {
        if !lines.is_empty() {
            lines.push(Line { text: SafeText::empty(), heading: false });
        }
        lines.push(Line { text: part.title.styled(Style::strong()), heading: true });
        lines.extend(part.lines.into_iter().map(|text| Line { text, heading: false }));
    }
    lines
}

fn deadlines(detail: &ProposalDetail) -> Part {
    let one = &detail.proposal;
    let end = crate::domain::Millis(one.asked.wall.0.saturating_add(one.wait));
    let mut lines = vec![safe!(
        "it waits for votes until {}, or {} by the clock that nobody sets, whichever is first",
        end,
        words::span(one.wait)
    )];
    match &one.granted {
        Some((at, within)) => {
            lines.push(safe!("approved at {}: it starts within {} or never", at.wall, words::span(*within)));
        }
        None if detail.grant > 0 => {
            lines.push(safe!("once approved it starts within {} or never", words::span(detail.grant)));
        }
        None => {}
    }
    Part { title: safe!("until when"), lines }
}

fn printed(output: &Output) -> Part {
    let mut lines = Vec::new();
    if output.cut {
        lines.push(safe!("(its beginning is left out: `dogwatch approvals output` prints all of it)"));
    }
    lines.extend(output.lines.iter().chain(&output.rest).map(|line| safe!("| {}", line)));
    Part { title: safe!("what it printed"), lines }
}

/// The whole screen.
pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let Some(id) = app.dialog.id else { return };
    let name = |shown: Option<&ProposalDetail>| {
        shown.map_or_else(|| safe!("{}", id), |detail| safe!("{} for {}", id, detail.proposal.proposed.asset.name))
    };
    let shown = app.dialog.shown();
    let reading = &app.reading;
    let last = (reading.top + reading.rows).min(reading.total);
    let place = match shown {
        Some(_) if reading.total > 0 => safe!("rows {}-{} of {}", reading.top + 1, last, reading.total),
        _ => SafeText::empty(),
    };
    let below = title(canvas, area, true, &name(shown), &place);
    let mut free =
        rows(below).map(|row| Rect { x: row.x + row.width.min(1), width: row.width.saturating_sub(1), ..row });
    let Some(detail) = shown else {
        let words = app.dialog.fault().map_or_else(|| safe!("it is being asked for"), |fault| safe!("{}", fault));
        if let Some(row) = free.next() {
            canvas.text(row, &words);
        }
        return;
    };
    if let Some(row) = free.next() {
        let mark = if detail.need.critical { safe!("{} ", urgent(&safe!(" CRITICAL "))) } else { SafeText::empty() };
        canvas.text(row, &safe!("{}{}", mark, standing(app, detail)));
    }
    if let Some(row) = free.next() {
        canvas.text(row, &doable(app, detail));
    }
    for (row, line) in rows(body(area)).zip(&reading.lines) {
        canvas.text(Rect { x: row.x + row.width.min(1), width: row.width.saturating_sub(1), ..row }, line);
    }
}

/// How it stands, in plain words.
fn standing(app: &App, detail: &ProposalDetail) -> SafeText {
    let one = &detail.proposal;
    let (bad, good) = (Style::fg(Colour::Red).bold(), Style::fg(Colour::Green));
    let left = app.dialog.left(app.now).map_or_else(SafeText::empty, |left| safe!("; {} left", words::span(left)));
    let asset = &one.proposed.asset.name;
    match one.state {
        State::Pending | State::Partial => {
            let (yes, all) = (detail.need.approvals.saturating_sub(detail.missing), detail.need.approvals);
            safe!("waits: {} of {} said yes{}", yes, all, left)
        }
        State::Approved => safe!("approved: it starts now, or never{}", left).styled(good),
        State::Claimed => safe!("its grant is used; nothing has left yet"),
        State::Dispatched => safe!("its first byte may have left for {}", asset),
        State::Running => safe!("it runs on {} now", asset).styled(Style::strong()),
        State::Succeeded => safe!("it ran and ended with 0").styled(good),
        State::Failed => match &one.outcome {
            Some(ExecutionOutcome::Ran { code }) => safe!("it ran and ended with {}", code).styled(bad),
            _ => safe!("it ran and failed").styled(bad),
        },
        State::TimedOut => safe!("it ran out of time and was ended; what it did until then is done").styled(bad),
        State::OutcomeUnknown => urgent(&safe!(" OUTCOME UNKNOWN: it may have run; it is never run again ")),
        State::NotRun => safe!("it did not run and never will").styled(bad),
        State::Refused => safe!("refused before anything left: it did not run").styled(bad),
        State::ResolvedRan => safe!("a person says that it ran"),
        State::ResolvedNotRun => safe!("a person says that it did not run"),
        State::ResolvedAccepted => safe!("nobody knows whether it ran, and a person takes that as it is"),
        State::Denied => safe!("denied: it did not run and never will"),
        State::Expired => safe!("expired: it did not run and never will"),
        State::Withdrawn => safe!("taken back: it did not run and never will"),
        State::Superseded => safe!("edited: another one stands in its place"),
        State::Voided => safe!("void: what it was bound to is no longer so"),
    }
}

/// What may be done about it, or why not.
fn doable(app: &App, detail: &ProposalDetail) -> SafeText {
    let key = |command: Command| safe!("{}", app.keys.first(command));
    let one = &detail.proposal;
    if one.wants_review() {
        let words = safe!("one person decided this for two: `{}` says that you looked at it", key(Command::Review));
        return urgent(&words);
    }
    match one.state {
        state if state.is_open() && app.basket.iter().any(|put| put.id == one.id) => {
            let [all, away] = [Command::AgreeAll, Command::Together].map(key);
            safe!("put together: {}; `{}` says yes to all, `{}` takes this one away", app.put(), all, away)
                .styled(Style::fg(Colour::Green))
        }
        state if state.is_open() => match app.may_agree() {
            Ok(_) => {
                let [yes, no] = [Command::Agree, Command::Refuse].map(key);
                safe!("all of it was on the screen: `{}` says yes, `{}` says no", yes, no)
                    .styled(Style::fg(Colour::Green))
            }
            Err(why) => why.styled(Style::strong()),
        },
        State::OutcomeUnknown => safe!("look there yourself; `{}` tells what you found", key(Command::Resolve)),
        state if state.is_final() => {
            safe!("`{}` proposes it anew; the grant of this one is never used again", key(Command::Again))
                .styled(Style::faint())
        }
        _ if one.is_to_stop() => safe!("a stop is on its way; how it ends stands here then").styled(Style::strong()),
        State::Approved => safe!("what it prints comes at the end").styled(Style::faint()),
        _ => safe!("what it prints comes at the end; `{}` stops it", key(Command::StopIt)).styled(Style::faint()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_room_below_the_head_at_any_height() {
        for height in 0..6 {
            let body = body(Rect { x: 0, y: 1, width: 10, height });
            assert_eq!((body.y - 1) + body.height, height);
        }
    }
}
