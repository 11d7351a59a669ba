//! One page: opened, watched until it is quiet, and pictured.

use super::pipe::Pipe;
use super::watch::Watch;
use crate::evidence::frontend::{Opened, Picture, Seen};
use crate::shim::now_ms;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// The browser's start, on a machine with much to do.
const START: Duration = Duration::from_mins(1);
/// Any other answer.
const ANSWER: Duration = Duration::from_secs(20);
/// A page may take so long to load and to come to rest.
const LONGEST: Duration = Duration::from_secs(30);
/// A page is at rest when it has asked nobody and said nothing for so long.
const QUIET: Duration = Duration::from_millis(700);
/// Answers to failed requests that are looked at, for each page.
const BODIES: usize = 20;
/// Bytes of one that are kept.
const BODY: usize = 1_000;

/// Opens a page and tells what was seen.
pub fn visit(pipe: &mut Pipe, url: &str, picture: &Path) -> io::Result<Vec<Seen>> {
    let target = pipe.call(None, "Target.createTarget", &json!({ "url": "about:blank" }), START)?;
    let attach = json!({ "targetId": target.get("targetId"), "flatten": true });
    let session = pipe.call(None, "Target.attachToTarget", &attach, ANSWER)?;
    let session = session.get("sessionId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let session = Some(session.as_str());
    for domain in ["Page", "Runtime", "Log", "Network"] {
        pipe.call(session, &format!("{domain}.enable"), &json!({}), ANSWER)?;
    }
    let at = Some(now_ms());
    let opened = pipe.call(session, "Page.navigate", &json!({ "url": url }), LONGEST)?;
    let mut error = opened.get("errorText").and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut watch = Watch::of(url);
    come_to_rest(pipe, &mut watch)?;
    if error.is_none() && !watch.has_loaded() {
        error = Some(format!("it had not loaded after {} s", LONGEST.as_secs()));
    }
    for (id, at) in watch.bodies().into_iter().take(BODIES) {
        // A body that the browser has not kept is nothing to stop at.
        if let Ok(answer) = pipe.call(session, "Network.getResponseBody", &json!({ "requestId": id }), ANSWER)
            && let Some(body) = answer.get("body").and_then(Value::as_str)
        {
            watch.keep_body(at, body.get(..body.floor_char_boundary(BODY)).unwrap_or_default().to_owned());
        }
    }
    let mut seen = vec![Seen::Page(Opened { at, url: url.to_owned(), error })];
    seen.extend(watch.finish());
    let shot = pipe.call(session, "Page.captureScreenshot", &json!({ "format": "png" }), ANSWER);
    if let Ok(bytes) = shot.and_then(|shot| decoded(&shot)) {
        let digest = crate::audit::hex(&Sha256::digest(&bytes));
        save(picture, &bytes)?;
        seen.push(Seen::Screenshot(Picture { at: Some(now_ms()), page: url.to_owned(), digest }));
    }
    Ok(seen)
}

/// Watches a page until it has loaded and nothing more happens.
fn come_to_rest(pipe: &mut Pipe, watch: &mut Watch) -> io::Result<()> {
    let end = Instant::now() + LONGEST;
    let mut last = Instant::now();
    while Instant::now() < end {
        match pipe.event(QUIET)? {
            Some(event) => {
                watch.take(&event);
                last = Instant::now();
            }
            None if watch.has_loaded() && watch.is_quiet() && last.elapsed() >= QUIET => return Ok(()),
            None => {}
        }
    }
    Ok(())
}

fn decoded(shot: &Value) -> io::Result<Vec<u8>> {
    let text = shot.get("data").and_then(Value::as_str).unwrap_or_default();
    STANDARD.decode(text).map_err(io::Error::other)
}

fn save(picture: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(dir) = picture.parent() {
        std::fs::create_dir_all(dir)?;
    }
    std::fs::write(picture, bytes)
}
