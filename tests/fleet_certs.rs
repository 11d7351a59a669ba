//! Certificates for one call, against a real sshd: what was approved runs by one, and whoever gets hold of one can have nothing else run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dogwatch::domain::{AssetSpec, Command, ExecutionId, ExecutionOutcome, Program};
use dogwatch::fleet::{Fleet, Gate, Order};
use serde_json::json;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use support::bare::Bare;
use support::sshd::{Sshd, user};
use tokio::sync::mpsc;

/// A command that leaves one letter in a file each time it runs.
fn order(sshd: &Sshd, asset: &AssetSpec, number: u8) -> Order {
    let script = script(sshd, number);
    let command = Command {
        program: Program::Script { bytes: script.into_bytes() },
        stdin: None,
        env: Vec::new(),
        cwd: "/".to_owned(),
        user: None,
        timeout: 30,
    };
    let execution = ExecutionId::new([number; 32]);
    Order { execution, asset: asset.clone(), command, digest: "d".repeat(64) }
}

fn script(sshd: &Sshd, number: u8) -> String {
    format!("printf x >>{}; echo done", sshd.file(&format!("ran-{number}")).display())
}

fn ran(sshd: &Sshd, number: u8) -> usize {
    fs::read(sshd.file(&format!("ran-{number}"))).unwrap_or_default().len()
}

async fn run(fleet: &Fleet, order: &Order, boot: &str) -> ExecutionOutcome {
    let (send, mut pieces) = mpsc::channel(16);
    let heard = tokio::spawn(async move { while pieces.recv().await.is_some() {} });
    let outcome = fleet.dispatch(order, boot, &send).await;
    drop(send);
    heard.await.unwrap();
    outcome
}

