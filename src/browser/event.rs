//! Parts of the browser's events, read with tolerance: what is not there or has another form is left out.

use crate::evidence::frontend::At;
use serde_json::Value;
use std::collections::BTreeMap;

/// Bytes of one text.
const TEXT: usize = 4_000;
/// Frames of one stack.
const FRAMES: usize = 30;
/// Headers that name a request or its trace.
const IDS: usize = 16;
/// Bytes of one.
const ID: usize = 256;

/// A text, or an empty one.
pub fn text(of: &Value, name: &str) -> String {
    of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The beginning of a text.
pub fn head(text: &str) -> String {
    text.get(..text.floor_char_boundary(TEXT)).unwrap_or_default().to_owned()
}

/// Milliseconds since 1970.
pub fn millis(of: Option<&Value>) -> Option<i64> {
    of.and_then(Value::as_f64).and_then(|millis| whole(millis / 1000.0))
}

/// The time of an event by the browser's own clock, in seconds.
pub fn seconds(of: &Value) -> Option<f64> {
    of.get("timestamp").and_then(Value::as_f64)
}

/// Seconds as whole milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "checked to be small")]
pub fn whole(seconds: f64) -> Option<i64> {
    (seconds.is_finite() && seconds.abs() < 1e11).then_some((seconds * 1000.0) as i64)
}

/// A value as the console shows it.
pub fn shown(value: &Value) -> String {
    let plain = match value.get("value") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
        None => None,
    };
    plain.unwrap_or_else(|| {
        let described = text(value, "description");
        if described.is_empty() { text(value, "unserializableValue") } else { described }
    })
}

/// A stack, innermost frame first.
pub fn stack(of: Option<&Value>) -> Vec<At> {
    let frames = of.and_then(|stack| stack.get("callFrames")).and_then(Value::as_array);
    frames.into_iter().flatten().filter_map(place).take(FRAMES).collect()
}

/// A place in a script. The browser counts from 0.
pub fn place(of: &Value) -> Option<At> {
    let url = head(&text(of, "url"));
    let number = |name| {
        let number = of.get(name).and_then(Value::as_u64)?;
        u32::try_from(number + 1).ok()
    };
    let function = text(of, "functionName");
    (!url.is_empty()).then(|| At {
        function: (!function.is_empty()).then(|| head(&function)),
        url,
        line: number("lineNumber"),
        column: number("columnNumber"),
    })
}

/// The headers that name a request or its trace.
pub fn ids(of: Option<&Value>) -> BTreeMap<String, String> {
    let names = |name: &str| {
        ["request-id", "requestid", "correlation", "traceparent", "trace-id", "traceid", "amzn-trace"]
            .iter()
            .any(|part| name.contains(part))
    };
    let headers = of.and_then(Value::as_object).into_iter().flatten();
    headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .filter(|(name, _)| name.len() <= ID && names(name))
        .filter_map(|(name, value)| Some((name, value.as_str().filter(|value| value.len() <= ID)?.to_owned())))
        .take(IDS)
        .collect()
}
