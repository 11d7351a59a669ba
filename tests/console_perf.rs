//! What the console costs, printed: from a key to the first byte and to the picture, bytes to the terminal and processor time
//! at rest and under floods of lines, memory per line, and how soon a console is of use. Nothing here fails for being slow.
//!
//! `cargo test --release --features crash-points --test console_perf -- --nocapture --test-threads=1`, with the variables of
//! `tests/run` that name a container engine. At full size: `DOGWATCH_WATCHED=20` seconds (3 by default), `DOGWATCH_KEYS=300`
//! (30), `DOGWATCH_FLOODS=5` kinds of floods (2), `DOGWATCH_LINES=200000` stored (20000), `DOGWATCH_RUNS=100` (20). `DOGWATCH_PEERS="oxker dtop"` measures these
//! consoles for Docker beside it, with the same floods on the same container engine; `cargo install` brings them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::cast_precision_loss)]

mod support;

mod needs_docker {
    use crate::support::bare::Bare;
    use crate::support::filled::{fill, step_with};
    use crate::support::raw_terminal::RawTerminal;
    use crate::support::usage::{processor, resident};
    use crate::support::{DockerEnv, Engine, TempRepo, docker, wait_until};
    use dogwatch::domain::{RunId, RunState, StepKind, StepState};
    use std::process::Command;
    use std::time::{Duration, Instant};

    const PATIENCE: Duration = Duration::from_mins(5);
    /// Nothing more comes after this.
    const QUIET: Duration = Duration::from_millis(300);

    fn number(name: &str, usual: u64) -> u64 {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    }

    fn watched() -> Duration {
        Duration::from_secs(number("DOGWATCH_WATCHED", 3))
    }

    /// Milliseconds as `p50 / p95 (most)`.
    fn spread(mut times: Vec<Duration>) -> String {
        times.sort();
        let at = |part: usize| times.get((times.len() * part / 100).min(times.len() - 1)).unwrap().as_secs_f64() * 1e3;
        format!("p50 {:.2} ms, p95 {:.2} ms, most {:.2} ms", at(50), at(95), at(100))
    }

    /// A console of dogwatch, in a terminal.
    fn console(engine: &Engine, args: &[&str]) -> RawTerminal {
        let ours = engine.command(args);
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(ours.get_program()).args(ours.get_args());
        for (name, value) in ours.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        RawTerminal::start(command)
    }

    /// A program that writes so many lines a second, for so many seconds.
    fn flood(rate: u64, seconds: u64) -> String {
        format!(
            "import sys, time\nout = sys.stdout\nstart = time.monotonic()\nn = 0\nwhile n < {total}:\n    \
             due = min({total}, int((time.monotonic() - start) * {rate}) + 1)\n    \
             out.write(''.join('%d a line of the flood, as long as such lines are, or so\\n' % i for i in range(n, due)))\n    \
             out.flush()\n    n = due\n    time.sleep(0.005)\ntime.sleep(1)\n",
            total = rate * seconds
        )
    }

    fn repo(docker: &DockerEnv, program: &str) -> TempRepo {
        let toml = format!(
            "[image]\nreference = \"{}\"\n[[suite]]\nname = \"unit\"\ncommand = \"false\"\nformat = \"exit-code\"\n\
             [agent]\nname = \"command\"\ncommand = \"python3 agent.py\"\ntimeout = \"20m\"\n[budget]\niterations = 1\n",
            docker.image
        );
        TempRepo::new(&[("dogwatch.toml", &toml), ("agent.py", program)])
    }

    fn develops(engine: &Engine, run: RunId) -> bool {
        let steps = engine.detail(run).steps;
        steps.iter().any(|step| step.key.kind == StepKind::Develop && matches!(step.state, StepState::Created { .. }))
    }

    /// How long it takes from a key to the first byte, for one key after the other.
    fn keys_to_bytes(terminal: &mut RawTerminal, keys: &[&str]) -> Vec<Duration> {
        let mut times = Vec::new();
        for n in 0..number("DOGWATCH_KEYS", 30) {
            terminal.settle(Duration::from_millis(30));
            let begun = Instant::now();
            terminal.press(keys[usize::try_from(n).unwrap() % keys.len()]);
            if terminal.read(begun + Duration::from_secs(1)) {
                times.push(begun.elapsed());
            }
        }
        times
    }

    /// Bytes a second to the terminal and processor time while it is watched.
    fn traffic(terminal: &mut RawTerminal, what: &str) {
        let (bytes, busy, begun) = (terminal.count, processor(terminal.pid()), Instant::now());
        terminal.watch(watched());
        let seconds = begun.elapsed().as_secs_f64();
        let busy = processor(terminal.pid()).saturating_sub(busy).as_secs_f64();
        println!(
            "{what}: {:.1} kB/s to the terminal, {:.2} % of a core",
            (terminal.count - bytes) as f64 / seconds / 1e3,
            busy / seconds * 100.0
        );
    }