fn why(outcome: ExecutionOutcome) -> String {
    match outcome {
        ExecutionOutcome::NotRun { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_runs_by_a_certificate_that_the_host_can_tell() {
    let sshd = Sshd::start();
    fs::write(sshd.file("authorized"), "").unwrap();
    let (fleet, asset) = (Fleet::new(sshd.file("s")), sshd.certified(&json!({"source_address": "127.0.0.0/8"})));
    let boot = fleet.look(&asset).await.unwrap().boot;
    assert!(fleet.observe(&asset).await.unwrap().cpus > 0);
    let one = order(&sshd, &asset, 1);
    assert_eq!(run(&fleet, &one, &boot).await, ExecutionOutcome::Ran { code: 0 });
    assert_eq!(fleet.fence(&one, &boot).await.unwrap(), ExecutionOutcome::Ran { code: 0 });
    assert_eq!(fleet.follow(&one, (0, 0), &mpsc::channel(8).0).await, ExecutionOutcome::Ran { code: 0 });
    assert_eq!(fleet.stop(&one, &boot).await.unwrap(), ExecutionOutcome::Ran { code: 0 });
    assert_eq!(ran(&sshd, 1), 1);
    // Its own log names what was done, and that it was approved.
    let (log, name) = (sshd.log(), "01".repeat(32));
    for verb in ["run", "fence", "follow", "stop"] {
        let id =
            format!("ID dogwatch {verb} {name} approved as {} (serial {})", "d".repeat(64), 0x0101_0101_0101_0101_u64);
        assert!(log.contains(&id), "{id}\n{log}");
    }
    assert!(
        log.contains("ID dogwatch look at target (serial 0)") && log.contains("ID dogwatch observe target"),
        "{log}"
    );
    support::wait_until("the files of connections are gone", Duration::from_secs(20), || {
        fs::read_dir(sshd.file("s")).unwrap().count() == 0
    });
}

/// A connection that hangs, so that its key can be used by somebody else meanwhile: the agent of the gate, as whoever is the engine's own
/// user could reach it.
struct Stolen {
    agent: PathBuf,
    _silent: std::net::TcpListener,
    dispatched: tokio::task::JoinHandle<ExecutionOutcome>,
}

impl Drop for Stolen {
    fn drop(&mut self) {
        self.dispatched.abort();
    }
}

fn steal(sshd: &Sshd, number: u8, boot: &str, more: &serde_json::Value) -> Stolen {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut reach = json!({"port": port});
    reach.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let order = order(sshd, &sshd.certified(&reach), number);
    let dir = sshd.file(&format!("s{port}"));
    let (fleet, boot) = (Fleet::new(dir.clone()), boot.to_owned());
    let dispatched = tokio::spawn(async move { run(&fleet, &order, &boot).await });
    let found = || {
        let dirs = fs::read_dir(&dir).ok()?.flatten();
        dirs.map(|dir| dir.path().join("agent")).find(|agent| agent.exists())
    };
    support::wait_until("there is something to steal", Duration::from_secs(20), || found().is_some());
    Stolen { agent: found().unwrap(), _silent: silent, dispatched }
}

/// Logs in with what was stolen, as a thief would: by stock SSH.
fn thief(sshd: &Sshd, agent: &Path, who: &str, words: &[&str], input: &str) -> Output {
    let port = sshd.port().to_string();
    let mut child = std::process::Command::new("ssh")
        .args([
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ])
        .args(["-o", "IdentityFile=none", "-o", "ExitOnForwardFailure=yes", "-p", &port, "-l", who])
        .args(&words[..words.len() - 1])
        .arg("127.0.0.1")
        .args(words.last().filter(|word| !word.is_empty()))
        .env("SSH_AUTH_SOCK", agent)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that is refused reads nothing.
    let _refused = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_in_other_hands_can_have_nothing_else_run() {
    let sshd = Sshd::start();
    fs::write(sshd.file("authorized"), "").unwrap();
    let boot = Fleet::new(sshd.file("s")).look(&sshd.certified(&json!({}))).await.unwrap().boot;
    let stolen = steal(&sshd, 7, &boot, &json!({"source_address": "127.0.0.1"}));
    // No private key lies anywhere, and the certificate says what it is for.
    let dir = stolen.agent.parent().unwrap();
    for file in fs::read_dir(dir).unwrap().flatten().filter(|file| file.file_type().unwrap().is_file()) {
        assert!(!fs::read_to_string(file.path()).unwrap_or_default().contains("PRIVATE"), "{:?}", file.path());
    }
    let shown = std::process::Command::new("ssh-add").arg("-L").env("SSH_AUTH_SOCK", &stolen.agent).output().unwrap();
    fs::write(sshd.file("stolen.pub"), shown.stdout).unwrap();
    let told =
        std::process::Command::new("ssh-keygen").args(["-L", "-f"]).arg(sshd.file("stolen.pub")).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let (head, options) = told.split_once("Critical Options:").unwrap();
    assert!(head.contains(&format!("Principals: \n                {}\n", user())), "{head}");
    let forced = options.contains("force-command exec /usr/bin/env -i ");
    assert!(forced && options.contains("source-address 127.0.0.1\n"), "{options}");
    assert!(options.trim_end().ends_with("Extensions: (none)"), "{options}");
    let moments: Vec<&str> = head.lines().find(|line| line.contains("Valid: from ")).unwrap().split(' ').collect();
    let seconds = |text: &str| -> i64 {
        let date = std::process::Command::new("date").args(["+%s", "-d", text]).output().unwrap();
        String::from_utf8(date.stdout).unwrap().trim().parse().unwrap()
    };
    let [from, to] = [moments.len() - 3, moments.len() - 1].map(|at| seconds(moments[at]));
    assert_eq!(to - from, 90, "{moments:?}");
    // Whatever it is asked for, the forced line reads what was not approved and does nothing.
    let mark = sshd.file("mark");
    let touch = format!("touch {}", mark.display());
    let other = payload(&touch);
    for input in
        ["", "x\n", other.as_str(), &format!("{}{other}", payload(&script(&sshd, 7)).trim_end_matches("end\n"))]
    {
        let output = thief(&sshd, &stolen.agent, &user(), &[&touch], input);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "dogwatch:cut\n", "{output:?}");
    }
    for words in [["-W", &format!("127.0.0.1:{}", sshd.port()), ""], ["-R", "0:127.0.0.1:1", "true"], ["-N", "-w0", ""]]
    {
        let output = thief(&sshd, &stolen.agent, &user(), &words, "");
        assert!(!output.status.success() && output.stdout.is_empty(), "{words:?}: {output:?}");
    }
    let terminal = thief(&sshd, &stolen.agent, &user(), &["-tt", &touch], "");
    assert!(String::from_utf8_lossy(&terminal.stderr).contains("PTY allocation request failed"), "{terminal:?}");
    assert!(!mark.exists() && !sshd.file("receipts").join("07".repeat(32)).exists());
    // Nor is it good for anybody else there.
    let nobody = thief(&sshd, &stolen.agent, "nobody", &["true"], "");
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("Permission denied"), "{nobody:?}");
    assert!(sshd.log().contains("not a listed principal"), "{}", sshd.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_in_other_hands_has_what_was_approved_run_once_and_from_one_place_only() {
    let sshd = Sshd::start();
    fs::write(sshd.file("authorized"), "").unwrap();
    let boot = Fleet::new(sshd.file("s")).look(&sshd.certified(&json!({}))).await.unwrap().boot;
    // However often it is said, and by a new certificate as well.
    let stolen = steal(&sshd, 7, &boot, &json!({}));
    let right = payload(&script(&sshd, 7));
    let output = thief(&sshd, &stolen.agent, &user(), &["true"], &right);
    assert!(String::from_utf8_lossy(&output.stdout).contains("dogwatch:ended 0 "), "{output:?}");
    for _ in 0..3 {
        let output = thief(&sshd, &stolen.agent, &user(), &["true"], &right);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "dogwatch:there\n", "{output:?}");
    }
    drop(stolen);
    let stolen = steal(&sshd, 7, &boot, &json!({}));
    let output = thief(&sshd, &stolen.agent, &user(), &["true"], &right);
    assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), ran(&sshd, 7)), ("dogwatch:there\n", 1));
    drop(stolen);
    let elsewhere = steal(&sshd, 8, &boot, &json!({"source_address": "192.0.2.7"}));
    let refused = thief(&sshd, &elsewhere.agent, &user(), &["true"], &payload(&script(&sshd, 8)));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Permission denied"), "{refused:?}");
    assert_eq!(ran(&sshd, 8), 0);
}

