//! Who is who, case by case, over the real socket and with real users: what the kernel said at the connection, what the directory says
//! at the decision, and that nothing else counts. Each case names what is tried; all are counted, and none may come out otherwise.

use crate::support::wait_until;
use crate::system::{Link, System};
use crate::users::{Group, User, can_be_made};
use rustix::io::IoSlice;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs;
use std::io::{IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A role that was taken away counts no longer than this; answers of the directory are a second old at most.
const SOON: Duration = Duration::from_millis(1_500);
/// Names the engine's socket to the process of another user that this program starts itself anew as.
const SOCKET: &str = "DOGWATCH_TEST_SOCKET";
/// What an answer is that was given to somebody who may.
const MAY: &str = "not_found";
/// And to somebody who may not.
const MAY_NOT: &str = "forbidden";

/// And where another user writes than the one who connected.
const FOREIGN: &str = "another one's name";

/// What was tried.
#[derive(Default)]
struct Table {
    cases: u32,
    wrong: Vec<String>,
}

impl Table {
    fn case(&mut self, what: &str, found: impl Into<String>, expected: &str) {
        self.cases += 1;
        let found = found.into();
        if found != expected {
            self.wrong.push(format!("{}. {what}: {found}, not {expected}", self.cases));
        }
    }
}

/// Needs an approver, and does nothing where there is one.
fn decision() -> Value {
    json!({ "type": "answer", "question": 99, "approve": true, "reason": "" })
}

fn status() -> Value {
    json!({ "type": "status" })
}

fn decides(link: &mut Link) -> String {
    link.fault(&decision())
}

/// How a decision ends on a connection that is made for it.
fn anew(system: &System) -> String {
    system.greet().map_or_else(|error| refusal(&error), |mut link| decides(&mut link))
}

/// Why nobody was let in, in one word.
fn refusal(error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::PermissionDenied {
        return "no way in".to_owned();
    }
    let told = error.to_string();
    let known = [FOREIGN, MAY_NOT].into_iter().find(|words| told.contains(words));
    known.map_or(told.clone(), str::to_owned)
}

/// What is said where somebody else writes on a connection.
fn foreign(link: &mut Link, request: &Value) -> String {
    let answer = match link.ask(request) {
        Ok(answer) => answer.to_string(),
        Err(error) => error.to_string(),
    };
    if answer.contains(FOREIGN) { FOREIGN.to_owned() } else { answer }
}

fn me(link: &mut Link) -> Value {
    link.ask(&json!({ "type": "who_am_i" })).unwrap()["reply"]["reply"]["person"].clone()
}

/// Hands a descriptor over, as one process does to another.
fn hand_over(descriptor: impl AsFd) -> OwnedFd {
    let (one, other) = UnixStream::pair().unwrap();
    send(&one, descriptor);
    take(&other)
}

fn send(socket: &UnixStream, descriptor: impl AsFd) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    sendmsg(socket, &[IoSlice::new(b"x")], &mut control, SendFlags::empty()).unwrap();
}

fn take(socket: &UnixStream) -> OwnedFd {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::empty()).unwrap();
    let taken = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut all) => all.next(),
        _ => None,
    });
    taken.expect("a descriptor")
}

/// The process of another user: connects, hands the connection over, and is gone.
#[test]
#[ignore = "a process that the table starts"]
fn one_that_connects_and_is_gone() {
    let Some(socket) = std::env::var_os(SOCKET) else { return };
    let connected = UnixStream::connect(socket).unwrap();
    send(&UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap()), connected);
}

