//! The console without a terminal: every screen at every size with anything in it, and pictures of the usual ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod anything;
mod audits;
mod fleet;
mod honest;
mod kept;
mod keys;
mod knowledge;
mod logs;
mod looks;
mod metrics;
mod proposals;
mod ring;
mod screens;
mod served;
mod switch;
mod told;

use super::app::{App, Connection, Layer, Page, Pane};
use super::keymap::{BINDINGS, Command};
use super::link::{News, Order};
use super::view;
use crate::domain::{
    Actor, Budget, Bug, BugId, BugState, Fingerprint, Millis, Priority, ProjectId, Question, QuestionId, QuestionKind,
    QuestionState, Run, RunId, RunState, Source, Spent, StepKey, StepKind, StepLog,
};
use crate::protocol::{
    Bytes, DiskSpace, EngineStatus, LogInfo, LogLine, LogLines, Reply, Request, RunView, Snapshot, Welcome,
};
use crate::store::new_run_for_tests;
use crate::text::{Canvas, Look};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::fmt::Write as _;

const NOW: Millis = Millis(1_790_000_000_000);
const RIGHT_TO_LEFT: char = '\u{202e}';
const LOOK: Look = Look { colour: true, unicode: true };

fn operator() -> Actor {
    Actor::operator(1000, "ada")
}

fn run(id: i64, state: RunState, task: &str) -> RunView {
    let run = Run {
        id: RunId(id),
        task: task.to_owned(),
        criteria: Vec::new(),
        owner: operator(),
        agent: "replay".to_owned(),
        waits_since: NOW,
        state,
        iteration: 3,
        budget: Budget::default(),
        version: 1,
        created: Millis(NOW.0 - 185_000 * id),
        updated: NOW,
        ..new_run_for_tests(ProjectId(1))
    };
    RunView { tests: Some((41, 2, 0)), trend: vec![7, 7, 4, 5, 2], slow: id == 3, ..RunView::for_tests(run) }
}

fn question(id: i64, run: i64) -> Question {
    Question {
        id: QuestionId(id),
        run: Some(RunId(run)),
        iteration: 3,
        kind: QuestionKind::Review,
        title: "2 tests of the base are gone; does it count?".to_owned(),
        facts: vec!["tests/test_calc.py::test_add is gone".to_owned(), "41 tests pass".to_owned()],
        reached: Vec::new(),
        sharing: Vec::new(),
        state: QuestionState::Open,
        asked: Millis(NOW.0 - 600_000),
        answer: None,
    }
}

fn bug(id: i64, message: &str) -> Bug {
    Bug {
        id: BugId(id),
        exact: Fingerprint("e".repeat(16)),
        class: Fingerprint("c".repeat(16)),
        source: Source::Test,
        kind: "AssertionError".to_owned(),
        message: message.to_owned(),
        state: BugState::Open,
        seen: 4,
        first_run: Some(RunId(1)),
        first_seen: Millis(NOW.0 - 9_000_000),
        last_seen: Millis(NOW.0 - 60_000),
        told: None,
    }
}

fn lines(run: i64, step: &str, numbers: std::ops::Range<u64>, text: &str) -> LogLines {
    let line = |number| LogLine {
        number,
        part: 0,
        time_ms: NOW.0,
        stream: if number % 7 == 0 { 3 } else { 1 },
        bytes: Bytes::new(format!("{number} {text}").as_bytes()),
        whole: true,
    };
    let total = numbers.end;
    LogLines { run: RunId(run), step: step.to_owned(), lines: numbers.map(line).collect(), total, open: true }
}

fn status() -> EngineStatus {
    EngineStatus {
        version: "0.1.0".to_owned(),
        instance: "abcdef12".to_owned(),
        pid: 42,
        state_dir: "/var/lib/dogwatch".to_owned(),
        rescue: None,
        store_fault: None,
        backup: None,
        stale: None,
        halt: None,
        sandbox_fault: None,
        unfinished: Some(3),
        waiting: Some(1),
        sandbox: Some("docker 28.5.2, seccomp, apparmor, shared kernel".to_owned()),
        disk: Some(DiskSpace { free: 21 << 30, total: 80 << 30 }),
        today: Some(Spent { microusd: 1_234_567, ..Spent::default() }),
        refused: vec![served::outside(3, "evil.example", false)],
        stopped: Vec::new(),
        providers: Vec::new(),
    }
}

