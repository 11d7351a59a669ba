//! What waits for a person.

use super::split::{halves, name, nothing_passes, opens, text};
use super::{empty, first_shown, inset, mark, rows, title, urgent};
use crate::console::app::{App, List};
use crate::console::keymap::Command;
use crate::domain::{Question, QuestionKind};
use crate::safe;
use crate::text::{Canvas, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

pub(super) fn pane(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let (listed, count) = (app.waiting().len(), app.questions.len());
    let name = match count {
        0 => safe!("Approvals"),
        _ => name(app, List::Questions, &safe!("Approvals"), listed, count),
    };
    let below = title(canvas, area, focused, &name, &SafeText::empty());
    if listed == 0 {
        let words = nothing_passes(app, List::Questions).unwrap_or_else(|| safe!("Nothing waits for you."));
        empty(canvas, below, &words);
        return;
    }
    list(app, canvas, below, focused);
}

fn list(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let questions = app.waiting();
    let selected = questions.iter().position(|question| Some(question.id) == app.question);
    let first = first_shown(selected.unwrap_or(0), questions.len(), usize::from(area.height));
    for (row, (place, question)) in rows(area).zip(questions.iter().enumerate().skip(first)) {
        let words = safe!(
            "{} {} {} {} {}",
            urgent(&safe!("!")),
            safe!("{}", question.id).pad_right(4),
            safe!("{}", question.run).pad_right(5),
            words::age(question.asked, app.now).pad_right(4),
            question.title
        );
        canvas.text(inset(row), &words);
        if Some(place) == selected {
            mark(canvas, row, focused);
        }
    }
}

/// The whole screen: the list above, the selected question in full below. Nothing of it is cut.
pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let (listed, all) = (app.waiting().len(), app.questions.len());
    let halves = halves(app, area);
    if listed == 0 {
        let below = title(
            canvas,
            area,
            true,
            &name(app, List::Questions, &safe!("Approvals"), listed, all),
            &SafeText::empty(),
        );
        let words = nothing_passes(app, List::Questions).unwrap_or_else(|| {
            safe!(
                "Nothing waits for you. When a run needs a person (its tests pass but something speaks against it, a cap is \
                 reached, something outside is broken), its question is here with the facts, and you say yes or no."
            )
        });
        empty(canvas, below, &words);
        return;
    }
    let focused = !app.reading.inside;
    let title_of_list = name(app, List::Questions, &safe!("Approvals"), listed, all);
    let below = title(canvas, halves.list, focused, &title_of_list, &SafeText::empty());
    list(app, canvas, below, focused);
    let Some(question) = app.question.and_then(|id| app.questions.get(&id)) else { return };
    if halves.text.height > 0 {
        let title_of_text =
            safe!("{} {} of {}, iteration {}", question.id, question.kind.name(), question.run, question.iteration);
        text(app, canvas, halves.text, &title_of_text, &question.run.map(|run| opens(app, run)).unwrap_or_default());
    }
}

/// One question in full.
pub(super) fn told(app: &App, question: &Question) -> Vec<SafeText> {
    let mut lines = vec![safe!("{}", question.title).styled(Style::strong()), SafeText::empty()];
    lines.extend(question.facts.iter().map(|fact| safe!("{}", fact)));
    lines.push(SafeText::empty());
    lines.push(safe!(
        "asked {} ago, at {}; {}",
        words::ago(question.asked, app.now),
        question.asked,
        until(app, question)
    ));
    let keys = [Command::Approve, Command::Deny, Command::AwaitDay].map(|command| app.keys.first(command));
    let [yes, no, wait] = keys.map(|key| safe!("{}", key));
    let wait =
        if question.may_wait() { safe!(", `{}` lets the run wait for the next day", wait) } else { SafeText::empty() };
    lines.push(safe!("`{}` says yes, `{}` says no{}", yes, no, wait).styled(Style::faint()));
    if question.kind == QuestionKind::Stuck {
        let keys = [Command::Open, Command::Redirect, Command::Criteria, Command::Rollback];
        let [open, redirect, criteria, back] = keys.map(|command| safe!("{}", app.keys.first(command)));
        let words = safe!(
            "`{}` opens the run: `{}` gives it new guidance there, `{}` changes its criteria, `{}` goes back to an iteration",
            open,
            redirect,
            criteria,
            back
        );
        lines.push(words.styled(Style::faint()));
    }
    lines
}

/// How long it can wait.
fn until(app: &App, question: &Question) -> SafeText {
    if question.may_wait() {
        let day = 86_400_000;
        let left = day - app.now.0.rem_euclid(day);
        return safe!("it waits for you without a deadline; the day turns in {}", words::span(left));
    }
    safe!("it waits for you without a deadline")
}
