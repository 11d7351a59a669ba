//! Takes out of a line what changes from run to run, so that the same problem has the same words again.
//!
//! Removed: control codes, timestamps, UUIDs and long hexadecimal, addresses and ports, process and container ids, the
//! directories of absolute paths, line and column, free-standing numbers and durations. Kept: codes with a letter prefix
//! (`E0308`, `TS2345`, what follows `SQLSTATE`), identifiers, base names (`f10.rs` is not `f11.rs`).

use super::plain::plain;
use super::problem::WORK;
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
    // What a code follows on, and whether that is any word or a number only.
    let mut code: Option<bool> = None;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
            rest = rest.trim_start();
        } else if in_word(first) {
            let end = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
            let (atom, after) = rest.split_at(end);
            rest = after;
            if atom.bytes().all(|b| b == b':') {
                // What stands between a word and its code.
                out.push_str(atom);
                continue;
            }
            match code {
                Some(true) => out.push_str(atom),
                Some(false) if is_code(atom) => out.push_str(atom),
                _ => within(atom, &mut out),
            }
            code = announces(atom.trim_end_matches(':'));
        } else {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    join_stamps(out.trim_end())
}

/// Whether the next word is a code that has to stay: any word after `SQLSTATE`, a number after the others.
fn announces(word: &str) -> Option<bool> {
    const NUMBERED: [&str; 7] = ["errno", "code", "status", "http", "signal", "err", "error"];
    if word.eq_ignore_ascii_case("SQLSTATE") {
        return Some(true);
    }
    let known = NUMBERED.iter().any(|known| word.eq_ignore_ascii_case(known));
    (known || word.strip_prefix("HTTP/").is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit())))
        .then_some(false)
}

/// A number as codes are: short, and nothing else.
fn is_code(word: &str) -> bool {
    let digits = word.trim_end_matches([':', ',', '.']);
    (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Writes the normalised form of one word, in view of what stands before it.
fn within(atom: &str, out: &mut String) {
    let port = |atom: &str| atom.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    if let Some((front, number)) = atom.split_once(':')
        && announces(front) == Some(false)
        && is_code(number)
    {
        out.push_str(atom);
    } else if out.ends_with("<ip>]") && port(atom) {
        // The port of `[::1]:8080`.
    } else if out.ends_with('$') {
        // The JVM numbers the classes that it makes up.
        let name = if atom.starts_with("Proxy") { "Proxy" } else { "" };
        let rest = atom.get(name.len()..).unwrap_or_default();
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        if after.len() == rest.len() {
            word(atom, false, out);
        } else {
            out.push_str(name);
            out.push_str(NUMBER);
            if !after.is_empty() {
                word(after, true, out);
            }
        }
    } else {
        let continues = out.ends_with('>');
        word(atom, continues, out);
    }
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
    // A port of every address: `:::8080`.
    let everywhere = body.strip_prefix(":::").is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    if let Some(stamp) = stamp(body) {
        out.push_str(stamp);
    } else if everywhere {
        out.push_str("<ip>");
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
        let digits = (1..=9).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        if front.is_empty() || front.ends_with(':') || !digits {
            break;
        }
        now = front;
    }
    now
}

/// The base name of an absolute path, or its place in the tree under test; other words unchanged but for a leading `./`.
fn base_of_absolute(word: &str) -> &str {
    let mut word = word;
    while let Some(inside) = word.strip_prefix(WORK).filter(|inside| !inside.is_empty()) {
        word = inside;
        if !word.starts_with('/') {
            return word;
        }
    }
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
    let mut before = '/';
    // Whether one of several that work at the same time was named: `pool-1-thread-3`.
    let mut worker = false;
    while !rest.is_empty() {
        let name = rest
            .get(..rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len()))
            .unwrap_or_default();
        if before == '/' && is_temporary(name) {
            out.push_str("<tmp>");
            rest = rest.get(name.len()..).unwrap_or_default();
            before = '>';
            continue;
        }
        if let Some(front) = rest.get(..36).filter(|front| is_uuid(front)) {
            out.push_str("<id>");
            rest = rest.get(front.len()..).unwrap_or_default();
            continue;
        }
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        // The identity of a Java object, and an address whose start was left out.
        let identity = before == '@' && after.is_empty() && (4..=8).contains(&piece.len()) && is_hexadecimal(piece);
        let address = piece.strip_prefix('x').is_some_and(|hex| hex.len() >= 8 && is_hexadecimal(hex));
        let hex = is_hex(piece) && (piece.len() >= 12 || !piece.bytes().all(|b| b.is_ascii_digit()));
        let number = worker && before == '-' && piece.bytes().all(|b| b.is_ascii_digit()) && !piece.is_empty();
        let id = before == '_' && after.is_empty() && is_mixed(piece);
        worker |= WORKERS.contains(&piece.to_ascii_lowercase().as_str());
        out.push_str(if identity || address || hex || number || id { NUMBER } else { piece });
        before = after.chars().next().unwrap_or('/');
        let separator = after.chars().next().map_or(0, char::len_utf8);
        out.push_str(after.get(..separator).unwrap_or_default());
        rest = after.get(separator..).unwrap_or_default();
    }
}

/// What several at the same time are called, each with a number of its own.
const WORKERS: [&str; 5] = ["thread", "worker", "exec", "pool", "process"];

/// Capital and small letters with digits all over, as in `req_8fK2mQ9x`: nobody chose that.
fn is_mixed(piece: &str) -> bool {
    let turns = piece
        .as_bytes()
        .windows(2)
        .filter(|two| two.first().is_some_and(u8::is_ascii_digit) != two.last().is_some_and(u8::is_ascii_digit));
    piece.len() >= 8
        && piece.bytes().any(|b| b.is_ascii_uppercase())
        && piece.bytes().any(|b| b.is_ascii_lowercase())
        && turns.count() >= 3
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `tmpab12cd_3`, as Python names temporary files and directories.
fn is_temporary(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("tmp") else { return false };
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    (rest.len() == 8 && (digits > 0 || rest.contains('_'))) || (rest.len() >= 5 && digits > 1)
}

/// A date beside a time is one stamp, and so are `Nov 22 18:39:00`, `Sun Nov 22 18:39:00 2026` and
/// `Sun, 22 Nov 2026 18:39:00 GMT`.
fn join_stamps(line: &str) -> String {
    if !line.contains(TIME) {
        return line.to_owned();
    }
    let mut words: Vec<&str> = Vec::new();
    // Whether a stamp that began with a day's name may still have a year or a zone behind it.
    let mut goes_on = false;
    for word in line.split(' ') {
        if goes_on && words.last() == Some(&TIME) && (word == NUMBER || matches!(word, "GMT" | "UTC" | "Z")) {
            goes_on = word == NUMBER;
            continue;
        }
        goes_on = false;
        if word.starts_with(TIME) {
            let from_end =
                |back: usize| words.len().checked_sub(back).and_then(|at| words.get(at)).copied().unwrap_or_default();
            let named = if from_end(1) == NUMBER && is_month(from_end(2)) && from_end(3) == NUMBER {
                3
            } else if from_end(1) == NUMBER && is_month(from_end(2)) {
                2
            } else {
                usize::from(from_end(1) == TIME)
            };
            let day = named > 1 && is_day(from_end(named + 1));
            words.truncate(words.len() - named - usize::from(day));
            goes_on = day && word == TIME;
        }
        words.push(word);
    }
    words.join(" ")
}

fn is_month(word: &str) -> bool {
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"].contains(&word)
}

fn is_day(word: &str) -> bool {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&word.trim_end_matches(','))
}
