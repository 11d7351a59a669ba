//! Whatever happens, in whatever order, the console paints it at any size and asks for nothing that it may not.

use super::*;
use proptest::prelude::*;

fn command() -> impl Strategy<Value = Command> {
    (0..BINDINGS.len()).prop_map(|place| BINDINGS[place].command)
}

#[derive(Debug, Clone)]
enum Happens {
    Command(Command),
    Key(KeyCode),
    Paste(String),
    Runs(Vec<(i64, usize, String)>),
    Questions(Vec<(i64, String)>),
    Bugs(Vec<String>),
    Log(u64, u64, String),
    Down(String),
    Page(u8),
    Later(i64),
    Served(String),
}

fn happens() -> impl Strategy<Value = Happens> {
    let text = || prop_oneof![".{0,60}", "[\u{0}-\u{9f}]{0,40}", Just("\u{1b}]0;x\u{7}\u{202e}".to_owned())];
    let code = prop_oneof![
        any::<char>().prop_map(KeyCode::Char),
        Just(KeyCode::Enter),
        Just(KeyCode::Esc),
        Just(KeyCode::Backspace),
        Just(KeyCode::Left),
        Just(KeyCode::Up),
        Just(KeyCode::Down),
    ];
    prop_oneof![
        4 => command().prop_map(Happens::Command),
        4 => code.prop_map(Happens::Key),
        1 => text().prop_map(Happens::Paste),
        1 => prop::collection::vec((0_i64..20, 0..RunState::ALL.len(), text()), 0..30).prop_map(Happens::Runs),
        1 => prop::collection::vec((0_i64..20, text()), 0..10).prop_map(Happens::Questions),
        1 => prop::collection::vec(text(), 0..30).prop_map(Happens::Bugs),
        1 => (0_u64..500, 0_u64..200, text()).prop_map(|(from, count, text)| Happens::Log(from, from + count, text)),
        1 => text().prop_map(Happens::Down),
        1 => (0_u8..10).prop_map(Happens::Page),
        1 => (-1000_i64..5000).prop_map(Happens::Later),
        3 => text().prop_map(Happens::Served),
    ]
}

fn apply(app: &mut App, happens: Happens) {
    match happens {
        Happens::Command(command) => app.perform(command),
        Happens::Key(code) => app.press(KeyEvent::new(code, KeyModifiers::NONE)),
        Happens::Paste(text) => app.paste(&text),
        Happens::Runs(runs) => {
            let runs = runs.into_iter().map(|(id, state, task)| run(id, RunState::ALL[state], &task)).collect();
            app.hear(News::Changed(Snapshot { cursor: 1, runs, questions: Vec::new(), more: false }));
        }
        Happens::Questions(questions) => {
            let questions = questions.into_iter().map(|(id, title)| Question { title, ..question(id, 1) }).collect();
            app.hear(News::Changed(Snapshot { cursor: 1, runs: Vec::new(), questions, more: false }));
        }
        Happens::Bugs(messages) => {
            app.refresh();
            answer(app, |request| {
                let bugs = (0..).zip(&messages).map(|(id, message)| bug(id, message)).collect();
                matches!(request, Request::Bugs { .. }).then_some(Reply::Bugs { bugs, more: false })
            });
        }
        Happens::Log(from, to, text) => {
            let run = app.run.map_or(1, |run| run.0);
            app.hear(News::Lines(lines(run, "r1-i1-develop-a1", from..to, &text)));
        }
        Happens::Down(reason) => app.hear(News::Down(reason)),
        Happens::Page(page) => {
            app.page = [
                Page::Watch,
                Page::Approvals,
                Page::Bugs,
                Page::Health,
                Page::Audit,
                Page::Fleet,
                Page::Knowledge,
                Page::Metrics,
                Page::Run,
                Page::Proposal,
            ][usize::from(page)];
        }
        Happens::Served(text) => served::served(app, &text),
        Happens::Later(by) => app.now = Millis(app.now.0.saturating_add(by)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_state_is_painted_at_any_size(
        happenings in prop::collection::vec(happens(), 0..25), columns in 1_u16..201, rows in 1_u16..61, busy_first: bool,
        colour: bool, unicode: bool,
    ) {
        let mut app = if busy_first { busy() } else { App::new(false) };
        let look = Look { colour, unicode };
        for (place, happening) in happenings.into_iter().enumerate() {
            apply(&mut app, happening);
            // As the loop does: some frames come between, at other sizes as well.
            if place % 3 == 0 {
                painted(&mut app, columns, rows, look);
                app.load_log();
            }
        }
        for (columns, rows) in [(columns, rows), (rows, columns.min(60)), (1, 1), (80, 24)] {
            let buffer = painted(&mut app, columns, rows, look);
            for cell in &buffer.content {
                let bad = cell.symbol().chars().any(|letter| letter.is_control() || letter == RIGHT_TO_LEFT);
                prop_assert!(!bad, "a control on the screen");
            }
        }
    }
}
