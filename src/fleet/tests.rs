#![allow(clippy::unwrap_used, clippy::panic)]
use super::payload;
use super::says::{Said, Says};
use super::*;
use crate::domain::{AssetSpec, Command, ExecutionId, ExecutionOutcome, Program};
use proptest::prelude::*;
use serde_json::json;
use std::path::Path;
use tokio::sync::mpsc;

mod login;

fn argv(words: &[&[u8]]) -> Command {
    Command {
        program: Program::Argv { words: words.iter().map(|word| word.to_vec()).collect() },
        stdin: None,
        env: Vec::new(),
        cwd: "/".to_owned(),
        user: None,
        timeout: 20,
    }
}

fn here(dir: &Path) -> AssetSpec {
    let receipts = dir.join("receipts");
    serde_json::from_value(json!({"name": "here", "reach": {"by": "local"}, "receipts": receipts})).unwrap()
}

fn order(dir: &Path, number: u32, command: Command) -> Order {
    let mut digest = [7; 32];
    digest[..4].copy_from_slice(&number.to_be_bytes());
    Order { execution: ExecutionId::new(digest), asset: here(dir), command, digest: "d".repeat(64) }
}

/// A directory whose path is one of an asset.
fn dir() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("dwfleet").tempdir_in("/tmp").unwrap()
}

/// Carries out, and gives what came of it with both outputs.
async fn run(fleet: &Fleet, order: &Order, boot: &str) -> (ExecutionOutcome, Vec<u8>, Vec<u8>) {
    let (send, mut pieces) = mpsc::channel::<Heard>(4);
    let heard = tokio::spawn(async move {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(piece) = pieces.recv().await {
            match piece {
                Heard::Begun => {}
                Heard::Output { error: true, bytes } => err.extend(bytes),
                Heard::Output { error: false, bytes } => out.extend(bytes),
            }
        }
        (out, err)
    });
    let outcome = fleet.dispatch(order, boot, &send).await;
    drop(send);
    let (out, err) = heard.await.unwrap();
    (outcome, out, err)
}

/// What became of it; an asset that does not answer tells nothing.
async fn fence(fleet: &Fleet, order: &Order, boot: &str) -> ExecutionOutcome {
    fleet.fence(order, boot).await.unwrap_or_else(|fault| ExecutionOutcome::Unknown { why: fault.to_string() })
}

