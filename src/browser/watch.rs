//! What a browser tells of one page, as things that were seen. Pure: events in, sightings out.

use super::event;
use crate::evidence::frontend::{Asked, Console, Seen, Thrown};
use serde_json::Value;
use std::collections::HashMap;

/// Requests of one page that are followed.
const REQUESTS: usize = 2_000;
/// Sightings of one sort on one page. Each sort has its own bound, so that a flood of one crowds out none of the others.
const SEEN: usize = 1_000;

/// What is known of a page while it is open.
#[derive(Debug, Default)]
pub struct Watch {
    page: String,
    requests: HashMap<String, Pending>,
    seen: Vec<Seen>,
    /// How many there are of each sort.
    sorts: [usize; 4],
    /// What was not kept and may have been an error.
    lost: usize,
    loaded: bool,
    /// Failed requests whose answer is worth a look: the browser's name of the request, and its place among the sightings.
    bodies: Vec<(String, usize)>,
}

/// A request that is under way.
#[derive(Debug, Default)]
struct Pending {
    asked: Asked,
    /// Seconds since 1970 less those of the browser's own clock, when it began.
    offset: f64,
    text: bool,
}

impl Watch {
    /// Nothing is known yet of the page at an address.
    pub fn of(page: &str) -> Self {
        Self { page: page.to_owned(), ..Self::default() }
    }

    /// Whether the page has loaded.
    pub fn has_loaded(&self) -> bool {
        self.loaded
    }

    /// Whether nothing is under way.
    pub fn is_quiet(&self) -> bool {
        self.requests.is_empty()
    }

    /// Failed requests whose answers can be asked for.
    pub fn bodies(&self) -> Vec<(String, usize)> {
        self.bodies.clone()
    }

    /// Keeps the beginning of the answer to a failed request.
    pub fn keep_body(&mut self, at: usize, body: String) {
        if let Some(Seen::Request(asked)) = self.seen.get_mut(at) {
            asked.body = Some(body);
        }
    }

    /// All that was seen.
    pub fn finish(mut self) -> Vec<Seen> {
        // What never came to an end is a failure only where the page waited for it, which its own words say.
        self.requests.clear();
        if self.lost > 0 {
            let text = format!("the page failed in more ways than are kept: {} more are not listed", self.lost);
            let level = "error".to_owned();
            self.seen.push(Seen::Console(Console { at: None, page: self.page, level, text, stack: Vec::new() }));
        }
        self.seen.sort_by_key(|seen| match seen {
            Seen::Request(asked) => asked.at,
            Seen::Console(said) => said.at,
            Seen::Exception(thrown) => thrown.at,
            Seen::Page(_) | Seen::Screenshot(_) | Seen::Log(_) => None,
        });
        self.seen
    }

    /// Takes an event.
    pub fn take(&mut self, message: &Value) {
        let Some(method) = message.get("method").and_then(Value::as_str) else { return };
        let params = message.get("params").unwrap_or(&Value::Null);
        match method {
            "Page.loadEventFired" => self.loaded = true,
            "Runtime.consoleAPICalled" => self.console(params),
            "Runtime.exceptionThrown" => self.exception(params),
            "Log.entryAdded" => self.entry(params),
            "Network.requestWillBeSent" => self.begun(params),
            "Network.requestWillBeSentExtraInfo" | "Network.responseReceivedExtraInfo" => self.headers(params),
            "Network.responseReceived" => self.answered(params),
            "Network.loadingFinished" => self.ended(params, None),
            "Network.loadingFailed" => {
                let canceled = params.get("canceled").and_then(Value::as_bool) == Some(true);
                let error = event::text(params, "errorText");
                self.ended(params, (!canceled).then_some(error));
            }
            _ => {}
        }
    }

    fn see(&mut self, seen: Seen) {
        let (sort, weighty) = match &seen {
            Seen::Console(said) if said.level == "warning" => (0, false),
            Seen::Console(_) => (1, true),
            Seen::Request(_) => (2, true),
            _ => (3, true),
        };
        let Some(count) = self.sorts.get_mut(sort) else { return };
        if *count < SEEN {
            *count += 1;
            self.seen.push(seen);
        } else if weighty {
            self.lost += 1;
        }
    }

    fn console(&mut self, params: &Value) {
        let level = event::text(params, "type");
        if !matches!(level.as_str(), "error" | "assert" | "warning") {
            return;
        }
        let words = params.get("args").and_then(Value::as_array).into_iter().flatten().map(event::shown);
        let text = event::head(&words.collect::<Vec<_>>().join(" "));
        let stack = event::stack(params.get("stackTrace"));
        let at = event::millis(params.get("timestamp"));
        self.see(Seen::Console(Console { at, page: self.page.clone(), level, text, stack }));
    }

