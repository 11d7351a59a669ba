//! How bad a line of a log is by its own words, and where its message begins.

use crate::domain::Severity;
use crate::evidence::limits;

/// Bytes at a line's beginning in which its level stands.
const WITHIN: usize = 160;

/// A level: the name that a finding gets, and whether it is worth one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// `error`, `fatal`, `warning`.
    pub name: &'static str,
    /// `None` for what is no problem.
    pub severity: Option<Severity>,
}

const ERROR: Level = Level { name: "error", severity: Some(Severity::Error) };
const FATAL: Level = Level { name: "fatal", severity: Some(Severity::Error) };
const WARNING: Level = Level { name: "warning", severity: Some(Severity::Warning) };
const QUIET: Level = Level { name: "info", severity: None };

/// The level that a word names, in any case.
pub fn named(word: &str) -> Option<Level> {
    if !(3..=13).contains(&word.len()) {
        return None;
    }
    let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    if is(&["error", "err", "fail", "severe", "eror"]) {
        Some(ERROR)
    } else if is(&["fatal", "critical", "crit", "emerg", "emergency", "alert", "panic", "dpanic"]) {
        Some(FATAL)
    } else if is(&["warn", "warning"]) {
        Some(WARNING)
    } else if is(&[
        "info",
        "information",
        "notice",
        "debug",
        "trace",
        "dbug",
        "verbose",
        "config",
        "fine",
        "log",
        "informational",
    ]) {
        Some(QUIET)
    } else {
        None
    }
}

/// The level of a number: pino's and bunyan's tens, or syslog's digits.
pub fn numbered(number: u64) -> Level {
    match number {
        0..=2 | 60.. => FATAL,
        3 | 50..=59 => ERROR,
        4 | 40..=49 => WARNING,
        _ => QUIET,
    }
}

/// The level at a line's beginning, and the offset of what follows it.
pub fn at_start(line: &str) -> Option<(Level, usize)> {
    if let Some(found) = lettered(line) {
        return Some(found);
    }
    let head = limits::head(line, WITHIN);
    let bytes = head.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            at += 1;
        }
        if at == start {
            at += 1;
            continue;
        }
        let word = head.get(start..at).unwrap_or_default();
        let Some(level) = named(word) else { continue };
        let before = start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
        let after = bytes.get(at).copied();
        let closed =
            matches!(before, None | Some(b' ' | b'[' | b'|' | b'(' | b'<' | b'\t' | b'.' | b'=' | b'"' | b']'))
                && matches!(after, None | Some(b' ' | b']' | b':' | b'|' | b')' | b'>' | b'\t' | b'"' | b',' | b'/'));
        // Small letters are a level only where a level is written so, since they are words of sentences too.
        let meant = word.bytes().all(|b| b.is_ascii_uppercase())
            || before == Some(b'[') && after == Some(b']')
            || start == 0 && after == Some(b':')
            || before == Some(b'=')
            || before == Some(b'|') && after == Some(b'|');
        if closed && meant {
            return Some((level, at));
        }
    }
    None
}

/// `PHP Warning:`, `E1129 10:00:00` of klog, `E, [2026-` of Ruby.
fn lettered(line: &str) -> Option<(Level, usize)> {
    if let Some(at) = limits::head(line, 60).find("PHP ") {
        let rest = line.get(at + 4..)?;
        let level = match rest.split_once(':')?.0 {
            "Fatal error" | "Parse error" | "Recoverable fatal error" => FATAL,
            "Warning" => WARNING,
            "Notice" | "Deprecated" => QUIET,
            _ => return None,
        };
        return Some((level, at + 4 + rest.find(':')?));
    }
    let level = match line.as_bytes().first()? {
        b'E' => ERROR,
        b'F' => FATAL,
        b'W' => WARNING,
        b'I' | b'D' => QUIET,
        _ => return None,
    };
    let rest = line.get(1..)?;
    if rest.starts_with(", [") {
        let at = line.find(" : ").map_or(4, |at| at + 2);
        return Some((level, at));
    }
    let klog = rest.as_bytes().get(..5)?;
    let (digits, blank) = klog.split_at(4);
    (digits.iter().all(u8::is_ascii_digit) && blank == b" ").then(|| (level, line.find("] ").map_or(6, |at| at + 1)))
}

/// The message behind the level.
pub fn message(line: &str, from: usize) -> &str {
    line.get(from..).unwrap_or_default().trim_start_matches([' ', ']', ':', '|', '-', ')', '>', '\t', ','])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_many_logs() {
        for (line, name, words) in [
            ("2026-11-29 10:00:00,123 ERROR [app] no disk", "error", "[app] no disk"),
            ("2026/11/29 10:00:00 [error] 12#12: *1 connect() failed", "error", "12#12: *1 connect() failed"),
            ("2026-11-29 10:00:00 UTC [12] FATAL:  no such database", "fatal", "no such database"),
            ("[2026-11-29 10:00:00] production.ERROR: no disk", "error", "no disk"),
            ("fail: Microsoft.AspNetCore[1]", "error", "Microsoft.AspNetCore[1]"),
            ("WARNING:root:slow", "warning", "root:slow"),
            ("E1129 10:00:00.000000 1 main.go:12] no disk", "error", "no disk"),
            ("E, [2026-11-29T10:00:00 #12] ERROR -- : no disk", "error", "no disk"),
            ("ts=1 level=warn msg=slow", "warning", "msg=slow"),
            ("2026 INFO [werkzeug] WARNING: a server", "info", "[werkzeug] WARNING: a server"),
        ] {
            let found = at_start(line).map(|(level, from)| (level.name, message(line, from)));
            assert_eq!(found, Some((name, words)), "{line}");
        }
        for line in ["no error here", "the warning: none", "GET /ERROR/x HTTP", "errors 5"] {
            assert_eq!(at_start(line), None, "{line}");
        }
    }
}
