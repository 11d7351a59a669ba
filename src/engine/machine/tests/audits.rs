//! Audits: another agent looks at a result before it is delivered, and a person decides where it does not agree.

use super::super::MAX_AUDIT_TRIES;
use super::*;

fn said(text: Option<&str>) -> Event {
    let report = AgentReport::new(Ending::Finished, "done".to_owned(), Usage { tokens: 7, microusd: 0 });
    let audit = Audit::new(text, "codex".to_owned(), Some("large".to_owned()), report.usage);
    Event::Audited { report, audit, milliseconds: 10_000, guided: false }
}

fn after_guidance(mut event: Event) -> Event {
    if let Event::Audited { guided, .. } = &mut event {
        *guided = true;
    }
    event
}

/// A run whose first iteration came to this.
fn gated_as(judgement: Judgement) -> Run {
    let mut run = Run { audit: true, ..queued() };
    for event in base_tested().into_iter().chain(round(judgement)) {
        apply(&mut run, &event, Millis(1)).unwrap();
    }
    run
}

fn audited() -> Run {
    let run = gated_as(Judgement::Green);
    assert_eq!((run.state, run.iteration, work(&run, Millis(1))), (RunState::Reviewing, 1, Work::Audit));
    run
}

fn answer(run: &Run, kind: QuestionKind, approve: bool) -> Event {
    let reason = "keep the check".to_owned();
    Event::Answer { question: run.question.unwrap(), kind, approve, reason, by: operator() }
}

fn redirect() -> Event {
    Event::Redirect { by: operator(), text: "use B".to_owned(), criteria: None, terms: Terms::default() }
}

#[test]
fn a_result_that_the_auditor_agrees_with_is_delivered_and_costs_no_iteration() {
    let mut run = audited();
    let before = run.spent;
    let writes = apply(&mut run, &said(Some("agree\nfine")), Millis(2)).unwrap();
    let Some(Write::Audited { audit: Some(audit) }) = writes.iter().find(|one| matches!(one, Write::Audited { .. }))
    else {
        panic!("{writes:?}")
    };
    assert_eq!((audit.opinion, audit.words.as_str()), (Opinion::Agrees, "fine"));
    assert_eq!((run.state, run.spent.iterations, before.iterations), (RunState::Delivering, 1, 1));
    assert_eq!((run.spent.tokens, run.spent.milliseconds), (before.tokens + 7, before.milliseconds + 10_000));
    // A delivery that is tried again is not audited again.
    apply(&mut run, &Event::DeliveryFailed { reason: "locked".to_owned(), retry: false }, Millis(3)).unwrap();
    let again = answer(&run, QuestionKind::Trouble, true);
    apply(&mut run, &again, Millis(4)).unwrap();
    assert_eq!(run.state, RunState::Delivering);
}

#[test]
fn a_person_decides_where_the_auditor_does_not_plainly_agree() {
    for text in ["disagree\nthe test asks for less", "agree!\nmostly", "looks fine to me"] {
        let mut run = audited();
        let writes = apply(&mut run, &said(Some(text)), Millis(2)).unwrap();
        let Some(Write::Ask { kind: QuestionKind::Audit, title, facts, .. }) = writes.last() else {
            panic!("{writes:?}")
        };
        assert!(title.starts_with("iteration 1 passes, and its auditor d"), "{title}");
        assert!(facts[0].contains("codex with large") && facts[0].ends_with("that cost 7 tokens"), "{facts:?}");
        assert_eq!(run.state, RunState::AwaitingReview);
        let mut counts = run.clone();
        apply(&mut counts, &answer(&run, QuestionKind::Audit, true), Millis(3)).unwrap();
        assert_eq!(counts.state, RunState::Delivering);
        let no = answer(&run, QuestionKind::Audit, false);
        let writes = apply(&mut run, &no, Millis(3)).unwrap();
        assert!(writes.iter().any(|write| matches!(write, Write::Guide { text, .. } if text == "keep the check")));
        assert_eq!((run.state, run.iteration), (RunState::Developing, 2));
        // What comes of that is looked at anew.
        for event in round(Judgement::Green) {
            apply(&mut run, &event, Millis(4)).unwrap();
        }
        assert_eq!((run.state, run.iteration, run.attempt), (RunState::Reviewing, 2, 1));
    }
}

#[test]
fn an_auditor_that_writes_nothing_is_asked_again_and_then_a_person_is() {
    let mut run = audited();
    for attempt in 1..MAX_AUDIT_TRIES {
        let writes = apply(&mut run, &said(None), Millis(2)).unwrap();
        assert!(writes.contains(&Write::Audited { audit: None }), "{writes:?}");
        assert_eq!((run.state, run.attempt), (RunState::Reviewing, attempt + 1));
        assert!(run.not_before.is_some());
    }
    let writes = apply(&mut run, &said(None), Millis(9_000)).unwrap();
    assert!(matches!(writes.last(), Some(Write::Ask { kind: QuestionKind::Audit, .. })), "{writes:?}");
    assert_eq!(run.state, RunState::AwaitingReview);
}

