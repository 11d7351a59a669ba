//! The child: one question on its standard input, one answer on its standard output.

use super::{Asked, Told, answer, confine, copy, walls};
use std::io::{self, Read, Write};

/// The most that a question may hold.
const ASKED: u64 = 256 * 1024;

/// Answers one question. Its exit code says only whether there is an answer.
pub fn main() -> i32 {
    let told = match asked() {
        Ok(asked) => told(&asked, confine::shut),
        Err(reason) => Told::Failed(reason),
    };
    match serde_json::to_vec(&told).map_err(io::Error::other).and_then(|bytes| say(&bytes)) {
        Ok(()) => 0,
        // Nobody is there to be told.
        Err(_) => 1,
    }
}

fn asked() -> Result<Asked, String> {
    confine::limit()?;
    // Nothing of what it computes is in a hurry.
    rustix::process::nice(10).map_err(|error| format!("cannot step back: {error}"))?;
    let mut text = Vec::new();
    io::stdin().lock().take(ASKED).read_to_end(&mut text).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map_err(|error| error.to_string())
}

/// Copies, shuts, raises the walls, and answers.
pub(super) fn told(asked: &Asked, shut: impl FnOnce() -> Result<(), String>) -> Told {
    let conn = match copy::copied(asked) {
        Ok(conn) => conn,
        Err(error) => return Told::Failed(format!("the rows cannot be copied: {error}")),
    };
    if let Err(reason) = shut() {
        return Told::Failed(reason);
    }
    match walls::raise(&conn, asked) {
        Ok(()) => answer::answer(&conn, asked),
        Err(error) => Told::Failed(format!("the walls cannot be raised: {error}")),
    }
}

fn say(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
