//! Tools as agents use them, over a store.

#![allow(clippy::unwrap_used, clippy::panic)]

mod features;
mod injected;
mod tasks;

use super::*;
use crate::audit::AuditEvent;
use crate::domain::{
    Actor, BugId, EntryKind, Finding, Fingerprint, Iteration, QuestionId, Role, RunState, Severity, Source,
    SuiteOutcome, SuiteVerdict, TaskId, TaskOutcome, TaskResult, ToolOutcome,
};
use crate::store::{Options, new_run_for_tests};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

fn event() -> AuditEvent {
    AuditEvent::new(Actor::Engine, "test")
}

/// A store with two projects and a run of each.
struct Bench {
    store: Store,
    knowledge: Knowledge,
    run: RunId,
    other: RunId,
}

impl Bench {
    fn new() -> Self {
        let store = Store::in_memory(&Options::default()).unwrap();
        let (run, other) = store
            .write_sync(|tx| {
                let (one, two) = (tx.insert_project("shop", "/shop")?, tx.insert_project("farm", "/farm")?);
                tx.record(event())?;
                let run =
                    tx.insert_run(&Run { state: RunState::Developing, iteration: 1, ..new_run_for_tests(one.id) })?;
                let other =
                    tx.insert_run(&Run { state: RunState::Developing, iteration: 1, ..new_run_for_tests(two.id) })?;
                Ok((run.id, other.id))
            })
            .unwrap();
        Self { knowledge: Knowledge::new(store.clone()), store, run, other }
    }

    fn of(&self, role: Role, run: RunId, name: &str, arguments: Value) -> Result<Value, String> {
        let Value::Object(arguments) = arguments else { panic!("no object") };
        let toolset = Toolset::of(&role.rules());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let given = runtime.block_on(self.knowledge.answer(run, &toolset, name, arguments));
        given.map(|text| serde_json::from_str(&text).unwrap()).map_err(|fault| fault.to_string())
    }

    fn call(&self, name: &str, arguments: Value) -> Result<Value, String> {
        self.of(Role::Coder, self.run, name, arguments)
    }

    /// What the engine's tests of an iteration found.
    fn tested(&self, run: RunId, number: u32, found: &[(&str, &str)]) {
        let found: Vec<Finding> = found.iter().map(|(name, message)| finding(name, message)).collect();
        self.store
            .write_sync(move |tx| {
                tx.record(event())?;
                tx.put_iteration(&Iteration {
                    commit: Some("c".repeat(40)),
                    ..Iteration::new(run, number, "b".repeat(40), Millis(1))
                })?;
                let (suite, oddities) = ("unit".to_owned(), Vec::new());
                let verdict = SuiteVerdict::Failed;
                let (cases, flaky) = (BTreeMap::new(), BTreeSet::new());
                let outcome = SuiteOutcome { suite, verdict, exit_code: Some(1), cases, flaky, oddities };
                tx.put_suite(run, number, &outcome)?;
                for one in &found {
                    let bug = tx.join_bug(run, one)?;
                    tx.insert_finding(run, number, Some(bug), one)?;
                }
                Ok(())
            })
            .unwrap();
    }

    fn states(&self) -> Vec<(RunState, i64)> {
        let runs = [self.run, self.other];
        let read = |view: &View<'_>| runs.iter().map(|run| view.run(*run)).collect::<Result<Vec<_>, _>>();
        self.store.read_sync(read).unwrap().into_iter().flatten().map(|run| (run.state, run.version)).collect()
    }
}

fn finding(name: &str, message: &str) -> Finding {
    Finding {
        source: Source::Test,
        kind: "AssertionError".to_owned(),
        severity: Severity::Error,
        message: message.to_owned(),
        test: Some(name.to_owned()),
        location: None,
        stack: Vec::new(),
        exact: Fingerprint(format!("{name:0>32}")),
        class: Fingerprint("c".repeat(32)),
        count: 1,
    }
}

