//! When a line was written, by the time that it begins with.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// Bytes at a line's beginning that are searched.
const WITHIN: usize = 80;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Milliseconds since 1970 of the first time in the text that has a date. A time without a zone counts as UTC.
pub fn when(text: &str) -> Option<i64> {
    let head = text.get(..text.floor_char_boundary(WITHIN)).unwrap_or(text);
    let mut before = ' ';
    for (at, c) in head.char_indices() {
        let begins = !before.is_ascii_alphanumeric();
        before = c;
        let Some(rest) = head.get(at..).filter(|_| begins) else { continue };
        let date = if c.is_ascii_digit() { numbered(rest).or_else(|| day_first(rest)) } else { named(rest) };
        if let Some(found) = date.and_then(|(date, rest)| clock(date, rest)) {
            return Some(found);
        }
    }
    None
}

/// A number of a log's field: seconds, milli-, micro- or nanoseconds since 1970, by its size.
pub fn since_1970(number: f64) -> Option<i64> {
    let millis = match number {
        n if n < 1e8 => return None,
        n if n < 1e11 => n * 1e3,
        n if n < 1e14 => n,
        n if n < 1e17 => n / 1e3,
        n => n / 1e6,
    };
    #[allow(clippy::cast_possible_truncation, reason = "a conversion that stops at the type's ends")]
    (millis < 1e14).then_some(millis as i64)
}

type Date = (i16, i8, i8);

fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let number = text.get(..count).filter(|n| n.bytes().all(|b| b.is_ascii_digit()))?;
    Some((number.parse().ok()?, text.get(count..)?))
}

fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    Some((i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?))
}

/// `2026-11-29` or `2026/11/29`.
fn numbered(text: &str) -> Option<(Date, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix(['-', '/'])?, 2)?;
    let (day, rest) = digits(rest.strip_prefix(['-', '/'])?, 2)?;
    Some((date(year, month, day)?, rest))
}

fn month(text: &str) -> Option<(i64, &str)> {
    let name = text.get(..3)?;
    let at = MONTHS.iter().position(|month| *month == name)?;
    Some((i64::try_from(at).ok()? + 1, text.get(3..)?))
}

/// `29/Nov/2026` or `29-Nov-2026`.
fn day_first(text: &str) -> Option<(Date, &str)> {
    let (day, rest) = digits(text, 2)?;
    let (month, rest) = month(rest.strip_prefix(['-', '/', ' '])?)?;
    let (year, rest) = digits(rest.strip_prefix(['-', '/', ' '])?, 4)?;
    Some((date(year, month, day)?, rest))
}

/// `Nov 29, 2026`.
fn named(text: &str) -> Option<(Date, &str)> {
    let (month, rest) = month(text)?;
    let rest = rest.strip_prefix(' ')?;
    let (day, rest) = digits(rest, 2).or_else(|| digits(rest, 1))?;
    let (year, rest) = digits(rest.strip_prefix(", ")?, 4)?;
    Some((date(year, month, day)?, rest))
}

/// The clock behind the date: `T10:00:00.123Z`, ` 10:00:00,123 +0200`, `:10:00:00`, ` 11:00:00 PM`.
fn clock(date: Date, text: &str) -> Option<i64> {
    let rest = text.strip_prefix(['T', ' ', ':', 't'])?;
    let (hour, rest) = digits(rest, 2).or_else(|| digits(rest, 1))?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, mut rest) = digits(rest.strip_prefix(':')?, 2)?;
    let mut millis = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let three: String = fraction.chars().take(length.min(3)).collect();
        millis = format!("{three:0<3}").parse().ok()?;
        rest = fraction.get(length..)?;
    }
    let hour = match rest.get(..3) {
        Some(" PM") if hour < 12 => hour + 12,
        Some(" AM") if hour == 12 => 0,
        _ => hour,
    };
    let small = |number: i64| i8::try_from(number).ok();
    let time = DateTime::new(date.0, date.1, date.2, small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    let offset = offset(rest.trim_start()).unwrap_or(Offset::UTC);
    Some(time.to_zoned(TimeZone::fixed(offset)).ok()?.timestamp().as_millisecond() + millis)
}

/// `+02:00` or `-0500`.
fn offset(text: &str) -> Option<Offset> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, rest) = digits(text.get(1..)?, 2)?;
    let (minutes, _) = digits(rest.strip_prefix(':').unwrap_or(rest), 2)?;
    Offset::from_seconds(sign * i32::try_from(hours * 3600 + minutes * 60).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{since_1970, when};

    #[test]
    fn times_of_many_logs() {
        let ten = Some(1_795_946_400_000);
        for text in [
            "2026-11-29T10:00:00Z ERROR x",
            "[2026-11-29 10:00:00 +0000] [7] [ERROR]",
            "2026/11/29 10:00:00 [error]",
            "127.0.0.1 - - [29/Nov/2026:10:00:00 +0000] \"GET",
            "[29-Nov-2026 10:00:00 UTC] PHP",
            "Nov 29, 2026 10:00:00 AM Main main",
            "2026-11-29T12:00:00+02:00 x",
            "E, [2026-11-29T10:00:00 #12] ERROR",
        ] {
            assert_eq!(when(text), ten, "{text}");
        }
        assert_eq!(when("2026-11-29 10:00:00,187 INFO"), ten.map(|ms| ms + 187));
        for text in ["", "10:00:00 x", "2026-13-29 10:00:00", "2026-11-29", "9999999999"] {
            assert_eq!(when(text), None, "{text}");
        }
        for number in [1_795_946_400.0, 1_795_946_400_000.0, 1.795_946_4e15] {
            assert_eq!(since_1970(number), ten);
        }
        assert_eq!(since_1970(12.0), None);
    }
}