    #[test]
    fn at_rest() {
        let Some(docker) = docker() else { return };
        let mut engine = Engine::start(&docker);
        let repo = repo(&docker, "import time\nprint('begun', flush=True)\ntime.sleep(3600)\n");
        let project = engine.add(&repo);
        for _ in 0..3 {
            engine.submit(&project, None);
        }
        let mut one = console(&engine, &["watch"]);
        assert!(one.wait(PATIENCE, |shown| shown.contains("begun")), "{}", one.shown());
        one.settle(QUIET);
        traffic(&mut one, "dogwatch with three silent runs at work, whose times are shown");
        println!(
            "dogwatch with three silent runs at work, key to first byte: {}",
            spread(keys_to_bytes(&mut one, &["j", "k"]))
        );
        let mut more: Vec<_> = (0..3).map(|_| console(&engine, &["watch"])).collect();
        for terminal in &mut more {
            assert!(terminal.wait(PATIENCE, |shown| shown.contains("begun")), "{}", terminal.shown());
            terminal.settle(QUIET);
        }
        let pid = engine.pid().unwrap();
        let (busy, begun) = (processor(pid), Instant::now());
        std::thread::sleep(watched());
        let busy = processor(pid).saturating_sub(busy).as_secs_f64();
        println!("the engine with four idle consoles: {:.3} % of a core", busy / begun.elapsed().as_secs_f64() * 100.0);
        drop(more);
        engine.stop();
    }

    #[test]
    fn under_floods() {
        let Some(docker) = docker() else { return };
        let mut engine = Engine::start(&docker);
        let seconds = 2 * watched().as_secs() + 4;
        let floods = [
            (5_000, &["watch"][..]),
            (20_000, &["watch"]),
            (1_000, &["watch"]),
            (1_000, &["watch", "--slow-link"]),
            (20_000, &["watch", "--slow-link"]),
        ];
        let wanted = usize::try_from(number("DOGWATCH_FLOODS", 2)).unwrap();
        for (rate, args) in floods.into_iter().take(wanted) {
            let what = format!("dogwatch {} with {rate} lines/s", args.join(" "));
            let repo = repo(&docker, &flood(rate, seconds));
            let run = engine.run_on(&repo);
            wait_until("a flood", PATIENCE, || develops(&engine, run));
            let mut terminal = console(&engine, args);
            assert!(terminal.wait(PATIENCE, |shown| shown.contains("a line of the flood")), "{}", terminal.shown());
            terminal.watch(Duration::from_millis(500));
            let (engine_before, before) = (resident(engine.pid().unwrap()), resident(terminal.pid()));
            traffic(&mut terminal, &what);
            if rate == 5_000 {
                let mut times = Vec::new();
                for _ in 0..number("DOGWATCH_KEYS", 30) / 3 {
                    terminal.watch(Duration::from_millis(40));
                    let begun = Instant::now();
                    terminal.press("?");
                    assert!(terminal.wait(PATIENCE, |shown| shown.contains("Show these keys")), "{}", terminal.shown());
                    times.push(begun.elapsed());
                    terminal.press("\u{1b}");
                    assert!(
                        terminal.wait(PATIENCE, |shown| !shown.contains("Show these keys")),
                        "{}",
                        terminal.shown()
                    );
                }
                println!("{what}, key to picture (help opens): {}", spread(times));
            }
            // Everything that was written is there, from the first line to the last.
            let last = format!("{} a line of the flood", rate * seconds - 1);
            assert!(terminal.wait(PATIENCE, |shown| shown.contains(&last)), "{last} is missing: {}", terminal.shown());
            let growth = |now: u64, before: u64| now.saturating_sub(before) as f64 / (rate * seconds) as f64;
            println!(
                "{what}: of {} lines the last is shown; memory per line: {:.1} bytes in the console, {:.1} in the engine",
                rate * seconds,
                growth(resident(terminal.pid()), before),
                growth(resident(engine.pid().unwrap()), engine_before)
            );
            // A run that waits for a person would be the one that the next console shows first.
            engine.rested(run);
            engine.cmd(&["cancel", &run.to_string()]).expect_code(0);
            engine.reaches(run, RunState::Cancelled);
        }
        engine.stop();
    }

