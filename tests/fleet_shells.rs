//! The text that carries commands out, and the one that looks around, on hosts with other shells and other tools than Debian's usual ones:
//! one that has busybox and nothing else, one whose `/bin/sh` is bash, and one with dash.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use dogwatch::domain::{Command, ExecutionId, ExecutionOutcome, Program};
use dogwatch::fleet::{Fleet, Heard, Order};
use std::fs;
use support::sshd::{Kind, Sshd};
use tokio::sync::mpsc;

const ODD: &[u8] = b" -n $(id) `id` \\ ' \" * ? ~ ! # ; | & < > \xff\xfe \x1b[31m\r\n\t\n\n";

struct Host {
    sshd: Sshd,
    fleet: Fleet,
    boot: String,
}

fn script(text: &str) -> Command {
    let program = Program::Script { bytes: text.as_bytes().to_vec() };
    Command { program, stdin: None, env: Vec::new(), cwd: "/".to_owned(), user: None, timeout: 60 }
}

impl Host {
    async fn of(kind: Kind) -> Option<Self> {
        let sshd = Sshd::with(kind)?;
        let fleet = Fleet::new(sshd.file("s"));
        let boot = fleet.look(&sshd.asset()).await.unwrap().boot;
        Some(Self { sshd, fleet, boot })
    }

    fn order(&self, number: u8, command: Command) -> Order {
        Order { execution: ExecutionId::new([number; 32]), asset: self.sshd.asset(), command, digest: "d".repeat(64) }
    }

    /// What came of it, and both outputs; it is stopped once it has said something, where that is wanted.
    async fn run(&self, order: &Order, stop: bool) -> (ExecutionOutcome, Vec<u8>, Vec<u8>) {
        let (send, mut pieces) = mpsc::channel(16);
        let carried = async {
            let outcome = self.fleet.dispatch(order, &self.boot, &send).await;
            drop(send);
            outcome
        };
        let heard = async {
            let (mut out, mut err, mut stopped) = (Vec::new(), Vec::new(), !stop);
            while let Some(piece) = pieces.recv().await {
                match piece {
                    Heard::Begun => continue,
                    Heard::Output { error: true, bytes } => err.extend(bytes),
                    Heard::Output { error: false, bytes } => out.extend(bytes),
                }
                if !std::mem::replace(&mut stopped, true) {
                    let told = self.fleet.stop(order, &self.boot).await.unwrap();
                    assert!(matches!(told, ExecutionOutcome::Ran { .. }), "{told:?}");
                }
            }
            (out, err)
        };
        // Whoever carries out owns the sending end, so that the other one comes to an end.
        let (outcome, (out, err)) = tokio::join!(carried, heard);
        (outcome, out, err)
    }

    async fn says(&self, number: u8, text: &str) -> String {
        let (outcome, out, err) = self.run(&self.order(number, script(text)), false).await;
        assert_eq!(outcome, ExecutionOutcome::Ran { code: 0 }, "{}", String::from_utf8_lossy(&err));
        String::from_utf8(out).unwrap()
    }

    async fn bytes_cross_as_they_are(&self) {
        let text = b"printf %s \"$1$X\"; cat; pwd >&2; exit 3".to_vec();
        let words = vec![b"/bin/sh".to_vec(), b"-c".to_vec(), text, b"sh".to_vec(), ODD.to_vec()];
        let mut command = script("");
        command.program = Program::Argv { words };
        (command.stdin, command.cwd) = (Some(b"in\0put\n".to_vec()), "/usr".to_owned());
        command.env = vec![("X".to_owned(), ODD.to_vec())];
        let one = self.order(1, command);
        let (outcome, out, err) = self.run(&one, false).await;
        assert_eq!((outcome, out), (ExecutionOutcome::Ran { code: 3 }, [ODD, ODD, b"in\0put\n"].concat()));
        assert_eq!(err, b"/usr\n");
        // Never twice; what was fenced never, and nothing in another boot.
        let (again, out, _) = self.run(&one, false).await;
        assert!(matches!(again, ExecutionOutcome::Unknown { .. }) && out.is_empty(), "{again:?}");
        assert_eq!(self.fleet.fence(&one, &self.boot).await.unwrap(), ExecutionOutcome::Ran { code: 3 });
        let fenced = self.order(2, script("touch /tmp/never"));
        let told = self.fleet.fence(&fenced, &self.boot).await.unwrap();
        assert!(matches!(told, ExecutionOutcome::NotRun { .. }), "{told:?}");
        assert!(matches!(self.run(&fenced, false).await.0, ExecutionOutcome::Unknown { .. }));
        let other = self.fleet.dispatch(&self.order(3, script("true")), "another-boot", &mpsc::channel(1).0).await;
        assert!(matches!(other, ExecutionOutcome::NotRun { .. }), "{other:?}");
    }

