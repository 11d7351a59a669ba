//! Tests that go by luck, so that nobody chases what they said last.

use super::DATA;
use super::quote::{fenced, one_line, push_bounded};
use std::fmt::Write as _;

/// Most tests that are named.
const MOST: usize = 30;
/// Longest name, in characters.
const NAME: usize = 300;

pub(super) fn section(text: &mut String, flaky: &[String]) {
    if flaky.is_empty() {
        return;
    }
    let _infallible = writeln!(
        text,
        "# Flaky tests\n\nThese failed and passed on the same tree, so what they said last tells nothing of your work. Their failures \
         alone do not count against it, and their passing is no success: a person is asked. Do not chase them, and do not skip, \
         loosen or repeat them. Where the task is about them, or you see the cause (time, order, randomness, a race, what another \
         test left behind), mend the cause.\n\n{DATA}\n"
    );
    let mut body = String::new();
    for name in flaky.iter().take(MOST) {
        push_bounded(&mut body, &one_line(name), NAME);
        body.push('\n');
    }
    if flaky.len() > MOST {
        let _infallible = writeln!(body, "and {} more", flaky.len() - MOST);
    }
    text.push_str(&fenced(&body));
}
