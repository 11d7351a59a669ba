//! The shim and the engine's side of the log channel against each other, without containers: the shim runs as an ordinary
//! child process with a directory of its own in the place of `/dogwatch`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stderr, reason = "measured figures and seeds are shown with --nocapture and on failure")]

mod support;

use dogwatch::logs::{LogReader, LogWriter, MAX_READ};
use dogwatch::sandbox::channel::{Exit, Fate, How, Secret, StepChannel};
use dogwatch::shim::{KeepMode, SPEC_FILE, ShimSpec};
use rand::RngExt;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::chance::random;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// An ordinary user, where the tests themselves run as root.
const NOBODY: u32 = 65534;
const PATIENCE: Duration = Duration::from_mins(1);

/// A step's directories and its secret.
struct Bed {
    directory: tempfile::TempDir,
    secret: Secret,
}

impl Bed {
    fn new(argv: &[&str]) -> Self {
        Self::with(argv, |_| {})
    }

    fn with(argv: &[&str], change: impl FnOnce(&mut ShimSpec)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for name in ["step", "spool", "keep", "work"] {
            std::fs::create_dir(root.join(name)).unwrap();
            std::fs::set_permissions(root.join(name), std::fs::Permissions::from_mode(0o777)).unwrap();
        }
        std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut spec = ShimSpec {
            argv: argv.iter().map(|&arg| arg.to_owned()).collect(),
            env: BTreeMap::new(),
            cwd: "/".to_owned(),
            stdin: None,
            work: root.join("work").display().to_string(),
            keep: Vec::new(),
            keep_mode: KeepMode::Link,
            seconds: 600,
            forward: None,
        };
        change(&mut spec);
        std::fs::write(root.join("step").join(SPEC_FILE), serde_json::to_vec(&spec).unwrap()).unwrap();
        Self { directory, secret: Secret::derive(&[3; 32], "bed") }
    }

    fn sh(script: &str) -> Self {
        Self::new(&["/bin/sh", "-c", script])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn shim(&self) -> Shim {
        self.shim_with_stdin(&self.secret.stdin_line())
    }

    fn shim_with_stdin(&self, line: &[u8]) -> Shim {
        self.shim_with(line, &[])
    }

    fn shim_with(&self, line: &[u8], env: &[(&str, &str)]) -> Shim {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dogwatch"));
        command.arg("shim").arg("--root").arg(self.directory.path());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        if rustix::process::geteuid().is_root() {
            // Only an ordinary user meets the walls that the tests are about.
            let program = self.path("dogwatch");
            if !program.exists() {
                std::fs::copy(env!("CARGO_BIN_EXE_dogwatch"), &program).unwrap();
            }
            let mut other = Command::new(program);
            other.args(command.get_args()).uid(NOBODY).gid(NOBODY);
            other.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
            command = other;
        }
        command.envs(env.iter().copied());
        // A child that another thread is just making may hold the fresh copy open for writing.
        let begun = Instant::now();
        let mut child = loop {
            match command.spawn() {
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && begun.elapsed() < PATIENCE => {
                    std::thread::yield_now();
                }
                spawned => break spawned.unwrap(),
            }
        };
        child.stdin.take().unwrap().write_all(line).unwrap();
        Shim(child)
    }

    fn listen(&self) -> StepChannel {
        // The last engine's task may still hold the log for a moment.
        let start = Instant::now();
        let log = loop {
            match LogWriter::open(&self.path("step.log")) {
                Ok(log) => break log,
                Err(dogwatch::logs::LogError::Busy(_)) if start.elapsed() < PATIENCE => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        };
        StepChannel::listen(&self.path("step"), self.secret.clone(), log).unwrap()
    }

    fn log(&self) -> Vec<u8> {
        std::fs::read(self.path("step.log")).unwrap()
    }

    /// Runs the step with one engine, to its end.
    async fn run(&self) -> (Exit, i32) {
        let channel = self.listen();
        let shim = self.shim();
        let exit = timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap();
        let code = shim.code().await;
        channel.close().await.unwrap();
        (exit, code)
    }
}

struct Shim(Child);

impl Shim {
    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.0), signal).unwrap();
    }

    async fn code(mut self) -> i32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < until, "the shim did not end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn status(&self, field: &str) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(":")).unwrap();
        line.trim().to_owned()
    }

    /// The most memory it ever used, in KiB.
    fn peak_kib(&self) -> u64 {
        self.status("VmHWM").trim_end_matches(" kB").parse().unwrap()
    }

    fn catches(&self, signal: u32) -> bool {
        u64::from_str_radix(&self.status("SigCgt"), 16).unwrap() & 1 << (signal - 1) != 0
    }

    /// Its living children.
    fn children(&self) -> Vec<String> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.0.id())).unwrap();
        let children = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("children")).ok());
        let lives = |pid: &&str| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            stat.is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z')))
        };
        children.flat_map(|all| all.split_whitespace().filter(lives).map(str::to_owned).collect::<Vec<_>>()).collect()
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        // Already ended in most tests.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn spooled(bed: &Bed) -> u64 {
    let entries = std::fs::read_dir(bed.path("spool")).unwrap();
    entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum()
}