    fn exception(&mut self, params: &Value) {
        let details = params.get("exceptionDetails").unwrap_or(&Value::Null);
        let said = details.get("exception").map(event::shown).filter(|said| !said.is_empty());
        let text = event::head(&said.unwrap_or_else(|| event::text(details, "text")));
        let mut stack = event::stack(details.get("stackTrace"));
        if stack.is_empty() {
            stack.extend(event::place(details));
        }
        let at = event::millis(params.get("timestamp"));
        self.see(Seen::Exception(Thrown { at, page: self.page.clone(), text, stack }));
    }

    /// What the browser itself has to say; of requests and exceptions it tells elsewhere.
    fn entry(&mut self, params: &Value) {
        let entry = params.get("entry").unwrap_or(&Value::Null);
        let (level, source) = (event::text(entry, "level"), event::text(entry, "source"));
        if level != "error" || matches!(source.as_str(), "network" | "javascript") {
            return;
        }
        let mut stack = event::stack(entry.get("stackTrace"));
        if stack.is_empty() {
            stack.extend(event::place(entry));
        }
        let (at, text) = (event::millis(entry.get("timestamp")), event::head(&event::text(entry, "text")));
        self.see(Seen::Console(Console { at, page: self.page.clone(), level, text, stack }));
    }

    fn begun(&mut self, params: &Value) {
        let request = params.get("request").unwrap_or(&Value::Null);
        let url = event::head(&event::text(request, "url"));
        // What is in the page itself is asked of nobody.
        if !url.starts_with("http") {
            return;
        }
        if self.requests.len() >= REQUESTS {
            self.lost += 1;
            return;
        }
        let resource = match event::text(params, "type").to_ascii_lowercase().as_str() {
            "xhr" => "fetch".to_owned(),
            other => other.to_owned(),
        };
        let asked = Asked {
            page: self.page.clone(),
            method: event::head(&event::text(request, "method")),
            url,
            resource,
            ids: event::ids(request.get("headers")),
            stack: event::stack(params.pointer("/initiator/stack")),
            ..Asked::default()
        };
        let number = |name| params.get(name).and_then(Value::as_f64).unwrap_or_default();
        let offset = number("wallTime") - number("timestamp");
        self.requests.insert(event::text(params, "requestId"), Pending { asked, offset, text: false });
    }

    fn headers(&mut self, params: &Value) {
        if let Some(pending) = self.requests.get_mut(&event::text(params, "requestId")) {
            pending.asked.ids.extend(event::ids(params.get("headers")));
        }
    }

    fn answered(&mut self, params: &Value) {
        let Some(pending) = self.requests.get_mut(&event::text(params, "requestId")) else { return };
        let response = params.get("response").unwrap_or(&Value::Null);
        // Scripts hear of an answer when it begins, so what they say of it comes after this and maybe before its end.
        pending.asked.at = event::seconds(params).map(|seconds| seconds + pending.offset).and_then(event::whole);
        pending.asked.status = response.get("status").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        pending.asked.ids.extend(event::ids(response.get("headers")));
        let kind = event::text(response, "mimeType");
        pending.text = kind.starts_with("text/") || kind.contains("json") || kind.contains("xml");
    }

