//! Code in JavaScript that tests do not run: what only a signal or starting the file as a program runs.
//!
//! A file can consist of such code, so the text is gone through a bounded number of times.

use crate::gates::code::{enclosed, is_word, near};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// What begins it.
const HANDLERS: [&str; 5] =
    ["process.on('SIG", "process.on(\"SIG", "process.once('SIG", "process.once(\"SIG", "if(require.main===module){"];
/// Handlers that are left out, and functions of theirs; further ones stay and count.
const MOST: usize = 200;
/// How often functions are left out: one may be all that mentions another.
const ROUNDS: usize = 4;

/// Without what only a signal or starting the file as a program runs: `process.on('SIGTERM', () => process.exit(0))`, the
/// functions that nothing but those call, and `if (require.main === module) {...}`.
pub(super) fn without_handlers(flat: &str) -> String {
    let handlers = handlers(flat);
    if handlers.is_empty() {
        return flat.to_owned();
    }
    let texts = handlers.iter().filter_map(|span| flat.get(span.clone()));
    let names: BTreeSet<&str> =
        texts.flat_map(|text| text.split(|c| !is_word(c))).filter(|name| name.len() > 1).collect();
    let mut text = without(flat, &handlers);
    for _ in 0..ROUNDS {
        let spans = only_definitions(&text, &names);
        if spans.is_empty() {
            break;
        }
        text = without(&text, &spans);
    }
    text
}

/// Where handlers stand, in order, none within another.
fn handlers(flat: &str) -> Vec<Range<usize>> {
    let mut starts: Vec<(usize, &str)> =
        HANDLERS.iter().flat_map(|start| flat.match_indices(start).take(MOST)).collect();
    starts.sort_unstable();
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, start) in starts.into_iter().take(MOST) {
        let bracket = if start.ends_with('{') { start.len() - 1 } else { start.find('(').unwrap_or_default() };
        if found.last().is_none_or(|last| last.end <= at)
            && let Some(length) = flat.get(at + bracket..).and_then(enclosed)
        {
            found.push(at..at + bracket + length);
        }
    }
    found
}

/// The text without spans that are in order.
fn without(text: &str, spans: &[Range<usize>]) -> String {
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        left.push_str(text.get(from..span.start).unwrap_or_default());
        from = from.max(span.end);
    }
    left.push_str(text.get(from..).unwrap_or_default());
    left
}

/// Where functions of these names are defined that come nowhere else.
fn only_definitions(text: &str, names: &BTreeSet<&str>) -> Vec<Range<usize>> {
    let mut uses: HashMap<&str, (usize, usize)> = HashMap::new();
    let mut at = 0;
    for part in text.split_inclusive(|c| !is_word(c)) {
        let word = part.trim_end_matches(|c| !is_word(c));
        if names.contains(word) {
            uses.entry(word).or_insert((at, 0)).1 += 1;
        }
        at += part.len();
    }
    let mut once: Vec<(usize, &str)> =
        uses.into_iter().filter(|(_, (_, times))| *times == 1).map(|(word, (at, _))| (at, word)).collect();
    once.sort_unstable();
    let spans = once.into_iter().filter_map(|(at, word)| definition(text, at, word));
    spans.take(MOST).collect()
}

/// The span of the function whose name stands there.
fn definition(text: &str, start: usize, word: &str) -> Option<Range<usize>> {
    let at = start + word.len();
    let (before, behind) = (text.get(..start)?, near(text.get(at..)?));
    let body = if before.ends_with("export const ") || before.ends_with("export function ") {
        return None;
    } else if before.ends_with("function ") {
        let parameters = enclosed(behind)?;
        behind.get(parameters..)?.starts_with('{').then_some(parameters)?
    } else if before.ends_with("const ") {
        let head = behind.find("=>{")?;
        // Nothing but parameters comes before the arrow.
        let parameters = behind.get(..head)?.trim_start_matches("=async").trim_start_matches('=');
        parameters.chars().all(|c| is_word(c) || matches!(c, '(' | ')' | ',')).then_some(head + 2)?
    } else {
        return None;
    };
    let length = behind.get(body..).and_then(enclosed)?;
    Some(start..at + body + length)
}

#[cfg(test)]
mod tests {
    use super::without_handlers;
    use std::fmt::Write;

    #[test]
    fn what_only_handlers_run_is_left_out() {
        let flat = "function stop(){end();process.exit(0);}const end=()=>{process.exit(0);};\
                    process.on('SIGTERM',()=>{stop();end();});f();";
        assert_eq!(without_handlers(flat), "function const ;;f();");
        let called = flat.replace("f();", "stop();");
        assert!(without_handlers(&called).contains("process.exit(0)"));
    }

    #[test]
    fn a_file_of_handlers_is_gone_through_a_bounded_number_of_times() {
        let mut flat = String::new();
        for n in 0..20_000 {
            let _ = write!(flat, "function a{n}(){{process.exit(0)}}process.on('SIG',a{n});");
        }
        assert!(without_handlers(&flat).contains("process.exit(0)"));
    }
}
