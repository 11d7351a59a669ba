//! The engine as a process, without containers: its lock, its socket, its files, and clients that behave badly.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use dogwatch::audit::AuditEvent;
use dogwatch::domain::{Actor, ProjectId, Run, RunId, RunState, StepKey, StepKind};
use dogwatch::logs::packed_path;
use rustix::process::{Signal, kill_process};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::bare::{Bare, output};
use support::filled::{ended_step, fill, over, store, worked};
use support::wait_until;

const SOON: Duration = Duration::from_secs(30);

/// A small file system in memory; unmounted when dropped.
struct Small(PathBuf);

impl Small {
    /// `None` where this user may not mount; the reason is printed.
    fn mount(place: &Path, mib: u64) -> Option<Self> {
        fs::create_dir_all(place).unwrap();
        let options = format!("size={mib}m,mode=700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(place).output().unwrap();
        if mounted.status.success() {
            return Some(Self(place.to_owned()));
        }
        eprintln!("skipped: no file system can be mounted: {}", String::from_utf8_lossy(&mounted.stderr));
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: a failed test may leave an engine at work on it.
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

/// An engine on a full disk: nothing begins, everybody is told why, and what must be written is.
#[test]
fn on_a_full_disk_runs_wait_and_say_why_until_there_is_space() {
    let bare = Bare::new();
    // The engine keeps a copy of its executable there, made at its first start.
    let copy = fs::metadata(env!("CARGO_BIN_EXE_dogwatch")).unwrap().len() >> 20;
    let Some(_small) = Small::mount(&bare.state(), copy + 40) else { return };
    fs::create_dir_all(bare.config().parent().unwrap()).unwrap();
    fs::write(bare.config(), "[engine]\nreserve = \"8MiB\"\n").unwrap();
    let first = bare.start();
    // It answers before it has looked at the disk for the first time.
    wait_until("the reserve", SOON, || fs::metadata(bare.file("reserve")).is_ok_and(|seen| seen.len() == 8 << 20));
    assert_eq!(first.stop(), Some(0));
    let queued = |project, task: &str| Run { state: RunState::Queued, ..over(project, task.to_owned()) };
    store(&bare)
        .write_sync(move |tx| {
            let project = tx.insert_project("p", "/nowhere")?;
            let run = tx.insert_run(&queued(project.id, "task"))?;
            tx.record(AuditEvent::new(Actor::Engine, "run.submitted").run(run.id).project(project.id))?;
            Ok(())
        })
        .unwrap();
    // Less space is left than the reserve has.
    let filler = bare.file("filler");
    let mut file = File::create(&filler).unwrap();
    while rustix::fs::statvfs(bare.state()).is_ok_and(|seen| seen.f_bavail * seen.f_frsize > 4 << 20) {
        file.write_all(&vec![1; 1 << 16]).unwrap();
    }
    drop(file);
    let engine = bare.start();
    wait_until("the cause shows", SOON, || bare.cmd(&["show", "r1"]).expect_code(0).contains("waits for space"));
    for command in [["show", "r1"].as_slice(), &["ps"], &["status"], &["doctor"]] {
        let said = bare.cmd(command).stdout;
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("the disk is full: "), "{command:?}: {words}");
        assert!(words.contains(" MiB are free beside the reserve, new steps begin from 8 MiB"), "{command:?}: {words}");
    }
    assert!(bare.cmd(&["ps"]).expect_code(0).contains("queued"));
    let freed = Instant::now();
    fs::remove_file(&filler).unwrap();
    wait_until("the run goes on", SOON, || !bare.cmd(&["ps"]).expect_code(0).contains("queued"));
    eprintln!("the run went on {:.1} s after there was space", freed.elapsed().as_secs_f64());
    assert!(!bare.cmd(&["status"]).expect_code(0).contains("the disk is full"));
    assert_eq!(engine.stop(), Some(0));
}

#[test]
fn a_stopped_engine_leaves_one_whole_database_and_no_socket() {
    let bare = Bare::new();
    fill(&bare, 1, "task");
    let engine = bare.start();
    assert_eq!(engine.stop(), Some(0));
    assert!(fs::metadata(bare.file("dogwatch.db")).unwrap().len() > 4096);
    assert!(!bare.file("dogwatch.db-wal").exists() && !bare.file("sock/engine.sock").exists());
    bare.cmd(&["audit", "verify"]).expect_code(0);
}

/// A login's usual limit is soon reached by many runs and consoles, and by the packs of a source that many results were put into.
#[test]
fn an_engine_may_open_as_many_files_as_the_system_lets_it() {
    let bare = Bare::new();
    let serve = ["-c", "ulimit -S -n 256 && exec \"$0\" serve", env!("CARGO_BIN_EXE_dogwatch")];
    let mut engine = bare.through("sh", &serve).spawn().unwrap();
    wait_until("an answer of the engine", SOON, || UnixStream::connect(bare.file("sock/engine.sock")).is_ok());
    let limits = fs::read_to_string(format!("/proc/{}/limits", engine.id())).unwrap();
    bare.cmd(&["stop"]).expect_code(0);
    assert!(engine.wait().unwrap().success());
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let words: Vec<&str> = files.split_whitespace().collect();
    assert!(words[0] == words[1] && words[0] != "256", "{files}");
}

#[test]
fn an_engine_that_the_command_stopped_is_gone_with_its_log() {
    let bare = Bare::new();
    fill(&bare, 1, "task");
    for _ in 0..10 {
        let mut engine = bare.start();
        bare.cmd(&["stop"]).expect_code(0);
        assert!(!bare.file("dogwatch.db-wal").exists());
        assert!(engine.has_ended());
        assert_eq!(engine.wait(), Some(0));
    }
}

#[test]
fn a_second_engine_is_refused_also_in_rescue_and_after_the_lock_file_was_removed() {
    let bare = Bare::new();
    fill(&bare, 1, "task");
    for rescue in [false, true] {
        if rescue {
            fs::write(bare.file("epoch"), "bad").unwrap();
        }
        let first = bare.start();
        for _ in 0..24 {
            assert_eq!(bare.spawn().wait(), Some(5), "{}", bare.log());
        }
        fs::remove_file(bare.file("engine.lock")).unwrap();
        assert_eq!(bare.spawn().wait(), Some(5), "{}", bare.log());
        assert!(bare.log().contains("another engine"), "{}", bare.log());
        assert_eq!(bare.cmd(&["status"]).expect_code(0).contains("rescue mode"), rescue);
        assert_eq!(first.stop(), Some(0));
    }
}

#[test]
fn a_lost_log_is_no_new_store_for_the_engine_and_truncated_for_the_check() {
    let bare = Bare::new();
    let engine = bare.start();
    engine.kill();
    let head = fs::read(bare.file("chain-head")).unwrap();
    fs::remove_file(bare.file("dogwatch.db-wal")).unwrap();
    bare.cmd(&["audit", "verify"]).expect_code(11);
    let engine = bare.start();
    let status = bare.cmd(&["status", "--json"]).json();
    assert!(status["rescue"].as_str().unwrap().contains("truncated"), "{status}");
    bare.cmd(&["audit", "verify"]).expect_code(11);
    assert_eq!(engine.stop(), Some(0));
    assert_eq!(fs::read(bare.file("chain-head")).unwrap(), head);
    fs::remove_file(bare.file("dogwatch.db")).unwrap();
    bare.cmd(&["audit", "verify"]).expect_code(11);
}

#[test]
fn data_is_not_removed_under_an_engine_or_while_containers_may_be_left() {
    let bare = Bare::new();
    fill(&bare, 1, "task");
    fs::write(bare.file("mine"), "a file of somebody else").unwrap();
    let held = store(&bare);
    assert!(bare.cmd(&["uninstall-data", "--yes"]).stderr.contains("another engine"));
    let key = StepKey { run: RunId(1), iteration: 0, kind: StepKind::Test, suite: "unit".to_owned(), attempt: 1 };
    let intended = held.write_sync(move |tx| {
        tx.insert_step(&key)?;
        tx.record(AuditEvent::new(Actor::Engine, "test"))
    });
    intended.unwrap();
    drop(held);
    // Without the container engine nobody knows whether its container is there.
    let refused = bare.cmd(&["uninstall-data", "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("nothing was removed"), "{refused:?}");
    bare.cmd(&["audit", "verify"]).expect_code(0);
}

#[test]
fn only_what_the_engine_made_is_removed_from_the_state_directory() {
    let bare = Bare::new();
    let mut engine = bare.start();
    fs::write(bare.file("mine"), "a file of somebody else").unwrap();
    assert_eq!(bare.cmd(&["uninstall-data"]).code, Some(5), "nobody could be asked");
    let said = bare.cmd(&["uninstall-data", "--yes"]);
    assert!(said.expect_code(0).contains("no engine made"), "{said:?}");
    engine.wait();
    let left: Vec<_> = fs::read_dir(bare.state()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["mine"]);
}

#[test]
fn a_removed_head_stays_known() {
    let bare = Bare::new();
    fill(&bare, 3, "task");
    fs::remove_file(bare.file("chain-head")).unwrap();
    bare.start().stop();
    let verdict = bare.cmd(&["audit", "verify"]);
    assert!(verdict.expect_code(10).contains("not anchored before event 5"), "{verdict:?}");
}

#[test]
fn more_runs_than_fit_into_a_line_are_listed_watched_and_shown() {
    let bare = Bare::new();
    fill(&bare, 300, &"z".repeat(65_000));
    let _engine = bare.start();
    let listed = bare.cmd(&["ps", "--all", "--json"]);
    let runs: Vec<serde_json::Value> =
        listed.expect_code(0).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(runs.len(), 300);
    assert!(runs.iter().all(|run| run["shortened"] == true && run["run"]["task"].as_str().unwrap().len() < 400));
    let whole = bare.cmd(&["show", "r1", "--json"]).json();
    assert_eq!(whole["view"]["run"]["task"].as_str().unwrap().len(), 65_000);
    let mut raw = bare.connect();
    raw.request(1, &json!({ "type": "watch", "since": null }));
    let mut seen = BTreeSet::new();
    while seen.len() < 300 {
        let line = raw.line().expect("more of the snapshot");
        assert!(line.get("fault").is_none(), "{line}");
        let event = &line["event"]["event"];
        let part = if event["snapshot"].is_null() { &event["changed"] } else { &event["snapshot"] };
        for view in part["runs"].as_array().into_iter().flatten() {
            seen.insert(view["run"]["id"].as_i64().unwrap());
        }
    }
}

#[test]
fn a_client_that_does_not_read_costs_little_and_disturbs_nobody() {
    let bare = Bare::new();
    fill(&bare, 200, &"z".repeat(65_000));
    let engine = bare.start();
    let before = engine.memory();
    let mut deaf = bare.connect();
    // The whole of a run: 65 kB an answer, 65 MB together. All in one piece, which the socket has room for.
    let ask = |id: u64| json!({ "request": { "id": id, "request": { "type": "run", "run": 1 } } }).to_string() + "\n";
    deaf.write(&(1..=1000).map(ask).collect::<String>());
    for _ in 0..20 {
        bare.cmd(&["ps", "--all"]).expect_code(0);
    }
    let grown = engine.memory().saturating_sub(before);
    assert!(grown < 150_000, "{grown} kB for one client that does not read");
    // It gets every answer once it does.
    let mut answers = 0;
    while answers < 1000 {
        answers += usize::from(deaf.line().expect("an answer").get("reply").is_some());
    }
}

#[test]
fn a_prompt_is_printed_as_it_was_sent() {
    let bare = Bare::new();
    fill(&bare, 2, "task");
    worked(&bare, RunId(1), "\u{1b}[2J it");
    let _engine = bare.start();
    let sent = |number| format!("# Task of {number}\n\u{1b}[2J it");
    assert_eq!(bare.cmd(&["prompt", "r1"]).expect_code(0), sent(2));
    assert_eq!(bare.cmd(&["prompt", "r1", "1"]).expect_code(0), sent(1));
    assert_eq!(bare.cmd(&["prompt", "r1", "1", "--json"]).json()["prompt"], sent(1));
    for (arguments, words) in [
        (&["prompt", "r1", "0"] as &[&str], "iteration 0 tests the base"),
        (&["prompt", "r1", "7"], "iteration"),
        (&["prompt", "r2"], "no agent was told anything yet"),
        (&["prompt", "r3"], "r3"),
    ] {
        let refused = bare.cmd(arguments);
        refused.expect_code(4);
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
}

#[test]
fn a_followed_log_ends_whole_or_says_why_not() {
    let bare = Bare::new();
    fill(&bare, 1, "task");
    ended_step(&bare, RunId(1), 1);
    let second = ended_step(&bare, RunId(1), 2);
    let _engine = bare.start();
    let whole = bare.cmd(&["logs", "-f", "r1"]);
    let both = ["said by r1-i0-test-unit-a1", "said by r1-i0-test-unit-a2"];
    assert!(both.iter().all(|text| whole.expect_code(0).contains(text)), "{whole:?}");
    // Closed by now, or soon; then bytes are not there any more, and at last nothing is.
    wait_until("a closed log", SOON, || {
        bare.cmd(&["show", "r1", "--json"]).json()["steps"][1]["log"]["state"] == "kept"
    });
    let closed = packed_path(&second);
    File::options().write(true).open(&closed).unwrap().set_len(20).unwrap();
    for _ in 0..2 {
        let cut = bare.cmd(&["logs", "-f", "r1"]);
        cut.expect_code(1);
        assert!(cut.stdout.contains(both[0]) && !cut.stderr.is_empty(), "{cut:?}");
        // The second time it is gone already.
        drop(fs::remove_file(&closed));
    }
}

#[test]
fn a_followed_log_goes_on_with_the_next_engine() {
    let bare = Bare::new();
    fill(&bare, 1, "task");
    let paused = store(&bare).write_sync(|tx| {
        let mut run = over(ProjectId(1), "waits".to_owned());
        run.state = RunState::Paused;
        let run = tx.insert_run(&run)?.id;
        tx.record(AuditEvent::new(Actor::Engine, "run.submitted").run(run))?;
        Ok(run)
    });
    let run = paused.unwrap();
    ended_step(&bare, run, 1);
    let engine = bare.start();
    let mut follower = bare.through(env!("CARGO_BIN_EXE_dogwatch"), &["logs", "-f", &run.to_string()]);
    let mut follower = follower.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("said by r2-i0-test-unit-a1")));
    engine.kill();
    ended_step(&bare, run, 2);
    let engine = bare.start();
    bare.cmd(&["cancel", &run.to_string()]).expect_code(0);
    let rest: Vec<String> = lines.collect();
    assert_eq!(rest.iter().filter(|line| line.contains("said by")).collect::<Vec<_>>(), ["said by r2-i0-test-unit-a2"]);
    assert_eq!(follower.wait().unwrap().code(), Some(0));
    assert_eq!(engine.stop(), Some(0));
}

#[test]
fn asking_an_engine_changes_nothing_about_its_places() {
    let bare = Bare::new();
    let _engine = bare.start();
    // What only the owner may do: root, who may ask, must get by without it.
    let open = fs::Permissions::from_mode(0o750);
    fs::set_permissions(bare.file("logs"), open.clone()).unwrap();
    bare.cmd(&["ps"]).expect_code(0);
    assert_eq!(fs::metadata(bare.file("logs")).unwrap().permissions().mode() & 0o777, open.mode());
}

#[test]
fn too_many_clients_are_told_so() {
    let bare = Bare::new();
    let _engine = bare.start();
    let mut idle: Vec<_> = (0..256).map(|_| bare.connect()).collect();
    for raw in &mut idle {
        assert!(raw.line().unwrap().get("welcome").is_some());
    }
    let refused = bare.cmd(&["status"]);
    refused.expect_code(5);
    assert!(refused.stderr.contains("256 clients already"), "{}", refused.stderr);
    drop(idle);
    wait_until("places for clients", SOON, || bare.cmd(&["status"]).code == Some(0));
}

#[test]
fn a_client_that_leaves_is_noticed_also_with_all_its_streams_open() {
    let bare = Bare::new();
    let engine = bare.start();
    // Sockets only: files of the database come and go by themselves.
    let sockets = || {
        let files = fs::read_dir(format!("/proc/{}/fd", engine.pid())).unwrap().flatten();
        files
            .filter(|file| fs::read_link(file.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:")))
            .count()
    };
    let mut busy = bare.connect();
    for id in 1..=64 {
        busy.request(id, &json!({ "type": "watch", "since": null }));
    }
    let mut replies = 0;
    while replies < 64 {
        replies += usize::from(busy.line().unwrap().get("reply").is_some());
    }
    let with = sockets();
    drop(busy);
    wait_until("the end of a client that left", SOON, || sockets() < with);
}

#[test]
fn an_engine_that_stands_still_is_named_and_not_waited_for() {
    let bare = Bare::new();
    let engine = bare.start();
    kill_process(engine.pid(), Signal::STOP).unwrap();
    let began = Instant::now();
    let mute = bare.cmd(&["ps"]);
    kill_process(engine.pid(), Signal::CONT).unwrap();
    mute.expect_code(3);
    assert!(mute.stderr.contains("does not answer within 10 s"), "{}", mute.stderr);
    assert!(began.elapsed() < SOON);
}

#[test]
fn the_reason_of_an_engine_that_ended_is_its_own() {
    let bare = Bare::new();
    fs::create_dir_all(bare.state()).unwrap();
    fs::write(bare.file("engine.stderr"), "error: another engine (process 1) uses this database\nerror: of old\n")
        .unwrap();
    // Nothing can be written to files here, so the engine ends without a word.
    let script = format!("ulimit -f 0; exec {} ps", env!("CARGO_BIN_EXE_dogwatch"));
    let silent = output(&mut bare.through("sh", &["-c", &script]));
    assert_ne!(silent.code, Some(0));
    assert!(!silent.stderr.contains("of old"), "{}", silent.stderr);
    fs::write(bare.config(), "nonsense = 1\n").unwrap();
    let spoken = bare.cmd(&["ps"]);
    assert!(spoken.stderr.contains("nonsense"), "{}", spoken.stderr);
}

#[test]
fn an_engine_is_started_once_the_one_that_held_the_place_has_ended() {
    let bare = Bare::new();
    // Its process id is written down and gone, its lock is held a little longer: an engine that is about to end.
    fs::write(bare.file("engine.lock"), "999999999\n").unwrap();
    let held = File::open(bare.state()).unwrap();
    held.lock().unwrap();
    let mut command = bare.through(env!("CARGO_BIN_EXE_dogwatch"), &["status"]);
    let began = Instant::now();
    let mut waiting = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_until("an engine that found the place taken", SOON, || {
        fs::read_to_string(bare.file("engine.stderr")).unwrap_or_default().contains("another engine")
    });
    drop(held);
    wait_until("the end of the command", SOON, || waiting.try_wait().unwrap().is_some());
    assert_eq!(waiting.wait().unwrap().code(), Some(0));
    assert!(began.elapsed() < SOON);
    bare.cmd(&["stop"]).expect_code(0);
}

/// It would work by paths that are those of the next engine there.
#[test]
fn an_engine_whose_directory_was_taken_away_ends() {
    let bare = Bare::new();
    let mut first = bare.start();
    let aside = bare.state().with_extension("aside");
    fs::rename(bare.state(), &aside).unwrap();
    fs::create_dir(bare.state()).unwrap();
    fs::set_permissions(bare.state(), fs::Permissions::from_mode(0o700)).unwrap();
    let second = bare.start();
    assert_eq!(first.wait(), Some(1));
    bare.cmd(&["status"]).expect_code(0);
    assert_eq!(second.stop(), Some(0));
    fs::remove_dir_all(aside).unwrap();
}

/// The place of the engine's key may hold anything; a pipe there would be waited for without an end.
#[test]
fn a_key_that_is_no_file_is_refused_with_its_place() {
    let bare = Bare::new();
    assert_eq!(bare.start().stop(), Some(0));
    let key = bare.file("engine.key");
    let kept = fs::read(&key).unwrap();
    let pipe = |path: &Path| {
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    };
    let elsewhere = bare.path().join("elsewhere");
    fs::write(&elsewhere, &kept).unwrap();
    for what in ["pipe", "directory", "link", "short", "long"] {
        fs::remove_file(&key).unwrap();
        match what {
            "pipe" => pipe(&key),
            "directory" => fs::create_dir(&key).unwrap(),
            "link" => std::os::unix::fs::symlink(&elsewhere, &key).unwrap(),
            "short" => fs::write(&key, &kept[1..]).unwrap(),
            _ => fs::write(&key, [kept.as_slice(), b"x"].concat()).unwrap(),
        }
        let before = bare.log().len();
        assert_eq!(bare.spawn().wait(), Some(1), "{what}");
        let said = bare.log()[before..].to_owned();
        assert!(said.contains("engine.key: the engine's key"), "{what}: {said}");
        if what == "directory" {
            fs::remove_dir(&key).unwrap();
        } else {
            fs::remove_file(&key).unwrap();
        }
        fs::write(&key, &kept).unwrap();
    }
    // Nor is what lies where a new one is made in the way.
    fs::remove_file(&key).unwrap();
    pipe(&bare.file("engine.new"));
    assert_eq!(bare.start().stop(), Some(0));
    let made = fs::read(&key).unwrap();
    assert!(made.len() == 32 && made != kept);
}

/// There is no space for the copy of the executable that containers need. What is there can be looked at all the same, and
/// work begins once there is space.
#[test]
fn an_engine_starts_where_there_is_no_space_for_a_copy_of_itself() {
    let bare = Bare::new();
    let Some(_small) = Small::mount(&bare.state(), 24) else { return };
    fs::create_dir_all(bare.config().parent().unwrap()).unwrap();
    fs::write(bare.config(), "[engine]\nreserve = \"8MiB\"\n").unwrap();
    let engine = bare.start();
    bare.cmd(&["status"]).expect_code(0);
    let copies: Vec<_> = fs::read_dir(bare.file("exe")).unwrap().collect();
    assert!(copies.is_empty(), "half a copy takes space from everybody: {copies:?}");
    assert_eq!(fs::metadata(bare.file("reserve")).unwrap().len(), 8 << 20, "the reserve is for records");
    assert_eq!(engine.stop(), Some(0));
}

/// What hangs outside, an anchor that nobody reads, keeps nothing else waiting: people are told what waits, and why the anchor gets
/// nothing, and the engine ends when it is told to.
#[test]
fn an_anchor_that_hangs_silences_nobody_and_keeps_no_engine_alive() {
    let bare = Bare::new();
    let fifo = bare.path().join("anchor");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let told = format!("http://{}/told", listener.local_addr().unwrap());
    fs::write(
        bare.config(),
        format!("[audit]\nanchor-file = \"{}\"\n[notify.hook]\nby = \"ntfy\"\nurl = \"{told}\"\n", fifo.display()),
    )
    .unwrap();
    store(&bare)
        .write_sync(|tx| {
            let project = tx.insert_project("p", "/nowhere")?;
            let run = tx.insert_run(&over(project.id, "task".to_owned()))?;
            tx.insert_question(&dogwatch::store::Ask {
                run: Some(run.id),
                iteration: 0,
                kind: dogwatch::domain::QuestionKind::Agent,
                title: "what now?".to_owned(),
                facts: Vec::new(),
                reached: Vec::new(),
                digest: None,
                deadline: None,
            })?;
            tx.record(AuditEvent::new(Actor::Engine, "run.submitted").run(run.id).project(project.id))?;
            Ok(())
        })
        .unwrap();
    let engine = bare.start();
    listener.set_nonblocking(true).unwrap();
    wait_until("a notice", SOON, || listener.accept().is_ok());
    wait_until("why the anchor gets nothing", SOON * 2, || {
        bare.cmd(&["status"]).stdout.contains("nothing could be written")
    });
    assert_eq!(engine.stop(), Some(0));
}