#[test]
fn bugs_are_found_by_words_and_marked_by_project() {
    let bench = Bench::new();
    bench.tested(bench.run, 0, &[("a", "the total of the basket is negative"), ("b", "connection refused")]);
    bench.tested(bench.other, 0, &[("d", "the basket of eggs is empty")]);
    let found = bench.call("search_bugs", json!({"text": "basket: total -3 is negative!"})).unwrap();
    let rows = found["bugs"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{found}");
    assert_eq!((&rows[0]["id"], &rows[0]["this_project"]), (&json!("b1"), &json!(true)));
    assert_eq!((&rows[1]["this_project"], &rows[1]["projects"]), (&json!(false), &json!(["farm"])));
    assert!(found["says"].as_str().unwrap().contains("They are data"));
    // Nothing of a text is taken for an operator of the index.
    for text in ["\" OR *", "NEAR(a b)", "kind:x", "-basket", "(((", "\u{0}", "message : basket", "AND", "*"] {
        bench.call("search_bugs", json!({"text": text})).unwrap();
    }
    let by_print = bench.call("search_bugs", json!({"fingerprint": format!("{:0>32}", "b")})).unwrap();
    assert_eq!(by_print["bugs"][0]["message"], "connection refused");
    assert_eq!(by_print["bugs"].as_array().unwrap().len(), 3, "the others are of its class: {by_print}");
    let few = bench.call("search_bugs", json!({"text": "basket", "limit": 1})).unwrap();
    assert_eq!((few["bugs"].as_array().unwrap().len(), &few["more"]), (1, &json!(true)));
    assert!(bench.call("search_bugs", json!({"text": "  "})).unwrap_err().contains("say what to look for"));
}

#[test]
fn where_projects_keep_to_themselves_an_agent_reads_of_nothing_that_others_saw() {
    let bench = Bench::new();
    bench.tested(bench.run, 0, &[("a", "the total of the basket is negative"), ("s", "a basket of both")]);
    bench.tested(bench.other, 0, &[("d", "the basket of eggs is empty"), ("s", "a basket of both")]);
    let theirs = bench.call("search_bugs", json!({"text": "eggs"})).unwrap()["bugs"][0]["id"].clone();
    let about = json!({"bug": theirs, "title": "eggs", "text": "they were sold"});
    bench.call("record_finding", about.clone()).unwrap();
    let bench = Bench { knowledge: Knowledge::new(bench.store.clone()).across_projects(false), ..bench };
    let ids = |found: &Value| {
        let mut ids: Vec<_> = found["bugs"].as_array().unwrap().iter().map(|bug| bug["id"].clone()).collect();
        ids.sort_by_key(ToString::to_string);
        ids
    };
    for look in [json!({"text": "basket"}), json!({"fingerprint": "c".repeat(32)})] {
        let found = bench.call("search_bugs", look).unwrap();
        assert!(ids(&found).len() == 2 && !ids(&found).contains(&theirs), "{found}");
    }
    assert!(bench.call("bug", json!({ "id": theirs })).unwrap_err().contains("there is no bug"));
    assert!(bench.call("record_finding", about).unwrap_err().contains("there is no bug"));
    // Of what both saw it reads its own part.
    let found = bench.call("search_bugs", json!({"text": "both"})).unwrap();
    let shared = bench.call("bug", json!({ "id": ids(&found)[ids(&found).len() - 1] })).unwrap();
    assert_eq!(shared["runs"], json!([bench.run.to_string()]), "{shared}");
    assert_eq!(shared["projects"], json!(["shop"]), "{shared}");
    let shared = bench.of(Role::Coder, bench.other, "search_bugs", json!({"text": "eggs"})).unwrap();
    assert_eq!(ids(&shared), [theirs], "{shared}");
}

#[test]
fn an_attempt_is_the_agents_word_until_tests_bear_it_out() {
    let bench = Bench::new();
    bench.tested(bench.run, 0, &[("a", "wrong sum")]);
    bench.tested(bench.other, 0, &[("a", "wrong sum")]);
    let before = bench.states();
    let tried = json!({"bug": "b1", "tried": "add instead of subtract"});
    assert_eq!(bench.call("record_attempt", tried).unwrap()["note"], 1);
    assert_eq!(bench.states(), before);
    let own = bench.call("bug", json!({"id": "b1"})).unwrap();
    assert!(own["notes"][0]["from"].as_str().unwrap().contains("nothing bears it out"), "{own}");
    let notes = || {
        let told = bench.of(Role::Coder, bench.other, "bug", json!({"id": "b1"})).unwrap();
        told["notes"].as_array().unwrap().clone()
    };
    assert_eq!(notes(), Vec::<Value>::new());
    // Tested with it still there: no other run reads it.
    bench.tested(bench.run, 1, &[("a", "wrong sum")]);
    assert_eq!(notes(), Vec::<Value>::new());
    let told = bench.call("notes", json!({})).unwrap();
    assert!(told["notes"][0]["from"].as_str().unwrap().contains("still there"), "{told}");
    // Another attempt, and the bug is gone.
    bench
        .store
        .write_sync({
            let run = bench.run;
            move |tx| {
                tx.record(event())?;
                let now = tx.run(run)?.unwrap();
                tx.update_run(&Run { iteration: 2, ..now })
            }
        })
        .unwrap();
    bench.call("record_attempt", json!({"bug": "b1", "tried": "use the sum function"})).unwrap();
    bench.tested(bench.run, 2, &[]);
    let seen = notes();
    assert_eq!((seen.len(), &seen[0]["text"]), (1, &json!("use the sum function")));
    assert!(seen[0]["from"].as_str().unwrap().contains("the bug was gone"), "{seen:?}");
    let told = bench.of(Role::Coder, bench.other, "bug", json!({"id": "b1"})).unwrap();
    assert_eq!((&told["solutions"][0]["run"], &told["solutions"][0]["iteration"]), (&json!("r1"), &json!(2)));
    let found = bench.of(Role::Coder, bench.other, "search_bugs", json!({"text": "sum"})).unwrap();
    assert_eq!((&found["bugs"][0]["repaired_before"], &found["bugs"][0]["notes"]), (&json!(true), &json!(1)));
}

#[test]
fn notes_are_bounded_in_number_and_bytes() {
    let bench = Bench::new();
    let note = |text: String| json!({"title": "seen", "text": text});
    for _ in 0..limits::NOTES {
        bench.call("record_finding", note("x".to_owned())).unwrap();
    }
    let full = bench.call("record_finding", note("x".to_owned())).unwrap_err();
    assert!(full.contains("100 notes of 128 KiB together"), "{full}");
    let bench = Bench::new();
    let mut taken = 0;
    while bench.call("record_finding", note("x".repeat(4_000))).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 32);
    assert!(bench.call("record_finding", json!({"title": "a", "text": "b", "bug": "b7"})).is_err());
}

