//! The editor of guidance: what is written, and below it the beginning of the next prompt as the agent will read it.

use super::fields::{outside, room, window, written};
use super::rows;
use crate::console::app::App;
use crate::domain::{Guidance, LiveFate, RunId};
use crate::engine::prompt::quoted;
use crate::safe;
use crate::text::{Canvas, SafeText, Style};
use ratatui::layout::{Position, Rect};
use ratatui_textarea::TextArea;

/// Columns of the editor, and rows of its field.
const COLUMNS: u16 = 100;
const FIELD: (u16, u16) = (4, 12);

pub(super) fn edit(
    app: &App,
    canvas: &mut Canvas<'_>,
    page: Rect,
    run: RunId,
    text: &TextArea<'static>,
) -> Option<Position> {
    let width = room(page, COLUMNS);
    let told = app.guiding.told(run);
    let before = before(told, width);
    let preview = preview(told.unwrap_or_default(), &text.lines().join("\n"), width);
    let count = |lines: usize| u16::try_from(lines).unwrap_or(u16::MAX);
    let lines = count(text.lines().len()).clamp(FIELD.0, FIELD.1);
    // The field keeps its rows where the screen is low; what the agent reads takes what is left.
    let wanted = lines.saturating_add(count(before.len() + preview.len()));
    let task = app.runs.get(&run).map_or_else(SafeText::empty, |view| safe!("{}", view.run.task));
    let name = safe!("Redirect {}", run);
    let field = lines.min(page.height.saturating_sub(2));
    let left_out = outside(text, field);
    let right = if left_out.is_empty() { task.truncate(width.saturating_sub(name.width() + 6)) } else { left_out };
    let body = window(canvas, page, COLUMNS, wanted, &name, &right);
    let mut free = rows(body);
    let cursor = written(canvas, &mut free, field, text);
    // Rows of the field that nothing is written in.
    for row in free.by_ref().take(usize::from(field).saturating_sub(text.lines().len())) {
        canvas.shade(row, Style { underline: true, ..Style::PLAIN });
    }
    for (row, line) in free.zip(before.iter().chain(&preview)) {
        canvas.text(row, line);
    }
    cursor
}

/// What became of what the run was told before.
fn before(told: Option<&[Guidance]>, width: usize) -> Vec<SafeText> {
    let words = match told {
        None => safe!("what it was told before is being asked for"),
        Some([]) => return Vec::new(),
        Some(told) => {
            let last = told.iter().rev().take(5).rev().map(|one| {
                let number = one.number;
                let delivered = one.live.as_ref().filter(|live| live.fate == LiveFate::Delivered);
                match (one.applied_in, delivered) {
                    (Some(iteration), _) => safe!("{} applied at iteration {}", number, iteration),
                    (None, Some(live)) => safe!("{} delivered live in iteration {}", number, live.iteration),
                    (None, None) => safe!("{} waits for the next prompt", number),
                }
            });
            let last: Vec<SafeText> = last.collect();
            safe!("guidance {}", SafeText::join(&last, &safe!(", ")))
        }
    };
    words.wrap(width).iter().map(|line| line.styled(Style::faint())).collect()
}

fn preview(told: &[Guidance], text: &str, width: usize) -> Vec<SafeText> {
    let mut lines = vec![safe!("The next prompt begins so:").styled(Style::strong())];
    let text = text.trim();
    let newest = Some(text).filter(|text| !text.is_empty()).into_iter();
    let prompt = quoted(newest.chain(told.iter().rev().map(|one| one.text.as_str())));
    let prompt = if prompt.is_empty() { "# Task\n".to_owned() } else { prompt + "# Task\n" };
    lines.extend(prompt.lines().flat_map(|line| safe!("{}", line).wrap(width)));
    lines.push(safe!("...").styled(Style::faint()));
    lines
}
