//! The first steps, for somebody who sees the console for the first time: what there is, and what to press. The keys are those of
//! this person, so nothing here can tell another one.

use super::fields::{reach, room, window};
use super::rows;
use crate::console::app::App;
use crate::console::keymap::Command;
use crate::safe;
use crate::text::{Canvas, SafeText, Style};
use ratatui::layout::Rect;

/// Columns of the window, and of the keys in it.
const COLUMNS: u16 = 80;
const KEYS: usize = 9;

/// What to press, and what comes of it.
fn steps(app: &App) -> Vec<(SafeText, SafeText)> {
    let key = |command| app.keys.first(command);
    let both = |one, other| safe!("{} {}", key(one), key(other));
    let named = |command| safe!("{}", key(command)).styled(Style::strong());
    vec![
        (
            both(Command::Down, Command::Up),
            safe!(
                "choose a run: those that wait for somebody stand first, {} shows those that are over, too. The log is that of the \
                 chosen one",
                named(Command::All)
            ),
        ),
        (
            safe!("{}", key(Command::Open)),
            safe!(
                "open it: its iterations, what tests found, the diff, what the agent was told; {} goes back",
                named(Command::Back)
            ),
        ),
        (
            safe!("{}", key(Command::Redirect)),
            safe!(
                "one is STUCK? Say in words what it is to do differently, and {} sends it",
                safe!("enter").styled(Style::strong())
            ),
        ),
        (
            safe!("{} {}", key(Command::Approvals), key(Command::Open)),
            safe!(
                "open what is proposed for a live system. Read it to its end with {}; then {}, the code that is shown, and enter: \
                 it runs, once, and you see what came of it",
                named(Command::PageDown),
                named(Command::Agree)
            ),
        ),
        (
            both(Command::Approve, Command::Deny),
            safe!("answer a question: yes counts the work as done, no sends your reason to the agent"),
        ),
        (
            safe!("{}", key(Command::Bugs)),
            safe!(
                "the bugs that tests found; {} shows those that are solved, too, with what repaired them",
                named(Command::AllBugs)
            ),
        ),
        (both(Command::NextPane, Command::Zoom), safe!("the next pane; the whole screen for it")),
        (safe!("{}", key(Command::Palette)), safe!("find any command by its name; `tour` shows this again")),
        (both(Command::Help, Command::Quit), safe!("all keys; leave. Runs go on without you, and nothing is lost")),
    ]
}

pub(super) fn lines(app: &App, page: Rect) -> Vec<SafeText> {
    let width = room(page, COLUMNS).saturating_sub(KEYS).max(2);
    let mut lines = Vec::new();
    for (keys, words) in steps(app) {
        let mut key = keys.styled(Style::strong()).pad_right(KEYS);
        for line in words.flow(width) {
            lines.push(safe!("{}{}", key, line));
            key = SafeText::empty().pad_right(KEYS);
        }
    }
    lines
}

pub(super) fn tour(app: &App, canvas: &mut Canvas<'_>, page: Rect, top: usize) {
    let lines = lines(app, page);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let body = window(canvas, page, COLUMNS, height, &safe!("First steps"), &reach(top, lines.len(), page));
    for (row, line) in rows(body).zip(lines.iter().skip(top)) {
        canvas.text(row, line);
    }
}