    #[test]
    fn until_it_is_of_use() {
        let bare = Bare::new();
        let (runs, lines) = (number("DOGWATCH_RUNS", 20), number("DOGWATCH_LINES", 20_000));
        fill(&bare, usize::try_from(runs).unwrap(), "make it pass");
        let newest = RunId(i64::try_from(runs).unwrap());
        step_with(&bare, newest, 1, |_| {
            (0..lines).flat_map(|n| format!("line {n} of what was said\n").into_bytes()).collect()
        });
        let _engine = bare.start();
        let last = format!("line {} of what was said", lines - 1);
        let start = || {
            let begun = Instant::now();
            let mut terminal =
                RawTerminal::start(bare.through("setsid", &["--ctty", env!("CARGO_BIN_EXE_dogwatch"), "watch"]));
            assert!(terminal.wait(PATIENCE, |shown| shown.contains("No run is at work")), "{}", terminal.shown());
            terminal.press("a");
            assert!(terminal.wait(PATIENCE, |shown| shown.contains(&last)), "{}", terminal.shown());
            (terminal, begun.elapsed())
        };
        let times = (0..number("DOGWATCH_KEYS", 30) / 3).map(|_| start().1);
        println!(
            "from its start, with a key that asks for runs that are over, to {runs} runs and the end of {lines} lines on the screen: {}",
            spread(times.collect())
        );
        let (mut terminal, _) = start();
        terminal.settle(QUIET);
        traffic(&mut terminal, "dogwatch with nothing at work");
        println!(
            "dogwatch with nothing at work, key to first byte: {}",
            spread(keys_to_bytes(&mut terminal, &["j", "k"]))
        );
    }

    /// A container of the test's own, removed when dropped.
    struct Flood<'d>(&'d DockerEnv, String);

    impl<'d> Flood<'d> {
        /// Under a short name, so that it is shown whole.
        fn start(docker: &'d DockerEnv, rate: u64, seconds: u64) -> Self {
            let (program, name) = (flood(rate, seconds) + "time.sleep(600)\n", format!("flood{}", std::process::id()));
            let kind = ["run", "--detach", "--network=none", "--init", "--name", &name];
            let run = kind.into_iter().chain([docker.image.as_str(), "python3", "-c", &program]);
            let made = Command::new("docker").args(["--host", &docker.host]).args(run).output().unwrap();
            assert!(made.status.success(), "{made:?}");
            Self(docker, String::from_utf8(made.stdout).unwrap().trim().to_owned())
        }
    }

    impl Drop for Flood<'_> {
        fn drop(&mut self) {
            self.0.remove(std::slice::from_ref(&self.1));
        }
    }

    #[test]
    fn peers() {
        let Some(docker) = docker() else { return };
        let Ok(peers) = std::env::var("DOGWATCH_PEERS") else {
            println!("skipped: DOGWATCH_PEERS names no other console to measure");
            return;
        };
        for peer in peers.split(' ') {
            for rate in [0, 1_000, 20_000] {
                let seconds = 3 * watched().as_secs() + 4;
                let _flood = Flood::start(&docker, rate.max(1), seconds);
                let mut command = Command::new("setsid");
                let home = tempfile::tempdir().unwrap();
                command.args(["--ctty", peer]).env("DOCKER_HOST", &docker.host).env("HOME", home.path());
                let begun = Instant::now();
                let mut terminal = RawTerminal::start(command);
                if terminal.wait(Duration::from_secs(20), |shown| shown.contains("flood")) {
                    println!("{peer} shows a container {:.0} ms after its start", begun.elapsed().as_secs_f64() * 1e3);
                } else {
                    println!("{peer} shows no container within 20 s");
                }
                terminal.watch(Duration::from_secs(2));
                // dtop shows logs of what is opened.
                terminal.press("\r");
                terminal.watch(Duration::from_secs(2));
                traffic(&mut terminal, &format!("{peer} with {rate} lines/s"));
                if rate == 0 {
                    let times = keys_to_bytes(&mut terminal, &["j", "k", "\t"]);
                    if times.is_empty() {
                        println!("{peer} answers no key");
                    } else {
                        println!("{peer}, key to first byte: {}", spread(times));
                    }
                }
                if rate > 0 {
                    let last = format!("{} a line of the flood", rate * seconds - 1);
                    let patience = Duration::from_secs(seconds + 10).saturating_sub(begun.elapsed());
                    let there = terminal.wait(patience, |shown| shown.contains(&last));
                    let word = if there { "is" } else { "is not" };
                    println!("{peer} with {rate} lines/s: 10 s after its end the last line {word} shown");
                }
                if std::env::var_os("DOGWATCH_SHOW").is_some() {
                    println!("{}", terminal.shown());
                }
            }
        }
    }
}
