//! What lies over a screen: help, the palette, fields.

use super::{decide, first_shown, mark, messages, rollback, rows, title, tour, urgent};
use crate::console::app::{App, Editing, Layer, List};
use crate::console::keymap::{Binding, Scope};
use crate::console::keys::Key;
use crate::safe;
use crate::text::{Canvas, SafeText, Style};
use crate::words;
use ratatui::layout::{Position, Rect};
use ratatui_textarea::TextArea;

/// Columns of the usual window, and of one with two columns of keys.
const COLUMNS: u16 = 80;
const TWICE: u16 = 160;
/// Most lines of a list to choose from.
const CHOICES: usize = 12;
/// Columns beside a window from which it is worth while to leave them as they are.
const BESIDE: u16 = 8;

/// Columns of a window that would like to have so many. What would be left of the page as a ragged edge is taken as well.
fn width_of(page: Rect, columns: u16) -> u16 {
    if page.width < columns.saturating_add(BESIDE) { page.width } else { columns }
}

/// Columns of the text in such a window.
pub(super) fn room(page: Rect, columns: u16) -> usize {
    usize::from(width_of(page, columns).saturating_sub(4)).max(2)
}

/// A part of the page in its middle, emptied, with a frame and a title. Never larger than the page.
pub(super) fn window(
    canvas: &mut Canvas<'_>,
    page: Rect,
    columns: u16,
    lines: u16,
    name: &SafeText,
    right: &SafeText,
) -> Rect {
    let (width, height) = (width_of(page, columns), lines.saturating_add(2).min(page.height));
    let area = Rect { x: page.x + (page.width - width) / 2, y: page.y + (page.height - height) / 2, width, height };
    canvas.clear(area);
    let line = |text: SafeText| text.styled(Style::faint());
    let (first, last) = (Rect { width: 1, ..area }, Rect { x: area.right().saturating_sub(1), width: 1, ..area });
    let bottom = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    canvas.fill(bottom, &line(safe!("─")));
    canvas.fill(first, &line(safe!("│")));
    canvas.fill(last, &line(safe!("│")));
    for (column, top, end) in [(first, safe!("┌"), safe!("└")), (last, safe!("┐"), safe!("┘"))] {
        canvas.text(Rect { height: 1, ..column }, &line(top));
        canvas.text(Rect { y: bottom.y, height: 1, ..column }, &line(end));
    }
    let inside = title(canvas, Rect { x: area.x + 1, width: width.saturating_sub(2), ..area }, true, name, right);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), height: inside.height.saturating_sub(1), ..inside }
}

/// The last first line of a text of so many lines in a window, of which nothing is left out at the end.
fn last_top(lines: usize, page: Rect) -> usize {
    lines.saturating_sub(usize::from(page.height.saturating_sub(2)))
}

/// Which lines of such a text are in view, and what closes it.
pub(super) fn reach(top: usize, lines: usize, page: Rect) -> SafeText {
    let room = usize::from(page.height.saturating_sub(2));
    if lines <= room { safe!("esc") } else { safe!("{}-{} of {} · esc", top + 1, (top + room).min(lines), lines) }
}

/// Keeps a text that lies over the screen from being scrolled past its end.
pub(super) fn settle(app: &mut App, page: Rect) {
    let lines = match &app.layer {
        Some(Layer::Help { .. }) => columns(app, page).iter().map(Vec::len).max().unwrap_or(0),
        Some(Layer::Tour { .. }) => tour::lines(app, page).len(),
        Some(Layer::Messages { .. }) => messages::lines(app, page).len(),
        Some(Layer::Edit { .. }) | None => return,
    };
    app.reach = last_top(lines, page);
    if let Some(top) = app.layer.as_mut().and_then(Layer::top) {
        *top = (*top).min(app.reach);
    }
}

/// All keys, in one column or two.
fn columns(app: &App, page: Rect) -> Vec<Vec<SafeText>> {
    let mut columns = vec![Vec::new()];
    for (place, scope) in Scope::ALL.into_iter().enumerate() {
        let mut name = scope.words().to_owned();
        // The words are our own, in ASCII.
        name.get_mut(..1).map(str::make_ascii_uppercase);
        let name = safe!("{}", name).styled(Style::strong());
        let keys = app.keys.at(scope).map(|(one, keys)| safe!("  {} {}", told(one, keys).pad_right(18), one.words));
        // What works everywhere is about half of them all.
        if place == 1 && page.width >= TWICE {
            columns.push(Vec::new());
        }
        let Some(lines) = columns.last_mut() else { continue };
        if !lines.is_empty() {
            lines.push(SafeText::empty());
        }
        lines.extend(std::iter::once(name).chain(keys));
    }
    columns
}

pub(super) fn help(app: &App, canvas: &mut Canvas<'_>, page: Rect, top: usize) {
    let columns = columns(app, page);
    let most = columns.iter().map(Vec::len).max().unwrap_or(0);
    let height = u16::try_from(most).unwrap_or(u16::MAX);
    let wide = if columns.len() > 1 { TWICE } else { COLUMNS };
    let body = window(canvas, page, wide, height, &safe!("Keys"), &reach(top, most, page));
    let width = body.width / u16::try_from(columns.len()).unwrap_or(1);
    for (x, lines) in (body.x..).step_by(usize::from(width.max(1))).zip(&columns) {
        for (row, line) in rows(Rect { x, width, ..body }).zip(lines.iter().skip(top)) {
            canvas.text(row, line);
        }
    }
}

