//! Which commands may be proposed at all, and when nothing starts.

use super::fixtures::{asset, command};
use crate::approval::canonical::{self, Unfit};
use crate::approval::freeze::Freeze;
use crate::approval::pattern::Pattern;
use crate::approval::policy::{Policy, Rule};
use crate::domain::{Millis, OperatorRole, Program, Requester, Role, Voter};

#[test]
fn what_no_program_could_be_given_is_refused() {
    let fine = command(&["ls", "-l"]);
    assert_eq!(canonical::check(&fine), Ok(()));
    let with = |change: fn(&mut crate::domain::Command)| {
        let mut other = fine.clone();
        change(&mut other);
        canonical::check(&other)
    };
    assert_eq!(with(|c| c.program = Program::Argv { words: Vec::new() }), Err(Unfit::Empty));
    assert_eq!(with(|c| c.program = Program::Script { bytes: b" \n".to_vec() }), Err(Unfit::Empty));
    assert!(matches!(with(|c| c.program = Program::Script { bytes: b"a\0b".to_vec() }), Err(Unfit::Nul(_))));
    for cwd in ["", "srv", "/srv/../etc", "~"] {
        let mut other = fine.clone();
        cwd.clone_into(&mut other.cwd);
        assert!(matches!(canonical::check(&other), Err(Unfit::Cwd(_))), "{cwd}");
    }
    for user in ["", "-x", "a b", "$(id)", "root;id"] {
        let mut other = fine.clone();
        other.user = Some(user.to_owned());
        assert!(matches!(canonical::check(&other), Err(Unfit::User(_))), "{user}");
    }
    for name in ["", "PATH", "LD_PRELOAD", "1A", "A=B", "A B", "LANG"] {
        let mut other = fine.clone();
        other.env.push((name.to_owned(), b"x".to_vec()));
        assert!(matches!(canonical::check(&other), Err(Unfit::Variable(_))), "{name}");
    }
    assert_eq!(with(|c| c.timeout = 0), Err(Unfit::Timeout));
    assert!(matches!(with(|c| c.stdin = Some(vec![1; canonical::LARGEST])), Err(Unfit::Large(_))));
}

#[test]
fn patterns_are_found_at_the_edges_of_words() {
    let fits = |pattern: &str, words: &[&str]| Pattern::new(pattern).unwrap().fits(&command(words));
    for words in [
        &["rm", "-rf", "/srv"][..],
        &["/bin/rm", "-rf", "/srv"],
        &["sudo", "rm", "-rf", "/"],
        &["sh", "-c", "cd /; rm   -rf x"],
        &["sh", "-c", "r\\m '-rf' x"],
        &["sh", "-c", "rm \\\n-rf x"],
        &["sh", "-c", "true && \"rm\" -rf x"],
    ] {
        assert!(fits("rm -rf *", words) || fits("rm -rf", words), "{words:?}");
        assert!(fits("rm -rf", words), "{words:?}");
    }
    for words in [&["farm", "-rf"][..], &["rm", "-r", "-f"], &["echo", "rm", "x", "-rf"], &["rm", "-rfv"]] {
        assert!(!fits("rm -rf", words), "{words:?}");
    }
    assert!(fits("mkfs*", &["mkfs.ext4", "/dev/sda"]) && fits("dd *of=/dev/*", &["dd", "if=x", "of=/dev/sda"]));
    for bad in ["", "*", " * ", "a", "a\nb"] {
        assert!(Pattern::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn freezes_hold_from_their_first_minute_to_the_one_that_is_free_again() {
    // 2026-11-27 was a Friday.
    let friday: i64 = 1_795_737_600_000;
    let hour = 3_600_000;
    let weekend = Freeze::read("fri 16:00 - mon 08:00").unwrap();
    for (after, frozen) in [(0, false), (16, true), (40, true), (79, true), (80, false), (72, true)] {
        assert_eq!(weekend.holds(Millis(friday + after * hour)), frozen, "{after} hours after Friday");
    }
    assert!(!weekend.holds(Millis(friday + 16 * hour - 1)));
    let once = Freeze::read("2026-11-27 00:00 - 2026-11-28 12:00").unwrap();
    assert!(once.holds(Millis(friday)) && !once.holds(Millis(friday - 1)) && !once.holds(Millis(friday + 36 * hour)));
    for bad in [
        "",
        "fri - mon",
        "fri 24:00 - mon 08:00",
        "fri 16:00",
        "fri 16:00 - fri 16:00",
        "2026-13-01 00:00 - x",
        "2026-11-28 00:00 - 2026-11-27 00:00",
        "Fri 16:00 - mon 08:00",
        "fri 1:00 - mon 08:00",
    ] {
        assert_eq!(Freeze::read(bad), None, "{bad}");
    }
}

#[test]
fn the_first_rule_that_fits_holds() {
    let rule = |name: &str, assets: &[&str], approvals| Rule {
        name: name.to_owned(),
        assets: assets.iter().map(|name| (*name).to_owned()).collect(),
        approvals,
        ..Rule::default()
    };
    let mut labelled = rule("labelled", &[], 3);
    labelled.labels.insert("team".to_owned(), "shop".to_owned());
    let policy =
        Policy { rules: vec![rule("db", &["db-*"], 4), labelled, rule("web", &["web-*"], 5)], ..Policy::default() };
    assert_eq!(policy.need(&asset(false)).approvals, 3);
    let mut other = asset(false);
    other.labels.clear();
    assert_eq!(policy.need(&other).approvals, 5);
    other.name = "x".to_owned();
    assert_eq!(policy.need(&other), Policy::default().need(&other));
    assert_eq!(policy.need(&asset(true)).by, [OperatorRole::CriticalApprover].into());
    assert_eq!(Policy::default().need(&asset(true)).approvals, 2);
}

#[test]
fn who_may_propose_is_the_rules_to_say() {
    let policy = Policy::default();
    let agent = |role| policy.may_propose(&Requester::Agent { role }, None, &asset(false));
    assert!(agent(Role::Remedy).is_ok() && agent(Role::Coder).unwrap_err().contains("coder"));
    let person = super::fixtures::person(1000, None);
    let asks = |roles: &[OperatorRole]| {
        let voter = Voter { person: person.clone(), roles: roles.iter().copied().collect() };
        policy.may_propose(&Requester::Person { person: person.clone() }, Some(&voter), &asset(false))
    };
    assert!(asks(&[OperatorRole::Operator]).is_ok() && asks(&[]).is_err());
}
