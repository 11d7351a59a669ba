//! What a person does in the dialog about a live asset: reads all of it, and types what is on the screen.

use super::console::{Console, PATIENCE};
use super::wait_until;
use std::time::{Duration, Instant};

/// Opens the dialog about the proposal that is selected first in the queue.
pub fn open(console: &mut Console) {
    console.wait_for("waiting for you");
    console.type_keys("2");
    console.wait_for("decided there");
    console.type_keys("\r");
    console.wait_for("what runs, exactly");
}

/// Reads to the end, page by page.
pub fn read(console: &mut Console) {
    let end = Instant::now() + PATIENCE;
    let is_read = |console: &Console| console.shown().contains("all of it was on the screen");
    while !is_read(console) {
        assert!(Instant::now() < end, "the end does not come:\n{}", console.shown());
        let before = place(console);
        console.type_keys("\u{6}");
        wait_until("another page", PATIENCE, || is_read(console) || place(console) != before || is_last(&before));
    }
}

/// Which rows are shown, as the title says.
fn place(console: &Console) -> String {
    let shown = console.shown();
    let rest = shown.split_once("rows ").map_or("", |(_, rest)| rest);
    rest.lines().next().unwrap_or_default().to_owned()
}

/// Whether they are the last ones.
fn is_last(place: &str) -> bool {
    let numbers: Vec<&str> =
        place.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    matches!(numbers[..], [_, last, all, ..] if last == all)
}

/// The code that a yes takes now.
pub fn code(console: &mut Console) -> String {
    code_by(console, "y")
}

/// The code that is on the screen once this key was pressed.
pub fn code_by(console: &mut Console, key: &str) -> String {
    console.type_keys(key);
    console.wait_for("Type this code, then enter: ");
    let shown = console.shown();
    let (_, rest) = shown.split_once("Type this code, then enter: ").unwrap();
    rest.chars().take_while(char::is_ascii_lowercase).collect()
}

/// Longer than the dialog is seen before it takes anything.
pub fn see() {
    let end = Instant::now() + Duration::from_millis(600);
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
}
