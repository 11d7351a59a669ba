//! Signatures by the real `ssh-keygen`, checked here and by it, and a thousand that are forged.

use super::fixtures::{at, person, proposal};
use crate::approval::digest;
use crate::approval::policy::Policy;
use crate::approval::signature::{BadSignature, NAMESPACE, all_hold, check, message};
use crate::domain::{Human, OperatorRole, Proposal, Vote, Voter};
use crate::engine::proposals::Order;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

struct Keys {
    dir: tempfile::TempDir,
}

impl Keys {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn make(&self, name: &str, kind: &str) -> (PathBuf, String) {
        let path = self.dir.path().join(name);
        let made = Command::new("ssh-keygen").args(["-q", "-t", kind, "-N", "", "-C", name, "-f"]).arg(&path).status();
        assert!(made.unwrap().success());
        let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
        (path, public.trim().to_owned())
    }
}

fn run(program: &mut Command, input: &str) -> Output {
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn sign(key: &Path, namespace: &str, text: &str) -> String {
    let done = run(Command::new("ssh-keygen").args(["-Y", "sign", "-n", namespace, "-f"]).arg(key), text);
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

fn ada() -> Human {
    Human { login_name: Some("ada".to_owned()), ..person(1001, Some(1001)) }
}

fn vote(proposal: &Proposal, who: Human, signature: String) -> Vote {
    let voter = Voter { person: who, roles: OperatorRole::ALL.into() };
    Vote {
        voter,
        digest: proposal.digest.clone(),
        at: at(1),
        seen: None,
        signature: Some(signature),
        glass: None,
        reason: String::new(),
        together: 0,
    }
}

#[test]
fn stock_openssh_makes_and_checks_what_counts_here() {
    let keys = Keys::new();
    for kind in ["ed25519", "ecdsa"] {
        let (key, public) = keys.make(&format!("ada-{kind}"), kind);
        let mut policy = Policy::default();
        policy.keys.insert("ada".to_owned(), vec![public.clone()]);
        let one = proposal(true, &policy);
        let text = message(one.id, &one.digest, None);
        let good = vote(&one, ada(), sign(&key, NAMESPACE, &text));
        assert_eq!(check(&policy, one.id, &good), Ok(()), "{kind}");
        // No code of ours is needed to see that she decided this.
        let signers = keys.dir.path().join("allowed_signers");
        std::fs::write(&signers, format!("ada namespaces=\"{NAMESPACE}\" {public}\n")).unwrap();
        let file = keys.dir.path().join("decision.sig");
        std::fs::write(&file, good.signature.clone().unwrap()).unwrap();
        let stock = |text: &str| {
            let mut verify = Command::new("ssh-keygen");
            verify.args(["-Y", "verify", "-I", "ada", "-n", NAMESPACE, "-f"]).arg(&signers).arg("-s").arg(&file);
            run(&mut verify, text).status.success()
        };
        assert!(stock(&text) && !stock(&text.replace("approve", "deny")));
        let bad = |vote: Vote| check(&policy, one.id, &vote).unwrap_err();
        let other = sign(&key, "file", &text);
        assert_eq!(bad(vote(&one, ada(), other)), BadSignature::Other);
        let other = sign(&key, NAMESPACE, &message(one.id, &"0".repeat(64), None));
        assert_eq!(bad(vote(&one, ada(), other)), BadSignature::Other);
        let other = sign(&key, NAMESPACE, &message(crate::domain::ProposalId(2), &one.digest, None));
        assert_eq!(bad(vote(&one, ada(), other)), BadSignature::Other);
        let (stranger, _) = keys.make(&format!("bob-{kind}"), kind);
        let other = sign(&stranger, NAMESPACE, &text);
        assert_eq!(bad(vote(&one, ada(), other)), BadSignature::OtherKey("ada".to_owned()));
        let good_text = good.signature.clone().unwrap();
        assert_eq!(
            bad(vote(&one, person(1001, Some(1001)), good_text.clone())),
            BadSignature::NoKey("user1001".to_owned())
        );
        let nobody = Human { login_name: None, ..ada() };
        assert_eq!(bad(vote(&one, nobody, good_text.clone())), BadSignature::NoLogin);
        // `su` changes who she acts as, not who she is.
        let su = Human { uid: 0, name: "root".to_owned(), ..ada() };
        assert_eq!(check(&policy, one.id, &vote(&one, su, good_text)), Ok(()));
    }
}

/// A yes that stands for a second person's as well is signed as such: it cannot be made of one that is less, nor given other words.
#[test]
fn why_somebody_stood_in_for_two_is_signed() {
    let keys = Keys::new();
    let (key, public) = keys.make("ada", "ed25519");
    let mut policy = Policy { break_glass: [OperatorRole::Admin].into(), ..Policy::default() };
    policy.keys.insert("ada".to_owned(), vec![public]);
    let one = proposal(true, &policy);
    let why = "the shop is down and nobody answers";
    let plain = sign(&key, NAMESPACE, &message(one.id, &one.digest, None));
    let alone = sign(&key, NAMESPACE, &message(one.id, &one.digest, Some(why)));
    let of = |signature: &str, glass: Option<&str>| Vote {
        glass: glass.map(str::to_owned),
        ..vote(&one, ada(), signature.to_owned())
    };
    assert_eq!(check(&policy, one.id, &of(&alone, Some(why))), Ok(()));
    assert_eq!(check(&policy, one.id, &of(&plain, None)), Ok(()));
    let other = "the shop is down and nobody answerz";
    for (signature, glass) in [(&plain, Some(why)), (&alone, None), (&alone, Some(other)), (&alone, Some(""))] {
        assert_eq!(check(&policy, one.id, &of(signature, glass)), Err(BadSignature::Other), "{glass:?}");
    }
    // The gate counts one person for two only where the rules let that person, and the signature says so.
    let order = |votes: Vec<Vote>| Order {
        proposal: one.id,
        execution: digest::execution(&one.digest, &one.proposed.nonce),
        proposed: one.proposed.clone(),
        digest: one.digest.clone(),
        votes,
        boot: None,
    };
    assert_eq!(order(vec![of(&alone, Some(why))]).check(&policy), Ok(()));
    assert!(order(vec![of(&plain, Some(why))]).check(&policy).unwrap_err().contains("signature"));
    assert!(order(vec![of(&alone, Some("short"))]).check(&policy).unwrap_err().contains("too few"));
    policy.break_glass.clear();
    assert!(order(vec![of(&alone, Some(why))]).check(&policy).unwrap_err().contains("too few"));
}

proptest! {
    /// No two decisions are signed by the same text.
    #[test]
    fn decisions_that_differ_are_told_apart_by_what_is_signed(
        one in (1_i64..9, "[0-9a-f]{4}", proptest::option::of("[a-z \n0-9]{0,12}")),
        two in (1_i64..9, "[0-9a-f]{4}", proptest::option::of("[a-z \n0-9]{0,12}")),
    ) {
        let text = |of: &(i64, String, Option<String>)| message(crate::domain::ProposalId(of.0), &of.1, of.2.as_deref());
        prop_assert_eq!(text(&one) == text(&two), one == two);
    }
}

#[test]
fn a_thousand_forged_decisions_count_for_nothing() {
    let keys = Keys::new();
    let (key, public) = keys.make("ada", "ed25519");
    let mut policy = Policy::default();
    policy.keys.insert("ada".to_owned(), vec![public]);
    let one = proposal(true, &policy);
    let real = sign(&key, NAMESPACE, &message(one.id, &one.digest, None));
    let mut dice = StdRng::seed_from_u64(5);
    let mut flagged = 0;
    for round in 0..1_000 {
        let mut forged = Proposal { votes: vec![vote(&one, ada(), real.clone())], ..one.clone() };
        match round % 5 {
            // Another decision under a signature that is real.
            0 => {
                forged.proposed.command.timeout += dice.random_range(1..1000);
                forged.digest = crate::approval::digest::digest(&forged.proposed);
                forged.votes[0].digest.clone_from(&forged.digest);
            }
            // A letter of the signature is another one.
            1 => {
                let mut text = real.clone().into_bytes();
                let body = 40..text.len() - 40;
                let at = dice.random_range(body);
                text[at] = if text[at] == b'A' { b'B' } else { b'A' };
                forged.votes[0].signature = Some(String::from_utf8(text).unwrap());
            }
            2 => forged.votes[0].signature = [None, Some(String::new()), Some("yes".to_owned())][round % 3].clone(),
            // A vote for another digest.
            3 => forged.votes[0].digest = format!("{:064x}", dice.random::<u128>()),
            // The same signature for somebody else.
            _ => forged.votes[0].voter.person = person(dice.random_range(2000..9000), Some(2000)),
        }
        flagged += u32::from(!all_hold(&policy, &forged));
    }
    assert_eq!(flagged, 1_000);
    assert!(all_hold(&policy, &Proposal { votes: vec![vote(&one, ada(), real)], ..one }));
}
