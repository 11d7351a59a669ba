//! The command line through the real executable: help, wrong usage, and what works without Docker.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{Output, TempRepo, wait_until};
use tempfile::TempDir;

/// A run of this is queued and waits, since there is no Docker.
const SETTINGS: &str = "version = 1
[image]
reference = \"docker.io/library/alpine:3\"
[[suite]]
name = \"unit\"
command = \"true\"
format = \"exit-code\"
[agent]
name = \"command\"
command = \"true\"
";

/// How long the engine may take for what it does by itself.
const SOON: Duration = Duration::from_mins(2);

/// Directories of a test's own; dropping it ends the engine that commands started in there.
struct Home {
    dir: TempDir,
}

impl Home {
    fn new() -> Self {
        // A short path: the address of a Unix socket has room for 107 bytes.
        Self { dir: tempfile::Builder::new().prefix("dwc").tempdir_in("/tmp").unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dogwatch"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env("DOGWATCH_STATE_DIR", self.path("state"))
            .env("DOGWATCH_CONFIG_DIR", self.path("config"))
            .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
            .env("HOME", self.dir.path())
            .env_remove("NO_COLOR")
            .env_remove("COLUMNS")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        output(&mut self.command(args))
    }

    fn feed(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child =
            self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.path("state/sock/engine.sock").exists() {
            return;
        }
        let pid =
            std::fs::read_to_string(self.path("state/engine.lock")).ok().and_then(|text| text.trim().parse().ok());
        let stopped = self.run(&["stop"]).code == Some(0);
        if let Some(pid) = pid.filter(|_| !stopped).and_then(rustix::process::Pid::from_raw) {
            // Fails only for a process that has ended, which is what is wanted.
            let _ends = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

fn output(command: &mut Command) -> Output {
    let done = command.output().unwrap();
    Output {
        code: done.status.code(),
        stdout: String::from_utf8(done.stdout).unwrap(),
        stderr: String::from_utf8(done.stderr).unwrap(),
    }
}

fn assert_tame(text: &str) {
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "control characters in {text:?}");
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The subcommands that a help page lists under "Commands:".
fn listed(help: &str) -> Vec<String> {
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The help of a command and of all below it.
fn tree(home: &Home, path: &[&str], pages: &mut String) {
    let help = home.run(&[path, &["--help"]].concat());
    let text = help.expect_code(0);
    assert_tame(text);
    assert!(!text.contains("-blanks}"), "{text}");
    assert!(text.lines().next().is_some_and(|line| line.len() > 10), "{path:?} has no words on it");
    pages.extend(["# dogwatch ", &path.join(" "), "\n", text, "\n"]);
    let names = listed(text);
    let bare =
        ["text", "evidence", "watch", "watchdog"].iter().any(|bare| path.contains(bare)) || path == ["debug", "agent"];
    if names.is_empty() && !bare {
        assert!(text.contains("--json"), "{path:?} has no --json");
    }
    for name in names {
        tree(home, &[path, &[name.as_str()]].concat(), pages);
    }
}

#[test]
fn every_command_has_help_and_json() {
    let home = Home::new();
    let mut pages = String::new();
    tree(&home, &[], &mut pages);
    tree(&home, &["debug"], &mut pages);
    for name in ["serve", "run", "ps", "show", "logs", "pause", "resume", "redirect", "cancel", "diff", "rollback"] {
        assert!(pages.contains(&format!("# dogwatch {name}\n")), "{name} is not in the help");
    }
    insta::assert_snapshot!("help", pages);
}

#[test]
fn wrong_usage_exits_2_and_stays_tame() {
    let home = Home::new();
    for args in [
        &["nonsense\u{1b}[2J"][..],
        &["show"],
        &["show", "x\u{1b}]0;title\u{7}"],
        &["approvals", "deny", "q1"],
        &["debug", "text"],
        &["debug", "text", "--exact", "--log"],
        &["logs", "r1", "--follow", "--raw"],
    ] {
        let said = home.run(args);
        assert_eq!(said.code, Some(2), "{args:?}: {}", said.stderr);
        assert_tame(&said.stderr);
        assert_tame(&said.stdout);
    }
}

#[test]
fn scripts_get_errors_as_json() {
    let home = Home::new();
    for (args, code) in [
        (&["nonsense\u{1b}[2J", "--json"][..], 2),
        (&["show", "--json", "x"], 2),
        (&["run", "--json", "-n", "0", "x"], 2),
        (&["run", "--json", "-n", "1001", "x"], 2),
        (&["serve", "--json"], 2),
        (&["show", "--json", "r1"], 4),
        (&["run", "--json", "x"], 1),
        (&["project", "add", "/nonexistent", "--json"], 1),
    ] {
        let said = home.run(args);
        assert_eq!((said.code, said.stdout.as_str()), (Some(code), ""), "{args:?}: {}", said.stderr);
        let lines = json_lines(&said.stderr);
        let error = &lines[0]["error"];
        assert_eq!((lines.len(), error["code"].as_i64()), (1, Some(code.into())), "{args:?}: {}", said.stderr);
        assert!(error["message"].as_str().is_some_and(|words| words.len() > 10), "{args:?}: {error}");
    }
    assert!(home.run(&["show", "r1"]).stderr.starts_with("error: "));
    let bash = home.run(&["completions", "bash", "--json"]).json();
    assert!(bash["shell"] == "bash" && bash["script"].as_str().unwrap().contains("dogwatch"), "{bash}");
}

#[test]
fn budgets_are_shown_with_their_caps() {
    let home = Home::new();
    std::fs::create_dir_all(home.path("config")).unwrap();
    let settings = "[budget.day]\ntime = \"8h\"\n[projects.shop.total]\nusd = 2.5\n[projects.nobody.day]\ntokens = 5\n";
    std::fs::write(home.path("config/config.toml"), settings).unwrap();
    let repo = TempRepo::new(&[("dogwatch.toml", SETTINGS)]);
    let source = repo.path().to_str().unwrap();
    home.run(&["project", "add", source, "--name", "shop"]).expect_code(0);
    home.run(&["run", "--project", "shop", "-n", "7", "do it"]).expect_code(0);
    let text = home.run(&["budget"]).expect_code(0).to_owned();
    assert_tame(&text);
    for words in ["all projects", "8h 0m", "$2.5000", "r1 of shop", "in UTC", "[projects.nobody]"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    let told = home.run(&["budget", "--json"]).json();
    assert_eq!(told["engine"]["caps"]["seconds"], 28_800, "{told}");
    assert_eq!(told["projects"][0]["total"]["caps"]["microusd"], 2_500_000, "{told}");
    assert_eq!(
        (&told["runs"][0]["budget"]["iterations"], &told["unknown"][0]),
        (&7.into(), &"nobody".into()),
        "{told}"
    );
    assert_eq!(home.run(&["approvals", "wait", "q1"]).code, Some(4));
}

#[test]
fn what_agents_may_read_is_registered_listed_and_removed() {
    let home = Home::new();
    let repo = TempRepo::new(&[("dogwatch.toml", SETTINGS)]);
    home.run(&["project", "add", repo.path().to_str().unwrap(), "--name", "shop"]).expect_code(0);
    let add = ["knowledge", "add", "dataset", "orders", "--project", "shop", "--text", "those of\u{1b}[2J May"];
    home.run(&add).expect_code(0);
    assert_eq!(home.run(&add).code, Some(5), "names are taken once");
    home.run(&["knowledge", "add", "dataset", "db-1", "--text", "the orders of June"]).expect_code(0);
    let text = home.run(&["knowledge", "ls"]).expect_code(0).to_owned();
    assert_tame(&text);
    assert!(text.contains("orders") && text.contains("all") && text.contains("db-1"), "{text}");
    assert_eq!(json_lines(&home.run(&["knowledge", "ls", "--json"]).stdout).len(), 2);
    home.run(&["knowledge", "rm", "1"]).expect_code(0);
    assert_eq!(home.run(&["knowledge", "rm", "1"]).code, Some(4));
    home.run(&["run", "--project", "shop", "do it"]).expect_code(0);
    assert!(home.run(&["tools", "r1"]).expect_code(0).contains("used no tools"));
    assert_eq!(home.run(&["tools", "r1", "--json"]).json()["uses"], 0);
    assert_eq!(home.run(&["tools", "r2"]).code, Some(4));
}

#[test]
fn a_feature_is_added_run_edited_and_closed_by_people() {
    let home = Home::new();
    let repo = TempRepo::new(&[("dogwatch.toml", SETTINGS)]);
    home.run(&["project", "add", repo.path().to_str().unwrap(), "--name", "shop"]).expect_code(0);
    let add = ["feature", "add", "refunds", "-p", "shop", "-d", "give money\u{1b}[2J back", "-c", "within a day"];
    let told = home.run(&[&add[..], &["-c", "no fee", "-n", "see shop.py", "--json"]].concat()).json();
    assert_eq!((&told["view"]["state"], &told["view"]["feature"]["id"]), (&"open".into(), &1.into()), "{told}");
    assert_eq!(home.run(&["feature", "add", " ", "-p", "shop", "-d", "x"]).code, Some(5));
    assert_eq!(home.run(&["feature", "add", "x", "-p", "farm", "-d", "x"]).code, Some(4));
    // Its words are the task, its project is the run's, and what is added comes after them.
    let run = home.run(&["run", "--feature", "f1", "begin with the tests", "-c", "quickly", "--json"]).json();
    let (task, criteria) = (run["run"]["task"].as_str().unwrap(), &run["run"]["criteria"]);
    assert!(task.starts_with("Feature f1: refunds\n\ngive money"), "{task}");
    assert!(task.ends_with("see shop.py\n\nThe operator adds:\n\nbegin with the tests"), "{task}");
    assert_eq!(criteria, &serde_json::json!(["within a day", "no fee", "quickly"]));
    let text = home.run(&["show", "r1"]).expect_code(0).to_owned();
    assert!(text.contains("feature   f1"), "{text}");
    assert_eq!(home.run(&["run"]).code, Some(2), "a task or a feature is needed");
    assert_eq!(home.run(&["run", "--feature", "f9"]).code, Some(4));
    assert_eq!(json_lines(&home.run(&["feature", "ls", "--json"]).stdout)[0]["state"], "in_work");
    // A run keeps the words that it was started with.
    assert_eq!(home.run(&["feature", "edit", "f1"]).code, Some(2));
    home.run(&["feature", "edit", "f1", "-c", "within an hour"]).expect_code(0);
    let text = home.run(&["feature", "show", "f1"]).expect_code(0).to_owned();
    assert_tame(&text);
    for words in
        ["1. within an hour", "2. no fee", "no test of it was counted yet", "from an earlier version", "said nothing"]
    {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    home.run(&["feature", "close", "f1", "--reason", "nobody wants it"]).expect_code(0);
    assert_eq!(home.run(&["feature", "close", "f1", "--reason", "again"]).code, Some(5));
    assert!(home.run(&["run", "--feature", "f1"]).stderr.contains("f1 is closed"));
    assert!(home.run(&["feature", "ls"]).expect_code(0).contains("no feature is open"));
    let text = home.run(&["feature", "ls", "--all"]).expect_code(0).to_owned();
    assert!(text.contains("closed") && text.contains("refunds"), "{text}");
    home.run(&["feature", "reopen", "f1"]).expect_code(0);
    assert_eq!(json_lines(&home.run(&["feature", "ls", "-p", "shop", "--json"]).stdout)[0]["runs"], 1);
    let log = home.run(&["audit", "log", "--kind", "feature"]).expect_code(0).to_owned();
    for kind in ["feature.added", "feature.changed", "feature.closed", "feature.reopened"] {
        assert!(log.contains(kind), "{kind} is not in\n{log}");
    }
}

#[test]
fn lessons_are_taught_edited_and_removed_and_prompts_have_room_for_few() {
    let home = Home::new();
    let repo = TempRepo::new(&[("dogwatch.toml", SETTINGS)]);
    home.run(&["project", "add", repo.path().to_str().unwrap(), "--name", "shop"]).expect_code(0);
    let long = "x".repeat(390);
    for text in ["never touch the schema", &long, &long, &long] {
        home.run(&["lesson", "add", text, "-p", "shop"]).expect_code(0);
    }
    assert_eq!(home.run(&["lesson", "add", "two\nlines", "-p", "shop"]).code, Some(5));
    assert_eq!(home.run(&["lesson", "add", &"x".repeat(401), "-p", "shop"]).code, Some(5));
    assert_eq!(home.run(&["lesson", "add", "x", "-p", "farm"]).code, Some(4));
    let quoted = |home: &Home| -> Vec<(i64, bool)> {
        let lines = json_lines(&home.run(&["lesson", "ls", "--json"]).stdout);
        lines.iter().map(|one| (one["lesson"]["id"].as_i64().unwrap(), one["quoted"].as_bool().unwrap())).collect()
    };
    assert_eq!(quoted(&home), [(4, true), (3, true), (2, false), (1, true)]);
    home.run(&["lesson", "edit", "l3", "count\u{1b}[2J twice"]).expect_code(5);
    home.run(&["lesson", "edit", "l3", "count twice"]).expect_code(0);
    assert!(home.run(&["lesson", "rm", "l4"]).expect_code(0).contains("l4 is removed"));
    assert!(home.run(&["lesson", "show", "l3"]).expect_code(0).starts_with("l3 of shop\ncount twice"));
    assert_eq!(home.run(&["lesson", "show", "l4"]).code, Some(4));
    assert_eq!(home.run(&["lesson", "rm", "l4"]).code, Some(4));
    assert_eq!(quoted(&home), [(3, true), (2, true), (1, true)]);
    let text = home.run(&["lesson", "ls", "-p", "shop"]).expect_code(0).to_owned();
    assert_tame(&text);
    assert!(text.contains("said anew by") && text.contains("count twice"), "{text}");
}

#[test]
fn a_clock_is_kept_listed_paused_and_removed() {
    let home = Home::new();
    let repo = TempRepo::new(&[("dogwatch.toml", SETTINGS)]);
    home.run(&["project", "add", repo.path().to_str().unwrap(), "--name", "shop"]).expect_code(0);
    let suite = "unit";
    let told =
        home.run(&["task", "add", "-p", "shop", "-s", suite, "--cron", "0 3 * * * Europe/Vienna", "--json"]).json();
    assert_eq!((&told["view"]["schedule"]["id"], &told["firings"]), (&1.into(), &serde_json::json!([])), "{told}");
    home.run(&["task", "add", "-p", "shop", "--at", "in 2h"]).expect_code(0);
    for wrong in [&["--at", "soon"][..], &["--at", "in 2h", "--cron", "0 3 * * *"]] {
        assert_eq!(home.run(&[&["task", "add", "-p", "shop"], wrong].concat()).code, Some(2), "{wrong:?}");
    }
    let refused = home.run(&["task", "add", "-p", "shop", "--cron", "every\u{1b}[2J night"]);
    assert_eq!(refused.code, Some(5));
    assert_tame(&refused.stderr);
    assert_eq!(home.run(&["task", "add", "-p", "shop", "-s", "load"]).code, Some(5));
    assert_eq!(home.run(&["task", "pause", "c1"]).expect_code(0).matches("paused").count(), 1);
    assert_eq!(home.run(&["task", "pause", "c1"]).code, Some(5));
    let text = home.run(&["task", "ls"]).expect_code(0).to_owned();
    assert_tame(&text);
    for words in ["paused", "suite unit", "all suites", "in 1h 59m", "not yet", "0 3 * * * Europe/Vienna"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    home.run(&["task", "resume", "c1"]).expect_code(0);
    home.run(&["task", "rm", "c2"]).expect_code(0);
    assert_eq!(json_lines(&home.run(&["task", "ls", "-p", "shop", "--json"]).stdout).len(), 1);
    assert_eq!(home.run(&["task", "show", "c2"]).code, Some(4));
    let log = home.run(&["audit", "log", "--kind", "schedule"]).expect_code(0).to_owned();
    for kind in ["schedule.added", "schedule.paused", "schedule.resumed", "schedule.removed"] {
        assert!(log.contains(kind), "{kind} is not in\n{log}");
    }
}

#[test]
fn the_unit_starts_the_engine_of_this_shell() {
    let home = Home::new();
    let unit = home.run(&["serve", "--print-unit"]).expect_code(0).to_owned();
    let state = home.path("state");
    for line in [
        format!("ExecStart=\"{}\" serve", env!("CARGO_BIN_EXE_dogwatch")),
        format!("Environment=\"DOGWATCH_STATE_DIR={}\"", state.display()),
        "Environment=\"DOCKER_HOST=unix:///nonexistent/docker.sock\"".to_owned(),
        "Restart=on-failure".to_owned(),
    ] {
        assert!(unit.lines().any(|one| one == line), "{line} is not in\n{unit}");
    }
    assert_eq!(home.run(&["serve", "--print-unit", "--json"]).json()["unit"], unit);
    assert!(!state.exists());
}

/// Runs in the work tree of a repository.
fn run_in(home: &Home, repo: &Path, args: &[&str]) -> Output {
    output(home.command(args).current_dir(repo))
}

#[test]
fn every_repository_gets_a_name_and_what_could_not_work_is_refused_at_once() {
    let home = Home::new();
    let repo = |place: &str, files: &[(&str, &str)]| {
        let repo = TempRepo::new(files);
        let to = home.path(place);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::rename(repo.path(), &to).unwrap();
        to
    };
    let fine = [("dogwatch.toml", SETTINGS)];
    for (place, name) in
        [("a/shop", "shop"), ("b/shop", "shop-2"), ("c/My é Shop", "My---Shop"), ("d/p3", "project-p3")]
    {
        let repo = repo(place, &fine);
        run_in(&home, &repo, &["run", "do it"]).expect_code(0);
        run_in(&home, &repo, &["run", "do it again"]).expect_code(0);
        let projects = json_lines(home.run(&["project", "ls", "--json"]).expect_code(0));
        let source = repo.to_str().unwrap();
        let found = projects.iter().find(|one| one["source"] == source).unwrap();
        assert_eq!(found["name"], name, "{place}");
    }
    let again = home.run(&["project", "add", home.path("a/shop").to_str().unwrap()]);
    again.expect_code(5);
    assert!(again.stderr.contains("--name"), "{}", again.stderr);

    let long = run_in(&home, &home.path("a/shop"), &["run", &"x".repeat(70_000)]);
    long.expect_code(5);
    assert!(long.stderr.contains("70000 bytes, at most 65536"), "{}", long.stderr);
    let image = SETTINGS.replace("docker.io", "registry.example");
    let refused = run_in(&home, &repo("e/far", &[("dogwatch.toml", &image)]), &["run", "do it"]);
    refused.expect_code(5);
    assert!(refused.stderr.contains("allowed-registries"), "{}", refused.stderr);

    // A coding agent needs a model, and no way leads to one.
    let coding = SETTINGS.replace("name = \"command\"\ncommand = \"true\"", "name = \"claude\"\nmodel = \"m\"");
    let refused = run_in(&home, &repo("e/coding", &[("dogwatch.toml", &coding)]), &["run", "do it"]);
    refused.expect_code(5);
    assert!(refused.stderr.contains("the agent `claude` has no model"), "{}", refused.stderr);
    assert!(refused.stderr.contains("add [models.anthropic]"), "{}", refused.stderr);

    let linked = repo("f/linked", &fine);
    let git = git2::Repository::open(&linked).unwrap();
    let head = git.head().unwrap().peel_to_commit().unwrap();
    let mut builder = git.treebuilder(Some(&head.tree().unwrap())).unwrap();
    builder.insert("lib", head.id(), 0o160_000).unwrap();
    let tree = git.find_tree(builder.write().unwrap()).unwrap();
    let who = git2::Signature::now("x", "x@example.invalid").unwrap();
    git.commit(Some("HEAD"), &who, &who, "a link", &tree, &[&head]).unwrap();
    let refused = run_in(&home, &linked, &["run", "do it"]);
    refused.expect_code(5);
    assert!(refused.stderr.contains("lib: submodules are not supported"), "{}", refused.stderr);
}

#[test]
fn a_run_that_follows_another_waits_and_asks_when_that_one_is_cancelled() {
    let home = Home::new();
    let repo = TempRepo::new(&[("dogwatch.toml", SETTINGS)]);
    let run = |args: &[&str]| run_in(&home, repo.path(), &[&["run", "do it"], args].concat());
    run(&[]).expect_code(0);
    run(&["--after", "r1", "--priority", "high"]).expect_code(0);
    for itself_or_unknown in ["r3", "r1,r99"] {
        let refused = run(&["--after", itself_or_unknown]);
        refused.expect_code(4);
        assert!(refused.stderr.contains("there is no run r"), "{}", refused.stderr);
    }
    let refused = home.run(&["priority", "r2", "urgent"]);
    refused.expect_code(2);
    assert!(refused.stderr.contains("write high, normal or low"), "{}", refused.stderr);

    let shows = |args: &[&str], part: &str| home.run(args).expect_code(0).contains(part);
    wait_until("a word on what it waits for", SOON, || shows(&["ps"], "r1 to succeed"));
    assert!(shows(&["show", "r2"], "high"));
    assert!(shows(&["priority", "r2", "low"], "r2 has low priority"));
    wait_until("the same word", SOON, || shows(&["ps"], "r1 to succeed"));
    let exported = home.run(&["audit", "export"]);
    let records = exported.expect_code(0).lines().filter_map(|line| line.split_once(' '));
    let records: Vec<Value> = records.map(|(_, record)| serde_json::from_str(record).unwrap()).collect();
    let changed = records.iter().rfind(|one| one["kind"] == "run.prioritise").unwrap();
    assert_eq!(changed["detail"]["priority"], serde_json::json!({ "from": "high", "to": "low" }));

    home.run(&["cancel", "r1"]).expect_code(0);
    wait_until("a question", SOON, || {
        shows(&["approvals", "ls"], "r2 was to follow what did not succeed: r1 was cancelled")
    });
    let refused = run(&["--after", "r1"]);
    refused.expect_code(5);
    assert!(refused.stderr.contains("r1 is cancelled and will not succeed any more"), "{}", refused.stderr);
    home.run(&["redirect", "r2", "go on"]).expect_code(5);
    home.run(&["approvals", "approve", "q1"]).expect_code(0);
    assert!(shows(&["show", "r2"], "r1: it did not succeed; a person let this one start all the same"));
}

#[test]
fn people_tell_bugs_and_say_which_are_one() {
    let home = Home::new();
    let repos = [TempRepo::new(&[("dogwatch.toml", SETTINGS)]), TempRepo::new(&[("dogwatch.toml", SETTINGS)])];
    for (repo, name) in repos.iter().zip(["shop", "farm"]) {
        home.run(&["project", "add", repo.path().to_str().unwrap(), "--name", name]).expect_code(0);
    }
    let add = |args: &[&str]| home.run(&[&["bug", "add"], args].concat());
    let told = add(&["--project", "shop", "Refunds go astray", "--description", "Since March,\nonly with two cards."]);
    assert!(told.expect_code(0).contains("b1 open: told by "), "{}", told.stdout);
    assert!(told.stdout.contains("of shop; no run has seen it") && told.stdout.contains("only with two cards."));
    let told = home.feed(&["bug", "add", "-p", "shop", "Refunds are lost", "-d", "-", "--json"], b"From a pipe.\n");
    let detail = json_lines(std::str::from_utf8(&told).unwrap()).remove(0);
    assert_eq!(detail["bug"]["message"], "Refunds are lost\n\nFrom a pipe.");
    assert_eq!((&detail["bug"]["told"]["project"], &detail["alike"][0]["id"]), (&"shop".into(), &1.into()));
    add(&["-p", "farm", "Cows are lost"]).expect_code(0);
    add(&["-p", "shop", "two\nlines"]).expect_code(5);
    add(&["-p", "nowhere", "Refunds"]).expect_code(4);

    let merge = |from: &str, into: &str| home.run(&["bug", "merge", from, into, "--reason", "one and the same"]);
    let refused = merge("b1", "b3");
    refused.expect_code(5);
    assert!(refused.stderr.contains("bugs of different projects stay apart"), "{}", refused.stderr);
    assert!(merge("b2", "b1").expect_code(0).contains("merged into it: b2"));
    let refused = merge("b1", "b2");
    refused.expect_code(5);
    assert!(refused.stderr.contains("b2 is a part of b1"), "{}", refused.stderr);
    let shown = home.run(&["bug", "show", "b2"]);
    assert!(shown.expect_code(0).starts_with("b2 was merged into b1\nb1 open"), "{}", shown.stdout);
    let listed: Vec<Value> = json_lines(home.run(&["bug", "ls", "--json"]).expect_code(0));
    assert_eq!(listed.iter().map(|bug| bug["id"].as_i64().unwrap()).collect::<Vec<_>>(), [3, 1]);
    let log = home.run(&["audit", "log", "--kind", "bug."]);
    assert!(log.expect_code(0).contains("bug.merged"), "{}", log.stdout);
    home.run(&["bug", "close", "b2", "--reason", "explained"]).expect_code(0);
    assert!(!home.run(&["bug", "ls"]).expect_code(0).contains("Refunds"));
}

#[test]
fn plain_lines_tell_what_happens_and_nothing_twice() {
    let home = Home::new();
    let repo = TempRepo::new(&[("dogwatch.toml", SETTINGS)]);
    let run = |args: &[&str]| run_in(&home, repo.path(), &[&["run", "do it"], args].concat());
    run(&[]).expect_code(0);
    let mut child = home.command(&["watch", "--plain"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut heard = Vec::new();
    let mut until = |part: &str| {
        while !heard.last().is_some_and(|line: &String| line.contains(part)) {
            heard.push(lines.next().expect("more lines"));
        }
    };
    until("r1 is ");
    run(&["--after", "r1"]).expect_code(0);
    until("r2 is queued");
    home.run(&["cancel", "r1"]).expect_code(0);
    until("dogwatch approvals approve q1");
    home.run(&["approvals", "deny", "q1", "--reason", "no more"]).expect_code(0);
    until("r2 has ended: cancelled");
    let told = |part: &str| heard.iter().filter(|line| line.contains(part)).count();
    assert_eq!((told("r1 has ended: cancelled"), told("r2 asks q1"), told("r2 is queued")), (1, 1, 1), "{heard:?}");
    for line in &heard {
        assert_tame(line);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_repository_of_another_user_is_taken() {
    if !rustix::process::geteuid().is_root() {
        // Only root can give a repository away.
        return;
    }
    let home = Home::new();
    let repo = TempRepo::new(&[("dogwatch.toml", SETTINGS)]);
    for place in [repo.path().to_owned(), repo.file(".git")] {
        std::os::unix::fs::chown(place, Some(4242), Some(4242)).unwrap();
    }
    home.run(&["project", "add", repo.path().to_str().unwrap(), "--name", "theirs"]).expect_code(0);
}

#[test]
fn text_goes_through_the_exact_form_and_back() {
    let home = Home::new();
    let bytes: Vec<u8> = (0..=255).chain(*b"\x1b]52;c;aGk=\x07 \n\n").collect();
    let shown = home.feed(&["debug", "text", "--exact"], &bytes);
    assert_tame(std::str::from_utf8(&shown).unwrap());
    assert_eq!(home.feed(&["debug", "text", "--exact", "--decode"], &shown), bytes);
    let log = home.feed(&["debug", "text", "--log"], b"\x1b[31mred\x1b[0m \x1b[2J\r\n");
    assert_eq!(log, "\u{1b}[0;31mred\u{1b}[0m \u{1b}[0;2m\u{241b}[2J\u{1b}[0m\n".as_bytes());
    let points = home.run(&["debug", "crash-points"]);
    assert!(points.expect_code(0).lines().count() > 40);
    let found = home.feed(&["debug", "evidence"], b"=== 1 failed, 2 passed in 0.1s ===\n");
    let last: Value = serde_json::from_str(std::str::from_utf8(&found).unwrap().lines().last().unwrap()).unwrap();
    assert_eq!((&last["summary"]["failed"], &last["summary"]["passed"]), (&Value::from(1), &Value::from(2)));
}

#[test]
fn a_recorded_stream_becomes_events_and_an_ending() {
    let home = Home::new();
    let recorded = |name: &str| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/recorded");
        std::fs::read(root.join(name)).unwrap()
    };
    let read = |args: &[&str], input: &[u8]| {
        let shown = String::from_utf8(home.feed(&[&["debug", "agent"], args].concat(), input)).unwrap();
        assert!(shown.is_ascii());
        let lines = json_lines(&shown);
        let (last, events) = lines.split_last().unwrap();
        assert!(events.iter().all(|event| event["event"].is_string()), "{shown}");
        (last["ending"].as_str().unwrap().to_owned(), events.len(), last.clone())
    };
    let success = recorded("claude/success.jsonl");
    let (ending, events, last) = read(&["claude"], &success);
    assert_eq!((ending.as_str(), last["tools"].as_u64(), last["damaged"].as_u64()), ("finished", Some(3), Some(0)));
    assert!(events > 10);
    assert_eq!(read(&["claude", "--exit", "1"], &success).0, "crashed");
    assert_eq!(read(&["claude", "--stopped-by-us"], &success).0, "stopped");
    assert_eq!(read(&["codex", "--exit", "1"], &recorded("codex/limit.jsonl")).0, "rate_limited");
    assert_eq!(read(&["opencode"], b"").0, "crashed");
    let (_, _, hostile) = read(&["gemini"], b"\x1b[2J\xff\n{\"type\":\"\xe2\x80\xae\"}\n");
    assert_eq!((hostile["damaged"].as_u64(), hostile["unknown"].as_u64()), (Some(1), Some(1)));
    let unknown = home.run(&["debug", "agent", "nora"]);
    unknown.expect_code(2);
    assert!(unknown.stderr.contains("claude, codex, gemini, opencode and copilot"), "{}", unknown.stderr);
}

#[test]
fn a_history_becomes_verdicts() {
    let home = Home::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/watchdog/histories/same-three-after-gains.jsonl");
    let shown = home.feed(&["debug", "watchdog"], &std::fs::read(root).unwrap());
    let lines = json_lines(std::str::from_utf8(&shown).unwrap());
    assert_eq!(lines.len(), 8);
    let last = lines.last().unwrap();
    assert_eq!((&last["n"], &last["verdict"], &last["rule"]), (&Value::from(8), &"stuck".into(), &"R1".into()));
    assert!(last["evidence"].as_str().unwrap().starts_with("the same 3 tests failed in iterations 4"));
    let hostile = b"{\"type\":\"iteration\",\"n\":1,\"ending\":\"finished\",\"failing\":[\"\\u001b[2J\\u202e\"]}\n";
    let shown = home.feed(&["debug", "watchdog"], &hostile.repeat(6));
    assert!(shown.is_ascii() && json_lines(std::str::from_utf8(&shown).unwrap()).len() == 6);
    // What was read before a fault is told, and then the fault.
    let mut command = home.command(&["debug", "watchdog"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&[&hostile[..], b"{\"type\":\"dance\"}\n"].concat()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.split(|b| *b == b'\n').count()), (Some(1), 2));
    assert!(told.contains("line 2 of the history is no event: unknown variant `dance`"), "{told}");
    // The thresholds are those of the operator, and a wrong one is refused.
    std::fs::create_dir_all(home.path("config")).unwrap();
    std::fs::write(home.path("config/config.toml"), "[watchdog]\nsame-warn = 2\nsame-pause = 3\n").unwrap();
    let lines = json_lines(std::str::from_utf8(&home.feed(&["debug", "watchdog"], &hostile.repeat(3))).unwrap());
    assert_eq!(lines[2]["verdict"], "stuck");
    std::fs::write(home.path("config/config.toml"), "[watchdog]\nsame-pause = 9\n").unwrap();
    let refused = home.run(&["debug", "watchdog"]);
    refused.expect_code(1);
    assert!(refused.stderr.contains("`same-pause` could never be reached"), "{}", refused.stderr);
}

#[test]
fn shells_get_completions() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(home.run(&["completions", shell]).expect_code(0).contains("dogwatch"), "{shell}");
    }
}

#[test]
fn every_subcommand_has_a_manual_page() {
    let home = Home::new();
    let dir = home.dir.path().join("man1");
    let told = home.run(&["man", dir.to_str().unwrap(), "--json"]);
    let pages = json_lines(told.expect_code(0)).remove(0);
    let named: Vec<&str> = pages["pages"].as_array().unwrap().iter().map(|page| page.as_str().unwrap()).collect();
    for page in ["dogwatch.1", "dogwatch-run.1", "dogwatch-asset-add.1", "dogwatch-demo.1"] {
        assert!(named.contains(&page), "{named:?}");
        assert!(std::fs::read_to_string(dir.join(page)).unwrap().contains(".TH"), "{page}");
    }
    assert!(!named.iter().any(|page| page.contains("debug")), "{named:?}");
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), named.len());
    let refused = home.run(&["man", "/proc/nowhere"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("name a directory"), "{}", refused.stderr);
}

#[test]
fn topics_are_listed_and_read_and_subcommands_tell_of_themselves() {
    let home = Home::new();
    let listed = home.run(&["help"]).expect_code(0).to_owned();
    for topic in ["security", "operations", "protocol", "troubleshooting", "config", "keys"] {
        assert!(listed.contains(&format!("  {topic} ")), "{listed}");
        let page = home.run(&["help", topic]).expect_code(0).to_owned();
        assert!(page.lines().count() > 20 && page.lines().all(|line| line.chars().count() <= 80), "{page}");
    }
    assert!(home.run(&["help", "asset", "add"]).expect_code(0).contains("Usage: dogwatch asset add"));
    let unknown = home.run(&["help", "securty\u{1b}[2J"]);
    assert!(unknown.code == Some(4) && unknown.stderr.contains("topics are"), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("\\e[2J") && !unknown.stderr.contains('\u{1b}'), "{}", unknown.stderr);
}

#[test]
fn init_writes_once() {
    let home = Home::new();
    let repo = TempRepo::new(&[("Cargo.toml", "[package]\nname = \"x\"\n"), ("src/lib.rs", "")]);
    let place = repo.path().to_str().unwrap();
    let said = home.run(&["init", place]);
    assert!(said.expect_code(0).contains("commit"), "{}", said.stdout);
    let text = std::fs::read_to_string(repo.file("dogwatch.toml")).unwrap();
    assert!(text.contains("cargo test"), "{text}");
    let again = home.run(&["init", place]);
    again.expect_code(5);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(json_lines(home.run(&["init", place, "--force", "--json"]).expect_code(0))[0]["unknown"], false);
    home.run(&["init", "/nonexistent\u{1b}"]).expect_code(1);
    assert_eq!(
        std::fs::read_dir(repo.path())
            .unwrap()
            .filter(|one| { one.as_ref().unwrap().file_name().to_str().unwrap().starts_with(".dogwatch") })
            .count(),
        0,
        "nothing is left beside"
    );
}

#[test]
fn init_writes_only_where_the_file_counts() {
    let home = Home::new();
    let repo = TempRepo::new(&[
        ("a/go.mod", "module a\n"),
        ("b c/go.mod", "module b\n"),
        ("d/go.mod", "module d\n"),
        (".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n"),
    ]);
    let place = repo.path().to_str().unwrap();
    let inside = home.run(&["init", &format!("{place}/a")]);
    inside.expect_code(5);
    assert!(inside.stderr.contains("counts at its top only"), "{}", inside.stderr);
    assert!(!repo.file("a/dogwatch.toml").exists());
    let said = home.run(&["init", place]);
    let words = said.expect_code(0).replace('\n', " ");
    assert!(words.contains(&format!("git -C {place} add dogwatch.toml && git -C {place} commit")), "{words}");
    assert!(words.contains("No run can start") && words.contains("submodules are not supported"), "{words}");
    let seen = &json_lines(home.run(&["init", place, "--force", "--json"]).expect_code(0))[0];
    let names: Vec<_> =
        seen["found"].as_array().unwrap().iter().flat_map(|one| one["suites"].as_array().unwrap()).collect();
    assert_eq!(names, ["a-go", "d-go"], "{seen}");
    assert_eq!(seen["repository"], true);
    let text = std::fs::read_to_string(repo.file("dogwatch.toml")).unwrap();
    assert!(text.contains("name = \"d-go\"") && text.contains("# name = \"claude\""), "{text}");
    let bare = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("git").args(["init", "-q", "--bare"]).arg(bare.path()).status().unwrap();
    assert!(made.success());
    let refused = home.run(&["init", bare.path().to_str().unwrap()]);
    refused.expect_code(5);
    assert!(refused.stderr.contains("in a clone") && !bare.path().join("dogwatch.toml").exists(), "{}", refused.stderr);
    let plain = tempfile::tempdir().unwrap();
    let said = home.run(&["init", plain.path().to_str().unwrap()]);
    assert!(said.expect_code(0).contains("no git repository yet"), "{}", said.stdout);
}

#[test]
fn doctor_names_a_missing_docker() {
    let home = Home::new();
    let said = home.run(&["doctor", "--json"]);
    let findings = json_lines(said.expect_code(1));
    let docker = findings.iter().find(|one| one["check"] == "docker").unwrap();
    assert_eq!(docker["level"], "fail");
    assert!(docker["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()));
    for check in ["executable", "state-directory", "disk", "session", "clock", "config", "engine"] {
        assert!(findings.iter().any(|one| one["check"] == check), "{check} is not looked at");
    }
    assert_tame(home.run(&["doctor"]).expect_code(1));
    assert!(!home.path("state").exists(), "doctor must leave nothing behind");
}

#[test]
fn an_engine_is_started_asked_and_stopped() {
    let home = Home::new();
    home.run(&["audit", "verify"]).expect_code(4);
    let status = home.run(&["status", "--json"]).json();
    assert!(status["sandbox_fault"].as_str().is_some_and(|words| words.contains("/nonexistent/docker.sock")));
    let pid = i32::try_from(status["pid"].as_i64().unwrap()).unwrap();
    // A session of its own: the engine outlives the terminal.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let session = stat.rsplit(") ").next().unwrap().split(' ').nth(3).unwrap();
    assert_eq!(session, pid.to_string(), "{stat}");

    let repo = TempRepo::new(&[("dogwatch.toml", SETTINGS)]);
    let place = repo.path().to_str().unwrap();
    let hostile = home.run(&["project", "add", place, "--name", "evil\u{1b}[2J\u{202e}"]);
    hostile.expect_code(5);
    assert_tame(&hostile.stderr);
    let project = home.run(&["project", "add", place, "--name", "shop", "--json"]).json();
    assert_eq!(project["source"], std::fs::canonicalize(repo.path()).unwrap().to_str().unwrap());
    let plain = home.path("plain");
    std::fs::create_dir(&plain).unwrap();
    let refused = home.run(&["project", "add", "plain"]);
    refused.expect_code(1);
    assert!(refused.stderr.contains("not a git repository"), "{}", refused.stderr);
    assert_eq!(json_lines(home.run(&["project", "ls", "--json"]).expect_code(0)).len(), 1);

    let task = "do it\u{1b}]0;owned\u{7}\u{202e}\r\nnow\u{9b}2J";
    let started = home.run(&["run", task, "--project", "shop", "--criterion", "\u{1b}[1mc"]);
    assert_tame(started.expect_code(0));
    let runs = json_lines(home.run(&["ps", "--all", "--json"]).expect_code(0));
    assert_eq!((runs.len(), &runs[0]["run"]["task"]), (1, &Value::from(task)));
    for args in
        [&["ps", "--all"][..], &["show", "r1"], &["logs", "r1"], &["logs", "r1", "--list"], &["approvals", "ls"], &[]]
    {
        let said = home.run(args);
        assert_tame(&said.stdout);
        assert_tame(&said.stderr);
    }
    assert!(home.run(&["show", "r1"]).expect_code(0).contains("\\e]0;owned\\u{7}\\u{202e}\\r\\n"));
    home.run(&["show", "r77"]).expect_code(4);
    home.run(&["approvals", "show", "q77"]).expect_code(4);

    interrupting_a_follower_leaves_the_run(&home);
    for (args, state) in [(["pause", "r2"], "paused"), (["resume", "r2"], "r2 is "), (["cancel", "r2"], "cancel")] {
        let said = home.run(&args);
        assert!(said.expect_code(0).contains(state), "{args:?}: {}", said.stdout);
    }
    stops_and_leaves_its_log(&home, pid);
}

fn interrupting_a_follower_leaves_the_run(home: &Home) {
    let mut command = home.command(&["run", "second", "--project", "shop", "--follow"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("iteration 0/")), "no progress was shown");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    let done = child.wait_with_output().unwrap();
    let words = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(130), "{words}");
    assert!(words.contains("r2 goes on in the engine"), "{words}");
}

#[test]
fn a_follower_outlives_the_engine() {
    let home = Home::new();
    let repo = TempRepo::new(&[("dogwatch.toml", SETTINGS)]);
    home.run(&["project", "add", repo.path().to_str().unwrap(), "--name", "shop"]).expect_code(0);
    let pid = i32::try_from(home.run(&["status", "--json"]).json()["pid"].as_i64().unwrap()).unwrap();
    let mut command = home.command(&["run", "task", "--project", "shop", "--follow"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("iteration 0/")), "no progress was shown");
    let engine = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(engine, rustix::process::Signal::KILL).unwrap();
    assert!(lines.any(|line| line.unwrap().contains("the engine went away")), "its end was not told");
    // Another engine is started by whoever asks next.
    home.run(&["cancel", "r1"]).expect_code(0);
    assert!(lines.any(|line| line.unwrap().contains("cancelled")), "the new engine's news were not shown");
    assert_eq!(child.wait().unwrap().code(), Some(11));
    home.run(&["stop"]).expect_code(0);
}

fn stops_and_leaves_its_log(home: &Home, pid: i32) {
    home.run(&["stop"]).expect_code(0);
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    wait_until("the engine is gone", Duration::from_secs(20), || {
        rustix::process::test_kill_process(pid).is_err() || is_zombie(pid.as_raw_nonzero().get())
    });
    assert!(home.run(&["stop"]).expect_code(0).contains("no engine"));
    let verdict = home.run(&["audit", "verify", "--json"]).json();
    assert_eq!(verdict["verdict"], "intact");
    let export = home.path("log");
    home.run(&["audit", "export", "--file", export.to_str().unwrap()]).expect_code(0);
    assert_eq!(home.run(&["audit", "export"]).expect_code(0).as_bytes(), std::fs::read(&export).unwrap());
    home.run(&["audit", "verify", "--file", export.to_str().unwrap(), "--head"]).expect_code(0);
    damage(&export);
    home.run(&["audit", "verify", "--file", export.to_str().unwrap()]).expect_code(12);
}

/// In a container nobody may reap the engine after its parent, the command that started it, has ended.
fn is_zombie(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

fn damage(file: &Path) {
    let text = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, text.replacen("store.created", "store.creaked", 1)).unwrap();
}

#[test]
fn an_engine_that_cannot_start_is_explained() {
    let home = Home::new();
    std::fs::create_dir(home.path("config")).unwrap();
    std::fs::write(home.path("config/config.toml"), "nonsense = 1\n").unwrap();
    let said = home.run(&["ps"]);
    said.expect_code(3);
    assert!(said.stderr.contains("nonsense") && said.stderr.contains("doctor"), "{}", said.stderr);
    assert_tame(&said.stderr);
}

/// A database that fails its checks is served for reading only: what is there can be seen, nothing is written.
#[test]
fn a_damaged_database_is_served_for_reading_only() {
    let home = Home::new();
    let repo = TempRepo::new(&[("dogwatch.toml", SETTINGS)]);
    home.run(&["project", "add", repo.path().to_str().unwrap(), "--name", "shop"]).expect_code(0);
    home.run(&["stop"]).expect_code(0);
    // An older copy of the database beside a newer head of the audit chain: what came in between was cut off.
    let files = ["dogwatch.db", "dogwatch.db-wal"].map(|name| home.path("state").join(name));
    let older: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap_or_default()).collect();
    home.run(&["project", "add", repo.path().to_str().unwrap(), "--name", "second"]).expect_code(0);
    home.run(&["stop"]).expect_code(0);
    for (file, bytes) in files.iter().zip(&older) {
        std::fs::write(file, bytes).unwrap();
    }
    let database = home.path("state/dogwatch.db");
    let before = std::fs::read(&database).unwrap();

    let status = home.run(&["status", "--json"]).json();
    assert!(status["rescue"].is_string(), "{status}");
    assert_eq!(json_lines(home.run(&["project", "ls", "--json"]).expect_code(0)).len(), 1);
    let refused = home.run(&["run", "anything", "--project", "shop"]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("reading only"), "{}", refused.stderr);
    home.run(&["stop"]).expect_code(0);
    assert_eq!(std::fs::read(&database).unwrap(), before);
}
