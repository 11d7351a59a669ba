//! The screen of what is wanted, tested by a clock and taught: pictures, and what keys do there.

use super::served::served;
use super::*;
use crate::console::app::{Item, List};
use crate::domain::{
    BugId, CriterionReport, Dataset, DatasetId, DatasetState, Feature, FeatureClosed, FeatureId, FeatureState, Firing,
    Fulfilment, Lesson, LessonId, LessonOrigin, Schedule, ScheduleId, Timing,
};
use crate::protocol::{
    DatasetView, FeatureAsk, FeatureDetail, FeatureRun, FeatureView, FiringView, LessonAsk, LessonView, SaidOf,
    ScheduleAsk, ScheduleDetail, ScheduleView,
};

fn feature(id: i64, title: &str, state: FeatureState, text: &str) -> FeatureView {
    let closed = FeatureClosed { by: operator(), reason: format!("in use {text}"), at: Millis(NOW.0 - 60_000) };
    let feature = Feature {
        id: FeatureId(id),
        project: ProjectId(1),
        title: title.to_owned(),
        text: format!("People ask for their money back.\n{text}"),
        criteria: vec!["within a day".to_owned(), format!("no fee {text}")],
        notes: "see shop/orders.py".to_owned(),
        by: operator(),
        added: Millis(NOW.0 - 9_000_000),
        changed: Millis(NOW.0 - 8_000_000),
        version: 2,
        closed: (state == FeatureState::Closed).then_some(closed),
    };
    FeatureView { feature, project: "shop".to_owned(), state, runs: 1 }
}

fn features(text: &str) -> Vec<FeatureView> {
    vec![
        feature(2, "Refunds in the shop", FeatureState::InWork, text),
        feature(1, &format!("A dark page {text}"), FeatureState::Closed, text),
    ]
}

fn firings(text: &str) -> Vec<FiringView> {
    let firing = |hours: i64, missed, run: Option<i64>| Firing {
        due: Millis(NOW.0 - hours * 3_600_000),
        at: Millis(NOW.0 - hours * 3_600_000 + 4_000),
        missed,
        run: run.map(RunId),
        fault: run.is_none().then(|| format!("no repository {text}")),
    };
    let told = |firing: Firing, state, reason: &str| FiringView {
        tests: firing.run.map(|_| (41, 1, 0)),
        firing,
        state,
        reason: format!("{reason} {text}"),
    };
    vec![
        told(firing(3, 4, Some(7)), Some(RunState::Failed), "suite `unit` failed: 41 passed, 1 failed, 0 skipped"),
        told(firing(27, 0, None), None, ""),
    ]
}

fn schedule(text: &str) -> ScheduleView {
    let timing = Timing::Cron { expression: "0 3 * * MON-FRI Europe/Vienna".to_owned() };
    let (added, next) = (Millis(NOW.0 - 90_000_000), Some(Millis(NOW.0 + 7_260_000)));
    let (id, project, suites) = (ScheduleId(1), ProjectId(1), vec!["unit".to_owned(), text.to_owned()]);
    let revision = Some(text.to_owned());
    let schedule = Schedule { id, project, suites, revision, timing, by: operator(), added, paused: false, next };
    ScheduleView { schedule, project: "shop".to_owned(), last: firings(text).into_iter().next() }
}

fn lessons(text: &str) -> Vec<LessonView> {
    let lesson = |id, words: &str, origin| Lesson {
        id: LessonId(id),
        project: ProjectId(1),
        text: format!("{words} {text}"),
        origin,
        edited: None,
        added: Millis(NOW.0 - 500_000),
        changed: Millis(NOW.0 - 500_000),
    };
    let bug = LessonOrigin::Bug { bug: BugId(4), runs: vec![RunId(3), RunId(9)] };
    let view = |lesson, quoted| LessonView { lesson, project: "shop".to_owned(), quoted };
    vec![
        view(lesson(2, "AssertionError: 590 == 690 came back and was repaired in 2 runs", bug), false),
        view(lesson(1, "Never touch the schema by hand", LessonOrigin::Operator { by: operator() }), true),
    ]
}

fn dataset(text: &str) -> DatasetView {
    let dataset = Dataset {
        id: DatasetId(1),
        name: "orders".to_owned(),
        project: None,
        text: format!("Those of May.\n{text}"),
        path: format!("/srv/data/{text}"),
        state: DatasetState::Changed,
        digest: Some("4f2a".repeat(16)),
        quick: None,
        files: 12,
        bytes: 34_567_890,
        fault: Some(format!("its content has another digest {text}")),
        by: operator(),
        added: Millis(NOW.0 - 700_000),
        looked: Some(Millis(NOW.0 - 600_000)),
    };
    DatasetView { dataset, project: None, read: None }
}

