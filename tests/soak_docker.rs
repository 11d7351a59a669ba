//! A long night in short: eight runs at once for as long as is wanted, consoles that come and go or lose their terminals, the engine
//! killed and the container engine restarted at random, the disk full once. Nothing is lost, nothing is done twice, and the
//! engine grows neither in memory nor in open files.
//!
//! `DOGWATCH_SOAK=60` says for how many minutes (one minute, by default); `DOGWATCH_SEED` repeats a sequence of instants. Alone:
//! `cargo test --release --features crash-points --test soak_docker -- --ignored --nocapture`. Clocks that leap and 24 hours
//! at a time are the simulator's: `cargo test --release --lib engine::sim -- --ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod support;

mod needs_docker {
    use crate::support::chance::{number, random};
    use crate::support::console::Console;
    use crate::support::counting::{End, counting_repo, end};
    use crate::support::loops::{ENOUGH, REST};
    use crate::support::{Engine, docker, wait_until};
    use dogwatch::domain::{RunId, RunState, StepEnd, StepState};
    use rand::RngExt;
    use rand::rngs::StdRng;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::time::{Duration, Instant};

    /// Runs at once.
    const RUNS: usize = 8;

    /// A disk of its own under the engine's state, where the test may mount one; taken away with the test.
    struct Disk(Option<PathBuf>);

    impl Disk {
        fn mount(place: &Path) -> Self {
            let size =
                Command::new("mount").args(["-t", "tmpfs", "-o", "size=3G,mode=0700", "soak"]).arg(place).status();
            if size.is_ok_and(|status| status.success()) {
                return Self(Some(place.to_owned()));
            }
            println!("no disk of its own: this user may not mount one, so it is not filled");
            Self(None)
        }

