//! An engine's database goes back to a backup, in the process sandbox: what came after it is lost and said to be, runs that were under way
//! end, no number is given twice, and everybody who saw the audit log is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod support;

mod needs_bwrap {
    use crate::support::loops::ENOUGH;
    use crate::support::{Engine, TempRepo};
    use dogwatch::domain::{RunId, RunState};
    use std::fs;

    /// A suite that passes, and one that takes its time.
    fn repo() -> TempRepo {
        let suite = |name: &str, command: &str| {
            format!(
                "[[suite]]\nname = \"{name}\"\ncommand = \"{command}\"\nformat = \"exit-code\"\ntimeout = \"20m\"\n"
            )
        };
        let toml = format!("[image]\nreference = \"host\"\n{}{}", suite("unit", "true"), suite("slow", "sleep 1000"));
        TempRepo::new(&[("dogwatch.toml", &toml)])
    }

    #[test]
    fn a_backup_is_made_beside_an_engine_at_work_and_put_back_after_it() {
        let Some(mut engine) = Engine::in_bubblewrap(&format!("[engine]\nmax-runs = 8\n{ENOUGH}")) else { return };
        let repo = repo();
        let project = engine.add(&repo);
        let start = |engine: &Engine, suite: &str| {
            engine.cmd(&["task", "add", "-p", &project, "-s", suite]).expect_code(0);
        };
        start(&engine, "unit");
        engine.reaches(RunId(1), RunState::Succeeded);
        start(&engine, "slow");
        engine.reaches(RunId(2), RunState::Testing);

        assert!(engine.cmd(&["backup", "ls"]).expect_code(0).contains("no backup is in"));
        assert!(engine.cmd(&["status"]).expect_code(0).contains("there is no backup of the database yet"));
        let made = engine.cmd(&["backup", "--json"]).json();
        let name = made["name"].as_str().unwrap().to_owned();
        assert_eq!(made["manifest"]["counts"]["runs"], 2, "{made}");
        assert!(engine.cmd(&["backup", "check"]).expect_code(0).contains("is whole"));
        assert!(engine.cmd(&["backup", "ls"]).expect_code(0).contains(&name));
        assert_eq!(engine.cmd(&["backup", "check", "20000101T000000Z-1"]).code, Some(4));

        // What is lost later.
        start(&engine, "unit");
        engine.reaches(RunId(3), RunState::Succeeded);
        start(&engine, "slow");
        engine.reaches(RunId(4), RunState::Testing);
        engine.cmd(&["audit", "witness"]).expect_code(0);
        let refused = engine.cmd(&["restore", &name, "--yes"]);
        assert!(refused.code == Some(5) && refused.stderr.contains("dogwatch stop"), "{refused:?}");
        let refused = engine.cmd(&["restore", &name]);
        assert!(refused.code == Some(5) && refused.stderr.contains("--yes"), "{refused:?}");
        engine.stop();
        // The memory of somebody else in the same home.
        let mut memories = fs::read_dir(engine.home().join(".local/state/dogwatch/witness")).unwrap();
        let memory = memories.next().unwrap().unwrap().path();
        let saw = fs::read(&memory).unwrap();

        let told = engine.cmd(&["restore", &name, "--yes"]).expect_code(0).to_owned();
        assert!(told.contains("2 runs, ") && told.contains("these runs end when the engine starts: r2"), "{told}");
        assert!(engine.state().join("before-restore").exists());
        engine.restart();
        engine.reaches(RunId(2), RunState::Cancelled);
        assert_eq!(engine.cmd(&["show", "r3"]).code, Some(4));
        start(&engine, "unit");
        engine.reaches(RunId(5), RunState::Succeeded);
        engine.assert_nothing_left();
        engine.assert_anchored();
        engine.cmd(&["audit", "verify"]).expect_code(0);
        let log = engine.cmd(&["audit", "log", "--kind", "store.restored"]).expect_code(0).to_owned();
        assert!(log.contains("store.restored"), "{log}");
        assert!(engine.cmd(&["doctor"]).stdout.contains("backups: the newest is"));

        // Whoever put it back has accepted it; another one is told.
        fs::write(&memory, saw).unwrap();
        let alarmed = engine.cmd(&["ps"]);
        assert!(alarmed.code == Some(9) && alarmed.stderr.contains("a backup was put back"), "{alarmed:?}");
        engine.cmd(&["audit", "witness", "--accept"]).expect_code(0);
        engine.cmd(&["ps"]).expect_code(0);
    }

    #[test]
    fn the_way_out_of_a_damaged_database_is_a_backup() {
        let Some(mut engine) = Engine::in_bubblewrap("") else { return };
        let repo = repo();
        let project = engine.add(&repo);
        engine.cmd(&["task", "add", "-p", &project, "-s", "unit"]).expect_code(0);
        engine.reaches(RunId(1), RunState::Succeeded);
        let name = engine.cmd(&["backup", "--json"]).json()["name"].as_str().unwrap().to_owned();
        engine.stop();
        let database = engine.state().join("dogwatch.db");
        let mut bytes = fs::read(&database).unwrap();
        let half = bytes.len() / 2;
        bytes[4096..half].fill(0x5a);
        fs::write(&database, &bytes).unwrap();
        let restored = engine.cmd(&["restore", &name, "--yes", "--json"]).json();
        let aside = restored["restored"]["aside"].as_str().unwrap().to_owned();
        assert_eq!(fs::read(format!("{aside}/dogwatch.db")).unwrap(), bytes);
        engine.restart();
        assert!(!engine.cmd(&["status"]).expect_code(0).contains("rescue mode"));
        engine.reaches(RunId(1), RunState::Succeeded);
        // What the damaged database gave nobody can tell, so numbers go far on.
        engine.cmd(&["task", "add", "-p", &project, "-s", "unit"]).expect_code(0);
        engine.reaches(RunId(2002), RunState::Succeeded);
        engine.assert_anchored();
    }
}
