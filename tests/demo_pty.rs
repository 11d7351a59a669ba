//! The demo as a stranger meets it: in a terminal of 80x24, by keys alone, from the first command to nothing being left; and by
//! scripts. Steps run in the process sandbox.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::bare::{Bare, output};
use support::console::{Console, foreign};
use support::wait_until;

const PATIENCE: Duration = Duration::from_mins(2);

/// Directories for a demo, and commands for its engine. Nothing of it outlives the test.
struct Demo(Bare);

impl Demo {
    fn new() -> Self {
        Self(Bare::new())
    }

    fn root(&self) -> PathBuf {
        self.0.file("demo")
    }

    /// A command for the demo's engine.
    fn of_engine(&self, args: &[&str]) -> String {
        let mut command = self.0.through(env!("CARGO_BIN_EXE_dogwatch"), args);
        command.env("DOGWATCH_STATE_DIR", self.root().join("state"));
        command.env("DOGWATCH_CONFIG_DIR", self.root().join("config"));
        let done = output(&mut command);
        done.expect_code(0).to_owned()
    }

    fn run(&self, id: &str) -> Value {
        serde_json::from_str(&self.of_engine(&["show", id, "--json"])).unwrap()
    }

    fn comes_to(&self, id: &str, state: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let now = self.run(id)["view"]["run"]["state"].as_str().unwrap().to_owned();
            if now == state {
                return;
            }
            assert!(Instant::now() < end, "{id} is {now} and not {state}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Removes everything; nothing of it may be left, neither files nor processes.
    fn clean(&self) {
        let done = self.0.cmd(&["demo", "--clean"]);
        assert!(done.expect_code(0).contains("the demo is removed"), "{}", done.stdout);
        let left: Vec<_> = fs::read_dir(self.0.state()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
        let root = self.root().display().to_string();
        wait_until("the last process of the demo", PATIENCE, || processes(&root).is_empty());
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(&root), "{mounts}");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // A test that failed halfway leaves an engine that nobody else ends.
        let _removed = self.0.cmd(&["demo", "--clean"]);
    }
}

/// Command lines and environments in which a directory is named, but for our own.
fn processes(root: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let told =
            |name: &str| fs::read(entry.path().join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let words = ["cmdline", "environ"].map(|name| told(name).unwrap_or_default()).join("\0");
        if words.contains(root) {
            found.push(words);
        }
    }
    found
}

/// Whether bubblewrap works here; where it does not, that is said.
fn sandbox() -> bool {
    let works =
        Command::new("bwrap").args(["--ro-bind", "/", "/", "true"]).status().is_ok_and(|status| status.success());
    let python = Path::new("/usr/bin/python3").exists();
    if !works || !python {
        let required = std::env::var("DOGWATCH_REQUIRE_BWRAP").is_ok_and(|value| value == "1");
        assert!(!required, "a bubblewrap that works and /usr/bin/python3 are required");
        eprintln!("skipped: bubblewrap works: {works}, python3 is there: {python}");
    }
    works && python
}

/// Selects a run in the list, by what its log is called.
fn select(console: &mut Console, run: &str) {
    let title = |console: &Console| {
        let shown = console.shown();
        shown.split_once("Log r").map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>())
    };
    // The log follows the selection a moment later, so what counts is what stays.
    let settled = |console: &Console| {
        let (mut last, mut since) = (title(console), Instant::now());
        while since.elapsed() < Duration::from_millis(500) {
            std::thread::sleep(Duration::from_millis(10));
            let now = title(console);
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        last
    };
    console.type_keys("g");
    for _ in 0..8 {
        if settled(console).is_some_and(|number| format!("r{number}") == run) {
            return;
        }
        console.type_keys("j");
    }
    panic!("{run} cannot be selected:\n{}", console.shown());
}

/// Presses enter until what was open is closed: a dialog takes none before it was seen.
fn send(console: &mut Console, open: &str) {
    let end = Instant::now() + PATIENCE;
    while console.shown().contains(open) {
        assert!(Instant::now() < end, "`{open}` stays open:\n{}", console.shown());
        console.type_keys("\r");
        let pause = Instant::now() + Duration::from_millis(500);
        while Instant::now() < pause && console.shown().contains(open) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

mod needs_bwrap {
    use super::*;

    #[test]
    fn a_stranger_goes_through_the_demo_by_keys_and_leaves_nothing() {
        if !sandbox() {
            return;
        }
        let demo = Demo::new();
        let mut console = Console::start(&demo.0, &["demo", "--sandbox", "process"], 24, 80);
        console.wait_for("Press enter for the console.");
        let told = console.shown();
        for words in
            ["Steps run in the process sandbox", "No browser opens the pages", "r5  calculator", "demo --clean"]
        {
            assert!(told.contains(words), "{words}:\n{told}");
        }
        console.type_keys("\r");
        console.wait_for("First steps");
        console.wait_for("all keys; leave.");
        console.type_keys("\u{1b}");
        wait_until("the first steps to go", PATIENCE, || !console.shown().contains("First steps"));

        // Three questions and a proposal wait; the two other runs are over, and green.
        console.wait_for("4 waiting for you");
        for run in ["r1", "r5"] {
            demo.comes_to(run, "succeeded");
        }
        console.type_keys("a");
        console.wait_for("succeeded");
        let five = demo.run("r5");
        let outcomes: Vec<_> =
            five["iterations"].as_array().unwrap().iter().map(|one| one["outcome"].clone()).collect();
        assert_eq!(outcomes, ["neutral", "red", "red", "green"], "{five}");
        let prompt = demo.of_engine(&["prompt", "r5", "3"]);
        assert!(
            prompt.contains("What repaired such problems before") && prompt.contains("in project shop (r1"),
            "{prompt}"
        );

        // The stuck one moves once it is told something.
        demo.comes_to("r2", "awaiting_redirect");
        select(&mut console, "r2");
        console.type_keys("r");
        console.wait_for("Redirect r2");
        console.type_keys("give reads and writes numbers of their own");
        console.wait_for("numbers of their own");
        send(&mut console, "Redirect r2");
        demo.comes_to("r2", "succeeded");

        // What goes by luck is named.
        let four = demo.of_engine(&["show", "r4"]);
        assert!(four.contains("flaky: test_line.Luck::test_somebody_answers_in_time"), "{four}");

        // The live repair is read, agreed to, and runs once.
        let settings = demo.root().join("live/service.conf");
        assert!(fs::read_to_string(&settings).unwrap().contains("workers = 0"));
        console.type_keys("2");
        console.wait_for("May this run on demo-live?");
        console.type_keys("\r");
        console.wait_for("what runs, exactly");
        let end = Instant::now() + PATIENCE;
        while !console.shown().contains("all of it was on the screen") {
            assert!(Instant::now() < end, "the end does not come:\n{}", console.shown());
            console.type_keys("\u{6}");
            let pause = Instant::now() + Duration::from_millis(200);
            while Instant::now() < pause && !console.shown().contains("all of it was on the screen") {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        console.type_keys("y");
        let asks = "Type this code, then enter: ";
        console.wait_for(asks);
        let shown = console.shown();
        let code: String = shown.split_once(asks).unwrap().1.chars().take_while(char::is_ascii_lowercase).collect();
        // What is typed before the code was seen for a moment is not taken.
        std::thread::sleep(Duration::from_millis(700));
        console.type_keys(&code);
        send(&mut console, asks);
        wait_until("the repair of what is live", PATIENCE, || {
            fs::read_to_string(&settings).unwrap().contains("workers = 4")
        });
        console.wait_for("it ran and ended with 0");
        assert_eq!(fs::read_to_string(demo.root().join("live/repairs.log")).unwrap(), "workers: 0 -> 4\n");

        console.type_keys("q");
        assert_eq!(console.end(), Some(0));
        console.assert_given_back();
        assert_eq!(
            foreign(&console.bytes()).iter().filter(|one| !one.starts_with("\\r") && !one.starts_with("\\n")).count(),
            0
        );
        demo.clean();
    }

    #[test]
    fn scripts_set_it_up_wait_for_it_and_remove_it() {
        if !sandbox() {
            return;
        }
        let demo = Demo::new();
        let started: Value =
            serde_json::from_str(demo.0.cmd(&["demo", "--json", "--sandbox", "process"]).expect_code(0)).unwrap();
        assert_eq!(started["runs"][1], serde_json::json!([2, "stuck"]), "{started}");
        assert_eq!(started["state_dir"].as_str().unwrap(), demo.root().join("state").display().to_string());
        // Without a terminal it waits until each run is where it comes to by itself.
        let told = demo.0.cmd(&["demo"]);
        let told = told.expect_code(0);
        let counted = "0 failed, 1 flaky";
        for words in
            ["is there already", "ok    r1  succeeded", "ok    r2  awaiting_redirect", "ok    x1  pending", counted]
        {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert_eq!(demo.0.cmd(&["demo", "--no-console"]).code, Some(0));
        demo.clean();
        assert!(demo.0.cmd(&["demo", "--clean"]).expect_code(0).contains("there is no demo"));
    }
}

/// An engine without a database was once passed over: its directory went away beneath it while it lived on.
#[test]
fn an_engine_without_a_database_is_ended_as_well() {
    let demo = Demo::new();
    demo.of_engine(&["status"]);
    for file in ["dogwatch.db", "dogwatch.db-wal", "dogwatch.db-shm"] {
        fs::remove_file(demo.root().join("state").join(file)).unwrap();
    }
    let root = demo.root().display().to_string();
    assert_eq!(processes(&root).len(), 1, "an engine lives there");
    assert!(demo.0.cmd(&["demo", "--clean"]).expect_code(0).contains("the demo is removed"));
    assert_eq!(processes(&root), [""; 0]);
    assert_eq!(fs::read_dir(demo.0.state()).unwrap().count(), 0);
}

#[test]
fn where_there_is_nothing_to_run_in_it_says_so_and_leaves_nothing() {
    let demo = Demo::new();
    let refused = demo.0.cmd(&["demo", "--sandbox", "docker"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("cannot use Docker"), "{}", refused.stderr);
    assert_eq!(fs::read_dir(demo.0.state()).unwrap().count(), 0, "half a demo is left");
}