/// What somebody may, by the groups of the process and by those of the directory.
fn at_the_connection(table: &mut Table, system: &System, (reach, approvers): (&Group, &Group), people: [&User; 4]) {
    let [ada, eve, lost, outside] = people;
    let (reach, approvers) = (reach.gid(), approvers.gid());
    table.case("an approver by a group", ada.act(|| anew(system)), MAY);
    table.case("a viewer by name decides", eve.act(|| anew(system)), MAY_NOT);
    table.case("a viewer by name looks", eve.act(|| system.greet().unwrap().fault(&status())), "");
    table.case("root, who is named as admin", anew(system), MAY);
    table.case("one of the group without a role", lost.act(|| anew(system)), MAY_NOT);
    table.case("one outside the group", outside.act(|| anew(system)), "no way in");
    let as_ada = (ada.uid, ada.uid, ada.uid);
    let groups = [ada.gid, reach];
    table.case("a process that gave the group up", User::act_as(&groups, ada.gid, as_ada, || anew(system)), MAY_NOT);
    let groups = [eve.gid, reach, approvers];
    let as_eve = (eve.uid, eve.uid, eve.uid);
    let word = User::act_as(&groups, eve.gid, as_eve, || anew(system));
    table.case("a process with a group that the directory does not give it", word, MAY_NOT);
    let word = User::act_as(&[reach], approvers, as_ada, || anew(system));
    table.case("the group as the process's own one, as newgrp makes it", word, MAY);
    let word = User::act_as(&[reach], approvers, as_eve, || anew(system));
    table.case("the same by somebody whom the directory does not know there", word, MAY_NOT);
    let all = [ada.gid, reach, approvers];
    let word = User::act_as(&all, ada.gid, (ada.uid, eve.uid, ada.uid), || anew(system));
    table.case("ada's process that acts as eve", word, FOREIGN);
    let word = User::act_as(&all, ada.gid, (eve.uid, ada.uid, eve.uid), || anew(system));
    table.case("eve's process that acts as ada", word, FOREIGN);
    let word = User::act_as(&[eve.gid, reach], eve.gid, (eve.uid, eve.uid, 0), || anew(system));
    table.case("one that could become root again", word, MAY_NOT);
    let word = User::act_as(&[eve.gid, reach], eve.gid, (0, eve.uid, 0), || anew(system));
    table.case("root that acts as eve", word, FOREIGN);
    let claimed = eve.act(|| {
        let mut link = system.greet().unwrap();
        let mut request = decision();
        for (name, value) in [("user", json!("root")), ("uid", json!(0)), ("pid", json!(1))] {
            request[name] = value;
        }
        (link.fault(&request), me(&mut system.greet().unwrap())["uid"].clone())
    });
    assert!([MAY_NOT, "bad_request", "invalid"].contains(&claimed.0.as_str()), "{claimed:?}");
    table.case("a request that names root", claimed.1.to_string(), &eve.uid.to_string());
}

/// A connection in other hands.
fn in_other_hands(table: &mut Table, system: &System, ada: &User, eve: &User) {
    let greeted = || ada.act(|| system.greet().unwrap());
    let mut link = greeted();
    table.case("ada's connection, eve writes", eve.act(|| foreign(&mut link, &decision())), FOREIGN);
    table.case("the same afterwards, ada writes", ada.act(|| link.ask(&decision()).is_err()).to_string(), "true");
    let mut link = greeted();
    table.case("ada's connection, root writes", foreign(&mut link, &decision()), FOREIGN);
    let mut link = eve.act(|| system.greet().unwrap());
    table.case("eve's connection, ada writes", ada.act(|| foreign(&mut link, &decision())), FOREIGN);
    let handed = |user: &User| {
        let mut link = greeted();
        link.stream = hand_over(&link.stream).into();
        let mut link = Some(link);
        user.act(|| foreign(link.as_mut().unwrap(), &decision()))
    };
    table.case("a descriptor that ada sent to eve", handed(eve), FOREIGN);
    let word = handed(ada);
    let code = serde_json::from_str::<Value>(&word).unwrap()["fault"]["fault"]["code"].clone();
    table.case("a descriptor that ada sent to a process of her own", code.as_str().unwrap_or_default(), MAY);
    let mut link = greeted();
    let asked = json!({ "request": { "id": 1, "request": decision() } }).to_string();
    let (first, second) = asked.split_at(20);
    ada.act(|| link.stream.write_all(first.as_bytes()).unwrap());
    eve.act(|| link.stream.write_all(format!("{second}\n").as_bytes()).unwrap());
    let told = link.line().unwrap().to_string().contains(FOREIGN);
    table.case("half a line of ada's that eve ends", told.to_string(), "true");
    let mut link = greeted();
    table.case("what ada asks before it is handed on", ada.act(|| decides(&mut link)), MAY);
    let as_ada_then_eve = User::act_as(&[ada.gid], ada.gid, (ada.uid, ada.uid, 0), || {
        let eve = rustix::process::Uid::from_raw(eve.uid);
        let root = rustix::process::Uid::ROOT;
        rustix::thread::set_thread_res_uid(root, root, root).unwrap();
        rustix::thread::set_thread_res_uid(eve, eve, eve).unwrap();
        foreign(&mut link, &decision())
    });
    table.case("a process of ada's that becomes eve", as_ada_then_eve, FOREIGN);
}

