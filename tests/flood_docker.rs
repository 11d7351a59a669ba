//! Floods of output from real containers: no line is lost and none doubled over a `kill -9` of the engine, memory stays small
//! whatever comes, and what carrying costs is printed.
//!
//! `cargo test --release --all-features --test flood_docker -- --nocapture --test-threads=1`, with the variables of `tests/run`
//! that name a container engine. At full size: `DOGWATCH_FLOOD_SECONDS=60` (5 by default), `DOGWATCH_LONG_LINES=8` containers
//! with one line of `DOGWATCH_LONG_MB=100` each (3 with 20), `DOGWATCH_FAST_LINES=20000000` (2000000).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod needs_docker {
    use crate::support::loops::ENOUGH;
    use crate::support::{DockerEnv, Engine, TempRepo, docker, wait_until};
    use dogwatch::domain::{RunId, StepEnd, StepKey, StepKind, StepLog, StepState};
    use dogwatch::logs::LogReader;
    use std::fs;
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    /// Generous, since test machines are slow when they compile.
    const PATIENCE: Duration = Duration::from_mins(10);
    /// Lines a second that a flood has.
    const RATE: u64 = 20_000;
    /// How much memory the engine may take beyond what it has at rest.
    const GROWTH_KIB: u64 = 64 * 1024;

    fn number(name: &str, usual: u64) -> u64 {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    }

    /// A repository whose agent is a program, and which has one turn.
    fn repo(docker: &DockerEnv, program: &str, files: &[(&str, &str)]) -> TempRepo {
        let toml = format!(
            "[image]\nreference = \"{}\"\n[[suite]]\nname = \"unit\"\ncommand = \"false\"\nformat = \"exit-code\"\n\
             [agent]\nname = \"command\"\ncommand = \"{program}\"\ntimeout = \"20m\"\n[budget]\niterations = 1\n",
            docker.image
        );
        let mut all = vec![("dogwatch.toml", toml.as_str())];
        all.extend(files);
        TempRepo::new(&all)
    }

    /// The log of the agent's turn.
    fn log(engine: &Engine, run: RunId) -> PathBuf {
        let key = StepKey { run, iteration: 1, kind: StepKind::Develop, suite: String::new(), attempt: 1 };
        engine.paths().logs().join(run.to_string()).join(format!("{key}.log"))
    }

    fn bytes_by_now(engine: &Engine, run: RunId) -> u64 {
        LogReader::open(&log(engine, run)).and_then(|reader| reader.end()).unwrap_or(0)
    }

    /// Waits until the agent's turn is over with code 0 and its log is closed; gives its bytes and what it takes on disk.
    fn closed(engine: &Engine, run: RunId) -> (u64, u64) {
        let mut found = (0, 0);
        wait_until("a closed log", PATIENCE, || {
            let steps = engine.detail(run).steps;
            let Some(step) = steps.iter().find(|step| step.key.kind == StepKind::Develop) else { return false };
            if let StepState::Ended { end, .. } = &step.state {
                assert_eq!(*end, StepEnd::Exited { code: 0 });
            }
            let StepLog::Kept { bytes, stored } = step.log else {
                assert_eq!(step.log, StepLog::Open);
                return false;
            };
            found = (bytes, stored);
            true
        });
        found
    }

    /// A number of kB from the status of the engine's process.
    fn memory_kib(engine: &Engine, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", engine.pid().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Processor time that the engine's process has used, in seconds.
    fn processor(engine: &Engine) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", engine.pid().unwrap())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        f64::from(u32::try_from(ticks).unwrap()) / 100.0
    }

    /// Every line of the log, given to `each` with its number.
    fn lines(engine: &Engine, run: RunId, mut each: impl FnMut(u64, &[u8])) -> u64 {
        let reader = LogReader::open(&log(engine, run)).unwrap();
        let mut next = 0;
        loop {
            let lines = reader.lines(next, 0, 10_000).unwrap();
            for line in &lines {
                assert_eq!((line.number, line.part, line.whole), (next, 0, true));
                each(next, &line.bytes);
                next += 1;
            }
            if lines.is_empty() {
                return next;
            }
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "figures for people")]
    fn per(amount: u64, count: u64) -> f64 {
        amount as f64 / count as f64
    }

    #[test]
    fn no_line_is_lost_or_doubled_over_a_kill() {
        let Some(docker) = docker() else { return };
        let seconds = number("DOGWATCH_FLOOD_SECONDS", 5);
        let program = format!(
            "import sys, time\nout = sys.stdout\nstart = time.monotonic()\nn = 0\nwhile n < {total}:\n    \
             due = min({total}, int((time.monotonic() - start) * {RATE}) + 1)\n    \
             out.write(''.join('%d a line of the flood, as long as such lines are\\n' % i for i in range(n, due)))\n    \
             out.flush()\n    n = due\n    time.sleep(0.005)\nout.write('%d lines in %.1f s\\n' % (n, time.monotonic() - start))\n",
            total = RATE * seconds
        );
        let mut engine = Engine::start(&docker);
        let repo = repo(&docker, "python3 flood.py", &[("flood.py", &program)]);
        let run = engine.run_on(&repo);
        wait_until("half of the flood", PATIENCE, || bytes_by_now(&engine, run) > RATE * seconds / 2 * 50);
        engine.kill();
        engine.restart_plain();
        let (begun, before) = (Instant::now(), processor(&engine));
        let (bytes, stored) = closed(&engine, run);
        let used = processor(&engine) - before;
        let mut last = String::new();
        let mut next = 0;
        let count = lines(&engine, run, |_, line| {
            let text = String::from_utf8_lossy(line);
            if text.starts_with(&format!("{next} a line of the flood")) {
                next += 1;
            } else {
                last = format!("{last}{text}\n");
            }
        });
        println!("the program counted: {}", last.trim());
        assert!(
            last.starts_with(&format!("{} lines in", RATE * seconds)),
            "line {next} is missing or not in order: {last}"
        );
        assert_eq!((next, count), (RATE * seconds, RATE * seconds + 1));
        println!(
            "{count} lines, {:.1} bytes each, on disk {:.2} compressed with the index; the engine after its restart used {used:.2} s \
             of processor time in {:.1} s, at most {} KiB of memory",
            per(bytes, count),
            per(stored, count),
            begun.elapsed().as_secs_f64(),
            memory_kib(&engine, "VmHWM")
        );
    }

    #[test]
    fn long_lines_of_many_containers_stay_small_in_memory() {
        let Some(docker) = docker() else { return };
        let (count, megabytes) = (number("DOGWATCH_LONG_LINES", 3), number("DOGWATCH_LONG_MB", 20));
        let mut engine = Engine::start(&docker);
        fs::write(engine.config().join("config.toml"), format!("[engine]\nmax-runs = {count}\n{ENOUGH}")).unwrap();
        engine.stop();
        engine.restart();
        let size = megabytes * 1_000_000;
        let repo = repo(&docker, &format!("head -c {size} /dev/zero | tr '\\\\0' x"), &[]);
        let project = engine.add(&repo);
        engine.cmd(&["ps"]).expect_code(0);
        let before = memory_kib(&engine, "VmRSS");
        let begun = Instant::now();
        let runs: Vec<RunId> = (0..count).map(|_| engine.submit(&project, None)).collect();
        for run in &runs {
            let (bytes, _) = closed(&engine, *run);
            assert_eq!(bytes, size);
            let part = LogReader::open(&log(&engine, *run)).unwrap().lines(0, size / (1 << 20), 9).unwrap();
            assert_eq!((part.len(), part[0].whole), (1, false), "the last part of the one line");
        }
        let most = memory_kib(&engine, "VmHWM");
        println!(
            "{count} containers with a line of {megabytes} MB each in {:.1} s: {before} KiB at rest, {most} KiB at most",
            begun.elapsed().as_secs_f64()
        );
        assert!(most - before <= GROWTH_KIB, "the engine grew from {before} to {most} KiB");
    }

    #[test]
    fn the_most_that_can_be_carried() {
        let Some(docker) = docker() else { return };
        let count = number("DOGWATCH_FAST_LINES", 2_000_000);
        let engine = Engine::start(&docker);
        let repo = repo(&docker, &format!("seq -f 'line %.0f of as many as can be carried' {count}"), &[]);
        let run = engine.run_on(&repo);
        wait_until("the first lines", PATIENCE, || bytes_by_now(&engine, run) > 0);
        let before = processor(&engine);
        let (bytes, stored) = closed(&engine, run);
        let used = processor(&engine) - before;
        let reader = LogReader::open(&log(&engine, run)).unwrap();
        let mark = reader.mark().unwrap();
        assert_eq!(mark.lines, count);
        let (first, last) = (reader.entry(0).unwrap().time_ms, reader.entry(mark.records - 1).unwrap().time_ms);
        let milliseconds = u64::try_from(last - first).unwrap().max(1);
        println!(
            "{count} lines in {milliseconds} ms: {:.0} lines/s, {:.1} MB/s; {:.2} s of the engine's processor time a million lines, \
             closing and reading the log included",
            per(count, milliseconds) * 1000.0,
            per(bytes, milliseconds) / 1000.0,
            used / per(count, 1_000_000)
        );
        println!(
            "a line on disk: {:.2} bytes, {:.2} of the index, {:.2} compressed with the index",
            per(bytes, count),
            per(mark.records * 40, count),
            per(stored, count)
        );
    }
}
