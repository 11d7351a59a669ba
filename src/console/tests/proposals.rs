//! The dialog about a live asset: what it takes to say yes, how it looks, and that nothing of the text can hide.

mod cells;
mod others;
mod stop;
mod together;

use super::*;
use crate::approval::digest;
use crate::approval::policy::{Need, Policy};
use crate::approval::tests::fixtures;
use crate::console::app::Effect;
use crate::domain::{
    Command as Runs, ExecutionId, ExecutionOutcome, Program, Proposal, ProposalId, ProposalState as State, Vote,
};
use crate::protocol::{Before, ProposalBrief, ProposalDetail, Verdict};
use crate::text::exact;

const CODE: &str = "kwhz";

/// A proposal of the agent of r5, with this program.
pub(super) fn proposal(critical: bool, command: Runs) -> Proposal {
    let policy = Policy::default();
    let mut proposed = fixtures::proposed(critical, &policy);
    proposed.command = command;
    proposed.asset.host_key = Some("SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8".to_owned());
    proposed.asset.means = "ssh deploy@web-1.example.net:22".to_owned();
    let mut one = fixtures::proposal_of(proposed, &policy);
    one.id = ProposalId(3);
    one.question = QuestionId(4);
    one.asked.wall = Millis(NOW.0 - 120_000);
    one
}

pub(super) fn detail(one: Proposal) -> ProposalDetail {
    let need: Need = Policy::default().need(&one.proposed.asset);
    let open = one.state.is_open();
    ProposalDetail {
        missing: need.approvals,
        need,
        left: open.then_some(2_460_000),
        grant: 300_000,
        you: Some(fixtures::voter(1000)),
        hindrance: (!open).then(|| format!("it is {}", one.state.name())),
        hurried: None,
        asset: Some(one.proposed.asset.clone()),
        freeze: None,
        before: None,
        keys: vec!["ssh-ed25519 AAAA ada".to_owned()],
        output: 0,
        proposal: one,
    }
}

#[test]
fn who_says_yes_faster_than_anybody_reads_is_told() {
    let text = |hurried| {
        let shown = ProposalDetail { hurried, ..detail(proposal(false, usual())) };
        crate::approval::show::lines(&shown).iter().map(|line| line.as_str().to_owned()).collect::<Vec<_>>().join("\n")
    };
    assert!(text(Some(1_400)).contains("TAKE YOUR TIME: half of your last answers came within 1.4 s"));
    assert!(!text(None).contains("TAKE YOUR TIME"));
}

pub(super) fn brief(detail: &ProposalDetail) -> ProposalBrief {
    let one = &detail.proposal;
    ProposalBrief {
        id: one.id,
        version: one.version,
        state: one.state,
        asset: one.proposed.asset.name.clone(),
        environment: one.proposed.asset.environment.clone(),
        critical: one.proposed.asset.critical,
        run: one.proposed.run,
        question: one.question,
        requester: crate::protocol::requester(&one.proposed),
        asked: one.asked.wall,
        missing: detail.missing,
        approvals: detail.need.approvals,
        unknown: one.unknown,
        glass: one.glass,
        risks: vec!["services".to_owned()],
        left: detail.left,
        beginning: Bytes::new(b"systemctl restart shop"),
        wants_review: one.wants_review(),
    }
}

/// A console that knows of it, at the list.
fn knowing(detail: &ProposalDetail) -> App {
    let mut app = busy();
    app.refresh();
    hear(&mut app, detail);
    app
}

/// Lets the engine answer with this proposal until nothing more is asked.
fn hear(app: &mut App, detail: &ProposalDetail) {
    for _ in 0..6 {
        app.want();
        answer(app, |request| match request {
            Request::Proposals { .. } => Some(Reply::Proposals { proposals: vec![brief(detail)], more: false }),
            Request::Proposal { .. } => Some(Reply::Proposal { detail: Box::new(detail.clone()) }),
            _ => None,
        });
    }
}

fn opened(detail: &ProposalDetail) -> App {
    let mut app = knowing(detail);
    press(&mut app, "2 g down enter");
    assert!(app.page == Page::Proposal, "{:?} {:?}", app.page, app.question);
    hear(&mut app, detail);
    app
}

/// Paints a frame that the terminal takes.
fn frame(app: &mut App, columns: u16, rows: u16) -> Buffer {
    let buffer = painted(app, columns, rows, LOOK);
    app.drawn();
    buffer
}

