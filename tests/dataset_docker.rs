//! Data sets in real steps: read-only, only what was registered, and a question instead of a step where that is not so any more.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod support;

use dogwatch::domain::{QuestionKind, RunId, RunState};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use support::{Engine, TempRepo};

/// A suite that reads the data and fails where it can write it, with an agent that sees it, too.
fn repo(image: &str) -> TempRepo {
    let toml = format!(
        "datasets = [\"orders\"]\n[image]\nreference = \"{image}\"\n[[suite]]\nname = \"unit\"\ncommand = \"sh check.sh\"\n\
         format = \"junit\"\nreport = \"report.xml\"\ntimeout = \"1m\"\n[agent]\nname = \"command\"\ncommand = \"cp \
         /datasets/orders/may/orders.csv seen.csv; echo 1 > value\"\n"
    );
    let check = "verdict() { printf '<testsuite tests=\"1\"><testcase classname=\"c\" name=\"t\">%s</testcase></testsuite>' \"$1\" > \
                 report.xml; }\nif grep -q 'tea,7' /datasets/orders/may/orders.csv && ! touch /datasets/orders/x 2>/dev/null && test \
                 \"$(cat value)\" = 1; then verdict ''; else ls -la /datasets /datasets/orders; verdict '<failure message=\"no\"/>'; exit \
                 1; fi\n";
    TempRepo::new(&[("dogwatch.toml", &toml), ("check.sh", check), ("value", "0\n")])
}

/// A directory of data that everybody may read.
fn data(engine: &Engine) -> PathBuf {
    let dir = engine.home().join("data");
    fs::create_dir_all(dir.join("may")).unwrap();
    fs::write(dir.join("may/orders.csv"), "what,count\ntea,7\n").unwrap();
    for place in [engine.home(), &dir, &dir.join("may")] {
        fs::set_permissions(place, fs::Permissions::from_mode(0o755)).unwrap();
    }
    dir
}

/// Its whole life: registered, read by an agent and suites, changed, refused, put back.
fn lives(engine: &Engine, image: &str) {
    let (repo, dir) = (repo(image), data(engine));
    let project = engine.add(&repo);
    let path = dir.to_str().unwrap();
    let refused = engine.cmd(&["run", "-p", &project, "do it"]);
    assert!(refused.code == Some(5) && refused.stderr.contains("dogwatch dataset add orders PATH"), "{refused:?}");
    for (name, path) in [("Orders", path), ("orders", "/proc"), ("orders", engine.state().to_str().unwrap())] {
        assert_eq!(engine.cmd(&["dataset", "add", name, path]).code, Some(5), "{name} {path}");
    }
    let told = engine.cmd(&["dataset", "add", "orders", path, "--note", "those of May", "--json"]).json();
    assert_eq!((&told["dataset"]["state"], &told["dataset"]["files"]), (&"ready".into(), &1.into()), "{told}");
    let digest = told["dataset"]["digest"].as_str().unwrap().to_owned();
    assert_eq!(engine.cmd(&["dataset", "add", "orders", path]).code, Some(5), "names are taken once");
    // The agent sees it, and so do the suites.
    engine.cmd(&["run", "-p", &project, "do it"]).expect_code(0);
    let done = engine.reaches(RunId(1), RunState::Succeeded);
    assert_eq!(repo.show("dogwatch/run-1", "seen.csv").as_deref(), Some("what,count\ntea,7\n"), "{done:#?}");
    // A file that is written anew with the same content is read again, and is what it was.
    fs::write(dir.join("may/orders.csv"), "what,count\ntea,7\n").unwrap();
    engine.cmd(&["run", "-p", &project, "do it"]).expect_code(0);
    engine.reaches(RunId(2), RunState::Succeeded);
    assert!(engine.count("SELECT count(*) FROM audit WHERE kind = 'dataset.touched'") > 0);
    // Other content keeps the step from beginning, and a person is asked at once.
    fs::write(dir.join("may/orders.csv"), "what,count\ntea,8\n").unwrap();
    engine.cmd(&["run", "-p", &project, "do it"]).expect_code(0);
    let asks = engine.reaches(RunId(3), RunState::Escalated);
    let question = asks.questions.last().unwrap();
    assert_eq!((question.kind, question.title.as_str()), (QuestionKind::Trouble, "the next step cannot begin"));
    assert!(
        question.facts[0].contains("data set orders is changed") && question.facts[0].contains(&digest),
        "{question:?}"
    );
    assert!(asks.steps.iter().all(|step| step.key.suite != "unit"), "no suite began: {:#?}", asks.steps);
    assert_eq!(engine.cmd(&["dataset", "verify", "orders"]).code, Some(1));
    assert!(engine.cmd(&["run", "-p", &project, "more"]).stderr.contains("orders is changed"));
    assert!(engine.cmd(&["dataset", "ls"]).expect_code(0).contains("changed"));
    // Put back, it is verified, and the run goes on.
    fs::write(dir.join("may/orders.csv"), "what,count\ntea,7\n").unwrap();
    let text = engine.cmd(&["dataset", "verify", "orders"]).expect_code(0).to_owned();
    assert!(text.contains("ready") && text.contains(&digest), "{text}");
    engine.answer(RunId(3), true, "");
    engine.reaches(RunId(3), RunState::Succeeded);
    engine.cmd(&["dataset", "rm", "orders"]).expect_code(0);
    assert_eq!(engine.cmd(&["dataset", "show", "orders"]).code, Some(4));
    assert!(dir.join("may/orders.csv").exists());
    engine.assert_nothing_left();
    engine.assert_anchored();
}

mod needs_bwrap {
    use super::{Engine, lives};

    #[test]
    fn data_is_seen_as_it_was_registered_or_not_at_all() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        lives(&engine, "host");
    }
}

mod needs_docker {
    use super::{Engine, lives};
    use crate::support::docker;

    #[test]
    fn data_is_seen_as_it_was_registered_or_not_at_all() {
        let Some(docker) = docker() else { return };
        lives(&Engine::start(&docker), &docker.image);
    }
}
