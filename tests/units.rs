//! The systemd units that come with the program: systemd itself reads them, and says how much they leave to the engine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use support::bare::Bare;

/// Keys that older versions of systemd do not know; they say so and go on.
const NEWER: [&str; 1] = ["DelegateSubgroup"];
/// The most exposure, in tenths, as `systemd-analyze security` counts it: a service that takes nothing from itself has 96.
const MOST: u32 = 40;

/// Whether there is a systemd to ask; where there is none, that is said.
fn is_there() -> bool {
    let there = Command::new("systemd-analyze").arg("--version").output().is_ok_and(|told| told.status.success());
    if !there {
        eprintln!("skipped: there is no systemd-analyze on this machine");
    }
    there
}

/// What systemd finds wrong with a unit.
fn faults(words: &[&str], unit: &Path) -> Vec<String> {
    let mut command = Command::new("systemd-analyze");
    // It looks for a user's own units there, and does not begin without.
    command.args(words).args(["verify", "--man=no"]).arg(unit).env("XDG_RUNTIME_DIR", unit.parent().unwrap());
    let done = command.output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    let name = unit.file_name().unwrap().to_str().unwrap();
    let ours = told.lines().filter(|line| line.contains(name) && !NEWER.iter().any(|key| line.contains(key)));
    let faults: Vec<String> = ours.map(str::to_owned).collect();
    assert!(done.status.success() || !faults.is_empty(), "it did not look at all: {told}");
    faults
}

fn printed(bare: &Bare, words: &[&str], to: &str) -> std::path::PathBuf {
    let unit = bare.cmd(&[&["serve", "--print-unit"], words].concat());
    let path = bare.path().join(to);
    fs::write(&path, unit.expect_code(0)).unwrap();
    path
}

#[test]
fn systemd_takes_both_units() {
    if !is_there() {
        return;
    }
    let bare = Bare::new();
    let system = printed(&bare, &["--system"], "dogwatch.service");
    assert_eq!(faults(&[], &system), [""; 0]);
    fs::create_dir(bare.path().join("user")).unwrap();
    let user = printed(&bare, &[], "user/dogwatch.service");
    assert_eq!(faults(&["--user"], &user), [""; 0]);
    // The test sees what is wrong where something is.
    fs::write(&user, fs::read_to_string(&user).unwrap().replace("Restart=on-failure", "Restart=perhaps")).unwrap();
    assert_ne!(faults(&["--user"], &user), [""; 0]);
}

#[test]
fn the_engine_of_a_machine_keeps_little_that_it_does_not_need() {
    if !is_there() {
        return;
    }
    let bare = Bare::new();
    let unit = printed(&bare, &["--system"], "dogwatch.service");
    let told = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--no-pager", &format!("--threshold={MOST}")])
        .arg(&unit)
        .output()
        .unwrap();
    let (words, fault) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    if fault.contains("unrecognized option") {
        return eprintln!("skipped: this systemd-analyze does not look at units that are not loaded");
    }
    assert!(told.status.success(), "{words}{fault}");
}