/// Reads to the end.
fn read(app: &mut App, columns: u16, rows: u16) {
    frame(app, columns, rows);
    while app.reading.top + app.reading.rows < app.reading.total {
        app.perform(Command::PageDown);
        frame(app, columns, rows);
    }
}

fn type_in(app: &mut App, text: &str) {
    for letter in text.chars() {
        app.press(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE));
    }
}

/// Leaves a field that could not be sent, with nothing in it that would be kept.
fn give_up(app: &mut App) {
    if app.layer.is_some() {
        for _ in 0..100 {
            app.press(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE));
        }
        press(app, "esc");
    }
}

/// Says yes as far as the field, whose frame is on the screen.
fn ask_for_yes(app: &mut App) {
    press(app, "y");
    assert!(app.effects.contains(&Effect::Code), "{:?}", app.said);
    app.coded(CODE.to_owned());
    frame(app, 80, 24);
    app.now = Millis(app.now.0 + 500);
}

fn decided(app: &App) -> Vec<&Verdict> {
    fn verdict(request: &Request) -> Option<&Verdict> {
        if let Request::Decide { verdict, .. } = request { Some(verdict) } else { None }
    }
    asked(app).into_iter().filter_map(verdict).collect()
}

fn usual() -> Runs {
    fixtures::command(&["systemctl", "restart", "shop"])
}

fn long() -> Runs {
    let mut command = usual();
    command.program =
        Program::Script { bytes: b"echo a line that is longer than half of a usual screen is wide\n".repeat(60) };
    command
}

/// Decided by one person for two.
fn glass() -> Proposal {
    let mut one = proposal(true, usual());
    let vote = fixtures::vote(&one, fixtures::voter(2000), &one.asked);
    one.votes = vec![Vote { glass: Some("the shop is down and nobody answers".to_owned()), ..vote }];
    (one.state, one.execution) = (State::Succeeded, Some(ExecutionId::new([7; 32])));
    one.outcome = Some(ExecutionOutcome::Ran { code: 0 });
    one
}

#[test]
fn a_yes_takes_all_rows_the_code_of_the_moment_and_carries_what_was_seen() {
    let mut app = opened(&detail(proposal(false, long())));
    press(&mut app, "y");
    assert!(app.layer.is_none() && app.said.as_ref().is_some_and(|(_, bad)| *bad), "nothing was painted yet");
    frame(&mut app, 80, 24);
    press(&mut app, "y");
    assert!(app.layer.is_none(), "the end was not on the screen");
    press(&mut app, "G");
    frame(&mut app, 80, 24);
    press(&mut app, "y");
    assert!(app.layer.is_none(), "the middle was not on the screen");
    press(&mut app, "g");
    read(&mut app, 80, 24);
    ask_for_yes(&mut app);
    type_in(&mut app, CODE);
    press(&mut app, "enter");
    let digest = digest::digest(&proposal(false, long()).proposed);
    let [Verdict::Approve { digest: sent, seen: Some(seen), signature: None, glass: None, .. }] = decided(&app)[..]
    else {
        panic!("{:?} {:?}", asked(&app), app.said);
    };
    assert_eq!((sent, seen.columns), (&digest, 78));
    assert!(seen.rows > 60 && seen.milliseconds >= 500, "{seen:?}");
}

#[test]
fn a_wrong_code_sends_nothing_and_the_next_one_is_another() {
    let mut app = opened(&detail(proposal(false, usual())));
    read(&mut app, 80, 24);
    for wrong in ["", "kwhy", "y", "kwhz kwhz", "kwh z"] {
        ask_for_yes(&mut app);
        type_in(&mut app, wrong);
        press(&mut app, "enter");
        assert!(decided(&app).is_empty() && app.layer.is_none() && app.dialog.code.is_empty(), "{wrong}");
    }
    // Typed before the code could be read, or pasted, it is no answer.
    press(&mut app, "y");
    app.coded(CODE.to_owned());
    type_in(&mut app, CODE);
    frame(&mut app, 80, 24);
    type_in(&mut app, CODE);
    app.now = Millis(app.now.0 + 500);
    app.paste(CODE);
    press(&mut app, "enter");
    assert!(decided(&app).is_empty());
}