const ODD: &[u8] = b" -n $(id) `id` \\ ' \" * ? ~ ! # ; | & < > \xff\xfe \x1b[31m\r\n\t\n\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_command_runs_byte_for_byte_and_never_twice() {
    let dir = dir();
    let fleet = Fleet::new(dir.path().join("ssh"));
    let looked = fleet.look(&here(dir.path())).await.unwrap();
    let mut command = argv(&[b"/bin/sh", b"-c", b"printf %s \"$1$X\"; cat; pwd >&2; env >&2; exit 3", b"sh", ODD]);
    (command.stdin, command.cwd) = (Some(b"in\0put\n".to_vec()), "/usr".to_owned());
    command.env = vec![("X".to_owned(), ODD.to_vec())];
    let first = order(dir.path(), 1, command);
    let (outcome, out, err) = run(&fleet, &first, &looked.boot).await;
    assert_eq!(outcome, ExecutionOutcome::Ran { code: 3 });
    assert_eq!(out, [ODD, ODD, b"in\0put\n"].concat());
    let err = String::from_utf8_lossy(&err).into_owned();
    assert!(err.starts_with("/usr\n") && err.contains("PATH=/usr/local/sbin:"), "{err}");
    let names: Vec<_> = err.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    // A shell adds its own directory.
    assert!(names.iter().all(|name| ["PATH", "X", "PWD", "OLDPWD", "SHLVL", "_"].contains(name)), "{err}");
    // Delivered again, it runs no more, whatever it says.
    let (again, out, _) = run(&fleet, &first, &looked.boot).await;
    assert!(matches!(again, ExecutionOutcome::Unknown { .. }) && out.is_empty(), "{again:?}");
    assert_eq!(fence(&fleet, &first, &looked.boot).await, ExecutionOutcome::Ran { code: 3 });
    // A fenced one never runs, and one for another boot neither.
    let fenced = order(dir.path(), 2, argv(&[b"touch", b"/tmp/never"]));
    assert!(matches!(fence(&fleet, &fenced, &looked.boot).await, ExecutionOutcome::NotRun { .. }));
    let (outcome, ..) = run(&fleet, &fenced, &looked.boot).await;
    assert!(matches!(outcome, ExecutionOutcome::Unknown { .. }), "{outcome:?}");
    assert!(matches!(fence(&fleet, &fenced, &looked.boot).await, ExecutionOutcome::NotRun { .. }));
    let (outcome, ..) = run(&fleet, &order(dir.path(), 3, argv(&[b"true"])), "another-boot").await;
    assert!(matches!(outcome, ExecutionOutcome::NotRun { .. }), "{outcome:?}");
    // A fence in another boot is no proof of anything.
    let lost = order(dir.path(), 4, argv(&[b"true"]));
    assert!(matches!(fence(&fleet, &lost, "another-boot").await, ExecutionOutcome::Unknown { .. }));
    assert!(matches!(fence(&fleet, &lost, "another-boot").await, ExecutionOutcome::Unknown { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn time_room_and_background_work_have_an_end() {
    let dir = dir();
    let fleet = Fleet::new(dir.path().join("ssh"));
    let boot = fleet.look(&here(dir.path())).await.unwrap().boot;
    let mut slow = argv(&[b"sleep", b"60"]);
    slow.timeout = 1;
    assert_eq!(run(&fleet, &order(dir.path(), 1, slow), &boot).await.0, ExecutionOutcome::TimedOut);
    let early = argv(&[b"/bin/sh", b"-c", b"exit 124"]);
    assert_eq!(run(&fleet, &order(dir.path(), 2, early), &boot).await.0, ExecutionOutcome::Ran { code: 124 });
    // More than is kept: the program goes on, the rest is counted, and it comes no further than here.
    let flood = argv(&[b"/bin/sh", b"-c", b"head -c 40000000 /dev/zero; echo done >&2"]);
    let (outcome, out, err) = run(&fleet, &order(dir.path(), 3, flood), &boot).await;
    assert_eq!((outcome, err.as_slice()), (ExecutionOutcome::Ran { code: 0 }, b"done\n".as_slice()));
    assert!((8 << 20..=13 << 20).contains(&out.len()), "{}", out.len());
    // A service that it leaves behind holds nothing up.
    let service = argv(&[b"/bin/sh", b"-c", b"sleep 30 & echo started"]);
    let begun = std::time::Instant::now();
    let (outcome, out, _) = run(&fleet, &order(dir.path(), 4, service), &boot).await;
    assert_eq!((outcome, out.as_slice()), (ExecutionOutcome::Ran { code: 0 }, b"started\n".as_slice()));
    assert!(begun.elapsed().as_secs() < 25, "{:?}", begun.elapsed());
    let mut nowhere = argv(&[b"true"]);
    nowhere.cwd = "/nonexistent".to_owned();
    assert_eq!(run(&fleet, &order(dir.path(), 5, nowhere), &boot).await.0, ExecutionOutcome::Ran { code: 126 });
    let killed = argv(&[b"/bin/sh", b"-c", b"kill -9 $$"]);
    assert_eq!(run(&fleet, &order(dir.path(), 6, killed), &boot).await.0, ExecutionOutcome::Ran { code: 137 });
}

#[tokio::test(flavor = "multi_thread")]
async fn output_can_be_followed_from_any_place_and_a_runner_that_died_is_unknown() {
    let dir = dir();
    let fleet = Fleet::new(dir.path().join("ssh"));
    let boot = fleet.look(&here(dir.path())).await.unwrap().boot;
    let one = order(dir.path(), 1, argv(&[b"/bin/sh", b"-c", b"echo 0123456789; echo oh >&2"]));
    run(&fleet, &one, &boot).await;
    let (send, mut pieces) = mpsc::channel(16);
    assert_eq!(fleet.follow(&one, (4, 3), &send).await, ExecutionOutcome::Ran { code: 0 });
    assert_eq!(pieces.recv().await.unwrap(), Heard::Begun);
    assert_eq!(pieces.recv().await.unwrap(), Heard::Output { error: false, bytes: b"456789\n".to_vec() });
    drop(send);
    assert_eq!(pieces.recv().await, None);
    let absent = order(dir.path(), 2, argv(&[b"true"]));
    assert!(matches!(fleet.follow(&absent, (0, 0), &mpsc::channel(1).0).await, ExecutionOutcome::Unknown { .. }));
    // Its receipt says that it is at work until its runner is gone; without an exit code nobody knows.
    let work = order(dir.path(), 3, argv(&[b"sleep", b"20"]));
    let (other, given) = (fleet.clone(), work.clone());
    let at = boot.clone();
    let begun = tokio::spawn(async move { other.dispatch(&given, &at, &mpsc::channel(1).0).await });
    let pid = dir.path().join("receipts").join(work.execution.as_str()).join("pid");
    while !pid.exists() {
        tokio::task::yield_now().await;
    }
    assert_eq!(fence(&fleet, &work, &boot).await, ExecutionOutcome::StillRunning);
    let runner = std::fs::read_to_string(&pid).unwrap();
    let runner = runner.split(' ').next().unwrap().parse().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(runner).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
    assert!(matches!(begun.await.unwrap(), ExecutionOutcome::Unknown { .. }));
    assert!(matches!(fence(&fleet, &work, &boot).await, ExecutionOutcome::Unknown { .. }));
}

/// What becomes of a command that is stopped once it has printed something.
async fn stopped(fleet: &Fleet, order: &Order, boot: &str) -> (ExecutionOutcome, ExecutionOutcome) {
    let (other, given, at) = (fleet.clone(), order.clone(), boot.to_owned());
    let (send, mut pieces) = mpsc::channel(16);
    let begun = tokio::spawn(async move { other.dispatch(&given, &at, &send).await });
    while !matches!(pieces.recv().await.unwrap(), Heard::Output { .. }) {}
    let told = fleet.stop(order, boot).await.unwrap();
    while pieces.recv().await.is_some() {}
    (told, begun.await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_told_to_end_then_killed_and_its_receipt_says_how() {
    let dir = dir();
    let fleet = Fleet::new(dir.path().join("ssh"));
    let boot = fleet.look(&here(dir.path())).await.unwrap().boot;
    let script = |text: &str| argv(&[b"/bin/sh", b"-c", text.as_bytes()]);
    let ran = |code| (ExecutionOutcome::Ran { code }, ExecutionOutcome::Ran { code });
    // All of its group ends, not its first process alone.
    let marks = dir.path().join("mark");
    let both = format!("(sleep 15; touch {0}) & echo up; sleep 15; touch {0}", marks.display());
    let mut both = script(&both);
    both.timeout = 60;
    assert_eq!(stopped(&fleet, &order(dir.path(), 1, both), &boot).await, ran(143));
    // What tidies up first ends as it likes, and what does not listen is killed.
    let tidy = script("trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done");
    assert_eq!(stopped(&fleet, &order(dir.path(), 2, tidy), &boot).await, ran(7));
    let mut deaf = script("trap '' TERM; echo up; while :; do sleep 0.1; done");
    deaf.timeout = 60;
    let deaf = order(dir.path(), 3, deaf);
    assert_eq!(stopped(&fleet, &deaf, &boot).await, ran(137));
    // Said again it does nothing, and it never leads to another start.
    assert_eq!(fleet.stop(&deaf, &boot).await.unwrap(), ExecutionOutcome::Ran { code: 137 });
    assert!(matches!(run(&fleet, &deaf, &boot).await.0, ExecutionOutcome::Unknown { .. }));
    // What has not begun never will; where the asset was started anew that proves nothing.
    let late = order(dir.path(), 4, script("touch /tmp/never"));
    assert!(matches!(fleet.stop(&late, &boot).await.unwrap(), ExecutionOutcome::NotRun { .. }));
    assert!(matches!(run(&fleet, &late, &boot).await.0, ExecutionOutcome::Unknown { .. }));
    assert!(matches!(fence(&fleet, &late, &boot).await, ExecutionOutcome::NotRun { .. }));
    let lost = order(dir.path(), 5, script("true"));
    assert!(matches!(fleet.stop(&lost, "another-boot").await.unwrap(), ExecutionOutcome::Unknown { .. }));
    assert!(!marks.exists());
}

/// A number that another process has by now is not signalled.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_very_process_of_the_receipt_is_stopped() {
    let dir = dir();
    let fleet = Fleet::new(dir.path().join("ssh"));
    let boot = fleet.look(&here(dir.path())).await.unwrap().boot;
    let mut other = std::process::Command::new("sleep").arg("30").spawn().unwrap();
    let mut work = argv(&[b"/bin/sh", b"-c", b"echo up; sleep 2"]);
    work.timeout = 30;
    let work = order(dir.path(), 1, work);
    let (send, mut pieces) = mpsc::channel(16);
    let (run, at) = (fleet.clone(), boot.clone());
    let given = work.clone();
    let begun = tokio::spawn(async move { run.dispatch(&given, &at, &send).await });
    while !matches!(pieces.recv().await.unwrap(), Heard::Output { .. }) {}
    let place = dir.path().join("receipts").join(work.execution.as_str()).join("work");
    std::fs::write(&place, format!("{} 1\n", other.id())).unwrap();
    let told = fleet.stop(&work, &boot).await.unwrap();
    assert!(matches!(told, ExecutionOutcome::StillRunning | ExecutionOutcome::Ran { code: 0 }), "{told:?}");
    while pieces.recv().await.is_some() {}
    assert_eq!(begun.await.unwrap(), ExecutionOutcome::Ran { code: 0 });
    assert!(other.try_wait().unwrap().is_none(), "it lives");
    other.kill().unwrap();
    other.wait().unwrap();
}

/// Two starters and a fence at once, on a real shell: `DOGWATCH_RACES=1500` for the full size.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_makes_the_directory_has_the_only_turn() {
    let rounds: u32 = std::env::var("DOGWATCH_RACES").ok().map_or(40, |rounds| rounds.parse().unwrap());
    let dir = dir();
    let fleet = Fleet::new(dir.path().join("ssh"));
    let boot = fleet.look(&here(dir.path())).await.unwrap().boot;
    let (mut fenced, mut started) = (0, 0);
    for round in 0..rounds {
        let marks = dir.path().join(format!("m{round}"));
        let marks = marks.to_str().unwrap();
        let script = format!("printf x >>{marks}");
        let order = order(dir.path(), round, argv(&[b"/bin/sh", b"-c", script.as_bytes()]));
        // The fence comes at another moment each time.
        let wait = std::time::Duration::from_millis(u64::from(round * 7 % 24));
        let held = async {
            tokio::time::sleep(wait).await;
            fence(&fleet, &order, &boot).await
        };
        let (first, second, held) = tokio::join!(run(&fleet, &order, &boot), run(&fleet, &order, &boot), held);
        let ran = std::fs::read(marks).unwrap_or_default().len();
        let won = [&first.0, &second.0].into_iter().filter(|one| **one == ExecutionOutcome::Ran { code: 0 }).count();
        if let ExecutionOutcome::NotRun { .. } = held {
            assert_eq!((ran, won), (0, 0), "round {round}: {first:?} {second:?}");
            fenced += 1;
        } else {
            assert_eq!((ran, won), (1, 1), "round {round}: {held:?} {first:?} {second:?}");
            started += 1;
        }
    }
    eprintln!("{rounds} rounds: {fenced} fenced, {started} started");
}

#[test]
fn what_cannot_be_carried_out_as_it_is_is_refused() {
    let unfit = |change: fn(&mut Command)| {
        let mut command = argv(&[b"true"]);
        change(&mut command);
        payload::lines(&command).err()
    };
    let words = |words: &[&[u8]]| Program::Argv { words: words.iter().map(|word| word.to_vec()).collect() };
    assert_eq!(unfit(|_| ()), None);
    assert_eq!(payload::lines(&Command { program: words(&[]), ..argv(&[]) }).err(), Some(Unfit::Nothing));
    assert_eq!(payload::lines(&argv(&[b"a=b"])).err(), Some(Unfit::Name));
    assert_eq!(payload::lines(&argv(&[b""])).err(), Some(Unfit::Name));
    assert_eq!(payload::lines(&argv(&[b"a", b"b\0"])).err(), Some(Unfit::Nul));
    assert_eq!(unfit(|command| command.cwd = "x".to_owned()), Some(Unfit::Directory));
    assert_eq!(unfit(|command| command.cwd = "/x\0".to_owned()), Some(Unfit::Nul));
    assert_eq!(unfit(|command| command.timeout = 0), Some(Unfit::Time));
    assert_eq!(unfit(|command| command.user = Some("-x".to_owned())), Some(Unfit::User));
    assert_eq!(unfit(|command| command.env = vec![("PATH".to_owned(), vec![])]), Some(Unfit::Variable));
    assert_eq!(unfit(|command| command.env = vec![("a b".to_owned(), vec![])]), Some(Unfit::Variable));
    assert_eq!(unfit(|command| command.stdin = Some(vec![0; (8 << 20) + 1])), Some(Unfit::Size));
    assert_eq!(payload::lines(&argv(&[b"a", &vec![b'x'; 102_401]])).err(), Some(Unfit::Size));
}

proptest! {
    #[test]
    fn whatever_an_asset_says_is_taken_apart_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 1_usize..40) {
        let mut says = Says::default();
        for piece in bytes.chunks(cut) {
            says.feed(piece);
            while let Ok(Some(_)) = says.next() {}
        }
    }

    #[test]
    fn output_cannot_forge_a_line(bytes in proptest::collection::vec(any::<u8>(), 1..400), cut in 1_usize..40) {
        let forged = [b"\ndogwatch:ended 0 0 0\n".as_slice(), &bytes].concat();
        let mut said = format!("welcome\ndogwatch:following\ndogwatch:out {}\n", forged.len()).into_bytes();
        said.extend(&forged);
        said.extend(b"dogwatch:ended 7 1 0\n");
        let (mut says, mut all, mut output) = (Says::default(), Vec::new(), Vec::new());
        for piece in said.chunks(cut) {
            says.feed(piece);
            while let Some(one) = says.next().unwrap() {
                match one {
                    Said::Output { bytes, .. } => output.extend(bytes),
                    other => all.push(other),
                }
            }
        }
        prop_assert_eq!(output, forged);
        prop_assert_eq!(all, [Said::Following, Said::Ended { code: 7, seconds: 1, dropped: 0 }]);
    }

    #[test]
    fn a_payload_holds_nothing_but_plain_letters(word in proptest::collection::vec(1_u8.., 1..60), cwd in "/\\PC{0,20}") {
        let mut command = argv(&[b"x", &word]);
        command.cwd = cwd;
        let lines = payload::lines(&command).unwrap();
        prop_assert!(lines.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/= -\n".contains(byte)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_tells_how_it_is() {
    let dir = dir();
    let vitals = Fleet::new(dir.path().join("ssh")).observe(&here(dir.path())).await.unwrap();
    assert!(vitals.cpus > 0 && vitals.memory.0 > vitals.memory.1 && vitals.kernel.starts_with("Linux "), "{vitals:?}");
    assert!(!vitals.disks.is_empty() && vitals.fullest().is_some_and(|(_, used)| used <= 100), "{vitals:?}");
    assert!(!dir.path().join("receipts").exists(), "looking leaves nothing");
}

#[test]
fn what_a_machine_says_of_itself_is_bounded_and_never_half_believed() {
    let said = "hello\ndogwatch:load 1.5\ndogwatch:memory 100 40\ndogwatch:disk 200 50 /srv/a b\ndogwatch:failed x.service\n\
                dogwatch:container web running Up 3 hours (healthy)\ndogwatch:other\n";
    assert!(observe::read(said).is_err());
    let vitals = observe::read(&format!("{said}dogwatch:seen\n")).unwrap();
    assert_eq!((vitals.load, vitals.memory, vitals.failed.len()), (150, (100, 40), 1));
    assert_eq!((vitals.disks[0].mount.as_str(), vitals.fullest().unwrap().1), ("/srv/a b", 75));
    assert_eq!(vitals.containers[0].status, "Up 3 hours (healthy)");
    let many = format!("dogwatch:failed {}\n", "x".repeat(900)).repeat(900) + "dogwatch:load x\ndogwatch:seen\n";
    let vitals = observe::read(&many).unwrap();
    assert!(vitals.failed.len() == 50 && vitals.failed.iter().all(|one| one.len() <= 240), "{}", vitals.failed.len());
}
