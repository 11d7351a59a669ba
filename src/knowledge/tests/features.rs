//! What agents read of features, and what they say of criteria.

use super::*;
use crate::domain::{Feature, FeatureId, Fulfilment, Millis, Origin};

/// A feature of a project.
fn wanted(project: i64, title: &str, criteria: &[&str]) -> Feature {
    Feature {
        id: FeatureId(0),
        project: ProjectId(project),
        title: title.to_owned(),
        text: format!("people want {title}"),
        criteria: criteria.iter().map(|one| (*one).to_owned()).collect(),
        notes: "see shop.py".to_owned(),
        by: Actor::operator(1, "ada"),
        added: Millis(0),
        changed: Millis(0),
        version: 0,
        closed: None,
    }
}

/// A bench with a feature of each project, and a run of the first one.
fn bench() -> (Bench, RunId) {
    let bench = Bench::new();
    let run = bench.store.write_sync(|tx| {
        tx.record(event())?;
        let feature = tx.insert_feature(&wanted(1, "refunds", &["within a day", "no fee"]))?;
        tx.insert_feature(&wanted(2, "eggs", &[]))?;
        let run = Run {
            state: RunState::Developing,
            iteration: 2,
            origin: Origin::Feature { feature, version: 1 },
            criteria: vec!["within a day".to_owned(), "no fee".to_owned()],
            ..new_run_for_tests(ProjectId(1))
        };
        Ok(tx.insert_run(&run)?.id)
    });
    (bench, run.unwrap())
}

#[test]
fn an_agent_reads_the_features_of_its_project_and_which_it_builds() {
    let (bench, run) = bench();
    let told = bench.of(Role::Coder, run, "features", json!({})).unwrap();
    let all = told["features"].as_array().unwrap();
    assert_eq!((all.len(), &all[0]["id"], &all[0]["your_run_builds_it"]), (1, &json!("f1"), &json!(true)));
    assert_eq!((&all[0]["criteria"][1], &all[0]["state"]), (&json!("no fee"), &json!("in_work")));
    assert!(all[0]["from"].as_str().unwrap().starts_with("added by the operator ada"));
    let one = bench.call("features", json!({"id": "f1"})).unwrap();
    assert_eq!(one["features"][0]["your_run_builds_it"], json!(false));
    assert!(bench.call("features", json!({"id": "f2"})).unwrap_err().contains("no feature f2"), "another project's");
    assert!(bench.call("features", json!({"id": "refunds"})).unwrap_err().contains("is not a feature's id"));
    bench
        .store
        .write_sync(|tx| {
            tx.record(event())?;
            tx.close_feature(FeatureId(1), Some((&Actor::Engine, "not wanted")))
        })
        .unwrap();
    assert_eq!(bench.call("features", json!({})).unwrap()["features"], json!([]), "closed ones are not listed");
    assert_eq!(bench.call("features", json!({"id": "f1"})).unwrap()["features"][0]["state"], json!("closed"));
}

#[test]
fn what_is_said_of_criteria_is_kept_as_the_agents_word_and_moves_nothing() {
    let (bench, run) = bench();
    let say = |number: u32, verdict: &str| {
        let words = json!({"criterion": number, "verdict": verdict, "words": "I looked"});
        bench.of(Role::Coder, run, "report_criterion", words)
    };
    let before = bench.store.read_sync(|view| view.run(run)).unwrap();
    let told = say(2, "unclear").unwrap();
    assert_eq!((&told["criterion"], &told["not_reported_yet"]), (&json!("no fee"), &json!([1])));
    assert_eq!(say(2, "met").unwrap()["not_reported_yet"], json!([1]));
    assert_eq!(say(1, "unmet").unwrap()["not_reported_yet"], json!([]));
    assert!(say(3, "met").unwrap_err().contains("numbered from 1 to 2"));
    assert!(say(1, "done").unwrap_err().contains("must be"), "only words that there are");
    let bare = bench.store.write_sync(|tx| {
        tx.record(event())?;
        let run = Run { state: RunState::Developing, criteria: Vec::new(), ..new_run_for_tests(ProjectId(1)) };
        Ok(tx.insert_run(&run)?.id)
    });
    let words = json!({"criterion": 1, "verdict": "met", "words": "x"});
    let none = bench.of(Role::Coder, bare.unwrap(), "report_criterion", words);
    assert!(none.unwrap_err().contains("no acceptance criteria"));
    let said = bench.store.read_sync(|view| view.criterion_reports(run)).unwrap();
    let said: Vec<_> = said.iter().map(|one| (one.number, one.verdict, one.iteration)).collect();
    let (met, unmet, unclear) = (Fulfilment::Met, Fulfilment::Unmet, Fulfilment::Unclear);
    assert_eq!(said, [(2, unclear, 2), (2, met, 2), (1, unmet, 2)]);
    assert_eq!(bench.store.read_sync(|view| view.run(run)).unwrap(), before, "the run is as it was");
}

#[test]
fn a_run_says_so_much_of_its_criteria_and_no_more() {
    let (bench, run) = bench();
    let words = json!({"criterion": 1, "verdict": "met", "words": "x"});
    for _ in 0..limits::REPORTS {
        bench.of(Role::Coder, run, "report_criterion", words.clone()).unwrap();
    }
    let error = bench.of(Role::Coder, run, "report_criterion", words).unwrap_err();
    assert!(error.contains("300 times"), "{error}");
}
