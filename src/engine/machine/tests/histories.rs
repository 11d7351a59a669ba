//! Random histories keep what every history must keep.

use super::*;
use proptest::prelude::*;

fn any_event() -> impl Strategy<Value = Event> {
    let by = operator();
    prop_oneof![
        Just(Event::Admitted),
        Just(Event::Blocked { by: vec![(RunId(7), RunState::Failed)] }),
        Just(Event::Prioritise { by: by.clone(), priority: Priority::High }),
        Just(image()),
        any::<bool>().prop_map(|retry| Event::PrepareFailed { reason: "no".to_owned(), retry }),
        Just(ended()),
        any::<bool>().prop_map(|some| Event::Planned {
            report: report(Ending::Finished),
            plan: some.then(|| "1. mend".to_owned()),
            milliseconds: 1
        }),
        (proptest::sample::select(&[None, Some("agree"), Some("disagree\nno"), Some("?")][..]), any::<bool>())
            .prop_map(|(text, guided)| Event::Audited {
                report: report(Ending::Finished),
                audit: Audit::new(text, "codex".to_owned(), None, Usage::default()),
                milliseconds: 1,
                guided
            }),
        any::<bool>().prop_map(|i| held(Ending::Overloaded, i)),
        any::<bool>().prop_map(|i| held(Ending::Auth, i)),
        any::<bool>().prop_map(|explained| Event::StepLost { reason: "gone".to_owned(), explained }),
        any::<bool>().prop_map(|lasting| Event::Trouble { reason: "docker".to_owned(), lasting }),
        Just(Event::Tested { milliseconds: 1 }),
        Just(gathered()),
        // The driver counts on from the steps that there are.
        Just(Event::Doubted { suites: vec!["unit".to_owned()], attempt: 9 }),
        Just(Event::Analysed { suspicions: Vec::new() }),
        Just(gated(Judgement::Red)),
        Just(stuck::still()),
        Just(gated(Judgement::Green)),
        Just(gated(Judgement::NeedsPerson)),
        Just(gated(Judgement::BringsPackages)),
        Just(guided(Judgement::Green)),
        Just(Event::Delivered { to: "x".to_owned() }),
        any::<bool>().prop_map(|retry| Event::DeliveryFailed { reason: "x".to_owned(), retry }),
        Just(Event::Cleaned),
        Just(Event::Pause { by: by.clone() }),
        Just(Event::Resume { by: by.clone() }),
        Just(Event::Redirect { by: by.clone(), text: "try".to_owned(), criteria: None, terms: Terms::default() }),
        Just(Event::Cancel { by: by.clone(), reason: "enough".to_owned() }),
        Just(Event::Rollback { by: by.clone(), iteration: 1, commit: "d".repeat(40) }),
        Just(Event::Capped { project: "shop".to_owned(), reached: vec![reached(true)] }),
        Just(Event::AwaitDay { question: QuestionId(0), reached: vec![reached(true)], by: by.clone() }),
        any::<bool>().prop_map(move |approve| Event::Answer {
            question: QuestionId(0),
            kind: QuestionKind::Trouble,
            approve,
            reason: "r".to_owned(),
            by: by.clone()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever happens in whatever order: final states stay, budgets rise only by answers to budget questions, a state that
    /// awaits a person shows a question or a pause, an attempt never goes back within a step, and work is never both asked
    /// for and waiting for a person.
    #[test]
    fn histories_keep_the_invariants(
        events in proptest::collection::vec(any_event(), 0..120),
        plan in proptest::sample::select(&crate::domain::Plan::ALL[..]),
        audit in any::<bool>(),
    ) {
        let mut run = Run { plan, audit, ..queued() };
        run.after = vec![Predecessor { run: RunId(7), need: Need::Success }];
        let (mut kind, mut about) = (None, Vec::new());
        for mut event in events {
            match (&mut event, run.question) {
                (Event::Answer { question, kind: k, .. }, Some(open)) => {
                    *question = open;
                    *k = kind.unwrap();
                }
                // What it is about comes from its row as well.
                (Event::AwaitDay { question, reached, .. }, Some(open)) => {
                    *question = open;
                    reached.clone_from(&about);
                }
                _ => {}
            }
            let before = run.clone();
            let Ok(writes) = apply(&mut run, &event, Millis(7)) else {
                prop_assert_eq!(&before, &run);
                continue;
            };
            prop_assert!(!before.state.is_final());
            for write in &writes {
                if let Write::Ask { kind: k, reached, .. } = write {
                    kind = Some(*k);
                    about.clone_from(reached);
                }
            }
            let answered_budget = matches!(event, Event::Answer { kind: QuestionKind::Budget, approve: true, .. });
            prop_assert!(answered_budget || run.budget == before.budget);
            let grants = writes.iter().any(|write| matches!(write, Write::Grant { .. }));
            prop_assert!(answered_budget || !grants);
            // Whatever ends an iteration, or the run, leaves nothing reserved for it.
            let over = run.state.is_final() && run.state != RunState::Succeeded || run.iteration > before.iteration;
            let released = |write: &Write| matches!(write, Write::Release | Write::Use { left: Left::Nothing, .. });
            prop_assert!(!over || writes.iter().any(released));
            let said = matches!(event, Event::Answer { kind: QuestionKind::Predecessor, approve: true, .. });
            prop_assert_eq!(run.after[0].need == Need::Waived, said || before.after[0].need == Need::Waived);
            // Nothing is changed before a plan that is wanted is settled.
            let works = matches!(run.state, RunState::Developing | RunState::Delivering);
            prop_assert!(!works || !run.plan.is_due());
            // Whoever is to be audited comes to the delivery by a plain yes of the auditor, or by a person's.
            let agrees = matches!(&event, Event::Audited { audit, guided: false, .. } if audit.opinion == Opinion::Agrees);
            let counts = matches!(event, Event::Answer { kind: QuestionKind::Audit, approve: true, .. });
            let delivers = |run: &Run| {
                let to = run.resume_to.filter(|_| !matches!(run.state, RunState::AwaitingReview)).unwrap_or(run.state);
                to == RunState::Delivering
            };
            prop_assert!(!run.audit || !delivers(&run) || delivers(&before) || agrees || counts);
            prop_assert!(run.audit || run.state != RunState::Reviewing);
            let prioritised = matches!(event, Event::Prioritise { .. });
            prop_assert!(prioritised || run.priority == before.priority);
            let waits = matches!(run.state, RunState::Escalated | RunState::AwaitingReview);
            prop_assert_eq!(waits, run.question.is_some());
            if run.state == RunState::Paused { prop_assert!(run.resume_to.is_some()); }
            if run.state.awaits_person() || run.state.is_final() {
                prop_assert!(matches!(work(&run, Millis(7)), Work::Rest | Work::Freeze));
            }
            let same_step = (before.iteration, before.state) == (run.iteration, run.state);
            prop_assert!(!same_step || run.attempt >= before.attempt);
            // Suites run a second time once in an iteration, and only while they are tested.
            let doubted = matches!(event, Event::Doubted { .. });
            prop_assert!(!doubted || (before.rerun.is_none() && run.rerun.is_some()));
            let same_tests = run.iteration == before.iteration && run.rerun.is_some();
            prop_assert!(doubted || run.rerun.is_none() || (same_tests && before.rerun == run.rerun));
            let opened = writes.iter().filter(|w| matches!(w, Write::OpenIteration { .. })).count();
            prop_assert_eq!(opened > 0 && run.iteration > 0, run.iteration > before.iteration);
        }
    }
}