/// The keys of a command, or where it is found without.
fn told(one: &Binding, keys: &[Key]) -> SafeText {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    if keys.is_empty() { safe!(":{}", one.name) } else { safe!("{}", keys.join(" ")) }
}

pub(super) fn edit(
    app: &App,
    canvas: &mut Canvas<'_>,
    page: Rect,
    (what, text, chosen): (Editing, &TextArea<'static>, usize),
) -> Option<Position> {
    let (name, told) = words(app, what);
    let width = room(page, COLUMNS);
    // What is decided on is shown exactly; our own words are for reading.
    let exactly =
        matches!(what, Editing::Answer(..) | Editing::AwaitDay(_) | Editing::Cancel(_)) || what.decides().is_some();
    let told = told.iter().flat_map(|line| if exactly { line.wrap(width) } else { line.flow(width) });
    let told: Vec<SafeText> = told.collect();
    let found = app.choices(what, &text.lines().join(" "));
    // There may be nothing to write, or a command of many lines.
    let field = if what.has_lines() {
        let lines = u16::try_from(text.lines().len()).unwrap_or(u16::MAX);
        lines.clamp(2, 12).min(page.height / 2).max(1)
    } else {
        u16::from(what.has_field())
    };
    let lines = u16::try_from(told.len() + found.len().min(CHOICES)).unwrap_or(u16::MAX).saturating_add(field + 1);
    let body = window(canvas, page, COLUMNS, lines, &name, &outside(text, field));
    let mut free = rows(body);
    for line in facts(&told, usize::from(body.height).saturating_sub(usize::from(field))) {
        canvas.text(free.next()?, &line);
    }
    let cursor = if field > 0 { written(canvas, &mut free, field, text) } else { None };
    let chosen = chosen.min(found.len().saturating_sub(1));
    let free: Vec<Rect> = free.take(CHOICES).collect();
    let first = first_shown(chosen, found.len(), free.len());
    for (row, (place, one)) in free.into_iter().zip(found.iter().enumerate().skip(first)) {
        canvas.text(row, &one.words);
        canvas.text_right(row, &safe!(" {}", one.aside).styled(Style::strong()));
        if place == chosen {
            mark(canvas, row, true);
        }
    }
    cursor
}

/// As much of what is told as there is room for beside the field. Whoever decides must know that there is more, and the last
/// line says what is to be written.
fn facts(told: &[SafeText], room: usize) -> Vec<SafeText> {
    if told.len() <= room {
        return told.to_vec();
    }
    let mut shown: Vec<SafeText> = told.iter().take(room.saturating_sub(2)).cloned().collect();
    let more = told.len() - shown.len() - 1;
    shown.push(urgent(&safe!("{} more lines: esc, and read it all on its screen before", more)));
    shown.extend(told.last().cloned());
    shown
}

/// The first line in view of what is written, where so many rows are.
fn first_line(text: &TextArea<'static>, field: u16) -> usize {
    (text.cursor().0 + 1).saturating_sub(usize::from(field))
}

/// How much of what is written is not in view.
pub(super) fn outside(text: &TextArea<'static>, field: u16) -> SafeText {
    let above = first_line(text, field);
    let below = text.lines().len().saturating_sub(above + usize::from(field));
    let count = |lines: usize, place: &'static str| {
        let word = if lines == 1 { "line" } else { "lines" };
        (lines > 0 && field > 0).then(|| safe!("{} {} {}", lines, word, place))
    };
    let parts: Vec<SafeText> = [count(above, "above"), count(below, "below")].into_iter().flatten().collect();
    SafeText::join(&parts, &safe!(", "))
}

/// What is written, in the exact form, so that what is pasted cannot look like something else.
pub(super) fn written(
    canvas: &mut Canvas<'_>,
    free: &mut impl Iterator<Item = Rect>,
    field: u16,
    text: &TextArea<'static>,
) -> Option<Position> {
    let (at_line, at_column) = (text.cursor().0, text.cursor().1);
    let first = first_line(text, field);
    let mut cursor = None;
    for (place, line) in text.lines().iter().enumerate().skip(first).take(usize::from(field)) {
        let row = free.next()?;
        let shown = safe!("{}", line);
        let before: String = line.chars().take(at_column).collect();
        let column = if place == at_line { safe!("{}", before).width() } else { 0 };
        let room = usize::from(row.width).saturating_sub(1);
        let skip = column.saturating_sub(room);
        canvas.text_from(row, &shown, skip);
        canvas.shade(row, Style { underline: true, ..Style::PLAIN });
        if place == at_line {
            cursor = u16::try_from(column - skip).ok().map(|column| Position { x: row.x + column, y: row.y });
        }
    }
    cursor
}

