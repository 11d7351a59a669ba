//! What the engine itself costs, printed: time per iteration beyond agent and tests, by part; processor time, wake-ups and
//! memory while agents idle; how it grows with what the database holds; and how soon pause, resume and cancel reach an agent
//! that does not listen. Nothing here fails for being slow.
//!
//! `cargo test --release --features crash-points --test overhead_docker -- --nocapture --test-threads=1`, with the variables
//! of `tests/run` that name a container engine. At full size: `DOGWATCH_ROUNDS=20` (3 by default), `DOGWATCH_WATCHED=60`
//! seconds (3), `DOGWATCH_ROWS=1000` runs of 100 iterations (50).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod needs_docker {
    use crate::support::counting::counting_repo;
    use crate::support::loops::{ENOUGH, REST};
    use crate::support::{DockerEnv, Engine, TempRepo, docker, wait_until};
    use bollard::query_parameters::TopOptions;
    use dogwatch::audit::AuditEvent;
    use dogwatch::domain::{Actor, Iteration, Millis, Outcome, RunId, RunState};
    use dogwatch::protocol::Request;
    use dogwatch::store::{self, Options, Store};
    use std::collections::BTreeMap;
    use std::ffi::OsString;
    use std::fs;
    use std::process::Command;
    use std::time::{Duration, Instant};

    fn number(name: &str, usual: u64) -> u64 {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    }

    /// Milliseconds, smallest first, as `median (most)`.
    fn spread(mut times: Vec<f64>) -> String {
        times.sort_by(f64::total_cmp);
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        format!("{median:7.1} ms ({:.1} at most)", times.last().copied().unwrap_or_default())
    }

    /// What the engine recorded of a run: when, what, and of which kind of step.
    fn story(engine: &Engine, run: RunId) -> Vec<(f64, String)> {
        let db = engine.database();
        let mut query = db.prepare("SELECT record FROM audit WHERE run = ?1 ORDER BY seq").unwrap();
        let rows = query.query_map([run.0], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        let event = |record: Vec<u8>| {
            let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
            let step = record["detail"]["step"].as_str().unwrap_or_default();
            let of = ["develop", "test"].into_iter().find(|kind| step.contains(kind)).unwrap_or_default();
            (record["boot"].as_f64().unwrap(), format!("{} {of}", record["kind"].as_str().unwrap()).trim().to_owned())
        };
        rows.map(|record| event(record.unwrap())).collect()
    }

    /// Seconds that agent and tests take themselves, see `counting_repo`.
    const AGENT: u32 = 1;
    const TESTS: f64 = 0.5;

    /// Parts of an iteration: the event at its end, and what was done until then.
    const PARTS: [(&str, &str); 11] = [
        ("step.intended develop", "checkout and prompt"),
        ("step.created develop", "the agent's container"),
        ("step.ended develop", "its start, end and log, beyond the agent's 1 s"),
        ("run.agent_ended", "checkpoint"),
        ("step.intended test", "clean checkout"),
        ("step.created test", "the tests' container"),
        ("step.ended test", "its start, end and log, beyond the tests' 0.5 s"),
        ("run.tested", "verdict of the step"),
        ("run.gathered", "evidence"),
        ("run.analysed", "comparison with the base"),
        ("run.gated", "gates"),
    ];

    #[test]
    fn time_per_iteration() {
        let Some(docker) = docker() else { return };
        let rounds = u32::try_from(number("DOGWATCH_ROUNDS", 3)).unwrap();
        let mut engine = Engine::start(&docker);
        // The same test fails in each round until the last: the watchdog would call a person.
        let patient = "[watchdog]\nsame-pause = 60\nroot-pause = 60\nidle-pause = 60\nplateau-pause = 60\n";
        std::fs::write(engine.config().join("config.toml"), patient).unwrap();
        engine.restart();
        let budget = format!("\n[budget]\niterations = {rounds}\n");
        let repo = counting_repo(&docker, rounds, AGENT, &budget);
        let run = engine.run_on(&repo);
        assert_eq!(engine.rested(run).view.run.state, RunState::Succeeded);
        let mut parts: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let (mut sums, mut sum, mut counts) = (Vec::new(), 0.0, false);
        let story = story(&engine, run);
        for pair in story.windows(2) {
            let ((from, before), (to, what)) = (&pair[0], &pair[1]);
            // The base's own test is no iteration of an agent.
            counts |= before == "run.analysed";
            if !counts {
                continue;
            }
            let own = match what.as_str() {
                "step.ended develop" => f64::from(AGENT) * 1e3,
                "step.ended test" => TESTS * 1e3,
                _ => 0.0,
            };
            let spent = to - from - own;
            parts.entry(what.clone()).or_default().push(spent);
            sum += spent;
            if what == "run.gated" {
                sums.push(std::mem::take(&mut sum));
            }
        }
        assert_eq!(sums.len(), usize::try_from(rounds).unwrap(), "{story:#?}");
        for (event, words) in PARTS {
            println!("{words:<50} {}", spread(parts.remove(event).unwrap_or_default()));
        }
        println!("{:<50} {}", format!("all of {rounds} iterations"), spread(sums));
    }

    /// What people use instead: a shell that starts the agent and then the tests, and commits.
    const LOOP: &str = r#"
        cd "$(mktemp -d)" && git init -q . && git config user.email a@b && git config user.name a || exit 1
        within() {
            if [ -z "$IMAGE" ]; then "$@"; return; fi
            docker --host "$HOST" run --rm --network=none --volume "$PWD:/work" --workdir /work "$IMAGE" "$@"
        }
        for i in $(seq "$ROUNDS"); do
            begun=$(date +%s%N)
            within sh -c "echo $i > n; sleep 1" && within sh -c 'sleep 0.5; test -e n' || exit 1
            git add -A && git commit -qm "$i" || exit 1
            echo $((($(date +%s%N) - begun) / 1000000 - 1500))
        done
        rm -rf "$PWD""#;

    #[test]
    fn a_loop_of_the_shell() {
        let Some(docker) = docker() else { return };
        for (what, image) in [("each in a container", docker.image.as_str()), ("without any sandbox", "")] {
            let rounds = number("DOGWATCH_ROUNDS", 3).to_string();
            let mut shell = Command::new("sh");
            shell.args(["-c", LOOP]).env("IMAGE", image).env("HOST", &docker.host).env("ROUNDS", rounds);
            let done = shell.output().unwrap();
            assert!(done.status.success(), "{done:?}");
            let told = String::from_utf8(done.stdout).unwrap();
            let times: Vec<f64> = told.lines().map(|line| line.parse().unwrap()).collect();
            println!("a loop of the shell, agent and tests {what}, beyond their own 1.5 s: {}", spread(times));
        }
    }

    /// Processor time in nanoseconds and voluntary switches so far, of each thread of a process.
    fn threads(pid: u32) -> BTreeMap<OsString, (u64, u64)> {
        let mut threads = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten() {
            // A thread may end meanwhile.
            let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
            let nanos = read("schedstat").split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
            let status = read("status");
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            let switches = line.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
            threads.insert(task.file_name(), (nanos, switches));
        }
        threads
    }

    /// What the threads of a process did since: seconds of processor time, and wake-ups.
    fn work_since(before: &BTreeMap<OsString, (u64, u64)>, pid: u32) -> (f64, u64) {
        let mut sum = (0, 0);
        for (thread, (nanos, switches)) in threads(pid) {
            let (old_nanos, old_switches) = before.get(&thread).copied().unwrap_or_default();
            sum.0 += nanos.saturating_sub(old_nanos);
            sum.1 += switches.saturating_sub(old_switches);
        }
        (Duration::from_nanos(sum.0).as_secs_f64(), sum.1)
    }

    /// Watches the engine for a while and prints what it did.
    fn watch(engine: &Engine, what: &str) {
        let pid = engine.pid().expect("a running engine");
        let (begin, before) = (Instant::now(), threads(pid));
        std::thread::sleep(Duration::from_secs(number("DOGWATCH_WATCHED", 3)));
        let ((busy, wakes), seconds) = (work_since(&before, pid), begin.elapsed().as_secs_f64());
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default().trim();
        println!(
            "{what}: {:.3} % of a core, {:.1} wake-ups a second, {memory} of memory, over {seconds:.0} s",
            busy / seconds * 100.0,
            f64::from(u32::try_from(wakes).unwrap()) / seconds
        );
    }

    /// How long commands take, over a few tries each.
    fn time(engine: &Engine, args: &[&str]) {
        let times = (0..10).map(|_| {
            let begin = Instant::now();
            engine.cmd(args).expect_code(0);
            begin.elapsed().as_secs_f64() * 1e3
        });
        println!("dogwatch {:<20} {}", args.join(" "), spread(times.collect()));
    }

    fn silent_repo(docker: &DockerEnv) -> TempRepo {
        let toml = format!(
            "[image]\nreference = \"{}\"\n\n[[suite]]\nname = \"unit\"\ncommand = \"false\"\nformat = \"exit-code\"\n\n[agent]\n\
             name = \"command\"\ncommand = [\"sh\", \"-c\", \"echo begun; sleep 3600\"]\nsilence = \"off\"\n\n[limits]\n\
             memory = \"64MiB\"\n",
            docker.image
        );
        TempRepo::new(&[("dogwatch.toml", toml.as_str())])
    }

    #[test]
    fn while_agents_idle() {
        let Some(docker) = docker() else { return };
        let mut engine = Engine::start(&docker);
        fs::write(engine.paths().config_file(), format!("[engine]\nmax-runs = 8\n{ENOUGH}")).unwrap();
        engine.restart();
        watch(&engine, "nothing to do");
        let repo = silent_repo(&docker);
        let project = engine.add(&repo);
        let runs: Vec<RunId> = (0..58).map(|_| engine.submit(&project, None)).collect();
        let begun = || runs.iter().filter(|run| engine.raw_log(**run, "develop").contains("begun")).count();
        wait_until("eight agents at work", 2 * REST, || begun() == 8);
        watch(&engine, "8 runs at work, 50 queued");
        time(&engine, &["ps"]);
        for run in runs.iter().rev() {
            engine.expect_run(Request::Cancel { run: *run, reason: "seen".to_owned() });
        }
        for run in &runs {
            engine.reaches(*run, RunState::Cancelled);
        }
        engine.assert_nothing_left();
    }

    /// An agent of two processes that ignore every signal that can be ignored, and never rest.
    fn deaf_repo(docker: &DockerEnv) -> TempRepo {
        let toml = format!(
            "[image]\nreference = \"{}\"\n\n[[suite]]\nname = \"unit\"\ncommand = \"false\"\nformat = \"exit-code\"\n\n[agent]\n\
             name = \"command\"\ncommand = [\"sh\", \"-c\", \"trap '' TERM INT HUP QUIT USR1 USR2; echo begun; \
             (while :; do :; done) & while :; do :; done\"]\nsilence = \"off\"\n\n[limits]\nmemory = \"64MiB\"\n",
            docker.image
        );
        TempRepo::new(&[("dogwatch.toml", toml.as_str())])
    }

    /// The processes of a container, as this machine numbers them.
    fn processes(docker: &DockerEnv, container: &str) -> Vec<String> {
        let top = docker.with(async |client| client.top_processes(container, None::<TopOptions>).await.unwrap());
        let column = top.titles.unwrap().iter().position(|title| title == "PID").unwrap();
        top.processes.unwrap().into_iter().map(|row| row[column].clone()).collect()
    }

    /// Processor time that each process has used, in ticks; `None` for one that is gone.
    fn ticks(processes: &[String]) -> Vec<Option<u64>> {
        let used = |process: &String| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            let fields: Vec<&str> = stat[stat.rfind(')')? + 2..].split(' ').collect();
            Some(fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?)
        };
        processes.iter().map(used).collect()
    }

    /// From the request to the last sign of work before a long rest, or to the container engine's word that it is frozen,
    /// whichever came later.
    fn time_to_freeze(docker: &DockerEnv, container: &str, processes: &[String], begin: Instant) -> Duration {
        let mut last = (ticks(processes), begin.elapsed());
        let mut told = None;
        wait_until("frozen processes", REST, || {
            let now = ticks(processes);
            if now != last.0 {
                last = (now, begin.elapsed());
            }
            let found = docker.with(async |client| client.inspect_container(container, None).await.unwrap());
            if told.is_none() && found.state.unwrap().paused == Some(true) {
                told = Some(begin.elapsed());
            }
            told.is_some() && begin.elapsed() > last.1 + Duration::from_secs(1)
        });
        told.unwrap().max(last.1)
    }

    #[test]
    fn an_agent_that_does_not_listen() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let repo = deaf_repo(&docker);
        let project = engine.add(&repo);
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        let (mut frozen, mut awake, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..number("DOGWATCH_ROUNDS", 3) {
            let run = engine.submit(&project, None);
            wait_until("an agent at work", REST, || engine.raw_log(run, "develop").contains("begun"));
            let container = engine.containers().remove(0);
            wait_until("both of its processes", REST, || processes(&docker, &container).len() == 3);
            let all = processes(&docker, &container);

            let begin = Instant::now();
            engine.expect_run(Request::Pause { run });
            frozen.push(milliseconds(time_to_freeze(&docker, &container, &all, begin)));
            let still = ticks(&all);
            assert!(still.iter().all(Option::is_some), "a pause ends nothing");

            let begin = Instant::now();
            engine.expect_run(Request::Resume { run });
            wait_until("work", REST, || ticks(&all) != still);
            awake.push(milliseconds(begin.elapsed()));

            let begin = Instant::now();
            engine.expect_run(Request::Cancel { run, reason: "enough".to_owned() });
            wait_until("no process", REST, || ticks(&all).iter().all(Option::is_none));
            gone.push(milliseconds(begin.elapsed()));
            engine.reaches(run, RunState::Cancelled);
        }
        println!("an agent that ignores signals and never rests, promised within 5 s:");
        println!("  frozen after a pause       {}", spread(frozen));
        println!("  at work after a resume     {}", spread(awake));
        println!("  gone after a cancel        {}", spread(gone));
        engine.assert_nothing_left();
    }

    /// Fills the database of an engine that does not run: runs like a given one, with a hundred iterations each.
    fn fill(engine: &Engine, like: RunId, count: u64) {
        let paths = engine.paths();
        let files = store::Paths {
            database: paths.database(),
            lock: paths.lock(),
            chain_head: paths.chain_head(),
            epoch: paths.epoch(),
            blobs: paths.blobs(),
            reserve: paths.reserve(),
        };
        let store = Store::open(&files, &Options::default()).unwrap();
        let mut run = store.read_sync(|view| view.run(like)).unwrap().expect("a run");
        run.state = RunState::Cancelled;
        for _ in 0..count {
            let run = run.clone();
            let stored = store.write_sync(move |tx| {
                let run = tx.insert_run(&run)?;
                for number in 0..100 {
                    tx.put_iteration(&Iteration {
                        commit: Some("1".repeat(40)),
                        tree: Some("2".repeat(40)),
                        outcome: Some(Outcome::Red),
                        tests: (1, 1, 0),
                        ended: Some(Millis(2)),
                        ..Iteration::new(run.id, number, "0".repeat(40), Millis(1))
                    })?;
                }
                tx.record(AuditEvent::new(Actor::Engine, "run.submitted").run(run.id)).map(drop)
            });
            stored.unwrap();
        }
    }

    #[test]
    fn as_the_database_grows() {
        let Some(docker) = docker() else { return };
        let rows = number("DOGWATCH_ROWS", 50);
        let mut engine = Engine::start(&docker);
        let repo = counting_repo(&docker, 1, 0, "");
        let run = engine.run_on(&repo);
        engine.rested(run);
        for count in [0, rows / 10, rows - rows / 10] {
            assert_eq!(engine.stop(), Some(0));
            fill(&engine, run, count);
            let begin = Instant::now();
            engine.restart();
            let size = fs::metadata(engine.paths().database()).unwrap().len();
            let runs = engine.count("SELECT count(*) FROM runs");
            println!(
                "{runs} runs, {} iterations, {} kB: the engine answers after {:.0} ms",
                engine.count("SELECT count(*) FROM iterations"),
                size / 1000,
                begin.elapsed().as_secs_f64() * 1e3
            );
            time(&engine, &["ps"]);
            time(&engine, &["ps", "--all"]);
            time(&engine, &["show", &format!("r{runs}")]);
            watch(&engine, "nothing to do");
        }
    }
}
