//! Certificates and the agent that offers them, by what they say.

use super::super::agent::{Held, answer};
use super::super::call::Call;
use super::super::certificate;
use super::*;
use crate::domain::{SourceAddress, UserName};
use ssh_key::{Certificate, HashAlg, PrivateKey, Signature};

const NOW: u64 = 1_800_000_000;

/// A new key, by the same way that the program has.
fn held(call: &Call, authority: Option<&PrivateKey>) -> Held {
    let seed = ssh_key::private::Ed25519Keypair::from_seed(&[9; 32]);
    let first = PrivateKey::from(seed);
    let user: UserName = "deploy".parse().unwrap();
    let source: SourceAddress = "192.0.2.0/24".parse().unwrap();
    certificate::issue(authority.unwrap_or(&first), (&user, Some(&source)), call, NOW).unwrap()
}

fn read(held: &Held) -> Certificate {
    let certificate = Certificate::from_bytes(&held.shown).unwrap();
    certificate.validate_at(NOW, &[certificate.signature_key().fingerprint(HashAlg::Sha256)]).unwrap();
    certificate
}

#[test]
fn a_certificate_is_for_one_user_one_line_and_a_minute() {
    let dir = dir();
    let order = order(dir.path(), 1, argv(&[b"true"]));
    let call = Call::about(&order, "run", "/r", &["boot"]);
    let one = held(&call, None);
    let told = read(&one);
    assert_eq!(told.valid_principals(), ["deploy"]);
    assert_eq!((told.valid_after(), told.valid_before()), (NOW - 30, NOW + 60));
    assert_eq!(told.serial(), u64::from_str_radix(&order.execution.as_str()[..16], 16).unwrap());
    assert_eq!(told.key_id(), format!("dogwatch run {} approved as {}", order.execution, "d".repeat(64)));
    let options: Vec<_> = told.critical_options().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let line = call.line();
    assert_eq!(options, [("force-command", line.as_str()), ("source-address", "192.0.2.0/24")]);
    assert!(told.extensions().is_empty());
    assert!(line.ends_with(&format!("run /r {} boot", order.execution)), "{line}");
    // The next one has another key.
    assert_ne!(read(&held(&call, None)).public_key(), told.public_key());
    // One that only asks what a host is outlives a clock that is off; one that looks around does not.
    let look = read(&held(&Call::look("/r", "db"), None));
    assert_eq!((look.valid_after(), look.valid_before()), (NOW - 86_400, NOW + 86_400));
    let observe = read(&held(&Call::observe(observe::TEXT, "db"), None));
    assert_eq!((observe.valid_before() - observe.valid_after(), observe.serial()), (90, 0));
    // All of it passes where a host takes 256 KiB at once.
    assert!(one.shown.len() < 64 * 1024, "{}", one.shown.len());
}

#[test]
fn an_agent_signs_by_its_one_key_and_says_nothing_else() {
    let held = held(&Call::look("/r", "db"), None);
    let string = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let listed = answer(&[11], &held).unwrap();
    assert_eq!(listed, [&[12, 0, 0, 0, 1], string(&held.shown).as_slice(), &string(b"dogwatch")].concat());
    let ask = |shown: &[u8], data: &[u8]| [&[13], string(shown).as_slice(), &string(data), &[0; 4]].concat();
    let signed = answer(&ask(&held.shown, b"words"), &held).unwrap();
    let signature = Signature::try_from(&signed[5..]).unwrap();
    assert_eq!((signed[0], signature.as_bytes().len()), (14, 64));
    assert_eq!(answer(&ask(b"another", b"words"), &held), None);
    // Adding, removing and locking keys, and whatever extension there is.
    for kind in [0, 5, 9, 17, 18, 19, 22, 25, 27, 255] {
        assert_eq!(answer(&[kind], &held), None);
    }
}

proptest! {
    #[test]
    fn whatever_an_agent_is_asked_it_answers_or_refuses(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let held = held(&Call::look("/r", "db"), None);
        let _answered_or_not = answer(&bytes, &held);
        let _signed_or_not = answer(&[&[13], bytes.as_slice()].concat(), &held);
    }
}
