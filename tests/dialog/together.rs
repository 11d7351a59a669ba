//! Several proposals, each read to its end in a real terminal, take one yes and its code.

use crate::support::bare::Bare;
use crate::support::console::Console;
use crate::support::dialog::{code_by, open, read, see};
use crate::support::wait_until;
use crate::{PATIENCE, fine, shown, state};

#[test]
fn one_yes_by_keys_is_for_all_that_were_read() {
    let bare = Bare::new();
    let _engine = bare.start();
    fine(&bare, &["asset", "add", "web-1", "--local", "--environment", "test"]);
    let ran = [1, 2].map(|number| bare.path().join(format!("ran-{number}")));
    for place in &ran {
        let script = format!("printf x >>{}", place.display());
        fine(&bare, &["propose", "web-1", "--why", "it is down", "--", "/bin/sh", "-c", &script]);
    }
    let mut console = Console::start(&bare, &["watch"], 24, 80);
    open(&mut console);
    read(&mut console);
    console.type_keys("t");
    console.wait_for("put together: x1");
    console.type_keys("\u{1b}");
    console.wait_for("decided there");
    console.type_keys("j\r");
    console.wait_for("x2 for web-1");
    console.wait_for("until when");
    read(&mut console);
    console.type_keys("t");
    console.wait_for("put together: x1 x2");
    let code = code_by(&mut console, "Y");
    see();
    assert_eq!([state(&bare, "x1"), state(&bare, "x2")], ["pending", "pending"]);
    console.type_keys(&format!("{code}\r"));
    for (id, place) in ["x1", "x2"].iter().zip(&ran) {
        wait_until("both to run", PATIENCE, || state(&bare, id) == "succeeded");
        let votes = &shown(&bare, id)["proposal"]["votes"];
        assert!(votes[0]["together"] == 2 && votes[0]["seen"]["rows"].as_u64() > Some(20), "{votes}");
        assert_eq!(std::fs::read_to_string(place).unwrap(), "x");
    }
    console.type_keys("q");
    console.end();
}