#[test]
fn an_audit_comes_after_what_people_are_asked_of_the_result() {
    for (judgement, kind) in
        [(Judgement::NeedsPerson, QuestionKind::Review), (Judgement::BringsPackages, QuestionKind::Dependency)]
    {
        let mut run = gated_as(judgement);
        assert_eq!(run.state, RunState::AwaitingReview);
        let yes = answer(&run, kind, true);
        apply(&mut run, &yes, Millis(2)).unwrap();
        assert_eq!(run.state, RunState::Reviewing);
        apply(&mut run, &said(Some("agree")), Millis(3)).unwrap();
        assert_eq!(run.state, RunState::Delivering);
    }
    let red = gated_as(Judgement::Red);
    assert_eq!((red.state, red.iteration), (RunState::Developing, 2));
}

#[test]
fn guidance_goes_before_an_opinion_on_what_does_not_know_it() {
    let mut run = audited();
    apply(&mut run.clone(), &redirect(), Millis(2)).unwrap();
    let mut redirected = run.clone();
    apply(&mut redirected, &redirect(), Millis(2)).unwrap();
    assert_eq!((redirected.state, redirected.iteration), (RunState::Developing, 2));
    // Guidance for a run that is paused meanwhile is found when it goes on.
    for event in [Event::Pause { by: operator() }, redirect(), Event::Resume { by: operator() }] {
        apply(&mut run, &event, Millis(3)).unwrap();
    }
    assert_eq!(run.state, RunState::Reviewing);
    let mut capped = run.clone();
    apply(&mut run, &after_guidance(said(Some("agree"))), Millis(4)).unwrap();
    assert_eq!((run.state, run.iteration), (RunState::Developing, 2));
    capped.spent.iterations = capped.budget.iterations;
    apply(&mut capped, &after_guidance(said(Some("agree"))), Millis(4)).unwrap();
    assert_eq!(capped.state, RunState::AwaitingReview);
}

#[test]
fn a_turn_of_the_auditor_is_no_iteration_and_keeps_to_the_other_caps() {
    let mut run = Run { audit: true, budget: Budget { iterations: 1, ..Budget::default() }, ..queued() };
    run.budget.seconds = Some(5);
    let mut early = run.clone();
    for event in base_tested().into_iter().chain(round(Judgement::Green)) {
        apply(&mut early, &event, Millis(1)).unwrap();
    }
    // The last iteration is used up, and its result is audited all the same.
    assert_eq!((early.state, early.spent.iterations), (RunState::Reviewing, 1));
    run.spent.milliseconds = 6_000;
    run.state = RunState::Gating;
    run.iteration = 1;
    let writes = apply(&mut run, &gated(Judgement::Green), Millis(2)).unwrap();
    let Some(Write::Ask { kind: QuestionKind::Budget, title, .. }) = writes.last() else { panic!("{writes:?}") };
    assert_eq!(title, "budget reached: 6 of 5 seconds of work used");
    let more = answer(&run, QuestionKind::Budget, true);
    apply(&mut run, &more, Millis(3)).unwrap();
    // What nobody asked about is not raised.
    assert_eq!((run.state, run.budget.iterations, run.budget.seconds), (RunState::Reviewing, 1, Some(11)));
}

#[test]
fn a_turn_that_fails_is_trouble_of_the_auditor_and_leaves_the_authors_report_alone() {
    let mut run = audited();
    let writes = apply(&mut run, &held(Ending::Auth, true), Millis(2)).unwrap();
    assert!(!writes.iter().any(|write| matches!(write, Write::AgentTurn { .. })), "{writes:?}");
    let Some(Write::Ask { kind: QuestionKind::Trouble, title, cause: None, .. }) = writes.last() else {
        panic!("{writes:?}")
    };
    assert_eq!(title, "the auditor cannot work: its provider refuses the credentials");
    assert_eq!((run.state, run.resume_to), (RunState::Escalated, Some(RunState::Reviewing)));
    let mut redirected = run.clone();
    apply(&mut redirected, &redirect(), Millis(3)).unwrap();
    assert_eq!((redirected.state, redirected.iteration), (RunState::Developing, 2));
    let again = answer(&run, QuestionKind::Trouble, true);
    apply(&mut run, &again, Millis(3)).unwrap();
    assert_eq!((run.state, run.attempt), (RunState::Reviewing, 2));
    apply(&mut run, &Event::StepLost { reason: "gone".to_owned(), explained: false }, Millis(4)).unwrap();
    assert_eq!((run.state, run.attempt), (RunState::Reviewing, 3));
    apply(&mut run, &Event::Cancel { by: operator(), reason: "enough".to_owned() }, Millis(5)).unwrap();
    assert_eq!(run.state, RunState::Cancelling);
}
