//! Durations and sizes as people write them.

const DURATION_UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
const SIZE_UNITS: [(&str, u64); 3] = [("TiB", 1 << 20), ("GiB", 1 << 10), ("MiB", 1)];

/// Reads a duration such as `90s`, `10m`, `8h`, `1h30m` or `2d` as seconds. Units fall from left to right and each
/// appears at most once. `None` for anything else, an overflow included.
pub fn parse_duration(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut units = DURATION_UNITS.iter();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = leading_number(rest)?;
        let (unit, seconds) = units.find(|(unit, _)| after.starts_with(unit))?;
        total = total.checked_add(number.checked_mul(*seconds)?)?;
        rest = after.get(unit.len()..)?;
    }
    Some(total)
}

/// Writes seconds the way `parse_duration` reads them, in the fewest parts: 5400 is `1h30m`.
pub fn format_duration(seconds: u64) -> String {
    if seconds == 0 {
        return "0s".to_owned();
    }
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, size) in DURATION_UNITS {
        if rest >= size {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    parts.concat()
}

/// Reads a size such as `512MiB`, `4GiB` or `1TiB` as MiB. `None` for anything else: units of 1000 and bare numbers are
/// refused, since people mean different things by them.
pub fn parse_size(text: &str) -> Option<u64> {
    let (number, after) = leading_number(text)?;
    let (_, mebibytes) = SIZE_UNITS.iter().find(|(unit, _)| after.trim_start() == *unit)?;
    number.checked_mul(*mebibytes)
}

/// Writes MiB the way `parse_size` reads them, with the largest unit that fits without a remainder.
pub fn format_size(mebibytes: u64) -> String {
    let (unit, size) = SIZE_UNITS
        .into_iter()
        .find(|(_, size)| mebibytes >= *size && mebibytes.is_multiple_of(*size))
        .unwrap_or(("MiB", 1));
    format!("{}{unit}", mebibytes / size)
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit())?;
    Some((text.get(..end)?.parse().ok()?, text.get(end..)?))
}