/// The logs of a run in its third iteration.
fn logs(run: RunId) -> Vec<LogInfo> {
    let log = |iteration, kind, suite: &str| {
        let key = StepKey { run, iteration, kind, suite: suite.to_owned(), attempt: 1 };
        LogInfo { step: key.to_string(), key, bytes: 100, open: iteration == 3, state: StepLog::Open }
    };
    vec![log(0, StepKind::Test, "unit"), log(2, StepKind::Develop, ""), log(3, StepKind::Test, "unit")]
}

/// A console at which several things go on.
fn busy() -> App {
    let mut app = App::new(false);
    app.now = NOW;
    app.hear(News::Up(Welcome {
        protocol: 3,
        engine: "dogwatch 0.1.0".to_owned(),
        instance: "abcdef12".to_owned(),
        you: operator(),
    }));
    let mut waits = run(2, RunState::AwaitingReview, "Make the parser accept empty input");
    waits.run.question = Some(QuestionId(1));
    let mut works = run(3, RunState::Developing, "Fix the rounding of totals");
    works.note = Some("iteration 3: the agent works".to_owned());
    let runs =
        vec![works, waits, run(4, RunState::Queued, "Port the tests"), run(1, RunState::Succeeded, "Add a limit")];
    app.hear(News::Snapshot(Snapshot { cursor: 9, runs, questions: vec![question(1, 2)], more: false }));
    answer(&mut app, |request| match request {
        Request::Bugs { .. } => {
            Some(Reply::Bugs { bugs: vec![bug(7, "assert 4 == 5"), bug(8, "ValueError: empty input")], more: false })
        }
        Request::Status => Some(Reply::Status { status: status() }),
        Request::Proposals { .. } => Some(Reply::Proposals { proposals: Vec::new(), more: false }),
        _ => None,
    });
    app.hear(News::Lines(lines(2, "r2-i3-test-unit-a1", 0..60, "checking \x1b[32mpart\x1b[0m of the whole")));
    answer(&mut app, |request| match request {
        Request::Logs { run } => Some(Reply::Logs { logs: logs(*run) }),
        _ => None,
    });
    app
}

/// Answers what was asked.
fn answer(app: &mut App, reply: impl Fn(&Request) -> Option<Reply>) {
    for order in std::mem::take(&mut app.orders) {
        if let Order::Ask(number, request) = order
            && let Some(reply) = reply(&request)
        {
            app.hear(News::Reply(number, Ok(Box::new(reply))));
        }
    }
}

fn painted(app: &mut App, columns: u16, rows: u16, look: Look) -> Buffer {
    let area = Rect::new(0, 0, columns, rows);
    let places = view::arrange(app, area);
    if let Some(log) = places.of(Pane::Log) {
        app.log.rows = log.height.saturating_sub(1);
    }
    app.want();
    view::settle(app, area);
    let mut buffer = Buffer::empty(area);
    let cursor = view::paint(app, &mut Canvas::new(&mut buffer, look));
    assert!(cursor.is_none_or(|place| area.contains(place)), "a cursor outside the screen");
    buffer
}

/// The letters of a screen, and below them how they look: per row the columns that are not plain.
fn picture(app: &mut App, columns: u16, rows: u16, look: Look) -> String {
    let buffer = painted(app, columns, rows, look);
    let (mut letters, mut looks) = (String::new(), String::new());
    for y in 0..rows {
        let mut line = String::new();
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for x in 0..columns {
            let cell = buffer.cell((x, y)).unwrap();
            line.push_str(cell.symbol());
            let style = format!("{:?} {:?} {:?}", cell.fg, cell.bg, cell.modifier);
            match runs.last_mut() {
                Some((_, end, last)) if *last == style => *end = x,
                _ => runs.push((x, x, style)),
            }
        }
        writeln!(letters, "|{}|", line.trim_end()).unwrap();
        for (from, to, style) in runs.iter().filter(|(_, _, style)| style != "Reset Reset NONE") {
            writeln!(looks, "{y}: {from}-{to} {style}").unwrap();
        }
    }
    format!("{letters}\n{looks}")
}

fn press(app: &mut App, keys: &str) {
    for key in keys.split_whitespace() {
        let (code, held) = match key {
            "tab" => (KeyCode::Tab, KeyModifiers::NONE),
            "esc" => (KeyCode::Esc, KeyModifiers::NONE),
            "enter" => (KeyCode::Enter, KeyModifiers::NONE),
            "down" => (KeyCode::Down, KeyModifiers::NONE),
            "pgdn" => (KeyCode::PageDown, KeyModifiers::NONE),
            "f2" => (KeyCode::F(2), KeyModifiers::NONE),
            _ => (KeyCode::Char(key.chars().next().unwrap()), KeyModifiers::NONE),
        };
        app.press(KeyEvent::new(code, held));
    }
}

