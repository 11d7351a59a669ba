//! Test runs and containers that agents ask for.

use super::*;

impl Bench {
    fn tasks(&self, name: &str, arguments: Value) -> Result<Value, String> {
        let Value::Object(arguments) = arguments else { panic!("no object") };
        let toolset = Toolset::of(&Role::Coder.rules()).with_suites(vec!["unit".to_owned(), "lint".to_owned()]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let given = runtime.block_on(self.knowledge.answer(self.run, &toolset, name, arguments));
        given.map(|text| serde_json::from_str(&text).unwrap()).map_err(|fault| fault.to_string())
    }

    fn end(&self, task: i64, result: TaskResult) {
        let ended = self.store.write_sync(move |tx| {
            tx.record(event())?;
            tx.end_task(TaskId(task), &result)
        });
        assert!(ended.unwrap());
    }
}

#[test]
fn tests_are_asked_for_by_name_and_only_so_many() {
    let bench = Bench::new();
    let error = bench.tasks("run_tests", json!({"suite": "unit x"})).unwrap_err();
    assert!(error.contains("the suites are unit, lint"), "{error}");
    for id in 1..=4 {
        let given = bench.tasks("run_tests", json!({"suite": "unit"})).unwrap();
        assert_eq!((&given["task"], &given["copied"]), (&json!(format!("t{id}")), &json!(false)), "{given}");
    }
    let error = bench.tasks("run_tests", json!({"suite": "unit"})).unwrap_err();
    assert!(error.contains("not over yet"), "{error}");
    for id in 1..=20 {
        bench.end(id, TaskResult::plain(TaskOutcome::Passed, "good"));
        let given = bench.tasks("run_tests", json!({"suite": "lint"}));
        assert_eq!(given.is_ok(), id <= 16, "{id} {given:?}");
    }
    let listed = bench.tasks("tasks", json!({})).unwrap();
    assert_eq!(listed["tasks"].as_array().unwrap().len(), 20);
    // Another run's are not there, and a role without them has no such tools.
    let error = bench.of(Role::Coder, bench.other, "task", json!({"id": "t1"})).unwrap_err();
    assert!(error.contains("no task t1"), "{error}");
    let error = bench.of(Role::Researcher, bench.run, "run_tests", json!({"suite": "unit"})).unwrap_err();
    assert!(error.contains("no tool"), "{error}");
}

#[test]
fn what_came_of_a_task_is_told_and_why_the_engine_failed_is_not() {
    let bench = Bench::new();
    bench.tasks("run_tests", json!({"suite": "unit"})).unwrap();
    bench.tasks("run_tests", json!({"suite": "unit"})).unwrap();
    let mut result = TaskResult::plain(TaskOutcome::Failed, "the suite failed");
    (result.tests, result.findings) = (Some((2, 1, 0)), vec!["test_a: no".to_owned()]);
    bench.end(1, result);
    bench.end(2, TaskResult::plain(TaskOutcome::Broken, "/var/lib/secret place"));
    let one = bench.tasks("task", json!({"id": "t1", "wait": 5})).unwrap();
    assert_eq!((&one["tests"]["failed"], &one["findings"][0]), (&json!(1), &json!("test_a: no")), "{one}");
    assert!(one["from"].as_str().unwrap().contains("only the engine's own run"), "{one}");
    let two = bench.tasks("task", json!({"id": "t2"})).unwrap();
    assert!(!two.to_string().contains("secret"), "{two}");
    // A run that is not in a turn has none done.
    bench
        .store
        .write_sync({
            let id = bench.run;
            move |tx| {
                tx.record(event())?;
                let run = tx.run(id)?.unwrap();
                tx.update_run(&Run { state: RunState::Testing, ..run })
            }
        })
        .unwrap();
    let error = bench.tasks("run_tests", json!({"suite": "unit"})).unwrap_err();
    assert!(error.contains("yours is over"), "{error}");
}

#[test]
fn containers_are_asked_for_in_the_engines_own_words_alone() {
    let bench = Bench::new();
    let ask = |services: Option<Vec<String>>, name: &str, arguments: Value| {
        let Value::Object(arguments) = arguments else { panic!("no object") };
        let toolset = Toolset::of(&Role::Coder.rules());
        let toolset = services.map_or(toolset.clone(), |services| toolset.with_services(services));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let given = runtime.block_on(bench.knowledge.answer(bench.run, &toolset, name, arguments));
        given.map(|text| serde_json::from_str::<Value>(&text).unwrap()).map_err(|fault| fault.to_string())
    };
    let error = ask(None, "container_run", json!({"argv": ["id"]})).unwrap_err();
    assert!(error.contains("process sandbox"), "{error}");
    let db = || Some(vec!["db".to_owned()]);
    for (name, arguments, words) in [
        ("container_run", json!({"argv": ["id"], "privileged": true}), "no argument `privileged`"),
        ("container_run", json!({"argv": ["id"], "Argv": ["id"]}), "no argument `Argv`"),
        ("container_run", json!({}), "`argv` is missing"),
        ("container_run", json!({"argv": [" "]}), "begins with an empty text"),
        ("container_run", json!({"argv": ["a\0b"]}), "NUL"),
        ("container_run", json!({"argv": ["id"], "env": ["A"]}), "NAME=value"),
        ("container_run", json!({"argv": ["id"], "env": ["A=1", "A=2"]}), "A twice"),
        ("container_run", json!({"argv": ["id"], "image": "alpine"}), "there are run, db, and what"),
        ("container_run", json!({"argv": ["id"], "image": "t1"}), "no image t1"),
        ("container_run", json!({"argv": ["id"], "timeout": 601}), "1 to 600"),
        ("service_start", json!({"image": "db", "port": 70000}), "1 to 65535"),
        ("service_start", json!({"image": "db", "port": crate::gateway::PORT}), "the engine's own"),
        ("image_build", json!({"directory": "../.."}), "must be a path in your tree"),
        ("image_build", json!({"dockerfile": "/etc/passwd"}), "must be a path in your tree"),
        ("container_stop", json!({"id": "t9"}), "no task t9"),
        ("container_logs", json!({"id": "t1"}), "shows no logs"),
    ] {
        let error = ask(db(), name, arguments.clone()).unwrap_err();
        assert!(error.contains(words), "{name} {arguments}: {error}");
    }
    let started = ask(db(), "service_start", json!({"image": "db", "port": 5432})).unwrap();
    assert_eq!((&started["task"], &started["state"]), (&json!("t1"), &json!("queued")), "{started}");
    let error = ask(db(), "container_run", json!({"argv": ["id"], "image": "t1"})).unwrap_err();
    assert!(error.contains("no image t1"), "{error}");
    ask(db(), "container_stop", json!({"id": "t1"})).unwrap();
    assert!(bench.store.read_sync(|view| view.task(TaskId(1))).unwrap().unwrap().stopping);
}