/// The lines in which a script crosses.
fn payload(script: &str) -> String {
    let words = ["/bin/sh", "-c", script].map(|word| format!("word {}\n", STANDARD.encode(word)));
    format!("timeout 30\ncwd Lw==\nuser -\nwords 3\n{}stdin \nend\n", words.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_told_and_nothing_is_dispatched() {
    let sshd = Sshd::start();
    let asset = sshd.certified(&json!({}));
    let boot = Fleet::new(sshd.file("s")).look(&asset).await.unwrap().boot;
    for (number, seconds, said) in [(1, -600, "expired"), (2, 600, "not yet valid")] {
        let fleet = Fleet::new(sshd.file("s")).off_by(seconds);
        let refused = fleet.look(&asset).await.unwrap_err().to_string();
        assert!(refused.contains(" s off, more than 30: set it"), "{refused}");
        // Were it sent all the same, the host itself would refuse it.
        let refused = why(run(&fleet, &order(&sshd, &asset, number), &boot).await);
        assert!(refused.contains("Permission denied") && refused.contains("right to half a minute"), "{refused}");
        assert!(sshd.log().contains(said), "{}", sshd.log());
        assert_eq!(ran(&sshd, number), 0);
    }
    for (number, seconds) in [(3, -20), (4, 20)] {
        let fleet = Fleet::new(sshd.file("s")).off_by(seconds);
        fleet.look(&asset).await.unwrap();
        assert_eq!(run(&fleet, &order(&sshd, &asset, number), &boot).await, ExecutionOutcome::Ran { code: 0 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_trust_the_authority_and_a_key_that_is_none_are_told_with_what_to_do() {
    let sshd = Sshd::start();
    let (fleet, asset) = (Fleet::new(sshd.file("s")), sshd.certified(&json!({})));
    let boot = fleet.look(&asset).await.unwrap().boot;
    fs::write(sshd.file("authorities"), "").unwrap();
    let known = std::process::Command::new("ssh-keygen").arg("-lf").arg(sshd.file("authority.pub")).output().unwrap();
    let known = String::from_utf8(known.stdout).unwrap();
    let known = known.split(' ').nth(1).unwrap();
    for refused in [
        fleet.look(&asset).await.unwrap_err().to_string(),
        fleet.observe(&asset).await.unwrap_err().to_string(),
        why(run(&fleet, &order(&sshd, &asset, 1), &boot).await),
    ] {
        assert!(refused.contains(known) && refused.contains("`cert-authority` in authorized_keys"), "{refused}");
    }
    // The other way to trust it: for one account, with what an account may narrow further.
    let key = fs::read_to_string(sshd.file("authority.pub")).unwrap();
    fs::write(sshd.file("authorized"), format!("cert-authority,restrict,from=\"127.0.0.1\" {key}")).unwrap();
    assert_eq!(run(&fleet, &order(&sshd, &asset, 2), &boot).await, ExecutionOutcome::Ran { code: 0 });
    let bad = async |name: &str| {
        fs::set_permissions(sshd.file(name), fs::Permissions::from_mode(0o600)).unwrap();
        fleet.look(&sshd.certified(&json!({"authority": sshd.file(name)}))).await.unwrap_err().to_string()
    };
    for (name, words, part) in [
        ("closed", ["-t", "ed25519", "-N", "canary-words"], "closed by a passphrase"),
        ("rsa", ["-t", "rsa", "-N", ""], "a key of another kind"),
    ] {
        let file = sshd.file(name);
        std::process::Command::new("ssh-keygen").arg("-q").args(words).arg("-f").arg(file).status().unwrap();
        let told = bad(name).await;
        assert!(told.contains(part) && told.contains("ssh-keygen -t ed25519"), "{told}");
    }
    fs::write(sshd.file("junk"), "canary-in-a-file").unwrap();
    let told = bad("junk").await;
    assert!(told.contains("holds no private key") && !told.contains("canary"), "{told}");
    fs::set_permissions(sshd.file("authority"), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(fleet.look(&asset).await.unwrap_err().to_string().contains("chmod 600"));
    // An ECDSA key is an authority as well.
    let file = sshd.file("curve");
    std::process::Command::new("ssh-keygen").args(["-q", "-t", "ecdsa", "-N", "", "-f"]).arg(&file).status().unwrap();
    fs::copy(sshd.file("curve.pub"), sshd.file("authorities")).unwrap();
    fleet.look(&sshd.certified(&json!({"authority": file}))).await.unwrap();
}

/// The bytes of a key as it lies in its file, between its first and last line.
fn middle(sshd: &Sshd, name: &str) -> String {
    fs::read_to_string(sshd.file(name)).unwrap().lines().nth(2).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_secret_store_log_in_and_are_shown_to_nobody() {
    let sshd = Sshd::start();
    let config = sshd.file("config");
    for name in ["login", "authority"] {
        dogwatch::config::keep_secret(&config, name, &fs::read(sshd.file(name)).unwrap()).unwrap();
    }
    let [login, authority] = ["login", "authority"].map(|name| middle(&sshd, name));
    for name in ["login", "authority"] {
        fs::remove_file(sshd.file(name)).unwrap();
    }
    let by = |reach: serde_json::Value| sshd.certified(&reach);
    let standing = by(json!({"authority": null, "identity": "secret:login"}));
    let certified = by(json!({"authority": "secret:authority"}));
    let gate = Gate::by(PathBuf::from(env!("CARGO_BIN_EXE_dogwatch")), sshd.file("s"), config.join("config.toml"));
    for asset in [&standing, &certified] {
        assert_eq!(gate.look(asset).await.unwrap().user, user());
    }
    let none = gate.look(&by(json!({"authority": "secret:none"}))).await.unwrap_err().to_string();
    assert!(none.contains("secrets/none") && none.contains("dogwatch secret set none"), "{none}");
    // While a connection is being made: no file beside the store, no argument and no environment has the key.
    for (asset, key) in [(standing, login), (certified, authority)] {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut asset = serde_json::to_value(asset).unwrap();
        asset["reach"]["port"] = json!(silent.local_addr().unwrap().port());
        let asset: AssetSpec = serde_json::from_value(asset).unwrap();
        let looking = async { gate.look(&asset).await.unwrap_err().to_string() };
        let watching = async {
            let agent = || walk(&sshd.file("s")).iter().any(|file| file.ends_with("agent"));
            while !agent() {
                tokio::task::yield_now().await;
            }
            for file in walk(&sshd.file("s")).into_iter().filter(|file| file.is_file()) {
                assert!(!String::from_utf8_lossy(&fs::read(&file).unwrap()).contains(&key), "{file:?}");
            }
            for process in fs::read_dir("/proc").unwrap().flatten() {
                for name in ["cmdline", "environ"] {
                    // Not of one that is gone or another's.
                    let told = fs::read(process.path().join(name)).unwrap_or_default();
                    assert!(!String::from_utf8_lossy(&told).contains(&key), "{process:?}");
                }
            }
            drop(silent);
        };
        let (told, ()) = tokio::join!(looking, watching);
        assert!(!told.contains(&key), "{told}");
    }
    support::wait_until("nothing is left", Duration::from_secs(20), || walk(&sshd.file("s")).is_empty());
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let under = |path: PathBuf| if path.is_dir() { walk(&path) } else { vec![path] };
    entries.flat_map(|entry| under(entry.path())).collect()
}

/// By the command line: a private key of several lines goes into the store, and a host is looked at by it.
#[test]
fn people_keep_an_authority_as_a_secret() {
    let sshd = Sshd::start();
    let bare = Bare::new();
    fs::write(bare.config(), "[fleet]\nlook = \"off\"\n").unwrap();
    let _engine = bare.start();
    let kept = |input: &[u8]| {
        fs::write(sshd.file("input"), input).unwrap();
        let mut command = bare.through(env!("CARGO_BIN_EXE_dogwatch"), &["secret", "set", "assets"]);
        let output = command.stdin(fs::File::open(sshd.file("input")).unwrap()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let key = fs::read(sshd.file("authority")).unwrap();
    let (code, told) = kept(&key[..key.len() / 2]);
    assert!(code == Some(1) && told.contains("ends early"), "{told}");
    let (code, told) = kept(&key);
    assert!(code == Some(0) && told.contains("assets name it by `secret:assets`"), "{told}");
    let (place, host_key) = (sshd.place(), fs::read_to_string(sshd.file("host.pub")).unwrap());
    let receipts = sshd.file("receipts");
    let add =
        ["asset", "add", "target", "--ssh", &place, "--host-key", host_key.trim(), "--authority", "secret:assets"];
    let more = ["--source-address", "127.0.0.1", "--receipts", receipts.to_str().unwrap()];
    let added = bare.cmd(&[&add[..], &more].concat());
    assert_eq!((added.code, added.stdout.trim()), (Some(0), "target is registered"), "{}", added.stderr);
    let looked = bare.cmd(&["asset", "look", "target"]);
    let by = "a certificate for each call from 127.0.0.1, by secret:assets";
    assert!(looked.stdout.contains(by) && looked.stdout.contains("Linux"), "{}{}", looked.stdout, looked.stderr);
    let both = bare.cmd(&[&add[..], &["--identity", "/k"]].concat());
    assert_eq!(both.code, Some(2), "{}", both.stderr);
    assert!(!bare.cmd(&["audit", "export"]).stdout.contains("PRIVATE KEY"));
    assert!(sshd.log().contains("ID dogwatch observe target (serial 0) CA ED25519"), "{}", sshd.log());
}
