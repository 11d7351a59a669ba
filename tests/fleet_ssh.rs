//! Commands on a live asset over SSH, against a real sshd: once and never twice, whatever happens to the line, the asset or the host
//! that answers for it. At full size: `DOGWATCH_CUTS=200 DOGWATCH_REPLAYS=100 DOGWATCH_IMPERSONATIONS=50`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use dogwatch::approval::digest;
use dogwatch::domain::{
    Actor, Asset, AssetId, Command, ExecutionId, ExecutionOutcome, Millis, Program, ProposalId, Proposed,
};
use dogwatch::engine::proposals::{Order as Approved, Piece};
use dogwatch::fleet::{Fleet, Gate, Heard, Order, facts};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use support::bare::Bare;
use support::sshd::Sshd;
use tokio::sync::mpsc;

fn size(variable: &str, usual: u32) -> u32 {
    std::env::var(variable).ok().map_or(usual, |text| text.parse().unwrap())
}

/// A command that leaves one letter in a file each time it runs.
fn order(sshd: &Sshd, number: u32, script: &str) -> Order {
    let mut digest = [3; 32];
    digest[..4].copy_from_slice(&number.to_be_bytes());
    let counted = format!("printf x >>{}\n{script}", sshd.file(&format!("ran-{number}")).display());
    let command = Command {
        program: Program::Script { bytes: counted.into_bytes() },
        stdin: None,
        env: Vec::new(),
        cwd: "/".to_owned(),
        user: None,
        timeout: 30,
    };
    Order { execution: ExecutionId::new(digest), asset: sshd.asset(), command, digest: "d".repeat(64) }
}

fn ran(sshd: &Sshd, number: u32) -> usize {
    fs::read(sshd.file(&format!("ran-{number}"))).unwrap_or_default().len()
}

async fn run(fleet: &Fleet, order: &Order, boot: &str) -> (ExecutionOutcome, Vec<Heard>) {
    let (send, mut pieces) = mpsc::channel::<Heard>(64);
    let heard = tokio::spawn(async move {
        let mut all = Vec::new();
        while let Some(piece) = pieces.recv().await {
            all.push(piece);
        }
        all
    });
    let outcome = fleet.dispatch(order, boot, &send).await;
    drop(send);
    (outcome, heard.await.unwrap())
}

/// What became of it; an asset that does not answer tells nothing.
async fn fence(fleet: &Fleet, order: &Order, boot: &str) -> ExecutionOutcome {
    fleet.fence(order, boot).await.unwrap_or_else(|fault| ExecutionOutcome::Unknown { why: fault.to_string() })
}