/// What an engine would say of it.
pub(super) fn known(request: &Request, text: &str) -> Option<Reply> {
    Some(match request {
        Request::Feature { about: FeatureAsk::List { .. } } => {
            Reply::Features { features: features(text), more: false }
        }
        Request::Feature { about: FeatureAsk::One { feature } } => {
            let view = features(text).into_iter().find(|view| view.feature.id == *feature)?;
            let said = CriterionReport {
                run: RunId(7),
                iteration: 2,
                number: 1,
                criterion: "within a day".to_owned(),
                verdict: Fulfilment::Met,
                words: format!("the job runs each hour {text}"),
                at: NOW,
            };
            let said = |number: usize| (number == 0).then(|| said.clone());
            let criteria = view.feature.criteria.iter().cloned().enumerate();
            let criteria = criteria.map(|(number, criterion)| SaidOf { criterion, said: said(number) }).collect();
            let (run, state, tests) = (RunId(7), RunState::Testing, Some((41, 1, 0)));
            let reason = format!("iteration 2 is red {text}");
            let runs = vec![FeatureRun { run, state, tests, reason, edited: true, criteria }];
            Reply::Feature { detail: Box::new(FeatureDetail { view, runs, more: true }) }
        }
        Request::Schedule { about: ScheduleAsk::List { .. } } => Reply::Schedules { schedules: vec![schedule(text)] },
        Request::Schedule { about: ScheduleAsk::One { .. } } => {
            Reply::Schedule { detail: Box::new(ScheduleDetail { view: schedule(text), firings: firings(text) }) }
        }
        Request::Dataset { .. } => Reply::Datasets { datasets: vec![dataset(text)] },
        Request::Lesson { about: LessonAsk::List { .. } } => Reply::Lessons { lessons: lessons(text) },
        _ => return None,
    })
}

fn on_page(keys: &str) -> App {
    let mut app = busy();
    press(&mut app, "7");
    served(&mut app, "blue");
    press(&mut app, keys);
    served(&mut app, "blue");
    app
}

#[test]
fn pictures_of_what_is_known() {
    insta::assert_snapshot!("knowledge-80x24", picture(&mut on_page(""), 80, 24, LOOK));
    insta::assert_snapshot!("knowledge-120x36", picture(&mut on_page("j j"), 120, 36, LOOK));
    insta::assert_snapshot!("knowledge-200x50", picture(&mut on_page("G k k"), 200, 50, LOOK));
    insta::assert_snapshot!(
        "knowledge-mono",
        picture(&mut on_page("tab"), 80, 24, Look { colour: false, unicode: false })
    );
    let mut empty = App::new(false);
    press(&mut empty, "7");
    let shown = picture(&mut empty, 80, 24, LOOK);
    assert!(shown.contains("The engine is asked."), "{shown}");
    empty.want();
    answer(&mut empty, |request| {
        Some(match request {
            Request::Feature { .. } => Reply::Features { features: Vec::new(), more: false },
            Request::Schedule { .. } => Reply::Schedules { schedules: Vec::new() },
            Request::Dataset { .. } => Reply::Datasets { datasets: Vec::new() },
            _ => Reply::Lessons { lessons: Vec::new() },
        })
    });
    let shown = picture(&mut empty, 80, 24, LOOK);
    assert!(shown.contains("Nothing is wanted, scheduled or taught yet."), "{shown}");
}

#[test]
fn it_is_filtered_and_opens_the_run_that_it_is_about() {
    let mut app = on_page("");
    assert_eq!(app.knowledge.at, Some(Item::Feature(FeatureId(2))));
    press(&mut app, "/ l e s s o n enter");
    let shown = picture(&mut app, 80, 24, LOOK);
    assert!(shown.contains("Knowledge 2 of 6 /lesson") && app.list() == Some(List::Known), "{shown}");
    assert_eq!(app.knowledge.at, Some(Item::Lesson(LessonId(2))));
    press(&mut app, "esc g");
    assert_eq!(app.run_beside(), Some(RunId(7)));
    press(&mut app, "enter enter");
    assert_eq!((app.page, app.one.run), (Page::Run, Some(RunId(7))));
}
