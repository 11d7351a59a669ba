//! The way out on real containers: pip, npm, cargo and apt install from a mirror of this machine's during the setup and are
//! refused another host; an agent reaches what its role may; nothing else reaches anything.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

mod needs_docker {
    use crate::support::loops::{REPLAY, RIGHT, WRONG, python_repo};
    use crate::support::mirror::{Files, Mirror};
    use crate::support::packages::packages;
    use crate::support::{Engine, docker, wait_until};
    use dogwatch::domain::{EgressSeen, QuestionKind, RunId, RunState};
    use dogwatch::protocol::{Reply, Request};
    use serde_json::json;
    use std::fs;
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    /// A test that looks whether the way out is closed for suites.
    const CLOSED: &str = "import os\nimport socket\n\nimport pytest\n\nimport calc\n\n\ndef test_add():\n    assert calc.add(2, 3) \
        == 5\n\n\ndef test_no_way_out():\n    assert 'http_proxy' not in os.environ\n    with pytest.raises(ConnectionRefusedError):\n\
        \u{20}       socket.create_connection((\"127.0.0.1\", 3649), 5)\n";

    /// What this machine can lend to an image that lacks it.
    fn tools(files: &mut Files) {
        let script =
            "import ensurepip, glob, os; print(glob.glob(os.path.dirname(ensurepip.__file__) + '/_bundled/pip-*')[0])";
        let found = Command::new("python3").args(["-c", script]).output().ok();
        let wheel = found.and_then(|found| fs::read(String::from_utf8(found.stdout).ok()?.trim()).ok());
        if let Some(wheel) = wheel {
            files.insert("/tools/pip.whl".to_owned(), wheel);
        }
        let npm = Path::new("/usr/lib/node_modules/npm");
        if npm.join("bin/npm-cli.js").exists() {
            let mut archive = tar::Builder::new(Vec::new());
            archive.append_dir_all("npm", npm).unwrap();
            files.insert("/tools/npm.tar".to_owned(), archive.into_inner().unwrap());
        }
    }

    fn replay() -> String {
        let edit = json!([{ "path": "calc.py", "replace": { "old": "return a - b", "new": "return a + b" } }]);
        json!({ "replay": 1, "iterations": [{ "say": "repairs", "edits": edit, "claims": "done" }] }).to_string()
    }

    /// What a run asked for, once something of it that was refused is stored, too: that comes a moment later.
    fn seen(engine: &Engine, run: RunId) -> Vec<EgressSeen> {
        let mut seen = Vec::new();
        wait_until("what was refused", Duration::from_secs(20), || {
            seen = match engine.ask(Request::Egress { run }).expect("what was asked") {
                Reply::Egress { egress } => egress.seen,
                other => panic!("{other:?}"),
            };
            seen.iter().any(|row| !row.allowed) && seen.iter().all(|row| row.requests > 0)
        });
        seen
    }