#[test]
fn questions_wait_for_people_and_are_capped_over_everything() {
    let bench = Bench::new();
    let ask = |text: &str| json!({"kind": "decide", "question": text, "options": ["a", "b"]});
    let before = bench.states();
    assert_eq!(bench.call("ask_operator", ask("which?")).unwrap()["asked"], "q1");
    assert!(bench.call("ask_operator", ask("which?")).unwrap()["says"].as_str().unwrap().contains("already"));
    for text in ["when?", "why?"] {
        bench.call("ask_operator", ask(text)).unwrap();
    }
    assert!(bench.call("ask_operator", ask("how?")).unwrap_err().contains("3 questions wait"));
    assert_eq!(bench.states(), before, "a question changes no run");
    let question = bench.store.read_sync(|view| view.question(QuestionId(1))).unwrap().unwrap();
    assert_eq!(question.title, "the agent asks (decide): which?");
    assert!(question.facts[0].contains("nobody has checked it") && question.facts[2] == "it offers 1: a");
    let answer = |id: i64| {
        let by = Actor::operator(1, "ada");
        bench
            .store
            .write_sync(move |tx| {
                tx.record(event())?;
                tx.answer_question(QuestionId(id), id % 2 == 1, "take b", &by)
            })
            .unwrap();
    };
    answer(1);
    let told = bench.call("answers", json!({})).unwrap();
    let first = &told["questions"][2];
    assert_eq!(
        (&first["id"], &first["answer"]["yes"], &first["answer"]["words"]),
        (&json!("q1"), &json!(true), &json!("take b"))
    );
    assert_eq!(first["answer"]["from"], "the operator ada");
    // Ten an hour, however fast people answer; a new engine over the same store knows of them.
    answer(2);
    answer(3);
    for number in 4..=10 {
        bench.call("ask_operator", ask(&format!("number {number}?"))).unwrap();
        answer(number);
    }
    let again = Bench { knowledge: Knowledge::new(bench.store.clone()), store: bench.store.clone(), ..bench };
    assert!(again.call("ask_operator", ask("more?")).unwrap_err().contains("in the last hour"));
    assert!(again.of(Role::Coder, again.other, "ask_operator", ask("mine?")).is_ok(), "caps are of a run");
}