fn asked(app: &App) -> Vec<&Request> {
    let requests = app.orders.iter().filter_map(|order| match order {
        Order::Ask(_, request) => Some(request),
        Order::Tail(..) | Order::Export(_) => None,
    });
    requests.collect()
}

#[test]
fn pictures_of_the_screens() {
    for (columns, rows) in [(80, 24), (120, 36)] {
        insta::assert_snapshot!(format!("watch-{columns}x{rows}"), picture(&mut busy(), columns, rows, LOOK));
    }
    insta::assert_snapshot!("watch-50x14", picture(&mut busy(), 50, 14, LOOK));
    insta::assert_snapshot!("watch-mono", picture(&mut busy(), 80, 24, Look { colour: false, unicode: false }));
    insta::assert_snapshot!("nothing", picture(&mut App::new(false), 80, 24, LOOK));
    let mut app = busy();
    press(&mut app, "2");
    insta::assert_snapshot!("approvals", picture(&mut app, 80, 24, LOOK));
    press(&mut app, "3");
    insta::assert_snapshot!("bugs", picture(&mut app, 80, 24, LOOK));
    press(&mut app, "4");
    insta::assert_snapshot!("health", picture(&mut app, 80, 24, LOOK));
    press(&mut app, "1 r h i");
    insta::assert_snapshot!("redirect", picture(&mut app, 80, 24, LOOK));
    press(&mut app, "esc ?");
    insta::assert_snapshot!("help", picture(&mut app, 80, 24, LOOK));
    app.hear(News::Down("the engine closed it".to_owned()));
    press(&mut app, "esc");
    insta::assert_snapshot!("no-engine", picture(&mut app, 80, 24, LOOK));
}

#[test]
fn who_needs_a_person_comes_first_and_is_selected_first() {
    let app = busy();
    let order: Vec<i64> = app.listed().iter().map(|view| view.run.id.0).collect();
    assert_eq!(order, [2, 3, 4]);
    assert_eq!(app.run, Some(RunId(2)));
}

#[test]
fn what_was_typed_before_a_dialog_was_seen_decides_nothing() {
    let mut app = busy();
    press(&mut app, "2 y enter");
    assert!(asked(&app).is_empty() && matches!(app.layer, Some(Layer::Edit { .. })));
    app.now = Millis(NOW.0 + 400);
    press(&mut app, "enter");
    let wanted = Request::Answer { question: QuestionId(1), approve: true, reason: String::new(), runs: Vec::new() };
    assert_eq!(asked(&app), [&wanted]);
}

#[test]
fn a_no_needs_a_reason_and_a_paste_is_never_keys() {
    let mut app = busy();
    app.paste("q");
    press(&mut app, "2 n");
    app.now = Millis(NOW.0 + 400);
    press(&mut app, "enter");
    assert!(asked(&app).is_empty() && app.said.as_ref().is_some_and(|(_, bad)| *bad));
    app.paste("tests\nwere removed");
    app.now = Millis(NOW.0 + 800);
    press(&mut app, "enter");
    let reason = "tests were removed".to_owned();
    assert_eq!(asked(&app), [&Request::Answer { question: QuestionId(1), approve: false, reason, runs: Vec::new() }]);
    assert!(app.effects.is_empty());
}

#[test]
fn a_console_that_may_only_read_asks_for_nothing_else() {
    let mut app = busy();
    app.read_only = true;
    for keys in ["p", "u", "r", "X", "2 y", "n", "1 : r e d i r e c t enter"] {
        app.said = None;
        press(&mut app, keys);
        assert!(asked(&app).is_empty() && app.said.is_some() && app.layer.is_none(), "{keys}");
    }
}

#[test]
fn the_engine_goes_and_comes_back_and_the_screen_stays() {
    let mut app = busy();
    app.hear(News::Down("gone".to_owned()));
    assert_eq!(app.listed().len(), 3);
    assert!(matches!(app.connection, Connection::Down(_)));
    app.orders.clear();
    let welcome =
        Welcome { protocol: 3, engine: "dogwatch".to_owned(), instance: "abcdef12".to_owned(), you: operator() };
    app.hear(News::Up(welcome));
    assert!(app.orders.iter().any(|order| matches!(order, Order::Tail(RunId(2), _))), "{:?}", app.orders);
}
