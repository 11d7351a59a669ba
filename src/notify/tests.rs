//! Every kind of way against played servers, and what becomes of questions while ways fail, are quiet or gather.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::config::{EngineConfig, keep_secret};
use crate::domain::{QuestionId, QuestionKind};
use crate::store::{Ask, FaultKind, Faults, Options, seed_for_tests};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, channel};
use tempfile::TempDir;

/// A request as a played server got it.
#[derive(Debug)]
struct Got {
    head: String,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> String {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default().to_owned()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A server that answers with these codes, one a request.
fn played(codes: &'static [u16]) -> (String, Receiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, got) = channel();
    std::thread::spawn(move || {
        for code in codes {
            let (stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                lines.read_line(&mut head).unwrap();
            }
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
            let mut body = vec![0; length];
            lines.read_exact(&mut body).unwrap();
            tell.send(Got { head: head.replace("\r\n", "\n"), body: String::from_utf8(body).unwrap() }).unwrap();
            let mut stream = stream;
            write!(stream, "HTTP/1.1 {code} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        }
    });
    (address, got)
}

/// Asks the store from a thread of its own, since a runtime's own threads must not wait for it.
fn aside<T: Send>(ask: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(ask).join().unwrap())
}

struct Bench {
    home: TempDir,
    store: Store,
    faults: std::sync::Arc<Faults>,
}

impl Bench {
    fn new() -> Self {
        let faults = std::sync::Arc::<Faults>::default();
        let options = Options { faults: std::sync::Arc::clone(&faults), ..Options::default() };
        let store = Store::in_memory(&options).unwrap();
        aside(|| store.write_sync(|tx| seed_for_tests(tx, "p").map(drop))).unwrap();
        Self { home: tempfile::tempdir().unwrap(), store, faults }
    }

    fn ask(&self, kind: QuestionKind, title: &str) -> QuestionId {
        let title = title.to_owned();
        let store = &self.store;
        let write = move |tx: &mut crate::store::Tx<'_>| {
            let run = Some(crate::domain::RunId(1));
            let facts = vec!["a fact".to_owned(), "another\u{202e} one".to_owned()];
            let ask = Ask { run, iteration: 0, kind, title, facts, reached: Vec::new(), digest: None, deadline: None };
            let id = tx.insert_question(&ask)?;
            tx.record(AuditEvent::new(Actor::Engine, "question.asked").question(id))?;
            Ok(id)
        };
        aside(|| store.write_sync(write)).unwrap()
    }

    fn notifier(&self, lines: &str) -> Notifier {
        let config = EngineConfig::parse(lines, "c").unwrap();
        Notifier::new(self.store.clone(), &config.notify, self.home.path())
    }

    fn events(&self, kind: &str) -> usize {
        let wanted = crate::store::AuditFilter { most: 100, kind: Some(kind.to_owned()), ..Default::default() };
        let store = &self.store;
        aside(|| store.read_sync(move |view| view.audit_page(&wanted))).unwrap().records.len()
    }
}

fn at(time: &str) -> Zoned {
    format!("2099-01-05T{time}[UTC]").parse().unwrap()
}

/// Looks with a clock that stands still. A paused clock leaps to the next deadline whenever nothing is to be done, also while an
/// answer is on its way, and would end the request; it does not while a thread is at work.
async fn look_in_no_time(notifier: &mut Notifier, now: &Zoned) {
    let (done, at_work) = channel::<()>();
    let held = tokio::task::spawn_blocking(move || at_work.recv().is_err());
    notifier.look(now).await;
    drop(done);
    assert!(held.await.unwrap(), "nothing is sent to it");
}

#[tokio::test]
async fn ntfy_slack_and_a_webhook_get_what_waits_once_and_safely() {
    let bench = Bench::new();
    for (name, secret) in [("ntfy", "token-1234"), ("hook", "key-5678")] {
        keep_secret(bench.home.path(), name, secret.as_bytes()).unwrap();
    }
    let ((ntfy, ntfy_got), (slack, slack_got), (hook, hook_got)) = (played(&[200]), played(&[200]), played(&[200]));
    keep_secret(bench.home.path(), "slack", format!("http://{slack}/services/T0/B0/xyz").as_bytes()).unwrap();
    bench.ask(QuestionKind::Review, &format!("<!channel> \u{1b}[31m *{}", "x".repeat(500)));
    let mut notifier = bench.notifier(&format!(
        "[notify.ada]\nby = \"ntfy\"\nurl = \"http://{ntfy}/base/topic\"\nsecret = \"ntfy\"\n[notify.chat]\nby = \"slack\"\nsecret = \
         \"slack\"\n[notify.hook]\nby = \"webhook\"\nurl = \"http://{hook}/in\"\nsecret = \"hook\"\ntext = \"detail\"\n"
    ));
    notifier.look(&at("12:00:00")).await;
    let ntfy = ntfy_got.recv().unwrap();
    assert!(ntfy.head.starts_with("POST /base/ HTTP/1.1\n"), "{ntfy:?}");
    assert_eq!((ntfy.header("authorization").as_str(), &ntfy.json()["topic"]), ("Bearer token-1234", &json!("topic")));
    assert_eq!(ntfy.json()["title"], "dogwatch: q1 waits for you (review, r1)");
    let slack = slack_got.recv().unwrap();
    let text = slack.json()["text"].as_str().unwrap().to_owned();
    assert!(text.contains("&lt;!channel&gt;") && !text.contains('<') && !text.contains('\u{1b}'), "{text}");
    assert!(text.chars().count() < 400 && !text.contains("a fact"), "no more than a title: {text}");
    let hook = hook_got.recv().unwrap();
    let expected = send::signature("key-5678", &hook.header("x-dogwatch-timestamp"), hook.body.as_bytes()).unwrap();
    assert_eq!(hook.header("x-dogwatch-signature"), expected);
    assert_eq!(hook.json()["id"], hook.header("x-dogwatch-id"));
    let detail = hook.json()["questions"][0]["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("a fact | another") && !detail.contains('\u{202e}'), "{detail}");
    // Told once: the servers would answer no second request.
    notifier.look(&at("12:01:00")).await;
    assert_eq!((bench.events("notice.sent"), bench.events("notice.failed")), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_go_through_is_tried_again_ever_less_often_and_never_lost() {
    let bench = Bench::new();
    keep_secret(bench.home.path(), "hook", b"key-5678").unwrap();
    let (hook, got) = played(&[500, 429, 200]);
    let config = format!("[notify.hook]\nby = \"webhook\"\nurl = \"http://{hook}/in\"\nsecret = \"hook\"\n");
    bench.ask(QuestionKind::Stuck, "t");
    let mut notifier = bench.notifier(&config);
    let mut ids = Vec::new();
    for wait in [10, 20, 0] {
        look_in_no_time(&mut notifier, &at("12:00:00")).await;
        ids.push(got.recv().unwrap().header("x-dogwatch-id"));
        // Not before its time.
        look_in_no_time(&mut notifier, &at("12:00:00")).await;
        assert!(got.try_recv().is_err());
        tokio::time::advance(Duration::from_secs(wait)).await;
    }
    assert_eq!(ids[0], ids[1], "the same message has the same id");
    assert_eq!((bench.events("notice.sent"), bench.events("notice.failed")), (1, 1));
    // An engine that starts anew knows what was told.
    look_in_no_time(&mut bench.notifier(&config), &at("12:00:00")).await;
    assert_eq!(bench.events("notice."), 2);
}

/// A full disk keeps the record of what was told from being made, which is no reason to tell it every few seconds.
#[tokio::test(start_paused = true)]
async fn what_was_told_and_cannot_be_recorded_is_not_told_again() {
    let bench = Bench::new();
    keep_secret(bench.home.path(), "hook", b"key-5678").unwrap();
    let (hook, got) = played(&[200, 200]);
    let config = format!("[notify.hook]\nby = \"webhook\"\nurl = \"http://{hook}/in\"\nsecret = \"hook\"\n");
    bench.ask(QuestionKind::Stuck, "t");
    let mut notifier = bench.notifier(&config);
    bench.faults.fail_commit(1, FaultKind::DiskFull);
    bench.faults.fail_commit(2, FaultKind::DiskFull);
    look_in_no_time(&mut notifier, &at("12:00:00")).await;
    assert!(got.recv().unwrap().body.contains("q1"));
    for (wait, recorded) in [(1, 0), (10, 0), (20, 1), (1, 1)] {
        tokio::time::advance(Duration::from_secs(wait)).await;
        notifier.look(&at("12:00:00")).await;
        assert!(got.try_recv().is_err(), "it is told again");
        assert_eq!(bench.events("notice.sent"), recorded);
    }
    // What is new is told meanwhile.
    bench.ask(QuestionKind::Stuck, "another");
    look_in_no_time(&mut notifier, &at("12:00:00")).await;
    assert!(got.recv().unwrap().body.contains("q2"));
}

#[tokio::test]
async fn quiet_hours_digests_kinds_and_reminders_are_kept() {
    let bench = Bench::new();
    let mail = bench.home.path().join("sendmail");
    let log = bench.home.path().join("mails");
    std::fs::write(&mail, format!("#!/bin/sh\necho \"args $*\" >> {0}\n/bin/cat >> {0}\n", log.display())).unwrap();
    std::fs::set_permissions(&mail, std::fs::Permissions::from_mode(0o700)).unwrap();
    let text = || std::fs::read_to_string(&log).unwrap_or_default();
    let base = format!(
        "[notify.ops]\nby = \"mail\"\nto = \"ops@example.org\"\nfrom = \"dw@example.org\"\nsendmail = \"{}\"\n",
        mail.display()
    );
    bench.ask(QuestionKind::Review, "first\nBcc: evil@example.org");
    bench.ask(QuestionKind::Agent, "second");
    // Nothing at night, and nothing of other kinds.
    let night = format!("{base}quiet = \"22:00-07:00\"\nkinds = [\"review\"]\n");
    bench.notifier(&night).look(&at("23:00:00")).await;
    assert_eq!(text(), "");
    bench.notifier(&night).look(&at("07:00:00")).await;
    let sent = text();
    assert!(sent.starts_with("args -i -f dw@example.org -- ops@example.org\nTo: ops@example.org\n"), "{sent}");
    assert!(sent.contains("first\\nBcc: evil") && !sent.contains("\nBcc:") && !sent.contains("second"), "{sent}");
    // What is left is gathered: it was asked just now, and by this clock long ago.
    let now = Zoned::now();
    let digest = format!("{base}digest = \"10m\"\n");
    bench.notifier(&digest).look(&now).await;
    assert!(!text().contains("second"));
    bench.notifier(&digest).look(&at("08:00:00")).await;
    assert!(text().contains("second"));
    // Told again only where that is wanted, and said so.
    let before = text().len();
    bench.notifier(&base).look(&at("09:00:00")).await;
    assert_eq!(text().len(), before);
    bench.notifier(&format!("{base}again = \"4h\"\n")).look(&at("09:00:00")).await;
    assert!(
        text()[before..].contains("2 questions wait for you") && text()[before..].contains("again: second"),
        "{}",
        text()
    );
    // A program that fails is told, and what waits goes on waiting.
    std::fs::write(&mail, "#!/bin/sh\nexit 75\n").unwrap();
    bench.ask(QuestionKind::Stuck, "third");
    bench.notifier(&base).look(&at("10:00:00")).await;
    assert_eq!(bench.events("notice.failed"), 1);
}

#[tokio::test]
async fn faults_never_quote_a_secret() {
    let bench = Bench::new();
    bench.ask(QuestionKind::Review, "t");
    for secret in ["https://hooks.invalid/services/SECRET", "SECRET", "ftp://SECRET/x"] {
        keep_secret(bench.home.path(), "slack", secret.as_bytes()).unwrap();
        let config = EngineConfig::parse("[notify.chat]\nby = \"slack\"\nsecret = \"slack\"\n", "c").unwrap();
        let sender = Sender::new(config.notify["chat"].by.clone(), bench.home.path().to_owned());
        let fault = sender.send(&Message::test("chat", Millis(0))).await.unwrap_err().to_string();
        assert!(!fault.contains("SECRET"), "{fault}");
    }
    crate::config::remove_secret(bench.home.path(), "slack").unwrap();
    let config = EngineConfig::parse("[notify.chat]\nby = \"slack\"\nsecret = \"slack\"\n", "c").unwrap();
    let sender = Sender::new(config.notify["chat"].by.clone(), bench.home.path().to_owned());
    let fault = sender.send(&Message::test("chat", Millis(0))).await.unwrap_err().to_string();
    assert!(fault.contains("dogwatch secret set slack"), "{fault}");
}