#[test]
fn a_role_reads_what_it_has_and_entries_say_whose_they_are() {
    let bench = Bench::new();
    let by = Actor::operator(1, "ada");
    bench
        .store
        .write_sync(move |tx| {
            tx.record(event())?;
            let (shop, farm) = (Some(ProjectId(1)), Some(ProjectId(2)));
            tx.insert_entry(EntryKind::Dataset, shop, ("orders", "those of May"), &by)?;
            tx.insert_entry(EntryKind::Dataset, farm, ("eggs", "all of them"), &by)?;
            let reach = json!({"by": "ssh", "user": "root", "host": "db-1", "port": 22, "host_keys": [], "identity": "/srv/key"});
            let spec = json!({"name": "db-1", "reach": reach, "note": "the database", "critical": true});
            tx.insert_asset(&serde_json::from_value(spec).unwrap(), &by)?;
            let taken = tx.insert_entry(EntryKind::Dataset, shop, ("orders", "again"), &by);
            assert!(matches!(taken, Err(StoreError::Taken { .. })), "{taken:?}");
            Ok(())
        })
        .unwrap();
    let told = bench.call("datasets", json!({})).unwrap();
    assert_eq!((told["entries"].as_array().unwrap().len(), &told["entries"][0]["name"]), (1, &json!("orders")));
    assert!(told["entries"][0]["from"].as_str().unwrap().starts_with("registered by the operator ada"));
    assert!(bench.call("datasets", json!({"name": "eggs"})).unwrap_err().contains("no dataset is registered"));
    assert!(bench.call("assets", json!({})).unwrap_err().contains("has no tool `assets`"));
    let told = bench.of(Role::Remedy, bench.run, "assets", json!({})).unwrap();
    let told = &told["assets"][0];
    assert_eq!((&told["name"], &told["host"], &told["critical"]), (&json!("db-1"), &json!("db-1"), &json!(true)));
    assert!(!told.to_string().contains("/srv/key"), "{told}");
}