/// What changes while somebody is connected.
fn meanwhile(table: &mut Table, system: &System, (reach, approvers): (&Group, &Group), ada: &User, eve: &User) {
    let mut link = ada.act(|| system.greet().unwrap());
    assert_eq!(ada.act(|| decides(&mut link)), MAY);
    ada.leave(approvers);
    let left = Instant::now();
    let word = ada.act(|| {
        while decides(&mut link) != MAY_NOT && left.elapsed() < SOON {}
        decides(&mut link)
    });
    table.case("a group that was left: the next decision, a second later", word, MAY_NOT);
    table.case("what another role allows stays", ada.act(|| link.fault(&status())), "");
    let mut before = eve.act(|| system.greet().unwrap());
    eve.join(approvers);
    wait(SOON);
    table.case("a group that was joined: the connection of before", eve.act(|| decides(&mut before)), MAY_NOT);
    table.case("a group that was joined: the next one", eve.act(|| anew(system)), MAY);
    eve.leave(approvers);
    // Somebody goes, and somebody else gets the number.
    let gone = User::new(&[reach, approvers]);
    let (number, gid) = (gone.uid, gone.gid);
    let mut link = gone.act(|| system.greet().unwrap());
    assert_eq!(gone.act(|| decides(&mut link)), MAY);
    drop(gone);
    wait(SOON);
    let whole = (number, number, number);
    let word = User::act_as(&[gid], gid, whole, || decides(&mut link));
    table.case("a user who is not there any more", word, MAY_NOT);
    let next = User::numbered(number, &[reach]);
    wait(SOON);
    let word = User::act_as(&[next.gid], next.gid, whole, || decides(&mut link));
    table.case("another user with the same number, on that connection", word, MAY_NOT);
    let word = next.act(|| anew(system));
    table.case("another user with the same number, on one of its own", word, MAY_NOT);
    // Whoever is renamed is not who was named.
    eve.rename(&format!("{}r", eve.name));
    wait(SOON);
    let (groups, number) = ([eve.gid, reach.gid()], (eve.uid, eve.uid, eve.uid));
    let word = User::act_as(&groups, eve.gid, number, || anew(system));
    table.case("a viewer who has another name now", word, MAY_NOT);
    let word = User::act_as(&groups, eve.gid, number, || before.fault(&status()));
    table.case("the same on the connection of before", word, MAY_NOT);
    eve.rename_back(&format!("{}r", eve.name));
}

fn wait(moment: Duration) {
    let begun = Instant::now();
    wait_until("the directory to be asked anew", moment * 4, || begun.elapsed() > moment);
}

/// A process that was gone before the engine looked at it: its number may be anybody's.
fn gone_before_it_was_seen(table: &mut Table, system: &System, reach: &Group, ada: &User) {
    let program = system.path().join("connects");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let engine = system.pid();
    kill_process(engine, Signal::STOP).unwrap();
    let mut command = Command::new(&program);
    command.args(["--exact", "table::one_that_connects_and_is_gone", "--ignored"]).current_dir("/");
    command.env(SOCKET, system.socket()).stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
    let ended = command.uid(ada.uid).gid(reach.gid()).status();
    let stream = ended.unwrap().success().then(|| UnixStream::from(take(&ours)));
    kill_process(engine, Signal::CONT).unwrap();
    let stream = stream.expect("the process connected");
    let person = ada.act(|| me(&mut Link::over(stream).unwrap()));
    table.case("a process that is gone: its user is the socket's", person["uid"].to_string(), &ada.uid.to_string());
    table.case("a process that is gone: nobody's login", person["login"]["is"].as_str().unwrap_or_default(), "unknown");
}