        /// Takes all the room that there is, for a moment, and tells how much that was.
        fn fill(&self, moment: Duration) -> Option<u64> {
            let weight = self.0.as_ref()?.join("weight");
            let file = fs::File::create(&weight).unwrap();
            let mut taken = 0;
            for step in [64_u64 << 20, 1 << 20, 4096] {
                while rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), taken, step).is_ok() {
                    taken += step;
                }
            }
            std::thread::sleep(moment);
            drop(file);
            fs::remove_file(weight).unwrap();
            Some(taken)
        }
    }

    impl Drop for Disk {
        fn drop(&mut self) {
            if let Some(place) = &self.0 {
                // With what is mounted on it; what still uses it keeps it for as long as it does.
                let _told = Command::new("umount").args(["--recursive", "--lazy"]).arg(place).status();
            }
        }
    }

    /// What a process holds.
    #[derive(Clone, Copy, Debug)]
    struct Weight {
        /// KiB of memory of its own, which only it can give back.
        own: u64,
        /// KiB of all that is resident: its own, and pages of files (its program, the database) that the kernel takes back when
        /// it wants the room.
        all: u64,
        /// Open files.
        files: usize,
    }

    fn weight(pid: u32) -> Option<Weight> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix("kB")?.trim().parse().ok()
        };
        let files = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
        Some(Weight { own: kib("RssAnon:")?, all: kib("VmRSS:")?, files })
    }

    /// What was done to it, and what it came to.
    #[derive(Debug, Default)]
    struct Tally {
        kills: u32,
        restarts: u32,
        consoles: u32,
        asked: u32,
        lost: usize,
        /// Of each life of the engine: seconds, and what it held each minute from when it had settled to its end.
        lives: Vec<(u64, Vec<Weight>)>,
    }

    /// One life of the engine, as it is looked at.
    struct Life {
        begin: Instant,
        /// What it held when it had settled, and each minute after that.
        minutes: Vec<Weight>,
        last: Option<Weight>,
    }

    impl Life {
        fn new() -> Self {
            Self { begin: Instant::now(), minutes: Vec::new(), last: None }
        }

        fn look(&mut self, engine: &Engine) {
            self.last = engine.pid().and_then(weight);
            let due = Duration::from_secs(15 + 60 * self.minutes.len() as u64);
            if self.begin.elapsed() > due {
                self.minutes.extend(self.last);
            }
        }

        fn over(self, tally: &mut Tally) {
            let mut minutes = self.minutes;
            if !minutes.is_empty() {
                minutes.extend(self.last);
                tally.lives.push((self.begin.elapsed().as_secs(), minutes));
            }
        }
    }

    /// A person who looks for a moment, and leaves or is cut off.
    fn look_in(engine: &Engine, random: &mut StdRng) {
        let mut console = Console::of(engine, &["watch"], random.random_range(24..50), random.random_range(80..160));
        for key in ["j", "\r", "\u{1b}", "2", "4", "1", "G"] {
            console.type_keys(key);
            std::thread::sleep(Duration::from_millis(random.random_range(0..300)));
        }
        if random.random_bool(0.5) {
            console.master = None;
        } else {
            console.type_keys("\u{1b}");
            wait_until("the console to leave", REST, || {
                std::thread::sleep(Duration::from_millis(100));
                console.type_keys("q");
                console.child.try_wait().unwrap().is_some()
            });
        }
        console.end();
    }

    /// Each program of a step that counts was started once.
    fn assert_once(engine: &Engine, run: RunId, wish: &End, tally: &mut Tally) {
        let detail = engine.detail(run);
        assert_eq!(&end(&detail), wish, "{run} ended otherwise than undisturbed: {detail:#?}");
        for step in &detail.steps {
            match &step.state {
                StepState::Ended { end: StepEnd::Exited { .. }, .. } => {
                    let log = engine.raw_log(run, &step.key.to_string());
                    let begun = ["checks\n", "round "].iter().map(|word| log.matches(word).count()).sum::<usize>();
                    assert!(begun <= 1, "{}: {log}", step.key);
                }
                StepState::Ended { end: StepEnd::Lost { .. }, .. } => tally.lost += 1,
                _ => {}
            }
        }
    }

    #[test]
    #[ignore = "restarts the container engine; run alone with --ignored"]
    fn a_night_in_short() {
        let Some(docker) = docker() else { return };
        let Ok(command) = std::env::var("DOGWATCH_TEST_DOCKER_RESTART") else {
            println!("skipped: DOGWATCH_TEST_DOCKER_RESTART does not say how to restart the engine; tests/run says it");
            return;
        };
        let wanted = Duration::from_secs(60 * number("DOGWATCH_SOAK", 1));
        let mut random = random();
        let mut engine = Engine::start(&docker);
        engine.stop();
        fs::write(engine.paths().config_file(), format!("[engine]\nmax-runs = {RUNS}\n{ENOUGH}")).unwrap();
        let disk = Disk::mount(&engine.state());
        engine.restart();
        let repo = counting_repo(&docker, 3, 1, "");
        let project = engine.add(&repo);
        let first = engine.submit(&project, None);
        let wish = end(&engine.rested(first));
        assert_eq!((wish.state, wish.spent), (RunState::Succeeded, 3), "{wish:#?}");

        let (mut tally, mut life) = (Tally::default(), Life::new());
        let (mut runs, mut over): (Vec<RunId>, Vec<RunId>) = (Vec::new(), Vec::new());
        let mut filled = None;
        let begin = Instant::now();
        // How far apart troubles are, in seconds; a short night has its share of each.
        let apart = |usual: f64, share: f64| usual.min(wanted.as_secs_f64() * share);
        let (kills, restarts, visits) = (apart(40.0, 0.25), apart(150.0, 0.4), apart(20.0, 0.15));
        let mut kill = next(&mut random, kills);
        let mut restart = next(&mut random, restarts);
        let mut visit = next(&mut random, visits);
        while begin.elapsed() < wanted || !runs.is_empty() {
            let goes_on = begin.elapsed() < wanted;
            while goes_on && runs.len() < RUNS {
                runs.push(engine.submit(&project, None));
            }
            for run in std::mem::take(&mut runs) {
                let state = engine.detail(run).view.run.state;
                if state.is_final() {
                    over.push(run);
                    continue;
                }
                // A full disk and losses that nothing explains are a person's matter.
                if state.awaits_person() {
                    engine.answer(run, true, "go on");
                    tally.asked += 1;
                }
                runs.push(run);
            }
            life.look(&engine);
            // The last third is quiet, to see whether anything grows.
            let troubled = begin.elapsed() < wanted.mul_f64(0.7);
            if troubled && Instant::now() > kill {
                std::mem::replace(&mut life, Life::new()).over(&mut tally);
                engine.kill();
                engine.restart();
                tally.kills += 1;
                kill = next(&mut random, kills);
            }
            if troubled && Instant::now() > restart {
                let status = Command::new("/bin/sh").args(["-c", &format!("{command} plain")]).status().unwrap();
                assert!(status.success());
                tally.restarts += 1;
                restart = next(&mut random, restarts);
            }
            if goes_on && Instant::now() > visit {
                look_in(&engine, &mut random);
                tally.consoles += 1;
                visit = next(&mut random, visits);
            }
            if filled.is_none() && begin.elapsed() > wanted.mul_f64(0.4) {
                filled = Some(disk.fill(Duration::from_secs(10)));
            }
            std::thread::sleep(Duration::from_millis(500));
            assert!(begin.elapsed() < wanted + 4 * REST, "{runs:?} do not come to an end");
        }
        life.over(&mut tally);
        for run in &over {
            assert_once(&engine, *run, &wish, &mut tally);
        }
        println!(
            "{:.0} s, {} runs: {} kills of the engine, {} restarts of Docker, {} consoles, disk filled: {}; {} questions, {} steps lost \
             and repeated; 0 runs lost, 0 programs started twice",
            begin.elapsed().as_secs_f64(),
            over.len(),
            tally.kills,
            tally.restarts,
            tally.consoles,
            filled.flatten().map_or_else(|| "no".to_owned(), |bytes| format!("{} MiB", bytes >> 20)),
            tally.asked,
            tally.lost,
        );
        for (seconds, minutes) in &tally.lives {
            let told =
                minutes.iter().map(|held| format!("{}/{}/{}", held.own, held.all, held.files)).collect::<Vec<_>>();
            println!("a life of {seconds} s, each minute its own KiB/all KiB/files: {}", told.join(" "));
        }
        assert!(tally.kills > 0 && tally.restarts > 0 && tally.consoles > 0, "{tally:?}");
        engine.assert_nothing_left();
        engine.assert_anchored();
        engine.kill();
        drop(disk);
    }

    /// When the next of what comes each so many seconds is due, a little sooner or later.
    fn next(random: &mut StdRng, each: f64) -> Instant {
        Instant::now() + Duration::from_secs_f64(random.random_range(0.5..1.5) * each)
    }
}
