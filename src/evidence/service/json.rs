//! Logs whose lines are JSON, by the names of fields that the common loggers use.

use super::exception;
use super::level::{self, Level};
use super::when;
use super::{Told, ids};
use crate::evidence::limits;
use crate::evidence::sighting::{Request, Ties};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;

const LEVELS: [&str; 7] = ["level", "severity", "lvl", "log.level", "levelname", "severityText", "loglevel"];
const MESSAGES: [&str; 6] = ["msg", "message", "event", "@message", "body", "short_message"];
const TIMES: [&str; 7] = ["time", "timestamp", "ts", "@timestamp", "datetime", "date", "asctime"];
const ERRORS: [&str; 5] = ["err", "error", "exception", "exc_info", "thrown"];
const STACKS: [&str; 8] =
    ["stack", "stack_trace", "stacktrace", "error.stack_trace", "error.stack", "exc_info", "exception", "backtrace"];
/// Objects that hold fields of the same names.
const INSIDE: [&str; 9] = ["fields", "req", "request", "http", "trace", "context", "ctx", "span", "log"];

type Fields<'t> = HashMap<&'t str, &'t RawValue>;

/// What the line tells; `None` where it is no JSON object or is no problem.
pub fn read(line: &str) -> Option<Told> {
    let fields: Fields<'_> = serde_json::from_str(line).ok()?;
    let inner: Vec<Fields<'_>> =
        INSIDE.iter().filter_map(|name| serde_json::from_str(fields.get(name)?.get()).ok()).collect();
    let scopes = || std::iter::once(&fields).chain(&inner);
    let value = |names: &[&str]| names.iter().find_map(|name| scopes().find_map(|scope| text(scope.get(name)?)));
    let level = LEVELS.iter().find_map(|name| scopes().find_map(|scope| level_of(&text(scope.get(name)?)?)));
    let status = value(&["status", "statusCode", "status_code", "code"]).and_then(|status| status.parse().ok());
    let url = value(&["url", "path", "uri", "request_uri", "requestUrl"]);
    let url = url.filter(|url| url.starts_with('/') || url.starts_with("http"));
    let request = url.map(|url| Request::new(value(&["method", "verb", "requestMethod"]).as_deref(), &url, status));
    let failed = request.as_ref().and_then(|request| request.status).is_some_and(|status| status >= 500);
    let bad = level.is_some_and(|level| level.severity.is_some());
    let unnamed = level.is_none() && ERRORS.iter().any(|name| fields.contains_key(name));
    if !(bad || unnamed || failed) {
        return None;
    }
    let mut ties = Ties { when: moment(&fields), ids: Vec::new(), request };
    for scope in scopes() {
        for (name, raw) in scope.iter().filter(|(name, _)| ids::is_id(name)) {
            let _: &&str = name;
            ties.ids.extend(text(raw).and_then(|id| ids::id(&id)).filter(|id| !ties.ids.contains(id)));
        }
    }
    ties.ids.extend(request_id(&fields).filter(|id| !ties.ids.contains(id)));
    ties.ids.sort();
    let message = value(&MESSAGES).unwrap_or_default();
    let mut told = Told { level, message, ties, ..Told::default() };
    told.exception = ERRORS.iter().find_map(|name| scopes().find_map(|scope| error(scope.get(name)?)));
    if told.exception.is_none() {
        let stack = STACKS.iter().find_map(|name| scopes().find_map(|scope| text(scope.get(name)?)));
        told.exception = stack.and_then(|stack| of_stack(&stack));
    }
    if told.exception.is_none()
        && let Some(kind) = value(&["error.type", "error.kind", "exception.type"])
    {
        let message = value(&["error.message", "exception.message"]).unwrap_or_default();
        told.exception = Some(exception::Exception { kind, message, ..Default::default() });
    }
    told.detail = scopes().find_map(|scope| text(scope.get("error").or_else(|| scope.get("err"))?));
    Some(told)
}

/// pino's `req.id`.
fn request_id(fields: &Fields<'_>) -> Option<String> {
    ["req", "request", "trace"].iter().find_map(|name| {
        let inner: Fields<'_> = serde_json::from_str(fields.get(name)?.get()).ok()?;
        ids::id(&text(inner.get("id")?)?)
    })
}

/// A string, or a number or truth as it is written; nothing for other values.
fn text(raw: &&RawValue) -> Option<String> {
    let raw = limits::head(raw.get(), limits::LONG_LINE_BYTES);
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'0'..=b'9' | b'-' | b't' | b'f' => Some(raw.to_owned()),
        _ => None,
    }
}

fn level_of(text: &str) -> Option<Level> {
    text.parse().map_or_else(|_| level::named(text), |number| Some(level::numbered(number)))
}

fn moment(fields: &Fields<'_>) -> Option<i64> {
    TIMES.iter().find_map(|name| {
        let text = text(fields.get(name)?)?;
        text.parse().map_or_else(|_| when::when(&text), when::since_1970)
    })
}

/// An error as an object with type, message and stack, or as a string with a stack in it.
fn error(raw: &&RawValue) -> Option<exception::Exception> {
    if raw.get().starts_with('"') {
        return of_stack(&text(raw)?);
    }
    let Value::Object(object) = serde_json::from_str(raw.get()).ok()? else { return None };
    let field = |names: &[&str]| names.iter().find_map(|name| object.get(*name)?.as_str()).map(str::to_owned);
    let stack = field(&["stack", "stack_trace", "stacktrace", "backtrace", "trace"]);
    let mut found = stack.as_deref().and_then(of_stack).unwrap_or_default();
    if let Some(kind) = field(&["type", "name", "class", "kind", "code"])
        && (found.kind.is_empty() || found.chain.is_empty())
    {
        found.kind = kind;
    }
    if let Some(message) = field(&["message", "msg"])
        && found.chain.is_empty()
    {
        found.message = message;
    }
    (!found.kind.is_empty() || !found.message.is_empty()).then_some(found)
}

fn of_stack(text: &str) -> Option<exception::Exception> {
    let (head, rest) = text.trim_start().split_once('\n')?;
    let lines: Vec<String> = rest.lines().take(300).map(str::to_owned).collect();
    exception::read(head, &lines)
}
