//! Recognises the words that change from run to run: times, addresses, ids, numbers and durations.

/// Whether the word is a date, a time of day, or both, with fraction and zone.
pub fn is_time(word: &str) -> bool {
    // 20261122T183900Z.
    if let Some(rest) = digits(word, 8).and_then(|rest| digits(rest.strip_prefix('T')?, 6)) {
        return zone(rest);
    }
    let rest = match date(word) {
        Some("" | "Z") => return true,
        Some(rest) => match rest.strip_prefix(['T', 't', '_', ':', '-']) {
            Some(rest) => rest,
            None => return false,
        },
        None => word,
    };
    clock(rest).is_some_and(zone)
}

/// Takes exactly so many digits off the front.
fn digits(text: &str, count: usize) -> Option<&str> {
    let front = text.as_bytes().get(..count)?;
    if front.iter().all(u8::is_ascii_digit) { text.get(count..) } else { None }
}

fn date(word: &str) -> Option<&str> {
    // 2026-11-22 and 2026/11/22.
    if let Some(rest) = digits(word, 4) {
        let separator = rest.chars().next().filter(|c| matches!(c, '-' | '/'))?;
        let rest = digits(rest.strip_prefix(separator)?, 2)?;
        return digits(rest.strip_prefix(separator)?, 2);
    }
    // 22/Nov/2026, as web servers write it.
    let rest = digits(word, 2)?.strip_prefix('/')?;
    let (month, rest) = rest.split_at_checked(3)?;
    if !month.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    digits(rest.strip_prefix('/')?, 4)
}

/// `18:39:00`, with a fraction; gives what follows.
fn clock(text: &str) -> Option<&str> {
    let rest = digits(text, 2).or_else(|| digits(text, 1))?;
    let rest = digits(rest.strip_prefix(':')?, 2)?;
    let rest = digits(rest.strip_prefix(':')?, 2)?;
    Some(match rest.strip_prefix(['.', ',']) {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    })
}

fn zone(text: &str) -> bool {
    match text {
        "" | "Z" | "z" => true,
        _ => text
            .strip_prefix(['+', '-'])
            .is_some_and(|z| z.len() <= 5 && z.bytes().all(|b| b.is_ascii_digit() || b == b':')),
    }
}

/// Whether the word is an IPv4 or IPv6 address, with or without a port.
pub fn is_address(word: &str) -> bool {
    let host = match word.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => word,
    };
    if host.split('.').count() == 4
        && host.split('.').all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
    {
        return true;
    }
    // Paths such as `a::b` are made of hexadecimal letters too, so a digit and more shape is asked for.
    let groups: Vec<&str> = word.split(':').collect();
    if groups.len() < 3 || groups.iter().any(|g| g.len() > 4 || !g.bytes().all(|b| b.is_ascii_hexdigit())) {
        return false;
    }
    let has_digit = |text: &str| text.bytes().any(|b| b.is_ascii_digit());
    let first = groups.first().copied().unwrap_or_default();
    (first.len() == 4 && has_digit(first) && word.contains("::"))
        || (groups.len() > 4 && has_digit(word))
        || (word.starts_with("::") && has_digit(word))
}

/// Whether the word is a UUID.
pub fn is_uuid(word: &str) -> bool {
    let parts: Vec<usize> = word.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && word.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// Whether the word is a digest, an address in memory or a container id. Codes (letters, then digits only) are not.
pub fn is_hex(word: &str) -> bool {
    if let Some(rest) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        return !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if word.len() < 8 || !word.bytes().all(|b| b.is_ascii_hexdigit()) {
        return false;
    }
    let code = word.trim_start_matches(|c: char| c.is_ascii_alphabetic()).bytes().all(|b| b.is_ascii_digit());
    word.len() >= 12 || (word.bytes().any(|b| b.is_ascii_digit()) && !code)
}

/// Whether the word is a number, a size or a duration that stands alone.
pub fn is_number(word: &str) -> bool {
    const UNITS: [&str; 29] = [
        "ns", "us", "µs", "μs", "ms", "s", "m", "h", "d", "sec", "secs", "min", "mins", "B", "b", "kB", "KB", "MB",
        "GB", "TB", "KiB", "MiB", "GiB", "K", "M", "G", "k", "%", "",
    ];
    let mut rest = word.strip_prefix(['-', '+']).unwrap_or(word);
    if rest.is_empty() {
        return false;
    }
    // `2m30s` is several numbers with units in a row.
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '_'));
        if after.len() == rest.len() || !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return false;
        }
        if !rest.bytes().take(rest.len() - after.len()).any(|b| b.is_ascii_digit()) {
            return false;
        }
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        if exponent(unit, next) {
            return true;
        }
        if !UNITS.contains(&unit) {
            return false;
        }
        rest = next;
    }
    true
}

/// `1.5e-7`.
fn exponent(unit: &str, next: &str) -> bool {
    matches!(unit, "e" | "E" | "e-" | "e+" | "E-" | "E+")
        && !next.is_empty()
        && next.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_change_are_known() {
        for time in [
            "2026-11-22",
            "18:39:00",
            "2026-11-22T18:39:00.187820+00:00",
            "2026-11-22T18:39:00Z",
            "22/Nov/2026:18:39:00",
            "20261122T183900Z",
        ] {
            assert!(is_time(time), "{time}");
        }
        for other in ["18:39", "a:b:c", "2026", "1:2:3", "2026-11", "f10.rs"] {
            assert!(!is_time(other), "{other}");
        }
        for address in ["10.0.0.3", "127.0.0.1:8080", "::1", "fe80::1", "2001:db8::ff00:42:8329"] {
            assert!(is_address(address), "{address}");
        }
        for other in ["a::b", "ab::c1", "1.2.3", "tests::f1", "dead::beef"] {
            assert!(!is_address(other), "{other}");
        }
        assert!(is_uuid("123e4567-e89b-12d3-a456-426614174000"));
        for hex in ["0x7fd4ae8aaed0", "b8411d1b6389d6df", "59807616e1fa", "0xff"] {
            assert!(is_hex(hex), "{hex}");
        }
        for other in ["E0308", "TS2345", "face", "C0000005", "added", "42P01"] {
            assert!(!is_hex(other), "{other}");
        }
        for number in ["1", "-3.5", "1,000", "200ms", "1.5s", "2m30s", "10%", "10MB", "1.5e-7"] {
            assert!(is_number(number), "{number}");
        }
        for other in ["42P01", "3u32", "x1", "", "-", "."] {
            assert!(!is_number(other), "{other}");
        }
    }
}