fn exited(code: i32) -> Exit {
    Exit { how: How::Exited { code }, stopped: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn carries_output_and_exit_codes() {
    let bed = Bed::sh("printf 'one\\n'; exit 7");
    assert_eq!(bed.run().await, (exited(7), 7));
    assert_eq!(bed.log(), b"one\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn tells_signals_and_missing_programs() {
    let (exit, code) = Bed::sh("kill -9 $$").run().await;
    assert_eq!((exit.how, code), (How::Signalled { signal: 9 }, 137));
    let (exit, code) = Bed::new(&["/no/such/program"]).run().await;
    assert!(matches!(exit.how, How::NotStarted { .. }), "{exit:?}");
    assert_eq!(code, 127);
    let (exit, code) = Bed::new(&["/etc"]).run().await;
    assert!(matches!(exit.how, How::NotStarted { .. }), "{exit:?}");
    assert_eq!(code, 126);
}

#[tokio::test(flavor = "multi_thread")]
async fn gives_the_program_its_input_and_a_process_group() {
    let bed = Bed::with(&["/bin/sh", "-c", "cat; echo $A; ls /proc/self/fd | wc -l"], |spec| {
        spec.stdin = Some("prompt".to_owned());
        spec.env.insert("A".to_owned(), "b c".to_owned());
    });
    std::fs::write(bed.path("step/prompt"), "hello\n").unwrap();
    bed.run().await;
    // Three standard descriptors and the one that `ls` reads with.
    assert_eq!(String::from_utf8(bed.log()).unwrap(), "hello\nb c\n4\n");
}

/// A program that repeats what it is told, and says so when it has done that.
const ECHOES: &str = "while read -r line; do echo \"got $line\"; echo '{\"type\":\"result\"}'; done; echo closed";

fn open(bed: &Bed) {
    std::fs::write(bed.path("step").join(dogwatch::shim::OPEN_FILE), "result").unwrap();
}

async fn say(channel: &StepChannel, number: u64, text: &str) -> Fate {
    timeout(PATIENCE, channel.voice().say(number, text.as_bytes())).await.unwrap().unwrap().fate
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_told_more_while_it_works_and_ends_when_it_has_done_all() {
    let bed = Bed::with(&["/bin/sh", "-c", ECHOES], |spec| spec.stdin = Some("prompt".to_owned()));
    std::fs::write(bed.path("step/prompt"), "first\n").unwrap();
    open(&bed);
    let channel = bed.listen();
    let shim = bed.shim();
    assert_eq!(say(&channel, 4, "second\n").await, Fate::Written);
    assert_eq!(say(&channel, 4, "second\n").await, Fate::Written);
    let exit = timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap();
    assert_eq!((exit, shim.code().await), (exited(0), 0));
    let log = String::from_utf8(bed.log()).unwrap();
    assert_eq!(log.replace("{\"type\":\"result\"}\n", ""), "got first\ngot second\nclosed\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_has_done_all_ends_while_no_engine_lives() {
    let bed = Bed::with(&["/bin/sh", "-c", ECHOES], |spec| spec.stdin = Some("prompt".to_owned()));
    std::fs::write(bed.path("step/prompt"), "first\n").unwrap();
    open(&bed);
    let shim = bed.shim();
    until("its start", || !shim.children().is_empty()).await;
    until("its end", || shim.children().is_empty()).await;
    let channel = bed.listen();
    assert_eq!(timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap(), exited(0));
    assert_eq!(shim.code().await, 0);
    assert_eq!(String::from_utf8(bed.log()).unwrap(), "got first\n{\"type\":\"result\"}\nclosed\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_twice_over_the_death_of_an_engine_is_written_once() {
    let bed = Bed::sh("read -r line; echo \"got $line\"; read -r line; echo \"got $line\"; cat");
    open(&bed);
    let channel = bed.listen();
    let shim = bed.shim();
    assert_eq!(say(&channel, 1, "one\n").await, Fate::Written);
    drop(channel);
    let channel = bed.listen();
    assert_eq!(say(&channel, 1, "one\n").await, Fate::Written);
    assert_eq!(say(&channel, 2, "two\n").await, Fate::Written);
    until("both", || bed.log().ends_with(b"got two\n")).await;
    assert_eq!(bed.log(), b"got one\ngot two\n");
    assert!(channel.stop(Duration::from_secs(5)).await);
    assert!(timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap().stopped);
    shim.code().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_does_not_read_is_stopped_and_its_output_taken_all_the_same() {
    let bed = Bed::with(&["/bin/sh", "-c", "while :; do echo up; sleep 0.05; done"], |spec| {
        spec.stdin = Some("prompt".to_owned());
    });
    // More than a pipe holds.
    std::fs::write(bed.path("step/prompt"), vec![b'x'; 300_000]).unwrap();
    open(&bed);
    let channel = bed.listen();
    let shim = bed.shim();
    let voice = channel.voice();
    let said = tokio::spawn(async move { voice.say(1, b"one\n").await });
    until("output", || bed.log().len() > 20).await;
    assert!(!said.is_finished());
    assert!(channel.stop(Duration::from_secs(5)).await);
    assert!(timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap().stopped);
    assert_eq!(timeout(PATIENCE, said).await.unwrap().unwrap().unwrap().fate, Fate::Refused);
    shim.code().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_whose_input_is_closed_is_told_nothing() {
    let bed = Bed::sh("cat; echo up; sleep 600");
    let channel = bed.listen();
    let shim = bed.shim();
    until("output", || bed.log() == b"up\n").await;
    assert_eq!(say(&channel, 1, "one\n").await, Fate::Refused);
    assert!(channel.stop(Duration::from_secs(5)).await);
    timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap();
    shim.code().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_to_work_without_a_secret() {
    let shim = Bed::sh("true").shim_with_stdin(b"abc");
    assert_eq!(shim.code().await, dogwatch::shim::NO_SECRET);
    // Something else in its place is nobody's early death.
    let shim = Bed::sh("true").shim_with_stdin(&[b'x'; 65]);
    assert_eq!(shim.code().await, dogwatch::shim::FAILED);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_program_speaks_with_the_codes_of_the_shim() {
    for own in [dogwatch::shim::FAILED, dogwatch::shim::NO_SECRET] {
        assert_eq!(Bed::sh(&format!("exit {own}")).run().await, (exited(own), 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_does_not_decide_over_the_shim() {
    let bed = Bed::sh("echo $RUST_MIN_STACK");
    let channel = bed.listen();
    let shim = bed.shim_with(&bed.secret.stdin_line(), &[("RUST_MIN_STACK", "99999999999999")]);
    assert_eq!(timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap(), exited(0));
    assert_eq!(shim.code().await, 0);
    assert_eq!(bed.log(), b"99999999999999\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_cannot_cut_the_shim_off_by_taking_its_descriptors() {
    // The shim is told to end by its own program, which then ends with the code that would excuse it.
    let script = "import os, resource, signal\nresource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (0, 0))\n\
                  os.kill(os.getppid(), signal.SIGTERM)\nos._exit(125)";
    let bed = Bed::new(&["python3", "-c", script]);
    let channel = bed.listen();
    let shim = bed.shim();
    let exit = timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap();
    assert!(exit.stopped || exit == exited(125), "{exit:?}");
    let code = shim.code().await;
    assert!(![125, 121].contains(&code), "{code}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_is_lost_or_doubled_however_often_engines_come_and_go() {
    let lines = 20_000;
    let bed = Bed::sh(&format!("i=0; while [ $i -lt {lines} ]; do echo line $i; i=$((i+1)); done; exit 3"));
    let shim = bed.shim();
    let expected: Vec<u8> = (0..lines).flat_map(|i| format!("line {i}\n").into_bytes()).collect();
    let total = expected.len() as u64;
    let mut chance = random();
    let mut stop_at = 0;
    while stop_at < total {
        let channel = bed.listen();
        let mut mark = channel.watch_log();
        // Some engines leave before anything came, some in the middle of a batch.
        stop_at += chance.random_range(0..total / 5);
        let reached = mark.wait_for(|mark| mark.bytes >= stop_at.min(total));
        timeout(PATIENCE, reached).await.unwrap().unwrap();
        drop(mark);
        drop(channel);
    }
    let channel = bed.listen();
    assert_eq!(timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap(), exited(3));
    assert_eq!(shim.code().await, 3);
    assert_eq!(channel.intrusions(), 0);
    assert!(!channel.damaged());
    assert!(bed.log() == expected, "the log differs");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_was_acknowledged_is_known_to_the_next_engine() {
    let bed = Bed::sh("echo x; exit 4");
    bed.run().await;
    let channel = bed.listen();
    assert_eq!(channel.wait_exit().await.unwrap(), exited(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn liars_are_counted_and_change_nothing() {
    let bed = Bed::sh(
        "printf '\\001\\000\\000\\000\\007\\012\\000\\000\\000\\006dogwatch'; while ! [ -e \"$0\" ]; do :; done",
    );
    let go = bed.path("work/go");
    let mut spec: ShimSpec = serde_json::from_slice(&std::fs::read(bed.path("step/spec.json")).unwrap()).unwrap();
    spec.argv.push(go.display().to_string());
    std::fs::write(bed.path("step/spec.json"), serde_json::to_vec(&spec).unwrap()).unwrap();
    let channel = bed.listen();
    let shim = bed.shim();
    until("the shim connects", || channel.connected()).await;
    let exit = dogwatch::shim::wire::Frame::Exit { seq: 1, time_ms: 0, exit: exited(0) };
    let proof = dogwatch::shim::wire::Frame::Proof { proof: [0; 32] };
    let hello = dogwatch::shim::wire::Frame::Hello { newest: 1, oldest: 1, nonce: [0; 32] };
    for lie in [exit.encode(), proof.encode(), vec![0xff; 100], [hello.encode(), proof.encode()].concat()] {
        let mut stream = tokio::net::UnixStream::connect(bed.path("step/channel.sock")).await.unwrap();
        stream.write_all(&lie).await.unwrap();
        let mut rest = Vec::new();
        // The engine hangs up, with a reset where it left bytes unread.
        let _ = stream.read_to_end(&mut rest).await;
    }
    drop(tokio::net::UnixStream::connect(bed.path("step/channel.sock")).await.unwrap());
    until("the liars are counted", || channel.intrusions() == 5).await;
    assert!(channel.connected());
    channel.close().await.unwrap();
    let channel = bed.listen();
    assert_eq!(channel.intrusions(), 5);
    std::fs::write(go, "").unwrap();
    assert_eq!(timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap(), exited(0));
    assert_eq!(shim.code().await, 0);
    assert_eq!(channel.close().await.unwrap().1, 5);
    assert_eq!(bed.log(), b"\x01\x00\x00\x00\x07\x0a\x00\x00\x00\x06dogwatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_connections_does_not_keep_the_shim_out() {
    let bed = Bed::sh("while ! [ -e \"$0\" ]; do sleep 0.01; done; echo through");
    let go = bed.path("work/go");
    let mut spec: ShimSpec = serde_json::from_slice(&std::fs::read(bed.path("step/spec.json")).unwrap()).unwrap();
    spec.argv.push(go.display().to_string());
    std::fs::write(bed.path("step/spec.json"), serde_json::to_vec(&spec).unwrap()).unwrap();
    let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let socket = bed.path("step/channel.sock");
    let channel = bed.listen();
    let floods: Vec<_> = (0..16)
        .map(|_| {
            let (over, socket) = (std::sync::Arc::clone(&over), socket.clone());
            std::thread::spawn(move || {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    // Between two engines there is nobody to connect to.
                    drop(std::os::unix::net::UnixStream::connect(&socket));
                }
            })
        })
        .collect();
    until("the flood arrives", || channel.intrusions() > 100).await;
    let begun = Instant::now();
    let shim = bed.shim();
    until("the shim comes through", || channel.connected()).await;
    let first = begun.elapsed();
    channel.close().await.unwrap();
    let begun = Instant::now();
    let channel = bed.listen();
    until("the shim comes through again", || channel.connected()).await;
    eprintln!("flood of connections: through in {first:?}, and with a new engine in {:?}", begun.elapsed());
    std::fs::write(go, "").unwrap();
    assert_eq!(timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap(), exited(0));
    over.store(true, std::sync::atomic::Ordering::Relaxed);
    for flood in floods {
        flood.join().unwrap();
    }
    assert_eq!(shim.code().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_cannot_look_into_the_shim() {
    let bed = Bed::sh(
        "for f in environ mem maps fd/0 auxv; do if cat /proc/$PPID/$f >/dev/null 2>&1; then echo open $f; fi; done; \
         ls /proc/$PPID/fd/ 2>/dev/null; echo done",
    );
    bed.run().await;
    assert_eq!(String::from_utf8(bed.log()).unwrap(), "done\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_in_one_line_stays_small_in_memory() {
    let bed = Bed::sh("head -c 100000000 /dev/zero");
    let channel = bed.listen();
    let start = Instant::now();
    let shim = bed.shim();
    let mut mark = channel.watch_log();
    let reached = mark.wait_for(|mark| mark.bytes >= 90_000_000);
    timeout(PATIENCE, reached).await.unwrap().unwrap();
    let peak = shim.peak_kib();
    assert_eq!(timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap(), exited(0));
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("flood: {:.0} MB/s, shim's peak {peak} KiB", 100.0 / seconds);
    shim.code().await;
    let reader = LogReader::open(&bed.path("step.log")).unwrap();
    assert_eq!(reader.mark().unwrap().bytes, 100_000_000);
    assert_eq!(reader.lines(0, 0, 10).unwrap()[0].bytes.len(), MAX_READ);
    assert!(peak < 48 * 1024, "the shim used {peak} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_short_lines_are_carried_fast_enough() {
    let bed = Bed::sh("i=0; while [ $i -lt 40000 ]; do i=$((i+1)); echo $i; done");
    let start = Instant::now();
    bed.run().await;
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("lines: {:.0} a second", 40_000.0 / seconds);
    assert!(seconds < 10.0, "40,000 lines took {seconds} s");
    assert_eq!(LogReader::open(&bed.path("step.log")).unwrap().tail(1).unwrap()[0].bytes, b"40000");
}

#[tokio::test(flavor = "multi_thread")]
async fn left_over_children_do_not_hold_the_end_back() {
    let bed = Bed::sh("sleep 1000 & echo hi");
    let start = Instant::now();
    assert_eq!(bed.run().await, (exited(0), 0));
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(bed.log(), b"hi\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_when_told_and_says_so() {
    let bed = Bed::sh("trap '' TERM; echo up; while :; do sleep 1; done");
    let channel = bed.listen();
    let shim = bed.shim();
    let mut mark = channel.watch_log();
    timeout(PATIENCE, mark.wait_for(|mark| mark.bytes == 3)).await.unwrap().unwrap();
    assert!(channel.stop(Duration::from_millis(100)).await);
    let exit = timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap();
    assert_eq!(exit, Exit { how: How::Signalled { signal: 9 }, stopped: true });
    assert_eq!(shim.code().await, 137);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_counts_before_the_programs_end_whatever_its_code_and_not_after_it() {
    let bed = Bed::sh("trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done");
    let channel = bed.listen();
    let shim = bed.shim();
    let mut mark = channel.watch_log();
    timeout(PATIENCE, mark.wait_for(|mark| mark.bytes == 3)).await.unwrap().unwrap();
    shim.signal(rustix::process::Signal::TERM);
    let exit = timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap();
    assert_eq!(exit, Exit { how: How::Exited { code: 0 }, stopped: true });
    shim.code().await;

    // What ended by itself was not stopped, however long the shim then waits for an engine.
    let bed = Bed::with(&["/bin/sh", "-c", "while ! [ -e \"$0\"/go ]; do sleep 0.01; done"], |spec| {
        spec.argv.push(spec.work.clone());
    });
    let shim = bed.shim();
    until("the program is started", || !shim.children().is_empty()).await;
    std::fs::write(bed.path("work/go"), "").unwrap();
    until("the program ended", || shim.children().is_empty()).await;
    shim.signal(rustix::process::Signal::TERM);
    assert_eq!(shim.code().await, 0);
    let drained = bed.listen().drain_spool(&bed.path("spool")).await.unwrap();
    assert_eq!(drained.exit, Some(exited(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_before_the_start_it_starts_nothing() {
    let (bed, shim) = loop {
        let bed = Bed::new(&["/bin/sh", "-c", ": >\"$0\""]);
        let begun = Instant::now();
        let shim = bed.shim();
        until("signals are caught", || shim.catches(15)).await;
        shim.signal(rustix::process::Signal::TERM);
        // A shim waits two seconds for its engine and then starts the program: on a busy machine this may have been too late.
        if begun.elapsed() < Duration::from_secs(1) {
            break (bed, shim);
        }
    };
    assert_eq!(shim.code().await, 126);
    let exit = bed.listen().drain_spool(&bed.path("spool")).await.unwrap().exit.unwrap();
    assert!(exit.stopped && matches!(exit.how, How::NotStarted { .. }), "{exit:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_the_program_left_behind_outlives_it() {
    // Its output goes nowhere, so that no pipe shows that it is there.
    let bed = Bed::sh("(while :; do sleep 0.01; done) >/dev/null 2>&1 & echo $!");
    let channel = bed.listen();
    let shim = bed.shim();
    timeout(PATIENCE, channel.wait_exit()).await.unwrap().unwrap();
    let left = String::from_utf8(bed.log()).unwrap();
    assert!(!Path::new("/proc").join(left.trim()).join("exe").exists());
    shim.code().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_can_be_read_by_every_step() {
    let script =
        "umask 077; mkdir \"$0\"/a; echo x >\"$0\"/a/f; echo y >\"$0\"/a/x; chmod 700 \"$0\"/a/x; ln -s f \"$0\"/a/l";
    let store = Bed::with(&["/bin/sh", "-c", script], |spec| {
        spec.argv.push(spec.work.clone());
        spec.keep = vec!["a".to_owned()];
        spec.keep_mode = KeepMode::Store;
    });
    assert_eq!(store.run().await, (exited(0), 0));
    let mode = |name: &str| std::fs::symlink_metadata(store.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("keep/a"), mode("keep/a/f"), mode("keep/a/x")), (0o755, 0o644, 0o755));
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_its_own_time_limit() {
    let (exit, _) = Bed::with(&["/bin/sleep", "1000"], |spec| spec.seconds = 1).run().await;
    assert_eq!(exit, Exit { how: How::TimedOut { seconds: 1 }, stopped: false });
}

/// Without an engine: lets the program end, then tells the shim to leave.
async fn leave_in_spool(bed: &Bed) {
    let shim = bed.shim();
    until("the program ends", || bed.path("work/done").exists()).await;
    shim.signal(rustix::process::Signal::TERM);
    shim.code().await;
}

fn spooling() -> Bed {
    let bed = Bed::new(&[]);
    let mut spec: ShimSpec = serde_json::from_slice(&std::fs::read(bed.path("step/spec.json")).unwrap()).unwrap();
    let done = bed.path("work/done");
    spec.argv = ["/bin/sh", "-c", "seq 1 3000000; : >\"$0\"", done.to_str().unwrap()].map(str::to_owned).to_vec();
    std::fs::write(bed.path("step/spec.json"), serde_json::to_vec(&spec).unwrap()).unwrap();
    bed
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_engine_took_is_found_in_the_spool() {
    let bed = spooling();
    leave_in_spool(&bed).await;
    let channel = bed.listen();
    let drained = channel.drain_spool(&bed.path("spool")).await.unwrap();
    assert!(!drained.damaged);
    assert!(matches!(drained.exit, Some(Exit { how: How::Exited { code: 0 }, .. })), "{drained:?}");
    let expected: Vec<u8> = (1..=3_000_000).flat_map(|i| format!("{i}\n").into_bytes()).collect();
    assert!(bed.log() == expected, "the log differs");
    let again = channel.drain_spool(&bed.path("spool")).await.unwrap();
    assert_eq!(again.taken, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_that_was_tampered_with_is_noticed() {
    let bed = spooling();
    leave_in_spool(&bed).await;
    assert!(spooled(&bed) > 8 * 1024 * 1024);
    let mut names: Vec<_> = std::fs::read_dir(bed.path("spool")).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    // One segment is changed in the middle, one is replaced by a link to something outside.
    let mut bytes = std::fs::read(&names[1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&names[1], bytes).unwrap();
    std::fs::remove_file(&names[2]).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &names[2]).unwrap();
    let channel = bed.listen();
    let drained = channel.drain_spool(&bed.path("spool")).await.unwrap();
    assert!(drained.damaged && channel.damaged());
    assert!(drained.exit.is_some());
    let log = String::from_utf8_lossy(&bed.log()).into_owned();
    assert!(log.contains("pieces of output were destroyed"));
    assert!(!log.contains("root:"));
    assert!(log.ends_with("3000000\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_paths_are_stored_and_linked() {
    let store = Bed::with(&["/bin/sh", "-c", "mkdir -p \"$0\"/a/b && echo x >\"$0\"/a/b/c"], |spec| {
        spec.argv.push(spec.work.clone());
        spec.keep = vec!["a/b".to_owned()];
        spec.keep_mode = KeepMode::Store;
    });
    assert_eq!(store.run().await, (exited(0), 0));
    assert_eq!(std::fs::read(store.path("keep/a/b/c")).unwrap(), b"x\n");
    let link = Bed::with(&["/bin/sh", "-c", "cat \"$0\"/a/b/c"], |spec| {
        spec.argv.push(spec.work.clone());
        spec.keep = vec!["a/b".to_owned(), "absent".to_owned()];
    });
    std::fs::create_dir_all(link.path("keep/a/b")).unwrap();
    std::fs::write(link.path("keep/a/b/c"), "y\n").unwrap();
    assert_eq!(link.run().await, (exited(0), 0));
    assert_eq!(link.log(), b"y\n");
    assert!(Path::new(&link.path("work/a/b")).is_symlink());
}
