//! What waits for a person.

use super::split::{halves, name, nothing_passes, opens, text};
use super::{empty, first_shown, inset, mark, rows, title, urgent};
use crate::console::app::{App, List, Waiting, needs_person};
use crate::console::keymap::Command;
use crate::domain::{ProposalState, Question, QuestionKind};
use crate::protocol::ProposalBrief;
use crate::safe;
use crate::text::{Canvas, SafeText, Style};
use crate::words;
use ratatui::layout::Rect;

pub(super) fn pane(app: &App, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
    let (listed, count) = (app.waiting().len(), app.queued());
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
    let waiting = app.waiting();
    let selected = waiting.iter().position(|one| Some(one.id()) == app.question);
    let first = first_shown(selected.unwrap_or(0), waiting.len(), usize::from(area.height));
    for (row, (place, one)) in rows(area).zip(waiting.iter().enumerate().skip(first)) {
        let words = match one {
            Waiting::Asked(question) => safe!(
                "{} {} {} {} {}",
                urgent(&safe!("!")),
                safe!("{}", question.id).pad_right(4),
                safe!("{}", question.run).pad_right(5),
                words::age(question.asked, app.now).pad_right(4),
                question.title
            ),
            Waiting::Proposed(brief) => in_list(app, brief),
        };
        canvas.text(inset(row), &words);
        if Some(place) == selected {
            mark(canvas, row, focused);
        }
    }
}

/// One proposal in a row: nobody decides by it, so it may be cut.
fn in_list(app: &App, brief: &ProposalBrief) -> SafeText {
    let head = safe!(
        "{} {} {} {}",
        if needs_person(brief) { urgent(&safe!("!")) } else { safe!(" ") },
        safe!("{}", brief.id).pad_right(4),
        brief.run.map_or_else(|| safe!("-"), |run| safe!("{}", run)).pad_right(5),
        words::age(brief.asked, app.now).pad_right(4)
    );
    let critical = if brief.critical { safe!(" {}", urgent(&safe!("CRITICAL"))) } else { SafeText::empty() };
    let risks = brief.risks.join(",");
    let risks = if risks.is_empty() { SafeText::empty() } else { safe!(" [{}]", risks).styled(Style::strong()) };
    safe!(
        "{} {}{} {}{} by {}: {}",
        head,
        safe!("{}", brief.asset).styled(Style::strong()),
        critical,
        how_far(brief),
        risks,
        brief.requester,
        safe!("{}", brief.beginning.decode().unwrap_or_default())
    )
}

/// A state in few words, with the votes while it waits for them.
fn how_far(brief: &ProposalBrief) -> SafeText {
    match brief.state {
        ProposalState::OutcomeUnknown => urgent(&safe!("OUTCOME UNKNOWN")),
        state if state.is_open() => {
            let yes = brief.approvals.saturating_sub(brief.missing);
            let left = brief.left.map_or_else(SafeText::empty, |left| safe!(", {} left", words::span(left)));
            safe!("{}/{} yes{}", yes, brief.approvals, left)
        }
        state => safe!("{}", state.name().replace('_', " ")),
    }
}

/// The whole screen: the list above, the selected question in full below. Nothing of it is cut.
pub(super) fn page(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let (listed, all) = (app.waiting().len(), app.queued());
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
    if halves.text.height == 0 {
        return;
    }
    if let Some(brief) = app.proposal_selected() {
        let title_of_text = safe!("{} asks for a yes on {}", brief.id, brief.asset);
        let right = safe!("{}: decide", app.keys.first(Command::Open));
        text(app, canvas, halves.text, &title_of_text, &right);
    } else if let Some(question) = app.question.and_then(|id| app.questions.get(&id)) {
        let title_of_text =
            safe!("{} {} of {}, iteration {}", question.id, question.kind.name(), question.run, question.iteration);
        text(app, canvas, halves.text, &title_of_text, &question.run.map(|run| opens(app, run)).unwrap_or_default());
    }
}

/// What a list knows of a proposal. What would run is shown in its dialog alone, whole.
pub(super) fn told_briefly(app: &App, brief: &ProposalBrief) -> Vec<SafeText> {
    let critical = if brief.critical { ", which is CRITICAL" } else { "" };
    let mut lines = vec![
        safe!("May this run on {}{}?", brief.asset, critical).styled(Style::strong()),
        SafeText::empty(),
        safe!("state: {}", how_far(brief)),
        safe!("environment: {}", brief.environment),
        safe!("asked by {} {} ago", brief.requester, words::ago(brief.asked, app.now)),
    ];
    if let Some(run) = brief.run {
        lines.push(safe!("for {}", run));
    }
    let risks = if brief.risks.is_empty() { "nothing stands out".to_owned() } else { brief.risks.join(", ") };
    lines.push(safe!("our own look at it: {}", risks));
    lines.push(safe!("it begins: {}", safe!("{}", brief.beginning.decode().unwrap_or_default())));
    lines.push(SafeText::empty());
    let open = safe!("{}", app.keys.first(Command::Open));
    lines.push(safe!("`{}` shows all of it; it is decided there", open).styled(Style::faint()));
    lines
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
        let keys = [Command::Redirect, Command::Criteria, Command::Reassign, Command::Extend, Command::Rollback];
        let [redirect, criteria, others, more, back] = keys.map(|command| safe!("{}", app.keys.first(command)));
        let words = safe!(
            "`{}` gives the run new guidance, `{}` changes its criteria, `{}` has another agent or model work on it, `{}` gives it more \
             iterations, `{}` goes back to the best one",
            redirect,
            criteria,
            others,
            more,
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