    async fn output_is_followed_and_bounded(&self) {
        let one = self.order(4, script("echo 0123456789; echo oh >&2"));
        self.run(&one, false).await;
        let (send, mut pieces) = mpsc::channel(16);
        assert_eq!(self.fleet.follow(&one, (4, 3), &send).await, ExecutionOutcome::Ran { code: 0 });
        assert_eq!(pieces.recv().await.unwrap(), Heard::Begun);
        assert_eq!(pieces.recv().await.unwrap(), Heard::Output { error: false, bytes: b"456789\n".to_vec() });
        let flood = self.order(5, script("head -c 20000000 /dev/zero; echo done >&2"));
        let (outcome, out, err) = self.run(&flood, false).await;
        assert_eq!((outcome, err.as_slice()), (ExecutionOutcome::Ran { code: 0 }, b"done\n".as_slice()));
        assert!((8 << 20..=13 << 20).contains(&out.len()), "{}", out.len());
    }

    async fn it_ends_by_its_time_by_a_word_and_by_force(&self) {
        let mut slow = script("sleep 60");
        slow.timeout = 1;
        assert_eq!(self.run(&self.order(6, slow), false).await.0, ExecutionOutcome::TimedOut);
        // All of its group, what tidies up first, and what does not listen.
        let mark = self.sshd.file("mark");
        let both = format!("(sleep 15; touch {0}) & echo up; sleep 15; touch {0}", mark.display());
        let tidy = "trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done";
        let deaf = "trap '' TERM; echo up; while :; do sleep 0.1; done";
        for (number, text, code) in [(7, both.as_str(), 143), (8, tidy, 7), (9, deaf, 137)] {
            let (outcome, ..) = self.run(&self.order(number, script(text)), true).await;
            assert_eq!(outcome, ExecutionOutcome::Ran { code }, "{text}");
        }
        assert!(!mark.exists());
        let late = self.order(10, script("touch /tmp/never"));
        let told = self.fleet.stop(&late, &self.boot).await.unwrap();
        assert!(matches!(told, ExecutionOutcome::NotRun { .. }), "{told:?}");
        // A runner that died without a word is unknown, never at work for ever.
        let lost = self.order(11, script("echo up; sleep 20"));
        let receipt = self.sshd.file("receipts").join(lost.execution.as_str());
        let killed = async {
            while fs::read_to_string(receipt.join("out")).unwrap_or_default().is_empty() {
                tokio::task::yield_now().await;
            }
            let runner = fs::read_to_string(receipt.join("pid")).unwrap();
            let runner = rustix::process::Pid::from_raw(runner.split(' ').next().unwrap().parse().unwrap()).unwrap();
            rustix::process::kill_process(runner, rustix::process::Signal::KILL).unwrap();
        };
        let ((outcome, ..), ()) = tokio::join!(self.run(&lost, false), killed);
        assert!(matches!(outcome, ExecutionOutcome::Unknown { .. }), "{outcome:?}");
    }

    async fn it_tells_how_it_is(&self) {
        let vitals = self.fleet.observe(&self.sshd.asset()).await.unwrap();
        assert!(vitals.cpus > 0 && vitals.memory.0 > vitals.memory.1, "{vitals:?}");
        assert!(vitals.kernel.starts_with("Linux ") && !vitals.boot.is_empty(), "{vitals:?}");
    }

    async fn all(&self) {
        self.bytes_cross_as_they_are().await;
        self.output_is_followed_and_bounded().await;
        self.it_ends_by_its_time_by_a_word_and_by_force().await;
        self.it_tells_how_it_is().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_busybox_alone_carries_everything_out() {
    let there = std::process::Command::new("busybox").arg("true").status();
    assert!(there.is_ok_and(|status| status.success()), "busybox is missing: install its package");
    let Some(host) = Host::of(Kind::Busybox).await else { return };
    let tools = host.says(20, "/bin/sh --help 2>&1 | head -n 1; ls /usr/bin").await;
    assert!(tools.starts_with("BusyBox v") && tools.ends_with("\nenv\n"), "{tools}");
    host.all().await;
    // Busybox has nothing that makes another user of root, so nothing is started.
    let mut command = script("id -un");
    command.user = Some("nobody".to_owned());
    let (outcome, ..) = host.run(&host.order(21, command), false).await;
    let ExecutionOutcome::NotRun { why } = outcome else { panic!("{outcome:?}") };
    assert_eq!(why, "it needs runuser to run anything as nobody");
    assert!(!host.sshd.file("receipts").join("15".repeat(32)).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_shell_is_bash_carries_everything_out() {
    let Some(host) = Host::of(Kind::Shell("/bin/bash")).await else { return };
    assert_eq!(host.says(20, "echo \"${BASH_VERSION:+bash}\"").await, "bash\n");
    host.all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_shell_is_dash_carries_everything_out() {
    let Some(host) = Host::of(Kind::Shell("/bin/dash")).await else { return };
    assert_eq!(host.says(20, "echo \"${BASH_VERSION:-none}\"; /bin/sh --help 2>/dev/null || :").await, "none\n");
    host.all().await;
}
