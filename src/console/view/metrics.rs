//! How well the loops do without people: a plot for each number, in as many columns as there is room for.

mod cards;

use super::{empty, plot, rows, title};
use crate::console::app::App;
use crate::console::keymap::Command;
use crate::domain::LoopMetrics;
use crate::safe;
use crate::text::{Canvas, SafeText, Style};
use cards::{Body, Card, Numbers};
use ratatui::layout::Rect;

/// Columns below which there is one plot beside the other no more.
const NARROW: u16 = 38;
/// Columns from which keys are told in the title.
const WIDE: u16 = 60;
/// Rows of a plot with its name, at least and at most.
const ROWS: (u16, u16) = (4, 12);
/// Columns left of a plot for what its highest bar stands for.
const SCALE: u16 = 7;

/// How the plots lie on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grid {
    columns: usize,
    /// Rows of plots, all of them, and those that are seen at once.
    all: usize,
    seen: usize,
    height: u16,
}

impl Grid {
    fn of(area: Rect) -> Self {
        let columns = usize::from((area.width / NARROW).clamp(1, 3));
        let all = cards::COUNT.div_ceil(columns);
        let each = area.height / u16::try_from(all).unwrap_or(u16::MAX);
        let height = each.clamp(ROWS.0, ROWS.1);
        let seen = usize::from(area.height / height).clamp(1, all);
        let height = (area.height / u16::try_from(seen).unwrap_or(1)).clamp(height, ROWS.1);
        Self { columns, all, seen, height }
    }
}

/// The last row of plots that the screen may begin with.
pub(super) fn last_top(page: Rect) -> usize {
    let grid = Grid::of(Rect { height: page.height.saturating_sub(1), ..page });
    grid.all - grid.seen
}

pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let days = app.metrics.days();
    let [fewer, more] = [Command::Left, Command::Right].map(|command| app.keys.first(command));
    let spans = if area.width < WIDE { SafeText::empty() } else { safe!("{} {}: fewer or more days", fewer, more) };
    let grid = Grid::of(Rect { height: area.height.saturating_sub(1), ..area });
    let top = app.metrics.top.min(grid.all - grid.seen);
    let place = safe!("{}-{} of {}", top + 1, top + grid.seen, grid.all);
    let right = [spans, if grid.seen < grid.all { place } else { SafeText::empty() }];
    let right = SafeText::join(right.iter().filter(|part| !part.is_empty()), &safe!(" · ")).styled(Style::faint());
    let name = safe!("Metrics of {} days", days);
    let below = title(canvas, area, true, &name, &right);
    let metrics = match app.metrics.all.get(&days) {
        None => return empty(canvas, below, &safe!("The engine is asked.")),
        Some(Err(fault)) => return empty(canvas, below, &safe!("The metrics cannot be shown: {}", fault.to_owned())),
        Some(Ok(metrics)) => metrics,
    };
    if nothing(metrics) {
        return empty(canvas, below, &to_come(days));
    }
    let columns = u16::try_from(grid.columns).unwrap_or(1);
    let width = below.width / columns;
    let plotted = usize::from(width.saturating_sub(SCALE + 2)).max(1);
    let cards = cards::all(metrics, plotted);
    for (at, card) in cards.iter().enumerate().skip(top * grid.columns).take(grid.seen * grid.columns) {
        let (row, column) = (at / grid.columns - top, at % grid.columns);
        let (row, column) = (u16::try_from(row).unwrap_or(0), u16::try_from(column).unwrap_or(0));
        let place = Rect { x: below.x + column * width, y: below.y + row * grid.height, width, height: grid.height };
        draw(canvas, place.intersection(below), card, metrics);
    }
}

/// Whether there is nothing to show yet.
fn nothing(metrics: &LoopMetrics) -> bool {
    metrics.total.ended() == 0
        && metrics.by_day.is_empty()
        && metrics.interventions.is_empty()
        && metrics.memory.is_empty()
}

fn to_come(days: u32) -> SafeText {
    safe!(
        "No run has ended and nothing was spent in these {} days. Once runs end, it stands here day by day: iterations that a success \
         takes, runs that need nobody, runs that end and runs that are stuck, tokens and money; and in all: how long a success takes, \
         what people had to do, and whether repairs quoted from memory helped. `dogwatch metrics` prints the same.",
        days
    )
}

fn draw(canvas: &mut Canvas<'_>, area: Rect, card: &Card, metrics: &LoopMetrics) {
    let mut lines = rows(Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area });
    let Some(head) = lines.next() else { return };
    canvas.text_right(head, &card.value);
    let room = usize::from(head.width).saturating_sub(card.value.width() + 1);
    canvas.text(head, &card.name.truncate(room).styled(Style::strong()));
    // The last row keeps plots apart.
    let body: Vec<Rect> = lines.take(usize::from(area.height.saturating_sub(2))).collect();
    match &card.body {
        Body::Plot(numbers) => draw_plot(canvas, &body, numbers, metrics),
        Body::Counts(counts) => draw_counts(canvas, &body, counts),
    }
}

fn draw_plot(canvas: &mut Canvas<'_>, body: &[Rect], numbers: &Numbers, metrics: &LoopMetrics) {
    // Where there is room, the days stand below.
    let high = if body.len() > 3 { body.len() - 1 } else { body.len() };
    let Some(first) = body.first() else { return };
    canvas.text_right(Rect { width: SCALE - 1, ..*first }, &numbers.highest.styled(Style::faint()));
    let plotted = |row: &Rect| Rect { x: row.x + SCALE, width: row.width.saturating_sub(SCALE), ..*row };
    let width = usize::from(plotted(first).width);
    for (row, line) in body.iter().zip(plot::rows(&numbers.values, width, high)) {
        canvas.text_from(plotted(row), &line, 0);
    }
    if let Some(row) = body.get(high) {
        let bars = numbers.values.len();
        let used = u16::try_from(bars * plot::bar_width(bars, width)).unwrap_or(u16::MAX);
        let row = Rect { width: used.max(21).min(plotted(row).width), ..plotted(row) };
        canvas.text(row, &safe!("{}", metrics.days.0.to_string()).styled(Style::faint()));
        canvas.text_right(row, &safe!("{}", metrics.days.1.to_string()).styled(Style::faint()));
    }
}

fn draw_counts(canvas: &mut Canvas<'_>, body: &[Rect], counts: &[cards::Count]) {
    if let (true, Some(row)) = (counts.is_empty(), body.first()) {
        canvas.text(*row, &safe!("nothing yet").styled(Style::faint()));
    }
    if counts.len() > body.len() {
        // Where there is a row too few for all bars, all numbers still stand there.
        let all: Vec<SafeText> = counts.iter().map(|count| safe!("{} {}", count.name, count.shown)).collect();
        let width = body.first().map_or(0, |row| usize::from(row.width)).max(2);
        for (row, line) in body.iter().zip(SafeText::join(&all, &safe!(", ")).flow(width)) {
            canvas.text(*row, &line);
        }
        return;
    }
    let most = counts.iter().map(|count| count.weight).max().unwrap_or(0);
    let widest = counts.iter().map(|count| count.name.width()).max().unwrap_or(0).min(18);
    for (row, count) in body.iter().zip(counts) {
        let name = count.name.truncate(widest).pad_right(widest);
        let line = safe!("{} {} ", name, count.shown.pad_left(7));
        let room = usize::from(row.width).saturating_sub(line.width());
        canvas.text(*row, &safe!("{}{}", line, plot::lying(count.weight, most, room)));
    }
}