/// What is told above the word that lets models be asked again.
fn started(app: &App) -> Vec<SafeText> {
    let stopped = app.status.iter().flat_map(|status| &status.stopped).filter(|one| one.project.is_none());
    let mut told: Vec<SafeText> = stopped.map(words::models_stopped).collect();
    told.push(safe!("Runs that wait go on. A project that was stopped by itself stays so."));
    told
}

/// That what is asked is decided already.
fn over(app: &App, what: Editing) -> Option<SafeText> {
    app.is_decided(what).map(|words| urgent(&safe!(" {}: esc ", words)))
}

fn words(app: &App, what: Editing) -> (SafeText, Vec<SafeText>) {
    match what {
        Editing::Redirect(run) => (safe!("Redirect {}", run), Vec::new()),
        Editing::Criteria(run) => (
            safe!("What {} is measured by", run),
            vec![safe!("One criterion a line. The next prompt has them, and the watchdog begins to count anew.")],
        ),
        Editing::Reassign(run) => (
            safe!("Who works on {} from the next turn on?", run),
            vec![safe!(
                "The name of an agent, such as codex, and or model:NAME. A turn at work is ended by whoever began it."
            )],
        ),
        Editing::Extend(run) => {
            let budget = app.runs.get(&run).map_or_else(SafeText::empty, |view| {
                safe!("It has used {} of {} iterations.", view.run.spent.iterations, view.run.budget.iterations)
            });
            (safe!("How many more iterations for {}?", run), vec![budget])
        }
        Editing::Cancel(run) => {
            let task = app.runs.get(&run).map_or_else(SafeText::empty, |view| safe!("{}", view.run.task));
            (safe!("Cancel {} for good?", run), vec![task, safe!("Why (may be left out):")])
        }
        Editing::Answer(question, approve) => {
            let mut told: Vec<SafeText> = Vec::new();
            told.extend(over(app, what));
            if let Some(asked) = app.question_of(question) {
                told.push(safe!("{}", asked.title).styled(Style::strong()));
                told.extend(asked.facts.iter().map(|fact| safe!("{}", fact)));
            }
            let name = if approve { safe!("Yes to {}?", question) } else { safe!("No to {}?", question) };
            let field = if approve { safe!("Remark (may be left out):") } else { safe!("Why; the agent reads it:") };
            told.push(field);
            (name, told)
        }
        Editing::AgreeAll => decide::all(app),
        Editing::Agree(_)
        | Editing::Refuse(_)
        | Editing::TakeBack(_)
        | Editing::Rewrite(_)
        | Editing::Again(_)
        | Editing::Review(_)
        | Editing::Resolve(_)
        | Editing::Stop(_) => decide::words(app, what),
        Editing::BackToBest(run) => (
            safe!("Roll {} back to its best iteration?", run),
            vec![
                rollback::best(app.best_of(run)),
                safe!("- What later iterations changed is not in it. Their checkpoints and records stay."),
                safe!("- What is under way ends without a verdict, and what the run asks is withdrawn."),
            ],
        ),
        Editing::Rollback(run, number) => {
            (safe!("Roll {} back to iteration {}?", run, number), rollback::told(app, run, number))
        }
        Editing::AwaitDay(question) => {
            let asked = app.question_of(question).map_or_else(SafeText::empty, |one| safe!("{}", one.title));
            let wait =
                safe!("The run goes on by itself when the day turns in UTC, and nothing is allowed beyond the caps.");
            (safe!("Let the run of {} wait?", question), over(app, what).into_iter().chain([asked, wait]).collect())
        }
        Editing::StopModels => (
            safe!("Stop models for all projects?"),
            vec![
                safe!("No request passes to any model from then on, what is under way is cut, and runs wait, frozen."),
                safe!("Why (may be left out):"),
            ],
        ),
        Editing::StartModels => (safe!("Let models be asked again?"), started(app)),
        Editing::Filter(List::Audit) => (
            safe!("Filter the audit log"),
            vec![
                safe!("Any text, and kind:question or run:r12. The engine looks through the whole log.")
                    .styled(Style::faint()),
            ],
        ),
        Editing::Filter(_) => {
            (safe!("Filter"), vec![safe!("Words that must be there, and !words that must not.").styled(Style::faint())])
        }
        Editing::Search => (
            safe!("Search the log"),
            vec![safe!(
                "The whole log is searched. Upper-case letters count where there are any; ~ begins a regular expression."
            )],
        ),
        Editing::CopyLast => (safe!("Copy the last lines"), vec![safe!("How many (100 where nothing is written):")]),
        Editing::Sift => (
            safe!("Show only some lines"),
            vec![
                safe!("Lines that have all the words, none with ! before it: fail !flaky \"two words\" ~regex"),
                safe!(
                    "@out @err @engine by source, @error @warning by words of that kind. Esc in the log shows all again."
                ),
            ],
        ),
        Editing::Palette => (safe!("Commands"), Vec::new()),
        Editing::Steps => {
            (safe!("Logs of {}", app.log.run.map_or_else(SafeText::empty, |run| safe!("{}", run))), Vec::new())
        }
    }
}