    #[test]
    fn package_managers_install_from_the_allowed_mirror_and_reach_nothing_else() {
        let Some(docker) = docker() else { return };
        let mirror = Mirror::plain(|port| {
            let mut files = packages(&format!("http://mirror.example.org:{port}"));
            tools(&mut files);
            files
        });
        let other = Mirror::plain(|port| packages(&format!("http://other.example.org:{port}")));
        let (tls, certificate) = Mirror::tls(packages(""), "tls.example.org");
        let config = format!(
            "[egress]\nprojects-may-ask = [\"*.example.org\"]\nprivate = {{ \"mirror.example.org\" = \"{}\", \"other.example.org\" = \
             \"{}\", \"tls.example.org\" = \"{}\" }}\n",
            mirror.at, other.at, tls.at
        );
        let engine = Engine::configured(&docker, &config);
        let at = |host: &str, one: &Mirror| format!("{host}.example.org:{}", one.at.port());
        let (plain, other_at) =
            (format!("http://{}", at("mirror", &mirror)), format!("http://{}", at("other", &other)));
        let agent = format!(
            "{REPLAY}\n[setup]\ncommand = \"sh setup.sh\"\negress = [\"mirror.example.org\", \"tls.example.org\"]\ntimeout = \"5m\"\n"
        );
        let repo = python_repo(
            &docker,
            &agent,
            &[
                ("setup.sh", include_str!("egress/setup.sh")),
                ("mirror", &plain),
                ("other", &other_at),
                ("tls", &format!("https://{}", at("tls", &tls))),
                ("ca.pem", &certificate),
                ("replay.json", &replay()),
                ("tests/test_calc.py", CLOSED),
            ],
        );
        let run = engine.run_on(&repo);
        let detail = engine.rested(run);
        let log = engine.raw_log(run, "prepare");
        for line in log.lines().filter(|line| line.starts_with("SKIPPED")) {
            eprintln!("{line}");
        }
        assert!(!log.contains("WRONG"), "{log}");
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}\n{log}");
        for what in ["cargo", "apt", "https", "apt asks another host", "a datagram", "no interface but lo"] {
            assert!(log.contains(&format!("OK {what}\n")), "{what}: {log}");
        }
        assert_eq!(other.came(), 0, "{:?}", other.asked());
        assert!(tls.came() == 1 && mirror.came() > 5, "{:?}", mirror.asked());
        let seen = seen(&engine, run);
        let row = |host: &str| seen.iter().find(|row| row.host == host).unwrap_or_else(|| panic!("{host}: {seen:#?}"));
        assert!(row("mirror.example.org").allowed && row("mirror.example.org").down > 1_000);
        assert!(row("tls.example.org").allowed && row("tls.example.org").requests == 1);
        assert!(!row("other.example.org").allowed && row("other.example.org").down == 0);
        let told = engine.cmd(&["egress", &run.to_string()]);
        assert!(told.expect_code(0).contains("not on the list"), "{}", told.stdout);
        let shown = engine.cmd(&["show", &run.to_string()]);
        assert!(shown.expect_code(0).contains("Asked of hosts outside"), "{}", shown.stdout);
        engine.assert_anchored();
        engine.assert_nothing_left();
    }

    #[test]
    fn what_the_operator_does_not_let_repositories_ask_for_is_refused_before_the_run() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let agent = format!("{REPLAY}\n[setup]\ncommand = \"true\"\negress = [\"pypi\", \"evil.example.org\"]\n");
        let repo = python_repo(&docker, &agent, &[("replay.json", &replay())]);
        let project = engine.add(&repo);
        let error = engine.ask(crate::support::loops::submission(&project, None)).unwrap_err().to_string();
        assert!(error.contains("evil.example.org") && error.contains("projects-may-ask"), "{error}");
    }

    #[test]
    fn a_setup_that_lacks_a_host_goes_on_once_a_person_lets_the_run_reach_it() {
        let Some(docker) = docker() else { return };
        let engine = Engine::configured(&docker, "[egress]\nprojects-may-ask = [\"other.example.org\"]\n");
        let fetch = "python3 fetch.py";
        let agent = format!("{REPLAY}\n[setup]\ncommand = \"{fetch}\"\negress = [\"other.example.org\"]\n");
        let script = "import urllib.request\nurllib.request.urlopen('http://new.invalid/fix')\n";
        let repo = python_repo(&docker, &agent, &[("replay.json", &replay()), ("fetch.py", script)]);
        let run = engine.run_on(&repo);
        let asks = |detail: &dogwatch::protocol::RunDetail| {
            detail.questions.iter().any(|one| one.kind == QuestionKind::Egress && one.title.contains("new.invalid"))
        };
        let detail =
            engine.wait_run(run, "asking for the host", |detail| asks(detail) && detail.view.run.question.is_some());
        let log = engine.raw_log(run, "prepare");
        assert!(log.contains("403"), "{log}");
        let question = detail.questions.iter().find(|one| one.kind == QuestionKind::Egress).unwrap().id;
        let told = engine.cmd(&["approvals", "show", &question.to_string()]);
        assert!(told.expect_code(0).contains("may it reach new.invalid?"), "{}", told.stdout);
        // For every run of the project, which none but this one has yet.
        engine.cmd(&["approvals", "approve", &question.to_string(), "--project", "-r", "our mirror"]).expect_code(0);
        // It is let out to the host now, which does not exist.
        engine.answer(run, true, "");
        engine.wait_run(run, "asking again", |detail| {
            let run = &detail.view.run;
            run.attempt > 1 && run.question.is_some() && detail.egress.iter().any(|row| row.rule == "no address")
        });
        engine.expect_run(Request::Cancel { run, reason: "enough".to_owned() });
        engine.reaches(run, RunState::Cancelled);
        let project = detail.view.project.clone();
        let hosts = engine.cmd(&["project", "hosts", &project]);
        assert!(
            hosts.expect_code(0).contains("new.invalid") && hosts.stdout.contains("our mirror"),
            "{}",
            hosts.stdout
        );
        // The next run reaches it without asking, and the one after that is refused and asks again.
        let tries = |word: &'static str| {
            let run = engine.submit(&project, None);
            let detail = engine.wait_run(run, word, |detail| {
                detail.view.run.question.is_some() && detail.egress.iter().any(|row| row.rule == word)
            });
            let asked = detail.questions.iter().any(|one| one.kind == QuestionKind::Egress);
            engine.expect_run(Request::Cancel { run, reason: "enough".to_owned() });
            engine.reaches(run, RunState::Cancelled);
            asked
        };
        assert!(!tries("no address"));
        engine.cmd(&["project", "close-host", &project, "new.invalid", "-r", "moved"]).expect_code(0);
        assert!(tries("not on the list"));
        let again = engine.cmd(&["project", "close-host", &project, "new.invalid"]);
        again.expect_code(5);
        assert!(again.stderr.contains("nobody opened"), "{}", again.stderr);
        engine.assert_anchored();
    }

    #[test]
    fn an_agent_reaches_what_its_role_may_and_its_suites_do_not() {
        let Some(docker) = docker() else { return };
        let mirror = Mirror::plain(|_| Files::from([("/fix".to_owned(), RIGHT.as_bytes().to_vec())]));
        let config = format!(
            "[egress]\nprivate = {{ \"docs.example.org\" = \"{}\" }}\n[roles.coder]\negress = [\"docs.example.org\"]\n",
            mirror.at
        );
        let engine = Engine::configured(&docker, &config);
        let script = format!(
            "import urllib.error, urllib.request\n\
             try:\n    urllib.request.urlopen('http://evil.example.org/')\n\
             except urllib.error.HTTPError as error:\n    print(error, error.read().decode())\n\
             answer = urllib.request.urlopen('http://docs.example.org:{}/fix').read()\n\
             open('calc.py', 'wb').write(answer)\n\
             print('{{\"dogwatch\":{{\"ending\":\"claims_done\"}}}}')\n",
            mirror.at.port()
        );
        let agent = "[agent]\nname = \"command\"\ncommand = [\"python3\", \"agent.py\"]\n";
        let more = [("agent.py", script.as_str()), ("tests/test_calc.py", CLOSED), ("calc.py", WRONG)];
        let repo = python_repo(&docker, agent, &more);
        let run = engine.run_on(&repo);
        let detail = engine.rested(run);
        let log = engine.raw_log(run, "develop");
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}\n{log}");
        assert!(log.contains("host not on the list") && log.contains("its operator decides"), "{log}");
        let rows = seen(&engine, run).into_iter().map(|row| (row.host, row.allowed, row.requests));
        let mut rows: Vec<_> = rows.collect();
        rows.sort();
        assert_eq!(rows, [("docs.example.org".to_owned(), true, 1), ("evil.example.org".to_owned(), false, 1)]);
        assert_eq!(mirror.came(), 1);
    }
}