    fn ended(&mut self, params: &Value, error: Option<String>) {
        let id = event::text(params, "requestId");
        let Some(Pending { mut asked, offset, text }) = self.requests.remove(&id) else { return };
        let failed = asked.status.is_some_and(|status| status >= 400);
        if !failed && error.is_none() {
            return;
        }
        let end = || event::seconds(params).map(|seconds| seconds + offset).and_then(event::whole);
        asked.at = asked.at.or_else(end);
        asked.error = error.map(|error| event::head(&error));
        if failed && text && asked.error.is_none() {
            self.bodies.push((id, self.seen.len()));
        }
        self.see(Seen::Request(asked));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use serde_json::json;

    fn watch(events: &[Value]) -> Watch {
        let mut watch = Watch::of("http://app:8000/");
        for event in events {
            watch.take(event);
        }
        watch
    }

    #[test]
    fn a_flood_of_one_sort_hides_none_of_another() {
        let warning = json!({ "method": "Runtime.consoleAPICalled", "params": {
            "type": "warning", "args": [{ "type": "string", "value": "old" }] } });
        let exception = json!({ "method": "Runtime.exceptionThrown", "params": { "exceptionDetails": {
            "text": "Uncaught", "exception": { "description": "Error: no price" } } } });
        let mut events = vec![warning; SEEN + 500];
        events.push(exception.clone());
        let seen = watch(&events).finish();
        assert_eq!(seen.len(), SEEN + 1);
        assert!(seen.iter().any(|one| matches!(one, Seen::Exception(_))));
        // What is lost of errors is an error.
        let seen = watch(&vec![exception; SEEN + 5]).finish();
        let said =
            |one: &Seen| matches!(one, Seen::Console(said) if said.level == "error" && said.text.contains("5 more"));
        assert!(seen.len() == SEEN + 1 && seen.iter().any(said));
    }

    fn request(id: &str, kind: &str, url: &str) -> Value {
        json!({ "method": "Network.requestWillBeSent", "params": {
            "requestId": id, "type": kind, "timestamp": 100.0, "wallTime": 1_700_000_000.0,
            "request": { "url": url, "method": "GET", "headers": { "X-Request-ID": "q-1", "Accept": "*/*" } },
            "initiator": { "stack": { "callFrames": [
                { "functionName": "load", "url": "http://app:8000/app.js", "lineNumber": 4, "columnNumber": 2 } ] } } } })
    }

    fn answer(id: &str, status: u16, mime: &str) -> Value {
        json!({ "method": "Network.responseReceived", "params": { "requestId": id, "timestamp": 100.25,
            "response": { "status": status, "mimeType": mime, "headers": { "traceparent": "00-1-2-01" } } } })
    }

    fn end(id: &str) -> Value {
        json!({ "method": "Network.loadingFinished", "params": { "requestId": id, "timestamp": 100.5 } })
    }

    #[test]
    fn only_requests_that_failed_are_told_with_all_that_names_them() {
        let mut seen = watch(&[
            request("1", "Document", "http://app:8000/"),
            answer("1", 200, "text/html"),
            end("1"),
            request("2", "XHR", "http://app:8000/api/items"),
            answer("2", 500, "application/json"),
            end("2"),
            request("3", "Image", "data:image/png;base64,AA"),
        ]);
        assert!(seen.is_quiet());
        assert_eq!(seen.bodies(), [("2".to_owned(), 0)]);
        seen.keep_body(0, "{\"error\":1}".to_owned());
        let [Seen::Request(asked)] = &seen.finish()[..] else { panic!("one") };
        assert_eq!((asked.status, asked.at, asked.resource.as_str()), (Some(500), Some(1_700_000_000_250), "fetch"));
        assert_eq!(asked.ids.keys().collect::<Vec<_>>(), ["traceparent", "x-request-id"]);
        assert_eq!((asked.stack[0].line, asked.stack[0].column), (Some(5), Some(3)));
        assert_eq!(asked.body.as_deref(), Some("{\"error\":1}"));
    }

    #[test]
    fn a_request_without_answer_is_told_and_one_that_was_called_off_is_not() {
        let failed = |id: &str, canceled: bool| {
            json!({ "method": "Network.loadingFailed", "params": { "requestId": id, "timestamp": 101.0,
                "errorText": "net::ERR_CONNECTION_REFUSED", "canceled": canceled } })
        };
        let (one, two) = (request("1", "Script", "http://x/a.js"), request("2", "Fetch", "http://x/b"));
        let seen = watch(&[one, two, failed("1", false), failed("2", true)]).finish();
        let [Seen::Request(asked)] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!(asked.error.as_deref(), Some("net::ERR_CONNECTION_REFUSED"));
    }

    #[test]
    fn what_scripts_say_and_throw_is_told_with_its_place() {
        let seen = watch(&[
            json!({ "method": "Runtime.consoleAPICalled", "params": { "type": "error", "timestamp": 1_700_000_000_123.4,
                "args": [{ "type": "string", "value": "cannot load" }, { "type": "number", "value": 3 },
                         { "type": "object", "description": "Error: deep\n    at f" }] } }),
            json!({ "method": "Runtime.consoleAPICalled", "params": { "type": "log", "args": [] } }),
            json!({ "method": "Runtime.exceptionThrown", "params": { "timestamp": 1_700_000_000_124.0, "exceptionDetails": {
                "text": "Uncaught", "url": "http://app/a.js", "lineNumber": 0, "columnNumber": 9,
                "exception": { "description": "TypeError: x is undefined\n    at http://app/a.js:1:10" } } } }),
            json!({ "method": "Log.entryAdded", "params": { "entry": { "level": "error", "source": "network", "text": "404" } } }),
            json!({ "method": "Log.entryAdded", "params": { "entry": { "level": "error", "source": "security", "text": "CSP",
                "timestamp": 1_700_000_000_500.0 } } }),
            json!({ "method": "Page.loadEventFired", "params": {} }),
        ]);
        assert!(seen.has_loaded());
        let seen = seen.finish();
        let [Seen::Console(said), Seen::Exception(thrown), Seen::Console(entry)] = &seen[..] else {
            panic!("{seen:?}")
        };
        assert_eq!((said.text.as_str(), said.at), ("cannot load 3 Error: deep\n    at f", Some(1_700_000_000_123)));
        assert!(thrown.text.starts_with("TypeError: x is undefined"));
        assert_eq!((thrown.stack[0].url.as_str(), thrown.stack[0].line), ("http://app/a.js", Some(1)));
        assert_eq!(entry.text, "CSP");
    }

    #[test]
    fn nothing_that_is_odd_is_taken_amiss() {
        for message in [json!(1), json!({}), json!({ "method": 3 }), json!({ "method": "Network.loadingFailed" })] {
            assert!(watch(&[message]).finish().is_empty());
        }
        let many: Vec<Value> = (0..SEEN + 10)
            .map(|_| json!({ "method": "Runtime.consoleAPICalled", "params": { "type": "error" } }))
            .collect();
        // Errors that are left out are said to be.
        assert_eq!(watch(&many).finish().len(), SEEN + 1);
    }
}
