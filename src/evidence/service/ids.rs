//! Ids and requests that a line names.

use crate::evidence::limits;
use crate::evidence::sighting::Request;

/// Ids of one record.
pub const IDS: usize = 8;

/// Bytes behind a name in which its value stands.
const LONGEST: usize = 200;

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Whether a field of this name holds the id of a request or a trace.
pub fn is_id(name: &str) -> bool {
    let mut plain = name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase());
    let mut word = [0; 24];
    let mut length = 0;
    for (slot, byte) in word.iter_mut().zip(plain.by_ref()) {
        *slot = byte;
        length += 1;
    }
    let word = word.get(..length).unwrap_or_default();
    let word = word.strip_prefix(b"x").unwrap_or(word);
    let word = word.strip_prefix(b"dd").unwrap_or(word);
    plain.next().is_none()
        && [&b"requestid"[..], b"reqid", b"traceid", b"correlationid", b"traceparent", b"rid", b"reqidentifier"]
            .contains(&word)
}

/// An id as it is compared: a `traceparent` stands for its trace.
pub fn id(value: &str) -> Option<String> {
    let value = value.trim_matches(['"', '\'', ' ']);
    let parts: Vec<&str> = value.split('-').collect();
    if let [version, trace, span, flags] = parts.as_slice()
        && version.len() == 2
        && trace.len() == 32
        && span.len() == 16
        && flags.len() == 2
    {
        return Some((*trace).to_owned());
    }
    let fits = (4..=128).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(&b))
        && value.bytes().any(|b| b.is_ascii_digit());
    fits.then(|| value.to_owned())
}

/// The ids that a text names as `request_id=x`, `trace id: x` or `"X-Request-Id": "x"`.
pub fn ids(text: &str, into: &mut Vec<String>) {
    for (at, _) in text.match_indices(['=', ':']) {
        if into.len() >= IDS {
            return;
        }
        let front = text.get(..at).unwrap_or_default().trim_end_matches(['"', '\'', ' ']);
        let from =
            front.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))).map_or(0, |at| at + 1);
        let mut name = front.get(from..).unwrap_or_default();
        if name.eq_ignore_ascii_case("id") {
            // Two words: `request id`.
            let before = front.get(..from).unwrap_or_default().trim_end();
            let start = before.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
            name = front.get(start..).unwrap_or_default();
        }
        if !is_id(name) {
            continue;
        }
        let rest = limits::head(text.get(at + 1..).unwrap_or_default(), LONGEST);
        let rest = rest.trim_start_matches([' ', '"', '\'']);
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ')' | ']' | '}' | ';'));
        if let Some(found) = id(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default())
            && !into.contains(&found)
        {
            into.push(found);
        }
    }
}

/// The request that a line names: `"GET /x HTTP/1.1" 500`, `GET /x failed`, `Exception on /x [GET]`, `method=GET path=/x`.
pub fn request(line: &str) -> Option<Request> {
    let line = limits::head(line, limits::MESSAGE_BYTES);
    for method in METHODS {
        for (at, _) in line.match_indices(method) {
            let before = line.get(..at).and_then(|front| front.chars().next_back());
            if before.is_some_and(|c| c.is_ascii_alphanumeric()) {
                continue;
            }
            let rest = line.get(at + method.len()..).unwrap_or_default();
            if let Some(rest) = rest.strip_prefix([' ', '\t']).map(|rest| rest.trim_start_matches(['"', '\'']))
                && (rest.starts_with('/') || rest.starts_with("http"))
            {
                let url = rest.split([' ', '"', '\'', ',']).next()?.trim_end_matches(':');
                let status = rest.split_once(" HTTP/").and_then(|(_, rest)| number_behind(rest));
                return Some(Request::new(Some(method), url, status.or_else(|| status_of(line))));
            }
            if rest.starts_with(']')
                && let Some((_, path)) = line.get(..at)?.trim_end_matches(['[', ' ']).rsplit_once(' ')
                && path.starts_with('/')
            {
                return Some(Request::new(Some(method), path, status_of(line)));
            }
        }
    }
    let url = ["path=", "uri=", "url=", "request_uri="].iter().find_map(|key| field(line, key))?;
    (url.starts_with('/') || url.starts_with("http"))
        .then(|| Request::new(field(line, "method="), url, status_of(line)))
}

/// The value behind a key that stands at the beginning of a word; one in quotes is whole.
pub fn value<'t>(line: &'t str, key: &str) -> Option<&'t str> {
    let first = field(line, key)?;
    let (at, _) = line
        .match_indices(first)
        .find(|(at, _)| line.get(..*at).is_some_and(|front| front.strip_suffix('"').unwrap_or(front).ends_with(key)))?;
    if line.get(..at)?.ends_with('"') { line.get(at..)?.split('"').next() } else { Some(first) }
}

/// The value behind a key that stands at the beginning of a word.
fn field<'t>(line: &'t str, key: &str) -> Option<&'t str> {
    let (at, _) = line.match_indices(key).find(|(at, _)| {
        line.get(..*at)
            .and_then(|front| front.chars().next_back())
            .is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_')
    })?;
    let rest = line.get(at + key.len()..)?.trim_start_matches('"');
    rest.split([' ', '"', ',', '}']).next().filter(|value| !value.is_empty())
}

fn status_of(line: &str) -> Option<u16> {
    ["status=", "status_code=", "statusCode="]
        .iter()
        .find_map(|key| field(line, key)?.parse().ok())
        .filter(|status| is_status(*status))
}

/// The status behind the version and its closing quote: `1.1" 500 12`.
fn number_behind(rest: &str) -> Option<u16> {
    let word = rest.split_whitespace().nth(1)?;
    word.parse().ok().filter(|status| is_status(*status))
}

fn is_status(status: u16) -> bool {
    (100..600).contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_requests_of_many_logs() {
        let of = |text: &str| {
            let mut found = Vec::new();
            ids(text, &mut found);
            found
        };
        assert_eq!(of("request_id=req-1 x"), ["req-1"]);
        assert_eq!(of("{\"X-Request-Id\": \"abc-7\"} trace id: 99aa request{id=7f3a}"), ["abc-7", "99aa"]);
        assert_eq!(
            of("traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ["4bf92f3577b34da6a3ce929d0e0e4736"]
        );
        assert_eq!(of("request_id=- grid=1234 id=12345"), Vec::<String>::new());
        let request = |text: &str| request(text).map(|r| (r.method.unwrap_or_default(), r.path, r.status.unwrap_or(0)));
        for (text, expected) in [
            ("127.0.0.1 - - [x] \"GET /api/items?x=1 HTTP/1.1\" 500 -", ("GET", "/api/items", 500)),
            ("Exception on /api/items/0 [GET]", ("GET", "/api/items/0", 0)),
            ("POST http://h:1/a/b failed", ("POST", "/a/b", 0)),
            ("level=error method=PUT path=/x status=502", ("PUT", "/x", 502)),
            ("request{method=GET uri=/api/items id=7}: no", ("GET", "/api/items", 0)),
        ] {
            assert_eq!(request(text), Some((expected.0.to_owned(), expected.1.to_owned(), expected.2)), "{text}");
        }
        assert_eq!(request("FORGET /x and WIDGET"), None);
    }
}