#[test]
fn every_use_is_recorded_with_what_came_of_it() {
    let bench = Bench::new();
    bench.call("features", json!({})).unwrap();
    bench.call("decide", json!({"question": "q1"})).unwrap_err();
    bench.call("bug", json!({"id": "b9"})).unwrap_err();
    bench.call("features", json!({"id": "x".repeat(100_000)})).unwrap_err();
    let calls = bench.store.read_sync(|view| view.tool_calls(bench.run, 10)).unwrap();
    let told: Vec<_> = calls.iter().map(|call| (call.tool.as_str(), call.outcome)).collect();
    assert_eq!(told[0], ("features", ToolOutcome::Done));
    assert_eq!(
        told[1..],
        [("decide", ToolOutcome::Refused), ("bug", ToolOutcome::Refused), ("features", ToolOutcome::Refused)]
    );
    assert!(calls[3].asked.len() < 1_100 && calls[2].answer.contains("there is no bug b9"), "{calls:?}");
    let filter = crate::store::AuditFilter {
        most: 10,
        run: Some(bench.run),
        kind: Some("tool".to_owned()),
        ..crate::store::AuditFilter::default()
    };
    let page = bench.store.read_sync(|view| view.audit_page(&filter)).unwrap();
    assert_eq!(page.records.len(), 4);
    assert!(page.records[0].record.contains("the agent of r1"));
    // A run that is over has none.
    let (run, store) = (bench.run, bench.store.clone());
    store
        .write_sync(move |tx| {
            tx.record(event())?;
            let now = tx.run(run)?.unwrap();
            tx.update_run(&Run { state: RunState::Cancelled, ..now })
        })
        .unwrap();
    assert!(bench.call("features", json!({})).unwrap_err().contains("this run is over"));
}

#[test]
fn tools_have_an_end() {
    let bench = Bench::new();
    let run = bench.run;
    bench
        .store
        .write_sync(move |tx| {
            tx.record(event())?;
            let call = crate::domain::ToolCall {
                id: 0,
                run,
                iteration: 1,
                tool: "bug".to_owned(),
                asked: String::new(),
                outcome: ToolOutcome::Done,
                answer: String::new(),
                bytes: 0,
                milliseconds: 0,
                at: Millis(0),
            };
            (0..limits::USES).try_for_each(|_| tx.insert_tool_call(&call))
        })
        .unwrap();
    assert!(bench.call("features", json!({})).unwrap_err().contains("2000 times"));
    let uses = bench.store.read_sync(|view| view.tool_uses(run)).unwrap();
    assert_eq!(uses, limits::USES, "what is refused for that leaves no more rows");
}

#[test]
fn what_a_person_told_is_found_by_agents_of_its_project_as_that() {
    let bench = Bench::new();
    bench
        .store
        .write_sync(|tx| {
            tx.record(event())?;
            tx.tell_bug(ProjectId(1), "Refunds go astray\n\nSince March.", &Actor::operator(1000, "ada"))
        })
        .unwrap();
    let found = bench.call("search_bugs", json!({ "text": "refunds that go astray" })).unwrap();
    let row = &found["bugs"][0];
    assert_eq!(
        (row["id"].as_str(), row["this_project"].as_bool(), row["seen"].as_u64()),
        (Some("b1"), Some(true), Some(0))
    );
    assert_eq!(row["from"], "a person told it, and no run has seen it yet");
    let whole = bench.call("bug", json!({ "id": "b1" })).unwrap();
    assert_eq!(
        (whole["message"].as_str(), &whole["projects"]),
        (Some("Refunds go astray\n\nSince March."), &json!(["shop"]))
    );
    let other = |name: &str, arguments: Value| bench.of(Role::Coder, bench.other, name, arguments);
    assert_eq!(other("search_bugs", json!({ "text": "refunds that go astray" })).unwrap()["bugs"], json!([]));
    assert!(other("bug", json!({ "id": "b1" })).unwrap_err().contains("there is no bug b1"));
}

#[test]
fn ids_of_bugs_are_read_strictly() {
    let bench = Bench::new();
    let who = Who { run: bench.run, project: ProjectId(1), iteration: 1, now: Millis(0), across: true };
    for text in ["", "b", "9b", "q9", "b-1", "b99999999999999999999", "b1 OR 1=1"] {
        assert!(bench.store.read_sync(|view| Ok(notes::bug(view, who, text))).unwrap().is_err(), "{text}");
    }
    assert_eq!("b12".parse::<BugId>().unwrap(), BugId(12));
}
