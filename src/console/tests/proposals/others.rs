//! What else is decided in the dialog: no, taken back, looked at, what became of it, and another command in its place.

use super::*;

#[test]
fn no_take_back_review_and_resolve_say_what_they_need() {
    let mut app = opened(&detail(proposal(false, usual())));
    frame(&mut app, 80, 24);
    let field = |app: &mut App, key: &str, text: &str| {
        press(app, key);
        app.now = Millis(app.now.0 + 500);
        type_in(app, text);
        press(app, "enter");
        let sent: Vec<Verdict> = decided(app).into_iter().cloned().collect();
        app.orders.clear();
        give_up(app);
        sent
    };
    assert_eq!(field(&mut app, "n", " "), []);
    let reason = "it is not the shop".to_owned();
    assert_eq!(field(&mut app, "n", &reason), [Verdict::Deny { reason }]);
    assert_eq!(field(&mut app, "w", ""), [Verdict::Withdraw { reason: String::new() }]);
    assert_eq!(field(&mut app, "r", "ran"), []);
    let mut unknown = proposal(false, usual());
    (unknown.state, unknown.execution) = (State::OutcomeUnknown, Some(ExecutionId::new([7; 32])));
    let mut app = opened(&detail(unknown));
    assert_eq!(field(&mut app, "r", "perhaps I do not know"), []);
    assert_eq!(field(&mut app, "r", "ran"), []);
    let wanted =
        Verdict::Resolve { as_what: crate::approval::machine::Resolution::NotRun, note: "no trace".to_owned() };
    assert_eq!(field(&mut app, "r", "not-run no trace"), [wanted]);
    let mut app = opened(&detail(glass()));
    assert_eq!(field(&mut app, "v", ""), [Verdict::Review]);
}

#[test]
fn an_edit_is_a_new_proposal_of_typed_words_with_a_reason() {
    let mut app = opened(&detail(proposal(false, usual())));
    press(&mut app, "e");
    frame(&mut app, 80, 24);
    app.now = Millis(app.now.0 + 500);
    press(&mut app, "enter");
    assert!(asked(&app).is_empty(), "there is no reason");
    type_in(&mut app, "reload is enough");
    for code in [KeyCode::Down, KeyCode::Down, KeyCode::End] {
        app.press(KeyEvent::new(code, KeyModifiers::NONE));
    }
    for _ in 0.."restart".len() {
        app.press(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE));
    }
    type_in(&mut app, "reload");
    app.now = Millis(app.now.0 + 500);
    press(&mut app, "enter");
    let [Request::EditProposal { proposal: ProposalId(3), new }] = asked(&app)[..] else { panic!("{:?}", app.said) };
    assert_eq!(new.command.program, fixtures::command(&["systemctl", "reload", "shop"]).program);
    assert_eq!((&*new.claims.why, &*new.claims.undo, &*new.asset), ("reload is enough", "", ""));
    // What cannot be typed is not edited by half.
    let mut app = opened(&detail(proposal(false, fixtures::command(&["printf", "a\u{7}b"]))));
    press(&mut app, "e");
    assert!(app.layer.is_none() && app.said.is_some());
}