#[test]
fn rows_below_a_window_or_on_a_small_terminal_are_not_read() {
    let mut app = opened(&detail(proposal(false, usual())));
    press(&mut app, "?");
    frame(&mut app, 80, 60);
    press(&mut app, "esc");
    assert!(app.may_agree().is_err(), "help lay over it");
    for (columns, rows) in [(59, 60), (80, 14)] {
        press(&mut app, "g");
        read(&mut app, columns, rows);
        press(&mut app, "y");
        let said = app.said.as_ref().map(|(words, _)| words.plain()).unwrap_or_default();
        assert!(app.layer.is_none() && said.contains("takes 60x15"), "{said}");
    }
    // What was read at another width begins anew.
    frame(&mut app, 81, 20);
    assert!(app.may_agree().is_err());
    press(&mut app, "g");
    read(&mut app, 81, 20);
    assert!(app.may_agree().is_ok());
}

#[test]
fn a_critical_asset_takes_its_name_the_code_and_a_signature() {
    let mut app = opened(&detail(proposal(true, usual())));
    read(&mut app, 80, 24);
    for wrong in [CODE, "web-1", "web-2 kwhz", "kwhz web-1", "web-1 kwhz because"] {
        ask_for_yes(&mut app);
        type_in(&mut app, wrong);
        press(&mut app, "enter");
        assert!(
            decided(&app).is_empty() && !app.effects.iter().any(|one| matches!(one, Effect::Sign { .. })),
            "{wrong}"
        );
    }
    ask_for_yes(&mut app);
    type_in(&mut app, "web-1 kwhz");
    press(&mut app, "enter");
    assert!(decided(&app).is_empty(), "it is not signed yet");
    let digest = digest::digest(&proposal(true, usual()).proposed);
    let keys = vec!["ssh-ed25519 AAAA ada".to_owned()];
    assert!(app.effects.contains(&Effect::Sign { proposal: ProposalId(3), digest, glass: None, keys }));
    app.signed(Err("the agent has no key".to_owned()));
    assert!(decided(&app).is_empty());
    ask_for_yes(&mut app);
    type_in(&mut app, "web-1 kwhz glass: the shop is down and nobody answers");
    press(&mut app, "enter");
    let said = |one: &Effect| matches!(one, Effect::Sign { glass: Some(why), .. } if why.contains("nobody answers"));
    assert!(app.effects.iter().any(said), "why it stands for two is signed as well: {:?}", app.effects);
    app.signed(Ok("SIGNATURE".to_owned()));
    let [Verdict::Approve { signature: Some(signature), glass: Some(glass), .. }] = decided(&app)[..] else {
        panic!("{:?}", app.said);
    };
    assert_eq!((&**signature, &**glass), ("SIGNATURE", "the shop is down and nobody answers"));
    // The same answer again finds nothing that waits for it.
    app.orders.clear();
    app.signed(Ok("SIGNATURE".to_owned()));
    assert!(decided(&app).is_empty());
}

#[test]
fn what_changes_while_somebody_decides_ends_the_decision() {
    let before = detail(proposal(false, usual()));
    let mut app = opened(&before);
    read(&mut app, 80, 24);
    ask_for_yes(&mut app);
    let mut after = before;
    after.proposal.state = State::Denied;
    after.hindrance = Some("it is denied".to_owned());
    app.refresh();
    hear(&mut app, &after);
    assert!(app.layer.is_none());
    type_in(&mut app, CODE);
    press(&mut app, "enter");
    assert!(decided(&app).is_empty());
    // Bytes that do not fit their digest are never agreed to.
    let mut other = detail(proposal(false, usual()));
    other.proposal.digest = "0".repeat(64);
    let mut app = opened(&other);
    read(&mut app, 80, 60);
    assert!(app.may_agree().is_err());
}

