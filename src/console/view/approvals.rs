//! What waits for a person.

use super::{empty, first_shown, mark, rows, title, urgent};
use crate::console::app::App;
use crate::console::keymap::Command;
use crate::domain::Question;
use crate::safe;
use crate::text::{Canvas, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

pub(super) fn pane(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let count = app.questions.len();
    let name = if count == 0 { safe!("Approvals") } else { urgent(&safe!("Approvals {}", count)) };
    let below = title(canvas, area, focused, &name, &SafeText::empty());
    if count == 0 {
        empty(canvas, below, &safe!("Nothing waits for you."));
        return;
    }
    list(app, canvas, below, focused);
}

fn list(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let questions: Vec<&Question> = app.questions.values().collect();
    let selected = questions.iter().position(|question| Some(question.id) == app.question);
    let first = first_shown(selected.unwrap_or(0), questions.len(), usize::from(area.height));
    for (row, (place, question)) in rows(area).zip(questions.iter().enumerate().skip(first)) {
        let words = safe!(
            "{} {} {} {} {}",
            super::urgent(&safe!("!")),
            safe!("{}", question.id).pad_right(4),
            safe!("{}", question.run).pad_right(4),
            words::ago(question.asked, app.now).pad_right(7),
            question.title
        );
        canvas.text(row, &words);
        if Some(place) == selected {
            mark(canvas, row, focused);
        }
    }
}

/// The whole screen: the list above, the selected question in full below. Nothing of it is cut.
pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let wanted = u16::try_from(app.questions.len()).unwrap_or(u16::MAX).saturating_add(1);
    let above = Rect { height: wanted.clamp(2, (area.height / 3).max(2)), ..area };
    let keys = [Command::Approve, Command::Deny, Command::Open].map(|command| app.keys.first(command));
    let [yes, no, open] = keys.map(|key| safe!("{}", key));
    let right = safe!("{} yes, {} no, {} the run", yes, no, open);
    let below = title(canvas, above, true, &safe!("Approvals {}", app.questions.len()), &right);
    if app.questions.is_empty() {
        let all = Rect { height: area.height.saturating_sub(1), y: area.y + 1, ..area };
        let words = safe!(
            "Nothing waits for you. When a run needs a person (its tests pass but something speaks against it, a cap is reached, \
             something outside is broken), its question is here with the facts, and you say yes or no."
        );
        empty(canvas, all, &words);
        return;
    }
    list(app, canvas, below, true);
    let Some(question) = app.question.and_then(|id| app.questions.get(&id)) else { return };
    let rest = Rect { y: above.bottom(), height: area.bottom().saturating_sub(above.bottom()), ..area };
    let name = safe!("{} of {}, iteration {}", question.kind.name(), question.run, question.iteration);
    let body = title(canvas, rest, false, &name, &safe!("asked {} ago", words::ago(question.asked, app.now)));
    let width = usize::from(body.width.saturating_sub(2)).max(2);
    let mut lines = safe!("{}", question.title).styled(Style::strong()).wrap(width);
    lines.push(SafeText::empty());
    for fact in &question.facts {
        lines.extend(safe!("{}", fact).wrap(width));
    }
    let room = usize::from(body.height);
    let left_out = lines.len().saturating_sub(room);
    if left_out > 0 {
        // Whoever decides must know that there is more.
        lines.truncate(room.saturating_sub(1));
        lines.push(urgent(&safe!("{} more lines: dogwatch approvals show {}", left_out + 1, question.id)));
    }
    for (row, line) in rows(body).zip(lines) {
        canvas.text(Rect { x: row.x + 1, width: row.width.saturating_sub(1), ..row }, &line);
    }
}
