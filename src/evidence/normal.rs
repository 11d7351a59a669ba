//! Takes out of a line what changes from run to run, so that the same problem has the same words again.
//!
//! Removed: control codes, timestamps, UUIDs and long hexadecimal, addresses and ports, process and container ids, the
//! directories of absolute paths, line and column, free-standing numbers and durations. Kept: codes with a letter prefix
//! (`E0308`, `TS2345`, what follows `SQLSTATE`), identifiers, base names (`f10.rs` is not `f11.rs`).

use super::plain::plain;
use super::stamp::{is_address, is_hex, is_number, is_time, is_uuid};

const TIME: &str = "<time>";
const NUMBER: &str = "<n>";

/// Replacing one word can make its neighbours look different; a handful of rounds always settled it.
const ROUNDS: usize = 8;

/// The normalised form of one line. Applying it twice changes nothing more.
pub fn normalise(line: &str) -> String {
    let mut now = once(&plain(line.as_bytes()));
    for _ in 0..ROUNDS {
        let next = once(&now);
        if next == now {
            break;
        }
        now = next;
    }
    now
}

fn once(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut sqlstate = false;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
            rest = rest.trim_start();
        } else if in_word(first) {
            let end = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
            let (atom, after) = rest.split_at(end);
            if sqlstate {
                out.push_str(atom);
            } else {
                let continues = out.ends_with('>');
                word(atom, continues, &mut out);
            }
            sqlstate = atom.trim_end_matches(':').eq_ignore_ascii_case("SQLSTATE");
            rest = after;
        } else {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    join_stamps(out.trim_end())
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '\\' | ':' | '-' | '+' | '@' | '~' | '%' | ',')
}

/// Writes the normalised form of one word. Behind a mark of ours a slash continues a path and does not begin one.
fn word(atom: &str, continues: bool, out: &mut String) {
    let body = atom.trim_end_matches([':', ',', '.', '-']);
    let tail = atom.get(body.len()..).unwrap_or_default();
    if body.is_empty() {
        out.push_str(atom);
        return;
    }
    if let Some(stamp) = stamp(body) {
        out.push_str(stamp);
    } else if let Some((scheme, rest)) = body.split_once("://") {
        if scheme == "file" {
            word(rest, false, out);
        } else {
            out.push_str(scheme);
            out.push_str("://");
            for (at, part) in rest.split('/').enumerate() {
                if at > 0 {
                    out.push('/');
                }
                let part = without_place(part);
                out.push_str(stamp_or_self(part));
            }
        }
    } else {
        let place = without_place(body);
        match stamp(place) {
            Some(stamp) => out.push_str(stamp),
            None if continues => pieces(place, out),
            None => pieces(base_of_absolute(place), out),
        }
    }
    out.push_str(tail);
}

fn stamp(word: &str) -> Option<&'static str> {
    if is_time(word) {
        Some(TIME)
    } else if is_address(word) {
        Some("<ip>")
    } else if is_uuid(word) {
        Some("<id>")
    } else if is_number(word) {
        Some(NUMBER)
    } else if is_hex(word) {
        // The same mark as for numbers, since one digest in many has no letter.
        Some(NUMBER)
    } else {
        None
    }
}

fn stamp_or_self(word: &str) -> &str {
    stamp(word).unwrap_or(word)
}

/// Takes `:line` and `:line:column` (or a port) off the end.
fn without_place(word: &str) -> &str {
    let mut now = word;
    while let Some((front, number)) = now.rsplit_once(':') {
        if front.is_empty() || front.ends_with(':') || number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit())
        {
            break;
        }
        now = front;
    }
    now
}

/// The base name of an absolute path; other words unchanged but for a leading `./`.
fn base_of_absolute(word: &str) -> &str {
    let mut drive = word.bytes();
    let drive = matches!((drive.next(), drive.next(), drive.next()), (Some(letter), Some(b':'), Some(b'\\' | b'/')) if letter.is_ascii_alphabetic());
    if !(word.starts_with(['/', '\\']) || word.starts_with("~/") || drive) {
        return word.strip_prefix("./").unwrap_or(word);
    }
    let base = word.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    if base.is_empty() {
        return word;
    }
    if temporary(word)
        && (!base.contains('.') || base.starts_with(['t', '.']) && base.trim_start_matches('.').starts_with("tmp"))
    {
        return "<tmp>";
    }
    base
}

fn temporary(path: &str) -> bool {
    ["/tmp/", "/var/tmp/", "/var/folders/", "/private/", "/dev/shm/"].iter().any(|root| path.starts_with(root))
}

/// Replaces ids inside a longer word: `libtiny-b8411d1b6389d6df.rlib`, `job-123e4567-e89b-...`.
fn pieces(word: &str, out: &mut String) {
    if !word.bytes().any(|b| b.is_ascii_digit()) {
        out.push_str(word);
        return;
    }
    let mut rest = word;
    while !rest.is_empty() {
        if let Some(front) = rest.get(..36).filter(|front| is_uuid(front)) {
            out.push_str("<id>");
            rest = rest.get(front.len()..).unwrap_or_default();
            continue;
        }
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        out.push_str(if is_hex(piece) && (piece.len() >= 12 || !piece.bytes().all(|b| b.is_ascii_digit())) {
            NUMBER
        } else {
            piece
        });
        let separator = after.chars().next().map_or(0, char::len_utf8);
        out.push_str(after.get(..separator).unwrap_or_default());
        rest = after.get(separator..).unwrap_or_default();
    }
}

/// A date beside a time is one stamp, and so is `Nov 22 18:39:00`.
fn join_stamps(line: &str) -> String {
    if !line.contains(TIME) {
        return line.to_owned();
    }
    let mut words: Vec<&str> = Vec::new();
    for word in line.split(' ') {
        if word.starts_with(TIME) {
            if words.last() == Some(&NUMBER) && words.len() > 1 && words.get(words.len() - 2).is_some_and(|w| month(w))
            {
                words.truncate(words.len() - 2);
            } else if words.last() == Some(&TIME) {
                words.pop();
            }
        }
        words.push(word);
    }
    words.join(" ")
}

fn month(word: &str) -> bool {
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"].contains(&word)
}