/// The socket as a file, from its first moment on.
fn the_socket(table: &mut Table, system: &mut System, reach: &Group, outside: &User, lost: &User) {
    let (file, dir) =
        (fs::metadata(system.socket()).unwrap(), fs::metadata(system.socket().parent().unwrap()).unwrap());
    let seen = format!("{:o} {} {:o} {}", file.mode() & 0o7777, file.gid(), dir.mode() & 0o7777, dir.gid());
    table.case("its modes and groups", seen, &format!("660 {0} 750 {0}", reach.gid()));
    let socket = system.socket();
    let over = AtomicBool::new(false);
    let connected = std::thread::scope(|scope| {
        let attempts = scope.spawn(|| {
            outside.act(|| {
                let mut connected = 0;
                while !over.load(Ordering::Relaxed) {
                    connected += u32::from(UnixStream::connect(&socket).is_ok());
                }
                connected
            })
        });
        for _ in 0..3 {
            system.stop();
            system.go();
        }
        over.store(true, Ordering::Relaxed);
        attempts.join().unwrap()
    });
    table.case("connecting from outside during three starts", connected.to_string(), "0");
    system.stop();
    let taken = lost.act(|| UnixListener::bind(&socket).is_ok());
    table.case("somebody else's socket in its place while no engine is there", taken.to_string(), "false");
    let beside = system.path().join("run/other.sock");
    let taken = lost.act(|| UnixListener::bind(beside).is_ok() || fs::remove_file(&socket).is_ok());
    table.case("another one beside it, or none", taken.to_string(), "false");
    system.go();
}

/// Who logged in; where the kernel lets nobody set that, it says so.
fn logins(table: &mut Table, system: &System, ada: &User, eve: &User) {
    let login = |first: &str| system.cmd_as(eve, first, &["whoami", "--json"]);
    let set = format!("echo {} > /proc/self/loginuid || exit 77", ada.uid);
    let known = login(&set);
    if known.code == Some(0) {
        let known = known.json();
        table.case("su: who acts", known["name"].as_str().unwrap_or_default(), &eve.name);
        table.case("su: who logged in", known["login"]["name"].as_str().unwrap_or_default(), &ada.name);
    } else {
        eprintln!("two cases left out: this kernel lets nobody set a login");
    }
    let unset = login("echo 4294967295 > /proc/self/loginuid || true");
    let is = unset.json()["login"]["is"].as_str().unwrap_or_default().to_owned();
    let own = fs::read_to_string("/proc/self/loginuid").unwrap_or_default();
    let expected = if own.trim() == "4294967295" { "unset" } else { is.as_str() }.to_owned();
    table.case("nobody logged in", is, &expected);
}

#[test]
fn who_is_who_in_each_case() {
    if !can_be_made() {
        return;
    }
    let (reach, approvers) = (Group::new(), Group::new());
    let (ada, eve) = (User::new(&[&reach, &approvers]), User::new(&[&reach]));
    let (lost, outside) = (User::new(&[&reach]), User::new(&[]));
    let mut system = System::start(&format!(
        "[engine]\ngroup = \"{}\"\n[operators]\nadmin = [\"root\"]\napprover = [\"@{}\"]\nviewer = [\"{}\", \"{}\"]\n",
        reach.0, approvers.0, ada.name, eve.name
    ));
    fs::set_permissions(system.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut table = Table::default();
    at_the_connection(&mut table, &system, (&reach, &approvers), [&ada, &eve, &lost, &outside]);
    in_other_hands(&mut table, &system, &ada, &eve);
    logins(&mut table, &system, &ada, &eve);
    the_socket(&mut table, &mut system, &reach, &outside, &lost);
    gone_before_it_was_seen(&mut table, &system, &reach, &ada);
    meanwhile(&mut table, &system, (&reach, &approvers), &ada, &eve);
    eprintln!("{} cases of who is who, {} wrong", table.cases, table.wrong.len());
    assert!(table.wrong.is_empty(), "{:#?}", table.wrong);
    assert!(table.cases >= 30, "{}", table.cases);
}

/// The process id of the engine.
trait Engine {
    fn pid(&self) -> Pid;
}

impl Engine for System {
    fn pid(&self) -> Pid {
        let text = fs::read_to_string(self.path().join("state/engine.lock")).unwrap();
        Pid::from_raw(text.trim().parse().unwrap()).unwrap()
    }
}
