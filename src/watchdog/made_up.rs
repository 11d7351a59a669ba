//! Recognises what was made up for one run only: ids, short digests, numbers of workers.

/// Keys whose values are made up anew each time.
const KEYS: [&str; 17] = [
    "trace",
    "span",
    "nonce",
    "token",
    "session",
    "request",
    "req",
    "txn",
    "seed",
    "sha",
    "commit",
    "etag",
    "pid",
    "tid",
    "port",
    "container",
    "pod",
];

/// The word with ids in it replaced, in view of the word before it.
pub fn known_by(before: &str, word: &str) -> String {
    let body = word.trim_matches(|c: char| matches!(c, ',' | '.' | ';' | ')' | '(' | '[' | ']' | '"' | '\''));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits(body) && !announces_code(before) {
        return word.replace(body, "<n>");
    }
    if body.contains('/') && body.bytes().all(|b| b.is_ascii_digit() || b == b'/') && body.len() >= 6 {
        return word.replace(body, "<time>");
    }
    if names_an_id(before.trim_end_matches([':', '='])) && before.ends_with([':', '=']) && has_digit(body) {
        return "<id>".to_owned();
    }
    if let Some((key, value)) = word.split_once(['=', ':'])
        && names_an_id(key)
        && has_digit(value)
    {
        return format!("{key}=<id>");
    }
    pieces(word)
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

fn announces_code(before: &str) -> bool {
    let word = before.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    matches!(word.as_str(), "errno" | "code" | "status" | "http" | "signal" | "err" | "error" | "sqlstate")
        || before.to_ascii_lowercase().contains("http/")
}

/// Whether a key's value is made up anew each time.
fn names_an_id(key: &str) -> bool {
    let key = key.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    key == "id" || key.ends_with("_id") || key.ends_with("-id") || key.ends_with("Id") || KEYS.contains(&key.as_str())
}

/// Replaces what looks made up inside a word, and the numbers of workers.
fn pieces(word: &str) -> String {
    if !has_digit(word) || word.contains('<') && word.len() < 6 {
        return word.to_owned();
    }
    let mut out = String::with_capacity(word.len());
    let mut worker = false;
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_alphanumeric() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(end);
            rest = after;
            if made_up(piece) || worker && piece.bytes().all(|b| b.is_ascii_digit()) {
                out.push_str("<n>");
            } else {
                out.push_str(piece);
                let lower = piece.to_ascii_lowercase();
                worker |= ["thread", "worker", "exec", "pool", "process"].iter().any(|kind| lower.ends_with(kind));
            }
        } else {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// Whether a run of letters and digits is no word that anybody chose: a short digest, or letters and digits mixed all over.
fn made_up(piece: &str) -> bool {
    if piece.len() < 6 || !has_digit(piece) || piece.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let code = piece.trim_start_matches(|c: char| c.is_ascii_alphabetic()).bytes().all(|b| b.is_ascii_digit());
    if code {
        return false;
    }
    if piece.bytes().all(|b| b.is_ascii_hexdigit()) {
        return true;
    }
    let turns = piece.as_bytes().windows(2).filter(|two| match two {
        [a, b] => a.is_ascii_digit() != b.is_ascii_digit(),
        _ => false,
    });
    let mixed_case = piece.bytes().any(|b| b.is_ascii_uppercase())
        && piece.bytes().any(|b| b.is_ascii_lowercase())
        && piece.len() >= 8;
    turns.count() >= if mixed_case { 3 } else { 4 }
}

/// Whether a tag names one of several that work at the same time: `gw3`, `worker-2`, `pid 7`.
pub fn is_worker(tag: &str) -> bool {
    let name = tag.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['-', '_', ' ', '#', ':']);
    let name = name.trim_end_matches("<n>").trim_end_matches(['-', '_', ' ', '#', ':']);
    matches!(
        name.to_ascii_lowercase().as_str(),
        "gw" | "worker" | "thread" | "pid" | "proc" | "w" | "fork" | "<n>" | ""
    ) && !tag.is_empty()
}
