//! Who is who while things change: groups that are left and joined, connections in other hands, users that are gone.

use crate::support::wait_until;
use crate::system::System;
use crate::users::{Group, User, can_be_made};
use serde_json::json;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(20);

/// An engine whose approvers are a group, and whose viewers are two users.
fn engine(reach: &Group, approvers: &Group, viewers: &[&User]) -> System {
    let names: Vec<String> = viewers.iter().map(|user| format!("\"{}\"", user.name)).collect();
    System::start(&format!(
        "[engine]\ngroup = \"{}\"\n[operators]\nadmin = [\"root\"]\napprover = [\"@{}\"]\nviewer = [{}]\n",
        reach.0,
        approvers.0,
        names.join(", ")
    ))
}

fn decision() -> serde_json::Value {
    json!({ "type": "answer", "question": 99, "approve": true, "reason": "" })
}

#[test]
fn a_group_that_is_left_or_joined_counts_at_the_next_decision() {
    if !can_be_made() {
        return;
    }
    let (reach, approvers) = (Group::new(), Group::new());
    let (ada, eve, gone) = (User::new(&[&reach, &approvers]), User::new(&[&reach]), User::new(&[&reach, &approvers]));
    let system = engine(&reach, &approvers, &[&ada, &eve]);
    let mut link = ada.act(|| system.greet().unwrap());
    ada.act(|| assert_eq!(link.fault(&decision()), "not_found"));
    ada.leave(&approvers);
    let left = Instant::now();
    ada.act(|| {
        while link.fault(&decision()) != "forbidden" {
            assert!(left.elapsed() < SOON, "the role is never taken away");
        }
    });
    let took = left.elapsed();
    eprintln!("a role that was taken away was gone after {took:?}");
    assert!(took < Duration::from_millis(2_500), "{took:?}");
    // What comes of another role stays.
    ada.act(|| assert_eq!(link.fault(&json!({ "type": "status" })), ""));
    // Joined later: not for the connection that was there, but for the next one.
    let mut before = eve.act(|| system.greet().unwrap());
    eve.join(&approvers);
    let joined = Instant::now();
    wait_until("the new group", SOON, || joined.elapsed() > Duration::from_millis(1_200));
    eve.act(|| assert_eq!(before.fault(&decision()), "forbidden"));
    eve.act(|| assert_eq!(system.greet().unwrap().fault(&decision()), "not_found"));
    // A user that is not there any more.
    let mut link = gone.act(|| system.greet().unwrap());
    let groups = gone.groups();
    assert!(!groups.is_empty());
    let number = gone.uid;
    drop(gone);
    let taken = Instant::now();
    let fault = loop {
        let fault = as_number(number, || link.fault(&decision()));
        if fault != "not_found" || taken.elapsed() > SOON {
            break fault;
        }
    };
    assert_eq!(fault, "forbidden");
}

/// As a user whom nobody knows any more.
fn as_number<T: Send>(uid: u32, job: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let uid = rustix::process::Uid::from_raw(uid);
            rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
            job()
        });
        thread.join().unwrap()
    })
}

#[test]
fn a_connection_in_other_hands_decides_nothing() {
    if !can_be_made() {
        return;
    }
    let (reach, approvers) = (Group::new(), Group::new());
    let (ada, eve) = (User::new(&[&reach, &approvers]), User::new(&[&reach]));
    let system = engine(&reach, &approvers, &[&ada, &eve]);
    for other in [Some(&eve), None] {
        // Greeted by ada, written on by eve, then by root.
        let mut link = ada.act(|| system.greet().unwrap());
        ada.act(|| assert_eq!(link.fault(&decision()), "not_found"));
        let answer = match other {
            Some(other) => other.act(|| link.ask(&decision())),
            None => link.ask(&decision()),
        };
        let answer = answer.unwrap();
        let words = answer["fault"]["fault"]["message"].as_str().unwrap();
        assert!(words.contains("nobody decides in another one's name"), "{answer}");
        assert_eq!(link.line().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
    // Half a line of ada's is not finished by another one either.
    let mut link = ada.act(|| system.greet().unwrap());
    let asked = json!({ "request": { "id": 1, "request": decision() } }).to_string();
    let (first, second) = asked.split_at(20);
    ada.act(|| link.stream.write_all(first.as_bytes()).unwrap());
    eve.act(|| link.stream.write_all(format!("{second}\n").as_bytes()).unwrap());
    let words = link.line().unwrap()["fault"]["fault"]["message"].as_str().unwrap().to_owned();
    assert!(words.contains("another one's name"), "{words}");
}

#[test]
fn nobody_is_let_in_while_the_socket_is_made_and_nobody_takes_all_places() {
    if !can_be_made() {
        return;
    }
    let (reach, approvers) = (Group::new(), Group::new());
    let (ada, outside) = (User::new(&[&reach]), User::new(&[]));
    let mut system = engine(&reach, &approvers, &[&ada]);
    let socket = system.socket();
    let (over, tries) = (AtomicBool::new(false), std::sync::atomic::AtomicU32::new(0));
    std::thread::scope(|scope| {
        let (outside, over, tries) = (&outside, &over, &tries);
        let attempts = scope.spawn(move || {
            outside.act(|| {
                while !over.load(Ordering::Relaxed) {
                    tries.fetch_add(1, Ordering::Relaxed);
                    assert!(std::os::unix::net::UnixStream::connect(&socket).is_err(), "an outsider is connected");
                }
            });
        });
        for _ in 0..5 {
            system.stop();
            system.go();
        }
        over.store(true, Ordering::Relaxed);
        attempts.join().unwrap();
    });
    eprintln!("{} attempts to connect during 5 starts: 0 connected", tries.load(Ordering::Relaxed));
    // One user's connections are capped; others go on.
    ada.act(|| {
        let held: Vec<_> = (0..32).map(|_| system.greet().unwrap()).collect();
        let refused = system.greet().unwrap_err().to_string();
        assert!(refused.contains("has 32 connections"), "{refused}");
        drop(held);
    });
    system.greet().unwrap();
    wait_until("a place that is free again", SOON, || ada.act(|| system.greet().is_ok()));
}

/// The login survives `su`: what is decided is recorded under the user of the socket and the one who logged in.
#[test]
fn who_logged_in_is_known_whatever_user_it_became() {
    if !can_be_made() {
        return;
    }
    let (reach, approvers) = (Group::new(), Group::new());
    let (ada, eve) = (User::new(&[&reach]), User::new(&[&reach]));
    let system = engine(&reach, &approvers, &[&ada, &eve]);
    let set = format!("echo {} > /proc/self/loginuid", ada.uid);
    let probe = std::process::Command::new("/bin/sh").args(["-c", &set]).output().unwrap();
    if !probe.status.success() {
        eprintln!("skipped: this kernel lets nobody set a login: {}", String::from_utf8_lossy(&probe.stderr));
        return;
    }
    let whoami = system.cmd_as(&eve, &set, &["whoami", "--json"]).json();
    assert_eq!((&whoami["name"], &whoami["login"]["name"]), (&json!(eve.name), &json!(ada.name)), "{whoami}");
    let unset = system.cmd_as(&eve, "echo 4294967295 > /proc/self/loginuid || exit 77", &["whoami", "--json"]);
    if unset.code == Some(0) {
        assert_eq!(unset.json()["login"]["is"], "unset");
    }
}