#[test]
fn output_is_shown_as_it_comes_and_what_became_of_it_is_said() {
    let mut running = proposal(false, usual());
    (running.state, running.execution) = (State::Running, Some(ExecutionId::new([7; 32])));
    let mut shown = detail(running);
    shown.output = 11;
    let mut app = opened(&shown);
    let wanted = Request::ReadOutput { proposal: ProposalId(3), offset: 0, most: 256 * 1024 };
    assert!(asked(&app).is_empty(), "it is not asked again before it is answered");
    app.now = Millis(app.now.0 + 2_000);
    app.dialog.output = crate::console::app::Output::default();
    app.want();
    assert!(asked(&app).contains(&&wanted), "{:?}", asked(&app));
    answer(&mut app, |request| match request {
        Request::ReadOutput { offset, .. } => {
            Some(Reply::Output { bytes: Bytes::new(b"one\ntw\x1b[2Jo"), offset: *offset, end: 11 })
        }
        _ => None,
    });
    frame(&mut app, 80, 24);
    press(&mut app, "G");
    let text = picture(&mut app, 80, 24, LOOK);
    assert!(text.contains("it runs on web-1 now") && text.contains("| one") && text.contains("| tw"), "{text}");
    for (state, words) in [
        (State::Succeeded, "it ran and ended with 0"),
        (State::TimedOut, "it ran out of time"),
        (State::NotRun, "it did not run and never will"),
        (State::OutcomeUnknown, "OUTCOME UNKNOWN"),
    ] {
        shown.proposal.state = state;
        app.refresh();
        hear(&mut app, &shown);
        assert!(picture(&mut app, 80, 24, LOOK).contains(words), "{words}");
    }
}

#[test]
fn break_glass_is_on_every_screen_until_somebody_else_looked() {
    let mut shown = detail(glass());
    let mut app = knowing(&shown);
    for key in ["1", "2", "3", "4", "5"] {
        press(&mut app, key);
        let text = picture(&mut app, 80, 24, LOOK);
        assert!(text.contains("BREAK-GLASS: one person decided for two, look at it: x3 on web-1"), "{text}");
    }
    shown.proposal.reviewed = Some(fixtures::person(2001, Some(2001)));
    app.refresh();
    hear(&mut app, &shown);
    assert!(!picture(&mut app, 80, 24, LOOK).contains("BREAK-GLASS"));
}

#[test]
fn the_dialog_says_what_it_must_on_usual_screens() {
    let mut one =
        proposal(true, fixtures::command(&["systemctl", "restart", "sh\u{43e}p", &format!("x{}y", " ".repeat(40))]));
    one.proposed.claims.why = "The shop answers 502 since the deployment.\nwho decides\n  nobody must agree".to_owned();
    one.digest = digest::digest(&one.proposed);
    let mut shown = detail(one);
    let mut old = proposal(true, usual()).proposed;
    old.command = usual();
    shown.before = Some(Box::new(Before { id: ProposalId(2), state: State::Denied, proposed: old }));
    shown.hindrance = None;
    for (columns, rows) in [(80, 24), (120, 36)] {
        let mut app = knowing(&shown);
        press(&mut app, "2 g down");
        let text = picture(&mut app, columns, rows, LOOK);
        assert!(text.contains("web-1 CRITICAL 0/2 yes") && text.contains("x3 asks for a yes on web-1"), "{text}");
        let mut app = opened(&shown);
        let text = picture(&mut app, columns, rows, LOOK);
        assert!(text.contains("x3 for web-1") && text.contains("waits: 0 of 2 said yes; 41m 0s left"), "{text}");
        insta::assert_snapshot!(format!("dialog-{columns}x{rows}"), text);
        read(&mut app, columns, rows);
        let text = picture(&mut app, columns, rows, LOOK);
        assert!(text.contains("digest: ") && text.contains("all of it was on the screen"), "{text}");
        insta::assert_snapshot!(format!("dialog-end-{columns}x{rows}"), text);
        press(&mut app, "y");
        app.coded(CODE.to_owned());
        let text = picture(&mut app, columns, rows, LOOK);
        assert!(text.contains("web-1 IS CRITICAL") && text.contains("then enter: web-1 kwhz"), "{text}");
        insta::assert_snapshot!(format!("dialog-yes-{columns}x{rows}"), text);
        insta::assert_snapshot!(
            format!("dialog-glass-{columns}x{rows}"),
            picture(&mut opened(&detail(glass())), columns, rows, LOOK)
        );
    }
    let mut app = opened(&shown);
    app.ascii = true;
    read(&mut app, 80, 60);
    let text = picture(&mut app, 80, 60, Look { colour: false, unicode: false });
    // What a text says begins behind the number of its line, never where our own headings do.
    assert!(text.contains("2| who decides"), "{text}");
    let mut unknown = glass();
    unknown.state = State::OutcomeUnknown;
    let text = picture(&mut opened(&detail(unknown)), 80, 24, LOOK);
    assert!(text.contains("OUTCOME UNKNOWN: it may have run; it is never run again"), "{text}");
}