/// Asks until nothing more can become known.
async fn settled(fleet: &Fleet, order: &Order, boot: &str) -> ExecutionOutcome {
    let begun = Instant::now();
    loop {
        let outcome = fence(fleet, order, boot).await;
        if outcome.is_final() || begun.elapsed() > Duration::from_mins(1) {
            return outcome;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_once_and_its_output_comes_as_it_is_written() {
    let sshd = Sshd::start();
    let fleet = Fleet::new(sshd.file("s"));
    let looked = fleet.look(&sshd.asset()).await.unwrap();
    assert_eq!(looked.user, support::sshd::user());
    let one = order(&sshd, 1, "echo begun; sleep 1; echo over; echo oh >&2; exit 4");
    let (send, mut pieces) = mpsc::channel(64);
    let (other, given, boot) = (fleet.clone(), one.clone(), looked.boot.clone());
    let begun = tokio::spawn(async move { other.dispatch(&given, &boot, &send).await });
    assert_eq!(pieces.recv().await.unwrap(), Heard::Begun);
    assert_eq!(pieces.recv().await.unwrap(), Heard::Output { error: false, bytes: b"begun\n".to_vec() });
    assert!(!begun.is_finished(), "the first words came with the end");
    assert_eq!(begun.await.unwrap(), ExecutionOutcome::Ran { code: 4 });
    for _ in 0..size("DOGWATCH_REPLAYS", 8) {
        let (again, output) = run(&fleet, &one, &looked.boot).await;
        assert!(matches!(again, ExecutionOutcome::Unknown { .. }) && output.is_empty(), "{again:?} {output:?}");
    }
    assert_eq!((ran(&sshd, 1), fence(&fleet, &one, &looked.boot).await), (1, ExecutionOutcome::Ran { code: 4 }));
    support::wait_until("the files of connections are gone", Duration::from_secs(20), || {
        fs::read_dir(sshd.file("s")).unwrap().count() == 0
    });
    fs::set_permissions(sshd.file("login"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(fleet.look(&sshd.asset()).await.unwrap_err().to_string().contains("nobody else may read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_at_any_moment_neither_repeats_nor_loses_a_command() {
    let sshd = Sshd::start();
    let fleet = Fleet::new(sshd.file("s"));
    let boot = fleet.look(&sshd.asset()).await.unwrap().boot;
    let (cuts, mut told) = (size("DOGWATCH_CUTS", 16), (0, 0));
    for number in 0..cuts {
        let order = order(&sshd, number, "sleep 0.2");
        let (other, given, at) = (fleet.clone(), order.clone(), boot.clone());
        let dispatched = tokio::spawn(async move { other.dispatch(&given, &at, &mpsc::channel(1).0).await });
        // Between the connection and the end of the command.
        tokio::time::sleep(Duration::from_millis(u64::from(number * 131 % 1500))).await;
        sshd.cut();
        let first = dispatched.await.unwrap();
        let last = settled(&fleet, &order, &boot).await;
        match &last {
            ExecutionOutcome::Ran { code: 0 } => told.0 += 1,
            ExecutionOutcome::NotRun { .. } => told.1 += 1,
            other => panic!("round {number}: {first:?}, then {other:?}"),
        }
        assert_eq!(
            ran(&sshd, number),
            usize::from(last == ExecutionOutcome::Ran { code: 0 }),
            "{number}: {first:?} {last:?}"
        );
        // What was certain at first stays so.
        assert!(
            !first.is_final() || matches!(first, ExecutionOutcome::NotRun { .. }) || first == last,
            "{first:?} {last:?}"
        );
    }
    eprintln!("{cuts} cuts: {} ran, {} did not", told.0, told.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_was_started_anew_is_unknown_and_never_asked_to_run_it_again() {
    let Some(sshd) = Sshd::with_boot() else { return };
    let fleet = Fleet::new(sshd.file("s"));
    let boot = fleet.look(&sshd.asset()).await.unwrap().boot;
    assert!(boot.starts_with("11111111-"), "{boot}");
    // Between the look and the start.
    sshd.reboot(2);
    let early = order(&sshd, 1, "true");
    assert!(matches!(run(&fleet, &early, &boot).await.0, ExecutionOutcome::NotRun { .. }));
    assert_eq!(ran(&sshd, 1), 0);
    // It ran, and its receipt was lost with the boot.
    let boot = fleet.look(&sshd.asset()).await.unwrap().boot;
    let lost = order(&sshd, 2, "true");
    assert_eq!(run(&fleet, &lost, &boot).await.0, ExecutionOutcome::Ran { code: 0 });
    fs::remove_dir_all(sshd.file("receipts").join(lost.execution.as_str())).unwrap();
    sshd.reboot(3);
    for _ in 0..3 {
        assert!(matches!(fence(&fleet, &lost, &boot).await, ExecutionOutcome::Unknown { .. }));
    }
    // A receipt with an exit code tells it in any boot.
    let boot = fleet.look(&sshd.asset()).await.unwrap().boot;
    let kept = order(&sshd, 3, "exit 9");
    run(&fleet, &kept, &boot).await;
    sshd.reboot(4);
    assert_eq!(fence(&fleet, &kept, &boot).await, ExecutionOutcome::Ran { code: 9 });
    assert_eq!((ran(&sshd, 2), ran(&sshd, 3)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_another_key_is_refused_each_time() {
    let mut sshd = Sshd::start();
    let fleet = Fleet::new(sshd.file("s"));
    let asset = sshd.asset();
    let boot = fleet.look(&asset).await.unwrap().boot;
    for number in 0..size("DOGWATCH_IMPERSONATIONS", 5) {
        sshd.impersonate();
        let refused = fleet.look(&asset).await.unwrap_err().to_string();
        assert!(refused.to_lowercase().contains("host key"), "{refused}");
        let order = Order { asset: asset.clone(), ..order(&sshd, number, "true") };
        assert!(matches!(run(&fleet, &order, &boot).await.0, ExecutionOutcome::NotRun { .. }));
        assert!(matches!(fence(&fleet, &order, &boot).await, ExecutionOutcome::Unknown { .. }));
        assert_eq!(ran(&sshd, number), 0);
    }
    assert!(!sshd.file("receipts").join(order(&sshd, 0, "").execution.as_str()).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_that_lies_or_floods_spoils_its_own_outcome_only() {
    let sshd = Sshd::start();
    let fleet = Fleet::new(sshd.file("s"));
    for (number, line) in [
        "echo nothing",
        "exit 0",
        "yes",
        "yes dogwatch:lacks x",
        "head -c 300000 /dev/urandom",
        "echo dogwatch:boot ../../x",
        "echo dogwatch:out 99999999999999999999",
        "printf 'dogwatch:boot a\\ndogwatch:now 5\\ndogwatch:user x\\ndogwatch:place /\\n'",
        "printf 'dogwatch:boot a\\ndogwatch:now 99999999999999\\ndogwatch:user x\\ndogwatch:place /\\n'",
    ]
    .iter()
    .enumerate()
    {
        sshd.force(line);
        let begun = Instant::now();
        let refused = fleet.look(&sshd.asset()).await.unwrap_err().to_string();
        assert!(refused.len() < 1000 && begun.elapsed() < Duration::from_secs(50), "{line}: {refused}");
        let order = order(&sshd, u32::try_from(number).unwrap(), "true");
        let (outcome, output) = run(&fleet, &order, "a").await;
        assert!(matches!(outcome, ExecutionOutcome::Unknown { .. }) && output.is_empty(), "{line}: {outcome:?}");
        let outcome = fence(&fleet, &order, "a").await;
        assert!(matches!(outcome, ExecutionOutcome::Unknown { .. }), "{line}: {outcome:?}");
    }
}

fn gate(sshd: &Sshd) -> Gate {
    Gate::by(PathBuf::from(env!("CARGO_BIN_EXE_dogwatch")), sshd.file("s"), sshd.file("config.toml"))
}

/// The gates that this process started.
fn gates(sshd: &Sshd) -> Vec<rustix::process::Pid> {
    let dir = sshd.file("s");
    let found = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let is = words.get(1) == Some(&b"gate".as_slice()) && words.get(2) == Some(&dir.as_os_str().as_encoded_bytes());
        is.then(|| entry.file_name().to_str()?.parse().ok()).flatten().and_then(rustix::process::Pid::from_raw)
    });
    found.collect()
}

/// An order with the votes that the usual rules want, for an asset as it is registered.
#[allow(clippy::needless_pass_by_value, reason = "each is made for the call")]
fn approved(asset: &Asset, command: Command, boot: &str, votes: u32) -> Approved {
    let proposed: Proposed = serde_json::from_value(json!({
        "command": command, "asset": facts(asset), "requester": { "kind": "agent", "role": "remedy" }, "owners": [],
        "run": null, "iteration": 0, "claims": { "why": "", "expect": "", "undo": "" }, "policy": "p", "engine": "e", "epoch": 1,
        "nonce": "7".repeat(64),
    }))
    .unwrap();
    let digest = digest::digest(&proposed);
    let vote = |uid: u32| {
        json!({
            "voter": { "person": { "uid": uid, "login_uid": uid, "name": "ada", "login_name": "ada" }, "roles": ["approver"] },
            "digest": digest, "at": { "wall": 1, "boot": 1, "boot_id": "b" }, "seen": null, "signature": null, "glass": null,
        })
    };
    let votes = (1..=votes).map(|uid| serde_json::from_value(vote(uid)).unwrap()).collect();
    let execution = digest::execution(&digest, &proposed.nonce);
    Approved { proposal: ProposalId(1), execution, proposed, digest, votes, boot: Some(boot.to_owned()) }
}

fn registered(sshd: &Sshd) -> Asset {
    let by = Actor::Engine;
    Asset { id: AssetId(1), version: 1, spec: sshd.asset(), by, added: Millis(1), changed: Millis(1) }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_alone_logs_in_and_a_command_outlives_it() {
    let sshd = Sshd::start();
    let (gate, asset) = (gate(&sshd), registered(&sshd));
    let looked = gate.look(&asset.spec).await.unwrap();
    let pids = gates(&sshd);
    assert_eq!(pids.len(), 1);
    let environment = fs::read(format!("/proc/{}/environ", pids[0].as_raw_nonzero())).unwrap_or_default();
    for name in environment.split(|byte| *byte == 0).filter(|word| !word.is_empty()) {
        assert!(name.starts_with(b"PATH=") || name.starts_with(b"SSH_AUTH_SOCK="), "{}", String::from_utf8_lossy(name));
    }
    let vitals = gate.observe(&asset.spec).await.unwrap();
    assert!(vitals.cpus > 0 && !vitals.kernel.is_empty(), "{vitals:?}");
    // It dies in the middle: what is at work goes on, and the next one tells the rest.
    let go = sshd.file("go");
    let script = format!("echo begun; while [ ! -e '{}' ]; do sleep 0.1; done; echo over; exit 5", go.display());
    let command = order(&sshd, 1, &script).command;
    let work = approved(&asset, command, &looked.boot, 1);
    let (send, mut pieces) = mpsc::channel(16);
    let dispatched = gate.dispatch(work.clone(), asset.clone(), &send);
    let killed = async {
        assert_eq!(pieces.recv().await.unwrap(), Piece::Begun);
        assert_eq!(pieces.recv().await.unwrap(), Piece::Output { error: false, offset: 0, bytes: b"begun\n".to_vec() });
        rustix::process::kill_process(pids[0], rustix::process::Signal::KILL).unwrap();
    };
    let (outcome, ()) = tokio::join!(dispatched, killed);
    assert!(matches!(outcome, ExecutionOutcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(gate.fence(&work, &asset).await.unwrap(), ExecutionOutcome::StillRunning);
    let (send, mut pieces) = mpsc::channel(16);
    let told = async {
        assert_eq!(pieces.recv().await.unwrap(), Piece::Begun);
        assert_eq!(pieces.recv().await.unwrap(), Piece::Output { error: false, offset: 0, bytes: b"begun\n".to_vec() });
        fs::write(&go, "").unwrap();
        assert_eq!(pieces.recv().await.unwrap(), Piece::Output { error: false, offset: 6, bytes: b"over\n".to_vec() });
    };
    let (outcome, ()) = tokio::join!(gate.follow(&work, &asset, &send), told);
    assert_eq!(outcome, ExecutionOutcome::Ran { code: 5 });
    let again = gate.dispatch(work, asset, &mpsc::channel(1).0).await;
    assert!(matches!(again, ExecutionOutcome::Unknown { .. }), "{again:?}");
    assert_eq!(ran(&sshd, 1), 1);
    // It ends with whoever started it.
    drop(gate);
    support::wait_until("the gate ends", Duration::from_secs(20), || gates(&sshd).is_empty());
}

/// Somebody stops what runs on a real host, by the gate; then the gate dies while it does so, and the next one goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_runs_on_a_host_is_stopped_and_never_started_again() {
    let sshd = Sshd::start();
    let (gate, asset) = (gate(&sshd), registered(&sshd));
    let boot = gate.look(&asset.spec).await.unwrap().boot;
    let work = |number: u32, script: &str| {
        let mut command = order(&sshd, number, script).command;
        command.timeout = 120;
        approved(&asset, command, &boot, 1)
    };
    let usual = work(1, "echo begun; sleep 100; echo over");
    let (send, mut pieces) = mpsc::channel(16);
    let dispatched = gate.dispatch(usual.clone(), asset.clone(), &send);
    let stopped = async {
        assert_eq!(pieces.recv().await.unwrap(), Piece::Begun);
        assert_eq!(pieces.recv().await.unwrap(), Piece::Output { error: false, offset: 0, bytes: b"begun\n".to_vec() });
        gate.stop(&usual, &asset).await.unwrap()
    };
    let (outcome, told) = tokio::join!(dispatched, stopped);
    assert_eq!((outcome, told), (ExecutionOutcome::Ran { code: 143 }, ExecutionOutcome::Ran { code: 143 }));
    // One that does not listen takes ten seconds, in which the gate dies.
    let heard = sshd.file("heard");
    let deaf = work(2, &format!("trap 'echo x >>{}' TERM; echo begun; while :; do sleep 0.2; done", heard.display()));
    let (send, mut pieces) = mpsc::channel(16);
    let dispatched = gate.dispatch(deaf.clone(), asset.clone(), &send);
    let killed = async {
        assert_eq!(pieces.recv().await.unwrap(), Piece::Begun);
        assert!(matches!(pieces.recv().await.unwrap(), Piece::Output { .. }));
        let stopping = gate.stop(&deaf, &asset);
        let dying = async {
            // The word has arrived; the grace is not over.
            while !heard.exists() {
                tokio::task::yield_now().await;
            }
            for pid in gates(&sshd) {
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            }
        };
        tokio::join!(stopping, dying).0
    };
    let (outcome, stopped) = tokio::join!(dispatched, killed);
    assert!(matches!(outcome, ExecutionOutcome::Unknown { .. }) && stopped.is_err(), "{outcome:?} {stopped:?}");
    // The next gate says it again, and it is over; nothing of it runs twice.
    let ended = gate.stop(&deaf, &asset).await.unwrap();
    assert_eq!(ended, ExecutionOutcome::Ran { code: 137 });
    assert_eq!(gate.fence(&deaf, &asset).await.unwrap(), ended);
    for (number, one) in [(1, usual), (2, deaf)] {
        let again = gate.dispatch(one, asset.clone(), &mpsc::channel(1).0).await;
        assert!(matches!(again, ExecutionOutcome::Unknown { .. }), "{again:?}");
        assert_eq!(ran(&sshd, number), 1);
    }
    // One that was stopped before it came never runs.
    let late = work(3, "true");
    assert!(matches!(gate.stop(&late, &asset).await.unwrap(), ExecutionOutcome::NotRun { .. }));
    let outcome = gate.dispatch(late, asset.clone(), &mpsc::channel(1).0).await;
    assert!(matches!(outcome, ExecutionOutcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(ran(&sshd, 3), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_takes_nobodys_word() {
    let sshd = Sshd::start();
    let (gate, asset) = (gate(&sshd), registered(&sshd));
    let boot = gate.look(&asset.spec).await.unwrap().boot;
    let right = || approved(&asset, order(&sshd, 1, "true").command, &boot, 1);
    let refused = async |change: &dyn Fn(&mut Approved, &mut Asset)| {
        let (mut one, mut asset) = (right(), asset.clone());
        change(&mut one, &mut asset);
        match gate.dispatch(one, asset, &mpsc::channel(1).0).await {
            ExecutionOutcome::NotRun { why } => why,
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(&|one, _| one.votes.clear()).await.contains("too few"));
    assert!(refused(&|one, _| one.votes[0].digest = "0".repeat(64)).await.contains("too few"));
    assert!(refused(&|one, _| one.proposed.command.cwd = "/tmp".to_owned()).await.contains("not what was approved"));
    assert!(refused(&|one, _| one.execution = ExecutionId::new([1; 32])).await.contains("name of the execution"));
    assert!(refused(&|_, asset| asset.version = 2).await.contains("not the one that was approved"));
    assert!(refused(&|_, asset| asset.spec.critical = true).await.contains("not the one that was approved"));
    // A critical asset wants two, and what they signed.
    let critical = || {
        let mut asset = asset.clone();
        asset.spec.critical = true;
        asset
    };
    let two = approved(&critical(), order(&sshd, 1, "true").command, &boot, 2);
    let mut twice = two.clone();
    twice.votes[1] = twice.votes[0].clone();
    let outcome = gate.dispatch(twice, critical(), &mpsc::channel(1).0).await;
    assert!(
        matches!(&outcome, ExecutionOutcome::NotRun { why } if why.contains("too few")),
        "one person is not two: {outcome:?}"
    );
    let outcome = gate.dispatch(two, critical(), &mpsc::channel(1).0).await;
    assert!(matches!(&outcome, ExecutionOutcome::NotRun { why } if why.contains("signature")), "{outcome:?}");
    // Rules that cannot be read allow nothing.
    fs::write(sshd.file("config.toml"), "[approvals]\nwait = 5\n").unwrap();
    assert!(refused(&|_, _| ()).await.contains("cannot read the rules"));
    fs::remove_file(sshd.file("config.toml")).unwrap();
    assert_eq!(ran(&sshd, 1), 0);
    assert_eq!(gate.dispatch(right(), asset.clone(), &mpsc::channel(1).0).await, ExecutionOutcome::Ran { code: 0 });
    assert_eq!(ran(&sshd, 1), 1);
}

#[test]
fn a_gate_without_an_engine_ends_by_itself() {
    let dir = tempfile::Builder::new().prefix("dwg").tempdir_in("/tmp").unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_dogwatch"))
        .arg("gate")
        .args([dir.path(), &dir.path().join("config.toml")])
        .env_clear()
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdin.take());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
}

/// The whole way by the command line: a host is scanned, registered, looked at, shown, changed and removed.
#[test]
fn people_register_a_host_and_see_how_it_is() {
    let sshd = Sshd::start();
    let bare = Bare::new();
    fs::write(bare.config(), "[fleet]\nlook = \"off\"\n").unwrap();
    let _engine = bare.start();
    let place = sshd.place();
    let scanned = bare.cmd(&["asset", "scan", place.split('@').nth(1).unwrap(), "--json"]);
    assert_eq!(scanned.code, Some(0), "{}", scanned.stderr);
    let key: serde_json::Value = serde_json::from_str(scanned.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(bare.cmd(&["asset", "ls"]).stdout.lines().count(), 1, "a scan stores nothing");
    let (key, login, receipts) = (key["key"].as_str().unwrap().to_owned(), sshd.file("login"), sshd.file("receipts"));
    let add = [
        "asset",
        "add",
        "target",
        "--ssh",
        &place,
        "--host-key",
        &key,
        "--identity",
        login.to_str().unwrap(),
        "--receipts",
        receipts.to_str().unwrap(),
        "--critical",
        "--label",
        "tier=db",
    ];
    let added = bare.cmd(&add);
    assert_eq!((added.code, added.stdout.trim()), (Some(0), "target is registered"), "{}", added.stderr);
    assert_eq!(bare.cmd(&add).code, Some(5), "a name is taken once");
    assert!(bare.cmd(&["asset", "ls"]).stdout.contains("unseen"));
    let looked = bare.cmd(&["asset", "look", "target"]);
    assert!(looked.stdout.contains("SHA256:") && looked.stdout.contains("Linux"), "{}{}", looked.stdout, looked.stderr);
    let file = bare.file("assets.toml");
    fs::write(&file, "[assets.here]\nlocal = true\n[assets.target]\nnote = \"gone from here\"\n").unwrap();
    let imported = bare.cmd(&["asset", "import", file.to_str().unwrap()]);
    assert!(
        imported.stdout.contains("here is registered") && imported.stdout.contains("target is version 2"),
        "{}",
        imported.stdout
    );
    // It is known by words only now, and nobody says that it is down.
    let nowhere = bare.cmd(&["asset", "look", "target"]);
    assert!(nowhere.code == Some(5) && nowhere.stderr.contains("nothing leads there"), "{}", nowhere.stderr);
    fs::write(&file, "[assets.x]\nssh = \"-oProxyCommand=x\"\n").unwrap();
    let refused = bare.cmd(&["asset", "import", file.to_str().unwrap()]);
    assert!(refused.code == Some(2) && refused.stderr.contains("assets.toml:2:"), "{}", refused.stderr);
    let look = bare.cmd(&["asset", "look", "here", "--json"]);
    let seen: serde_json::Value = serde_json::from_str(&look.stdout).unwrap();
    assert_eq!(seen["seen"]["state"]["is"], "up", "{seen}");
    assert_eq!(bare.cmd(&["asset", "rm", "target"]).code, Some(0));
    assert_eq!(bare.cmd(&["asset", "show", "target"]).code, Some(4));
    let log = bare.cmd(&["audit", "export"]).stdout;
    for kind in ["asset.added", "asset.changed", "asset.removed", "fleet.seen"] {
        assert!(log.contains(kind), "{kind}");
    }
}
